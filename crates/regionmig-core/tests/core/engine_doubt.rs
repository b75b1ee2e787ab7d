//! A request that may have been carried out: what is believed, and when.

use std::time::Duration;

use regionmig_core::{ApplyOptions, Effect, ErrorKind, MemoryJournal, Status};

use crate::common::journals::{Crash, CrashingJournal, entries};
use crate::common::script::{Do, Look, Script, act, id};
use crate::common::{HOUR, at, forge, hasty, patient};

/// Carries a plan of one step out, and returns how the journal tells it.
async fn told(script: &Script) -> Vec<String> {
    let plan = script.plan().await;
    let journal = MemoryJournal::default();
    assert!(script.migration().apply(&plan, &journal, &patient()).await.unwrap().is_complete());
    entries(&journal)
}

#[tokio::test(start_paused = true)]
async fn outside_doubt_one_look_is_enough() {
    let script = Script::new([act("a").settle(600, 5)]);
    assert_eq!(told(&script).await, ["started a", "done a"]);
    assert_eq!(script.calls("a"), [(0, "probe"), (0, "apply")]);
    assert_eq!(script.world().told, [("a".to_owned(), at(0), None)]);
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_found_and_adopted() {
    let script = Script::new([act("a").settle(600, 5)]);
    script.does("a", [Do::LoseAnswer]);
    assert_eq!(told(&script).await, ["started a", "failed in doubt a", "done a"]);
    assert_eq!(script.made("a"), 1);
    assert!(script.seat.clock.elapsed() <= Duration::from_secs(1), "it shows at once, so nothing is waited for");
}

#[tokio::test(start_paused = true)]
async fn what_shows_late_is_found_within_the_window() {
    for lag in [3, 60, 300, 599] {
        let script = Script::new([act("a").settle(600, 5)]);
        script.world().lag = Duration::from_secs(lag);
        script.does("a", [Do::LoseAnswer]);
        assert_eq!(told(&script).await, ["started a", "failed in doubt a", "done a"], "{lag}");
        assert_eq!(script.made("a"), 1, "{lag}");
        let found = script.seat.clock.elapsed().as_secs();
        assert!((lag..=lag + 5).contains(&found), "looked for every five seconds: {lag}, {found}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_request_is_repeated_once_when_the_whole_window_has_passed() {
    let script = Script::new([act("a").settle(600, 5)]);
    script.does("a", [Do::LoseRequest]);
    assert_eq!(told(&script).await, ["started a", "failed in doubt a", "started a", "done a"]);
    assert_eq!(script.made("a"), 1);
    let calls = script.calls("a");
    let requests: Vec<u64> = calls.iter().filter(|call| call.1 == "apply").map(|call| call.0).collect();
    let [0, again] = requests[..] else { panic!("{requests:?}") };
    assert!((600..=602).contains(&again), "{again}");
    let looks = calls.iter().filter(|call| call.1 == "probe").count();
    assert!((120..=123).contains(&looks), "every five seconds: {looks}");
    let told = script.world().told.clone();
    assert!(told[1..].iter().all(|(.., doubt)| *doubt == Some(at(0))), "it is told since when it is in doubt");
}

#[tokio::test(start_paused = true)]
async fn a_short_window_still_wants_its_reads_to_agree() {
    let script = Script::new([act("a").settle(4, 4)]);
    script.does("a", [Do::LoseRequest]);
    told(&script).await;
    let looks: Vec<u64> = script.calls("a").iter().filter(|call| call.1 == "probe").map(|call| call.0).collect();
    assert_eq!(looks.len(), 6, "one before, five in doubt: {looks:?}");
}

#[tokio::test(start_paused = true)]
async fn without_a_window_the_next_look_decides() {
    let script = Script::new([act("a")]);
    script.does("a", [Do::LoseRequest]);
    assert_eq!(told(&script).await, ["started a", "failed in doubt a", "started a", "done a"]);
    assert!(script.seat.clock.elapsed() <= Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn the_deciding_look_reads_anew_and_the_others_take_what_was_read_since_their_last() {
    let script = Script::new([act("a").settle(10, 2)]);
    script.does("a", [Do::LoseRequest]);
    told(&script).await;
    let told = script.world().told.clone();
    let [first, doubtful, second, last] = &told[..] else { panic!("{told:?}") };
    assert_eq!(first.1, at(0), "the run's begin");
    assert!(doubtful.1 > at(0) && doubtful.1 < at(1), "after the request was sent");
    assert!(second.1 > doubtful.1 && second.1 < at(2), "after the look before");
    let decided = script.calls("a").last().unwrap().0;
    assert_eq!(last.1.as_second(), at(i64::try_from(decided).unwrap()).as_second(), "its own time, nothing older");
}

#[tokio::test(start_paused = true)]
async fn the_next_run_goes_on_in_doubt() {
    let script = Script::new([act("a").settle(600, 5), act("b").after("a")]);
    script.world().lag = Duration::from_secs(300);
    script.does("a", [Do::LoseAnswer]);
    let plan = script.plan().await;
    let journal = MemoryJournal::default();
    let first = script.migration().apply(&plan, &journal, &hasty()).await.unwrap();
    assert!(matches!(
        &first.standings().standing(&id("a")).unwrap().status,
        Status::InDoubt(Some(error)) if error.kind == ErrorKind::OutcomeUnknown
    ));
    assert_eq!(first.failed().count(), 1);
    assert!(first.to_string().contains("the target is asked before anything is sent"), "{first}");
    let second = script.migration().apply(&plan, &journal, &hasty()).await.unwrap();
    assert!(!second.is_complete(), "not seen yet, and not believed");
    assert!(script.migration().apply(&plan, &journal, &patient()).await.unwrap().is_complete());
    assert_eq!((script.made("a"), script.made("b")), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn long_after_the_window_only_the_agreement_is_wanted() {
    for (later, took, looks) in [(600 + 15 * 60, 20, 5), (600 + 15 * 60 - 30, 30, 7)] {
        let script = Script::new([act("a").settle(600, 5)]);
        script.does("a", [Do::LoseRequest]);
        let plan = script.plan().await;
        let journal = MemoryJournal::default();
        drop(script.migration().apply(&plan, &journal, &hasty()).await.unwrap());
        tokio::time::sleep(Duration::from_secs(later)).await;
        let before = script.seat.clock.elapsed();
        assert!(script.migration().apply(&plan, &journal, &patient()).await.unwrap().is_complete());
        assert_eq!((script.seat.clock.elapsed() - before).as_secs(), took);
        let looked = script.calls("a").iter().filter(|call| call.1 == "probe" && call.0 >= later).count();
        assert_eq!(looked, looks, "five seconds apart");
    }
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_fails_takes_no_doubt_away() {
    let script = Script::new([act("a").settle(600, 5)]);
    script.does("a", [Do::LoseRequest]);
    let plan = script.plan().await;
    let journal = MemoryJournal::default();
    drop(script.migration().apply(&plan, &journal, &hasty()).await.unwrap());
    script.looks("a", [Look::Fail(ErrorKind::AccessDenied)]);
    let second = script.migration().apply(&plan, &journal, &hasty()).await.unwrap();
    let standing = second.standings().standing(&id("a")).unwrap();
    assert!(matches!(&standing.status, Status::InDoubt(Some(error)) if error.kind == ErrorKind::AccessDenied));
    assert_eq!(standing.doubt().unwrap().since, at(0));
    assert_eq!(entries(&journal), ["started a", "failed in doubt a", "failed in doubt a"]);
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_fails_makes_no_doubt() {
    let script = Script::new([act("a").settle(600, 5)]);
    script.looks("a", [Look::Fail(ErrorKind::AccessDenied)]);
    let plan = script.plan().await;
    let journal = MemoryJournal::default();
    let outcome = script.migration().apply(&plan, &journal, &hasty()).await.unwrap();
    assert!(matches!(outcome.standings().standing(&id("a")).unwrap().status, Status::Failed(_)));
    assert_eq!((entries(&journal), script.applied().len()), (vec!["failed a".to_owned()], 0));
    assert!(script.migration().apply(&plan, &journal, &hasty()).await.unwrap().is_complete());
}

#[tokio::test(start_paused = true)]
async fn a_refusal_ends_the_attempt_and_leaves_no_doubt() {
    let refusals =
        [ErrorKind::AccessDenied, ErrorKind::Conflict, ErrorKind::Invalid, ErrorKind::NotFound, ErrorKind::Unsupported];
    for kind in refusals {
        let script = Script::new([act("a").settle(600, 5)]);
        script.does("a", [Do::Refuse(kind)]);
        let plan = script.plan().await;
        let journal = MemoryJournal::default();
        let outcome = script.migration().apply(&plan, &journal, &patient()).await.unwrap();
        assert!(matches!(outcome.standings().standing(&id("a")).unwrap().status, Status::Failed(_)), "{kind}");
        assert_eq!(script.calls("a"), [(0, "probe"), (0, "apply")], "tried once in a run");
        assert!(script.migration().apply(&plan, &journal, &hasty()).await.unwrap().is_complete(), "{kind}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_nobody_understands_leaves_doubt_and_is_not_repeated_in_this_run() {
    let script = Script::new([act("a").settle(600, 5)]);
    script.does("a", [Do::Refuse(ErrorKind::Unexpected)]);
    let plan = script.plan().await;
    let journal = MemoryJournal::default();
    let outcome = script.migration().apply(&plan, &journal, &patient()).await.unwrap();
    assert!(matches!(outcome.standings().standing(&id("a")).unwrap().status, Status::InDoubt(_)));
    assert_eq!(script.calls("a").len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_proves_nothing_of_many_requests() {
    let script = Script::new([act("a").bulk()]);
    script.does("a", [Do::Refuse(ErrorKind::AccessDenied)]);
    let plan = script.plan().await;
    let outcome = script.migration().apply(&plan, &MemoryJournal::default(), &hasty()).await.unwrap();
    assert!(matches!(outcome.standings().standing(&id("a")).unwrap().status, Status::InDoubt(_)));
}

#[tokio::test(start_paused = true)]
async fn what_shows_between_two_looks_that_find_nothing_makes_them_disagree() {
    let script = Script::new([act("a").settle(20, 5)]);
    script.does("a", [Do::LoseRequest]);
    let nothing = || [Look::Absent, Look::Absent, Look::Absent, Look::Absent];
    // Something was seen in the last look of the window: over another one, nothing must be found after it.
    script.looks("a", [Look::Absent].into_iter().chain(nothing()).chain([Look::Wait(1)]).chain(nothing()));
    let plan = script.plan().await;
    assert!(script.migration().apply(&plan, &MemoryJournal::default(), &patient()).await.unwrap().is_complete());
    let looks = script.calls("a").iter().filter(|call| call.1 == "probe").count();
    assert_eq!(looks, 1 + 4 + 1 + 6);
}

#[tokio::test(start_paused = true)]
async fn a_token_is_the_same_for_the_same_attempt_over_crash_and_doubt() {
    let script = Script::new([act("a"), act("b").effect(Effect::Additive)]);
    script.does("a", [Do::LoseRequest]);
    let plan = script.plan().await;
    let journal = MemoryJournal::default();
    let crashing = CrashingJournal::new(&journal, Crash::Before(1));
    assert!(script.migration().apply(&plan, &crashing, &hasty().only([id("a")])).await.is_err());
    assert!(script.migration().apply(&plan, &journal, &patient()).await.unwrap().is_complete());
    let tokens = script.world().tokens.clone();
    let [first, others @ ..] = &tokens[..] else { panic!("no request") };
    assert_eq!(others.iter().filter(|token| *token == first).count(), 1, "{tokens:?}");
    assert_eq!(others.iter().filter(|token| *token != first).count(), 1, "another step has another: {tokens:?}");
    assert!(first.len() == 32 && first.bytes().all(|digit| digit.is_ascii_hexdigit()));
}

#[tokio::test(start_paused = true)]
async fn what_has_ended_may_be_older_than_what_is_in_doubt() {
    let script = Script::new([act("a").settle(20, 3)]);
    script.does("a", [Do::LoseAnswer]);
    // The listing is late: it shows what ended before, then what the lost answer told of.
    script.looks("a", [Look::Spent, Look::Spent, Look::Spent, Look::Present]);
    let plan = script.plan().await;
    assert!(script.migration().apply(&plan, &MemoryJournal::default(), &patient()).await.unwrap().is_complete());
    assert_eq!(script.made("a"), 1);
}

#[tokio::test(start_paused = true)]
async fn what_would_be_made_twice_is_in_doubt_for_as_long_as_a_request_may_be_late() {
    let script = Script::new([act("a").mints()]);
    script.does("a", [Do::LoseRequest]);
    let plan = script.plan().await;
    assert!(script.migration().apply(&plan, &MemoryJournal::default(), &patient()).await.unwrap().is_complete());
    let calls = script.calls("a");
    let again = calls.iter().rev().find(|call| call.1 == "apply").unwrap().0;
    assert!((300..310).contains(&again), "{calls:?}");
}

#[tokio::test(start_paused = true)]
async fn reads_that_must_agree_do_so_without_a_window_too() {
    let script = Script::new([act("a").settle(0, 3)]);
    script.does("a", [Do::LoseRequest]);
    script.looks("a", [Look::Absent, Look::Absent, Look::Absent, Look::Present]);
    let plan = script.plan().await;
    assert!(script.migration().apply(&plan, &MemoryJournal::default(), &patient()).await.unwrap().is_complete());
    assert_eq!(script.made("a"), 0, "the third look that must agree finds it");
}

#[tokio::test(start_paused = true)]
async fn code_that_has_learned_to_be_careful_is_so_with_older_plans() {
    let script = Script::new([act("a").mints().settle(60, 5)]);
    let plan = script.plan().await;
    let careless = |body: &str| body.replacen(r#","settle":{"window":"PT1M","agreeing":5},"mints":true"#, "", 1);
    let older = forge(&plan, careless).unwrap();
    assert_ne!(older.digest(), plan.digest());
    let usual = ApplyOptions::default().patience(2 * HOUR);
    assert!(script.migration().apply(&older, &MemoryJournal::default(), &usual).await.unwrap().is_complete());
    assert_eq!(script.calls("a").last(), Some(&(30, "apply")), "a new journal wants three looks");
}

#[tokio::test(start_paused = true)]
async fn a_spent_attempt_is_made_again_with_a_new_token() {
    let script = Script::new([act("a").settle(600, 5)]);
    script.does("a", [Do::Begin]);
    script.looks("a", [Look::Absent, Look::Wait(60), Look::Spent]);
    let plan = script.plan().await;
    let journal = MemoryJournal::default();
    let outcome = script.migration().apply(&plan, &journal, &patient()).await.unwrap();
    assert!(outcome.is_complete());
    let standing = outcome.standings().standing(&id("a")).unwrap();
    assert_eq!((standing.attempts, standing.generation), (2, 1));
    let tokens = script.world().tokens.clone();
    assert_eq!(tokens.len(), 2);
    assert_ne!(tokens[0], tokens[1]);
    let spent = journal.records().into_iter().filter_map(|record| match record.entry {
        regionmig_core::Entry::Started { generation, spent, request } => {
            assert_eq!(request, regionmig_core::Digest::of(plan.steps().next().unwrap().json()));
            Some((generation, spent))
        }
        _ => None,
    });
    let spent: Vec<_> = spent.collect();
    assert_eq!(spent, [(0, None), (1, Some("it was not validated in time".to_owned()))]);
}
