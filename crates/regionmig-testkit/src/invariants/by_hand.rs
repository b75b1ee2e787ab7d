//! What no service of the conformance tests does is done by hand: a watch over a world, and the pieces of a run.

use std::sync::Arc;

use aws_sdk_kms::Client;
use aws_sdk_kms::config::Region;
use aws_sdk_kms::types::Tag;
use regionmig_core::{
    Digest, End, Entry as Written, IdMap, Journal, KeyArn, MemoryJournal, Migration, Outcome, Record, Route, StepId,
};
use regionmig_kms::Kms;

use crate::invariants::{Allowance, Expected, Watch};
use crate::world::World;

pub(crate) const SOURCE: &str = "111122223333/me-central-1";
pub(crate) const TARGET: &str = "111122223333/eu-central-1";

/// Nothing may be done twice.
pub(crate) const STRICT: Allowance = Allowance { doubles: false, repeats: 1 };

pub(crate) fn end(text: &str) -> End {
    text.parse().expect("an end")
}

/// A watch over a world with one key, which has an alias and is disabled in the end.
pub(crate) async fn watched(allowance: Allowance) -> (Watch, KeyArn) {
    let world = World::new();
    let key = world.kms(&end(SOURCE)).alias("alias/a").rotation(180).disabled().make();
    (watch(world, IdMap::default(), allowance).await, key)
}

/// A watch over a world in which two keys have counterparts of another description, and a third one with other tags. Returns the
/// counterparts.
pub(crate) async fn watched_with_counterparts(allowance: Allowance) -> (Watch, [KeyArn; 3]) {
    let (world, mut ids) = (World::new(), IdMap::default());
    let counterparts = ["one", "two", ""].map(|text| {
        let source = world.kms(&end(SOURCE)).description(text);
        let source = if text.is_empty() { source.tag("a", "b") } else { source }.make();
        let target = world.kms(&end(TARGET)).make();
        ids.bind(&source, &target).expect("bound once");
        target
    });
    (watch(world, ids, allowance).await, counterparts)
}

async fn watch(world: World, ids: IdMap, allowance: Allowance) -> Watch {
    let route = Route::new(end(SOURCE), end(TARGET)).expect("a route");
    let make = move |access: &_| {
        Migration::new(route.clone(), access).with(Kms::new(access)).map_all(&ids).expect("bound once")
    };
    let expected = Arc::new(Expected::learn(world, Arc::new(make)).await);
    let world = expected.world.fork();
    Watch::new(&world, &expected, allowance, 1)
}

/// The step that needs nothing, and one that needs what it makes.
pub(crate) fn steps(watch: &Watch) -> (StepId, StepId) {
    let step = |needs: bool| {
        let found = watch.expected.duties.iter().find(|(_, duty)| duty.requires.is_empty() != needs);
        found.expect("such a step").0.clone()
    };
    (step(false), step(true))
}

pub(crate) async fn written(watch: &Watch, step: &StepId, entry: Written) {
    let (journal, at) = (MemoryJournal::default(), watch.world.clock().now());
    watch.journal(0, &journal).append(&Record::new(at, step.clone(), entry)).await.expect("memory takes all");
}

pub(crate) fn started() -> Written {
    Written::Started { generation: 0, spent: None, request: Digest::of(b"") }
}

pub(crate) fn kms(world: &World, end: &End) -> Client {
    let region = Region::new(end.region.as_str().to_owned());
    Client::new(&world.sdk_config().to_builder().region(region).build())
}

/// Runs the plan to its end, with no trouble at all.
pub(crate) async fn ended_well(watch: &Watch) -> (Migration, Outcome) {
    let (migration, memory) = ((watch.expected.make)(&watch.world.access()), MemoryJournal::default());
    let (journal, options) = (watch.journal(0, &memory), watch.expected.options());
    let outcome = migration.apply(&watch.expected.plan, &journal, &options).await.expect("a run");
    (migration, outcome)
}

/// Makes a key with these tags, and returns its ARN.
pub(crate) async fn key_made(world: &World, place: &End, tags: Vec<Tag>) -> String {
    let tags = Some(tags).filter(|tags| !tags.is_empty());
    let made = kms(world, place).create_key().set_tags(tags).send().await.expect("a key");
    made.key_metadata.and_then(|made| made.arn).expect("its ARN")
}
