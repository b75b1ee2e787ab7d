//! What was recorded of sessions with Secrets Manager: a folder each, answers in the order in which they were given.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use regionmig_core::{End, SecretArn, Timestamp};
use serde_json::{Value, json};

use crate::peer::Asked;

/// One answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// As AWS sent it.
    pub(crate) body: Value,
    pub(crate) file: String,
    operation: String,
    pub(crate) status: u16,
}

/// The answers of one folder.
#[derive(Clone, Debug)]
pub(crate) struct Recording {
    all: Vec<Answer>,
    pub(crate) end: End,
    pub(crate) name: String,
    sent: Arc<Mutex<BTreeSet<String>>>,
}

/// Reads all folders; none, if there are none here.
pub(crate) fn recordings(root: &Path) -> Option<Vec<Recording>> {
    let mut folders: Vec<_> = fs::read_dir(root.join("placebo")).ok()?.map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    Some(folders.iter().filter_map(|folder| Recording::of(folder)).collect())
}

impl Recording {
    fn of(folder: &Path) -> Option<Self> {
        let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort_by_key(|path| (path.as_os_str().len(), path.clone()));
        let all: Vec<Answer> = paths.iter().filter_map(|path| answer(path)).collect();
        let listed = all.iter().find(|answer| answer.operation == "ListSecrets")?;
        let first: SecretArn = listed.body["SecretList"][0]["ARN"].as_str()?.parse().unwrap();
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        Some(Self { all, end: first.end().unwrap(), name, sent: Arc::default() })
    }

    pub(crate) fn answers(&self) -> impl Iterator<Item = &Answer> {
        self.all.iter()
    }

    /// Returns which files were sent so far.
    pub(crate) fn sent(&self) -> BTreeSet<String> {
        self.sent.lock().unwrap().clone()
    }

    /// Returns the secrets of the listing, and those that were described without it.
    pub(crate) fn listed(&self) -> BTreeSet<SecretArn> {
        let listed = self.of_operation("ListSecrets").flat_map(|answer| answer.body["SecretList"].as_array().unwrap());
        listed.map(|secret| secret["ARN"].as_str().unwrap().parse().unwrap()).collect()
    }

    /// Returns how often the secret was asked about that was asked about most often.
    pub(crate) fn takes(&self) -> usize {
        let asked = |operation, arn: &SecretArn| self.about(operation, arn.as_str()).count();
        let most = |arn: &SecretArn| asked("DescribeSecret", arn).max(asked("GetResourcePolicy", arn));
        self.listed().iter().map(most).max().unwrap_or_default().max(1)
    }

    pub(crate) fn described<'a>(&'a self, arn: &'a SecretArn, take: usize) -> Option<&'a Answer> {
        self.take("DescribeSecret", arn.as_str(), take)
    }

    /// Answers what was recorded. In the target's region nothing is listed; what was not recorded is denied.
    pub(crate) fn answer(&self, asked: &Asked, take: usize) -> (u16, String) {
        let is_source = asked.region == self.end.region.as_str();
        let secret = asked.input["SecretId"].as_str().unwrap_or_default();
        let answer = match asked.operation.as_str() {
            "" => return (200, self.identity()),
            "ListSecrets" if !is_source => return (200, json!({ "SecretList": [] }).to_string()),
            "ListSecrets" => self.of_operation("ListSecrets").next(),
            // By name, where it is: only an ARN of that region fits.
            operation if !secret.starts_with("arn:") => self.all.iter().find(|answer| {
                let is_here =
                    answer.body["ARN"].as_str().is_some_and(|arn| arn.contains(&format!(":{}:", asked.region)));
                answer.operation == operation && answer.body["Name"] == secret && is_here
            }),
            operation => self.take(operation, secret, take),
        };
        let Some(answer) = answer else {
            return (400, json!({ "__type": "AccessDeniedException", "Message": "not recorded" }).to_string());
        };
        self.sent.lock().unwrap().insert(answer.file.clone());
        (answer.status, answer.body.to_string())
    }

    fn take<'a>(&'a self, operation: &'a str, arn: &'a str, take: usize) -> Option<&'a Answer> {
        let mut answers: Vec<&Answer> = self.about(operation, arn).collect();
        // A refusal does not say whom it is about: it is about the one of which nothing else is told.
        if answers.is_empty() {
            answers = self.of_operation(operation).filter(|answer| answer.status >= 400).collect();
        }
        answers.get(take).or_else(|| answers.last()).copied()
    }

    fn about<'a>(&'a self, operation: &'a str, arn: &'a str) -> impl Iterator<Item = &'a Answer> {
        self.of_operation(operation).filter(move |answer| answer.body["ARN"] == arn)
    }

    fn of_operation<'a>(&'a self, operation: &'a str) -> impl Iterator<Item = &'a Answer> {
        self.all.iter().filter(move |answer| answer.operation == operation)
    }

    /// Says of the credentials that they are the account's own.
    fn identity(&self) -> String {
        let account = &self.end.account;
        let result =
            format!("<Account>{account}</Account><Arn>arn:aws:iam::{account}:root</Arn><UserId>{account}</UserId>");
        let result = format!("<GetCallerIdentityResult>{result}</GetCallerIdentityResult>");
        format!("<GetCallerIdentityResponse>{result}</GetCallerIdentityResponse>")
    }
}

fn answer(path: &Path) -> Option<Answer> {
    let file = path.file_name()?.to_str()?.to_owned();
    let (operation, _) = file.strip_prefix("secretsmanager.")?.rsplit_once('_')?;
    let operation = operation.to_owned();
    let recorded: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let status = u16::try_from(recorded["status_code"].as_u64().unwrap()).unwrap();
    let mut body = as_sent(recorded["data"].clone());
    body.as_object_mut().unwrap().remove("ResponseMetadata");
    if status != 200 {
        body = json!({ "__type": body["Error"]["Code"], "message": body["Error"]["Message"] });
    }
    Some(Answer { body, file, operation, status })
}

/// Turns dates back into what AWS sends: seconds.
fn as_sent(value: Value) -> Value {
    match value {
        Value::Object(date) if date.contains_key("__class__") => {
            let part = |name: &str| date.get(name).and_then(Value::as_i64).unwrap_or_default();
            let (day, time) = (["year", "month", "day"].map(part), ["hour", "minute", "second"].map(part));
            let text =
                format!("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", day[0], day[1], day[2], time[0], time[1], time[2]);
            json!(text.parse::<Timestamp>().unwrap().as_second())
        }
        Value::Object(members) => members.into_iter().map(|(name, value)| (name, as_sent(value))).collect(),
        Value::Array(items) => items.into_iter().map(as_sent).collect(),
        other => other,
    }
}
