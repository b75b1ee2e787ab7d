//! Runs that die: at each poll, at each save, at each call of the disk. The store's own count of what was replaced is believed.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;
use regionmig_core::BoxError;
use regionmig_core::reencrypt::{
    Batch, Checkpoint, Checkpoints, FileCheckpoints, ItemOptions, MemoryCheckpoints, RunError, RunOptions, Summary,
};

use crate::dies::Dies;
use crate::lab::{Lab, millis, pass};
use crate::store::{Pages, Store};

const COUNT: u64 = 33;

/// Where the items come from.
#[derive(Clone, Copy, Debug)]
enum Source {
    /// A list that was made before, and stays as it is.
    List,
    /// The store itself: what was put is read again.
    Store,
}

struct Case {
    store: Store,
    list: Batch<u64>,
    source: Source,
    options: RunOptions,
}

impl Case {
    fn new(source: Source, at_once: usize) -> Self {
        let store = Store::new(COUNT);
        let items = ItemOptions::default().at_once(at_once);
        let options = RunOptions::default().items(items).checkpoint_every(millis(0));
        Self { list: store.batch(), store, source, options }
    }

    async fn run(&self, checkpoints: &dyn Checkpoints) -> Result<Summary, RunError> {
        let lab = Lab::new(|id, tried| match id % 5 {
            1 if tried == 1 => Err(regionmig_core::ErrorKind::Throttle),
            _ => Ok(millis(0)),
        });
        let reencrypt = lab.reencrypt();
        match self.source {
            Source::List => reencrypt.run(&self.list, &self.store, checkpoints, &self.options).await,
            Source::Store => reencrypt.run(&Pages(self.store.clone()), &self.store, checkpoints, &self.options).await,
        }
    }

    /// Runs until it is complete, and holds the store against what it must be. Returns what is wrong.
    async fn resume(&self, checkpoints: &dyn Checkpoints) -> Tally {
        let summary = self.run(checkpoints).await.unwrap();
        assert!(summary.is_complete(), "{summary}");
        let all = &summary.checkpoint;
        assert_eq!(all.written + all.superseded + all.set_aside, COUNT, "{summary}");
        let (doubled, lost) = self.store.wrong();
        Tally { deaths: 1, resumed: u64::from(doubled + lost == 0), doubled, lost }
    }
}

/// What was counted.
#[derive(Debug, Default)]
struct Tally {
    deaths: u64,
    resumed: u64,
    doubled: usize,
    lost: usize,
}

impl Tally {
    fn add(&mut self, other: &Self) {
        self.deaths += other.deaths;
        self.resumed += other.resumed;
        self.doubled += other.doubled;
        self.lost += other.lost;
    }

    fn show(&self, how: &str) {
        let Self { deaths, resumed, doubled, lost } = self;
        println!("shown: kill_reencrypt {resumed}/{deaths} resumed, {doubled} doubled, {lost} lost ({how})");
        assert_eq!((*resumed, *doubled, *lost), (*deaths, 0, 0));
        assert!(*deaths > 0);
    }
}

/// Saves at the second poll, so that a run can die before, and once more after.
#[derive(Debug, Default)]
struct Slow(MemoryCheckpoints);

#[async_trait]
impl Checkpoints for Slow {
    async fn load(&self, partition: &str) -> Result<Option<Checkpoint>, BoxError> {
        pass().await;
        self.0.load(partition).await
    }

    async fn save(&self, partition: &str, checkpoint: &Checkpoint) -> Result<(), BoxError> {
        pass().await;
        self.0.save(partition, checkpoint).await?;
        pass().await;
        Ok(())
    }
}

/// Polls a future at most so often; tokio's paused clock moves in between.
async fn polled<F: Future<Output: Send> + Send>(future: F, polls: u64) -> Option<F::Output> {
    let mut future = pin!(future);
    for _ in 0..polls {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return Some(output);
        }
        tokio::time::sleep(millis(20)).await;
    }
    None
}

#[tokio::test(start_paused = true)]
async fn dropped_at_each_poll_it_resumes_with_each_item_once() {
    let mut tally = Tally::default();
    for source in [Source::List, Source::Store] {
        for at_once in [1, 4, 64] {
            for polls in 1.. {
                let case = Case::new(source, at_once);
                let checkpoints = Slow::default();
                let ended = polled(case.run(&checkpoints), polls).await;
                tally.add(&case.resume(&checkpoints).await);
                if ended.is_some() {
                    break;
                }
            }
        }
    }
    tally.show("dropped at each poll");
}

