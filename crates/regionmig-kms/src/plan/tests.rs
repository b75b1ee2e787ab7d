//! What is planned for what is found.

use std::collections::BTreeSet;

use regionmig_core::{AliasName, Listing, Step as _};

use crate::options::AliasConflict;
use crate::snapshot::{GrantTerms, Key, KeyState, KeyStore, Rotation};
use crate::testing::{Case, Entry, POLICY, SOURCE, TARGET, THIRD, arn, gap, kms, now};

mod quota;
mod rename;
mod rewriting;
mod usage;

/// Plans, and compares what comes of it, in whichever order, with what is expected: a step by verb and subject, a
/// finding by severity, code and subject, a counterpart found by `=`.
#[track_caller]
fn check(case: &Case, expected: &[&str]) {
    let mut expected: Vec<&str> = expected.to_vec();
    expected.sort_unstable();
    assert_eq!(case.shown(), expected);
}

/// Plans, and looks for words in what a finding says.
#[track_caller]
fn says(case: &Case, words: &str) {
    let findings = case.plan().findings;
    assert!(findings.iter().any(|finding| finding.to_string().contains(words)), "{findings:?}");
}

fn role(name: &str) -> GrantTerms {
    GrantTerms::new(format!("arn:aws:iam::111122223333:role/{name}"), ["Decrypt", "Encrypt"])
}

/// The verb and id under which a grant of key `k` is planned.
fn grant_line(terms: &GrantTerms) -> String {
    format!("create-grant k/{}", crate::step::CreateGrant::name_of(&arn(SOURCE, "k"), terms))
}

#[test]
fn an_empty_region_needs_nothing() {
    check(&Case::new(), &[]);
    let codes: Vec<String> = Case::new().plan().findings.into_iter().map(|finding| finding.code).collect();
    assert_eq!(codes, ["kms.shared-not-listed"], "that much is never known");
}

// REQ: KMS-1
#[test]
fn a_single_region_key_gets_a_copy_with_all_that_is_its_own() {
    let entry = Entry::new().alias("alias/a").alias("alias/b").rotated(180).grant(role("a")).tag("a", "b");
    let case = Case::new().source("k", entry.described("for a").disabled());
    let grant = grant_line(&role("a"));
    let expected =
        ["create-key k", "create-alias alias/a", "create-alias alias/b", "enable-rotation k", &grant, "disable k"];
    check(&case, &[&expected[..], &["action kms.reencrypt k"]].concat());
    let made = case.plan().steps.into_iter().find_map(|step| match step {
        crate::Step::CreateKey(made) => Some(made),
        _ => None,
    });
    let made = made.unwrap();
    assert_eq!((made.policy.known(), made.description.as_str(), made.multi_region), (Some(POLICY), "for a", false));
    assert_eq!(made.tags.into_iter().collect::<Vec<_>>(), [("a".to_owned(), "b".to_owned())]);
}

#[test]
fn a_disabled_key_is_disabled_last() {
    let entry = Entry::new().alias("alias/a").rotated(180).grant(role("a")).disabled();
    let steps = Case::new().source("k", entry).plan().steps;
    let specs: Vec<_> = steps.iter().map(crate::Step::spec).collect();
    let disable = specs.iter().find(|spec| spec.verb == "disable").unwrap();
    let others = specs.iter().filter(|spec| !["disable", "create-key"].contains(&spec.verb.as_str()));
    let others: BTreeSet<String> = others.map(|spec| format!("{}/{}", spec.verb, spec.subject)).collect();
    assert_eq!(others.len(), 3);
    assert!(others.is_subset(&disable.after), "{others:?} {:?}", disable.after);
}

#[test]
fn keys_of_aws_and_their_aliases_are_summed_up() {
    let managed = || Entry::new().aws_managed();
    check(&Case::new().source("a", managed().alias("alias/aws/s3")).source("b", managed()), &["note kms.aws-managed"]);
}

#[test]
fn a_key_that_cannot_be_moved_is_named_and_left_with_its_aliases() {
    let in_store = Entry::new().with(|key| key.custom_key_store = Some("cks-1".to_owned()));
    let unknown = Entry::new().with(|key| key.origin = "ELSEWHERE".into());
    for (entry, code) in [(in_store, "kms.key-store-not-mapped"), (unknown, "kms.kind-not-known")] {
        let blocked = format!("blocker {code} k");
        check(&Case::new().source("k", entry.clone().alias("alias/a")), &[&blocked]);
        // Who says what its counterpart is knows better.
        let found = Case::new().source("k", entry.clone()).target("t", entry).map("k", "t");
        check(&found, &["= k t", "action kms.reencrypt k"]);
    }
}

