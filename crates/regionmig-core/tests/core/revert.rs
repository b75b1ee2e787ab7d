//! Taking back what a journal's runs made, and nothing else.
// REQ: E-16

use std::sync::{Arc, Mutex};

use regionmig_core::{ErrorKind, Event, Hold, MemoryJournal, Outcome, Stop};

use crate::common::cloud::{Cloud, key};
use crate::common::journals::{Crash, CrashingJournal, entries};
use crate::common::script::{Act, Do, Look, Script, Undo, act, id};
use crate::common::secrets::{both, planned};
use crate::common::{Seat, hasty, patient, polled};

fn chain_of_three() -> [Act; 3] {
    [act("a").makes_itself(), act("b").needs(&["a"]).makes_itself(), act("c").needs(&["b"])]
}

fn undone(script: &Script) -> Vec<String> {
    script.world().calls.iter().filter(|call| call.1 == "revert").map(|call| call.2.clone()).collect()
}

fn held(outcome: &Outcome) -> Vec<(&str, Hold)> {
    outcome.held().iter().map(|(id, hold)| (id.subject().split_once(':').unwrap().1, hold.clone())).collect()
}

#[tokio::test(start_paused = true)]
async fn what_was_made_is_taken_back_last_first() {
    let script = Script::new(chain_of_three());
    let plan = script.plan().await;
    let journal = MemoryJournal::default();
    let migration = script.migration();
    assert_eq!(migration.apply(&plan, &journal, &hasty()).await.unwrap().ids().iter().count(), 2);
    let outcome = migration.revert(&plan, &journal, &hasty()).await.unwrap();
    assert_eq!(undone(&script), ["c", "b", "a"]);
    assert!(held(&outcome).is_empty() && script.world().there.is_empty());
    let ends = ["reverting c", "reverted c", "reverting b", "reverted b", "reverting a", "reverted a"];
    assert_eq!(entries(&journal)[6..], ends);
    assert!(outcome.ids().is_empty(), "what was taken back has become nothing: {:?}", outcome.ids());
    // Neither taken back nor made again: that would be another plan's.
    let calls = script.count();
    drop(migration.revert(&plan, &journal, &hasty()).await.unwrap());
    let again = migration.apply(&plan, &journal, &hasty()).await.unwrap();
    assert!(again.held().values().all(|hold| *hold == Hold::Reverted || matches!(hold, Hold::Behind(_))));
    assert_eq!(again.held()[&id("a")], Hold::Reverted);
    assert_eq!(script.count(), calls);
    assert!(again.to_string().contains("was taken back: plan again from a new survey"), "{again}");
}

#[tokio::test(start_paused = true)]
async fn what_was_there_before_stays_and_so_does_what_it_needs() {
    let script = Script::new(chain_of_three());
    script.looks("b", [Look::Present]);
    let plan = script.plan().await;
    let journal = MemoryJournal::default();
    drop(script.migration().apply(&plan, &journal, &hasty()).await.unwrap());
    let outcome = script.migration().revert(&plan, &journal, &hasty()).await.unwrap();
    assert_eq!(undone(&script), ["c"]);
    assert_eq!(held(&outcome), [("a", Hold::NeededBy(id("b"))), ("b", Hold::NotMade)]);
    let text = "\
taken back: 1 steps; 2 are left as they are
held: 2
  script/do/fake.act:a
    needed by `script/do/fake.act:b`, which stays: see to the step that needs it
  script/do/fake.act:b
    was there before: leave it, or take it away by hand
";
    assert_eq!(outcome.to_string(), text);
    assert!(!outcome.is_complete(), "`a` was made and stays");
}

