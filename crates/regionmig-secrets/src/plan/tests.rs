//! What is planned for what is found.

use regionmig_core::{Arn, Binding, Effect, Route, Step as _};

use crate::options::{Keep, Mode, Options, Relinks};
use crate::snapshot::{CURRENT, PENDING, PREVIOUS, Replica, ReplicaStatus, Rotation, Secret};
use crate::step::{EncryptedUnder, PromotedVersion, Replaces, Step};
use crate::testing::{Case, SOURCE, TARGET, arn, end, gap, key};

mod back;

fn promoting(options: &mut Options) {
    options.mode = Mode::ReplicateAndPromote;
}

fn rotated(function: &str) -> Secret {
    let rotation =
        Rotation { days: Some(30), enabled: true, function: Some(function.to_owned()), ..Rotation::default() };
    Secret { rotation: Some(rotation), ..Secret::at("1") }
}

// REQ: SM-1
#[test]
fn what_is_nowhere_is_replicated() {
    Case::new().here("db", Secret::at("1")).plans(&["replicate db"], &["values-stay"]);
    Case::new().here("db", Secret::default()).plans(&["replicate db"], &["values-stay", "without-value"]);
}

#[test]
fn what_is_replicated_already_is_left() {
    let case = Case::new().here("db", Secret::at("1").replicated(ReplicaStatus::InSync));
    case.there("db", Secret::at("1").of(SOURCE)).plans(&[], &[]);
}

#[test]
fn a_replica_that_is_not_in_step_yet_is_waited_for() {
    for status in [ReplicaStatus::InProgress, ReplicaStatus::Pending] {
        let case = Case::new().here("db", Secret::at("1").replicated(status));
        case.there("db", Secret::at("1").of(SOURCE)).plans(&["replicate db"], &["values-stay"]);
    }
}

// REQ: SM-8
#[test]
fn a_replica_that_could_not_be_made_is_taken_off_the_list_first() {
    let case = Case::new().here("db", Secret::at("1").replicated(ReplicaStatus::Failed));
    case.plans(&["forget-replica db", "replicate db"], &["replica-failed", "values-stay"]);
    let case = Case::new().here("db", Secret::at("1").replicated(ReplicaStatus::Failed));
    case.there("db", Secret::at("1").of(SOURCE)).plans(&[], &["replica-failed"]);
}

// REQ: SM-12
#[test]
fn promotion_follows_replication_and_is_for_good() {
    let case = Case::new().with(promoting).here("db", Secret::at("1"));
    case.plans(&["promote db", "replicate db"], &["promoted", "values-stay"]);
    let promote = case.steps().into_iter().find(|step| matches!(step, Step::Promote(_))).unwrap();
    assert_eq!(promote.spec().effect, Effect::Irreversible);
    let case = Case::new().with(promoting).here("db", Secret::at("1").replicated(ReplicaStatus::InSync));
    case.there("db", Secret::at("1").of(SOURCE)).plans(&["promote db"], &["promoted"]);
    // It stands alone already.
    let case = Case::new().with(promoting).here("db", Secret::at("1"));
    case.there("db", Secret::at("1")).plans(&[], &[]);
    // What a late request left on the list is told.
    let case = Case::new().with(promoting).here("db", Secret::at("1").replicated(ReplicaStatus::Failed));
    case.there("db", Secret::at("1")).plans(&[], &["replica-failed"]);
}

#[test]
fn what_the_source_does_not_tell_its_replicas_do() {
    let dead = |case: Case| {
        case.edit(|survey| {
            survey.source.value.secrets = regionmig_core::Listing::unread(gap("secretsmanager:ListSecrets"));
        })
    };
    let case = dead(Case::new().with(promoting)).there("db", Secret::at("1").of(SOURCE));
    case.plans(&["promote db"], &["promoted", "rotation-not-known"]);
    // One of another primary is not ours to promote, and one that stands alone need not be.
    let case = dead(Case::new().with(promoting)).there("a", Secret::at("1").of("us-west-2"));
    case.there("b", Secret::at("1")).plans(&[], &[]);
}

