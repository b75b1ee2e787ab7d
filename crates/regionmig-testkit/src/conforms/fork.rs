//! A copy of an account, with a disk of its own, on which things may go wrong.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use regionmig_core::{
    Act, ApplyOptions, Effect, Error, Event, FileJournal, FileJournalError, Header, Journal, JournalError,
    MemoryJournal, Migration, MigrationPlan, Outcome, Timestamp,
};

use crate::disk::{DiskFault, SimulatedDisk};
use crate::world::World;

/// Where the journal lies.
pub(super) const JOURNAL: &str = "journal";

/// A copy of the account, and of the disk with the journal.
pub(super) struct Fork<'a> {
    pub(super) act: Act,
    pub(super) world: World,
    pub(super) disk: SimulatedDisk,
    pub(super) migration: Migration,
    pub(super) plan: &'a MigrationPlan,
}

impl Fork<'_> {
    /// Runs once with the journal on disk, as one process does: opens it, runs, and lets it go.
    pub(super) async fn live(&mut self) -> Result<Outcome, Error> {
        self.live_with(&patient(self.plan), None).await
    }

    /// Runs once, while something goes wrong with the disk.
    pub(super) async fn live_with(
        &mut self,
        options: &ApplyOptions,
        fault: Option<DiskFault>,
    ) -> Result<Outcome, Error> {
        self.disk = self.disk.reboot();
        fault.into_iter().for_each(|fault| self.disk.fault(fault));
        let journal = self.journal().await.map_err(JournalError::from)?;
        let begin = self.now();
        let outcome = self.run(&journal, options).await;
        drop(journal);
        self.must_have_written_first(begin);
        outcome
    }

    pub(super) async fn run(&self, journal: &dyn Journal, options: &ApplyOptions) -> Result<Outcome, Error> {
        match self.act {
            Act::Revert => self.migration.revert(self.plan, journal, options).await,
            _ => self.migration.apply(self.plan, journal, options).await,
        }
    }

    /// Opens the journal as somebody does who wants to go on: one that is lost is made anew, one that is damaged recovered.
    pub(super) async fn journal(&self) -> Result<FileJournal, FileJournalError> {
        match FileJournal::open_in(self.disk.clone(), JOURNAL).await {
            Ok(Some((journal, _))) => Ok(journal),
            Ok(None) => FileJournal::create_in(self.disk.clone(), JOURNAL, self.plan).await,
            Err(FileJournalError::Damaged { .. }) => {
                let at = self.world.clock().now();
                FileJournal::recover_in(self.disk.clone(), JOURNAL, at).await.map(|(journal, _)| journal)
            }
            Err(error) => Err(error),
        }
    }

    /// Returns a copy of the journal in memory.
    pub(super) async fn copied(&self) -> Result<MemoryJournal, JournalError> {
        let (header, mut records) = (Header::new(self.plan), Vec::new());
        self.journal().await?.replay(&header, &mut |record| records.push(record)).await?;
        let copy = MemoryJournal::default();
        copy.replay(&header, &mut |_| ()).await?;
        for record in records {
            copy.append(&record).await?;
        }
        Ok(copy)
    }

    /// Returns how many bytes the journal has, and how many requests there were.
    pub(super) fn now(&self) -> (usize, usize) {
        (self.disk.content(JOURNAL).map_or(0, |content| content.len()), self.world.ledger().requests().count())
    }

    /// Holds that no request that changes something was sent before it was written down, where a crash cannot reach it, that
    /// a step was begun: since `bytes` of the journal and `requests` there were fewer such requests than such records, at each
    /// of them.
    pub(super) fn must_have_written_first(&self, (bytes, requests): (usize, usize)) {
        let content = self.disk.content(JOURNAL).unwrap_or_default();
        let mut end = bytes;
        let mut begun = Vec::new();
        for line in content.get(bytes..).unwrap_or_default().split_inclusive(|byte| *byte == b'\n') {
            end += line.len();
            if says_begun(line) {
                begun.extend(self.disk.durable_since(JOURNAL, end));
            }
        }
        // To take one thing back may take more than one request.
        if self.act == Act::Revert {
            begun.truncate(1);
        }
        let ledger = self.world.ledger();
        let sent = ledger.requests().enumerate().skip(requests).filter(|(_, entry)| entry.mutating);
        for (before, (place, entry)) in sent.enumerate() {
            let durable =
                begun.iter().filter(|requests| usize::try_from(**requests).is_ok_and(|at| at <= place)).count();
            let is_allowed = durable > if self.act == Act::Revert { 0 } else { before };
            assert!(is_allowed, "{} was sent before its step was durably begun:\n{ledger}", entry.action);
        }
    }
}

