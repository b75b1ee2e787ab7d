//! What the service model forbids, in the words that were recorded of AWS.

use regionmig_testkit::World;
use serde_json::{Value, json};

use crate::support::{blob, code, here, key, refused};

/// Refused by the model with this message.
fn refuses(operation: &str, input: Value, message: &str) {
    let refusal = refused(&World::new(), &here(), operation, input);
    assert_eq!(refusal, ("ValidationException".to_owned(), message.to_owned()));
}

#[test]
fn numbers_have_bounds() {
    let bound = "1 validation error detected: Value '0' at 'numberOfBytes' failed to satisfy constraint: \
                 Member must have value greater than or equal to 1";
    refuses("GenerateRandom", json!({ "NumberOfBytes": 0 }), bound);
    let bound = "1 validation error detected: Value '2561' at 'rotationPeriodInDays' failed to satisfy constraint: \
                 Member must have value less than or equal to 2560";
    refuses("EnableKeyRotation", json!({ "KeyId": "x", "RotationPeriodInDays": 2561 }), bound);
    for (operation, input) in [
        ("EnableKeyRotation", json!({ "KeyId": "x", "RotationPeriodInDays": 89 })),
        ("ListKeys", json!({ "Limit": 1001 })),
        ("ListKeys", json!({ "Limit": 0 })),
        ("ScheduleKeyDeletion", json!({ "KeyId": "x", "PendingWindowInDays": 366 })),
        ("GenerateDataKey", json!({ "KeyId": "x", "NumberOfBytes": 1025 })),
    ] {
        assert_eq!(code(&World::new(), &here(), operation, input), "ValidationException", "{operation}");
    }
}

#[test]
fn texts_have_lengths() {
    for (member, length) in [("tagKey", 129), ("tagValue", 257)] {
        let long = "a".repeat(length);
        let mut tag = json!({ "TagKey": "k", "TagValue": "v" });
        tag[if member == "tagKey" { "TagKey" } else { "TagValue" }] = json!(long);
        let message = format!(
            "1 validation error detected: Value '{long}' at 'tags.1.member.{member}' failed to satisfy constraint: \
             Member must have length less than or equal to {}",
            length - 1
        );
        refuses("CreateKey", json!({ "Tags": [tag] }), &message);
    }
    let world = World::new();
    let id = key(&world, &here());
    let description = |length: usize| {
        world.ask(&here(), "kms:UpdateKeyDescription", json!({ "KeyId": id, "Description": "d".repeat(length) }))
    };
    assert!(description(8192).is_ok() && description(0).is_ok());
    assert_eq!(description(8193).unwrap_err().code, "ValidationException");
}

#[test]
fn enumerations_have_values() {
    let message = "1 validation error detected: Value 'RANDOM' at 'keyUsage' failed to satisfy constraint: Member must \
                   satisfy enum value set: [SIGN_VERIFY, ENCRYPT_DECRYPT, GENERATE_VERIFY_MAC, KEY_AGREEMENT, \
                   ENCAPSULATE_DECAPSULATE]";
    refuses("CreateKey", json!({ "KeySpec": "HMAC_256", "KeyUsage": "RANDOM" }), message);
    let refusal = refused(&World::new(), &here(), "CreateKey", json!({ "KeySpec": "HMAC_random" }));
    assert!(
        refusal.1.starts_with("1 validation error detected: Value 'HMAC_random' at 'keySpec' failed"),
        "{}",
        refusal.1
    );
    let grant = json!({ "KeyId": "x", "GranteePrincipal": "111122223333", "Operations": ["Decrypt", "Delete"] });
    let refusal = refused(&World::new(), &here(), "CreateGrant", grant);
    let start = "1 validation error detected: Value '[Decrypt, Delete]' at 'operations' failed to satisfy constraint: \
                 Member must satisfy constraint: [Member must satisfy enum value set: [Decrypt, Encrypt, ";
    assert!(refusal.1.starts_with(start), "{}", refusal.1);
}