#[test]
fn what_could_not_be_read_is_not_decided() {
    let secret = arn(SOURCE, "db");
    let unread = |case: Case| {
        let secret = secret.clone();
        case.edit(move |survey| survey.source.value.secrets.insert(secret, Err(gap("secretsmanager:DescribeSecret"))))
    };
    unread(Case::new()).plans(&[], &["core.unclear"]);
    // Its replica is no reason to be silent, but to go on.
    unread(Case::new()).there("db", Secret::at("1").of(SOURCE)).plans(&[], &[]);
    // Nor are those that were not selected, by their number.
    let case = unread(Case::new().here("a", Secret::at("1"))).there("db", Secret::at("1").of(SOURCE));
    let case = case.with(|options| options.prefix("app/"));
    case.plans(&[], &["left-out"]);
    let draft = crate::plan::plan(&case.survey, &case.options);
    assert!(draft.findings[0].message.ends_with(": 2"), "{}", draft.findings[0]);
    let case = Case::new().here("db", Secret::at("1"));
    case.edit(|survey| {
        let listing = std::mem::take(&mut survey.target.value.secrets);
        survey.target.value.secrets = listing.truncated(gap("secretsmanager:ListSecrets"));
    })
    .plans(&[], &["core.unclear"]);
}

// REQ: SM-7
#[test]
fn what_a_service_manages_or_what_is_to_be_deleted_is_left() {
    let managed = Secret { owner: Some("rds".to_owned()), ..Secret::at("1") };
    Case::new().here("rds!a", managed).plans(&[], &["managed"]);
    let doomed = || Secret { deleted: Some(regionmig_core::Timestamp::UNIX_EPOCH), ..Secret::at("1") };
    Case::new().here("db", doomed()).plans(&[], &["pending-deletion"]);
    let case = Case::new().here("db", Secret::at("1"));
    case.there("db", doomed()).plans(&[], &["counterpart-pending-deletion"]);
}

// REQ: SM-10
#[test]
fn a_rotation_under_way_is_told() {
    let case = Case::new().here("db", Secret::at("1").version("2", PENDING));
    case.plans(&["replicate db"], &["rotating", "values-stay"]);
    // One that has ended leaves its stage at the current version.
    let case = Case::new().here("db", Secret::at("1").version("1", PENDING));
    case.plans(&["replicate db"], &["values-stay"]);
}

#[test]
fn a_replica_is_replicated_from_its_primary() {
    let primary = arn("us-west-2", "db");
    let case = Case::new().here("db", Secret::at("1").of("us-west-2"));
    let read = |status: Option<ReplicaStatus>| {
        let mut secret = Secret::at("1");
        if let Some(status) = status {
            secret.replicas.insert(TARGET.parse().unwrap(), Replica::new(status));
        }
        secret
    };
    let case = case.edit(|survey| survey.source.value.primaries.insert(primary.clone(), Ok(read(None))));
    case.plans(&["replicate db"], &["values-stay"]);
    let [Step::Replicate(step)] = &case.steps()[..] else { panic!("{:?}", case.steps()) };
    assert_eq!(step.primary, primary);
    assert_eq!(step.spec().place, regionmig_core::Place::Region("us-west-2".parse().unwrap()));
    // Its primary was not read.
    let case = Case::new().here("db", Secret::at("1").of("us-west-2"));
    case.plans(&[], &["core.unclear"]);
    let case = Case::new().here("db", Secret::at("1").of(TARGET));
    case.there("db", Secret::at("1").of(TARGET)).plans(&[], &["primary-in-target"]);
}

