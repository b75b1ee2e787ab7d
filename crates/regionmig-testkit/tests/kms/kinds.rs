//! Keys of every kind: how they are made, in which states they can be, and an account that has them all.

use std::collections::BTreeSet;
use std::time::Duration;

use regionmig_core::End;
use regionmig_testkit::{KeyView, World, every_kind_of_key};
use serde_json::{Value, json};

use crate::support::{self, arn, away, call, code, created, days, end, here, refused, state};

/// Spec and usage of every kind, with the member that lists its algorithms, and them.
const KINDS: &[(&str, &str, &str, &[&str])] = &[
    ("RSA_3072", "ENCRYPT_DECRYPT", "EncryptionAlgorithms", &["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"]),
    ("ECC_NIST_P521", "SIGN_VERIFY", "SigningAlgorithms", &["ECDSA_SHA_512"]),
    ("ECC_NIST_P384", "KEY_AGREEMENT", "KeyAgreementAlgorithms", &["ECDH"]),
    ("ECC_SECG_P256K1", "SIGN_VERIFY", "SigningAlgorithms", &["ECDSA_SHA_256"]),
    ("ECC_NIST_EDWARDS25519", "SIGN_VERIFY", "SigningAlgorithms", &["ED25519_PH_SHA_512", "ED25519_SHA_512"]),
    ("HMAC_384", "GENERATE_VERIFY_MAC", "MacAlgorithms", &["HMAC_SHA_384"]),
    ("ML_DSA_65", "SIGN_VERIFY", "SigningAlgorithms", &["ML_DSA_SHAKE_256"]),
    ("ML_KEM_768", "ENCAPSULATE_DECAPSULATE", "EncapsulationAlgorithms", &["ML_KEM"]),
];

#[test]
fn every_kind_can_be_made_in_one_region_or_several() {
    let world = World::new();
    for (spec, usage, member, algorithms) in KINDS {
        for multi_region in [false, true] {
            let input = json!({ "KeySpec": spec, "KeyUsage": usage, "MultiRegion": multi_region });
            let made = &call(&world, &here(), "CreateKey", input)["KeyMetadata"];
            assert_eq!((&made["KeySpec"], &made["KeyUsage"]), (&json!(spec), &json!(usage)));
            assert_eq!((&made[*member], &made["KeyState"]), (&json!(algorithms), &json!("Enabled")));
            assert_eq!(made["MultiRegion"], json!(multi_region));
            assert!(made.get("CurrentKeyMaterialId").is_none(), "{spec}");
            let is_new = spec.starts_with("ML_") || *spec == "ECC_NIST_EDWARDS25519";
            assert_eq!(made.get("CustomerMasterKeySpec").is_none(), is_new, "{spec}");
        }
    }
}

#[test]
fn wrong_combinations_are_refused() {
    let world = World::new();
    let stored = |origin: &str| world.kms_store(&here()).id(&format!("cks-{origin}"));
    let (cluster, proxy) = (stored("a").make(), stored("b").external().make());
    for (input, wanted) in [
        (json!({ "KeySpec": "RSA_2048" }), "ValidationException"),
        (json!({ "KeySpec": "ECC_NIST_P256", "KeyUsage": "ENCRYPT_DECRYPT" }), "ValidationException"),
        (json!({ "KeySpec": "ECC_SECG_P256K1", "KeyUsage": "KEY_AGREEMENT" }), "ValidationException"),
        (json!({ "KeySpec": "HMAC_256", "KeyUsage": "SIGN_VERIFY" }), "ValidationException"),
        (json!({ "KeyUsage": "SIGN_VERIFY" }), "ValidationException"),
        (json!({ "KeySpec": "ML_DSA_44", "KeyUsage": "ENCAPSULATE_DECAPSULATE" }), "ValidationException"),
        (json!({ "KeySpec": "SM2", "KeyUsage": "SIGN_VERIFY" }), "UnsupportedOperationException"),
        (json!({ "Origin": "AWS_CLOUDHSM" }), "ValidationException"),
        (json!({ "CustomKeyStoreId": cluster }), "ValidationException"),
        (json!({ "XksKeyId": "a" }), "ValidationException"),
        (json!({ "Origin": "AWS_CLOUDHSM", "CustomKeyStoreId": "cks-none" }), "CustomKeyStoreNotFoundException"),
        (json!({ "Origin": "AWS_CLOUDHSM", "CustomKeyStoreId": proxy }), "UnsupportedOperationException"),
        (
            json!({ "Origin": "AWS_CLOUDHSM", "CustomKeyStoreId": cluster, "MultiRegion": true }),
            "UnsupportedOperationException",
        ),
        (
            json!({ "Origin": "AWS_CLOUDHSM", "CustomKeyStoreId": cluster, "KeySpec": "HMAC_256",
                "KeyUsage": "GENERATE_VERIFY_MAC" }),
            "UnsupportedOperationException",
        ),
        (json!({ "Origin": "EXTERNAL_KEY_STORE", "CustomKeyStoreId": proxy }), "ValidationException"),
    ] {
        assert_eq!(code(&world, &here(), "CreateKey", input.clone()), wanted, "{input}");
    }
    assert!(world.kms_keys(&here()).is_empty());
    let chinese = end("cn-north-1");
    created(&world, &chinese, json!({ "KeySpec": "SM2", "KeyUsage": "SIGN_VERIFY" }));
    let random = "1 validation error detected: Value 'RANDOM' at 'keyUsage' failed to satisfy constraint: Member must \
                  satisfy enum value set: ";
    let refusal = refused(&world, &here(), "CreateKey", json!({ "KeySpec": "HMAC_256", "KeyUsage": "RANDOM" }));
    assert!(refusal.1.starts_with(random), "{refusal:?}");
}

