//! A journal that is new may follow a lost one: what would be made twice is looked for three times.

use std::time::Duration;

use regionmig_core::{ApplyOptions, Hold, MemoryJournal, Migration};

use crate::common::cloud::Cloud;
use crate::common::journals::entries;
use crate::common::keys::Keys;
use crate::common::script::{Do, Look, Script, act};
use crate::common::secrets::{both, planned};
use crate::common::{HOUR, Seat, hasty, patient, route};

/// Two hours' patience, and no word on whether a journal was lost.
fn usual() -> ApplyOptions {
    ApplyOptions::default().patience(2 * HOUR)
}

#[tokio::test(start_paused = true)]
async fn the_first_that_would_be_made_twice_is_looked_for_three_times_over_thirty_seconds() {
    let script = Script::new([act("a").mints(), act("b").mints().after("a"), act("c")]);
    let plan = script.plan().await;
    assert!(script.migration().apply(&plan, &MemoryJournal::default(), &usual()).await.unwrap().is_complete());
    assert_eq!(script.calls("a"), [(0, "probe"), (15, "probe"), (30, "probe"), (30, "apply")]);
    assert_eq!(script.calls("b"), [(30, "probe"), (30, "apply")], "once for all");
    assert_eq!(script.calls("c"), [(0, "probe"), (0, "apply")], "not for what cannot be made twice");
}

#[tokio::test(start_paused = true)]
async fn what_a_lost_journals_run_made_is_found() {
    let script = Script::new([act("a").mints()]);
    let plan = script.plan().await;
    script.looks("a", [Look::Absent, Look::Absent, Look::Present]);
    let journal = MemoryJournal::default();
    assert!(script.migration().apply(&plan, &journal, &usual()).await.unwrap().is_complete());
    assert_eq!((entries(&journal), script.made("a")), (vec!["done a".to_owned()], 0));
}

#[tokio::test(start_paused = true)]
async fn three_listings_serve_all_steps_of_a_service() {
    let cloud = Cloud::new(40, 0);
    let seat = Seat::new();
    let migration = both(&cloud, &seat);
    let plan = planned(&migration).await;
    cloud.target(|target| target.listings = 0);
    assert!(migration.apply(&plan, &MemoryJournal::default(), &usual().concurrency(3)).await.unwrap().is_complete());
    assert_eq!(cloud.writes(), 40);
    assert_eq!(cloud.target(|target| target.listings), 3);
    assert_eq!(seat.clock.elapsed(), Duration::from_secs(30));
}

#[tokio::test(start_paused = true)]
async fn one_listing_serves_all_probes_of_a_run() {
    let cloud = Cloud::new(40, 0);
    let migration = both(&cloud, &Seat::new());
    let plan = planned(&migration).await;
    cloud.target(|target| target.listings = 0);
    assert!(migration.apply(&plan, &MemoryJournal::default(), &hasty()).await.unwrap().is_complete());
    assert_eq!(cloud.target(|target| target.listings), 1);
    assert!(migration.apply(&plan, &MemoryJournal::default(), &hasty()).await.unwrap().is_complete());
    assert_eq!(cloud.target(|target| target.listings), 2, "another run reads anew");
    assert_eq!(cloud.writes(), 40);
}

#[tokio::test(start_paused = true)]
async fn a_listing_that_failed_is_not_kept() {
    let cloud = Cloud::new(3, 0);
    let seat = Seat::new();
    let migration = both(&cloud, &seat);
    let plan = planned(&migration).await;
    cloud.target(|target| target.is_dead = true);
    let journal = MemoryJournal::default();
    let options = patient();
    let (first, ()) = tokio::join!(migration.apply(&plan, &journal, &options), async {
        tokio::time::sleep(Duration::from_secs(40)).await;
        cloud.target(|target| target.is_dead = false);
    });
    assert!(first.unwrap().is_complete(), "when it answers again, it is asked again");
    assert_eq!(cloud.writes(), 3);
}

#[tokio::test(start_paused = true)]
async fn each_service_has_a_gate_of_its_own() {
    let script = Script::new([act("a").mints()]);
    let other = Script::new([act("b").mints()]).named("zother");
    let migration = Migration::new(route(), &script.seat).with(script.clone()).with(other.clone());
    let plan = planned(&migration).await;
    assert!(migration.apply(&plan, &MemoryJournal::default(), &usual()).await.unwrap().is_complete());
    for (script, step) in [(&script, "a"), (&other, "b")] {
        let looks: Vec<u64> = script.calls(step).iter().map(|call| call.0).collect();
        assert_eq!(looks, [0, 15, 30, 30]);
    }
}

#[tokio::test(start_paused = true)]
async fn fresh_waives_it() {
    let script = Script::new([act("a").mints().settle(600, 5)]);
    let plan = script.plan().await;
    assert!(script.migration().apply(&plan, &MemoryJournal::default(), &hasty()).await.unwrap().is_complete());
    assert_eq!(script.calls("a"), [(0, "probe"), (0, "apply")]);
}

