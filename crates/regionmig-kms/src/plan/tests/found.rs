//! Copies that are found in the target, and what is changed on them.

use regionmig_core::{Listing, Step as _};

use super::{check, grant_line, role, says};
use crate::snapshot::KeyState;
use crate::testing::{Case, Entry, POLICY, SOURCE, TARGET, THIRD, arn, gap};

#[test]
fn a_copy_is_found_by_its_mark_and_what_is_equal_left() {
    let entry = || Entry::new().rotated(90).grant(role("a")).tag("a", "b").described("d");
    let case = Case::new().source("k", entry().alias("alias/a")).target("t", entry().alias("alias/a").copy_of("k"));
    check(&case, &["= k t", "= alias/a alias/a", "action kms.reencrypt k"]);
}

#[test]
fn what_differs_on_a_found_key_is_changed_with_leave() {
    let found = |entry: Entry, other: Entry, expected: &[&str]| {
        let case = Case::new().source("k", entry).target("t", other.copy_of("k"));
        check(&case, &[&["= k t", "action kms.reencrypt k"], expected].concat());
    };
    let plain = Entry::new;
    let other_policy = POLICY.replace("kms:*", "kms:Decrypt");
    found(plain(), plain().policy(&other_policy), &["put-policy k OVERWRITING"]);
    found(plain(), plain().policy(&POLICY.replace("\"kms:*\"", "[\"kms:*\"]")), &[]);
    found(plain().described("a"), plain(), &["set-description k OVERWRITING"]);
    found(plain(), plain().described("a"), &["set-description k OVERWRITING"]);
    found(plain().tag("a", "1"), plain().tag("a", "2"), &["change-tags k OVERWRITING"]);
    found(plain().tag("a", "1").tag("b", "1"), plain().tag("b", "1"), &["add-tags k"]);
    found(plain(), plain().tag("a", "1").tag("aws:x", "y"), &["note kms.extra kms.key-tags:k"]);
    found(plain().rotated(90), plain(), &["enable-rotation k OVERWRITING"]);
    found(plain().rotated(90), plain().rotated(91), &["enable-rotation k OVERWRITING"]);
    found(plain(), plain().rotated(91), &["disable-rotation k OVERWRITING"]);
    found(plain().disabled(), plain(), &["disable k OVERWRITING"]);
    found(plain(), plain().disabled(), &["enable k OVERWRITING"]);
    found(plain().disabled(), plain().disabled(), &[]);
    found(plain().grant(role("a")), plain(), &[&grant_line(&role("a"))]);
    found(plain(), plain().grant(role("a")), &["action kms.extra kms.key-grants:k"]);
    found(plain(), plain().alias("alias/b"), &["note kms.extra k"]);
    found(plain().alias("alias/a"), plain(), &["create-alias alias/a"]);
}

#[test]
fn a_disabled_copy_takes_neither_grants_nor_rotation() {
    let entry = Entry::new().grant(role("a")).rotated(90).disabled();
    let case = Case::new().source("k", entry).target("t", Entry::new().disabled().copy_of("k"));
    let expected = [
        "= k t",
        "action kms.reencrypt k",
        "blocker kms.disabled-counterpart kms.key-grants:k",
        "blocker kms.disabled-counterpart kms.key-rotation:k",
    ];
    check(&case, &expected);
    // If it is to be enabled, that comes first.
    let case = Case::new().source("k", Entry::new().grant(role("a"))).target("t", Entry::new().disabled().copy_of("k"));
    let grant = case.plan().steps.into_iter().find(|step| matches!(step, crate::Step::CreateGrant(_))).unwrap();
    assert!(grant.spec().after.contains(&format!("enable/kms.key:{}", arn(SOURCE, "k"))));
}

#[test]
fn of_several_marked_keys_the_oldest_counts_and_the_others_are_reported() {
    let case = Case::new()
        .source("k", Entry::new())
        .target("a", Entry::new().age(100).copy_of("k"))
        .target("b", Entry::new().age(200).copy_of("k"))
        .target("c", Entry::new().age(300).copy_of("k").state(KeyState::PendingDeletion));
    check(&case, &["= k b", "action kms.duplicate-key k", "action kms.reencrypt k"]);
}

#[test]
fn a_marked_key_of_another_kind_is_no_copy_and_no_reason_for_one() {
    let rsa = Entry::new().spec("RSA_2048").copy_of("k");
    check(&Case::new().source("k", Entry::new()).target("t", rsa), &["blocker kms.counterpart-differs k"]);
    let replica = Case::new().source("k", Entry::new()).target("t", Entry::new().replica("t", THIRD).copy_of("k"));
    check(&replica, &["blocker kms.counterpart-differs k"]);
    says(&replica, "is SYMMETRIC_DEFAULT, ENCRYPT_DECRYPT, AWS_KMS, a replica");
    let doomed = Entry::new().copy_of("k").state(KeyState::PendingDeletion);
    check(&Case::new().source("k", Entry::new()).target("t", doomed), &["create-key k", "action kms.reencrypt k"]);
}

