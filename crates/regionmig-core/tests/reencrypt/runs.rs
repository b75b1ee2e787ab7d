//! Runs from a source to a sink.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures::{Stream, StreamExt, stream};
use regionmig_core::reencrypt::{
    Batch, Checkpoint, Checkpoints, Delivered, Gate, ItemOptions, MemoryCheckpoints, Partition, Position, RunError,
    RunOptions, Sourced, Stopped,
};
use regionmig_core::{BoxError, CancellationToken, Classify, ErrorKind};

use crate::lab::{Lab, Told, foreign, id_of, millis, now, old, seconds};
use crate::store::{Pages, Store};

fn at_once(count: usize) -> RunOptions {
    RunOptions::default().items(ItemOptions::default().at_once(count))
}

#[tokio::test(start_paused = true)]
async fn each_item_is_put_or_set_aside_and_a_second_run_does_nothing() {
    let lab = Lab::new(|_, _| Ok(millis(5)));
    let (store, checkpoints) = (Store::new(100), MemoryCheckpoints::default());
    let (reencrypt, source, options) = (lab.reencrypt(), store.batch(), RunOptions::default());
    let summary = reencrypt.run(&source, &store, &checkpoints, &options).await.unwrap();
    assert_eq!((summary.written, summary.superseded, summary.set_aside), (86, 0, 14));
    assert_eq!(store.wrong(), (0, 0));
    assert_eq!(
        summary.to_string(),
        "partition `batch`: complete; this run: 86 written, 0 superseded, 14 set aside; all runs: 86 written, 0 superseded, \
         14 set aside\nwhat was set aside is not tried again: mend it, and hand it out as a partition of its own"
    );
    let tries = lab.all_tries();
    let again = reencrypt.run(&source, &store, &checkpoints, &options).await.unwrap();
    assert!(again.is_complete());
    assert_eq!((again.written, &again.checkpoint, lab.all_tries()), (0, &summary.checkpoint, tries));
}

