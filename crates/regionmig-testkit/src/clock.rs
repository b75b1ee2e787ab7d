//! Virtual time: it stands still while anything happens, and jumps when all that is left is waiting.

use std::collections::BTreeSet;
use std::fmt;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant, SystemTime};

use async_trait::async_trait;
use aws_smithy_async::rt::sleep::{AsyncSleep, Sleep};
use aws_smithy_async::time::TimeSource;
use jiff::Timestamp;
use regionmig_core::Clock;
use tokio::runtime::{Handle, RuntimeFlavor};

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
/// What waits for real things, such as a file being synced on another thread, is not seen as activity: there say
/// by [`linger`](Self::linger) how long the clock should stand still first. On a multi-thread runtime that is 1 ms
/// without being said.
#[derive(Clone)]
pub struct VirtualClock(Arc<Mutex<State>>);

struct State {
    now: Timestamp,
    /// Grows with everything that happens.
    activity: u64,
    linger: Option<Duration>,
    sleepers: BTreeSet<(Timestamp, u64)>,
    sleeper: u64,
}

impl VirtualClock {
    pub(crate) fn starting(now: Timestamp) -> Self {
        let sleepers = BTreeSet::new();
        Self(Arc::new(Mutex::new(State { now, activity: 0, linger: None, sleepers, sleeper: 0 })))
    }

    /// Returns the world's time.
    pub fn now(&self) -> Timestamp {
        self.lock().now
    }

    /// Lets `duration` pass at once. Whoever sleeps less long wakes.
    pub fn advance(&self, duration: Duration) {
        let mut state = self.lock();
        state.now = after(state.now, duration);
        state.activity += 1;
    }

    /// Makes the clock stand still for `wall`, by the machine's clock, before each jump.
    pub fn linger(&self, wall: Duration) {
        self.lock().linger = Some(wall);
    }

    /// Returns after `duration` of virtual time.
    ///
    /// # Cancel safety
    ///
    /// A sleeper that is dropped is forgotten: its deadline moves nothing.
    pub fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send + Sync + use<> {
        let mut state = self.lock();
        state.sleeper += 1;
        state.activity += 1;
        let key = (after(state.now, duration), state.sleeper);
        state.sleepers.insert(key);
        Sleeper { clock: self.clone(), key, activity: state.activity, rounds: 0, since: None }
    }

    /// Tells the clock that something happened, so that it stands still a while longer.
    pub(crate) fn touch(&self) {
        self.lock().activity += 1;
    }

    /// Returns a clock of its own that shows the same time, with no sleepers.
    pub(crate) fn fork(&self) -> Self {
        let state = self.lock();
        let fork = Self::starting(state.now);
        fork.lock().linger = state.linger;
        fork
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
/// may move the clock, since the earliest may lie somewhere where nobody polls it.
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
        if state.now < self.key.0 && self.is_quiet(&state) {
            state.pass();
            self.rounds = 0;
        }
        if state.now >= self.key.0 {
            return Poll::Ready(());
        }
        // Not `wake_by_ref`: tokio would poll this again before others that wait for their turn.
        pin!(tokio::task::yield_now()).poll(cx)
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        let mut state = self.clock.lock();
        state.sleepers.remove(&self.key);
        state.activity += 1;
    }
}

impl State {
    /// Moves the clock to the earliest deadline that has not passed.
    fn pass(&mut self) {
        let next = self.sleepers.iter().map(|sleeper| sleeper.0).find(|deadline| *deadline > self.now);
        if let Some(next) = next {
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
