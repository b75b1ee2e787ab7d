//! Journals that die, and that take note.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use regionmig_core::{Entry, Header, Journal, JournalError, MemoryJournal, Record, StepId};

use crate::world::World;

/// A journal that fails after a number of records, as if the process had died there.
#[derive(Debug)]
pub struct CrashingJournal<'a> {
    inner: &'a MemoryJournal,
    limit: usize,
}

impl<'a> CrashingJournal<'a> {
    /// Lets `limit` records in all reach `inner`.
    pub fn new(inner: &'a MemoryJournal, limit: usize) -> Self {
        Self { inner, limit }
    }
}

#[async_trait]
impl Journal for CrashingJournal<'_> {
    async fn replay(&self, header: &Header, each: &mut (dyn FnMut(Record) + Send)) -> Result<(), JournalError> {
        self.inner.replay(header, each).await
    }

    async fn append(&self, record: &Record) -> Result<(), JournalError> {
        if self.inner.records().len() >= self.limit {
            return Err(JournalError::new("crashed"));
        }
        self.inner.append(record).await
    }
}

/// A step that was written down as begun, or as being taken back.
#[derive(Clone, Debug)]
pub(crate) struct Noted {
    pub(crate) step: StepId,
    /// How many requests there had been.
    requests: usize,
    /// How many records there are, this one included.
    pub(crate) records: usize,
}

/// A journal that notes how many requests had been sent when a step was begun.
#[derive(Debug)]
pub(crate) struct NotingJournal<'a> {
    inner: &'a MemoryJournal,
    world: &'a World,
    noted: Mutex<Vec<Noted>>,
}

impl<'a> NotingJournal<'a> {
    pub(crate) fn new(inner: &'a MemoryJournal, world: &'a World) -> Self {
        Self { inner, world, noted: Mutex::default() }
    }

    /// Returns the last step that was begun before the request at `place`, counted from 0, was sent.
    pub(crate) fn begun_before(&self, place: usize) -> Option<Noted> {
        let noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        noted.iter().rev().find(|noted| noted.requests <= place).cloned()
    }
}

#[async_trait]
impl Journal for NotingJournal<'_> {
    async fn replay(&self, header: &Header, each: &mut (dyn FnMut(Record) + Send)) -> Result<(), JournalError> {
        self.inner.replay(header, each).await
    }

    async fn append(&self, record: &Record) -> Result<(), JournalError> {
        self.inner.append(record).await?;
        if matches!(record.entry, Entry::Reverting | Entry::Started { .. }) {
            let (requests, records) = (self.world.ledger().requests().count(), self.inner.records().len());
            let noted = Noted { step: record.step.clone(), requests, records };
            self.noted.lock().unwrap_or_else(PoisonError::into_inner).push(noted);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use regionmig_core::chain;

    use super::*;
    use crate::invariants::by_hand::{STRICT, started, steps, watched};

    #[tokio::test]
    async fn a_journal_that_crashes_has_what_came_before_and_nothing_else() {
        let (watch, _) = watched(STRICT).await;
        let (plan, (step, _)) = (&watch.expected.plan, steps(&watch));
        let inner = MemoryJournal::default();
        let journal = CrashingJournal::new(&inner, 1);
        let replayed = async || {
            let mut count = 0;
            journal.replay(&Header::new(plan), &mut |_| count += 1).await.expect("it is of this plan");
            count
        };
        let before = replayed().await;
        let record = Record::new(watch.world.clock().now(), step, started());
        journal.append(&record).await.expect("the first");
        let error = journal.append(&record).await.expect_err("the second");
        assert!(chain(&error).contains("crashed"), "{error:?}");
        assert_eq!(inner.records(), [record]);
        assert_eq!((before, replayed().await), (0, 1));
    }
}
