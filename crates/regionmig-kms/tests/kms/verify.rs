//! A verification names what was tampered with, and does not know what it could not read.
// REQ: E-22

use std::collections::BTreeSet;

use crate::account::{migration, mutations, one_of_each, patient, plan, route};
use regionmig_core::{End, IdMap, KeyArn, MemoryJournal, Verdict, Verification};
use regionmig_kms::check;
use regionmig_testkit::{Fault, KeyView, World};
use serde_json::{Value, json};

/// An account that has been moved, and what became of what.
async fn moved() -> (World, IdMap) {
    let world = one_of_each();
    let (_, migration) = migration(&world);
    let plan = plan(&migration).await;
    let outcome = migration.apply(&plan, &MemoryJournal::default(), &patient()).await.expect("a run");
    assert!(outcome.is_complete(), "{outcome}");
    let verification = migration.verify(outcome.ids()).await.expect("a verification");
    assert!(verification.is_clean() && verification.checks.len() > 30, "{verification}");
    (world, outcome.ids().clone())
}

async fn verify(world: &World, ids: &IdMap) -> Verification {
    let before = mutations(world);
    let (_, migration) = migration(world);
    let verification = migration.verify(ids).await.expect("a verification");
    assert_eq!(mutations(world), before, "verifying changes nothing");
    verification
}

/// Returns the key of `end` that has a name.
fn named(world: &World, end: &End, name: &str) -> KeyView {
    let keys = world.kms_keys(end);
    keys.into_iter().find(|key| key.aliases.iter().any(|alias| alias == name)).expect("a key of that name")
}

fn lapse() -> Value {
    let root = json!({ "AWS": "arn:aws:iam::111122223333:root" });
    json!({ "Sid": "Open", "Effect": "Allow", "Principal": root, "Action": "kms:*", "Resource": "*" })
}

#[tokio::test]
async fn what_was_tampered_with_is_named() {
    let (account, ids) = moved().await;
    let target = route().target;
    let plain = named(&account, &target, "alias/plain");
    let global = named(&account, &target, "alias/global");
    let key = plain.arn.as_str();
    let grant = &plain.grants[0].id;
    let policy = json!({ "Version": "2012-10-17", "Statement": [lapse()] }).to_string();
    let tag = |value: &str| json!([{ "TagKey": "Owner", "TagValue": value }]);
    let rows = [
        ("kms:PutKeyPolicy", json!({ "KeyId": key, "Policy": policy }), &[check::POLICY_EQUAL] as &[_]),
        ("kms:TagResource", json!({ "KeyId": key, "Tags": tag("you") }), &[check::TAGS_CARRIED]),
        ("kms:UntagResource", json!({ "KeyId": key, "TagKeys": ["Owner"] }), &[check::TAGS_CARRIED]),
        ("kms:RevokeGrant", json!({ "KeyId": key, "GrantId": grant }), &[check::GRANTS_CARRIED]),
        ("kms:DisableKeyRotation", json!({ "KeyId": key }), &[check::ROTATION_EQUAL]),
        ("kms:DisableKey", json!({ "KeyId": key }), &[check::STATE_EQUAL]),
        ("kms:UpdateKeyDescription", json!({ "KeyId": key, "Description": "x" }), &[check::DESCRIPTION_EQUAL]),
        ("kms:UpdateAlias", json!({ "AliasName": "alias/plain", "TargetKeyId": global.arn }), &[check::ALIAS_POINTS]),
        ("kms:DeleteAlias", json!({ "AliasName": "alias/plain" }), &[check::ALIAS_POINTS]),
        (
            "kms:ScheduleKeyDeletion",
            json!({ "KeyId": key }),
            &[check::KEY_STANDS, check::ROTATION_EQUAL, check::STATE_EQUAL],
        ),
    ];
    let source = named(&account, &route().source, "alias/plain").arn;
    for (action, input, expected) in &rows {
        let world = account.fork();
        world.ask(&target, action, input.clone()).expect("a change");
        let verification = verify(&world, &ids).await;
        let failed: BTreeSet<&str> = verification.not_passed().map(|check| check.code.as_str()).collect();
        assert_eq!(failed, expected.iter().copied().collect(), "{action}: {verification}");
        assert!(!verification.is_clean(), "{action}: {verification}");
        for check in verification.not_passed() {
            let about = [format!("kms.key:{source}"), "kms.alias:alias/plain".to_owned()];
            assert!(about.contains(&check.subject.to_string()), "{action}: {check}");
            assert!(check.verdict == Verdict::Fail && !check.message.is_empty(), "{action}: {check}");
        }
    }
    println!("shown: verify {} kinds of tampering named", rows.len());
}

#[tokio::test]
async fn a_second_copy_is_named() {
    let (world, ids) = moved().await;
    let target = route().target;
    let plain = named(&world, &target, "alias/plain");
    let source: KeyArn = named(&world, &route().source, "alias/plain").arn;
    let tags = json!([{ "TagKey": "regionmig:source", "TagValue": source }]);
    world.ask(&target, "kms:CreateKey", json!({ "Tags": tags })).expect("a key");
    let verification = verify(&world, &ids).await;
    let failed: Vec<_> = verification.not_passed().collect();
    assert_eq!(failed.iter().map(|check| check.code.as_str()).collect::<Vec<_>>(), [check::KEY_ONCE]);
    assert!(!failed[0].message.contains(plain.arn.as_str()), "{verification}");
    assert!(!verification.is_clean());
}

#[tokio::test]
async fn what_could_not_be_read_is_not_known_and_nothing_is_said_to_be_wrong() {
    let (account, ids) = moved().await;
    account.ledger().clear();
    let whole = verify(&account, &ids).await;
    let mut denied = 0;
    for (end, action) in account.ledger().actions() {
        let is_here = end == route().source || end == route().target;
        if !is_here || !action.starts_with("kms:") {
            continue;
        }
        let world = account.fork();
        world.fault(Fault::access_denied(&action).at(&end));
        let verification = verify(&world, &ids).await;
        let verdicts: Vec<Verdict> = verification.not_passed().map(|check| check.verdict).collect();
        assert!(!verification.is_clean(), "{action} at {end}: {verification}");
        assert!(!verdicts.is_empty() && verdicts.iter().all(|verdict| *verdict == Verdict::Unknown), "{verification}");
        assert!(verification.not_passed().any(|check| check.message.contains(&action)), "{action}: {verification}");
        assert!(verification.checks.len() <= whole.checks.len(), "{action} at {end}: {verification}");
        denied += 1;
    }
    assert_eq!(denied, 14);
    println!("shown: verify {denied} reads denied, each not known and not clean");
}
