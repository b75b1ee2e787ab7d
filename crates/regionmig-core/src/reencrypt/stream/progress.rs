//! How far a stream has got.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::time::{Clock, after, between, rate};

/// No two reports are closer.
const EVERY: Duration = Duration::from_millis(250);

/// Who is told.
pub(super) type Observer = Arc<dyn Fn(&Progress) + Send + Sync>;

/// How far a stream of items has got.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Progress {
    /// Items that ended well.
    pub done: u64,
    /// Items that failed.
    pub failed: u64,
    /// Bytes of both: of what came in, with contexts.
    pub bytes: u64,
    /// Items in all, if that was said.
    pub total: Option<u64>,
    /// Items ended in a minute, once there is something to tell it from.
    pub per_minute: Option<u64>,
    /// How long the rest takes at that rate, if the total is known.
    pub left: Option<Duration>,
}

impl fmt::Display for Progress {
    /// Shows it in a line, as `70 of 100 items, 2 failed, 140 a minute, 13s left`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.done.saturating_add(self.failed))?;
        if let Some(total) = self.total {
            write!(f, " of {total}")?;
        }
        write!(f, " items, {} failed", self.failed)?;
        if let Some(per_minute) = self.per_minute {
            write!(f, ", {per_minute} a minute")?;
        }
        match self.left {
            Some(left) => write!(f, ", {}s left", left.as_secs()),
            None => Ok(()),
        }
    }
}

/// Counts, and tells.
pub(super) struct Meter {
    clock: Arc<dyn Clock>,
    observer: Option<Observer>,
    began: Timestamp,
    /// When the next report may come.
    next: Timestamp,
    progress: Progress,
}

impl Meter {
    pub(super) fn new(clock: Arc<dyn Clock>, observer: Option<Observer>, total: Option<u64>) -> Self {
        let began = clock.now();
        Self { clock, observer, began, next: began, progress: Progress { total, ..Progress::default() } }
    }

    /// Takes note that an item ended.
    pub(super) fn ended(&mut self, is_done: bool, bytes: usize) {
        let count = if is_done { &mut self.progress.done } else { &mut self.progress.failed };
        *count = count.saturating_add(1);
        self.progress.bytes = self.progress.bytes.saturating_add(bytes as u64);
        if self.observer.is_some() {
            let now = self.clock.now();
            if now >= self.next {
                self.tell(now);
            }
        }
    }

    /// Tells how it ended.
    pub(super) fn close(&mut self) {
        let now = self.clock.now();
        self.tell(now);
        self.observer = None;
    }

    fn tell(&mut self, now: Timestamp) {
        let Some(observer) = &self.observer else { return };
        let ended = self.progress.done.saturating_add(self.progress.failed);
        (self.progress.per_minute, self.progress.left) = rate(ended, self.progress.total, between(self.began, now));
        self.next = after(now, EVERY);
        observer(&self.progress);
    }
}
