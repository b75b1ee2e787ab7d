//! Hooks of the caller's, which do what a step waits for.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::FutureExt;
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::context::RunContext;
use crate::error::BoxError;
use crate::wait::{Perform, Task};

/// So long has a hook, however little patience is left.
const FOR_A_HOOK: Duration = Duration::from_secs(60);

/// How many steps are in a hook: they take no slot from those that call AWS, and have as many of their own.
#[derive(Debug)]
pub(super) struct Hooks {
    slots: Semaphore,
    running: AtomicUsize,
    changed: Notify,
    /// Cancelled once no more steps are begun.
    closing: CancellationToken,
}

impl Hooks {
    pub(super) fn new(slots: usize) -> Self {
        Self {
            slots: Semaphore::new(slots.clamp(1, Semaphore::MAX_PERMITS)),
            running: AtomicUsize::default(),
            changed: Notify::new(),
            closing: CancellationToken::new(),
        }
    }

    /// Returns how many steps are in a hook, or wait for one.
    pub(super) fn running(&self) -> usize {
        self.running.load(Ordering::Relaxed)
    }

    /// Waits until a step has come to its hook, and left its slot to others.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Ends those that run: no more steps are begun.
    pub(super) fn close(&self) {
        self.closing.cancel();
    }

    /// Has `hook` do a task within `left`; none, if the run ends before it has.
    pub(super) async fn perform(
        &self,
        hook: &dyn Perform,
        task: &Task,
        left: Duration,
        cx: &RunContext,
    ) -> Option<Result<(), BoxError>> {
        let _in_hook = InHook::new(self);
        let performed = async {
            let _slot = self.slots.acquire().await;
            let performed = AssertUnwindSafe(hook.perform(task)).catch_unwind().await;
            performed.unwrap_or_else(|_| Err("the hook panicked".into()))
        };
        tokio::select! {
            performed = performed => Some(performed),
            () = cx.cancellation().cancelled() => None,
            () = self.closing.cancelled() => None,
            () = cx.clock().sleep(left.max(FOR_A_HOOK)) => None,
        }
    }
}

/// A step that is in a hook for as long as this is held.
struct InHook<'a>(&'a Hooks);

impl<'a> InHook<'a> {
    fn new(hooks: &'a Hooks) -> Self {
        hooks.running.fetch_add(1, Ordering::Relaxed);
        hooks.changed.notify_one();
        Self(hooks)
    }
}

impl Drop for InHook<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::Relaxed);
    }
}
