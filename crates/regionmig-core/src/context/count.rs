//! Counts what a survey has read.
// REQ: E-28

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;

use crate::context::RunContext;
use crate::event::Event;
use crate::route::Side;
use crate::time::{between, rate};

/// Counts what a survey has read, and tells whoever watches.
pub struct Count<'a> {
    cx: &'a RunContext,
    service: &'a str,
    side: Side,
    what: &'a str,
    total: Option<u64>,
    began: Timestamp,
    done: AtomicU64,
}

impl<'a> Count<'a> {
    pub(super) fn new(cx: &'a RunContext, service: &'a str, side: Side, what: &'a str, total: Option<u64>) -> Self {
        Self { cx, service, side, what, total, began: cx.clock().now(), done: AtomicU64::new(0) }
    }

    /// Takes note that `more` were read.
    pub fn add(&self, more: u64) {
        let done = self.done.fetch_add(more, Ordering::Relaxed) + more;
        let (per_minute, left) = rate(done, self.total, between(self.began, self.cx.clock().now()));
        self.cx.emit(&Event::SurveyProgress {
            service: self.service.to_owned(),
            side: self.side,
            what: self.what.to_owned(),
            done,
            total: self.total,
            per_minute,
            left,
        });
    }
}

impl fmt::Debug for Count<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Count").field("what", &self.what).field("done", &self.done).finish_non_exhaustive()
    }
}
