//! Several services, surveyed, planned, applied and verified as one.
// REQ: E-17

mod admission;
mod found;
mod verification;

pub use found::{MigrationSurvey, Unread};
pub use verification::Verification;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures::future::{join_all, try_join};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::archive::{Archive, MemoryArchive};
use crate::check::{Check, Verdict};
use crate::context::{Observer, RunContext, StepContext};
use crate::engine::{ApplyOptions, Engine, Outcome};
use crate::erased::{Erased, Frame, StoredSurvey};
use crate::error::{Error, chain};
use crate::event::Event;
use crate::finding::{Finding, Severity, code};
use crate::ids::{IdMap, Identifier, RebindError, ResourceId};
use crate::journal::{Act, Entry, Journal, Record, Run};
use crate::plan::{Draught, Head, MigrationPlan, PlanError};
use crate::route::{Caller, Route, Side};
use crate::service::Migrate;
use crate::standings::{Standings, Status};
use crate::step::{Permission, StepId};
use crate::survey::Purpose;
use crate::time::between;
use crate::wait::Perform;

/// A survey that is older is old news.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Several services that migrate together, from one end to the other.
///
/// Route, map, purpose, caller and clock are fixed once, here, and used by every operation.
#[derive(Clone)]
pub struct Migration {
    frame: Frame,
    services: BTreeMap<String, Arc<dyn Erased>>,
    /// A name that two services have.
    twice: Option<String>,
    /// What is to be said in each plan, unless its subject is mapped.
    findings: Vec<Finding>,
    hooks: BTreeMap<String, Arc<dyn Perform>>,
    caller: Arc<dyn Caller>,
    archive: Arc<dyn Archive>,
    observer: Observer,
}

