//! What was decrypted, as long as it is kept, and what is being decrypted.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::future::{BoxFuture, FutureExt, Shared, WeakShared};
use regionmig_aws::Error;
use regionmig_core::reencrypt::{Ciphertext, Decrypted};
use regionmig_core::{Clock, Timestamp};

use super::SharingBounds;
use crate::reencrypt::pinned::Pinned;

/// A digest of all that a decryption depends on.
pub(super) type Name = [u8; 32];

/// What comes of a decryption, for all who wait for it.
type Outcome = Result<Arc<Decrypted>, Arc<Error>>;

/// A decryption under way. Whoever waits for it drives it; when nobody waits any more, it is dropped.
pub(super) type Flight = Shared<BoxFuture<'static, Outcome>>;

pub(super) enum Found {
    Kept(Arc<Decrypted>),
    UnderWay(Flight),
}

pub(super) struct Shelf {
    bounds: SharingBounds,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    kept: HashMap<Name, Arc<Decrypted>>,
    /// When each of those was decrypted, oldest first.
    order: VecDeque<(Timestamp, Name)>,
    bytes: usize,
    flights: HashMap<Name, (u64, WeakShared<BoxFuture<'static, Outcome>>)>,
    /// The number of the last flight.
    last: u64,
}

impl Shelf {
    pub(super) fn new(bounds: SharingBounds) -> Self {
        Self { bounds, state: Mutex::default() }
    }

    /// Returns what is kept under `name`, or the decryption of it that is under way: its first who asks begins it.
    pub(super) fn find(
        this: &Arc<Self>,
        name: Name,
        clock: &Arc<dyn Clock>,
        key: &Pinned,
        ciphertext: &Ciphertext,
    ) -> Found {
        let now = clock.now();
        let mut state = this.lock();
        state.sweep(now, &this.bounds);
        if let Some(decrypted) = state.kept.get(&name) {
            return Found::Kept(Arc::clone(decrypted));
        }
        if let Some(flight) = state.flights.get(&name).and_then(|(_, flight)| flight.upgrade()) {
            return Found::UnderWay(flight);
        }
        state.last += 1;
        let landing = Landing { shelf: Arc::clone(this), name, number: state.last };
        let (clock, key, ciphertext) = (Arc::clone(clock), key.clone(), ciphertext.clone());
        let flight = async move {
            let decrypted = Arc::new(key.decrypt(&ciphertext).await.map_err(Arc::new)?);
            landing.keep(clock.now(), &decrypted);
            Ok(decrypted)
        };
        let flight = flight.boxed().shared();
        if let Some(weak) = flight.downgrade() {
            let number = state.last;
            state.flights.insert(name, (number, weak));
        }
        Found::UnderWay(flight)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn keep(&mut self, name: Name, now: Timestamp, decrypted: &Arc<Decrypted>, bounds: &SharingBounds) {
        self.sweep(now, bounds);
        let length = decrypted.plaintext.expose().len();
        if bounds.entries == 0 || bounds.age.is_zero() || length > bounds.bytes {
            return;
        }
        while self.kept.len() >= bounds.entries || self.bytes + length > bounds.bytes {
            if !self.drop_oldest() {
                return;
            }
        }
        if self.kept.insert(name, Arc::clone(decrypted)).is_none() {
            self.order.push_back((now, name));
            self.bytes += length;
        }
    }

    /// Drops what is too old, which wipes it.
    fn sweep(&mut self, now: Timestamp, bounds: &SharingBounds) {
        while let Some((at, _)) = self.order.front()
            && now.duration_since(*at).unsigned_abs() >= bounds.age
        {
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) -> bool {
        let Some((_, name)) = self.order.pop_front() else { return false };
        if let Some(decrypted) = self.kept.remove(&name) {
            self.bytes -= decrypted.plaintext.expose().len();
        }
        true
    }
}

/// Ends a flight, whatever came of it: also when nobody waits for it any more.
struct Landing {
    shelf: Arc<Shelf>,
    name: Name,
    number: u64,
}

impl Landing {
    fn keep(&self, now: Timestamp, decrypted: &Arc<Decrypted>) {
        self.shelf.lock().keep(self.name, now, decrypted, &self.shelf.bounds);
    }
}

impl Drop for Landing {
    fn drop(&mut self) {
        let mut state = self.shelf.lock();
        // Another may have begun since.
        if state.flights.get(&self.name).is_some_and(|(number, _)| *number == self.number) {
            state.flights.remove(&self.name);
        }
    }
}

impl fmt::Debug for Shelf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        let mut shown = f.debug_struct("Shelf");
        shown.field("bounds", &self.bounds).field("kept", &state.kept.len());
        shown.field("under_way", &state.flights.len()).finish()
    }
}
