//! What was read and what was not, kept apart by type.

mod listing;
mod snapshot;

pub use listing::{Item, Listing, Lookup, Pairing};
pub use snapshot::{Snapshot, Stale};

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::{Classify, ErrorReport};

/// Something that could not be read: which operation failed, and why.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Gap {
    /// The operation that failed, for example `kms:DescribeKey`.
    pub operation: String,
    /// Why.
    pub error: ErrorReport,
}

impl Gap {
    /// Records that `operation` failed.
    pub fn new(operation: impl Into<String>, error: &impl Classify) -> Self {
        Self { operation: operation.into(), error: ErrorReport::new(error) }
    }
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.error.to_string();
        // Errors that name their action say it themselves.
        match text.starts_with(&self.operation) {
            true => f.write_str(&text),
            false => write!(f, "{}: {text}", self.operation),
        }
    }
}
