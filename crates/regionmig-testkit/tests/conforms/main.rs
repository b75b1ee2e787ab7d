//! The conformance suite, put to services of which it is known whether they keep the promises.
#![expect(clippy::unwrap_used, reason = "tests")]

mod machine;
mod ordeals;
mod toy;

use std::any::Any;
use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt;
use regionmig_core::{Effect, Migration, Route};
use regionmig_testkit::{Conformed, Extent, Survived, World, conforms, survives};

use toy::{Care, Toy};

/// Puts a toy through the suite; says why it failed, if it did.
async fn try_out(world: impl Fn() -> World + Send, care: Care) -> Result<Conformed, String> {
    let suite = conforms(world, move |access| Toy::new(access, care));
    AssertUnwindSafe(suite).catch_unwind().await.map_err(said)
}

/// Returns what a panic said.
fn said(panic: Box<dyn Any + Send>) -> String {
    match panic.downcast::<&str>() {
        Ok(text) => (*text).to_owned(),
        Err(panic) => *panic.downcast::<String>().unwrap(),
    }
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
    // As much is tried as was when this was written: whatever changes that, the engine or the suite, is to be looked at.
    assert_eq!(
        conformed.to_string(),
        "2 steps, 2 mutations; 37 kills, 42 drops, 88 losses, 8 late, 6 stale and 0 such left out, 6 stops, 0 steps without \
         leave, 6 blind runs, 10 surveys with gaps; 0 doubled, 0 lost"
    );
    println!("shown: conformance_toy {conformed}");
}

#[tokio::test]
async fn one_that_makes_a_second_thing_if_the_first_is_late_fails() {
    must_fail(Care { mints: false, settles: Duration::ZERO, ..Care::SAFE }, &["s later: AWS answers more"]).await;
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
    let care = Care { mints: false, settles: Duration::ZERO, upserts: true, ..Care::SAFE };
    assert_eq!(try_out(toy::world, care).await.unwrap().mutations, 2);
}

#[tokio::test]
async fn one_that_plans_now_this_and_now_that_fails() {
    must_fail(Care { moody: true, ..Care::SAFE }, &["the same survey gave two plans"]).await;
}

#[tokio::test]
async fn one_that_gives_up_fails() {
    let failure = try_out(toy::world, Care { gives_up: true, ..Care::SAFE }).await.unwrap_err();
    assert!(
        failure.contains("three runs later, not all is done") && failure.contains("it has had enough"),
        "{failure}"
    );
}

#[tokio::test]
async fn one_that_takes_a_gap_for_an_absence_fails() {
    assert_eq!(try_out(toy::world_half_done, Care::SAFE).await.unwrap().mutations, 1);
    let failure = try_out(toy::world_half_done, Care { rash: true, ..Care::SAFE }).await.unwrap_err();
    assert!(failure.contains("more is to be done") && failure.contains("toy/copy/toy.entry:a"), "{failure}");
}

#[tokio::test]
async fn leave_is_asked_for_what_overwrites_or_cannot_be_taken_back() {
    for effect in [Effect::Overwriting, Effect::Irreversible] {
        let conformed = try_out(toy::world, Care { effect, ..Care::SAFE }).await.unwrap();
        assert_eq!(conformed.unallowed, 2, "{effect}");
    }
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

/// Puts a migration of a toy through the harness; says why it failed, if it did.
fn try_to_kill(care: Care, extent: &Extent) -> Result<Survived, String> {
    let end = |text: &str| text.parse().unwrap();
    let route = Route::new(end("111122223333/me-central-1"), end("111122223333/eu-central-1")).unwrap();
    let make = |access: &_| Migration::new(route.clone(), access).with(Toy::new(access, care));
    let tried = std::panic::catch_unwind(AssertUnwindSafe(|| survives(toy::world, make, extent)));
    tried.map_err(said)
}

#[test]
fn one_that_looks_and_waits_survives() {
    let survived = try_to_kill(Care::SAFE, &Extent::whole()).unwrap();
    let there = ["deaths at appends", "drops", "journals lost", "late", "losses", "stale"].map(str::to_owned);
    let back = ["deaths at appends", "drops", "late", "losses"].map(|family| format!("{family} taking back"));
    let families: BTreeSet<String> = there.into_iter().chain(back).collect();
    assert!(survived.families.keys().eq(&families), "{survived}");
    assert_eq!(survived.families.values().sum::<usize>(), survived.runs);
    // The five lines of its journal are torn at each byte of the first of each kind, and the first says which process and which
    // version wrote it: what the two take in digits counts. The rest is as it was when this was written.
    let writer = std::process::id().to_string().len() + env!("CARGO_PKG_VERSION").len();
    let (there, back) = (722 + writer, 553 + writer);
    let all = there + back + 457;
    assert_eq!(
        survived.to_string(),
        format!(
            "{all}/{all} resumed, 0 doubled, 0 lost ({there} deaths at appends, {back} deaths at appends taking back, 103 drops, \
             37 drops taking back, 17 journals lost, 8 late, 8 late taking back, 176 losses, 102 losses taking back, 6 stale)"
        )
    );
    // Each of these leaves something else; and of what is too late, each thing that was made twice is told.
    assert_eq!((survived.ended, survived.too_late, survived.doubled, survived.reported), (460, 16, 16, 16));
    println!("shown: kill_toy {survived}");
}

#[test]
fn a_sample_is_of_all_that_can_go_wrong() {
    let survived = try_to_kill(Care::SAFE, &Extent::sampled(3).threads(2)).unwrap();
    assert!(survived.families.len() == 10 && survived.families["losses"] == 3, "{survived}");
}

#[test]
fn one_that_does_not_look_does_not_survive() {
    let failure = try_to_kill(Care { looks: false, ..Care::SAFE }, &Extent::sampled(20)).unwrap_err();
    assert!(
        failure.contains("did not end well") && failure.contains("append 3 (done)") && failure.contains("(apply): "),
        "{failure}"
    );
}

#[test]
fn one_that_finds_only_what_shows_at_once_does_not_survive_that_its_marks_are_late() {
    let failure = try_to_kill(Care::SAFE, &Extent::sampled(20).marks("dynamodb:Scan")).unwrap_err();
    assert!(failure.contains("and the journal lost") && failure.contains("times, not 2"), "{failure}");
}

#[test]
fn one_that_does_not_say_what_it_made_twice_does_not_survive_what_comes_too_late() {
    let failure = try_to_kill(Care { counts: false, ..Care::SAFE }, &Extent::sampled(1)).unwrap_err();
    assert!(failure.contains("things that were made twice, 0 are reported"), "{failure}");
}
