//! The world's KMS, held against what AWS documents and what was recorded of it.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod attachments;
mod control;
mod data;
mod import;
mod kinds;
mod multi_region;
mod pages;
mod rotation;
mod signing;
mod stores;
mod support;
mod validation;

#[path = "../support/wrap.rs"]
mod wrapping;
