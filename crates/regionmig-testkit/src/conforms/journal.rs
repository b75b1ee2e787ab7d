//! A journal that dies.

use async_trait::async_trait;
use regionmig_core::{Header, Journal, JournalError, MemoryJournal, Record};

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
