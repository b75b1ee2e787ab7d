//! What another hand changed since the migration is kept and reported; what may be needed is not deleted.
// REQ: E-16

use std::collections::BTreeSet;
use std::time::Duration;

use crate::account::{asked_for, asking, found_and_differing, migration, mutations, one_of_each, patient, plan, route};
use crate::reverts::{accounts, applied, assert_as_before, copy, keys, planned, reverted};
use regionmig_core::{
    Entry, ErrorKind, Header, Hold, Journal, KeyArn, MemoryJournal, Migration, MigrationPlan, Outcome, Step as _,
    StepId,
};
use regionmig_kms::{Kms, Step, revert_permissions};
use regionmig_testkit::{Fault, KeyView, Refusal, World};
use serde_json::{Value, json};

/// Something that another hand does to a key of the target after the migration.
struct Meddling {
    account: fn() -> World,
    /// An alias of the key.
    alias: &'static str,
    action: &'static str,
    input: Value,
    /// The step that cannot be taken back then.
    verb: &'static str,
    /// What must stay as that hand left it.
    part: fn(&KeyView) -> String,
}

fn meddlings() -> Vec<Meddling> {
    let found = |action, input, verb, part| Meddling {
        account: found_and_differing,
        alias: "alias/ledger",
        action,
        input,
        verb,
        part,
    };
    let made = |action, input, part| Meddling {
        account: one_of_each,
        alias: "alias/plain",
        action,
        input,
        verb: "create-key",
        part,
    };
    let root = "arn:aws:iam::111122223333:root";
    let statement =
        json!({ "Sid": "Third", "Effect": "Allow", "Principal": { "AWS": root }, "Action": "kms:*", "Resource": "*" });
    let policy = json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
    let grant = json!({ "GranteePrincipal": "arn:aws:iam::111122223333:role/third", "Operations": ["Decrypt"] });
    vec![
        found("kms:UpdateKeyDescription", json!({ "Description": "third" }), "set-description", |key| {
            key.description.clone()
        }),
        found("kms:PutKeyPolicy", json!({ "Policy": policy }), "put-policy", |key| key.policy.clone()),
        found("kms:TagResource", json!({ "Tags": [{ "TagKey": "Tier", "TagValue": "3" }] }), "change-tags", |key| {
            key.tags["Tier"].clone()
        }),
        found("kms:TagResource", json!({ "Tags": [{ "TagKey": "Owner", "TagValue": "you" }] }), "add-tags", |key| {
            key.tags["Owner"].clone()
        }),
        found("kms:EnableKeyRotation", json!({ "RotationPeriodInDays": 200 }), "enable-rotation", |key| {
            format!("{:?}", key.rotation_period)
        }),
        made("kms:CreateAlias", json!({ "AliasName": "alias/third" }), |key| {
            format!("{:?} {}", key.aliases, key.state)
        }),
        made("kms:CreateGrant", grant, |key| format!("{:?} {}", key.grants, key.state)),
        made("kms:UntagResource", json!({ "TagKeys": ["regionmig:source"] }), |key| key.state.clone()),
    ]
}

fn key_of(world: &World, alias: &str) -> KeyArn {
    let keys = world.kms_keys(&route().target);
    keys.into_iter().find(|key| key.aliases.contains(alias)).expect("a key of that alias").arn
}

/// Of `world`'s keys in the target, this one.
fn view(world: &World, arn: &KeyArn) -> KeyView {
    world.kms_keys(&route().target).into_iter().find(|key| key.arn == *arn).expect("the key")
}

fn failed(outcome: &Outcome) -> Vec<(String, ErrorKind)> {
    outcome.failed().map(|(id, report)| (id.verb().to_owned(), report.kind)).collect()
}

/// Migrates all of `world`, and leaves no trace of it in the ledger.
async fn migrated(world: &World) -> (MigrationPlan, MemoryJournal) {
    let (_, migration) = migration(world);
    let (plan, journal) = (plan(&migration).await, MemoryJournal::default());
    applied(&migration, &plan, &journal).await;
    world.ledger().clear();
    (plan, journal)
}

