//! Names that are in use in the target, and keys that are found by them.

use regionmig_core::{AliasName, Listing, Step as _};

use super::check;
use crate::options::AliasConflict;
use crate::snapshot::KeyState;
use crate::testing::{Case, Entry, TARGET, THIRD, arn, gap, kms};

#[test]
fn an_alias_in_use_is_not_taken_away() {
    let case = || Case::new().source("k", Entry::new().alias("alias/a"));
    let other = || Entry::new().alias("alias/a");
    let made = ["create-key k", "action kms.reencrypt k", "blocker kms.alias-taken alias/a"];
    check(&case().target("t", other()), &made);
    let found = case().target("t", other()).target("c", Entry::new().copy_of("k"));
    check(&found, &["= k c", "action kms.reencrypt k", "blocker kms.alias-taken alias/a"]);
    let unread = case().edit(|_, target| target.aliases = Listing::unread(gap()));
    check(&unread, &["create-key k", "action kms.reencrypt k", "blocker core.unclear alias/a"]);
}

#[test]
fn an_alias_is_taken_from_another_key_only_if_that_was_asked_for_and_kms_lets_it() {
    let case = |there: Entry, conflict| {
        let mut case = Case::new()
            .source("k", Entry::new().alias("alias/a").disabled())
            .target("t", there.alias("alias/a"))
            .target("c", Entry::new().copy_of("k"));
        case.options = kms().on_alias_conflict(conflict).options().clone();
        case
    };
    let found = ["= k c", "action kms.reencrypt k", "disable k OVERWRITING"];
    let taken = [&found[..], &["blocker kms.alias-taken alias/a"]].concat();
    check(&case(Entry::new(), AliasConflict::Fail), &taken);
    let repointed = case(Entry::new(), AliasConflict::Repoint);
    check(&repointed, &[&found[..], &["update-alias alias/a OVERWRITING"]].concat());
    for step in repointed.plan().steps {
        match step {
            crate::Step::UpdateAlias(step) => assert_eq!(step.replaces, arn(TARGET, "t")),
            other => assert!(other.spec().after.contains("update-alias/kms.alias:alias/a"), "disabled last"),
        }
    }
    for other in [
        Entry::new().aws_managed(),
        Entry::new().spec("HMAC_256").with(|key| key.usage = "GENERATE_VERIFY_MAC".into()),
        Entry::new().spec("RSA_2048"),
    ] {
        check(&case(other, AliasConflict::Repoint), &taken);
    }
    let unread = case(Entry::new(), AliasConflict::Repoint).edit(|_, target| {
        target.keys.insert(arn(TARGET, "t"), Err(gap()));
    });
    check(&unread, &taken);
}

#[test]
fn a_key_of_the_target_is_adopted_by_its_alias_if_that_was_asked_for_and_it_can_be_the_one() {
    let case = |there: Entry| {
        let mut case = Case::new().source("k", Entry::new().alias("alias/a").alias("alias/b"));
        case.options = kms().on_alias_conflict(AliasConflict::Adopt).options().clone();
        case.target("t", there.alias("alias/a"))
    };
    let adopted =
        ["= k t", "= alias/a alias/a", "create-alias alias/b", "note kms.adopted k", "action kms.reencrypt k"];
    check(&case(Entry::new()), &adopted);
    let made = ["create-key k", "create-alias alias/b", "action kms.reencrypt k", "blocker kms.alias-taken alias/a"];
    for other in [
        Entry::new().spec("RSA_2048"),
        Entry::new().replica("mrk-1", THIRD),
        Entry::new().state(KeyState::PendingDeletion),
        Entry::new().copy_of("other"),
        Entry::new().aws_managed(),
    ] {
        check(&case(other), &made);
    }
    // Two names of two keys decide nothing.
    let two = case(Entry::new()).target("u", Entry::new().alias("alias/b"));
    let taken = ["blocker kms.alias-taken alias/a", "blocker kms.alias-taken alias/b"];
    check(&two, &[&["create-key k", "action kms.reencrypt k"], &taken[..]].concat());
    // Nor does one name of two keys, or one that cannot be read, or a key that may be another's.
    let claimed = case(Entry::new().alias("alias/c")).source("other", Entry::new().alias("alias/c"));
    let others = ["create-key other", "action kms.reencrypt other", "blocker kms.alias-taken alias/c"];
    check(&claimed, &[&made[..], &others].concat());
    let unread = case(Entry::new()).edit(|_, target| target.aliases.insert("alias/b".parse().unwrap(), Err(gap())));
    check(&unread, &["blocker core.unclear k"]);
    check(&case(Entry::new().age(3)), &["blocker core.unclear k"]);
    let murky = case(Entry::new()).edit(|_, target| target.tags.insert(arn(TARGET, "t"), Err(gap())));
    check(&murky, &["blocker core.unclear k"]);
    // Nor is one taken that is another key's counterpart.
    let mapped = case(Entry::new()).source("other", Entry::new()).map("other", "t");
    check(&mapped, &[&made[..], &["= other t", "action kms.reencrypt other", "note kms.extra other"]].concat());
}

#[test]
fn a_key_that_waits_for_its_material_is_not_adopted() {
    let case = |there: Entry| {
        let mut case = Case::new().source("k", Entry::new().imported().alias("alias/a"));
        case.options = kms().on_alias_conflict(AliasConflict::Adopt).options().clone();
        case.target("t", there.imported().alias("alias/a"))
    };
    assert!(case(Entry::new()).shown().contains(&"= k t".to_owned()));
    let waiting = case(Entry::new().imported().empty()).shown();
    assert!(waiting.contains(&"create-key k".to_owned()), "{waiting:?}");
    assert!(waiting.contains(&"blocker kms.alias-taken alias/a".to_owned()), "{waiting:?}");
}

#[test]
fn a_key_is_not_adopted_by_an_alias_that_gets_another_name() {
    let case = |names: &'static [&'static str]| {
        let mut case = Case::new().source("k", Entry::new().alias("alias/a").alias("alias/b"));
        let new = |name: &AliasName| format!("{name}-new").parse().ok();
        let is_renamed = move |name: &AliasName| names.contains(&name.as_str());
        let kms = kms().on_alias_conflict(AliasConflict::Adopt);
        let kms = kms.rename_on_alias_conflict(move |name| new(name).filter(|_| is_renamed(name)));
        case.options = kms.options().clone();
        case.target("t", Entry::new().alias("alias/a"))
    };
    let made = ["create-key k", "create-alias alias/a", "create-alias alias/b", "note kms.alias-renamed alias/a"];
    let made = [&made[..], &["action kms.reencrypt k"]].concat();
    check(&case(&["alias/a", "alias/b"]), &made);
    check(&case(&["alias/a"]), &made);
    let adopted =
        ["= k t", "= alias/a alias/a", "create-alias alias/b", "note kms.adopted k", "action kms.reencrypt k"];
    check(&case(&["alias/b"]), &adopted);
    // Where such a name points is nobody's question.
    let unread = case(&["alias/b"]).edit(|_, target| target.aliases.insert("alias/b".parse().unwrap(), Err(gap())));
    assert!(unread.shown().contains(&"= k t".to_owned()), "{:?}", unread.shown());
    // What an earlier run decided is as good.
    let mut mapped = case(&[]);
    mapped.survey.ids.bind::<AliasName>(&"alias/a".parse().unwrap(), &"alias/c".parse().unwrap()).unwrap();
    check(&mapped, &made);
}
