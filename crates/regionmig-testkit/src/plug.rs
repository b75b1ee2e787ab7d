//! Services of a user's own in the world.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use regionmig_core::End;
use serde_json::Value;

use crate::call::{Call, Refusal};
use crate::world::World;

/// A service that was plugged into the world: what it knows at each end can be set and read.
///
/// The handle belongs to the world it was made in, not to that world's forks; ask a fork for its own by
/// [`World::plugged`].
pub struct Plugged<T> {
    world: World,
    service: String,
    state: PhantomData<fn() -> T>,
}

impl<T: Default + Clone + Send + 'static> Plugged<T> {
    pub(crate) fn new(world: World, service: &str) -> Self {
        Self { world, service: service.to_owned(), state: PhantomData }
    }

    /// Sets what the service knows at `end`.
    pub fn put(&self, end: &End, state: T) {
        self.world.with_plug(&self.service, |plug| {
            if let Some(states) = plug.states().downcast_mut::<BTreeMap<End, T>>() {
                states.insert(end.clone(), state);
            }
        });
    }

    /// Returns what the service knows at `end`.
    pub fn get(&self, end: &End) -> T {
        let mut state = T::default();
        self.world.with_plug(&self.service, |plug| {
            let states = plug.states().downcast_ref::<BTreeMap<End, T>>();
            state = states.and_then(|states| states.get(end)).cloned().unwrap_or_default();
        });
        state
    }
}

impl<T> fmt::Debug for Plugged<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plugged").field("service", &self.service).finish_non_exhaustive()
    }
}

/// A plugged service whose state's type has been erased.
pub(crate) trait Plug: Send {
    fn answer(&mut self, call: &Call) -> Result<Value, Refusal>;
    fn fork(&self) -> Box<dyn Plug>;
    fn states(&mut self) -> &mut dyn Any;
}

impl Clone for Box<dyn Plug> {
    fn clone(&self) -> Self {
        self.fork()
    }
}

type Answer<T> = Arc<dyn Fn(&Call, &mut T) -> Result<Value, Refusal> + Send + Sync>;

struct Typed<T> {
    answer: Answer<T>,
    states: BTreeMap<End, T>,
}

impl<T: Default + Clone + Send + 'static> Plug for Typed<T> {
    fn answer(&mut self, call: &Call) -> Result<Value, Refusal> {
        (self.answer)(call, self.states.entry(call.end.clone()).or_default())
    }

    fn fork(&self) -> Box<dyn Plug> {
        Box::new(Self { answer: Arc::clone(&self.answer), states: self.states.clone() })
    }

    fn states(&mut self) -> &mut dyn Any {
        &mut self.states
    }
}

/// Makes a service without any state yet.
pub(crate) fn plug<T: Default + Clone + Send + 'static>(
    answer: impl Fn(&Call, &mut T) -> Result<Value, Refusal> + Send + Sync + 'static,
) -> Box<dyn Plug> {
    Box::new(Typed { answer: Arc::new(answer), states: BTreeMap::new() })
}
