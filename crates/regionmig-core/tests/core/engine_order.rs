//! What runs before what, and what a failure stops.

use std::sync::Arc;

use regionmig_core::{Effect, ErrorKind, Hold, MemoryJournal, Status};

use crate::common::journals::{SlowJournal, entries};
use crate::common::script::{Do, Look, Script, act, id, name};
use crate::common::{hasty, patient, step};

#[tokio::test(start_paused = true)]
async fn order_comes_from_what_steps_need_and_produce() {
    // In the order of their names they would run the other way round.
    let script = Script::new([act("a").needs(&["b"]), act("b").makes_itself().needs(&["c"]), act("c").makes_itself()]);
    let plan = script.plan().await;
    let outcome = script.migration().apply(&plan, &MemoryJournal::default(), &hasty()).await.unwrap();
    assert!(outcome.is_complete());
    assert_eq!(script.applied(), ["c", "b", "a"]);
}

#[tokio::test(start_paused = true)]
async fn a_step_comes_after_those_it_names_if_the_plan_has_them() {
    let script = Script::new([act("a").after("z"), act("b").after("nobody"), act("z")]);
    let plan = script.plan().await;
    let one = hasty().concurrency(1);
    assert!(script.migration().apply(&plan, &MemoryJournal::default(), &one).await.unwrap().is_complete());
    assert_eq!(script.applied(), ["b", "z", "a"]);
}

#[tokio::test(start_paused = true)]
async fn a_failed_step_stops_only_what_needs_it() {
    let script = Script::new([
        act("a").makes_itself(),
        act("b").needs(&["a"]).makes_itself(),
        act("c").needs(&["b"]),
        act("d").makes_itself(),
        act("e").needs(&["d"]),
    ]);
    script.does("a", [Do::Refuse(ErrorKind::AccessDenied)]);
    let plan = script.plan().await;
    let journal = MemoryJournal::default();
    let outcome = script.migration().apply(&plan, &journal, &hasty().concurrency(1)).await.unwrap();
    assert_eq!(script.applied(), ["a", "d", "e"]);
    let failed: Vec<_> = outcome.failed().map(|(id, error)| (id.clone(), error.kind)).collect();
    assert_eq!(failed, [(id("a"), ErrorKind::AccessDenied)]);
    let held: Vec<_> = outcome.held().iter().map(|(id, hold)| (id.clone(), hold.clone())).collect();
    assert_eq!(held, [(id("b"), Hold::Behind(id("a"))), (id("c"), Hold::Behind(id("b")))]);
    let again = script.migration().apply(&plan, &journal, &hasty()).await.unwrap();
    assert!(again.is_complete(), "{again}");
    assert!(["a", "b", "c", "d", "e"].iter().all(|name| script.made(name) == 1));
}

#[tokio::test(start_paused = true)]
async fn what_a_held_step_would_make_holds_what_needs_it() {
    let script = Script::new([act("a").makes_itself().effect(Effect::Overwriting), act("b").needs(&["a"]), act("c")]);
    let plan = script.plan().await;
    let outcome = script.migration().apply(&plan, &MemoryJournal::default(), &hasty()).await.unwrap();
    assert_eq!(outcome.held()[&id("a")], Hold::WantsLeave(Effect::Overwriting));
    assert_eq!(outcome.held()[&id("b")], Hold::Behind(id("a")));
    assert_eq!(script.applied(), ["c"]);
    assert!(!outcome.is_complete());
}

#[tokio::test(start_paused = true)]
async fn it_is_written_down_before_a_request_is_sent_and_before_the_next_step_begins() {
    let script = Script::new([act("a").makes_itself(), act("b").needs(&["a"])]);
    let plan = script.plan().await;
    let journal = SlowJournal { inner: MemoryJournal::default(), notes: Arc::clone(&script.world().notes) };
    assert!(script.migration().apply(&plan, &journal, &hasty()).await.unwrap().is_complete());
    let notes = script.world().notes.lock().unwrap().clone();
    let expected = ["probe a", "started a", "apply a", "done a", "probe b", "started b", "apply b", "done b"];
    assert_eq!(notes, expected);
}

