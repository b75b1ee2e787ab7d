//! What can be wrong with a journal's file.

use std::io;
use std::path::PathBuf;

use crate::journal::JournalError;
use crate::plan::PlanError;

/// A journal's file could not be made, opened, read or recovered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileJournalError {
    /// Something in the file is not what was written. Nothing in it was changed.
    #[error(
        "record {record} of journal `{}` is damaged: {why}; what it said is lost, so recover the journal: every step is then \
         looked for in the target before anything is sent", path.display()
    )]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// Which record, counted from 1: line by line after the plan. Nought is the first line of all, or the plan.
        record: u64,
        /// What is wrong with it.
        why: String,
    },
    /// Others could have written to it.
    #[error("others than its owner can write to journal `{}`: look whether it is as it was left, then take that right away (chmod 600)", path.display())]
    Exposed {
        /// Which file.
        path: PathBuf,
    },
    /// There is something of that name.
    #[error("there is a file `{}` already: open it to go on with its plan, or choose another name", path.display())]
    Exists {
        /// Which file.
        path: PathBuf,
    },
    /// Another process, or another part of this one, has it open.
    #[error("journal `{}` is in use{}: wait until that has ended, or end it", path.display(), by(*process))]
    InUse {
        /// Which file.
        path: PathBuf,
        /// The process that began the last run with it, if any run was begun.
        process: Option<u32>,
    },
    /// The file system refused.
    #[error("`{}` could not be {attempted}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What was attempted: `read`, `written`.
        attempted: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// There is no such file.
    #[error("there is no journal `{}`", path.display())]
    Missing {
        /// Which file.
        path: PathBuf,
    },
    /// It was written by a later version.
    #[error("journal `{}` is of format {found}, this version reads {supported}: use the version that wrote it", path.display())]
    NewerFormat {
        /// Which file.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The one that this version reads.
        supported: u32,
    },
    /// The plan in it is not what was written.
    #[error(
        "the plan in journal `{}` is damaged, so the journal cannot be used: survey and plan again, and apply that with \
         `ApplyOptions::cautious`", path.display()
    )]
    Plan {
        /// Which file.
        path: PathBuf,
        /// What is wrong with the plan.
        source: PlanError,
    },
}

fn by(process: Option<u32>) -> String {
    process.map(|process| format!("; process {process} began the last run with it")).unwrap_or_default()
}

impl From<FileJournalError> for JournalError {
    fn from(error: FileJournalError) -> Self {
        Self::new(error)
    }
}
