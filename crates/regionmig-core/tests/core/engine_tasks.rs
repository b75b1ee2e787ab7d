//! What somebody must do: a person, or a hook of the caller's.
// REQ: E-9

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use regionmig_core::{
    BoxError, CancellationToken, Entry, ErrorKind, Event, Journal as _, MemoryJournal, Migration, Perform, Record,
    Status, Stop, Task, chain,
};

use crate::common::journals::entries;
use crate::common::script::{Do, Look, Script, act, id};
use crate::common::{epoch, hasty, patient, step};

/// Does what it is asked, or says that it cannot.
#[derive(Clone, Debug, Default)]
struct Hook {
    calls: Arc<Mutex<Vec<Task>>>,
    fails: bool,
}

#[async_trait]
impl Perform for Hook {
    async fn perform(&self, task: &Task) -> Result<(), BoxError> {
        tokio::task::yield_now().await;
        self.calls.lock().unwrap().push(task.clone());
        if self.fails { Err("no such zone".into()) } else { Ok(()) }
    }
}

fn watched(migration: Migration) -> (Migration, Arc<Mutex<Vec<Event>>>) {
    let events = Arc::new(Mutex::new(Vec::new()));
    let notes = Arc::clone(&events);
    (migration.observe(move |event| notes.lock().unwrap().push(event.clone())), events)
}

fn manual(looks: usize) -> Script {
    let script = Script::new([act("a"), act("b").after("a")]);
    script.looks("a", vec![Look::Task("fake.enable"); looks]);
    script
}

