//! AWS refuses everything for a while: nothing fails, and it is not hammered.
// REQ: E-27

use std::time::Duration;

use regionmig_core::{MemoryJournal, Outcome};
use regionmig_testkit::{Fault, World, reference_account};

use crate::account::{migration, patient, plan, route};

const MINUTE: Duration = Duration::from_secs(60);

/// Surveys the reference account, and carries its plan out with `weather` from the first request to KMS on. Returns how many calls
/// that took, and how many of them the run.
async fn carried_out(weather: fn(&World)) -> (Outcome, usize, usize) {
    let world = World::new();
    reference_account(&world, &route().source);
    let (_, migration) = migration(&world);
    let plan = plan(&migration).await;
    let before = world.ledger().count_requests("*");
    world.fault(Fault::meanwhile("kms:*", weather).once());
    let outcome = migration.apply(&plan, &MemoryJournal::default(), &patient()).await.expect("a run");
    let calls = world.ledger().count_requests("*");
    (outcome, calls, calls - before)
}

#[tokio::test]
async fn a_throttle_storm_fails_no_step_and_costs_few_calls() {
    let (calm, all, of_run) = carried_out(|_| {}).await;
    let (stormy, more, more_of_run) = carried_out(|world| {
        world.fault(Fault::throttle("*").lasting(MINUTE));
        world.fault(Fault::throttle("*").lasting(2 * MINUTE).chance(0.5));
    })
    .await;
    assert!(calm.is_complete(), "{calm}");
    let failed = stormy.failed().count();
    let extra = |more: usize, calls: usize| 100.0 * (more as f64 / calls as f64 - 1.0);
    println!(
        "shown: throttle_storm {failed} failed, +{:.0} % calls ({more} for {all}, survey and run; the run alone +{:.0} %)",
        extra(more, all),
        extra(more_of_run, of_run)
    );
    assert!(failed == 0 && stormy.is_complete(), "{stormy}");
    assert!(extra(more, all) <= 30.0, "{more} calls, where {all} are enough");
}
