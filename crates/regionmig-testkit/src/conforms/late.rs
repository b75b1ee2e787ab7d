//! What holds when AWS is slow to do, and slow to show, what it was asked for.

use std::collections::BTreeSet;
use std::time::Duration;

use regionmig_core::{End, IdMap, chain};

use crate::conforms::case::{Case, Family, Journal, thinned};
use crate::conforms::fork::Fork;
use crate::conforms::trial::{Change, Trial};
use crate::disk::{DiskCall, DiskFault};
use crate::fault::Fault;

/// How late a request is executed: AWS takes none that was signed more than five minutes ago.
const DELAYS: [u64; 2] = [60, 299];
/// How late it is executed where AWS takes it all the same.
const TOO_LATE: [u64; 4] = [301, 450, 660, 1800];
/// How long reads are stale, at most: what AWS calls the worst case.
const STALE: Duration = Duration::from_secs(300);
/// How long they may be stale for one who looks only for half a minute.
const SHORTLY_STALE: Duration = Duration::from_secs(25);
/// Of the pairs of a read and a change whose change makes no second thing, one in so many is tried with a lost journal, too.
const ONE_IN: usize = 5;

/// Each change is lost to the client, and executed later, while it waits or after it has died.
pub(super) fn each_change_may_come_late(trial: &Trial<'_>) -> Vec<Case> {
    let late = |change| DELAYS.map(|delay| [false, true].map(|killed| late(change, delay, killed)));
    trial.changes().iter().flat_map(late).flatten().collect()
}

fn late(change: &Change, delay: u64, killed: bool) -> Case {
    let Change { end, action, step, .. } = change;
    let how = if killed { "lost, the run killed, and executed" } else { "lost, and executed" };
    let case = Case::new(Family::Late, format!("{action} at {end} of {step} {how} {delay} s later"));
    let case = case.request(change.befall(|action| Fault::late_execution(action, Duration::from_secs(delay))));
    let case = if killed { case.disk(killed_after(change)) } else { case };
    case.one_by_one().or_repeated()
}

/// Has the process die once a request was sent, before anything more is written down.
fn killed_after(change: &Change) -> DiskFault {
    DiskFault::crash_before(DiskCall::Append).nth(change.appends + 1)
}

/// What came of requests that were executed later than AWS promises.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct TooLate {
    pub(super) runs: usize,
    /// Things that were made a second time.
    pub(super) doubled: usize,
    /// Those of them that verifying, or a new plan, names.
    pub(super) reported: usize,
}

impl TooLate {
    /// Counts what was made a second time, and what of that is named by a verification; or, if the ledger does not name it, that
    /// something is wrong.
    async fn count(&mut self, trial: &Trial<'_>, fork: &Fork<'_>, ids: &IdMap, change: &Change) {
        let ledger = fork.world.ledger();
        let made: Vec<_> = ledger.mutations_at(&change.end).filter(|entry| entry.action == change.action).collect();
        let once = trial.changes().iter().filter(|other| (&other.end, &other.action) == (&change.end, &change.action));
        let doubled = made.len() - once.count();
        let bound: BTreeSet<&str> = ids.iter().map(|(_, target)| target).collect();
        let second: BTreeSet<&str> =
            made.iter().filter_map(|entry| entry.resource.as_deref()).filter(|made| !bound.contains(made)).collect();
        let found = fork.migration.verify(ids).await.unwrap_or_else(|error| panic!("{}", chain(&error)));
        let said = format!("{found}{}", found.left.full());
        self.doubled += doubled;
        self.reported += match second.is_empty() {
            true if found.is_clean() => 0,
            true => doubled,
            false => second.iter().filter(|second| said.contains(**second)).count(),
        };
    }
}

