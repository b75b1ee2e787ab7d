//! The service by itself keeps every promise of a service.

use regionmig::secrets::{Mode, Secrets};
use regionmig_testkit::{World, conforms};

use crate::account::route;

/// Secrets that need no key, each way on: to be replicated, replicated, promoted, in vain, taken.
fn without_keys() -> World {
    let world = World::new();
    let (source, target) = (route().source, route().target);
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/app"},"Action":"secretsmanager:GetSecretValue","Resource":"arn:aws:secretsmanager:me-central-1:111122223333:secret:with/policy-*"}]}"#;
    world.secret(&source, "plain").previous("zero").value("one").make();
    world.secret(&source, "with/policy").value("one").policy(policy).tag("a", "b").make();
    world.secret(&source, "there").value("one").replica(target.region.clone(), None).make();
    world.secret(&source, "in/vain").value("one").failed_replica(target.region.clone(), "the name was taken").make();
    world.secret(&source, "taken").value("ours").make();
    world.secret(&target, "taken").value("theirs").make();
    world
        .secret(&source, "rotated")
        .value("one")
        .external_rotation("arn:aws:iam::111122223333:role/partner", &[("a", "b")])
        .kind("SalesforceClientSecret")
        .make();
    world
}

#[tokio::test]
async fn secrets_that_stay_linked_conform() {
    let conformed = conforms(without_keys, |access| Secrets::new(access).overwrite("taken")).await;
    println!("shown: conforms_secrets_replicate {conformed}");
}

#[tokio::test]
async fn secrets_that_are_promoted_conform() {
    let make = |access: &_| Secrets::new(access).mode(Mode::ReplicateAndPromote).overwrite("taken");
    let conformed = conforms(without_keys, make).await;
    println!("shown: conforms_secrets_promote {conformed}");
}
