//! A reference account's keys arrive whole, once, and a second run does nothing.
// REQ: E-10, E-18, E-22, E-40, KMS-24

use std::collections::BTreeSet;

use regionmig_core::{ApplyOptions, End, KeyArn, MemoryJournal, Migration, Route, Verdict};
use regionmig_kms::Kms;
use regionmig_testkit::{KeyView, World, every_kind_of_key, reference_account};
use serde_json::{Value, json};

fn source() -> End {
    "111122223333/me-central-1".parse().unwrap()
}

fn target() -> End {
    "111122223333/eu-central-1".parse().unwrap()
}

fn migration(world: &World) -> Migration {
    let access = world.access();
    let route = Route::new(source(), target()).unwrap();
    Migration::new(route, &access).with(Kms::new(&access))
}

/// Returns whether the library says that it moves keys like this one.
fn is_movable(key: &KeyView) -> bool {
    let is_primary = key.multi_region.as_ref().is_some_and(|related| related.primary == key.arn);
    key.aws_managed.is_none()
        && !key.state.starts_with("Pending")
        && key.origin == "AWS_KMS"
        && key.custom_key_store.is_none()
        // KMS replicates no disabled primary.
        && !(is_primary && key.state == "Disabled")
}

fn without_reserved(key: &KeyView) -> Vec<(&String, &String)> {
    let is_reserved = |name: &str| name.starts_with("aws:") || name.starts_with("regionmig:");
    key.tags.iter().filter(|(name, _)| !is_reserved(name)).collect()
}

/// Returns a policy as KMS shows it, whatever way it was written when it was given.
fn shown(key: &KeyView) -> Value {
    let world = World::new();
    let copy = world.kms(&source()).policy(&key.policy).make();
    world.ask(&source(), "kms:GetKeyPolicy", json!({ "KeyId": copy })).unwrap()
}

/// Compares two keys as they really are, by what a person would look at.
fn assert_equal(own: &KeyView, other: &KeyView) {
    assert_eq!((&own.spec, &own.usage, &own.origin), (&other.spec, &other.usage, &other.origin));
    assert_eq!(own.state, other.state, "{}", own.arn);
    assert_eq!(own.description, other.description);
    assert_eq!(shown(own), shown(other));
    assert_eq!(own.aliases, other.aliases);
    assert_eq!(own.rotation_period, other.rotation_period, "{}", own.arn);
    assert_eq!(without_reserved(own), without_reserved(other));
    let grants = |key: &KeyView| {
        let is_service = |principal: &str| !principal.starts_with("arn:") && principal.contains('.');
        let own = key.grants.iter().filter(|grant| !is_service(&grant.grantee));
        own.map(|grant| {
            let constraints = serde_json::to_string(&grant.constraints).unwrap();
            (grant.grantee.clone(), grant.operations.clone(), grant.retiring.clone(), constraints)
        })
        .collect::<BTreeSet<_>>()
    };
    assert_eq!(grants(own), grants(other), "{}", own.arn);
    match &own.multi_region {
        Some(related) => {
            assert_eq!(other.multi_region.as_ref().unwrap().primary, related.primary);
            assert_eq!((own.arn.id(), &own.material), (other.arn.id(), &other.material));
        }
        None => assert_ne!(own.material, other.material),
    }
}

