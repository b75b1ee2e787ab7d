//! A third party's service in the same migration: its entries wait for the keys they name.
//!
//!     cargo run --example own_service [-- --plan-only]
//!
//! Exit codes: as `quickstart`.

#![expect(clippy::print_stderr, clippy::print_stdout, reason = "an example talks to people")]

#[path = "support/config_store.rs"]
#[expect(unreachable_pub, reason = "as in a crate of its own")]
mod config_store;
#[path = "support/config_table.rs"]
mod config_table;
#[path = "support/place.rs"]
mod place;

use std::process::ExitCode;

use config_store::ConfigStore;
use place::Place;
use regionmig::kms::Kms;
use regionmig::{ApplyOptions, BoxError, Event, Migration, Route};
use regionmig_testkit::World;
use serde_json::json;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    place::run(account, migrate).await
}

/// Three entries, two of them under one key.
fn account(world: &World, route: &Route) {
    let keys = ["alias/db", "alias/mail"].map(|alias| world.kms(&route.source).alias(alias).make());
    let entry = |name: &str, key: usize| json!({ "name": { "S": name }, "value": { "S": "v1" }, "key": { "S": keys[key].to_string() } });
    let table = world.plug("dynamodb", config_table::dynamodb);
    table.put(&route.source, vec![entry("db-host", 0), entry("db-user", 0), entry("mail-host", 1)]);
}

async fn migrate(place: Place) -> Result<ExitCode, BoxError> {
    let migration = Migration::new(place.route, &place.access)
        .with(Kms::new(&place.access))
        .with(ConfigStore::new(&place.access))
        .observe(|event| {
            if let Event::StepDone { step, made } = event {
                println!("{} {step}", if *made { "made " } else { "found" });
            }
        });
    let plan = migration.plan(&migration.survey().await?)?;
    println!("{plan}");
    if place.plan_only {
        return Ok(ExitCode::SUCCESS);
    }
    let journal = place::journal(place.journal.as_deref(), &plan).await?;
    let outcome = migration.apply(&plan, &*journal, &ApplyOptions::default()).await?;
    println!("\n{outcome}");
    let verification = migration.verify(outcome.ids()).await?;
    println!("{verification}");
    Ok(place::ended(&outcome, &verification))
}
