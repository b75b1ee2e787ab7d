//! What the world was like some time ago, kept only while something reads it.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;

use crate::services::State;

/// The states of the past, each with the time from which it held.
#[derive(Clone, Default)]
pub(crate) struct History(VecDeque<(Timestamp, State)>);

impl History {
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Keeps `state`, which holds from `now` on, and forgets what is older than `memory`.
    pub(crate) fn keep(&mut self, now: Timestamp, state: &State, memory: Duration) {
        self.0.push_back((now, state.clone()));
        let horizon = before(now, memory);
        while self.0.get(1).is_some_and(|next| next.0 <= horizon) {
            self.0.pop_front();
        }
    }

    /// Returns the state that held at `at`, or the oldest there is; `None` if none was kept.
    pub(crate) fn at(&self, at: Timestamp) -> Option<State> {
        let held = self.0.iter().rev().find(|past| past.0 <= at).or_else(|| self.0.front());
        held.map(|past| past.1.clone())
    }
}

/// Returns the moment `duration` before `at`; the first there is, if that is earlier.
pub(crate) fn before(at: Timestamp, duration: Duration) -> Timestamp {
    at.saturating_sub(duration).unwrap_or(Timestamp::MIN)
}
