//! Why steps do not make a plan, or a plan may not be applied.

use crate::finding::Finding;
use crate::ids::{RebindError, ResourceId};
use crate::route::Route;
use crate::step::StepId;
use crate::survey::Purpose;

/// Why steps do not make a plan, or a plan may not be applied.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// The stored plan is not what was stored.
    #[error("the plan was altered after it was made: plan again, or thin it out with `MigrationPlan::keep`")]
    Altered,
    /// The plan has findings that forbid all of it.
    #[error("the plan may not be applied: {}", list(findings))]
    Blocked {
        /// Those findings.
        findings: Vec<Finding>,
    },
    /// Steps wait for each other in a circle.
    #[error("step `{step}` waits, by way of others, for itself: a service's planner is at fault")]
    Cycle {
        /// One of them.
        step: StepId,
    },
    /// A step is not, to the service as it is now, what the plan says it is.
    #[error("step `{step}` means something else to this version of its service: plan again with this version")]
    Disagreement {
        /// The step.
        step: StepId,
    },
    /// Two steps write one document.
    #[error("`{resource}` would be written whole by both `{first}` and `{second}`: leave one of them out")]
    DuplicateOwner {
        /// The document.
        resource: ResourceId,
        /// One step.
        first: StepId,
        /// The other.
        second: StepId,
    },
    /// Two steps map one resource.
    #[error("`{resource}` would be mapped by both `{first}` and `{second}`: leave one of them out")]
    DuplicateProducer {
        /// The resource in question.
        resource: ResourceId,
        /// One step.
        first: StepId,
        /// The other.
        second: StepId,
    },
    /// Two steps have one name.
    #[error("two steps are named `{step}`: a service's planner is at fault")]
    DuplicateStep {
        /// The name.
        step: StepId,
    },
    /// The stored plan is of another format.
    #[error("the plan has format {found}, this version reads {supported}: use the version that made it, or plan again")]
    Format {
        /// What the stored plan says.
        found: u32,
        /// What this version reads.
        supported: u32,
    },
    /// The survey and the migration map one source to different targets.
    #[error("the survey and this migration do not agree: survey again with what is mapped now")]
    Mapped(#[source] RebindError),
    /// The plan or survey is for the other way in time: to go back, not to migrate, or the reverse.
    #[error("it is to {found}, this migration is to {expected}: use the migration that it was made with")]
    Purpose {
        /// The migration's.
        expected: Purpose,
        /// The plan's.
        found: Purpose,
    },
    /// The plan or survey is for another route.
    #[error("it is for {found}, this migration is for {expected}: use the migration that it was made with")]
    Route {
        /// The migration's.
        expected: Box<Route>,
        /// The plan's.
        found: Box<Route>,
    },
    /// The step is done, or was taken back: nobody has to answer for it.
    #[error("step `{step}` is done or was taken back: there is nothing left to answer for")]
    Settled {
        /// The step.
        step: StepId,
    },
    /// The plan has no such step.
    #[error("the plan has no step `{step}`: see the names in the plan's full rendering")]
    UnknownStep {
        /// The name.
        step: StepId,
    },
    /// The stored plan cannot be read.
    #[error("the plan cannot be read: {why}; plan again with this version")]
    Unreadable {
        /// Why not.
        why: String,
    },
}

impl PlanError {
    pub(crate) fn unreadable(error: &impl std::fmt::Display) -> Self {
        Self::Unreadable { why: error.to_string() }
    }
}

fn list(findings: &[Finding]) -> String {
    findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
