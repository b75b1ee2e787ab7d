//! What holds when the run is dropped at an await, as by a time-out or a `select!`.

use std::pin::{Pin, pin};
use std::task::Poll;

use futures::future::poll_fn;
use regionmig_core::{ApplyOptions, Error, JournalError};

use crate::conforms::fork::{Fork, Left};
use crate::conforms::trial::Trial;

/// Of the awaits of a run, the first so many are tried all, then every so many-th.
const ALL_OF: usize = 40;
const THEN_EVERY: usize = 23;

/// Drops a run at some of its awaits. Returns how many that were.
pub(super) async fn sampled(trial: &Trial<'_>) -> usize {
    let last = stretches(trial).await.last().copied().unwrap_or_default();
    let polls = (1..=ALL_OF.min(last)).chain((ALL_OF + THEN_EVERY..=last).step_by(THEN_EVERY));
    let mut runs = 0;
    for polls in polls {
        dropped(trial, polls, polls).await;
        runs += 1;
    }
    runs
}

/// Returns how many polls a run takes, in runs of polls between which nothing changes: the last one of each.
pub(super) async fn stretches(trial: &Trial<'_>) -> Vec<usize> {
    let mut fork = trial.fork();
    fork.disk = fork.disk.reboot();
    let options = trial.patient();
    let (mut stretches, mut polls, mut last) = (Vec::new(), 0, Left::by(&fork));
    let mut run = pin!(life(&fork, &options));
    while !polled(run.as_mut(), 1).await {
        polls += 1;
        let left = Left::by(&fork);
        if left != last {
            stretches.push(polls - 1);
            last = left;
        }
    }
    stretches.push(polls);
    stretches.retain(|polls| *polls > 0);
    stretches
}

/// Drops a run after each number of polls from `first` to `last`. Runs that leave the same are brought to their end once.
pub(super) async fn dropped(trial: &Trial<'_>, first: usize, last: usize) {
    let mut seen: Vec<Left> = Vec::new();
    for polls in first..=last {
        let mut fork = trial.fork();
        fork.disk = fork.disk.reboot();
        let begin = fork.now();
        let options = trial.patient();
        let ended = polled(pin!(life(&fork, &options)), polls).await;
        let trouble = format!("dropped at await {polls}");
        assert!(!ended, "{trouble}: the run had ended");
        fork.must_have_written_first(begin);
        let left = Left::by(&fork);
        if !seen.contains(&left) {
            trial.must_end_well(&mut fork, &trouble).await;
            seen.push(left);
        }
    }
}

/// One run from opening the journal to letting it go.
async fn life(fork: &Fork<'_>, options: &ApplyOptions) -> Result<(), Error> {
    let journal = fork.journal().await.map_err(JournalError::from)?;
    fork.run(&journal, options).await.map(drop)
}

/// Polls `run` so often, and returns whether it has ended.
async fn polled<F: Future>(mut run: Pin<&mut F>, times: usize) -> bool {
    let mut left = times;
    poll_fn(move |cx| {
        if left == 0 {
            return Poll::Ready(false);
        }
        left -= 1;
        match run.as_mut().poll(cx) {
            Poll::Ready(_) => Poll::Ready(true),
            Poll::Pending => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
        }
    })
    .await
}
