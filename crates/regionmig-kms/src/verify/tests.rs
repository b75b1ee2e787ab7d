//! Each check passes where the ends are equal, fails on what it is about and on nothing else, and does not know what was
//! not read.

use std::collections::BTreeSet;

use regionmig_core::{AliasName, Gap, Timestamp, Verdict};

use super::{check, checks};
use crate::snapshot::{Alias, GrantTerms, KeyState, LastUse, MaterialState, Rotation, Snapshot};
use crate::testing::{Case, Entry, POLICY, SOURCE, TARGET, THIRD, arn, gap, kms};

const EACH: [&str; 12] = [
    check::ALIAS_POINTS,
    check::DESCRIPTION_EQUAL,
    check::GRANTS_CARRIED,
    check::KEY_ONCE,
    check::KEY_STANDS,
    check::KIND_EQUAL,
    check::MATERIAL_IMPORTED,
    check::POLICY_EQUAL,
    check::RELATION_STANDS,
    check::ROTATION_EQUAL,
    check::STATE_EQUAL,
    check::TAGS_CARRIED,
];

/// A key, as the source has it, and its copy too.
fn entry() -> Entry {
    let role = GrantTerms::new("arn:aws:iam::111122223333:role/a", ["Decrypt"]);
    Entry::new().age(100_000).described("payments").alias("alias/a").tag("Owner", "me").grant(role).rotated(180)
}

/// A key of its own, and a multi-Region primary, each with its counterpart, which `there` and `replica` may change.
fn case(there: impl FnOnce(Entry) -> Entry, replica: impl FnOnce(Entry) -> Entry) -> Case {
    let related = Entry::new().age(100_000);
    Case::new()
        .source("k", entry().tag("aws:cloudformation:stack-name", "s"))
        .target("t", there(entry().copy_of("k")))
        .source("mrk-1", related.clone().primary("mrk-1", SOURCE, &[TARGET]))
        .target("mrk-1", replica(related.replica("mrk-1", SOURCE)))
}

fn equal() -> Case {
    case(|there| there, |replica| replica)
}

/// Returns the codes of the checks that came out so.
fn codes(case: &Case, is_such: impl Fn(Verdict) -> bool) -> BTreeSet<String> {
    let checks = checks(&case.survey, &case.options).into_iter();
    checks.filter(|check| is_such(check.verdict)).map(|check| check.code).collect()
}

#[track_caller]
fn fails(case: &Case, expected: &[&str]) -> BTreeSet<String> {
    let failed = codes(case, |verdict| verdict == Verdict::Fail);
    assert_eq!(failed, expected.iter().map(|code| (*code).to_owned()).collect());
    assert_eq!(codes(case, |verdict| verdict == Verdict::Unknown), BTreeSet::new());
    failed
}

#[track_caller]
fn unknown(case: &Case, expected: &[&str]) {
    let unknown = codes(case, |verdict| verdict == Verdict::Unknown);
    assert_eq!(unknown, expected.iter().map(|code| (*code).to_owned()).collect());
    assert_eq!(codes(case, |verdict| verdict == Verdict::Fail), BTreeSet::new());
}

#[test]
fn equal_ends_pass_every_check() {
    for case in [equal(), equal().map("k", "t")] {
        fails(&case, &[]);
        let passed = codes(&case, |verdict| verdict == Verdict::Pass);
        // No key here has material that was imported.
        let each = EACH.into_iter().filter(|code| *code != check::MATERIAL_IMPORTED);
        let all = each.chain([check::SURVEY_WHOLE]).map(str::to_owned).collect();
        assert_eq!(passed, all);
    }
}