#[tokio::test(start_paused = true)]
async fn a_persons_task_waits_and_is_news_once() {
    let script = manual(999);
    let plan = script.plan().await;
    let journal = MemoryJournal::default();
    let (migration, events) = watched(script.migration());
    let outcome = migration.apply(&plan, &journal, &patient()).await.unwrap();
    let (step, task) = outcome.tasks().next().unwrap();
    assert_eq!((step, task.code.as_str(), task.values["where"].as_str()), (&id("a"), "fake.enable", "there"));
    assert_eq!(entries(&journal), ["waiting a"], "looking again is no news");
    assert!(script.calls("a").len() > 10, "though it was looked at again and again");
    let told = events.lock().unwrap().iter().filter(|event| matches!(event, Event::StepWaiting { .. })).count();
    assert_eq!(told, 1);
    assert!(script.applied().is_empty());
    let text = outcome.to_string();
    assert!(text.contains("somebody: [fake.enable] do it; where = there, then run this again"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_person_answers_for_what_nothing_can_look_at() {
    let script = manual(99);
    let plan = script.plan().await;
    let journal = MemoryJournal::default();
    let migration = script.migration();
    drop(migration.apply(&plan, &journal, &hasty()).await.unwrap());
    migration.acknowledge(&plan, &journal, &id("a"), "ann", "saw it").await.unwrap();
    let outcome = migration.apply(&plan, &journal, &hasty()).await.unwrap();
    assert!(outcome.is_complete(), "{outcome}");
    let standing = outcome.standings().standing(&id("a")).unwrap();
    assert!(matches!(&standing.status, Status::Done(receipt) if receipt.artifacts == ["ann: saw it"]));
    assert_eq!(standing.acknowledgement, Some(("ann".to_owned(), "saw it".to_owned())));
    assert_eq!(entries(&journal), ["waiting a", "acknowledged a", "done a", "started b", "done b"]);
    // What is done needs nobody's word, and what the plan does not have cannot be answered for.
    assert!(migration.acknowledge(&plan, &journal, &id("a"), "ann", "again").await.is_err());
    let unknown = step("script/do/fake.act:typo");
    assert!(migration.acknowledge(&plan, &journal, &unknown, "ann", "").await.is_err());
    assert_eq!(journal.records().len(), 5, "and the journal has none of it");
}

#[tokio::test(start_paused = true)]
async fn a_word_that_comes_while_the_step_ends_does_no_harm() {
    let script = manual(1);
    let plan = script.plan().await;
    let journal = MemoryJournal::default();
    assert!(script.migration().apply(&plan, &journal, &patient()).await.unwrap().is_complete());
    let error = script.migration().acknowledge(&plan, &journal, &id("a"), "ann", "").await.unwrap_err();
    assert!(chain(&error).contains("there is nothing left to answer for"), "{}", chain(&error));
    // It was admitted before the step was done, and stored after.
    let entry = Entry::Acknowledged { by: "ann".to_owned(), note: String::new() };
    journal.append(&Record::new(epoch(), id("a"), entry)).await.unwrap();
    assert!(script.migration().apply(&plan, &journal, &patient()).await.unwrap().is_complete());
    assert!(script.migration().fail_back(&plan, &journal).await.is_ok());
}

/// Never comes to an end.
#[derive(Clone, Debug)]
struct Stuck;

#[async_trait]
impl Perform for Stuck {
    async fn perform(&self, _: &Task) -> Result<(), BoxError> {
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn a_hook_takes_no_place_from_other_steps_and_ends_with_the_run() {
    let script = Script::new([act("a"), act("b"), act("c")]);
    script.looks("a", vec![Look::Task("fake.enable"); 9]);
    let plan = script.plan().await;
    let migration = script.migration().on_task("fake.enable", Stuck);
    let options = hasty().patience(Duration::from_secs(90)).concurrency(1);
    let outcome = migration.apply(&plan, &MemoryJournal::default(), &options).await.unwrap();
    assert_eq!(script.applied(), ["b", "c"]);
    // At once, not when there is no more time for the hook.
    assert!(["b", "c"].iter().flat_map(|step| script.calls(step)).all(|(second, _)| second == 0));
    assert_eq!(outcome.waiting().count(), 1);
    assert_eq!(script.seat.clock.elapsed(), Duration::from_secs(90));
    let token = CancellationToken::new();
    let (journal, options) = (MemoryJournal::default(), patient().stop(token.clone()));
    let (outcome, ()) = tokio::join!(migration.apply(&plan, &journal, &options), async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        token.cancel();
    });
    assert_eq!(outcome.unwrap().stopped, Some(Stop::Cancelled));
    assert_eq!(script.seat.clock.elapsed(), Duration::from_secs(95));
}

/// Panics, and counts how many are under way.
#[derive(Clone, Debug, Default)]
struct Clumsy {
    under_way: Arc<Mutex<(usize, usize)>>,
}

#[async_trait]
impl Perform for Clumsy {
    async fn perform(&self, _: &Task) -> Result<(), BoxError> {
        {
            let mut under_way = self.under_way.lock().unwrap();
            under_way.0 += 1;
            under_way.1 = under_way.1.max(under_way.0);
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        self.under_way.lock().unwrap().0 -= 1;
        panic!("what it says may be a secret")
    }
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_panics_leaves_the_step_waiting_and_only_so_many_run_at_once() {
    let names: Vec<String> = (0..9).map(|i| format!("a{i}")).collect();
    let script = Script::new(names.iter().map(|name| act(name)));
    names.iter().for_each(|name| script.looks(name, vec![Look::Task("fake.enable"); 9]));
    let plan = script.plan().await;
    let hook = Clumsy::default();
    let (migration, events) = watched(script.migration().on_task("fake.enable", hook.clone()));
    let outcome = migration.apply(&plan, &MemoryJournal::default(), &hasty().concurrency(2)).await.unwrap();
    assert_eq!((outcome.waiting().count(), outcome.failed().count()), (9, 0));
    let told = events.lock().unwrap().iter().filter(|event| matches!(event, Event::TaskFailed { .. })).count();
    assert_eq!((told, hook.under_way.lock().unwrap().1), (9, 2));
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_has_ended_makes_no_room_for_more_steps() {
    let script = Script::new([act("a"), act("b"), act("c"), act("d")]);
    script.looks("a", [Look::Task("fake.enable")]);
    ["b", "c", "d"].iter().for_each(|step| script.does(step, [Do::Slow(10)]));
    let plan = script.plan().await;
    let migration = script.migration().on_task("fake.enable", Hook::default());
    let options = patient().concurrency(1);
    assert!(migration.apply(&plan, &MemoryJournal::default(), &options).await.unwrap().is_complete());
    assert_eq!(script.world().most, 1);
}

#[tokio::test(start_paused = true)]
async fn a_hook_ends_with_a_run_whose_credentials_have_expired() {
    let script = Script::new([act("a"), act("b")]);
    script.looks("a", vec![Look::Task("fake.enable"); 9]);
    script.does("b", [Do::Refuse(ErrorKind::Credentials)]);
    let plan = script.plan().await;
    let migration = script.migration().on_task("fake.enable", Stuck);
    let outcome = migration.apply(&plan, &MemoryJournal::default(), &patient()).await.unwrap();
    assert!(matches!(outcome.stopped, Some(Stop::Credentials(_))));
    assert_eq!(script.seat.clock.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn no_service_is_asked_without_a_pause() {
    let script = Script::new([act("a")]);
    script.looks("a", [Look::Wait(0), Look::Wait(0), Look::Present]);
    let plan = script.plan().await;
    assert!(script.migration().apply(&plan, &MemoryJournal::default(), &patient()).await.unwrap().is_complete());
    assert_eq!(script.calls("a"), [(0, "probe"), (1, "probe"), (2, "probe")]);
}

#[tokio::test(start_paused = true)]
async fn a_hook_does_a_task_once_in_a_run() {
    let script = manual(4);
    let plan = script.plan().await;
    let hook = Hook::default();
    let migration = script.migration().on_task("fake.enable", hook.clone()).on_task("fake.other", Hook::default());
    let journal = MemoryJournal::default();
    assert!(migration.apply(&plan, &journal, &patient()).await.unwrap().is_complete());
    let calls = hook.calls.lock().unwrap().clone();
    assert_eq!(calls.iter().map(|task| task.values["where"].as_str()).collect::<Vec<_>>(), ["there"]);
}

#[tokio::test(start_paused = true)]
async fn a_hook_is_asked_again_by_the_next_run_and_for_the_next_task() {
    let script = Script::new([act("a")]);
    let plan = script.plan().await;
    let hook = Hook::default();
    let migration = script.migration().on_task("fake.one", hook.clone()).on_task("fake.two", hook.clone());
    let journal = MemoryJournal::default();
    let calls = || hook.calls.lock().unwrap().iter().map(|task| task.code.clone()).collect::<Vec<_>>();
    script.looks("a", [Look::Task("fake.one"); 2].into_iter().chain([Look::Task("fake.two")]));
    drop(migration.apply(&plan, &journal, &hasty()).await.unwrap());
    assert_eq!(calls(), ["fake.one"]);
    assert!(migration.apply(&plan, &journal, &patient()).await.unwrap().is_complete());
    assert_eq!(calls(), ["fake.one", "fake.one", "fake.two"]);
    assert_eq!(entries(&journal), ["waiting a", "waiting a", "started a", "done a"]);
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_fails_is_told_of_and_the_step_goes_on_waiting() {
    let script = manual(3);
    let plan = script.plan().await;
    let hook = Hook { fails: true, ..Hook::default() };
    let (migration, events) = watched(script.migration().on_task("fake.enable", hook.clone()));
    let outcome = migration.apply(&plan, &MemoryJournal::default(), &patient()).await.unwrap();
    assert!(outcome.is_complete());
    assert_eq!(hook.calls.lock().unwrap().len(), 3, "it is asked each time");
    let told = |event: &Event| match event {
        Event::TaskFailed { step, error } => Some((step.clone(), error.clone())),
        _ => None,
    };
    let failed: Vec<_> = events.lock().unwrap().iter().filter_map(told).collect();
    assert_eq!(failed, vec![(id("a"), "no such zone".to_owned()); 3]);
}

#[tokio::test(start_paused = true)]
async fn a_step_that_waits_is_looked_at_when_it_says() {
    let script = Script::new([act("a")]);
    script.looks("a", [Look::Wait(7), Look::Wait(100), Look::Wait(1)]);
    let plan = script.plan().await;
    let journal = MemoryJournal::default();
    assert!(script.migration().apply(&plan, &journal, &patient()).await.unwrap().is_complete());
    let looks: Vec<u64> = script.calls("a").iter().map(|call| call.0).collect();
    assert_eq!(looks, [0, 7, 107, 108, 108]);
    assert_eq!(entries(&journal)[..3], ["waiting a"; 3], "another wait is news");
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_fails_is_a_failure() {
    let script = Script::new([act("a")]);
    script.looks("a", [Look::Wait(7), Look::Fail(ErrorKind::Conflict)]);
    let plan = script.plan().await;
    let outcome = script.migration().apply(&plan, &MemoryJournal::default(), &patient()).await.unwrap();
    assert_eq!(outcome.failed().next().unwrap().1.kind, ErrorKind::Conflict);
    assert!(outcome.waiting().next().is_none());
}
