//! One account, one plan, and forks on which things go wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use regionmig_aws::Access;
use regionmig_core::{
    ApplyOptions, Effect, End, Error, Event, Hold, IdMap, Journal, MemoryJournal, Migrate, Migration, MigrationPlan,
    Outcome, Route, StepId, chain,
};
use serde_json::json;

use crate::conforms::deeds::{Done, Naming, Rule};
use crate::conforms::journal::NotingJournal;
use crate::fault::Fault;
use crate::world::World;

/// Makes the service.
type Make<'a, S> = dyn Fn(&Access) -> S + Send + Sync + 'a;

/// By then all that was sent has been executed, or never will be.
const ALL_OVER: Duration = Duration::from_secs(600);

/// An account, the plan made of it, and what a run does in which nothing goes wrong.
pub(super) struct Trial<'a, S> {
    route: Route,
    make: &'a Make<'a, S>,
    ids: IdMap,
    world: World,
    plan: MigrationPlan,
    naming: Naming,
    expected: Done,
    /// How much AWS answers to a survey when all is done.
    extent: usize,
    changes: Vec<Change>,
}

/// A change that a run makes, and how to find its request again: each has the same place in every run that takes one
/// step after the other.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub(super) end: End,
    pub(super) action: String,
    /// Which of such requests it is, from 1.
    nth: u64,
    pub(super) step: StepId,
    pub(super) effect: Effect,
    /// Whether a second such request would make a second thing.
    pub(super) mints: bool,
    /// How many records the journal has when it is sent.
    pub(super) records: usize,
}

impl Change {
    /// Has `fault` befall this request and no other.
    pub(super) fn befall(&self, fault: impl FnOnce(&str) -> Fault) -> Fault {
        fault(&self.action).at(&self.end).nth(self.nth)
    }
}

impl<'a, S: Migrate> Trial<'a, S> {
    pub(super) async fn prepare(route: Route, world: World, make: &'a Make<'a, S>) -> Self {
        let mut ids = IdMap::default();
        // What other services would map is mapped until nothing is missing.
        let plan = loop {
            let plan = survey_and_plan(&migration(&route, &world.fork(), make, &ids)).await;
            let before = ids.iter().count();
            for hold in plan.held().values() {
                if let Hold::Unmet(id) = hold {
                    let there = id.id().replace(route.source.region.as_str(), route.target.region.as_str());
                    ids.bind_erased(id.clone(), there).unwrap_or_else(|error| panic!("{error}"));
                }
            }
            if ids.iter().count() == before {
                break plan;
            }
        };
        assert!(
            plan.len() > plan.held().len(),
            "there is nothing to be done, so nothing can go wrong: {}",
            plan.full()
        );
        let (naming, expected, extent, changes) = (Naming::default(), Done::default(), 0, Vec::new());
        let mut trial = Self { route, make, ids, world, plan, naming, expected, extent, changes };
        trial.learn().await;
        trial
    }

    /// Learns from two runs in which nothing goes wrong what is done, and what of it AWS names anew each time.
    async fn learn(&mut self) {
        let (fork, other) = (self.fork(), self.fork());
        // One id less to come: whatever AWS names from here on has another name.
        let asked = other.world.ask(&self.route.target, "sts:GetCallerIdentity", json!({}));
        assert!(asked.is_ok(), "the account does not know itself: {asked:?}");
        let outcome = self.must_complete(&fork, &MemoryJournal::default()).await;
        let _same = self.must_complete(&other, &MemoryJournal::default()).await;
        let naming = Naming::of(&fork.world, &other.world);
        let expected = naming.done(&fork.world, outcome.ids());
        assert!(!expected.is_empty(), "a run changes nothing, so nothing can be doubled:\n{}", fork.world.ledger());
        fork.world.clock().advance(ALL_OVER);
        let extent = self.must_leave_nothing(&fork, "after a run").await;
        let changes = self.one_by_one().await;
        (self.naming, self.expected, self.extent, self.changes) = (naming, expected, extent, changes);
    }