#[test]
fn each_check_fails_on_what_it_is_about() {
    let there = |change: fn(Entry) -> Entry, expected: &[&str]| fails(&case(change, |replica| replica), expected);
    let mut failed = BTreeSet::new();
    failed.extend(there(|key| key.policy(&POLICY.replace("kms:*", "kms:Decrypt")), &[check::POLICY_EQUAL]));
    failed.extend(there(|key| key.tag("Owner", "you"), &[check::TAGS_CARRIED]));
    failed.extend(there(|key| Entry { tags: Entry::new().copy_of("k").tags, ..key }, &[check::TAGS_CARRIED]));
    failed.extend(there(|key| Entry { grants: Vec::new(), ..key }, &[check::GRANTS_CARRIED]));
    let other = |mut key: Entry| {
        key.grants[0].terms.operations.insert("Encrypt".to_owned());
        key
    };
    failed.extend(there(other, &[check::GRANTS_CARRIED]));
    failed.extend(there(|key| key.rotated(365), &[check::ROTATION_EQUAL]));
    failed.extend(there(|key| Entry { rotation: Some(Rotation::default()), ..key }, &[check::ROTATION_EQUAL]));
    failed.extend(there(|key| Entry { rotation: None, ..key }, &[check::ROTATION_EQUAL]));
    failed.extend(there(Entry::disabled, &[check::STATE_EQUAL]));
    failed.extend(there(|key| key.described("other"), &[check::DESCRIPTION_EQUAL]));
    failed.extend(there(|key| key.spec("RSA_2048"), &[check::KIND_EQUAL]));
    failed.extend(there(|key| key.with(|key| key.usage = "SIGN_VERIFY".into()), &[check::KIND_EQUAL]));
    failed.extend(there(|key| key.with(|key| key.origin = "EXTERNAL".into()), &[check::KIND_EQUAL]));
    failed.extend(there(|key| Entry { aliases: Vec::new(), ..key }, &[check::ALIAS_POINTS]));
    let elsewhere = |_: &mut Snapshot, target: &mut Snapshot| {
        target.aliases.insert("alias/a".parse().unwrap(), Ok(Alias::new(arn(TARGET, "mrk-1"))));
    };
    failed.extend(fails(&equal().edit(elsewhere), &[check::ALIAS_POINTS]));
    failed.extend(fails(&equal().target("u", Entry::new().age(50_000).copy_of("k")), &[check::KEY_ONCE]));
    failed.extend(fails(&case(|key| key, |key| key.replica("mrk-1", THIRD)), &[check::RELATION_STANDS]));
    failed.extend(fails(&case(|key| key, |key| key.with(|key| key.multi_region = None)), &[check::RELATION_STANDS]));
    failed.extend(material());
    failed.extend(missing());
    assert_eq!(failed, EACH.map(str::to_owned).into());
}

