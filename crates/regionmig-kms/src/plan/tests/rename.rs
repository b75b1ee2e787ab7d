//! Aliases that get another name in the target.

use regionmig_core::{AliasName, Step as _};

use super::{check, says};
use crate::options::Options;
use crate::step::Step;
use crate::testing::{Case, Entry, SOURCE, TARGET, arn, gap, kms};

/// A key whose copy and whose alias `alias/a` are in the target, the alias with another key; and names for that case.
fn renaming(names: &'static [(&'static str, &'static str)]) -> Case {
    let mut case = Case::new()
        .source("k", Entry::new().alias("alias/a"))
        .target("t", Entry::new().alias("alias/a"))
        .target("c", Entry::new().copy_of("k"));
    let new = |name: &AliasName| names.iter().find(|(own, _)| *own == name.as_str());
    let kms = kms().rename_on_alias_conflict(move |name| new(name).and_then(|(_, new)| new.parse().ok()));
    case.options = kms.options().clone();
    case
}

const RENAMED: [&str; 3] = ["= k c", "action kms.reencrypt k", "note kms.alias-renamed alias/a"];

#[test]
fn an_alias_whose_name_is_anothers_gets_the_one_that_the_caller_gives_it() {
    let case = renaming(&[("alias/a", "alias/b")]);
    check(&case, &[&RENAMED[..], &["create-alias alias/a"]].concat());
    says(&case, "in the target it is alias/b");
    let steps = case.plan().steps;
    let [Step::CreateAlias(step)] = &steps[..] else { panic!() };
    assert_eq!((step.name.as_str(), step.name_there().as_str()), ("alias/a", "alias/b"));
    assert!(steps[0].spec().produces.contains(&(&step.name).into()), "whoever needs that name is told the new one");
    // Done, it is found.
    let done = case.clone().target("c", Entry::new().copy_of("k").alias("alias/b"));
    check(&done, &[&RENAMED[..], &["= alias/a alias/b"]].concat());
    // One that is free, or its own key's, keeps its name, and so does one of which nothing is said.
    let renamed = |name: &AliasName| panic!("{name} is asked for");
    let options = || kms().rename_on_alias_conflict(renamed).options().clone();
    let mut free = Case::new().source("k", Entry::new().alias("alias/a"));
    free.options = options();
    check(&free, &["create-key k", "create-alias alias/a", "action kms.reencrypt k"]);
    let none = renaming(&[]);
    check(&none, &[&RENAMED[..2], &["blocker kms.alias-taken alias/a"]].concat());
    // A key that is disabled is so after it has got its name.
    let disabled = case.source("k", Entry::new().alias("alias/a").disabled()).plan().steps;
    let last = disabled.iter().find(|step| matches!(step, Step::DisableKey(_))).unwrap();
    assert!(last.spec().after.contains("create-alias/kms.alias:alias/a"));
}

#[test]
fn a_new_name_that_cannot_be_had_is_refused_and_said() {
    let refused = [&RENAMED[..2], &["blocker kms.new-alias-unusable alias/a"]].concat();
    let case = || renaming(&[("alias/a", "alias/b"), ("alias/c", "alias/b"), ("alias/b", "alias/d")]);
    let taken = case().target("u", Entry::new().alias("alias/b"));
    check(&taken, &refused);
    says(&taken, &format!("which points to {} there", arn(TARGET, "u")));
    let same = renaming(&[("alias/a", "alias/a")]);
    check(&same, &refused);
    let reserved = renaming(&[("alias/a", "alias/aws/a")]);
    check(&reserved, &refused);
    says(&reserved, "only AWS gives such names");
    // The source has that name itself.
    let own = case().source("l", Entry::new().alias("alias/b"));
    check(&own, &[&refused[..], &["create-key l", "create-alias alias/b", "action kms.reencrypt l"]].concat());
    // Two would get it.
    let two = case().source("k", Entry::new().alias("alias/a").alias("alias/c"));
    let two = two.target("u", Entry::new().alias("alias/c"));
    check(&two, &[&refused[..], &["blocker kms.new-alias-unusable alias/c"]].concat());
    says(&two, "and so was another alias");
    let less = two.edit(|_, target| target.aliases.insert("alias/c".parse().unwrap(), Err(gap())));
    check(&less, &[&refused[..], &["blocker core.unclear alias/c"]].concat());
    // What is not known may be so.
    let unclear = [&RENAMED[..2], &["blocker core.unclear alias/a"]].concat();
    check(&case().edit(|source, _| source.aliases = source.aliases.clone().truncated(gap())), &unclear);
    check(&case().edit(|_, target| target.aliases = target.aliases.clone().truncated(gap())), &unclear);
    let unread = |case: Case| case.edit(|_, target| target.keys.insert(arn(TARGET, "t"), Err(gap())));
    check(&unread(case()), &unclear);
    check(&unread(renaming(&[])), &[&RENAMED[..2], &["blocker kms.alias-taken alias/a"]].concat());
}

