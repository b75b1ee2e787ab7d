//! No secret leaves memory. Canaries are planted wherever there is a secret, and looked for, in every form, in all that is
//! written or told: plans, surveys, journals, archives, events, traces, errors, panics, `Debug`. In a process of its own,
//! since it listens to all panics.
#![expect(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "tests")]

mod account;
mod reencrypts;
mod secrets;
mod seen;
mod wire;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use regionmig_aws::Access;
use regionmig_core::{FileArchive, FileJournal, JournalReader, MemoryJournal, Migration, MigrationPlan, Secret};
use regionmig_testkit::{Fault, Refusal, World};

use crate::account::{Clumsy, account, materials, migration, options, route, secret, session, works};
use crate::reencrypts::reencrypting;
use crate::secrets::{Canaries, forms};
use crate::seen::{SDK_TRACE, Seen};

/// What there is at least one canary of.
const KINDS: [&str; 9] = [
    "grant token",
    "import token",
    "imported material",
    "key store credential",
    "key store password",
    "plaintext",
    "secret access key",
    "session token",
    "wrapped material",
];

/// What the SDK tells of itself, by level and kind, if it is asked to: one more is one that users must be told of.
const BY_THE_SDK: [(&str, &str); 3] = [("TRACE", "grant token"), ("TRACE", "import token"), ("TRACE", "plaintext")];

/// Has `told` hear all that the migration tells of itself.
fn observed(migration: &Migration, seen: &Seen) -> Migration {
    let told = seen.clone();
    migration.clone().observe(move |event| {
        told.bytes("event", format!("{event:?}"));
        told.bytes("event", serde_json::to_string(event).expect("JSON"));
    })
}

async fn planned(migration: &Migration, seen: &Seen) -> MigrationPlan {
    let survey = migration.survey().await.expect("a survey");
    seen.debug(&survey);
    seen.bytes("survey", survey.to_bytes());
    let plan = migration.plan(&survey).expect("a plan");
    seen.debug(&plan);
    seen.bytes("plan", plan.to_bytes());
    seen.bytes("plan", format!("{plan}\n{}", plan.full()));
    for finding in migration.preflight(&plan).await.expect("findings") {
        seen.bytes("plan", finding.to_string());
    }
    plan
}

/// Surveys, plans, applies, verifies and takes back, with all that can be kept of it kept in `folder`.
async fn whole(world: &World, folder: &Path, canaries: &Canaries, seen: &Seen) {
    let access = Access::new(&session(world, "whole", canaries).await).with_clock(world.clock());
    let (kms, migration) = migration(&access, materials(world));
    let archive = FileArchive::new(folder.join("archive"));
    let migration = observed(&migration, seen).archive(archive);
    seen.debug(&(&access, &kms, &migration, &materials(world)));
    works(&access, &world.kms_keys(&route().source).last().expect("a key").arn).await;
    let plan = planned(&migration, seen).await;
    for step in plan.steps() {
        seen.debug(&step);
        seen.debug(&step.decode(&kms).expect("a step"));
    }
    let path = folder.join("keys.journal");
    let journal = FileJournal::create(&path, &plan).await.expect("a journal");
    let outcome = migration.apply(&plan, &journal, &options()).await.expect("a run");
    assert!(outcome.is_complete(), "{outcome}");
    seen.outcome(&outcome);
    let verification = migration.verify(outcome.ids()).await.expect("checks");
    seen.debug(&verification);
    verification.checks.iter().for_each(|check| seen.bytes("check", check.to_string()));
    let reverted = migration.revert(&plan, &journal, &options()).await.expect("a run");
    seen.outcome(&reverted);
    seen.debug(&journal);
    drop(journal);
    seen.debug(&JournalReader::open(&path).expect("a journal"));
    seen.files("files", folder);
}

