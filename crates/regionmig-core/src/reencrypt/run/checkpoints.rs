//! Where it is kept how far a partition has got.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::partition::Position;
use super::sink::Delivered;
use crate::error::BoxError;

/// How far a partition has got, in all runs: below the position, each item was put or set aside.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Checkpoint {
    /// Where to go on. None is the beginning; if it is complete, none says that reading cannot go on behind the last item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
    /// Items below it that were written.
    pub written: u64,
    /// Items below it that the sink had something newer for.
    pub superseded: u64,
    /// Items below it that were set aside.
    pub set_aside: u64,
    /// The source came to its end, and everything is done. If there is a position, the next run looks there whether the source has grown.
    pub is_complete: bool,
}

impl Checkpoint {
    pub(super) fn count(&mut self, delivered: Delivered) {
        let count = match delivered {
            Delivered::SetAside => &mut self.set_aside,
            Delivered::Superseded => &mut self.superseded,
            Delivered::Written => &mut self.written,
        };
        *count = count.saturating_add(1);
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.written = self.written.saturating_add(other.written);
        self.superseded = self.superseded.saturating_add(other.superseded);
        self.set_aside = self.set_aside.saturating_add(other.set_aside);
    }
}

/// Keeps how far each partition has got. [`FileCheckpoints`](super::FileCheckpoints) does so in a folder; a table can do it as well.
///
/// One that is lost, or older than it should be, costs time alone: items are done again, and the sink notices.
#[async_trait]
pub trait Checkpoints: fmt::Debug + Send + Sync {
    /// Returns what was saved last for a partition, if anything was.
    ///
    /// # Errors
    ///
    /// Fails if that cannot be found out: nothing at all is only what was never saved.
    async fn load(&self, partition: &str) -> Result<Option<Checkpoint>, BoxError>;

    /// Saves how far a partition has got, in place of what was saved before, as a whole or not at all. Durable once this returns. What may
    /// pass it tries again itself.
    ///
    /// # Errors
    ///
    /// Fails if it may have been lost. The run then ends.
    async fn save(&self, partition: &str, checkpoint: &Checkpoint) -> Result<(), BoxError>;
}

/// So that a caller can keep a hand on it.
#[async_trait]
impl<C: Checkpoints + ?Sized> Checkpoints for Arc<C> {
    async fn load(&self, partition: &str) -> Result<Option<Checkpoint>, BoxError> {
        (**self).load(partition).await
    }

    async fn save(&self, partition: &str, checkpoint: &Checkpoint) -> Result<(), BoxError> {
        (**self).save(partition, checkpoint).await
    }
}

/// Keeps it in memory: for tests, and for shares that are handed out again as a whole.
#[derive(Debug, Default)]
pub struct MemoryCheckpoints(Mutex<BTreeMap<String, Checkpoint>>);

#[async_trait]
impl Checkpoints for MemoryCheckpoints {
    async fn load(&self, partition: &str) -> Result<Option<Checkpoint>, BoxError> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).get(partition).cloned())
    }

    async fn save(&self, partition: &str, checkpoint: &Checkpoint) -> Result<(), BoxError> {
        let (name, checkpoint) = (partition.to_owned(), checkpoint.clone());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name, checkpoint);
        Ok(())
    }
}
