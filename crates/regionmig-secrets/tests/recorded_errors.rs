//! Answers that AWS gave, recorded by others, read by this crate: errors become the kind of error that they are, with words that
//! say what to do; secrets become what they are, or a gap.
//!
//! The errors are those of LocalStack's tests, made at AWS, and of Cloud Custodian's; the listings are those of Cloud Custodian's.
//! They come to the real SDK by a loopback port. What was not recorded is denied, so that it is a gap.
#![expect(clippy::panic, clippy::unwrap_used, reason = "tests")]

#[path = "recorded/clock.rs"]
mod clock;
#[path = "recorded/peer.rs"]
mod peer;
#[path = "recorded/placebo.rs"]
mod placebo;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use aws_sdk_secretsmanager::Client;
use peer::{Asked, Peer};
use placebo::Recording;
use regionmig_aws::Error;
use regionmig_core::{End, ErrorKind, Finding, Lookup, Migration, MigrationPlan, Route, SecretArn, chain};
use regionmig_secrets::{Secret, Secrets, Snapshot, code};
use serde_json::{Value, json};

/// What a refusal means to a migration: its code, a part of AWS's words, its kind, and a part of what a person reads. By hand, from
/// the API reference and the words themselves.
const TABLE: [(&str, &str, ErrorKind, &str); 9] = [
    (
        "AccessDeniedException",
        "cannot invoke the specified Lambda",
        ErrorKind::AccessDenied,
        "Ensure that the function",
    ),
    ("InvalidParameterException", "provide a ClientRequestToken", ErrorKind::Invalid, "provide a ClientRequestToken"),
    // The code alone decides. This crate always sends a token.
    ("InvalidRequestException", "provide a ClientRequestToken", ErrorKind::Conflict, "provide a ClientRequestToken"),
    ("InvalidRequestException", "marked for deletion", ErrorKind::Conflict, "a secret that is to be deleted"),
    ("InvalidRequestException", "No Lambda rotation function", ErrorKind::Conflict, "look at what is there"),
    ("InvalidRequestException", "VersionStage that is not associated", ErrorKind::Conflict, "look at what is there"),
    ("ResourceNotFoundException", "find the specified secret.", ErrorKind::NotFound, "plan again from a new survey"),
    (
        "ResourceNotFoundException",
        "find the specified secret value",
        ErrorKind::NotFound,
        "plan again from a new survey",
    ),
    ("ValidationException", "Must be a valid name containing", ErrorKind::Invalid, "Must be a valid name"),
];

/// One error that was recorded.
#[derive(Debug)]
struct Recorded {
    place: String,
    code: String,
    message: String,
    status: u16,
}

#[tokio::test]
async fn each_recorded_error_is_of_its_kind_and_says_what_to_do() {
    let Some(recorded) = recorded() else {
        println!("skipped: recorded_errors_secrets (no recorded answers)");
        return;
    };
    let (mut right, mut used) = (0, BTreeSet::new());
    for one in &recorded {
        let row = TABLE.iter().position(|(code, part, ..)| *code == one.code && one.message.contains(part));
        let Some(row) = row else { panic!("{}: nobody said what this means: {one:?}", one.place) };
        let (_, _, kind, told) = TABLE[row];
        for error in asked(one).await {
            assert_eq!((error.kind(), error.code()), (kind, Some(&*one.code)), "{one:?}: {error}");
            assert_eq!(error.end(), Some(&end()), "{one:?}");
            let text = format!("{}; {}", chain(&error), error.kind().advice());
            assert!(text.contains(&one.message) && text.contains(told), "{one:?}: {text}");
        }
        used.insert(row);
        right += 1;
    }
    assert_eq!(used.len(), TABLE.len(), "a row that nothing was recorded for");
    println!("shown: recorded_errors_secrets {right} of {}", recorded.len());
    // Of those that this was written for.
    assert!(right >= 46, "{right}");
}

fn end() -> End {
    "111122223333/us-east-1".parse().unwrap()
}

