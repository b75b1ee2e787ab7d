//! What was asked in each case.

#[path = "secrets_stages.rs"]
mod stages;

use std::cell::Cell;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use regionmig_testkit::{Face, World};
use serde_json::{Value, json};

use crate::wire;

const REGION: &str = "us-east-1";
const FUNCTION: &str = "arn:aws:lambda:us-east-1:111111111111:function:rotate";

/// Answers by step.
pub(crate) type Steps = Vec<(String, Value)>;

/// A world for one case, with a secret's name.
pub(crate) struct Case {
    face: Face,
    name: String,
    tokens: Cell<u32>,
    world: World,
}

impl Case {
    fn new(name: &str) -> Self {
        let world = World::new();
        Self { face: world.serve().unwrap(), name: name.to_owned(), tokens: Cell::new(0), world }
    }

    /// Asks as it is.
    fn raw(&self, operation: &str, input: &Value) -> Value {
        wire::ask(&self.face, "secretsmanager", REGION, &format!("secretsmanager.{operation}"), input)
    }

    /// Asks as the SDK does: with a token, where one is taken. A second later than before.
    pub(crate) fn ask(&self, operation: &str, mut input: Value) -> Value {
        self.world.clock().advance(Duration::from_secs(1));
        if ["CreateSecret", "PutSecretValue", "RotateSecret", "UpdateSecret"].contains(&operation) {
            self.tokens.set(self.tokens.get() + 1);
            input["ClientRequestToken"] = json!(format!("{:032}", self.tokens.get()));
        }
        self.raw(operation, &input)
    }

    /// Asks about the case's secret.
    pub(crate) fn of(&self, operation: &str, mut input: Value) -> Value {
        input["SecretId"] = json!(self.name);
        self.ask(operation, input)
    }

    pub(crate) fn create(&self, text: &str) -> Value {
        self.ask("CreateSecret", json!({ "Name": self.name, "SecretString": text }))
    }

    fn described(&self, text: &str, description: &str) -> Value {
        self.ask("CreateSecret", json!({ "Name": self.name, "SecretString": text, "Description": description }))
    }

    pub(crate) fn delete(&self) -> Value {
        self.of("DeleteSecret", json!({ "ForceDeleteWithoutRecovery": true }))
    }
}

pub(crate) fn step(name: &str, answer: Value) -> (String, Value) {
    (name.to_owned(), answer)
}

/// Plays a case, whose name may have parameters in brackets; `None` if nobody knows what was asked in it.
pub(crate) fn play(name: &str) -> Option<Steps> {
    let (base, parameters) = name.split_once('[').unwrap_or((name, ""));
    let parameters = parameters.strip_suffix(']').unwrap_or(parameters);
    let case = Case::new("s-1");
    Some(match base {
        "test_create_and_update_secret" => updated(parameters),
        "test_call_lists_secrets_multiple_times" | "test_call_lists_secrets_multiple_times_snapshots" => listed(&case),
        "test_create_multi_secrets" => many(&case),
        "test_invalid_secret_name" => misnamed(&case, parameters),
        "test_secret_not_found" => vec![
            step("get_secret_value_not_found_ex", case.of("GetSecretValue", json!({}))),
            step("list_secret_version_ids_not_found_ex", case.of("ListSecretVersionIds", json!({}))),
        ],
        "test_no_client_request_token" => without_token(&case, parameters),
        "test_create_secret_version_from_empty_secret" => vec![
            step("create-empty-secret", case.ask("CreateSecret", json!({ "Name": "s-1" }))),
            step("describe-secret", case.of("DescribeSecret", json!({}))),
            step("put-secret-value", case.of("PutSecretValue", json!({ "SecretString": "one" }))),
        ],
        "test_resource_policy" => policy(&case),
        "test_secret_restore" => {
            case.create("one");
            let deleted = case.of("DeleteSecret", json!({ "RecoveryWindowInDays": 7 }));
            vec![step("delete_secret_res", deleted), step("restore_secret_res", case.of("RestoreSecret", json!({})))]
        }
        "test_get_secret_value_errors" => errors(&case),
        "test_secret_version_not_found" => without_version(&case),
        "test_force_delete_deleted_secret" => vec![
            step("create_secret_response", case.create("one")),
            step("delete_secret_response", case.of("DeleteSecret", json!({ "RecoveryWindowInDays": 7 }))),
            step("describe_secret_response", case.of("DescribeSecret", json!({}))),
            step("force_delete_secret_response", case.delete()),
        ],
        "test_tag_untag_resource_on_deleted_secret" => vec![
            step("create_secret", case.create("one")),
            step("delete_secret", case.of("DeleteSecret", json!({ "RecoveryWindowInDays": 7 }))),
            step("tag_deleted_secret_error", case.of("TagResource", json!({ "Tags": [{ "Key": "a", "Value": "b" }] }))),
            step("untag_deleted_secret_error", case.of("UntagResource", json!({ "TagKeys": ["a"] }))),
        ],
        "test_change_secret_value_after_creation" => bytes(&case, parameters),
        base => return rotation(&case, base).or_else(|| stages::play(&case, base)),
    })
}

