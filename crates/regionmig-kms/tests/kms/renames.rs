//! An alias whose name is another key's in the target gets another one there, and keeps it.
// REQ: E-39

use std::collections::BTreeSet;

use crate::account::{mutations, patient, plan, route};
use crate::reverts::{assert_as_before, keys, planned};
use regionmig_aws::Access;
use regionmig_core::{AliasName, IdMap, MemoryJournal, Migration, Route, SOURCE_MARK, Verification};
use regionmig_kms::Kms;
use regionmig_testkit::{World, conforms};

fn alias(name: &str) -> AliasName {
    name.parse().expect("a name")
}

fn renaming(access: &Access) -> Kms {
    Kms::new(access).rename_on_alias_conflict(|name| format!("{name}-moved").parse().ok())
}

/// Two keys of which each has a name that a stranger has in the target; of one the copy stands there. One more name is free.
fn strangers() -> World {
    let (world, Route { source, target, .. }) = (World::new(), route());
    let old = "2025-01-01T00:00:00Z".parse().expect("a time");
    world.kms(&source).created_at(old).alias("alias/ledger").alias("alias/free").disabled().make();
    let key = world.kms(&source).created_at(old).alias("alias/tokens").make();
    world.kms(&target).created_at(old).tag(SOURCE_MARK, key.as_str()).make();
    world.kms(&target).created_at(old).alias("alias/ledger").make();
    world.kms(&target).created_at(old).alias("alias/tokens").make();
    world
}

async fn verified(world: &World, make: fn(&Access) -> Kms, ids: &IdMap) -> Verification {
    let (migration, _) = planned(world, make).await;
    migration.verify(ids).await.expect("a verification")
}

#[tokio::test]
async fn a_renamed_alias_is_made_once_found_again_verified_and_taken_back() {
    let (world, target) = (strangers(), route().target);
    let before = keys(&world);
    let ((migration, whole), journal) = (planned(&world, renaming).await, MemoryJournal::default());
    assert_eq!(whole.blockers().count(), 0, "{}", whole.full());
    let outcome = migration.apply(&whole, &journal, &patient()).await.expect("a run");
    assert!(outcome.is_complete(), "{outcome}");
    let named: BTreeSet<String> = world.kms_keys(&target).into_iter().flat_map(|key| key.aliases).collect();
    let all = ["alias/free", "alias/ledger", "alias/ledger-moved", "alias/tokens", "alias/tokens-moved"];
    assert_eq!(named, all.map(str::to_owned).into());
    for (name, there) in [("ledger", "ledger-moved"), ("tokens", "tokens-moved"), ("free", "free")] {
        let found = outcome.ids().target_of(&alias(&format!("alias/{name}")));
        assert_eq!(found, Some(alias(&format!("alias/{there}"))), "what later services put in its place");
    }

    // Whoever knows the map, or what was asked, or both, finds it right, and nothing more to do.
    let made = mutations(&world);
    let plain: fn(&Access) -> Kms = Kms::new;
    let make = [(plain, outcome.ids().clone()), (renaming, IdMap::default()), (renaming, outcome.ids().clone())];
    for (make, ids) in make {
        let verification = verified(&world, make, &ids).await;
        assert!(verification.is_clean(), "{verification}");
        let access = world.access();
        let again = Migration::new(route(), &access).with(make(&access)).map_all(&ids).expect("a map");
        let left = plan(&again).await;
        assert_eq!((left.steps().count(), left.blockers().count()), (0, 0), "{}", left.full());
    }
    assert!(!verified(&world, plain, &IdMap::default()).await.is_clean(), "nothing says what it is called");
    assert_eq!(mutations(&world), made);

    let reverted = migration.revert(&whole, &journal, &patient()).await.expect("a reversal");
    assert!(reverted.is_complete(), "{reverted}");
    assert_as_before(&world, &before, "renamed");
}

/// On the way back each is found under the name that it has there.
#[tokio::test]
async fn failing_back_finds_the_name_that_an_alias_had() {
    let world = strangers();
    let ((migration, whole), journal) = (planned(&world, renaming).await, MemoryJournal::default());
    migration.apply(&whole, &journal, &patient()).await.map(drop).expect("a run");
    let back = migration.fail_back(&whole, &journal).await.expect("a way back");
    let back = plan(&back).await;
    for name in ["alias/ledger-moved", "alias/tokens-moved"] {
        let about = format!("kms.alias:{name}");
        assert!(back.steps().all(|step| !step.id.to_string().contains(name)), "{}", back.full());
        assert!(
            back.blockers().all(|finding| finding.subject.as_ref().is_none_or(|id| id.to_string() != about)),
            "{}",
            back.full()
        );
    }
}

#[tokio::test]
async fn renamed_aliases_keep_every_promise_of_a_service() {
    let conformed = conforms(strangers, renaming).await;
    println!("shown: conformance_renamed {conformed}");
}
