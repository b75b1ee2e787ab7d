//! The plan of a whole migration.
// REQ: E-39

mod diff;
mod draught;
mod error;
mod graph;
mod held;
mod names;
mod shape;
mod show;
mod stored;

pub use diff::PlanDiff;
pub(crate) use draught::Draught;
pub use error::PlanError;
pub(crate) use graph::Frontier;
pub use held::Hold;
pub use show::FullPlan;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::value::RawValue;

use crate::digest::Digest;
use crate::error::Error;
use crate::finding::{Finding, Severity, code};
use crate::ids::{IdMap, ResourceId};
use crate::route::Route;
use crate::schema::read_step;
use crate::service::Service;
use crate::step::{Effect, Permission, Settle, Spec, StepId};
use crate::survey::Purpose;

/// A whole migration's plan: checked, ordered, sealed. Immutable, and cheap to clone.
///
/// Kept as the bytes it is stored as; a step is parsed when it is needed. What it shows:
/// `{plan}` a table by service, `{}` of [`full`](Self::full) every step and finding,
/// [`to_bytes`](Self::to_bytes) JSON.
#[derive(Clone, Debug)]
pub struct MigrationPlan(Arc<Sealed>);

#[derive(Debug)]
struct Sealed {
    head: Head,
    digest: Digest,
    /// What is stored before the steps, of a plan that was made here. One that was read has all of it in `text`.
    front: Option<String>,
    /// The steps' JSON, in the order in which they were drafted: to put it in theirs would take all of it twice.
    text: String,
    steps: Vec<Indexed>,
    /// Indices of `steps`, by name.
    by_name: Vec<u32>,
    edges: graph::Edges,
    held: BTreeMap<StepId, Hold>,
}

/// All of a plan but its steps.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Head {
    pub(crate) route: Route,
    pub(crate) purpose: Purpose,
    pub(crate) surveyed_at: Timestamp,
    pub(crate) ids: IdMap,
    pub(crate) findings: Vec<Finding>,
    pub(crate) known: BTreeMap<String, Arc<BTreeSet<ResourceId>>>,
}

/// A step's name, where its JSON stands in the text, and what an engine asks of it again and again.
#[derive(Debug)]
struct Indexed {
    id: StepId,
    at: Range<usize>,
    /// Where, in that JSON, stands what the service wrote.
    own: Range<u32>,
    traits: Traits,
}

/// What of a step's spec decides when it runs, and how carefully.
#[derive(Clone, Debug)]
pub(crate) struct Traits {
    pub(crate) effect: Effect,
    pub(crate) lane: Option<Arc<str>>,
    pub(crate) mints: bool,
    pub(crate) settle: Settle,
}

impl Traits {
    fn of(spec: &Spec) -> Self {
        let lane = spec.lane.as_deref().map(Arc::from);
        Self { effect: spec.effect, lane, mints: spec.mints, settle: spec.settle }
    }
}

/// One step of a plan, with its type erased.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PlannedStep<'a> {
    /// Its name.
    pub id: &'a StepId,
    /// What the core knows of it.
    pub spec: Spec,
    step: &'a RawValue,
}

impl<'a> PlannedStep<'a> {
    /// Returns the service that can carry it out.
    pub fn service(&self) -> &'a str {
        self.id.service()
    }

    /// Returns the step as JSON, as its service wrote it.
    pub fn json(&self) -> &'a str {
        self.step.get()
    }

    /// Returns the step as `service` knows it.
    ///
    /// # Errors
    ///
    /// Fails if it is another service's, or another version's that says more than this one reads.
    pub fn decode<S: Service>(&self, service: &S) -> Result<S::Step, Error> {
        match self.service() == service.name() {
            true => read_step(service, self.step.get()),
            false => Err(Error::MissingService { name: self.service().to_owned() }),
        }
    }
}

