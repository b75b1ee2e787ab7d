//! What one step is handed.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::context::{RunContext, SharedReads};
use crate::digest::Digest;
use crate::error::Error;
use crate::event::Event;
use crate::ids::{Binding, IdMap, Identifier, ResourceId, Template, UnresolvedError};
use crate::journal::{Entry, JournalError};
use crate::route::{End, Side};
use crate::standings::Standing;
use crate::step::StepId;

/// The step was begun before, and nobody knows how that ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Doubt {
    /// When it was begun: what was made before is not its work.
    pub since: Timestamp,
}

/// Where what happens to a step is written down, and what has become of the others is known from.
#[async_trait]
pub(crate) trait Recorder: Send + Sync {
    async fn record(&self, step: &StepId, entry: Entry) -> Result<(), Error>;

    /// Returns whether the receipt of a step binds something to `target`.
    fn is_bound(&self, target: &ResourceId) -> bool;
}

#[async_trait]
impl Recorder for () {
    async fn record(&self, _: &StepId, _: Entry) -> Result<(), Error> {
        Ok(())
    }

    fn is_bound(&self, _: &ResourceId) -> bool {
        false
    }
}

/// One look at a step: what of the run it may rely on.
#[derive(Clone)]
pub(crate) struct Basis<'a> {
    pub(crate) ids: IdMap,
    pub(crate) known: Arc<BTreeSet<ResourceId>>,
    pub(crate) not_before: Timestamp,
    pub(crate) reads: Arc<SharedReads>,
    pub(crate) recorder: &'a dyn Recorder,
}

/// What one step is handed.
pub struct StepContext<'a> {
    run: &'a RunContext,
    step: &'a StepId,
    doubt: Option<Doubt>,
    generation: u32,
    acknowledgement: Option<(String, String)>,
    basis: Basis<'a>,
    checkpoint: Mutex<Option<Value>>,
}

impl<'a> StepContext<'a> {
    pub(crate) fn new(run: &'a RunContext, step: &'a StepId, standing: &Standing, basis: Basis<'a>) -> Self {
        Self {
            run,
            step,
            doubt: standing.doubt(),
            generation: standing.generation,
            acknowledgement: standing.acknowledgement.clone(),
            basis,
            checkpoint: Mutex::new(standing.checkpoint.clone()),
        }
    }

    /// Takes note that the step has been begun. What it needs was made before, and nothing of that changes.
    pub(crate) fn begin(&mut self, standing: &Standing, not_before: Timestamp) {
        self.doubt = standing.doubt();
        self.generation = standing.generation;
        self.basis.not_before = not_before;
    }

    /// Makes what a step is handed outside of any run: for tests, and for a program of the caller's
    /// that wants a single step done and takes care itself. Checkpoints go nowhere.
    pub fn detached(run: &'a RunContext, step: &'a StepId, ids: IdMap) -> Self {
        let basis =
            Basis { ids, known: Arc::default(), not_before: run.clock().now(), reads: Arc::default(), recorder: &() };
        Self::new(run, step, &Standing::default(), basis)
    }

    /// Returns what the whole run shares.
    pub fn run(&self) -> &RunContext {
        self.run
    }

    /// Returns one end of the route.
    pub fn end(&self, side: Side) -> &End {
        self.run.end(side)
    }

    /// Returns the step's name.
    pub fn step(&self) -> &StepId {
        self.step
    }

    /// Turns a [`Binding`] of the step into an identifier valid in the target.
    ///
    /// # Errors
    ///
    /// Fails if the step did not say that it [needs](crate::Spec::needs) it.
    pub fn resolve<I: Identifier>(&self, binding: &Binding<I>) -> Result<I, UnresolvedError> {
        self.basis.ids.resolve(binding)
    }

    /// Fills a [`Template`] of the step.
    ///
    /// # Errors
    ///
    /// Fails if the step did not say that it [needs](crate::Spec::needs_all) it.
    pub fn fill(&self, template: &Template) -> Result<String, UnresolvedError> {
        self.basis.ids.fill(template)
    }

