//! Listings in pages. A marker says after which entry to go on, so that entries made or taken away between two pages
//! neither hide others nor show them twice.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::call::{Call, Refusal};

/// What the parts of a listing are called, and how a token is refused that was not given out for it.
#[derive(Debug)]
pub(crate) struct Names {
    pub(crate) limit: &'static str,
    pub(crate) token: &'static str,
    pub(crate) next: &'static str,
    /// What says that there is more, besides the token.
    pub(crate) flag: Option<&'static str>,
    pub(crate) unknown_token: &'static str,
}

/// Which part of a listing is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Window {
    /// The entry after which the page begins; empty for the first page.
    pub(crate) after: String,
    pub(crate) limit: usize,
}

/// Reads which part of a listing is asked for.
pub(crate) fn window(call: &Call, names: &Names, default: usize) -> Result<Window, Refusal> {
    let limit = match call.body.get(names.limit).and_then(Value::as_i64) {
        None => default,
        Some(limit) => usize::try_from(limit).unwrap_or_default(),
    };
    let after = match call.text(names.token) {
        None => String::new(),
        Some(marker) => read(call, names, marker).ok_or_else(|| Refusal::new(names.unknown_token))?,
    };
    Ok(Window { after, limit })
}

/// Answers one page of `entries`, which are in the order of their keys. Those not after the marker are skipped.
pub(crate) fn answer(
    call: &Call,
    names: &Names,
    window: &Window,
    list: &str,
    entries: impl Iterator<Item = (String, Value)>,
) -> Value {
    let mut entries = entries.filter(|(key, _)| window.after.is_empty() || *key > window.after);
    let page: Vec<(String, Value)> = entries.by_ref().take(window.limit).collect();
    let next = entries.next().and_then(|_| page.last()).map(|(key, _)| marker(call, names, key));
    let page: Vec<Value> = page.into_iter().map(|(_, entry)| entry).collect();
    let mut answer = json!({ list: page });
    if let Some(flag) = names.flag {
        answer[flag] = json!(next.is_some());
    }
    if let Some(next) = next {
        answer[names.next] = json!(next);
    }
    answer
}

fn marker(call: &Call, names: &Names, after: &str) -> String {
    let mut marker = seal(call, names, after).to_vec();
    marker.extend_from_slice(after.as_bytes());
    URL_SAFE_NO_PAD.encode(marker)
}

/// Returns what a marker says; `None` if it was not given out for such a request.
fn read(call: &Call, names: &Names, marker: &str) -> Option<String> {
    let bytes = URL_SAFE_NO_PAD.decode(marker).ok()?;
    let (sealed, after) = bytes.split_at_checked(8)?;
    let after = String::from_utf8(after.to_vec()).ok()?;
    (seal(call, names, &after) == sealed).then_some(after)
}

/// A marker belongs to its operation, its end, and the request's other members.
fn seal(call: &Call, names: &Names, after: &str) -> [u8; 8] {
    let mut digest = Sha256::new();
    for part in [&call.operation, &call.end.to_string(), after] {
        digest.update(part);
        digest.update([0]);
    }
    for (member, value) in call.body.as_object().into_iter().flatten() {
        if ![names.limit, names.token].contains(&member.as_str()) {
            digest.update(member);
            digest.update(value.to_string());
        }
    }
    let digest: [u8; 32] = digest.finalize().into();
    std::array::from_fn(|place| digest[place])
}
