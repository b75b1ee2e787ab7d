//! Where an example runs: on a world of its own, or on real AWS with `--features live -- --live`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use regionmig::{
    Access, BoxError, FileJournal, Journal, MemoryJournal, MigrationPlan, NameError, Outcome, Route, Verification,
    chain,
};
use regionmig_testkit::World;

/// Where an example runs, and whether it was asked to change nothing.
pub(crate) struct Place {
    pub(crate) access: Access,
    pub(crate) route: Route,
    pub(crate) plan_only: bool,
    /// Where the journal is to be kept; in memory, if nowhere.
    pub(crate) journal: Option<PathBuf>,
}

/// Runs `job` where the command line says; on a world of its own, `build` fills it first.
///
/// Exit codes: what `job` says; 1 an error; 2 the command line is not understood.
#[expect(clippy::future_not_send, reason = "it is what `main` waits for")]
pub(crate) async fn run(
    build: impl FnOnce(&World, &Route),
    job: impl AsyncFnOnce(Place) -> Result<ExitCode, BoxError>,
) -> ExitCode {
    match place(build).await {
        Ok(place) => job(place).await.unwrap_or_else(|error| {
            eprintln!("error: {}", chain(&*error));
            ExitCode::from(1)
        }),
        Err(usage) => {
            eprintln!("error: {usage}");
            ExitCode::from(2)
        }
    }
}

/// Begins the journal of `plan`: in the file that the command line names, or in memory.
pub(crate) async fn journal(file: Option<&Path>, plan: &MigrationPlan) -> Result<Box<dyn Journal>, BoxError> {
    Ok(match file {
        Some(file) => Box::new(FileJournal::create(file, plan).await?),
        None => Box::new(MemoryJournal::default()),
    })
}

/// Says how a run ended: 0 all done and verified, 3 something is left, 4 not as it should be.
pub(crate) fn ended(outcome: &Outcome, verification: &Verification) -> ExitCode {
    match (outcome.is_complete(), verification.is_clean()) {
        (true, true) => ExitCode::SUCCESS,
        (false, _) => ExitCode::from(3),
        (true, false) => ExitCode::from(4),
    }
}

/// Reads `[--plan-only] [--journal FILE] [--live] [--profile NAME] [--source END] [--target END]`; an end is written
/// `111122223333/eu-central-1`.
#[expect(clippy::future_not_send, reason = "it is what `main` waits for")]
async fn place(build: impl FnOnce(&World, &Route)) -> Result<Place, String> {
    let mut source = "111122223333/me-central-1".to_owned();
    let mut target = "111122223333/eu-central-1".to_owned();
    let (mut live, mut plan_only, mut profile, mut journal) = (false, false, None, None);
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or_else(|| format!("{arg} wants a value"));
        match arg.as_str() {
            "--live" => live = true,
            "--journal" => journal = Some(value()?.into()),
            "--plan-only" => plan_only = true,
            "--profile" => profile = Some(value()?),
            "--source" => source = value()?,
            "--target" => target = value()?,
            _ => return Err(format!("{arg} is none of --plan-only, --journal, --live, --profile, --source, --target")),
        }
    }
    if live && !plan_only && journal.is_none() {
        return Err("on real AWS a run wants a journal that outlasts it: add --journal FILE".to_owned());
    }
    let end = |text: &str| text.parse().map_err(|error: NameError| error.to_string());
    let route = Route::new(end(&source)?, end(&target)?).map_err(|error| error.to_string())?;
    let access = if live { real(profile).await? } else { worlds(&route, build) };
    Ok(Place { access, route, plan_only, journal })
}

/// A world in this process: no network, no account, the same each time.
fn worlds(route: &Route, build: impl FnOnce(&World, &Route)) -> Access {
    let world = World::new();
    build(&world, route);
    world.access()
}

#[cfg(feature = "live")]
async fn real(profile: Option<String>) -> Result<Access, String> {
    let mut loader = aws_config::defaults(aws_config::BehaviorVersion::latest());
    if let Some(profile) = profile {
        loader = loader.profile_name(profile);
    }
    Ok(Access::new(&loader.load().await))
}

#[cfg(not(feature = "live"))]
async fn real(_: Option<String>) -> Result<Access, String> {
    Err("--live wants a TLS stack: run with `--features live`".to_owned())
}
