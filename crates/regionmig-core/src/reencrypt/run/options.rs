//! How a run goes.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::super::error::ReencryptError;
use super::super::stream::ItemOptions;
use crate::error::{Classify, ErrorKind};

/// Which items are set aside.
type Choice = Arc<dyn Fn(&ReencryptError) -> bool + Send + Sync>;

/// How a run goes: how its items are worked on, which are set aside, and how often it is kept how far it has got.
///
/// By default: items as [`ItemOptions`] has them, set aside where it is about the item alone, given up if the first thousand are
/// all set aside, a checkpoint every five seconds, and ten thousand items ahead of the lowest that is not done.
#[derive(Clone)]
#[non_exhaustive]
pub struct RunOptions {
    pub(super) items: ItemOptions,
    pub(super) every: Duration,
    pub(super) ahead: u64,
    pub(super) give_up_after: Option<u64>,
    set_aside: Choice,
}

impl Default for RunOptions {
    fn default() -> Self {
        Self {
            items: ItemOptions::default(),
            every: Duration::from_secs(5),
            ahead: 10_000,
            give_up_after: Some(1000),
            set_aside: Arc::new(is_about_the_item),
        }
    }
}

impl RunOptions {
    /// Says how items are worked on. Their order is of no account here.
    #[must_use]
    pub fn items(mut self, options: ItemOptions) -> Self {
        self.items = options;
        self
    }

    /// Keeps how far it has got so often, as soon as there is something to keep; with no time at all, one save after the other.
    #[must_use]
    pub fn checkpoint_every(mut self, every: Duration) -> Self {
        self.every = every;
        self
    }

    /// Works so far ahead of the lowest item that is not done, which may be in its retries; nought is one. As many, at most, are done
    /// again after a crash, besides those since the last checkpoint.
    #[must_use]
    pub fn ahead(mut self, items: u64) -> Self {
        self.ahead = items.max(1);
        self
    }

    /// Has `choice` say which failed items are set aside. All others end the run. By default those are set aside that are not valid
    /// ([`ErrorKind::Invalid`]), and those that did not decrypt to the same again ([`ReencryptError::Unequal`]).
    #[must_use]
    pub fn set_aside_if(mut self, choice: impl Fn(&ReencryptError) -> bool + Send + Sync + 'static) -> Self {
        self.set_aside = Arc::new(choice);
        self
    }

    /// Ends the run if so many items were set aside and none was put before ([`RunError::AllSetAside`](super::RunError::AllSetAside)): where
    /// the key is the wrong one, or the context, each item fails for what it seems to be itself. Until the first is put, it is not kept how
    /// far the run has got, so that the next one tries them all again. With `None`, a run goes on whatever fails.
    #[must_use]
    pub fn give_up_after(mut self, items: impl Into<Option<u64>>) -> Self {
        self.give_up_after = items.into();
        self
    }

    pub(super) fn sets_aside(&self, error: &ReencryptError) -> bool {
        (self.set_aside)(error)
    }
}

/// A refused permission, a key that is disabled, a region that does not answer are about all items; to set those aside would be to set
/// all aside.
fn is_about_the_item(error: &ReencryptError) -> bool {
    let is_of_the_key = error.code() == Some("InvalidKeyUsageException");
    matches!(error, ReencryptError::Unequal) || error.kind() == ErrorKind::Invalid && !is_of_the_key
}

impl fmt::Debug for RunOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunOptions")
            .field("items", &self.items)
            .field("every", &self.every)
            .field("ahead", &self.ahead)
            .field("give_up_after", &self.give_up_after)
            .finish_non_exhaustive()
    }
}
