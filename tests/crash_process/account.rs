//! A small account, and what a run is held to: what the world's ledger has of one in which nothing goes wrong.

use std::collections::BTreeMap;
use std::path::Path;

use regionmig::kms::Kms;
use regionmig::{ApplyOptions, FileJournal, Migration, Route};
use regionmig_testkit::{GrantSeed, World};

pub(crate) fn route() -> Route {
    Route::new("111122223333/me-central-1".parse().unwrap(), "111122223333/eu-central-1".parse().unwrap()).unwrap()
}

/// A key with all that hangs on one, one that is disabled, one to be replicated.
pub(crate) fn account() -> World {
    let (world, source) = (World::new(), route().source);
    let grant = GrantSeed::to("arn:aws:iam::111122223333:role/app").operations(["Encrypt", "Decrypt"]);
    world.kms(&source).alias("alias/plain").description("plain").tag("Owner", "me").rotation(180).grant(grant).make();
    world.kms(&source).disabled().alias("alias/idle").make();
    world.kms(&source).multi_region().alias("alias/global").tag("Owner", "me").make();
    world
}

/// How often what was done, and where.
pub(crate) type Done = BTreeMap<(String, String), usize>;

/// What is wrong with the account, when a migration has come to its end.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Wrong {
    /// What verification finds.
    pub(crate) amiss: usize,
    /// Changes that were made too often.
    pub(crate) doubled: usize,
    /// Changes that were made too seldom, and those that a new plan would still make.
    pub(crate) lost: usize,
}

pub(crate) fn done(world: &World) -> Done {
    let mut done = Done::new();
    for entry in world.ledger().mutations() {
        *done.entry((entry.end.to_string(), entry.action.clone())).or_default() += 1;
    }
    done
}

/// Holds an account to what should have been done. The journal must say that all is.
pub(crate) fn judge(world: &World, journal: &Path, expected: &Done) -> Wrong {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let access = world.access();
        let migration = Migration::new(route(), &access).with(Kms::new(&access));
        let (journal, plan) = FileJournal::open(journal).await.unwrap().unwrap();
        let changes = world.ledger().mutations().count();
        let outcome = migration.apply(&plan, &journal, &ApplyOptions::default()).await.unwrap();
        assert!(outcome.is_complete(), "{outcome}");
        let verification = migration.verify(outcome.ids()).await.unwrap();
        let left = migration.plan(&migration.survey().await.unwrap()).unwrap();
        assert_eq!(world.ledger().mutations().count(), changes, "all was done");
        let is = done(world);
        let over = |a: &Done, b: &Done| -> usize {
            a.iter().map(|(what, count)| count.saturating_sub(b.get(what).copied().unwrap_or_default())).sum()
        };
        let amiss = usize::from(!verification.is_clean());
        Wrong { amiss, doubled: over(&is, expected), lost: over(expected, &is) + left.len() }
    })
}
