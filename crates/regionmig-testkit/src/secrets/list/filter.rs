//! Filters of secrets (user guide, "Find secrets").

use serde_json::Value;

use super::super::secret::Secret;
use super::super::store::SecretName;

/// Tells whether a secret is what one filter asks for: any of its values, of which one after `!` must not be there.
pub(super) fn holds(filter: &Value, name: &SecretName, secret: &Secret) -> bool {
    let key = filter["Key"].as_str().unwrap_or("all");
    let held = held(key, name, secret);
    let values = filter["Values"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let begins = |text: &str, value: &str| match key {
        "all" | "description" => text.to_lowercase().starts_with(&value.to_lowercase()),
        _ => text.starts_with(value),
    };
    let is_there = |value: &str| held.iter().any(|text| begins(text, value));
    let fits = |value: &str| match value.strip_prefix('!') {
        Some(value) => !is_there(value),
        None => is_there(value),
    };
    match key {
        "all" => values.flat_map(str::split_whitespace).any(fits),
        _ => values.into_iter().any(fits),
    }
}

/// Returns what a filter of this key looks at.
fn held<'s>(key: &str, name: &'s SecretName, secret: &'s Secret) -> Vec<&'s str> {
    let description = || secret.description.as_deref();
    let region = || secret.primary.as_ref().or_else(|| (!secret.replicas.is_empty()).then_some(&name.end.region));
    match key {
        "name" => vec![name.name.as_str()],
        "description" => description().into_iter().collect(),
        "tag-key" => secret.tags.keys().map(String::as_str).collect(),
        "tag-value" => secret.tags.values().map(String::as_str).collect(),
        "primary-region" => region().map(regionmig_core::Region::as_str).into_iter().collect(),
        "owning-service" => secret.owner.as_deref().into_iter().collect(),
        _ => {
            let texts = [Some(name.name.as_str()), description(), secret.owner.as_deref()];
            let tags = secret.tags.iter().flat_map(|(key, value)| [key.as_str(), value.as_str()]);
            let texts = texts.into_iter().flatten().chain(tags);
            texts.flat_map(|text| std::iter::once(text).chain(text.split_whitespace())).collect()
        }
    }
}
