//! What holds when the process dies, or a request does.

use std::pin::pin;
use std::task::Poll;

use futures::future::poll_fn;
use regionmig_core::{MemoryJournal, Migrate};

use crate::conforms::journal::CrashingJournal;
use crate::conforms::trial::Trial;
use crate::fault::{Fault, Loss};

/// Of the awaits of a run, the first so many are tried all, then every so many-th.
const ALL_OF: usize = 40;
const THEN_EVERY: usize = 23;

/// The process dies at each record of its journal, one after the other.
pub(super) async fn at_each_record<S: Migrate>(trial: &Trial<'_, S>) -> usize {
    let whole = MemoryJournal::default();
    let outcome = trial.fork().run(&whole).await;
    assert!(outcome.is_ok(), "the run failed");
    let records = whole.records().len();
    for limit in 0..records {
        let (fork, journal) = (trial.fork(), MemoryJournal::default());
        let died = fork.run(&CrashingJournal::new(&journal, limit)).await;
        assert!(died.is_err(), "a run went on after its journal had failed at record {limit}");
        trial.must_end_well(&fork, &journal, &format!("killed at journal record {limit}")).await;
    }
    records
}

/// The run is dropped at an await, as by a time-out or a `select!`.
pub(super) async fn at_each_await<S: Migrate>(trial: &Trial<'_, S>) -> usize {
    let mut dropped = 0;
    let mut polls = 1;
    loop {
        let (fork, journal) = (trial.fork(), MemoryJournal::default());
        let ended = {
            let run = pin!(fork.run(&journal));
            polled(run, polls).await
        };
        if ended {
            return dropped;
        }
        trial.must_end_well(&fork, &journal, &format!("dropped at await {polls}")).await;
        dropped += 1;
        polls += if polls < ALL_OF { 1 } else { THEN_EVERY };
    }
}

/// Polls `run` so often, and returns whether it has ended.
async fn polled<F: Future>(mut run: std::pin::Pin<&mut F>, times: usize) -> bool {
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

/// Each request is lost in each way, one after the other.
pub(super) async fn with_each_request<S: Migrate>(trial: &Trial<'_, S>) -> usize {
    let fork = trial.fork();
    let _outcome = fork.run(&MemoryJournal::default()).await;
    let requests = u64::try_from(fork.world.ledger().requests().count()).unwrap_or_default();
    let mut lost = 0;
    for n in 1..=requests {
        let faults = [
            ("lost on its way", Fault::lost_request("*")),
            ("done, its answer lost", Fault::lost_answer("*")),
            ("done, its answer cut short", Fault::lost_answer("*").by(Loss::TruncatedBody)),
            ("failed with 500 before", Fault::server_error("*", 500)),
            ("failed with 500 after", Fault::server_error("*", 500).after_execution()),
            ("throttled", Fault::throttle("*")),
        ];
        for (what, fault) in faults {
            let (fork, journal) = (trial.fork(), MemoryJournal::default());
            fork.world.fault(fault.nth(n));
            let _outcome = fork.run(&journal).await;
            trial.must_end_well(&fork, &journal, &format!("request {n} {what}")).await;
            lost += 1;
        }
    }
    lost
}
