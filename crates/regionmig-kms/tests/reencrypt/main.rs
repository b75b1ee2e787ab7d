//! The ends of re-encryption, against the world's KMS: what they must open, refuse, ask for and never ask for.
#![expect(clippy::expect_used, reason = "tests")]

mod account;
mod ends;
mod exchange;
mod keyring;
mod limits;
mod rehearsal;
mod rotation;
mod sharing;
mod storm;
