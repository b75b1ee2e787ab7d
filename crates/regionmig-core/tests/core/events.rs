//! What whoever watches is told.
// REQ: E-28

use std::sync::{Arc, Mutex};
use std::time::Duration;

use regionmig_core::{
    Applied, Apply, Draft, Event, Inventory, Listing, MemoryJournal, Migration, Plan, Probe, Receipt, RunContext,
    Service, Side, StepContext, Survey, Verify,
};

use crate::common::cloud::Cloud;
use crate::common::script::{Act, ActName, Do, Look, PARTS, Script, act, id};
use crate::common::secrets::both;
use crate::common::{FakeError, Seat, hasty, route};

fn watched(migration: Migration) -> (Migration, Arc<Mutex<Vec<Event>>>) {
    let events = Arc::new(Mutex::new(Vec::new()));
    let notes = Arc::clone(&events);
    (migration.observe(move |event| notes.lock().unwrap().push(event.clone())), events)
}

#[tokio::test(start_paused = true)]
async fn a_run_tells_how_far_it_has_got_over_all_runs() {
    let script = Script::new([act("a"), act("b"), act("c"), act("d")]);
    script.looks("b", [Look::Present]);
    (0..4).for_each(|i| script.does(["a", "b", "c", "d"][i], [Do::Slow(10)]));
    let plan = script.plan().await;
    let journal = MemoryJournal::default();
    drop(script.migration().apply(&plan, &journal, &hasty().only([id("a")])).await.unwrap());
    let (migration, events) = watched(script.migration());
    drop(migration.apply(&plan, &journal, &hasty().concurrency(1)).await.unwrap());
    let events = events.lock().unwrap().clone();
    assert_eq!(events[0], Event::Began { total: 4, done: 1 });
    assert_eq!(events.last(), Some(&Event::Ended { done: 4, total: 4 }));
    let progress: Vec<Event> = events.iter().filter(|event| matches!(event, Event::Progress { .. })).cloned().collect();
    let left = |seconds| Some(Duration::from_secs(seconds));
    assert_eq!(
        progress,
        [
            Event::Progress { done: 2, total: 4, per_minute: None, left: None },
            Event::Progress { done: 3, total: 4, per_minute: Some(12), left: left(5) },
            Event::Progress { done: 4, total: 4, per_minute: Some(9), left: left(0) },
        ]
    );
    let steps: Vec<&Event> =
        events.iter().filter(|e| matches!(e, Event::StepStarted { .. } | Event::StepDone { .. })).collect();
    assert_eq!(
        steps,
        [
            &Event::StepStarted { step: id("b") },
            &Event::StepDone { step: id("b"), made: false },
            &Event::StepStarted { step: id("c") },
            &Event::StepDone { step: id("c"), made: true },
            &Event::StepStarted { step: id("d") },
            &Event::StepDone { step: id("d"), made: true },
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn what_was_made_and_found_again_was_made() {
    let script = Script::new([act("a")]);
    script.does("a", [Do::LoseAnswer]);
    let plan = script.plan().await;
    let (migration, events) = watched(script.migration());
    assert!(migration.apply(&plan, &MemoryJournal::default(), &crate::common::patient()).await.unwrap().is_complete());
    assert!(events.lock().unwrap().contains(&Event::StepDone { step: id("a"), made: true }));
}

#[tokio::test(start_paused = true)]
async fn a_step_of_many_requests_tells_its_own_progress() {
    let script = Script::new([act("a").bulk()]);
    let plan = script.plan().await;
    let (migration, events) = watched(script.migration());
    drop(migration.apply(&plan, &MemoryJournal::default(), &hasty()).await.unwrap());
    let told: Vec<Event> =
        events.lock().unwrap().iter().filter(|event| matches!(event, Event::StepProgress { .. })).cloned().collect();
    let expected = (1..=PARTS).map(|done| Event::StepProgress { step: id("a"), done, total: Some(PARTS) });
    assert_eq!(told, expected.collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_survey_tells_of_each_service_and_end_and_counts_the_gaps() {
    let cloud = Cloud::new(2, 1);
    cloud.source(|source| source.unreadable.extend(source.keys.keys().cloned()));
    cloud.target(|target| target.is_dead = true);
    let (migration, events) = watched(both(&cloud, &Seat::new()));
    drop(migration.survey().await.unwrap());
    let events = events.lock().unwrap().clone();
    let done = |service: &str, side, gaps| Event::SurveyDone { service: service.to_owned(), side, gaps };
    for expected in [
        done("keys", Side::Source, 2),
        done("keys", Side::Target, 1),
        done("secrets", Side::Source, 0),
        done("secrets", Side::Target, 0),
    ] {
        assert!(events.contains(&expected), "{expected:?} in {events:?}");
    }
    let began = events.iter().filter(|event| matches!(event, Event::SurveyBegan { .. })).count();
    assert_eq!((began, events.len()), (4, 8));
}

#[tokio::test(start_paused = true)]
async fn a_survey_counts_what_it_reads_and_tells_how_long_the_rest_takes() {
    let seat = Seat::new();
    let (migration, events) = watched(Migration::new(route(), &seat).with(Counting { total: Some(3) }));
    drop(migration.survey().await.unwrap());
    let told = |done, total, per_minute, left: Option<u64>| Event::SurveyProgress {
        service: "counting".to_owned(),
        side: Side::Source,
        what: "things".to_owned(),
        done,
        total,
        per_minute,
        left: left.map(Duration::from_secs),
    };
    let of_source = |events: &Arc<Mutex<Vec<Event>>>| {
        let events = events.lock().unwrap();
        let is_told = |event: &&Event| matches!(event, Event::SurveyProgress { side: Side::Source, .. });
        events.iter().filter(is_told).cloned().collect::<Vec<_>>()
    };
    let expected = [(1, 20), (2, 10), (3, 0)].map(|(done, left)| told(done, Some(3), Some(6), Some(left)));
    assert_eq!(of_source(&events), expected);
    let (migration, events) = watched(Migration::new(route(), &seat).with(Counting { total: None }));
    drop(migration.survey().await.unwrap());
    assert_eq!(of_source(&events)[2], told(3, None, Some(6), None));
}

/// Reads a thing in ten seconds.
#[derive(Clone, Debug)]
struct Counting {
    total: Option<u64>,
}

impl Service for Counting {
    type Snapshot = Listing<ActName, u8>;
    type Step = Act;
    type Error = FakeError;

    fn name(&self) -> &str {
        "counting"
    }
}

impl Inventory for Counting {
    async fn inventory(&self, side: Side, cx: &RunContext) -> Result<Self::Snapshot, FakeError> {
        let count = cx.count("counting", side, "things", self.total);
        for _ in 0..3 {
            cx.clock().sleep(Duration::from_secs(10)).await;
            count.add(1);
        }
        Ok(Listing::default())
    }
}

impl Plan for Counting {
    fn plan(&self, _: &Survey<Self::Snapshot>) -> Draft<Act> {
        Draft::default()
    }
}

impl Apply for Counting {
    async fn probe(&self, _: &Act, _: &StepContext<'_>) -> Result<Probe, FakeError> {
        Ok(Probe::Absent)
    }

    async fn apply(&self, _: &Act, _: &StepContext<'_>) -> Result<Applied, FakeError> {
        Ok(Applied::Done(Receipt::new()))
    }
}

impl Verify for Counting {}

#[test]
fn events_can_be_stored_and_what_is_newer_is_tolerated() {
    let events = [
        Event::Began { total: 4, done: 1 },
        Event::Progress { done: 1, total: 2, per_minute: Some(3), left: Some(Duration::from_secs(90)) },
        Event::Progress { done: 1, total: 2, per_minute: None, left: None },
        Event::StepProgress { step: id("a"), done: 1, total: None },
        Event::TaskFailed { step: id("a"), error: "no".to_owned() },
    ];
    for event in events {
        let stored = serde_json::to_string(&event).unwrap();
        assert_eq!(serde_json::from_str::<Event>(&stored).unwrap(), event, "{stored}");
    }
    let newer = r#"{"event":"moon_landed","crew":3}"#;
    assert_eq!(serde_json::from_str::<Event>(newer).unwrap(), Event::Unknown);
    let stored = serde_json::to_string(&Event::Progress {
        done: 1,
        total: 2,
        per_minute: None,
        left: Some(Duration::from_secs(90)),
    });
    assert!(stored.unwrap().contains(r#""left":"PT1M30S""#));
}