#[test]
fn a_key_of_another_kind_gets_an_equal_one_and_who_must_learn_of_it_is_said() {
    for (spec, usage, code, whom) in [
        ("RSA_3072", "ENCRYPT_DECRYPT", "kms.new-key-pair", "to whoever encrypts outside of KMS"),
        ("ECC_NIST_P256", "SIGN_VERIFY", "kms.new-key-pair", "to all who verify"),
        ("ML_DSA_65", "SIGN_VERIFY", "kms.new-key-pair", "to all who verify"),
        ("HMAC_256", "GENERATE_VERIFY_MAC", "kms.new-mac-key", "verified with the key that made them"),
        ("ECC_NIST_P384", "KEY_AGREEMENT", "kms.new-key-pair", "to every peer"),
        ("ML_KEM_768", "ENCAPSULATE_DECAPSULATE", "kms.new-key-pair", "to every peer"),
        ("NEW_1", "NEW_USAGE", "kms.new-key-pair", "find out who relies on it"),
    ] {
        let entry = || Entry::new().spec(spec).with(|key| key.usage = usage.into()).alias("alias/a").disabled();
        // Whether it rotates is not asked of such a key, and nothing is set.
        let entry = || Entry { rotation: None, ..entry() };
        let action = format!("action {code} k");
        let case = Case::new().source("k", entry());
        check(&case, &["create-key k", "create-alias alias/a", "disable k", &action]);
        says(&case, whom);
        let [crate::Step::CreateKey(made), ..] = &case.plan().steps[..] else { panic!() };
        assert_eq!((made.spec.as_str(), made.usage.as_str(), made.origin.as_str()), (spec, usage, "AWS_KMS"));
        let found = Case::new().source("k", entry()).target("t", entry().copy_of("k"));
        check(&found, &["= k t", "= alias/a alias/a", &action]);
        // A replica has the same material.
        let primary = entry().primary("mrk-1", SOURCE, &[]).state(KeyState::Enabled);
        check(&Case::new().source("mrk-1", primary), &["replicate-key mrk-1 at source", "create-alias alias/a"]);
    }
}

#[test]
fn a_key_to_be_deleted_is_skipped_and_one_on_the_way_waited_for() {
    for state in [KeyState::PendingDeletion, KeyState::PendingReplicaDeletion] {
        let entry = Entry::new().alias("alias/a").state(state);
        check(&Case::new().source("k", entry), &["note kms.pending-deletion k"]);
    }
    for state in ["Creating", "Updating", "Unavailable", "PendingImport", "SomethingNew"] {
        let entry = Entry::new().alias("alias/a").state(state.into());
        check(&Case::new().source("k", entry), &["blocker core.unclear k"]);
    }
}

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

#[test]
fn what_was_not_read_of_a_source_holds_what_it_decides() {
    let case = || Case::new().source("k", Entry::new().grant(role("a")).rotated(90).alias("alias/a").disabled());
    let k = || arn(SOURCE, "k");
    check(&case().edit(|source, _| source.policies.insert(k(), Err(gap()))), &["blocker core.unclear k"]);
    check(&case().edit(|source, _| source.tags.insert(k(), Err(gap()))), &["blocker core.unclear k"]);
    let unread_key = case().edit(|source, _| source.keys.insert(k(), Err(gap())));
    check(&unread_key, &["blocker core.unclear k", "blocker core.unclear alias/a"]);
    let grant = grant_line(&role("a"));
    let made =
        ["create-key k", "create-alias alias/a", "action kms.reencrypt k", "blocker core.unclear kms.key-state:k"];
    let no_grants = case().edit(|source, _| source.grants.insert(k(), Err(gap())));
    check(&no_grants, &[&made[..], &["enable-rotation k", "blocker core.unclear kms.key-grants:k"]].concat());
    let no_rotation = case().edit(|source, _| source.rotations.insert(k(), Err(gap())));
    check(&no_rotation, &[&made[..], &[&grant, "blocker core.unclear kms.key-rotation:k"]].concat());
    let not_listed = case().edit(|source, _| source.keys = Listing::default());
    check(&not_listed, &["blocker core.unclear alias/a"]);
}