#[tokio::test(start_paused = true)]
async fn what_somebody_else_made_after_a_refusal_stays() {
    let script = Script::new([act("a")]);
    script.does("a", [Do::Refuse(ErrorKind::AccessDenied)]);
    let plan = script.plan().await;
    let journal = MemoryJournal::default();
    drop(script.migration().apply(&plan, &journal, &hasty()).await.unwrap());
    // A person who may makes it.
    script.looks("a", [Look::Present]);
    let outcome = script.migration().apply(&plan, &journal, &hasty()).await.unwrap();
    assert!(outcome.is_complete());
    assert!(outcome.to_string().starts_with("done: 1 of 1 steps, 0 made, 1 found\n"), "{outcome}");
    let outcome = script.migration().revert(&plan, &journal, &hasty()).await.unwrap();
    assert_eq!((undone(&script), held(&outcome)), (vec![], vec![("a", Hold::NotMade)]));
    assert!(outcome.is_complete(), "nothing is left that was made: {outcome}");
}

#[tokio::test(start_paused = true)]
async fn what_an_earlier_request_may_have_made_is_ours_whatever_became_of_later_ones() {
    let script = Script::new([act("a")]);
    script.does("a", [Do::LoseRequest, Do::Refuse(ErrorKind::AccessDenied)]);
    let plan = script.plan().await;
    let journal = MemoryJournal::default();
    drop(script.migration().apply(&plan, &journal, &patient()).await.unwrap());
    script.looks("a", [Look::Fail(ErrorKind::AccessDenied)]);
    drop(script.migration().apply(&plan, &journal, &patient()).await.unwrap());
    script.looks("a", [Look::Present]);
    assert!(script.migration().apply(&plan, &journal, &patient()).await.unwrap().is_complete());
    drop(script.migration().revert(&plan, &journal, &hasty()).await.unwrap());
    assert_eq!(undone(&script), ["a"]);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_taken_back_stays_and_so_does_what_it_needs() {
    let script = Script::new(chain_of_three());
    let plan = script.plan().await;
    let journal = MemoryJournal::default();
    drop(script.migration().apply(&plan, &journal, &hasty()).await.unwrap());
    script.undoes("b", [Undo::Unsupported]);
    let outcome = script.migration().revert(&plan, &journal, &hasty()).await.unwrap();
    assert_eq!(undone(&script), ["c", "b"]);
    assert_eq!(held(&outcome), [("a", Hold::NeededBy(id("b"))), ("b", Hold::Permanent)]);
    assert!(outcome.standings().standing(&id("b")).unwrap().is_made(), "it is done, as before");
    assert!(!outcome.is_complete());
    assert_eq!(entries(&journal)[8..], ["reverting b", "kept b"]);
    // Nothing of it is in doubt: it can be asked again, and a run goes on from it.
    script.undoes("b", [Undo::Unsupported]);
    let again = script.migration().revert(&plan, &journal, &hasty()).await.unwrap();
    assert!(again.to_string().contains("fake.act:b\n    cannot be taken back: take it away by hand"), "{again}");
    let applied = script.migration().apply(&plan, &journal, &hasty()).await.unwrap();
    assert_eq!(held(&applied), [("c", Hold::Reverted)]);
    assert!(applied.failed().next().is_none() && !applied.to_string().contains("fake.act:b"), "{applied}");
}

#[tokio::test(start_paused = true)]
async fn where_nothing_can_be_taken_back_the_journal_is_none_the_worse_for_it() {
    let script = Script::new([act("a").makes_itself(), act("b").needs(&["a"]), act("c").needs(&["a"])]);
    let plan = script.plan().await;
    let journal = MemoryJournal::default();
    drop(script.migration().apply(&plan, &journal, &hasty().only([id("a"), id("b")])).await.unwrap());
    script.undoes("b", [Undo::Unsupported]);
    drop(script.migration().revert(&plan, &journal, &hasty()).await.unwrap());
    assert!(script.migration().apply(&plan, &journal, &hasty()).await.unwrap().is_complete());
    assert_eq!(script.applied(), ["a", "b", "c"]);
}

#[tokio::test(start_paused = true)]
async fn a_reversal_that_fails_keeps_what_it_needs_and_the_next_goes_on() {
    for kind in [ErrorKind::AccessDenied, ErrorKind::OutcomeUnknown, ErrorKind::Throttle] {
        let script = Script::new([act("a").makes_itself(), act("b").needs(&["a"]), act("c")]);
        let plan = script.plan().await;
        let journal = MemoryJournal::default();
        drop(script.migration().apply(&plan, &journal, &hasty()).await.unwrap());
        script.undoes("b", [Undo::Refuse(kind)]);
        let outcome = script.migration().revert(&plan, &journal, &hasty()).await.unwrap();
        assert_eq!(held(&outcome), [("a", Hold::NeededBy(id("b"))), ("b", Hold::Stopped)], "{kind}");
        assert!(outcome.stopped.is_none());
        let doubt = kind == ErrorKind::OutcomeUnknown;
        let told = if doubt { "failed in doubt b" } else { "failed b" };
        assert!(entries(&journal).contains(&told.to_owned()), "{kind}: {:?}", entries(&journal));
        assert_eq!(undone(&script).len(), 2, "{kind}: and `c` none the worse for it");
        let applied = script.migration().apply(&plan, &journal, &hasty()).await.unwrap();
        assert_eq!(applied.held()[&id("b")], Hold::Reverted, "being taken back");
        let again = script.migration().revert(&plan, &journal, &hasty()).await.unwrap();
        assert!(held(&again).is_empty() && script.world().there.is_empty(), "{kind}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_reversal_that_fails_is_told_with_its_reason() {
    let script = Script::new([act("a"), act("b"), act("c")]);
    let plan = script.plan().await;
    let journal = MemoryJournal::default();
    drop(script.migration().apply(&plan, &journal, &hasty()).await.unwrap());
    script.undoes("a", [Undo::Refuse(ErrorKind::Throttle)]);
    script.undoes("b", [Undo::Panic]);
    let told = Arc::new(Mutex::new(Vec::new()));
    let notes = Arc::clone(&told);
    let migration = script.migration().observe(move |event| {
        if let Event::StepFailed { step, again_after, .. } = event {
            notes.lock().unwrap().push((step.clone(), *again_after));
        }
    });
    let outcome = migration.revert(&plan, &journal, &hasty()).await.unwrap();
    let failed: Vec<_> = outcome.failed().map(|(id, error)| (id.clone(), error.to_string())).collect();
    let throttled = "script: revert failed: the fake said throttled".to_owned();
    assert_eq!(failed, [(id("a"), throttled.clone()), (id("b"), "the service panicked".to_owned())]);
    assert_eq!(*told.lock().unwrap(), [(id("b"), None), (id("a"), None)], "it is not tried again in this run");
    assert_eq!(undone(&script), ["c", "b", "a"], "and the others are none the worse for it");
    assert!(outcome.to_string().contains(&throttled) && !outcome.to_string().contains("may have been carried out"));
    assert!(!format!("{:?}{outcome}", journal.records()).contains("secret"));
    let json: serde_json::Value = serde_json::from_str(&outcome.to_json()).unwrap();
    assert_eq!(
        (&json["steps"][0]["state"], &json["steps"][0]["error"]["kind"]),
        (&"reverting".into(), &"throttle".into())
    );
    let again = script.migration().revert(&plan, &journal, &hasty()).await.unwrap();
    assert!(again.failed().next().is_none() && script.world().there.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_reversal_that_was_cut_off_is_told_as_such() {
    let script = Script::new([act("a")]);
    let plan = script.plan().await;
    let journal = MemoryJournal::default();
    drop(script.migration().apply(&plan, &journal, &hasty()).await.unwrap());
    script.undoes("a", [Undo::Refuse(ErrorKind::Throttle)]);
    drop(script.migration().revert(&plan, &journal, &hasty()).await.unwrap());
    let crashing = CrashingJournal::new(&journal, Crash::Before(5));
    assert!(script.migration().revert(&plan, &crashing, &hasty()).await.is_err());
    let outcome = script.migration().apply(&plan, &journal, &hasty()).await.unwrap();
    assert!(outcome.failed().next().is_none(), "why an earlier try failed is no news");
    assert!(outcome.to_string().contains("fake.act:a\n    may have been carried out: run this again"), "{outcome}");
}

#[tokio::test(start_paused = true)]
async fn expired_credentials_stop_it() {
    let script = Script::new(chain_of_three());
    let plan = script.plan().await;
    let journal = MemoryJournal::default();
    drop(script.migration().apply(&plan, &journal, &hasty()).await.unwrap());
    script.undoes("c", [Undo::Refuse(ErrorKind::Credentials)]);
    let outcome = script.migration().revert(&plan, &journal, &hasty()).await.unwrap();
    assert!(matches!(outcome.stopped, Some(Stop::Credentials(_))));
    let needed = |name| Hold::NeededBy(id(name));
    assert_eq!(held(&outcome), [("a", needed("b")), ("b", needed("c")), ("c", Hold::Stopped)]);
    assert_eq!(undone(&script).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn expired_credentials_and_a_cancelled_token_stop_what_nothing_needs_too() {
    let script = Script::new([act("a"), act("b"), act("c")]);
    let plan = script.plan().await;
    let journal = MemoryJournal::default();
    drop(script.migration().apply(&plan, &journal, &hasty()).await.unwrap());
    script.undoes("c", [Undo::Refuse(ErrorKind::Credentials)]);
    let outcome = script.migration().revert(&plan, &journal, &hasty()).await.unwrap();
    assert_eq!(undone(&script), ["c"]);
    assert_eq!(held(&outcome), [("a", Hold::Stopped), ("b", Hold::Stopped), ("c", Hold::Stopped)]);
    let token = regionmig_core::CancellationToken::new();
    token.cancel();
    let outcome = script.migration().revert(&plan, &journal, &hasty().stop(token)).await.unwrap();
    assert_eq!((undone(&script).len(), held(&outcome).len()), (1, 3));
    assert_eq!(outcome.stopped, Some(Stop::Cancelled));
}

#[tokio::test(start_paused = true)]
async fn what_is_in_doubt_or_waits_is_left_alone_and_what_surely_failed_does_not_count() {
    for (kind, kept) in [(ErrorKind::Unexpected, true), (ErrorKind::AccessDenied, false)] {
        let script = Script::new([act("a"), act("b").after("a")]);
        script.does("b", [Do::Refuse(kind)]);
        let plan = script.plan().await;
        let journal = MemoryJournal::default();
        drop(script.migration().apply(&plan, &journal, &hasty()).await.unwrap());
        let outcome = script.migration().revert(&plan, &journal, &hasty()).await.unwrap();
        assert_eq!(undone(&script).is_empty(), kept, "{kind}");
        assert_eq!(outcome.held().get(&id("b")), kept.then_some(&Hold::UnderWay));
        assert_eq!(outcome.is_complete(), !kept);
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_that_nobody_has_done_keeps_nothing() {
    let script = Script::new([act("a").makes_itself(), act("b").needs(&["a"])]);
    script.looks("b", vec![Look::Task("fake.enable"); 9]);
    let plan = script.plan().await;
    let journal = MemoryJournal::default();
    assert_eq!(script.migration().apply(&plan, &journal, &hasty()).await.unwrap().waiting().count(), 1);
    let outcome = script.migration().revert(&plan, &journal, &hasty()).await.unwrap();
    assert!(outcome.is_complete() && outcome.held().is_empty(), "{outcome}");
    assert_eq!(undone(&script), ["a"]);
    // One that was begun and waits may be there.
    let script = Script::new([act("a")]);
    script.does("a", [Do::Begin]);
    script.looks("a", [Look::Absent, Look::Wait(60)]);
    let plan = script.plan().await;
    let journal = MemoryJournal::default();
    drop(script.migration().apply(&plan, &journal, &hasty()).await.unwrap());
    let outcome = script.migration().revert(&plan, &journal, &hasty()).await.unwrap();
    assert_eq!((outcome.is_complete(), held(&outcome)), (false, vec![("a", Hold::UnderWay)]));
}

#[tokio::test(start_paused = true)]
async fn only_the_named_steps_are_taken_back() {
    let script = Script::new(chain_of_three());
    let plan = script.plan().await;
    let journal = MemoryJournal::default();
    drop(script.migration().apply(&plan, &journal, &hasty()).await.unwrap());
    let outcome = script.migration().revert(&plan, &journal, &hasty().only([id("a"), id("c")])).await.unwrap();
    assert_eq!(undone(&script), ["c"]);
    assert_eq!(held(&outcome), [("a", Hold::NeededBy(id("b"))), ("b", Hold::LeftOut)]);
}

#[tokio::test(start_paused = true)]
async fn a_crash_at_any_record_takes_nothing_back_twice_and_forgets_nothing() {
    for limit in 0..=12 {
        for crash in [Crash::Before(limit), Crash::After(limit)] {
            let cloud = Cloud::new(1, 2);
            let migration = both(&cloud, &Seat::new());
            let plan = planned(&migration).await;
            let journal = MemoryJournal::default();
            assert!(migration.apply(&plan, &journal, &hasty()).await.unwrap().is_complete());
            assert_eq!(journal.records().len(), 6);
            drop(migration.revert(&plan, &CrashingJournal::new(&journal, crash), &hasty()).await);
            let outcome = migration.revert(&plan, &journal, &hasty()).await.unwrap();
            assert!(outcome.held().is_empty(), "{crash:?}: {outcome}");
            assert!(cloud.target(|target| target.keys.is_empty() && target.secrets.is_empty()), "{crash:?}");
            let reverted = entries(&journal).iter().filter(|entry| entry.starts_with("reverted")).count();
            assert_eq!(reverted, 3, "{crash:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_reversal_may_be_dropped_at_any_point() {
    for points in 0.. {
        let cloud = Cloud::new(1, 2);
        let migration = both(&cloud, &Seat::new());
        let plan = planned(&migration).await;
        let journal = MemoryJournal::default();
        drop(migration.apply(&plan, &journal, &hasty()).await.unwrap());
        let options = hasty();
        let ended = polled(migration.revert(&plan, &journal, &options), points).await;
        assert!(migration.revert(&plan, &journal, &options).await.unwrap().held().is_empty(), "{points}");
        assert!(cloud.target(|target| target.keys.is_empty() && target.secrets.is_empty()), "{points}");
        if ended.is_some() {
            assert!(points > 3);
            break;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_journal_nothing_more_is_taken_back() {
    let script = Script::new(chain_of_three());
    let plan = script.plan().await;
    let journal = MemoryJournal::default();
    drop(script.migration().apply(&plan, &journal, &hasty()).await.unwrap());
    for (limit, calls) in [(6, 0), (7, 1), (8, 2)] {
        let crashing = CrashingJournal::new(&journal, Crash::Before(limit));
        let error = script.migration().revert(&plan, &crashing, &hasty()).await.unwrap_err();
        assert!(matches!(error, regionmig_core::Error::Journal(_)));
        assert_eq!(undone(&script).len(), calls);
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_that_another_plan_made_is_not_this_journals() {
    let cloud = Cloud::new(2, 0);
    let migration = both(&cloud, &Seat::new());
    let plan = planned(&migration).await;
    let (first, second) = (MemoryJournal::default(), MemoryJournal::default());
    let one = crate::common::step("keys/create/fake.key:key0");
    drop(migration.apply(&plan, &first, &hasty().only([one])).await.unwrap());
    assert!(migration.apply(&plan, &second, &hasty()).await.unwrap().is_complete());
    drop(migration.revert(&plan, &second, &hasty()).await.unwrap());
    let left = cloud.target(|target| target.keys.values().map(|key| key.mark.clone().unwrap()).collect::<Vec<_>>());
    assert_eq!(left, [key("key0")]);
}
