//! Secrets that were moved, as programs and stand-ins for AWS see them that nobody here wrote.
#![expect(clippy::unwrap_used, reason = "tests")]

#[expect(dead_code, reason = "the other tests use the rest")]
#[path = "secrets/account.rs"]
mod account;
#[path = "secrets/boto.rs"]
mod boto;
#[path = "../crates/regionmig-secrets/tests/recorded/clock.rs"]
mod clock;
#[path = "secrets/moto.rs"]
mod moto;
#[path = "../crates/regionmig-testkit/tests/fidelity/python.rs"]
mod python;