#[tokio::test]
async fn what_another_hand_changed_is_kept_and_reported() {
    let all = meddlings();
    let count = all.len();
    for Meddling { account, alias, action, mut input, verb, part } in all {
        let world = account();
        let (plan, journal) = migrated(&world).await;
        let key = key_of(&world, alias);
        let member = if action == "kms:CreateAlias" { "TargetKeyId" } else { "KeyId" };
        input[member] = key.as_str().into();
        world.ask(&route().target, action, input).expect("a change");
        // What the reversal of other steps takes away is not looked at.
        let theirs = |world: &World| {
            let mut key = view(world, &key);
            key.aliases.remove("alias/plain");
            key.grants.retain(|grant| grant.name.is_none());
            part(&key)
        };
        let (left, steps) = (theirs(&world), plan.steps().count());
        for _ in 0..2 {
            let outcome = reverted(&world, &plan, &journal).await;
            assert!(!outcome.is_complete(), "{action}: {outcome}");
            assert_eq!(failed(&outcome), [(verb.to_owned(), ErrorKind::Conflict)], "{action}: {outcome}");
            assert!(outcome.to_string().contains("stays"), "{action}: {outcome}");
            assert_eq!(theirs(&world), left, "{action}");
            assert_eq!(mutations(&world), steps - 1, "each of the others once:\n{}", world.ledger());
        }
    }
    println!("shown: reverts_keys {count} foreign changes kept and reported, all else taken back");
}

#[tokio::test]
async fn an_alias_that_was_repointed_and_a_grant_of_our_name_stay() {
    let (world, target) = (found_and_differing(), route().target);
    let (plan, journal) = migrated(&world).await;
    let key = key_of(&world, "alias/ledger");
    let other = world.kms(&target).make();
    let ask = |action, input| world.ask(&target, action, input).expect("a change");
    ask("kms:UpdateAlias", json!({ "AliasName": "alias/ledger", "TargetKeyId": other }));
    let ours = view(&world, &key).grants[0].clone();
    ask("kms:RevokeGrant", json!({ "KeyId": key, "GrantId": ours.id }));
    let role = "arn:aws:iam::111122223333:role/third";
    let grant = json!({ "KeyId": key, "Name": ours.name, "GranteePrincipal": role, "Operations": ["Decrypt"] });
    ask("kms:CreateGrant", grant);
    let outcome = reverted(&world, &plan, &journal).await;
    let conflict = |verb: &str| (verb.to_owned(), ErrorKind::Conflict);
    assert_eq!(failed(&outcome), [conflict("create-alias"), conflict("create-grant")], "{outcome}");
    assert!(view(&world, &other).aliases.contains("alias/ledger"));
    assert_eq!(view(&world, &key).grants[0].grantee, role);
}

#[tokio::test]
async fn an_alias_that_was_repointed_twice_stays() {
    let (world, target) = (asked_for(), route().target);
    let ((whole, plan), journal) = (planned(&world, asking).await, MemoryJournal::default());
    applied(&whole, &plan, &journal).await;
    let third = world.kms(&target).spec("HMAC_256").usage("GENERATE_VERIFY_MAC").make();
    world
        .ask(&target, "kms:UpdateAlias", json!({ "AliasName": "alias/tokens", "TargetKeyId": third }))
        .expect("a change");
    world.ask(&target, "kms:DeleteAlias", json!({ "AliasName": "alias/sessions" })).expect("a change");
    let outcome = reverted(&world, &plan, &journal).await;
    let conflict = || ("update-alias".to_owned(), ErrorKind::Conflict);
    assert_eq!(failed(&outcome), [conflict(), conflict()], "{outcome}");
    assert!(view(&world, &third).aliases.contains("alias/tokens"));
    assert!(world.kms_keys(&target).iter().all(|key| !key.aliases.contains("alias/sessions")));
}

#[tokio::test]
async fn a_primary_of_which_somebody_made_a_replica_stays() {
    let (world, target) = (World::new(), route().target);
    world.kms(&route().source).make();
    let access = world.access();
    let migration = Migration::new(route(), &access).with(Kms::new(&access).as_multi_region());
    let (plan, journal) = (plan(&migration).await, MemoryJournal::default());
    let outcome = migration.apply(&plan, &journal, &patient()).await.expect("a run");
    let (_, made) = outcome.ids().pairs::<KeyArn>().next().expect("a key");
    let input = json!({ "KeyId": made, "ReplicaRegion": "us-west-2" });
    world.ask(&target, "kms:ReplicateKey", input).expect("a replica");
    world.ledger().clear();
    let outcome = migration.revert(&plan, &journal, &patient()).await.expect("a reversal");
    assert_eq!(failed(&outcome), [("create-key".to_owned(), ErrorKind::Conflict)], "{outcome}");
    assert!(outcome.to_string().contains("us-west-2"), "{outcome}");
    assert_eq!((mutations(&world), view(&world, &made).state.as_str()), (0, "Enabled"));
}