impl Migration {
    /// Begins a migration of nothing. `caller` says, before anything is applied, whose credentials
    /// are in use, and has the clock.
    pub fn new<C: Caller + Clone + 'static>(route: Route, caller: &C) -> Self {
        Self {
            frame: Frame { route, purpose: Purpose::Migrate, ids: IdMap::default() },
            services: BTreeMap::new(),
            twice: None,
            findings: Vec::new(),
            hooks: BTreeMap::new(),
            caller: Arc::new(caller.clone()),
            archive: Arc::new(MemoryArchive::default()),
            observer: Arc::new(|_| {}),
        }
    }

    /// Adds a service. One of a name that is taken makes survey and plan fail.
    #[must_use]
    pub fn with<S: Migrate>(mut self, service: S) -> Self {
        let name = service.name().to_owned();
        if self.services.insert(name.clone(), Arc::new(service)).is_some() {
            self.twice = Some(name);
        }
        self
    }

    /// Says beforehand what a source has become in the target.
    ///
    /// # Errors
    ///
    /// Fails if it was said to have become something else.
    pub fn map<I: Identifier>(mut self, source: &I, target: &I) -> Result<Self, RebindError> {
        self.frame.ids.bind(source, target)?;
        Ok(self)
    }

    /// Says beforehand what many sources have become: the result of an earlier migration.
    ///
    /// # Errors
    ///
    /// Fails if one was said to have become something else.
    pub fn map_all(mut self, ids: &IdMap) -> Result<Self, RebindError> {
        self.frame.ids.merge(ids)?;
        Ok(self)
    }

    /// Has `observer` told what happens. It must return at once.
    #[must_use]
    pub fn observe(mut self, observer: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.observer = Arc::new(observer);
        self
    }

    /// Has `hook` do the tasks of one code, in each run in which a step waits for one.
    #[must_use]
    pub fn on_task(mut self, code: &str, hook: impl Perform + 'static) -> Self {
        self.hooks.insert(code.to_owned(), Arc::new(hook));
        self
    }

    /// Has bulk stored in `archive`, instead of in memory.
    #[must_use]
    pub fn archive(mut self, archive: impl Archive + 'static) -> Self {
        self.archive = Arc::new(archive);
        self
    }

    /// Returns from where to where.
    pub fn route(&self) -> &Route {
        &self.frame.route
    }

    /// Returns why: to migrate, or to go back.
    pub fn purpose(&self) -> Purpose {
        self.frame.purpose
    }

    /// Has every service find out what there is at both ends. Changes nothing.
    ///
    /// # Errors
    ///
    /// Fails if two services have one name, if the credentials are another account's, or if a snapshot cannot be
    /// written. What cannot be read is no error but part of the survey.
    pub async fn survey(&self) -> Result<MigrationSurvey, Error> {
        self.has_good_names()?;
        self.is_in_no_other_account().await?;
        let cx = self.context(CancellationToken::new());
        let taken_at = cx.clock().now();
        let findings = self.caller.readiness(&self.route().target).await;
        let both = |service: &Arc<dyn Erased>| {
            let service = Arc::clone(service);
            let cx = &cx;
            async move { try_join(service.survey(Side::Source, cx), service.survey(Side::Target, cx)).await }
        };
        let found = join_all(self.services.values().map(both)).await;
        let mut survey = MigrationSurvey::new(taken_at, self.frame.clone(), findings, &self.services);
        for (name, found) in self.services.keys().zip(found) {
            let (source, target) = found?;
            survey.insert(name, StoredSurvey { source, target });
        }
        Ok(survey)
    }

    /// Asks again those services, at those ends, that left gaps, and fills them. What was known is not forgotten.
    /// Whether the target's region can be used is asked anew.
    ///
    /// # Errors
    ///
    /// As for [`survey`](Self::survey), and if the survey is another migration's.
    pub async fn resurvey(&self, survey: &mut MigrationSurvey) -> Result<(), Error> {
        self.has_good_names()?;
        self.is_mine(survey.route(), survey.frame().purpose)?;
        self.is_in_no_other_account().await?;
        let cx = self.context(CancellationToken::new());
        survey.find(self.caller.readiness(&self.route().target).await);
        let open = survey.with_gaps();
        let ask = |(name, side): &(String, Side)| {
            let (service, side, cx) = (self.service(name), *side, &cx);
            async move { service?.survey(side, cx).await }
        };
        let later = join_all(open.iter().map(ask)).await;
        for ((name, side), later) in open.iter().zip(later) {
            survey.fill(name, *side, &later?, self.service(name)?)?;
        }
        survey.attach(&self.services);
        Ok(())
    }

    /// Has every service decide what to do, and fits the results together. Asks nobody anything.
    ///
    /// What was mapped when the survey was taken counts, and so does what this migration maps.
    ///
    /// # Errors
    ///
    /// Fails if the survey is another migration's, if the two map one source to different targets, or if the steps do
    /// not make a plan.
    pub fn plan(&self, survey: &MigrationSurvey) -> Result<MigrationPlan, Error> {
        let _span = tracing::info_span!("plan", route = %self.route()).entered();
        self.has_good_names()?;
        self.is_mine(survey.route(), survey.frame().purpose)?;
        let mut frame = survey.frame().clone();
        frame.ids.merge(&self.frame.ids).map_err(PlanError::Mapped)?;
        let frame = &frame;
        let is_said = |finding: &&Finding| finding.subject.as_ref().is_some_and(|id| frame.ids.contains(id));
        let own = self.findings.iter().filter(|finding| !is_said(finding));
        let mut findings: Vec<Finding> = survey.findings().iter().chain(own).cloned().collect();
        let mut head = Head {
            route: frame.route.clone(),
            purpose: frame.purpose,
            surveyed_at: survey.oldest(),
            ids: frame.ids.clone(),
            findings: Vec::new(),
            known: BTreeMap::new(),
        };
        let (mut draught, mut clashes) = (Draught::default(), Vec::new());
        for (name, found) in survey.services() {
            let draft = self.service(name)?.plan(frame, found, &mut draught)?;
            findings.extend(draft.findings);
            clashes.extend(head.ids.learn(&draft.ids));
            if !draft.known.is_empty() {
                head.known.insert(name.to_owned(), Arc::new(draft.known));
            }
        }
        // Where services contradict each other, and the caller has not decided, neither counts.
        let contested = clashes.iter().filter_map(|finding| finding.subject.as_ref());
        contested.filter(|id| !frame.ids.contains(id)).for_each(|id| head.ids.forget(id));
        findings.extend(clashes);
        head.findings = findings;
        Ok(draught.seal(head)?)
    }

    /// Asks of each step that can be asked, without changing anything, whether it would be allowed
    /// and would work.
    ///
    /// # Errors
    ///
    /// Fails if the plan may not be applied. What could not be asked is a finding, one for all steps of a verb that need what
    /// others make; and so is a survey of more than a day ago.
    pub async fn preflight(&self, plan: &MigrationPlan) -> Result<Vec<Finding>, Error> {
        self.admit(plan).await?;
        let cx = self.context(CancellationToken::new());
        let mut findings = Vec::new();
        if between(plan.surveyed_at(), cx.clock().now()) > DAY {
            let message = format!("it was planned from what was there at {}", plan.surveyed_at());
            let old = Finding::new(Severity::Action, code::STALE, message);
            findings.push(old.remedy("survey and plan again, then see how the plans differ"));
        }
        // Too early to be asked: so many steps, by service and verb.
        let mut early: BTreeMap<(String, String), usize> = BTreeMap::new();
        for step in plan.steps() {
            if !step.spec.requires.iter().all(|id| plan.ids().contains(id)) {
                *early.entry((step.service().to_owned(), step.id.verb().to_owned())).or_default() += 1;
                continue;
            }
            let scx = StepContext::detached(&cx, step.id, plan.ids().subset(&step.spec.requires));
            match self.service(step.service())?.step(step.json())?.preflight(&scx).await {
                Ok(remarks) => findings.extend(remarks),
                Err(error) => {
                    let message = format!("`{}` could not be asked: {}", step.id, chain(&error));
                    let unasked = Finding::new(Severity::Note, code::UNASKED, message);
                    findings.push(unasked.about(step.spec.subject.clone()));
                }
            }
        }
        findings.extend(early.into_iter().map(|((service, verb), steps)| {
            let message = format!("`{service}/{verb}` cannot be asked before what it needs is there: {steps} steps");
            Finding::new(Severity::Note, code::UNASKED, message)
        }));
        Ok(findings)
    }

    /// Carries out `plan`, going on from wherever `journal` says an earlier run stopped.
    ///
    /// A step that fails does not stop those that do not wait for it. A step that waits is looked
    /// at again, for as long as `options` have patience.
    ///
    /// # Errors
    ///
    /// Fails if the plan may not be applied, or if the journal fails. A step's failure is not an
    /// error of this function; see [`Outcome`].
    ///
    /// # Cancel safety
    ///
    /// May be dropped at any await, and called again with the same journal.
    pub async fn apply(
        &self,
        plan: &MigrationPlan,
        journal: &dyn Journal,
        options: &ApplyOptions,
    ) -> Result<Outcome, Error> {
        let standings = self.standings(plan, journal, options).await?;
        self.begin(journal, Act::Apply).await?;
        let cx = self.context(options.token());
        let span = tracing::info_span!("apply", plan = %plan.digest());
        Engine::new(self, plan, journal, options, &cx, standings).run().instrument(span).await
    }

    /// Has a person answer for a task that nothing can look at.
    ///
    /// # Errors
    ///
    /// Fails if the journal does, or if the plan has no such step that is still to be done. A run that is under way
    /// takes note of it with its next run.
    pub async fn acknowledge(
        &self,
        plan: &MigrationPlan,
        journal: &dyn Journal,
        step: &StepId,
        by: &str,
        note: &str,
    ) -> Result<(), Error> {
        self.is_mine(plan.route(), plan.purpose())?;
        let standings = Standings::read(plan, journal).await?;
        if let Some(Status::Done(_) | Status::Reverting(_) | Status::Reverted) =
            standings.standing(step).map(|s| &s.status)
        {
            return Err(PlanError::Settled { step: step.clone() }.into());
        }
        let entry = Entry::Acknowledged { by: by.to_owned(), note: note.to_owned() };
        let record = Record::new(self.caller.clock().wall_time(), step.clone(), entry);
        standings.admit(&record)?;
        journal.begin(&Run::new(record.at, Act::Acknowledge, Some(by.to_owned()))).await?;
        Ok(journal.append(&record).await?)
    }

    /// Takes back, last first, what runs with `journal` made and nobody needs any more.
    ///
    /// What was there before, and what cannot be taken back, stays, and so does all it needs.
    ///
    /// # Errors
    ///
    /// As for [`apply`](Self::apply).
    ///
    /// # Cancel safety
    ///
    /// May be dropped at any await, and called again with the same journal.
    pub async fn revert(
        &self,
        plan: &MigrationPlan,
        journal: &dyn Journal,
        options: &ApplyOptions,
    ) -> Result<Outcome, Error> {
        let standings = self.standings(plan, journal, options).await?;
        self.begin(journal, Act::Revert).await?;
        let cx = self.context(options.token());
        let span = tracing::info_span!("revert", plan = %plan.digest());
        Engine::new(self, plan, journal, options, &cx, standings).revert().instrument(span).await
    }

    /// Surveys afresh and has every service check the result. Needs neither plan nor journal, only
    /// the map of what became what: a month later, too.
    ///
    /// # Errors
    ///
    /// Fails if planning again does. A service that could not check is a check of its own.
    pub async fn verify(&self, ids: &IdMap) -> Result<Verification, Error> {
        let mut migration = self.clone();
        // What this run knows better replaces what was said beforehand of the same source.
        let mut all = ids.clone();
        let _said_again = all.learn(&self.frame.ids);
        migration.frame.ids = all;
        let survey = migration.survey().await?;
        let cx = migration.context(CancellationToken::new());
        let mut checks = Vec::new();
        for (name, found) in survey.services() {
            let span = tracing::info_span!("verify", service = name);
            let checked = migration.service(name)?.verify(survey.frame(), found, &cx).instrument(span).await;
            checks.extend(checked.unwrap_or_else(|error| {
                let check = Check::new("core.unverified", ResourceId::new("core.service", name), Verdict::Unknown);
                vec![check.message(chain(&error))]
            }));
        }
        Ok(Verification { checks, left: migration.plan(&survey)? })
    }

    /// Returns the migration of the way back: route, map and purpose turned round, all three.
    ///
    /// A target that two sources share is a finding in its plan; say with [`map`](Self::map) which
    /// of them is meant.
    ///
    /// # Errors
    ///
    /// Fails if plan and journal do not belong together, or to this migration.
    pub async fn fail_back(&self, plan: &MigrationPlan, journal: &dyn Journal) -> Result<Self, Error> {
        self.has_good_names()?;
        self.is_mine(plan.route(), plan.purpose())?;
        let standings = Standings::read(plan, journal).await?;
        let (ids, findings) = standings.ids().reversed();
        let purpose = match self.frame.purpose {
            Purpose::Migrate => Purpose::FailBack,
            Purpose::FailBack => Purpose::Migrate,
        };
        let frame = Frame { route: self.route().reversed(), purpose, ids };
        Ok(Self { frame, findings, ..self.clone() })
    }

    /// Returns what surveying and verifying need to be allowed.
    pub fn permissions(&self) -> BTreeSet<Permission> {
        self.services.values().flat_map(|service| service.permissions()).collect()
    }

    pub(crate) fn service(&self, name: &str) -> Result<&dyn Erased, Error> {
        let missing = || Error::MissingService { name: name.to_owned() };
        self.services.get(name).map(|service| &**service).ok_or_else(missing)
    }

    pub(crate) fn services(&self) -> impl Iterator<Item = (&str, &dyn Erased)> {
        self.services.iter().map(|(name, service)| (name.as_str(), &**service))
    }

    pub(crate) fn hook(&self, code: &str) -> Option<&dyn Perform> {
        self.hooks.get(code).map(|hook| &**hook)
    }

    fn context(&self, cancellation: CancellationToken) -> RunContext {
        RunContext {
            route: self.route().clone(),
            archive: Arc::clone(&self.archive),
            cancellation,
            clock: self.caller.clock(),
            observer: Arc::clone(&self.observer),
        }
    }

    /// Has the journal take note of who goes on with it.
    async fn begin(&self, journal: &dyn Journal, act: Act) -> Result<(), Error> {
        let by = self.caller.identity(&self.route().target).await;
        Ok(journal.begin(&Run::new(self.caller.clock().wall_time(), act, by)).await?)
    }

    /// Returns where every step stands, if the plan may be applied and has the steps that `options` name.
    async fn standings(
        &self,
        plan: &MigrationPlan,
        journal: &dyn Journal,
        options: &ApplyOptions,
    ) -> Result<Standings, Error> {
        self.admit(plan).await?;
        options.names_steps_of(plan)?;
        Standings::read(plan, journal).await
    }
}

impl std::fmt::Debug for Migration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&String> = self.services.keys().collect();
        f.debug_struct("Migration").field("route", self.route()).field("services", &names).finish_non_exhaustive()
    }
}
