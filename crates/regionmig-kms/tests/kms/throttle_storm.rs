//! AWS refuses everything for a while: nothing fails, and it is not hammered.
// REQ: E-27

use std::time::Duration;

use regionmig_core::{MemoryJournal, Outcome};
use regionmig_testkit::{Fault, World, reference_account};

use crate::account::{migration, patient, plan, route};

const MINUTE: Duration = Duration::from_secs(60);

/// Carries the plan of the reference account out, with `weather` from its first request to KMS on.
async fn carried_out(weather: fn(&World)) -> (Outcome, usize) {
    let world = World::new();
    reference_account(&world, &route().source);
    let (_, migration) = migration(&world);
    let plan = plan(&migration).await;
    world.ledger().clear();
    world.fault(Fault::meanwhile("kms:*", weather).once());
    let outcome = migration.apply(&plan, &MemoryJournal::default(), &patient()).await.expect("a run");
    (outcome, world.ledger().count_requests("*"))
}

#[tokio::test]
async fn a_throttle_storm_fails_no_step_and_costs_few_calls() {
    let (calm, calls) = carried_out(|_| {}).await;
    let (stormy, more) = carried_out(|world| {
        world.fault(Fault::throttle("*").lasting(MINUTE));
        world.fault(Fault::throttle("*").lasting(2 * MINUTE).chance(0.5));
    })
    .await;
    assert!(calm.is_complete(), "{calm}");
    let failed = stormy.failed().count();
    let extra = 100.0 * (more as f64 / calls as f64 - 1.0);
    println!("shown: throttle_storm {failed} failed, +{extra:.0} % calls ({more} for {calls})");
    assert!(failed == 0 && stormy.is_complete(), "{stormy}");
    assert!(extra <= 30.0, "{more} calls, where {calls} are enough");
}
