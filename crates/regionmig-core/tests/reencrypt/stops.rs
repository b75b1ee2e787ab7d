//! Stopping, pausing, dropping.

use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};

use futures::{FutureExt, Stream, StreamExt, stream};
use regionmig_core::reencrypt::{Ciphertext, Gate, ItemOptions, ReencryptError};
use regionmig_core::{CancellationToken, ErrorKind};

use crate::lab::{Lab, millis, now, old, seconds};

/// Items, and how many were taken.
fn counted(count: u64, size: usize) -> (impl Stream<Item = (u64, Ciphertext)>, Arc<Mutex<u64>>) {
    let taken = Arc::new(Mutex::new(0));
    let counter = Arc::clone(&taken);
    let items = stream::iter((0..count).map(move |id| {
        *counter.lock().unwrap() += 1;
        (id, old(id, size))
    }));
    (items, taken)
}

#[tokio::test(start_paused = true)]
async fn stopped_it_ends_what_is_under_way_and_takes_nothing_more() {
    for in_order in [false, true] {
        let lab = Lab::new(|_, _| Ok(seconds(1)));
        let reencrypt = lab.reencrypt();
        let token = CancellationToken::new();
        let (items, taken) = counted(100, 100);
        // There is room for four, and a fifth is taken, which waits.
        let options = ItemOptions::default().bytes_at_once(450).stop(token.clone());
        let options = if in_order { options.in_order() } else { options };
        let stop = async {
            tokio::time::sleep(millis(2500)).await;
            token.cancel();
        };
        let begun = now();
        let (done, ()) = tokio::join!(reencrypt.items_with(items, &options).collect::<Vec<_>>(), stop);
        let well = done.iter().filter(|(_, result)| result.is_ok()).count();
        let not_begun = done.iter().filter(|(_, result)| matches!(result, Err(ReencryptError::Cancelled))).count();
        assert_eq!((well, not_begun, done.len()), (12, 1, 13));
        assert_eq!((*taken.lock().unwrap(), lab.all_tries(), begun.elapsed().as_secs()), (13, 12, 3));
    }
}

#[tokio::test(start_paused = true)]
async fn stopped_it_does_not_wait_for_a_source_that_gives_nothing() {
    let lab = Lab::new(|_, _| Ok(millis(1)));
    let reencrypt = lab.reencrypt();
    let token = CancellationToken::new();
    let items = stream::iter([(0, old(0, 0))]).chain(stream::pending());
    let options = ItemOptions::default().stop(token.clone());
    let stop = async {
        tokio::time::sleep(seconds(5)).await;
        token.cancel();
    };
    let (done, ()) = tokio::join!(reencrypt.items_with(items, &options).count(), stop);
    assert_eq!(done, 1);
}

#[tokio::test(start_paused = true)]
async fn stopped_an_item_between_two_tries_gives_the_error_of_its_last() {
    let lab = Lab::new(|_, _| Err(ErrorKind::Throttle));
    let reencrypt = lab.reencrypt();
    let token = CancellationToken::new();
    let (items, _) = counted(3, 0);
    let options = ItemOptions::default().stop(token.clone());
    let stop = async {
        tokio::time::sleep(seconds(20)).await;
        token.cancel();
    };
    let begun = now();
    let (done, ()) = tokio::join!(reencrypt.items_with(items, &options).collect::<Vec<_>>(), stop);
    assert_eq!(begun.elapsed(), seconds(20));
    assert!(done.iter().all(|(_, result)| result.as_ref().unwrap_err().kind() == ErrorKind::Throttle));
}

#[tokio::test(start_paused = true)]
async fn stopped_before_it_begins_it_takes_nothing() {
    let lab = Lab::new(|_, _| Ok(millis(1)));
    let reencrypt = lab.reencrypt();
    let token = CancellationToken::new();
    token.cancel();
    let (items, taken) = counted(3, 0);
    assert_eq!(reencrypt.items_with(items, &ItemOptions::default().stop(token)).count().await, 0);
    assert_eq!(*taken.lock().unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn paused_it_ends_what_is_under_way_begins_nothing_and_goes_on() {
    let lab = Lab::new(|_, _| Ok(seconds(1)));
    let reencrypt = lab.reencrypt();
    let gate = Gate::new();
    let (items, taken) = counted(20, 0);
    let options = ItemOptions::default().at_once(2).gate(&gate);
    let begun = now();
    let pause = async {
        tokio::time::sleep(millis(2500)).await;
        gate.close();
        tokio::time::sleep(seconds(100)).await;
        assert_eq!((*taken.lock().unwrap(), lab.all_tries()), (6, 6));
        gate.open();
    };
    let (done, ()) = tokio::join!(reencrypt.items_with(items, &options).count(), pause);
    assert_eq!((done, lab.all_tries()), (20, 20));
    assert_eq!(begun.elapsed(), millis(2500) + seconds(100) + seconds(7));
}

#[tokio::test(start_paused = true)]
async fn while_it_is_paused_nothing_is_tried_again_and_no_patience_is_used_up() {
    let begun = now();
    let lab = Lab::new(move |_, _| match begun.elapsed().as_secs() {
        0..1010 => Err(ErrorKind::Unavailable),
        _ => Ok(millis(1)),
    });
    let reencrypt = lab.reencrypt();
    let gate = Gate::new();
    let (items, _) = counted(2, 0);
    let options = ItemOptions::default().gate(&gate).patience(seconds(60));
    let pause = async {
        tokio::time::sleep(seconds(10)).await;
        gate.close();
        tokio::time::sleep(seconds(40)).await;
        let tries = lab.all_tries();
        tokio::time::sleep(seconds(950)).await;
        assert_eq!(lab.all_tries(), tries);
        gate.open();
    };
    let (done, ()) = tokio::join!(reencrypt.items_with(items, &options).collect::<Vec<_>>(), pause);
    assert!(done.iter().all(|(_, result)| result.is_ok()), "{done:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_paused_can_be_stopped() {
    let lab = Lab::new(|_, _| Ok(seconds(1)));
    let reencrypt = lab.reencrypt();
    let (gate, token) = (Gate::new(), CancellationToken::new());
    gate.close();
    let (items, taken) = counted(20, 0);
    let options = ItemOptions::default().gate(&gate).stop(token.clone());
    let stop = async {
        tokio::time::sleep(seconds(5)).await;
        token.cancel();
    };
    let (done, ()) = tokio::join!(reencrypt.items_with(items, &options).count(), stop);
    assert_eq!((done, *taken.lock().unwrap()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn dropped_it_stops_everything_and_polled_by_nobody_it_does_nothing() {
    let lab = Lab::new(|_, _| Ok(seconds(1)));
    let reencrypt = lab.reencrypt();
    let (items, _) = counted(20, 0);
    let mut stream = Box::pin(reencrypt.items(items, 4));
    assert_eq!(lab.all_tries(), 0);
    let mut cx = Context::from_waker(Waker::noop());
    assert!(stream.next().poll_unpin(&mut cx).is_pending());
    drop(stream);
    tokio::time::sleep(seconds(60)).await;
    assert_eq!((lab.all_tries(), lab.items.most()), (4, 4));
}

#[test]
fn the_stream_may_go_to_another_thread() {
    fn is_send<T: Send>(_: &T) {}
    let lab = Lab::new(|_, _| Ok(seconds(1)));
    let reencrypt = lab.reencrypt();
    is_send(&reencrypt.items(stream::iter([(0, old(0, 0))]), 1));
    is_send(&reencrypt.rehearse_items(stream::iter([(0, old(0, 0))]), &ItemOptions::default()));
}
