//! Readings that many probes of one run use.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use crate::time::Clock;

type Slot = Arc<tokio::sync::Mutex<Option<(Timestamp, Arc<dyn Any + Send + Sync>)>>>;

/// The last reading of each name, and when it was begun.
#[derive(Debug, Default)]
pub(crate) struct SharedReads(Mutex<BTreeMap<(String, String), Slot>>);

impl SharedReads {
    /// Returns the last reading, if it was begun at `not_before` or later, else that of `read`.
    ///
    /// Those who ask meanwhile wait for it. A failure is not kept: who comes next reads again.
    pub(crate) async fn get<T, E, F, R>(
        &self,
        (service, name): (&str, &str),
        not_before: Timestamp,
        clock: &dyn Clock,
        read: F,
    ) -> Result<Arc<T>, E>
    where
        T: Send + Sync + 'static,
        F: FnOnce() -> R + Send,
        R: Future<Output = Result<T, E>> + Send,
    {
        let slot = {
            let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(slots.entry((service.to_owned(), name.to_owned())).or_default())
        };
        // Held while reading: that nobody else reads the same meanwhile is its whole purpose.
        let mut last = slot.lock().await;
        if let Some((at, value)) = &*last
            && *at >= not_before
            && let Ok(value) = Arc::clone(value).downcast()
        {
            return Ok(value);
        }
        let at = clock.now();
        let value = Arc::new(read().await?);
        let erased: Arc<dyn Any + Send + Sync> = Arc::<T>::clone(&value);
        *last = Some((at, erased));
        Ok(value)
    }
}
