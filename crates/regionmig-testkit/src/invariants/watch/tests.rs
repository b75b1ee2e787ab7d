//! What no service of the conformance tests does, done by hand.

use regionmig_core::KeyArn;

use super::*;
use crate::invariants::by_hand::{SOURCE, TARGET, end, kms, started, steps, written};

/// A watch that allows nothing to be done twice.
async fn watched() -> (Watch, KeyArn) {
    crate::invariants::by_hand::watched(Allowance { doubles: false, repeats: 1 }).await
}

fn done(source: &KeyArn, target: &KeyArn) -> Written {
    Written::Done(Receipt::new().bind(source, target).expect("bound once"))
}

/// Says which invariant does not hold, and of which step.
fn broken(watch: &Watch) -> Option<(Invariant, Option<StepId>)> {
    watch.breach().map(|breach| (breach.invariant, breach.step))
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
