//! Pausing.

use std::fmt;

use tokio::sync::watch;

/// Pauses what was given a clone of it, and has it go on.
///
/// While it is closed nothing is begun, neither an item nor another try of one; requests under way end. It begins open. Stopping by a
/// [`CancellationToken`](crate::CancellationToken) works on what is paused, too.
///
/// ```
/// use regionmig_core::reencrypt::Gate;
/// let gate = Gate::new();
/// gate.close();
/// assert!(gate.is_closed());
/// gate.open();
/// ```
#[derive(Clone)]
pub struct Gate(watch::Sender<bool>);

impl Gate {
    /// Makes one that is open.
    pub fn new() -> Self {
        Self(watch::Sender::new(false))
    }

    /// Has nothing more begin.
    pub fn close(&self) {
        self.0.send_replace(true);
    }

    /// Lets things go on.
    pub fn open(&self) {
        self.0.send_replace(false);
    }

    /// Returns whether it is closed.
    pub fn is_closed(&self) -> bool {
        *self.0.borrow()
    }

    /// Returns once it is open.
    pub(super) async fn passed(self) {
        // The sender lives in `self`, so nobody has gone away.
        let _open = self.0.subscribe().wait_for(|is_closed| !is_closed).await.is_ok();
    }
}

impl Default for Gate {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_closed() { "Gate(closed)" } else { "Gate(open)" })
    }
}
