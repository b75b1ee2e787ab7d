//! The way back: secrets were moved and stand alone in the target; weeks later the original region is well again.
//!
//!     cargo run --example fail_back
//!
//! It plays on a world in this process: it writes values in between, as an application does. What it does with its migration is
//! the same on AWS. The journal of the way there is all that the way back wants: keep it.
//!
//! Exit codes: as `quickstart`.

#![expect(clippy::print_stderr, clippy::print_stdout, reason = "an example talks to people")]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::{Builder, Region};
use regionmig::secrets::{Mode, Secrets};
use regionmig::{
    ApplyOptions, BoxError, Effect, End, FileJournal, Migration, MigrationPlan, Outcome, Route, SecretArn, Timestamp,
    chain,
};
use regionmig_testkit::World;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    there_and_back().await.unwrap_or_else(|error| {
        eprintln!("error: {}", chain(&*error));
        ExitCode::from(1)
    })
}

async fn there_and_back() -> Result<ExitCode, BoxError> {
    let route = Route::new("111122223333/me-central-1".parse()?, "111122223333/eu-central-1".parse()?)?;
    let (original, promoted) = (&route.source, &route.target);
    let world = World::new();
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/app"},"Action":"secretsmanager:GetSecretValue","Resource":"*","Condition":{"StringEquals":{"aws:RequestedRegion":"me-central-1"}}}]}"#;
    world.secret(original, "payments/db").previous("winter").value("spring").policy(policy).make();
    world.secret(original, "mail/smtp").value("unchanged").make();
    let application = Application { world: &world };

    let access = world.access();
    let secrets = Secrets::new(&access).mode(Mode::ReplicateAndPromote).compare_values();
    let migration = Migration::new(route.clone(), &access).with(secrets);
    let folder = tempfile::tempdir()?;
    let journal = folder.path().join("there.journal");
    println!("== there\n");
    if !go(&migration, &journal).await?.is_complete() {
        return Ok(ExitCode::from(3));
    }
    application.reads("after the way there", [original, promoted]).await?;

    println!("\n== two weeks later, two new values\n");
    world.clock().advance(Duration::from_secs(14 * 24 * 3600));
    application.writes(promoted, "summer", "5e1f0c8a-0000-4000-8000-000000000001").await?;
    application.writes(promoted, "autumn", "5e1f0c8a-0000-4000-8000-000000000002").await?;
    application.reads("before the way back", [original, promoted]).await?;

    println!("\n== back\n");
    // At a round time, so that the plan is the same each time this runs.
    let morning: Timestamp = "2026-03-16T06:00:00Z".parse()?;
    world.clock().advance(morning.duration_since(world.clock().now()).unsigned_abs());
    let Some((journal, plan)) = FileJournal::open(&journal).await? else { return Ok(ExitCode::from(1)) };
    // Route, map and purpose are turned round by one call. Where both sides of a secret were changed, its plan has a blocker, and
    // `Secrets::keep` decides.
    let back = migration.fail_back(&plan, &journal).await?;
    let outcome = go(&back, &folder.path().join("back.journal")).await?;
    application.reads("after the way back", [original, promoted]).await?;

    let verification = back.verify(outcome.ids()).await?;
    println!("\n{verification}\nwhat applications name from now on");
    outcome.ids().pairs::<SecretArn>().for_each(|(promoted, original)| println!("  {promoted} -> {original}"));
    Ok(match (outcome.is_complete(), verification.is_clean()) {
        (true, true) => ExitCode::SUCCESS,
        (false, _) => ExitCode::from(3),
        (true, false) => ExitCode::from(4),
    })
}

/// Plans and shows, then applies, with the journal in a file.
async fn go(migration: &Migration, file: &Path) -> Result<Outcome, BoxError> {
    let plan = migration.plan(&migration.survey().await?)?;
    println!("{}", plan.full());
    let journal = FileJournal::create(file, &plan).await?;
    let outcome = migration.apply(&plan, &journal, &leave(&plan)).await?;
    println!("{outcome}");
    Ok(outcome)
}

/// The leave that a person gives who has read the plan: to overwrite, and for what cannot be taken back, each step by its name.
fn leave(plan: &MigrationPlan) -> ApplyOptions {
    let for_good = plan.steps().filter(|step| step.spec.effect == Effect::Irreversible);
    for_good.fold(ApplyOptions::default().allow_overwriting(), |leave, step| leave.dangerously_allow(step.id.clone()))
}

/// Some program that uses a secret, by the SDK. Its values are made up, so they can be shown.
struct Application<'a> {
    world: &'a World,
}

impl Application<'_> {
    fn client(&self, end: &End) -> Client {
        let config = Builder::from(&self.world.sdk_config()).region(Region::new(end.region.to_string()));
        Client::from_conf(config.build())
    }

    async fn reads(&self, when: &str, ends: [&End; 2]) -> Result<(), BoxError> {
        println!("what an application reads {when}");
        for end in ends {
            for name in ["payments/db", "mail/smtp"] {
                let told = self.client(end).describe_secret().secret_id(name).send().await?;
                let here = end.region.as_str();
                let is_its_own = told.primary_region().is_none_or(|primary| primary == here);
                let kind = if is_its_own { "its own" } else { "a replica" };
                let stages = told.version_ids_to_stages().into_iter().flatten().flat_map(|(_, stages)| stages);
                let mut values = Vec::new();
                for stage in stages.map(String::as_str).collect::<BTreeSet<_>>() {
                    let value = self.client(end).get_secret_value().secret_id(name).version_stage(stage).send().await?;
                    values.push(format!("{stage} {}", value.secret_string().unwrap_or_default()));
                }
                println!("  {here:12} {name:11} {kind:9} {}", values.join(", "));
            }
        }
        Ok(())
    }

    /// The token becomes the version's id: what is sent twice under it is written once.
    async fn writes(&self, end: &End, value: &str, token: &str) -> Result<(), BoxError> {
        let request = self.client(end).put_secret_value().secret_id("payments/db").secret_string(value);
        request.client_request_token(token).send().await?;
        Ok(())
    }
}
