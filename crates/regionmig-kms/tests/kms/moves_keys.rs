//! A reference account's keys arrive whole, once, and a second run does nothing.
// REQ: E-10, E-18, E-22, E-40, KMS-23, KMS-24

use std::collections::BTreeSet;

use crate::account::materials;
use regionmig_core::rewrite::Allowance;
use regionmig_core::{ApplyOptions, End, IdMap, KeyArn, MemoryJournal, Migration, Route, Verdict, code};
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
    // KMS says nothing of what is in a store that is not connected.
    is_customers(key) && key.state != "Unavailable"
}

fn is_customers(key: &KeyView) -> bool {
    key.aws_managed.is_none() && !key.state.ends_with("Deletion")
}

fn without_reserved(key: &KeyView) -> Vec<(&String, &String)> {
    let is_reserved = |name: &str| name.starts_with("aws:") || name.starts_with("regionmig:");
    key.tags.iter().filter(|(name, _)| !is_reserved(name)).collect()
}

/// Returns a policy as KMS shows it, whatever way it was written when it was given.
fn shown(policy: &str) -> Value {
    let world = World::new();
    let copy = world.kms(&source()).policy(policy).make();
    world.ask(&source(), "kms:GetKeyPolicy", json!({ "KeyId": copy })).unwrap()
}

/// Says what a document of this account should be in the target. By nothing but the words in it, of which it is known here what
/// they are: things of the partner's, buckets, and the principal of a service are left.
fn there(document: &str, ids: &IdMap) -> String {
    let is_left = |word: &str| {
        ["444455556666", ":s3:::", "logs.me-central-1.amazonaws.com"].iter().any(|left| word.contains(left))
    };
    let word = |word: &str| match is_left(word) {
        true => word.to_owned(),
        false => word.replace("me-central-1", "eu-central-1"),
    };
    let keys = ids
        .pairs::<KeyArn>()
        .fold(document.to_owned(), |text, (own, other)| text.replace(own.as_str(), other.as_str()));
    keys.split('"').map(word).collect::<Vec<_>>().join("\"")
}