impl MigrationPlan {
    /// Returns the steps, each after those it waits for.
    pub fn steps(&self) -> impl Iterator<Item = PlannedStep<'_>> {
        // Each was parsed when the plan was made or read, so none is lost here.
        (0..self.len()).filter_map(|index| self.step(index).ok())
    }

    /// Returns the number of steps.
    #[expect(clippy::len_without_is_empty, reason = "an empty plan may still hold findings: see `is_done`")]
    pub fn len(&self) -> usize {
        self.0.steps.len()
    }

    /// Returns whether nothing is left to do and nothing stands in the way: no step, no blocker.
    pub fn is_done(&self) -> bool {
        self.0.steps.is_empty() && self.blockers().next().is_none()
    }

    /// Returns the steps that cannot run, and why.
    pub fn held(&self) -> &BTreeMap<StepId, Hold> {
        &self.0.held
    }

    /// Returns what the steps leave undone and what is not known, ordered by code and subject.
    pub fn findings(&self) -> &[Finding] {
        &self.0.head.findings
    }

    /// Returns the findings that hold steps back.
    pub fn blockers(&self) -> impl Iterator<Item = &Finding> {
        self.findings().iter().filter(|finding| finding.severity == Severity::Blocker)
    }

    /// Returns the mappings known beforehand.
    pub fn ids(&self) -> &IdMap {
        &self.0.head.ids
    }

    /// Returns from where to where.
    pub fn route(&self) -> &Route {
        &self.0.head.route
    }

    /// Returns why there is a plan.
    pub fn purpose(&self) -> Purpose {
        self.0.head.purpose
    }

    /// Returns when the oldest of the readings it was made of was begun.
    pub fn surveyed_at(&self) -> Timestamp {
        self.0.head.surveyed_at
    }

    /// Returns what names this plan and no other: the SHA-256 of what is stored.
    pub fn digest(&self) -> &Digest {
        &self.0.digest
    }

    /// Returns what applying this needs to be allowed.
    pub fn permissions(&self) -> BTreeSet<Permission> {
        self.steps().flat_map(|step| step.spec.permissions).collect()
    }

    /// Returns the same plan with only those steps of `service` for which `wanted` says yes.
    ///
    /// It has another digest, so another journal; each step it leaves out is a finding.
    ///
    /// # Errors
    ///
    /// Fails if a step cannot be read.
    pub fn keep<S: Service>(&self, service: &S, wanted: impl Fn(&S::Step) -> bool) -> Result<Self, Error> {
        let (mut draught, mut head) = (Draught::default(), self.0.head.clone());
        for index in 0..self.len() {
            let step = self.step(index)?;
            if step.service() == service.name() && !wanted(&step.decode(service)?) {
                let message = format!("`{}` was taken out of the plan", step.id);
                let left_out = Finding::new(Severity::Note, code::LEFT_OUT, message);
                head.findings.push(left_out.about(step.spec.subject));
            } else {
                draught.push(step.id.service(), step.spec, step.step).map_err(|error| PlanError::unreadable(&error))?;
            }
        }
        Ok(draught.seal(head)?)
    }

    /// Returns how `later` differs: nothing, if this plan is still true.
    pub fn diff(&self, later: &Self) -> PlanDiff {
        PlanDiff::new(self, later)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &StepId> {
        self.0.steps.iter().map(|step| &step.id)
    }

    pub(crate) fn name(&self, index: usize) -> &StepId {
        &self.0.steps[index].id
    }

    pub(crate) fn index_of(&self, step: &StepId) -> Option<usize> {
        let steps = &self.0.steps;
        let found = self.0.by_name.binary_search_by(|&index| steps[index as usize].id.cmp(step)).ok()?;
        Some(self.0.by_name[found] as usize)
    }

    pub(crate) fn step(&self, index: usize) -> Result<PlannedStep<'_>, PlanError> {
        let indexed = &self.0.steps[index];
        let (spec, step) = stored::read_planned(&self.0.text[indexed.at.clone()])?;
        Ok(PlannedStep { id: &indexed.id, spec, step })
    }

    pub(crate) fn json(&self, index: usize) -> &str {
        &self.0.text[self.0.steps[index].at.clone()]
    }

    /// Returns what the service wrote of a step.
    pub(crate) fn own_json(&self, index: usize) -> &str {
        let Indexed { at, own, .. } = &self.0.steps[index];
        // Cut out at once: each end that is looked at lies somewhere else in memory.
        &self.0.text[at.start + own.start as usize..at.start + own.end as usize]
    }

    pub(crate) fn traits(&self, index: usize) -> &Traits {
        &self.0.steps[index].traits
    }

    pub(crate) fn known(&self, service: &str) -> Arc<BTreeSet<ResourceId>> {
        self.0.head.known.get(service).cloned().unwrap_or_default()
    }

    pub(crate) fn waits_for(&self, index: usize) -> impl Iterator<Item = usize> {
        self.0.edges.waits_for(index)
    }

    pub(crate) fn frontier(&self) -> Frontier {
        Frontier::new(&self.0.edges)
    }
}

impl PartialEq for MigrationPlan {
    /// Two plans are one if what is stored is.
    fn eq(&self, other: &Self) -> bool {
        self.0.digest == other.0.digest
    }
}