#[tokio::test(start_paused = true)]
async fn what_is_there_is_adopted_and_nothing_is_sent() {
    let script = Script::new([act("a").makes_itself(), act("b").needs(&["a"])]);
    script.looks("a", [Look::Present]);
    let plan = script.plan().await;
    let journal = MemoryJournal::default();
    let outcome = script.migration().apply(&plan, &journal, &hasty()).await.unwrap();
    assert!(outcome.is_complete());
    assert_eq!(script.applied(), ["b"]);
    assert_eq!(entries(&journal), ["done a", "started b", "done b"]);
    let standing = |name| outcome.standings().standing(&id(name)).unwrap();
    assert!(!standing("a").is_made() && standing("b").is_made());
    assert_eq!((standing("a").attempts, standing("b").attempts), (0, 1));
    assert!(standing("a").receipt().is_some());
    assert!(outcome.to_string().starts_with("done: 2 of 2 steps, 1 made, 1 found\n"), "{outcome}");
}

#[tokio::test(start_paused = true)]
async fn what_is_done_is_not_even_looked_at_again() {
    let script = Script::new([act("a"), act("b")]);
    let plan = script.plan().await;
    let journal = MemoryJournal::default();
    assert!(script.migration().apply(&plan, &journal, &hasty()).await.unwrap().is_complete());
    let calls = script.count();
    let written = journal.records().len();
    assert!(script.migration().apply(&plan, &journal, &patient()).await.unwrap().is_complete());
    assert_eq!((script.count(), journal.records().len()), (calls, written));
}

#[tokio::test(start_paused = true)]
async fn no_more_are_looked_at_at_once_than_allowed() {
    for (allowed, most) in [(0, 1), (1, 1), (3, 3), (50, 9)] {
        let script = Script::new((0..9).map(|i| act(&format!("a{i}"))));
        (0..9).for_each(|i| script.does(&format!("a{i}"), [Do::Slow(1)]));
        let plan = script.plan().await;
        let options = hasty().concurrency(allowed);
        assert!(script.migration().apply(&plan, &MemoryJournal::default(), &options).await.unwrap().is_complete());
        assert_eq!(script.world().most, most, "{allowed} allowed");
    }
}

#[tokio::test(start_paused = true)]
async fn a_step_that_is_due_waits_for_a_slot() {
    let script = Script::new([act("a"), act("b")]);
    script.looks("a", [Look::Wait(5)]);
    script.does("b", [Do::Slow(30)]);
    let plan = script.plan().await;
    let one = patient().concurrency(1);
    assert!(script.migration().apply(&plan, &MemoryJournal::default(), &one).await.unwrap().is_complete());
    assert_eq!(script.calls("a"), [(0, "probe"), (30, "probe"), (30, "apply")]);
}

#[tokio::test(start_paused = true)]
async fn only_the_named_steps_run() {
    let script = Script::new([act("a"), act("b").after("a"), act("c")]);
    let plan = script.plan().await;
    let journal = MemoryJournal::default();
    let outcome = script.migration().apply(&plan, &journal, &hasty().only([id("b"), id("c")])).await.unwrap();
    assert_eq!(script.applied(), ["c"]);
    assert_eq!(outcome.held()[&id("a")], Hold::LeftOut);
    assert_eq!(outcome.held()[&id("b")], Hold::Behind(id("a")));
    assert!(!outcome.held().contains_key(&id("c")));
    assert!(script.migration().apply(&plan, &journal, &hasty()).await.unwrap().is_complete());
}

