//! What is planned for what is found.

use std::collections::BTreeSet;

use regionmig_core::{Listing, Step as _};

use crate::snapshot::{GrantTerms, Key, KeyState, KeyStore, Rotation};
use crate::testing::{Case, Entry, POLICY, SOURCE, TARGET, THIRD, arn, gap, kms, now};

mod alias;
mod found;
mod multi_region;
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
