//! The probes of a plan of N creates cost one listing of the target, not N.
// REQ: E-1, E-27

use crate::account::{migration, patient, plan, route};
use regionmig_core::MemoryJournal;
use regionmig_testkit::World;

async fn listings(keys: usize, fresh: bool) -> (usize, usize) {
    let world = World::new();
    (0..keys).for_each(|_| drop(world.kms(&route().source).make()));
    let (_, migration) = migration(&world);
    let plan = plan(&migration).await;
    world.ledger().clear();
    let options = if fresh { patient().fresh() } else { patient() };
    let outcome = migration.apply(&plan, &MemoryJournal::default(), &options).await.expect("a run");
    assert!(outcome.is_complete(), "{outcome}");
    let ledger = world.ledger();
    assert_eq!(ledger.count("kms:CreateKey"), keys);
    (ledger.count_requests("kms:ListKeys"), ledger.count_requests("kms:DescribeKey"))
}

#[tokio::test]
async fn n_creates_cost_one_listing_of_the_target() {
    let (few, _) = listings(4, true).await;
    let (many, _) = listings(40, true).await;
    assert_eq!((few, many), (1, 1), "a run that nothing came before");
    let (few, _) = listings(4, false).await;
    let (many, described) = listings(40, false).await;
    assert_eq!((few, many), (3, 3), "three agreeing listings, where a journal may have been lost");
    println!("shown: probes 40 creates: 1 listing when fresh, 3 with a new journal; {described} keys described");
}