/// The parameter is the name of the secret, and, in the newer records, whether it can be found by part of its ARN.
fn updated(parameters: &str) -> Steps {
    let name = parameters.strip_suffix("-True").or_else(|| parameters.strip_suffix("-False")).unwrap_or(parameters);
    // Names that the recorder made up are placeholders in the record.
    let case = Case::new(name);
    let created = case.described("my_secret", "Testing secret creation.");
    let arn = created["ARN"].as_str().unwrap().to_owned();
    let get = |id: &str| case.ask("GetSecretValue", json!({ "SecretId": id }));
    let mut steps = vec![
        step("create_secret_rs_1", created),
        step("get_secret_value_rs_1", get(name)),
        step("describe_secret_rs_1", case.of("DescribeSecret", json!({}))),
        step("get_secret_value_rs_2", get(&arn)),
    ];
    let by_part = get(&arn[..arn.len() - 7]);
    let third = if by_part.get("Error").is_some() { "resource_not_found_dict_1" } else { "get_secret_value_rs_3" };
    steps.extend([
        step(third, by_part),
        step("put_secret_value_rs_1", case.of("PutSecretValue", json!({ "SecretString": "new_secret" }))),
        step("get_secret_value_rs_4", get(name)),
        step(
            "update_secret_res_1",
            case.of("UpdateSecret", json!({ "SecretString": "another", "Description": "new" })),
        ),
        step("delete_secret_res_1", case.delete()),
    ]);
    steps
}

fn listed(case: &Case) -> Steps {
    let mut steps = vec![step("create_secret_rs_1", case.described("one", "testing creation of secrets"))];
    for n in 0..3 {
        steps.push(step(&format!("list_secrets_res_{n}"), case.ask("ListSecrets", json!({}))));
    }
    steps.push(step("delete_secret_res_1", case.delete()));
    steps
}

fn many(case: &Case) -> Steps {
    for n in 0..3 {
        let input =
            json!({ "Name": format!("s-{n}"), "SecretString": "x", "Description": "Testing secrets creation." });
        case.ask("CreateSecret", input);
    }
    let mut steps = vec![step("list_secrets_res", case.ask("ListSecrets", json!({ "SortOrder": "asc" })))];
    for n in 0..3 {
        let input = json!({ "SecretId": format!("s-{n}"), "ForceDeleteWithoutRecovery": true });
        steps.push(step(&format!("delete_secret_res{n}"), case.ask("DeleteSecret", input)));
    }
    steps
}

fn misnamed(case: &Case, name: &str) -> Steps {
    let of = |input: Value| {
        let mut input = input;
        input["SecretId"] = json!(name);
        input
    };
    let value = json!({ "SecretString": "x" });
    let asked = [
        ("CreateSecret", json!({ "Name": name, "SecretString": "x" })),
        ("DeleteSecret", of(json!({}))),
        ("DescribeSecret", of(json!({}))),
        ("GetResourcePolicy", of(json!({}))),
        ("GetSecretValue", of(json!({}))),
        ("ListSecretVersionIds", of(json!({}))),
        ("PutSecretValue", of(value.clone())),
        ("TagResource", of(json!({ "Tags": [] }))),
        ("UpdateSecret", of(value)),
        ("UpdateSecretVersionStage", of(json!({ "VersionStage": "x" }))),
    ];
    let steps = asked.into_iter().zip(1..);
    steps.map(|((operation, input), n)| step(&format!("ex_log_{n}"), case.ask(operation, input))).collect()
}

/// Asked without an SDK, and kept as it was on the wire.
fn without_token(case: &Case, operation: &str) -> Steps {
    case.create("one");
    let mut input = json!({ "SecretId": "s-1" });
    if operation == "PutSecretValue" {
        input["SecretString"] = json!("two");
    }
    let answer = case.raw(operation, &input);
    let error = json!({ "Message": answer["Error"]["Message"], "__type": answer["Error"]["Code"] });
    let status = json!({ "StatusCode": answer["ResponseMetadata"]["HTTPStatusCode"] });
    vec![step("no-client-request-exc", json!({ "Error": error, "Metadata": status }))]
}

