//! What passes is tried again, for as long as there is patience; what does not is not hammered.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use regionmig_core::{ApplyOptions, ErrorKind, Event, Hold, MemoryJournal};

use crate::common::script::{Do, Look, Script, act, id};
use crate::common::{hasty, patient};

fn requests(script: &Script, step: &str) -> Vec<u64> {
    script.calls(step).iter().filter(|call| call.1 == "apply").map(|call| call.0).collect()
}

#[tokio::test(start_paused = true)]
async fn what_passes_is_tried_again_with_growing_pauses() {
    for kind in [ErrorKind::Throttle, ErrorKind::Unavailable, ErrorKind::OutcomeUnknown] {
        let script = Script::new([act("a")]);
        script.does("a", [Do::Refuse(kind); 9]);
        let plan = script.plan().await;
        let outcome = script.migration().apply(&plan, &MemoryJournal::default(), &patient()).await.unwrap();
        assert!(outcome.is_complete(), "{kind}");
        assert_eq!(outcome.standings().standing(&id("a")).unwrap().attempts, 10);
        let requests = requests(&script, "a");
        assert_eq!(requests.len(), 10);
        let pauses: Vec<u64> = requests.windows(2).map(|pair| pair[1] - pair[0]).collect();
        // 1, 2, 4, .. 60 seconds, less up to a quarter.
        for (pause, most) in pauses.iter().zip([1, 2, 4, 8, 16, 32, 60, 60, 60]) {
            assert!(*pause <= most && *pause + 1 >= most * 3 / 4, "{kind}: {pauses:?}");
        }
        let looks = script.calls("a").iter().filter(|call| call.1 == "probe").count();
        assert_eq!(looks, 10, "always by way of a probe");
    }
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_is_throttled_is_repeated_too() {
    let script = Script::new([act("a")]);
    script.looks("a", [Look::Fail(ErrorKind::Throttle), Look::Fail(ErrorKind::Unavailable)]);
    let plan = script.plan().await;
    assert!(script.migration().apply(&plan, &MemoryJournal::default(), &patient()).await.unwrap().is_complete());
    assert_eq!(script.made("a"), 1);
    assert_eq!(script.calls("a").len(), 4);
}

#[tokio::test(start_paused = true)]
async fn patience_has_an_end() {
    for patience in [0, 10, 100] {
        let script = Script::new([act("a"), act("b")]);
        script.does("a", [Do::Refuse(ErrorKind::Throttle); 99]);
        let plan = script.plan().await;
        let options = ApplyOptions::default().fresh().patience(Duration::from_secs(patience));
        let outcome = script.migration().apply(&plan, &MemoryJournal::default(), &options).await.unwrap();
        assert_eq!(outcome.failed().count(), 1);
        assert_eq!(script.made("b"), 1);
        assert!(script.seat.clock.elapsed() <= Duration::from_secs(patience));
        let expected = match patience {
            0 => 1..=1,
            10 => 4..=4,
            _ => 7..=8,
        };
        assert!(expected.contains(&requests(&script, "a").len()), "{patience}: {:?}", requests(&script, "a"));
    }
}

/// While one is looked at the pauses of the others run out, so that there is never nothing under way.
#[tokio::test(start_paused = true)]
async fn patience_has_an_end_where_no_look_is_answered() {
    let script = Script::new([act("a"), act("b"), act("c")]);
    for (step, late) in [("a", 90), ("b", 110), ("c", 130)] {
        script.looks(step, [Look::FailLate(late, ErrorKind::OutcomeUnknown); 99]);
    }
    let plan = script.plan().await;
    let options = ApplyOptions::default().fresh().patience(Duration::from_secs(600));
    let outcome = script.migration().apply(&plan, &MemoryJournal::default(), &options).await.unwrap();
    assert!(!outcome.is_complete());
    // A look that was begun is waited for.
    let took = script.seat.clock.elapsed().as_secs();
    assert!((600..=600 + 130).contains(&took), "{took}");
}

#[tokio::test(start_paused = true)]
async fn patience_covers_its_last_moment() {
    let script = Script::new([act("a")]);
    script.looks("a", [Look::Wait(30)]);
    let plan = script.plan().await;
    let options = ApplyOptions::default().fresh().patience(Duration::from_secs(30));
    assert!(script.migration().apply(&plan, &MemoryJournal::default(), &options).await.unwrap().is_complete());
}

#[tokio::test(start_paused = true)]
async fn who_watches_is_told_when_it_is_tried_again() {
    let script = Script::new([act("a"), act("b")]);
    script.does("a", [Do::Refuse(ErrorKind::Throttle)]);
    script.does("b", [Do::Refuse(ErrorKind::AccessDenied)]);
    let told = Arc::new(Mutex::new(Vec::new()));
    let notes = Arc::clone(&told);
    let migration = script.migration().observe(move |event| {
        if let Event::StepFailed { step, error, again_after } = event {
            notes.lock().unwrap().push((step.clone(), error.kind, *again_after));
        }
    });
    let plan = script.plan().await;
    drop(migration.apply(&plan, &MemoryJournal::default(), &patient()).await.unwrap());
    let mut told = told.lock().unwrap().clone();
    told.sort_by(|a, b| a.0.cmp(&b.0));
    let [(a, ErrorKind::Throttle, Some(pause)), (b, ErrorKind::AccessDenied, None)] = &told[..] else {
        panic!("{told:?}")
    };
    assert_eq!((a, b), (&id("a"), &id("b")));
    assert!(*pause <= Duration::from_secs(1) && *pause >= Duration::from_millis(750));
}

#[tokio::test(start_paused = true)]
async fn waiting_makes_the_pauses_short_again() {
    let script = Script::new([act("a")]);
    let throttled =
        || [Look::Fail(ErrorKind::Throttle), Look::Fail(ErrorKind::Throttle), Look::Fail(ErrorKind::Throttle)];
    script.looks("a", throttled().into_iter().chain([Look::Wait(10)]).chain(throttled()));
    let plan = script.plan().await;
    assert!(script.migration().apply(&plan, &MemoryJournal::default(), &patient()).await.unwrap().is_complete());
    let took = script.seat.clock.elapsed().as_secs();
    assert!((7 * 3 / 4 * 2 + 10..=7 + 10 + 7).contains(&took), "not 1 + 2 + 4 + 10 + 8 + 16 + 32: {took}");
}

#[tokio::test(start_paused = true)]
async fn a_quota_shuts_the_steps_of_that_name_and_no_others() {
    let script = Script::new([act("a"), act("b"), act("c").verb("tag"), act("d").after("b"), act("e").verb("tag")]);
    script.does("a", [Do::Refuse(ErrorKind::Quota)]);
    let other = Script::new([act("f")]).named("zother");
    let migration = script.migration().with(other.clone());
    let plan = crate::common::secrets::planned(&migration).await;
    let journal = MemoryJournal::default();
    let outcome = migration.apply(&plan, &journal, &patient().concurrency(1)).await.unwrap();
    assert_eq!(script.applied(), ["a", "c", "e"]);
    assert_eq!(other.applied(), ["f"], "another service has quotas of its own");
    assert_eq!(outcome.held()[&id("b")], Hold::Quota);
    assert_eq!(outcome.held()[&id("d")], Hold::Behind(id("b")));
    assert_eq!(
        outcome.failed().map(|(step, error)| (step.clone(), error.kind)).collect::<Vec<_>>(),
        [(id("a"), ErrorKind::Quota)]
    );
    assert!(outcome.to_string().contains("have the quota raised, then run this again"), "{outcome}");
    assert!(migration.apply(&plan, &journal, &hasty()).await.unwrap().is_complete());
}

#[tokio::test(start_paused = true)]
async fn a_quota_shuts_those_out_that_were_looked_at_already_and_not_begun() {
    // All look three times over thirty seconds, and only then does the first meet the quota.
    let script = Script::new((0..20).map(|i| act(&format!("a{i:02}")).mints()));
    script.world().does = (0..20).map(|i| (format!("a{i:02}"), [Do::Refuse(ErrorKind::Quota)].into())).collect();
    let plan = script.plan().await;
    let options = ApplyOptions::default().concurrency(2);
    let outcome = script.migration().apply(&plan, &MemoryJournal::default(), &options).await.unwrap();
    assert!(script.applied().len() <= 2, "those that were under way: {:?}", script.applied());
    assert_eq!(outcome.held().values().filter(|hold| **hold == Hold::Quota).count(), 20 - script.applied().len());
}

#[tokio::test(start_paused = true)]
async fn what_is_in_doubt_is_looked_at_in_spite_of_a_quota() {
    let script = Script::new([act("a").settle(60, 3), act("b").after("c"), act("c").verb("tag")]);
    script.world().lag = Duration::from_secs(30);
    script.does("a", [Do::LoseAnswer]);
    script.does("b", [Do::Refuse(ErrorKind::Quota)]);
    let plan = script.plan().await;
    let outcome = script.migration().apply(&plan, &MemoryJournal::default(), &patient()).await.unwrap();
    assert!(outcome.standings().standing(&id("a")).unwrap().is_made());
}
