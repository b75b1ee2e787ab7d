//! Checkpoints in the journal, where re-encrypting is a step of a plan.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::checkpoints::{Checkpoint, Checkpoints};
use crate::context::StepContext;
use crate::error::BoxError;

/// What the step has stored is how far each of its partitions has got, and nothing else. Each save is a record of the journal, so a step
/// of many partitions saves seldom ([`RunOptions::checkpoint_every`](super::RunOptions::checkpoint_every)); and of two partitions saved
/// at once, one may be kept as it was before, which costs time alone.
#[async_trait]
impl Checkpoints for StepContext<'_> {
    async fn load(&self, partition: &str) -> Result<Option<Checkpoint>, BoxError> {
        Ok(all(self).remove(partition))
    }

    async fn save(&self, partition: &str, checkpoint: &Checkpoint) -> Result<(), BoxError> {
        let mut all = all(self);
        all.insert(partition.to_owned(), checkpoint.clone());
        Ok(StepContext::save(self, &all).await?)
    }
}

fn all(step: &StepContext<'_>) -> BTreeMap<String, Checkpoint> {
    step.saved().unwrap_or_default()
}
