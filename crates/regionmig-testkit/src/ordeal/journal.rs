//! A journal that fails, and at which the process is killed, as a scenario has it.

use std::future::pending;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use async_trait::async_trait;
use regionmig_core::{Header, Journal, JournalError, Record, Run};

use crate::ordeal::machine::Machine;
use crate::ordeal::scenario::{Scenario, Trouble};

/// Counts the appends of all lives, and knows at which of them something goes wrong.
#[derive(Debug)]
pub(super) struct Pen {
    machine: Machine,
    failing: Vec<(u64, bool)>,
    killing: Vec<(u64, bool)>,
    appends: AtomicU64,
    /// No more appends in this life.
    broken: AtomicBool,
    /// No more troubles.
    at_peace: AtomicBool,
}

impl Pen {
    pub(super) fn new(scenario: &Scenario, machine: &Machine) -> Self {
        let troubles = scenario.troubles.iter();
        let failing = troubles.clone().filter_map(|trouble| match trouble {
            Trouble::AppendFails { nth, stored } => Some((*nth, *stored)),
            _ => None,
        });
        let killing = troubles.filter_map(|trouble| match trouble {
            Trouble::KilledAtAppend { nth, stored } => Some((*nth, *stored)),
            _ => None,
        });
        let (failing, killing, machine) = (failing.collect(), killing.collect(), machine.clone());
        let (appends, broken, at_peace) = (AtomicU64::new(0), AtomicBool::new(false), AtomicBool::new(false));
        Self { machine, failing, killing, appends, broken, at_peace }
    }

    /// Begins a life: what was broken has been mended.
    pub(super) fn begin(&self) {
        self.broken.store(false, Ordering::Relaxed);
    }

    /// Nothing goes wrong from here on.
    pub(super) fn rest(&self) {
        self.at_peace.store(true, Ordering::Relaxed);
    }

    fn strikes(&self, troubles: &[(u64, bool)], nth: u64) -> Option<bool> {
        let at_peace = self.at_peace.load(Ordering::Relaxed);
        troubles.iter().find(|(at, _)| *at == nth && !at_peace).map(|(_, stored)| *stored)
    }
}

/// A journal with such a pen.
#[derive(Debug)]
pub(super) struct PennedJournal<'a> {
    pub(super) inner: &'a dyn Journal,
    pub(super) pen: &'a Pen,
}

#[async_trait]
impl Journal for PennedJournal<'_> {
    async fn replay(&self, header: &Header, each: &mut (dyn FnMut(Record) + Send)) -> Result<(), JournalError> {
        self.inner.replay(header, each).await
    }

    async fn append(&self, record: &Record) -> Result<(), JournalError> {
        let nth = self.pen.appends.fetch_add(1, Ordering::Relaxed) + 1;
        if let Some(stored) = self.pen.strikes(&self.pen.killing, nth) {
            if stored {
                self.inner.append(record).await?;
            }
            self.pen.machine.kill();
            return pending().await;
        }
        if let Some(stored) = self.pen.strikes(&self.pen.failing, nth) {
            if stored {
                self.inner.append(record).await?;
            }
            self.pen.broken.store(true, Ordering::Relaxed);
        }
        if self.pen.broken.load(Ordering::Relaxed) {
            return Err(JournalError::new("no space left on device"));
        }
        self.inner.append(record).await
    }

    async fn begin(&self, run: &Run) -> Result<(), JournalError> {
        self.inner.begin(run).await
    }
}
