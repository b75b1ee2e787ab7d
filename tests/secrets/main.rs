//! Secrets and their keys in one migration: moved, promoted, killed, and brought back.
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests, one of which is asked to try all")]

mod account;
mod back;
mod conformance;
mod faults;
mod kill;
mod moves;