/// What a run leaves: how many requests there were, the time, and the journal. Where the world can be in no other state for
/// that, the next run is the same, too.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Left(u64, Timestamp, Option<Vec<u8>>);

impl Left {
    pub(super) fn by(fork: &Fork<'_>) -> Self {
        Self(fork.world.requests_so_far(), fork.world.clock().now(), fork.disk.content(JOURNAL))
    }
}

/// Tells whether a line of the journal says that a request may be about to be sent.
fn says_begun(line: &[u8]) -> bool {
    let says = |what: &str| line.windows(what.len()).any(|window| window == what.as_bytes());
    says(r#""entry":{"started""#) || says(r#""entry":"reverting""#)
}

/// What happened in the runs of a fork that is watched.
#[derive(Clone, Debug, Default)]
pub(super) struct Begun(Arc<Mutex<usize>>);

impl Begun {
    /// Counts an event that says that a step is looked at, and returns which one it is, from 1.
    pub(super) fn count(&self, event: &Event) -> Option<usize> {
        let mut begun = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        matches!(event, Event::StepStarted { .. }).then(|| {
            *begun += 1;
            *begun
        })
    }

    pub(super) fn so_far(&self) -> usize {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns leave for everything, and patience for every window.
pub(super) fn patient(plan: &MigrationPlan) -> ApplyOptions {
    let options = ApplyOptions::default().allow_overwriting().patience(Duration::from_secs(3600));
    let irreversible = plan.steps().filter(|step| step.spec.effect == Effect::Irreversible);
    irreversible.fold(options, |options, step| options.dangerously_allow(step.id.clone()))
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use regionmig_core::{Entry, Receipt, Record};

    use super::*;
    use crate::invariants::Watch;
    use crate::invariants::by_hand::{STRICT, TARGET, end, key_made, started, steps, watched};

    fn fork(watch: &Watch) -> Fork<'_> {
        let (world, disk) = (watch.world.clone(), SimulatedDisk::new());
        let seen = world.clone();
        disk.mark_with(move || seen.requests_so_far());
        let migration = (watch.expected.make)(&world.access());
        Fork { act: Act::Apply, world, disk, migration, plan: &watch.expected.plan }
    }

    fn is_found(fork: &Fork<'_>, since: (usize, usize)) -> bool {
        catch_unwind(AssertUnwindSafe(|| fork.must_have_written_first(since))).is_err()
    }

    #[tokio::test]
    async fn a_request_that_is_sent_before_its_step_is_durably_begun_is_found() {
        let (watch, _) = watched(STRICT).await;
        let (fork, (step, _)) = (fork(&watch), steps(&watch));
        let journal = fork.journal().await.expect("a journal");
        journal.replay(&Header::new(fork.plan), &mut |_| ()).await.expect("it is empty");
        let append = async |entry| {
            let record = Record::new(fork.world.clock().now(), step.clone(), entry);
            journal.append(&record).await.expect("it is written");
        };
        let send = async || drop(key_made(&fork.world, &end(TARGET), Vec::new()).await);
        let begin = fork.now();
        assert!(!is_found(&fork, begin));
        // Another record does not say it.
        append(Entry::Done(Receipt::new())).await;
        send().await;
        assert!(is_found(&fork, begin));
        let begin = fork.now();
        append(started()).await;
        send().await;
        assert!(!is_found(&fork, begin));
        // One record speaks for one request.
        send().await;
        assert!(is_found(&fork, begin));
        // Nor does one that comes too late.
        let begin = fork.now();
        send().await;
        append(started()).await;
        assert!(is_found(&fork, begin));
    }
}
