//! Cases of the control plane.

use serde_json::{Value, json};

use crate::case::{Case, REGION, Steps};

const NOWHERE: &str = "134f2428-cec1-4b25-a1ae-9048164dba47";

pub(crate) fn play(case: &Case, base: &str, parameters: &str) -> Option<Steps> {
    Some(match base {
        "test_create_key" => {
            let id = case.id(&json!({ "Description": "test key 123", "KeyUsage": "ENCRYPT_DECRYPT" }));
            vec![("describe-key", case.describe(&id)["KeyMetadata"].clone())]
        }
        "test_create_alias" => {
            let id = case.id(&json!({}));
            vec![("create_alias", case.ask("CreateAlias", &json!({ "AliasName": "random_alias", "TargetKeyId": id })))]
        }
        "test_describe_with_alias_arn" => {
            let key = case.key(&json!({ "Description": "test - description" }));
            case.done("CreateAlias", &json!({ "AliasName": "alias/a", "TargetKeyId": key["KeyId"] }));
            let alias = format!("arn:aws:kms:{REGION}:111111111111:alias/a");
            vec![("created-key", key), ("describe-key", case.describe(&alias))]
        }
        "test_get_key_does_not_exist" | "test_get_key_invalid_uuid" => missing(case, base),
        "test_get_key_in_different_region" => {
            let key = case.key(&json!({}));
            let elsewhere = |id: &Value| case.ask_at("us-west-2", "DescribeKey", &json!({ "KeyId": id }));
            vec![
                ("describe-key-diff-region-with-id", elsewhere(&key["KeyId"])),
                ("describe-key-diff-region-with-arn", elsewhere(&key["Arn"])),
            ]
        }
        "test_hmac_create_key" => {
            let input = json!({ "Description": "test key", "KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC" });
            let made = case.key(&input);
            let described = case.describe(made["KeyId"].as_str().unwrap())["KeyMetadata"].clone();
            vec![("create-hmac-key", made), ("describe-key", described)]
        }
        "test_hmac_create_key_invalid_operations" => wrong_kinds(case),
        "test_create_multi_region_key" => {
            let key = case.key(&json!({ "MultiRegion": true, "Description": "test multi region key" }));
            vec![("create_multi_region_key", key)]
        }
        "test_non_multi_region_keys_should_not_have_multi_region_properties" => {
            let key = case.key(&json!({ "Description": "test non multi region key" }));
            vec![("non_multi_region_keys_should_not_have_multi_region_properties", key)]
        }
        "test_replicate_key" => replicated(case),
        "test_replicate_replica_key_should_fail" => {
            let id = case.id(&json!({ "MultiRegion": true }));
            case.done("ReplicateKey", &json!({ "KeyId": id, "ReplicaRegion": "us-west-2" }));
            case.wait();
            let input = json!({ "KeyId": id, "ReplicaRegion": "eu-central-1" });
            vec![("fail-replicate-non-primary-key", case.ask_at("us-west-2", "ReplicateKey", &input))]
        }
        base => return tags(case, base, parameters).or_else(|| rotation(case, base, parameters)),
    })
}

fn wrong_kinds(case: &Case) -> Steps {
    let ask = |spec: &str, usage: Option<&str>| {
        let mut input = json!({ "KeySpec": spec });
        if let Some(usage) = usage {
            input["KeyUsage"] = json!(usage);
        }
        case.ask("CreateKey", &input)
    };
    vec![
        ("create-hmac-key-without-key-usage", ask("HMAC_256", None)),
        ("create-hmac-key-invalid-spec", ask("HMAC_random", Some("GENERATE_VERIFY_MAC"))),
        ("create-hmac-key-invalid-key-usage", ask("HMAC_256", Some("RANDOM"))),
    ]
}

fn missing(case: &Case, base: &str) -> Steps {
    let arn = |id: &str| format!("arn:aws:kms:{REGION}:111111111111:key/{id}");
    match base {
        "test_get_key_does_not_exist" => vec![
            ("describe-nonexistent-key-with-id", case.describe(NOWHERE)),
            ("describe-nonexistent-with-arn", case.describe(&arn(NOWHERE))),
            ("describe-key-with-valid-id-mrk", case.describe("mrk-d3b95762d3b95762d3b95762d3b95762")),
        ],
        _ => vec![
            ("describe-key-with-invalid-uuid", case.describe(&arn("fake-key-id"))),
            ("describe-key-with-invalid-uuid-2", case.describe("134f2428cec14b25a1ae9048164dba47")),
            ("describe-key-with-invalid-uuid-mrk", case.describe("mrk-fake-key-id")),
        ],
    }
}

fn replicated(case: &Case) -> Steps {
    let id = case.id(&json!({ "MultiRegion": true, "Description": "test replicated key" }));
    let describe = |region: &str| case.ask_at(region, "DescribeKey", &json!({ "KeyId": id }));
    let before = describe("ap-southeast-1");
    let made = case.ask("ReplicateKey", &json!({ "KeyId": id, "ReplicaRegion": "ap-southeast-1" }));
    case.wait();
    vec![
        ("describe-key-from-different-region", before),
        ("replicate-key", made),
        ("describe-key-from-region", describe(REGION)),
        ("describe-replicated-key", describe("ap-southeast-1")),
    ]
}

