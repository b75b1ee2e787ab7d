//! Material that is not KMS's own: who brings it, what happens without, and that it is seen nowhere.
// REQ: KMS-5

use std::collections::BTreeSet;
use std::sync::Mutex;

use async_trait::async_trait;
use regionmig_core::{BoxError, ErrorKind, Hold, KeyArn, MemoryJournal, Migration, Outcome, Secret};
use regionmig_kms::{EmptyKey, ImportMaterial, KeyMaterialSource, KeyMaterials, Kms, WrappingKey, task};
use regionmig_testkit::World;
use serde_json::json;

use crate::account::{bringing, brought_along, materials, mutations, patient, plan, route};

const MATERIAL: [u8; 32] = [0x5a; 32];

/// A key of the source with imported material, and what hangs off it.
fn one() -> (World, KeyArn) {
    let world = World::new();
    let key = world.kms(&route().source).imported_material(&MATERIAL).alias("alias/brought");
    let key = key.created_at("2025-01-01T00:00:00Z".parse().expect("a time")).make();
    (world, key)
}

fn migration(world: &World, with: impl FnOnce(Kms) -> Kms) -> Migration {
    let access = world.access();
    Migration::new(route(), &access).with(with(Kms::new(&access)))
}

fn states(world: &World) -> Vec<String> {
    world.kms_keys(&route().target).into_iter().map(|key| key.state).collect()
}

fn only_failure(outcome: &Outcome) -> ErrorKind {
    let failed: Vec<_> = outcome.failed().map(|(id, failure)| (id.verb().to_owned(), failure.kind)).collect();
    assert_eq!(failed.iter().map(|(verb, _)| verb.as_str()).collect::<Vec<_>>(), ["import-material"], "{outcome}");
    failed[0].1
}

#[tokio::test]
async fn what_nobody_brings_is_waited_for_and_so_is_all_that_needs_the_key() {
    let (world, key) = one();
    let journal = MemoryJournal::default();
    let without = migration(&world, |kms| kms);
    let plan = plan(&without).await;
    let outcome = without.apply(&plan, &journal, &patient()).await.expect("a run");
    let tasks: Vec<_> = outcome.tasks().map(|(_, task)| task.clone()).collect();
    let [task] = &tasks[..] else { panic!("{outcome}") };
    let made = outcome.ids().target_of(&EmptyKey(key.clone())).expect("a key without material").0;
    assert_eq!((task.code.as_str(), task.values["source"].as_str()), (task::IMPORT_MATERIAL, key.as_str()));
    assert_eq!(task.values["target"], made.as_str());
    // Nothing that needs a key finds it before it is of use.
    assert_eq!(outcome.ids().target_of::<KeyArn>(&key), None);
    let held: BTreeSet<&str> = outcome.held().keys().map(|id| id.verb()).collect();
    assert_eq!(held, ["create-alias"].into(), "{outcome}");
    assert!(outcome.held().values().all(|hold| matches!(hold, Hold::Behind(_))), "{outcome}");
    assert_eq!(states(&world), ["PendingImport"]);

    // Material of another key is none of this one's.
    let other = KeyMaterials::new().with(&made, Secret::new(MATERIAL.to_vec()));
    let sent = mutations(&world);
    let outcome =
        migration(&world, |kms| kms.bring_material(other)).apply(&plan, &journal, &patient()).await.expect("a run");
    assert_eq!((outcome.tasks().count(), mutations(&world)), (1, sent), "{outcome}");

    let brought = migration(&world, |kms| kms.bring_material(materials(&world)));
    let outcome = brought.apply(&plan, &journal, &patient()).await.expect("a run");
    assert!(outcome.is_complete(), "{outcome}");
    assert_eq!(outcome.ids().target_of(&key), Some(made.clone()));
    let there = &world.kms_keys(&route().target)[0];
    assert_eq!((there.state.as_str(), there.aliases.len()), ("Enabled", 1));
    assert_eq!(world.kms_materials(&made).into_values().collect::<Vec<_>>(), [MATERIAL.to_vec()]);
}

