//! The durable record of all runs of one plan.
// REQ: E-14

mod commit;
mod error;
mod file;
mod line;
mod memory;
mod open;
mod reader;
mod recover;
mod scan;

pub use error::FileJournalError;
pub use file::FileJournal;
pub use memory::MemoryJournal;
pub use reader::{JournalLine, JournalReader, Noted};

use std::fmt;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::digest::Digest;
use crate::error::{BoxError, ErrorReport, escaped};
use crate::plan::MigrationPlan;
use crate::receipt::Receipt;
use crate::route::Route;
use crate::step::StepId;
use crate::wait::Wait;

/// Keeps what happened where a crash cannot reach it.
///
/// One journal belongs to one plan. [`FileJournal`] is one in a file, [`MemoryJournal`] one for trying things out; a table
/// of a database can be another.
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

    /// Takes note of who goes on with the plan, before anything else of that run is added.
    ///
    /// # Errors
    ///
    /// As for [`append`](Self::append). The run does not begin then.
    async fn begin(&self, _run: &Run) -> Result<(), JournalError> {
        Ok(())
    }
}

/// Who goes on with a plan, when, and to what end.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Run {
    /// When it was begun.
    pub at: Timestamp,
    /// What for.
    pub act: Act,
    /// Whose credentials are used at the target, such as the ARN of a role's session; none, if the caller does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

impl Run {
    /// Describes a run.
    pub fn new(at: Timestamp, act: Act, by: Option<String>) -> Self {
        Self { at, act, by }
    }
}

/// What a journal is opened for.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Act {
    /// A person answers for a task.
    Acknowledge,
    /// The plan is carried out.
    Apply,
    /// What was made is taken back.
    Revert,
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Acknowledge => "acknowledge",
            Self::Apply => "apply",
            Self::Revert => "revert",
        })
    }
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
#[serde(deny_unknown_fields)]
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
    /// What was said of the step may not be all that happened to it: a damaged journal was
    /// [recovered](FileJournal::recover). Only the target knows where it stands.
    Doubted,
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

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Acknowledged { by, note } => write!(f, "{} says that it is done: {}", escaped(by), escaped(note)),
            Self::Checkpoint(_) => f.write_str("has got further"),
            Self::Done(_) => f.write_str("done"),
            Self::Doubted => f.write_str("in doubt, since the journal was damaged"),
            Self::Failed { error, doubt: true } => write!(f, "failed, and may have had effect: {error}"),
            Self::Failed { error, doubt: false } => write!(f, "failed: {error}"),
            Self::Kept => f.write_str("cannot be taken back"),
            Self::Reverted => f.write_str("taken back"),
            Self::Reverting => f.write_str("is being taken back"),
            Self::Started { .. } => f.write_str("begun"),
            Self::Waiting(wait) => write!(f, "waits: {wait}"),
        }
    }
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
