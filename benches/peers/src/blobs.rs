//! Ciphertexts of KMS through the stream, against boto3, in turn, each on one thread: `figure: NAME VALUE TARGET ok|short`. Both send their
//! requests over a loopback port, where a thread answers each with what KMS would, made beforehand.
//!
//! `docs/performance.md` says what is measured, and what it came to.

#[path = "../../../crates/regionmig-kms/benches/pairs/ciphertexts.rs"]
mod ciphertexts;
mod compared;
#[expect(dead_code, reason = "the figures of the core use the rest")]
#[path = "../../../crates/regionmig-core/benches/figures/measure.rs"]
mod measure;
#[expect(dead_code, reason = "its own scripts are run otherwise")]
#[path = "../../../crates/regionmig-testkit/tests/fidelity/python.rs"]
mod python;
mod rounds;
mod server;

use std::process::ExitCode;

use serde_json::json;

use crate::ciphertexts::{NEW, OLD, Ours, access, config};
use crate::compared::compared;
use crate::measure::time_of;
use crate::rounds::PythonRounds;

/// The newest when this was written.
const PACKAGES: [&str; 1] = ["boto3==1.44.8"];
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/blobs.py");

fn main() -> ExitCode {
    let Some(mut python) = PythonRounds::start(&PACKAGES, SCRIPT) else {
        println!("skipped: figures of boto3 (no Python that can have it)");
        return ExitCode::SUCCESS;
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let url = server::start();
    let client = aws_smithy_http_client::Builder::new().build_http();
    let ours = Ours::new(&access(&config().endpoint_url(&url).http_client(client).build()));
    let reencrypt = |count| runtime.block_on(ours.reencrypted(count));
    python.load(&json!({ "url": url, "old": OLD, "new": NEW }));
    // So that what is timed is known to work, and is warm.
    reencrypt(100);
    let own = || time_of(|| reencrypt(1000)) / 1000;
    match compared("boto3_to_ours_blobs", "boto3", 8.0, own, || python.time(200)) {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}
