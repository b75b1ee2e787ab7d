//! A journal during whose writes time stands still.

use async_trait::async_trait;
use regionmig_core::{Header, Journal, JournalError, Record, Run};

use crate::clock::VirtualClock;

/// A journal on a real disk, in a world of virtual time: the clock stands still while it is read or written.
///
/// A file is written on another thread, which the clock does not see: without this, time would pass meanwhile, as far as
/// the next deadline.
#[derive(Debug)]
pub struct Holding<J> {
    journal: J,
    clock: VirtualClock,
}

impl<J: Journal> Holding<J> {
    /// Has `clock` stand still while `journal` works.
    pub fn new(journal: J, clock: VirtualClock) -> Self {
        Self { journal, clock }
    }
}

#[async_trait]
impl<J: Journal> Journal for Holding<J> {
    async fn replay(&self, header: &Header, each: &mut (dyn FnMut(Record) + Send)) -> Result<(), JournalError> {
        let _held = self.clock.hold();
        self.journal.replay(header, each).await
    }

    async fn append(&self, record: &Record) -> Result<(), JournalError> {
        let _held = self.clock.hold();
        self.journal.append(record).await
    }

    async fn begin(&self, run: &Run) -> Result<(), JournalError> {
        let _held = self.clock.hold();
        self.journal.begin(run).await
    }
}
