//! A plan, and what its run does in which nothing goes wrong.

#![expect(clippy::panic, reason = "what has no undisturbed run cannot be held to one; said as an assertion says it")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use regionmig_aws::Access;
use regionmig_core::{
    ApplyOptions, Effect, End, MemoryJournal, Migration, MigrationPlan, Outcome, ResourceId, StepId, chain,
};

use crate::conforms::deeds::{Done, Kind, Naming};
use crate::conforms::journal::NotingJournal;
use crate::invariants::portrait::Portrait;
use crate::world::World;

/// Makes the migration of whoever has this access.
pub(crate) type Make = dyn Fn(&Access) -> Migration + Send + Sync;

/// By then all that was sent has been executed, or never will be.
const ALL_OVER: Duration = Duration::from_secs(600);

/// A plan, and what its run does in which nothing goes wrong.
pub(crate) struct Expected {
    pub(crate) make: Arc<Make>,
    /// The account before anything is done.
    pub(crate) world: World,
    pub(crate) plan: MigrationPlan,
    pub(crate) naming: Naming,
    pub(crate) done: Done,
    pub(crate) kinds: BTreeMap<Kind, usize>,
    pub(crate) duties: BTreeMap<StepId, Duty>,
    /// The kinds of which a second request makes a second thing.
    pub(crate) minting: BTreeSet<Kind>,
    /// What sources become, as far as it has the same name in every run.
    pub(crate) counterparts: BTreeSet<String>,
    pub(crate) portrait: Portrait,
    /// How much AWS answers to a survey when all is done.
    pub(crate) extent: usize,
    /// What is read in a run, and where.
    pub(crate) reads: Vec<(End, String)>,
    pub(crate) requests: u64,
    pub(crate) records: u64,
}

/// What is known of one step.
pub(crate) struct Duty {
    /// What its request asks for, and where; none, if it sends none.
    pub(crate) kind: Option<Kind>,
    pub(crate) requires: BTreeSet<ResourceId>,
    pub(crate) after: BTreeSet<StepId>,
}

/// A run in which nothing goes wrong.
struct Undisturbed {
    world: World,
    migration: Migration,
    outcome: Outcome,
    records: u64,
    /// What each step asked for.
    kinds: BTreeMap<StepId, Kind>,
}

impl Expected {
    /// Plans the migration of the account in `world`, and learns from two runs what is done, and what of it AWS names anew
    /// each time.
    pub(crate) async fn learn(world: World, make: Arc<Make>) -> Self {
        let plan = plan(&make(&world.fork().access())).await;
        assert!(
            plan.held().len() < plan.len(),
            "there is nothing to be done, so nothing can go wrong: {}",
            plan.full()
        );
        let (run, other) = (undisturbed(&world, &make, &plan, 1).await, undisturbed(&world, &make, &plan, 2).await);
        let naming = Naming::of(&run.world, &other.world);
        let ids = run.outcome.ids();
        let done = naming.done(&run.world, ids);
        assert!(!done.is_empty(), "a run changes nothing, so nothing can be doubled:\n{}", run.world.ledger());
        let target = |of: &Undisturbed| -> BTreeSet<String> {
            of.outcome.ids().iter().map(|(_, target)| target.to_owned()).collect()
        };
        let counterparts = target(&run).intersection(&target(&other)).cloned().collect();
        let duties = duties(&plan, &run.kinds);
        let mints = |step: &StepId| plan.steps().any(|other| other.id == step && other.spec.mints);
        let minting = run.kinds.iter().filter(|(step, _)| mints(step)).map(|(_, kind)| kind.clone()).collect();
        let requests = run.world.ledger().requests().count();
        let reads: BTreeSet<(End, String)> = (run.world.ledger().requests())
            .filter(|entry| !entry.mutating && !entry.action.starts_with("sts:"))
            .map(|entry| (entry.end.clone(), entry.action.clone()))
            .collect();
        run.world.clock().advance(ALL_OVER);
        // What AWS does by and by, such as keeping replicas in sync, is done by now.
        let portrait = Portrait::of(&run.world, plan.route(), ids);
        let extent = extent(&run.world, &run.migration).await.1;
        Self {
            make,
            world,
            naming,
            kinds: done.kinds(),
            done,
            duties,
            minting,
            counterparts,
            portrait,
            extent,
            reads: reads.into_iter().collect(),
            requests: u64::try_from(requests).unwrap_or(u64::MAX),
            records: run.records,
            plan,
        }
    }

    /// Returns leave for everything.
    pub(crate) fn options(&self) -> ApplyOptions {
        options(&self.plan)
    }

    /// Returns what nobody needs to do: what the plan holds.
    pub(crate) fn is_held(&self, step: &StepId) -> bool {
        self.plan.held().contains_key(step)
    }

