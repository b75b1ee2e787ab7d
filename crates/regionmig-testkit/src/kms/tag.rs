//! Tags of keys.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::ask::Ask;
use super::name::Takes;
use super::page;
use crate::call::Refusal;

/// How many tags a key may have; AWS's own do not count.
const MOST: usize = 50;

/// Reads and checks the `Tags` of a request.
pub(super) fn asked(ask: &Ask<'_, '_>) -> Result<BTreeMap<String, String>, Refusal> {
    let mut tags = BTreeMap::new();
    for tag in ask.list("Tags") {
        let (Some(key), Some(value)) = (tag["TagKey"].as_str(), tag["TagValue"].as_str()) else { continue };
        check_key(key)?;
        if !value.chars().all(is_allowed) {
            return Err(bad("Tag values may hold letters, digits, spaces and _ . : / = + - @ only"));
        }
        if tags.insert(key.to_owned(), value.to_owned()).is_some() {
            return Err(bad("Duplicate tag keys"));
        }
    }
    match tags.len() > MOST {
        true => Err(bad("Too many tags")),
        false => Ok(tags),
    }
}

pub(super) fn put(ask: &mut Ask<'_, '_>) -> Result<Value, Refusal> {
    let name = ask.customer_key("KeyId", Takes::Own)?;
    let mut tags = ask.held(&name)?.tags.clone();
    tags.extend(asked(ask)?);
    if tags.keys().filter(|key| !is_reserved(key)).count() > MOST {
        return Err(bad("Too many tags"));
    }
    if let Some(key) = ask.state.key_mut(&name) {
        key.tags = tags;
    }
    ask.cx.touched(name.arn());
    Ok(json!({}))
}

/// Takes tags away; one that is not there is no error.
pub(super) fn remove(ask: &mut Ask<'_, '_>) -> Result<Value, Refusal> {
    let name = ask.customer_key("KeyId", Takes::Own)?;
    let keys: Vec<&str> = ask.list("TagKeys").iter().filter_map(Value::as_str).collect();
    keys.iter().try_for_each(|key| check_key(key))?;
    if let Some(key) = ask.state.key_mut(&name) {
        key.tags.retain(|tag, _| !keys.contains(&tag.as_str()));
    }
    ask.cx.touched(name.arn());
    Ok(json!({}))
}

pub(super) fn list(ask: &mut Ask<'_, '_>) -> Result<Value, Refusal> {
    let name = ask.key("KeyId", Takes::Own)?;
    let window = page::window(ask, 50, 50)?;
    let tags = ask.held(&name)?.tags.iter();
    let tags = tags.map(|(key, value)| (key.clone(), json!({ "TagKey": key, "TagValue": value })));
    Ok(page::answer(ask, &window, "Tags", tags))
}

fn check_key(key: &str) -> Result<(), Refusal> {
    match (is_reserved(key), key.chars().all(is_allowed)) {
        (true, _) => Err(bad("Tags beginning with aws: are reserved")),
        (false, true) => Ok(()),
        (false, false) => Err(bad("Tag keys may hold letters, digits, spaces and _ . : / = + - @ only")),
    }
}

/// Tags of AWS's own, in upper or lower case: read, never written.
fn is_reserved(key: &str) -> bool {
    key.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("aws:"))
}

fn is_allowed(c: char) -> bool {
    c.is_alphanumeric() || c == ' ' || "_.:/=+-@".contains(c)
}

fn bad(message: &str) -> Refusal {
    Refusal::new("TagException").message(message)
}
