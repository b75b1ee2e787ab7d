//! What a run may do, and for how long.
// REQ: E-29

use std::collections::BTreeSet;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::plan::{Hold, MigrationPlan, PlanError};
use crate::step::{Effect, StepId};

/// What a run may do, and for how long.
///
/// By default: additive steps only, eight at once, and a quarter of an hour's patience.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ApplyOptions {
    overwriting: bool,
    irreversible: BTreeSet<StepId>,
    only: Option<BTreeSet<StepId>>,
    caution: Caution,
    pub(super) concurrency: usize,
    pub(super) patience: Duration,
    stop: CancellationToken,
}

/// What is thought of a journal that is new.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Caution {
    /// It may follow a lost one: what would be made twice is looked for three times.
    Usual,
    /// It does follow a lost one.
    Cautious,
    /// Nothing was ever begun.
    Fresh,
}

impl Default for ApplyOptions {
    fn default() -> Self {
        Self {
            overwriting: false,
            irreversible: BTreeSet::new(),
            only: None,
            caution: Caution::Usual,
            concurrency: 8,
            patience: Duration::from_secs(15 * 60),
            stop: CancellationToken::new(),
        }
    }
}

impl ApplyOptions {
    /// Allows steps that change what was there.
    #[must_use]
    pub fn allow_overwriting(mut self) -> Self {
        self.overwriting = true;
        self
    }

    /// Allows one step that cannot be taken back. Each must be named.
    #[must_use]
    pub fn dangerously_allow(mut self, step: StepId) -> Self {
        self.irreversible.insert(step);
        self
    }

    /// Leaves out all steps but these: to try one again. To thin a plan out, use
    /// [`MigrationPlan::keep`].
    #[must_use]
    pub fn only(mut self, steps: impl IntoIterator<Item = StepId>) -> Self {
        self.only = Some(steps.into_iter().collect());
        self
    }

    /// Treats every step as if it might have been begun before: for when a journal was lost.
    ///
    /// Each step then waits for its whole settle window, up to ten minutes, before it is begun.
    #[must_use]
    pub fn cautious(mut self) -> Self {
        self.caution = Caution::Cautious;
        self
    }

    /// Says that no journal was lost: no run ever began this migration.
    ///
    /// Without it, a run with a new journal looks three times over 30 seconds before it makes the
    /// first thing that would be made twice.
    #[must_use]
    pub fn fresh(mut self) -> Self {
        self.caution = Caution::Fresh;
        self
    }

    /// Limits how many steps are looked at or worked on at once; nought is one. Those that wait do
    /// not count, and of hooks as many run besides.
    #[must_use]
    pub fn concurrency(mut self, limit: usize) -> Self {
        self.concurrency = limit.max(1);
        self
    }

    /// Stays for so long to look again at steps that wait, settle or met a passing failure.
    ///
    /// What is in doubt is only cleared by a run with more patience than the step takes to settle:
    /// ten minutes, at most. A hook may make the run a minute longer.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Has the run end when `token` is cancelled. No request under way is cut off, but hooks are; no step begins.
    #[must_use]
    pub fn stop(mut self, token: CancellationToken) -> Self {
        self.stop = token;
        self
    }

    pub(super) fn hold(&self, step: &StepId, effect: Effect) -> Option<Hold> {
        let allowed = match effect {
            Effect::Additive => true,
            Effect::Overwriting => self.overwriting,
            Effect::Irreversible => self.irreversible.contains(step),
        };
        if !self.only_allows(step) {
            Some(Hold::LeftOut)
        } else if allowed {
            None
        } else {
            Some(Hold::WantsLeave(effect))
        }
    }

    pub(super) fn only_allows(&self, step: &StepId) -> bool {
        self.only.as_ref().is_none_or(|only| only.contains(step))
    }

    pub(super) fn is_cautious(&self) -> bool {
        self.caution == Caution::Cautious
    }

    pub(super) fn is_fresh(&self) -> bool {
        self.caution == Caution::Fresh
    }

    pub(crate) fn token(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Refuses the name of a step that the plan does not have: it would be silently ignored.
    pub(crate) fn names_steps_of(&self, plan: &MigrationPlan) -> Result<(), PlanError> {
        let mut named = self.irreversible.iter().chain(self.only.iter().flatten());
        match named.find(|step| plan.index_of(step).is_none()) {
            Some(step) => Err(PlanError::UnknownStep { step: step.clone() }),
            None => Ok(()),
        }
    }
}
