//! What the core promises, shown from outside: with services, a cloud, journals and a clock of its own.
//!
//! One program, so that it is linked once: it is what mutation testing runs.

#![expect(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod admission;
mod common;
mod composition;
mod engine_backoff;
mod engine_bound;
mod engine_doubt;
mod engine_gate;
mod engine_lanes;
mod engine_order;
mod engine_panics;
mod engine_stops;
mod engine_tasks;
mod events;
mod fail_back;
mod file_archive;
mod file_disk;
mod file_journal;
mod file_threads;
mod identifiers;
mod knowledge;
mod outcome;
mod plan_text;
mod plans;
mod region_facts;
mod revert;
mod stored;
mod surveys;
mod third_party;
