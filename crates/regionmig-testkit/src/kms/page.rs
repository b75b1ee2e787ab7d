//! Listings in pages, as KMS names their parts.

use serde_json::Value;

use super::ask::Ask;
use crate::call::Refusal;
use crate::model::invalid;
use crate::page::{self, Names, Window};

const NAMES: Names = Names {
    limit: "Limit",
    token: "Marker",
    next: "NextMarker",
    flag: Some("Truncated"),
    unknown_token: "InvalidMarkerException",
};

/// Reads `Limit` and `Marker`.
///
/// `most` is what the documentation allows. The model is wider for some operations; what AWS does in between is not
/// documented, so it is refused here.
pub(super) fn window(ask: &Ask<'_, '_>, default: usize, most: usize) -> Result<Window, Refusal> {
    let window = page::window(ask.call, &NAMES, default)?;
    match (1..=most).contains(&window.limit) {
        true => Ok(window),
        false => Err(invalid(format!("Limit must be between 1 and {most}, inclusive"))),
    }
}

/// Answers one page of `entries`, which are in the order of their keys. Those not after the marker are skipped.
pub(super) fn answer(
    ask: &Ask<'_, '_>,
    window: &Window,
    list: &str,
    entries: impl Iterator<Item = (String, Value)>,
) -> Value {
    page::answer(ask.call, &NAMES, window, list, entries)
}
