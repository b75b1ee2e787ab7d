//! No secret leaves memory. Canaries are planted wherever there is a secret, and looked for, in every form, in all that is
//! written or told: plans, surveys, journals, archives, events, traces, errors, panics, `Debug`. In a process of its own,
//! since it listens to all panics.
#![expect(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "tests")]

mod account;
mod secrets;
mod seen;
mod wire;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use regionmig_aws::Access;
use regionmig_core::{FileArchive, FileJournal, JournalReader, MemoryJournal, Migration, MigrationPlan, Secret};
use regionmig_testkit::{Fault, Refusal, World};

use crate::account::{Clumsy, account, materials, migration, options, route, secret, session, works};
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

/// Each kind of failure that a request can meet, and one of which this crate says more.
fn faults(action: &str) -> Vec<Fault> {
    vec![
        Fault::access_denied(action),
        Fault::expired_credentials(action),
        Fault::lost_answer(action),
        Fault::lost_request(action),
        Fault::refused(action, Refusal::new("InvalidImportTokenException").message("the token is none")),
        Fault::refused(action, Refusal::new("IncorrectKeyMaterialException").message("the material is another")),
        Fault::refused(action, Refusal::new("LimitExceededException").message("there are too many")),
        Fault::server_error(action, 500),
        Fault::throttle(action),
        Fault::unreachable(action),
    ]
}

/// Has the requests of each kind fail in each way.
async fn failing(world: &World, canaries: &Canaries, seen: &Seen) -> usize {
    let mut failures = 0;
    for action in
        ["kms:CreateGrant", "kms:CreateKey", "kms:DescribeKey", "kms:GetParametersForImport", "kms:ImportKeyMaterial"]
    {
        for fault in faults(action) {
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
    drop(tracing);

    let places = seen.places();
    let ours = ["check", "debug", "error", "event", "files", "outcome", "panic", "plan", "record", "survey", "trace"];
    for place in ours.into_iter().chain([SDK_TRACE]) {
        assert!(places.contains(&place), "{place}: {places:?}");
    }
    assert_eq!(canaries.kinds().into_iter().collect::<Vec<_>>(), KINDS);
    let found = found(&canaries, &seen);
    println!(
        "shown: canary {} canaries of {} kinds in {} forms, {failures} runs failed, {} MB in {} places: {} found",
        canaries.len(),
        KINDS.len(),
        canaries.needles().len(),
        found.bytes / 1_000_000,
        ours.len(),
        found.secrets.len()
    );
    println!("shown: canary_sdk told by the SDK's own trace: {:?}", found.by_the_sdk);
    assert!(canaries.len() >= 40 && failures >= 30, "{failures}");
    assert!(found.secrets.is_empty(), "{:#?}", &found.secrets[..found.secrets.len().min(20)]);
}

/// What the search is held against: a secret that somebody wrote where none belongs.
#[tokio::test]
async fn a_secret_in_a_name_or_a_description_is_found() {
    let digest = digest(&SHA256, &secret(0));
    let digits: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    for form in [STANDARD.encode(secret(0)), digits] {
        let (canaries, seen) = (Canaries::default(), Seen::default());
        let tracing = tracing::subscriber::set_default(seen.clone());
        let world = account(1, &canaries);
        world.kms(&route().source).description(&form).make();
        let folder = tempfile::tempdir().unwrap();
        whole(&world, folder.path(), &canaries, &seen).await;
        drop(tracing);
        let found = found(&canaries, &seen);
        for place in ["debug", "files", "plan", "survey"] {
            assert!(
                found.secrets.iter().any(|found| found.starts_with(&format!("{place}: imported material"))),
                "{place}: {form}"
            );
        }
    }
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
