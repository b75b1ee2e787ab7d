//! What each phase needs to be allowed, as IAM policies to attach: to survey and verify, to apply, to take back.
//!
//!     cargo run --example permissions
//!
//! Exit codes: as `quickstart`.

#![expect(clippy::print_stderr, clippy::print_stdout, reason = "an example talks to people")]

#[path = "support/place.rs"]
#[expect(dead_code, reason = "nothing is applied here")]
mod place;

use std::collections::BTreeSet;
use std::process::ExitCode;

use place::Place;
use regionmig::kms::{IMPLIED, Kms, revert_permissions};
use regionmig::{BoxError, Migration, Permission, policy_document};
use regionmig_testkit::reference_account;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    place::run(|world, route| reference_account(world, &route.source), policies).await
}

async fn policies(place: Place) -> Result<ExitCode, BoxError> {
    let kms = Kms::new(&place.access);
    let migration = Migration::new(place.route.clone(), &place.access).with(kms.clone());
    // To survey takes no plan, so these can be had before anything is allowed.
    println!("to survey and to verify:\n{}\n", policy_document(&place.route, &migration.permissions()));

    let plan = migration.plan(&migration.survey().await?)?;
    println!("to apply this plan:\n{}\n", policy_document(&place.route, &plan.permissions()));

    let mut back: BTreeSet<Permission> = BTreeSet::new();
    for step in plan.steps() {
        back.extend(revert_permissions(&step.decode(&kms)?));
    }
    println!("to take it back:\n{}\n", policy_document(&place.route, &back));

    println!("IAM may ask for more than the calls that are made:");
    for (call, further) in IMPLIED {
        println!("  {call}: {}", further.join(", "));
    }
    Ok(ExitCode::SUCCESS)
}
