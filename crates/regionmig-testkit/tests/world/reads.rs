//! Reads that tell of the past.

use std::time::Duration;

use regionmig_testkit::Fault;
use serde_json::json;

use crate::{HERE, client, end, names, put, world};

#[tokio::test]
async fn a_stale_read_shows_what_was_that_long_ago() {
    let (world, _) = world();
    let client = client(&world, HERE);
    put(&client, "before").await.unwrap();
    world.fault(Fault::stale("dynamodb:Scan", Duration::from_secs(60)));
    put(&client, "a").await.unwrap();
    world.clock().advance(Duration::from_secs(30));
    put(&client, "b").await.unwrap();
    assert_eq!(names(&client).await, ["before"]);
    world.clock().advance(Duration::from_secs(30));
    assert_eq!(names(&client).await, ["before", "a"]);
    world.clock().advance(Duration::from_secs(29));
    assert_eq!(names(&client).await, ["before", "a"]);
    world.clock().advance(Duration::from_secs(1));
    assert_eq!(names(&client).await, ["before", "a", "b"]);
}

#[tokio::test]
async fn a_stale_read_changes_nothing_and_mutations_see_the_present() {
    let (world, _) = world();
    let client = client(&world, HERE);
    world.fault(Fault::stale("*", Duration::from_secs(600)));
    put(&client, "a").await.unwrap();
    assert_eq!(names(&client).await, [""; 0]);
    assert!(put(&client, "a").await.is_err());
    world.clear_faults();
    assert_eq!(names(&client).await, ["a"]);
}

#[tokio::test]
async fn a_flapping_read_shows_a_thing_come_and_go() {
    let (world, _) = world();
    let client = client(&world, HERE);
    world.fault(Fault::stale("dynamodb:Scan", Duration::from_secs(60)).flapping(0.5));
    put(&client, "a").await.unwrap();
    let mut seen = Vec::new();
    for _ in 0..40 {
        seen.push(names(&client).await.len());
    }
    assert!(seen.is_sorted_by(|_, _| true) && seen.contains(&0) && seen.contains(&1));
    assert!(!seen.is_sorted() && !seen.iter().rev().is_sorted());
}

#[tokio::test]
async fn what_is_put_by_hand_is_history_too() {
    let (world, table) = world();
    let client = client(&world, HERE);
    world.fault(Fault::stale("dynamodb:Scan", Duration::from_secs(60)));
    table.put(&end(HERE), vec![json!({ "name": { "S": "a" } })]);
    assert_eq!(names(&client).await, [""; 0]);
    world.clock().advance(Duration::from_secs(60));
    assert_eq!(names(&client).await, ["a"]);
}
