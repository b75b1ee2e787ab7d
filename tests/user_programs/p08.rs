//! Shows: a test of program 7: a lost answer makes nothing twice, by the world's own ledger.

use regionmig::{ApplyOptions, MemoryJournal, Migration, Route, kms::Kms};
use regionmig_testkit::{Fault, World, conforms};
use serde_json::json;

use crate::config_store::ConfigStore;
use crate::config_table::dynamodb;

fn world() -> World {
    let (world, source) = (World::new(), "111122223333/me-central-1".parse().unwrap());
    let entry = json!({"name": {"S": "db"}, "value": {"S": "v"}, "key": {"S": world.kms_key(&source).to_string()}});
    world.plug("dynamodb", dynamodb).put(&source, vec![entry]);
    world
}

#[tokio::test]
async fn a_lost_answer_writes_nothing_twice() -> anyhow::Result<()> {
    let world = world();
    world.fault(Fault::lost_answer("dynamodb:PutItem").once());
    let access = world.access(); // with the world's clock
    let route = Route::new("111122223333/me-central-1".parse()?, "111122223333/eu-central-1".parse()?)?;
    let migration = Migration::new(route, &access).with(Kms::new(&access)).with(ConfigStore::new(&access));
    let plan = migration.plan(&migration.survey().await?)?;
    let outcome = migration.apply(&plan, &MemoryJournal::default(), &ApplyOptions::default()).await?;
    assert!(outcome.is_complete(), "{outcome}");
    assert_eq!(world.ledger().count("dynamodb:PutItem"), 1);
    let verification = migration.verify(outcome.ids()).await?;
    assert!(verification.is_clean(), "{verification}");
    // The store itself is program 7.
    println!("shown: user_programs p07");
    println!("shown: user_programs p08");
    Ok(())
}

#[tokio::test]
async fn an_entry_that_does_not_parse_is_named_and_not_moved() -> anyhow::Result<()> {
    let (world, source) = (World::new(), "111122223333/me-central-1".parse()?);
    world.plug("dynamodb", dynamodb).put(&source, vec![json!({"name": {"S": "bad"}, "value": {"S": "v"}})]);
    let access = world.access();
    let route = Route::new(source, "111122223333/eu-central-1".parse()?)?;
    let migration = Migration::new(route, &access).with(ConfigStore::new(&access));
    let plan = migration.plan(&migration.survey().await?)?;
    assert_eq!(plan.len(), 0);
    let blocker = plan.blockers().next().map(ToString::to_string).unwrap_or_default();
    assert!(blocker.contains("config.entry:bad") && blocker.contains("the answer has no readable `key`"), "{blocker}");
    Ok(())
}

#[tokio::test]
async fn the_store_keeps_every_promise_of_a_service() {
    let conformed = conforms(world, ConfigStore::new).await; // killed at every journal entry, every step twice, ...
    println!("shown: conformance_own_service {conformed}");
}