/// Has a read and a change refused so.
async fn asked(one: &Recorded) -> [Error; 2] {
    let body = json!({ "__type": one.code, "Message": one.message }).to_string();
    let status = one.status;
    let peer = Peer::new(move |_: &Asked| (status, body.clone()));
    let clients = peer.access().clients(Client::new);
    let read = |client: Client| client.get_secret_value().secret_id("db").send();
    let change = |client: Client| client.put_secret_value().secret_id("db").secret_string("text").send();
    let read = clients.read(&end(), "secretsmanager:GetSecretValue", read).await.map(|answer| answer.version_id);
    let change = clients.write(&end(), "secretsmanager:PutSecretValue", change).await.map(|answer| answer.version_id);
    [read.unwrap_err(), change.unwrap_err()]
}

/// Reads where the records are: where `REGIONMIG_TESTDATA` says, else beside the workspace.
#[expect(clippy::disallowed_methods, reason = "a test finds its data by the environment")]
fn root() -> PathBuf {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/testdata");
    std::env::var_os("REGIONMIG_TESTDATA").map_or_else(beside, PathBuf::from)
}

fn recorded() -> Option<Vec<Recorded>> {
    let mut all = Vec::new();
    for file in ["test_secretsmanager.snapshot.json", "test_cfn_secretsmanager.snapshot.json"] {
        let text = fs::read_to_string(root().join("aws-recorded").join(file)).ok()?;
        let cases: Value = serde_json::from_str(&text).unwrap();
        for (case, recorded) in cases.as_object().unwrap() {
            errors_in(case, &recorded["recorded-content"], &mut all);
        }
    }
    for recording in placebo::recordings(&root())? {
        for answer in recording.answers().filter(|answer| answer.status >= 400) {
            let text = |member: &str| answer.body[member].as_str().unwrap().to_owned();
            let (code, message) = (text("__type"), text("message"));
            all.push(Recorded { place: answer.file.clone(), code, message, status: answer.status });
        }
    }
    Some(all)
}

/// Finds errors as the SDK for Python shows them, as they came over the wire, and in the text of its exceptions.
fn errors_in(place: &str, value: &Value, all: &mut Vec<Recorded>) {
    let mut found = |code: &str, message: &str, status: u64| {
        let (code, message) = (code.to_owned(), message.to_owned());
        all.push(Recorded { place: place.to_owned(), code, message, status: status.try_into().unwrap() });
    };
    match value {
        Value::Object(members) => {
            let error = &value["Error"];
            if let Some(code) = error["Code"].as_str().or_else(|| error["__type"].as_str()) {
                let message = error["Message"].as_str().or_else(|| error["message"].as_str()).unwrap_or_default();
                let status = &value["ResponseMetadata"]["HTTPStatusCode"];
                return found(code, message, status.as_u64().unwrap_or(400));
            }
            members.values().for_each(|inner| errors_in(place, inner, all));
        }
        Value::Array(items) => items.iter().for_each(|inner| errors_in(place, inner, all)),
        Value::String(text) => {
            if let Some((code, rest)) = text.strip_prefix("An error occurred (").and_then(|text| text.split_once(')')) {
                found(code, rest.split_once("operation: ").unwrap().1, 400);
            }
        }
        _ => {}
    }
}

#[tokio::test]
async fn recorded_secrets_are_read_as_what_they_are_or_are_gaps() {
    let Some(recordings) = placebo::recordings(&root()) else {
        println!("skipped: placebo_secrets (no recorded answers)");
        return;
    };
    let (mut known, mut gaps, mut managed) = (0, 0, 0);
    for recording in recordings {
        for take in 0..recording.takes() {
            let (found, plan) = read(&recording, take).await;
            for arn in recording.listed() {
                match found.secrets.lookup(&arn) {
                    Lookup::Present(secret) => {
                        is_as_recorded(secret, recording.described(&arn, take).unwrap());
                        managed += usize::from(is_managed(&arn, secret, &plan, &recording.name));
                        known += 1;
                    }
                    Lookup::Unknown(gap) => {
                        let why = recording.described(&arn, take).map(|answer| answer.status);
                        assert!(why.is_none_or(|status| status >= 400), "{}: {arn}: {gap}", recording.name);
                        gaps += 1;
                    }
                    Lookup::Absent => panic!("{}: {arn} is lost", recording.name),
                }
            }
        }
        // This crate does not ask for the ids of versions: a description has them.
        let all = recording.answers().map(|answer| &answer.file).filter(|file| !file.contains("ListSecretVersionIds"));
        let sent = recording.sent();
        let left: Vec<&String> = all.filter(|file| !sent.contains(*file)).collect();
        assert!(left.is_empty(), "{}: not read: {left:?}", recording.name);
    }
    println!("shown: placebo_secrets {known} secrets read, {gaps} gaps, 0 lost, {managed} managed by a service");
    assert!(known >= 16 && managed >= 1, "{known} {managed}");
}