// REQ: SM-18
#[test]
fn another_secret_of_the_name_is_destroyed_only_if_that_is_asked_for() {
    let stranger = |case: Case| {
        case.edit(|survey| {
            let arn = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:db-XyXyXy".parse().unwrap();
            survey.target.value.secrets.insert(arn, Ok(Secret::at("9")));
        })
    };
    stranger(Case::new().here("db", Secret::at("1"))).plans(&[], &["name-taken"]);
    let case = stranger(Case::new().here("db", Secret::at("1")).with(|options| options.overwrite("db")));
    case.plans(&["replicate db"], &["overwritten", "values-stay"]);
    let [Step::Replicate(step)] = &case.steps()[..] else { panic!("{:?}", case.steps()) };
    let lost = step.overwrites.as_ref().unwrap();
    assert_eq!(lost.versions, Secret::at("9").versions);
    assert_eq!(step.spec().effect, Effect::Overwriting);
    assert!(step.spec().summary.contains("9 AWSCURRENT"), "{}", step.spec().summary);
    // A replica of a third region's primary is not destroyed at all: that primary would make it again.
    let case = Case::new().here("db", Secret::at("1")).with(|options| options.overwrite("db"));
    case.there("db", Secret::at("9").of("us-west-2")).plans(&[], &["other-primary"]);
    // What stands alone, and came from here, is linked again if that is asked for, and never while promoting.
    let alone = |mode| {
        let case = Case::new().here("db", Secret::at("1")).there("db", Secret::at("1"));
        case.with(|options| {
            options.overwrite("db");
            options.mode = mode;
        })
    };
    alone(Mode::Replicate).plans(&["replicate db"], &["overwritten", "values-stay"]);
    alone(Mode::ReplicateAndPromote).plans(&[], &[]);
    // What it has by itself is not lost, nor are its own replicas.
    let newer = || Case::new().here("db", Secret::at("1")).with(|options| options.overwrite("db"));
    newer().there("db", Secret::at("2").version("1", PREVIOUS)).plans(&[], &["only-there"]);
    let mut primary = Secret::at("1");
    primary.replicas.insert("us-west-2".parse().unwrap(), Replica::new(ReplicaStatus::InSync));
    newer().there("db", primary).plans(&[], &["has-replicas"]);
}

#[test]
fn a_map_decides_what_stands_for_a_secret() {
    let mapped = |case: Case| case.edit(|survey| survey.ids.bind(&arn(SOURCE, "db"), &arn(TARGET, "other")).unwrap());
    mapped(Case::new().here("db", Secret::at("1"))).plans(&[], &["mapped-secret-missing"]);
    let case = mapped(Case::new().here("db", Secret::at("1")));
    case.there("other", Secret::at("1")).plans(&[], &[]);
    let case = mapped(Case::new().here("db", Secret::at("1")));
    case.there("other", Secret::at("7")).plans(&[], &["counterpart-behind"]);
}

// REQ: SM-4 SM-5 SM-9
#[test]
fn a_replica_is_encrypted_under_what_stands_for_the_key() {
    let under = |named: Option<&str>, set: fn(&mut Options)| {
        let secret = Secret { key: named.map(str::to_owned), ..Secret::at("1") };
        let case = Case::new().here("db", secret).with(set);
        match &case.steps()[..] {
            [Step::Replicate(step)] => Some(step.key.clone()),
            _ => None,
        }
    };
    let plain = |_: &mut Options| {};
    let own = key(SOURCE, "1234abcd-12ab-34cd-56ef-1234567890ab");
    let wanted = Some(EncryptedUnder::Key(Binding::target_of(&own)));
    assert_eq!(under(Some(own.as_str()), plain), wanted);
    assert_eq!(under(Some(own.id()), plain), wanted);
    let alias =
        EncryptedUnder::Alias(Binding::target_of(&"alias/payments".parse::<regionmig_core::AliasName>().unwrap()));
    assert_eq!(under(Some("alias/payments"), plain), Some(alias.clone()));
    assert_eq!(under(Some("arn:aws:kms:me-central-1:111122223333:alias/payments"), plain), Some(alias));
    for default in [None, Some("alias/aws/secretsmanager"), Some("arn:aws:kms:a:1:alias/aws/secretsmanager")] {
        assert_eq!(under(default, plain), Some(EncryptedUnder::Default), "{default:?}");
    }
    assert_eq!(under(Some(own.as_str()), |options| options.default_key = true), Some(EncryptedUnder::Default));
    assert_eq!(under(Some("arn:aws:s3:::bucket"), plain), None);
    assert_eq!(under(Some("not a key/"), plain), None);
}

