//! What could not be read leads to no step, and is said.
// REQ: E-19, E-8, GEN-1

use std::collections::BTreeSet;

use crate::account::{migration, plan, route};
use regionmig_core::{Finding, MigrationPlan, StepId};
use regionmig_testkit::{Fault, Loss, World, other_keys, reference_account};

fn ready(plan: &MigrationPlan) -> BTreeSet<StepId> {
    plan.steps().map(|step| step.id.clone()).filter(|id| !plan.held().contains_key(id)).collect()
}

#[tokio::test]
async fn no_read_that_fails_leads_to_a_step_or_is_passed_over_in_silence() {
    let account = World::new();
    reference_account(&account, &route().source);
    other_keys(&account, &route().source);
    // Something is there already, so that the target's reads matter.
    reference_account(&account, &route().target);
    let (_, whole) = migration(&account);
    let whole_plan = plan(&whole).await;
    let steps = ready(&whole_plan);
    let reads: Vec<_> =
        account.ledger().actions().into_iter().filter(|(_, action)| action.starts_with("kms:")).collect();
    assert!(reads.len() >= 14, "{reads:?}");

    let mut surveys = 0;
    for (end, action) in &reads {
        let faults = [
            ("denied", Fault::access_denied(action)),
            ("never answered", Fault::lost_answer(action).by(Loss::Timeout)),
            ("cut short", Fault::lost_answer(action).by(Loss::TruncatedBody)),
            ("repeating its page token", Fault::repeats_page_token(action)),
            ("denied once, in the middle", Fault::access_denied(action).nth(3)),
        ];
        for (what, fault) in faults {
            let world = account.fork();
            world.ledger().clear();
            world.fault(fault.at(end));
            let (_, migration) = migration(&world);
            let plan = plan(&migration).await;
            let more: Vec<_> = ready(&plan).difference(&steps).cloned().collect();
            assert!(more.is_empty(), "{action} at {end} {what}: {more:?}");
            let said = plan.findings().iter().filter(|finding| finding.is_unknown()).count();
            assert!(said > 0 || ready(&plan) == steps, "{action} at {end} {what}: {}", plan.full());
            let named = plan.findings().iter().filter(|finding| finding.is_unknown() && names(finding, action)).count();
            assert!(said == 0 || named > 0, "{action} at {end} {what}: it is not named: {}", plan.full());
            assert_eq!(world.ledger().mutations().count(), 0);
            surveys += 1;
        }
    }
    println!("shown: partial_knowledge {} reads, {surveys} surveys with gaps, 0 wrong steps", reads.len());
}

fn names(finding: &Finding, action: &str) -> bool {
    finding.message.contains(action)
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
