//! One account, one plan, and forks on which things go wrong.

use std::collections::BTreeMap;
use std::time::Duration;

use regionmig_aws::Access;
use regionmig_core::{
    ApplyOptions, Error, Hold, IdMap, Journal, MemoryJournal, Migrate, Migration, MigrationPlan, Outcome, Route, chain,
};

use crate::world::World;

/// Makes the service.
type Make<'a, S> = dyn Fn(&Access) -> S + Send + Sync + 'a;

/// How often each action was executed, by where.
pub(super) type Done = BTreeMap<(String, String), usize>;

/// An account, the plan made of it, and what a run does in which nothing goes wrong.
pub(super) struct Trial<'a, S> {
    route: Route,
    make: &'a Make<'a, S>,
    ids: IdMap,
    world: World,
    plan: MigrationPlan,
    expected: Done,
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
        let mut trial = Self { route, make, ids, world, plan, expected: Done::new() };
        let fork = trial.fork();
        let outcome = fork.run(&MemoryJournal::default()).await;
        assert!(
            outcome.as_ref().is_ok_and(|outcome| is_all_done(&trial.plan, outcome)),
            "a run in which nothing goes wrong does not do all: {}",
            told(&outcome)
        );
        trial.expected = fork.done();
        trial
    }

    pub(super) fn plan(&self) -> &MigrationPlan {
        &self.plan
    }

    pub(super) fn expected(&self) -> &Done {
        &self.expected
    }

    pub(super) fn service(&self, world: &World) -> S {
        (self.make)(&world.access())
    }

    /// Returns the account as it was before anything was done, with a migration of its own.
    pub(super) fn fork(&self) -> Fork<'_> {
        let world = self.world.fork();
        world.ledger().clear();
        let migration = migration(&self.route, &world, self.make, &self.ids);
        Fork { world, migration, plan: &self.plan }
    }

    /// Runs `fork` with `journal` until all is done, three times at most, as one does after the
    /// trouble has ended; and holds the result to that of the run in which nothing went wrong.
    pub(super) async fn must_end_well(&self, fork: &Fork<'_>, journal: &MemoryJournal, trouble: &str) {
        fork.world.clear_faults();
        let mut last = fork.run(journal).await;
        for _ in 0..2 {
            if last.as_ref().is_ok_and(|outcome| is_all_done(&self.plan, outcome)) {
                break;
            }
            last = fork.run(journal).await;
        }
        let complete = last.as_ref().is_ok_and(|outcome| is_all_done(&self.plan, outcome));
        assert!(complete, "{trouble}: three runs later, not all is done: {}", told(&last));
        let done = fork.done();
        assert!(done == self.expected, "{trouble}: {}\n{}", differences(&done, &self.expected), fork.world.ledger());
        let left = survey_and_plan(&fork.migration).await;
        assert!(left.len() == self.plan.held().len(), "{trouble}: still to be done: {left}");
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
        self.migration.apply(self.plan, journal, &patient()).await
    }

    /// Returns how often each mutation was executed.
    pub(super) fn done(&self) -> Done {
        let mut done = Done::new();
        for entry in self.world.ledger().mutations() {
            *done.entry((entry.end.to_string(), entry.action.clone())).or_default() += 1;
        }
        done
    }
}

/// Leave for everything, and patience for every window.
pub(super) fn patient() -> ApplyOptions {
    ApplyOptions::default().allow_overwriting().patience(Duration::from_secs(3600))
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

fn differences(done: &Done, expected: &Done) -> String {
    let keys = done.keys().chain(expected.keys().filter(|key| !done.contains_key(*key)));
    let count = |of: &Done, key| of.get(key).copied().unwrap_or_default();
    let different = keys.filter(|key| count(done, *key) != count(expected, *key)).map(|key| {
        let (end, action) = key;
        format!("{action} at {end}: {} times, not {}", count(done, key), count(expected, key))
    });
    different.collect::<Vec<_>>().join("; ")
}