fn moved(world: &World, id: &str, at: &End, to: &str) -> Result<Value, String> {
    let input = json!({ "KeyId": id, "PrimaryRegion": to });
    world.ask(at, "kms:UpdatePrimaryRegion", input).map_err(|refusal| refusal.code)
}

#[test]
fn a_replica_becomes_the_primary_by_and_by() {
    let world = World::new();
    let third = end("ap-southeast-2");
    let id = world.kms(&here()).replica_in(&away().region).replica_in(&third.region).make().id().to_owned();
    assert_eq!(moved(&world, &id, &here(), "us-west-2"), Ok(Value::Null));
    let metadata = |end: &End| call(&world, end, "DescribeKey", json!({ "KeyId": id }))["KeyMetadata"].clone();
    for end in [here(), away()] {
        let metadata = metadata(&end);
        assert_eq!((&metadata["KeyState"], &metadata["Enabled"]), (&json!("Updating"), &json!(false)));
        assert_eq!(metadata["MultiRegionConfiguration"]["MultiRegionKeyType"], json!("REPLICA"));
        // Cryptography goes on, management does not.
        call(&world, &end, "Encrypt", json!({ "KeyId": id, "Plaintext": "AAAA" }));
        for operation in ["DisableKey", "EnableKey", "ScheduleKeyDeletion"] {
            let refusal = refused(&world, &end, operation, json!({ "KeyId": id }));
            assert_eq!(
                refusal,
                ("KMSInvalidStateException".into(), format!("{} is updating.", arn(&end, &id))),
                "{operation}"
            );
        }
    }
    assert_eq!(state(&world, &third, &id), "Enabled");
    assert_eq!(moved(&world, &id, &here(), "ap-southeast-2"), Err("KMSInvalidStateException".into()));
    world.clock().advance(Duration::from_secs(5));
    for (end, kind) in [(here(), "REPLICA"), (away(), "PRIMARY"), (third.clone(), "REPLICA")] {
        let configuration = &metadata(&end)["MultiRegionConfiguration"];
        assert_eq!(configuration["MultiRegionKeyType"], json!(kind));
        assert_eq!(configuration["PrimaryKey"]["Region"], json!("us-west-2"));
        let replicas: Vec<_> = configuration["ReplicaKeys"].as_array().unwrap().iter().collect();
        assert_eq!(replicas.len(), 2, "{configuration}");
        assert_eq!(state(&world, &end, &id), "Enabled");
    }
    let replicate = json!({ "KeyId": id, "ReplicaRegion": "eu-west-1" });
    assert_eq!(code(&world, &here(), "ReplicateKey", replicate.clone()), "UnsupportedOperationException");
    call(&world, &away(), "ReplicateKey", replicate);
}

/// What each operation does with a key that is Unavailable, and with one that is Updating: + for done, K for
/// KMSInvalidStateException (developer guide, "Key states of KMS keys").
const STATES: &[(&str, &str)] = &[
    ("CancelKeyDeletion", "KK"),
    ("CreateAlias", "++"),
    ("CreateGrant", "++"),
    ("DescribeKey", "++"),
    ("DisableKey", "+K"),
    ("EnableKey", "+K"),
    ("Encrypt", "K+"),
    ("GenerateDataKey", "K+"),
    ("GetKeyPolicy", "++"),
    ("ListResourceTags", "++"),
    ("PutKeyPolicy", "++"),
    ("ScheduleKeyDeletion", "+K"),
    ("TagResource", "++"),
    ("UpdateKeyDescription", "++"),
];

