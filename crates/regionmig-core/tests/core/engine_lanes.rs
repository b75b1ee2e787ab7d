//! How many steps of a kind may be under way.

use regionmig_core::{ErrorKind, Hold, MemoryJournal};

use crate::common::journals::entries;
use crate::common::script::{Act, Do, Look, Script, act, id};
use crate::common::{hasty, patient};

fn jobs(count: usize, lane: &str) -> Vec<Act> {
    (0..count).map(|i| act(&format!("job{i}")).lane(lane)).collect()
}

/// Each is begun, runs for two looks, and is there.
fn run_long(script: &Script, count: usize) {
    for i in 0..count {
        script.does(&format!("job{i}"), [Do::Begin]);
        script.looks(&format!("job{i}"), [Look::Absent, Look::Wait(60), Look::Wait(60)]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_lane_is_as_wide_as_its_service_says() {
    for (lane, width) in [("one", 1), ("two", 2), ("undeclared", 6)] {
        let script = Script::new(jobs(6, lane));
        (0..6).for_each(|i| script.does(&format!("job{i}"), [Do::Slow(10)]));
        let plan = script.plan().await;
        assert!(script.migration().apply(&plan, &MemoryJournal::default(), &patient()).await.unwrap().is_complete());
        assert_eq!(script.world().most, width, "{lane}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_waiting_step_holds_its_lane_and_no_slot() {
    let script = Script::new(jobs(3, "one").into_iter().chain([act("z0"), act("z1")]));
    run_long(&script, 3);
    let plan = script.plan().await;
    let one = patient().concurrency(1);
    let journal = MemoryJournal::default();
    assert!(script.migration().apply(&plan, &journal, &one).await.unwrap().is_complete());
    for (first, next) in [("job0", "job1"), ("job1", "job2")] {
        assert!(script.calls(first).last().unwrap().0 <= script.calls(next)[0].0, "one after the other");
    }
    assert_eq!(script.calls("z1"), [(0, "probe"), (0, "apply")], "while the first job runs");
}

#[tokio::test(start_paused = true)]
async fn a_lane_is_held_over_runs() {
    let script = Script::new(jobs(4, "two"));
    run_long(&script, 4);
    let plan = script.plan().await;
    let journal = MemoryJournal::default();
    let last = hasty().only([id("job2"), id("job3")]);
    let first = script.migration().apply(&plan, &journal, &last).await.unwrap();
    assert_eq!(first.waiting().count(), 2, "begun, and left to run");
    let second = script.migration().apply(&plan, &journal, &hasty()).await.unwrap();
    assert_eq!(second.waiting().count(), 2, "an earlier run's jobs still count");
    for held in ["job0", "job1"] {
        assert_eq!(second.held()[&id(held)], Hold::Behind(id("job2")), "and those who wait say for which");
    }
    assert_eq!(script.applied().len(), 2);
    assert!(script.migration().apply(&plan, &journal, &patient()).await.unwrap().is_complete());
    assert!((0..4).all(|i| script.made(&format!("job{i}")) == 1));
}

#[tokio::test(start_paused = true)]
async fn a_step_under_way_holds_its_lane_though_it_is_left_out() {
    let script = Script::new(jobs(2, "one"));
    run_long(&script, 2);
    let plan = script.plan().await;
    let journal = MemoryJournal::default();
    for runs in [[id("job0")], [id("job1")]] {
        drop(script.migration().apply(&plan, &journal, &hasty().only(runs)).await.unwrap());
        assert_eq!(entries(&journal), ["started job0", "waiting job0"]);
    }
    assert_eq!(script.applied(), ["job0"], "the other would be one too many");
}

#[tokio::test(start_paused = true)]
async fn a_failed_step_leaves_its_lane_and_one_in_doubt_does_not() {
    for (kind, next) in [(ErrorKind::AccessDenied, true), (ErrorKind::Unexpected, false)] {
        let script = Script::new(jobs(2, "one"));
        script.does("job0", [Do::Refuse(kind)]);
        let plan = script.plan().await;
        let outcome = script.migration().apply(&plan, &MemoryJournal::default(), &hasty()).await.unwrap();
        assert_eq!(script.made("job1") == 1, next, "{kind}");
        assert_eq!(outcome.held().get(&id("job1")).cloned(), (!next).then(|| Hold::Behind(id("job0"))));
    }
}

#[tokio::test(start_paused = true)]
async fn a_step_that_is_held_at_the_lanes_entrance_lets_the_next_in() {
    let script = Script::new([
        act("a").lane("one"),
        act("b").lane("one"),
        act("c").lane("one").verb("tag"),
        act("d").lane("one"),
    ]);
    script.does("a", [Do::Refuse(ErrorKind::Quota)]);
    let plan = script.plan().await;
    let outcome = script.migration().apply(&plan, &MemoryJournal::default(), &hasty()).await.unwrap();
    assert_eq!(script.applied(), ["a", "c"]);
    assert_eq!(outcome.held()[&id("b")], Hold::Quota);
    assert_eq!(outcome.held()[&id("d")], Hold::Quota);
}
