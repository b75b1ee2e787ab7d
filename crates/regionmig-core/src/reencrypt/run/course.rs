//! How one run goes: what came of each item, what is saved when, and why it stops.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use super::checkpoints::{Checkpoint, Checkpoints};
use super::error::RunError;
use super::low_water::LowWater;
use super::options::RunOptions;
use super::partition::Position;
use super::sink::Delivered;
use super::summary::{Stopped, Summary};
use crate::error::BoxError;
use crate::reencrypt::stream::{Outcome, Told};
use crate::time::Clock;

/// What came of one item; no result, if it was not begun.
pub(super) struct Left {
    pub(super) position: Option<Position>,
    pub(super) result: Option<Result<Delivered, RunError>>,
}

impl Told for Left {
    fn outcome(&self) -> Outcome {
        match &self.result {
            None => Outcome::NotBegun,
            Some(Ok(Delivered::Superseded | Delivered::Written)) => Outcome::Done,
            Some(Ok(Delivered::SetAside) | Err(_)) => Outcome::Failed,
        }
    }
}

/// One run.
pub(super) struct Course<'a> {
    name: &'a str,
    checkpoints: &'a dyn Checkpoints,
    clock: Arc<dyn Clock>,
    every: Duration,
    ahead: u64,
    give_up_after: Option<u64>,
    halt: CancellationToken,
    low: LowWater,
    /// What was saved last.
    saved: Checkpoint,
    saving: Saving<'a>,
    /// What this run did.
    this: Checkpoint,
    stopped: Option<Stopped>,
}

enum Saving<'a> {
    /// There is nothing to save, or there was not when it was last looked at.
    Idle,
    /// There is, once some time has passed.
    Later(BoxFuture<'a, ()>),
    /// There is.
    Due,
    /// It is being saved.
    UnderWay(Checkpoint, BoxFuture<'a, Result<(), BoxError>>),
    /// Saving has failed, and is not tried again.
    Failed,
}

impl<'a> Course<'a> {
    pub(super) fn new(
        name: &'a str,
        checkpoints: &'a dyn Checkpoints,
        earlier: Checkpoint,
        options: &RunOptions,
        halt: CancellationToken,
    ) -> Self {
        Self {
            name,
            checkpoints,
            clock: Arc::clone(&options.items.clock),
            every: options.every,
            ahead: options.ahead,
            give_up_after: options.give_up_after,
            halt,
            low: LowWater::new(earlier.clone()),
            saved: earlier,
            saving: Saving::Idle,
            this: Checkpoint::default(),
            stopped: None,
        }
    }

    /// Returns below which number items may begin.
    pub(super) fn until(&self) -> u64 {
        self.low.next().saturating_add(self.ahead)
    }

    /// Takes note of what came of an item.
    pub(super) fn ended(&mut self, number: u64, left: Left) {
        match left.result {
            None => {}
            Some(Ok(delivered)) => {
                self.this.count(delivered);
                self.low.done(number, left.position, delivered);
                // The first as they came, since what can be put takes longer than what cannot.
                let first = self.low.next();
                if !self.has_put() && self.give_up_after.is_some_and(|items| first >= items) {
                    let position = self.low.checkpoint().position.clone();
                    self.fail(position, RunError::AllSetAside { items: first });
                }
            }
            // It was told to stop before its next try.
            Some(Err(error)) if self.halt.is_cancelled() && error.kind().is_passing() => {}
            Some(Err(error)) => self.fail(left.position, error),
        }
    }

    const fn has_put(&self) -> bool {
        self.this.written > 0 || self.this.superseded > 0
    }

    /// Returns whether there is something to keep: not before something was put, or the partition ended, since what was set aside before
    /// may be to be tried again.
    fn is_ahead(&self) -> bool {
        let checkpoint = self.low.checkpoint();
        let counts = self.give_up_after.is_none() || self.has_put() || checkpoint.is_complete && self.stopped.is_none();
        counts && checkpoint != &self.saved
    }

    /// Saves how far it has got, when there is something to save and it is time; otherwise does not return. Returns after each step of it,
    /// and goes on where it was when it is called again.
    pub(super) async fn save(&mut self) {
        if matches!(self.saving, Saving::Idle) && self.is_ahead() {
            self.saving = match self.every.is_zero() {
                true => Saving::Due,
                false => {
                    let (clock, every) = (Arc::clone(&self.clock), self.every);
                    Saving::Later(Box::pin(async move { clock.sleep(every).await }))
                }
            };
        }
        if matches!(self.saving, Saving::Due) {
            let (name, checkpoints, checkpoint) = (self.name, self.checkpoints, self.low.checkpoint().clone());
            let copy = checkpoint.clone();
            self.saving = Saving::UnderWay(copy, Box::pin(async move { checkpoints.save(name, &checkpoint).await }));
        }
        match &mut self.saving {
            Saving::Later(time) => {
                time.await;
                self.saving = Saving::Due;
            }
            Saving::UnderWay(_, saving) => {
                let result = saving.await;
                self.is_saved(result);
            }
            Saving::Idle | Saving::Due | Saving::Failed => pending().await,
        }
    }

    /// Ends the run, after all that was begun; `total` is the number of items, if the source came to its end.
    pub(super) async fn close(mut self, total: Option<u64>) -> Summary {
        let is_all = total.is_some_and(|total| self.low.end(total));
        if !is_all && self.stopped.is_none() {
            self.stopped = Some(Stopped::Asked);
        }
        self.every = Duration::ZERO;
        if matches!(self.saving, Saving::Later(_)) {
            self.saving = Saving::Due;
        }
        while !matches!(self.saving, Saving::Failed) && (matches!(self.saving, Saving::UnderWay(..)) || self.is_ahead())
        {
            self.save().await;
        }
        Summary::new(self.name, &self.this, self.saved, self.stopped)
    }

    fn is_saved(&mut self, result: Result<(), BoxError>) {
        match (result, std::mem::replace(&mut self.saving, Saving::Idle)) {
            (Ok(()), Saving::UnderWay(checkpoint, _)) => self.saved = checkpoint,
            (Ok(()), _) => {}
            (Err(source), _) => {
                self.saving = Saving::Failed;
                let partition = self.name.to_owned();
                self.fail(None, RunError::Checkpoint { partition, attempted: "saved", source });
            }
        }
    }

    fn fail(&mut self, position: Option<Position>, error: RunError) {
        // The first reason is the one to be told: others may follow from it.
        if !matches!(self.stopped, Some(Stopped::Failed { .. })) {
            self.stopped = Some(Stopped::Failed { position, error: Box::new(error) });
        }
        self.halt.cancel();
    }
}