#[test]
fn an_alias_that_names_its_own_counterpart_claims_no_other_name() {
    let claiming = || renaming(&[("alias/a", "alias/x"), ("alias/c", "alias/x")]);
    let copied = |key: Entry| key.copy_of("k").alias("alias/x");
    let other = |case: Case| case.source("l", Entry::new().alias("alias/c"));
    // As an earlier run left it, and its map is lost.
    let done = other(claiming()).target("c", copied(Entry::new()));
    let found = [&RENAMED[..], &["= alias/a alias/x", "= alias/c alias/c"]].concat();
    let found = [&found[..], &["= l m", "action kms.reencrypt l"]].concat();
    check(&done.clone().target("m", Entry::new().copy_of("l").alias("alias/c")), &found);
    check(&done.clone().target("m", Entry::new().alias("alias/c")).map("l", "m"), &found);
    let primary = |key: Entry| key.primary("mrk-1", SOURCE, &[TARGET]);
    let related = claiming().source("mrk-1", primary(Entry::new().alias("alias/c"))).target("c", copied(Entry::new()));
    let related = related.target("mrk-1", Entry::new().replica("mrk-1", SOURCE).alias("alias/c"));
    check(&related, &[&RENAMED[..], &["= mrk-1 mrk-1", "= alias/a alias/x", "= alias/c alias/c"]].concat());
    // One that names another key than the one that is bound does, be it marked as well.
    let both = ["= l m", "action kms.reencrypt l", "blocker kms.new-alias-unusable alias/a"];
    let both = [&RENAMED[..2], &both, &["blocker kms.new-alias-unusable alias/c"]].concat();
    let twice = done.target("m", Entry::new().age(200_000).copy_of("l"));
    let twice = twice.target("n", Entry::new().age(100).copy_of("l").alias("alias/c"));
    check(&twice, &[&both[..], &["action kms.duplicate-key l"]].concat());
}

#[test]
fn a_name_that_was_decided_is_nobody_elses_wish() {
    let mut case = renaming(&[("alias/a", "alias/x"), ("alias/c", "alias/x")]);
    case = case.source("l", Entry::new().alias("alias/c")).target("u", Entry::new().alias("alias/c"));
    case.survey.ids.bind::<AliasName>(&"alias/a".parse().unwrap(), &"alias/x".parse().unwrap()).unwrap();
    let other = ["create-key l", "action kms.reencrypt l", "blocker kms.new-alias-unusable alias/c"];
    check(&case, &[&RENAMED[..], &["create-alias alias/a"], &other].concat());
    says(&case, "from `Kms::rename_on_alias_conflict`");
    // Of two that were decided neither can have it.
    case.survey.ids.bind::<AliasName>(&"alias/c".parse().unwrap(), &"alias/x".parse().unwrap()).unwrap();
    check(&case, &[&RENAMED[..2], &other, &["blocker kms.new-alias-unusable alias/a"]].concat());
    says(&case, "map the alias to another name");
}

#[test]
fn the_name_that_the_map_says_is_the_one_that_an_alias_has() {
    let mapped = |mut case: Case| {
        case.options = Options::default();
        case.survey.ids.bind::<AliasName>(&"alias/a".parse().unwrap(), &"alias/b".parse().unwrap()).unwrap();
        case
    };
    let case = || mapped(renaming(&[]));
    check(&case(), &[&RENAMED[..], &["create-alias alias/a"]].concat());
    let found = || case().target("c", Entry::new().copy_of("k").alias("alias/b"));
    check(&found(), &[&RENAMED[..], &["= alias/a alias/b"]].concat());
    // Also where its own name has become free, or the source has got a key of that name.
    let free = mapped(Case::new().source("k", Entry::new().alias("alias/a")).target("c", Entry::new().copy_of("k")));
    check(&free, &[&RENAMED[..], &["create-alias alias/a"]].concat());
    let later = found().source("l", Entry::new().alias("alias/b"));
    let taken = ["create-key l", "action kms.reencrypt l", "blocker kms.alias-taken alias/b"];
    check(&later, &[&RENAMED[..], &["= alias/a alias/b"], &taken].concat());
}

#[test]
fn an_alias_of_an_older_plan_has_one_name() {
    let stored = format!(r#"{{"create_alias":{{"key":"{}","name":"alias/a"}}}}"#, arn(SOURCE, "k"));
    let Step::CreateAlias(step) = serde_json::from_str(&stored).unwrap() else { panic!() };
    assert_eq!(step.name_there(), &step.name);
    assert_eq!(serde_json::to_string(&Step::CreateAlias(step)).unwrap(), stored);
}