#[test]
fn what_is_young_and_unmarked_may_be_the_copy() {
    let young = |entry: Entry| Case::new().source("k", Entry::new()).target("t", entry);
    check(&young(Entry::new().age(29)), &["blocker core.unclear k"]);
    check(&young(Entry::new().age(-1)), &["blocker core.unclear k"]);
    let made = ["create-key k", "action kms.reencrypt k"];
    check(&young(Entry::new().age(30)), &made);
    check(&young(Entry::new().age(1).spec("RSA_2048")), &made);
    check(&young(Entry::new().age(1).copy_of("another")), &made);
    check(&young(Entry::new().age(1).replica("mrk-1", THIRD)), &made);
    check(&young(Entry::new().age(1).aws_managed()), &made);
    check(&young(Entry::new().age(1).state(KeyState::PendingDeletion)), &made);
    // It is known to be another's.
    let case = young(Entry::new().age(1)).source("m", Entry::new()).map("m", "t");
    let expected = ["create-key k", "action kms.reencrypt k", "= m t", "action kms.reencrypt m"];
    check(&case, &expected);
}

#[test]
fn a_target_that_was_not_read_leads_to_no_copy() {
    let case = || Case::new().source("k", Entry::new().alias("alias/a"));
    let unclear = |case: Case| check(&case, &["blocker core.unclear k"]);
    unclear(case().edit(|_, target| target.keys = Listing::unread(gap())));
    unclear(case().edit(|_, target| target.keys.insert(arn(TARGET, "t"), Err(gap()))));
    unclear(case().target("t", Entry::new()).edit(|_, target| target.tags.insert(arn(TARGET, "t"), Err(gap()))));
    // Of another kind, or answered for.
    let made = ["create-key k", "create-alias alias/a", "action kms.reencrypt k"];
    let rsa = case().target("t", Entry::new().spec("RSA_2048"));
    check(&rsa.edit(|_, target| target.tags.insert(arn(TARGET, "t"), Err(gap()))), &made);
    let answered = case().target("t", Entry::new()).edit(|_, target| {
        target.tags.insert(arn(TARGET, "t"), Err(gap()));
        target.tags.presume_complete("they are the auditors'");
    });
    check(&answered, &made);
}

#[test]
fn the_tagging_api_clears_a_key_that_it_shows_without_a_mark() {
    let murky = |entry: Entry, told: Option<&Entry>| {
        let case = Case::new().source("k", Entry::new().tag("a", "1")).target("t", entry);
        case.edit(|_, target| {
            target.tags.insert(arn(TARGET, "t"), Err(gap()));
            if let Some(told) = told {
                target.tagged.insert(arn(TARGET, "t"), Ok(told.tags.clone()));
            }
        })
    };
    let (made, unclear) = (["create-key k", "action kms.reencrypt k"], ["blocker core.unclear k"]);
    let (plain, theirs) = (Entry::new(), Entry::new().tag("Owner", "they"));
    let cleared = murky(plain.clone(), Some(&theirs));
    check(&cleared, &[&made[..], &["note kms.told-by-tagging-api"]].concat());
    says(&cleared, "without a mark, so they are no copies: arn:aws:kms:eu-central-1:111122223333:key/t");
    // Its silence, be it on the key or its tags, or that it was not read, says nothing.
    check(&murky(plain.clone(), Some(&plain)), &unclear);
    check(&murky(plain.clone(), None), &unclear);
    check(&murky(plain.clone(), None).edit(|_, target| target.tagged = Listing::unread(gap())), &unclear);
    // What was read before it broke off counts.
    let broken = cleared.clone().edit(|_, target| target.tagged = std::mem::take(&mut target.tagged).truncated(gap()));
    check(&broken, &[&made[..], &["note kms.told-by-tagging-api"]].concat());
    check(&murky(Entry::new().age(29), Some(&theirs)), &unclear);
    // A mark is one, and which tags differ is asked of KMS alone.
    let found = ["= k t", "action kms.reencrypt k", "blocker core.unclear kms.key-tags:k"];
    check(&murky(plain.clone(), Some(&Entry::new().copy_of("k"))), &found);
    check(&murky(plain.clone(), Some(&Entry::new().copy_of("another"))), &made);
    // What is mapped is nobody else's.
    check(&murky(plain, Some(&theirs)).map("k", "t"), &found);
}

#[test]
fn what_kms_tells_of_tags_counts_before_what_the_tagging_api_shows() {
    let told = |own: Entry, shown: Entry| {
        let case = Case::new().source("k", Entry::new()).target("t", own);
        case.edit(|_, target| target.tagged.insert(arn(TARGET, "t"), Ok(shown.tags)))
    };
    let (marked, plain) = (Entry::new().copy_of("k"), Entry::new().tag("Owner", "they"));
    let found = ["= k t", "action kms.reencrypt k"];
    check(&told(marked.clone(), plain.clone()), &found);
    check(&told(plain, marked), &["create-key k", "action kms.reencrypt k"]);
}
