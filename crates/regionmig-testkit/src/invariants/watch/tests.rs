//! What no service of the conformance tests does, done by hand.

use aws_sdk_kms::Client;
use aws_sdk_kms::config::Region;
use regionmig_core::{Digest, End, KeyArn, MemoryJournal, Migration, Route};
use regionmig_kms::Kms;

use super::*;

const SOURCE: &str = "111122223333/me-central-1";
const TARGET: &str = "111122223333/eu-central-1";

fn end(text: &str) -> End {
    text.parse().expect("an end")
}

/// A watch over a world with one key, which has an alias.
async fn watched() -> (Watch, KeyArn) {
    let world = World::new();
    let key = world.kms(&end(SOURCE)).alias("alias/a").make();
    let route = Route::new(end(SOURCE), end(TARGET)).expect("a route");
    let make = move |access: &_| Migration::new(route.clone(), access).with(Kms::new(access));
    let expected = Arc::new(Expected::learn(world, Arc::new(make)).await);
    let world = expected.world.fork();
    let allowance = Allowance { doubles: false, repeats: 1 };
    (Watch::new(&world, &expected, allowance, 1), key)
}

/// The step that needs nothing, and one that needs what it makes.
fn steps(watch: &Watch) -> (StepId, StepId) {
    let step = |needs: bool| {
        let found = watch.expected.duties.iter().find(|(_, duty)| duty.requires.is_empty() != needs);
        found.expect("such a step").0.clone()
    };
    (step(false), step(true))
}

async fn written(watch: &Watch, step: &StepId, entry: Written) {
    let (journal, at) = (MemoryJournal::default(), watch.world.clock().now());
    watch.journal(0, &journal).append(&Record::new(at, step.clone(), entry)).await.expect("memory takes all");
}

fn started() -> Written {
    Written::Started { generation: 0, spent: None, request: Digest::of(b"") }
}

fn done(source: &KeyArn, target: &KeyArn) -> Written {
    Written::Done(Receipt::new().bind(source, target).expect("bound once"))
}

/// Says which invariant does not hold, and of which step.
fn broken(watch: &Watch) -> Option<(Invariant, Option<StepId>)> {
    watch.breach().map(|breach| (breach.invariant, breach.step))
}

fn kms(world: &World, end: &End) -> Client {
    let region = Region::new(end.region.as_str().to_owned());
    Client::new(&world.sdk_config().to_builder().region(region).build())
}

#[tokio::test]
async fn a_step_that_begins_before_what_it_needs_is_out_of_order() {
    let (watch, key) = watched().await;
    let (first, second) = steps(&watch);
    written(&watch, &first, started()).await;
    assert_eq!(broken(&watch), None);
    written(&watch, &second, started()).await;
    assert_eq!(broken(&watch), Some((Invariant::InOrder, Some(second.clone()))));
    // Once that is there, it may begin.
    let (watch, _) = watched().await;
    watch.lock().made.insert(key.to_string());
    written(&watch, &first, done(&key, &key)).await;
    written(&watch, &second, started()).await;
    assert_eq!(broken(&watch), None);
}

#[tokio::test]
async fn a_receipt_may_name_only_what_a_run_made() {
    let (watch, key) = watched().await;
    let (first, _) = steps(&watch);
    written(&watch, &first, started()).await;
    let stranger = "arn:aws:kms:eu-central-1:111122223333:key/stranger".parse().expect("an ARN");
    written(&watch, &first, done(&key, &stranger)).await;
    assert_eq!(broken(&watch), Some((Invariant::OnlyOurs, Some(first))));
}

#[tokio::test]
async fn what_was_durable_stays_unless_the_journal_was_lost() {
    let (watch, _) = watched().await;
    let (first, _) = steps(&watch);
    written(&watch, &first, started()).await;
    watch.lost(0);
    assert_eq!(broken(&watch), None);
    written(&watch, &first, started()).await;
    watch.found(0, &[], true);
    assert_eq!(broken(&watch), Some((Invariant::WrittenFirst, Some(first))));
}

#[tokio::test]
async fn nothing_is_told_to_be_done_before_that_is_durable() {
    let (watch, key) = watched().await;
    let (first, _) = steps(&watch);
    let told = Event::StepDone { step: first.clone(), made: true };
    watch.lock().made.insert(key.to_string());
    written(&watch, &first, done(&key, &key)).await;
    watch.told(0, &told);
    assert_eq!(broken(&watch), None);
    watch.lost(0);
    watch.told(0, &told);
    assert_eq!(broken(&watch), Some((Invariant::WrittenFirst, Some(first))));
}

#[tokio::test]
async fn nothing_is_sent_that_no_step_sends_or_before_one_begins() {
    for (place, makes, invariant) in [
        (TARGET, true, Invariant::WrittenFirst),
        (TARGET, false, Invariant::OnlyOurs),
        (SOURCE, true, Invariant::SourceKept),
    ] {
        let (watch, key) = watched().await;
        let client = kms(&watch.world, &end(place));
        if makes {
            drop(client.create_key().send().await);
        } else {
            drop(client.schedule_key_deletion().key_id(key.as_str()).send().await);
        }
        assert_eq!(broken(&watch), Some((invariant, None)), "{place}");
        assert!(watch.breach().is_some_and(|breach| breach.ledger.len() == 1), "{place}");
    }
}
