//! Ciphertexts of KMS through the stream, against boto3, in turn, each on one thread: `figure: NAME VALUE TARGET ok|short`. Both send their
//! requests over a loopback port, where a thread answers each with what KMS would, made beforehand.
//!
//! `docs/performance.md` says what is measured, and what it came to.

#[expect(dead_code, reason = "the figures of the core use the rest")]
#[path = "../../../crates/regionmig-core/benches/figures/measure.rs"]
mod measure;
#[expect(dead_code, reason = "its own scripts are run otherwise")]
#[path = "../../../crates/regionmig-testkit/tests/fidelity/python.rs"]
mod python;
mod rounds;
mod server;

use std::process::ExitCode;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_types::SdkConfig;
use aws_types::region::Region;
use futures::{StreamExt, stream};
use regionmig_aws::Access;
use regionmig_core::KeyArn;
use regionmig_core::reencrypt::{Ciphertext, EncryptionContext, Reencrypt};
use regionmig_kms::Kms;
use serde_json::json;
use tokio::runtime::Runtime;

use crate::measure::Target::AtLeast;
use crate::measure::{figure, ratio, time_of};
use crate::rounds::PythonRounds;
use crate::server::{NEW, OLD};

/// The newest when this was written.
const PACKAGES: [&str; 1] = ["boto3==1.44.8"];
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/blobs.py");
/// So many items are under way at once.
const AT_ONCE: usize = 16;

fn main() -> ExitCode {
    let Some(mut python) = PythonRounds::start(&PACKAGES, SCRIPT) else {
        println!("skipped: figures of boto3 (no Python that can have it)");
        return ExitCode::SUCCESS;
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let url = server::start();
    let ours = Ours::new(&url);
    python.load(&json!({ "url": url, "old": OLD, "new": NEW }));
    // So that what is timed is known to work, and is warm.
    ours.time(&runtime, 100);
    let mut times = (Duration::ZERO, Duration::ZERO);
    let met = figure("boto3_to_ours_blobs", AtLeast(8.0), || {
        ratio(7, || kept(&mut times.1, python.time(200)), || kept(&mut times.0, ours.time(&runtime, 1000)))
    });
    println!("times: blobs: {:.0?} ours, {:.0?} of boto3, in the last round", times.0, times.1);
    if met { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn kept(last: &mut Duration, time: Duration) -> Duration {
    *last = time;
    time
}

/// This project's side.
struct Ours {
    kms: Kms,
    old: KeyArn,
    new: KeyArn,
}

impl Ours {
    fn new(url: &str) -> Self {
        let credentials = Credentials::new("AKIAIOSFODNN7EXAMPLE", "made up", None, None, "bench");
        let config = SdkConfig::builder()
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .endpoint_url(url)
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .region(Region::new("us-east-1"))
            .build();
        // The quotas of these two regions are beyond what one processor can do.
        let kms = Kms::new(&Access::new(&config).with_share(1.0));
        Self { kms, old: OLD.parse().unwrap(), new: NEW.parse().unwrap() }
    }

    /// How long it takes to re-encrypt a ciphertext.
    fn time(&self, runtime: &Runtime, count: u32) -> Duration {
        time_of(|| runtime.block_on(self.reencrypted(count))) / count
    }

    async fn reencrypted(&self, count: u32) {
        let reencrypt = Reencrypt::new(self.kms.decryptor(&self.old), self.kms.encryptor(&self.new));
        let item = || Ciphertext::new(vec![7; 184], EncryptionContext::from([("table", "users"), ("id", "12")]));
        let items = stream::iter((0..count).map(|number| (number, item())));
        let done = reencrypt.items(items, AT_ONCE).map(|(_, result)| result.unwrap()).count().await;
        assert_eq!(done, usize::try_from(count).unwrap());
    }
}