    /// Returns that the step was begun before, if it was and how it ended is not known.
    pub fn doubt(&self) -> Option<Doubt> {
        self.doubt
    }

    /// Returns the identifiers in the target that this service's survey saw and examined.
    pub fn known(&self) -> &BTreeSet<ResourceId> {
        &self.basis.known
    }

    /// Returns whether a step of this plan has become `target`, in this run or an earlier one with the same journal: as
    /// its receipt says, which is on record. Then `target` is that step's work and no other's, so that a probe that looks
    /// for its own among what is new need not examine it.
    ///
    /// What the step itself has made is not bound as long as it is probed: it has no receipt yet. Nor is what the plan found
    /// or was told, nor what is being taken back. Costs no more for a large plan than for a small one, but for the first time.
    pub fn is_bound<I: Identifier>(&self, target: &I) -> bool {
        self.basis.recorder.is_bound(&ResourceId::of(target))
    }

    /// Returns the moment from which on a reading counts for this look: the begin of the run, or
    /// later where the engine wants the target asked anew.
    pub fn not_before(&self) -> Timestamp {
        self.basis.not_before
    }

    /// Returns a reading that other probes of this run made since `not_before`, or else makes it:
    /// so that a thousand probes cost one listing. `name` is the service's own.
    ///
    /// # Errors
    ///
    /// Fails as `read` does.
    pub async fn shared<T, E, F, R>(&self, name: &str, not_before: Timestamp, read: F) -> Result<Arc<T>, E>
    where
        T: Send + Sync + 'static,
        F: FnOnce() -> R + Send,
        R: Future<Output = Result<T, E>> + Send,
    {
        self.basis.reads.get((self.step.service(), name), not_before, self.run.clock(), read).await
    }

    /// Returns who said that the step's task is done, and how they know.
    pub fn acknowledgement(&self) -> Option<(&str, &str)> {
        self.acknowledgement.as_ref().map(|(by, note)| (by.as_str(), note.as_str()))
    }

    /// Returns an idempotency token of `length` hexadecimal digits, at most 64: the same for the
    /// same request of the same step, until an attempt has ended for good.
    ///
    /// `request` must not hold a secret.
    pub fn token(&self, request: &str, length: usize) -> String {
        let text = format!("regionmig/1\n{}\n{}\n{request}", self.step, self.generation);
        let mut token = Digest::of(text).to_string();
        token.truncate(length);
        token
    }

    /// Reports progress within the step.
    pub fn progress(&self, done: u64, total: Option<u64>) {
        self.run.emit(&Event::StepProgress { step: self.step.clone(), done, total });
    }

    /// Stores where the step has got to, so that a later look at it can go on from there.
    ///
    /// # Errors
    ///
    /// Fails if the journal does.
    ///
    /// # Cancel safety
    ///
    /// If dropped, the checkpoint may or may not have been stored.
    pub async fn save<T: Serialize + Sync>(&self, checkpoint: &T) -> Result<(), JournalError> {
        let data = serde_json::to_value(checkpoint).map_err(JournalError::new)?;
        let stored = self.basis.recorder.record(self.step, Entry::Checkpoint(data.clone())).await;
        stored.map_err(JournalError::new)?;
        *self.checkpoint.lock().unwrap_or_else(PoisonError::into_inner) = Some(data);
        Ok(())
    }

    /// Returns what was last stored, in whichever run, if it can still be read.
    pub fn saved<T: DeserializeOwned>(&self) -> Option<T> {
        let checkpoint = self.checkpoint.lock().unwrap_or_else(PoisonError::into_inner);
        checkpoint.as_ref().and_then(|data| T::deserialize(data).ok())
    }
}

impl fmt::Debug for StepContext<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StepContext").field("step", self.step).finish_non_exhaustive()
    }
}
