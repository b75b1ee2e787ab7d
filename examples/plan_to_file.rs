//! A plan is a file: stored, shown, compared with a later one, read again and applied.
//!
//!     cargo run --example plan_to_file [-- --plan-only]
//!
//! Exit codes: as `quickstart`.

#![expect(clippy::print_stderr, clippy::print_stdout, reason = "an example talks to people")]

#[path = "support/place.rs"]
mod place;

use std::fs;
use std::process::ExitCode;
use std::sync::OnceLock;

use place::Place;
use regionmig::kms::{Kms, Step};
use regionmig::{ApplyOptions, BoxError, Migration, MigrationPlan, Route, Severity};
use regionmig_testkit::{World, reference_account};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    // On a world, the example itself is the somebody who changes the account meanwhile.
    let account = OnceLock::new();
    let build = |world: &World, route: &Route| {
        reference_account(world, &route.source);
        account.get_or_init(|| world.clone());
    };
    place::run(build, async |place| plan_and_apply(place, account.get()).await).await
}

async fn plan_and_apply(place: Place, account: Option<&World>) -> Result<ExitCode, BoxError> {
    let folder = std::env::temp_dir().join(format!("regionmig-plan-to-file-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let (plan_file, survey_file) = (folder.join("plan.json"), folder.join("survey.json"));
    let kms = Kms::new(&place.access);
    let migration = Migration::new(place.route.clone(), &place.access).with(kms.clone());

    // Before the bad day: what there is and what would be done, kept in files.
    let survey = migration.survey().await?;
    fs::write(&survey_file, survey.to_bytes())?;
    let plan = migration.plan(&survey)?;
    fs::write(&plan_file, plan.to_bytes())?;
    println!("stored:\n{plan}");

    // The day after: somebody has made a key. The new plan says so, and nothing else.
    if let Some(world) = account {
        world.kms(&place.route.source).alias("alias/made-overnight").make();
    }
    let today = migration.plan(&migration.survey().await?)?;
    let yesterday = MigrationPlan::from_bytes(&fs::read(&plan_file)?)?;
    let diff = yesterday.diff(&today);
    println!("since yesterday:\n{diff}\n");
    println!("new blockers: {}\n", diff.new_findings(Severity::Blocker).count());

    // Thinned out: another plan, which says what it leaves out.
    let without_grants = today.keep(&kms, |step| !matches!(step, Step::CreateGrant { .. }))?;
    println!("without grants: {} of {} steps are left\n", without_grants.len(), today.len());

    // A plan edited by hand is refused, before anything is done.
    let edited = String::from_utf8(today.to_bytes())?.replace("additive", "irreversible");
    match MigrationPlan::from_bytes(edited.as_bytes()) {
        Ok(_) => println!("an edited plan was taken"),
        Err(error) => println!("an edited plan is refused: {error}\n"),
    }

    if place.plan_only {
        return Ok(ExitCode::SUCCESS);
    }
    fs::write(&plan_file, today.to_bytes())?;
    let read = MigrationPlan::from_bytes(&fs::read(&plan_file)?)?;
    let journal = place::journal(place.journal.as_deref(), &read).await?;
    let outcome = migration.apply(&read, &*journal, &ApplyOptions::default()).await?;
    println!("{outcome}");
    let verification = migration.verify(outcome.ids()).await?;
    println!("{verification}");
    fs::remove_dir_all(&folder)?;
    Ok(place::ended(&outcome, &verification))
}