#[test]
fn a_found_replica_under_another_key_is_encrypted_anew() {
    let (own, there, other) = (key(SOURCE, "1"), key(TARGET, "2"), key(TARGET, "3"));
    let case = |found: Option<&str>, is_mapped: bool| {
        let named = |key: Option<&str>| Secret { key: key.map(str::to_owned), ..Secret::at("1") };
        let case = Case::new().here("db", named(Some(own.as_str())).replicated(ReplicaStatus::InSync));
        let case = case.there("db", named(found).of(SOURCE));
        case.edit(|survey| {
            if is_mapped {
                survey.ids.bind(&own, &there).unwrap();
            }
        })
    };
    case(None, false).plans(&["change-key db"], &[]);
    case(Some(other.as_str()), true).plans(&["change-key db"], &[]);
    case(Some(there.as_str()), true).plans(&[], &[]);
    case(Some(there.id()), true).plans(&[], &[]);
    // Nobody said which key stands for it.
    case(Some(other.as_str()), false).plans(&[], &[]);
}

// REQ: SM-13
#[test]
fn what_is_promoted_is_rotated_by_the_function_that_was_named() {
    let function = |region: &str| format!("arn:aws:lambda:{region}:111122223333:function:rotate");
    let case = || Case::new().with(promoting).here("db", rotated(&function(SOURCE)));
    case().plans(&["promote db", "replicate db"], &["promoted", "rotation-not-mapped", "values-stay"]);
    let arn = |region: &str| function(region).parse::<Arn>().unwrap();
    let mapped = case().edit(|survey| survey.ids.bind(&arn(SOURCE), &arn(TARGET)).unwrap());
    mapped.plans(&["promote db", "replicate db", "set-rotation db"], &["promoted", "values-stay"]);
    let rotation =
        mapped.steps().into_iter().find_map(|step| if let Step::SetRotation(step) = step { Some(step) } else { None });
    assert_eq!(rotation.unwrap().rotation.function, Some(function(TARGET)));
    // A replica that stays linked is rotated with its primary.
    Case::new().here("db", rotated(&function(SOURCE))).plans(&["replicate db"], &["values-stay"]);
}

const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/app"},"Action":"secretsmanager:GetSecretValue","Resource":"arn:aws:secretsmanager:me-central-1:111122223333:secret:db-AbCdEf"}]}"#;

// REQ: SM-21
#[test]
fn a_promoted_secret_gets_a_policy_of_its_own_and_a_linked_one_cannot() {
    let there = POLICY.replace(SOURCE, TARGET);
    let case = Case::new().with(promoting).here_with("db", Secret::at("1"), Some(POLICY));
    case.plans(&["promote db", "put-policy db", "replicate db"], &["core.rewritten", "promoted", "values-stay"]);
    let put =
        case.steps().into_iter().find_map(|step| if let Step::PutPolicy(step) = step { Some(step) } else { None });
    let put = put.unwrap();
    assert_eq!(put.policy.known(), Some(there.as_str()));
    assert!(matches!(put.replaces, Replaces::Carried(_)) && put.spec().effect == Effect::Additive);
    Case::new()
        .here_with("db", Secret::at("1"), Some(POLICY))
        .plans(&["replicate db"], &["policy-of-primary", "values-stay"]);
    // What names nothing of the region need not change.
    let plain = POLICY.replace("arn:aws:secretsmanager:me-central-1:111122223333:secret:db-AbCdEf", "*");
    let case = Case::new().with(promoting).here_with("db", Secret::at("1"), Some(&plain));
    case.plans(&["promote db", "replicate db"], &["promoted", "values-stay"]);
    // What stands alone and says it already is left; what says something else is replaced with leave.
    let alone = |policy: &str| {
        let case = Case::new().here_with("db", Secret::at("1"), Some(POLICY));
        case.there_with("db", Secret::at("1"), Some(policy))
    };
    alone(&there).plans(&[], &[]);
    alone(POLICY).plans(&["put-policy db"], &["core.rewritten"]);
    let case = alone(&there.replace("role/app", "role/other"));
    case.plans(&["put-policy db"], &["core.rewritten"]);
    assert_eq!(case.steps()[0].spec().effect, Effect::Overwriting);
    Case::new().here("db", Secret::at("1")).there_with("db", Secret::at("1"), Some("{}")).plans(&[], &["extra"]);
}