#[test]
fn what_was_not_read_of_a_counterpart_is_left_as_it_is() {
    let case =
        || Case::new().source("k", Entry::new()).target("t", Entry::new().policy("{}").rotated(90)).map("k", "t");
    let t = || arn(TARGET, "t");
    let found = ["= k t", "action kms.reencrypt k"];
    let policy = case().edit(|_, target| target.policies.insert(t(), Err(gap())));
    check(
        &policy,
        &[&found[..], &["disable-rotation k OVERWRITING", "blocker core.unclear kms.key-policy:k"]].concat(),
    );
    says(&policy, "kms:Some");
    let unasked = case().edit(|_, target| target.policies = Listing::default());
    check(
        &unasked,
        &[&found[..], &["disable-rotation k OVERWRITING", "blocker core.unclear kms.key-policy:k"]].concat(),
    );
    says(&unasked, "its policy was not read");
    let rotation = case().edit(|_, target| target.rotations.insert(t(), Err(gap())));
    check(&rotation, &[&found[..], &["put-policy k OVERWRITING", "blocker core.unclear kms.key-rotation:k"]].concat());
    let both = ["put-policy k OVERWRITING", "disable-rotation k OVERWRITING"];
    let tags = case().edit(|_, target| target.tags.insert(t(), Err(gap())));
    check(&tags, &[&found[..], &both, &["blocker core.unclear kms.key-tags:k"]].concat());
    let grants = case().edit(|_, target| target.grants.insert(t(), Err(gap())));
    check(&grants, &[&found[..], &both, &["blocker core.unclear kms.key-grants:k"]].concat());
}

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
fn a_mapped_key_is_the_counterpart_if_it_can_be() {
    let case = |entry: Entry| Case::new().source("k", Entry::new()).target("t", entry).map("k", "t");
    check(&case(Entry::new()), &["= k t", "action kms.reencrypt k"]);
    check(&case(Entry::new().spec("RSA_2048")), &["blocker kms.counterpart-differs k"]);
    check(&case(Entry::new().state(KeyState::PendingDeletion)), &["blocker kms.counterpart-pending-deletion k"]);
    check(&case(Entry::new().state(KeyState::Creating)), &["blocker core.unclear k"]);
    check(&case(Entry::new().aws_managed()), &["note kms.mapped-outside k"]);
    check(&Case::new().source("k", Entry::new()).map("k", "t"), &["blocker kms.mapped-key-missing k"]);
    let unread = case(Entry::new()).edit(|_, target| target.keys.insert(arn(TARGET, "t"), Err(gap())));
    check(&unread, &["blocker core.unclear k"]);
    let mut outside = Case::new().source("k", Entry::new());
    outside.survey.ids.bind(&arn(SOURCE, "k"), &arn(THIRD, "t")).unwrap();
    check(&outside, &["note kms.mapped-outside k"]);
}

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
fn tags_of_aws_and_of_older_migrations_are_dropped_by_name() {
    let entry = Entry::new().tag("AWS:cloudformation:stack-name", "s").tag("regionmig:source", "x").tag("awsome", "y");
    let case = Case::new().source("k", entry);
    check(&case, &["create-key k", "action kms.reencrypt k", "note kms.dropped-tags k"]);
    let [crate::Step::CreateKey(made)] = &case.plan().steps[..] else { panic!() };
    assert_eq!(made.tags.keys().collect::<Vec<_>>(), ["awsome"]);
    let note = case.plan().findings.into_iter().find(|finding| finding.code == crate::code::DROPPED_TAGS).unwrap();
    assert!(note.message.contains("AWS:cloudformation:stack-name, regionmig:source"), "{note}");
}

#[test]
fn what_kms_would_refuse_for_its_length_is_not_sent() {
    let tags = |n: usize| (0..n).fold(Entry::new(), |entry, n| entry.tag(&format!("t{n}"), "x"));
    let copied = ["create-key k", "action kms.reencrypt k"];
    check(&Case::new().source("k", tags(48)), &copied);
    check(&Case::new().source("k", tags(49)), &["blocker kms.too-long k"]);
    // Those that are dropped do not count.
    check(&Case::new().source("k", tags(48).tag("aws:x", "y")), &[&copied[..], &["note kms.dropped-tags k"]].concat());
    let long = |bytes: usize| Entry::new().policy(&format!("{:bytes$}", POLICY));
    check(&Case::new().source("k", long(32 * 1024)), &copied);
    check(&Case::new().source("k", long(32 * 1024 + 1)), &["blocker kms.too-long k"]);
    check(&Case::new().source("k", Entry::new().described(&"ä".repeat(8192))), &copied);
    check(&Case::new().source("k", Entry::new().described(&"a".repeat(8193))), &["blocker kms.too-long k"]);
    let found = |own: usize| {
        Case::new().source("k", tags(own)).target("t", Entry::new().tag("u", "x").tag("v", "x")).map("k", "t")
    };
    let extra = ["= k t", "action kms.reencrypt k", "note kms.extra kms.key-tags:k"];
    check(&found(48), &[&extra[..], &["add-tags k"]].concat());
    check(&found(49), &[&extra[..], &["blocker kms.too-long kms.key-tags:k"]].concat());
    says(&found(49), "tags: 51, of which there may be 50");
}

