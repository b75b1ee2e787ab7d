//! Re-encryption against that of others, in turn, on one thread: `figure: NAME VALUE TARGET ok|short`. With `--check`, messages are
//! exchanged with the official crate instead.
//!
//! `docs/performance.md` says what is measured, and what it came to.

#[path = "../../../crates/regionmig-core/tests/messages/cases.rs"]
mod cases;
mod compared;
#[path = "../../../crates/regionmig-core/tests/messages/exchange.rs"]
mod exchange;
#[expect(dead_code, reason = "the figures of the core use the rest")]
#[path = "../../../crates/regionmig-core/benches/figures/measure.rs"]
mod measure;
mod official;
mod ours;
#[expect(dead_code, reason = "its own scripts are run otherwise")]
#[path = "../../../crates/regionmig-testkit/tests/fidelity/python.rs"]
mod python;
mod rounds;

use std::process::ExitCode;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use regionmig_core::reencrypt::message::Suite;
use serde_json::{Map, Value, json};
use tokio::runtime::Runtime;

use crate::cases::PROVIDER;
use crate::compared::compared;
use crate::exchange::exchanged;
use crate::official::Official;
use crate::ours::{CONTEXT, Given, KEY, NAME, Ours};
use crate::rounds::PythonRounds;

/// The official crate writes frames only.
const FRAMES: [u32; 5] = [1, 100, 512, 4096, 70_000];

/// The newest when this was written.
const PACKAGES: [&str; 1] = ["aws-encryption-sdk==4.0.7"];
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/peers.py");

/// So much is re-encrypted in a round, by each.
struct Load {
    name: &'static str,
    suite: Suite,
    length: usize,
    given: Given,
    /// How often ours, the official crate and the Python SDK do it: so that each takes a while.
    often: [u32; 3],
    /// How many times as long the official crate, and the Python SDK, should take.
    targets: [f64; 2],
}

const UNSIGNED: Load = Load {
    name: "unsigned_10_mib",
    suite: Suite::Committing,
    length: 10 << 20,
    given: Given::InMemory,
    often: [20, 1, 1],
    targets: [20.0, 25.0],
};

const LOADS: [Load; 4] = [
    Load {
        name: "signed_10_mib",
        suite: Suite::CommittingSigned,
        length: 10 << 20,
        given: Given::InMemory,
        often: [3, 1, 1],
        targets: [4.0, 4.0],
    },
    UNSIGNED,
    Load { name: "unsigned_10_mib_streamed", given: Given::Streamed, ..UNSIGNED },
    Load {
        name: "signed_1_kib",
        suite: Suite::CommittingSigned,
        length: 1 << 10,
        given: Given::InMemory,
        often: [200, 100, 50],
        targets: [2.5, 5.0],
    },
];

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    if std::env::args().any(|argument| argument == "--check") {
        return check(&runtime);
    }
    let official = runtime.block_on(Official::new());
    let mut python = PythonRounds::start(&PACKAGES, SCRIPT);
    if python.is_none() {
        println!("skipped: figures of the Python SDK (no Python that can have it)");
    }
    let met: Vec<bool> = LOADS.iter().flat_map(|load| measured(load, &runtime, &official, python.as_mut())).collect();
    if met.into_iter().all(|met| met) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Measures one load against both.
fn measured(load: &Load, runtime: &Runtime, official: &Official, python: Option<&mut PythonRounds>) -> Vec<bool> {
    let ours = Ours::new();
    let message = runtime.block_on(ours.message(load.suite, load.length));
    // So that what is timed is known to work, and is warm.
    let written = runtime.block_on(ours.written(&message, load.given));
    let theirs = runtime.block_on(official.reencrypted(&message, load.suite)).len();
    // A signature's length varies, and behind full frames some write an empty one.
    assert!(theirs.abs_diff(written) < 64, "{theirs} and {written} bytes");
    let own = || ours.time(runtime, &message, load.given, load.often[0]);
    let theirs = || official.time(runtime, &message, load.suite, load.often[1]);
    let mut met = vec![against("rust", load, load.targets[0], own, theirs)];
    if let Some(python) = python {
        python.load(&for_python(&message, load.suite));
        met.push(against("python", load, load.targets[1], own, || python.time(load.often[2])));
    }
    met
}

/// What the Python SDK needs to know.
fn for_python(message: &[u8], suite: Suite) -> Value {
    let context: Map<String, Value> = CONTEXT.map(|(name, value)| (name.into(), value.into())).into_iter().collect();
    let key = json!({ "provider": PROVIDER, "name": NAME, "key": BASE64_STANDARD.encode(KEY) });
    json!({ "message": BASE64_STANDARD.encode(message), "suite": suite, "context": context, "key": key })
}

/// Compares a load with the SDK of one language.
fn against(
    language: &str,
    load: &Load,
    target: f64,
    own: impl FnMut() -> Duration,
    theirs: impl FnMut() -> Duration,
) -> bool {
    let name = format!("esdk_{language}_to_ours_{}", load.name);
    compared(&name, &format!("the {language} SDK"), target, own, theirs)
}

/// Exchanges messages of all suites with the official crate.
fn check(runtime: &Runtime) -> ExitCode {
    let mut official = runtime.block_on(Official::new());
    match runtime.block_on(exchanged(&mut official, &FRAMES, &FRAMES)) {
        Ok((there, back)) => {
            println!("shown: esdk_rust {there} written by us and read there, {back} the other way");
            ExitCode::SUCCESS
        }
        Err(failed) => {
            println!("{failed}");
            ExitCode::FAILURE
        }
    }
}
