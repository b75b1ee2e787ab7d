//! What two regions do to each other.

use std::time::Duration;

use aws_sdk_kms::primitives::Blob;
use regionmig_core::End;
use regionmig_testkit::World;
use serde_json::{Value, json};

use crate::support::{ACCOUNT, arn, blob, call, client, code, created, days, end, key, refused, sdk_code, state};

const SETTLED: Duration = Duration::from_secs(5);

fn home() -> End {
    end("us-east-1")
}

fn away() -> End {
    end("ap-southeast-1")
}

fn primary(world: &World) -> String {
    created(world, &home(), json!({ "MultiRegion": true, "Description": "test replicated key" }))
}

fn replicate(world: &World, id: &str) -> Value {
    call(world, &home(), "ReplicateKey", json!({ "KeyId": id, "ReplicaRegion": "ap-southeast-1" }))
}

fn metadata(world: &World, end: &End, id: &str) -> Value {
    call(world, end, "DescribeKey", json!({ "KeyId": id }))["KeyMetadata"].clone()
}

#[test]
fn a_replica_is_made_as_recorded() {
    let world = World::new();
    let id = primary(&world);
    assert!(id.starts_with("mrk-") && id.len() == 36);
    let alone = json!({
        "MultiRegionKeyType": "PRIMARY", "PrimaryKey": { "Arn": arn(&home(), &id), "Region": "us-east-1" },
        "ReplicaKeys": [],
    });
    assert_eq!(metadata(&world, &home(), &id)["MultiRegionConfiguration"], alone);
    assert_eq!(code(&world, &away(), "DescribeKey", json!({ "KeyId": id })), "NotFoundException");
    let answer = replicate(&world, &id);
    let mut made = answer["ReplicaKeyMetadata"].clone();
    assert!(made.as_object_mut().unwrap().remove("CreationDate").is_some());
    let related = |kind: &str| {
        json!({
            "MultiRegionKeyType": kind, "PrimaryKey": { "Arn": arn(&home(), &id), "Region": "us-east-1" },
            "ReplicaKeys": [{ "Arn": arn(&away(), &id), "Region": "ap-southeast-1" }],
        })
    };
    let recorded = json!({
        "AWSAccountId": ACCOUNT, "Arn": arn(&away(), &id), "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "Description": "", "Enabled": false, "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"], "KeyId": id,
        "KeyManager": "CUSTOMER", "KeySpec": "SYMMETRIC_DEFAULT", "KeyState": "Creating",
        "KeyUsage": "ENCRYPT_DECRYPT", "MultiRegion": true, "MultiRegionConfiguration": related("REPLICA"),
        "Origin": "AWS_KMS",
    });
    assert_eq!(made, recorded);
    let policy: Value = serde_json::from_str(answer["ReplicaPolicy"].as_str().unwrap()).unwrap();
    assert_eq!(policy["Statement"][0]["Sid"], json!("Enable IAM User Permissions"));
    assert!(answer.get("ReplicaTags").is_none());
    world.clock().advance(SETTLED);
    let (replica, primary) = (metadata(&world, &away(), &id), metadata(&world, &home(), &id));
    assert_eq!((&replica["KeyState"], &replica["Enabled"]), (&json!("Enabled"), &json!(true)));
    assert_eq!(replica["CurrentKeyMaterialId"], primary["CurrentKeyMaterialId"]);
    assert_eq!(primary["MultiRegionConfiguration"], related("PRIMARY"));
    assert_eq!(replica["MultiRegionConfiguration"], related("REPLICA"));
}

