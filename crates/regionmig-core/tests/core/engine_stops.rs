//! A run that ends early: asked to, without credentials, without a journal, or dropped.
// REQ: E-29

use std::sync::Arc;
use std::time::Duration;

use regionmig_core::{CancellationToken, Error, ErrorKind, Event, Hold, MemoryJournal, Standing, Status, Stop, chain};

use crate::common::cloud::Cloud;
use crate::common::journals::{Crash, CrashingJournal, entries};
use crate::common::script::{Do, Look, Script, act, id};
use crate::common::secrets::{both, planned};
use crate::common::{Seat, hasty, patient, polled};

#[tokio::test(start_paused = true)]
async fn expired_credentials_stop_the_run_and_the_next_goes_on() {
    let script = Script::new((0..6).map(|i| act(&format!("a{i}"))));
    script.does("a1", [Do::Refuse(ErrorKind::Credentials)]);
    let plan = script.plan().await;
    let journal = MemoryJournal::default();
    let outcome = script.migration().apply(&plan, &journal, &patient().concurrency(1)).await.unwrap();
    assert!(matches!(&outcome.stopped, Some(Stop::Credentials(error)) if error.kind == ErrorKind::Credentials));
    assert_eq!(script.applied(), ["a0", "a1"]);
    assert_eq!(outcome.held().values().collect::<Vec<_>>(), [&Hold::Stopped; 4]);
    assert!(outcome.to_string().contains("renew them, run this again: "), "{outcome}");
    let next = script.migration().apply(&plan, &journal, &patient()).await.unwrap();
    assert!(next.is_complete() && next.stopped.is_none());
    assert!((0..6).all(|i| script.made(&format!("a{i}")) == 1));
}

