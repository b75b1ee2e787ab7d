//! That rewriting loses nothing and never widens access: shown on documents that nobody here wrote, and by deciding, for many
//! requests, before and after.
//!
//! One program of its own, so that it can be run alone: it is what holds the rewriting.

#![expect(
    clippy::disallowed_methods,
    reason = "where the test data lie, and how much is tried, is read from the environment"
)]
#![expect(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod aim;
mod evaluator;
mod generate;
mod hostile;
mod mapping;
mod never_widens;
mod teeth;
mod testdata;
mod widening;
mod winterbaume;
mod written;