    /// Returns whether all is done that the plan does not hold.
    pub(crate) fn is_all_done(&self, outcome: &Outcome) -> bool {
        outcome.standings().iter().all(|(id, standing)| standing.is_done() || self.is_held(id))
    }
}

/// Surveys, and returns what is left to do, and how much AWS answered.
pub(crate) async fn extent(world: &World, migration: &Migration) -> (MigrationPlan, usize) {
    let before = world.ledger().requests().count();
    let left = plan(migration).await;
    (left, world.ledger().requests().skip(before).map(|entry| entry.values).sum())
}

async fn plan(migration: &Migration) -> MigrationPlan {
    let survey = migration.survey().await.unwrap_or_else(|error| panic!("the survey failed: {}", chain(&error)));
    migration.plan(&survey).unwrap_or_else(|error| panic!("planning failed: {}", chain(&error)))
}

/// Takes one step after the other, so that it can be told which of them sent what.
async fn undisturbed(world: &World, make: &Arc<Make>, plan: &MigrationPlan, seed: u64) -> Undisturbed {
    let world = world.fork();
    world.reseed(seed);
    world.ledger().clear();
    let (migration, journal) = (make(&world.access()), MemoryJournal::default());
    let noting = NotingJournal::new(&journal, &world);
    let outcome = migration.apply(plan, &noting, &options(plan).concurrency(1)).await;
    let outcome = outcome.unwrap_or_else(|error| panic!("a run failed: {}", chain(&error)));
    let is_done = |id| plan.held().contains_key(id);
    let complete = outcome.standings().iter().all(|(id, standing)| standing.is_done() || is_done(id));
    assert!(complete, "a run in which nothing goes wrong does not do all: {outcome}");
    let mut kinds = BTreeMap::new();
    for (place, entry) in world.ledger().requests().enumerate().filter(|(_, entry)| entry.mutating) {
        let Some(noted) = noting.begun_before(place) else {
            panic!("{} was sent before its step was written down as begun:\n{}", entry.action, world.ledger())
        };
        kinds.insert(noted.step, (entry.end.to_string(), entry.action.clone()));
    }
    let records = u64::try_from(journal.records().len()).unwrap_or(u64::MAX);
    Undisturbed { world, migration, outcome, records, kinds }
}

fn duties(plan: &MigrationPlan, kinds: &BTreeMap<StepId, Kind>) -> BTreeMap<StepId, Duty> {
    let names: BTreeSet<&StepId> = plan.steps().map(|step| step.id).collect();
    let duty = |step: regionmig_core::PlannedStep<'_>| {
        let sibling = |rest: &String| format!("{}/{rest}", step.service()).parse::<StepId>().ok();
        let after = step.spec.after.iter().filter_map(sibling).filter(|id| names.contains(id)).collect();
        (step.id.clone(), Duty { kind: kinds.get(step.id).cloned(), requires: step.spec.requires.clone(), after })
    };
    plan.steps().map(duty).collect()
}

fn options(plan: &MigrationPlan) -> ApplyOptions {
    let options = ApplyOptions::default().allow_overwriting().patience(Duration::from_secs(3 * 3600));
    let irreversible = plan.steps().filter(|step| step.spec.effect == Effect::Irreversible);
    irreversible.fold(options, |options, step| options.dangerously_allow(step.id.clone()))
}

#[cfg(test)]
mod tests {
    use regionmig_core::MemoryJournal;

    use crate::invariants::by_hand::{STRICT, ended_well, steps, watched};

    #[tokio::test]
    async fn what_is_done_when_all_is_done_is_known_beforehand() {
        let (watch, _) = watched(STRICT).await;
        let (expected, (first, _)) = (&watch.expected, steps(&watch));
        assert!(!expected.is_held(&first));
        let options = expected.options().only([first]);
        let migration = (expected.make)(&watch.world.access());
        let some = migration.apply(&expected.plan, &MemoryJournal::default(), &options).await.expect("a run");
        assert!(!expected.is_all_done(&some));
        assert!(expected.is_all_done(&ended_well(&watch).await.1));
    }

    #[tokio::test]
    async fn what_a_run_reads_is_all_that_may_be_stale() {
        let (watch, _) = watched(STRICT).await;
        let reads: Vec<&str> = watch.expected.reads.iter().map(|(_, action)| action.as_str()).collect();
        assert!(reads.contains(&"kms:ListKeys") && reads.contains(&"kms:DescribeKey"), "{reads:?}");
        let is_read = |action: &&str| {
            action.starts_with("kms:List") || action.starts_with("kms:Describe") || action.starts_with("kms:Get")
        };
        assert!(reads.iter().all(is_read), "{reads:?}");
    }
}
