//! A migration that is killed again and again, by SIGKILL, and each time goes on where it was.
//!
//!     cargo run --example crash_and_resume [-- --seed NUMBER]
//!
//! This process has the world, and starts itself as the process that migrates, whose journal is a file. The seed says at which
//! of its requests each life ends, and whether that request still arrives; so what is printed is the same each time. The bar, on
//! the terminal only, shows each life as it gets on.
//!
//! Exit codes: as `quickstart`.

#![expect(clippy::print_stderr, clippy::print_stdout, reason = "an example talks to people")]

#[path = "support/life.rs"]
mod life;

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::io;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use life::{Ended, Point};
use regionmig::kms::Kms;
use regionmig::{ApplyOptions, BoxError, Entry, Event, FileJournal, JournalReader, Migration, Noted, Route, chain};
use regionmig_testkit::{Holding, RemoteWorld, World, reference_account};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let ended = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => crash_and_resume(0).await,
        ["--seed", seed] => match seed.parse() {
            Ok(seed) => crash_and_resume(seed).await,
            Err(_) => return usage(),
        },
        ["--live-once", url, journal] => migrate(url, Path::new(journal)).await,
        _ => return usage(),
    };
    ended.unwrap_or_else(|error| {
        eprintln!("error: {}", chain(&*error));
        ExitCode::from(1)
    })
}

fn usage() -> ExitCode {
    eprintln!("error: the only option is --seed NUMBER");
    ExitCode::from(2)
}

fn route() -> Result<Route, BoxError> {
    Ok(Route::new("111122223333/me-central-1".parse()?, "111122223333/eu-central-1".parse()?)?)
}

/// One life: goes on with the journal, or begins one.
async fn migrate(url: &str, path: &Path) -> Result<ExitCode, BoxError> {
    let remote = RemoteWorld::connect(url)?;
    let access = remote.access();
    let migration = Migration::new(route()?, &access).with(Kms::new(&access)).observe(|event| match event {
        Event::Began { total, done } | Event::Progress { done, total, .. } => println!("{done} {total}"),
        _ => {}
    });
    let (journal, plan) = match FileJournal::open(path).await? {
        Some(earlier) => earlier,
        None => {
            let plan = migration.plan(&migration.survey().await?)?;
            (FileJournal::create(path, &plan).await?, plan)
        }
    };
    // From here on its requests are counted.
    println!("ready");
    io::stdin().read_line(&mut String::new())?;

    // Only a world of virtual time wants this: none is to pass there while the disk works.
    let journal = Holding::new(journal, remote.clock());
    // One step after the other, so that the seed decides everything. The hour is the world's.
    let options = ApplyOptions::default().concurrency(1).patience(Duration::from_secs(3600));
    let outcome = migration.apply(&plan, &journal, &options).await?;
    Ok(if outcome.is_complete() { ExitCode::SUCCESS } else { ExitCode::from(3) })
}

/// Has the migration live, and kills it, until it ends by itself.
async fn crash_and_resume(mut seed: u64) -> Result<ExitCode, BoxError> {
    let world = World::new();
    reference_account(&world, &route()?.source);
    let face = world.serve()?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("keys.journal");
    let bar = bar();
    let watch = |line: &str| {
        if let Some((Ok(done), Ok(total))) = line.split_once(' ').map(|(done, total)| (done.parse(), total.parse())) {
            bar.set_length(total);
            bar.set_position(done);
        }
    };
    for number in 1.. {
        bar.set_message(format!("life {number}"));
        // Lives get longer. One that is too short gets no further while a key is in doubt, for which it takes many looks.
        let request = 20 + random(&mut seed) % (20 << number);
        let point = Point { request, is_lost: random(&mut seed) % 2 == 0 };
        let ended = life::live(&world, &face, &path, point, watch)?;
        let so_far = so_far(&path)?;
        bar.suspend(|| println!("life {number}: {ended}\n    {so_far}"));
        match ended {
            Ended::Killed { .. } => {}
            Ended::ByItself(Some(0)) => break,
            Ended::ByItself(_) => return Ok(ExitCode::from(3)),
        }
    }
    bar.finish_and_clear();
    prove(&world, &path).await
}

/// Says what a journal has.
fn so_far(path: &Path) -> Result<String, BoxError> {
    let reader = JournalReader::open(path)?;
    let steps = reader.plan().len();
    let (mut lines, mut runs, mut begun, mut done) = (0, 0, BTreeSet::new(), BTreeSet::new());
    for line in reader {
        lines += 1;
        match line?.noted {
            Noted::Run { .. } => runs += 1,
            Noted::Step { step, entry } => match *entry {
                Entry::Started { .. } => _ = begun.insert(step),
                Entry::Done(_) => _ = done.insert(step),
                _ => {}
            },
            _ => {}
        }
    }
    let (doubt, done) = (begun.difference(&done).count(), done.len());
    Ok(format!("journal: runs {runs}, lines {lines}, steps done {done} of {steps}, in doubt {doubt}"))
}

/// Shows that all is there once: by the ledger of the world, and by what verification finds.
async fn prove(world: &World, path: &Path) -> Result<ExitCode, BoxError> {
    let access = world.access();
    let migration = Migration::new(route()?, &access).with(Kms::new(&access));
    let Some((journal, plan)) = FileJournal::open(path).await? else { return Ok(ExitCode::from(4)) };
    let mut changes: BTreeMap<&str, usize> = BTreeMap::new();
    let ledger = world.ledger();
    ledger.mutations().for_each(|entry| *changes.entry(&entry.action).or_default() += 1);
    println!("\nexecuted, by the world's ledger");
    changes.iter().for_each(|(action, count)| println!("    {action:22} {count:4}"));
    let made = changes.values().sum::<usize>();
    println!("    {made} changes for {} steps", plan.len());

    // Once more, to see that nothing is left to do.
    let outcome = migration.apply(&plan, &journal, &ApplyOptions::default()).await?;
    println!("\n{outcome}");
    let verification = migration.verify(outcome.ids()).await?;
    println!("{verification}");
    let again = world.ledger().mutations().count() - made;
    println!("changes of a further run: {again}");
    Ok(if made == plan.len() && again == 0 && verification.is_clean() { ExitCode::SUCCESS } else { ExitCode::from(4) })
}

/// Returns the next number of a seed's sequence.
fn random(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *seed >> 33
}

/// On the terminal only, beside what the program prints.
fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {msg}");
    let bar = ProgressBar::new(0);
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}