#[test]
fn a_policy_that_names_what_was_deleted_is_not_sent() {
    let dead = POLICY.replace("arn:aws:iam::111122223333:root", "AROACKCEVSQ6C2EXAMPLE");
    check(&Case::new().source("k", Entry::new().policy(&dead)), &["blocker kms.dead-principal k"]);
    let found = Case::new().source("k", Entry::new().policy(&dead)).target("t", Entry::new().copy_of("k"));
    check(&found, &["= k t", "action kms.reencrypt k", "blocker kms.dead-principal kms.key-policy:k"]);
}

#[test]
fn grants_of_services_are_theirs_and_equal_ones_are_one() {
    let service = GrantTerms::new("dynamodb.me-central-1.amazonaws.com", ["Decrypt"]);
    let entry = Entry::new().grant(service).grant(role("a")).grant(role("a"));
    let line = grant_line(&role("a"));
    check(
        &Case::new().source("k", entry),
        &[
            "create-key k",
            "action kms.reencrypt k",
            "action kms.used-by-services k",
            &line,
            "note kms.service-grants k",
        ],
    );
}

#[test]
fn what_the_owner_granted_to_a_service_is_granted_again() {
    let given = || GrantTerms { grantee_is_service: true, ..GrantTerms::new("rds.amazonaws.com", ["Decrypt"]) };
    let retired = || GrantTerms { retiring_service: Some("rds.amazonaws.com".to_owned()), ..role("a") };
    let entry = Entry::new().grant(given()).grant(retired());
    let made = ["create-key k", "action kms.reencrypt k", "action kms.used-by-services k"];
    check(&Case::new().source("k", entry), &[&made[..], &[&grant_line(&given()), &grant_line(&retired())]].concat());
}