/// Failures of each request that carries a secret, or whose answer does, in ways of which this crate says more; and each
/// other kind of failure once.
fn faults() -> [Fault; 9] {
    let import = "kms:ImportKeyMaterial";
    [
        Fault::refused(import, Refusal::new("InvalidImportTokenException").message("the token is none")),
        Fault::refused(import, Refusal::new("IncorrectKeyMaterialException").message("the material is another")),
        Fault::lost_answer(import),
        Fault::server_error("kms:GetParametersForImport", 500),
        Fault::access_denied("kms:CreateGrant"),
        Fault::refused("kms:CreateKey", Refusal::new("LimitExceededException").message("there are too many")),
        Fault::expired_credentials("kms:CreateKey"),
        Fault::throttle("kms:CreateGrant"),
        Fault::unreachable("kms:DescribeKey"),
    ]
}

/// Has requests fail, each in a run of its own.
async fn failing(world: &World, canaries: &Canaries, seen: &Seen) -> usize {
    let mut failures = 0;
    for fault in faults() {
        let world = world.fork();
        let access = Access::new(&session(&world, "failing", canaries).await).with_clock(world.clock());
        let (_, migration) = migration(&access, materials(&world));
        let migration = observed(&migration, seen);
        let plan = planned(&migration, seen).await;
        world.fault(fault);
        let journal = MemoryJournal::default();
        let options = options().fresh().patience(Duration::from_secs(20));
        match migration.apply(&plan, &journal, &options).await {
            Ok(outcome) => {
                failures += usize::from(!outcome.is_complete());
                seen.outcome(&outcome);
            }
            Err(error) => {
                failures += 1;
                seen.error(&error);
            }
        }
        seen.debug(&journal);
        for record in journal.records() {
            seen.bytes("record", serde_json::to_string(&record).expect("JSON"));
        }
    }
    failures
}

/// Has a source of material panic.
async fn panicking(world: &World, canaries: &Canaries, seen: &Seen) {
    let told = seen.clone();
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| told.bytes("panic", info.to_string())));
    let access = Access::new(&session(world, "panicking", canaries).await).with_clock(world.clock());
    let (_, migration) = migration(&access, Clumsy(Secret::new(secret(0).to_vec())));
    let plan = planned(&migration, seen).await;
    let outcome = migration.apply(&plan, &MemoryJournal::default(), &options()).await.expect("a run");
    std::panic::set_hook(before);
    assert!(outcome.failed().next().is_some(), "{outcome}");
    seen.outcome(&outcome);
}

/// What was searched, and what was found in it.
#[derive(Debug, Default)]
struct Found {
    bytes: usize,
    /// Where a secret was found, and what.
    secrets: Vec<String>,
    /// How often the SDK tells a secret itself: by level and kind.
    by_the_sdk: BTreeMap<(String, String), usize>,
}

fn found(canaries: &Canaries, seen: &Seen) -> Found {
    let (needles, told) = (canaries.needles(), seen.take());
    let mut found = Found { bytes: told.values().map(Vec::len).sum(), ..Found::default() };
    for (place, text) in &told {
        if *place != SDK_TRACE {
            found.secrets.extend(needles.in_text(text).into_iter().map(|secret| format!("{place}: {secret}")));
            continue;
        }
        for line in text.split(|byte| *byte == b'\n') {
            let level = String::from_utf8_lossy(line).split(' ').nth(1).unwrap_or_default().to_owned();
            for secret in needles.in_text(line) {
                let kind = secret.split(':').next().unwrap_or_default().to_owned();
                *found.by_the_sdk.entry((level.clone(), kind)).or_default() += 1;
            }
        }
    }
    found
}

