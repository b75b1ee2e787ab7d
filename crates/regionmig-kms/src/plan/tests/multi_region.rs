//! Multi-Region keys: replicas, and which of them is the primary.

use regionmig_core::{Listing, Step as _};

use super::{check, says};
use crate::snapshot::KeyState;
use crate::testing::{Case, Entry, SOURCE, TARGET, THIRD, arn, gap, kms};

// REQ: KMS-11
#[test]
fn a_primary_is_replicated_from_the_source() {
    let entry = || Entry::new().primary("mrk-1", SOURCE, &[]).rotated(90);
    let case = Case::new().source("mrk-1", entry().alias("alias/a").tag("a", "b"));
    check(&case, &["replicate-key mrk-1 at source", "create-alias alias/a"]);
    let there = Entry::new().replica("mrk-1", SOURCE);
    check(&Case::new().source("mrk-1", entry()).target("mrk-1", there.clone()), &["= mrk-1 mrk-1"]);
    let doomed = there.state(KeyState::PendingDeletion);
    let case = Case::new().source("mrk-1", entry()).target("mrk-1", doomed);
    check(&case, &["blocker kms.counterpart-pending-deletion mrk-1"]);
    check(&Case::new().source("mrk-1", entry().disabled()), &["blocker kms.primary-disabled mrk-1"]);
    let listed = Case::new().source("mrk-1", Entry::new().primary("mrk-1", SOURCE, &[TARGET]));
    check(&listed, &["blocker core.unclear mrk-1"]);
    let unread = Case::new().source("mrk-1", entry()).edit(|_, target| target.keys = Listing::unread(gap()));
    check(&unread, &["blocker core.unclear mrk-1"]);
}

// REQ: KMS-2 KMS-3 KMS-4
#[test]
fn what_services_encrypted_under_multi_region_keys_stays_theirs() {
    let counted = |case: &Case| {
        let findings = case.plan().findings;
        findings.into_iter().find(|finding| finding.code == crate::code::SERVICES_STAY).map(|finding| finding.message)
    };
    let case = Case::new().source("k", Entry::new());
    assert_eq!(counted(&case), None);
    let case = case.source("mrk-1", Entry::new().primary("mrk-1", SOURCE, &[]));
    let found = Entry::new().primary("mrk-2", SOURCE, &[TARGET]);
    let case = case.source("mrk-2", found).target("mrk-2", Entry::new().replica("mrk-2", SOURCE));
    // Nothing is encrypted under a key that signs.
    let signs = Entry::new().spec("RSA_2048").with(|key| key.usage = "SIGN_VERIFY".into());
    let case = case.source("mrk-3", signs.primary("mrk-3", SOURCE, &[]));
    assert!(counted(&case).unwrap().contains("DynamoDB global tables: 2."), "{:?}", counted(&case));
}

#[test]
fn a_replica_is_replicated_from_where_its_primary_is() {
    let entry = || Entry::new().replica("mrk-1", THIRD);
    let primary = |entry: Entry| entry.primary("mrk-1", THIRD, &[SOURCE]).key;
    let case = |key| Case::new().source("mrk-1", entry()).third_primary("mrk-1", key);
    check(&case(Ok(primary(Entry::new()))), &["replicate-key mrk-1 at us-west-2"]);
    check(&case(Ok(primary(Entry::new().disabled()))), &["blocker kms.primary-disabled mrk-1"]);
    check(&case(Ok(primary(Entry::new().state(KeyState::Updating)))), &["blocker core.unclear mrk-1"]);
    check(&case(Ok(Entry::new().primary("mrk-1", THIRD, &[TARGET]).key)), &["blocker core.unclear mrk-1"]);
    // That region does not answer.
    check(&case(Err(gap())), &["blocker core.unclear mrk-1"]);
    check(&Case::new().source("mrk-1", entry()), &["blocker core.unclear mrk-1"]);
    // A disabled replica of an enabled primary.
    let disabled = Case::new().source("mrk-1", entry().disabled()).third_primary("mrk-1", Ok(primary(Entry::new())));
    check(&disabled, &["replicate-key mrk-1 at us-west-2", "disable mrk-1"]);
}

#[test]
fn a_replica_whose_primary_is_in_the_target_is_there_already() {
    let entry = Entry::new().replica("mrk-1", TARGET).alias("alias/a");
    let case = Case::new().source("mrk-1", entry.clone());
    let found = case.clone().target("mrk-1", Entry::new().primary("mrk-1", TARGET, &[SOURCE]).rotated(90));
    check(&found, &["= mrk-1 mrk-1", "create-alias alias/a"]);
    check(&case, &["blocker core.unclear mrk-1"]);
}

#[test]
fn a_multi_region_key_that_is_mapped_to_an_unrelated_one_shares_no_rotation_with_it() {
    let own = Entry::new().primary("mrk-1", SOURCE, &[]).rotated(90);
    let case = Case::new().source("mrk-1", own).map("mrk-1", "t");
    let expected = ["= mrk-1 t", "action kms.reencrypt mrk-1", "enable-rotation mrk-1 OVERWRITING"];
    check(&case.clone().target("t", Entry::new()), &expected);
    check(&case.target("t", Entry::new().primary("mrk-2", TARGET, &[])), &expected);
}

#[test]
fn no_replica_leaves_its_account_or_partition() {
    let entry = || Entry::new().primary("mrk-1", SOURCE, &[]);
    for target in ["444455556666/eu-central-1", "111122223333/cn-north-1"] {
        check(&Case::to(target).source("mrk-1", entry()), &["blocker kms.replica-out-of-reach mrk-1"]);
    }
}

