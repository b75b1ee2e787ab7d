//! Policies and grants that name the source arrive rewritten.
// REQ: KMS-23 KMS-24

use regionmig_core::rewrite::Allowance;
use regionmig_core::{Finding, Purpose, Step as _, Template};

use super::{check, role, says};
use crate::snapshot::{Constraints, GrantTerms};
use crate::step::{CreateGrant, PutPolicy, Replaces};
use crate::testing::{Case, Entry, POLICY, SOURCE, TARGET, arn, gap, kms};
use crate::{EmptyKey, Step};

/// A policy with a condition, or with another resource.
fn conditional(condition: &str) -> String {
    POLICY.replacen(r#""Resource":"*""#, &format!(r#""Resource":"*","Condition":{{{condition}}}"#), 1)
}

/// A policy that names keys of a region in a condition.
fn names(region: &str, ids: &[&str]) -> String {
    let keys: Vec<String> = ids.iter().map(|id| format!("\"{}\"", arn(region, id))).collect();
    conditional(&format!(r#""ArnEquals":{{"aws:SourceArn":[{}]}}"#, keys.join(",")))
}

/// The policy with which a key is made.
fn made(case: &Case, id: &str) -> Template {
    let policies = case.plan().steps.into_iter().filter_map(|step| match step {
        Step::CreateKey(step) if step.key.id() == id => Some(step.policy),
        Step::ReplicateKey(step) if step.key.id() == id => Some(step.policy),
        _ => None,
    });
    let policies: Vec<Template> = policies.collect();
    assert_eq!(policies.len(), 1, "{:?}", case.shown());
    policies.into_iter().next().unwrap()
}

/// The policy that is put on a key, and how.
fn put(case: &Case) -> Option<(PutPolicy, bool)> {
    case.plan().steps.into_iter().find_map(|step| match &step {
        Step::PutPolicy(put) => Some((put.clone(), step.spec().effect == regionmig_core::Effect::Additive)),
        _ => None,
    })
}

fn grants(case: &Case) -> Vec<CreateGrant> {
    let grants = case.plan().steps.into_iter().filter_map(|step| match step {
        Step::CreateGrant(step) => Some(step),
        _ => None,
    });
    grants.collect()
}

fn told(case: &Case, code: &str) -> Vec<Finding> {
    case.plan().findings.into_iter().filter(|finding| finding.code == code).collect()
}

#[test]
fn a_policy_arrives_rewritten_and_each_change_is_told() {
    let policy = conditional(
        r#""StringEquals":{"kms:ViaService":"s3.me-central-1.amazonaws.com","aws:RequestedRegion":"me-central-1",
        "kms:EncryptionContext:SecretARN":"arn:aws:secretsmanager:me-central-1:111122223333:secret:a-AbCdEf"},
        "ArnLike":{"aws:SourceArn":["arn:aws:sns:me-central-1:111122223333:a","arn:aws:sns:me-central-1:444455556666:a",
        "arn:aws:logs:*:111122223333:*"]}"#,
    );
    let other_account = "arn:aws:sns:me-central-1:444455556666:a";
    let expected = policy.replace(other_account, "<kept>").replace("me-central-1", "eu-central-1");
    let expected = expected.replace("<kept>", other_account);
    let services = ["action kms.used-by-services k"];
    let single = Case::new().source("k", Entry::new().policy(&policy));
    check(&single, &[&["create-key k", "action kms.reencrypt k", "note core.rewritten k"], &services[..]].concat());
    assert_eq!(made(&single, "k").known(), Some(&*expected));
    says(&single, "at `/Statement/0/Condition/StringEquals/kms:ViaService` s3.me-central-1.amazonaws.com becomes");
    let replica = Case::new().source("mrk-1", Entry::new().policy(&policy).primary("mrk-1", SOURCE, &[]));
    assert_eq!(made(&replica, "mrk-1").known(), Some(&*expected));
    // What says so already, however it is written, is left; what does not is changed with leave.
    let found = |there: &str| single.clone().target("t", Entry::new().policy(there).copy_of("k"));
    check(&found(&expected), &[&["= k t", "action kms.reencrypt k"], &services[..]].concat());
    let differs = ["= k t", "action kms.reencrypt k", "note core.rewritten k", "put-policy k OVERWRITING"];
    check(&found(&policy), &[&differs[..], &services].concat());
    assert_eq!(put(&found(&policy)).unwrap().0.policy.known(), Some(&*expected));
}

#[test]
fn what_cannot_be_rewritten_is_left_as_it_is_and_pointed_at() {
    let principal = POLICY
        .replace(r#"{"AWS":"arn:aws:iam::111122223333:root"}"#, r#"{"Service":"logs.me-central-1.amazonaws.com"}"#);
    let mut case = Case::new().source("k", Entry::new().policy(&principal));
    let lines = ["create-key k", "action kms.reencrypt k", "action kms.used-by-services k"];
    check(&case, &[&lines[..], &["action core.unresolved k"]].concat());
    says(&case, "principals are not changed");
    says(&case, "Kms::dangerously_allow");
    assert_eq!(made(&case, "k").known(), Some(&*principal));
    case.options = kms().dangerously_allow(Allowance::ServicePrincipal).options().clone();
    check(&case, &[&lines[..], &["note core.rewritten k"]].concat());
    assert_eq!(made(&case, "k").known(), Some(&*principal.replace("me-central-1", "eu-central-1")));
    // Not a key of the plan, nor one that is known.
    let stranger = Case::new().source("k", Entry::new().policy(&names(SOURCE, &["x"])));
    check(&stranger, &["create-key k", "action kms.reencrypt k", "action core.unresolved k"]);
    let twice = POLICY.replacen(r#""Resource":"*""#, r#""Resource":"*","Resource":"*""#, 1);
    let odd = Case::new().source("k", Entry::new().policy(&twice));
    check(&odd, &["create-key k", "action kms.reencrypt k", "action kms.policy-not-understood k"]);
    assert_eq!(made(&odd, "k").known(), Some(&*twice));
}

#[test]
fn a_policy_that_names_a_key_of_the_plan_waits_for_that() {
    let case = |other: Entry| Case::new().source("k", Entry::new().policy(&names(SOURCE, &["l"]))).source("l", other);
    let waits = |case: &Case| {
        let specs = case.plan().steps.into_iter().map(|step| step.spec());
        specs
            .filter(|spec| spec.verb == "create-key" && spec.subject.id().ends_with("/k"))
            .flat_map(|spec| spec.requires)
            .collect::<Vec<_>>()
    };
    let both = case(Entry::new());
    assert_eq!(waits(&both), [regionmig_core::ResourceId::of(&arn(SOURCE, "l"))]);
    assert_eq!(made(&both, "k").known(), None);
    let mut ids = regionmig_core::IdMap::default();
    ids.bind(&arn(SOURCE, "l"), &arn(TARGET, "new")).unwrap();
    assert_eq!(ids.fill(&made(&both, "k")).unwrap(), names(TARGET, &["new"]));
    // A key that waits for its material has its name before.
    let imported = case(Entry::new().imported());
    assert_eq!(waits(&imported), [regionmig_core::ResourceId::of(&EmptyKey(arn(SOURCE, "l")))]);
    // Nobody waits for what is known.
    let found = case(Entry::new()).target("t", Entry::new().copy_of("l"));
    assert_eq!((waits(&found), made(&found, "k").known()), (vec![], Some(&*names(TARGET, &["t"]))));
    let mapped = case(Entry::new()).target("t", Entry::new()).map("l", "t");
    assert_eq!(made(&mapped, "k").known(), Some(&*names(TARGET, &["t"])));
    let related = Case::new()
        .source("k", Entry::new().policy(&names(SOURCE, &["mrk-1"])))
        .source("mrk-1", Entry::new().primary("mrk-1", SOURCE, &[]).policy(&names(SOURCE, &["mrk-1"])));
    assert_eq!(made(&related, "k").known(), Some(&*names(TARGET, &["mrk-1"])));
    assert_eq!(made(&related, "mrk-1").known(), Some(&*names(TARGET, &["mrk-1"])));
    // One that is not moved is nothing to wait for.
    let mut left = both.clone();
    left.options = kms().only([arn(SOURCE, "k")]).options().clone();
    assert_eq!((waits(&left), made(&left, "k").known()), (vec![], Some(&*names(SOURCE, &["l"]))));
}

#[test]
fn policies_in_a_circle_are_completed_once_all_keys_are_there() {
    let itself = Case::new().source("k", Entry::new().policy(&names(SOURCE, &["k"])).disabled());
    let lines = ["create-key k", "put-policy k", "disable k", "action kms.reencrypt k"];
    check(&itself, &[&lines[..], &["note core.rewritten k", "note kms.policy-completed k"]].concat());
    assert_eq!(made(&itself, "k").known(), Some(&*names(SOURCE, &["k"])), "until then it names what it named");
    let (completing, is_additive) = put(&itself).unwrap();
    assert!(is_additive, "nobody else's policy is replaced");
    let Replaces::Made { made: replaced } = &completing.replaces else { panic!() };
    assert_eq!(*replaced, made(&itself, "k"));
    let owners = itself.plan().steps.into_iter().filter(|step| !step.spec().owns.is_empty());
    assert_eq!(owners.map(|step| step.spec().verb).collect::<Vec<_>>(), ["put-policy"]);
    // Of two that name each other one can be made with all that it should have.
    let two = Case::new()
        .source("k", Entry::new().policy(&names(SOURCE, &["l", "m"])))
        .source("l", Entry::new().policy(&names(SOURCE, &["k"])))
        .source("m", Entry::new());
    let completed = told(&two, "kms.policy-completed");
    assert_eq!(
        completed.iter().map(|finding| finding.subject.as_ref().unwrap().id()).collect::<Vec<_>>(),
        [arn(SOURCE, "k").as_str()]
    );
    let holes = |policy: &Template| {
        policy.requires().map(|id| id.id().rsplit('/').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!((holes(&made(&two, "k")), holes(&made(&two, "l"))), (vec!["m".to_owned()], vec!["k".to_owned()]));
    assert_eq!(holes(&put(&two).unwrap().0.policy), ["l", "m"]);
}

#[test]
fn what_a_policy_names_and_was_not_read_is_no_reason_to_change_it() {
    let case = Case::new()
        .source("k", Entry::new().policy(&names(SOURCE, &["l"])).grant(names_key("l")))
        .target("t", Entry::new().policy(&names(TARGET, &["u"])).grant(names_key_there("u")).copy_of("k"))
        .source("l", Entry::new())
        .target("u", Entry::new().copy_of("l"));
    check(&case, &["= k t", "= l u", "action kms.reencrypt k", "action kms.reencrypt l"]);
    let blocked = |case: &Case| {
        assert!(put(case).is_none(), "{:?}", case.shown());
        assert_eq!(grants(case), []);
        assert!(case.shown().contains(&"blocker core.unclear kms.key-policy:k".to_owned()), "{:?}", case.shown());
    };
    blocked(&case.clone().edit(|source, _| source.keys.insert(arn(SOURCE, "l"), Err(gap()))));
    blocked(&case.clone().edit(|_, target| target.tags.insert(arn(TARGET, "u"), Err(gap()))));
    let unlisted = Case::new()
        .source("k", Entry::new().policy(&names(SOURCE, &["l"])))
        .target("t", Entry::new().policy(&names(TARGET, &["u"])).copy_of("k"))
        .edit(|source, _| source.keys = source.keys.clone().truncated(gap()));
    blocked(&unlisted);
}

#[test]
fn a_policy_that_grows_too_long_is_not_sent_and_nobody_waits_for_its_key() {
    let deny = conditional(r#""ArnLike":{"aws:SourceArn":"arn:aws:sns:me-central-1:111122223333:a"}"#)
        .replace("Allow", "Deny");
    let long = |bytes: usize| format!("{deny:bytes$}");
    let grown = made(&Case::new().source("k", Entry::new().policy(&deny)), "k").known().unwrap().len() - deny.len();
    let case = |bytes: usize| {
        Case::new()
            .source("k", Entry::new().policy(&long(bytes)).alias("alias/a"))
            .source("l", Entry::new().policy(&names(SOURCE, &["k"])))
    };
    let room = 32 * 1024 - grown;
    assert!(made(&case(room), "k").known().is_some());
    let others = ["create-key l", "action kms.reencrypt l", "action core.unresolved l"];
    check(&case(room + 1), &[&["blocker kms.too-long k"], &others[..]].concat());
    let found = Case::new().source("k", Entry::new().policy(&long(room + 1))).target("t", Entry::new().copy_of("k"));
    check(&found, &["= k t", "action kms.reencrypt k", "blocker kms.too-long kms.key-policy:k"]);
}

#[test]
fn the_way_back_changes_nothing_that_was_not_changed_since() {
    // What denies keeps the former value beside the new one, so going back is not the reverse of going there.
    let deny = |arns: &str| conditional(&format!(r#""ArnLike":{{"aws:SourceArn":{arns}}}"#)).replace("Allow", "Deny");
    let topic = |region: &str| format!("\"arn:aws:sns:{region}:111122223333:a\"");
    let original = deny(&topic(TARGET));
    let moved = deny(&format!("[{}, {}]", topic(TARGET), topic(SOURCE)));
    let back = |policy: &str, terms: GrantTerms| {
        let mut case = Case::new()
            .source("k", Entry::new().policy(policy).grant(terms))
            .target("t", Entry::new().policy(&original).grant(for_topic(TARGET)))
            .map("k", "t");
        case.survey.purpose = Purpose::FailBack;
        case
    };
    check(&back(&moved, for_topic(SOURCE)), &["= k t", "action kms.reencrypt k"]);
    let changed =
        back(&conditional(r#""StringEquals":{"kms:ViaService":"s3.me-central-1.amazonaws.com"}"#), role("new"));
    let (put, is_additive) = put(&changed).unwrap();
    assert!(!is_additive && put.policy.known().unwrap().contains("s3.eu-central-1.amazonaws.com"));
    let line = super::grant_line(&role("new"));
    assert!(changed.shown().contains(&line), "{:?}", changed.shown());
    // Grants that name the region are told apart by what they were, too.
    let other_region = |terms: GrantTerms| {
        let mut case = back(&moved, terms);
        case = case.target("t", Entry::new().policy(&original).grant(for_topic("us-west-2")));
        case
    };
    check(&other_region(for_topic("us-west-2")), &["= k t", "action kms.reencrypt k"]);
}

fn with_context(name: &str, value: &str) -> GrantTerms {
    let context_subset = [(name.to_owned(), value.to_owned())].into();
    GrantTerms { constraints: Constraints { context_subset, ..Constraints::default() }, ..role("a") }
}

fn for_topic(region: &str) -> GrantTerms {
    with_context("topic", &format!("arn:aws:sns:{region}:111122223333:a"))
}

fn names_key(id: &str) -> GrantTerms {
    with_context("wrapped-by", arn(SOURCE, id).as_str())
}

fn names_key_there(id: &str) -> GrantTerms {
    with_context("wrapped-by", arn(TARGET, id).as_str())
}

#[test]
fn a_grant_is_for_the_same_in_the_target() {
    let of_database = |region: &str| {
        let source_arn = Some(format!("arn:aws:rds:{region}:111122223333:db:a"));
        let context_equals =
            [("secret".to_owned(), format!("arn:aws:secretsmanager:{region}:111122223333:secret:a-AbCdEf"))];
        let constraints = Constraints { context_equals: context_equals.into(), source_arn, ..Constraints::default() };
        GrantTerms { constraints, ..role("a") }
    };
    let case = Case::new().source("k", Entry::new().grant(of_database(SOURCE)));
    let name = CreateGrant::name_of(&arn(SOURCE, "k"), &of_database(TARGET));
    let (line, note) = (format!("create-grant k/{name}"), format!("note core.rewritten kms.grant:k/{name}"));
    check(&case, &["create-key k", "action kms.reencrypt k", "action kms.used-by-services k", &line, &note]);
    assert_eq!(grants(&case).into_iter().map(|grant| grant.terms).collect::<Vec<_>>(), [of_database(TARGET)]);
    says(&case, "at `/EncryptionContextEquals/secret` arn:aws:secretsmanager:me-central-1");
    says(&case, "at `/SourceArn` arn:aws:rds:me-central-1");
    // Two that become one are one, and one that is there says the same.
    let two = case.clone().source("k", Entry::new().grant(of_database(SOURCE)).grant(of_database(TARGET)));
    check(&two, &["create-key k", "action kms.reencrypt k", "action kms.used-by-services k", &line, &note]);
    let found = case.target("t", Entry::new().grant(of_database(TARGET)).copy_of("k"));
    check(&found, &["= k t", "action kms.reencrypt k", "action kms.used-by-services k"]);
}

#[test]
fn a_grant_that_names_a_key_of_the_plan_waits_for_that() {
    let case = Case::new().source("k", Entry::new().grant(names_key("l")).disabled()).source("l", Entry::new());
    let [grant] = &grants(&case)[..] else { panic!("{:?}", case.shown()) };
    let requires: Vec<_> = Step::CreateGrant(grant.clone()).spec().requires.into_iter().collect();
    assert_eq!(requires, ["k", "l"].map(|id| regionmig_core::ResourceId::of(&arn(SOURCE, id))));
    let mut ids = regionmig_core::IdMap::default();
    ids.bind(&arn(SOURCE, "l"), &arn(TARGET, "new")).unwrap();
    assert_eq!(grant.filled(|value| ids.fill(value)).unwrap(), names_key_there("new"));
    let found = case.target("u", Entry::new().copy_of("l"));
    assert_eq!(grants(&found).into_iter().map(|grant| grant.terms).collect::<Vec<_>>(), [names_key_there("u")]);
    let stranger = Case::new().source("k", Entry::new().grant(with_context("a", arn(SOURCE, "x").as_str())));
    assert_eq!(told(&stranger, "core.unresolved").len(), 1, "{:?}", stranger.shown());
}

#[test]
fn who_is_granted_something_is_not_changed() {
    let given =
        GrantTerms { grantee_is_service: true, ..GrantTerms::new("logs.me-central-1.amazonaws.com", ["Decrypt"]) };
    let case = Case::new().source("k", Entry::new().grant(given.clone()));
    let line = super::grant_line(&given);
    assert!(case.shown().contains(&line), "{:?}", case.shown());
    says(&case, "this grant is to somebody of the source's region or account: logs.me-central-1.amazonaws.com");
    let elsewhere = Case::to("444455556666/eu-central-1").source("k", Entry::new().grant(role("a")));
    assert_eq!(told(&elsewhere, "kms.grant-names-region").len(), 1, "{:?}", elsewhere.shown());
}
