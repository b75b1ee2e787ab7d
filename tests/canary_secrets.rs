//! No value of a secret leaves memory, though values are moved. Canaries are planted in every value, and looked for, in every
//! form, in all that is written or told: plans, surveys, journals, archives, events, traces, errors, `Debug`. In a process of
//! its own, as the canary of keys is, whose ears it has.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "canary_secrets/needles.rs"]
mod needles;
#[path = "../crates/regionmig-kms/tests/canary/seen.rs"]
mod seen;

use std::collections::BTreeMap;
use std::path::Path;

use jiff::SignedDuration;
use needles::{Canaries, base64, forms, hex, md5, sha256};
use regionmig::kms::Kms;
use regionmig::secrets::{Keep, Mode, Secrets};
use regionmig::{
    Access, ApplyOptions, Effect, End, FileArchive, FileJournal, JournalReader, MemoryJournal, Migration,
    MigrationPlan, Outcome, Route,
};
use regionmig_testkit::{Fault, Loss, Refusal, World};
use seen::{SDK_TRACE, Seen};
use serde_json::json;

/// What there is at least one canary of.
const KINDS: [&str; 9] = [
    "binary value",
    "current value",
    "labelled value",
    "password in a value",
    "pending value",
    "previous value",
    "stranger's value",
    "value of a password in a value",
    "value written later",
];

/// Where the SDK, and what is below it, tells values itself if it is asked to, and at which level: one more is one that users must
/// be told of.
const BY_THE_SDK: [(&str, &str); 1] = [("aws_smithy_runtime::client::orchestrator", "TRACE")];

/// Where all that is told stands.
const PLACES: [&str; 9] = ["check", "debug", "error", "event", "files", "outcome", "plan", "record", "survey"];

fn end(text: &str) -> End {
    text.parse().unwrap()
}

/// Between two regions of one account.
fn regions() -> Route {
    Route::new(end("111122223333/me-central-1"), end("111122223333/eu-central-1")).unwrap()
}

/// Between two accounts.
fn accounts() -> Route {
    Route::new(end("111122223333/me-central-1"), end("444455556666/eu-central-1")).unwrap()
}

fn access(world: &World) -> Access {
    let other = accounts().target.account;
    world.access().with_account(other.clone(), &world.sdk_config_of(&other))
}

/// Secrets with values in every place where there can be one, and a stranger's in the target.
fn account(canaries: &Canaries, secrets: usize) -> World {
    let world = World::new();
    let (source, target) = (regions().source, regions().target);
    for number in 0..secrets {
        let text = |kind| canaries.text(kind, number);
        let key = world.kms_key(&source);
        world.secret(&source, &format!("text-{number}")).value(&text("current value")).key(key.as_str()).make();
        world.secret(&source, &format!("binary-{number}")).binary(&canaries.bytes("binary value", number)).make();
        let whole = json!({ "username": "app", "password": text("password in a value") }).to_string();
        canaries.plant("value of a password in a value", whole.as_bytes());
        let json = world.secret(&source, &format!("json-{number}")).previous(&text("previous value")).value(&whole);
        json.labelled("blue", &text("labelled value")).tag("team", "x").make();
        world.secret(&source, &format!("pending-{number}")).pending(&text("pending value")).make();
    }
    let theirs = canaries.text("stranger's value", 0);
    world.secret(&target, "text-0").value(&theirs).make();
    world.clock().advance(SignedDuration::from_hours(1).unsigned_abs());
    world
}

/// Has `seen` hear all that the migration tells of itself.
fn observed(migration: Migration, seen: &Seen) -> Migration {
    let told = seen.clone();
    migration.observe(move |event| {
        told.bytes("event", format!("{event:?}"));
        told.bytes("event", serde_json::to_string(event).unwrap());
    })
}

fn leave(plan: &MigrationPlan) -> ApplyOptions {
    let options = ApplyOptions::default().allow_overwriting();
    let irreversible = plan.steps().filter(|step| step.spec.effect == Effect::Irreversible);
    irreversible.fold(options, |options, step| options.dangerously_allow(step.id.clone()))
}

/// One way to move secrets.
struct Way {
    world: World,
    secrets: Secrets,
    migration: Migration,
}

impl Way {
    fn new(world: &World, route: Route, set: impl FnOnce(Secrets) -> Secrets, seen: &Seen) -> Self {
        let access = access(world);
        let secrets = set(Secrets::new(&access).compare_values().overwrite("text-0"));
        let kms = Kms::new(&access);
        let same_account = route.source.account == route.target.account;
        let migration = Migration::new(route, &access).with(secrets.clone());
        let migration = if same_account { migration.with(kms) } else { migration };
        seen.debug(&(&access, &secrets, &migration));
        Self { world: world.clone(), secrets, migration: observed(migration, seen) }
    }

