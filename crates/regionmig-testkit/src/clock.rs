//! Virtual time: it stands still while anything happens, and jumps when all that is left is waiting.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant, SystemTime};

use async_trait::async_trait;
use aws_smithy_async::rt::sleep::{AsyncSleep, Sleep};
use aws_smithy_async::time::TimeSource;
use jiff::Timestamp;
use regionmig_core::Clock;
use tokio::runtime::{Handle, RuntimeFlavor};

use crate::remote::Link;

/// How many rounds of the scheduler a sleeper lets others go first before it believes that nothing else is going on.
const ROUNDS: u32 = 16;
/// How long it does so where others run on other threads: rounds say nothing about those.
const THREADED: Duration = Duration::from_millis(1);

/// The world's clock: the [`Clock`] of the core, and time source and sleep of the SDK, in one.
///
/// Nobody moves it by hand. A sleeper first lets everything else run; if nothing happens any more (no
/// request, no new sleeper, none dropped), the clock jumps to the earliest deadline there is. So an hour's wait costs
/// microseconds, and on a current-thread runtime two runs of one program see the same times. Tokio's own
/// timers are not asked, and need no pausing.
///
/// What waits for real things, such as a file being synced on another thread, is not seen as activity: there
/// [`hold`](Self::hold) the clock until they are done, or say by [`linger`](Self::linger) how long it should stand still first.
/// On a multi-thread runtime that is 1 ms without being said.
///
/// Programs in other processes share it: while one of them does anything but wait, time stands still
/// ([`RemoteWorld`](crate::RemoteWorld)).
#[derive(Clone)]
pub struct VirtualClock(Arc<Mutex<State>>);

struct State {
    now: Timestamp,
    /// Grows with everything that happens.
    activity: u64,
    linger: Option<Duration>,
    sleepers: BTreeSet<(Timestamp, u64)>,
    /// Those of them that nobody may leave behind.
    awaited: BTreeSet<(Timestamp, u64)>,
    sleeper: u64,
    /// How many hold the clock.
    held: usize,
    /// Who is to be woken when something happens: sleepers that need not look before.
    parked: BTreeMap<u64, Waker>,
    /// Where the time comes from, if it is another process.
    link: Option<Link>,
    /// Whether the other process has been asked to let time pass, and nothing has happened since.
    asked: bool,
}

/// A clock that stands still until this is dropped.
#[derive(Debug)]
#[must_use = "the clock goes on when this is dropped"]
pub struct Held(VirtualClock);

/// A clock of a world in another process, for whoever hears from there what time it is. It keeps the clock for nobody.
#[derive(Debug)]
pub(crate) struct Told(Weak<Mutex<State>>);

/// A request to the world in another process that has not been answered.
#[derive(Debug)]
pub(crate) struct UnderWay {
    clock: VirtualClock,
    pub(crate) id: u64,
}

impl VirtualClock {
    pub(crate) fn starting(now: Timestamp) -> Self {
        Self::new(now, None)
    }

    /// Makes the clock of a world in another process.
    pub(crate) fn linked(now: Timestamp, link: Link) -> Self {
        Self::new(now, Some(link))
    }

    fn new(now: Timestamp, link: Option<Link>) -> Self {
        let (sleepers, awaited, parked) = (BTreeSet::new(), BTreeSet::new(), BTreeMap::new());
        let (activity, sleeper, held, linger, asked) = (0, 0, 0, None, false);
        let state = State { now, activity, linger, sleepers, awaited, sleeper, held, parked, link, asked };
        Self(Arc::new(Mutex::new(state)))
    }

    /// Returns the world's time.
    pub fn now(&self) -> Timestamp {
        self.lock().now
    }

    /// Lets `duration` pass at once. Whoever sleeps less long wakes. Does nothing where the world is in another process.
    pub fn advance(&self, duration: Duration) {
        self.stir(|state| {
            if state.link.is_none() {
                state.now = after(state.now, duration);
            }
        });
    }