#[test]
fn a_replica_has_policy_tags_description_aliases_and_grants_of_its_own() {
    let world = World::new();
    let policy = json!({ "Statement": [
        { "Sid": "own", "Effect": "Allow", "Principal": { "AWS": ACCOUNT }, "Action": "kms:*", "Resource": "*" },
    ] })
    .to_string();
    let tags = |value: &str| json!([{ "TagKey": "where", "TagValue": value }]);
    let input = json!({ "MultiRegion": true, "Policy": policy, "Tags": tags("home"), "Description": "home" });
    let id = created(&world, &home(), input);
    call(&world, &home(), "CreateAlias", json!({ "AliasName": "alias/a", "TargetKeyId": id }));
    // Nothing said: the defaults, not the primary's.
    replicate(&world, &id);
    let bare = &world.kms_keys(&away())[0];
    assert!(bare.tags.is_empty() && bare.aliases.is_empty() && bare.description.is_empty());
    assert!(bare.policy.contains("key-default-1"));
    let input = json!({ "KeyId": id, "ReplicaRegion": "eu-west-1", "Policy": policy, "Tags": tags("away"), "Description": "away" });
    let answer = call(&world, &home(), "ReplicateKey", input);
    assert_eq!((&answer["ReplicaTags"], &answer["ReplicaPolicy"]), (&tags("away"), &json!(policy)));
    let full = &world.kms_keys(&end("eu-west-1"))[0];
    assert_eq!(
        (full.description.as_str(), full.tags["where"].as_str(), full.policy.as_str()),
        ("away", "away", policy.as_str())
    );
    world.clock().advance(SETTLED);
    call(&world, &away(), "DisableKey", json!({ "KeyId": id }));
    assert_eq!((state(&world, &home(), &id).as_str(), state(&world, &away(), &id).as_str()), ("Enabled", "Disabled"));
    let grant = json!({ "KeyId": id, "GranteePrincipal": ACCOUNT, "Operations": ["Decrypt"] });
    call(&world, &home(), "CreateGrant", grant);
    assert!(world.kms_keys(&away())[0].grants.is_empty());
    // A replica's answer with tags is read by the SDK, too.
    let locked =
        json!({ "KeyId": id, "ReplicaRegion": "eu-west-2", "Policy": policy.replace(ACCOUNT, "444455556666") });
    assert_eq!(code(&world, &home(), "ReplicateKey", locked), "MalformedPolicyDocumentException");
    let tagged = json!({ "KeyId": id, "ReplicaRegion": "eu-west-2", "Tags": [{ "TagKey": "aws:a", "TagValue": "" }] });
    assert_eq!(code(&world, &home(), "ReplicateKey", tagged), "TagException");
    assert!(world.kms_keys(&end("eu-west-2")).is_empty());
}

#[tokio::test]
async fn related_keys_open_each_others_ciphertexts() {
    let world = World::new();
    let id = primary(&world);
    replicate(&world, &id);
    world.clock().advance(SETTLED);
    let (here, there) = (client(&world, &home()), client(&world, &away()));
    for (one, other, at) in [(&here, &there, away()), (&there, &here, home())] {
        let sealed =
            one.encrypt().key_id(&id).plaintext(Blob::new("x")).encryption_context("a", "1").send().await.unwrap();
        let sealed = sealed.ciphertext_blob.unwrap();
        let opened = other.decrypt().ciphertext_blob(sealed.clone()).encryption_context("a", "1").send().await.unwrap();
        assert_eq!((opened.plaintext.unwrap().as_ref(), opened.key_id.unwrap()), (&b"x"[..], arn(&at, &id)));
        assert_eq!(
            sdk_code(other.decrypt().ciphertext_blob(sealed.clone()).send().await),
            "InvalidCiphertextException"
        );
        // From a replica to a key of its own region: no plaintext leaves KMS.
        let single = key(&world, &at);
        let moved =
            other.re_encrypt().ciphertext_blob(sealed).source_encryption_context("a", "1").destination_key_id(&single);
        assert_eq!(moved.send().await.unwrap().key_id.unwrap(), arn(&at, &single));
        let input = json!({ "KeyId": id, "CiphertextBlob": blob("not a ciphertext") });
        assert_eq!(code(&world, &at, "Decrypt", input), "InvalidCiphertextException");
    }
    let nowhere = client(&world, &end("eu-west-1"));
    let sealed = here.encrypt().key_id(&id).plaintext(Blob::new("x")).send().await.unwrap().ciphertext_blob.unwrap();
    assert_eq!(sdk_code(nowhere.decrypt().ciphertext_blob(sealed).send().await), "AccessDeniedException");
}

#[test]
fn only_a_primary_is_replicated_and_only_once_a_region() {
    let world = World::new();
    let id = primary(&world);
    replicate(&world, &id);
    let ask = |at: &End, id: &str, region: &str| {
        refused(&world, at, "ReplicateKey", json!({ "KeyId": id, "ReplicaRegion": region }))
    };
    assert_eq!(ask(&home(), &id, "ap-southeast-1").0, "AlreadyExistsException");
    assert_eq!(ask(&home(), &id, "us-east-1").0, "AlreadyExistsException");
    world.clock().advance(SETTLED);
    let no_primary = format!("{} is not a multi-region primary key.", arn(&away(), &id));
    assert_eq!(ask(&away(), &id, "eu-west-1"), ("UnsupportedOperationException".into(), no_primary));
    assert_eq!(ask(&home(), &key(&world, &home()), "eu-west-1").0, "UnsupportedOperationException");
    assert_eq!(ask(&home(), &id, "cn-north-1").0, "UnsupportedOperationException");
    world.disable_region(&end("me-central-1"));
    assert_eq!(ask(&home(), &id, "me-central-1").0, "UnsupportedOperationException");
    world.enable_region(&end("me-central-1"));
    call(&world, &home(), "ReplicateKey", json!({ "KeyId": id, "ReplicaRegion": "me-central-1" }));
    call(&world, &away(), "ScheduleKeyDeletion", json!({ "KeyId": id, "PendingWindowInDays": 7 }));
    assert_eq!(ask(&home(), &id, "ap-southeast-1").0, "AlreadyExistsException");
    world.quota("kms:keys", 0);
    assert_eq!(ask(&home(), &id, "eu-west-1").0, "LimitExceededException");
}