#[test]
fn patterns_are_matched() {
    for (operation, member, good, bad) in [
        (
            "ReplicateKey",
            "ReplicaRegion",
            &["eu-west-1", "us-gov-east-1"][..],
            &["eu-west", "EU-WEST-1", "a-b-c-d-1"][..],
        ),
        ("CreateGrant", "Name", &["a:b/c_d-e1"], &["a b", "a.b"]),
        ("CreateGrant", "GranteeServicePrincipal", &["a.b.c"], &["a.b", "a..b", "a.b.c/d"]),
        ("CreateGrant", "GranteePrincipal", &["arn:aws:iam::1:user/a+b=c,d.e@f-g"], &["a b", "a*", "ä"]),
        ("GetKeyPolicy", "PolicyName", &["default", "a_1"], &["a-b", "a b"]),
        ("CreateKey", "Policy", &["{\n\t\"ä\"}"], &["{\u{1}}", "€"]),
        ("CreateKey", "XksKeyId", &["a-_.1"], &["a/b"]),
        ("ListKeys", "Marker", &["abc ÿ"], &["€"]),
    ] {
        let complains = |value: &str| {
            let mut input = match operation {
                "ReplicateKey" | "GetKeyPolicy" => json!({ "KeyId": "x" }),
                "CreateGrant" => json!({ "KeyId": "x", "Operations": ["Decrypt"] }),
                _ => json!({}),
            };
            input[member] = json!(value);
            let refusal = world_refusal(operation, input);
            refusal.contains("Member must satisfy regular expression pattern")
        };
        good.iter().for_each(|value| assert!(!complains(value), "{member} {value}"));
        bad.iter().for_each(|value| assert!(complains(value), "{member} {value}"));
    }
    let source = |arn: &str| {
        let grant = json!({ "KeyId": "x", "Operations": ["Decrypt"], "Constraints": { "SourceArn": arn } });
        world_refusal("CreateGrant", grant).contains("at 'constraints.SourceArn'") || {
            let grant = json!({ "KeyId": "x", "Operations": ["Decrypt"], "Constraints": { "SourceArn": arn } });
            world_refusal("CreateGrant", grant).contains("at 'constraints.sourceArn'")
        }
    };
    assert!(!source("arn:aws:sns:eu-central-1:111122223333:topic") && !source("arn:aws-cn:iam::111122223333:role/a"));
    assert!(source("arn:aws:s3:::some-bucket-name") && source("arn:aws:sns:eu-central-1:1:topic-name"));
}

fn world_refusal(operation: &str, input: Value) -> String {
    World::new()
        .ask(&here(), &format!("kms:{operation}"), input)
        .map_or_else(|refusal| refusal.message, |_| String::new())
}

#[test]
fn what_is_required_must_be_there() {
    let missing =
        |member: &str| format!("Value null at '{member}' failed to satisfy constraint: Member must not be null");
    refuses("DescribeKey", json!({}), &format!("1 validation error detected: {}", missing("keyId")));
    let both = format!("2 validation errors detected: {}; {}", missing("keyId"), missing("plaintext"));
    refuses("Encrypt", json!({}), &both);
    let tag = format!("1 validation error detected: {}", missing("tags.2.member.tagValue"));
    let tags = json!([{ "TagKey": "a", "TagValue": "" }, { "TagKey": "b" }]);
    refuses("TagResource", json!({ "KeyId": "x", "Tags": tags }), &tag);
    let empty = "1 validation error detected: Value '' at 'keyId' failed to satisfy constraint: Member must have length \
                 greater than or equal to 1";
    refuses("DescribeKey", json!({ "KeyId": "" }), empty);
}

#[test]
fn blobs_have_lengths() {
    let message = "1 validation error detected: Value at 'plaintext' \
                   failed to satisfy constraint: Member must have length less than or equal to 4096";
    refuses("Encrypt", json!({ "KeyId": "x", "Plaintext": blob(vec![0; 4097]) }), message);
    let long = json!({ "CiphertextBlob": blob(vec![0; 6145]) });
    assert_eq!(code(&World::new(), &here(), "Decrypt", long), "ValidationException");
    assert_eq!(code(&World::new(), &here(), "Decrypt", json!({})), "ValidationException");
}

#[test]
fn what_is_not_in_the_model_is_refused_loudly() {
    let serialization = "SerializationException".to_owned();
    for (operation, input) in [
        ("ListKeys", json!({ "ResourceOwners": ["SELF"] })),
        ("CreateKey", json!({ "Tags": [{ "TagKey": "a", "TagValue": "b", "Scope": "c" }] })),
        ("DescribeKey", json!({ "KeyId": 1 })),
        ("CreateKey", json!({ "MultiRegion": "true" })),
        ("Encrypt", json!({ "KeyId": "x", "Plaintext": "not base64!" })),
        ("Encrypt", json!({ "KeyId": "x", "Plaintext": "AAAA", "EncryptionContext": { "a": 1 } })),
        ("CreateGrant", json!({ "KeyId": "x", "Operations": "Decrypt" })),
        ("ListKeys", json!([])),
    ] {
        assert_eq!(code(&World::new(), &here(), operation, input.clone()), serialization, "{operation} {input}");
    }
    for operation in ["SynchronizeMultiRegionKey", "DoWhatIMean"] {
        let refusal = World::new().ask(&here(), &format!("kms:{operation}"), json!({})).unwrap_err();
        assert_eq!((refusal.code.as_str(), refusal.status), ("NotInThisWorld", 501));
        assert!(refusal.message.contains(operation), "{}", refusal.message);
    }
}
