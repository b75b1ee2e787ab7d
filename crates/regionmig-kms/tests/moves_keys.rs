//! The main job: an account's keys arrive whole, each once, and a second run does nothing.
// REQ: KMS-11, KMS-24, E-3, E-10, E-12, E-13, E-18, E-40

#[path = "support/account.rs"]
mod account;

use std::collections::{BTreeMap, BTreeSet};

use account::{migration, mutations, patient, plan, route};
use regionmig_core::{KeyArn, MemoryJournal, Outcome};
use regionmig_testkit::{GrantView, KeyView, World, reference_account};
use serde_json::Value;

#[tokio::test]
async fn a_reference_account_arrives_whole() {
    let world = World::new();
    reference_account(&world, &route().source);
    let (_, migration) = migration(&world);

    let plan_made = plan(&migration).await;
    assert_eq!(plan_made.blockers().next(), None, "{plan_made}");
    let remarks = migration.preflight(&plan_made).await.expect("preflight");
    assert_eq!(mutations(&world), 0, "survey, plan and preflight change nothing: {remarks:?}");

    let journal = MemoryJournal::default();
    let outcome = migration.apply(&plan_made, &journal, &patient()).await.expect("a run");
    assert!(outcome.is_complete(), "{outcome}");
    let made = mutations(&world);
    let moved = stands_in_the_target(&world, &outcome);
    assert!(moved.keys >= 40, "{moved:?}");

    let again = migration.apply(&plan_made, &journal, &patient()).await.expect("a second run");
    assert!(again.is_complete());
    let lost = migration.apply(&plan_made, &MemoryJournal::default(), &patient()).await.expect("a third run");
    assert!(lost.is_complete(), "{lost}");
    assert_eq!(mutations(&world), made, "a second run changes nothing, with the journal or without it");

    let left = plan(&migration).await;
    assert_eq!(left.len(), 0, "{}", left.full());
    let verification = migration.verify(outcome.ids()).await.expect("a verification");
    assert!(verification.is_clean(), "{verification}");
    assert_eq!(mutations(&world), made, "verifying changes nothing");
    println!("shown: moves_keys {moved:?}; {made} mutations, then 0, 0 and 0; {} checks", verification.checks.len());
}

#[derive(Debug, Default)]
#[allow(dead_code, reason = "printed")]
struct Moved {
    keys: usize,
    aliases: usize,
    grants: usize,
    policies: usize,
    tags: usize,
    rotations: usize,
}

/// Compares, by the world's own knowledge, each source key with what it has become.
fn stands_in_the_target(world: &World, outcome: &Outcome) -> Moved {
    let ids: BTreeMap<KeyArn, KeyArn> = outcome.ids().pairs().collect();
    let target: BTreeMap<KeyArn, KeyView> =
        world.kms_keys(&route().target).into_iter().map(|key| (key.arn.clone(), key)).collect();
    let mut moved = Moved::default();
    for source in world.kms_keys(&route().source) {
        if source.aws_managed.is_some() || source.deletion_date.is_some() {
            assert!(!ids.contains_key(&source.arn), "{}", source.arn);
            continue;
        }
        let there = &target[&ids[&source.arn]];
        same_key(&source, there);
        moved.keys += 1;
        moved.aliases += there.aliases.len();
        moved.grants += there.grants.len();
        moved.policies += 1;
        moved.tags += own_tags(there).len();
        moved.rotations += usize::from(there.rotation_period.is_some());
    }
    let customer = target.values().filter(|key| key.aws_managed.is_none()).count();
    assert_eq!(customer, moved.keys, "each exactly once");
    moved
}

fn same_key(source: &KeyView, target: &KeyView) {
    let arn = &source.arn;
    assert_eq!(
        (&source.spec, &source.usage, &source.origin, &source.state, &source.description),
        (&target.spec, &target.usage, &target.origin, &target.state, &target.description),
        "{arn}"
    );
    assert_eq!(source.aliases, target.aliases, "{arn}");
    assert_eq!(source.rotation_period, target.rotation_period, "{arn}");
    assert_eq!(json(&source.policy), json(&target.policy), "{arn}");
    assert_eq!(own_tags(source), own_tags(target), "{arn}");
    assert_eq!(own_grants(source), own_grants(target), "{arn}");
    if arn.is_multi_region() {
        assert_eq!((arn.id(), &source.material), (target.arn.id(), &target.material), "one key in two regions");
    } else {
        assert_eq!(target.tags.get("regionmig:source").map(String::as_str), Some(arn.as_str()));
    }
}

fn json(policy: &str) -> Value {
    serde_json::from_str(policy).expect("a policy")
}

fn own_tags(key: &KeyView) -> BTreeMap<&str, &str> {
    let own = |name: &str| !name.starts_with("aws:") && !name.starts_with("regionmig:");
    key.tags.iter().filter(|(name, _)| own(name)).map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// Grants that a service made for itself it makes again.
fn own_grants(key: &KeyView) -> BTreeSet<String> {
    let own = key.grants.iter().filter(|grant| grant.grantee.starts_with("arn:"));
    own.map(|GrantView { grantee, retiring, operations, constraints, .. }| {
        format!("{grantee} {retiring:?} {operations:?} {constraints:?}")
    })
    .collect()
}
