//! How a stream of items is worked on.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::gate::Gate;
use super::progress::{Observer, Progress};
use crate::time::{Clock, SystemClock};

/// How many items are worked on at once, in how much memory, how long each is tried, and who is told.
///
/// By default: 32 at once, of 64 MiB together, given out as they get done, each tried for five minutes; nobody stops it, nobody is told.
#[derive(Clone)]
#[non_exhaustive]
pub struct ItemOptions {
    pub(super) at_once: usize,
    pub(super) bytes_at_once: usize,
    pub(super) in_order: bool,
    pub(super) patience: Duration,
    pub(super) seed: u64,
    pub(in crate::reencrypt) clock: Arc<dyn Clock>,
    pub(in crate::reencrypt) stop: CancellationToken,
    pub(super) gate: Gate,
    pub(super) total: Option<u64>,
    pub(super) observer: Option<Observer>,
}

impl Default for ItemOptions {
    fn default() -> Self {
        Self {
            at_once: 32,
            bytes_at_once: 64 << 20,
            in_order: false,
            patience: Duration::from_secs(5 * 60),
            seed: 0,
            clock: Arc::new(SystemClock::default()),
            stop: CancellationToken::new(),
            gate: Gate::new(),
            total: None,
            observer: None,
        }
    }
}

impl ItemOptions {
    /// Limits how many items are held at once; nought is one. Those that wait for another try count.
    #[must_use]
    pub fn at_once(mut self, items: usize) -> Self {
        self.at_once = items.max(1);
        self
    }

    /// Limits how many bytes the items held at once have together, ciphertexts and contexts. An item that is larger is worked on alone.
    ///
    /// What becomes of an item is about as long again, and a plaintext while it is there. What keys hold is not counted.
    #[must_use]
    pub fn bytes_at_once(mut self, bytes: usize) -> Self {
        self.bytes_at_once = bytes;
        self
    }

    /// Gives items out in the order in which they came. Those that are done and wait for an earlier one count as held, so that one
    /// which is tried for long holds up the others.
    #[must_use]
    pub fn in_order(mut self) -> Self {
        self.in_order = true;
        self
    }

    /// Tries an item again for so long, from its first failure on, while it fails in a way that may pass
    /// ([`ErrorKind::is_passing`](crate::ErrorKind::is_passing)). No time at all is one try. Time in which a [`Gate`] was closed does
    /// not count.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Says where the chances come from by which pauses differ: with another seed for each worker, not all come at once. The same one
    /// gives the same pauses.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Tells time by `clock`.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Has it end when `token` is cancelled. Requests under way end, and what comes of them is given out; an item that waits for another
    /// try is given out with the error of its last one; one that was taken from the source and not begun, as
    /// [`Cancelled`](crate::reencrypt::ReencryptError::Cancelled). Nothing more is taken from the source.
    #[must_use]
    pub fn stop(mut self, token: CancellationToken) -> Self {
        self.stop = token;
        self
    }

    /// Has it pause while `gate` is closed.
    #[must_use]
    pub fn gate(mut self, gate: &Gate) -> Self {
        self.gate = gate.clone();
        self
    }

    /// Says how many items there are, so that it can be told how long the rest takes.
    #[must_use]
    pub fn total(mut self, items: u64) -> Self {
        self.total = Some(items);
        self
    }

    /// Tells `observer` how far it has got: when an item ends, four times a second at most, and at the end.
    #[must_use]
    pub fn observe(mut self, observer: impl Fn(&Progress) + Send + Sync + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }
}

impl fmt::Debug for ItemOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ItemOptions")
            .field("at_once", &self.at_once)
            .field("bytes_at_once", &self.bytes_at_once)
            .field("in_order", &self.in_order)
            .field("patience", &self.patience)
            .field("gate", &self.gate)
            .field("total", &self.total)
            .finish_non_exhaustive()
    }
}
