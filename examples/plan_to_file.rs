//! A plan is a file: stored, shown, compared with a later one, read again and applied.
//!
//!     cargo run --example plan_to_file
//!
//! Exit codes: as `quickstart`.

#[path = "support/place.rs"]
mod place;

use std::fs;
use std::process::ExitCode;

use regionmig::kms::{Kms, Step};
use regionmig::{ApplyOptions, BoxError, MemoryJournal, Migration, MigrationPlan, Severity};
use regionmig_testkit::{World, reference_account};

#[tokio::main]
async fn main() -> ExitCode {
    let mut account = None;
    let place = place::place(&[], |world, route| {
        reference_account(world, &route.source);
        account = Some(world.clone());
    });
    let place = match place.await {
        Ok(place) => place,
        Err(usage) => {
            eprintln!("error: {usage}");
            return ExitCode::from(2);
        }
    };
    plan_and_apply(place, account).await.unwrap_or_else(|error| {
        eprintln!("error: {}", regionmig::chain(&*error));
        ExitCode::from(1)
    })
}

async fn plan_and_apply(place: place::Place, account: Option<World>) -> Result<ExitCode, BoxError> {
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
    if let Some(world) = &account {
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

    fs::write(&plan_file, today.to_bytes())?;
    let read = MigrationPlan::from_bytes(&fs::read(&plan_file)?)?;
    let outcome = migration.apply(&read, &MemoryJournal::default(), &ApplyOptions::default()).await?;
    println!("{outcome}");
    let verification = migration.verify(outcome.ids()).await?;
    println!("{verification}");
    fs::remove_dir_all(&folder)?;
    Ok(place::ended(&outcome, &verification))
}