    async fn must_complete(&self, fork: &Fork<'_>, journal: &dyn Journal) -> Outcome {
        let outcome = fork.run(journal).await;
        match outcome {
            Ok(outcome) if is_all_done(&self.plan, &outcome) => outcome,
            outcome => panic!("a run in which nothing goes wrong does not do all: {}", told(&outcome)),
        }
    }

    /// Returns the changes of a run that takes one step after the other, in order.
    async fn one_by_one(&self) -> Vec<Change> {
        let (fork, journal) = (self.fork(), MemoryJournal::default());
        let noting = NotingJournal::new(&journal, &fork.world);
        let outcome = fork.run_with(&noting, &self.patient().concurrency(1)).await;
        let complete = outcome.as_ref().is_ok_and(|outcome| is_all_done(&self.plan, outcome));
        assert!(complete, "a run that takes one step after the other does not do all: {}", told(&outcome));
        let mut asked: BTreeMap<(End, String), u64> = BTreeMap::new();
        let mut changes = Vec::new();
        for (place, entry) in fork.world.ledger().requests().enumerate() {
            let nth = asked.entry((entry.end.clone(), entry.action.clone())).or_default();
            *nth += 1;
            if !entry.is_mutation() {
                continue;
            }
            let Some(noted) = noting.begun_before(place) else {
                panic!("{} was sent before its step was written down as begun:\n{}", entry.action, fork.world.ledger())
            };
            let Some(step) = self.plan.steps().find(|step| *step.id == noted.step) else { continue };
            let (end, action, nth) = (entry.end.clone(), entry.action.clone(), *nth);
            let (effect, mints, records) = (step.spec.effect, step.spec.mints, noted.records);
            changes.push(Change { end, action, nth, step: noted.step, effect, mints, records });
        }
        changes
    }

    pub(super) fn plan(&self) -> &MigrationPlan {
        &self.plan
    }

    pub(super) fn expected(&self) -> &Done {
        &self.expected
    }

    pub(super) fn changes(&self) -> &[Change] {
        &self.changes
    }

    pub(super) fn naming(&self) -> &Naming {
        &self.naming
    }

    pub(super) fn service(&self, world: &World) -> S {
        (self.make)(&world.access())
    }

    /// Returns leave for everything, and patience for every window.
    pub(super) fn patient(&self) -> ApplyOptions {
        patient(&self.plan)
    }

    /// Returns the account as it was before anything was done, with a migration of its own.
    pub(super) fn fork(&self) -> Fork<'_> {
        self.watched(|_| {})
    }

    /// Returns a fork whose runs are watched.
    pub(super) fn watched(&self, watch: impl Fn(&Event) + Send + Sync + 'static) -> Fork<'_> {
        let world = self.world.fork();
        world.ledger().clear();
        let migration = migration(&self.route, &world, self.make, &self.ids).observe(watch);
        Fork { world, migration, plan: &self.plan }
    }

    /// Runs `fork` with `journal` until all is done, three times at most, as one does after the
    /// trouble has ended; and holds the result to that of the run in which nothing went wrong.
    pub(super) async fn must_end_well(&self, fork: &Fork<'_>, journal: &MemoryJournal, trouble: &str) {
        self.must_end(fork, journal, trouble, &Rule::once()).await;
    }

    /// As [`must_end_well`](Self::must_end_well), but what makes no second thing may have been done a second time.
    pub(super) async fn must_end_well_or_repeated(&self, fork: &Fork<'_>, journal: &MemoryJournal, trouble: &str) {
        let minting = self.changes.iter().filter(|change| change.mints);
        let minting: BTreeSet<_> = minting.map(|change| (change.end.to_string(), change.action.clone())).collect();
        self.must_end(fork, journal, trouble, &Rule::but_for_repeats(minting)).await;
    }

    async fn must_end(&self, fork: &Fork<'_>, journal: &MemoryJournal, trouble: &str, rule: &Rule) {
        fork.world.clear_faults();
        let mut last = fork.run(journal).await;
        for _ in 0..2 {
            if last.as_ref().is_ok_and(|outcome| is_all_done(&self.plan, outcome)) {
                break;
            }
            last = fork.run(journal).await;
        }
        let outcome = match last {
            Ok(outcome) if is_all_done(&self.plan, &outcome) => outcome,
            last => panic!("{trouble}: three runs later, not all is done: {}", told(&last)),
        };
        fork.world.clock().advance(ALL_OVER);
        let done = self.naming.done(&fork.world, outcome.ids());
        let wrong = rule.breaches(&done, &self.expected);
        assert!(wrong.is_empty(), "{trouble}: {wrong}\n{}", fork.world.ledger());
        let extent = self.must_leave_nothing(fork, trouble).await;
        assert!(
            extent == self.extent,
            "{trouble}: AWS answers more, or less, than it should:\n{}",
            fork.world.ledger()
        );
    }

    /// Holds what a new plan would do to what this one held. Returns how much AWS answered to the survey, of which the
    /// service may have left something out.
    pub(super) async fn must_leave_nothing(&self, fork: &Fork<'_>, trouble: &str) -> usize {
        let before = fork.world.ledger().requests().count();
        let left = survey_and_plan(&fork.migration).await;
        let names: BTreeSet<StepId> = left.steps().map(|step| step.id.clone()).collect();
        let held: BTreeSet<StepId> = self.plan.held().keys().cloned().collect();
        assert!(names == held, "{trouble}: still to be done, where only {held:?} was held: {}", left.full());
        fork.world.ledger().requests().skip(before).map(|entry| entry.values).sum()
    }
}

