//! Two services in one plan: secrets, and the keys that encrypt them. Which key a secret gets in the target is known once the key
//! is made; so the plan has the one wait for the other.
//!
//!     cargo run --example keys_and_secrets                 # on a world in this process
//!     cargo run --example keys_and_secrets -- --plan-only  # shows every step, does nothing
//!     cargo run --example keys_and_secrets --features live -- --live --profile ops --journal x.journal \
//!         --source 111122223333/me-central-1 --target 111122223333/eu-central-1
//!
//! Exit codes: as `quickstart`.

#![expect(clippy::print_stderr, clippy::print_stdout, reason = "an example talks to people")]

#[path = "support/place.rs"]
mod place;

use std::process::ExitCode;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use place::Place;
use regionmig::HandOver;
use regionmig::kms::Kms;
use regionmig::secrets::Secrets;
use regionmig::{
    ApplyOptions, BoxError, Event, FileJournal, IdMap, Journal, Migration, MigrationPlan, Route, SecretArn,
};
use regionmig_testkit::World;

/// What to know of the new names.
const NOTE: &str = "for the applications: a replica keeps the six characters at the end of its primary's ARN, so only the region
differs. A secret that is made anew gets six others. Who names a secret by its name asks for the same name in the target.
";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    place::run(account, migrate).await
}

/// Four secrets, three of them under customers' keys, and one that is not the customer's.
fn account(world: &World, route: &Route) {
    let payments = world.kms(&route.source).alias("alias/payments").make();
    world.kms(&route.source).alias("alias/reports").make();
    let secret = |name: &str| world.secret(&route.source, name).value("made up");
    secret("payments/db").key(payments.as_str()).previous("made up before").tag("Owner", "payments").make();
    secret("payments/api-key").key(payments.as_str()).description("Of the card processor").make();
    // A key can be named by an alias, too, which the plan then waits for.
    secret("reports/db").key("alias/reports").tag("Owner", "reports").make();
    secret("mail/smtp").make();
    secret("rds!cluster-7c31e2b4").managed_by("rds").make();
}

async fn migrate(place: Place) -> Result<ExitCode, BoxError> {
    let bars = Bars::new();
    let shown = bars.clone();
    let migration = Migration::new(place.route, &place.access)
        .with(Kms::new(&place.access))
        .with(Secrets::new(&place.access).compare_values())
        .observe(move |event| shown.show(event));

    let earlier = match &place.journal {
        Some(file) => FileJournal::open(file).await?,
        None => None,
    };
    let (journal, plan): (Box<dyn Journal>, _) = match earlier {
        Some((journal, plan)) => (Box::new(journal), plan),
        None => {
            let plan = plan(&migration).await?;
            if place.plan_only {
                bars.clear();
                println!("{}", plan.full());
                return Ok(ExitCode::SUCCESS);
            }
            (place::journal(place.journal.as_deref(), &plan).await?, plan)
        }
    };
    bars.all.suspend(|| println!("{}", plan.full()));

    let outcome = migration.apply(&plan, &*journal, &ApplyOptions::default()).await?;
    bars.clear();
    println!("{outcome}");
    let verification = migration.verify(outcome.ids()).await?;
    bars.clear();
    println!("{verification}");
    hand_over(outcome.ids())?;
    Ok(place::ended(&outcome, &verification))
}

async fn plan(migration: &Migration) -> Result<MigrationPlan, BoxError> {
    let survey = migration.survey().await?;
    survey.unread().for_each(|unread| println!("not read: {unread}"));
    Ok(migration.plan(&survey)?)
}

/// Says what the secrets are called now, in each form that an application may want. Names are no secret; values are not shown.
fn hand_over(ids: &IdMap) -> Result<(), BoxError> {
    let secrets = HandOver::of(ids, |secret: &SecretArn| secret.name().to_owned())?;
    println!("{NOTE}");
    println!("as JSON\n{}", secrets.to_json());
    println!("as an env file\n{}", secrets.to_env());
    print!("as dotenv\n{}", secrets.to_dotenv());
    Ok(())
}

/// One bar for each service that reads, and one for the steps of all. On the terminal only, beside what the program prints.
#[derive(Clone)]
struct Bars {
    all: MultiProgress,
    keys: ProgressBar,
    secrets: ProgressBar,
    steps: ProgressBar,
}

impl Bars {
    fn new() -> Self {
        let all = MultiProgress::new();
        let bar = |name: &'static str| {
            let bar = all.add(ProgressBar::new(0).with_prefix(name));
            let style = ProgressStyle::with_template("{prefix:8} {bar:40} {pos}/{len} {msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar
        };
        let (keys, secrets, steps) = (bar("keys"), bar("secrets"), bar("steps"));
        Self { all, keys, secrets, steps }
    }

    fn show(&self, event: &Event) {
        match event {
            Event::SurveyProgress { what, side, done, total, .. } => {
                let bar = match what.as_str() {
                    "keys" => &self.keys,
                    "secrets" => &self.secrets,
                    _ => return,
                };
                bar.set_length(total.unwrap_or(*done));
                bar.set_position(*done);
                bar.set_message(format!("read in the {side}"));
            }
            Event::Began { total, done } => {
                self.steps.set_length(*total);
                self.steps.set_position(*done);
            }
            Event::Progress { done, left, .. } => {
                self.steps.set_position(*done);
                self.steps.set_message(left.map_or_else(String::new, |left| format!("{} s left", left.as_secs())));
            }
            Event::StepWaiting { wait, .. } => self.steps.set_message(wait.reason.clone()),
            _ => {}
        }
    }

    fn clear(&self) {
        [&self.keys, &self.secrets, &self.steps].into_iter().for_each(ProgressBar::finish_and_clear);
    }
}