    async fn planned(&self, seen: &Seen) -> MigrationPlan {
        let survey = self.migration.survey().await.unwrap();
        seen.debug(&survey);
        seen.debug(&survey.of(&self.secrets));
        seen.bytes("survey", survey.to_bytes());
        let plan = self.migration.plan(&survey).unwrap();
        seen.debug(&plan);
        seen.bytes("plan", plan.to_bytes());
        seen.bytes("plan", format!("{plan}\n{}", plan.full()));
        for step in plan.steps() {
            seen.debug(&step);
            // A step of another service is none of this one.
            let _other = step.decode(&self.secrets).map(|step| seen.debug(&step));
        }
        match self.migration.preflight(&plan).await {
            Ok(findings) => findings.iter().for_each(|finding| seen.bytes("plan", finding.to_string())),
            Err(error) => seen.error(&error),
        }
        plan
    }

    /// Plans, applies and verifies, with all that can be kept of it kept in `folder`. Returns what is needed to come back.
    async fn whole(&self, folder: &Path, seen: &Seen) -> (MigrationPlan, FileJournal, Outcome) {
        let migration = self.migration.clone().archive(FileArchive::new(folder.join("archive")));
        let plan = self.planned(seen).await;
        let path = folder.join("journal");
        let journal = FileJournal::create(&path, &plan).await.unwrap();
        let outcome = migration.apply(&plan, &journal, &leave(&plan)).await.unwrap();
        seen.outcome(&outcome);
        let verification = migration.verify(outcome.ids()).await.unwrap();
        seen.debug(&verification);
        seen.bytes("check", verification.to_string());
        verification.checks.iter().for_each(|check| seen.bytes("check", check.to_string()));
        seen.debug(&journal);
        seen.debug(&JournalReader::open(&path).unwrap());
        seen.files("files", folder);
        (plan, journal, outcome)
    }
}

/// Has somebody write a value. The version's id, which is told everywhere, has nothing of the value.
fn write(world: &World, end: &End, name: &str, value: &str) {
    let token = format!("{name}-{}", end.region);
    let input = json!({ "SecretId": name, "SecretString": value, "ClientRequestToken": format!("{token:->36}") });
    world.ask(end, "secretsmanager:PutSecretValue", input).unwrap();
}

/// Moves secrets in every way. Returns how many values were read and written by that.
async fn every_way(canaries: &Canaries, seen: &Seen) -> (usize, usize) {
    let origin = account(canaries, 2);
    let copies = |secrets: Secrets| secrets.copy_values();
    let promotes = |secrets: Secrets| secrets.mode(Mode::ReplicateAndPromote);
    let mut moved = (0, 0);
    for (route, set) in
        [(regions(), (|secrets| secrets) as fn(Secrets) -> Secrets), (regions(), promotes), (accounts(), copies)]
    {
        let folder = tempfile::tempdir().unwrap();
        let way = Way::new(&origin.fork(), route, set, seen);
        let (plan, journal, outcome) = way.whole(folder.path(), seen).await;
        assert_eq!(outcome.failed().count(), 0, "{plan}{outcome}");
        if way.migration.route() == &regions() && plan.full().to_string().contains("romote") {
            back(&way, &plan, &journal, canaries, seen).await;
        }
        let reverted = way.migration.revert(&plan, &journal, &leave(&plan)).await.unwrap();
        seen.outcome(&reverted);
        let (read, written) = values_moved(&way.world);
        moved = (moved.0 + read, moved.1 + written);
    }
    moved
}

/// Comes back weeks later, after values were written on either side, and on both.
async fn back(way: &Way, plan: &MigrationPlan, journal: &FileJournal, canaries: &Canaries, seen: &Seen) {
    way.world.clock().advance(SignedDuration::from_hours(14 * 24).unsigned_abs());
    let (source, target) = (regions().source, regions().target);
    for (number, name) in ["text-0", "text-1", "json-0", "json-1"].into_iter().enumerate() {
        write(&way.world, &target, name, &canaries.text("value written later", number));
    }
    write(&way.world, &source, "json-1", &canaries.text("value written later", 100));
    way.world.clock().advance(SignedDuration::from_hours(1).unsigned_abs());
    let undecided = way.migration.fail_back(plan, journal).await.unwrap();
    let undecided = Way { migration: undecided, secrets: way.secrets.clone(), world: way.world.clone() };
    undecided.planned(seen).await;
    let arn = way.world.find_secret(&target, "json-1").unwrap().arn;
    let decided = Way::new(&way.world, regions(), |secrets| secrets.keep(arn, Keep::Promoted), seen);
    let migration = decided.migration.fail_back(plan, journal).await.unwrap();
    let decided = Way { migration: observed(migration, seen), ..decided };
    let folder = tempfile::tempdir().unwrap();
    let (_, _, outcome) = decided.whole(folder.path(), seen).await;
    assert_eq!(outcome.failed().count(), 0, "{outcome}");
    let text = way.world.find_secret(&source, "json-1").unwrap().text("AWSCURRENT").unwrap().to_owned();
    assert_eq!(text, canaries.text("value written later", 3), "{outcome}");
}

