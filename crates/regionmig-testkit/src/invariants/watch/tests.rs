//! What no service of the conformance tests does, done by hand.

use regionmig_core::{Act, FileJournal, JournalReader, KeyArn};

use super::*;
use crate::disk::SimulatedDisk;
use crate::invariants::by_hand::{self, SOURCE, STRICT, TARGET, end, ended_well, kms, started, steps, written};

/// A watch that allows nothing to be done twice.
async fn watched() -> (Watch, KeyArn) {
    by_hand::watched(STRICT).await
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
async fn a_watched_journal_is_told_who_begins_a_run() {
    let (watch, _) = watched().await;
    let disk = SimulatedDisk::new();
    let journal = FileJournal::create_in(disk.clone(), "x.journal", &watch.expected.plan).await.expect("a journal");
    let run = Run::new(watch.world.clock().now(), Act::Apply, Some("somebody".to_owned()));
    watch.journal(0, &journal).begin(&run).await.expect("room");
    let lines: Vec<String> = JournalReader::open_in(&disk, "x.journal")
        .expect("it is whole")
        .map(|line| line.expect("so is each line").to_string())
        .collect();
    assert!(lines.len() == 1 && lines[0].contains("somebody"), "{lines:?}");
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

/// A watch over steps that change what is there; the two of them that describe.
async fn watched_with_counterparts(repeats: usize) -> (Watch, [KeyArn; 3], Vec<StepId>) {
    let (watch, keys) = by_hand::watched_with_counterparts(Allowance { repeats, ..STRICT }).await;
    let steps = watch.expected.duties.keys().filter(|step| step.to_string().contains("description")).cloned().collect();
    (watch, keys, steps)
}

async fn described(watch: &Watch, step: &StepId, key: &KeyArn) {
    written(watch, step, started()).await;
    let kms = kms(&watch.world, &end(TARGET));
    drop(kms.update_key_description().key_id(key.as_str()).description("another").send().await);
}

#[tokio::test]
async fn what_was_there_is_changed_as_often_as_steps_say() {
    for repeats in [1, 2] {
        let (watch, [key, ..], steps) = watched_with_counterparts(repeats).await;
        assert_eq!(steps.len(), 2);
        for _ in 0..repeats {
            described(&watch, &steps[0], &key).await;
            assert_eq!(broken(&watch), None);
        }
        // As a kind of request it is not too often yet, and as one on this key it is.
        described(&watch, &steps[1], &key).await;
        let breach = watch.breach().expect("it is too often");
        let message = format!("kms:UpdateKeyDescription on {key}: {} times, not 1", repeats + 1);
        assert_eq!((breach.invariant, breach.message), (Invariant::DoneOnce, message));
    }
}

#[tokio::test]
async fn what_was_there_is_not_changed_in_another_way() {
    let (watch, [.., tagged], steps) = watched_with_counterparts(1).await;
    described(&watch, &steps[0], &tagged).await;
    assert_eq!(broken(&watch), Some((Invariant::OnlyOurs, None)));
}

#[tokio::test]
async fn what_no_run_made_is_not_changed() {
    let (watch, _, steps) = watched_with_counterparts(1).await;
    let stranger = watch.world.kms_key(&end(TARGET));
    described(&watch, &steps[0], &stranger).await;
    assert_eq!(broken(&watch), Some((Invariant::OnlyOurs, None)));
}

#[tokio::test]
async fn one_record_speaks_for_one_request() {
    let (watch, [key, ..], steps) = watched_with_counterparts(2).await;
    described(&watch, &steps[0], &key).await;
    assert_eq!(broken(&watch), None);
    let kms = kms(&watch.world, &end(TARGET));
    drop(kms.update_key_description().key_id(key.as_str()).description("a third").send().await);
    assert_eq!(broken(&watch), Some((Invariant::WrittenFirst, None)));
}

#[tokio::test]
async fn a_step_that_comes_after_others_waits_for_them() {
    for waits in [true, false] {
        let (watch, key) = watched().await;
        let (last, duty) =
            watch.expected.duties.iter().find(|(_, duty)| !duty.after.is_empty()).expect("it is disabled");
        watch.lock().made.insert(key.to_string());
        written(&watch, &steps(&watch).0, done(&key, &key)).await;
        for earlier in duty.after.iter().filter(|_| waits) {
            written(&watch, earlier, Written::Done(Receipt::new())).await;
        }
        written(&watch, last, started()).await;
        assert_eq!(broken(&watch), (!waits).then(|| (Invariant::InOrder, Some(last.clone()))));
    }
}

#[tokio::test]
async fn what_a_run_says_at_its_end_is_durable() {
    let (watch, _) = watched().await;
    let (_, outcome) = ended_well(&watch).await;
    watch.ended(0, &outcome);
    assert_eq!(broken(&watch), None);
    watch.lost(0);
    watch.ended(0, &outcome);
    assert!(broken(&watch).is_some_and(|(invariant, _)| invariant == Invariant::WrittenFirst));
}
