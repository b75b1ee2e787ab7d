//! Worlds that begin as another is.

use std::time::{Duration, Instant};

use regionmig_testkit::{Fault, World};
use serde_json::json;

use crate::{HERE, THERE, client, end, names, put, sts, world};

#[tokio::test]
async fn a_fork_begins_as_its_world_is_and_then_goes_its_own_way() {
    let (world, _) = world();
    put(&client(&world, HERE), "a").await.unwrap();
    world.clock().advance(Duration::from_secs(5));
    let fork = world.fork();
    assert_eq!(fork.clock().now(), world.clock().now());
    put(&client(&fork, HERE), "b").await.unwrap();
    put(&client(&world, HERE), "c").await.unwrap();
    assert_eq!(names(&client(&fork, HERE)).await, ["a", "b"]);
    assert_eq!(names(&client(&world, HERE)).await, ["a", "c"]);
    fork.clock().advance(Duration::from_secs(5));
    assert_ne!(fork.clock().now(), world.clock().now());
    fork.ledger().clear();
    assert_eq!((fork.ledger().count("*"), world.ledger().count("dynamodb:PutItem")), (0, 2));
}

#[tokio::test]
async fn a_fork_takes_faults_and_what_is_on_its_way_along() {
    let (world, _) = world();
    world.fault(Fault::access_denied("dynamodb:PutItem").nth(3));
    world.fault(Fault::late_execution("dynamodb:PutItem", Duration::from_secs(60)).once());
    assert!(put(&client(&world, HERE), "a").await.is_err());
    let fork = world.fork();
    world.clear_faults();
    for name in ["b", "c"] {
        put(&client(&world, HERE), name).await.unwrap();
    }
    put(&client(&fork, HERE), "b").await.unwrap();
    assert!(put(&client(&fork, HERE), "c").await.is_err(), "the third, counted over both");
    fork.clock().advance(Duration::from_secs(60));
    assert_eq!(names(&client(&fork, HERE)).await, ["b", "a"]);
    assert_eq!(names(&client(&world, HERE)).await, ["b", "c"]);
}

#[tokio::test]
async fn two_forks_draw_the_same_ids() {
    async fn key(world: &World) -> String {
        let assume = sts(world).assume_role().role_arn("arn:aws:iam::444455556666:role/r").role_session_name("me");
        assume.send().await.unwrap().credentials.unwrap().access_key_id
    }
    let world = World::seeded(7);
    let (one, two) = (world.fork(), world.fork());
    assert_eq!(key(&one).await, key(&two).await);
    assert_ne!(key(&one).await, key(&World::seeded(8)).await);
}

#[tokio::test]
async fn what_is_plugged_is_an_own_state_at_each_end_and_can_be_set_and_read() {
    let (world, table) = world();
    table.put(&end(THERE), vec![json!({ "name": { "S": "x" } })]);
    assert_eq!(names(&client(&world, THERE)).await, ["x"]);
    assert_eq!(names(&client(&world, HERE)).await, [""; 0]);
    put(&client(&world, HERE), "y").await.unwrap();
    assert_eq!(table.get(&end(HERE)), [json!({ "name": { "S": "y" } })]);
    let fork = world.fork();
    put(&client(&fork, HERE), "z").await.unwrap();
    assert_eq!(
        (table.get(&end(HERE)).len(), fork.plugged::<Vec<serde_json::Value>>("dynamodb").get(&end(HERE)).len()),
        (1, 2)
    );
    let ledger = world.ledger();
    assert_eq!(ledger.requests().map(|entry| entry.mutating).collect::<Vec<_>>(), [false, false, true]);
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "the machine's time is what is measured")]
async fn a_thousand_forks_cost_little() {
    let (world, _) = world();
    let client = client(&world, HERE);
    for n in 0..100 {
        put(&client, &n.to_string()).await.unwrap();
    }
    let begun = Instant::now();
    let forks: Vec<_> = (0..1000).map(|_| world.fork()).collect();
    assert_eq!(forks.len(), 1000);
    assert!(begun.elapsed() < Duration::from_secs(5));
}
