//! Secrets made, found, listed, rotated, deleted, and refused.

use std::time::Duration;

use regionmig_testkit::{Fault, SecretsTiming, World};
use serde_json::{Value, json};

use crate::support::{self, SETTLED, call, client, code, days, home, refused, sdk_code, seen, token};

const FUNCTION: &str = "arn:aws:lambda:eu-central-1:111122223333:function:rotate";

fn create(name: &str, text: &str, n: u32) -> Value {
    json!({ "Name": name, "SecretString": text, "ClientRequestToken": token(n) })
}

fn names(world: &World, input: Value) -> Vec<String> {
    let list = call(world, &home(), "ListSecrets", input)["SecretList"].clone();
    list.as_array().unwrap().iter().map(|secret| secret["Name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_same_request_makes_one_secret_and_another_is_told_that_it_exists() {
    let world = World::new();
    let first = call(&world, &home(), "CreateSecret", create("a", "one", 1));
    assert_eq!(call(&world, &home(), "CreateSecret", create("a", "one", 1)), first);
    for (text, n) in [("hush", 1), ("one", 2)] {
        let (code, message) = refused(&world, &home(), "CreateSecret", create("a", text, n));
        assert_eq!(code, "ResourceExistsException");
        assert!(!message.contains("hush"), "{message}");
    }
    assert_eq!(code(&world, &home(), "CreateSecret", json!({ "Name": "a" })), "ResourceExistsException");
}

#[test]
fn the_name_of_a_deleted_secret_is_blocked_until_the_window_is_over() {
    let world = World::new();
    call(&world, &home(), "CreateSecret", create("a", "one", 1));
    let input = json!({ "SecretId": "a", "RecoveryWindowInDays": 7 });
    call(&world, &home(), "DeleteSecret", input);
    world.clock().advance(days(7) - Duration::from_secs(1));
    let (code, message) = refused(&world, &home(), "CreateSecret", create("a", "two", 2));
    assert_eq!(code, "InvalidRequestException");
    assert!(message.contains("scheduled for deletion"), "{message}");
    world.clock().advance(Duration::from_secs(1));
    call(&world, &home(), "CreateSecret", create("a", "two", 2));
    assert_eq!(seen(&world, &home(), "a").text("AWSCURRENT"), Some("two"));
}

#[test]
fn the_window_is_seven_to_thirty_days_and_excludes_force() {
    let world = World::new();
    world.secret(&home(), "a").make();
    for wrong in [json!({ "RecoveryWindowInDays": 6 }), json!({ "RecoveryWindowInDays": 31 })] {
        let mut input = wrong;
        input["SecretId"] = json!("a");
        assert_eq!(code(&world, &home(), "DeleteSecret", input), "InvalidParameterException");
    }
    let both = json!({ "SecretId": "a", "RecoveryWindowInDays": 7, "ForceDeleteWithoutRecovery": true });
    assert_eq!(code(&world, &home(), "DeleteSecret", both), "InvalidParameterException");
    call(&world, &home(), "DeleteSecret", json!({ "SecretId": "a", "ForceDeleteWithoutRecovery": true }));
    assert!(world.find_secret(&home(), "a").is_none());
    call(&world, &home(), "DeleteSecret", json!({ "SecretId": "a", "ForceDeleteWithoutRecovery": true }));
    call(&world, &home(), "CreateSecret", create("a", "two", 2));
}

#[test]
fn a_secret_is_found_by_name_by_arn_and_by_arn_without_the_six_characters() {
    let world = World::new();
    let arn = world.secret(&home(), "app/db").make().to_string();
    let part = arn[..arn.len() - 7].to_owned();
    for id in ["app/db", &arn, &part] {
        assert_eq!(call(&world, &home(), "DescribeSecret", json!({ "SecretId": id }))["ARN"], arn.as_str());
    }
    let elsewhere = arn.replace("eu-central-1", "eu-west-1");
    let wrong = format!("{part}-AAAAAA");
    let misleading = world.secret(&home(), "app/db-a1b2c3").make().to_string();
    let misleading = &misleading[..misleading.len() - 7];
    for id in ["app", &elsewhere, &wrong, misleading] {
        assert_eq!(code(&world, &home(), "DescribeSecret", json!({ "SecretId": id })), "ResourceNotFoundException");
    }
}

#[test]
fn values_need_their_key_and_no_message_shows_them() {
    let world = World::new();
    let key = world.kms_key(&home());
    let input =
        json!({ "Name": "a", "SecretString": "hush", "ClientRequestToken": token(1), "KmsKeyId": key.as_str() });
    call(&world, &home(), "CreateSecret", input);
    let get = json!({ "SecretId": "a" });
    let put = json!({ "SecretId": "a", "SecretString": "hush", "ClientRequestToken": token(2) });
    world.ask(&home(), "kms:DisableKey", json!({ "KeyId": key.id() })).unwrap();
    assert_eq!(code(&world, &home(), "GetSecretValue", get.clone()), "DecryptionFailure");
    assert_eq!(code(&world, &home(), "PutSecretValue", put.clone()), "EncryptionFailure");
    world.ask(&home(), "kms:EnableKey", json!({ "KeyId": key.id() })).unwrap();
    world.fault(Fault::access_denied("kms:*"));
    for (operation, input) in [("GetSecretValue", get.clone()), ("PutSecretValue", put)] {
        let (code, message) = refused(&world, &home(), operation, input);
        assert_eq!((code.as_str(), message.as_str()), ("AccessDeniedException", "Access to KMS is not allowed"));
    }
    world.clear_faults();
    world.ask(&home(), "kms:ScheduleKeyDeletion", json!({ "KeyId": key.id() })).unwrap();
    let (code, message) = refused(&world, &home(), "GetSecretValue", get);
    assert!(code == "DecryptionFailure" && !message.contains("hush"));
}

#[test]
fn another_key_encrypts_what_bears_a_label_of_awss_anew() {
    let world = World::new();
    let (key, other) = (world.kms_key(&home()), world.kms_key(&home()));
    world.secret(&home(), "a").key(key.as_str()).labelled("blue", "old").make();
    call(&world, &home(), "UpdateSecret", json!({ "SecretId": "a", "KmsKeyId": other.as_str() }));
    world.ask(&home(), "kms:DisableKey", json!({ "KeyId": key.id() })).unwrap();
    call(&world, &home(), "GetSecretValue", json!({ "SecretId": "a" }));
    let blue = json!({ "SecretId": "a", "VersionStage": "blue" });
    assert_eq!(code(&world, &home(), "GetSecretValue", blue), "DecryptionFailure");
}

#[tokio::test]
async fn the_ledger_says_what_had_to_be_allowed_on_keys() {
    let world = World::new();
    let key = world.kms_key(&home());
    world.secret(&home(), "a").key(key.as_str()).make();
    world.secret(&home(), "b").make();
    let client = client(&world, &home());
    for name in ["a", "b"] {
        client.get_secret_value().secret_id(name).send().await.unwrap();
    }
    let ledger = world.ledger();
    let allowed: Vec<Vec<&str>> =
        ledger.requests().map(|entry| entry.allowed.iter().map(|(_, action)| action.as_str()).collect()).collect();
    assert_eq!(allowed, [vec!["kms:Decrypt", "secretsmanager:GetSecretValue"], vec!["secretsmanager:GetSecretValue"]]);
}

#[test]
fn a_listing_is_sorted_filtered_and_paged() {
    let world = World::new();
    for (name, tag) in [("a", "x"), ("b", "y"), ("c", "x")] {
        world.secret(&home(), name).tag("k", tag).description(&format!("The {name} one")).make();
        world.clock().advance(Duration::from_secs(60));
    }
    world.secret(&home(), "rds!d").managed_by("rds").make();
    world.secret(&home(), "e").deleted(7).make();
    assert_eq!(names(&world, json!({})), ["rds!d", "c", "b", "a"]);
    assert_eq!(names(&world, json!({ "SortOrder": "asc", "SortBy": "name", "IncludePlannedDeletion": true })).len(), 5);
    assert_eq!(names(&world, json!({ "SortOrder": "asc" })), ["a", "b", "c", "rds!d"]);
    let by = |key: &str, values: &[&str]| names(&world, json!({ "Filters": [{ "Key": key, "Values": values }] }));
    assert_eq!(by("name", &["b", "c"]), ["c", "b"]);
    assert_eq!(by("name", &["!b"]), ["rds!d", "c", "a"]);
    assert_eq!(by("tag-value", &["x"]), ["c", "a"]);
    assert_eq!(by("description", &["the B"]), ["b"]);
    assert_eq!(by("owning-service", &["rds"]), ["rds!d"]);
    assert_eq!(by("all", &["ONE"]), ["c", "b", "a"]);
    let page = call(&world, &home(), "ListSecrets", json!({ "MaxResults": 3 }));
    let rest = json!({ "MaxResults": 3, "NextToken": page["NextToken"] });
    assert_eq!(names(&world, rest.clone()), ["a"]);
    let foreign = json!({ "MaxResults": 3, "NextToken": page["NextToken"], "SortOrder": "asc" });
    assert_eq!(code(&world, &home(), "ListSecrets", foreign), "InvalidNextTokenException");
}

#[test]
fn a_listing_lags_where_a_description_is_fresh() {
    let world = World::new();
    let mut timing = SecretsTiming::default();
    timing.listing = jiff::SignedDuration::from_mins(5);
    world.secrets_timing(timing);
    world.secret(&home(), "old").make();
    call(&world, &home(), "CreateSecret", create("a", "one", 1));
    call(&world, &home(), "DeleteSecret", json!({ "SecretId": "old" }));
    assert_eq!(names(&world, json!({})), ["old"]);
    call(&world, &home(), "DescribeSecret", json!({ "SecretId": "a" }));
    world.clock().advance(Duration::from_secs(299));
    assert_eq!(names(&world, json!({})), ["old"]);
    world.clock().advance(Duration::from_secs(1));
    assert_eq!(names(&world, json!({})), ["a"]);
}

#[test]
fn a_quota_of_secrets_is_kept() {
    let world = World::new();
    world.quota("secretsmanager:secrets", 1);
    call(&world, &home(), "CreateSecret", create("a", "one", 1));
    assert_eq!(code(&world, &home(), "CreateSecret", create("b", "one", 2)), "LimitExceededException");
}

#[test]
fn the_day_of_the_last_access_is_known_to_both_reads() {
    let world = World::new();
    world.secret(&home(), "a").make();
    call(&world, &home(), "GetSecretValue", json!({ "SecretId": "a" }));
    let described = call(&world, &home(), "DescribeSecret", json!({ "SecretId": "a" }));
    let listed = call(&world, &home(), "ListSecrets", json!({}));
    let midnight = json!(1_772_323_200.0);
    assert_eq!((&described["LastAccessedDate"], &listed["SecretList"][0]["LastAccessedDate"]), (&midnight, &midnight));
}

#[test]
fn a_rotation_is_pending_then_current_and_no_other_begins_meanwhile() {
    let world = World::new();
    world.rotation_function(FUNCTION);
    world.secret(&home(), "a").value("one").replica("eu-west-1".parse().unwrap(), None).make();
    let rotate = json!({
        "SecretId": "a", "RotationLambdaARN": FUNCTION, "ClientRequestToken": token(1),
        "RotationRules": { "ScheduleExpression": "rate(10 days)", "Duration": "2h" },
    });
    let first = call(&world, &home(), "RotateSecret", rotate.clone());
    assert_eq!(call(&world, &home(), "RotateSecret", rotate), first, "the same token rotates once");
    assert!(seen(&world, &home(), "a").versions[&token(1)].stages.contains("AWSPENDING"));
    let other = json!({ "SecretId": "a", "ClientRequestToken": token(2) });
    let (code, message) = refused(&world, &home(), "RotateSecret", other.clone());
    assert_eq!(code, "InvalidRequestException");
    assert!(message.starts_with("A previous rotation isn't complete"), "{message}");
    world.clock().advance(SETTLED);
    let secret = seen(&world, &home(), "a");
    assert_eq!(secret.text("AWSPREVIOUS"), Some("one"));
    assert_eq!(secret.versions[&token(1)].stages.iter().collect::<Vec<_>>(), ["AWSCURRENT"]);
    world.clock().advance(SETTLED);
    assert_eq!(seen(&world, &support::away(), "a").versions, secret.versions, "the replica has the new value");
    let described = call(&world, &home(), "DescribeSecret", json!({ "SecretId": "a" }));
    let rules = json!({ "AutomaticallyAfterDays": 10, "Duration": "2h", "ScheduleExpression": "rate(10 days)" });
    assert_eq!(described["RotationRules"], rules);
    call(&world, &home(), "RotateSecret", other);
}

#[test]
fn rotation_settings_alone_rotate_nothing_and_must_make_sense() {
    let world = World::new();
    world.secret(&home(), "a").make();
    let with = |rules: Value| {
        json!({
            "SecretId": "a", "RotationLambdaARN": FUNCTION, "ClientRequestToken": token(1), "RotationRules": rules,
            "RotateImmediately": false,
        })
    };
    let days = json!({ "AutomaticallyAfterDays": 30 });
    assert_eq!(code(&world, &home(), "RotateSecret", with(days.clone())), "AccessDeniedException");
    world.rotation_function(FUNCTION);
    let both = json!({ "AutomaticallyAfterDays": 30, "ScheduleExpression": "rate(30 days)" });
    assert_eq!(code(&world, &home(), "RotateSecret", with(both)), "InvalidParameterException");
    let answer = call(&world, &home(), "RotateSecret", with(days));
    assert!(answer.get("VersionId").is_none());
    let secret = seen(&world, &home(), "a");
    assert_eq!((secret.versions.len(), secret.rotation.unwrap().days), (1, Some(30)));
}

#[test]
fn policies_must_be_policies_and_may_be_kept_from_the_public() {
    let world = World::new();
    world.secret(&home(), "a").make();
    let put = |policy: &str| json!({ "SecretId": "a", "ResourcePolicy": policy, "BlockPublicPolicy": true });
    for wrong in ["{", "{}", r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#] {
        assert_eq!(
            code(&world, &home(), "PutResourcePolicy", put(wrong)),
            "MalformedPolicyDocumentException",
            "{wrong}"
        );
        let judged = call(&world, &home(), "ValidateResourcePolicy", json!({ "ResourcePolicy": wrong }));
        assert_eq!(judged["PolicyValidationPassed"], false);
    }
    let public = r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}}"#;
    assert_eq!(code(&world, &home(), "PutResourcePolicy", put(public)), "PublicPolicyException");
    call(&world, &home(), "PutResourcePolicy", json!({ "SecretId": "a", "ResourcePolicy": public }));
}

