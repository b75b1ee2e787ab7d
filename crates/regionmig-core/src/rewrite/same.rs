//! When two policies say the same.

use serde_json::{Map, Value};

use crate::digest::Digest;

/// Returns the digest of what a policy says, whatever way it is written: see [`canonical`].
pub fn digest(text: &str) -> Digest {
    Digest::of(canonical(text))
}

/// Writes a policy in one of the many ways that say the same, so that two that do are equal: members and lists in order, a
/// single value as a list, an account's root by its number. What is no JSON is left as it is.
pub fn canonical(text: &str) -> String {
    let Ok(policy) = serde_json::from_str::<Value>(text) else { return text.to_owned() };
    ordered(&policy, "").to_string()
}

fn ordered(value: &Value, name: &str) -> Value {
    match value {
        Value::Object(members) => {
            let mut sorted: Vec<(&String, &Value)> = members.iter().collect();
            sorted.sort_by_key(|(name, _)| *name);
            let members = sorted.into_iter().map(|(name, value)| (name.clone(), member(name, value)));
            Value::Object(members.collect::<Map<_, _>>())
        }
        Value::Array(items) => {
            let mut items: Vec<Value> = items.iter().map(|item| ordered(item, name)).collect();
            items.sort_by_cached_key(Value::to_string);
            items.dedup();
            Value::Array(items)
        }
        // Conditions may have `true` or `"true"`.
        Value::Bool(_) | Value::Number(_) => Value::String(value.to_string()),
        Value::String(text) if name == "AWS" => Value::String(account_of(text).unwrap_or(text).to_owned()),
        Value::String(_) | Value::Null => value.clone(),
    }
}

/// A member that may be one thing or a list of them becomes a list.
fn member(name: &str, value: &Value) -> Value {
    let single = matches!(name, "Version" | "Id" | "Sid" | "Effect");
    match value {
        Value::Array(_) => ordered(value, name),
        Value::Object(_) if name != "Statement" => ordered(value, name),
        _ if single => value.clone(),
        _ => Value::Array(vec![ordered(value, name)]),
    }
}

/// Returns the account whose root a principal is. Services take an account's number and show the ARN of its root.
fn account_of(principal: &str) -> Option<&str> {
    let (_, account) = principal.strip_suffix(":root")?.rsplit_once(":iam::")?;
    Some(account)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_that_say_the_same_are_equal() {
        let plain = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"111122223333"},
            "Action":["kms:A","kms:B"],"Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"}}}]}"#;
        let same = r#"{"Statement":{"Principal":{"AWS":["arn:aws:iam::111122223333:root"]},"Resource":["*"],"Effect":"Allow",
            "Action":["kms:B","kms:A","kms:A"],"Condition":{"Bool":{"aws:SecureTransport":[true]}}},
            "Version":"2012-10-17"}"#;
        assert_eq!(canonical(plain), canonical(same));
        assert_eq!(digest(plain), digest(same));
        for other in [
            plain.replace("kms:B", "kms:C"),
            plain.replace("Allow", "Deny"),
            plain.replace("\"true\"", "\"false\""),
            plain.replace("2012-10-17", "2008-10-17"),
            plain.replace("\"Resource\"", "\"NotResource\""),
            plain.replace("111122223333", "444455556666"),
        ] {
            assert_ne!(canonical(plain), canonical(&other), "{other}");
        }
        assert_eq!(canonical("no policy"), "no policy");
    }
}