    /// Makes the clock stand still for `wall`, by the machine's clock, before each jump.
    pub fn linger(&self, wall: Duration) {
        self.lock().linger = Some(wall);
    }

    /// Makes the clock stand still until what this returns is dropped: for what it does not see, such as a file being
    /// synced on another thread.
    pub fn hold(&self) -> Held {
        self.stir(|state| state.held += 1);
        Held(self.clone())
    }

    /// Returns after `duration` of virtual time.
    ///
    /// # Cancel safety
    ///
    /// A sleeper that is dropped is forgotten: its deadline moves nothing.
    pub fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send + Sync + use<> {
        self.sleeper(duration, false)
    }

    /// As [`sleep`](Self::sleep), and from the deadline on the clock stands still until what this returns is dropped. So what
    /// follows comes first, on whichever thread that is. Whoever keeps it for longer stops the world.
    pub(crate) fn sleep_awaited(&self, duration: Duration) -> impl Future<Output = ()> + Send + Sync + use<> {
        self.sleeper(duration, true)
    }

    fn sleeper(&self, duration: Duration, is_awaited: bool) -> Sleeper {
        let (key, activity) = self.stir(|state| {
            state.sleeper += 1;
            let key = (after(state.now, duration), state.sleeper);
            state.sleepers.insert(key);
            state.awaited.extend(is_awaited.then_some(key));
            (key, state.activity)
        });
        Sleeper { clock: self.clone(), key, activity, rounds: 0, since: None }
    }

    /// Tells the clock that something happened, so that it stands still a while longer.
    pub(crate) fn touch(&self) {
        self.stir(|_| {});
    }

    /// Returns what can tell this clock the time, as long as there is one.
    pub(crate) fn told(&self) -> Told {
        Told(Arc::downgrade(&self.0))
    }

    /// Says that it is `now` in the world, which is in another process.
    pub(crate) fn arrive(&self, now: Timestamp) {
        self.stir(|state| state.now = state.now.max(now));
    }

    /// Counts a request to the world in another process.
    pub(crate) fn request(&self) -> UnderWay {
        let id = self.stir(|state| state.link.as_mut().map_or(0, Link::request));
        UnderWay { clock: self.clone(), id }
    }

    /// Returns a clock of its own that shows the same time, with no sleepers.
    pub(crate) fn fork(&self) -> Self {
        let state = self.lock();
        let fork = Self::starting(state.now);
        fork.lock().linger = state.linger;
        fork
    }

    /// Has something happen, and then wakes whoever waits for that.
    fn stir<T>(&self, happens: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.lock();
        state.activity += 1;
        state.asked = false;
        let result = happens(&mut state);
        let parked = std::mem::take(&mut state.parked);
        // Unlocked first: a waker may be the last that holds what it wakes, sleepers and all.
        drop(state);
        parked.into_values().for_each(Waker::wake);
        result
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for VirtualClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("VirtualClock").field(&self.now()).finish()
    }
}

#[async_trait]
impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        Self::now(self)
    }

    async fn sleep(&self, duration: Duration) {
        Self::sleep(self, duration).await;
    }
}

impl AsyncSleep for VirtualClock {
    fn sleep(&self, duration: Duration) -> Sleep {
        Sleep::new(Self::sleep(self, duration))
    }
}

impl TimeSource for VirtualClock {
    fn now(&self) -> SystemTime {
        SystemTime::try_from(Self::now(self)).unwrap_or(SystemTime::UNIX_EPOCH)
    }
}

/// One who sleeps. It stays runnable all the time: whoever is polled is known to be waited for, and any of them
/// may move the clock, since the earliest may lie somewhere where nobody polls it. Only where the clock could not be moved
/// anyhow, because it is held or another process was asked to, it rests until something happens.
struct Sleeper {
    clock: VirtualClock,
    key: (Timestamp, u64),
    /// The activity seen at the last poll.
    activity: u64,
    rounds: u32,
    since: Option<Instant>,
}