#[test]
fn inputs_are_held_to_the_model_and_values_are_not_shown() {
    let world = World::new();
    let message = |operation: &str, input: Value| refused(&world, &home(), operation, input).1;
    let short = message("CreateSecret", json!({ "Name": "a", "ClientRequestToken": "short" }));
    assert!(short.contains("'clientRequestToken' failed to satisfy constraint: Member must have length"), "{short}");
    let long = message("PutSecretValue", json!({ "SecretId": "a", "SecretString": "hush".repeat(20_000) }));
    assert!(long.contains("'secretString'") && !long.contains("hush"), "{long}");
    let none = message("ReplicateSecretToRegions", json!({ "SecretId": "a", "AddReplicaRegions": [] }));
    assert!(none.contains("greater than or equal to 1"), "{none}");
    let name = message("CreateSecret", json!({ "Name": "a b" }));
    assert!(name.starts_with("Invalid name."), "{name}");
    let many: Vec<Value> = (0..51).map(|n| json!({ "Key": format!("k{n}"), "Value": "" })).collect();
    assert_eq!(
        code(&world, &home(), "CreateSecret", json!({ "Name": "a", "Tags": many })),
        "InvalidParameterException"
    );
    let reserved = json!({ "Name": "a", "Tags": [{ "Key": "aws:x", "Value": "" }] });
    assert_eq!(code(&world, &home(), "CreateSecret", reserved), "InvalidParameterException");
}

