//! A Lambda function for S3 Batch Operations: each invocation brings a share of the objects, and re-encrypts them by the same call as a
//! stream here would.
//!
//!     cargo run --example batch_worker                 # one share, on a world and objects in this process
//!     cargo lambda build --example batch_worker --features live    # or another way to build for Lambda; OLD_KEY and NEW_KEY say which keys
//!
//! Each object is one ciphertext of KMS, bound to the context `object` = its name. An object is replaced only if it is still what was read
//! (`If-Match`), and the key that it is under is kept in its metadata: however often S3 hands out a task, it is done once.
//!
//! Exit codes: 0 the share was answered; 1 an error.
// REQ: KMS-20

#![expect(clippy::print_stderr, clippy::print_stdout, reason = "an example talks to people")]
#![cfg_attr(
    feature = "live",
    expect(clippy::disallowed_methods, reason = "Lambda hands settings in by the environment")
)]

#[path = "support/batch.rs"]
mod batch;
#[expect(dead_code, reason = "this example has no words of its own")]
#[path = "support/keys.rs"]
mod keys;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use batch::{Event, Object, Objects};
use keys::Keys;
use regionmig::BoxError;
use regionmig::Secret;
use regionmig::reencrypt::{Encrypt, EncryptionContext, Reencrypt};

/// A share as S3 sends it.
const EVENT: &str = r#"{
  "invocationSchemaVersion": "2.0",
  "invocationId": "bWFkZSB1cCBpbnZvY2F0aW9u",
  "job": {"id": "f3cc4f60-61f6-4a2b-8a21-d07600c373ce", "userArguments": {}},
  "tasks": [
    {"taskId": "dGFzayAx", "s3Bucket": "old-things", "s3Key": "letters/to+Ann.bin", "s3VersionId": "1"},
    {"taskId": "dGFzayAy", "s3Bucket": "old-things", "s3Key": "letters/to%C3%9Frita.bin", "s3VersionId": null},
    {"taskId": "dGFzayAz", "s3Bucket": "old-things", "s3Key": "letters/broken.bin", "s3VersionId": null}
  ]
}"#;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    #[cfg(feature = "live")]
    if std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_some() {
        return live::serve().await;
    }
    keys::run(&[], &[], share).await
}

/// Answers one share, twice: as S3 does when an answer was lost.
async fn share(keys: Keys) -> Result<ExitCode, BoxError> {
    let objects = Shelf::default();
    let old = keys.kms.encryptor(&keys.old);
    for name in ["letters/to Ann.bin", "letters/toßrita.bin"] {
        let context = EncryptionContext::from([("object", name)]);
        let encrypted = old.encrypt(&Secret::new(b"made up".to_vec()), &context).await?;
        objects.put(name, encrypted.bytes);
    }
    objects.put("letters/broken.bin", b"nothing that KMS wrote".to_vec());
    let event: Event = serde_json::from_str(EVENT)?;
    let reencrypt = Reencrypt::new(keys.kms.decryptor(&keys.old), keys.kms.encryptor(&keys.new));
    for _ in 0..2 {
        let answer = batch::handle(&event, &reencrypt, keys.new.as_str(), &objects).await;
        println!("{}", serde_json::to_string_pretty(&answer)?);
    }
    Ok(ExitCode::SUCCESS)
}

/// An object's bytes, how often it was written, and its metadata.
type Stored = (Vec<u8>, u64, BTreeMap<String, String>);

/// A bucket in memory.
#[derive(Default)]
struct Shelf(Mutex<BTreeMap<String, Stored>>);

impl Shelf {
    fn objects(&self) -> MutexGuard<'_, BTreeMap<String, Stored>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, name: &str, bytes: Vec<u8>) {
        self.objects().insert(name.to_owned(), (bytes, 1, BTreeMap::new()));
    }
}