#[test]
fn grants_lose_the_names_they_had_and_a_note_says_so() {
    let mut entry = Entry::new().grant(role("a")).grant(role("b"));
    entry.grants[0].name = Some("nightly".to_owned());
    let case = Case::new().source("k", entry.clone());
    let made = ["create-key k", "action kms.reencrypt k", &grant_line(&role("a")), &grant_line(&role("b"))];
    check(&case, &[&made[..], &["note kms.grant-renamed kms.key-grants:k"]].concat());
    says(&case, "by which they are made once: nightly; let what retires a grant");
    // One that is there is not renamed.
    let found = Case::new().source("k", entry.clone()).target("t", entry.copy_of("k"));
    check(&found, &["= k t", "action kms.reencrypt k"]);
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
fn keys_that_are_not_selected_are_left_with_their_aliases_and_counted() {
    let mut case = Case::new()
        .source("a", Entry::new().alias("alias/a"))
        .source("b", Entry::new().alias("alias/b"))
        .source("c", Entry::new().aws_managed().alias("alias/aws/s3"));
    case.options = kms().only([arn(SOURCE, "b")]).options().clone();
    let expected = ["create-key b", "create-alias alias/b", "action kms.reencrypt b", "note kms.left-out"];
    check(&case, &expected);
    says(&case, "keys that were not selected are not moved: 1");
    case.options = kms().only_tagged("Team", "x").options().clone();
    let case = case.edit(|source, _| source.tags.insert(arn(SOURCE, "a"), Err(gap())));
    check(&case, &["blocker core.unclear a", "note kms.left-out"]);
}

#[test]
fn tags_that_the_caller_adds_are_on_every_counterpart() {
    let mut case = Case::new().source("k", Entry::new().tag("Team", "x").tag("Moved", "no"));
    case.options = kms().add_tag("Moved", "yes").options().clone();
    let [crate::Step::CreateKey(made)] = &case.plan().steps[..] else { panic!() };
    let tags: Vec<_> = made.tags.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(tags, [("Moved", "yes"), ("Team", "x")]);
    let found = ["= k t", "action kms.reencrypt k"];
    let mut case = case.target("t", Entry::new().tag("Team", "x").copy_of("k"));
    check(&case, &[&found[..], &["add-tags k"]].concat());
    // A mark is no tag to be added.
    case.options = kms().add_tag("regionmig:source", "x").add_tag("AWS:x", "y").options().clone();
    check(&case, &[&found[..], &["add-tags k", "blocker kms.reserved-tag"]].concat());
    says(&case, "were to be added: AWS:x, regionmig:source");
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

#[test]
fn names_that_the_source_does_not_have_are_pointed_at() {
    let mut case = Case::new().source("k", Entry::new().alias("alias/a"));
    let there = kms().only([arn(SOURCE, "k")]).only_aliased(["alias/a".parse().unwrap()]);
    case.options = there.clone().options().clone();
    check(&case, &["create-key k", "create-alias alias/a", "action kms.reencrypt k"]);
    for (kms, name) in [
        (there.clone().only([arn(SOURCE, "x")]), "key/x"),
        (there.clone().only_aliased(["alias/x".parse().unwrap()]), "alias/x"),
        (there.clone().promote([arn(SOURCE, "x")]), "key/x"),
        (there.clone().as_multi_region_of([arn(SOURCE, "x")]), "key/x"),
        (there.map_xks_key(&arn(SOURCE, "x"), "y"), "key/x"),
    ] {
        case.options = kms.options().clone();
        let expected = ["create-key k", "create-alias alias/a", "action kms.reencrypt k", "action kms.name-not-found"];
        check(&case, &expected);
        says(&case, name);
        // What was not listed may be there.
        let unlisted = case.clone().edit(|source, _| {
            source.keys = source.keys.clone().truncated(gap());
            source.aliases = source.aliases.clone().truncated(gap());
        });
        assert!(!unlisted.shown().contains(&"action kms.name-not-found".to_owned()));
    }
}

#[test]
fn a_key_in_a_custom_key_store_is_made_in_the_one_that_was_named_if_that_can_be() {
    let in_store = |origin: &str| {
        let origin = origin.to_owned();
        Entry::new().with(move |key| {
            key.origin = origin.as_str().into();
            key.custom_key_store = Some("cks-1".to_owned());
        })
    };
    let case = |entry: Entry, connection: Option<&str>| {
        let mut case = Case::new().source("k", entry).edit(|_, target| {
            connection.iter().for_each(|state| target.key_stores.insert("cks-2".to_owned(), Ok(KeyStore::new(*state))));
        });
        case.options = kms().map_key_store("cks-1", "cks-2").as_multi_region().options().clone();
        case
    };
    let hsm = case(in_store("AWS_CLOUDHSM"), Some("CONNECTED"));
    check(&hsm, &["create-key k", "action kms.reencrypt k"]);
    let [crate::Step::CreateKey(made)] = &hsm.plan().steps[..] else { panic!() };
    assert_eq!((made.custom_key_store.as_deref(), made.origin.as_str()), (Some("cks-2"), "AWS_CLOUDHSM"));
    assert!(!made.multi_region && made.xks_key.is_none(), "a store has no multi-Region keys");
    for connection in [None, Some("DISCONNECTED"), Some("CONNECTING")] {
        check(&case(in_store("AWS_CLOUDHSM"), connection), &["blocker kms.key-store-not-connected k"]);
    }
    let unread = case(in_store("AWS_CLOUDHSM"), None).edit(|_, target| target.key_stores = Listing::unread(gap()));
    check(&unread, &["blocker core.unclear k"]);
    check(&Case::new().source("k", in_store("AWS_CLOUDHSM")), &["blocker kms.key-store-not-mapped k"]);
    says(&Case::new().source("k", in_store("AWS_CLOUDHSM")), "Kms::map_key_store");
    // Of an external one the key behind it must be named, too.
    let mut external = case(in_store("EXTERNAL_KEY_STORE"), Some("CONNECTED"));
    check(&external, &["blocker kms.xks-key-not-mapped k"]);
    let named = kms().map_key_store("cks-1", "cks-2").map_xks_key(&arn(SOURCE, "k"), "behind");
    external.options = named.options().clone();
    let [crate::Step::CreateKey(made)] = &external.plan().steps[..] else { panic!("{:?}", external.shown()) };
    assert_eq!(made.xks_key.as_deref(), Some("behind"));
    // Each stands behind one key of a store: whichever has it, or is to have it.
    let behind = |key: &mut Key| (key.custom_key_store, key.xks_key) = (Some("cks-2".into()), Some("behind".into()));
    check(
        &external.clone().target("t", in_store("EXTERNAL_KEY_STORE").with(behind)),
        &["blocker kms.xks-key-in-use k"],
    );
    let elsewhere = |key: &mut Key| (key.custom_key_store, key.xks_key) = (Some("cks-3".into()), Some("behind".into()));
    let free = external.clone().target("t", in_store("EXTERNAL_KEY_STORE").with(elsewhere));
    check(&free, &["create-key k", "action kms.reencrypt k"]);
    let mut twice = external.source("l", in_store("EXTERNAL_KEY_STORE"));
    twice.options = named.map_xks_key(&arn(SOURCE, "l"), "behind").options().clone();
    check(&twice, &["blocker kms.xks-key-in-use k", "blocker kms.xks-key-in-use l"]);
    // A store holds keys of one origin.
    for (kind, expected) in [
        ("AWS_CLOUDHSM", &["create-key k", "action kms.reencrypt k"][..]),
        ("EXTERNAL_KEY_STORE", &["blocker kms.key-store-of-other-kind k"]),
    ] {
        let of_kind = case(in_store("AWS_CLOUDHSM"), None).edit(|_, target| {
            target.key_stores.insert("cks-2".to_owned(), Ok(KeyStore::new("CONNECTED").of(kind.into())));
        });
        check(&of_kind, expected);
    }
    // One that stands is found by its mark; one whose store is not connected says nothing of its state.
    let found = case(in_store("AWS_CLOUDHSM"), Some("CONNECTED")).target("t", in_store("AWS_CLOUDHSM").copy_of("k"));
    check(&found, &["= k t", "action kms.reencrypt k"]);
    let away = case(in_store("AWS_CLOUDHSM").state(KeyState::Unavailable), Some("CONNECTED"));
    check(&away, &["blocker core.unclear k"]);
    says(&away, "its key store is not connected");
}

#[test]
fn what_a_person_answered_for_is_known() {
    let case = Case::new().source("k", Entry::new()).target("theirs", Entry::new()).edit(|_, target| {
        target.keys.insert(arn(TARGET, "theirs"), Err(gap()));
    });
    check(&case, &["blocker core.unclear k"]);
    let answered = case.edit(|_, target| target.keys.presume_complete("it is the auditors'"));
    check(&answered, &["create-key k", "action kms.reencrypt k"]);
    let known: Vec<String> = answered.plan().known.iter().map(|id| id.id().to_owned()).collect();
    assert_eq!(known, [arn(TARGET, "theirs").to_string()], "no probe asks for it in vain");
}

#[test]
fn what_was_seen_and_examined_is_known_and_what_may_be_a_copy_is_not() {
    let case = Case::new()
        .target("old", Entry::new())
        .target("young", Entry::new().age(3))
        .target("marked", Entry::new().age(3).copy_of("k"))
        .target("managed", Entry::new().age(3).aws_managed())
        .target("murky", Entry::new())
        .edit(|_, target| target.tags.insert(arn(TARGET, "murky"), Err(gap())));
    let theirs = || Entry::new().tag("Owner", "they").tags;
    let told = case.clone().edit(|_, target| target.tagged.insert(arn(TARGET, "murky"), Ok(theirs())));
    assert_eq!(told.plan().known.len(), case.plan().known.len() + 1, "no probe looks at it again");
    let known: Vec<String> =
        case.plan().known.iter().map(|id| id.id().rsplit('/').next().unwrap().to_owned()).collect();
    assert_eq!(known, ["managed", "marked", "old"]);
}

#[test]
fn an_overwriting_step_says_what_it_replaces() {
    let case = Case::new()
        .source("k", Entry::new().rotated(90).tag("a", "1").described("new"))
        .target("t", Entry::new().rotated(91).tag("a", "2").policy("{}").described("old").copy_of("k"));
    let digest = regionmig_core::Digest::of;
    for step in case.plan().steps {
        match step {
            crate::Step::ChangeTags(step) => assert_eq!(step.replaces, digest(r#"{"a":"2"}"#)),
            crate::Step::EnableRotation(step) => assert_eq!(step.replaces, Some(Rotation::every(91))),
            crate::Step::PutPolicy(step) => assert_eq!(step.replaces, crate::Replaces::Digest(digest("{}"))),
            crate::Step::SetDescription(step) => assert_eq!(step.replaces, digest("old")),
            other => panic!("{other:?}"),
        }
    }
    assert!(now() > Entry::new().key.created);
}