#[test]
fn what_can_be_done_with_a_key_out_of_reach_or_on_the_move() {
    for (operation, expected) in STATES {
        for (place, wanted) in expected.chars().enumerate() {
            let world = World::new();
            let id = if place == 0 {
                let store = world.kms_store(&here()).disconnected().make();
                world.kms(&here()).origin("AWS_CLOUDHSM").custom_key_store(&store).make().id().to_owned()
            } else {
                let id = world.kms(&here()).replica_in(&away().region).make().id().to_owned();
                moved(&world, &id, &here(), "us-west-2").unwrap();
                id
            };
            assert_eq!(state(&world, &here(), &id), ["Unavailable", "Updating"][place]);
            let mut input = match *operation {
                "CreateAlias" => json!({ "AliasName": "alias/a", "TargetKeyId": id }),
                "CreateGrant" => json!({ "GranteePrincipal": support::ACCOUNT, "Operations": ["Decrypt"] }),
                "Encrypt" => json!({ "Plaintext": "AAAA" }),
                "GenerateDataKey" => json!({ "KeySpec": "AES_256" }),
                "PutKeyPolicy" => {
                    json!({ "Policy": call(&world, &here(), "GetKeyPolicy", json!({ "KeyId": id }))["Policy"] })
                }
                "TagResource" => json!({ "Tags": [] }),
                "UpdateKeyDescription" => json!({ "Description": "d" }),
                _ => json!({}),
            };
            if *operation != "CreateAlias" {
                input["KeyId"] = json!(id);
            }
            let done = match world.ask(&here(), &format!("kms:{operation}"), input) {
                Ok(_) => '+',
                Err(refusal) if refusal.code == "KMSInvalidStateException" => 'K',
                Err(refusal) => panic!("{operation}: {refusal:?}"),
            };
            assert_eq!(done, wanted, "{operation} of a key that is {}", ["Unavailable", "Updating"][place]);
        }
    }
}

#[test]
fn a_primary_moves_only_from_where_it_is_to_where_a_replica_is() {
    let world = World::new();
    let id = world.kms(&here()).replica_in(&away().region).make().id().to_owned();
    let unsupported = Err("UnsupportedOperationException".to_owned());
    assert_eq!(moved(&world, &id, &away(), "eu-central-1"), unsupported);
    assert_eq!(moved(&world, &id, &here(), "eu-central-1"), unsupported);
    assert_eq!(moved(&world, &id, &here(), "eu-west-1"), Err("NotFoundException".into()));
    let single = world.kms(&here()).make().id().to_owned();
    assert_eq!(moved(&world, &single, &here(), "us-west-2"), unsupported);
    call(&world, &away(), "ScheduleKeyDeletion", json!({ "KeyId": id }));
    assert_eq!(moved(&world, &id, &here(), "us-west-2"), Err("KMSInvalidStateException".into()));
    call(&world, &away(), "CancelKeyDeletion", json!({ "KeyId": id }));
    // A replica may be disabled; it stays so.
    moved(&world, &id, &here(), "us-west-2").unwrap();
    world.clock().advance(Duration::from_secs(5));
    assert_eq!(state(&world, &away(), &id), "Disabled");
    let views = world.kms_keys(&here());
    let view = views.iter().find(|view| view.arn.id() == id).unwrap();
    assert_eq!(view.multi_region.as_ref().unwrap().primary.region(), Some(away().region));
}

#[test]
fn the_old_primary_can_be_deleted_once_it_is_a_replica() {
    let world = World::new();
    let id = world.kms(&here()).replica_in(&away().region).spec("HMAC_256").make().id().to_owned();
    call(&world, &here(), "ScheduleKeyDeletion", json!({ "KeyId": id, "PendingWindowInDays": 7 }));
    assert_eq!(state(&world, &here(), &id), "PendingReplicaDeletion");
    let cancelled = call(&world, &here(), "CancelKeyDeletion", json!({ "KeyId": id }));
    assert_eq!(
        (cancelled["KeyId"].as_str().unwrap(), state(&world, &here(), &id).as_str()),
        (arn(&here(), &id).as_str(), "Disabled")
    );
    call(&world, &here(), "EnableKey", json!({ "KeyId": id }));
    moved(&world, &id, &here(), "us-west-2").unwrap();
    world.clock().advance(Duration::from_secs(5));
    call(&world, &here(), "ScheduleKeyDeletion", json!({ "KeyId": id, "PendingWindowInDays": 7 }));
    assert_eq!(state(&world, &here(), &id), "PendingDeletion");
    world.clock().advance(days(7));
    assert_eq!(code(&world, &here(), "DescribeKey", json!({ "KeyId": id })), "NotFoundException");
    assert_eq!(world.kms_keys(&away())[0].multi_region.as_ref().unwrap().replicas.len(), 0);
}

