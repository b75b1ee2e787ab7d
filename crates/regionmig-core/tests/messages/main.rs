//! Messages of the Encryption SDK: those that others wrote, those we write, and those that want to do harm.

#![expect(clippy::disallowed_methods, reason = "where the vectors lie is read from the environment")]
#![expect(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod cases;
mod commitment;
mod common;
mod exchange;
#[cfg(unix)]
mod files;
mod hostile;
#[expect(dead_code, reason = "its own scripts are run otherwise")]
#[path = "../../../regionmig-testkit/tests/fidelity/python.rs"]
mod python;
mod python_sdk;
mod rsa;
mod transfer;
mod vectors;
