//! The worker of `examples/batch_worker.rs`, handed the events that AWS documents.
// REQ: KMS-20

#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "../examples/support/batch.rs"]
mod batch;

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use batch::{Code, Event, Object, Objects};
use regionmig::kms::Kms;
use regionmig::reencrypt::{Decrypt, Encrypt, EncryptionContext, Reencrypt};
use regionmig::{BoxError, KeyArn, Secret};
use regionmig_testkit::World;

/// The example of the user guide of Amazon S3 ("Invoke AWS Lambda function"), for schema 1.0, with a name that needs decoding.
const FIRST: &str = r#"{"invocationSchemaVersion": "1.0", "invocationId": "YXNkbGZqYWRmaiBhc2RmdW9hZHNmZGpmaGFzbGtkaGZza2RmaAo",
    "job": {"id": "f3cc4f60-61f6-4a2b-8a21-d07600c373ce"},
    "tasks": [{"taskId": "dGFza2lkZ29lc2hlcmUK", "s3Key": "customer+Image%281%29.jpg", "s3VersionId": "1",
        "s3BucketArn": "arn:aws:s3:us-east-1:0123456788:amzn-s3-demo-bucket"}]}"#;

/// The same for schema 2.0.
const SECOND: &str = r#"{"invocationSchemaVersion": "2.0", "invocationId": "YXNkbGZqYWRmaiBhc2RmdW9hZHNmZGpmaGFzbGtkaGZza2RmaAo",
    "job": {"id": "f3cc4f60-61f6-4a2b-8a21-d07600c373ce", "userArguments": {"MyDestinationBucket": "somewhere"}},
    "tasks": [{"taskId": "dGFza2lkZ29lc2hlcmUK", "s3Key": "customer+Image%281%29.jpg", "s3VersionId": null,
        "s3Bucket": "amzn-s3-demo-bucket"}]}"#;

const NAME: &str = "customer Image(1).jpg";

/// An object's bytes, how often it was written, and its metadata.
type Stored = (Vec<u8>, u64, BTreeMap<String, String>);

/// A bucket; the next write fails, or somebody else's comes before it.
#[derive(Default)]
struct Bucket {
    objects: Mutex<BTreeMap<String, Stored>>,
    loses: Mutex<Vec<Loss>>,
}

#[derive(Clone, Copy, PartialEq)]
enum Loss {
    /// It is written, and nobody is told.
    Answer,
    /// Somebody else has written before.
    Race,
}

impl Bucket {
    fn put(&self, bytes: Vec<u8>) {
        self.objects.lock().unwrap().insert(
            format!("amzn-s3-demo-bucket/{NAME}"),
            (bytes, 1, BTreeMap::from([("owner".to_owned(), "ann".to_owned())])),
        );
    }

    /// Returns the object, how often it was written, and the key that it says to be under.
    fn only(&self) -> (Vec<u8>, u64, Option<String>) {
        let (bytes, version, metadata) = self.objects.lock().unwrap().values().next().unwrap().clone();
        assert_eq!(metadata["owner"], "ann");
        (bytes, version, metadata.get(batch::UNDER).cloned())
    }
}

#[async_trait]
impl Objects for Bucket {
    async fn get(&self, bucket: &str, key: &str, _: Option<&str>) -> Result<Option<Object>, BoxError> {
        let objects = self.objects.lock().unwrap();
        let (bytes, version, metadata) = objects.get(&format!("{bucket}/{key}")).ok_or("there is no such object")?;
        if bytes.len() > 6144 {
            return Ok(None);
        }
        let (bytes, etag, metadata) = (bytes.clone(), version.to_string(), metadata.clone());
        Ok(Some(Object { bytes, etag, content_type: None, metadata }))
    }

