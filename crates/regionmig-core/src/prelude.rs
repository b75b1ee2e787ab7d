//! What the author of a service takes: exactly the names that the four traits need.

pub use crate::{
    Applied, Apply, Binding, Check, Draft, Effect, Finding, Gap, Inventory, Lane, Listing, Pairing, Permission, Plan,
    Probe, Receipt, Reversal, RunContext, Service, Severity, Side, Spec, Step, StepContext, Survey, Task, Verdict,
    Verify, Wait,
};