type Meddle = fn(&World, &KeyArn);

#[tokio::test]
async fn a_key_that_may_have_been_used_is_disabled_and_not_deleted() {
    let cases: [(&str, Meddle); 3] = [
        ("it was used", |world, key| {
            world.ask(&route().target, "kms:Encrypt", json!({ "KeyId": key, "Plaintext": "AAAA" })).expect("a use");
        }),
        ("nobody may ask", |world, _| world.fault(Fault::access_denied("kms:GetKeyLastUsage").at(&route().target))),
        ("nobody can tell", |world, _| {
            let unknown = Refusal::new("UnknownOperationException");
            world.fault(Fault::refused("kms:GetKeyLastUsage", unknown).at(&route().target));
        }),
    ];
    for (what, meddle) in cases {
        let world = one_of_each();
        let before = keys(&world);
        let (plan, journal) = migrated(&world).await;
        let key = key_of(&world, "alias/plain");
        meddle(&world, &key);
        for _ in 0..2 {
            let outcome = reverted(&world, &plan, &journal).await;
            assert!(!outcome.is_complete(), "{what}: {outcome}");
            assert!(failed(&outcome).iter().all(|(_, kind)| *kind == ErrorKind::Conflict), "{what}: {outcome}");
            assert!(outcome.to_string().contains("schedule its deletion"), "{what}: {outcome}");
            let (_, report) = outcome.failed().next().expect("a failure");
            assert!(report.chain.iter().any(|cause| cause.contains("GetKeyLastUsage")), "{what}: {report:?}");
        }
        let made = |key: &&KeyView| !before.contains_key(&key.arn);
        let there = world.kms_keys(&route().target);
        assert!(there.iter().filter(made).all(|key| ["Disabled", "PendingDeletion"].contains(&key.state.as_str())));
        assert_eq!(view(&world, &key).state, "Disabled", "{what}");
        assert!(world.ledger().count("kms:DisableKey") <= plan.steps().count(), "once each");

        world.clear_faults();
        for key in there.iter().filter(made).filter(|key| key.state == "Disabled") {
            world.ask(&route().target, "kms:ScheduleKeyDeletion", json!({ "KeyId": key.arn })).expect("a deletion");
        }
        let outcome = reverted(&world, &plan, &journal).await;
        assert!(outcome.is_complete(), "{what}: {outcome}");
        assert_as_before(&world, &before, what);
    }
    println!("shown: reverts_keys keys of which it is not proved that they were never used: disabled in 3 cases of 3");
}

#[tokio::test]
async fn what_is_gone_is_taken_back() {
    let world = one_of_each();
    let before = keys(&world);
    let (plan, journal) = migrated(&world).await;
    for key in world.kms_keys(&route().target).iter().filter(|key| !before.contains_key(&key.arn)) {
        let input = json!({ "KeyId": key.arn, "PendingWindowInDays": 7 });
        world.ask(&route().target, "kms:ScheduleKeyDeletion", input).expect("a deletion");
    }
    world.clock().advance(Duration::from_secs(8 * 24 * 3600));
    let deletions = mutations(&world);
    let outcome = reverted(&world, &plan, &journal).await;
    assert!(outcome.is_complete(), "{outcome}");
    assert_eq!(mutations(&world), deletions);
}

/// A lost answer leaves no receipt of the request; what was replaced is known all the same.
#[tokio::test]
async fn what_was_replaced_is_known_though_the_answer_was_lost() {
    for action in ["kms:PutKeyPolicy", "kms:TagResource", "kms:UpdateKeyDescription", "kms:EnableKeyRotation"] {
        let world = found_and_differing();
        let before = keys(&world);
        world.fault(Fault::lost_answer(action).once());
        let (plan, journal) = migrated(&world).await;
        let outcome = reverted(&world, &plan, &journal).await;
        assert!(outcome.is_complete(), "{action}: {outcome}");
        assert_as_before(&world, &before, action);
    }
}