/// Compares two keys as they really are, by what a person would look at. Returns whether its policy or its grants name the region.
fn assert_equal(own: &KeyView, other: &KeyView, ids: &IdMap) -> bool {
    assert_eq!((&own.spec, &own.usage, &own.origin), (&other.spec, &other.usage, &other.origin));
    assert_eq!(own.state, other.state, "{}", own.arn);
    assert_eq!(own.description, other.description);
    assert_eq!(shown(&there(&own.policy, ids)), shown(&other.policy), "{}", own.arn);
    assert_eq!(own.aliases, other.aliases);
    assert_eq!(own.rotation_period, other.rotation_period, "{}", own.arn);
    assert_eq!(without_reserved(own), without_reserved(other));
    let grants = |key: &KeyView, there: &dyn Fn(&str) -> String| {
        let is_service = |principal: &str| !principal.starts_with("arn:") && principal.contains('.');
        let own = key.grants.iter().filter(|grant| !is_service(&grant.grantee));
        own.map(|grant| {
            let constraints = there(&serde_json::to_string(&grant.constraints).unwrap());
            (grant.grantee.clone(), grant.operations.clone(), grant.retiring.clone(), constraints)
        })
        .collect::<BTreeSet<_>>()
    };
    let (should_be, are) = (grants(own, &|text| there(text, ids)), grants(other, &str::to_owned));
    assert_eq!(should_be, are, "{}", own.arn);
    match &own.multi_region {
        Some(related) => {
            assert_eq!(other.multi_region.as_ref().unwrap().primary, related.primary);
            assert_eq!((own.arn.id(), &own.material), (other.arn.id(), &other.material));
        }
        // None is known of a key that never had any.
        None => assert!(own.material != other.material || own.material.is_empty()),
    }
    if own.state != "PendingImport" {
        assert_eq!(own.valid_to, other.valid_to, "{}", own.arn);
    }
    should_be != grants(own, &str::to_owned) || there(&own.policy, ids) != own.policy
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
    let mut rewritten = 0;
    for key in &movable {
        let other = outcome.ids().target_of::<KeyArn>(&key.arn).unwrap();
        let other = there.iter().find(|key| key.arn == other).unwrap();
        rewritten += usize::from(assert_equal(key, other, outcome.ids()));
    }
    println!("shown: moves_keys {} of {} keys arrived, {} steps", movable.len(), own.len(), plan.len());
    println!("shown: moves_keys_rewritten {rewritten} keys have policies or grants that were rewritten");
    assert!(rewritten >= 20, "{rewritten}");
    let told = plan.findings().iter().filter(|finding| finding.code == code::REWRITTEN).count();
    assert!(told >= rewritten, "{told} findings of {rewritten} keys");

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

/// Everything that an account can have is brought: its material, the stores of the target, the keys behind them.
fn with_all_that_it_takes(world: &World) -> Kms {
    let made = |name: &str| world.kms_store(&target()).name(name);
    let (cluster, proxy) = (made("our new cluster").make(), made("our new data centre").external().make());
    let kms = Kms::new(&world.access()).bring_material(materials(world));
    world.kms_keys(&source()).iter().fold(kms, |kms, key| match (&key.custom_key_store, &key.xks_key) {
        (Some(store), Some(xks)) => kms.map_key_store(store, &proxy).map_xks_key(&key.arn, format!("new-{xks}")),
        (Some(store), None) => kms.map_key_store(store, &cluster),
        _ => kms,
    })
}

// REQ: KMS-1 KMS-5 KMS-11
#[tokio::test]
async fn an_account_with_every_kind_of_key_arrives_whole() {
    let world = World::new();
    every_kind_of_key(&world, &source());
    let route = Route::new(source(), target()).unwrap();
    let migration = Migration::new(route, &world.access()).with(with_all_that_it_takes(&world));
    let plan = migration.plan(&migration.survey().await.unwrap()).unwrap();
    let options = ApplyOptions::default().patience(std::time::Duration::from_secs(3600));
    let outcome = migration.apply(&plan, &MemoryJournal::default(), &options).await.unwrap();
    assert!(outcome.is_complete(), "{outcome}");
    let (own, there) = (world.kms_keys(&source()), world.kms_keys(&target()));
    let (movable, left): (Vec<&KeyView>, Vec<_>) =
        own.iter().filter(|key| is_customers(key)).partition(|key| is_movable(key));
    let specs: BTreeSet<&str> = movable.iter().map(|key| key.spec.as_str()).collect();
    for key in &movable {
        let other = outcome.ids().target_of::<KeyArn>(&key.arn);
        let other = other.unwrap_or_else(|| panic!("{} has none: {plan}", key.arn));
        assert_equal(key, there.iter().find(|key| key.arn == other).unwrap(), outcome.ids());
    }
    // Of what waits, it is said why.
    let told: BTreeSet<String> =
        plan.blockers().filter_map(|finding| Some(finding.subject.as_ref()?.id().to_owned())).collect();
    assert!(left.iter().all(|key| told.contains(key.arn.as_str())), "{told:?}");
    let customers = movable.len() + left.len();
    println!(
        "shown: moves_all_keys {} of {customers} keys arrived, {} wait for their key store; {} specs, {} steps",
        movable.len(),
        left.len(),
        specs.len(),
        plan.len()
    );
    assert!(movable.len() >= 60 && left.len() == 2 && specs.len() >= 15, "{} keys, {specs:?}", own.len());
    let mutations = world.ledger().mutations().count();
    let left = migration.plan(&migration.survey().await.unwrap()).unwrap();
    assert_eq!(left.steps().count(), 0, "{left}");
    let verification = migration.verify(outcome.ids()).await.unwrap();
    let failed: BTreeSet<String> = verification.not_passed().map(|check| check.subject.to_string()).collect();
    assert!(movable.iter().all(|key| !failed.contains(&format!("kms.key:{}", key.arn))), "{verification}");
    assert_eq!(world.ledger().mutations().count(), mutations);
}

// REQ: KMS-14
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

/// Two keys whose policies name each other, one that names itself, and one whose logs are encrypted, each with all rights for the
/// account besides.
fn naming_each_other(world: &World) -> [KeyArn; 4] {
    let keys = [0; 4].map(|_| world.kms(&source()).created_at("2025-01-01T00:00:00Z".parse().unwrap()).make());
    let account = json!({ "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::111122223333:root" }, "Action": "kms:*",
        "Resource": "*" });
    let put = |key: &KeyArn, statement: Value| {
        let policy = json!({ "Version": "2012-10-17", "Statement": [account.clone(), statement] }).to_string();
        let input = json!({ "KeyId": key, "PolicyName": "default", "Policy": policy });
        world.ask(&source(), "kms:PutKeyPolicy", input).unwrap();
    };
    let [a, b, own, logs] = &keys;
    let wrapped = |by: &KeyArn| {
        json!({ "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::111122223333:role/app" }, "Action": "kms:Decrypt",
            "Resource": "*", "Condition": { "StringEquals": { "kms:EncryptionContext:wrapped-by": by } } })
    };
    put(a, wrapped(b));
    put(b, wrapped(a));
    put(own, wrapped(own));
    put(
        logs,
        json!({ "Effect": "Allow", "Principal": { "Service": "logs.me-central-1.amazonaws.com" }, "Action": "kms:Encrypt*",
            "Resource": "*", "Condition": { "ArnLike": { "kms:EncryptionContext:aws:logs:arn":
            "arn:aws:logs:me-central-1:111122223333:*" } } }),
    );
    keys
}