#[tokio::test(start_paused = true)]
async fn those_under_way_end_when_credentials_expire() {
    let script = Script::new([act("a"), act("b"), act("c").after("b")]);
    script.does("a", [Do::Refuse(ErrorKind::Credentials)]);
    script.does("b", [Do::Slow(30)]);
    let plan = script.plan().await;
    let outcome = script.migration().apply(&plan, &MemoryJournal::default(), &patient()).await.unwrap();
    assert_eq!((script.made("b"), script.made("c")), (1, 0));
    assert_eq!(outcome.held()[&id("c")], Hold::Stopped);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_run_begins_nothing_more_and_cuts_nothing_off() {
    let script = Script::new([act("a"), act("b"), act("c").after("a"), act("d")]);
    script.does("a", [Do::Slow(30)]);
    script.looks("d", [Look::Wait(5)]);
    let plan = script.plan().await;
    let journal = MemoryJournal::default();
    let token = CancellationToken::new();
    let options = patient().stop(token.clone());
    let migration = script.migration();
    let (outcome, ()) = tokio::join!(migration.apply(&plan, &journal, &options), async {
        tokio::time::sleep(Duration::from_secs(10)).await;
        token.cancel();
    });
    let outcome = outcome.unwrap();
    assert_eq!(outcome.stopped, Some(Stop::Cancelled));
    assert_eq!(script.seat.clock.elapsed(), Duration::from_secs(30), "until what was under way had ended");
    let mut applied = script.applied();
    applied.sort();
    assert_eq!(applied, ["a", "b", "d"]);
    assert_eq!(outcome.held()[&id("c")], Hold::Stopped);
    assert!(outcome.standings().iter().all(|(_, standing)| standing.doubt().is_none()));
    assert!(outcome.to_string().contains("stopped as asked: run this again to go on"), "{outcome}");
    assert!(script.migration().apply(&plan, &journal, &patient()).await.unwrap().is_complete());
}

#[tokio::test(start_paused = true)]
async fn a_run_that_sleeps_wakes_to_be_cancelled() {
    let script = Script::new([act("a")]);
    script.looks("a", [Look::Wait(3600)]);
    let plan = script.plan().await;
    let token = CancellationToken::new();
    let (migration, journal, options) = (script.migration(), MemoryJournal::default(), patient().stop(token.clone()));
    let (outcome, ()) = tokio::join!(migration.apply(&plan, &journal, &options), async {
        tokio::time::sleep(Duration::from_secs(10)).await;
        token.cancel();
    });
    assert_eq!(outcome.unwrap().stopped, Some(Stop::Cancelled));
    assert_eq!(script.seat.clock.elapsed(), Duration::from_secs(10));
}

#[tokio::test(start_paused = true)]
async fn a_step_that_was_looked_at_when_the_run_was_cancelled_is_not_begun() {
    let script = Script::new([act("a")]);
    let plan = script.plan().await;
    let token = CancellationToken::new();
    let cancel = token.clone();
    // Told before the probe, so that the run is cancelled between probe and request.
    let migration = script.migration().observe(move |event| {
        if matches!(event, Event::StepStarted { .. }) {
            cancel.cancel();
        }
    });
    let journal = MemoryJournal::default();
    let outcome = migration.apply(&plan, &journal, &patient().stop(token)).await.unwrap();
    assert_eq!(script.calls("a"), [(0, "probe")]);
    assert!(entries(&journal).is_empty());
    assert_eq!(outcome.held()[&id("a")], Hold::Stopped);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_cancelled_beforehand_does_nothing() {
    let script = Script::new([act("a")]);
    let plan = script.plan().await;
    let token = CancellationToken::new();
    token.cancel();
    let journal = MemoryJournal::default();
    let options = patient().stop(token);
    let outcome = script.migration().apply(&plan, &journal, &options).await.unwrap();
    assert_eq!((outcome.stopped, script.count()), (Some(Stop::Cancelled), 0));
    let reverted = script.migration().revert(&plan, &journal, &options).await.unwrap();
    assert_eq!(reverted.stopped, Some(Stop::Cancelled));
}

#[tokio::test(start_paused = true)]
async fn without_a_journal_nothing_more_begins() {
    let script = Script::new((0..6).map(|i| act(&format!("a{i}"))));
    let plan = script.plan().await;
    let journal = MemoryJournal::default();
    let crashing = CrashingJournal::new(&journal, Crash::Before(3));
    let error = script.migration().apply(&plan, &crashing, &patient().concurrency(1)).await.unwrap_err();
    assert!(matches!(error, Error::Journal(_)));
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(
        chain(&error),
        "the journal is unavailable, so no more steps were begun; free its storage and run this again: \
         the journal failed: the disk is full"
    );
    assert_eq!(script.applied(), ["a0", "a1"], "done and not written down; the third not begun");
    assert!((2..6).all(|i| script.calls(&format!("a{i}")).is_empty()), "nor looked at");
    assert!(script.migration().apply(&plan, &journal, &patient()).await.unwrap().is_complete());
    assert!((0..6).all(|i| script.made(&format!("a{i}")) == 1));
}

#[tokio::test(start_paused = true)]
async fn a_journal_that_failed_once_is_not_trusted_again_in_this_run() {
    let script = Script::new((0..6).map(|i| act(&format!("a{i}"))));
    script.looks("a0", [Look::Wait(5)]);
    let plan = script.plan().await;
    let journal = MemoryJournal::default();
    let flaky = CrashingJournal::new(&journal, Crash::Once(2));
    let error = script.migration().apply(&plan, &flaky, &patient().concurrency(1)).await.unwrap_err();
    assert!(matches!(error, Error::Journal(_)));
    assert_eq!(entries(&journal), ["waiting a0", "started a1"]);
    assert_eq!(script.applied(), ["a1"]);
    assert!(script.migration().apply(&plan, &journal, &patient()).await.unwrap().is_complete());
    // Nor by steps that are under way at the same time, and have only looked so far.
    let script = Script::new((0..8).map(|i| act(&format!("a{i}"))));
    let plan = script.plan().await;
    let journal = MemoryJournal::default();
    let flaky = CrashingJournal::new(&journal, Crash::Once(0));
    assert!(script.migration().apply(&plan, &flaky, &hasty().concurrency(8)).await.is_err());
    assert!(script.applied().is_empty(), "{:?}", script.applied());
    let script = Script::new([act("a"), act("b"), act("c")]);
    let plan = script.plan().await;
    let journal = MemoryJournal::default();
    drop(script.migration().apply(&plan, &journal, &hasty()).await.unwrap());
    let flaky = CrashingJournal::new(&journal, Crash::Once(7));
    assert!(script.migration().revert(&plan, &flaky, &hasty()).await.is_err());
    assert_eq!(entries(&journal).len(), 7, "nor is anything more taken back");
}

#[tokio::test(start_paused = true)]
async fn a_request_is_not_sent_if_it_could_not_be_written_down() {
    let script = Script::new([act("a")]);
    let plan = script.plan().await;
    let journal = MemoryJournal::default();
    let crashing = CrashingJournal::new(&journal, Crash::Before(0));
    assert!(script.migration().apply(&plan, &crashing, &patient()).await.is_err());
    assert!(script.applied().is_empty());
}

const KEYS: usize = 3;
const SECRETS: usize = 4;
const ALL: usize = KEYS + SECRETS;

/// Kills a migration at one record, runs it again, and looks at what there is.
async fn killed(crash: Crash) -> bool {
    let cloud = Cloud::new(KEYS, SECRETS);
    cloud.target(|target| target.tag_lag = Duration::from_secs(300));
    let migration = both(&cloud, &Seat::new());
    let plan = planned(&migration).await;
    let journal = MemoryJournal::default();
    let crashed = migration.apply(&plan, &CrashingJournal::new(&journal, crash), &hasty()).await;
    let (Crash::Before(limit) | Crash::After(limit) | Crash::Once(limit)) = crash;
    assert_eq!(journal.records().len(), limit.min(2 * ALL));
    let outcome = migration.apply(&plan, &journal, &patient()).await.unwrap();
    assert!(outcome.is_complete(), "{crash:?}: {outcome}");
    assert_eq!(cloud.writes(), ALL, "{crash:?}");
    assert_eq!(cloud.target(|target| target.keys.len()), KEYS);
    // What a key became is what its secrets are under.
    let ids = outcome.ids();
    for (name, (key, _)) in cloud.source(|source| source.secrets.clone()) {
        assert_eq!(cloud.target(|target| target.secrets[&name].0.clone()), ids.target_of(&key).unwrap(), "{crash:?}");
    }
    crashed.is_err()
}

#[tokio::test(start_paused = true)]
async fn a_crash_at_any_record_does_nothing_twice_and_loses_nothing() {
    for limit in 0..2 * ALL {
        assert!(killed(Crash::Before(limit)).await, "{limit}");
    }
    for limit in 1..=2 * ALL {
        assert!(killed(Crash::After(limit)).await, "{limit}");
    }
    assert!(!killed(Crash::Before(2 * ALL)).await, "and without a crash there are so many records");
}

#[tokio::test(start_paused = true)]
async fn a_run_may_be_dropped_at_any_point() {
    let mut points = 0;
    loop {
        let cloud = Cloud::new(KEYS, SECRETS);
        cloud.target(|target| target.tag_lag = Duration::from_secs(300));
        let migration = both(&cloud, &Seat::new());
        let plan = planned(&migration).await;
        let journal = MemoryJournal::default();
        let slow = crate::common::journals::SlowJournal { inner: journal, notes: Arc::default() };
        let options = patient();
        let ended = polled(migration.apply(&plan, &slow, &options), points).await;
        let outcome = migration.apply(&plan, &slow.inner, &options).await.unwrap();
        assert!(outcome.is_complete(), "dropped at poll {points}: {outcome}");
        assert_eq!(cloud.writes(), ALL, "dropped at poll {points}");
        if ended.is_some() {
            break;
        }
        points += 1;
    }
    assert!(points > 30, "there were only {points}");
}

#[tokio::test(start_paused = true)]
async fn a_crash_in_the_midst_of_many_requests_repeats_one_part_at_most() {
    for limit in 0..=6 {
        let script = Script::new([act("a").bulk()]);
        let plan = script.plan().await;
        let journal = MemoryJournal::default();
        let crashing = CrashingJournal::new(&journal, Crash::Before(limit));
        let migration = script.migration();
        let crashed = migration.apply(&plan, &crashing, &hasty()).await;
        assert_eq!(crashed.is_err(), limit < 6, "{limit}");
        let outcome = migration.apply(&plan, &journal, &hasty()).await.unwrap();
        assert!(outcome.is_complete(), "{limit}: {outcome}");
        let made: u32 = (0..4).map(|part| script.made(&format!("part {part}"))).sum();
        assert!((4..=5).contains(&made), "{limit}: {made}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_and_a_lost_request_end_alike() {
    for (answers, requests) in [(1, 0), (0, 1), (2, 2)] {
        let cloud = Cloud::new(5, 12);
        cloud.target(|target| {
            (target.lose_answers, target.lose_requests) = (answers, requests);
            target.tag_lag = Duration::from_secs(300);
        });
        let migration = both(&cloud, &Seat::new());
        let plan = planned(&migration).await;
        let journal = MemoryJournal::default();
        let outcome = migration.apply(&plan, &journal, &hasty()).await.unwrap();
        let count = |wanted: fn(&Standing) -> bool| outcome.standings().iter().filter(|entry| wanted(entry.1)).count();
        assert_eq!(count(|standing| matches!(standing.status, Status::InDoubt(_))), answers + requests);
        assert!(count(Standing::is_done) >= 17 - 4 * (answers + requests), "only the secrets of those keys wait");
        assert!(migration.apply(&plan, &journal, &patient()).await.unwrap().is_complete());
        assert_eq!(cloud.writes(), 17, "the mark that nobody saw for minutes was waited for");
        assert_eq!(cloud.target(|target| target.keys.len()), 5);
    }
}