#[test]
fn the_ledger_says_all_that_had_to_be_allowed() {
    let world = World::new();
    let ask = |end: &End, operation: &str, input: Value| {
        let client = support::client(&world, end);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        world.ledger().clear();
        runtime.block_on(async {
            match operation {
                "CreateKey" => drop(client.create_key().multi_region(true).send().await.unwrap()),
                "CreateKey with a tag" => {
                    let tag = aws_sdk_kms::types::Tag::builder().tag_key("a").tag_value("b").build().unwrap();
                    drop(client.create_key().tags(tag).send().await.unwrap());
                }
                "ReplicateKey" => {
                    let tag = aws_sdk_kms::types::Tag::builder().tag_key("a").tag_value("b").build().unwrap();
                    let id = input["KeyId"].as_str().unwrap();
                    drop(client.replicate_key().key_id(id).replica_region("us-west-2").tags(tag).send().await.unwrap());
                }
                _ => {
                    let id = input["KeyId"].as_str().unwrap();
                    let asked = client.update_primary_region().key_id(id).primary_region("us-west-2");
                    drop(asked.send().await.unwrap());
                }
            }
        });
        let actions = world.ledger().actions();
        actions.into_iter().map(|(end, action)| format!("{} {action}", end.region)).collect::<Vec<_>>()
    };
    assert_eq!(ask(&here(), "CreateKey", json!({})), ["eu-central-1 kms:CreateKey"]);
    let id = world.kms_keys(&here())[0].arn.id().to_owned();
    let tagged = ask(&here(), "CreateKey with a tag", json!({}));
    assert_eq!(tagged, ["eu-central-1 kms:CreateKey", "eu-central-1 kms:TagResource"]);
    let replicated = ask(&here(), "ReplicateKey", json!({ "KeyId": id }));
    assert_eq!(replicated, ["eu-central-1 kms:ReplicateKey", "us-west-2 kms:CreateKey", "us-west-2 kms:TagResource"]);
    world.clock().advance(Duration::from_secs(5));
    let moved = ask(&here(), "UpdatePrimaryRegion", json!({ "KeyId": id }));
    assert_eq!(moved, ["eu-central-1 kms:UpdatePrimaryRegion", "us-west-2 kms:UpdatePrimaryRegion"]);
    assert_eq!(world.ledger().mutations().count(), 1);
}

#[test]
fn an_account_has_every_kind_of_key() {
    let world = World::new();
    every_kind_of_key(&world, &here());
    let keys = world.kms_keys(&here());
    let own: Vec<&KeyView> = keys.iter().filter(|key| key.aws_managed.is_none()).collect();
    assert!(own.len() >= 60, "{}", own.len());
    let count = |is: &dyn Fn(&KeyView) -> bool| own.iter().filter(|key| is(key)).count();
    let all = |of: &dyn Fn(&KeyView) -> String| own.iter().map(|key| of(key)).collect::<BTreeSet<_>>();
    // All that the API has, but for SM2.
    assert_eq!(all(&|key| key.spec.clone()).len(), 18, "{:?}", all(&|key| key.spec.clone()));
    assert_eq!(all(&|key| key.usage.clone()).len(), 5);
    let states = ["Disabled", "Enabled", "PendingDeletion", "PendingImport", "PendingReplicaDeletion", "Unavailable"];
    assert_eq!(all(&|key| key.state.clone()), states.map(str::to_owned).into());
    let origins = ["AWS_CLOUDHSM", "AWS_KMS", "EXTERNAL", "EXTERNAL_KEY_STORE"];
    assert_eq!(all(&|key| key.origin.clone()), origins.map(str::to_owned).into());
    let is_primary = |key: &KeyView| key.multi_region.as_ref().is_some_and(|related| related.primary == key.arn);
    let is_replica = |key: &KeyView| key.multi_region.is_some() && !is_primary(key);
    assert!(count(&is_primary) >= 10 && count(&is_replica) >= 5);
    assert!(count(&|key| key.origin == "EXTERNAL" && is_replica(key) && key.state == "Enabled") >= 1);
    assert!(count(&|key| key.origin == "EXTERNAL" && is_replica(key) && key.state == "PendingImport") >= 1);
    assert!(count(&|key| key.valid_to.is_some()) >= 3 && count(&|key| key.xks_key.is_some()) == 2);
    let stores = call(&world, &here(), "DescribeCustomKeyStores", json!({}))["CustomKeyStores"].clone();
    assert_eq!(stores.as_array().unwrap().len(), 4);
    assert_eq!(world.ledger().requests().count(), 0);
    // Always the same, in each partition; where there is SM2, with that.
    let again = World::new();
    every_kind_of_key(&again, &here());
    assert_eq!(again.kms_keys(&here()), keys);
    every_kind_of_key(&world, &end("cn-north-1"));
    assert_eq!(world.kms_keys(&end("cn-north-1")).iter().filter(|key| key.spec == "SM2").count(), 3);
    every_kind_of_key(&world, &end("us-gov-west-1"));
}