// REQ: KMS-24
#[tokio::test]
async fn policies_that_name_keys_in_a_circle_arrive_rewritten_and_go_back() {
    let world = World::new();
    let keys = naming_each_other(&world);
    let access = world.access();
    let kms = Kms::new(&access).dangerously_allow(Allowance::ServicePrincipal);
    let migration = Migration::new(Route::new(source(), target()).unwrap(), &access).with(kms);
    let plan = migration.plan(&migration.survey().await.unwrap()).unwrap();
    let journal = MemoryJournal::default();
    // Nothing that was there is overwritten.
    let outcome = migration.apply(&plan, &journal, &ApplyOptions::default()).await.unwrap();
    assert!(outcome.is_complete(), "{outcome}");
    let ids = outcome.ids();
    let policy = |end: &End, arn: &KeyArn| {
        world.kms_keys(end).into_iter().find(|key| key.arn == *arn).unwrap().policy.to_string()
    };
    for key in &keys {
        let there = policy(&target(), &ids.target_of(key).unwrap());
        let text = ids
            .pairs::<KeyArn>()
            .fold(policy(&source(), key), |text, (own, other)| text.replace(own.as_str(), other.as_str()));
        assert_eq!(shown(&there), shown(&text.replace("me-central-1", "eu-central-1")));
        assert!(!there.contains("me-central-1"), "{there}");
    }
    assert!(migration.verify(ids).await.unwrap().is_clean());
    assert_eq!(migration.plan(&migration.survey().await.unwrap()).unwrap().len(), 0);

    // Nothing was changed since, so there is nothing to give back; what is, is rewritten back.
    let back = migration.fail_back(&plan, &journal).await.unwrap();
    let nothing = back.plan(&back.survey().await.unwrap()).unwrap();
    assert_eq!(nothing.len(), 0, "{nothing}");
    let moved = ids.target_of(&keys[0]).unwrap();
    let changed = policy(&target(), &moved).replace("kms:Decrypt", "kms:Encrypt");
    let input = json!({ "KeyId": moved, "PolicyName": "default", "Policy": changed });
    world.ask(&target(), "kms:PutKeyPolicy", input).unwrap();
    let before = policy(&source(), &keys[0]);
    let plan = back.plan(&back.survey().await.unwrap()).unwrap();
    let options = ApplyOptions::default().allow_overwriting();
    assert!(back.apply(&plan, &MemoryJournal::default(), &options).await.unwrap().is_complete());
    assert_eq!(shown(&policy(&source(), &keys[0])), shown(&before.replace("kms:Decrypt", "kms:Encrypt")));
}
