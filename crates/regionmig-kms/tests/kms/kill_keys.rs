//! A migration of keys that cannot be killed.
//!
//! Of the account with one key of each kind everything is tried: each append to the journal with each way to die there, each
//! byte of the first line of each kind, each request with each way to lose it, each poll, and all that while the migration is
//! taken back. Of the accounts with the other kinds of steps, and of the large one, a sample is; the whole of it with
//! `REGIONMIG_KILL_ALL` set, which takes hours.
// REQ: E-14, E-15, E-16, E-41

use regionmig_aws::Access;
use regionmig_core::Migration;
use regionmig_kms::Kms;
use regionmig_testkit::{Extent, Survived, World, reference_account, survives};

use crate::account::{
    asked_for, asking, bringing, brought_along, found_and_differing, naming_each_other, one_of_each, route, slow,
};

/// A name, the account, and how its keys are migrated.
type Account = (&'static str, fn() -> World, fn(&Access) -> Kms);

/// Kills a migration wherever it may be killed. The tags of a key are read from as long ago as KMS may take to show them.
fn killed(world: fn() -> World, make: fn(&Access) -> Kms, extent: &Extent) -> Survived {
    let migration = |access: &Access| Migration::new(route(), access).with(make(access));
    survives(world, migration, &extent.clone().threads(2).marks("kms:ListResourceTags"))
}

fn sampled(most: usize) -> Extent {
    match std::env::var_os("REGIONMIG_KILL_ALL") {
        Some(_) => Extent::whole(),
        None => Extent::sampled(most),
    }
}

#[test]
fn keys_are_moved_once_whatever_dies_and_whenever() {
    let survived = killed(one_of_each, Kms::new, &Extent::whole());
    println!("shown: kill_keys {survived}");
    let Survived { too_late, doubled, reported, .. } = survived;
    println!(
        "shown: kill_keys_late {reported} of {doubled} keys made twice are reported, by {too_late} requests too late"
    );
    assert!(survived.runs > 3000, "{survived}");
    // Ten minutes are waited out for keys, so that only what comes later than that makes a second one.
    assert_eq!((too_late, doubled), (16, 8));
}

#[test]
fn steps_of_every_kind_are_made_once_whatever_dies() {
    let accounts: [Account; 5] = [
        ("slow", slow, Kms::new),
        ("found", found_and_differing, Kms::new),
        ("asked_for", asked_for, asking),
        ("brought", brought_along, bringing),
        ("naming", naming_each_other, Kms::new),
    ];
    for (name, world, make) in accounts {
        println!("shown: kill_keys_{name} {}", killed(world, make, &sampled(8)));
    }
}

fn reference() -> World {
    let world = World::new();
    reference_account(&world, &route().source);
    world
}

#[test]
fn a_large_account_is_moved_once_whatever_dies() {
    println!("shown: kill_keys_large {}", killed(reference, Kms::new, &sampled(2)));
}