/// Has material, and goes wrong as it is told.
#[derive(Debug)]
struct Source<F> {
    asked: Mutex<usize>,
    go_wrong: F,
    material: [u8; 32],
}

impl<F> Source<F> {
    fn new(material: [u8; 32], go_wrong: F) -> Self {
        Self { asked: Mutex::default(), go_wrong, material }
    }
}

#[derive(Debug)]
struct Late(World);

trait Trouble: std::fmt::Debug + Send + Sync {
    fn strike(&self, time: usize) -> Result<(), BoxError>;
}

/// The security module does not answer at first.
#[derive(Debug)]
struct Busy;

impl Trouble for Busy {
    fn strike(&self, time: usize) -> Result<(), BoxError> {
        if time < 3 { Err("the module is busy".into()) } else { Ok(()) }
    }
}

/// A person is asked, who takes more than a day the first time.
impl Trouble for Late {
    fn strike(&self, time: usize) -> Result<(), BoxError> {
        if time == 1 {
            self.0.clock().advance(std::time::Duration::from_secs(25 * 3600));
        }
        Ok(())
    }
}

#[derive(Debug)]
struct Calm;

impl Trouble for Calm {
    fn strike(&self, _: usize) -> Result<(), BoxError> {
        Ok(())
    }
}

#[async_trait]
impl<F: Trouble> KeyMaterialSource for Source<F> {
    async fn has(&self, _: &ImportMaterial) -> Result<bool, BoxError> {
        Ok(true)
    }

    async fn encrypt(&self, _: &ImportMaterial, with: &WrappingKey) -> Result<Vec<u8>, BoxError> {
        let time = {
            let mut asked = self.asked.lock().expect("a count");
            *asked += 1;
            *asked
        };
        self.go_wrong.strike(time)?;
        Ok(with.encrypt(&Secret::new(self.material.to_vec()))?)
    }
}

#[tokio::test]
async fn a_source_that_fails_for_a_while_is_asked_again() {
    let (world, key) = one();
    let migration = migration(&world, |kms| kms.bring_material(Source::new(MATERIAL, Busy)));
    let plan = plan(&migration).await;
    let outcome = migration.apply(&plan, &MemoryJournal::default(), &patient()).await.expect("a run");
    assert!(outcome.is_complete(), "{outcome}");
    assert!(outcome.ids().target_of(&key).is_some());
    assert_eq!(world.ledger().count("kms:ImportKeyMaterial"), 1);
}

#[tokio::test]
async fn material_that_comes_too_late_for_its_token_gets_another() {
    let (world, _) = one();
    let slow = Source::new(MATERIAL, Late(world.clone()));
    let migration = migration(&world, |kms| kms.bring_material(slow));
    let plan = plan(&migration).await;
    let options = patient().patience(std::time::Duration::from_secs(3 * 24 * 3600));
    let outcome = migration.apply(&plan, &MemoryJournal::default(), &options).await.expect("a run");
    assert!(outcome.is_complete(), "{outcome}");
    assert_eq!(world.ledger().count("kms:GetParametersForImport"), 2);
    assert_eq!(states(&world), ["Enabled"]);
}

#[tokio::test]
async fn other_material_than_a_replica_is_tied_to_is_a_conflict() {
    let world = World::new();
    let key = world.kms(&route().source).imported_material(&MATERIAL).multi_region().make();
    let journal = MemoryJournal::default();
    let wrong = migration(&world, |kms| kms.bring_material(Source::new([1; 32], Calm)));
    let plan = plan(&wrong).await;
    let outcome = wrong.apply(&plan, &journal, &patient()).await.expect("a run");
    assert_eq!(only_failure(&outcome), ErrorKind::Conflict);
    let text = outcome.to_string();
    assert!(text.contains("not the one that the key is tied to; bring that one, then run this again"), "{text}");
    assert!(!shows(&text, &[1; 32]) && !shows(&text, &MATERIAL), "{text}");
    assert_eq!(states(&world), ["PendingImport"]);
    let right = migration(&world, |kms| kms.bring_material(Source::new(MATERIAL, Calm)));
    let outcome = right.apply(&plan, &journal, &patient()).await.expect("a run");
    assert!(outcome.is_complete(), "{outcome}");
    // What the source encrypts, the replica opens.
    let sealed = world.ask(&route().source, "kms:Encrypt", json!({ "KeyId": key, "Plaintext": "AAAA" })).expect("it");
    let opened = json!({ "CiphertextBlob": sealed["CiphertextBlob"] });
    assert_eq!(world.ask(&route().target, "kms:Decrypt", opened).expect("it")["Plaintext"], "AAAA");
}

