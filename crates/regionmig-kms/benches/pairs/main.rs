//! What the stream costs beside the two requests that each item takes: a Decrypt and an Encrypt through it, against two bare calls of the
//! SDK with the same settings. Both are answered in this process, at once.
//!
//!     cargo bench -p regionmig-kms --bench pairs
//!
//! The figure is in instructions, which noise cannot blur, and needs valgrind; the time on the processor is printed beside it.
// REQ: KMS-22
#![expect(clippy::print_stdout, reason = "that is what it is for")]
#![expect(clippy::unwrap_used, reason = "what fails ends it")]

#[expect(dead_code, reason = "other figures need more of it")]
#[path = "../../regionmig-core/benches/figures/measure.rs"]
mod measure;

use std::process::{Command, ExitCode};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use aws_types::SdkConfig;
use aws_types::region::Region;
use futures::{StreamExt, stream};
use regionmig_aws::{Access, Clients};
use regionmig_core::KeyArn;
use regionmig_core::reencrypt::{Ciphertext, EncryptionContext, Reencrypt};
use regionmig_kms::Kms;

use measure::{Target, figure, ratio, time_of};

const OLD: &str = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const NEW: &str = "arn:aws:kms:us-west-2:111122223333:key/0987dcba-09fe-87dc-65ba-ab0987654321";
/// So many at once, on both sides.
const AT_ONCE: usize = 16;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let case = Case::new();
    match arguments.as_slice() {
        [way, count] => {
            let count = count.parse().unwrap();
            match way.as_str() {
                "ours" => runtime.block_on(case.ours(count)),
                _ => runtime.block_on(case.bare(count)),
            }
            ExitCode::SUCCESS
        }
        _ => {
            let (ours, bare) = (|| runtime.block_on(case.ours(3000)), || runtime.block_on(case.bare(3000)));
            println!("time: reencrypt_pair_to_bare_calls {:.2}", ratio(9, || time_of(ours), || time_of(bare)));
            if instructions("bare", 1).is_none() {
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
    (instructions(way, many).unwrap() - instructions(way, few).unwrap()) / f64::from(many - few)
}

/// Runs this program under valgrind with so many items, and returns how many instructions it took; none, where there is no valgrind.
fn instructions(way: &str, count: u32) -> Option<f64> {
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
    let ran = valgrind.arg(std::env::current_exe().unwrap()).args([way, &count.to_string()]).output().ok()?;
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{said}");
    let line = said.lines().find_map(|line| line.split_once("Collected :"));
    Some(line.and_then(|(_, count)| count.trim().parse().ok()).unwrap())
}

struct Case {
    kms: Kms,
    clients: Clients<Client>,
    old: KeyArn,
    new: KeyArn,
}

impl Case {
    fn new() -> Self {
        let credentials = Credentials::new("AKIAIOSFODNN7EXAMPLE", "made up", None, None, "bench");
        let config = SdkConfig::builder()
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(http_client_fn(|_, _| SharedHttpConnector::new(Answers)))
            .region(Region::new("us-east-1"))
            .build();
        // The quotas of these two regions are beyond what one processor can do.
        let access = Access::new(&config).with_share(1.0);
        let clients = access.clients(Client::new);
        Self { kms: Kms::new(&access), clients, old: OLD.parse().unwrap(), new: NEW.parse().unwrap() }
    }

    fn item() -> Ciphertext {
        Ciphertext::new(vec![7; 184], EncryptionContext::from([("table", "users"), ("id", "12")]))
    }

    async fn ours(&self, count: usize) {
        let reencrypt = Reencrypt::new(self.kms.decryptor(&self.old), self.kms.encryptor(&self.new));
        let items = stream::iter((0..count).map(|number| (number, Self::item())));
        let done = reencrypt.items(items, AT_ONCE).map(|(_, result)| result.unwrap()).count().await;
        assert_eq!(done, count);
    }

    async fn bare(&self, count: usize) {
        let (source, target) =
            (self.clients.reader(&self.old.end().unwrap()), self.clients.reader(&self.new.end().unwrap()));
        let pair = async |_| {
            let Ciphertext { bytes, context, .. } = Self::item();
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
        let body = match request.headers().get("x-amz-target") {
            Some("TrentService.Decrypt") => {
                format!(
                    r#"{{"EncryptionAlgorithm":"SYMMETRIC_DEFAULT","KeyId":"{OLD}","Plaintext":"bWFkZSB1cCBieSB0aGUgYmVuY2g="}}"#
                )
            }
            _ => {
                let blob = "A".repeat(244);
                format!(r#"{{"CiphertextBlob":"{blob}","EncryptionAlgorithm":"SYMMETRIC_DEFAULT","KeyId":"{NEW}"}}"#)
            }
        };
        let status = StatusCode::try_from(200).unwrap();
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status, SdkBody::from(body))))
    }
}