fn policy(case: &Case) -> Steps {
    case.create("one");
    let statement = json!([{
        "Effect": "Allow", "Principal": "*", "Action": "secretsmanager:GetSecretValue", "Resource": "*",
    }]);
    let policy = json!({ "Version": "2012-10-17", "Statement": statement }).to_string();
    vec![
        step("put_resource_policy", case.of("PutResourcePolicy", json!({ "ResourcePolicy": policy }))),
        step("get_resource_policy", case.of("GetResourcePolicy", json!({}))),
    ]
}

fn errors(case: &Case) -> Steps {
    let version = case.create("one")["VersionId"].clone();
    let none = case.of("GetSecretValue", json!({ "VersionStage": "AWSPREVIOUS" }));
    case.of("PutSecretValue", json!({ "SecretString": "two" }));
    let both = json!({ "VersionId": version, "VersionStage": "AWSCURRENT" });
    vec![
        step("error_get_secret_value_non_existing", none),
        step("mismatch_version_id_and_stage", case.of("GetSecretValue", both)),
    ]
}

fn without_version(case: &Case) -> Steps {
    case.ask("CreateSecret", json!({ "Name": "s-1" }));
    let get = |step_name: &str, input: Value| {
        let error = &case.of("GetSecretValue", input)["Error"];
        let (code, message) = (error["Code"].as_str().unwrap(), error["Message"].as_str().unwrap());
        let text = format!("An error occurred ({code}) when calling the GetSecretValue operation: {message}");
        step(step_name, json!(text))
    };
    vec![
        get("get_secret_value_no_version_ex", json!({})),
        get("get_secret_value_version_not_found_ex", json!({ "VersionId": "0".repeat(32) })),
        get("get_secret_value_stage_not_found_ex", json!({ "VersionStage": "AWSPENDING" })),
    ]
}

/// The parameters are the bytes that are put and those of the update, as Python writes them.
fn bytes(case: &Case, parameters: &str) -> Steps {
    let (put, update) = parameters.split_once('-').unwrap();
    let read = |text: &str| -> Vec<u8> {
        let parts = text.split("\\x").collect::<Vec<_>>();
        match parts.as_slice() {
            [plain] => plain.bytes().collect(),
            parts => parts[1..].iter().map(|hex| u8::from_str_radix(hex, 16).unwrap()).collect(),
        }
    };
    let python = |bytes: &[u8]| {
        let one = |byte: &u8| match byte.is_ascii_graphic() {
            true => char::from(*byte).to_string(),
            false => format!("\\x{byte:02x}"),
        };
        format!("b'{}'", bytes.iter().map(one).collect::<String>())
    };
    let get = |name: &str| {
        let mut answer = case.of("GetSecretValue", json!({}));
        let binary = STANDARD.decode(answer["SecretBinary"].as_str().unwrap()).unwrap();
        answer["SecretBinary"] = json!(python(&binary));
        step(name, answer)
    };
    let binary = |bytes: &[u8]| json!({ "SecretBinary": STANDARD.encode(bytes) });
    case.ask("CreateSecret", json!({ "Name": "s-1", "SecretBinary": STANDARD.encode("initial") }));
    let first = get("put_secret_value_secret_response");
    case.of("PutSecretValue", binary(&read(put)));
    let second = get("put_secret_binary_response_updated");
    case.of("UpdateSecret", binary(&read(update)));
    vec![first, second, get("update_secret_binary_response_updated")]
}

fn rotation(case: &Case, base: &str) -> Option<Steps> {
    let rotate = json!({ "RotationLambdaARN": FUNCTION, "RotationRules": { "AutomaticallyAfterDays": 1 } });
    Some(match base {
        "test_rotate_secret_with_lambda_success" => {
            case.world.rotation_function(FUNCTION);
            case.described("one", "testing rotation of secrets");
            let rotated = case.of("RotateSecret", rotate);
            case.world.clock().advance(Duration::from_secs(60));
            vec![
                step("rotate_secret_immediately", rotated),
                step("describe_secret_rotated", case.of("DescribeSecret", json!({}))),
                step("list_secret_versions_rotated_1", case.of("ListSecretVersionIds", json!({}))),
            ]
        }
        "test_rotate_secret_invalid_lambda_arn" => vec![
            step("create_secret", case.create("one")),
            step("rotate_secret_invalid_arn_exc", case.of("RotateSecret", rotate)),
            step("describe_secret", case.of("DescribeSecret", json!({}))),
        ],
        "test_first_rotate_secret_with_missing_lambda_arn" => vec![
            step("create_secret", case.create("one")),
            step("rotate_secret_no_arn_exc", case.of("RotateSecret", json!({}))),
            step("describe_secret", case.of("DescribeSecret", json!({}))),
        ],
        _ => return None,
    })
}