/// Policies and grants are what they should have become: what was left as it was in the source is not.
// REQ: KMS-24
#[test]
fn what_names_the_source_must_have_been_rewritten() {
    let policy = |region: &str, id: &str| {
        let condition = format!(
            r#""Condition":{{"StringEquals":{{"kms:ViaService":"s3.{region}.amazonaws.com"}},"ArnEquals":{{"aws:SourceArn":"{}"}}}}"#,
            arn(region, id)
        );
        POLICY.replacen(r#""Resource":"*""#, &format!(r#""Resource":"*",{condition}"#), 1)
    };
    let grant = |region: &str, id: &str| {
        let mut terms = GrantTerms::new("arn:aws:iam::111122223333:role/b", ["Decrypt"]);
        terms.constraints.context_subset = [("by".to_owned(), arn(region, id).to_string())].into();
        terms
    };
    let case = |there: Entry| {
        let own = Entry::new().age(100_000).policy(&policy(SOURCE, "l")).grant(grant(SOURCE, "l"));
        let case = Case::new().source("k", own).target("t", there.age(100_000).copy_of("k"));
        let other = Entry::new().age(100_000);
        case.source("l", other.clone()).target("u", other.copy_of("l"))
    };
    let right = || Entry::new().policy(&policy(TARGET, "u")).grant(grant(TARGET, "u"));
    fails(&case(right()), &[]);
    for there in [policy(SOURCE, "l"), policy(TARGET, "l"), policy(TARGET, "t"), policy("eu-west-1", "u")] {
        fails(&case(right().policy(&there)), &[check::POLICY_EQUAL]);
    }
    fails(&case(Entry { grants: Vec::new(), ..right() }.grant(grant(SOURCE, "l"))), &[check::GRANTS_CARRIED]);
    // What it names may have a counterpart that nobody could see.
    let unread = case(right()).edit(|_, target| target.tags.insert(arn(TARGET, "u"), Err(gap())));
    unknown(&unread, &[check::GRANTS_CARRIED, check::KEY_ONCE, check::KEY_STANDS, check::POLICY_EQUAL]);
}

/// Imported material is there, all of it, and goes at the same time. What the key itself lacks, its counterpart may have.
fn material() -> BTreeSet<String> {
    let related = |entry: Entry, there: Entry| {
        let there = there.replica("mrk-1", SOURCE);
        Case::new().source("mrk-1", entry.primary("mrk-1", SOURCE, &[TARGET])).target("mrk-1", there)
    };
    let imported = || Entry::new().imported();
    let expiring = || imported().expiring("2026-09-01T00:00:00Z");
    let copied = |own: Entry, there: Entry| Case::new().source("k", own).target("t", there.copy_of("k"));
    let lacks = [check::MATERIAL_IMPORTED, check::STATE_EQUAL];
    let older = || imported().material("older", MaterialState::NonCurrent);
    let mut failed = BTreeSet::new();
    for make in [related, copied] {
        fails(&make(imported(), imported()), &[]);
        fails(&make(imported().empty(), imported()), &[]);
        fails(&make(imported().empty(), imported().empty()), &[]);
        failed.extend(fails(&make(imported(), imported().empty()), &lacks));
        failed.extend(fails(&make(expiring(), imported()), &[check::MATERIAL_IMPORTED]));
    }
    failed.extend(fails(&related(older(), imported()), &[check::MATERIAL_IMPORTED]));
    fails(&copied(older(), imported()), &[]);
    // Of a copy, what only the key has may expire; of related keys, what both have goes at one time.
    let older_expires = || {
        let mut entry = imported().expiring("2026-09-01T00:00:00Z").material("older", MaterialState::NonCurrent);
        entry.materials.swap(0, 1);
        (entry.materials[0].id, entry.materials[1].id) = ("m".to_owned(), "older".to_owned());
        (entry.materials[0].state, entry.materials[1].state) = (MaterialState::Current, MaterialState::NonCurrent);
        entry
    };
    fails(&copied(older_expires(), imported()), &[]);
    failed.extend(fails(&related(older_expires(), older()), &[check::MATERIAL_IMPORTED]));
    let unread = |_: &mut Snapshot, target: &mut Snapshot| target.materials.insert(arn(TARGET, "mrk-1"), Err(gap()));
    unknown(&related(older(), imported()).edit(unread), &[check::MATERIAL_IMPORTED]);
    // Where a counterpart's material comes from may be decided by who maps it, and by nobody else.
    fails(&Case::new().source("k", imported()).target("t", Entry::new()).map("k", "t"), &[]);
    failed.extend(fails(&copied(imported(), Entry::new()).map("k", "t"), &[check::KIND_EQUAL]));
    failed
}

/// What has no counterpart fails as a whole, and so do its aliases.
fn missing() -> BTreeSet<String> {
    let none = Case::new().source("k", entry());
    let doomed = |key: Entry| key.state(KeyState::PendingDeletion);
    let mut failed = fails(&none, &[check::KEY_STANDS, check::ALIAS_POINTS]);
    failed.extend(fails(&none.clone().map("k", "t"), &[check::KEY_STANDS, check::ALIAS_POINTS]));
    failed.extend(fails(&case(doomed, |key| key), &[check::KEY_STANDS, check::ALIAS_POINTS]));
    failed.extend(fails(&case(doomed, |key| key).map("k", "t"), &[check::KEY_STANDS, check::STATE_EQUAL]));
    // So it is where the key itself is no more.
    let gone = || Case::new().map("k", "t");
    failed.extend(fails(&gone().target("t", entry()), &[]));
    failed.extend(fails(&gone(), &[check::KEY_STANDS]));
    failed.extend(fails(&gone().target("t", doomed(entry())), &[check::KEY_STANDS]));
    failed
}

#[test]
fn an_alias_that_was_renamed_is_looked_for_under_its_new_name() {
    let renamed = |there: Entry| {
        let case = case(|key| Entry { aliases: Vec::new(), ..key }, |key| key).target("other", there);
        case.edit(|_, target| target.aliases.insert("alias/b".parse().unwrap(), Ok(Alias::new(arn(TARGET, "t")))))
    };
    let taken = || renamed(Entry::new().alias("alias/a"));
    fails(&taken(), &[check::ALIAS_POINTS]);
    let by_map = |mut case: Case| {
        case.survey.ids.bind::<AliasName>(&"alias/a".parse().unwrap(), &"alias/b".parse().unwrap()).unwrap();
        case
    };
    fails(&by_map(taken()), &[]);
    fails(&by_map(renamed(Entry::new())), &[]);
    let by_option = |mut case: Case| {
        case.options = kms().rename_on_alias_conflict(|_| "alias/b".parse().ok()).options().clone();
        case
    };
    fails(&by_option(taken()), &[]);
    // Its own name is free: a plan would give it that.
    fails(&by_option(renamed(Entry::new())), &[check::ALIAS_POINTS]);
    let elsewhere = |_: &mut Snapshot, target: &mut Snapshot| {
        target.aliases.insert("alias/b".parse().unwrap(), Ok(Alias::new(arn(TARGET, "other"))));
    };
    fails(&by_map(taken()).edit(elsewhere), &[check::ALIAS_POINTS]);
    let unread =
        |_: &mut Snapshot, target: &mut Snapshot| target.aliases.insert("alias/b".parse().unwrap(), Err(gap()));
    unknown(&by_option(taken()).edit(unread), &[check::ALIAS_POINTS]);
    // Whose key has its own name is not known, so neither is which name it has.
    let unread = |_: &mut Snapshot, target: &mut Snapshot| target.keys.insert(arn(TARGET, "other"), Err(gap()));
    unknown(&by_option(taken()).edit(unread), &[check::ALIAS_POINTS, check::KEY_ONCE]);
}

// REQ: KMS-25
#[test]
fn a_key_that_was_used_since_its_counterpart_was_made_is_still_needed() {
    let made = entry().key.created;
    let seconds = |n: i64| Timestamp::from_second(made.as_second() + n).unwrap();
    let with = |k: Option<Result<LastUse, Gap>>| {
        let mut case = equal().edit(|source, _| {
            source.last_uses.insert(arn(SOURCE, "mrk-1"), Ok(LastUse::none(made, true)));
            k.into_iter().for_each(|last| source.last_uses.insert(arn(SOURCE, "k"), last));
        });
        fails(&case, &[]);
        case.options = kms().with_last_use().options().clone();
        case
    };
    let idle = |last: LastUse| with(Some(Ok(last)));
    let since = |n: i64| LastUse::none(seconds(n), false);
    for last in [since(0), since(-9), since(-9).used(seconds(-1), "Decrypt"), since(-9).used(made, "Decrypt")] {
        let case = idle(last);
        fails(&case, &[]);
        assert!(codes(&case, |verdict| verdict == Verdict::Pass).contains(check::SOURCE_IDLE));
    }
    for last in [since(-9).used(seconds(1), "Decrypt"), since(1).used(seconds(2), "Decrypt")] {
        let case = idle(last);
        fails(&case, &[check::SOURCE_IDLE]);
        let said = checks(&case.survey, &case.options).into_iter().map(|check| check.message);
        assert!(said.into_iter().any(|message| message.contains("by Decrypt; its counterpart was made at")));
    }
    // Nobody knows of what came between.
    unknown(&idle(since(1)), &[check::SOURCE_IDLE]);
    unknown(&with(Some(Err(gap()))), &[check::SOURCE_IDLE]);
    unknown(&with(None), &[check::SOURCE_IDLE]);
}

#[test]
fn what_was_not_read_is_not_known() {
    let row = |edit: fn(&mut Snapshot, &mut Snapshot), expected: &[&str]| {
        unknown(&equal().map("k", "t").edit(edit), expected);
    };
    row(|source, _| source.policies.insert(arn(SOURCE, "k"), Err(gap())), &[check::POLICY_EQUAL]);
    row(|_, target| target.policies.insert(arn(TARGET, "t"), Err(gap())), &[check::POLICY_EQUAL]);
    row(|source, _| source.tags.insert(arn(SOURCE, "k"), Err(gap())), &[check::TAGS_CARRIED]);
    row(|_, target| target.tags.insert(arn(TARGET, "t"), Err(gap())), &[check::TAGS_CARRIED]);
    row(|source, _| source.grants.insert(arn(SOURCE, "k"), Err(gap())), &[check::GRANTS_CARRIED]);
    row(|_, target| target.grants.insert(arn(TARGET, "t"), Err(gap())), &[check::GRANTS_CARRIED]);
    row(|source, _| source.rotations.insert(arn(SOURCE, "k"), Err(gap())), &[check::ROTATION_EQUAL]);
    row(|_, target| target.rotations.insert(arn(TARGET, "t"), Err(gap())), &[check::ROTATION_EQUAL]);
    row(|source, _| source.keys.insert(arn(SOURCE, "k"), Err(gap())), &[check::KEY_STANDS]);
    // Spec, usage, origin, state and description are read with the key.
    row(|_, target| target.keys.insert(arn(TARGET, "t"), Err(gap())), &[check::KEY_STANDS, check::ALIAS_POINTS]);
    row(|_, target| target.keys.insert(arn(TARGET, "u"), Err(gap())), &[check::KEY_ONCE]);
    row(|_, target| target.aliases.insert("alias/a".parse().unwrap(), Err(gap())), &[check::ALIAS_POINTS]);
    row(|source, _| source.keys = source.keys.clone().truncated(gap()), &[check::SURVEY_WHOLE]);
    row(|source, _| source.aliases = source.aliases.clone().truncated(gap()), &[check::SURVEY_WHOLE]);
    row(|_, target| target.keys = target.keys.clone().truncated(gap()), &[check::SURVEY_WHOLE, check::KEY_ONCE]);
    row(|_, target| target.aliases = target.aliases.clone().truncated(gap()), &[check::SURVEY_WHOLE]);
}

#[test]
fn what_may_be_there_unread_is_not_said_to_be_missing() {
    let unmarked = |_: &mut Snapshot, target: &mut Snapshot| target.tags.insert(arn(TARGET, "t"), Err(gap()));
    unknown(&equal().edit(unmarked), &[check::KEY_STANDS, check::ALIAS_POINTS]);
    let unlisted = |_: &mut Snapshot, target: &mut Snapshot| target.keys = target.keys.clone().truncated(gap());
    let gone = Case::new().map("k", "t").edit(unlisted);
    unknown(&gone, &[check::SURVEY_WHOLE, check::KEY_STANDS]);
    let alias = |_: &mut Snapshot, target: &mut Snapshot| target.aliases = target.aliases.clone().truncated(gap());
    let none = case(|key| Entry { aliases: Vec::new(), ..key }, |key| key).edit(alias);
    unknown(&none, &[check::SURVEY_WHOLE, check::ALIAS_POINTS]);
}
