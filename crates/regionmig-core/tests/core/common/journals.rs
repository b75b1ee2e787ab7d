//! Journals that fail, and that tell when something was safe.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use regionmig_core::{Entry, Header, Journal, JournalError, MemoryJournal, Record};

/// When a journal fails.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Crash {
    /// After so many records, the next is lost.
    Before(usize),
    /// After so many records, of which the last was stored though it says that it was not.
    After(usize),
    /// After so many records, one is lost, and then all is well again.
    Once(usize),
}

/// A process that dies at one record.
#[derive(Debug)]
pub(crate) struct CrashingJournal<'a> {
    inner: &'a MemoryJournal,
    crash: Crash,
    has_failed: AtomicBool,
}

impl<'a> CrashingJournal<'a> {
    pub(crate) fn new(inner: &'a MemoryJournal, crash: Crash) -> Self {
        Self { inner, crash, has_failed: AtomicBool::new(false) }
    }
}

#[async_trait]
impl Journal for CrashingJournal<'_> {
    async fn replay(&self, header: &Header, each: &mut (dyn FnMut(Record) + Send)) -> Result<(), JournalError> {
        self.inner.replay(header, each).await
    }

    async fn append(&self, record: &Record) -> Result<(), JournalError> {
        tokio::task::yield_now().await;
        let stored = self.inner.records().len();
        match self.crash {
            Crash::Before(limit) if stored >= limit => return Err(JournalError::new("the disk is full")),
            Crash::After(limit) if stored >= limit => return Err(JournalError::new("the disk is full")),
            Crash::Once(limit) if stored == limit && !self.has_failed.swap(true, Ordering::SeqCst) => {
                return Err(JournalError::new("the disk was full"));
            }
            _ => self.inner.append(record).await?,
        }
        tokio::task::yield_now().await;
        match self.crash {
            Crash::After(limit) if stored + 1 == limit => Err(JournalError::new("the disk did not answer")),
            _ => Ok(()),
        }
    }
}

/// Takes its time, and notes in a list shared with others when a record was safe.
#[derive(Debug)]
pub(crate) struct SlowJournal {
    pub(crate) inner: MemoryJournal,
    pub(crate) notes: Arc<Mutex<Vec<String>>>,
}

#[async_trait]
impl Journal for SlowJournal {
    async fn replay(&self, header: &Header, each: &mut (dyn FnMut(Record) + Send)) -> Result<(), JournalError> {
        self.inner.replay(header, each).await
    }

    async fn append(&self, record: &Record) -> Result<(), JournalError> {
        for _ in 0..5 {
            tokio::task::yield_now().await;
        }
        self.inner.append(record).await?;
        self.notes.lock().unwrap().push(format!("{} {}", label(&record.entry), name(record)));
        tokio::task::yield_now().await;
        Ok(())
    }
}

/// Names an entry.
pub(crate) fn label(entry: &Entry) -> &'static str {
    match entry {
        Entry::Acknowledged { .. } => "acknowledged",
        Entry::Checkpoint(_) => "checkpoint",
        Entry::Done(_) => "done",
        Entry::Failed { doubt: true, .. } => "failed in doubt",
        Entry::Failed { .. } => "failed",
        Entry::Kept => "kept",
        Entry::Reverted => "reverted",
        Entry::Reverting => "reverting",
        Entry::Started { .. } => "started",
        Entry::Waiting(_) => "waiting",
        _ => "unknown",
    }
}

fn name(record: &Record) -> &str {
    record.step.subject().split_once(':').unwrap().1
}

/// The journal in short: `started a`, `done a`.
pub(crate) fn entries(journal: &MemoryJournal) -> Vec<String> {
    journal.records().iter().map(|record| format!("{} {}", label(&record.entry), name(record))).collect()
}