// REQ: KMS-5
#[tokio::test]
async fn no_secret_is_in_anything_that_is_written_or_told() {
    let (canaries, seen) = (Canaries::default(), Seen::default());
    let tracing = tracing::subscriber::set_default(seen.clone());
    let folder = tempfile::tempdir().unwrap();
    whole(&account(12, &canaries), folder.path(), &canaries, &seen).await;
    let few = account(2, &canaries);
    let failures = failing(&few, &canaries, &seen).await;
    panicking(&few.fork(), &canaries, &seen).await;
    let items = reencrypting(&canaries, &seen).await;
    drop(tracing);

    let places = seen.places();
    let ours = ["check", "debug", "error", "event", "files", "outcome", "panic", "plan", "record", "survey", "trace"];
    for place in ours.into_iter().chain([SDK_TRACE]) {
        assert!(places.contains(&place), "{place}: {places:?}");
    }
    assert_eq!(canaries.kinds().into_iter().collect::<Vec<_>>(), KINDS);
    let found = found(&canaries, &seen);
    println!(
        "shown: canary {} canaries of {} kinds in {} forms, {failures} runs and {items} items failed, {} MB in {} places: {} found",
        canaries.len(),
        KINDS.len(),
        canaries.needles().len(),
        found.bytes / 1_000_000,
        ours.len(),
        found.secrets.len()
    );
    println!("shown: canary_sdk told by the SDK's own trace: {:?}", found.by_the_sdk);
    // All but the one whose answer is lost: that one finds that its request took effect.
    assert!(canaries.len() >= 40 && failures == faults().len() - 1 && items == 9, "{failures}, {items}");
    let by_the_sdk: Vec<(&str, &str)> =
        found.by_the_sdk.keys().map(|(level, kind)| (level.as_str(), kind.as_str())).collect();
    assert_eq!(by_the_sdk, BY_THE_SDK, "the SDK tells other secrets than it did: see SHORTCOMINGS.md");
    assert!(found.secrets.is_empty(), "{:#?}", &found.secrets[..found.secrets.len().min(20)]);
}

/// What the search is held against: secrets that somebody wrote where none belongs, each in another form.
#[tokio::test]
async fn a_secret_that_was_written_where_none_belongs_is_found() {
    let (canaries, seen) = (Canaries::default(), Seen::default());
    let [described, named, tagged, traced] = [9001, 9002, 9003, 9004].map(secret);
    let kinds = ["in a description", "in a name", "in a tag", "in a trace"];
    for (kind, secret) in kinds.into_iter().zip([described, named, tagged, traced]) {
        canaries.plant(kind, &secret);
    }
    let digits: String = digest(&SHA256, &named).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let world = account(1, &canaries);
    let key = world.kms(&route().source).description(&STANDARD.encode(described)).alias(&format!("alias/{digits}"));
    key.tag("note", &URL_SAFE_NO_PAD.encode(tagged)).make();
    let (folder, tracing) = (tempfile::tempdir().unwrap(), tracing::subscriber::set_default(seen.clone()));
    tracing::info!(target: "regionmig_kms::apply", material = ?traced, "imported");
    whole(&world, folder.path(), &canaries, &seen).await;
    drop(tracing);
    let found = found(&canaries, &seen);
    let is_found = |place: &str, kind: &str| {
        let begin = format!("{place}: {kind}");
        found.secrets.iter().any(|found| found.starts_with(&begin))
    };
    for kind in &kinds[..3] {
        for place in ["debug", "files", "plan", "survey"] {
            assert!(is_found(place, kind), "{place}: {kind}");
        }
    }
    assert!(is_found("trace", kinds[3]));
    assert!(found.secrets.iter().all(|found| kinds.iter().any(|kind| found.contains(kind))), "{:?}", found.secrets);
}

#[test]
fn each_form_of_a_secret_is_found() {
    let canaries = Canaries::default();
    canaries.plant("imported material", &secret(0));
    let needles = canaries.needles();
    let all = forms(&secret(0));
    assert!(all.len() > 30, "{}", all.len());
    for form in all {
        let text = [b"before ", &form[..], b" after"].concat();
        assert_eq!(needles.in_text(&text).len(), 1, "{}", String::from_utf8_lossy(&form));
    }
    assert!(needles.in_text(b"nothing of the kind").is_empty());
    assert!(needles.in_text(&secret(1)).is_empty());
}