/// Finds out and plans what one take of a recording tells.
async fn read(recording: &Recording, take: usize) -> (Snapshot, MigrationPlan) {
    let answers = recording.clone();
    let peer = Peer::new(move |asked| answers.answer(asked, take));
    let access = peer.access();
    let secrets = Secrets::new(&access);
    let source = recording.end.clone();
    let target = source.in_region("eu-west-1".parse().unwrap());
    let migration = Migration::new(Route::new(source, target).unwrap(), &access).with(secrets.clone());
    let survey = migration.survey().await.unwrap();
    let plan = migration.plan(&survey).unwrap();
    (survey.of(&secrets).unwrap().source.value, plan)
}

fn is_as_recorded(secret: &Secret, answer: &placebo::Answer) {
    let (body, file) = (&answer.body, &answer.file);
    let text = |member: &str| body[member].as_str();
    assert_eq!(secret.description, text("Description").unwrap_or_default(), "{file}");
    assert_eq!(secret.key.as_deref(), text("KmsKeyId"), "{file}");
    assert_eq!(secret.owner.as_deref(), text("OwningService"), "{file}");
    assert_eq!(secret.primary_region.as_ref().map(|region| region.as_str()), text("PrimaryRegion"), "{file}");
    assert_eq!(secret.deleted.is_some(), body.get("DeletedDate").is_some(), "{file}");
    let count = |member: &str| body[member].as_array().map_or(0, Vec::len);
    assert_eq!((secret.tags.len(), secret.replicas.len()), (count("Tags"), count("ReplicationStatus")), "{file}");
    assert_eq!(json!(secret.versions), body["VersionIdsToStages"], "{file}");
    let rotation = secret.rotation.clone().unwrap_or_default();
    assert_eq!(rotation.enabled, body["RotationEnabled"] == true, "{file}");
    assert_eq!(rotation.function.as_deref(), text("RotationLambdaARN"), "{file}");
    let rules = &body["RotationRules"];
    assert_eq!(rotation.days.map(u64::from), rules["AutomaticallyAfterDays"].as_u64(), "{file}");
    assert_eq!(rotation.schedule.as_deref(), rules["ScheduleExpression"].as_str(), "{file}");
}

/// Holds that a secret is moved or spoken of. Returns whether a service manages it: then the plan must say so, and do nothing.
fn is_managed(arn: &SecretArn, secret: &Secret, plan: &MigrationPlan, place: &str) -> bool {
    let speaks =
        |finding: &&Finding| finding.subject.as_ref().is_some_and(|subject| subject.to_string().contains(arn.name()));
    let steps = plan.steps().filter(|step| step.id.as_str().contains(arn.name())).count();
    let mut findings = plan.findings().iter().filter(speaks);
    let Some(owner) = &secret.owner else {
        // Of one that is there, and in step, nothing has to be said.
        let is_there = secret.replicas.keys().any(|region| region.as_str() == "eu-west-1");
        let is_told = steps > 0 || findings.next().is_some();
        assert!(is_told || is_there, "{place}: {arn}: not spoken of:\n{}", plan.full());
        return false;
    };
    let told = findings.find(|finding| finding.code == code::MANAGED);
    let Some(told) = told else { panic!("{place}: {arn} of {owner}:\n{}", plan.full()) };
    assert!(told.to_string().contains(owner.as_str()) && steps == 0, "{place}: {told}:\n{}", plan.full());
    true
}
