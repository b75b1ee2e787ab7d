//! A key whose own policy keeps its tags from us is told from a copy by the tagging API, if that is wanted.
// REQ: E-13, E-19

use std::collections::BTreeSet;

use crate::account::{migration, patient, plan, route};
use regionmig_core::{KeyArn, MemoryJournal, Migration, MigrationPlan, Permission, SOURCE_MARK, Side};
use regionmig_kms::{Kms, code};
use regionmig_testkit::{Fault, KeySeed, World};

/// A key to be moved, and a key of somebody's in the target that does not let its tags be read; an hour old.
fn account(theirs: impl FnOnce(KeySeed) -> KeySeed) -> (World, KeyArn) {
    let world = World::new();
    let own = world.kms(&route().source).alias("alias/own").make();
    let theirs = theirs(world.kms(&route().target)).make();
    refuse_tags(&world, &theirs);
    world.clock().advance(std::time::Duration::from_secs(3600));
    (world, own)
}

fn refuse_tags(world: &World, key: &KeyArn) {
    let key = key.clone();
    world
        .fault(Fault::access_denied("kms:ListResourceTags").when(move |call| call.text("KeyId") == Some(key.as_str())));
}

fn asking(world: &World) -> (Kms, Migration) {
    let access = world.access();
    let kms = Kms::new(&access).ask_tagging_api();
    (kms.clone(), Migration::new(route(), &access).with(kms))
}

fn ready(plan: &MigrationPlan) -> BTreeSet<&str> {
    plan.steps().filter(|step| !plan.held().contains_key(step.id)).map(|step| step.id.verb()).collect()
}

#[tokio::test]
async fn a_key_that_it_shows_without_a_mark_holds_no_copy_back() {
    let (world, own) = account(|key| key.tag("Owner", "they"));
    let (_, without) = migration(&world);
    let blind = plan(&without).await;
    assert_eq!(ready(&blind), BTreeSet::new(), "{blind}");
    assert_eq!(world.ledger().count_requests("tagging:*"), 0, "it is asked only if that is wanted");

    let (_, migration) = asking(&world);
    let seeing = plan(&migration).await;
    assert_eq!(ready(&seeing), BTreeSet::from(["create-alias", "create-key"]), "{seeing}");
    assert!(seeing.findings().iter().any(|finding| finding.code == code::TOLD_BY_TAGGING_API), "{seeing}");
    let outcome = migration.apply(&seeing, &MemoryJournal::default(), &patient()).await.expect("a run");
    assert!(outcome.is_complete(), "{outcome}");
    assert_eq!(world.ledger().count("kms:CreateKey"), 1);
    assert!(outcome.ids().target_of(&own).is_some());
    let verification = migration.verify(outcome.ids()).await.expect("a verification");
    assert!(verification.not_passed().next().is_none(), "{verification}");
    // That KMS was asked in vain is said all the same.
    assert!(!verification.is_clean(), "{verification}");
    let asked: BTreeSet<_> =
        world.ledger().actions().into_iter().filter(|asked| asked.1 == "tagging:GetResources").collect();
    assert_eq!(asked, BTreeSet::from([(route().target, "tagging:GetResources".to_owned())]));
    let needed = Permission::new(Side::Target, "tag:GetResources", "*");
    assert!(migration.permissions().contains(&needed) && !without.permissions().contains(&needed));
}

#[tokio::test]
async fn its_silence_and_its_failure_clear_nothing_and_a_failure_is_a_gap() {
    let (world, _) = account(|key| key);
    let (_, migration) = asking(&world);
    assert_eq!(ready(&plan(&migration).await), BTreeSet::new());

    let (world, _) = account(|key| key.tag("Owner", "they"));
    world.fault(Fault::access_denied("tagging:GetResources"));
    let (_, migration) = asking(&world);
    let survey = migration.survey().await.expect("a survey");
    let gaps: Vec<String> = survey.unread().map(|unread| unread.gap.operation.clone()).collect();
    assert_eq!(gaps, ["tag:GetResources", "kms:ListResourceTags"]);
    let blind = migration.plan(&survey).expect("a plan");
    assert_eq!(ready(&blind), BTreeSet::new(), "{blind}");
}

#[tokio::test]
async fn every_page_is_read() {
    let (world, _) = account(|key| key.tag("Owner", "they"));
    (0..250).for_each(|_| drop(world.kms(&route().target).tag("Owner", "me").make()));
    world.clock().advance(std::time::Duration::from_secs(3600));
    let (kms, migration) = asking(&world);
    let found = migration.survey().await.expect("a survey").of(&kms).expect("what was found");
    assert_eq!(found.target.tagged.known().count(), 251);
    assert_eq!(found.source.tagged.known().count(), 0);
    assert_eq!(world.ledger().count("tagging:GetResources"), 3);
}

#[tokio::test]
async fn a_mark_that_it_shows_is_one() {
    let world = World::new();
    let own = world.kms(&route().source).make();
    let copy = world.kms(&route().target).tag(SOURCE_MARK, own.as_str()).make();
    refuse_tags(&world, &copy);
    let (_, migration) = asking(&world);
    let found = plan(&migration).await;
    assert_eq!((found.ids().target_of(&own), ready(&found)), (Some(copy), BTreeSet::new()), "{found}");
}

/// What appears in the target between survey and run is examined by the probes.
#[tokio::test]
async fn probes_believe_it_as_the_plan_does() {
    for (marked, asks) in [(false, false), (false, true), (true, true)] {
        let (world, own) = account(|key| key.tag("Owner", "they"));
        let (_, seeing) = asking(&world);
        let plan = plan(&seeing).await;
        let new = world.kms(&route().target);
        let new = if marked { new.tag(SOURCE_MARK, own.as_str()) } else { new.tag("Owner", "they") }.make();
        refuse_tags(&world, &new);
        let (_, migration) = if asks { asking(&world) } else { migration(&world) };
        let outcome = migration.apply(&plan, &MemoryJournal::default(), &patient()).await.expect("a run");
        assert_eq!(outcome.is_complete(), asks, "{outcome}");
        assert_eq!(world.ledger().count("kms:CreateKey"), usize::from(asks && !marked), "{outcome}");
        let waited = world.clock().now().duration_since(plan.surveyed_at()).as_secs();
        assert_eq!(waited >= 1800, asks && !marked, "an unmarked key must be old enough: {waited} s");
        if marked {
            assert_eq!(outcome.ids().target_of(&own), Some(new));
        }
    }
}
