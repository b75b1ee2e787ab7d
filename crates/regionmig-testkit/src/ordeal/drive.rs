//! Polls runs until they end, die, or break an invariant.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use regionmig_core::{Error, Outcome};

use crate::invariants::Breach;

/// No run takes so many polls, unless it goes round in circles.
const POLLS: u64 = 2_000_000;

/// A run that is polled.
pub(super) struct Ride<'a> {
    run: Option<BoxFuture<'a, Result<Outcome, Error>>>,
    drop_at: Option<u64>,
    polls: u64,
    pub(super) end: Option<End>,
}

/// How a run has ended.
#[derive(Debug)]
pub(super) enum End {
    /// It was dropped, or killed.
    Died,
    /// By itself.
    Ended(Box<Result<Outcome, Error>>),
}

impl<'a> Ride<'a> {
    /// Begins a run that is dropped at a poll, if so.
    pub(super) fn new(run: BoxFuture<'a, Result<Outcome, Error>>, drop_at: Option<u64>) -> Self {
        Self { run: Some(run), drop_at, polls: 0, end: None }
    }

    fn poll(&mut self, cx: &mut Context<'_>) {
        let Some(run) = &mut self.run else { return };
        self.polls += 1;
        // What panics takes its process with it.
        let polled = match self.drop_at == Some(self.polls) {
            true => Err(()),
            false => catch_unwind(AssertUnwindSafe(|| run.as_mut().poll(cx))).map_err(|_| ()),
        };
        match polled {
            Ok(Poll::Pending) => {}
            Ok(Poll::Ready(outcome)) => self.over(End::Ended(Box::new(outcome))),
            Err(()) => self.over(End::Died),
        }
    }

    /// Ends it as a kill does: nothing more of it is polled.
    pub(super) fn over(&mut self, end: End) {
        self.run = None;
        self.end.get_or_insert(end);
    }

    fn is_over(&self) -> bool {
        self.run.is_none()
    }
}

/// What a look between two polls comes to.
pub(super) enum Between {
    /// Go on.
    Nothing,
    /// The first run's process is dead.
    Killed,
    /// An invariant does not hold.
    Breach(Breach),
}

/// Polls runs, one at a time, until all are over. `next` says whose turn it is, and `look` is asked after each poll; with the
/// number of polls, or nothing, if there were too many.
///
/// # Errors
///
/// Fails with the breach that `look` has found.
pub(super) async fn drive(
    rides: &mut [Ride<'_>],
    mut next: impl FnMut(usize) -> usize,
    mut look: impl FnMut(Option<u64>) -> Between,
) -> Result<(), Breach> {
    let mut polls = 0;
    poll_fn(|cx| {
        let riding: Vec<usize> = (0..rides.len()).filter(|&which| !rides[which].is_over()).collect();
        if riding.is_empty() {
            return Poll::Ready(Ok(()));
        }
        let which = riding[next(riding.len()).min(riding.len() - 1)];
        rides[which].poll(cx);
        polls += 1;
        match look((polls < POLLS).then_some(polls)) {
            Between::Nothing => {}
            Between::Killed => rides[0].over(End::Died),
            Between::Breach(breach) => return Poll::Ready(Err(breach)),
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await
}
