//! The control plane of the world's KMS, held against what AWS documents and what was recorded of it.
// REQ: E-34

use aws_sdk_kms::types::{KeyState, Tag};
use regionmig_core::End;
use regionmig_testkit::{World, other_keys, reference_account};
use serde_json::{Value, json};

use crate::support::{ACCOUNT, ROLE, arn, call, client, code, created, days, end, here, key, refused, sdk_code, state};

#[test]
fn a_new_key_is_described_as_aws_does() {
    let (world, here) = (World::new(), here());
    let made = call(&world, &here, "CreateKey", json!({ "Description": "test key 123" }));
    let mut metadata = made["KeyMetadata"].clone();
    assert_eq!(call(&world, &here, "DescribeKey", json!({ "KeyId": metadata["KeyId"] }))["KeyMetadata"], metadata);
    let id = metadata["KeyId"].as_str().unwrap().to_owned();
    assert_eq!(id.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
    assert_eq!(metadata["CurrentKeyMaterialId"].as_str().unwrap().len(), 64);
    assert!(metadata["CreationDate"].is_number());
    for member in ["KeyId", "CurrentKeyMaterialId", "CreationDate"] {
        metadata.as_object_mut().unwrap().remove(member);
    }
    let recorded = json!({
        "AWSAccountId": ACCOUNT, "Arn": arn(&here, &id), "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "Description": "test key 123", "Enabled": true, "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
        "KeyManager": "CUSTOMER", "KeySpec": "SYMMETRIC_DEFAULT", "KeyState": "Enabled",
        "KeyUsage": "ENCRYPT_DECRYPT", "MultiRegion": false, "Origin": "AWS_KMS",
    });
    assert_eq!(metadata, recorded);
}

#[test]
fn other_kinds_of_keys_are_described_as_recorded() {
    let (world, here) = (World::new(), here());
    let make = |input: Value| call(&world, &here, "CreateKey", input)["KeyMetadata"].clone();
    let hmac = make(json!({ "KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC" }));
    assert_eq!((&hmac["MacAlgorithms"], &hmac["KeyState"]), (&json!(["HMAC_SHA_256"]), &json!("Enabled")));
    assert!(hmac.get("CurrentKeyMaterialId").is_none() && hmac.get("EncryptionAlgorithms").is_none());
    let external = make(json!({ "Origin": "EXTERNAL" }));
    assert_eq!((&external["KeyState"], &external["Enabled"]), (&json!("PendingImport"), &json!(false)));
    assert!(external.get("CurrentKeyMaterialId").is_none());
    let rsa = make(json!({ "CustomerMasterKeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY" }));
    assert_eq!(rsa["SigningAlgorithms"].as_array().unwrap().len(), 6);
    let refused = |input: Value| refused(&world, &here, "CreateKey", input);
    let no_usage = "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.";
    assert_eq!(refused(json!({ "KeySpec": "HMAC_256" })), ("ValidationException".into(), no_usage.into()));
    let unfit = "KeyUsage ENCRYPT_DECRYPT is not compatible with KeySpec HMAC_224";
    let asked = json!({ "KeySpec": "HMAC_224", "KeyUsage": "ENCRYPT_DECRYPT" });
    assert_eq!(refused(asked), ("ValidationException".into(), unfit.into()));
    let stored = json!({ "Origin": "AWS_CLOUDHSM", "CustomKeyStoreId": "cks-1" });
    assert_eq!(refused(stored).0, "CustomKeyStoreNotFoundException");
}

#[test]
fn every_partition_has_its_own_arns() {
    let world = World::new();
    for (region, partition) in [("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov"), ("me-central-1", "aws")] {
        let id = key(&world, &end(region));
        let listed = call(&world, &end(region), "ListKeys", json!({}));
        assert_eq!(listed["Keys"][0]["KeyArn"], json!(format!("arn:{partition}:kms:{region}:{ACCOUNT}:key/{id}")));
        let policy = call(&world, &end(region), "GetKeyPolicy", json!({ "KeyId": id }));
        assert!(policy["Policy"].as_str().unwrap().contains(&format!("arn:{partition}:iam::{ACCOUNT}:root")));
    }
}

#[test]
fn a_key_has_four_names() {
    let (world, here) = (World::new(), here());
    let id = key(&world, &here);
    call(&world, &here, "CreateAlias", json!({ "AliasName": "alias/a", "TargetKeyId": arn(&here, &id) }));
    let alias = format!("arn:aws:kms:eu-central-1:{ACCOUNT}:alias/a");
    for name in [id.as_str(), &arn(&here, &id), "alias/a", &alias] {
        let found = call(&world, &here, "DescribeKey", json!({ "KeyId": name }));
        assert_eq!(found["KeyMetadata"]["KeyId"], json!(id), "{name}");
    }
    // Only some operations take aliases.
    let not_found = |text: &str| ("NotFoundException".to_owned(), format!("Invalid keyId '{text}'"));
    for operation in ["ListGrants", "EnableKey", "GetKeyPolicy", "ListAliases"] {
        assert_eq!(refused(&world, &here, operation, json!({ "KeyId": "alias/a" })), not_found("alias/a"));
        let refusal = refused(&world, &here, operation, json!({ "KeyId": alias }));
        let message = "Key Aliases are not supported for this operation.";
        assert_eq!(refusal, ("InvalidArnException".into(), message.into()));
    }
}

#[test]
fn what_is_not_there_is_refused_as_recorded() {
    let (world, here) = (World::new(), here());
    let describe = |name: &str| refused(&world, &here, "DescribeKey", json!({ "KeyId": name }));
    let not_found = |message: String| ("NotFoundException".to_owned(), message);
    for id in ["fake-key-id", "134f2428cec14b25a1ae9048164dba47", "mrk-fake-key-id"] {
        assert_eq!(describe(id), not_found(format!("Invalid keyId '{id}'")));
    }
    for id in ["00000000-0000-0000-0000-000000000000", "mrk-00000000000000000000000000000000"] {
        let missing = not_found(format!("Key '{}' does not exist", arn(&here, id)));
        assert_eq!((describe(id), describe(&arn(&here, id))), (missing.clone(), missing));
    }
    let alias = format!("Alias arn:aws:kms:eu-central-1:{ACCOUNT}:alias/none is not found.");
    assert_eq!(describe("alias/none"), not_found(alias));
    let elsewhere = arn(&end("us-east-1"), &key(&world, &end("us-east-1")));
    assert_eq!(describe(&elsewhere), not_found("Invalid arn us-east-1".to_owned()));
    for text in ["arn:aws:s3:::bucket", "arn:aws-cn:kms:eu-central-1:111122223333:key/1", "arn:aws:kms:x"] {
        assert_eq!(describe(text).0, "InvalidArnException", "{text}");
    }
}

#[tokio::test]
async fn the_sdk_reads_what_a_key_is() {
    let (world, here) = (World::new(), here());
    let kms = client(&world, &here);
    let tag = Tag::builder().tag_key("a").tag_value("").build().unwrap();
    let made = kms.create_key().description("d").tags(tag).send().await.unwrap().key_metadata.unwrap();
    assert_eq!((made.key_state, made.description.as_deref()), (Some(KeyState::Enabled), Some("d")));
    assert_eq!(made.creation_date.unwrap().secs(), world.clock().now().as_second());
    let tags = kms.list_resource_tags().key_id(&made.key_id).send().await.unwrap();
    assert_eq!((tags.tags()[0].tag_key(), tags.tags()[0].tag_value()), ("a", ""));
    let missing = kms.describe_key().key_id("alias/none").send().await;
    assert!(missing.unwrap_err().into_service_error().is_not_found_exception());
    let ledger = world.ledger();
    let mutation = ledger.mutations().next().unwrap();
    assert_eq!((mutation.action.as_str(), mutation.resource.as_deref()), ("kms:CreateKey", made.arn.as_deref()));
}

/// What each operation does with a key in each state, as the developer guide's table of key states has it: + for done, D
/// for DisabledException, K for KMSInvalidStateException. The states are Enabled, Disabled, PendingDeletion,
/// PendingImport, Creating.
const STATES: &[(&str, &str)] = &[
    ("CancelKeyDeletion", "KK+KK"),
    ("CreateAlias", "++K++"),
    ("CreateGrant", "+DKKK"),
    ("DescribeKey", "+++++"),
    ("DisableKey", "++KKK"),
    ("EnableKey", "++KKK"),
    ("Encrypt", "+DKKK"),
    ("GenerateDataKey", "+DKKK"),
    ("GenerateDataKeyWithoutPlaintext", "+DKKK"),
    ("GetKeyPolicy", "+++++"),
    ("GetKeyRotationStatus", "+++++"),
    ("ListAliases", "+++++"),
    ("ListGrants", "+++++"),
    ("ListKeyPolicies", "+++++"),
    ("ListKeyRotations", "+++++"),
    ("ListResourceTags", "+++++"),
    ("PutKeyPolicy", "+++++"),
    ("RotateKeyOnDemand", "+DKKK"),
    ("ScheduleKeyDeletion", "++K+K"),
    ("TagResource", "++K++"),
    ("UntagResource", "++K++"),
    ("UpdateKeyDescription", "++K++"),
];

#[test]
fn the_state_of_a_key_decides_what_can_be_done_with_it() {
    let here = here();
    let policy = call(&World::new(), &here, "CreateKey", json!({}));
    assert!(policy["KeyMetadata"].is_object());
    for (operation, expected) in STATES {
        for (place, wanted) in expected.chars().enumerate() {
            let world = World::new();
            let id = match place {
                0 => key(&world, &here),
                1 => world.kms(&here).disabled().make().id().to_owned(),
                2 => world.kms(&here).pending_deletion(7).make().id().to_owned(),
                3 => created(&world, &here, json!({ "Origin": "EXTERNAL" })),
                _ => {
                    let mut timing = regionmig_testkit::KmsTiming::default();
                    timing.creation = jiff::SignedDuration::from_secs(60);
                    world.kms_timing(timing);
                    key(&world, &here)
                }
            };
            let states = ["Enabled", "Disabled", "PendingDeletion", "PendingImport", "Creating"];
            assert_eq!(state(&world, &here, &id), states[place]);
            let mut input = match *operation {
                "CreateAlias" => json!({ "AliasName": "alias/a", "TargetKeyId": id }),
                "CreateGrant" => json!({ "GranteePrincipal": ROLE, "Operations": ["Decrypt"] }),
                "Encrypt" => json!({ "Plaintext": "AAAA" }),
                "GenerateDataKey" | "GenerateDataKeyWithoutPlaintext" => json!({ "KeySpec": "AES_256" }),
                "PutKeyPolicy" => {
                    json!({ "Policy": call(&world, &here, "GetKeyPolicy", json!({ "KeyId": id }))["Policy"] })
                }
                "TagResource" => json!({ "Tags": [] }),
                "UntagResource" => json!({ "TagKeys": [] }),
                "UpdateKeyDescription" => json!({ "Description": "d" }),
                _ => json!({}),
            };
            if *operation != "CreateAlias" {
                input["KeyId"] = json!(id);
            }
            let done = match world.ask(&here, &format!("kms:{operation}"), input) {
                Ok(_) => '+',
                Err(refusal) if refusal.code == "DisabledException" => {
                    assert_eq!(refusal.message, format!("{} is disabled.", arn(&here, &id)));
                    'D'
                }
                Err(refusal) if refusal.code == "KMSInvalidStateException" => 'K',
                Err(refusal) => panic!("{operation} in {}: {refusal:?}", states[place]),
            };
            assert_eq!(done, wanted, "{operation} in {}", states[place]);
        }
    }
}

#[test]
fn a_key_is_gone_when_its_waiting_period_is_over() {
    let (world, here) = (World::new(), here());
    let id = key(&world, &here);
    call(&world, &here, "CreateAlias", json!({ "AliasName": "alias/a", "TargetKeyId": id }));
    let answer = call(&world, &here, "ScheduleKeyDeletion", json!({ "KeyId": id, "PendingWindowInDays": 7 }));
    let date = f64::from(u32::try_from(world.clock().now().as_second()).unwrap() + 7 * 86_400);
    assert_eq!(
        answer,
        json!({ "DeletionDate": date, "KeyId": arn(&here, &id), "KeyState": "PendingDeletion", "PendingWindowInDays": 7 })
    );
    assert_eq!(call(&world, &here, "CancelKeyDeletion", json!({ "KeyId": id })), json!({ "KeyId": arn(&here, &id) }));
    assert_eq!(state(&world, &here, &id), "Disabled");
    call(&world, &here, "ScheduleKeyDeletion", json!({ "KeyId": id }));
    world.clock().advance(days(30) - std::time::Duration::from_secs(1));
    assert_eq!(state(&world, &here, &id), "PendingDeletion");
    assert_eq!(call(&world, &here, "ListKeys", json!({}))["Keys"].as_array().unwrap().len(), 1);
    world.clock().advance(std::time::Duration::from_secs(1));
    assert_eq!(code(&world, &here, "DescribeKey", json!({ "KeyId": id })), "NotFoundException");
    assert_eq!(code(&world, &here, "DescribeKey", json!({ "KeyId": "alias/a" })), "NotFoundException");
    assert_eq!(call(&world, &here, "ListKeys", json!({}))["Keys"], json!([]));
    assert_eq!(call(&world, &here, "ListAliases", json!({}))["Aliases"], json!([]));
    assert!(world.kms_keys(&here).is_empty());
    // Its alias is free again.
    let other = key(&world, &here);
    call(&world, &here, "CreateAlias", json!({ "AliasName": "alias/a", "TargetKeyId": other }));
    for window in [6, 31] {
        let input = json!({ "KeyId": other, "PendingWindowInDays": window });
        assert_eq!(code(&world, &here, "ScheduleKeyDeletion", input), "ValidationException");
    }
}

#[test]
fn aws_looks_after_its_own_keys() {
    let (world, here) = (World::new(), here());
    let own = world.kms(&here).aws_managed("s3").make();
    world.kms_alias(&here, "alias/aws/rds", None);
    let metadata = call(&world, &here, "DescribeKey", json!({ "KeyId": "alias/aws/s3" }))["KeyMetadata"].clone();
    assert_eq!((&metadata["KeyManager"], &metadata["Arn"]), (&json!("AWS"), &json!(own)));
    assert_eq!(call(&world, &here, "GetKeyRotationStatus", json!({ "KeyId": own }))["KeyRotationEnabled"], json!(true));
    let aliases = call(&world, &here, "ListAliases", json!({}))["Aliases"].clone();
    assert_eq!(
        aliases[0],
        json!({ "AliasArn": format!("arn:aws:kms:eu-central-1:{ACCOUNT}:alias/aws/rds"), "AliasName": "alias/aws/rds" })
    );
    assert_eq!(aliases[1]["TargetKeyId"], json!(own.id()));
    assert_eq!(code(&world, &here, "DescribeKey", json!({ "KeyId": "alias/aws/rds" })), "NotFoundException");
    let before = world.kms_keys(&here);
    for (operation, input) in [
        ("CreateAlias", json!({ "AliasName": "alias/a", "TargetKeyId": own })),
        ("CreateGrant", json!({ "KeyId": own, "GranteePrincipal": ROLE, "Operations": ["Decrypt"] })),
        ("DisableKey", json!({ "KeyId": own })),
        ("DisableKeyRotation", json!({ "KeyId": own })),
        ("Encrypt", json!({ "KeyId": "alias/aws/s3", "Plaintext": "AAAA" })),
        ("PutKeyPolicy", json!({ "KeyId": own, "Policy": "{}" })),
        ("RotateKeyOnDemand", json!({ "KeyId": own })),
        ("ScheduleKeyDeletion", json!({ "KeyId": own })),
        ("TagResource", json!({ "KeyId": own, "Tags": [] })),
        ("UpdateKeyDescription", json!({ "KeyId": own, "Description": "" })),
    ] {
        assert_eq!(code(&world, &here, operation, input), "AccessDeniedException", "{operation}");
    }
    assert_eq!(code(&world, &here, "DeleteAlias", json!({ "AliasName": "alias/aws/s3" })), "NotAuthorizedException");
    assert_eq!(world.kms_keys(&here), before);
}

#[test]
fn quotas_are_kept() {
    let (world, here) = (World::new(), here());
    for (name, most) in [("kms:keys", 2), ("kms:aliases-per-key", 1), ("kms:grants-per-key", 1)] {
        world.quota(name, most);
    }
    world.kms(&here).aws_managed("s3").make();
    let (one, two) = (key(&world, &here), key(&world, &here));
    let exceeded = "LimitExceededException";
    assert_eq!(code(&world, &here, "CreateKey", json!({})), exceeded);
    key(&world, &end("us-east-1"));
    let grant = json!({ "KeyId": one, "GranteePrincipal": ROLE, "Operations": ["Decrypt"], "Name": "n" });
    call(&world, &here, "CreateGrant", grant.clone());
    call(&world, &here, "CreateGrant", grant);
    let other = json!({ "KeyId": one, "GranteePrincipal": ROLE, "Operations": ["Encrypt"] });
    assert_eq!(code(&world, &here, "CreateGrant", other), exceeded);
    let alias = |operation: &str, name: &str, key: &str| {
        world
            .ask(&here, &format!("kms:{operation}"), json!({ "AliasName": name, "TargetKeyId": key }))
            .map_err(|r| r.code)
    };
    alias("CreateAlias", "alias/a", &one).unwrap();
    alias("CreateAlias", "alias/b", &two).unwrap();
    assert_eq!(alias("CreateAlias", "alias/c", &one), Err(exceeded.to_owned()));
    assert_eq!(alias("UpdateAlias", "alias/a", &two), Err(exceeded.to_owned()));
    alias("UpdateAlias", "alias/a", &one).unwrap();
    call(&world, &here, "ScheduleKeyDeletion", json!({ "KeyId": two }));
    assert_eq!(code(&world, &here, "CreateKey", json!({})), exceeded);
    world.clock().advance(days(30));
    key(&world, &here);
}

#[test]
fn another_account_needs_the_arn_and_leave() {
    let (world, here) = (World::new(), here());
    let there: End = "444455556666/eu-central-1".parse().unwrap();
    let id = key(&world, &here);
    let encrypt =
        |key: &str| world.ask(&there, "kms:Encrypt", json!({ "KeyId": key, "Plaintext": "AAAA" })).map_err(|r| r.code);
    assert_eq!(encrypt(&id), Err("NotFoundException".to_owned()));
    assert_eq!(encrypt(&arn(&here, &id)), Err("AccessDeniedException".to_owned()));
    let policy = json!({ "Statement": [
        { "Effect": "Allow", "Principal": { "AWS": ACCOUNT }, "Action": "kms:*", "Resource": "*" },
        { "Effect": "Allow", "Principal": { "AWS": "444455556666" }, "Action": ["kms:Encrypt", "kms:Describe*"], "Resource": "*" },
    ] });
    call(&world, &here, "PutKeyPolicy", json!({ "KeyId": id, "Policy": policy.to_string() }));
    call(&world, &here, "CreateAlias", json!({ "AliasName": "alias/a", "TargetKeyId": id }));
    assert_eq!(encrypt(&arn(&here, &id)).unwrap()["KeyId"], json!(arn(&here, &id)));
    assert!(encrypt(&format!("arn:aws:kms:eu-central-1:{ACCOUNT}:alias/a")).is_ok());
    let denied = json!({ "KeyId": arn(&here, &id), "NumberOfBytes": 1 });
    assert_eq!(code(&world, &there, "GenerateDataKey", denied.clone()), "AccessDeniedException");
    let grant =
        json!({ "KeyId": id, "GranteePrincipal": "arn:aws:iam::444455556666:root", "Operations": ["GenerateDataKey"] });
    call(&world, &here, "CreateGrant", grant);
    call(&world, &there, "GenerateDataKey", denied);
    // These are never for others.
    for operation in ["GetKeyPolicy", "EnableKey", "ListResourceTags", "ScheduleKeyDeletion"] {
        assert_eq!(code(&world, &there, operation, json!({ "KeyId": arn(&here, &id) })), "AccessDeniedException");
    }
}

#[tokio::test]
async fn the_last_use_of_a_key_is_remembered() {
    let (world, here) = (World::new(), here());
    let (kms, id) = (client(&world, &here), key(&world, &here));
    let unused = kms.get_key_last_usage().key_id(&id).send().await.unwrap();
    assert!(unused.key_last_usage.is_none_or(|usage| usage.timestamp.is_none() && usage.operation.is_none()));
    assert_eq!(unused.key_creation_date, unused.tracking_start_date);
    world.clock().advance(days(1));
    kms.generate_data_key_without_plaintext().key_id(&id).number_of_bytes(8).send().await.unwrap();
    let at = world.clock().now().as_second();
    world.clock().advance(days(1));
    assert_eq!(
        sdk_code(kms.encrypt().key_id(&id).plaintext(vec![1].into()).dry_run(true).send().await),
        "DryRunOperationException"
    );
    let used = kms.get_key_last_usage().key_id(&id).send().await.unwrap().key_last_usage.unwrap();
    assert_eq!(used.operation.unwrap().as_str(), "GenerateDataKeyWithoutPlaintext");
    assert_eq!(used.timestamp.unwrap().secs(), at);
}

#[test]
fn a_stale_read_shows_the_keys_of_its_time() {
    let (world, here) = (World::new(), here());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let kms = client(&world, &here);
    let count = || runtime.block_on(kms.list_keys().send()).unwrap().keys().len();
    world.fault(regionmig_testkit::Fault::stale("kms:ListKeys", std::time::Duration::from_secs(60)));
    for _ in 0..10 {
        key(&world, &here);
        world.clock().advance(std::time::Duration::from_secs(20));
    }
    assert_eq!(count(), 8);
    world.clock().advance(std::time::Duration::from_secs(60));
    assert_eq!(count(), 10);
}

#[test]
fn the_reference_account_has_everything_and_is_always_the_same() {
    let here = end("me-central-1");
    let make = || {
        let world = World::new();
        reference_account(&world, &here);
        other_keys(&world, &here);
        world
    };
    let (world, keys) = (make(), make().kms_keys(&here));
    assert_eq!(world.kms_keys(&here), keys);
    assert!(keys.len() >= 44, "{}", keys.len());
    let count = |is: &dyn Fn(&regionmig_testkit::KeyView) -> bool| keys.iter().filter(|key| is(key)).count();
    assert!(count(&|key| key.aws_managed.is_some()) >= 4);
    assert!(count(&|key| key.state == "Disabled") >= 3);
    assert_eq!(count(&|key| key.state == "PendingDeletion"), 1);
    assert!(
        count(&|key| key.multi_region.as_ref().is_some_and(|m| m.primary == key.arn && m.replicas.is_empty())) >= 3
    );
    assert!(
        count(&|key| key.multi_region.as_ref().is_some_and(|m| m.primary == key.arn && !m.replicas.is_empty())) >= 3
    );
    assert!(count(&|key| key.multi_region.as_ref().is_some_and(|m| m.primary != key.arn)) >= 3);
    for aliases in 0..=4 {
        assert!(count(&|key| key.aliases.len() == aliases) > 0, "{aliases}");
    }
    for spec in ["RSA_4096", "RSA_2048", "ECC_NIST_P256", "HMAC_256"] {
        assert_eq!(count(&|key| key.spec == spec), 1, "{spec}");
    }
    assert!(count(&|key| key.origin == "EXTERNAL") >= 1);
    assert!(count(&|key| key.policy.contains("kms:ViaService") && key.policy.contains("me-central-1")) >= 3);
    assert!(count(&|key| key.tags.keys().any(|tag| tag.starts_with("aws:cloudformation:"))) >= 3);
    assert!(count(&|key| key.grants.iter().any(|grant| !grant.constraints.is_empty())) >= 3);
    assert!(count(&|key| key.grants.iter().any(|grant| grant.grantee.contains(".amazonaws.com"))) >= 2);
    let periods: std::collections::BTreeSet<_> = keys.iter().filter_map(|key| key.rotation_period).collect();
    assert!(periods.len() >= 4 && count(&|key| key.rotations > 0) >= 3, "{periods:?}");
    for region in ["cn-north-1", "us-gov-west-1", "us-west-2"] {
        reference_account(&world, &end(region));
        assert!(world.kms_keys(&end(region)).len() >= 44, "{region}");
    }
    assert_eq!(world.ledger().requests().count(), 0);
}
