//! A journal in memory.

use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::journal::{Header, Journal, JournalError, Record};

/// A journal that a crash does reach: for tests, and for trying things out.
#[derive(Debug, Default)]
pub struct MemoryJournal(Mutex<(Option<Header>, Vec<Record>)>);

impl MemoryJournal {
    /// Returns what was written.
    pub fn records(&self) -> Vec<Record> {
        self.inner().1.clone()
    }

    fn inner(&self) -> MutexGuard<'_, (Option<Header>, Vec<Record>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Journal for MemoryJournal {
    async fn replay(&self, header: &Header, each: &mut (dyn FnMut(Record) + Send)) -> Result<(), JournalError> {
        let mut inner = self.inner();
        match &inner.0 {
            Some(own) if own != header => {
                let text = format!("it belongs to plan {} ({}), this is {}", own.plan, own.route, header.plan);
                return Err(JournalError::new(text));
            }
            Some(_) => inner.1.iter().cloned().for_each(each),
            None => inner.0 = Some(header.clone()),
        }
        Ok(())
    }

    async fn append(&self, record: &Record) -> Result<(), JournalError> {
        self.inner().1.push(record.clone());
        Ok(())
    }
}