fn tags(case: &Case, base: &str, parameters: &str) -> Option<Steps> {
    let tag = |key: &str, value: &str| json!({ "TagKey": key, "TagValue": value });
    let numbered = |n: usize| (1..=n).map(|n| tag(&format!("tag{n}"), &format!("value{n}"))).collect::<Vec<Value>>();
    let with = |tags: &[Value]| case.ask("CreateKey", &json!({ "Tags": tags }));
    let listed = |id: &str| case.done("ListResourceTags", &json!({ "KeyId": id }))["Tags"].clone();
    Some(match base {
        "test_tag_existing_key_and_untag" => {
            let id = case.id(&json!({}));
            case.done("TagResource", &json!({ "KeyId": id, "Tags": numbered(2) }));
            let before = listed(&id);
            case.done("UntagResource", &json!({ "KeyId": id, "TagKeys": ["tag1", "tag2"] }));
            vec![("list-resource-tags", before), ("list-resource-tags-after-all-untagged", listed(&id))]
        }
        "test_untag_key_partially" => {
            let id = case.id(&json!({ "Tags": numbered(3) }));
            let before = listed(&id);
            case.done("UntagResource", &json!({ "KeyId": id, "TagKeys": ["tag2"] }));
            vec![("list-resource-tags", before), ("list-resource-tags-after-partially-untagged", listed(&id))]
        }
        "test_tag_key_with_duplicate_tag_keys_raises_error" => {
            let id = case.id(&json!({}));
            let input = json!({ "KeyId": id, "Tags": [tag("tag1", "value1"), tag("tag1", "another_value1")] });
            vec![("duplicate-tag-keys", case.ask("TagResource", &input))]
        }
        "test_create_key_with_too_many_tags_raises_error" => vec![("invalid-tag-key", with(&numbered(51)))],
        "test_key_with_long_tag_value_raises_error" => {
            vec![("too-long-tag-value", with(&[tag("tag1", &"v".repeat(257))]))]
        }
        "test_create_key_with_invalid_tag_key" => {
            let key = match parameters {
                "too_long_key" => "a".repeat(129),
                "uppercase_prefix" => "AWS:key1".to_owned(),
                _ => "aws:key1".to_owned(),
            };
            vec![("invalid-tag-key", with(&[tag(&key, "value1")]))]
        }
        _ => return None,
    })
}

fn rotation(case: &Case, base: &str, parameters: &str) -> Option<Steps> {
    let status = |id: &str| case.ask("GetKeyRotationStatus", &json!({ "KeyId": id }));
    let rotate = |id: &str| case.ask("RotateKeyOnDemand", &json!({ "KeyId": id }));
    Some(match base {
        "test_key_enable_rotation_status" => {
            let id = case.id(&json!({}));
            let days: u64 = parameters.parse().unwrap();
            case.done("EnableKeyRotation", &json!({ "KeyId": id, "RotationPeriodInDays": days }));
            vec![("match_response", status(&id))]
        }
        "test_rotate_key_on_demand_modifies_key_material" => {
            vec![("rotate-on-demand-response", rotate(&case.id(&json!({}))))]
        }
        "test_rotate_key_on_demand_with_symmetric_key_and_automatic_rotation_disabled"
        | "test_rotate_key_on_demand_with_symmetric_key_and_automatic_rotation_enabled" => {
            let id = case.id(&json!({}));
            if base.ends_with("enabled") {
                case.done("EnableKeyRotation", &json!({ "KeyId": id }));
            }
            let rotated = rotate(&id);
            case.wait();
            vec![("rotate-on-demand-response", rotated), ("rotation-status-response-after-rotation", status(&id))]
        }
        "test_rotate_key_on_demand_raises_error_given_key_is_disabled" => {
            let id = case.id(&json!({}));
            case.done("DisableKey", &json!({ "KeyId": id }));
            vec![("error-response", rotate(&id))]
        }
        "test_rotate_key_on_demand_raises_error_given_key_that_does_not_exist" => {
            vec![("error-response", rotate(NOWHERE))]
        }
        "test_rotate_key_on_demand_raises_error_given_non_symmetric_key" => {
            vec![("error-response", rotate(&case.kind("RSA_4096", "SIGN_VERIFY")))]
        }
        "test_key_rotation_updates_current_key_material_id_for_aws_symmetric_keys" => {
            let id = case.id(&json!({ "Description": "test-key" }));
            let before = case.describe(&id);
            rotate(&id);
            case.wait();
            vec![("describe-key-before-rotation", before), ("describe-key-after-rotation", case.describe(&id))]
        }
        "test_key_rotations_encryption_decryption" => {
            let id = case.id(&json!({}));
            let seal = || case.done("Encrypt", &json!({ "KeyId": id, "Plaintext": "AAAA" }))["CiphertextBlob"].clone();
            let before = seal();
            rotate(&id);
            case.wait();
            for sealed in [before, seal()] {
                let opened = case.done("Decrypt", &json!({ "KeyId": id, "CiphertextBlob": sealed }));
                assert_eq!(opened["Plaintext"], json!("AAAA"));
            }
            let bad = json!({ "KeyId": id, "CiphertextBlob": crate::case::blob("bad-ciphertext") });
            vec![("bad-ciphertext", case.ask("Decrypt", &bad))]
        }
        _ => return None,
    })
}
