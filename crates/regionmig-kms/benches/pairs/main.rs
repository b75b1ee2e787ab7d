//! What the stream costs beside the two requests that each item takes: a Decrypt and an Encrypt through it, against two bare calls of the
//! SDK with the same settings. Both are answered in this process, at once.
//!
//!     cargo bench -p regionmig-kms --bench pairs
//!
//! The figure is in instructions, which noise cannot blur, and needs valgrind; the time on the processor is printed beside it.
// REQ: KMS-22
#![expect(clippy::print_stdout, reason = "that is what it is for")]
#![expect(clippy::unwrap_used, reason = "what fails ends it")]

mod ciphertexts;
#[expect(dead_code, reason = "other figures need more of it")]
#[path = "../../../regionmig-core/benches/figures/measure.rs"]
mod measure;

use std::process::{Command, ExitCode};

use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use futures::{StreamExt, stream};
use regionmig_aws::Clients;
use regionmig_core::KeyArn;
use regionmig_core::reencrypt::Ciphertext;

use ciphertexts::{AT_ONCE, NEW, OLD, Ours, access, answer, config, item};
use measure::{Target, figure, ratio, time_of};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let case = Case::new();
    match arguments.as_slice() {
        [way, count] => {
            let count = count.parse().unwrap();
            match way.as_str() {
                "ours" => runtime.block_on(case.ours.reencrypted(count)),
                _ => runtime.block_on(case.bare(count)),
            }
            ExitCode::SUCCESS
        }
        _ => {
            let (ours, bare) = (|| runtime.block_on(case.ours.reencrypted(3000)), || runtime.block_on(case.bare(3000)));
            println!("time: reencrypt_pair_to_bare_calls {:.2}", ratio(9, || time_of(ours), || time_of(bare)));
            if Command::new("valgrind").arg("--version").output().is_err() {
                println!("skipped: figure reencrypt_pair_to_bare_calls (no valgrind)");
                return ExitCode::SUCCESS;
            }
            let met = figure("reencrypt_pair_to_bare_calls", Target::AtMost(1.05), || each("ours") / each("bare"));
            ExitCode::from(u8::from(!met))
        }
    }
}

/// Returns how many instructions an item takes.
fn each(way: &str) -> f64 {
    let (few, many) = (100, 500);
    // What the start takes cancels out.
    (instructions(way, many) - instructions(way, few)) / f64::from(many - few)
}

/// Runs this program under valgrind with so many items, and returns how many instructions it took.
fn instructions(way: &str, count: u32) -> f64 {
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
    let ran = valgrind.arg(std::env::current_exe().unwrap()).args([way, &count.to_string()]).output().unwrap();
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{said}");
    let (_, count) = said.lines().find_map(|line| line.split_once("Collected :")).unwrap();
    count.trim().parse().unwrap()
}

struct Case {
    ours: Ours,
    clients: Clients<Client>,
}

impl Case {
    fn new() -> Self {
        let config = config().http_client(http_client_fn(|_, _| SharedHttpConnector::new(Answers))).build();
        let access = access(&config);
        Self { ours: Ours::new(&access), clients: access.clients(Client::new) }
    }

    async fn bare(&self, count: usize) {
        let [source, target] =
            [OLD, NEW].map(|key| self.clients.reader(&key.parse::<KeyArn>().unwrap().end().unwrap()));
        let pair = async |_| {
            let Ciphertext { bytes, context, .. } = item();
            let pairs = || Some(context.as_map().clone().into_iter().collect());
            let decrypt = source.decrypt().key_id(OLD).ciphertext_blob(Blob::new(bytes));
            let plaintext = decrypt.set_encryption_context(pairs()).send().await.unwrap().plaintext.unwrap();
            let encrypt = target.encrypt().key_id(NEW).plaintext(plaintext);
            encrypt.set_encryption_context(pairs()).send().await.unwrap().ciphertext_blob.unwrap()
        };
        let done = stream::iter(0..count).map(pair).buffer_unordered(AT_ONCE).count().await;
        assert_eq!(done, count);
    }
}

/// KMS, of which only its answers are there.
#[derive(Debug)]
struct Answers;

impl HttpConnector for Answers {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = answer(request.headers().get("x-amz-target"));
        let status = StatusCode::try_from(200).unwrap();
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status, SdkBody::from(body))))
    }
}
