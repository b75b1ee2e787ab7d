//! What a run came to.

use std::fmt;

use super::checkpoints::Checkpoint;
use super::error::RunError;
use super::partition::Position;
use crate::error::{chain, escaped};

/// What a run did, and where the next one goes on.
#[derive(Debug)]
#[must_use = "a run that stopped says so here and nowhere else"]
#[non_exhaustive]
pub struct Summary {
    /// Which partition.
    pub partition: String,
    /// Items that this run wrote.
    pub written: u64,
    /// Items that the sink had something newer for.
    pub superseded: u64,
    /// Items that this run set aside.
    pub set_aside: u64,
    /// How far all runs have got, as it was saved last.
    pub checkpoint: Checkpoint,
    /// Why it stopped, if that was before the end.
    pub stopped: Option<Stopped>,
}

/// Why a run stopped before the end.
#[derive(Debug)]
#[non_exhaustive]
pub enum Stopped {
    /// It was told to.
    Asked,
    /// Something failed that is not about one item.
    Failed {
        /// Where reading could go on after the item it failed with, if there was one. Where the next run does go on,
        /// [`Summary::checkpoint`] says.
        position: Option<Position>,
        /// What.
        error: Box<RunError>,
    },
}

impl Summary {
    pub(super) fn new(partition: &str, this: &Checkpoint, checkpoint: Checkpoint, stopped: Option<Stopped>) -> Self {
        Self {
            partition: partition.to_owned(),
            written: this.written,
            superseded: this.superseded,
            set_aside: this.set_aside,
            checkpoint,
            stopped,
        }
    }

    /// Says that an earlier run has done all.
    pub(super) fn of_complete(partition: &str, checkpoint: Checkpoint) -> Self {
        Self::new(partition, &Checkpoint::default(), checkpoint, None)
    }

    /// Returns whether every item of the partition is written, superseded or set aside.
    pub fn is_complete(&self) -> bool {
        self.stopped.is_none()
    }
}

impl fmt::Display for Summary {
    /// Shows what this run did, what all did, and why it stopped.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = if self.is_complete() { "complete" } else { "not complete" };
        write!(f, "partition `{}`: {how}; ", escaped(&self.partition))?;
        let all = &self.checkpoint;
        write!(f, "this run: {} written, {} superseded, {} set aside", self.written, self.superseded, self.set_aside)?;
        write!(f, "; all runs: {} written, {} superseded, {} set aside", all.written, all.superseded, all.set_aside)?;
        if all.set_aside > 0 {
            f.write_str("\nwhat was set aside is not tried again: mend it, and hand it out as a partition of its own")?;
        }
        let Some(stopped) = &self.stopped else { return Ok(()) };
        write!(f, "\nstopped: {stopped}\nthe next run goes on ")?;
        match &all.position {
            Some(position) => write!(f, "at {position}"),
            None => f.write_str("at the beginning"),
        }
    }
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Asked => f.write_str("as asked"),
            Self::Failed { position, error } => {
                f.write_str(&chain(error.as_ref()))?;
                match position {
                    Some(position) => write!(f, " (the item before {position})"),
                    None => Ok(()),
                }
            }
        }
    }
}
