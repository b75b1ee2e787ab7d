//! What a migration made is taken back on request, whole and once, however often that dies.
// REQ: E-16

use std::collections::{BTreeMap, BTreeSet};

use crate::account::{
    asked_for, asking, bringing, brought_along, found_and_differing, migration, mutations, naming_each_other,
    one_of_each, patient, plan, route,
};
use regionmig_aws::Access;
use regionmig_core::{Header, Journal, KeyArn, MemoryJournal, Migration, MigrationPlan, Outcome, Status, StepId};
use regionmig_kms::Kms;
use regionmig_testkit::{CrashingJournal, Fault, KeyView, Refusal, World, reference_account};
use serde_json::Value;

/// A world, and what is asked of its migration.
pub(crate) type Account = (&'static str, World, fn(&Access) -> Kms);

pub(crate) fn accounts() -> [Account; 5] {
    [
        ("found", found_and_differing(), Kms::new),
        ("each", one_of_each(), Kms::new),
        ("asked", asked_for(), asking),
        ("brought", brought_along(), bringing),
        ("naming", naming_each_other(), Kms::new),
    ]
}

fn reference() -> World {
    let world = World::new();
    reference_account(&world, &route().source);
    world
}

pub(crate) async fn planned(world: &World, make: fn(&Access) -> Kms) -> (Migration, MigrationPlan) {
    let access = world.access();
    let migration = Migration::new(route(), &access).with(make(&access));
    let plan = plan(&migration).await;
    (migration, plan)
}

/// The keys of both ends as they are, but for how their policies are laid out, which KMS does not keep, and for what the
/// target's replicas change in the source.
pub(crate) fn keys(world: &World) -> BTreeMap<KeyArn, KeyView> {
    let mut all: Vec<KeyView> = world.kms_keys(&route().target);
    all.extend(world.kms_keys(&route().source).into_iter().map(|mut key| {
        key.multi_region = None;
        key
    }));
    for key in &mut all {
        key.policy = serde_json::from_str::<Value>(&key.policy).expect("a policy").to_string();
    }
    all.into_iter().map(|key| (key.arn.clone(), key)).collect()
}

/// Everything is as `before`, and what was made since has no part left and is to be deleted.
#[track_caller]
pub(crate) fn assert_as_before(world: &World, before: &BTreeMap<KeyArn, KeyView>, what: &str) -> usize {
    let (mut now, mut made) = (keys(world), 0);
    for (arn, key) in before {
        assert_eq!(now.remove(arn).as_ref(), Some(key), "{what}");
    }
    for (arn, key) in now {
        assert_eq!(key.state, "PendingDeletion", "{what}: {arn}");
        assert!(key.aliases.is_empty() && key.grants.is_empty(), "{what}: {key:?}");
        // A replica is rotated as its primary is.
        assert!(key.rotation_period.is_none() || key.multi_region.is_some(), "{what}: {key:?}");
        made += 1;
    }
    made
}

pub(crate) async fn copy(plan: &MigrationPlan, journal: &MemoryJournal) -> MemoryJournal {
    let copy = MemoryJournal::default();
    copy.replay(&Header::new(plan), &mut |_| ()).await.expect("a new journal");
    for record in journal.records() {
        copy.append(&record).await.expect("a record");
    }
    copy
}

pub(crate) async fn applied(migration: &Migration, plan: &MigrationPlan, journal: &MemoryJournal) {
    let outcome = migration.apply(plan, journal, &patient().allow_overwriting()).await.expect("a run");
    assert!(outcome.is_complete(), "{outcome}");
}

pub(crate) async fn reverted(world: &World, plan: &MigrationPlan, journal: &MemoryJournal) -> Outcome {
    migration(world).1.revert(plan, journal, &patient()).await.expect("a reversal")
}

/// A reversal dies at each of its records and is run again: the end is the same, and nothing is taken back twice.
async fn interrupted(
    world: &World,
    plan: &MigrationPlan,
    journal: &MemoryJournal,
    before: &BTreeMap<KeyArn, KeyView>,
) -> usize {
    let (whole, records) = (world.fork(), copy(plan, journal).await);
    let began = records.records().len();
    let outcome = reverted(&whole, plan, &records).await;
    assert!(outcome.is_complete(), "{outcome}");
    assert_as_before(&whole, before, "at once");
    let once = mutations(&whole);
    let ended = records.records().len();
    for limit in began..ended {
        let (fork, records) = (world.fork(), copy(plan, journal).await);
        let died = migration(&fork).1.revert(plan, &CrashingJournal::new(&records, limit), &patient()).await;
        assert!(died.is_err(), "it went on after its journal had failed at record {limit}");
        let outcome = reverted(&fork, plan, &records).await;
        assert!(outcome.is_complete(), "{limit}: {outcome}");
        assert_as_before(&fork, before, &format!("killed at record {limit}"));
        assert_eq!(mutations(&fork), once, "killed at record {limit}:\n{}", fork.ledger());
    }
    ended - began
}

#[tokio::test]
async fn a_migration_is_taken_back_whole_and_once() {
    let mut shown = Vec::new();
    for (name, world, make) in accounts().into_iter().chain([("reference", reference(), Kms::new as fn(&_) -> _)]) {
        let before = keys(&world);
        let ((migration, plan), journal) = (planned(&world, make).await, MemoryJournal::default());
        applied(&migration, &plan, &journal).await;
        let changed = mutations(&world);
        let outcome = reverted(&world, &plan, &journal).await;
        assert!(outcome.is_complete(), "{outcome}");
        let made = assert_as_before(&world, &before, name);
        let (steps, taken) = (plan.steps().count(), mutations(&world) - changed);
        let again = reverted(&world, &plan, &journal).await;
        assert!(again.is_complete(), "{again}");
        assert_eq!(mutations(&world) - changed, taken, "{name}");
        shown.push(format!("{name}: {steps} steps by {taken} requests, {made} keys to be deleted"));
    }
    println!("shown: reverts_keys whole: {}", shown.join("; "));
}

#[tokio::test]
async fn a_reversal_that_dies_goes_on() {
    let mut shown = Vec::new();
    for (name, world, make) in accounts() {
        let before = keys(&world);
        let ((migration, plan), journal) = (planned(&world, make).await, MemoryJournal::default());
        applied(&migration, &plan, &journal).await;
        shown.push(format!("{name}: {} records", interrupted(&world, &plan, &journal, &before).await));
    }
    println!("shown: reverts_keys killed at each of {}, nothing taken back twice", shown.join(", "));
}

/// The steps that were begun and have not ended: they must end before they can be taken back.
fn under_way(outcome: &Outcome) -> BTreeSet<StepId> {
    let is_under_way = |status: &Status| matches!(status, Status::InDoubt(_) | Status::Waiting(_));
    let steps = outcome.standings().iter().filter(|(_, standing)| is_under_way(&standing.status));
    steps.map(|(id, _)| id.clone()).collect()
}

/// The migration dies at each of its records, what it had under way ends, and all of it is taken back: by a reversal that
/// dies at each of its own.
#[tokio::test]
async fn each_prefix_of_a_migration_is_taken_back() {
    let (mut prefixes, mut deaths) = (0, 0);
    for (_, account, make) in accounts() {
        let before = keys(&account);
        let (_, plan) = planned(&account, make).await;
        let (whole, all) = (account.fork(), MemoryJournal::default());
        applied(&Migration::new(route(), &whole.access()).with(make(&whole.access())), &plan, &all).await;
        for limit in 0..all.records().len() {
            let (world, journal) = (account.fork(), MemoryJournal::default());
            let migration = Migration::new(route(), &world.access()).with(make(&world.access()));
            let options = patient().allow_overwriting();
            let died = migration.apply(&plan, &CrashingJournal::new(&journal, limit), &options).await;
            assert!(died.is_err(), "it went on after its journal had failed at record {limit}");
            let begun = under_way(&reverted(&world.fork(), &plan, &copy(&plan, &journal).await).await);
            let ended = migration.apply(&plan, &journal, &options.only(begun.clone())).await.expect("a run");
            assert!(under_way(&ended).is_empty(), "{ended}");
            prefixes += 1;
            // Every third, since each is tried at all of its records.
            if limit % 3 == 0 {
                deaths += interrupted(&world, &plan, &journal, &before).await;
            }
            let outcome = reverted(&world, &plan, &journal).await;
            assert!(outcome.is_complete(), "{limit}: {outcome}");
            assert_as_before(&world, &before, &format!("migration killed at record {limit}"));
        }
    }
    println!("shown: reverts_keys after {prefixes} prefixes, killed {deaths} times, the target as before");
}

/// Each request of a reversal that changes something is lost in each way; the next one goes on.
#[tokio::test]
async fn a_request_that_is_lost_is_not_made_twice() {
    let mut lost = 0;
    for (_, account, make) in accounts() {
        let before = keys(&account);
        let ((migration, plan), journal) = (planned(&account, make).await, MemoryJournal::default());
        applied(&migration, &plan, &journal).await;
        account.ledger().clear();
        let whole = account.fork();
        let outcome = reverted(&whole, &plan, &copy(&plan, &journal).await).await;
        assert!(outcome.is_complete(), "{outcome}");
        let once: Vec<String> = whole.ledger().mutations().map(|entry| entry.action.clone()).collect();
        for action in once.iter().collect::<BTreeSet<_>>() {
            let faults = [
                Fault::lost_request(action),
                Fault::lost_answer(action),
                Fault::server_error(action, 500).after_execution(),
                Fault::throttle(action),
                Fault::refused(action, Refusal::new("KMSInvalidStateException")),
            ];
            for fault in faults {
                let (fork, records) = (account.fork(), copy(&plan, &journal).await);
                fork.fault(fault.once());
                let outcome = reverted(&fork, &plan, &records).await;
                assert_eq!(outcome.failed().count(), 1, "{action}: {outcome}");
                let outcome = reverted(&fork, &plan, &records).await;
                assert!(outcome.is_complete(), "{action}: {outcome}");
                assert_as_before(&fork, &before, action);
                assert_eq!(mutations(&fork), once.len(), "{action}:\n{}", fork.ledger());
                lost += 1;
            }
        }
    }
    println!("shown: reverts_keys {lost} requests lost, nothing taken back twice");
}
