//! What the secrets of two regions do to each other.

use std::time::Duration;

use regionmig_core::End;
use regionmig_testkit::{Fault, SecretsTiming, World};
use serde_json::{Value, json};

use crate::support::{self, ACCOUNT, SETTLED, away, call, code, end, home, refused, seen, token};

const POLICY: &str =
    r#"{"Statement":{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"*","Resource":"*"}}"#;

fn replicate(world: &World, at: &End, region: &str, key: Option<&str>, force: bool) -> Value {
    let mut entry = json!({ "Region": region });
    if let Some(key) = key {
        entry["KmsKeyId"] = json!(key);
    }
    let input = json!({ "SecretId": "a", "AddReplicaRegions": [entry], "ForceOverwriteReplicaSecret": force });
    call(world, at, "ReplicateSecretToRegions", input)
}

fn put(world: &World, at: &End, n: u32, text: &str) -> Value {
    call(world, at, "PutSecretValue", json!({ "SecretId": "a", "SecretString": text, "ClientRequestToken": token(n) }))
}

/// Status and message of the one replica.
fn status(world: &World) -> (String, String) {
    let replica = seen(world, &home(), "a").replicas.remove(0);
    (replica.status, replica.message.unwrap_or_default())
}

fn replicated() -> World {
    let world = World::new();
    world.secret(&home(), "a").value("one").previous("before").tag("k", "v").description("d").policy(POLICY).make();
    replicate(&world, &home(), "eu-west-1", None, false);
    world.clock().advance(SETTLED);
    world
}

#[test]
fn a_replica_comes_late_and_is_its_primary_in_all_but_region_and_key() {
    let world = World::new();
    let key = world.kms_key(&away());
    let arn = world.secret(&home(), "a").value("one").previous("before").tag("k", "v").policy(POLICY).make();
    let answer = replicate(&world, &home(), "eu-west-1", Some(key.as_str()), false);
    assert_eq!(answer["ReplicationStatus"][0]["Status"], "InProgress");
    world.clock().advance(SETTLED - Duration::from_millis(1));
    assert_eq!(code(&world, &away(), "DescribeSecret", json!({ "SecretId": "a" })), "ResourceNotFoundException");
    world.clock().advance(Duration::from_millis(1));
    assert_eq!(status(&world).0, "InSync");
    let (primary, replica) = (seen(&world, &home(), "a"), seen(&world, &away(), "a"));
    assert_eq!(replica.arn.as_str(), arn.as_str().replace("eu-central-1", "eu-west-1"));
    assert_eq!(
        (&replica.versions, &replica.tags, &replica.policy),
        (&primary.versions, &primary.tags, &primary.policy)
    );
    assert_eq!((replica.key.as_deref(), replica.primary_region), (Some(key.as_str()), Some(home().region)));
    assert_eq!(call(&world, &away(), "GetSecretValue", json!({ "SecretId": "a" }))["SecretString"], "one");
}

#[test]
fn the_ledger_names_the_replica() {
    let world = World::new();
    let arn = world.secret(&home(), "a").make();
    let refusal = Fault::lost_answer("secretsmanager:Nothing");
    world.fault(refusal);
    world.ledger().clear();
    let client = support::client(&world, &home());
    let region = aws_sdk_secretsmanager::types::ReplicaRegionType::builder().region("eu-west-1").build();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let request = client.replicate_secret_to_regions().secret_id("a").add_replica_regions(region).send();
    runtime.block_on(request).unwrap();
    let ledger = world.ledger();
    let entry = ledger.mutations().next().unwrap();
    assert_eq!(entry.resource, Some(arn.as_str().replace("eu-central-1", "eu-west-1")));
}

