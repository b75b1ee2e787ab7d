//! What steps say that they need to be allowed is what AWS is asked: nothing less, nothing more.
// REQ: E-23

use std::collections::BTreeSet;

use crate::account::{migration, patient, plan, route};
use regionmig_core::{End, MemoryJournal, Permission};
use regionmig_testkit::{World, reference_account};

fn asked(world: &World) -> BTreeSet<(End, String)> {
    let own = |(_, action): &(End, String)| action.starts_with("kms:");
    world.ledger().actions().into_iter().filter(own).collect()
}

fn declared(permissions: BTreeSet<Permission>) -> BTreeSet<(End, String)> {
    permissions.into_iter().map(|permission| (route().place(&permission.place), permission.action)).collect()
}

#[tokio::test]
async fn declared_permissions_are_what_the_world_saw() {
    let world = World::new();
    reference_account(&world, &route().source);
    let (_, migration) = migration(&world);

    let plan_made = plan(&migration).await;
    let surveyed = asked(&world);
    world.ledger().clear();
    let outcome = migration.apply(&plan_made, &MemoryJournal::default(), &patient()).await.expect("a run");
    assert!(outcome.is_complete(), "{outcome}");
    // Again, with what was made in sight: probes then read what a first run has no cause to.
    let again = migration.apply(&plan_made, &MemoryJournal::default(), &patient()).await.expect("a run");
    assert!(again.is_complete(), "{again}");
    let steps = asked(&world);
    let needed = declared(plan_made.permissions());
    let undeclared: Vec<_> = steps.difference(&needed).collect();
    let unused: Vec<_> = needed.difference(&steps).collect();
    assert!(undeclared.is_empty() && unused.is_empty(), "not declared: {undeclared:#?}; not used: {unused:#?}");

    world.ledger().clear();
    let verification = migration.verify(outcome.ids()).await.expect("a verification");
    // The account has keys of kinds that are not moved yet.
    assert!(verification.left.steps().next().is_none(), "{verification}");
    let read: BTreeSet<_> = surveyed.union(&asked(&world)).cloned().collect();
    let mut needed = declared(migration.permissions());
    // Primaries in third regions are read where they are: which regions, the account tells.
    let third = |(end, _): &(End, String)| *end != route().source && *end != route().target;
    let elsewhere: BTreeSet<_> = read.iter().filter(|read| third(read)).cloned().collect();
    assert!(elsewhere.iter().all(|(_, action)| action == "kms:DescribeKey"), "{elsewhere:?}");
    needed.extend(elsewhere);
    let undeclared: Vec<_> = read.difference(&needed).collect();
    let unused: Vec<_> = needed.difference(&read).collect();
    assert!(undeclared.is_empty() && unused.is_empty(), "not declared: {undeclared:#?}; not used: {unused:#?}");
    println!("shown: permissions {} for steps, {} for survey and verification, 0 different", steps.len(), read.len());
}