#[tokio::test]
async fn faults_strike_secrets_as_they_strike_keys() {
    let world = World::new();
    for name in ["a", "b", "c"] {
        world.secret(&home(), name).make();
    }
    let client = client(&world, &home());
    world.fault(Fault::server_error("secretsmanager:DescribeSecret", 500).times(3));
    assert_eq!(sdk_code(client.describe_secret().secret_id("a").send().await), "InternalServiceError");
    world.fault(Fault::lost_answer("secretsmanager:TagResource").times(9));
    let tag = aws_sdk_secretsmanager::types::Tag::builder().key("k").value("v").build();
    assert!(client.tag_resource().secret_id("a").tags(tag).send().await.is_err());
    assert_eq!(seen(&world, &home(), "a").tags["k"], "v");
    world.fault(Fault::empty_first_page("secretsmanager:ListSecrets").once());
    let first = client.list_secrets().send().await.unwrap();
    assert!(first.secret_list().is_empty());
    let rest = client.list_secrets().next_token(first.next_token().unwrap()).send().await.unwrap();
    assert_eq!(rest.secret_list().len(), 3);
    world.fault(Fault::late_execution("secretsmanager:DeleteSecret", Duration::from_secs(60)));
    assert!(client.delete_secret().secret_id("a").send().await.is_err());
    world.clock().advance(Duration::from_secs(120));
    assert!(seen(&world, &home(), "a").deletion_date.is_some());
}
