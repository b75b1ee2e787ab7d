//! Services of which it is known whether they keep the promises, put through runs in which much goes wrong at once.

use std::time::Duration;

use regionmig_aws::Access;
use regionmig_core::{Effect, Migration, Route, Side};
use regionmig_testkit::{Breach, Failure, Invariant, Ordeal, Scenario, Trouble};

use crate::toy::{Care, Toy, world, world_from};

fn migration(care: Care) -> impl Fn(&Access) -> Migration {
    from_to("111122223333/me-central-1", "111122223333/eu-central-1", care)
}

fn from_to(source: &str, target: &str, care: Care) -> impl Fn(&Access) -> Migration {
    let route = Route::new(source.parse().unwrap(), target.parse().unwrap()).unwrap();
    move |access| {
        let route = route.clone();
        Migration::new(route, access).with(Toy::new(access, care))
    }
}

/// A request may be carried out five minutes late, and what it made not be shown for five more.
const PATIENT: Care = Care { settles: Duration::from_secs(600), ..Care::SAFE };

/// Returns the first scenario that a toy does not come through.
async fn first_failure(ordeal: &Ordeal, seeds: u64) -> Option<(Scenario, Breach)> {
    for seed in 0..seeds {
        let mut scenario = ordeal.scenario(seed);
        // Then there may be two of a thing, which the toy could not tell apart, and does not report.
        scenario.troubles.retain(|it| !matches!(it, Trouble::JournalIsLost { .. } | Trouble::SecondOperator { .. }));
        if let Err(breach) = ordeal.undergo(&scenario).await {
            return Some((scenario, breach));
        }
    }
    None
}

#[tokio::test]
async fn one_that_looks_and_waits_comes_through() {
    let ordeal = Ordeal::prepare(world(), migration(PATIENT)).await;
    if let Some((scenario, breach)) = first_failure(&ordeal, 400).await {
        panic!("{}", ordeal.minimal(scenario, breach).await);
    }
}

#[tokio::test]
async fn one_that_does_not_look_is_found_out_and_a_few_troubles_show_it() {
    let ordeal = Ordeal::prepare(world(), migration(Care { looks: false, ..Care::SAFE })).await;
    let (scenario, breach) = first_failure(&ordeal, 60).await.unwrap();
    let Failure { scenario, breach, drawn, .. } = ordeal.minimal(scenario, breach).await;
    assert_eq!(breach.invariant, Invariant::DoneOnce, "{breach}");
    assert!(scenario.troubles.len() <= drawn.min(3), "{scenario}");
    let again = Scenario::from_json(&scenario.to_string()).unwrap();
    assert_eq!(ordeal.undergo(&again).await.unwrap_err(), breach, "a stored scenario happens again as it did");
}

#[tokio::test]
async fn one_that_does_not_wait_is_found_out() {
    let care = Care { mints: false, settles: Duration::ZERO, ..Care::SAFE };
    let ordeal = Ordeal::prepare(world(), migration(care)).await;
    let (_, breach) = first_failure(&ordeal, 200).await.unwrap();
    assert!(matches!(breach.invariant, Invariant::DoneOnce | Invariant::SameEnd), "{breach}");
}

#[tokio::test]
async fn one_that_makes_what_nobody_asked_for_is_found_out() {
    for (side, invariant) in [(Side::Source, Invariant::SourceKept), (Side::Target, Invariant::DoneOnce)] {
        let ordeal = Ordeal::prepare(world(), migration(Care { strays: Some(side), ..Care::SAFE })).await;
        let (_, breach) = first_failure(&ordeal, 200).await.unwrap();
        assert_eq!(breach.invariant, invariant, "{breach}");
        assert!(breach.ledger.iter().any(|line| line.contains("dynamodb:PutItem")), "{breach}");
    }
}

#[tokio::test]
async fn leave_is_given_for_everything() {
    for effect in [Effect::Overwriting, Effect::Irreversible] {
        let ordeal = Ordeal::prepare(world(), migration(Care { effect, ..Care::SAFE })).await;
        assert!(first_failure(&ordeal, 10).await.is_none(), "{effect}");
    }
}

#[tokio::test]
async fn what_is_held_is_not_waited_for() {
    let ordeal = Ordeal::prepare(world(), migration(Care { blocked: true, ..Care::SAFE })).await;
    assert!(first_failure(&ordeal, 20).await.is_none());
}

#[tokio::test]
async fn a_seed_is_always_the_same() {
    // Regions of its own: how often the SDK tries again, all clients of a process for one service and region share.
    let (source, target) = ("111122223333/ap-south-1", "111122223333/ap-south-2");
    let ordeal = Ordeal::prepare(world_from(source), from_to(source, target, Care::SAFE)).await;
    let other = Ordeal::prepare(world_from(source), from_to(source, target, Care::SAFE)).await;
    for seed in 0..5 {
        let scenario = ordeal.scenario(seed);
        assert_eq!(scenario, other.scenario(seed));
        assert_eq!(ordeal.undergo(&scenario).await.unwrap(), other.undergo(&scenario).await.unwrap());
    }
}
