//! A key whose mark cannot be read yet is not made again: not by a new journal, not by a new
//! survey, not by a new process.
// REQ: E-13

use std::time::Duration;

use crate::account::{migration, patient, plan, route};
use regionmig_core::{ApplyOptions, MemoryJournal};
use regionmig_testkit::{CrashingJournal, Entry, Fault, World};

const LAG: Duration = Duration::from_secs(300);
const KEYS: usize = 5;

/// What may be behind: the tags alone, or all that shows a new key.
const LAGS: [&[&str]; 2] = [&["kms:ListResourceTags"], &["kms:DescribeKey", "kms:ListKeys", "kms:ListResourceTags"]];

/// Five keys and a multi-Region primary, a month old.
fn account() -> World {
    let world = World::new();
    (0..KEYS).for_each(|n| {
        world.kms(&route().source).alias(&format!("alias/app-{n}")).make();
    });
    world.kms(&route().source).multi_region().alias("alias/global").make();
    world.clock().advance(Duration::from_secs(30 * 24 * 3600));
    world
}

/// That account, in whose target these reads are 300 seconds late.
fn lagging(reads: &[&str]) -> World {
    let world = account();
    reads.iter().for_each(|action| world.fault(Fault::stale(action, LAG).at(&route().target)));
    world
}

/// Returns how many keys and how many replicas were made.
fn made(world: &World) -> (usize, usize) {
    (world.ledger().count("kms:CreateKey"), world.ledger().count("kms:ReplicateKey"))
}

/// That account, of whose keys a run has made some when its process dies; tags are read 300 seconds late.
async fn half_moved() -> World {
    let world = lagging(LAGS[0]);
    let (_, migration) = migration(&world);
    let plan = plan(&migration).await;
    let journal = MemoryJournal::default();
    let options = ApplyOptions::default().fresh().concurrency(1);
    let died = migration.apply(&plan, &CrashingJournal::new(&journal, 5), &options).await;
    assert!(died.is_err(), "the process died");
    let made = world.ledger().count("kms:CreateKey");
    assert!(made > 0 && made < KEYS, "{made}");
    world
}

async fn must_end_with_each_once(world: &World, what: &str) {
    let (_, migration) = migration(world);
    for _ in 0..3 {
        let plan = plan(&migration).await;
        let outcome = migration.apply(&plan, &MemoryJournal::default(), &patient()).await.expect("a run");
        if plan.len() == 0 && plan.blockers().next().is_none() {
            break;
        }
        if !outcome.is_complete() || plan.blockers().next().is_some() {
            world.clock().advance(Duration::from_secs(1800));
        }
    }
    assert_eq!(made(world), (KEYS, 1), "{what}:\n{}", world.ledger());
    assert_eq!(plan(&migration).await.len(), 0, "{what}");
}

#[tokio::test]
async fn a_new_survey_inside_the_lag_plans_no_second_key() {
    let world = half_moved().await;
    let made = world.ledger().count("kms:CreateKey");
    let (_, migration) = migration(&world);
    let plan = plan(&migration).await;
    let unclear = plan.findings().iter().filter(|finding| finding.is_unknown()).count();
    assert!(unclear > 0, "that it is not known is said: {}", plan.full());
    let outcome = migration.apply(&plan, &MemoryJournal::default(), &ApplyOptions::default().fresh()).await;
    let now = world.ledger().count("kms:CreateKey");
    assert_eq!(now, made, "{}", outcome.expect("a run"));
    must_end_with_each_once(&world, "a new survey").await;
    println!("shown: young_unmarked survey: {unclear} undecided inside the lag, {KEYS} keys in the end");
}

#[tokio::test]
async fn a_new_journal_inside_the_lag_makes_no_second_key() {
    let world = lagging(LAGS[0]);
    let (_, before) = migration(&world);
    let plan = plan(&before).await;
    let journal = MemoryJournal::default();
    let died = before.apply(&plan, &CrashingJournal::new(&journal, 11), &ApplyOptions::default().fresh()).await;
    assert!(died.is_err(), "the process died");
    let made = world.ledger().count("kms:CreateKey");
    assert!(made > 0, "something was made");

    // A new process, whose journal is lost, with the same plan.
    let (_, after) = migration(&world);
    let outcome = after.apply(&plan, &MemoryJournal::default(), &patient()).await.expect("a run");
    assert_eq!(world.ledger().count("kms:CreateKey"), KEYS, "{outcome}\n{}", world.ledger());
    must_end_with_each_once(&world, "a new journal").await;
    println!("shown: young_unmarked journal: {made} made before the journal was lost, {KEYS} keys in the end");
}

#[tokio::test]
async fn the_same_journal_inside_the_lag_makes_no_second_key() {
    for (lag, limit) in LAGS.iter().flat_map(|lag| (1..20).map(move |limit| (*lag, limit))) {
        let world = lagging(lag);
        let (_, migration) = migration(&world);
        let plan = plan(&migration).await;
        let journal = MemoryJournal::default();
        let _died =
            migration.apply(&plan, &CrashingJournal::new(&journal, limit), &ApplyOptions::default().fresh()).await;
        let outcome = migration.apply(&plan, &journal, &patient()).await.expect("a run");
        assert!(outcome.is_complete(), "{lag:?} late, died at {limit}: {outcome}");
        assert_eq!(made(&world), (KEYS, 1), "{lag:?} late, died at {limit}");
    }
    println!("shown: young_unmarked same journal: 38 deaths, {KEYS} keys and a replica in the end each time");
}

#[tokio::test]
async fn with_caution_a_new_journal_makes_no_second_key_though_no_read_shows_the_first() {
    for limit in [5, 11, 17] {
        let world = lagging(LAGS[1]);
        let (_, before) = migration(&world);
        let plan = plan(&before).await;
        let journal = MemoryJournal::default();
        let died = before.apply(&plan, &CrashingJournal::new(&journal, limit), &ApplyOptions::default().fresh()).await;
        assert!(died.is_err() && made(&world).0 > 0, "something was made before it died at {limit}");
        let (_, after) = migration(&world);
        let outcome = after.apply(&plan, &MemoryJournal::default(), &patient().cautious()).await.expect("a run");
        assert!(outcome.is_complete(), "died at {limit}: {outcome}");
        assert_eq!(made(&world), (KEYS, 1), "died at {limit}:\n{}", world.ledger());
    }
}

#[tokio::test]
async fn a_request_that_is_executed_late_makes_no_second_key() {
    let delay = Duration::from_secs(240);
    for lag in LAGS {
        for late in ["kms:CreateKey", "kms:ReplicateKey"] {
            let world = lagging(lag);
            let (_, migration) = migration(&world);
            let plan = plan(&migration).await;
            world.fault(Fault::late_execution(late, delay).once());
            let outcome = migration.apply(&plan, &MemoryJournal::default(), &patient()).await.expect("a run");
            assert!(outcome.is_complete(), "{late} executed late, {lag:?} late: {outcome}");
            // What makes a key came through late; what makes a replica was refused, since it was sent again by then.
            let came = |entry: &Entry| entry.executed.is_some_and(|at| at > entry.at);
            let refused = |entry: &Entry| entry.code.as_deref() == Some("AlreadyExistsException");
            let is_late = |entry: &&Entry| entry.action == late && !entry.answered && (came(entry) || refused(entry));
            assert_eq!(world.ledger().requests().filter(is_late).count(), 1, "{}", world.ledger());
            assert_eq!(made(&world), (KEYS, 1), "{late} executed late, {lag:?} late:\n{}", world.ledger());
        }
    }
}