#[tokio::test(start_paused = true)]
async fn cautious_waits_the_whole_window_of_every_step() {
    let script = Script::new([act("a").mints().settle(600, 5), act("b").settle(60, 3), act("c")]);
    let plan = script.plan().await;
    let options = usual().cautious();
    assert!(script.migration().apply(&plan, &MemoryJournal::default(), &options).await.unwrap().is_complete());
    assert_eq!(script.calls("a").last(), Some(&(600, "apply")));
    assert_eq!(script.calls("b").last(), Some(&(60, "apply")));
    assert_eq!(script.calls("c"), [(0, "probe"), (0, "apply")], "it has no window");
    assert_eq!(script.calls("b").len(), 14, "every five seconds");
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_too_short_says_how_long_one_must_be() {
    let script = Script::new([act("a").mints().settle(600, 5), act("b").settle(60, 3), act("c").settle(30, 3)]);
    let plan = script.plan().await;
    let short = |options: ApplyOptions| options.patience(Duration::from_secs(30));
    let seconds = Duration::from_secs;
    let outcome = script.migration().apply(&plan, &MemoryJournal::default(), &short(usual().cautious())).await.unwrap();
    let held: Vec<_> = outcome.held().values().cloned().collect();
    assert_eq!(
        held,
        [Hold::WantsPatience(seconds(660)), Hold::WantsPatience(seconds(120))],
        "with a minute for the looks"
    );
    assert_eq!(script.applied(), ["c"], "its window ends with the run");
    let hasty = usual().patience(seconds(29));
    let outcome = script.migration().apply(&plan, &MemoryJournal::default(), &hasty).await.unwrap();
    assert_eq!(outcome.held().values().collect::<Vec<_>>(), [&Hold::WantsPatience(seconds(90))]);
    assert!(script.migration().apply(&plan, &MemoryJournal::default(), &short(usual())).await.unwrap().is_complete());
}

#[tokio::test(start_paused = true)]
async fn a_step_that_was_come_to_late_is_said_to_be_open() {
    let script = Script::new([act("a"), act("b").mints().after("a")]);
    script.does("a", [Do::Slow(80)]);
    let plan = script.plan().await;
    let journal = MemoryJournal::default();
    // As long as it takes, and not a second more.
    let options = usual().patience(Duration::from_secs(90));
    let outcome = script.migration().apply(&plan, &journal, &options).await.unwrap();
    let open = "not begun: 1\n  script/do/fake.act:b\n    patience ran out: run this again\n";
    assert!(outcome.held().is_empty() && outcome.to_string().contains(open), "{outcome}");
    let outcome = script.migration().revert(&plan, &journal, &options).await.unwrap();
    assert!(outcome.is_complete() && !outcome.to_string().contains("not begun"), "{outcome}");
}

#[tokio::test(start_paused = true)]
async fn cautious_finds_what_a_lost_journals_run_has_just_made() {
    let cloud = Cloud::new(1, 0);
    cloud.target(|target| target.tag_lag = Duration::from_secs(300));
    let migration = both(&cloud, &Seat::new());
    let plan = planned(&migration).await;
    assert!(migration.apply(&plan, &MemoryJournal::default(), &hasty()).await.unwrap().is_complete());
    assert!(migration.apply(&plan, &MemoryJournal::default(), &usual().cautious()).await.unwrap().is_complete());
    assert_eq!(cloud.writes(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_usual_gate_finds_what_shows_within_thirty_seconds() {
    let cloud = Cloud::new(2, 0);
    cloud.target(|target| target.tag_lag = Duration::from_secs(25));
    let migration = Migration::new(route(), &Seat::new()).with(Keys(cloud.clone()));
    let plan = planned(&migration).await;
    assert!(migration.apply(&plan, &MemoryJournal::default(), &hasty()).await.unwrap().is_complete());
    assert!(migration.apply(&plan, &MemoryJournal::default(), &usual()).await.unwrap().is_complete());
    assert_eq!(cloud.writes(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_journal_that_has_begun_such_a_step_is_not_new() {
    let script = Script::new([act("a").mints(), act("b").mints().after("a")]);
    let plan = script.plan().await;
    let journal = MemoryJournal::default();
    let a = crate::common::script::id("a");
    drop(script.migration().apply(&plan, &journal, &usual().only([a])).await.unwrap());
    assert_eq!(script.applied(), ["a"]);
    assert!(script.migration().apply(&plan, &journal, &usual()).await.unwrap().is_complete());
    assert_eq!(script.calls("b"), [(30, "probe"), (30, "apply")]);
}

#[tokio::test(start_paused = true)]
async fn a_journal_that_only_tells_of_other_steps_may_still_follow_a_lost_one() {
    let script = Script::new([act("a").mints(), act("b")]);
    let plan = script.plan().await;
    let journal = MemoryJournal::default();
    let impatient = ApplyOptions::default().patience(Duration::ZERO);
    drop(script.migration().apply(&plan, &journal, &impatient).await.unwrap());
    assert_eq!(script.applied(), ["b"], "there was no patience to look for `a` long enough");
    drop(script.migration().apply(&plan, &journal, &impatient).await.unwrap());
    assert_eq!(script.applied(), ["b"], "nor was there the second time");
    assert!(script.migration().apply(&plan, &journal, &usual()).await.unwrap().is_complete());
    assert_eq!(script.calls("a").last(), Some(&(30, "apply")));
}
