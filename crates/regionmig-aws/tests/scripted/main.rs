//! Real SDK clients against answers that are written down beforehand: no network.

#![expect(clippy::unwrap_used, reason = "tests")]

mod caller;
mod clients;
mod pages;
mod peer;
