//! The four traits a service implements.
// REQ: E-35

use std::fmt::Debug;
use std::future::ready;

use crate::check::Check;
use crate::context::{RunContext, StepContext};
use crate::draft::Draft;
use crate::error::Classify;
use crate::finding::Finding;
use crate::knowledge::Snapshot;
use crate::receipt::Receipt;
use crate::route::Side;
use crate::step::{Permission, Step};
use crate::survey::Survey;
use crate::wait::Wait;

/// What the four traits have in common: a name and the service's own types.
///
/// A service is a cheap handle, as the SDK's clients are.
pub trait Service: Clone + Debug + Send + Sync + 'static {
    /// What is found in one region.
    type Snapshot: Snapshot;
    /// One change to the world.
    type Step: Step;
    /// How this service's operations fail.
    type Error: Classify;

    /// Names this instance; unique in a migration, without a slash, and the same from run to run.
    fn name(&self) -> &str;

    /// Returns how many steps of a kind may be under way at once, where the service limits it.
    fn lanes(&self) -> Vec<Lane> {
        Vec::new()
    }

    /// Returns what the inventory and the verification need to be allowed.
    fn permissions(&self) -> Vec<Permission> {
        Vec::new()
    }
}

/// How many steps of a kind may be under way at once: begun and not ended, waiting included.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Lane {
    /// Its name, unique in a service.
    pub name: &'static str,
    /// How many; nought is one.
    pub width: usize,
}

impl Lane {
    /// Makes a lane.
    pub const fn new(name: &'static str, width: usize) -> Self {
        Self { name, width }
    }
}

/// Finds out what there is. Never changes anything.
pub trait Inventory: Service {
    /// Collects what there is at one end.
    ///
    /// What cannot be read becomes a [`Gap`](crate::Gap) in the snapshot; the rest is still
    /// returned.
    ///
    /// # Errors
    ///
    /// Fails only if nothing could be read. The survey makes that one large gap.
    fn inventory(
        &self,
        side: Side,
        cx: &RunContext,
    ) -> impl Future<Output = Result<Self::Snapshot, Self::Error>> + Send;
}

/// Decides what to do. Pure: the same survey always gives the same draft.
pub trait Plan: Service {
    /// Returns the steps that bring the target to where the source is.
    ///
    /// What no step can do becomes a finding, and so does what is not known.
    fn plan(&self, survey: &Survey<Self::Snapshot>) -> Draft<Self::Step>;
}

/// Carries out one step at a time.
pub trait Apply: Service {
    /// Asks the target whether `step` has already taken effect. Never changes anything.
    ///
    /// Always called before [`apply`](Self::apply): it is what makes a second run, or a run after
    /// a crash, do nothing twice. Looks in the target itself, by a name, tag or token worked out
    /// from the step; a checkpoint only helps, since a crash can come before it is stored.
    ///
    /// # Errors
    ///
    /// Fails if the target cannot be asked, or cannot be asked in full: that is never
    /// [`Probe::Absent`]. Something like it that is not ours is a
    /// [`Conflict`](crate::ErrorKind::Conflict).
    fn probe(&self, step: &Self::Step, cx: &StepContext<'_>)
    -> impl Future<Output = Result<Probe, Self::Error>> + Send;

    /// Carries out `step` with at most one request that changes anything, sent at most once.
    ///
    /// # Errors
    ///
    /// An error whose kind does not [prove](crate::ErrorKind::proves_no_effect) that nothing was
    /// changed leaves the step in doubt.
    ///
    /// # Cancel safety
    ///
    /// May be dropped at any await. The step is then in doubt and is probed by the next run.
    fn apply(
        &self,
        step: &Self::Step,
        cx: &StepContext<'_>,
    ) -> impl Future<Output = Result<Applied, Self::Error>> + Send;

    /// Asks, without changing anything, whether `step` would be allowed and would work.
    ///
    /// # Errors
    ///
    /// Fails if that cannot be asked.
    fn preflight(
        &self,
        _step: &Self::Step,
        _cx: &StepContext<'_>,
    ) -> impl Future<Output = Result<Vec<Finding>, Self::Error>> + Send {
        ready(Ok(Vec::new()))
    }

    /// Takes back `step`, which this journal's runs made. Called only when a person asks for it.
    ///
    /// Looks first: what is gone already is done, what somebody changed meanwhile is a conflict.
    ///
    /// # Errors
    ///
    /// As for [`apply`](Self::apply).
    fn revert(
        &self,
        _step: &Self::Step,
        _receipt: &Receipt,
        _cx: &StepContext<'_>,
    ) -> impl Future<Output = Result<Reversal, Self::Error>> + Send {
        ready(Ok(Reversal::Unsupported))
    }
}

/// Checks the result against the source by other means than the steps used.
pub trait Verify: Service {
    /// Returns what was checked, and how it came out. Needs no plan and no journal: the survey is
    /// fresh, and holds the map. That nothing is left to do, the engine checks itself.
    ///
    /// # Errors
    ///
    /// Fails if the checks could not be made.
    fn verify(
        &self,
        _survey: &Survey<Self::Snapshot>,
        _cx: &RunContext,
    ) -> impl Future<Output = Result<Vec<Check>, Self::Error>> + Send {
        ready(Ok(Vec::new()))
    }
}

/// All four traits. Implemented for whatever has them.
pub trait Migrate: Inventory + Plan + Apply + Verify {}

impl<S: Inventory + Plan + Apply + Verify> Migrate for S {}

/// What [`Apply::probe`] found.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Probe {
    /// The step has had no effect yet. Said only if everything that could show it was read.
    Absent,
    /// The step is done, and usable by what needs it; this is what it left.
    Present(Receipt),
    /// An earlier attempt has ended for good without effect, as a certificate does that was not
    /// validated in time: a new attempt, with a new token, is needed.
    Spent {
        /// How it ended, in a sentence.
        reason: String,
    },
    /// The step's effect is under way or waits for something outside.
    Waiting(Wait),
}

/// What [`Apply::apply`] achieved.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Applied {
    /// The step is done, and usable by what needs it; this is what it left.
    Done(Receipt),
    /// The step is begun, and something outside must happen: a job, a DNS record, a person.
    Waiting(Wait),
}

/// What [`Apply::revert`] achieved.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Reversal {
    /// The step's effect is gone.
    Done,
    /// This step cannot be taken back.
    Unsupported,
}