#[test]
fn what_changes_at_the_primary_reaches_the_replica() {
    let world = replicated();
    put(&world, &home(), 2, "two");
    let tags = json!({ "SecretId": "a", "Tags": [{ "Key": "n", "Value": "m" }] });
    call(&world, &home(), "TagResource", tags);
    call(&world, &home(), "DeleteResourcePolicy", json!({ "SecretId": "a" }));
    call(&world, &home(), "UpdateSecret", json!({ "SecretId": "a", "Description": "new" }));
    assert_eq!(status(&world).0, "InProgress");
    assert_eq!(seen(&world, &away(), "a").text("AWSCURRENT"), Some("one"));
    world.clock().advance(SETTLED);
    let (primary, replica) = (seen(&world, &home(), "a"), seen(&world, &away(), "a"));
    assert_eq!(replica.text("AWSCURRENT"), Some("two"));
    assert_eq!((replica.versions, replica.tags), (primary.versions, primary.tags));
    assert_eq!((replica.policy, replica.description), (None, Some("new".to_owned())));
}

#[test]
fn a_replica_refuses_every_write_but_that_of_its_key() {
    let world = replicated();
    let key = world.kms_key(&away());
    let writes = [
        ("PutSecretValue", json!({ "SecretString": "x", "ClientRequestToken": token(3) })),
        ("UpdateSecret", json!({ "Description": "x" })),
        ("PutResourcePolicy", json!({ "ResourcePolicy": POLICY })),
        ("DeleteResourcePolicy", json!({})),
        ("TagResource", json!({ "Tags": [] })),
        ("UntagResource", json!({ "TagKeys": [] })),
        ("RotateSecret", json!({ "ClientRequestToken": token(3) })),
        ("CancelRotateSecret", json!({})),
        ("DeleteSecret", json!({})),
        ("ReplicateSecretToRegions", json!({ "AddReplicaRegions": [{ "Region": "eu-north-1" }] })),
        ("RemoveRegionsFromReplication", json!({ "RemoveReplicaRegions": ["eu-north-1"] })),
        ("UpdateSecretVersionStage", json!({ "VersionStage": "x", "MoveToVersionId": token(1) })),
    ];
    for (operation, mut input) in writes {
        input["SecretId"] = json!("a");
        let (code, message) = refused(&world, &away(), operation, input);
        assert_eq!(code, "InvalidParameterException", "{operation}");
        assert!(message.starts_with("Operation not permitted on a replica secret."), "{operation}: {message}");
    }
    call(&world, &away(), "UpdateSecret", json!({ "SecretId": "a", "KmsKeyId": key.as_str() }));
    assert_eq!(seen(&world, &away(), "a").key.as_deref(), Some(key.as_str()));
    put(&world, &home(), 2, "two");
    world.clock().advance(SETTLED);
    assert_eq!(seen(&world, &away(), "a").key.as_deref(), Some(key.as_str()), "and it stays that");
}

#[test]
fn a_name_that_is_taken_fails_and_stays_as_it_is_unless_forced() {
    let world = World::new();
    world.secret(&home(), "a").value("one").make();
    let own = world.secret(&away(), "a").value("its own").make();
    replicate(&world, &home(), "eu-west-1", None, false);
    world.clock().advance(SETTLED);
    let (is, why) = status(&world);
    assert_eq!(is, "Failed");
    assert!(why.contains("already exists in region eu-west-1"), "{why}");
    assert_eq!((seen(&world, &away(), "a").arn, seen(&world, &away(), "a").text("AWSCURRENT")), (own, Some("its own")));
    let remove = json!({ "SecretId": "a", "RemoveReplicaRegions": ["eu-west-1"] });
    call(&world, &home(), "RemoveRegionsFromReplication", remove);
    assert_eq!(seen(&world, &away(), "a").text("AWSCURRENT"), Some("its own"), "what is no replica is not removed");
    replicate(&world, &home(), "eu-west-1", None, true);
    world.clock().advance(SETTLED);
    assert_eq!(status(&world).0, "InSync");
    let replica = seen(&world, &away(), "a");
    assert_eq!(replica.text("AWSCURRENT"), Some("one"));
    assert_eq!(replica.arn.as_str().rsplit('-').next(), seen(&world, &home(), "a").arn.as_str().rsplit('-').next());
}