/// How often the family read a value, and wrote one.
fn values_moved(world: &World) -> (usize, usize) {
    let ledger = world.ledger();
    let written = ["secretsmanager:CreateSecret", "secretsmanager:PutSecretValue"];
    (ledger.count("secretsmanager:GetSecretValue"), written.map(|action| ledger.count(action)).iter().sum())
}

/// Failures of what carries a value, or answers with one.
fn faults() -> Vec<Fault> {
    let (get, put, create) =
        ("secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue", "secretsmanager:CreateSecret");
    let losses = [Loss::Reset, Loss::Timeout, Loss::TruncatedBody, Loss::UnreadableBody, Loss::WrongContentType];
    let lost = losses.into_iter().flat_map(|loss| [get, put, create].map(|action| Fault::lost_answer(action).by(loss)));
    let denied = [get, put, create].map(|action| {
        Fault::refused(action, Refusal::new("AccessDeniedException").message("Access to KMS is not allowed"))
    });
    let others = [
        Fault::refused(get, Refusal::new("DecryptionFailure").message("the key cannot be used")),
        Fault::refused(put, Refusal::new("EncryptionFailure").message("the key cannot be used")),
        Fault::server_error(put, 500),
        Fault::throttle(get),
        Fault::expired_credentials(create),
        Fault::access_denied("kms:Decrypt"),
    ];
    lost.chain(denied).chain(others).collect()
}

/// Has requests fail in runs that move values: a copy, and a way back. Returns how many did not end well.
async fn failing(canaries: &Canaries, seen: &Seen) -> usize {
    let origin = account(canaries, 1);
    let forward = Way::new(&origin.fork(), regions(), |secrets| secrets.mode(Mode::ReplicateAndPromote), seen);
    let folder = tempfile::tempdir().unwrap();
    let (plan, journal, _) = forward.whole(folder.path(), seen).await;
    forward.world.clock().advance(SignedDuration::from_hours(14 * 24).unsigned_abs());
    write(&forward.world, &regions().target, "json-0", &canaries.text("value written later", 200));
    forward.world.clock().advance(SignedDuration::from_hours(1).unsigned_abs());
    let mut failures = 0;
    for fault in faults() {
        let copy = Way::new(&origin.fork(), accounts(), Secrets::copy_values, seen);
        failures += usize::from(!fails(&copy, fault.clone(), seen).await);
        let back = Way::new(&forward.world.fork(), regions(), |secrets| secrets, seen);
        let migration = back.migration.fail_back(&plan, &journal).await.unwrap();
        let back = Way { migration: observed(migration, seen), ..back };
        failures += usize::from(!fails(&back, fault, seen).await);
    }
    failures
}

/// Applies while `fault` lasts, and verifies then. Returns whether all was done.
async fn fails(way: &Way, fault: Fault, seen: &Seen) -> bool {
    let plan = way.planned(seen).await;
    way.world.fault(fault);
    let journal = MemoryJournal::default();
    let options = leave(&plan).patience(std::time::Duration::from_secs(20));
    let is_done = match way.migration.apply(&plan, &journal, &options).await {
        Ok(outcome) => {
            seen.outcome(&outcome);
            match way.migration.verify(outcome.ids()).await {
                Ok(verification) => {
                    seen.debug(&verification);
                    seen.bytes("check", verification.to_string());
                }
                Err(error) => seen.error(&error),
            }
            outcome.is_complete()
        }
        Err(error) => {
            seen.error(&error);
            false
        }
    };
    seen.debug(&journal);
    for record in journal.records() {
        seen.bytes("record", serde_json::to_string(&record).unwrap());
    }
    is_done
}

/// What was searched, and what was found in it.
#[derive(Debug, Default)]
struct Found {
    bytes: usize,
    /// Where a value was found, and what.
    values: Vec<String>,
    /// How often the SDK, and what is below it, tells a value itself: by where in it, and level.
    by_the_sdk: BTreeMap<(String, String), usize>,
}

fn found(canaries: &Canaries, seen: &Seen) -> Found {
    let (needles, told) = (canaries.needles(), seen.take());
    let mut found = Found { bytes: told.values().map(Vec::len).sum(), ..Found::default() };
    for (place, text) in &told {
        if *place != SDK_TRACE {
            found.values.extend(needles.in_text(text).into_iter().map(|value| format!("{place}: {value}")));
            continue;
        }
        for line in text.split(|byte| *byte == b'\n').filter(|line| !needles.in_text(line).is_empty()) {
            let line = String::from_utf8_lossy(line);
            let mut words = line.split(' ').map(str::to_owned);
            let place = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
            *found.by_the_sdk.entry(place).or_default() += 1;
        }
    }
    found
}

