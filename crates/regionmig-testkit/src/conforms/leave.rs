//! What holds when a run is told to stop, or has no leave for all.

use std::time::Duration;

use regionmig_core::{ApplyOptions, CancellationToken, Effect};

use crate::conforms::fork::Begun;
use crate::conforms::trial::{Trial, told};

/// Of the looks at steps, the first so many are tried all, then every so many-th.
const ALL_OF: usize = 40;
const THEN_EVERY: usize = 11;

/// The run is told to stop when a step is looked at, for each such look.
pub(super) async fn it_stops_when_told(trial: &Trial<'_>) -> usize {
    let begun = Begun::default();
    let counted = begun.clone();
    let mut fork = trial.watched(move |event| {
        counted.count(event);
    });
    let _outcome = fork.live().await;
    let (mut stopped, mut nth) = (0, 1);
    while nth <= begun.so_far() {
        let (token, begun) = (CancellationToken::new(), Begun::default());
        let stop = token.clone();
        let mut fork = trial.watched(move |event| {
            if begun.count(event) == Some(nth) {
                stop.cancel();
            }
        });
        let outcome = fork.live_with(&trial.patient().stop(token), None).await;
        let trouble = format!("told to stop at look {nth}");
        let is_stopped = outcome.as_ref().is_ok_and(|outcome| outcome.stopped.is_some());
        assert!(is_stopped, "{trouble}: it did not stop: {}", told(&outcome));
        trial.must_end_well(&mut fork, &trouble).await;
        stopped += 1;
        nth += if nth < ALL_OF { 1 } else { THEN_EVERY };
    }
    stopped
}

/// Without leave, nothing is done but what is additive; and verifying says that something is missing. Returns how many
/// steps want leave.
pub(super) async fn nothing_is_done_without_leave(trial: &Trial<'_>) -> usize {
    let wants_leave = |effect: Effect| effect != Effect::Additive;
    let steps = trial.plan().steps().filter(|step| wants_leave(step.spec.effect));
    let steps: Vec<_> = steps.map(|step| step.id.clone()).filter(|id| !trial.plan().held().contains_key(id)).collect();
    let mut fork = trial.fork();
    let options = ApplyOptions::default().patience(Duration::from_secs(3600));
    let outcome = fork.live_with(&options, None).await;
    let Ok(outcome) = outcome else { panic!("a run without leave failed: {}", told(&outcome)) };
    for step in &steps {
        let is_begun = outcome.standings().standing(step).is_some_and(|standing| standing.attempts > 0);
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
    trial.must_end_well(&mut fork, "leave was given later").await;
    steps.len()
}
