//! What could not be read leads to no step, and is said.
// REQ: E-19, E-8, GEN-1

use std::collections::BTreeSet;
use std::fmt::Debug;

use crate::account::{migration, plan, route};
use regionmig_core::{Finding, KeyArn, Listing, Lookup, MigrationPlan, StepId};
use regionmig_kms::Snapshot;
use regionmig_testkit::{Fault, Loss, World, other_keys, reference_account};

fn ready(plan: &MigrationPlan) -> BTreeSet<StepId> {
    plan.steps().map(|step| step.id.clone()).filter(|id| !plan.held().contains_key(id)).collect()
}

#[tokio::test]
async fn no_read_that_fails_leads_to_a_step_or_is_passed_over_in_silence() {
    let account = World::new();
    reference_account(&account, &route().source);
    other_keys(&account, &route().source);
    // Something is there already, of every kind, so that the target's reads matter.
    reference_account(&account, &route().target);
    other_keys(&account, &route().target);
    let (kms, whole) = migration(&account);
    let whole_plan = plan(&whole).await;
    let steps = ready(&whole_plan);
    let reads: Vec<_> =
        account.ledger().actions().into_iter().filter(|(_, action)| action.starts_with("kms:")).collect();
    assert!(reads.len() >= 14, "{reads:?}");

    account.ledger().clear();
    let seen = whole.survey().await.expect("a survey").of(&kms).expect("what was found");
    let mut surveys = 0;
    for (end, action) in &reads {
        let count = account.ledger().requests().filter(|entry| (&entry.end, &entry.action) == (end, action)).count();
        let faults = [
            ("denied", Fault::access_denied(action), true),
            ("never answered", Fault::lost_answer(action).by(Loss::Timeout), true),
            ("cut short", Fault::lost_answer(action).by(Loss::TruncatedBody), true),
            ("repeating its page token", Fault::repeats_page_token(action), action.starts_with("kms:List")),
            ("denied once, in the middle", Fault::access_denied(action).nth(3), count > 3),
        ];
        for (what, fault, leaves_a_gap) in faults {
            let trouble = format!("{action} at {end} {what}");
            let world = account.fork();
            world.ledger().clear();
            world.fault(fault.at(end));
            let (kms, migration) = migration(&world);
            let survey = migration.survey().await.expect("a survey");
            let named = survey.unread().any(|unread| unread.gap.operation == *action);
            assert!(named || !leaves_a_gap, "{trouble}: no gap names it");
            let found = survey.of(&kms).expect("what was found");
            forgets_nothing(&seen.source, &found.source, &trouble);
            forgets_nothing(&seen.target, &found.target, &trouble);
            let plan = migration.plan(&survey).expect("a plan");
            let more: Vec<_> = ready(&plan).difference(&steps).cloned().collect();
            assert!(more.is_empty(), "{trouble}: {more:?}");
            let said = plan.findings().iter().any(|finding| finding.is_unknown() && finding.message.contains(action));
            assert!(said || !named, "{trouble}: it is not said: {}", plan.full());
            // Of one key whose tags are unread, only those of its own kind may be the source.
            let is_all = !what.starts_with("denied once");
            if leaves_a_gap && is_all && *end == route().target {
                rests_on(&plan, action, &trouble);
            }
            assert_eq!(world.ledger().mutations().count(), 0);
            surveys += 1;
        }
    }
    println!("shown: partial_knowledge {} reads, {surveys} surveys with gaps, 0 wrong steps", reads.len());
}

/// Holds that what the undisturbed survey saw is seen, or not known: never absent, never otherwise.
fn forgets_nothing(whole: &Snapshot, found: &Snapshot, trouble: &str) {
    keeps(&whole.aliases, &found.aliases, trouble);
    keeps(&whole.keys, &found.keys, trouble);
    let primaries = whole.primaries.known().filter(|(arn, _)| {
        // Looked for only where the replica could be described.
        let replica = arn.in_region(&route().source.region).expect("one partition");
        !matches!(found.keys.lookup(&replica), Lookup::Unknown(_))
    });
    let primaries = primaries.map(|(arn, key)| (arn.clone(), Ok(key.clone()))).collect();
    keeps(&primaries, &found.primaries, trouble);
    // The rest is asked only of a key that could be described: of the others all of it is unknown with the key.
    keeps(&described(&whole.grants, found), &found.grants, trouble);
    keeps(&described(&whole.policies, found), &found.policies, trouble);
    keeps(&described(&whole.rotations, found), &found.rotations, trouble);
    keeps(&described(&whole.tags, found), &found.tags, trouble);
}

fn described<V: Clone>(whole: &Listing<KeyArn, V>, found: &Snapshot) -> Listing<KeyArn, V> {
    let asked = whole.known().filter(|(arn, _)| !matches!(found.keys.lookup(arn), Lookup::Unknown(_)));
    asked.map(|(arn, value)| (arn.clone(), Ok(value.clone()))).collect()
}

fn keeps<K, V>(whole: &Listing<K, V>, found: &Listing<K, V>, trouble: &str)
where
    K: Clone + Debug + Ord,
    V: Clone + Debug + PartialEq,
{
    for (key, value) in whole.known() {
        assert!(!matches!(found.lookup(key), Lookup::Absent), "{trouble}: {key:?} counts as absent");
        if let Lookup::Present(now) = found.lookup(key) {
            assert_eq!(now, value, "{trouble}: {key:?} reads otherwise");
        }
    }
}

/// Holds that nothing is made where this read of the target alone could tell that it is there already.
fn rests_on(plan: &MigrationPlan, action: &str, trouble: &str) {
    let made = |verb: &str| ready(plan).iter().filter(|step| step.verb() == verb).count();
    match action {
        "kms:ListKeys" => assert_eq!((made("create-key"), made("replicate-key")), (0, 0), "{trouble}"),
        "kms:DescribeKey" | "kms:ListResourceTags" => assert_eq!(made("create-key"), 0, "{trouble}"),
        "kms:ListAliases" => assert_eq!(made("create-alias"), 0, "{trouble}"),
        _ => {}
    }
}

#[tokio::test]
async fn a_dead_source_is_a_finding_for_all_of_it() {
    let world = World::new();
    reference_account(&world, &route().source);
    world.fault(Fault::unreachable("*").at(&route().source));
    let (_, migration) = migration(&world);
    let survey = migration.survey().await.expect("a survey");
    assert!(!survey.is_whole());
    let plan = migration.plan(&survey).expect("a plan");
    assert_eq!(plan.len(), 0);
    assert!(plan.findings().iter().any(Finding::is_unknown), "{plan}");
}

#[tokio::test]
async fn a_target_that_could_not_be_listed_gets_nothing() {
    let world = World::new();
    reference_account(&world, &route().source);
    world.fault(Fault::access_denied("kms:ListKeys").at(&route().target));
    let (_, migration) = migration(&world);
    let plan = plan(&migration).await;
    let creates = ready(&plan).iter().filter(|step| step.verb().contains("create-key")).count();
    assert_eq!(creates, 0, "{plan}");
}
