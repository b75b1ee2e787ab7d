//! One account, one plan, and forks on which things go wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use regionmig_aws::Access;
use regionmig_core::{
    Act, ApplyOptions, Effect, End, Error, Event, FileJournal, Hold, IdMap, Migration, MigrationPlan, Outcome, StepId,
    chain,
};
use serde_json::json;

use crate::conforms::deeds::{Done, Naming, Rule};
use crate::conforms::fork::{Fork, JOURNAL, patient};
use crate::conforms::journal::NotingJournal;
use crate::disk::SimulatedDisk;
use crate::fault::Fault;
use crate::world::World;

/// Makes the migration.
pub(super) type Make<'a> = dyn Fn(&Access) -> Migration + Send + Sync + 'a;

/// By then all that was sent has been executed, or never will be.
const ALL_OVER: Duration = Duration::from_secs(600);

/// An account, the plan made of it, and what a run does in which nothing goes wrong: one that applies the plan, or one
/// that takes back what was applied.
pub(super) struct Trial<'a> {
    make: &'a Make<'a>,
    ids: IdMap,
    act: Act,
    world: World,
    /// Has the journal with which a run begins.
    disk: SimulatedDisk,
    plan: MigrationPlan,
    naming: Naming,
    goal: Goal,
    changes: Vec<Change>,
    /// How many forks were brought to their end.
    ended: AtomicUsize,
}

/// What there is when all is done.
#[derive(Debug, Default)]
struct Goal {
    done: Done,
    ids: IdMap,
    /// How much AWS answers to a survey.
    extent: usize,
    /// What a new plan would do.
    left: BTreeSet<StepId>,
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
    /// How long reads may not show what it made.
    pub(super) settles: Duration,
    /// How often something was appended to the journal when it is sent.
    pub(super) appends: u64,
}

impl Change {
    /// Has `fault` befall this request and no other.
    pub(super) fn befall(&self, fault: impl FnOnce(&str) -> Fault) -> Fault {
        fault(&self.action).at(&self.end).nth(self.nth)
    }
}

impl<'a> Trial<'a> {
    /// One that has learned nothing yet.
    fn new(make: &'a Make<'a>, ids: IdMap, act: Act, world: World, disk: SimulatedDisk, plan: MigrationPlan) -> Self {
        let (naming, goal) = (Naming::default(), Goal::default());
        Self { make, ids, act, world, disk, plan, naming, goal, changes: Vec::new(), ended: AtomicUsize::new(0) }
    }