#[tokio::test(start_paused = true)]
async fn without_its_checkpoint_it_is_done_again_and_nothing_is_replaced_twice() {
    let lab = Lab::new(|_, _| Ok(millis(5)));
    let store = Store::new(50);
    let (reencrypt, list, options) = (lab.reencrypt(), store.batch(), RunOptions::default());
    let first = reencrypt.run(&list, &store, &MemoryCheckpoints::default(), &options).await.unwrap();
    // From the list, the former ciphertexts come again; from the store, the new ones.
    let again = reencrypt.run(&list, &store, &MemoryCheckpoints::default(), &options).await.unwrap();
    assert_eq!((again.written, again.superseded, again.set_aside), (0, first.written, first.set_aside));
    let pages = Pages(store.clone());
    let third = reencrypt.run(&pages, &store, &MemoryCheckpoints::default(), &options).await.unwrap();
    assert_eq!((third.written, third.superseded, third.set_aside), (0, first.written, first.set_aside));
    assert_eq!(store.wrong(), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn what_fails_for_all_ends_the_run_and_sets_nothing_aside() {
    for kind in [ErrorKind::AccessDenied, ErrorKind::Credentials, ErrorKind::NotFound, ErrorKind::Unavailable] {
        let lab = Lab::new(move |id, _| if id == 20 { Err(kind) } else { Ok(millis(5)) });
        let (store, checkpoints) = (Store::new(100), MemoryCheckpoints::default());
        let items = ItemOptions::default().at_once(4).patience(seconds(30));
        let options = RunOptions::default().items(items).ahead(10);
        let summary = lab.reencrypt().run(&store.batch(), &store, &checkpoints, &options).await.unwrap();
        let Some(Stopped::Failed { position, error }) = &summary.stopped else { panic!("{summary}") };
        assert_eq!((position, error.kind()), (&Some(Position::from(21)), kind));
        assert_eq!(Classify::report(error.as_ref()).map(|report| report.kind), Some(kind));
        assert!(matches!(**error, RunError::Item(_)));
        assert!(!store.aside.lock().unwrap().contains_key(&20));
        assert_eq!(summary.checkpoint.position, Some(Position::from(20)));
        assert!(summary.to_string().ends_with("the next run goes on at 20"), "{summary}");
        assert!(lab.all_tries() < 60);
        // Once it is mended, it goes on there.
        let lab = Lab::new(|_, _| Ok(millis(5)));
        let summary = lab.reencrypt().run(&store.batch(), &store, &checkpoints, &at_once(4)).await.unwrap();
        assert!(summary.is_complete() && lab.tries(19) == 0 && lab.tries(20) == 1);
        assert_eq!(store.wrong(), (0, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn a_source_that_has_grown_is_read_on() {
    let lab = Lab::new(|_, _| Ok(millis(5)));
    let (store, checkpoints) = (Store::new(60), MemoryCheckpoints::default());
    let items = |count: u64| Batch::new("topic", (0..count).map(|id| (id, old(id, 0))));
    let first = lab.reencrypt().run(&items(40), &store, &checkpoints, &at_once(4)).await.unwrap();
    assert!(first.is_complete() && first.written + first.superseded == 40, "{first}");
    let tries = lab.all_tries();
    let second = lab.reencrypt().run(&items(60), &store, &checkpoints, &at_once(4)).await.unwrap();
    assert!(second.is_complete());
    assert_eq!((second.written + second.superseded, lab.all_tries() - tries), (20, 20));
}

#[tokio::test(start_paused = true)]
async fn what_was_put_is_known_even_where_a_failure_ends_the_run() {
    let lab = Lab::new(|_, _| Ok(millis(5)));
    let store = Store::new(50);
    store.rows.lock().unwrap().iter_mut().for_each(|(id, row)| row.ciphertext = old(*id, 0));
    let stops = RunOptions::default().set_aside_if(|_| false);
    let first =
        lab.reencrypt().run(&Pages(store.clone()), &store, &MemoryCheckpoints::default(), &stops).await.unwrap();
    assert!(first.is_complete() && first.written == 50, "{first}");
    // Its checkpoint is lost, so all are read again, and the source opens none of them.
    let again =
        lab.reencrypt().run(&Pages(store.clone()), &store, &MemoryCheckpoints::default(), &stops).await.unwrap();
    assert!(again.is_complete(), "{again}");
    assert_eq!((again.written, again.superseded, store.wrong()), (0, first.written, (0, 0)));
}

#[tokio::test(start_paused = true)]
async fn a_closed_gate_holds_what_is_delivered_one_by_one() {
    let lab = Lab::new(|_, _| Ok(millis(5)));
    let (store, reencrypt, gate) = (Store::new(4), lab.reencrypt(), Gate::new());
    let options = RunOptions::default().items(ItemOptions::default().gate(&gate));
    gate.close();
    let item = old(1, 0);
    let mut delivered = Box::pin(reencrypt.deliver(&1, &item, &store, &options));
    assert!(tokio::time::timeout(seconds(60), &mut delivered).await.is_err());
    assert_eq!(lab.all_tries(), 0);
    gate.open();
    assert_eq!(delivered.await.unwrap(), Some(Delivered::Written));
}

/// Items of which none is valid but these.
fn valid(ids: impl Fn(u64) -> bool + Send + Sync + 'static) -> Arc<Lab> {
    Lab::new(move |id, _| if ids(id) { Ok(millis(5)) } else { Err(ErrorKind::Invalid) })
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_first_items_are_all_set_aside_ends_and_the_next_one_tries_them_again() {
    let (store, checkpoints) = (Store::new(100), MemoryCheckpoints::default());
    let items = Batch::new("batch", (0..100).map(|id| (id, old(id, 0))));
    let options = || at_once(4).checkpoint_every(Duration::ZERO).give_up_after(20);
    let lab = valid(|_| false);
    let summary = lab.reencrypt().run(&items, &store, &checkpoints, &options()).await.unwrap();
    let Some(Stopped::Failed { error, .. }) = &summary.stopped else { panic!("{summary}") };
    assert!(matches!(**error, RunError::AllSetAside { items: 20 }), "{error}");
    assert_eq!((error.kind(), summary.checkpoint.position.clone()), (ErrorKind::Invalid, None));
    // Those under way ended.
    assert!((20..24).contains(&summary.set_aside) && lab.all_tries() < 24, "{summary}");
    assert!(summary.to_string().ends_with(
        "it takes a larger `RunOptions::give_up_after` (the item before 20)\nthe next run goes on at the beginning"
    ));
    // With the right key it goes on, though some are not valid.
    let lab = valid(|id| id > 10);
    let summary = lab.reencrypt().run(&items, &store, &checkpoints, &options()).await.unwrap();
    assert!(summary.is_complete(), "{summary}");
    assert_eq!((summary.checkpoint.set_aside, summary.written + summary.superseded), (11, 89));
}

#[tokio::test(start_paused = true)]
async fn a_run_goes_on_where_something_was_put_or_it_is_to_go_on_or_ends_before() {
    let items = Batch::new("batch", (0..100).map(|id| (id, old(id, 0))));
    for (lab, options) in [
        (valid(|id| id == 10), at_once(4).give_up_after(20)),
        (valid(|_| false), at_once(4).give_up_after(None)),
        (valid(|_| false), at_once(4).give_up_after(101)),
        (valid(|_| false), at_once(4)),
    ] {
        let (store, kept) = (Store::new(100), Arc::new(MemoryCheckpoints::default()));
        let shared = Arc::clone(&kept);
        let summary = lab.reencrypt().run(&items, &store, &shared, &options).await.unwrap();
        assert!(summary.is_complete() && summary.checkpoint.is_complete, "{summary}");
        let all = &summary.checkpoint;
        assert_eq!(all.set_aside + all.superseded + all.written, 100);
        assert_eq!(kept.as_ref().load("batch").await.unwrap(), Some(summary.checkpoint.clone()));
        // What is shared goes on from there.
        let again = lab.reencrypt().run(&items, &store, &shared, &options).await.unwrap();
        assert_eq!((again.checkpoint, again.set_aside, again.written), (summary.checkpoint, 0, 0));
    }
    // As many as it gives up after, and no more, are given up as well: nothing is complete.
    let (lab, store, checkpoints) = (valid(|_| false), Store::new(100), MemoryCheckpoints::default());
    let summary = lab.reencrypt().run(&items, &store, &checkpoints, &at_once(4).give_up_after(100)).await.unwrap();
    assert!(!summary.is_complete() && summary.checkpoint == Checkpoint::default(), "{summary}");
    assert_eq!(checkpoints.load("batch").await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn stopped_between_two_tries_of_an_item_it_has_not_failed() {
    let lab = Lab::new(|id, _| if id == 20 { Err(ErrorKind::Throttle) } else { Ok(millis(5)) });
    let (store, token) = (Store::new(30), CancellationToken::new());
    let items = Batch::new("batch", (0..30).map(|id| (id, old(id, 0))));
    let options = RunOptions::default().items(ItemOptions::default().stop(token.clone()));
    let stop = async {
        tokio::time::sleep(seconds(20)).await;
        token.cancel();
    };
    let (reencrypt, checkpoints) = (lab.reencrypt(), MemoryCheckpoints::default());
    let (summary, ()) = tokio::join!(reencrypt.run(&items, &store, &checkpoints, &options), stop);
    let summary = summary.unwrap();
    assert!(matches!(summary.stopped, Some(Stopped::Asked)), "{summary}");
    assert_eq!(summary.checkpoint.position, Some(Position::from(20)));
    assert!(!summary.to_string().contains("not tried again"), "{summary}");
}

#[tokio::test(start_paused = true)]
async fn a_caller_says_what_is_set_aside() {
    let lab = Lab::new(|id, _| if id == 20 { Err(ErrorKind::AccessDenied) } else { Ok(millis(5)) });
    let store = Store::new(50);
    let options = RunOptions::default().set_aside_if(|error| error.kind() == ErrorKind::AccessDenied);
    let summary = lab.reencrypt().run(&store.batch(), &store, &MemoryCheckpoints::default(), &options).await.unwrap();
    assert!(!summary.is_complete(), "those under no key end it now");
    assert!(store.aside.lock().unwrap().keys().all(|id| *id == 20));
    // What may pass as well, once patience ends.
    let lab = Lab::new(|id, _| if id == 20 { Err(ErrorKind::Unavailable) } else { Ok(millis(5)) });
    let store = Store::new(50);
    let items = Batch::new("batch", (0..50).map(|id| (id, old(id, 0))));
    let options = RunOptions::default()
        .items(ItemOptions::default().patience(seconds(30)))
        .set_aside_if(|error| error.kind() == ErrorKind::Unavailable);
    let summary = lab.reencrypt().run(&items, &store, &MemoryCheckpoints::default(), &options).await.unwrap();
    assert!(summary.is_complete(), "{summary}");
    assert_eq!((summary.set_aside, store.aside.lock().unwrap().get(&20)), (1, Some(&1)));
}

#[tokio::test(start_paused = true)]
async fn a_sink_is_tried_again_and_a_lost_answer_replaces_nothing_twice() {
    let lab = Lab::new(|_, _| Ok(millis(5)));
    let store = Store::new(50).failing(|put| (put % 3 == 0).then_some(ErrorKind::OutcomeUnknown));
    let summary =
        lab.reencrypt().run(&store.batch(), &store, &MemoryCheckpoints::default(), &at_once(4)).await.unwrap();
    assert!(summary.is_complete() && summary.superseded > 5);
    assert_eq!(store.wrong(), (0, 0));
    // Nothing was decrypted again for it.
    assert_eq!(lab.all_tries(), 50);
}

#[tokio::test(start_paused = true)]
async fn a_sink_that_refuses_ends_the_run() {
    let lab = Lab::new(|_, _| Ok(millis(5)));
    let store = Store::new(100).failing(|put| (put == 30).then_some(ErrorKind::AccessDenied));
    let checkpoints = MemoryCheckpoints::default();
    let summary = lab.reencrypt().run(&store.batch(), &store, &checkpoints, &at_once(4)).await.unwrap();
    let Some(Stopped::Failed { error, .. }) = &summary.stopped else { panic!("{summary}") };
    assert_eq!(
        (error.to_string(), error.kind()),
        ("an item could not be put at the sink".into(), ErrorKind::AccessDenied)
    );
    let summary = lab.reencrypt().run(&store.batch(), &store, &checkpoints, &at_once(4)).await.unwrap();
    assert!(summary.is_complete());
    assert_eq!(store.wrong(), (0, 0));
}

/// A source that fails after so many items.
struct Breaks(Batch<u64>, usize);

impl Partition for Breaks {
    type Key = u64;
    type Error = Told;

    fn name(&self) -> &str {
        self.0.name()
    }

    fn items(&self, from: Option<&Position>) -> impl Stream<Item = Result<Sourced<u64>, Told>> + Send {
        let items = self.0.items(from).map(|sourced| sourced.map_err(|error| match error {}));
        items.take(self.1).chain(stream::iter([Err(Told(ErrorKind::Credentials))]))
    }
}

#[tokio::test(start_paused = true)]
async fn a_source_that_breaks_ends_the_run_after_what_it_gave() {
    let lab = Lab::new(|_, _| Ok(millis(5)));
    let (store, checkpoints) = (Store::new(60), MemoryCheckpoints::default());
    let list = store.batch();
    let summary = lab.reencrypt().run(&Breaks(list.clone(), 25), &store, &checkpoints, &at_once(4)).await.unwrap();
    assert_eq!(summary.checkpoint.position, Some(Position::from(25)));
    let text = summary.to_string();
    assert!(text.contains("stopped: partition `batch` could not be read on: told to fail\n"), "{text}");
    assert!(lab.reencrypt().run(&list, &store, &checkpoints, &at_once(4)).await.unwrap().is_complete());
    assert_eq!(store.wrong(), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn told_to_stop_it_ends_what_is_under_way_and_keeps_that() {
    let lab = Lab::new(|_, _| Ok(seconds(1)));
    let (store, checkpoints, token) = (Store::new(100), MemoryCheckpoints::default(), CancellationToken::new());
    // There is room for four of nine bytes; a fifth is taken, which waits, and is not begun.
    let options = RunOptions::default().items(ItemOptions::default().bytes_at_once(40).stop(token.clone()));
    let stop = async {
        tokio::time::sleep(millis(3500)).await;
        token.cancel();
    };
    let (list, reencrypt) = (store.batch(), lab.reencrypt());
    let (summary, ()) = tokio::join!(reencrypt.run(&list, &store, &checkpoints, &options), stop);
    let summary = summary.unwrap();
    assert!(matches!(summary.stopped, Some(Stopped::Asked)));
    assert_eq!((summary.checkpoint.position.clone(), lab.all_tries()), (Some(Position::from(16)), 16));
    assert!(summary.to_string().ends_with("\nstopped: as asked\nthe next run goes on at 16"), "{summary}");
}

#[tokio::test(start_paused = true)]
async fn an_item_in_its_retries_lets_others_go_ahead_so_far_and_no_further() {
    let begun = now();
    let lab = Lab::new(move |id, _| match id {
        2 if begun.elapsed() < seconds(100) => Err(ErrorKind::Throttle),
        _ => Ok(millis(5)),
    });
    let (store, checkpoints) = (Store::new(1000), MemoryCheckpoints::default());
    let options = at_once(8).ahead(50);
    let (list, reencrypt) = (store.batch(), lab.reencrypt());
    let look = async {
        tokio::time::sleep(seconds(60)).await;
        let saved = checkpoints.load("batch").await.unwrap().unwrap();
        assert_eq!(saved.position, Some(Position::from(2)));
        // Of the fifty, all but the one.
        assert_eq!((0..1000).filter(|id| lab.tries(*id) > 0).count(), 52);
    };
    let (summary, ()) = tokio::join!(reencrypt.run(&list, &store, &checkpoints, &options), look);
    assert!(summary.unwrap().is_complete());
    assert_eq!(store.wrong(), (0, 0));
}

/// Notes when it is asked to save.
#[derive(Debug, Default)]
struct Noting(MemoryCheckpoints, Mutex<Vec<u64>>);

#[async_trait]
impl Checkpoints for Noting {
    async fn load(&self, partition: &str) -> Result<Option<Checkpoint>, BoxError> {
        self.0.load(partition).await
    }

    async fn save(&self, partition: &str, checkpoint: &Checkpoint) -> Result<(), BoxError> {
        self.1.lock().unwrap().push(checkpoint.written + checkpoint.set_aside);
        self.0.save(partition, checkpoint).await
    }
}

#[tokio::test(start_paused = true)]
async fn checkpoints_come_as_often_as_was_said_and_at_the_end() {
    let lab = Lab::new(|_, _| Ok(seconds(1)));
    let (store, checkpoints) = (Store::new(40), Noting::default());
    let options = at_once(1).checkpoint_every(seconds(10));
    assert!(lab.reencrypt().run(&store.batch(), &store, &checkpoints, &options).await.unwrap().is_complete());
    let saves = checkpoints.1.lock().unwrap().clone();
    assert!((4..=5).contains(&saves.len()), "{saves:?}");
    assert_eq!((saves.is_sorted(), saves.last()), (true, Some(&40)));
}

/// Cannot be read.
#[derive(Debug)]
struct Unreadable;

#[async_trait]
impl Checkpoints for Unreadable {
    async fn load(&self, _: &str) -> Result<Option<Checkpoint>, BoxError> {
        Err("told to fail".into())
    }

    async fn save(&self, _: &str, _: &Checkpoint) -> Result<(), BoxError> {
        Ok(())
    }
}

#[tokio::test]
async fn a_checkpoint_that_cannot_be_read_is_not_the_beginning() {
    let lab = Lab::new(|_, _| Ok(millis(0)));
    let store = Store::new(5);
    let error = lab.reencrypt().run(&store.batch(), &store, &Unreadable, &at_once(1)).await.unwrap_err();
    assert!(matches!(error, RunError::Checkpoint { attempted: "loaded", .. }), "{error}");
    assert_eq!(lab.all_tries(), 0);
}

#[tokio::test(start_paused = true)]
async fn one_item_goes_the_same_way() {
    let lab = Lab::new(|id, tried| match (id, tried) {
        (1, 1) => Err(ErrorKind::Throttle),
        (2, _) => Err(ErrorKind::AccessDenied),
        _ => Ok(millis(5)),
    });
    let (store, reencrypt, options) = (Store::new(4), lab.reencrypt(), RunOptions::default());
    let item = async |id: u64| reencrypt.deliver(&id, &old(id, 0), &store, &options).await;
    assert_eq!(item(1).await.unwrap(), Some(Delivered::Written));
    assert_eq!(item(1).await.unwrap(), Some(Delivered::Superseded));
    assert_eq!(item(2).await.unwrap_err().kind(), ErrorKind::AccessDenied);
    let foreign = reencrypt.deliver(&3, &foreign(3), &store, &options).await;
    assert_eq!(foreign.unwrap(), Some(Delivered::SetAside));
    let row = store.rows.lock().unwrap()[&1].clone();
    assert_eq!((id_of(&row.ciphertext.bytes), row.replaced), (1, 1));
    let token = CancellationToken::new();
    token.cancel();
    let options = RunOptions::default().items(ItemOptions::default().stop(token));
    assert_eq!(reencrypt.deliver(&0, &old(0, 0), &store, &options).await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_storm_of_a_minute_at_both_ends_and_the_sink_sets_nothing_aside() {
    let begun = now();
    let is_storm = move || (5..65).contains(&begun.elapsed().as_secs());
    let lab = Lab::new(move |_, _| if is_storm() { Err(ErrorKind::Throttle) } else { Ok(millis(50)) });
    let store = Store::new(5000).failing(move |_| is_storm().then_some(ErrorKind::Throttle));
    let summary =
        lab.reencrypt().run(&store.batch(), &store, &MemoryCheckpoints::default(), &at_once(32)).await.unwrap();
    let foreign = (0..5000).filter(|id| id % 7 == 3).count() as u64;
    println!(
        "shown: throttle_reencrypt run to a sink: 60 s of it, {} of 5000 failed, {} tries, {:.0} s in all",
        summary.set_aside - foreign,
        lab.all_tries(),
        begun.elapsed().as_secs_f64()
    );
    assert!(summary.is_complete());
    assert_eq!((summary.set_aside, store.wrong()), (foreign, (0, 0)));
}

#[test]
fn a_run_may_go_to_another_thread() {
    fn is_send<T: Send>(_: &T) {}
    let lab = Lab::new(|_, _| Ok(millis(0)));
    let (store, checkpoints, options) = (Store::new(1), MemoryCheckpoints::default(), RunOptions::default());
    let (reencrypt, list) = (lab.reencrypt(), store.batch());
    is_send(&reencrypt.run(&list, &store, &checkpoints, &options));
    is_send(&reencrypt.deliver(&0, &old(0, 0), &store, &options));
}
