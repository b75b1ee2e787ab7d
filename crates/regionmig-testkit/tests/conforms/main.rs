//! The conformance suite, put to services of which it is known whether they keep the promises.
#![expect(clippy::unwrap_used, reason = "tests")]

mod machine;
mod ordeals;
mod toy;

use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use regionmig_testkit::{Conformed, World, conforms};

use toy::{Care, Toy};

/// Puts a toy through the suite; says why it failed, if it did.
async fn try_out(world: impl Fn() -> World + Send, care: Care) -> Result<Conformed, String> {
    let suite = conforms(world, move |access| Toy::new(access, care));
    AssertUnwindSafe(suite).catch_unwind().await.map_err(|panic| *panic.downcast::<String>().unwrap())
}

async fn must_fail(care: Care, why: &[&str]) {
    let failure = try_out(toy::world, care).await.unwrap_err();
    assert!(why.iter().any(|part| failure.contains(part)), "{failure}");
}

#[tokio::test]
async fn one_that_looks_and_waits_passes() {
    let conformed = try_out(toy::world, Care::SAFE).await.unwrap();
    assert_eq!((conformed.steps, conformed.mutations), (2, 2));
    // Two changes, two delays, killed or not; one kind of read, with each change, in three ways.
    assert_eq!((conformed.late, conformed.stale, conformed.left_out), (8, 6, 0));
    assert!(conformed.stopped >= 2, "{conformed}");
    println!("shown: conformance_toy {conformed}");
}

#[tokio::test]
async fn one_that_makes_a_second_thing_if_the_first_is_late_fails() {
    must_fail(Care { mints: false, settles: false, ..Care::SAFE }, &["s later: AWS answers more"]).await;
}

#[tokio::test]
async fn one_that_makes_a_second_thing_if_the_first_does_not_show_yet_fails() {
    // It waits when in doubt, and does not say that with a new journal it always is.
    must_fail(Care { mints: false, ..Care::SAFE }, &["and the journal lost: AWS answers more"]).await;
}

#[tokio::test]
async fn one_that_does_not_look_for_what_it_made_fails() {
    must_fail(Care { looks: false, ..Care::SAFE }, &["a second run with a lost journal changed something"]).await;
}

#[tokio::test]
async fn one_that_writes_over_what_it_wrote_passes_without_waiting() {
    let care = Care { mints: false, settles: false, upserts: true, ..Care::SAFE };
    assert_eq!(try_out(toy::world, care).await.unwrap().mutations, 2);
}

#[tokio::test]
async fn leave_is_asked_for_what_overwrites() {
    let conformed = try_out(toy::world, Care { overwrites: true, ..Care::SAFE }).await.unwrap();
    assert_eq!(conformed.unallowed, 2);
}

#[tokio::test]
async fn what_is_held_is_all_that_is_left() {
    let held = Care { blocked: true, ..Care::SAFE };
    assert_eq!(try_out(toy::world, held).await.unwrap().mutations, 1);
    must_fail(Care { fickle: true, ..held }, &["after a run: still to be done"]).await;
}

#[tokio::test]
async fn an_account_in_which_nothing_is_to_be_done_proves_nothing() {
    let failure = try_out(toy::empty_world, Care::SAFE).await.unwrap_err();
    assert!(failure.contains("there is nothing to be done"), "{failure}");
}

#[tokio::test]
async fn a_run_that_changes_nothing_proves_nothing() {
    must_fail(Care { acts: false, ..Care::SAFE }, &["a run changes nothing"]).await;
}
