//! How far a run has got, for whoever watches.
// REQ: E-28

use std::time::Duration;

use crate::engine::Engine;
use crate::event::Event;
use crate::time::between;

/// Counts what a run does.
#[derive(Debug)]
pub(super) struct Progress {
    total: u64,
    before: u64,
    now: u64,
}

impl Progress {
    pub(super) fn begin(engine: &Engine<'_>) -> Self {
        let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let done = (0..engine.plan.len()).filter(|&index| engine.standings().at(index).is_done()).count();
        let progress = Self { total: count(engine.plan.len()), before: count(done), now: 0 };
        engine.cx.emit(&Event::Began { total: progress.total, done: progress.before });
        progress
    }

    pub(super) fn step_done(&mut self, engine: &Engine<'_>) {
        self.now += 1;
        let (per_minute, left) =
            rate(self.now, self.total - self.before - self.now, between(engine.began, engine.now()));
        engine.cx.emit(&Event::Progress { done: self.before + self.now, total: self.total, per_minute, left });
    }

    pub(super) fn end(self, engine: &Engine<'_>) {
        engine.cx.emit(&Event::Ended { done: self.before + self.now, total: self.total });
    }
}

/// Returns how many were done in a minute, and how long the rest takes at that rate.
fn rate(done: u64, left: u64, elapsed: Duration) -> (Option<u64>, Option<Duration>) {
    let millis = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
    if millis == 0 || done == 0 {
        return (None, None);
    }
    let per_minute = done.saturating_mul(60_000) / millis;
    (Some(per_minute), Some(Duration::from_millis(millis.saturating_mul(left) / done)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_tells_how_long_the_rest_takes() {
        let second = Duration::from_secs(1);
        assert_eq!(rate(10, 30, 10 * second), (Some(60), Some(30 * second)));
        assert_eq!(rate(0, 30, 10 * second), (None, None));
        assert_eq!(rate(1, 30, Duration::ZERO), (None, None));
        assert_eq!(rate(4, 0, second).1, Some(Duration::ZERO));
    }
}