/// A copy of the account, on which things may go wrong.
pub(super) struct Fork<'a> {
    pub(super) world: World,
    pub(super) migration: Migration,
    plan: &'a MigrationPlan,
}

impl Fork<'_> {
    pub(super) async fn run(&self, journal: &dyn Journal) -> Result<Outcome, Error> {
        self.run_with(journal, &patient(self.plan)).await
    }

    pub(super) async fn run_with(&self, journal: &dyn Journal, options: &ApplyOptions) -> Result<Outcome, Error> {
        self.migration.apply(self.plan, journal, options).await
    }
}

/// What happened in the runs of a fork that is watched.
#[derive(Clone, Debug, Default)]
pub(super) struct Begun(Arc<Mutex<usize>>);

impl Begun {
    /// Counts an event that says that a step is looked at, and returns which one it is, from 1.
    pub(super) fn count(&self, event: &Event) -> Option<usize> {
        let mut begun = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        matches!(event, Event::StepStarted { .. }).then(|| {
            *begun += 1;
            *begun
        })
    }

    pub(super) fn so_far(&self) -> usize {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn patient(plan: &MigrationPlan) -> ApplyOptions {
    let options = ApplyOptions::default().allow_overwriting().patience(Duration::from_secs(3600));
    let irreversible = plan.steps().filter(|step| step.spec.effect == Effect::Irreversible);
    irreversible.fold(options, |options, step| options.dangerously_allow(step.id.clone()))
}

pub(super) async fn survey_and_plan(migration: &Migration) -> MigrationPlan {
    let survey = migration.survey().await.unwrap_or_else(|error| panic!("the survey failed: {}", chain(&error)));
    migration.plan(&survey).unwrap_or_else(|error| panic!("planning failed: {}", chain(&error)))
}

/// Returns whether all is done that the plan does not hold.
pub(super) fn is_all_done(plan: &MigrationPlan, outcome: &Outcome) -> bool {
    outcome.standings().iter().all(|(id, standing)| standing.is_done() || plan.held().contains_key(id))
}

pub(super) fn told(outcome: &Result<Outcome, Error>) -> String {
    outcome.as_ref().map_or_else(|error| chain(error), ToString::to_string)
}

fn migration<S: Migrate>(route: &Route, world: &World, make: &Make<'_, S>, ids: &IdMap) -> Migration {
    let access = world.access();
    let migration = Migration::new(route.clone(), &access).with(make(&access));
    migration.map_all(ids).unwrap_or_else(|error| panic!("{error}"))
}
