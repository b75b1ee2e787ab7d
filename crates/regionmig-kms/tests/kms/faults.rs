//! Keys moved while much goes wrong at once, by seeds.
// REQ: E-14, E-38, E-41

use std::env;
use std::fs;
use std::ops::Range;
use std::path::PathBuf;
use std::thread;

use regionmig_aws::Access;
use regionmig_core::Migration;
use regionmig_kms::Kms;
use regionmig_testkit::{Failure, Ordeal, Scenario, Undergone};

use crate::account::{one_of_each, route};

/// So many seeds are tried, unless the environment says how many.
const SEEDS: u64 = 1_000;
const THREADS: u64 = 2;

fn keys(access: &Access) -> Migration {
    Migration::new(route(), access).with(Kms::new(access))
}

async fn ordeal() -> Ordeal {
    let ordeal = Ordeal::prepare(one_of_each(), keys).await;
    ordeal.meddling("a stranger makes a key", |world| {
        world.kms(&route().target).description("a stranger's").make();
    })
}

fn number(name: &str) -> Option<u64> {
    env::var(name).ok()?.parse().ok()
}

/// Runs `work` for each of these seeds, on threads of which each has a runtime of its own, and returns what came of it.
fn by_seed<T: Send>(seeds: Range<u64>, work: impl AsyncFn(&Ordeal, u64) -> T + Sync) -> Vec<T> {
    thread::scope(|scope| {
        let (work, seeds) = (&work, &seeds);
        let threads: Vec<_> = (0..THREADS)
            .map(|nth| {
                scope.spawn(move || {
                    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
                    runtime.block_on(async {
                        let (ordeal, mut results) = (ordeal().await, Vec::new());
                        for seed in seeds.clone().filter(|seed| seed % THREADS == nth) {
                            results.push(work(&ordeal, seed).await);
                        }
                        results
                    })
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("no panic")).collect()
    })
}

/// Has a scenario happen; what is needed of one that fails is written to a file, and told.
async fn undergo(ordeal: &Ordeal, scenario: Scenario) -> Result<Undergone, Box<Failure>> {
    match ordeal.undergo(&scenario).await {
        Ok(undergone) => Ok(undergone),
        Err(breach) => {
            let failure = ordeal.minimal(scenario, breach).await;
            let file = env::temp_dir().join(format!("regionmig-seed-{}.json", failure.scenario.seed));
            let written = fs::write(&file, failure.scenario.to_string());
            println!("{failure}\nrun it again: REGIONMIG_SCENARIO={} ({written:?})", file.display());
            Err(Box::new(failure))
        }
    }
}

#[test]
fn no_seed_breaks_an_invariant() {
    let (first, count) = (number("REGIONMIG_FIRST_SEED").unwrap_or(0), number("REGIONMIG_SEEDS").unwrap_or(SEEDS));
    let results =
        by_seed(first..first + count, async |ordeal: &Ordeal, seed| undergo(ordeal, ordeal.scenario(seed)).await);
    let (good, bad): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    let good: Vec<Undergone> = good.into_iter().flatten().collect();
    let in_time = good.iter().filter(|undergone| undergone.runs_after <= 3).count();
    let doubles: usize = good.iter().map(|undergone| undergone.doubles).sum();
    println!(
        "shown: faults_keys {count} seeds, {} violations; liveness {in_time}/{count} within 3 runs; {doubles} doubles \
         where the journal was lost or there were two operators, all reported; {} requests",
        bad.len(),
        good.iter().map(|undergone| undergone.requests).sum::<usize>()
    );
    let seeds: Vec<u64> = bad.iter().filter_map(|bad| Some(bad.as_ref().err()?.scenario.seed)).collect();
    assert!(seeds.is_empty(), "seeds that failed: {seeds:?}");
}

#[test]
fn two_operators_make_nothing_twice_that_both_do_not_report() {
    let count = number("REGIONMIG_SEEDS").unwrap_or(SEEDS);
    let results = by_seed(0..count, async |ordeal: &Ordeal, seed| undergo(ordeal, ordeal.two_operators(seed)).await);
    let bad: Vec<u64> = results.iter().filter_map(|result| Some(result.as_ref().err()?.scenario.seed)).collect();
    let doubles: usize = results.iter().flatten().map(|undergone| undergone.doubles).sum();
    let with = results.iter().flatten().filter(|undergone| undergone.doubles > 0).count();
    println!(
        "shown: two_operators {count} seeds, {doubles} doubles in {with} of them, each reported by both verifications, {} \
         violations",
        bad.len()
    );
    assert!(bad.is_empty(), "seeds that failed: {bad:?}");
}

/// Those that once failed, and the one that the environment names.
#[tokio::test]
async fn stored_scenarios_break_no_invariant() {
    let ordeal = ordeal().await;
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/scenarios");
    let stored = fs::read_dir(folder).into_iter().flatten().map(|file| file.expect("a file").path());
    let mut files: Vec<PathBuf> = stored.chain(env::var_os("REGIONMIG_SCENARIO").map(PathBuf::from)).collect();
    files.sort();
    let mut failed = Vec::new();
    for file in files {
        let scenario = Scenario::from_json(&fs::read_to_string(&file).expect("a text")).expect("a scenario");
        if let Err(breach) = ordeal.undergo(&scenario).await {
            failed.push(format!("{}: {breach}", file.display()));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