#[tokio::test(start_paused = true)]
async fn a_step_that_the_plan_does_not_have_is_refused_by_name() {
    let script = Script::new([act("a")]);
    let plan = script.plan().await;
    let wrong = step("script/do/fake.act:typo");
    for options in [hasty().only([wrong.clone()]), hasty().dangerously_allow(wrong.clone())] {
        let journal = MemoryJournal::default();
        for result in [
            script.migration().apply(&plan, &journal, &options).await,
            script.migration().revert(&plan, &journal, &options).await,
        ] {
            let error = result.unwrap_err();
            assert!(regionmig_core::chain(&error).contains("typo"), "{error:?}");
        }
    }
    assert_eq!(script.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_is_harder_to_take_back_wants_leave() {
    let script = Script::new([
        act("add"),
        act("after").after("delete"),
        act("change").effect(Effect::Overwriting),
        act("delete").effect(Effect::Irreversible),
        act("erase").effect(Effect::Irreversible),
    ]);
    let plan = script.plan().await;
    let journal = MemoryJournal::default();
    let applied = async |options| {
        drop(script.migration().apply(&plan, &journal, &options).await.unwrap());
        script.applied()
    };
    assert_eq!(applied(hasty()).await, ["add"]);
    assert_eq!(applied(hasty().allow_overwriting()).await, ["add", "change"]);
    let named = hasty().dangerously_allow(id("delete"));
    assert_eq!(applied(named.clone().only([id("erase")])).await.len(), 2, "named is not wanted");
    assert_eq!(applied(named).await, ["add", "change", "delete", "after"]);
    let outcome = script.migration().apply(&plan, &journal, &hasty().allow_overwriting()).await.unwrap();
    assert_eq!(outcome.held()[&id("erase")], Hold::WantsLeave(Effect::Irreversible));
    assert_eq!(outcome.standings().standing(&id("erase")).unwrap().status, Status::Pending);
}

#[tokio::test(start_paused = true)]
async fn a_step_gets_only_what_it_said_it_needs() {
    let script = Script::new([act("a").makes_itself(), act("b").needs(&["a"]), act("c").after("a")]);
    ["b", "c"].iter().for_each(|step| script.does(step, [Do::Reach("a")]));
    let plan = script.plan().await;
    let outcome = script.migration().apply(&plan, &MemoryJournal::default(), &hasty()).await.unwrap();
    let failed: Vec<_> = outcome.failed().map(|(id, error)| (id.clone(), error.kind)).collect();
    // The one reached it, the other was told that there is no such thing.
    assert_eq!(failed, [(id("b"), ErrorKind::Conflict), (id("c"), ErrorKind::Unexpected)]);
}

#[tokio::test(start_paused = true)]
async fn outside_of_a_run_a_step_gets_what_it_is_given() {
    use regionmig_core::{Binding, IdMap, RunContext, StepContext};
    let (run, step) = (RunContext::new(crate::common::route(), &crate::common::Seat::new()), id("c"));
    let mut ids = IdMap::default();
    ids.bind(&name("a"), &name("new-a")).unwrap();
    let (with, without) =
        (StepContext::detached(&run, &step, ids), StepContext::detached(&run, &step, IdMap::default()));
    let binding = Binding::target_of(&name("a"));
    assert_eq!(with.resolve(&binding).unwrap().as_str(), "new-a");
    assert!(without.resolve(&binding).is_err());
    let template = regionmig_core::Template::default().text("to ").target_of(&name("a"));
    assert_eq!(with.fill(&template).unwrap(), "to new-a");
    assert!(without.fill(&template).is_err() && with.known().is_empty() && with.doubt().is_none());
    assert_ne!(with.token("one", 32), with.token("two", 32), "another request has another token");
    assert_eq!(with.token("one", 32), without.token("one", 64)[..32]);
    with.save(&7_u8).await.unwrap();
    assert_eq!((with.saved::<u8>(), with.saved::<String>(), without.saved::<u8>()), (Some(7), None, None));
    assert_eq!((with.step(), with.end(regionmig_core::Side::Target)), (&step, &crate::common::route().target));
}