/// Bytes may be written as they are, as numbers, in hexadecimal digits, or in base 64.
fn shows(text: &str, material: &[u8]) -> bool {
    let byte = material[0];
    let hex = format!("{byte:02x}").repeat(8);
    let numbers = vec![byte.to_string(); 8];
    let base64 = ["WlpaWlpaWlpa", "paWlpaWlpaWl", "aWlpaWlpaWlp", "AQEBAQEBAQEB"];
    text.contains(&hex)
        || text.contains(&numbers.join(","))
        || text.contains(&numbers.join(", "))
        || text.contains(&String::from_utf8_lossy(&material[..8]).into_owned())
        || base64.iter().any(|part| text.contains(part))
}

#[tokio::test]
async fn material_is_in_no_plan_journal_outcome_or_error() {
    let (world, _) = one();
    let brought = materials(&world);
    // One that shows all that it has is not shown.
    let careless = Kms::new(&world.access()).bring_material(Source::new(MATERIAL, Calm));
    let mut texts = vec![format!("{brought:?}"), format!("{careless:?}")];
    let migration = migration(&world, |kms| kms.bring_material(brought));
    let survey = migration.survey().await.expect("a survey");
    let (plan, journal) = (migration.plan(&survey).expect("a plan"), MemoryJournal::default());
    let outcome = migration.apply(&plan, &journal, &patient()).await.expect("a run");
    assert!(outcome.is_complete(), "{outcome}");
    let verification = migration.verify(outcome.ids()).await.expect("a verification");
    texts.push(String::from_utf8_lossy(&survey.to_bytes()).into_owned());
    texts.push(String::from_utf8_lossy(&plan.to_bytes()).into_owned());
    texts.push(serde_json::to_string(&journal.records()).expect("records"));
    texts.extend([
        format!("{:?}", journal.records()),
        outcome.to_string(),
        format!("{migration:?}"),
        plan.full().to_string(),
    ]);
    texts.push(verification.to_string());
    assert!(texts.iter().all(|text| text.len() > 10 && !shows(text, &MATERIAL)));
    assert!(shows(&format!("{MATERIAL:?}"), &MATERIAL) && shows(&"5a".repeat(32), &MATERIAL));
}

/// What was encrypted under a key that was found must stay readable.
#[tokio::test]
async fn material_of_a_found_key_that_was_used_stays_when_the_rest_is_taken_back() {
    let world = brought_along();
    let make = || Migration::new(route(), &world.access()).with(bringing(&world.access()));
    let (migration, journal) = (make(), MemoryJournal::default());
    let plan = plan(&migration).await;
    let outcome = migration.apply(&plan, &journal, &patient().allow_overwriting()).await.expect("a run");
    assert!(outcome.is_complete(), "{outcome}");
    let imported = |key: &&regionmig_testkit::KeyView| key.origin == "EXTERNAL" && key.multi_region.is_some();
    let found: Vec<KeyArn> = {
        let known = plan.steps().filter(|step| step.id.verb() == "replicate-key").map(|step| step.id.to_string());
        let made: BTreeSet<String> = known.collect();
        let keys = world.kms_keys(&route().target);
        let is_found = |key: &KeyArn| !made.iter().any(|step| step.ends_with(key.id()));
        keys.iter().filter(imported).map(|key| key.arn.clone()).filter(is_found).collect()
    };
    let [found] = &found[..] else { panic!("{found:?}") };
    world.ask(&route().target, "kms:Encrypt", json!({ "KeyId": found, "Plaintext": "AAAA" })).expect("it");
    let outcome = make().revert(&plan, &journal, &patient()).await.expect("a reversal");
    let failed: Vec<_> = outcome.failed().collect();
    assert!(!failed.is_empty() && failed.iter().all(|(id, _)| id.verb() == "import-material"), "{outcome}");
    assert!(outcome.to_string().contains("keeps its material, since it may be needed to decrypt"), "{outcome}");
    let state =
        |arn: &KeyArn| world.kms_keys(&route().target).into_iter().find(|key| key.arn == *arn).expect("it").state;
    assert_eq!(state(found), "Enabled");
}

