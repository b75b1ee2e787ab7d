//! Answers that AWS gave, recorded by others, against the world's.
//!
//! The records are those of LocalStack's tests of Secrets Manager (`test_secretsmanager.snapshot.json` and
//! `test_cfn_secretsmanager.snapshot.json`), made at AWS. They hold what was answered; what was asked is worked out here from the
//! names of cases and steps.
#![expect(clippy::unwrap_used, reason = "tests")]

#[expect(dead_code, reason = "the reasons in it are those of the records of KMS")]
#[path = "recorded/compare.rs"]
mod compare;
#[path = "recorded/secrets.rs"]
mod secrets;
#[path = "recorded/snapshot.rs"]
mod snapshot;
#[path = "recorded/wire.rs"]
mod wire;

use std::collections::BTreeSet;

use compare::Compare;
use serde_json::{Value, json};

/// Cases that cannot be played, and why.
const NOT_PLAYED: [(&str, &str); 5] = [
    ("test_cfn_secret_policy[true]", CLOUDFORMATION),
    ("test_cfn_secret_policy[default]", CLOUDFORMATION),
    ("test_cdk_deployment_generates_secret_value_if_no_value_is_provided", CLOUDFORMATION),
    ("test_cfn_secretsmanager_gen_secret", CLOUDFORMATION),
    ("test_cfn_handle_secretsmanager_secret", CLOUDFORMATION),
];
const CLOUDFORMATION: &str = "made by CloudFormation, which the world does not carry";

#[test]
fn what_was_recorded_is_what_the_world_answers() {
    let files = ["test_secretsmanager.snapshot.json", "test_cfn_secretsmanager.snapshot.json"];
    let Some(recorded) = files.map(|file| snapshot::read(file, adapted)).into_iter().collect::<Option<Vec<_>>>() else {
        println!("skipped: fidelity_secrets recorded (no recorded answers)");
        return;
    };
    let (mut reproduced, mut all, mut wrong, mut left) = (0, 0, Vec::new(), BTreeSet::new());
    for (id, case) in recorded.iter().flatten() {
        all += 1;
        let name = id.rsplit("::").next().unwrap_or(id);
        let Some(answers) = secrets::play(name) else {
            let reason = NOT_PLAYED.iter().find(|(case, _)| *case == name).map(|(_, reason)| *reason);
            println!("not played: {name}: {}", reason.unwrap_or("nobody knows what was asked"));
            left.insert(name.to_owned());
            continue;
        };
        let before = wrong.len();
        let mut compare = Compare::default();
        let steps = case["recorded-content"].as_object().unwrap();
        // In the order in which they were asked, so that what a placeholder stands for is met where it is made.
        for (step, answer) in &answers {
            let complaint = match steps.get(step) {
                Some(wanted) => compare.differs(&normal(wanted), &normal(answer)),
                None => Some("was not recorded".to_owned()),
            };
            wrong.extend(complaint.map(|complaint| format!("{name} {step}: {complaint}")));
        }
        let missing = steps.keys().filter(|step| answers.iter().all(|(answered, _)| answered != *step));
        wrong.extend(missing.map(|step| format!("{name} {step}: not worked out")));
        reproduced += usize::from(wrong.len() == before);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let listed = NOT_PLAYED.iter().map(|(case, _)| (*case).to_owned()).collect();
    assert_eq!(left, listed, "what is not played is listed, and what is played is not");
    println!("shown: fidelity_secrets recorded {reproduced} of {all} reproduced");
    // All that can be played, of those that this was written for.
    assert!(reproduced >= 37, "{reproduced}");
}

/// The comparison wants placeholders that do not touch each other, and binds those that have a number after a colon.
fn adapted(text: String) -> String {
    text.replace("idx><ArnPart-", "idx-and-").replace("<SecretId-", "<SecretId:").replace("<ArnPart-", "<ArnPart:")
}

/// Writes maps by version as lists, since their keys are placeholders, and leaves out what the SDK makes of a message.
fn normal(answer: &Value) -> Value {
    match answer {
        Value::Object(members) => {
            let is_error = members.contains_key("Error");
            let members = members.iter().filter(|(name, _)| !(is_error && *name == "Message"));
            let by_version = |stages: &Value| {
                let stages = stages.as_object().unwrap();
                let mut list: Vec<Value> = stages.iter().map(|(id, stages)| json!([stages, id])).collect();
                list.sort_by_key(Value::to_string);
                Value::from(list)
            };
            let inner = |name: &str, value: &Value| match name {
                "SecretVersionsToStages" | "VersionIdsToStages" => by_version(value),
                _ => normal(value),
            };
            members.map(|(name, value)| (name.clone(), inner(name, value))).collect()
        }
        Value::Array(items) => items.iter().map(normal).collect(),
        plain => plain.clone(),
    }
}
