//! Whoever is told what happens, and panics or has the run stop, as a scenario has it.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use regionmig_core::CancellationToken;

use crate::ordeal::scenario::{Scenario, Trouble};

/// Counts the events of all lives.
#[derive(Debug)]
pub(super) struct Told {
    events: AtomicU64,
    panicking: Vec<u64>,
    stopping: Vec<u64>,
    at_peace: AtomicBool,
}

impl Told {
    pub(super) fn new(scenario: &Scenario) -> Self {
        let troubles = scenario.troubles.iter();
        let panicking = troubles.clone().filter_map(|trouble| match trouble {
            Trouble::ObserverPanics { nth } => Some(*nth),
            _ => None,
        });
        let stopping = troubles.filter_map(|trouble| match trouble {
            Trouble::Stopped { nth } => Some(*nth),
            _ => None,
        });
        let (events, at_peace) = (AtomicU64::new(0), AtomicBool::new(false));
        Self { events, panicking: panicking.collect(), stopping: stopping.collect(), at_peace }
    }

    /// Nothing goes wrong from here on.
    pub(super) fn rest(&self) {
        self.at_peace.store(true, Ordering::Relaxed);
    }

    /// Takes one more event.
    pub(super) fn count(&self, stop: &CancellationToken) {
        let nth = self.events.fetch_add(1, Ordering::Relaxed) + 1;
        if self.at_peace.load(Ordering::Relaxed) {
            return;
        }
        if self.stopping.contains(&nth) {
            stop.cancel();
        }
        if self.panicking.contains(&nth) {
            // As a panic, but without a word.
            resume_unwind(Box::new("whoever is told panics"));
        }
    }
}