#[async_trait]
impl Objects for Shelf {
    async fn get(&self, _: &str, key: &str, _: Option<&str>) -> Result<Option<Object>, BoxError> {
        let shelf = self.objects();
        let (bytes, version, metadata) = shelf.get(key).ok_or("there is no such object")?;
        let (bytes, etag, metadata) = (bytes.clone(), version.to_string(), metadata.clone());
        Ok(Some(Object { bytes, etag, content_type: None, metadata }))
    }

    async fn replace(&self, _: &str, key: &str, former: &Object, object: Object) -> Result<bool, BoxError> {
        let mut shelf = self.objects();
        let there = shelf.get_mut(key).ok_or("there is no such object")?;
        if there.1.to_string() != former.etag {
            return Ok(false);
        }
        *there = (object.bytes, there.1 + 1, object.metadata);
        Ok(true)
    }
}

/// In Lambda: S3 itself, and the runtime's loop.
#[cfg(feature = "live")]
mod live {
    use aws_sdk_s3::Client;
    use aws_sdk_s3::error::ProvideErrorMetadata;
    use aws_sdk_s3::primitives::ByteStream;
    use lambda_runtime::{LambdaEvent, run, service_fn};
    use regionmig::KeyArn;
    use regionmig::aws::Access;
    use regionmig::kms::Kms;

    use super::{BoxError, Event, ExitCode, Object, Objects, Reencrypt, async_trait, batch};

    /// No ciphertext of KMS is longer (KMS API reference, Decrypt).
    const LONGEST: i64 = 6144;

    pub(crate) async fn serve() -> ExitCode {
        match invocations().await {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("error: {}", regionmig::chain(&*error));
                ExitCode::FAILURE
            }
        }
    }

    async fn invocations() -> Result<(), BoxError> {
        let key = |name: &str| -> Result<KeyArn, BoxError> {
            let arn = std::env::var(name).map_err(|error| format!("{name} should be the ARN of a key: {error}"))?;
            Ok(arn.parse()?)
        };
        let (old, new) = (key("OLD_KEY")?, key("NEW_KEY")?);
        let config = aws_config::load_defaults(aws_config::BehaviorVersion::latest()).await;
        let kms = Kms::new(&Access::new(&config));
        let reencrypt = Reencrypt::new(kms.decryptor(&old), kms.encryptor(&new));
        let buckets = Buckets(Client::new(&config));
        let invocation = async |event: LambdaEvent<Event>| {
            Ok::<_, lambda_runtime::Error>(batch::handle(&event.payload, &reencrypt, new.as_str(), &buckets).await)
        };
        run(service_fn(invocation)).await
    }

    struct Buckets(Client);

    #[async_trait]
    impl Objects for Buckets {
        async fn get(&self, bucket: &str, key: &str, version: Option<&str>) -> Result<Option<Object>, BoxError> {
            let request = self.0.get_object().bucket(bucket).key(key);
            let found = request.set_version_id(version.map(str::to_owned)).send().await?;
            if found.content_length().is_none_or(|length| length > LONGEST) {
                return Ok(None);
            }
            let etag = found.e_tag().ok_or("S3 gave no ETag")?.to_owned();
            let content_type = found.content_type().map(str::to_owned);
            let metadata = found.metadata().cloned().unwrap_or_default().into_iter().collect();
            Ok(Some(Object { bytes: found.body.collect().await?.to_vec(), etag, content_type, metadata }))
        }

        /// What is kept with an object goes with it, but for its tags and storage class: those are to be set on the job's bucket.
        async fn replace(&self, bucket: &str, key: &str, former: &Object, object: Object) -> Result<bool, BoxError> {
            let body = ByteStream::from(object.bytes);
            let request = self.0.put_object().bucket(bucket).key(key).if_match(&former.etag).body(body);
            let request = request.set_content_type(object.content_type);
            match request.set_metadata(Some(object.metadata.into_iter().collect())).send().await {
                Ok(_) => Ok(true),
                Err(error) if matches!(error.code(), Some("PreconditionFailed" | "ConditionalRequestConflict")) => {
                    Ok(false)
                }
                Err(error) => Err(error.into()),
            }
        }
    }
}
