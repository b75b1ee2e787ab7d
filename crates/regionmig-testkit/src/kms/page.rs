//! Listings in pages. A marker says after which entry to go on, so that entries made or taken away between two pages
//! neither hide others nor show them twice.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::ask::Ask;
use super::model::invalid;
use crate::call::{Call, Refusal};

/// Which part of a listing is asked for.
#[derive(Clone, Debug)]
pub(super) struct Window {
    /// The entry after which the page begins; empty for the first page.
    pub(super) after: String,
    limit: usize,
}

/// Reads `Limit` and `Marker`.
///
/// `most` is what the documentation allows. The model is wider for some operations; what AWS does in between is not
/// documented, so it is refused here.
pub(super) fn window(ask: &Ask<'_, '_>, default: usize, most: usize) -> Result<Window, Refusal> {
    let limit = match ask.number("Limit") {
        None => default,
        Some(limit) => usize::try_from(limit)
            .ok()
            .filter(|limit| (1..=most).contains(limit))
            .ok_or_else(|| invalid(format!("Limit must be between 1 and {most}, inclusive")))?,
    };
    let after = match ask.text("Marker") {
        None => String::new(),
        Some(marker) => read(ask.call, marker).ok_or_else(|| Refusal::new("InvalidMarkerException"))?,
    };
    Ok(Window { after, limit })
}

/// Answers one page of `entries`, which are in the order of their keys. Those not after the marker are skipped.
pub(super) fn answer(
    ask: &Ask<'_, '_>,
    window: &Window,
    list: &str,
    entries: impl Iterator<Item = (String, Value)>,
) -> Value {
    let mut entries = entries.filter(|(key, _)| window.after.is_empty() || *key > window.after);
    let page: Vec<(String, Value)> = entries.by_ref().take(window.limit).collect();
    let next = entries.next().and_then(|_| page.last()).map(|(key, _)| marker(ask.call, key));
    let page: Vec<Value> = page.into_iter().map(|(_, entry)| entry).collect();
    let mut answer = json!({ list: page, "Truncated": next.is_some() });
    if let Some(next) = next {
        answer["NextMarker"] = json!(next);
    }
    answer
}

fn marker(call: &Call, after: &str) -> String {
    let mut marker = seal(call, after).to_vec();
    marker.extend_from_slice(after.as_bytes());
    URL_SAFE_NO_PAD.encode(marker)
}

/// Returns what a marker says; `None` if it was not given out for such a request.
fn read(call: &Call, marker: &str) -> Option<String> {
    let bytes = URL_SAFE_NO_PAD.decode(marker).ok()?;
    let (sealed, after) = bytes.split_at_checked(8)?;
    let after = String::from_utf8(after.to_vec()).ok()?;
    (seal(call, &after) == sealed).then_some(after)
}

/// A marker belongs to its operation, its end, and the request's other members.
fn seal(call: &Call, after: &str) -> [u8; 8] {
    let mut digest = Sha256::new();
    for part in [&call.operation, &call.end.to_string(), after] {
        digest.update(part);
        digest.update([0]);
    }
    for (member, value) in call.body.as_object().into_iter().flatten() {
        if !["Limit", "Marker"].contains(&member.as_str()) {
            digest.update(member);
            digest.update(value.to_string());
        }
    }
    let digest: [u8; 32] = digest.finalize().into();
    std::array::from_fn(|place| digest[place])
}