#[tokio::test]
async fn material_that_expires_while_it_is_waited_for_is_not_asked_of_kms() {
    let world = World::new();
    let in_a_day = world.clock().now() + std::time::Duration::from_secs(24 * 3600);
    let key = world.kms(&route().source).imported_material(&MATERIAL).expires_at(in_a_day);
    key.created_at("2025-01-01T00:00:00Z".parse().expect("a time")).make();
    let journal = MemoryJournal::default();
    let waiting = migration(&world, |kms| kms);
    let plan = plan(&waiting).await;
    assert_eq!(waiting.apply(&plan, &journal, &patient()).await.expect("a run").tasks().count(), 1);
    world.clock().advance(std::time::Duration::from_secs(2 * 24 * 3600));
    let late = migration(&world, |kms| kms.bring_material(Source::new(MATERIAL, Calm)));
    let outcome = late.apply(&plan, &journal, &patient()).await.expect("a run");
    assert_eq!(only_failure(&outcome), ErrorKind::Invalid);
    assert!(outcome.to_string().contains("has expired meanwhile"), "{outcome}");
    assert_eq!(world.ledger().count("kms:ImportKeyMaterial"), 0);
}

/// Somebody replicates the key shortly before the survey, which is so young that it could be the migration's own.
#[tokio::test]
async fn material_of_a_young_replica_that_was_found_is_taken_back() {
    let world = World::new();
    let key = world.kms(&route().source).imported_material(&MATERIAL).multi_region().make();
    let replicate = json!({ "KeyId": key, "ReplicaRegion": route().target.region.as_str() });
    world.ask(&route().source, "kms:ReplicateKey", replicate).expect("a replica");
    world.clock().advance(std::time::Duration::from_secs(60));
    let make = || migration(&world, |kms| kms.bring_material(Source::new(MATERIAL, Calm)));
    let (migration, journal) = (make(), MemoryJournal::default());
    let plan = plan(&migration).await;
    assert!(plan.steps().all(|step| step.id.verb() != "replicate-key"), "{plan}");
    let outcome = migration.apply(&plan, &journal, &patient().allow_overwriting()).await.expect("a run");
    assert!(outcome.is_complete(), "{outcome}");
    assert_eq!(states(&world), ["Enabled"]);
    let outcome = make().revert(&plan, &journal, &patient()).await.expect("a reversal");
    assert!(outcome.is_complete(), "{outcome}");
    assert_eq!(states(&world), ["PendingImport"]);
}

/// Between survey and run the key is rotated: its replica needs a material of which the plan knows nothing.
#[tokio::test]
async fn a_replica_that_needs_more_than_was_planned_says_so() {
    let world = World::new();
    let key = world.kms(&route().source).imported_material(&MATERIAL).multi_region().make();
    let right = migration(&world, |kms| kms.bring_material(Source::new(MATERIAL, Calm)));
    let plan = plan(&right).await;
    world.kms_rotate_to(&key, &[7; 32]);
    let outcome = right.apply(&plan, &MemoryJournal::default(), &patient()).await.expect("a run");
    assert_eq!(only_failure(&outcome), ErrorKind::Conflict);
    assert!(outcome.to_string().contains("also lacks the material"), "{outcome}");
}
