//! What resource policies of the source become in the target.
// REQ: SM-21

use regionmig_core::rewrite::{RewriteError, Rewriter, Rewritten, canonical};
use regionmig_core::{Purpose, SecretArn, Survey, Template};

use crate::options::Options;
use crate::snapshot::Snapshot;

/// Rewrites policies, and compares what is in the target with what it should be.
#[derive(Debug)]
pub(crate) struct Rewriting {
    there: Rewriter,
    /// On the way back: what things of the target became when they were moved.
    back: Option<Rewriter>,
}

impl Rewriting {
    /// `known` are secrets and what they are called in the target; `coming` those that the plan makes, which AWS will name.
    pub(crate) fn new(
        survey: &Survey<Snapshot>,
        options: &Options,
        known: &[(SecretArn, SecretArn)],
        coming: &[SecretArn],
    ) -> Self {
        let mut ids = survey.ids.clone();
        for (secret, target) in known {
            // What somebody mapped counts.
            if ids.target_of(secret).is_none() {
                ids.bind(secret, target).unwrap_or_default();
            }
        }
        let allow = |rewriter: Rewriter| options.allowed().fold(rewriter, Rewriter::dangerously_allow);
        let there = allow(Rewriter::new(&survey.route, &ids)).coming(coming.iter().map(Into::into));
        let back = || allow(Rewriter::new(&survey.route.reversed(), &ids.reversed().0));
        Self { there, back: (survey.purpose == Purpose::FailBack).then(back) }
    }

    /// Returns what a policy of the source becomes.
    pub(crate) fn policy(&self, text: &str) -> Result<Rewritten, RewriteError> {
        self.there.policy(text)
    }

    /// Returns whether `other`, a policy of the target, says what `own` of the source becomes there: `carried`. On the way back, it
    /// also does if `own` is what the other became on the way there: nothing is to be done then.
    pub(crate) fn is_same(&self, own: &str, carried: &Template, other: &str) -> bool {
        let says =
            |template: &Template, text: &str| template.known().is_some_and(|known| canonical(known) == canonical(text));
        let became = || self.back.as_ref()?.policy(other).ok();
        says(carried, other) || became().is_some_and(|became| says(&became.document, own))
    }
}
