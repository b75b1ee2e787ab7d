//! A region that the account has not enabled gets nothing, and it is said what to do.
// REQ: E-26

use crate::account::{migration_on, patient, plan};
use regionmig_core::{Error, MemoryJournal, PlanError, Route, Severity, chain};
use regionmig_testkit::{World, reference_account};

#[tokio::test]
async fn a_target_that_is_not_enabled_blocks_the_plan_until_it_is() {
    let end = |text: &str| text.parse().expect("an end");
    let route = Route::new(end("111122223333/eu-central-1"), end("111122223333/eu-south-1")).expect("two ends");
    let world = World::new();
    reference_account(&world, &route.source);
    world.disable_region(&route.target);
    let (_, migration) = migration_on(route.clone(), &world);

    let blocked = plan(&migration).await;
    let blockers: Vec<_> = blocked.blockers().filter(|finding| finding.subject.is_none()).collect();
    assert_eq!(blockers.len(), 1, "{}", blocked.full());
    assert_eq!((blockers[0].code.as_str(), blockers[0].severity), ("aws.region-not-enabled", Severity::Blocker));
    let refused = migration.apply(&blocked, &MemoryJournal::default(), &patient()).await;
    assert!(matches!(refused, Err(Error::Plan(PlanError::Blocked { .. }))), "{refused:?}");
    assert!(refused.is_err_and(|error| chain(&error).contains("aws.region-not-enabled")));
    // Nor is the question asked of each step.
    let asked = migration.preflight(&blocked).await;
    assert!(matches!(asked, Err(Error::Plan(PlanError::Blocked { .. }))), "{asked:?}");
    assert_eq!(world.ledger().requests().filter(|entry| entry.mutating).count(), 0, "{}", world.ledger());

    world.enable_region(&route.target);
    let plan = plan(&migration).await;
    assert_eq!(plan.blockers().filter(|finding| finding.subject.is_none()).count(), 0, "{}", plan.full());
    let outcome = migration.apply(&plan, &MemoryJournal::default(), &patient()).await.expect("a run");
    assert!(outcome.is_complete(), "{outcome}");
    println!("shown: opt_in blocked with 0 mutating requests, then {} steps done", plan.len());
}
