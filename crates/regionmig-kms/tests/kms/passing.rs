//! Refusals that pass by themselves are waited out; those that do not end the step.

use std::time::Duration;

use crate::account::{found_and_differing, migration, one_of_each, patient, plan, route};
use regionmig_core::{ErrorKind, MemoryJournal, Outcome, Status};
use regionmig_testkit::{Fault, Refusal, World};
use serde_json::json;

fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(60 * minutes)
}

/// Applies what there is to do, whatever of it is overwriting, and says how long that took.
async fn applied(world: &World, meanwhile: impl FnOnce(&World)) -> (Outcome, Duration) {
    let (_, migration) = migration(world);
    let plan = plan(&migration).await;
    meanwhile(world);
    let began = world.clock().now();
    let options = patient().allow_overwriting();
    let outcome = migration.apply(&plan, &MemoryJournal::default(), &options).await.expect("a run");
    (outcome, world.clock().now().duration_since(began).unsigned_abs())
}

fn failed(outcome: &Outcome) -> Vec<(String, ErrorKind)> {
    let failed = outcome.standings().iter().filter_map(|(id, standing)| match &standing.status {
        Status::Failed(report) => Some((id.verb().to_owned(), report.kind)),
        _ => None,
    });
    failed.collect()
}

fn state_of(code: &str, action: &str) -> Fault {
    Fault::refused(action, Refusal::new(code))
}

#[tokio::test]
async fn a_state_that_is_seen_late_is_waited_for() {
    for code in ["DisabledException", "KMSInvalidStateException"] {
        for lag in [Duration::ZERO, minutes(1)] {
            let world = found_and_differing();
            let (outcome, took) = applied(&world, |world| {
                world.fault(Fault::stale("kms:DescribeKey", lag).at(&route().target));
                for action in ["kms:CreateGrant", "kms:EnableKeyRotation", "kms:PutKeyPolicy"] {
                    world.fault(state_of(code, action).lasting(minutes(2)));
                }
            })
            .await;
            assert!(outcome.is_complete(), "{code}: {outcome}");
            assert!(took >= minutes(2), "{code}: {took:?}");
            let ledger = world.ledger();
            let counts = ["kms:EnableKey", "kms:PutKeyPolicy"].map(|action| ledger.count(action));
            assert_eq!(counts, [1, 1], "{code}:\n{ledger}");
            assert!(ledger.count_requests("kms:PutKeyPolicy") < 12, "with pauses that grow:\n{ledger}");
        }
    }
    println!("shown: passing state 2 codes, with and without late reads, each step done once");
}

#[tokio::test]
async fn a_key_that_somebody_disabled_ends_the_steps_that_want_it_enabled() {
    let world = one_of_each();
    let (outcome, took) = applied(&world, |world| {
        world.fault(
            Fault::meanwhile("kms:CreateGrant", |world| {
                let all = world.kms_keys(&route().target);
                for key in all.iter().filter(|key| key.aliases.iter().any(|name| name == "alias/plain")) {
                    world.ask(&route().target, "kms:DisableKey", json!({ "KeyId": key.arn })).expect("a change");
                }
            })
            .once(),
        );
    })
    .await;
    let ended = ["create-grant", "enable-rotation"].map(|verb| (verb.to_owned(), ErrorKind::Conflict));
    assert_eq!(failed(&outcome), ended, "{outcome}");
    assert!(took < minutes(2), "{took:?}");
}

fn malformed(action: &str) -> Fault {
    Fault::refused(
        action,
        Refusal::new("MalformedPolicyDocumentException").message("Policy contains invalid principals"),
    )
}

#[tokio::test]
async fn a_policy_whose_principal_is_too_new_is_tried_again() {
    for (action, world) in [
        ("kms:CreateKey", one_of_each()),
        ("kms:ReplicateKey", one_of_each()),
        ("kms:PutKeyPolicy", found_and_differing()),
    ] {
        let lasting = Duration::from_secs(90);
        let (outcome, took) = applied(&world, |world| world.fault(malformed(action).lasting(lasting))).await;
        assert!(outcome.is_complete(), "{action}: {outcome}");
        assert!(took >= lasting, "{action}: {took:?}");
        let wanted = if action == "kms:PutKeyPolicy" { 1 } else { 2 };
        assert_eq!(world.ledger().count(action), wanted, "{action}:\n{}", world.ledger());
    }
}

#[tokio::test]
async fn a_policy_that_stays_malformed_ends_its_step_after_two_minutes_of_each_run() {
    for (action, verb, world) in [
        ("kms:CreateKey", "create-key", one_of_each()),
        ("kms:ReplicateKey", "replicate-key", one_of_each()),
        ("kms:PutKeyPolicy", "put-policy", found_and_differing()),
    ] {
        world.fault(malformed(action));
        for _ in 0..2 {
            let (outcome, took) = applied(&world, |_| ()).await;
            let failed = failed(&outcome);
            assert!(!failed.is_empty() && failed.iter().all(|one| *one == (verb.to_owned(), ErrorKind::Invalid)));
            assert!(took >= minutes(2) && took < minutes(4), "{action}: {took:?}");
        }
        assert_eq!(world.ledger().count(action), 0);
        let requests = world.ledger().count_requests(action);
        assert!(requests <= 2 * 2 * 9, "{action}: {requests}");
    }
    println!("shown: passing policy refused for 2 minutes of each run, then it ends the step");
}
