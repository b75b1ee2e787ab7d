//! What an operation is handed besides its arguments.

mod count;
mod shared;
mod step;

pub use count::Count;
pub(crate) use shared::SharedReads;
pub(crate) use step::{Basis, Recorder};
pub use step::{Doubt, StepContext};

use std::fmt;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::archive::{Archive, MemoryArchive};
use crate::event::Event;
use crate::route::{Caller, End, Route, Side};
use crate::time::Clock;

pub(crate) type Observer = Arc<dyn Fn(&Event) + Send + Sync>;

/// What all operations of one run share: where it runs, as whom, and by which clock.
#[derive(Clone)]
pub struct RunContext {
    pub(crate) route: Route,
    pub(crate) archive: Arc<dyn Archive>,
    pub(crate) cancellation: CancellationToken,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) observer: Observer,
}

impl RunContext {
    /// Makes what a [`Migration`](crate::Migration) makes itself: for tests of a single operation.
    pub fn new<C: Caller + Clone + 'static>(route: Route, caller: &C) -> Self {
        Self {
            route,
            clock: caller.clock(),
            archive: Arc::new(MemoryArchive::default()),
            cancellation: CancellationToken::new(),
            observer: Arc::new(|_| {}),
        }
    }

    /// Returns from where to where.
    pub fn route(&self) -> &Route {
        &self.route
    }

    /// Returns one end of the route.
    pub fn end(&self, side: Side) -> &End {
        self.route.end(side)
    }

    /// Returns where bulk goes.
    pub fn archive(&self) -> &dyn Archive {
        &*self.archive
    }

    /// Returns the clock.
    pub fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// Returns the token that is cancelled when the caller asks for the work to stop.
    pub fn cancellation(&self) -> &CancellationToken {
        &self.cancellation
    }

    /// Begins to count what a service reads of one end: `what` is `keys` or `aliases`, `total` how many there are, if
    /// that is known.
    pub fn count<'a>(&'a self, service: &'a str, side: Side, what: &'a str, total: Option<u64>) -> Count<'a> {
        Count::new(self, service, side, what, total)
    }

    /// Tells whoever watches.
    pub fn emit(&self, event: &Event) {
        (self.observer)(event);
    }
}

impl fmt::Debug for RunContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunContext").field("route", &self.route).finish_non_exhaustive()
    }
}
