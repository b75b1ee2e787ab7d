//! Where an example runs: on a world of its own, or on real AWS with `--features live -- --live`.

use std::process::ExitCode;

use regionmig::{Access, Error, Outcome, Route, Verification, chain};

/// What an example was asked to do, and where.
pub struct Place {
    pub access: Access,
    pub route: Route,
    pub flags: Vec<String>,
}

/// Reads `[--live] [--profile NAME] [--source END] [--target END] [--FLAG ..]`; ends are written
/// `111122223333/eu-central-1`. `flags` are what the example knows besides.
pub async fn place(flags: &[&str], build: impl FnOnce(&regionmig_testkit::World, &Route)) -> Result<Place, String> {
    let mut source = "111122223333/me-central-1".to_owned();
    let mut target = "111122223333/eu-central-1".to_owned();
    let (mut live, mut profile, mut given) = (false, None, Vec::new());
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or_else(|| format!("{arg} wants a value"));
        match arg.as_str() {
            "--live" => live = true,
            "--profile" => profile = Some(value()?),
            "--source" => source = value()?,
            "--target" => target = value()?,
            flag if flags.contains(&flag) => given.push(arg),
            _ => return Err(format!("{arg} is not known; known are --live, --profile, --source, --target {flags:?}")),
        }
    }
    let end = |text: &str| text.parse().map_err(|error: regionmig::NameError| error.to_string());
    let route = Route::new(end(&source)?, end(&target)?).map_err(|error| error.to_string())?;
    let access = if live { real(profile).await? } else { worlds(&route, build) };
    Ok(Place { access, route, flags: given })
}

/// A world in this process: no network, no account, the same each time.
fn worlds(route: &Route, build: impl FnOnce(&regionmig_testkit::World, &Route)) -> Access {
    let world = regionmig_testkit::World::new();
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

/// Says how a run ended: 0 all done and verified, 3 something is left, 4 not as it should be.
pub fn ended(outcome: &Outcome, verification: &Verification) -> ExitCode {
    match (outcome.is_complete(), verification.is_clean()) {
        (true, true) => ExitCode::SUCCESS,
        (false, _) => ExitCode::from(3),
        (true, false) => ExitCode::from(4),
    }
}

/// Shows an error with its causes: 1.
#[allow(dead_code, reason = "not every example needs it")]
pub fn failed(error: &Error) -> ExitCode {
    eprintln!("error: {}", chain(error));
    ExitCode::from(1)
}