#[test]
fn a_replica_that_is_gone_can_be_made_again() {
    let world = World::new();
    let id = primary(&world);
    replicate(&world, &id);
    world.clock().advance(SETTLED);
    call(&world, &away(), "CreateAlias", json!({ "AliasName": "alias/a", "TargetKeyId": id }));
    call(&world, &away(), "ScheduleKeyDeletion", json!({ "KeyId": id, "PendingWindowInDays": 7 }));
    world.clock().advance(days(7));
    assert_eq!(metadata(&world, &home(), &id)["MultiRegionConfiguration"]["ReplicaKeys"], json!([]));
    replicate(&world, &id);
    world.clock().advance(SETTLED);
    let again = &world.kms_keys(&away())[0];
    assert_eq!((again.state.as_str(), again.aliases.len()), ("Enabled", 0));
    assert_eq!(code(&world, &away(), "DescribeKey", json!({ "KeyId": "alias/a" })), "NotFoundException");
    assert_eq!(again.material, world.kms_keys(&home())[0].material);
}

#[test]
fn a_key_that_is_being_made_can_be_managed_but_not_used() {
    let world = World::new();
    let id = primary(&world);
    replicate(&world, &id);
    let creating = format!("{} is creating.", arn(&away(), &id));
    for (operation, input) in [
        ("Encrypt", json!({ "KeyId": id, "Plaintext": "AAAA" })),
        ("DisableKey", json!({ "KeyId": id })),
        ("ScheduleKeyDeletion", json!({ "KeyId": id })),
    ] {
        let refusal = refused(&world, &away(), operation, input);
        assert_eq!(refusal, ("KMSInvalidStateException".into(), creating.clone()), "{operation}");
    }
    call(&world, &away(), "TagResource", json!({ "KeyId": id, "Tags": [{ "TagKey": "a", "TagValue": "b" }] }));
    call(&world, &away(), "CreateAlias", json!({ "AliasName": "alias/a", "TargetKeyId": id }));
    let mut timing = regionmig_testkit::KmsTiming::default();
    timing.creation = jiff::SignedDuration::from_secs(60);
    world.kms_timing(timing);
    let young = primary(&world);
    let input = json!({ "KeyId": young, "ReplicaRegion": "ap-southeast-1" });
    assert_eq!(code(&world, &home(), "ReplicateKey", input.clone()), "KMSInvalidStateException");
    world.clock().advance(Duration::from_secs(60));
    call(&world, &home(), "ReplicateKey", input.clone());
    call(&world, &home(), "DisableKey", json!({ "KeyId": young }));
    let input = json!({ "KeyId": young, "ReplicaRegion": "eu-west-1" });
    assert_eq!(code(&world, &home(), "ReplicateKey", input), "DisabledException");
}

#[test]
fn rotation_is_set_at_the_primary_and_shared() {
    let world = World::new();
    let id = primary(&world);
    replicate(&world, &id);
    world.clock().advance(SETTLED);
    for operation in ["EnableKeyRotation", "DisableKeyRotation", "RotateKeyOnDemand"] {
        assert_eq!(code(&world, &away(), operation, json!({ "KeyId": id })), "UnsupportedOperationException");
    }
    call(&world, &home(), "EnableKeyRotation", json!({ "KeyId": id, "RotationPeriodInDays": 180 }));
    let status = |at: &End| call(&world, at, "GetKeyRotationStatus", json!({ "KeyId": id }));
    assert_eq!(status(&home()), status(&away()));
    assert_eq!(status(&away())["RotationPeriodInDays"], json!(180));
    let sealed =
        call(&world, &home(), "Encrypt", json!({ "KeyId": id, "Plaintext": "AAAA" }))["CiphertextBlob"].clone();
    world.clock().advance(days(181));
    let [home_key, away_key] = [world.kms_keys(&home())[0].clone(), world.kms_keys(&away())[0].clone()];
    assert_eq!((home_key.rotations, &home_key.material), (1, &away_key.material));
    let opened = call(&world, &away(), "Decrypt", json!({ "CiphertextBlob": sealed }));
    assert_eq!(opened["Plaintext"], json!("AAAA"));
    let fresh = call(&world, &away(), "Encrypt", json!({ "KeyId": id, "Plaintext": "AAAA" }))["CiphertextBlob"].clone();
    let opened = call(&world, &home(), "Decrypt", json!({ "CiphertextBlob": fresh }));
    assert_eq!(opened["KeyMaterialId"], json!(home_key.material));
}

