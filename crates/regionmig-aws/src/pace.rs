//! How fast requests are made.
// REQ: E-27

mod queue;
mod quota;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use regionmig_core::{AccountId, Clock, End, Region};

use queue::Queue;

/// The share of a quota that is used by default.
const SHARE: f64 = 0.5;

/// An account's quota in a region: what AWS counts together.
type Bucket = (AccountId, Region, &'static str);

/// Keeps requests within a share of the account's quotas, so that what else runs there goes on running.
///
/// Each account, region and quota has a queue. Requests leave it in the order they came, evenly spread; after a
/// quiet time, up to a twentieth of a second's worth may leave at once. A throttle halves the rate (once a second
/// at most, down to a hundredth), and half a minute of requests that are answered brings it back. As long as
/// more are throttled than answered, they leave two at a time, and not before 2, 4, 8, .. 30 seconds are over. What an SDK
/// client repeats by itself counts as throttled, though it was answered in the end.
///
/// A few requests count in a second region as well: ReplicateKey as two of CreateKey in the replica's,
/// UpdatePrimaryRegion in both. They wait for both ([`wait_across`](Self::wait_across)).
///
/// Quotas are those that AWS sets by default; an action of which none is known has a queue of its own, taken
/// to have a quota of ten requests a second. All clones share the queues.
#[derive(Clone)]
pub struct Pace {
    clock: Arc<dyn Clock>,
    share: f64,
    queues: Arc<Mutex<HashMap<Bucket, Queue>>>,
}

impl Pace {
    /// Makes queues that use half of each quota, by the time of `clock`.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, share: SHARE, queues: Arc::default() }
    }

    /// Uses `share` of each quota, between 0.01 and 1, in queues of its own.
    #[must_use]
    pub fn with_share(self, share: f64) -> Self {
        // A share that is no number is the default.
        let share = if share.is_nan() { SHARE } else { share.clamp(0.01, 1.0) };
        Self { share, ..Self::new(self.clock) }
    }

    /// Takes the time from `clock`, in queues of its own.
    #[must_use]
    pub(crate) fn by(self, clock: Arc<dyn Clock>) -> Self {
        Self { share: self.share, ..Self::new(clock) }
    }

    /// Returns when it is the turn of one request of `action` at `end`.
    ///
    /// # Cancel safety
    ///
    /// Dropped before, it gives up its place, and who comes later moves up.
    pub async fn wait(&self, end: &End, action: &'static str) {
        let mut turn = self.turn(end, action);
        while let Some(time) = turn.left() {
            self.clock.sleep(time).await;
        }
    }

    /// Returns when it is the turn of one request of `action` at `end` that reaches into `other`: what AWS counts there
    /// as well, such as two of CreateKey for ReplicateKey, has its turns too.
    ///
    /// # Cancel safety
    ///
    /// As of [`wait`](Self::wait). Turns that have come by then are spent.
    pub async fn wait_across(&self, end: &End, other: &End, action: &'static str) {
        self.wait(end, action).await;
        if let Some((counted, times)) = quota::across(action) {
            for _ in 0..times {
                self.wait(other, counted).await;
            }
        }
    }

    /// Takes note that a request of [`wait_across`](Self::wait_across) was answered, or that it was throttled: by which
    /// of the two regions, nothing tells.
    pub fn note_across(&self, end: &End, other: &End, action: &'static str, throttled: bool) {
        self.note(end, action, throttled);
        if let Some((counted, _)) = quota::across(action) {
            self.note(other, counted, throttled);
        }
    }

    /// Takes note that a request was answered, or that it was throttled.
    pub fn note(&self, end: &End, action: &'static str, throttled: bool) {
        let now = self.clock.now();
        let (bucket, rate) = self.bucket(end, action);
        let mut queues = self.lock();
        let queue = queues.entry(bucket).or_insert_with(|| Queue::new(rate, now));
        if throttled { queue.slow_down(now) } else { queue.speed_up(now) }
    }

    fn turn(&self, end: &End, action: &'static str) -> Turn<'_> {
        let now = self.clock.now();
        let (bucket, rate) = self.bucket(end, action);
        let ticket = self.lock().entry(bucket.clone()).or_insert_with(|| Queue::new(rate, now)).join(now);
        Turn { pace: self, bucket, ticket: Some(ticket) }
    }

    fn bucket(&self, end: &End, action: &'static str) -> (Bucket, f64) {
        let quota = quota::of(action, &end.region);
        ((end.account.clone(), end.region.clone(), quota.name), quota.rate * self.share)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Bucket, Queue>> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pace").field("share", &self.share).finish_non_exhaustive()
    }
}

/// A place in a queue, given up when dropped.
struct Turn<'a> {
    pace: &'a Pace,
    bucket: Bucket,
    ticket: Option<u64>,
}

impl Turn<'_> {
    /// Returns how long it still is, or nothing if its turn has come.
    fn left(&mut self) -> Option<Duration> {
        let ticket = self.ticket?;
        let now = self.pace.clock.now();
        let left = self.pace.lock().get_mut(&self.bucket).and_then(|queue| queue.left(ticket, now));
        if left.is_none() {
            self.ticket = None;
        }
        left
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket
            && let Some(queue) = self.pace.lock().get_mut(&self.bucket)
        {
            queue.leave(ticket);
        }
    }
}