impl Sleeper {
    /// Counts one more round in which nothing happened; true if that is enough to let time pass.
    #[expect(clippy::disallowed_methods, reason = "other threads live by the machine's clock")]
    fn is_quiet(&mut self, state: &State) -> bool {
        if self.activity != state.activity {
            (self.activity, self.rounds, self.since) = (state.activity, 0, None);
        }
        self.rounds += 1;
        if self.rounds <= ROUNDS {
            return false;
        }
        let linger = state.linger.or_else(|| is_threaded().then_some(THREADED)).unwrap_or_default();
        linger.is_zero() || self.since.get_or_insert_with(Instant::now).elapsed() >= linger
    }
}

impl Future for Sleeper {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let clock = self.clock.clone();
        let mut state = clock.lock();
        if state.now < self.key.0 && state.may_pass() && self.is_quiet(&state) {
            state.pass();
            self.rounds = 0;
        }
        if state.now >= self.key.0 {
            return Poll::Ready(());
        }
        if !state.may_pass() {
            state.parked.insert(self.key.1, cx.waker().clone());
            return Poll::Pending;
        }
        // Not `wake_by_ref`: tokio would poll this again before others that wait for their turn.
        pin!(tokio::task::yield_now()).poll(cx)
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        let key = self.key;
        self.clock.stir(|state| {
            state.sleepers.remove(&key);
            state.awaited.remove(&key);
            state.parked.remove(&key.1);
        });
    }
}

impl Told {
    /// Says that it is `now` in the world, which is in another process.
    pub(crate) fn arrive(&self, now: Timestamp) {
        if let Some(clock) = self.0.upgrade() {
            VirtualClock(clock).arrive(now);
        }
    }

    /// Says that the world in the other process is gone. Time goes on by itself, so that whoever waits comes to an end.
    pub(crate) fn cut(&self) {
        if let Some(clock) = self.0.upgrade() {
            let link = VirtualClock(clock).stir(|state| state.link.take());
            drop(link);
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.stir(|state| state.held -= 1);
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let id = self.id;
        self.clock.stir(|state| {
            if let Some(link) = &mut state.link {
                link.answered(id);
            }
        });
    }
}

impl State {
    fn may_pass(&self) -> bool {
        let is_left_behind = self.awaited.first().is_some_and(|sleeper| sleeper.0 <= self.now);
        self.held == 0 && !self.asked && !is_left_behind
    }

    /// Moves the clock to the earliest deadline that has not passed; or asks for it, where the world is in another process.
    fn pass(&mut self) {
        let next = self.sleepers.iter().map(|sleeper| sleeper.0).find(|deadline| *deadline > self.now);
        let Some(next) = next else { return };
        if let Some(link) = &mut self.link {
            self.asked = link.ask(next.duration_since(self.now).unsigned_abs());
        } else {
            self.now = next;
            self.activity += 1;
        }
    }
}

/// Returns the moment `duration` after `at`; the last there is, if that is later.
pub(crate) fn after(at: Timestamp, duration: Duration) -> Timestamp {
    at.saturating_add(duration).unwrap_or(Timestamp::MAX)
}

fn is_threaded() -> bool {
    Handle::try_current().is_ok_and(|handle| handle.runtime_flavor() != RuntimeFlavor::CurrentThread)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[tokio::test]
    async fn the_clock_stands_still_for_one_that_nobody_may_leave_behind() {
        let begin = Timestamp::UNIX_EPOCH;
        for is_awaited in [true, false] {
            let clock = VirtualClock::starting(begin);
            let (left_behind, later) = (clock.sleeper(HOUR, is_awaited), tokio::spawn(clock.sleep(2 * HOUR)));
            for _ in 0..1000 {
                tokio::task::yield_now().await;
            }
            assert_eq!(clock.now(), begin + HOUR * if is_awaited { 1 } else { 2 });
            drop(left_behind);
            later.await.expect("it has slept");
            assert_eq!(clock.now(), begin + 2 * HOUR);
        }
    }
}
