//! How a run fails.

use super::super::error::ReencryptError;
use crate::error::{BoxError, Classify, ErrorKind, ErrorReport};

/// A run, or the delivery of one item, did not get through. What is done stays done: run it again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The first items were set aside, all of them ([`RunOptions::give_up_after`](super::RunOptions::give_up_after)).
    #[error(
        "the first {items} items were all set aside, as if none of them was valid: look at why, and whether key and context are the right \
         ones; the next run tries them again, and if they are to be set aside, it takes a larger `RunOptions::give_up_after`"
    )]
    AllSetAside {
        /// How many.
        items: u64,
    },
    /// It could not be read, or kept, how far the partition has got.
    #[error("the checkpoint of partition `{}` could not be {attempted}", crate::error::escaped(partition))]
    Checkpoint {
        /// Which partition.
        partition: String,
        /// What was attempted: `loaded`, `saved`.
        attempted: &'static str,
        /// Why not.
        source: BoxError,
    },
    /// An item failed in a way that others would, too; or it is not to be set aside.
    #[error("an item could not be re-encrypted, and was not set aside")]
    Item(#[source] ReencryptError),
    /// The sink failed.
    #[error("an item could not be {attempted} at the sink")]
    Sink {
        /// What was attempted: `put`, `set aside`, `looked up`.
        attempted: &'static str,
        /// What can be kept of the error.
        report: Box<ErrorReport>,
        /// The sink's own error.
        source: BoxError,
    },
    /// The source failed.
    #[error("partition `{}` could not be read on", crate::error::escaped(partition))]
    Source {
        /// Which partition.
        partition: String,
        /// What can be kept of the error.
        report: Box<ErrorReport>,
        /// The partition's own error.
        source: BoxError,
    },
}

impl RunError {
    pub(super) fn sink(attempted: &'static str, error: impl Classify) -> Self {
        Self::Sink { attempted, report: Box::new(ErrorReport::new(&error)), source: Box::new(error) }
    }

    pub(super) fn sourced(partition: &str, error: impl Classify) -> Self {
        let report = Box::new(ErrorReport::new(&error));
        Self::Source { partition: partition.to_owned(), report, source: Box::new(error) }
    }

    /// Returns the kind.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::AllSetAside { .. } => ErrorKind::Invalid,
            Self::Checkpoint { .. } => ErrorKind::Unavailable,
            Self::Item(error) => error.kind(),
            Self::Sink { report, .. } | Self::Source { report, .. } => report.kind,
        }
    }
}

impl Classify for RunError {
    fn kind(&self) -> ErrorKind {
        self.kind()
    }

    fn report(&self) -> Option<&ErrorReport> {
        match self {
            Self::Item(error) => error.report(),
            Self::Sink { report, .. } | Self::Source { report, .. } => Some(report),
            Self::AllSetAside { .. } | Self::Checkpoint { .. } => None,
        }
    }
}
