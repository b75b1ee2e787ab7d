//! What holds when AWS is slow to do, and slow to show, what it was asked for.

use std::collections::BTreeSet;
use std::time::Duration;

use regionmig_core::{End, MemoryJournal, Migrate};

use crate::conforms::journal::CrashingJournal;
use crate::conforms::trial::{Change, Trial};
use crate::fault::Fault;

/// How late a request is executed: AWS takes none that was signed more than five minutes ago.
const DELAYS: [u64; 2] = [60, 290];
/// How long reads are stale, at most: what AWS calls the worst case.
const STALE: Duration = Duration::from_secs(300);
/// How long they may be stale for one who looks only for half a minute.
const SHORTLY_STALE: Duration = Duration::from_secs(25);
/// Of the pairs of a read and a change, so many are tried with a lost answer.
const PAIRS: usize = 200;
/// Of those whose change makes no second thing, one in so many is tried with a lost journal, too.
const ONE_IN: usize = 5;

/// Each change is lost to the client, and executed later, while it waits or after it has died.
pub(super) async fn each_change_may_come_late<S: Migrate>(trial: &Trial<'_, S>) -> usize {
    let mut runs = 0;
    for change in trial.changes() {
        for delay in DELAYS {
            for killed in [false, true] {
                let (fork, journal) = (trial.fork(), MemoryJournal::default());
                fork.world.fault(change.befall(|action| Fault::late_execution(action, Duration::from_secs(delay))));
                let options = trial.patient().concurrency(1);
                let mut how = "lost, and executed";
                if killed {
                    how = "lost, the run killed, and executed";
                    let _died = fork.run_with(&CrashingJournal::new(&journal, change.records), &options).await;
                } else {
                    let _outcome = fork.run_with(&journal, &options).await;
                }
                let Change { end, action, step, .. } = change;
                let trouble = format!("{action} at {end} of {step} {how} {delay} s later");
                trial.must_end_well_or_repeated(&fork, &journal, &trouble).await;
                runs += 1;
            }
        }
    }
    runs
}

/// One kind of read is stale, and the answer to a change is lost, or the run killed and its journal with it. Returns how
/// many runs there were, and how many were left out.
pub(super) async fn reads_may_be_stale<S: Migrate>(trial: &Trial<'_, S>) -> (usize, usize) {
    let reads = reads(trial).await;
    let pairs: Vec<_> =
        reads.iter().flat_map(|read| trial.changes().iter().map(move |change| (read, change))).collect();
    let (every, all) = (pairs.len().div_ceil(PAIRS).max(1), 3 * pairs.len());
    let mut runs = 0;
    for (place, (read, change)) in pairs.into_iter().step_by(every).enumerate() {
        an_answer_is_lost(trial, read, change).await;
        runs += 1;
        if change.mints || place.is_multiple_of(ONE_IN) {
            a_journal_is_lost(trial, read, change, STALE).await;
            a_journal_is_lost(trial, read, change, SHORTLY_STALE).await;
            runs += 2;
        }
    }
    (runs, all - runs)
}

type Read = (End, String);

/// Returns what a run reads, and where.
async fn reads<S: Migrate>(trial: &Trial<'_, S>) -> BTreeSet<Read> {
    let fork = trial.fork();
    let _outcome = fork.run(&MemoryJournal::default()).await;
    let ledger = fork.world.ledger();
    let reads = ledger.requests().filter(|entry| !entry.mutating && !entry.action.starts_with("sts:"));
    reads.map(|entry| (entry.end.clone(), entry.action.clone())).collect()
}

async fn an_answer_is_lost<S: Migrate>(trial: &Trial<'_, S>, (end, read): &Read, change: &Change) {
    let (fork, journal) = (trial.fork(), MemoryJournal::default());
    fork.world.fault(Fault::stale(read, STALE).at(end));
    fork.world.fault(change.befall(Fault::lost_answer));
    let _outcome = fork.run_with(&journal, &trial.patient().concurrency(1)).await;
    let Change { action, step, .. } = change;
    let trouble = format!("{read} at {end} stale by {STALE:?}, and the answer to {action} of {step} lost");
    trial.must_end_well_or_repeated(&fork, &journal, &trouble).await;
}

/// Who has lost the journal, and looks for the whole window, is safe from reads as stale as that; who does not say so,
/// from reads as stale as the half minute for which a run with a new journal looks.
async fn a_journal_is_lost<S: Migrate>(trial: &Trial<'_, S>, (end, read): &Read, change: &Change, stale: Duration) {
    let fork = trial.fork();
    fork.world.fault(Fault::stale(read, stale).at(end));
    let (lost, options) = (MemoryJournal::default(), trial.patient().concurrency(1));
    let _died = fork.run_with(&CrashingJournal::new(&lost, change.records), &options).await;
    let journal = MemoryJournal::default();
    let options = if stale == STALE { options.cautious() } else { options };
    let _outcome = fork.run_with(&journal, &options).await;
    let Change { action, step, .. } = change;
    let trouble = format!("{read} at {end} stale by {stale:?}, killed after {action} of {step}, and the journal lost");
    trial.must_end_well_or_repeated(&fork, &journal, &trouble).await;
}