    pub(super) async fn prepare(world: World, make: &'a Make<'a>) -> Self {
        let mut ids = IdMap::default();
        // What other services would map is mapped until nothing is missing.
        let plan = loop {
            let migration = migration(&world.fork(), make, &ids);
            let plan = survey_and_plan(&migration).await;
            let before = ids.iter().count();
            for hold in plan.held().values() {
                if let Hold::Unmet(id) = hold {
                    let (source, target) = (&migration.route().source, &migration.route().target);
                    let there = id.id().replace(source.region.as_str(), target.region.as_str());
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
        let disk = SimulatedDisk::new();
        let created = FileJournal::create_in(disk.clone(), JOURNAL, &plan).await;
        drop(created.unwrap_or_else(|error| panic!("{}", chain(&error))));
        let mut trial = Self::new(make, ids, Act::Apply, world, disk, plan);
        trial.goal.left = trial.plan.held().keys().cloned().collect();
        trial.learn().await;
        trial
    }

    /// Returns the trial of taking back what this one's run has done; none, if it cannot be taken back whole.
    pub(super) async fn of_the_way_back(&self) -> Option<Self> {
        let mut fork = self.fork();
        let _done = self.must_complete(&mut fork).await;
        fork.world.clock().advance(ALL_OVER);
        fork.world.ledger().clear();
        let (ids, plan) = (self.ids.clone(), self.plan.clone());
        let mut trial = Self::new(self.make, ids, Act::Revert, fork.world, fork.disk, plan);
        trial.goal.ids = self.goal.ids.clone();
        let mut fork = trial.fork();
        let outcome = fork.live().await;
        outcome.is_ok_and(|outcome| trial.is_all_done(&outcome)).then_some(())?;
        fork.world.ledger().mutations().next()?;
        trial.goal.left = step_ids(&survey_and_plan(&fork.migration).await);
        trial.learn().await;
        Some(trial)
    }

    /// Learns from two runs in which nothing goes wrong what is done, and what of it AWS names anew each time.
    async fn learn(&mut self) {
        let (mut fork, mut other) = (self.fork(), self.fork());
        // One id less to come: whatever AWS names from here on has another name.
        let asked = other.world.ask(&other.migration.route().target, "sts:GetCallerIdentity", json!({}));
        assert!(asked.is_ok(), "the account does not know itself: {asked:?}");
        let outcome = self.must_complete(&mut fork).await;
        let _same = self.must_complete(&mut other).await;
        let naming = Naming::of(&fork.world, &other.world);
        let ids = if self.act == Act::Revert { self.goal.ids.clone() } else { outcome.ids().clone() };
        let done = naming.done(&fork.world, &ids);
        assert!(!done.is_empty(), "a run changes nothing, so nothing can be doubled:\n{}", fork.world.ledger());
        fork.world.clock().advance(ALL_OVER);
        let extent = self.must_leave_nothing(&fork, "after a run").await;
        let changes = self.one_by_one().await;
        let left = std::mem::take(&mut self.goal.left);
        (self.naming, self.goal, self.changes) = (naming, Goal { done, ids, extent, left }, changes);
    }

    async fn must_complete(&self, fork: &mut Fork<'_>) -> Outcome {
        let outcome = fork.live().await;
        match outcome {
            Ok(outcome) if self.is_all_done(&outcome) => outcome,
            outcome => panic!("a run in which nothing goes wrong does not do all: {}", told(&outcome)),
        }
    }

    /// Returns the changes of a run that takes one step after the other, in order.
    async fn one_by_one(&self) -> Vec<Change> {
        let fork = self.fork();
        let journal = fork.copied().await.unwrap_or_else(|error| panic!("{}", chain(&error)));
        let before = journal.records().len();
        let noting = NotingJournal::new(&journal, &fork.world);
        let outcome = fork.run(&noting, &self.patient().concurrency(1)).await;
        let complete = outcome.as_ref().is_ok_and(|outcome| self.is_all_done(outcome));
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
            let (effect, mints) = (step.spec.effect, step.spec.mints && self.act == Act::Apply);
            // The first line of a run says who begins it.
            let appends = 1 + u64::try_from(noted.records - before).unwrap_or_default();
            let settles = step.spec.settle.window;
            changes.push(Change { end, action, nth, step: noted.step, effect, mints, settles, appends });
        }
        changes
    }

    pub(super) fn act(&self) -> Act {
        self.act
    }

    pub(super) fn plan(&self) -> &MigrationPlan {
        &self.plan
    }

    pub(super) fn expected(&self) -> &Done {
        &self.goal.done
    }

    pub(super) fn changes(&self) -> &[Change] {
        &self.changes
    }

    pub(super) fn naming(&self) -> &Naming {
        &self.naming
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
        let (world, disk) = (self.world.fork(), self.disk.fork());
        world.ledger().clear();
        let seen = world.clone();
        disk.mark_with(move || seen.requests_so_far());
        let migration = migration(&world, self.make, &self.ids).observe(watch);
        Fork { act: self.act, world, disk, migration, plan: &self.plan }
    }

    /// Returns whether all is done that can be.
    pub(super) fn is_all_done(&self, outcome: &Outcome) -> bool {
        match self.act {
            Act::Revert => outcome.is_complete(),
            _ => is_all_done(&self.plan, outcome),
        }
    }

    /// Returns how many forks were brought to their end.
    pub(super) fn ended(&self) -> usize {
        self.ended.load(Ordering::Relaxed)
    }

    /// Runs `fork` until all is done, three times at most, as one does after the trouble has ended; and holds the result to
    /// that of the run in which nothing went wrong.
    pub(super) async fn must_end_well(&self, fork: &mut Fork<'_>, trouble: &str) {
        self.must_end(fork, trouble, &Rule::once()).await;
    }

    /// As [`must_end_well`](Self::must_end_well), but what makes no second thing may have been done a second time.
    pub(super) async fn must_end_well_or_repeated(&self, fork: &mut Fork<'_>, trouble: &str) {
        let minting = self.changes.iter().filter(|change| change.mints);
        let minting: BTreeSet<_> = minting.map(|change| (change.end.to_string(), change.action.clone())).collect();
        self.must_end(fork, trouble, &Rule::but_for_repeats(minting)).await;
    }

    async fn must_end(&self, fork: &mut Fork<'_>, trouble: &str, rule: &Rule) {
        self.ended.fetch_add(1, Ordering::Relaxed);
        let outcome = self.must_complete_in_three(fork, trouble).await;
        fork.world.clock().advance(ALL_OVER);
        let ids = if self.act == Act::Revert { &self.goal.ids } else { outcome.ids() };
        let done = self.naming.done(&fork.world, ids);
        let wrong = rule.breaches(&done, &self.goal.done);
        assert!(wrong.is_empty(), "{trouble}: {wrong}\n{}", fork.world.ledger());
        let extent = self.must_leave_nothing(fork, trouble).await;
        assert!(
            extent == self.goal.extent,
            "{trouble}: AWS answers more, or less, than it should:\n{}",
            fork.world.ledger()
        );
        let mutations = fork.world.ledger().mutations().count();
        let again = fork.live().await;
        let complete = again.as_ref().is_ok_and(|outcome| self.is_all_done(outcome));
        assert!(complete, "{trouble}: one more run does not find all done: {}", told(&again));
        let is_still = fork.world.ledger().mutations().count() == mutations;
        assert!(is_still, "{trouble}: one more run changed something:\n{}", fork.world.ledger());
    }

    /// Runs `fork` without any more trouble until all is done.
    pub(super) async fn must_complete_in_three(&self, fork: &mut Fork<'_>, trouble: &str) -> Outcome {
        fork.world.clear_faults();
        let mut last = fork.live().await;
        for _ in 0..2 {
            if last.as_ref().is_ok_and(|outcome| self.is_all_done(outcome)) {
                break;
            }
            last = fork.live().await;
        }
        match last {
            Ok(outcome) if self.is_all_done(&outcome) => outcome,
            last => panic!("{trouble}: three runs later, not all is done: {}", told(&last)),
        }
    }

    /// Holds what a new plan would do to what it should. Returns how much AWS answered to the survey, of which the
    /// service may have left something out.
    pub(super) async fn must_leave_nothing(&self, fork: &Fork<'_>, trouble: &str) -> usize {
        let before = fork.world.ledger().requests().count();
        let left = survey_and_plan(&fork.migration).await;
        let names = step_ids(&left);
        let expected = &self.goal.left;
        assert!(names == *expected, "{trouble}: still to be done, where only {expected:?} was held: {}", left.full());
        fork.world.ledger().requests().skip(before).map(|entry| entry.values).sum()
    }
}

pub(super) async fn survey_and_plan(migration: &Migration) -> MigrationPlan {
    let survey = migration.survey().await.unwrap_or_else(|error| panic!("the survey failed: {}", chain(&error)));
    migration.plan(&survey).unwrap_or_else(|error| panic!("planning failed: {}", chain(&error)))
}

fn step_ids(plan: &MigrationPlan) -> BTreeSet<StepId> {
    plan.steps().map(|step| step.id.clone()).collect()
}

/// Returns whether all is done that the plan does not hold.
pub(super) fn is_all_done(plan: &MigrationPlan, outcome: &Outcome) -> bool {
    outcome.standings().iter().all(|(id, standing)| standing.is_done() || plan.held().contains_key(id))
}

pub(super) fn told(outcome: &Result<Outcome, Error>) -> String {
    outcome.as_ref().map_or_else(|error| chain(error), ToString::to_string)
}

fn migration(world: &World, make: &Make<'_>, ids: &IdMap) -> Migration {
    make(&world.access()).map_all(ids).unwrap_or_else(|error| panic!("{error}"))
}

#[cfg(test)]
mod tests {
    use regionmig_core::Route;
    use regionmig_kms::Kms;

    use super::*;
    use crate::invariants::by_hand::{SOURCE, TARGET, end};

    /// The migration of two keys with aliases, of which one is disabled in the end.
    fn two_keys() -> (World, impl Fn(&Access) -> Migration + Send + Sync) {
        let world = World::new();
        let _one = world.kms(&end(SOURCE)).alias("alias/a").disabled().make();
        let _other = world.kms(&end(SOURCE)).alias("alias/b").make();
        let make = |access: &Access| {
            let route = Route::new(end(SOURCE), end(TARGET)).expect("a route");
            Migration::new(route, access).with(Kms::new(access))
        };
        (world, make)
    }

    /// Each change is found again by its number among those alike, and told by its own step.
    fn must_be_found_again(trial: &Trial<'_>, verbs: &[(&str, &str)]) {
        let mut asked: BTreeMap<(String, &str), u64> = BTreeMap::new();
        let mut last = 0;
        for change in trial.changes() {
            let nth = asked.entry((change.end.to_string(), &change.action)).or_default();
            *nth += 1;
            assert_eq!(change.nth, *nth, "{change:?}");
            let step = trial.plan().steps().find(|step| *step.id == change.step).expect("a step of the plan");
            assert_eq!((change.effect, change.settles), (step.spec.effect, step.spec.settle.window), "{change:?}");
            assert_eq!(change.mints, step.spec.mints && trial.act() == Act::Apply, "{change:?}");
            assert!(change.appends > last.max(1), "{change:?} is sent once its step was begun, and not before");
            last = change.appends;
        }
        let seen: BTreeSet<_> =
            trial.changes().iter().map(|change| (change.step.verb(), change.action.as_str())).collect();
        assert_eq!(seen, verbs.iter().copied().collect());
        assert!(asked.values().any(|&count| count > 1), "of some there are several: {asked:?}");
    }

    #[tokio::test]
    async fn what_a_run_changes_is_learned_there_and_back() {
        let (world, make) = two_keys();
        let trial = Trial::prepare(world, &make).await;
        let verbs =
            [("create-alias", "kms:CreateAlias"), ("create-key", "kms:CreateKey"), ("disable", "kms:DisableKey")];
        must_be_found_again(&trial, &verbs);
        let back = trial.of_the_way_back().await.expect("it can be taken back whole");
        let verbs = [
            ("create-alias", "kms:DeleteAlias"),
            ("create-key", "kms:ScheduleKeyDeletion"),
            ("disable", "kms:EnableKey"),
        ];
        must_be_found_again(&back, &verbs);
        for trial in [&trial, &back] {
            let mut fork = trial.fork();
            let outcome = trial.must_complete(&mut fork).await;
            let ids = if trial.act() == Act::Revert { &trial.goal.ids } else { outcome.ids() };
            assert_eq!(ids.iter().count(), 4, "what two keys and their aliases have become");
            assert_eq!(trial.naming().done(&fork.world, ids), *trial.expected());
            trial.must_end_well(&mut trial.fork(), "no trouble at all").await;
        }
    }
}
