//! Messages of the Encryption SDK: those that others wrote, those we write, and those that want to do harm.

#![expect(clippy::disallowed_methods, reason = "where the vectors lie is read from the environment")]
#![expect(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod commitment;
mod common;
#[cfg(unix)]
mod files;
mod hostile;
mod transfer;
mod vectors;