#[test]
fn what_stands_alone_gets_what_differs() {
    let own =
        Secret { description: "mine".to_owned(), ..Secret::at("1").tag("a", "1").tag("b", "2").tag("aws:x", "y") };
    let other = Secret { description: "other".to_owned(), ..Secret::at("1").tag("a", "9").tag("c", "3") };
    let case = Case::new().here("db", own).there("db", other);
    case.plans(&["add-tags db", "change-tags db", "set-description db"], &["extra"]);
    // Tags of AWS's own are no surplus.
    let case = Case::new().here("db", Secret::at("1")).there("db", Secret::at("1").tag("aws:x", "y"));
    case.plans(&[], &[]);
}

#[test]
fn only_what_is_selected_is_moved() {
    let case = Case::new().here("app/db", Secret::at("1")).here("other", Secret::at("1").tag("team", "a"));
    let with = |case: &Case, set: &dyn Fn(&mut Options)| {
        let mut options = Options::default();
        set(&mut options);
        Case { survey: case.survey.clone(), options }
    };
    with(&case, &|options| options.prefix("app/")).plans(&["replicate app/db"], &["left-out", "values-stay"]);
    with(&case, &|options| options.tagged("team", "a")).plans(&["replicate other"], &["left-out", "values-stay"]);
    with(&case, &|options| options.tagged("team", "b")).plans(&[], &["left-out"]);
}

fn elsewhere() -> Case {
    Case::between(Route::new(end(SOURCE), "444455556666/eu-central-1".parse().unwrap()).unwrap())
}

// REQ: SM-15
#[test]
fn nothing_is_copied_by_value_unasked() {
    elsewhere().here("db", Secret::at("1")).plans(&[], &["not-replicable"]);
    let copying = |options: &mut Options| options.copies_values = true;
    let case = elsewhere().with(copying).here("db", Secret::at("2").version("1", PREVIOUS));
    case.plans(&["create db", "put-version db/2"], &["values-stay"]);
    let case = elsewhere().with(copying).here("db", Secret::at("2").version("3", PENDING));
    case.plans(&[], &["rotating"]);
    let case = elsewhere().with(copying).here("db", Secret::at("1"));
    case.there("db", Secret::at("9")).plans(&[], &["name-taken"]);
    let mark = arn(SOURCE, "db");
    let ours = |secret: Secret| secret.tag("regionmig:source", mark.as_str());
    let case = elsewhere().with(copying).here("db", Secret::at("2").version("1", PREVIOUS));
    case.there("db", ours(Secret::at("1"))).plans(&["move-stage db/AWSCURRENT", "put-version db/2"], &[]);
    // Somebody else may have made it, for others to read.
    let case = elsewhere().with(copying).here("db", Secret::at("2"));
    case.there_with("db", ours(Secret::at("2")), Some("{}")).plans(&[], &["foreign-policy"]);
    let many = (0..49).fold(Secret::at("1"), |secret, n| secret.tag(&n.to_string(), ""));
    elsewhere().with(copying).here("db", many).plans(&[], &["too-many-tags"]);
    // A copy that has all is not asked about again, whether values may be copied or not.
    elsewhere().here("db", Secret::at("1")).there("db", ours(Secret::at("1"))).plans(&[], &[]);
    elsewhere().here("db", Secret::at("2")).there("db", ours(Secret::at("2"))).plans(&[], &[]);
    let case = elsewhere().here("db", Secret::at("2").version("1", PREVIOUS));
    case.there("db", ours(Secret::at("1"))).plans(&[], &["not-replicable"]);
    let case = elsewhere().with(copying).here("db", Secret::at("2"));
    case.there("db", ours(Secret::at("9"))).plans(&[], &["counterpart-behind"]);
}

#[test]
fn a_plan_is_blind_to_the_order_of_the_survey() {
    let names = ["a", "b", "c", "d"];
    let forth = names.iter().fold(Case::new(), |case, name| case.here(name, Secret::at("1").version("0", CURRENT)));
    let back =
        names.iter().rev().fold(Case::new(), |case, name| case.here(name, Secret::at("1").version("0", CURRENT)));
    assert_eq!(forth.steps(), back.steps());
}