    async fn replace(&self, bucket: &str, key: &str, former: &Object, object: Object) -> Result<bool, BoxError> {
        let loss = self.loses.lock().unwrap().pop();
        let mut objects = self.objects.lock().unwrap();
        let there = objects.get_mut(&format!("{bucket}/{key}")).ok_or("there is no such object")?;
        if loss == Some(Loss::Race) {
            there.1 += 1;
        }
        if there.1.to_string() != former.etag {
            return Ok(false);
        }
        *there = (object.bytes, there.1 + 1, object.metadata);
        if loss == Some(Loss::Answer) { Err("the answer was lost".into()) } else { Ok(true) }
    }
}

struct Keys {
    kms: Kms,
    old: KeyArn,
    new: KeyArn,
}

fn keys() -> Keys {
    let world = World::new();
    let key = |end: &str| world.kms(&end.parse().unwrap()).make();
    let (old, new) = (key("111122223333/me-central-1"), key("111122223333/eu-central-1"));
    Keys { kms: Kms::new(&world.access()), old, new }
}

async fn encrypted(keys: &Keys) -> Vec<u8> {
    let context = EncryptionContext::from([("object", NAME)]);
    keys.kms.encryptor(&keys.old).encrypt(&Secret::new(b"made up".to_vec()), &context).await.unwrap().bytes
}

async fn answer(keys: &Keys, event: &str, bucket: &Bucket) -> (Code, String) {
    let event: Event = serde_json::from_str(event).unwrap();
    let reencrypt = Reencrypt::new(keys.kms.decryptor(&keys.old), keys.kms.encryptor(&keys.new));
    let answer = batch::handle(&event, &reencrypt, keys.new.as_str(), bucket).await;
    assert_eq!(
        (answer.invocation_schema_version, answer.invocation_id),
        (event.invocation_schema_version, event.invocation_id)
    );
    let [result] = answer.results.try_into().ok().unwrap();
    assert_eq!(result.task_id, "dGFza2lkZ29lc2hlcmUK");
    (result.result_code, result.result_string)
}

#[tokio::test]
async fn events_of_both_schemas_are_answered_and_each_object_is_done_once() {
    for event in [FIRST, SECOND] {
        let (keys, bucket) = (keys(), Bucket::default());
        bucket.put(encrypted(&keys).await);
        assert_eq!(answer(&keys, event, &bucket).await, (Code::Succeeded, "re-encrypted".to_owned()));
        let (bytes, version, under) = bucket.only();
        assert_eq!((version, under.as_deref()), (2, Some(keys.new.as_str())));
        let context = EncryptionContext::from([("object", NAME)]);
        let new = regionmig::reencrypt::Ciphertext::new(bytes, context);
        let opened = keys.kms.encryptor(&keys.new).decrypt(&new).await.unwrap();
        assert!(opened.plaintext.expose() == b"made up");
        assert_eq!(answer(&keys, event, &bucket).await, (Code::Succeeded, "was re-encrypted before".to_owned()));
        assert_eq!(bucket.only().1, 2);
    }
}

#[tokio::test]
async fn what_was_lost_or_overtaken_is_handed_out_again_and_done_once() {
    for loss in [Loss::Answer, Loss::Race] {
        let (keys, bucket) = (keys(), Bucket::default());
        bucket.put(encrypted(&keys).await);
        bucket.loses.lock().unwrap().push(loss);
        assert_eq!(answer(&keys, SECOND, &bucket).await.0, Code::TemporaryFailure);
        assert_eq!(answer(&keys, SECOND, &bucket).await.0, Code::Succeeded);
        assert_eq!(bucket.only().2.as_deref(), Some(keys.new.as_str()));
    }
}

#[tokio::test]
async fn what_cannot_succeed_is_not_handed_out_again() {
    for bytes in [b"nothing that KMS wrote".to_vec(), vec![7; 7000]] {
        let (keys, bucket) = (keys(), Bucket::default());
        bucket.put(bytes);
        let (code, why) = answer(&keys, SECOND, &bucket).await;
        assert_eq!(code, Code::PermanentFailure, "{why}");
        assert_eq!(bucket.only().1, 1);
    }
}
