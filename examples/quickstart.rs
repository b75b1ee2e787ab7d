//! The main job: what an account has, the plan for another region, the run, and the proof.
//!
//!     cargo run --example quickstart                  # on a world in this process
//!     cargo run --example quickstart -- --plan-only   # shows every step, does nothing
//!     cargo run --example quickstart -- --journal x.journal   # keeps its journal in a file
//!     cargo run --example quickstart --features live -- --live --profile ops --journal x.journal \
//!         --source 111122223333/me-central-1 --target 111122223333/eu-central-1
//!
//! With a journal that is there already it goes on with that one's plan: after a crash, a task done, new credentials. (On the
//! world, which begins anew each time, there is nothing to go on with.)
//!
//! Exit codes: 0 done and verified; 1 an error; 2 not understood; 3 something is left to do; 4 the
//! result is not as it should be.

#![expect(clippy::print_stderr, clippy::print_stdout, reason = "an example talks to people")]

#[path = "support/place.rs"]
mod place;

use std::process::ExitCode;

use indicatif::{ProgressBar, ProgressStyle};
use place::Place;
use regionmig::kms::Kms;
use regionmig::{ApplyOptions, BoxError, Event, FileJournal, Journal, KeyArn, Migration, MigrationPlan, Side};
use regionmig_testkit::reference_account;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    place::run(|world, route| reference_account(world, &route.source), migrate).await
}

async fn migrate(place: Place) -> Result<ExitCode, BoxError> {
    let kms = Kms::new(&place.access);
    let bar = bar();
    let shown = bar.clone();
    let migration = Migration::new(place.route, &place.access).with(kms.clone()).observe(move |event| match event {
        Event::SurveyBegan { service, side } => shown.set_message(format!("reading {service} of the {side}")),
        Event::Began { total, done } => {
            shown.set_length(*total);
            shown.set_position(*done);
            shown.set_message("applying");
        }
        Event::StepDone { .. } => shown.inc(1),
        _ => {}
    });

    let earlier = match &place.journal {
        Some(file) => FileJournal::open(file).await?,
        None => None,
    };
    let (journal, plan): (Box<dyn Journal>, _) = match earlier {
        Some((journal, plan)) => (Box::new(journal), plan),
        None => {
            let plan = plan(&kms, &migration).await?;
            if place.plan_only {
                println!("\n{}", plan.full());
                return Ok(ExitCode::SUCCESS);
            }
            (place::journal(place.journal.as_deref(), &plan).await?, plan)
        }
    };
    println!("\n{plan}");

    let outcome = migration.apply(&plan, &*journal, &ApplyOptions::default()).await?;
    bar.finish_and_clear();
    println!("{outcome}");

    let verification = migration.verify(outcome.ids()).await?;
    println!("{verification}");
    println!("what became what");
    for (source, target) in outcome.ids().pairs::<KeyArn>() {
        println!("  {source} -> {target}");
    }
    Ok(place::ended(&outcome, &verification))
}

/// Says what there is at both ends, and decides.
async fn plan(kms: &Kms, migration: &Migration) -> Result<MigrationPlan, BoxError> {
    let survey = migration.survey().await?;
    let found = survey.of(kms)?;
    for side in [Side::Source, Side::Target] {
        let (keys, aliases) = (found.side(side).keys.known().count(), found.side(side).aliases.known().count());
        println!("{side}: {keys} keys and {aliases} aliases could be read");
    }
    survey.unread().for_each(|unread| println!("not read: {unread}"));
    Ok(migration.plan(&survey)?)
}

/// On the terminal only, beside what the program prints.
fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {msg}, {eta} left");
    let bar = ProgressBar::new(0);
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}
