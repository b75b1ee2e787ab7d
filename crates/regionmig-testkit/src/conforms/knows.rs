//! What holds when something cannot be read.

use std::collections::BTreeSet;

use regionmig_core::{Finding, MigrationPlan, StepId, chain};

use crate::conforms::trial::{Trial, survey_and_plan};
use crate::fault::{Fault, Loss};

/// A run in which one kind of read is refused does nothing that the undisturbed run does not do.
pub(super) async fn a_refused_read_is_no_absence(trial: &Trial<'_>) -> usize {
    let mut fork = trial.fork();
    let _outcome = fork.live().await;
    let reads: BTreeSet<_> = (fork.world.ledger().requests())
        .filter(|entry| !entry.mutating)
        .map(|entry| (entry.end.clone(), entry.action.clone()))
        .collect();
    let mut runs = 0;
    for (end, action) in reads {
        for fault in [Fault::access_denied(&action), Fault::lost_answer(&action).by(Loss::Timeout)] {
            let mut fork = trial.fork();
            fork.world.fault(fault.at(&end));
            let _outcome = fork.live().await;
            let trouble = format!("{action} at {end} not answered");
            let done = trial.naming().done(&fork.world, trial.plan().ids()).kinds();
            let whole = trial.expected().kinds();
            let is_part = done.iter().all(|(kind, count)| whole.get(kind).is_some_and(|most| count <= most));
            assert!(is_part, "{trouble}: a run did more:\n{}", fork.world.ledger());
            trial.must_end_well(&mut fork, &trouble).await;
            runs += 1;
        }
    }
    runs
}

/// A survey in which one kind of read fails, in each way, leads to no step that the whole one does
/// not lead to; and what is missing is said.
pub(super) async fn a_gap_leads_to_no_step(trial: &Trial<'_>) -> usize {
    let fork = trial.fork();
    let whole = ready_steps(&survey_and_plan(&fork.migration).await);
    let ledger = fork.world.ledger();
    let reads: BTreeSet<_> = ledger.requests().map(|entry| (entry.end.clone(), entry.action.clone())).collect();
    let mut surveys = 0;
    for (end, action) in reads {
        if action.starts_with("sts:") || action.starts_with("account:") {
            continue;
        }
        let faults = [
            ("denied", Fault::access_denied(&action)),
            ("never answered", Fault::lost_answer(&action).by(Loss::Timeout)),
            ("cut short", Fault::lost_answer(&action).by(Loss::TruncatedBody)),
            ("failing", Fault::server_error(&action, 500)),
            ("repeating its page token", Fault::repeats_page_token(&action)),
        ];
        for (what, fault) in faults {
            let fork = trial.fork();
            fork.world.fault(fault.at(&end));
            let trouble = format!("{action} at {end} {what}");
            let survey = fork.migration.survey().await.unwrap_or_else(|error| panic!("{trouble}: {}", chain(&error)));
            let is_whole = survey.is_whole();
            // A made-up page token concerns only what comes in pages.
            assert!(!is_whole || what.starts_with("repeating"), "{trouble}: the survey takes itself for whole");
            let plan = fork.migration.plan(&survey).unwrap_or_else(|error| panic!("{trouble}: {}", chain(&error)));
            let steps = ready_steps(&plan);
            let more: Vec<_> = steps.difference(&whole).collect();
            assert!(more.is_empty(), "{trouble}: more is to be done: {more:?}");
            let said = plan.findings().iter().any(Finding::is_unknown);
            assert!(said || steps == whole, "{trouble}: it is not said what is not known: {}", plan.full());
            surveys += 1;
        }
    }
    surveys
}

/// Returns the steps that nothing holds.
fn ready_steps(plan: &MigrationPlan) -> BTreeSet<StepId> {
    plan.steps().map(|step| step.id.clone()).filter(|id| !plan.held().contains_key(id)).collect()
}
