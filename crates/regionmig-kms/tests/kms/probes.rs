//! The probes of a plan of N creates cost one listing of the target, not N.
// REQ: E-1, E-27

use crate::account::{materials, migration, patient, plan, route};
use regionmig_core::{MemoryJournal, Migration};
use regionmig_kms::Kms;
use regionmig_testkit::{Fault, World};

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

/// Makes keys, every other of which goes on waiting for its material, until the request that makes the last is lost. Returns
/// how many looks that took, and how many keys were described.
async fn in_doubt(keys: u8) -> (usize, usize) {
    let world = World::new();
    for n in 0..keys {
        let key = world.kms(&route().source);
        if n % 2 == 0 {
            key.make()
        } else {
            key.imported_material(&[n; 32]).make()
        };
    }
    let access = world.access();
    let migration = Migration::new(route(), &access).with(Kms::new(&access).bring_material(materials(&world)));
    let plan = plan(&migration).await;
    world.ledger().clear();
    world.fault(Fault::access_denied("kms:GetParametersForImport"));
    world.fault(Fault::lost_request("kms:CreateKey").nth(keys.into()));
    let outcome = migration.apply(&plan, &MemoryJournal::default(), &patient().fresh()).await.expect("a run");
    assert_eq!(outcome.failed().count(), usize::from(keys) / 2, "{outcome}");
    let ledger = world.ledger();
    assert_eq!(ledger.count("kms:CreateKey"), usize::from(keys), "{outcome}");
    (ledger.count_requests("kms:ListKeys"), ledger.count_requests("kms:DescribeKey"))
}

#[tokio::test]
async fn a_create_in_doubt_examines_no_key_that_is_anothers_copy() {
    let (_, few) = in_doubt(4).await;
    let (looks, many) = in_doubt(40).await;
    println!("shown: probes 1 create of 40 in doubt: {looks} listings, {many} keys described");
    assert!(looks > 100, "the whole window is watched: {looks}");
    // What each of 36 keys more costs does not grow with the looks.
    assert!(many < few + 36 * 5, "{few} for 4 keys, {many} for 40, in {looks} looks");
}
