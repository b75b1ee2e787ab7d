//! What a step has become is told to the others, for as long as its receipt holds.
// REQ: E-10, E-13

use regionmig_core::{ErrorKind, FileJournal, IdMap, MemoryJournal, ResourceId, RunContext, StepContext};

use crate::common::script::{Do, Script, Undo, act, id, name};
use crate::common::{Seat, hasty, patient, route};

/// Two steps that become something, one after the other.
fn two() -> Script {
    Script::new([act("a").makes_itself().settle(60, 3), act("b").makes_itself().after("a")])
}

/// Which acts were bound by the last look at `step`, and how many looks there were.
fn last(script: &Script, step: &str) -> (Vec<String>, usize) {
    let looks: Vec<_> =
        script.world().bound.iter().filter(|(of, _)| of == step).map(|(_, bound)| bound.clone()).collect();
    (looks.last().cloned().unwrap_or_default(), looks.len())
}

#[tokio::test(start_paused = true)]
async fn the_others_know_what_a_step_has_become_and_itself_looks_for_it() {
    let script = two();
    script.does("a", [Do::LoseAnswer]);
    let plan = script.plan().await;
    assert!(script.migration().apply(&plan, &MemoryJournal::default(), &patient()).await.unwrap().is_complete());
    assert_eq!(last(&script, "a"), (vec![], 2), "made, and not by any receipt yet");
    assert_eq!(last(&script, "b"), (vec!["a".to_owned()], 1));
}

#[tokio::test(start_paused = true)]
async fn the_next_run_knows_it_from_the_journal() {
    let script = two();
    script.does("b", [Do::Refuse(ErrorKind::Conflict)]);
    let (plan, journal) = (script.plan().await, MemoryJournal::default());
    assert!(!script.migration().apply(&plan, &journal, &hasty()).await.unwrap().is_complete());
    script.world().bound.clear();
    assert!(script.migration().apply(&plan, &journal, &hasty()).await.unwrap().is_complete());
    assert_eq!(script.world().bound, [("b".to_owned(), vec!["a".to_owned()])]);
}

#[tokio::test(start_paused = true)]
async fn what_is_being_taken_back_is_bound_no_more_and_what_stays_is() {
    for (keeps, seen_by_the_next) in [(None, vec![]), (Some(Undo::Unsupported), vec!["c".to_owned()])] {
        let script = Script::new(["a", "b", "c"].map(|act_name| act(act_name).makes_itself()));
        script.undoes("c", keeps);
        let (plan, journal) = (script.plan().await, MemoryJournal::default());
        assert!(script.migration().apply(&plan, &journal, &patient()).await.unwrap().is_complete());
        script.world().bound.clear();
        drop(script.migration().revert(&plan, &journal, &patient()).await.unwrap());
        let earlier =
            |acts: &[&str]| acts.iter().map(|act| (*act).to_owned()).chain(seen_by_the_next.clone()).collect();
        let expected = [("c", vec!["a".to_owned(), "b".to_owned()]), ("b", earlier(&["a"])), ("a", earlier(&[]))];
        assert_eq!(script.world().bound, expected.map(|(step, bound)| (step.to_owned(), bound)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_recovered_journal_binds_nothing_until_each_step_is_seen_again() {
    let script = two();
    let (plan, folder) = (script.plan().await, tempfile::tempdir().unwrap());
    let path = folder.path().join("journal");
    let journal = FileJournal::create(&path, &plan).await.unwrap();
    assert!(script.migration().apply(&plan, &journal, &patient()).await.unwrap().is_complete());
    drop(journal);
    let (journal, _) = FileJournal::recover(&path).await.unwrap();
    script.world().bound.clear();
    assert!(script.migration().apply(&plan, &journal, &patient()).await.unwrap().is_complete());
    assert_eq!((last(&script, "a").0, last(&script, "b").0), (vec![], vec!["a".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn what_the_plan_itself_maps_is_no_steps_work() {
    let script = two();
    let migration = script.migration().map(&name("elsewhere"), &name("new-a")).unwrap();
    let plan = migration.plan(&migration.survey().await.unwrap()).unwrap();
    assert!(plan.ids().contains(&ResourceId::of(&name("elsewhere"))));
    script.does("a", [Do::Refuse(ErrorKind::Conflict)]);
    assert_eq!(migration.apply(&plan, &MemoryJournal::default(), &hasty()).await.unwrap().failed().count(), 1);
    assert_eq!(last(&script, "a"), (vec![], 1));
    // Nor is anything outside of a run.
    let (run, step) = (RunContext::new(route(), &Seat::new()), id("a"));
    assert!(!StepContext::detached(&run, &step, IdMap::default()).is_bound(&name("new-a")));
}