#[tokio::test]
async fn no_value_is_in_anything_that_is_written_or_told() {
    let (canaries, seen) = (Canaries::default(), Seen::default());
    let tracing = tracing::subscriber::set_default(seen.clone());
    let (read, written) = every_way(&canaries, &seen).await;
    let failures = failing(&canaries, &seen).await;
    drop(tracing);
    let places = seen.places();
    for place in PLACES.into_iter().chain(["trace", SDK_TRACE]) {
        assert!(places.contains(&place), "{place}: {places:?}");
    }
    assert_eq!(canaries.kinds().into_iter().collect::<Vec<_>>(), KINDS);
    let found = found(&canaries, &seen);
    println!(
        "shown: canary_secrets {} canaries of {} kinds in {} forms, {read} values read and {written} written, {failures} \
         runs failed, {} MB in {} places: {} found",
        canaries.len(),
        KINDS.len(),
        canaries.needles().len(),
        found.bytes / 1_000_000,
        places.len() - 1,
        found.values.len()
    );
    println!("shown: canary_secrets_sdk told by the SDK's own trace: {:?}", found.by_the_sdk);
    assert!(read >= 10 && written >= 10 && failures >= 20, "{read} {written} {failures}");
    let by_the_sdk: Vec<(&str, &str)> = found.by_the_sdk.keys().map(|(place, level)| (&**place, &**level)).collect();
    assert_eq!(by_the_sdk, BY_THE_SDK, "the SDK tells values elsewhere than it did: see SHORTCOMINGS.md");
    assert!(found.values.is_empty(), "{:#?}", &found.values[..found.values.len().min(20)]);
}

/// What the search is held against: values that somebody wrote where none belongs, each in another form.
#[tokio::test]
async fn a_value_that_was_written_where_none_belongs_is_found() {
    let (canaries, seen) = (Canaries::default(), Seen::default());
    let kinds = ["in a description", "in a name", "in a tag", "in a trace"];
    let [described, named, tagged, traced] = kinds.map(|kind| canaries.text(kind, 0));
    let world = World::new();
    let secret = world.secret(&regions().source, &hex(&sha256(named.as_bytes()))).value(&named);
    secret.description(&base64(described.as_bytes())).tag("note", &hex(&md5(tagged.as_bytes()))).make();
    world.clock().advance(SignedDuration::from_hours(1).unsigned_abs());
    let (folder, tracing) = (tempfile::tempdir().unwrap(), tracing::subscriber::set_default(seen.clone()));
    tracing::info!(target: "regionmig_secrets::apply", value = traced, "copied");
    let way = Way::new(&world, accounts(), Secrets::copy_values, &seen);
    let (plan, _, outcome) = way.whole(folder.path(), &seen).await;
    assert!(outcome.is_complete(), "{plan}{outcome}");
    drop(tracing);
    let found = found(&canaries, &seen).values;
    let is_found = |place: &str, kind: &str| {
        let begin = format!("{place}: {kind}");
        found.iter().any(|found| found.starts_with(&begin))
    };
    for kind in &kinds[..3] {
        for place in ["debug", "files", "plan", "survey"] {
            assert!(is_found(place, kind), "{place}: {kind}");
        }
    }
    assert!(is_found("trace", kinds[3]));
}

#[test]
fn each_form_of_a_value_is_found() {
    // By the RFCs.
    assert_eq!(hex(&md5(b"abc")), "900150983cd24fb0d6963f7d28e17f72");
    assert_eq!(hex(&md5(&b"1234567890".repeat(8))), "57edf4a22be3c955ac49da2e2107b67a");
    assert_eq!(hex(&sha256(b"abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_eq!((&*base64(b"foobar"), &*base64(b"fooba"), &*base64(b"foob")), ("Zm9vYmFy", "Zm9vYmE", "Zm9vYg"));
    let canaries = Canaries::default();
    let text = canaries.text("current value", 0);
    let bytes = canaries.bytes("binary value", 0);
    let needles = canaries.needles();
    for value in [text.as_bytes(), &bytes] {
        let all = forms(value);
        assert!(all.len() > 35, "{}", all.len());
        for form in all {
            let text = [b"before ", &form[..], b" after"].concat();
            assert!(!needles.in_text(&text).is_empty(), "{}", String::from_utf8_lossy(&form));
        }
    }
    assert!(needles.in_text(b"nothing of the kind").is_empty());
    assert!(needles.in_text(Canaries::default().text("current value", 1).as_bytes()).is_empty());
}
