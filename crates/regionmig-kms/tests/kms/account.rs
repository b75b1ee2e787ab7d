//! What the tests have in common: a route, an account, a migration of its keys.

use std::time::Duration;

use regionmig_core::{ApplyOptions, Migration, MigrationPlan, Route};
use regionmig_kms::Kms;
use regionmig_testkit::{GrantSeed, World};

pub(crate) fn route() -> Route {
    let end = |text: &str| text.parse().expect("an end");
    Route::new(end("111122223333/me-central-1"), end("111122223333/eu-central-1")).expect("two ends")
}

/// One key of each shape that this crate moves.
pub(crate) fn one_of_each() -> World {
    let (world, source) = (World::new(), route().source);
    let (third, role) = ("us-west-2".parse().expect("a region"), "arn:aws:iam::111122223333:role/app");
    let grant = GrantSeed::to(role).operations(["Encrypt", "Decrypt"]).context_equals("app", "payments");
    world.kms(&source).alias("alias/plain").description("plain").tag("Owner", "me").rotation(180).grant(grant).make();
    world.kms(&source).disabled().tag("aws:cloudformation:stack-name", "stack").make();
    world.kms(&source).multi_region().alias("alias/global").tag("Owner", "me").make();
    let primary = world.kms(&source.in_region(third)).replica_in(&source.region).make();
    let replica = primary.in_region(&source.region).expect("one partition");
    world.kms_alias(&source, "alias/shared", Some(&replica));
    world.kms(&source).aws_managed("s3").make();
    world
}

pub(crate) fn migration(world: &World) -> (Kms, Migration) {
    let access = world.access();
    let kms = Kms::new(&access);
    (kms.clone(), Migration::new(route(), &access).with(kms))
}

pub(crate) async fn plan(migration: &Migration) -> MigrationPlan {
    migration.plan(&migration.survey().await.expect("a survey")).expect("a plan")
}

pub(crate) fn patient() -> ApplyOptions {
    ApplyOptions::default().patience(Duration::from_secs(3 * 3600))
}

pub(crate) fn mutations(world: &World) -> usize {
    world.ledger().mutations().count()
}
