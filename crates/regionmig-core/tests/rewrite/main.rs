//! That rewriting a policy never widens access: shown by deciding, for many requests, before and after.
//!
//! One program of its own, so that it can be run alone: it is what holds the rewriting, and it takes the longest.

#![expect(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod aim;
mod evaluator;
mod generate;
mod mapping;
mod teeth;
mod widening;
mod winterbaume;
mod written;
