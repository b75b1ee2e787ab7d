//! Tags of secrets.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::ask::{Ask, invalid};
use crate::call::Refusal;

/// How many tags a secret may have; AWS's own do not count.
const MOST: usize = 50;

/// Reads and checks the `Tags` of a request.
pub(super) fn asked(ask: &Ask<'_, '_, '_>) -> Result<BTreeMap<String, String>, Refusal> {
    let mut tags = BTreeMap::new();
    for tag in ask.list("Tags") {
        let (Some(key), value) = (tag["Key"].as_str(), tag["Value"].as_str().unwrap_or_default()) else { continue };
        check(key)?;
        if tags.insert(key.to_owned(), value.to_owned()).is_some() {
            return Err(invalid(format!("The tag key {key} is there twice.")));
        }
    }
    fits(&tags).map(|()| tags)
}

pub(super) fn put(ask: &mut Ask<'_, '_, '_>) -> Result<Value, Refusal> {
    let name = ask.primary()?;
    let mut tags = ask.held(&name)?.tags.clone();
    tags.extend(asked(ask)?);
    fits(&tags)?;
    ask.change(&name, |secret, _| secret.tags = tags)?;
    Ok(json!({}))
}

/// Takes tags away; one that is not there is no error.
pub(super) fn remove(ask: &mut Ask<'_, '_, '_>) -> Result<Value, Refusal> {
    let name = ask.primary()?;
    let keys: Vec<&str> = ask.list("TagKeys").iter().filter_map(Value::as_str).collect();
    keys.iter().try_for_each(|key| check(key))?;
    ask.change(&name, |secret, _| secret.tags.retain(|tag, _| !keys.contains(&tag.as_str())))?;
    Ok(json!({}))
}

fn fits(tags: &BTreeMap<String, String>) -> Result<(), Refusal> {
    match tags.keys().filter(|key| !is_reserved(key)).count() > MOST {
        true => Err(invalid(format!("A secret can have no more than {MOST} tags."))),
        false => Ok(()),
    }
}

fn check(key: &str) -> Result<(), Refusal> {
    match is_reserved(key) {
        true => Err(invalid("Tag keys that begin with aws: are reserved for AWS.")),
        false => Ok(()),
    }
}

fn is_reserved(key: &str) -> bool {
    key.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("aws:"))
}
