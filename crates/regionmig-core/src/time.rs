//! The clock, so that nothing else asks for the time.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::time::Instant;

/// Tells the time, and lets it pass.
#[async_trait]
pub trait Clock: fmt::Debug + Send + Sync {
    /// Returns the time. Never goes backwards within one run.
    fn now(&self) -> Timestamp;

    /// Returns the time of day, for what another process will read. It may jump, as clocks that are set do, and
    /// unlike [`now`](Self::now) it counts the time in which the machine slept.
    fn wall_time(&self) -> Timestamp {
        self.now()
    }

    /// Returns after `duration`.
    async fn sleep(&self, duration: Duration);
}

/// The machine's clock, read once; from then on the monotonic one counts.
#[derive(Debug)]
pub struct SystemClock {
    at: Timestamp,
    base: Instant,
}

impl Default for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that asks the machine")]
    fn default() -> Self {
        Self { at: Timestamp::now(), base: Instant::now() }
    }
}

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        after(self.at, self.base.elapsed())
    }

    #[expect(clippy::disallowed_methods, reason = "as above")]
    fn wall_time(&self) -> Timestamp {
        Timestamp::now()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// Returns the moment `duration` after `at`; the last there is, if that is later.
pub(crate) fn after(at: Timestamp, duration: Duration) -> Timestamp {
    at.saturating_add(duration).unwrap_or(Timestamp::MAX)
}

/// Returns the time from `earlier` to `later`; nothing, if it was the other way round.
pub(crate) fn between(earlier: Timestamp, later: Timestamp) -> Duration {
    Duration::try_from(later.duration_since(earlier)).unwrap_or_default()
}

/// Returns how many were done in a minute, and how long the rest of `total` takes at that rate.
pub(crate) fn rate(done: u64, total: Option<u64>, elapsed: Duration) -> (Option<u64>, Option<Duration>) {
    let millis = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
    if millis == 0 || done == 0 {
        return (None, None);
    }
    let per_minute = done.saturating_mul(60_000) / millis;
    let left = total.map(|total| millis.saturating_mul(total.saturating_sub(done)) / done);
    (Some(per_minute), left.map(Duration::from_millis))
}

/// Stores a duration as ISO 8601 writes it: `PT10M`.
pub(crate) mod iso {
    use std::time::Duration;

    use jiff::SignedDuration;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

    pub(crate) fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        SignedDuration::try_from(*duration).map_err(ser::Error::custom)?.serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        Duration::try_from(SignedDuration::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_between_is_never_negative() {
        let at = Timestamp::UNIX_EPOCH;
        let later = after(at, Duration::from_millis(1500));
        assert_eq!(between(at, later), Duration::from_millis(1500));
        assert_eq!(between(later, at), Duration::ZERO);
        assert_eq!(after(Timestamp::MAX, Duration::from_secs(1)), Timestamp::MAX);
    }

    #[test]
    fn the_rate_tells_how_long_the_rest_takes() {
        let second = Duration::from_secs(1);
        assert_eq!(rate(10, Some(40), 10 * second), (Some(60), Some(30 * second)));
        assert_eq!(rate(10, None, 10 * second), (Some(60), None));
        assert_eq!(rate(0, Some(30), 10 * second), (None, None));
        assert_eq!(rate(1, Some(31), Duration::ZERO), (None, None));
        assert_eq!(rate(4, Some(4), second).1, Some(Duration::ZERO));
        assert_eq!(rate(5, Some(4), second).1, Some(Duration::ZERO));
    }

    #[tokio::test]
    async fn the_time_of_day_is_the_machines() {
        #[expect(clippy::disallowed_methods, reason = "what the clock is held against")]
        let before = Timestamp::now();
        let clock = SystemClock::default();
        assert!(between(before, clock.wall_time()) < Duration::from_secs(3600) && clock.wall_time() >= before);
    }

    #[tokio::test(start_paused = true)]
    async fn the_system_clock_moves_by_the_monotonic_one() {
        let clock = SystemClock::default();
        let before = clock.now();
        clock.sleep(Duration::from_secs(5)).await;
        assert_eq!(between(before, clock.now()), Duration::from_secs(5));
    }
}
