//! Secrets and their keys in one migration: moved, promoted, killed, and brought back.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::expect_used,
    clippy::panic,
    reason = "tests that say what they have shown"
)]

mod account;
mod back;
mod conformance;
mod kill;
mod moves;