#[test]
fn a_mapped_secret_that_is_to_be_deleted_stands_for_nothing() {
    let doomed = Secret { deleted: Some(regionmig_core::Timestamp::UNIX_EPOCH), ..Secret::at("1") };
    let case = Case::new().here("db", Secret::at("1")).there("other", doomed);
    let case = case.edit(|survey| survey.ids.bind(&arn(SOURCE, "db"), &arn(TARGET, "other")).unwrap());
    case.plans(&[], &["counterpart-pending-deletion"]);
}

#[test]
fn a_primary_of_the_target_that_came_from_here_stands_alone() {
    let case = Case::new().here("db", Secret::at("1")).there("db", Secret::at("1").of(TARGET));
    case.plans(&[], &[]);
}

#[test]
fn what_others_may_read_does_not_go_under_the_default_key_in_silence() {
    let case = |policy: &str, key: Option<&str>| {
        let secret = Secret { key: key.map(str::to_owned), ..Secret::at("1") };
        Case::new().with(|options| options.default_key = true).here_with("db", secret, Some(policy))
    };
    let policy = |effect: &str, principal: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"{effect}","Principal":{principal},"Action":"secretsmanager:GetSecretValue","Resource":"*"}}]}}"#
        )
    };
    let key = Some("1234abcd-12ab-34cd-56ef-1234567890ab");
    let foreign = r#"{"AWS":["arn:aws:iam::111122223333:role/a","arn:aws:iam::444455556666:root"]}"#;
    let told = &["default-key-not-shared", "values-stay"][..];
    for principal in [foreign, r#""*""#, r#"{"AWS":"*"}"#, r#"{"AWS":"444455556666"}"#] {
        case(&policy("Allow", principal), key).plans(&["replicate db"], told);
        case(&policy("Deny", principal), key).plans(&["replicate db"], &["values-stay"]);
        case(&policy("Allow", principal), None).plans(&["replicate db"], &["values-stay"]);
    }
    for principal in
        [r#"{"AWS":"arn:aws:iam::111122223333:root"}"#, r#"{"Service":"s3.amazonaws.com"}"#, r#"{"AWS":"AROAEXAMPLE"}"#]
    {
        case(&policy("Allow", principal), key).plans(&["replicate db"], &["values-stay"]);
    }
}

#[test]
fn an_alias_of_the_target_stands_for_the_same_alias() {
    let case = |found: Option<&str>, is_mapped: bool| {
        let named = |key: Option<&str>| Secret { key: key.map(str::to_owned), ..Secret::at("1") };
        let case = Case::new().here("db", named(Some("alias/app")).replicated(ReplicaStatus::InSync));
        let alias: regionmig_core::AliasName = "alias/app".parse().unwrap();
        let case = case.there("db", named(found).of(SOURCE));
        case.edit(|survey| {
            if is_mapped {
                survey.ids.bind(&alias, &alias).unwrap();
            }
        })
    };
    case(Some("alias/app"), true).plans(&[], &[]);
    case(Some("alias/other"), true).plans(&["change-key db"], &[]);
    case(Some("alias/other"), false).plans(&[], &[]);
    case(Some(key(TARGET, "1").as_str()), true).plans(&[], &[]);
    case(None, true).plans(&["change-key db"], &[]);
}

#[test]
fn a_schedule_is_carried_without_the_days_that_are_worked_out_from_it() {
    let rotation = Rotation {
        days: Some(7),
        enabled: true,
        role: Some("arn:aws:iam::111122223333:role/partner".to_owned()),
        schedule: Some("rate(7 days)".to_owned()),
        ..Rotation::default()
    };
    let secret = Secret { rotation: Some(rotation.clone()), ..Secret::at("1") };
    let case = Case::new().with(promoting).here("db", secret);
    let set =
        case.steps().into_iter().find_map(|step| if let Step::SetRotation(step) = step { Some(step) } else { None });
    assert_eq!(set.unwrap().rotation, Rotation { days: None, ..rotation });
}

#[test]
fn a_name_that_could_not_be_read_is_not_free() {
    let unread = arn(TARGET, "db");
    let case = Case::new().here("db", Secret::at("1")).here("other", Secret::at("1"));
    let case =
        case.edit(|survey| survey.target.value.secrets.insert(unread, Err(gap("secretsmanager:DescribeSecret"))));
    case.plans(&["replicate other"], &["core.unclear", "values-stay"]);
}