#[test]
fn a_key_that_cannot_be_used_fails_the_replica_and_a_second_try_repairs_it() {
    let disabled = |world: &World| world.kms(&away()).disabled().make().to_string();
    let doomed = |world: &World| world.kms(&away()).pending_deletion(7).make().to_string();
    let elsewhere = |world: &World| world.kms_key(&home()).to_string();
    let missing = |_: &World| format!("arn:aws:kms:eu-west-1:{ACCOUNT}:key/12345678-1234-1234-1234-123456789012");
    let keys: [&dyn Fn(&World) -> String; 4] = [&disabled, &doomed, &elsewhere, &missing];
    for key in keys {
        let world = World::new();
        world.secret(&home(), "a").make();
        replicate(&world, &home(), "eu-west-1", Some(&key(&world)), false);
        world.clock().advance(SETTLED);
        assert_eq!(status(&world).0, "Failed");
        assert!(status(&world).1.contains("KMS key"), "{}", status(&world).1);
        assert!(world.find_secret(&away(), "a").is_none());
        let remove = json!({ "SecretId": "a", "RemoveReplicaRegions": ["eu-west-1"] });
        call(&world, &home(), "RemoveRegionsFromReplication", remove);
        replicate(&world, &home(), "eu-west-1", None, false);
        world.clock().advance(SETTLED);
        assert_eq!(status(&world).0, "InSync");
    }
}

#[test]
fn keys_that_may_not_be_used_fail_the_replica() {
    for (action, at) in [("kms:GenerateDataKey", away()), ("kms:Encrypt", away()), ("kms:Decrypt", home())] {
        let world = World::new();
        let (own, there) = (world.kms_key(&home()), world.kms_key(&away()));
        world.secret(&home(), "a").key(own.as_str()).make();
        world.fault(Fault::access_denied(action).at(&at));
        replicate(&world, &home(), "eu-west-1", Some(there.as_str()), false);
        world.clock().advance(SETTLED);
        assert_eq!(status(&world).0, "Failed", "{action}");
        assert!(status(&world).1.contains("No permissions"), "{}", status(&world).1);
    }
}

#[test]
fn regions_that_are_not_enabled_or_of_another_partition_or_the_same_are_refused() {
    let world = World::new();
    world.secret(&home(), "a").make();
    world.disable_region(&end("me-south-1"));
    for region in ["me-south-1", "cn-north-1", "eu-central-1"] {
        let input = json!({ "SecretId": "a", "AddReplicaRegions": [{ "Region": region }] });
        let expected = ("InvalidParameterException".to_owned(), "Invalid replica region.".to_owned());
        assert_eq!(refused(&world, &home(), "ReplicateSecretToRegions", input), expected, "{region}");
    }
    replicate(&world, &home(), "eu-west-1", None, false);
    let again = json!({ "SecretId": "a", "AddReplicaRegions": [{ "Region": "eu-west-1" }] });
    assert_eq!(code(&world, &home(), "ReplicateSecretToRegions", again), "InvalidParameterException");
}

#[test]
fn a_secret_of_a_service_cannot_be_replicated() {
    let world = World::new();
    world.secret(&home(), "a").managed_by("rds").make();
    let input = json!({ "SecretId": "a", "AddReplicaRegions": [{ "Region": "eu-west-1" }] });
    let (code, message) = refused(&world, &home(), "ReplicateSecretToRegions", input);
    assert_eq!(code, "InvalidRequestException");
    assert!(message.contains("rds"), "{message}");
}

#[test]
fn a_promoted_replica_stands_alone_under_the_same_arn() {
    let world = replicated();
    let before = seen(&world, &away(), "a");
    put(&world, &home(), 2, "on its way");
    let answer = call(&world, &away(), "StopReplicationToReplica", json!({ "SecretId": before.arn.as_str() }));
    assert_eq!(answer, json!({ "ARN": before.arn.as_str() }));
    world.clock().advance(SETTLED);
    let (primary, promoted) = (seen(&world, &home(), "a"), seen(&world, &away(), "a"));
    assert!(primary.replicas.is_empty() && promoted.primary_region.is_none());
    assert_eq!((&promoted.arn, promoted.text("AWSCURRENT")), (&before.arn, Some("one")));
    let described = call(&world, &home(), "DescribeSecret", json!({ "SecretId": "a" }));
    assert!(described.get("ReplicationStatus").is_none() && described.get("PrimaryRegion").is_none());
    put(&world, &away(), 3, "its own");
    call(&world, &home(), "DeleteSecret", json!({ "SecretId": "a" }));
    assert_eq!(seen(&world, &away(), "a").text("AWSCURRENT"), Some("its own"));
    assert_eq!(
        code(&world, &away(), "StopReplicationToReplica", json!({ "SecretId": "a" })),
        "InvalidParameterException"
    );
}

