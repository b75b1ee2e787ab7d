//! Virtual time.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::FutureExt;
use jiff::Timestamp;
use regionmig_testkit::{Fault, World};

use crate::sts;

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "the machine's time is what is measured")]
async fn hours_pass_at_once() {
    let (clock, begun) = (World::new().clock(), std::time::Instant::now());
    let before = clock.now();
    for _ in 0..1000 {
        clock.sleep(HOUR).await;
    }
    assert_eq!(clock.now(), before + HOUR * 1000);
    assert!(begun.elapsed() < Duration::from_secs(10));
}

/// Twenty tasks that sleep, by turns of different length; who woke when.
async fn turns() -> Vec<(u64, Timestamp)> {
    let (clock, woken) = (World::new().clock(), Arc::new(Mutex::new(Vec::new())));
    let task = |id: u64| {
        let (clock, woken) = (clock.clone(), Arc::clone(&woken));
        async move {
            for turn in 1..5 {
                clock.sleep(Duration::from_secs((id * 7 + turn * 3) % 11)).await;
                woken.lock().unwrap().push((id, clock.now()));
            }
        }
    };
    for task in (0..20).map(|id| tokio::spawn(task(id))).collect::<Vec<_>>() {
        task.await.unwrap();
    }
    std::mem::take(&mut *woken.lock().unwrap())
}

#[tokio::test]
async fn on_one_thread_two_runs_wake_in_the_same_order_at_the_same_times() {
    let woken = turns().await;
    assert_eq!(woken, turns().await);
    assert!(woken.iter().map(|one| one.1).is_sorted());
    assert_eq!(woken.len(), 80);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn on_many_threads_everybody_wakes_and_nobody_too_early() {
    let clock = World::new().clock();
    let before = clock.now();
    let task = |id: u32| {
        let clock = clock.clone();
        async move {
            for _ in 0..3 {
                let until = clock.now() + HOUR * id;
                clock.sleep(HOUR * id).await;
                assert!(clock.now() >= until);
            }
        }
    };
    for task in (1..6).map(|id| tokio::spawn(task(id))).collect::<Vec<_>>() {
        task.await.unwrap();
    }
    assert!(clock.now() >= before + HOUR * 15);
}

#[tokio::test]
async fn a_dropped_sleeper_moves_nothing() {
    let clock = World::new().clock();
    let before = clock.now();
    let mut dropped = Box::pin(clock.sleep(HOUR));
    assert!(dropped.as_mut().now_or_never().is_none());
    drop(dropped);
    let mut sleeper = tokio::spawn(clock.sleep(HOUR * 2));
    while (&mut sleeper).now_or_never().is_none() {
        assert!([before, before + HOUR * 2].contains(&clock.now()), "no stop on the way");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_sleeper_that_nobody_polls_stops_nobody() {
    let clock = World::new().clock();
    let before = clock.now();
    let mut put_aside = Box::pin(clock.sleep(HOUR));
    assert!(put_aside.as_mut().now_or_never().is_none());
    clock.sleep(HOUR * 2).await;
    assert_eq!(clock.now(), before + HOUR * 2);
    assert!(put_aside.now_or_never().is_some());
}

#[tokio::test]
async fn time_stands_still_while_others_work() {
    let clock = World::new().clock();
    let before = clock.now();
    let sleeper = tokio::spawn(clock.sleep(HOUR));
    for _ in 0..12 {
        tokio::task::yield_now().await;
        assert_eq!(clock.now(), before);
    }
    sleeper.await.unwrap();
    assert_eq!(clock.now(), before + HOUR);
}

#[tokio::test]
async fn the_clock_lingers_for_what_happens_on_other_threads() {
    let clock = World::new().clock();
    clock.linger(Duration::from_secs(30));
    let before = clock.now();
    let work = tokio::task::spawn_blocking(|| std::thread::sleep(Duration::from_millis(20)));
    tokio::select! {
        () = clock.sleep(HOUR) => panic!("an hour has passed"),
        done = work => done.unwrap(),
    }
    assert_eq!(clock.now(), before);
}

#[tokio::test]
async fn a_held_clock_stands_still_until_it_is_let_go() {
    let clock = World::new().clock();
    let before = clock.now();
    let (held, sleeper) = (clock.hold(), tokio::spawn(clock.sleep(HOUR)));
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
    assert_eq!(clock.now(), before);
    clock.advance(HOUR / 2);
    drop(held);
    sleeper.await.unwrap();
    assert_eq!(clock.now(), before + HOUR);
}

#[tokio::test]
async fn advancing_wakes_whoever_sleeps_while_the_clock_is_held() {
    let clock = World::new().clock();
    let (_held, sleeper) = (clock.hold(), tokio::spawn(clock.sleep(HOUR)));
    tokio::task::yield_now().await;
    clock.advance(HOUR);
    sleeper.await.unwrap();
}

#[tokio::test]
async fn advancing_wakes_whoever_sleeps_less_long() {
    let clock = World::new().clock();
    let (mut short, mut long) = (Box::pin(clock.sleep(HOUR)), Box::pin(clock.sleep(HOUR * 3)));
    clock.advance(HOUR * 2);
    assert!(short.as_mut().now_or_never().is_some());
    assert!(long.as_mut().now_or_never().is_none());
}

#[tokio::test]
async fn the_sdk_waits_in_virtual_time_between_its_attempts() {
    let world = World::new();
    let before = world.clock().now();
    world.fault(Fault::server_error("sts:*", 500).times(2));
    sts(&world).get_caller_identity().send().await.unwrap();
    assert_eq!(world.ledger().count_requests("sts:*"), 3);
    assert!(world.clock().now() > before);
}
