//! What the author of a service takes: exactly the names that the four traits need.

pub use crate::{
    Applied, Apply, Binding, Draft, Effect, Gap, Inventory, Listing, Pairing, Plan, Probe, Receipt, RunContext,
    Service, Side, Spec, Step, StepContext, Survey, Verify,
};
