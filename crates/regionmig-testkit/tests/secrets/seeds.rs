//! Secrets that are there before a test begins.

use std::collections::BTreeSet;

use regionmig_testkit::{World, every_kind_of_secret, reference_secrets};
use serde_json::json;

use crate::support::{self, away, call, client, home, seen};

#[test]
fn a_seed_is_what_was_said_of_it_at_every_end() {
    let world = World::new();
    let key = world.kms(&away()).make();
    let function = "arn:aws:lambda:eu-central-1:111122223333:function:rotate";
    let arn = world
        .secret(&home(), "app/db")
        .value("now")
        .previous("before")
        .pending("soon")
        .labelled("blue", "other")
        .description("a description")
        .tag("aws:owner", "x")
        .policy("{}")
        .rotation(function, 30)
        .replica("eu-west-1".parse().unwrap(), Some(key.to_string()))
        .failed_replica("eu-north-1".parse().unwrap(), "no")
        .make();
    let secret = seen(&world, &home(), "app/db");
    assert_eq!(secret.arn, arn);
    let texts = ["AWSCURRENT", "AWSPREVIOUS", "AWSPENDING", "blue"].map(|stage| secret.text(stage).unwrap());
    assert_eq!(texts, ["now", "before", "soon", "other"]);
    let rotation = secret.rotation.unwrap();
    assert_eq!((rotation.function.as_deref(), rotation.days, rotation.enabled), (Some(function), Some(30), true));
    let replicas: Vec<_> = secret.replicas.iter().map(|one| (one.region.as_str(), one.status.as_str())).collect();
    assert_eq!(replicas, [("eu-north-1", "Failed"), ("eu-west-1", "InSync")]);
    let replica = seen(&world, &away(), "app/db");
    assert_eq!(replica.arn.as_str(), arn.as_str().replace("eu-central-1", "eu-west-1"));
    assert_eq!((replica.versions, replica.tags), (secret.versions, secret.tags));
    assert_eq!((replica.key, replica.primary_region), (Some(key.to_string()), Some(home().region)));
}

#[test]
fn no_output_of_a_view_shows_a_value() {
    let world = World::new();
    world.secret(&home(), "a").value("hush").previous("hushed").make();
    assert!(!format!("{:?}", seen(&world, &home(), "a")).contains("hush"));
}

#[tokio::test]
async fn every_kind_of_secret_can_be_read_as_aws_answers_it() {
    let world = World::new();
    every_kind_of_secret(&world, &home());
    let client = client(&world, &home());
    let listed = client.list_secrets().include_planned_deletion(true).send().await.unwrap();
    assert_eq!(listed.secret_list().len(), 22);
    for secret in listed.secret_list() {
        let described = client.describe_secret().secret_id(secret.arn().unwrap()).send().await.unwrap();
        assert_eq!((described.name(), described.kms_key_id()), (secret.name(), secret.kms_key_id()));
    }
    let names: BTreeSet<String> = world.secrets(&home()).into_iter().map(|secret| secret.name).collect();
    let policy = seen(&world, &home(), "kinds/policy");
    assert!(policy.policy.unwrap().contains(policy.arn.as_str()), "a policy names its own secret");
    assert!(names.iter().any(|name| name.len() > 500) && names.contains("kinds/no-value"));
}

#[test]
fn a_reference_account_has_enough_secrets_and_keys_and_is_always_the_same() {
    let world = World::new();
    reference_secrets(&world, &home());
    let secrets = world.secrets(&home());
    assert_eq!(secrets.len(), 76);
    let keys: BTreeSet<_> = secrets.iter().filter_map(|secret| secret.key.clone()).collect();
    assert!(keys.len() >= 25, "{}", keys.len());
    let other = World::new();
    reference_secrets(&other, &home());
    assert_eq!(secrets, other.secrets(&home()));
}

#[test]
fn a_fork_goes_its_own_way() {
    let world = World::new();
    world.secret(&home(), "a").value("one").make();
    let fork = world.fork();
    let input = json!({ "SecretId": "a", "SecretString": "two", "ClientRequestToken": support::token(1) });
    call(&fork, &home(), "PutSecretValue", input);
    assert_eq!(seen(&world, &home(), "a").text("AWSCURRENT"), Some("one"));
    assert_eq!(seen(&fork, &home(), "a").text("AWSCURRENT"), Some("two"));
}
