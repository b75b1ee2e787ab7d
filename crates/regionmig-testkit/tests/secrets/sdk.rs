//! Every operation of Secrets Manager, asked by the real SDK.

use aws_sdk_secretsmanager::primitives::Blob;
use aws_sdk_secretsmanager::types::{
    Filter, FilterNameStringType, ReplicaRegionType, RotationRulesType, StatusType, Tag,
};
use regionmig_testkit::World;

use crate::support::{SETTLED, away, client, home, sdk_code};

const FUNCTION: &str = "arn:aws:lambda:eu-central-1:111122223333:function:rotate";

fn tag(key: &str, value: &str) -> Tag {
    Tag::builder().key(key).value(value).build()
}

#[tokio::test]
async fn a_secret_lives_from_creation_to_restoration() {
    let world = World::new();
    let client = client(&world, &home());
    let made = client.create_secret().name("app").secret_string("one").tags(tag("a", "b")).send().await.unwrap();
    let suffix = made.arn().unwrap().rsplit('-').next().unwrap();
    assert!(suffix.len() == 6 && suffix.chars().all(|c| c.is_ascii_alphanumeric()), "{suffix}");
    let first = made.version_id().unwrap();
    let value = client.get_secret_value().secret_id("app").send().await.unwrap();
    assert_eq!((value.secret_string(), value.version_id()), (Some("one"), Some(first)));
    let put = client.put_secret_value().secret_id("app").secret_binary(Blob::new(*b"two")).send().await.unwrap();
    assert_eq!(put.version_stages(), ["AWSCURRENT"]);
    let value = client.get_secret_value().secret_id("app").send().await.unwrap();
    assert_eq!(value.secret_binary().unwrap().as_ref(), b"two");
    let versions = client.list_secret_version_ids().secret_id("app").send().await.unwrap();
    assert_eq!(versions.versions().len(), 2);
    client.update_secret().secret_id("app").description("new").send().await.unwrap();
    client.tag_resource().secret_id("app").tags(tag("c", "d")).send().await.unwrap();
    client.untag_resource().secret_id("app").tag_keys("a").send().await.unwrap();
    let described = client.describe_secret().secret_id("app").send().await.unwrap();
    assert_eq!((described.description(), described.tags()), (Some("new"), [tag("c", "d")].as_slice()));
    client
        .update_secret_version_stage()
        .secret_id("app")
        .version_stage("AWSCURRENT")
        .remove_from_version_id(put.version_id().unwrap())
        .move_to_version_id(first)
        .send()
        .await
        .unwrap();
    let value = client.get_secret_value().secret_id("app").send().await.unwrap();
    assert_eq!(value.secret_string(), Some("one"));
    client.delete_secret().secret_id("app").recovery_window_in_days(7).send().await.unwrap();
    let refused = client.get_secret_value().secret_id("app").send().await;
    assert_eq!(sdk_code(refused), "InvalidRequestException");
    client.restore_secret().secret_id("app").send().await.unwrap();
    client.get_secret_value().secret_id("app").send().await.unwrap();
}

#[tokio::test]
async fn a_replica_lives_from_the_primary_to_promotion() {
    let world = World::new();
    let (client, there) = (client(&world, &home()), client(&world, &away()));
    client.create_secret().name("app").secret_string("one").send().await.unwrap();
    let region = ReplicaRegionType::builder().region("eu-west-1").build();
    let answer =
        client.replicate_secret_to_regions().secret_id("app").add_replica_regions(region.clone()).send().await.unwrap();
    assert_eq!(answer.replication_status()[0].status(), Some(&StatusType::InProgress));
    world.clock().advance(SETTLED);
    let described = client.describe_secret().secret_id("app").send().await.unwrap();
    let status = &described.replication_status()[0];
    assert_eq!((status.status(), status.region()), (Some(&StatusType::InSync), Some("eu-west-1")));
    let replica = there.describe_secret().secret_id("app").send().await.unwrap();
    assert_eq!(replica.primary_region(), Some("eu-central-1"));
    let promoted = there.stop_replication_to_replica().secret_id("app").send().await.unwrap();
    assert_eq!(promoted.arn(), replica.arn());
    there.delete_secret().secret_id("app").force_delete_without_recovery(true).send().await.unwrap();
    client.replicate_secret_to_regions().secret_id("app").add_replica_regions(region).send().await.unwrap();
    world.clock().advance(SETTLED);
    let removed = client.remove_regions_from_replication();
    let removed = removed.secret_id("app").remove_replica_regions("eu-west-1").send().await.unwrap();
    assert!(removed.replication_status().is_empty());
    let gone = there.describe_secret().secret_id("app").send().await;
    assert_eq!(sdk_code(gone), "ResourceNotFoundException");
}

