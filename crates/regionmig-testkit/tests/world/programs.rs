//! Programs that live by the world's clock from other processes. Here they are in this one, as nothing of it is shared.

use std::time::Duration;

use aws_sdk_sts::config::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use futures::FutureExt;
use regionmig_core::{Clock, Entry, ErrorKind, FileJournal, Header, Journal, Migration, Record, Route};
use regionmig_testkit::{Face, Fault, Holding, Loss, RemoteWorld, World};

const HOUR: Duration = Duration::from_secs(3600);
const MINUTE: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);

/// A world, its port and a program that is connected to it.
fn connected() -> (World, Face, RemoteWorld) {
    let world = World::new();
    let face = world.serve().unwrap();
    let remote = RemoteWorld::connect(&face.url).unwrap();
    (world, face, remote)
}

fn sts(config: &SdkConfig) -> aws_sdk_sts::Client {
    aws_sdk_sts::Client::new(config)
}

/// Lets everything else run that can.
async fn others() {
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn hours_pass_at_once_in_another_process_and_none_is_shortened() {
    let (world, _face, remote) = connected();
    let before = world.clock().now();
    assert_eq!(remote.clock().now(), before);
    for n in 1..=100 {
        remote.clock().sleep(HOUR).await;
        assert_eq!((world.clock().now(), remote.clock().now()), (before + HOUR * n, before + HOUR * n));
    }
    // Signed by the world's time, or it would be refused: the program has no other.
    sts(&remote.sdk_config()).get_caller_identity().send().await.unwrap();
    assert_eq!(world.ledger().count("sts:GetCallerIdentity"), 1);
}

#[tokio::test]
async fn the_signature_of_a_program_is_held_to_the_worlds_time() {
    let (world, _face, remote) = connected();
    world.clock().advance(HOUR);
    let error = sts(&remote.sdk_config()).get_caller_identity().send().await.unwrap_err();
    assert!(format!("{error:?}").contains("Signature expired"), "{error:?}");
    // The answer said what time it is.
    assert_eq!(remote.clock().now(), world.clock().now());
    sts(&remote.sdk_config()).get_caller_identity().send().await.unwrap();
}

#[tokio::test]
async fn time_stands_still_while_any_program_does_anything_but_wait() {
    let (world, face, one) = connected();
    let two = RemoteWorld::connect(&face.url).unwrap();
    let (before, here) = (world.clock().now(), tokio::spawn(world.clock().sleep(2 * HOUR)));
    let there = tokio::spawn(one.clock().sleep(HOUR));
    others().await;
    assert_eq!(world.clock().now(), before, "the second program is at work");
    let later = tokio::spawn(two.clock().sleep(3 * HOUR));
    there.await.unwrap();
    assert_eq!(one.clock().now(), before + HOUR);
    others().await;
    assert_eq!(world.clock().now(), before + HOUR, "the first program is at work");
    drop(one);
    here.await.unwrap();
    later.await.unwrap();
    assert_eq!(world.clock().now(), before + 3 * HOUR);
}

#[tokio::test]
async fn a_program_that_is_gone_keeps_nobody_waiting() {
    let (world, _face, remote) = connected();
    let before = world.clock().now();
    let mut left_behind = Box::pin(remote.clock().sleep(HOUR));
    assert!(left_behind.as_mut().now_or_never().is_none());
    drop((left_behind, remote));
    world.clock().sleep(2 * HOUR).await;
    assert_eq!(world.clock().now(), before + 2 * HOUR);
}

#[tokio::test]
async fn a_held_clock_holds_the_world() {
    let (world, _face, remote) = connected();
    let before = world.clock().now();
    let (clock, held) = (remote.clock(), remote.clock().hold());
    let sleeper = tokio::spawn(clock.sleep(HOUR));
    others().await;
    assert_eq!(world.clock().now(), before);
    drop(held);
    sleeper.await.unwrap();
    assert_eq!(world.clock().now(), before + HOUR);
}

/// Asks who one is, with answers that take `latency` and a client that waits `patience`; returns how long that took.
async fn asking(latency: Duration, patience: Duration) -> (Duration, bool) {
    let (world, _face, remote) = connected();
    world.fault(Fault::latency("sts:*", latency));
    let timeouts = TimeoutConfig::builder().operation_timeout(patience).build();
    let client = sts(&remote.sdk_config().to_builder().timeout_config(timeouts).build());
    let before = world.clock().now();
    let answered = client.get_caller_identity().send().await.is_ok();
    (world.clock().now().duration_since(before).unsigned_abs(), answered)
}

#[tokio::test]
async fn what_comes_first_happens_first_be_it_an_answer_or_a_deadline() {
    assert_eq!(asking(MINUTE, 2 * MINUTE).await, (MINUTE, true));
    assert_eq!(asking(2 * MINUTE, MINUTE).await, (MINUTE, false));
}

#[tokio::test]
async fn requests_that_wait_in_the_world_wait_together() {
    let (world, _face, remote) = connected();
    world.fault(Fault::latency("sts:*", SECOND).nth(2));
    world.fault(Fault::latency("sts:*", SECOND));
    let (client, before) = (sts(&remote.sdk_config()), world.clock().now());
    let asked = (0..3).map(|_| client.get_caller_identity().send());
    let answered = futures::future::join_all(asked).await;
    assert!(answered.iter().all(Result::is_ok));
    assert_eq!(world.clock().now(), before + 2 * SECOND);
}

#[tokio::test]
async fn a_broken_connection_is_an_error_and_the_next_request_has_another() {
    let (world, _face, remote) = connected();
    let identity = remote.access().clients(aws_sdk_sts::Client::new);
    let end = crate::end("eu-central-1");
    let ask = async || {
        let asked = identity.write(&end, "sts:GetCallerIdentity", |client| client.get_caller_identity().send());
        asked.await.map(|_| ()).map_err(|error| error.kind())
    };
    for loss in [Loss::Reset, Loss::TruncatedBody, Loss::Timeout] {
        world.fault(Fault::lost_answer("sts:*").by(loss).once());
        assert_eq!(ask().await, Err(ErrorKind::OutcomeUnknown), "{loss:?}");
        assert_eq!(ask().await, Ok(()), "{loss:?}");
    }
    assert_eq!(world.ledger().count("sts:*"), 6);
}

#[tokio::test]
async fn a_program_without_its_world_comes_to_an_end() {
    let (_world, face, remote) = connected();
    let clock = remote.clock();
    let sleeper = tokio::spawn(clock.sleep(HOUR));
    drop(face);
    sleeper.await.unwrap();
    let (identity, end) = (remote.access().clients(aws_sdk_sts::Client::new), crate::end("eu-central-1"));
    let asked = identity.read(&end, "sts:GetCallerIdentity", |client| client.get_caller_identity().send());
    assert_eq!(asked.await.map(|_| ()).map_err(|error| error.kind()), Err(ErrorKind::Unavailable));
}

#[tokio::test]
async fn a_face_is_drained_when_its_last_connection_is_closed() {
    let (world, face, remote) = connected();
    sts(&remote.sdk_config()).get_caller_identity().send().await.unwrap();
    let drained = std::thread::spawn(move || {
        face.drained().unwrap();
        face
    });
    others().await;
    assert!(!drained.is_finished(), "a program is connected");
    drop(remote);
    let face = drained.join().unwrap();
    face.drained().unwrap();
    assert_eq!(world.ledger().count("*"), 1);
}

#[tokio::test]
async fn time_stands_still_while_a_journal_is_written() {
    let world = World::new();
    let (clock, before) = (world.clock(), world.clock().now());
    let folder = std::env::temp_dir().join(format!("regionmig-holding-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let access = world.access();
    let route = Route::new(crate::end("me-central-1"), crate::end("eu-central-1")).unwrap();
    let migration = Migration::new(route, &access);
    let plan = migration.plan(&migration.survey().await.unwrap()).unwrap();
    let journal = FileJournal::create(folder.join("x.journal"), &plan).await.unwrap();
    let journal = Holding::new(journal, clock.clone());
    journal.replay(&Header::new(&plan), &mut |_| panic!("it is new")).await.unwrap();
    let record = Record::new(before, "kms/create/kms.key:x".parse().unwrap(), Entry::Reverting);
    let mut sleeper = tokio::spawn(clock.sleep(HOUR));
    journal.append(&record).await.unwrap();
    assert_eq!(clock.now(), before);
    (&mut sleeper).await.unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn the_core_sees_the_worlds_time() {
    let (world, _face, remote) = connected();
    let clock: &dyn Clock = &remote.clock();
    clock.sleep(HOUR).await;
    assert_eq!((clock.now(), clock.wall_time()), (world.clock().now(), world.clock().now()));
}
