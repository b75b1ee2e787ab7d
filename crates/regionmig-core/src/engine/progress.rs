//! How far a run has got, for whoever watches.
// REQ: E-28

use crate::engine::Engine;
use crate::event::Event;
use crate::time::{between, rate};

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
        let (per_minute, left) = rate(self.now, Some(self.total - self.before), between(engine.began, engine.now()));
        engine.cx.emit(&Event::Progress { done: self.before + self.now, total: self.total, per_minute, left });
    }

    pub(super) fn end(self, engine: &Engine<'_>) {
        engine.cx.emit(&Event::Ended { done: self.before + self.now, total: self.total });
    }
}
