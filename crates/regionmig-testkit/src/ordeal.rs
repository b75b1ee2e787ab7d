//! Runs of a migration in which much goes wrong at once, drawn from seeds, and held to the invariants.
// REQ: E-41

mod allowed;
mod draw;
mod drive;
mod failure;
mod install;
mod journal;
mod lives;
mod machine;
mod mishap;
mod scenario;
mod shelf;
mod told;
mod trial;

pub use failure::Failure;
pub use mishap::{Lost, Mishap};
pub use scenario::{Mode, Scenario, Setting, Trouble};
pub use trial::Undergone;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use regionmig_aws::Access;
use regionmig_core::{Migration, MigrationPlan};

use crate::invariants::{Breach, Expected};
use crate::world::World;

/// What somebody else does to a world.
type Meddling = Arc<dyn Fn(&World) + Send + Sync>;

/// Puts a migration through runs in which much goes wrong at once, and holds each to the invariants.
///
/// A seed makes a [`Scenario`]: options, and a script of troubles. The process is killed, its requests and answers are lost,
/// AWS is late, stale, slow, denies, throttles and fails, the disk does, the clock is set, somebody else acts in between, and
/// a second operator runs the same plan. First there are so many lives, or until all is done, in which the
/// troubles strike; then they stop, and three runs at most must do the rest. At each record, each event and each poll, what the
/// world's ledger says is held to the [invariants](crate::Invariant); and in the end, to a run in which nothing goes wrong.
///
/// Times are bounded as AWS's documents bound them: requests are executed up to 290 seconds late, reads are stale by up to
/// 300. Then nothing may be there twice, unless the journal was lost and nobody was
/// [cautious](regionmig_core::ApplyOptions::cautious), or there were two operators: then each double must be reported.
///
/// Always the same on a current-thread runtime.
///
/// ```no_run
/// # use regionmig_core::Migration;
/// # use regionmig_testkit::{Ordeal, World};
/// # async fn example(world: World, migration: fn(&regionmig_aws::Access) -> Migration) {
/// let ordeal = Ordeal::prepare(world, migration).await;
/// for seed in 0..1000 {
///     let scenario = ordeal.scenario(seed);
///     if let Err(breach) = ordeal.undergo(&scenario).await {
///         panic!("{}", ordeal.minimal(scenario, breach).await);
///     }
/// }
/// # }
/// ```
#[derive(Clone)]
pub struct Ordeal {
    expected: Arc<Expected>,
    meddlings: BTreeMap<String, Meddling>,
}

impl Ordeal {
    /// Plans the migration that `make` makes of the account in `world`, and learns from runs in which nothing goes wrong
    /// what is to be expected. `make` is given the access of a process, by its own clock.
    ///
    /// # Panics
    ///
    /// Panics if there is nothing to be done, or if a run in which nothing goes wrong does not do all.
    pub async fn prepare(world: World, make: impl Fn(&Access) -> Migration + Send + Sync + 'static) -> Self {
        let expected = Expected::learn(world, Arc::new(make)).await;
        Self { expected: Arc::new(expected), meddlings: BTreeMap::new() }
    }

    /// Has scenarios in which somebody else does this to the world. It must leave alone what the plan is about.
    #[must_use]
    pub fn meddling(mut self, name: &str, act: impl Fn(&World) + Send + Sync + 'static) -> Self {
        self.meddlings.insert(name.to_owned(), Arc::new(act));
        self
    }

    /// Returns the plan.
    pub fn plan(&self) -> &MigrationPlan {
        &self.expected.plan
    }

    /// Draws what befalls the runs of a seed.
    pub fn scenario(&self, seed: u64) -> Scenario {
        draw::scenario(&self.expected, self.meddlings.keys(), seed)
    }

    /// Draws how two operators run the same plan, each with a journal, and nothing else goes wrong.
    pub fn two_operators(&self, seed: u64) -> Scenario {
        draw::two_operators(seed)
    }

    /// Has it happen, and returns how it went.
    ///
    /// # Errors
    ///
    /// Fails with the first invariant that does not hold.
    pub async fn undergo(&self, scenario: &Scenario) -> Result<Undergone, Breach> {
        trial::undergo(self, scenario).await
    }

    /// Leaves out of a scenario that fails whatever is not needed for that.
    pub async fn minimal(&self, scenario: Scenario, breach: Breach) -> Failure {
        failure::minimal(self, scenario, breach).await
    }
}

impl fmt::Debug for Ordeal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ordeal").field("plan", self.expected.plan.digest()).finish_non_exhaustive()
    }
}
