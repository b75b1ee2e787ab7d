//! Rewriting, shown on documents that nobody here wrote.

#![expect(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod testdata;