/// Each change that makes a thing is lost to the client, and executed later than AWS takes it, while it waits or after it has
/// died: then there may be a second one, and it is said.
pub(super) async fn later_than_that(trial: &Trial<'_>, most: usize) -> TooLate {
    let minting = trial.changes().iter().filter(|change| change.mints);
    let runs = minting.flat_map(|change| TOO_LATE.map(|delay| [false, true].map(|killed| (change, delay, killed))));
    let mut all = TooLate::default();
    for (change, delay, killed) in thinned(runs.flatten().collect(), most) {
        let case = late(change, delay, killed);
        let mut fork = case.suffered(trial).await;
        let outcome = trial.must_complete_in_three(&mut fork, &case.trouble).await;
        fork.world.clock().advance(Duration::from_secs(delay));
        all.runs += 1;
        all.count(trial, &fork, outcome.ids(), change).await;
    }
    all
}

/// One kind of read is stale, and the answer to a change is lost, or the run killed and its journal with it.
pub(super) async fn reads_may_be_stale(trial: &Trial<'_>) -> Vec<Vec<Case>> {
    let reads = reads(trial).await;
    let pairs = reads.iter().flat_map(|read| trial.changes().iter().map(move |change| (read, change)));
    let cases = pairs.enumerate().map(|(place, (read, change))| {
        let mut cases = vec![an_answer_is_lost(read, change, STALE)];
        if change.mints || place.is_multiple_of(ONE_IN) {
            cases.push(a_journal_is_lost(read, change, STALE).cautious());
            cases.push(a_journal_is_lost(read, change, SHORTLY_STALE));
        }
        cases
    });
    cases.collect()
}

/// The reads by which a thing is told from others are stale for as long as the step that made it says: the answer is lost, or the
/// run killed, or the journal lost as well.
pub(super) async fn marks_may_be_stale(trial: &Trial<'_>, marks: &str) -> Vec<Case> {
    let reads = reads(trial).await;
    let mut cases = Vec::new();
    for (read, change) in reads.iter().flat_map(|read| trial.changes().iter().map(move |change| (read, change))) {
        if read.1 != marks || !change.mints {
            continue;
        }
        for part in [10, 2, 1] {
            // At the very end of the window they show.
            let stale = change.settles.saturating_sub(Duration::from_secs(1)) / part;
            cases.push(an_answer_is_lost(read, change, stale));
            cases.push(a_run_is_killed((&read.0, &read.1), change, stale));
            cases.push(a_journal_is_lost(read, change, stale));
            cases.push(a_journal_is_lost(read, change, stale).cautious());
        }
    }
    cases
}

type Read = (End, String);

/// Returns what a run reads, and where.
async fn reads(trial: &Trial<'_>) -> BTreeSet<Read> {
    let mut fork = trial.fork();
    let _outcome = fork.live().await;
    let ledger = fork.world.ledger();
    let reads = ledger.requests().filter(|entry| !entry.mutating && !entry.action.starts_with("sts:"));
    reads.map(|entry| (entry.end.clone(), entry.action.clone())).collect()
}

fn an_answer_is_lost((end, read): &Read, change: &Change, stale: Duration) -> Case {
    let Change { action, step, .. } = change;
    let trouble = format!("{read} at {end} stale by {stale:?}, and the answer to {action} of {step} lost");
    let case = Case::new(Family::Stale, trouble).reads(Fault::stale(read, stale).at(end));
    case.request(change.befall(Fault::lost_answer)).one_by_one().or_repeated()
}

fn a_run_is_killed((end, read): (&End, &String), change: &Change, stale: Duration) -> Case {
    let Change { action, step, .. } = change;
    let trouble = format!("{read} at {end} stale by {stale:?}, and killed after {action} of {step}");
    let case = Case::new(Family::Stale, trouble).reads(Fault::stale(read, stale).at(end));
    case.disk(killed_after(change)).one_by_one().or_repeated()
}

/// Who has lost the journal, and looks for the whole window, is safe from reads as stale as that; who does not say so,
/// from reads as stale as the half minute for which a run with a new journal looks.
fn a_journal_is_lost((end, read): &Read, change: &Change, stale: Duration) -> Case {
    let Change { action, step, .. } = change;
    let trouble = format!("{read} at {end} stale by {stale:?}, killed after {action} of {step}, and the journal lost");
    let mut case = a_run_is_killed((end, read), change, stale).journal(Journal::Lost);
    case.trouble = trouble;
    case
}