#[test]
fn copies_become_primaries_if_that_is_wanted() {
    let is_primary = |case: &Case| match &case.plan().steps[..] {
        [crate::Step::CreateKey(made)] => made.multi_region,
        other => panic!("{other:?}"),
    };
    let mut case = Case::new().source("k", Entry::new());
    assert!(!is_primary(&case));
    case.options = kms().as_multi_region().options().clone();
    assert!(is_primary(&case));
    case.options = kms().as_multi_region_of([arn(SOURCE, "k")]).options().clone();
    assert!(is_primary(&case));
    case.options = kms().as_multi_region_of([arn(SOURCE, "other")]).options().clone();
    assert!(!is_primary(&case));
    // The copy of an earlier run is taken as it is, whichever it is.
    case.options = kms().options().clone();
    let found = case.target("mrk-2", Entry::new().primary("mrk-2", TARGET, &[]).copy_of("k").rotated(90));
    check(&found, &["= k mrk-2", "action kms.reencrypt k", "disable-rotation k OVERWRITING"]);
}

#[test]
fn a_replica_of_another_family_rotates_as_its_primary_says() {
    let case = |own: Entry, there: Entry| {
        Case::new().source("k", own).target("mrk-9", there.replica("mrk-9", THIRD)).map("k", "mrk-9")
    };
    let found = ["= k mrk-9", "action kms.reencrypt k"];
    check(&case(Entry::new().rotated(90), Entry::new().rotated(90)), &found);
    let differs = case(Entry::new().rotated(90), Entry::new());
    check(&differs, &[&found[..], &["action kms.rotation-elsewhere kms.key-rotation:k"]].concat());
    says(&differs, "rotated every 90 days, that of its counterpart never, as its primary arn:aws:kms:us-west-2:");
}

#[test]
fn a_copy_that_cannot_have_replicas_is_reported_where_one_that_can_was_wanted() {
    let found = |entry: Entry| {
        let mut case = Case::new().source("k", Entry::new()).target("mrk-t", entry.copy_of("k"));
        case.options = kms().as_multi_region().options().clone();
        case
    };
    let single = ["= k mrk-t", "action kms.reencrypt k", "action kms.not-multi-region k"];
    check(&found(Entry::new()), &single);
    check(&found(Entry::new().primary("mrk-t", TARGET, &[])), &single[..2]);
}

#[test]
fn a_primary_that_is_to_be_deleted_is_not_waited_for() {
    for state in [KeyState::PendingDeletion, KeyState::PendingReplicaDeletion] {
        let primary = Entry::new().primary("mrk-1", THIRD, &[SOURCE]).state(state);
        let case = Case::new().source("mrk-1", Entry::new().replica("mrk-1", THIRD));
        let case = case.third_primary("mrk-1", Ok(primary.key));
        check(&case, &["blocker kms.primary-pending-deletion mrk-1"]);
    }
}

#[test]
fn a_replica_becomes_the_primary_if_that_was_asked_for() {
    let case = |own: Entry| {
        let mut case = Case::new().source("mrk-1", own);
        case.options = kms().promote([arn(SOURCE, "mrk-1")]).options().clone();
        case
    };
    let primary = || Entry::new().primary("mrk-1", SOURCE, &[]);
    let made = case(primary());
    let step = "promote mrk-1 at source OVERWRITING";
    check(&made, &["replicate-key mrk-1 at source", step, "action kms.promoted mrk-1"]);
    says(&made, "apply it while the primary's region answers");
    let found = primary().primary("mrk-1", SOURCE, &[TARGET]);
    let found = case(found).target("mrk-1", Entry::new().replica("mrk-1", SOURCE));
    check(&found, &["= mrk-1 mrk-1", step, "action kms.promoted mrk-1"]);
    let third = case(Entry::new().replica("mrk-1", THIRD)).target("mrk-1", Entry::new().replica("mrk-1", THIRD));
    check(&third, &["= mrk-1 mrk-1", "promote mrk-1 at us-west-2 OVERWRITING", "action kms.promoted mrk-1"]);
    let done = case(Entry::new().replica("mrk-1", TARGET)).target("mrk-1", Entry::new().primary("mrk-1", TARGET, &[]));
    check(&done, &["= mrk-1 mrk-1"]);
    check(&case(Entry::new()), &["create-key mrk-1", "action kms.reencrypt mrk-1", "action kms.not-promotable mrk-1"]);
    // Both must be enabled meanwhile: a replica that is to be disabled is so afterwards.
    let disabled = || Entry::new().replica("mrk-1", THIRD).disabled();
    let of_third = |key: Entry| {
        let target = Entry::new().replica("mrk-1", THIRD);
        case(disabled()).third_primary("mrk-1", Ok(key.primary("mrk-1", THIRD, &[SOURCE]).key)).target("mrk-1", target)
    };
    let enabled = of_third(Entry::new());
    let promoted = ["= mrk-1 mrk-1", "promote mrk-1 at us-west-2 OVERWRITING", "action kms.promoted mrk-1"];
    check(&enabled, &[&promoted[..], &["disable mrk-1 OVERWRITING"]].concat());
    let last = enabled.plan().steps.into_iter().find(|step| matches!(step, crate::Step::DisableKey(_))).unwrap();
    assert!(last.spec().after.iter().any(|other| other.starts_with("promote/")));
    let refused = ["= mrk-1 mrk-1", "action kms.not-promotable mrk-1", "disable mrk-1 OVERWRITING"];
    check(&of_third(Entry::new().disabled()), &refused);
    let stays = case(disabled()).third_primary("mrk-1", Ok(Entry::new().primary("mrk-1", THIRD, &[SOURCE]).key));
    let stays = stays.target("mrk-1", disabled());
    check(&stays, &["= mrk-1 mrk-1", "action kms.not-promotable mrk-1"]);
}
