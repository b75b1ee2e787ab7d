//! The world and what this family sends it, judged by AWS's own model of KMS and by clients in another language.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "fidelity/python.rs"]
mod python;
#[path = "fidelity/tap.rs"]
mod tap;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use jiff::SignedDuration;
use regionmig_aws::Access;
use regionmig_core::{ApplyOptions, MemoryJournal, Migration, Route};
use regionmig_kms::Kms;
use regionmig_testkit::{KmsTiming, World, every_kind_of_key, other_keys, reference_account};
use serde_json::Value;
use tap::Tap;

/// What the Python side is made of: clients, cryptography that is not the world's, and another stand-in for AWS.
const PACKAGES: [&str; 3] = ["boto3==1.44.8", "cryptography==50.0.2", "moto[kms,server]==5.2.5"];

/// A third one, which does not go with the others.
const MINISTACK: [&str; 2] = ["cryptography==50.0.2", "ministack==1.5.33"];

#[tokio::test]
async fn requests_and_answers_are_as_the_models_say() {
    let Some(python) = python::with(&PACKAGES) else {
        println!("skipped: fidelity_kms botocore (no Python that can have it)");
        return;
    };
    let lines = migrated().await;
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("fidelity-exchanges.jsonl");
    fs::write(&file, lines.join("\n")).unwrap();

    let world = World::new();
    world.kms_timing(at_once());
    let face = world.serve().unwrap();
    let said = python.run("run.py", &[&face.url, file.to_str().unwrap()]);
    let said: Value = serde_json::from_str(&said).unwrap();
    let none: [&str; 0] = [];
    assert_eq!(said["complaints"], serde_json::json!(none));
    assert_eq!(said["missed"], serde_json::json!(none), "operations that the scenario does not use");
    println!(
        "shown: fidelity_kms botocore validated {} requests and {} answers with 0 complaints",
        said["requests"], said["answers"]
    );
}

#[test]
fn where_other_stand_ins_differ_is_listed() {
    let (Some(python), Some(ministack)) = (python::with(&PACKAGES), python::with(&MINISTACK)) else {
        println!("skipped: fidelity_kms peers (no Python that can have them)");
        return;
    };
    let world = World::new();
    world.kms_timing(at_once());
    let face = world.serve().unwrap();
    let found = python.run("peers.py", &[&face.url, ministack.path(), env!("CARGO_TARGET_TMPDIR")]);
    let document = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/fidelity.md")).unwrap();
    let (_, section) = document.split_once("\n## Peers\n").unwrap();
    let section = section.split("\n## ").next().unwrap();
    let is_listed = |row: &&str| section.lines().any(|line| line.starts_with(row) && line.len() > row.len() + 4);
    let unlisted: Vec<&str> = found.lines().filter(|row| !is_listed(row)).collect();
    assert!(unlisted.is_empty(), "differences that are not listed, or not so:\n{}", unlisted.join("\n"));
    let listed = section.lines().filter(|line| line.starts_with("| `")).count();
    assert_eq!(listed, found.lines().count(), "a difference that is gone must not be listed:\n{found}");
    println!("shown: fidelity_kms peers: differences listed {listed} of {}", found.lines().count());
}

/// Migrates accounts, some of them over keys that are there. Returns what went over the wire, a JSON each.
async fn migrated() -> Vec<String> {
    let end = |text: &str| text.parse().unwrap();
    let route = Route::new(end("111122223333/me-central-1"), end("111122223333/eu-central-1")).unwrap();
    let mut lines = Vec::new();
    for fill in [every_kind_of_key, reference_account, other_keys] {
        let world = World::new();
        fill(&world, &route.source);
        let tap = Tap::new(&world);
        let access = Access::new(&tap.config()).with_clock(world.clock());
        let migration = Migration::new(route.clone(), &access).with(Kms::new(&access));
        for _ in 0..2 {
            let plan = migration.plan(&migration.survey().await.unwrap()).unwrap();
            migration.preflight(&plan).await.unwrap();
            let options = ApplyOptions::default().allow_overwriting();
            let outcome = migration.apply(&plan, &MemoryJournal::default(), &options).await.unwrap();
            let verification = migration.verify(outcome.ids()).await.unwrap();
            assert!(!verification.checks.is_empty());
            // Something to overwrite, the second time.
            for key in world.kms_keys(&route.target) {
                let change = serde_json::json!({ "KeyId": key.arn, "Description": "changed" });
                let _refused = world.ask(&route.target, "kms:UpdateKeyDescription", change);
            }
        }
        lines.extend(tap.lines());
    }
    let operations: BTreeSet<String> = lines.iter().map(|line| operation(line)).collect();
    assert!(operations.len() >= 14, "{operations:?}");
    lines
}

fn operation(line: &str) -> String {
    serde_json::from_str::<Value>(line).unwrap()["operation"].as_str().unwrap().to_owned()
}

/// Other languages live by the machine's clock, which does not move the world's.
fn at_once() -> KmsTiming {
    let mut timing = KmsTiming::default();
    for time in [&mut timing.connection, &mut timing.promotion, &mut timing.replication, &mut timing.rotation] {
        *time = SignedDuration::ZERO;
    }
    timing
}
