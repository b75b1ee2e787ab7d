//! The world's Secrets Manager, held against what AWS documents and what was recorded of it.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod replication;
mod rules;
mod sdk;
mod seeds;
mod support;
mod versions;