#[test]
fn a_primary_waits_for_its_replicas() {
    let world = World::new();
    let id = primary(&world);
    replicate(&world, &id);
    world.clock().advance(SETTLED);
    let answer = call(&world, &home(), "ScheduleKeyDeletion", json!({ "KeyId": id, "PendingWindowInDays": 10 }));
    assert_eq!(
        answer,
        json!({ "KeyId": arn(&home(), &id), "KeyState": "PendingReplicaDeletion", "PendingWindowInDays": 10 })
    );
    let shown = metadata(&world, &home(), &id);
    assert_eq!((&shown["PendingDeletionWindowInDays"], shown.get("DeletionDate")), (&json!(10), None));
    world.clock().advance(days(100));
    assert_eq!(state(&world, &home(), &id), "PendingReplicaDeletion");
    let use_it = json!({ "KeyId": id, "Plaintext": "AAAA" });
    let message = format!("{} is pending replica deletion.", arn(&home(), &id));
    assert_eq!(refused(&world, &home(), "Encrypt", use_it.clone()), ("KMSInvalidStateException".into(), message));
    // The replica goes on.
    call(&world, &away(), "Encrypt", use_it);
    call(&world, &away(), "ScheduleKeyDeletion", json!({ "KeyId": id, "PendingWindowInDays": 7 }));
    world.clock().advance(days(7) - Duration::from_secs(1));
    assert_eq!(state(&world, &home(), &id), "PendingReplicaDeletion");
    world.clock().advance(Duration::from_secs(1));
    assert_eq!(state(&world, &home(), &id), "PendingDeletion");
    world.clock().advance(days(10) - Duration::from_secs(1));
    assert_eq!(state(&world, &home(), &id), "PendingDeletion");
    world.clock().advance(Duration::from_secs(1));
    assert_eq!(code(&world, &home(), "DescribeKey", json!({ "KeyId": id })), "NotFoundException");
}

#[test]
fn cancelling_works_while_replicas_are_waited_for() {
    let world = World::new();
    let id = primary(&world);
    replicate(&world, &id);
    world.clock().advance(SETTLED);
    call(&world, &home(), "ScheduleKeyDeletion", json!({ "KeyId": id }));
    call(&world, &home(), "CancelKeyDeletion", json!({ "KeyId": id }));
    assert_eq!((state(&world, &home(), &id).as_str(), state(&world, &away(), &id).as_str()), ("Disabled", "Enabled"));
}

#[test]
fn related_keys_are_used_each_for_itself() {
    let world = World::new();
    let id = primary(&world);
    replicate(&world, &id);
    world.clock().advance(SETTLED);
    call(&world, &away(), "Encrypt", json!({ "KeyId": id, "Plaintext": "AAAA" }));
    let last = |at: &End| call(&world, at, "GetKeyLastUsage", json!({ "KeyId": id }))["KeyLastUsage"].clone();
    assert_eq!((last(&home()), &last(&away())["Operation"]), (json!({}), &json!("Encrypt")));
}

#[test]
fn a_seeded_replica_is_ready() {
    let world = World::new();
    let seeded = world.kms(&home()).replica_in(&away().region).tag("a", "b").rotation(90).make();
    let replica = &world.kms_keys(&away())[0];
    assert_eq!((replica.state.as_str(), replica.tags["a"].as_str()), ("Enabled", "b"));
    assert_eq!(replica.multi_region.as_ref().unwrap().primary, seeded);
    assert_eq!(replica.arn, seeded.in_region(&away().region).unwrap());
}

#[test]
fn imported_material_is_not_replicated() {
    let world = World::new();
    let id = world.kms(&home()).multi_region().imported(true).make().id().to_owned();
    replicate(&world, &id);
    world.clock().advance(SETTLED);
    assert_eq!(
        (state(&world, &home(), &id).as_str(), state(&world, &away(), &id).as_str()),
        ("Enabled", "PendingImport")
    );
}
