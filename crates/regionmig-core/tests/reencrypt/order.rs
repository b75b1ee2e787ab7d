//! How many at once, in how much memory, in which order.

use futures::{StreamExt, stream};
use regionmig_core::reencrypt::{Ciphertext, EncryptionContext, ItemOptions, Progress};
use std::sync::{Arc, Mutex};

use crate::lab::{Lab, foreign, id_of, millis, now, old, seconds};

/// Items of which the first of each four takes longest.
fn slow_first() -> Arc<Lab> {
    Lab::new(|id, _| Ok(millis(if id % 4 == 0 { 100 } else { 10 })))
}

#[tokio::test(start_paused = true)]
async fn items_come_as_they_get_done_and_their_key_says_which_they_are() {
    let lab = slow_first();
    let reencrypt = lab.reencrypt();
    let items = stream::iter((0..40).map(|id| (id, old(id, 20))));
    let done: Vec<_> = reencrypt.items(items, 4).collect().await;
    let keys: Vec<u64> = done.iter().map(|(key, _)| *key).collect();
    assert_ne!(keys, (0..40).collect::<Vec<_>>());
    let mut sorted = keys.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, (0..40).collect::<Vec<_>>());
    assert!(done.iter().all(|(key, result)| id_of(&result.as_ref().unwrap().bytes) == *key));
    assert_eq!(lab.items.most(), 4);
}

#[tokio::test(start_paused = true)]
async fn in_order_they_come_as_they_came_and_those_that_wait_count() {
    let lab = slow_first();
    let reencrypt = lab.reencrypt();
    let taken = Arc::new(Mutex::new(0_u64));
    let count = Arc::clone(&taken);
    let items = stream::iter((0..40).map(move |id| {
        *count.lock().unwrap() += 1;
        (id, old(id, 20))
    }));
    let mut done = Box::pin(reencrypt.items_with(items, &ItemOptions::default().at_once(4).in_order()));
    let mut given = 0;
    while let Some((key, result)) = done.next().await {
        assert_eq!((key, result.is_ok()), (given, true));
        given += 1;
        // One was given out, four may be held.
        assert!(*taken.lock().unwrap() <= given + 4);
    }
    assert_eq!((given, lab.items.most()), (40, 4));
}

#[tokio::test(start_paused = true)]
async fn as_many_are_at_work_as_may_be() {
    let lab = Lab::new(|_, _| Ok(seconds(1)));
    let reencrypt = lab.reencrypt();
    let begun = now();
    let items = stream::iter((0..64).map(|id| (id, old(id, 0))));
    assert_eq!(reencrypt.items(items, 16).count().await, 64);
    assert_eq!(begun.elapsed().as_secs(), 4);
    // Nought is one.
    let items = stream::iter((0..3).map(|id| (id, old(id, 0))));
    assert_eq!(reencrypt.items(items, 0).count().await, 3);
    assert_eq!(begun.elapsed().as_secs(), 7);
}

#[tokio::test(start_paused = true)]
async fn so_many_bytes_are_under_way_and_no_more_but_for_one_that_is_larger() {
    for in_order in [false, true] {
        let mut random = fastrand::Rng::with_seed(7);
        let sizes: Vec<usize> = (0..500).map(|_| random.usize(10..400)).collect();
        let lab = Lab::new(|id, _| Ok(millis(1 + id % 7)));
        let reencrypt = lab.reencrypt();
        let items = stream::iter(sizes.into_iter().enumerate().map(|(id, size)| (id, old(id as u64, size))));
        let options = ItemOptions::default().at_once(64).bytes_at_once(1000);
        let options = if in_order { options.in_order() } else { options };
        assert_eq!(reencrypt.items_with(items, &options).count().await, 500);
        assert!((900..=1000).contains(&lab.bytes.most()), "{}", lab.bytes.most());
        assert!(lab.items.most() > 4);
        println!("shown: bytes_under_way {} of 1000 at most, in order: {in_order}", lab.bytes.most());
    }
}

#[tokio::test(start_paused = true)]
async fn an_item_larger_than_the_bound_goes_alone() {
    for in_order in [false, true] {
        let lab = Lab::new(|_, _| Ok(millis(10)));
        let reencrypt = lab.reencrypt();
        let sizes = [5000, 100, 100, 7000, 100, 6000, 6000];
        let items = stream::iter(sizes.into_iter().enumerate().map(|(id, size)| (id, old(id as u64, size))));
        let options = ItemOptions::default().bytes_at_once(1000);
        let options = if in_order { options.in_order() } else { options };
        let done = tokio::time::timeout(seconds(9), reencrypt.items_with(items, &options).count()).await;
        assert_eq!(done, Ok(7), "it is never stuck");
        assert_eq!((lab.bytes.most(), lab.items.most()), (7000, 2));
    }
}

#[tokio::test(start_paused = true)]
async fn contexts_are_bytes_too() {
    let lab = Lab::new(|_, _| Ok(millis(10)));
    let reencrypt = lab.reencrypt();
    let context = EncryptionContext::from([("table", "x".repeat(395))]);
    let items = stream::iter((0..20).map(|id| (id, Ciphertext::new(old(id, 100).bytes, context.clone()))));
    assert_eq!(reencrypt.items_with(items, &ItemOptions::default().bytes_at_once(1000)).count().await, 20);
    assert_eq!((lab.bytes.most(), lab.items.most()), (1000, 2));
}

#[tokio::test(start_paused = true)]
async fn progress_is_told_four_times_a_second_at_most_with_the_rate_and_what_is_left() {
    let lab = Lab::new(|_, _| Ok(millis(100)));
    let reencrypt = lab.reencrypt();
    let told = Arc::new(Mutex::new(Vec::<Progress>::new()));
    let teller = Arc::clone(&told);
    let item = |id: u64| if id % 10 == 9 { foreign(id) } else { old(id, 20) };
    let items = stream::iter((0..600).map(move |id| (id, item(id))));
    let options = ItemOptions::default().at_once(10).total(600).observe(move |progress| {
        teller.lock().unwrap().push(progress.clone());
    });
    assert_eq!(reencrypt.items_with(items, &options).count().await, 600);
    let told = told.lock().unwrap();
    // Six seconds: at 0.1, 0.4, 0.7 and so on, and at the end.
    assert!((20..=25).contains(&told.len()), "{}", told.len());
    let last = told.last().unwrap();
    assert_eq!((last.done, last.failed, last.total), (540, 60, Some(600)));
    assert_eq!((last.bytes, last.per_minute, last.left), (540 * 20 + 60 * 9, Some(6000), Some(seconds(0))));
    assert_eq!(last.to_string(), "600 of 600 items, 60 failed, 6000 a minute, 0s left");
    let half = told.iter().find(|told| told.done + told.failed >= 300).unwrap();
    assert!(half.left.unwrap() > seconds(2) && half.left.unwrap() < millis(3200), "{half}");
}