#[tokio::test]
async fn policies_are_put_read_judged_and_deleted() {
    let world = World::new();
    let client = client(&world, &home());
    client.create_secret().name("app").send().await.unwrap();
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"111122223333"},
        "Action":"secretsmanager:GetSecretValue","Resource":"*"}]}"#;
    client.put_resource_policy().secret_id("app").resource_policy(policy).send().await.unwrap();
    let read = client.get_resource_policy().secret_id("app").send().await.unwrap();
    assert_eq!(read.resource_policy(), Some(policy));
    let judged = client.validate_resource_policy().resource_policy(policy).send().await.unwrap();
    assert!(judged.policy_validation_passed());
    client.delete_resource_policy().secret_id("app").send().await.unwrap();
    let read = client.get_resource_policy().secret_id("app").send().await.unwrap();
    assert_eq!(read.resource_policy(), None);
}

#[tokio::test]
async fn a_rotation_is_begun_and_called_off() {
    let world = World::new();
    world.rotation_function(FUNCTION);
    let client = client(&world, &home());
    client.create_secret().name("app").secret_string("one").send().await.unwrap();
    let rules = RotationRulesType::builder().automatically_after_days(30).build();
    let rotate = client.rotate_secret().secret_id("app").rotation_lambda_arn(FUNCTION).rotation_rules(rules);
    let rotated = rotate.send().await.unwrap();
    world.clock().advance(SETTLED);
    let value = client.get_secret_value().secret_id("app").send().await.unwrap();
    assert_eq!(value.version_id(), rotated.version_id());
    client.cancel_rotate_secret().secret_id("app").send().await.unwrap();
    let described = client.describe_secret().secret_id("app").send().await.unwrap();
    assert_eq!((described.rotation_enabled(), described.rotation_lambda_arn()), (Some(false), Some(FUNCTION)));
}

#[tokio::test]
async fn many_values_are_read_at_once_and_what_cannot_be_read_is_named() {
    let world = World::new();
    for name in ["a", "b", "c"] {
        world.secret(&home(), name).value(name).make();
    }
    world.secret(&home(), "gone").deleted(7).make();
    let client = client(&world, &home());
    let batch = client.batch_get_secret_value().secret_id_list("a").secret_id_list("gone").secret_id_list("none");
    let batch = batch.send().await.unwrap();
    assert_eq!(batch.secret_values().len(), 1);
    let codes: Vec<_> = batch.errors().iter().map(|error| error.error_code().unwrap()).collect();
    assert_eq!(codes, ["InvalidRequestException", "ResourceNotFoundException"]);
    let filter = Filter::builder().key(FilterNameStringType::Name).values("b").build();
    let batch = client.batch_get_secret_value().filters(filter).send().await.unwrap();
    assert_eq!(batch.secret_values()[0].secret_string(), Some("b"));
}

#[tokio::test]
async fn a_random_password_has_what_it_must_and_not_what_it_must_not() {
    let client = client(&World::new(), &home());
    let password = client.get_random_password().send().await.unwrap();
    let password = password.random_password().unwrap();
    assert_eq!(password.len(), 32);
    for kind in [char::is_lowercase, char::is_uppercase, char::is_numeric] {
        assert!(password.contains(kind), "{password}");
    }
    let plain = client.get_random_password().password_length(5).exclude_punctuation(true).exclude_numbers(true);
    let plain = plain.exclude_characters("aeiou").send().await.unwrap();
    let plain = plain.random_password().unwrap();
    assert!(plain.len() == 5 && plain.chars().all(|c| c.is_ascii_alphabetic() && !"aeiou".contains(c)), "{plain}");
}
