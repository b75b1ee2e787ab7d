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
use regionmig_core::{ApplyOptions, End, MemoryJournal, Migration, Route, Secret};
use regionmig_kms::{AliasConflict, KeyMaterials, Kms};
use regionmig_testkit::{KeyView, KmsTiming, World, every_kind_of_key, other_keys, reference_account};
use serde_json::{Value, json};
use tap::Tap;

/// What the Python side is made of: clients, cryptography that is not the world's, and another stand-in for AWS.
const PACKAGES: [&str; 5] =
    ["boto3==1.44.8", "cryptography==50.0.2", "flask==3.1.3", "flask-cors==6.0.5", "moto==5.2.5"];

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
    let said = python.run("run.py", &[&face.url, file.to_str().unwrap(), "kms", "scenario"]).unwrap();
    let said: Value = serde_json::from_str(&said).unwrap();
    let none: [&str; 0] = [];
    assert_eq!(said["complaints"], json!(none));
    assert_eq!(said["missed"], json!(none), "operations that the scenario does not use");
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
    let Some(found) = python.run("peers.py", &[&face.url, ministack.path(), env!("CARGO_TARGET_TMPDIR")]) else {
        println!("skipped: fidelity_kms peers (they do not start)");
        return;
    };
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

/// Migrates accounts, over and over while somebody interferes. Returns what went over the wire, a JSON each.
async fn migrated() -> Vec<String> {
    let end = |text: &str| text.parse().unwrap();
    let route = Route::new(end("111122223333/me-central-1"), end("111122223333/eu-central-1")).unwrap();
    let mut lines = Vec::new();
    for fill in [every_kind_of_key, reference_account, other_keys] {
        let world = World::new();
        fill(&world, &route.source);
        let tap = Tap::new(&world, "TrentService");
        let access = Access::new(&tap.config()).with_clock(world.clock());
        let plain = Kms::new(&access).on_alias_conflict(AliasConflict::Repoint);
        for kms in [plain.clone(), plain, with_all_options(&world, &route, &access)] {
            let migration = Migration::new(route.clone(), &access).with(kms);
            let plan = migration.plan(&migration.survey().await.unwrap()).unwrap();
            migration.preflight(&plan).await.unwrap();
            let options = ApplyOptions::default().allow_overwriting();
            let outcome = migration.apply(&plan, &MemoryJournal::default(), &options).await.unwrap();
            let verification = migration.verify(outcome.ids()).await.unwrap();
            assert!(!verification.checks.is_empty());
            interfere(&world, &route.target);
        }
        lines.extend(tap.lines());
        lines.extend(taken_back(fill, &route).await);
    }
    let operations: BTreeSet<String> = lines.iter().map(|line| operation(line)).collect();
    assert!(operations.len() >= 28, "{operations:?}");
    lines
}

/// Migrates an account and takes it all back. Returns what went over the wire.
async fn taken_back(fill: fn(&World, &End), route: &Route) -> Vec<String> {
    let world = World::new();
    fill(&world, &route.source);
    let tap = Tap::new(&world, "TrentService");
    let access = Access::new(&tap.config()).with_clock(world.clock());
    let migration = Migration::new(route.clone(), &access).with(with_all_options(&world, route, &access));
    let journal = MemoryJournal::default();
    let plan = migration.plan(&migration.survey().await.unwrap()).unwrap();
    let applied = migration.apply(&plan, &journal, &ApplyOptions::default().allow_overwriting()).await.unwrap();
    assert!(applied.ids().iter().next().is_some(), "{applied}");
    let reverted = migration.revert(&plan, &journal, &ApplyOptions::default()).await.unwrap();
    assert_eq!(reverted.failed().count(), 0, "{reverted}");
    tap.lines()
}

/// Returns a migration of keys that asks for all that can be asked for.
fn with_all_options(world: &World, route: &Route, access: &Access) -> Kms {
    let keys = world.kms_keys(&route.source);
    let mut kms = Kms::new(access).add_tag("moved", "yes").as_multi_region().on_alias_conflict(AliasConflict::Adopt);
    kms = kms.bring_material(materials(world, &keys));
    let primaries =
        keys.iter().filter(|key| key.multi_region.as_ref().is_some_and(|related| related.primary == key.arn));
    kms = kms.promote(primaries.map(|key| key.arn.clone()).collect::<Vec<_>>());
    for key in keys {
        let Some(store) = key.custom_key_store else { continue };
        let seed = world.kms_store(&route.target).name(&format!("for {}", key.arn.id()));
        if let Some(xks_key) = key.xks_key {
            kms = kms.map_key_store(store, seed.external().make()).map_xks_key(&key.arn, xks_key);
        } else {
            kms = kms.map_key_store(store, seed.make());
        }
    }
    kms
}

/// Returns what the owner of keys has of their material.
fn materials(world: &World, keys: &[KeyView]) -> KeyMaterials {
    let imported = keys.iter().filter(|key| key.origin == "EXTERNAL");
    let each = imported.flat_map(|key| world.kms_materials(&key.arn).into_values().map(|bytes| (&key.arn, bytes)));
    each.fold(KeyMaterials::new(), |all, (key, bytes)| all.with(key, Secret::new(bytes)))
}

/// Changes what a migration made, a key at a time, as far as KMS lets it.
fn interfere(world: &World, target: &End) {
    let keys = world.kms_keys(target);
    for (n, key) in keys.iter().enumerate() {
        let (action, mut input) = match n % 6 {
            0 => ("kms:DisableKey", json!({})),
            1 => ("kms:UpdateKeyDescription", json!({ "Description": "changed" })),
            2 => ("kms:PutKeyPolicy", json!({ "Policy": policy() })),
            3 => ("kms:EnableKeyRotation", json!({ "RotationPeriodInDays": 100 })),
            4 => ("kms:TagResource", json!({ "Tags": [{ "TagKey": "Stage", "TagValue": "changed" }] })),
            _ => ("kms:EnableKey", json!({})),
        };
        input["KeyId"] = json!(key.arn);
        let _refused = world.ask(target, action, input);
        for alias in key.aliases.iter().filter(|alias| !alias.starts_with("alias/aws/")) {
            let like = |other: &&KeyView| other.usage == key.usage && other.spec == key.spec && other.arn != key.arn;
            let Some(other) = keys.iter().find(like) else { continue };
            let _refused =
                world.ask(target, "kms:UpdateAlias", json!({ "AliasName": alias, "TargetKeyId": other.arn.id() }));
        }
    }
}

fn policy() -> String {
    let statement = json!({
        "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::111122223333:root" }, "Action": "kms:*", "Resource": "*",
    });
    json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()
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