/// Journals of earlier versions hold texts of another form, or none.
#[tokio::test]
async fn what_an_older_journal_does_not_know_stays() {
    let world = found_and_differing();
    let (plan, journal) = migrated(&world).await;
    let older = MemoryJournal::default();
    older.replay(&Header::new(&plan), &mut |_| ()).await.expect("a new journal");
    for mut record in journal.records() {
        match &mut record.entry {
            Entry::Checkpoint(_) => continue,
            Entry::Done(receipt) => receipt.artifacts = vec!["as it was".to_owned()],
            _ => {}
        }
        older.append(&record).await.expect("a record");
    }
    let outcome = reverted(&world, &plan, &older).await;
    let permanent = outcome.held().iter().filter(|(_, hold)| **hold == Hold::Permanent);
    let verbs: BTreeSet<&str> = permanent.map(|(id, _)| id.verb()).collect();
    assert_eq!(verbs, ["change-tags", "put-policy", "set-description"].into(), "{outcome}");
    assert_eq!(failed(&outcome), [], "{outcome}");
}

#[tokio::test]
async fn each_reversal_asks_what_it_says() {
    let mut seen = BTreeSet::new();
    for (_, world, make) in accounts() {
        let kms = make(&world.access());
        let ((whole, plan), journal) = (planned(&world, make).await, MemoryJournal::default());
        applied(&whole, &plan, &journal).await;
        let steps: Vec<(StepId, Step)> =
            plan.steps().map(|step| (step.id.clone(), step.decode(&kms).expect("a step"))).collect();
        // Last first, since what is needed stays.
        for (id, step) in steps.iter().rev() {
            let (fork, records) = (world.fork(), copy(&plan, &journal).await);
            let others: Vec<StepId> = plan.steps().map(|step| step.id.clone()).filter(|other| other != id).collect();
            let (_, migration) = migration(&fork);
            // First what comes after it, so that only this one is left to be looked at.
            migration.revert(&plan, &records, &patient().only(others)).await.map(drop).expect("a reversal");
            fork.ledger().clear();
            migration.revert(&plan, &records, &patient().only([id.clone()])).await.map(drop).expect("a reversal");
            let asked: BTreeSet<String> = fork
                .ledger()
                .actions()
                .into_iter()
                .map(|(_, action)| action)
                .filter(|a| a.starts_with("kms:"))
                .collect();
            let declared: BTreeSet<String> = revert_permissions(step).into_iter().map(|needed| needed.action).collect();
            assert!(asked.is_subset(&declared), "{id}: {asked:?} of {declared:?}");
            // The material of a key that was made goes with the key.
            let is_asked = fork.ledger().mutations().count() > 0;
            assert!(is_asked || matches!(step, Step::ImportMaterial(_)), "{id}");
            seen.extend(is_asked.then(|| step.spec().verb));
        }
    }
    assert_eq!(seen.len(), 15, "{seen:?}");
}

/// What a read shows of the time before the step is not taken for what was taken back.
#[tokio::test]
async fn late_reads_leave_nothing_behind() {
    let reads =
        ["kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListGrants", "kms:ListResourceTags"];
    for action in reads {
        let world = found_and_differing();
        // From here on the world remembers what was.
        world.fault(Fault::stale("kms:ListRetirableGrants", Duration::from_secs(100)));
        let before = keys(&world);
        let (_, whole) = migration(&world);
        let (plan, records) = (plan(&whole).await, MemoryJournal::default());
        applied(&whole, &plan, &records).await;
        world.fault(Fault::stale(action, Duration::from_secs(100)).at(&route().target));
        // One that is not seen yet is looked for by the next run.
        let mut outcome = reverted(&world, &plan, &records).await;
        for _ in 0..5 {
            if !outcome.is_complete() {
                outcome = reverted(&world, &plan, &records).await;
            }
        }
        assert!(outcome.is_complete(), "{action}: {outcome}");
        assert_as_before(&world, &before, action);
    }
    println!("shown: reverts_late {} reads, each 100 s late", reads.len());
}
