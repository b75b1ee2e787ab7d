//! A share of an S3 Batch Operations job: which objects, and what became of each. The events are as S3 sends them (Amazon S3 user guide,
//! "Invoke AWS Lambda function"), in both versions of their schema.

use std::collections::BTreeMap;

use async_trait::async_trait;
use regionmig::reencrypt::{Ciphertext, EncryptionContext, Exchange, Reencrypt};
use regionmig::{BoxError, ErrorKind, chain};
use serde::{Deserialize, Serialize};

/// What S3 hands out.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Event {
    pub(crate) invocation_schema_version: String,
    pub(crate) invocation_id: String,
    pub(crate) tasks: Vec<Task>,
}

/// One object.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Task {
    pub(crate) task_id: String,
    /// Encoded as in a URL, in version 1.0 as in 2.0.
    pub(crate) s3_key: String,
    /// In version 1.0.
    pub(crate) s3_bucket_arn: Option<String>,
    /// In version 2.0.
    pub(crate) s3_bucket: Option<String>,
    pub(crate) s3_version_id: Option<String>,
}

/// What S3 is told.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Answer {
    pub(crate) invocation_schema_version: String,
    /// What becomes of objects that no result is about.
    pub(crate) treat_missing_keys_as: Code,
    pub(crate) invocation_id: String,
    pub(crate) results: Vec<TaskResult>,
}

/// What became of one object.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TaskResult {
    pub(crate) task_id: String,
    pub(crate) result_code: Code,
    pub(crate) result_string: String,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) enum Code {
    /// It failed, and would again.
    PermanentFailure,
    Succeeded,
    /// It is handed out again.
    TemporaryFailure,
}

/// An object, and what tells this version of it from others.
#[derive(Default)]
pub(crate) struct Object {
    pub(crate) bytes: Vec<u8>,
    pub(crate) etag: String,
    pub(crate) content_type: Option<String>,
    /// What is kept with it, among it the key that it was re-encrypted under.
    pub(crate) metadata: BTreeMap<String, String>,
}

/// Under this name an object's metadata says which key it is under.
pub(crate) const UNDER: &str = "reencrypted-under";

/// Where the objects are.
#[async_trait]
pub(crate) trait Objects: Send + Sync {
    /// Reads an object, of which a manifest may name the version. One that is longer than a ciphertext can be (6,144 bytes) is not read:
    /// nothing is returned.
    async fn get(&self, bucket: &str, key: &str, version: Option<&str>) -> Result<Option<Object>, BoxError>;

    /// Replaces an object, if it is still that version; false, if it is not.
    async fn replace(&self, bucket: &str, key: &str, former: &Object, object: Object) -> Result<bool, BoxError>;
}

/// Re-encrypts the objects of an event, each of which is one ciphertext of KMS.
///
/// S3 hands a task out again whose answer was lost. So an object is replaced only if it is still what was read, and one that says
/// that it is under the new key is left alone: each is re-encrypted once.
pub(crate) async fn handle<P: Exchange>(
    event: &Event,
    reencrypt: &Reencrypt<P>,
    target: &str,
    objects: &dyn Objects,
) -> Answer {
    let tasks = event.tasks.iter().map(async |task| {
        let (result_code, result_string) = match one(task, reencrypt, target, objects).await {
            Ok(said) => (Code::Succeeded, said.to_owned()),
            Err((code, why)) => (code, why),
        };
        TaskResult { task_id: task.task_id.clone(), result_code, result_string }
    });
    Answer {
        invocation_schema_version: event.invocation_schema_version.clone(),
        treat_missing_keys_as: Code::TemporaryFailure,
        invocation_id: event.invocation_id.clone(),
        results: futures::future::join_all(tasks).await,
    }
}

async fn one<P: Exchange>(
    task: &Task,
    reencrypt: &Reencrypt<P>,
    target: &str,
    objects: &dyn Objects,
) -> Result<&'static str, (Code, String)> {
    let again = |error: BoxError| (Code::TemporaryFailure, chain(&*error));
    let never = |why: &str| (Code::PermanentFailure, why.to_owned());
    let bucket = task.s3_bucket.as_deref().or_else(|| task.s3_bucket_arn.as_deref()?.rsplit(':').next());
    let bucket = bucket.ok_or_else(|| never("the task names no bucket"))?;
    // A space is a plus sign, as in forms.
    let key = urlencoding::decode(&task.s3_key.replace('+', " "))
        .map_err(|_| never("the object's name is not UTF-8"))?
        .into_owned();
    let version = task.s3_version_id.as_deref().filter(|version| !version.is_empty());
    let object = objects.get(bucket, &key, version).await.map_err(again)?;
    let object = object.ok_or_else(|| never("it is longer than a ciphertext of KMS can be"))?;
    if object.metadata.get(UNDER).map(String::as_str) == Some(target) {
        return Ok("was re-encrypted before");
    }
    let context = EncryptionContext::from([("object", key.as_str())]);
    let ciphertext = Ciphertext::new(object.bytes.clone(), context);
    let new = reencrypt.item(&ciphertext).await.map_err(|error| {
        let code = match error.kind() {
            ErrorKind::Invalid | ErrorKind::NotFound | ErrorKind::Unsupported => Code::PermanentFailure,
            _ => Code::TemporaryFailure,
        };
        (code, chain(&error))
    })?;
    let mut metadata = object.metadata.clone();
    metadata.insert(UNDER.to_owned(), target.to_owned());
    let replacement =
        Object { bytes: new.bytes, etag: String::new(), content_type: object.content_type.clone(), metadata };
    match objects.replace(bucket, &key, &object, replacement).await.map_err(again)? {
        true => Ok("re-encrypted"),
        false => Err((
            Code::TemporaryFailure,
            "it is not the current version any more: somebody else replaced it".to_owned(),
        )),
    }
}
