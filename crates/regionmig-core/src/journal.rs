//! The durable record of all runs of one plan.
// REQ: E-14

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::digest::Digest;
use crate::error::{BoxError, ErrorReport};
use crate::plan::MigrationPlan;
use crate::receipt::Receipt;
use crate::route::Route;
use crate::step::StepId;
use crate::wait::Wait;

/// Keeps what happened where a crash cannot reach it.
///
/// One journal belongs to one plan. The core has [`MemoryJournal`]; a durable one is anything that
/// implements this.
#[async_trait]
pub trait Journal: fmt::Debug + Send + Sync {
    /// Ties this journal to `header`, if it is new, and tells `each` what it holds, oldest first.
    ///
    /// # Errors
    ///
    /// Fails if the journal belongs to another plan, is in use, or cannot be read whole. What a
    /// crash left half written at its end is dropped.
    async fn replay(&self, header: &Header, each: &mut (dyn FnMut(Record) + Send)) -> Result<(), JournalError>;

    /// Adds `record`, which is safe once this returns. Called concurrently: records that come
    /// together may be made safe together.
    ///
    /// # Errors
    ///
    /// Fails if `record` may have been lost. No further step begins then; and every later call must fail, since what
    /// follows a torn record may be dropped with it.
    async fn append(&self, record: &Record) -> Result<(), JournalError>;
}

/// What a journal is the record of.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Header {
    /// The form of the records.
    pub format: u32,
    /// The plan.
    pub plan: Digest,
    /// The plan's route.
    pub route: Route,
}

impl Header {
    /// Makes the header for `plan`.
    pub fn new(plan: &MigrationPlan) -> Self {
        Self { format: 1, plan: plan.digest().clone(), route: plan.route().clone() }
    }
}

/// An entry, and when it was made. Sequence number, checksum and the hash of the record before
/// are the storage's.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Record {
    /// When.
    pub at: Timestamp,
    /// About which step.
    pub step: StepId,
    /// What.
    pub entry: Entry,
}

impl Record {
    /// Makes a record.
    pub fn new(at: Timestamp, step: StepId, entry: Entry) -> Self {
        Self { at, step, entry }
    }
}

/// One thing that happened to one step.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Entry {
    /// A person says that a task is done which nothing can look at.
    Acknowledged {
        /// Who.
        by: String,
        /// How they know.
        note: String,
    },
    /// The step stored where it has got to.
    Checkpoint(Value),
    /// The step is done.
    Done(Receipt),
    /// The step failed.
    Failed {
        /// Why.
        error: ErrorReport,
        /// Whether it may have changed something all the same.
        doubt: bool,
    },
    /// The step cannot be taken back: it is done, as before.
    Kept,
    /// The step was taken back.
    Reverted,
    /// A request that takes the step back may be about to be sent.
    Reverting,
    /// A request may be about to be sent.
    Started {
        /// How many attempts have ended for good before: part of the token.
        generation: u32,
        /// How the last of them ended.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        spent: Option<String>,
        /// What names the step as the plan has it.
        request: Digest,
    },
    /// The step waits for something outside.
    Waiting(Wait),
}

/// The journal could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("the journal failed")]
pub struct JournalError(#[source] BoxError);

impl JournalError {
    /// Wraps whatever the journal's storage says.
    pub fn new(source: impl Into<BoxError>) -> Self {
        Self(source.into())
    }
}

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
