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

    #[tokio::test(start_paused = true)]
    async fn the_system_clock_moves_by_the_monotonic_one() {
        let clock = SystemClock::default();
        let before = clock.now();
        clock.sleep(Duration::from_secs(5)).await;
        assert_eq!(between(before, clock.now()), Duration::from_secs(5));
    }
}
