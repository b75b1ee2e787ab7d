//! Keys moved from one region of the world to another: what must hold, and what must be said.
#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "tests, some of which are told by the environment to bless, and say what they show"
)]

mod account;
mod conformance;
mod conformance_found;
mod faults;
mod hostile_input;
mod imports;
mod journal_damage;
mod kill_keys;
mod last_use;
mod moves_keys;
mod opt_in;
mod partial_knowledge;
mod passing;
mod permissions;
mod plans;
mod preflight;
mod probes;
mod renames;
mod reverts;
mod reverts_kept;
mod tagging_api;
mod throttle_storm;
mod verify;
mod young_unmarked;