#[tokio::test(start_paused = true)]
async fn dropped_again_and_again_it_resumes_with_each_item_once() {
    let mut tally = Tally::default();
    let mut random = fastrand::Rng::with_seed(11);
    for _ in 0..200 {
        let source = if random.bool() { Source::List } else { Source::Store };
        let case = Case::new(source, random.usize(1..20));
        let checkpoints = Slow::default();
        let mut deaths = 0;
        while polled(case.run(&checkpoints), random.u64(1..80)).await.is_none() {
            deaths += 1;
        }
        // Each of them was resumed, if the last was.
        let last = case.resume(&checkpoints).await;
        tally.add(&Tally { deaths, resumed: deaths * last.resumed, doubled: last.doubled, lost: last.lost });
    }
    tally.show("dropped at random, again and again");
}

/// Fails at the `n`-th save, before or after it was made.
#[derive(Debug)]
struct Failing {
    inner: MemoryCheckpoints,
    at: u64,
    after: bool,
    saves: AtomicU64,
}

#[async_trait]
impl Checkpoints for Failing {
    async fn load(&self, partition: &str) -> Result<Option<Checkpoint>, BoxError> {
        self.inner.load(partition).await
    }

    async fn save(&self, partition: &str, checkpoint: &Checkpoint) -> Result<(), BoxError> {
        let is_it = self.saves.fetch_add(1, Ordering::SeqCst) == self.at;
        if is_it && !self.after {
            return Err("told to fail".into());
        }
        self.inner.save(partition, checkpoint).await?;
        if is_it { Err("told to fail".into()) } else { Ok(()) }
    }
}

#[tokio::test(start_paused = true)]
async fn failing_at_each_save_it_says_so_and_resumes_with_each_item_once() {
    let mut tally = Tally::default();
    for source in [Source::List, Source::Store] {
        for (at, after) in (0..).flat_map(|at| [(at, false), (at, true)]) {
            let case = Case::new(source, 4);
            let checkpoints = Failing { inner: MemoryCheckpoints::default(), at, after, saves: AtomicU64::new(0) };
            let summary = case.run(&checkpoints).await.unwrap();
            let failed = checkpoints.saves.load(Ordering::SeqCst) > at;
            assert_eq!(summary.is_complete(), !failed, "{summary}");
            if !failed {
                break;
            }
            assert!(summary.to_string().contains("could not be saved: told to fail"), "{summary}");
            tally.add(&case.resume(&checkpoints).await);
        }
    }
    tally.show("each save failed, before and after it was made");
}

#[tokio::test(start_paused = true)]
async fn dying_at_each_call_of_the_disk_it_resumes_with_each_item_once() {
    let mut tally = Tally::default();
    for (at, after) in (0..).flat_map(|at| [(at, false), (at, true)]) {
        let source = if at % 2 == 0 { Source::List } else { Source::Store };
        let case = Case::new(source, 4);
        let folder = tempfile::tempdir().unwrap();
        let disk = Dies { calls: Arc::default(), at, after };
        let summary = case.run(&FileCheckpoints::new_in(disk.clone(), folder.path())).await.unwrap();
        if disk.calls.load(Ordering::SeqCst) <= at {
            assert!(summary.is_complete() && at > 40, "{at}");
            break;
        }
        assert!(!summary.is_complete());
        // The next process writes where this one has left something.
        tally.add(&case.resume(&FileCheckpoints::new(folder.path())).await);
    }
    tally.show("the disk died at each call");
}

#[tokio::test(start_paused = true)]
async fn it_does_nothing_again_that_a_checkpoint_covers() {
    let case = Case::new(Source::List, 1);
    let checkpoints = MemoryCheckpoints::default();
    assert!(polled(case.run(&checkpoints), 60).await.is_none());
    let saved = checkpoints.load("batch").await.unwrap().unwrap();
    let done = saved.written + saved.set_aside;
    assert!(done > 3 && done < COUNT, "{done}");
    let summary = case.run(&checkpoints).await.unwrap();
    assert!(summary.written + summary.superseded + summary.set_aside <= COUNT - done);
    assert_eq!(summary.checkpoint.written + summary.checkpoint.superseded + summary.checkpoint.set_aside, COUNT);
}
