//! Streams of items, with ends and stores that do what they are told.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "tests")]

mod checkpoints;
mod compared;
mod dies;
mod kills;
mod lab;
mod order;
mod program;
mod retries;
mod runs;
mod stops;
mod store;