#[test]
fn a_promoted_secret_goes_back_over_the_original_by_force() {
    let world = replicated();
    call(&world, &away(), "StopReplicationToReplica", json!({ "SecretId": "a" }));
    put(&world, &away(), 3, "from the other side");
    replicate(&world, &away(), "eu-central-1", None, true);
    world.clock().advance(SETTLED);
    let back = seen(&world, &home(), "a");
    assert_eq!(
        (back.text("AWSCURRENT"), back.primary_region.clone()),
        (Some("from the other side"), Some(away().region))
    );
}

#[test]
fn a_primary_that_has_replicas_cannot_be_deleted_and_a_removed_replica_is_gone_at_once() {
    let world = replicated();
    let (code, message) = refused(&world, &home(), "DeleteSecret", json!({ "SecretId": "a" }));
    assert_eq!(code, "InvalidParameterException");
    assert!(message.contains("still has replica regions [eu-west-1]"), "{message}");
    let remove = json!({ "SecretId": "a", "RemoveReplicaRegions": ["eu-west-1"] });
    call(&world, &home(), "RemoveRegionsFromReplication", remove);
    assert!(world.find_secret(&away(), "a").is_none());
    call(&world, &home(), "DeleteSecret", json!({ "SecretId": "a" }));
}

#[test]
fn what_is_removed_before_it_has_come_never_comes() {
    let world = World::new();
    world.secret(&home(), "a").make();
    replicate(&world, &home(), "eu-west-1", None, false);
    let remove = json!({ "SecretId": "a", "RemoveReplicaRegions": ["eu-west-1"] });
    call(&world, &home(), "RemoveRegionsFromReplication", remove);
    world.clock().advance(SETTLED);
    assert!(world.find_secret(&away(), "a").is_none());
}

#[test]
fn a_secret_can_be_made_with_replicas() {
    let world = World::new();
    let input = json!({
        "Name": "a", "SecretString": "one", "ClientRequestToken": token(1),
        "AddReplicaRegions": [{ "Region": "eu-west-1" }, { "Region": "eu-north-1" }],
    });
    let made = call(&world, &home(), "CreateSecret", input.clone());
    assert_eq!(made["ReplicationStatus"].as_array().unwrap().len(), 2);
    assert_eq!(call(&world, &home(), "CreateSecret", input)["ARN"], made["ARN"], "the same request makes one secret");
    world.clock().advance(SETTLED);
    for region in ["eu-west-1", "eu-north-1"] {
        assert_eq!(seen(&world, &end(region), "a").text("AWSCURRENT"), Some("one"));
    }
}

#[test]
fn a_fork_made_on_the_way_and_another_pace_do_not_disturb_each_other() {
    let world = World::new();
    let mut timing = SecretsTiming::default();
    timing.replication = jiff::SignedDuration::from_mins(10);
    world.secrets_timing(timing);
    world.secret(&home(), "a").make();
    replicate(&world, &home(), "eu-west-1", None, false);
    let fork = world.fork();
    fork.clock().advance(Duration::from_secs(600));
    assert!(fork.find_secret(&away(), "a").is_some() && world.find_secret(&away(), "a").is_none());
}

#[test]
fn a_stale_read_does_not_know_the_replica_yet() {
    let world = World::new();
    world.fault(Fault::stale("secretsmanager:DescribeSecret", Duration::from_secs(3)).in_region("eu-west-1"));
    world.secret(&home(), "a").make();
    replicate(&world, &home(), "eu-west-1", None, false);
    world.clock().advance(SETTLED);
    let client = support::client(&world, &away());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let described = runtime.block_on(client.describe_secret().secret_id("a").send());
    assert_eq!(support::sdk_code(described), "ResourceNotFoundException");
    world.clock().advance(Duration::from_secs(3));
    runtime.block_on(client.describe_secret().secret_id("a").send()).unwrap();
}
