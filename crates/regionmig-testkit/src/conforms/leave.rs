//! What holds when a run is told to stop, or has no leave for all.

use std::time::Duration;

use regionmig_core::{ApplyOptions, CancellationToken, Effect, Entry, MemoryJournal, Migrate};

use crate::conforms::trial::{Begun, Trial, told};

/// Of the looks at steps, the first so many are tried all, then every so many-th.
const ALL_OF: usize = 40;
const THEN_EVERY: usize = 11;

/// The run is told to stop when a step is looked at, for each such look.
pub(super) async fn it_stops_when_told<S: Migrate>(trial: &Trial<'_, S>) -> usize {
    let begun = Begun::default();
    let counted = begun.clone();
    let fork = trial.watched(move |event| {
        counted.count(event);
    });
    let _outcome = fork.run(&MemoryJournal::default()).await;
    let (mut stopped, mut nth) = (0, 1);
    while nth <= begun.so_far() {
        let (token, begun) = (CancellationToken::new(), Begun::default());
        let stop = token.clone();
        let fork = trial.watched(move |event| {
            if begun.count(event) == Some(nth) {
                stop.cancel();
            }
        });
        let journal = MemoryJournal::default();
        let outcome = fork.run_with(&journal, &trial.patient().stop(token)).await;
        let trouble = format!("told to stop at look {nth}");
        let is_stopped = outcome.as_ref().is_ok_and(|outcome| outcome.stopped.is_some());
        assert!(is_stopped, "{trouble}: it did not stop: {}", told(&outcome));
        trial.must_end_well(&fork, &journal, &trouble).await;
        stopped += 1;
        nth += if nth < ALL_OF { 1 } else { THEN_EVERY };
    }
    stopped
}

/// Without leave, nothing is done but what is additive; and verifying says that something is missing. Returns how many
/// steps want leave.
pub(super) async fn nothing_is_done_without_leave<S: Migrate>(trial: &Trial<'_, S>) -> usize {
    let wants_leave = |effect: Effect| effect != Effect::Additive;
    let steps = trial.plan().steps().filter(|step| wants_leave(step.spec.effect));
    let steps: Vec<_> = steps.map(|step| step.id.clone()).filter(|id| !trial.plan().held().contains_key(id)).collect();
    let (fork, journal) = (trial.fork(), MemoryJournal::default());
    let options = ApplyOptions::default().patience(Duration::from_secs(3600));
    let outcome = fork.run_with(&journal, &options).await;
    let Ok(outcome) = outcome else { panic!("a run without leave failed: {}", told(&outcome)) };
    for step in &steps {
        let is_begun = journal.records().iter().any(|r| r.step == *step && matches!(r.entry, Entry::Started { .. }));
        assert!(!is_begun && outcome.held().contains_key(step), "{step} was begun without leave: {outcome}");
    }
    // Of each kind of change, as many are made as steps make that want no leave, at most.
    let mut most = trial.expected().kinds();
    for change in trial.changes().iter().filter(|change| wants_leave(change.effect)) {
        if let Some(count) = most.get_mut(&(change.end.to_string(), change.action.clone())) {
            *count = count.saturating_sub(1);
        }
    }
    for (kind, count) in trial.naming().done(&fork.world, outcome.ids()).kinds() {
        let allowed = most.get(&kind).copied().unwrap_or_default();
        assert!(count <= allowed, "{kind:?} without leave: {count} times, not {allowed}:\n{}", fork.world.ledger());
    }
    if !steps.is_empty() {
        let verification = fork.migration.verify(outcome.ids()).await;
        let verification = verification.unwrap_or_else(|error| panic!("verifying failed: {error}"));
        assert!(!verification.is_clean(), "{steps:?} are not done, and verifying finds nothing: {verification}");
    }
    trial.must_end_well(&fork, &journal, "leave was given later").await;
    steps.len()
}