// REQ: KMS-1 KMS-11
#[tokio::test]
async fn an_account_arrives_whole_and_once() {
    let world = World::new();
    reference_account(&world, &source());
    let before = world.kms_keys(&target()).len();
    let migration = migration(&world);

    let survey = migration.survey().await.unwrap();
    assert!(survey.is_whole());
    let plan = migration.plan(&survey).unwrap();
    assert_eq!(world.ledger().requests().filter(|entry| entry.mutating).count(), 0);
    migration.preflight(&plan).await.unwrap();
    assert_eq!(world.ledger().requests().filter(|entry| entry.mutating).count(), 0);
    let journal = MemoryJournal::default();
    let outcome = migration.apply(&plan, &journal, &ApplyOptions::default()).await.unwrap();
    assert!(outcome.is_complete(), "{outcome}");

    let (own, there) = (world.kms_keys(&source()), world.kms_keys(&target()));
    let movable: Vec<&KeyView> = own.iter().filter(|key| is_movable(key)).collect();
    assert!(own.len() >= 40 && movable.len() >= 40, "{} of {}", movable.len(), own.len());
    assert_eq!(there.len() - before, movable.len());
    for key in &movable {
        let other = outcome.ids().target_of::<KeyArn>(&key.arn).unwrap();
        assert_equal(key, there.iter().find(|key| key.arn == other).unwrap());
    }
    println!("shown: moves_keys {} of {} keys arrived, {} steps", movable.len(), own.len(), plan.len());

    let mutations = world.ledger().mutations().count();
    let again = migration.apply(&plan, &journal, &ApplyOptions::default()).await.unwrap();
    assert!(again.is_complete(), "{again}");
    let left = migration.plan(&migration.survey().await.unwrap()).unwrap();
    assert_eq!(left.steps().count(), 0, "{left}");
    let verification = migration.verify(outcome.ids()).await.unwrap();
    assert_eq!(world.ledger().mutations().count(), mutations);

    // What cannot be moved yet is not said to be there; all else is.
    let unmoved: BTreeSet<String> =
        own.iter().filter(|key| !is_movable(key)).map(|key| format!("kms.key:{}", key.arn)).collect();
    let unmoved_aliases: BTreeSet<String> = own
        .iter()
        .filter(|key| !is_movable(key))
        .flat_map(|key| key.aliases.iter().map(|name| format!("kms.alias:{name}")))
        .collect();
    for check in verification.not_passed() {
        assert_eq!(check.verdict, Verdict::Fail, "{check}");
        let subject = check.subject.to_string();
        assert!(unmoved.contains(&subject) || unmoved_aliases.contains(&subject), "{check}");
    }
}

/// Those of every kind, except that imported material and custom key stores are left.
#[tokio::test]
async fn an_account_with_every_kind_of_key_arrives_as_far_as_kms_can_make_the_material() {
    let world = World::new();
    every_kind_of_key(&world, &source());
    let migration = migration(&world);
    let plan = migration.plan(&migration.survey().await.unwrap()).unwrap();
    let outcome = migration.apply(&plan, &MemoryJournal::default(), &ApplyOptions::default()).await.unwrap();
    assert!(outcome.failed().next().is_none(), "{outcome}");
    let (own, there) = (world.kms_keys(&source()), world.kms_keys(&target()));
    let movable: Vec<&KeyView> = own.iter().filter(|key| is_movable(key)).collect();
    let specs: BTreeSet<&str> = movable.iter().map(|key| key.spec.as_str()).collect();
    for key in &movable {
        let other = outcome.ids().target_of::<KeyArn>(&key.arn);
        let other = other.unwrap_or_else(|| panic!("{} has none: {plan}", key.arn));
        assert_equal(key, there.iter().find(|key| key.arn == other).unwrap());
    }
    let kinds = |own: &KeyView| own.aws_managed.is_none() && own.deletion_date.is_none();
    let customers = own.iter().filter(|key| kinds(key)).count();
    println!("shown: moves_all_keys {} of {customers} keys arrived, {} specs", movable.len(), specs.len());
    assert!(own.len() >= 60 && specs.len() >= 15, "{} keys, {specs:?}", own.len());
    let mutations = world.ledger().mutations().count();
    let left = migration.plan(&migration.survey().await.unwrap()).unwrap();
    assert_eq!(left.steps().count(), 0, "{left}");
    let verification = migration.verify(outcome.ids()).await.unwrap();
    let failed: BTreeSet<String> = verification.not_passed().map(|check| check.subject.to_string()).collect();
    assert!(movable.iter().all(|key| !failed.contains(&format!("kms.key:{}", key.arn))), "{verification}");
    assert_eq!(world.ledger().mutations().count(), mutations);
}

#[tokio::test]
async fn the_new_key_can_be_used() {
    let world = World::new();
    world.kms_key(&source());
    let migration = migration(&world);
    let plan = migration.plan(&migration.survey().await.unwrap()).unwrap();
    let outcome = migration.apply(&plan, &MemoryJournal::default(), &ApplyOptions::default()).await.unwrap();
    let (_, made) = outcome.ids().pairs::<KeyArn>().next().unwrap();
    let kms = Kms::new(&world.access());
    assert_eq!(world.kms_keys(&target())[0].last_used, None);
    kms.prove_use(&made).await.unwrap();
    assert!(world.kms_keys(&target())[0].last_used.is_some());
    world.ask(&target(), "kms:DisableKey", serde_json::json!({ "KeyId": made.as_str() })).unwrap();
    assert!(kms.prove_use(&made).await.is_err());
}
