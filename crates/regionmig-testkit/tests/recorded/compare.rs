//! How a recorded answer is compared with another.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// What the recorder wrote in place of values that no two runs share, besides `<placeholders>`.
const MASKED: [&str; 9] = [
    "ciphertext-blob",
    "datetime",
    "plaintext",
    "private-key-ciphertext-blob",
    "private-key-plaintext",
    "public-key",
    "shared-secret",
    "signature",
    "mac",
];

const NAMELESS: &str = "recorded before answers named the key material, as they do since June 2025";
const FEWER: &str =
    "the message lists the values of an older model, in another order; the world lists those of today's";

/// Why answers of the world differ that are right all the same.
pub(crate) const REASONS: [&str; 2] = [NAMELESS, FEWER];

/// The members of answers since June 2025 that say which material a key was used with.
const MATERIALS: [&str; 3] = ["DestinationKeyMaterialId", "KeyMaterialId", "SourceKeyMaterialId"];

/// With what AWS ends its complaint of a value that is none of a list.
const LIST: &str = "Member must satisfy enum value set: [";

/// Compares the answers of one case: placeholders that are numbered stand for the same text in each of them.
#[derive(Default)]
pub(crate) struct Compare {
    /// Which of the [`REASONS`] it met.
    pub(crate) excused: BTreeSet<&'static str>,
    bound: BTreeMap<String, String>,
}

impl Compare {
    /// Says how an answer differs from the recorded one; `None` if it does not.
    pub(crate) fn differs(&mut self, wanted: &Value, answer: &Value) -> Option<String> {
        match (wanted, answer) {
            (Value::Object(wanted), Value::Object(answer)) => {
                // A member that the SDK makes of the message.
                let left_out = ["ResponseMetadata", "message"];
                let names = |object: &serde_json::Map<String, Value>| -> Vec<String> {
                    object.keys().filter(|name| !left_out.contains(&name.as_str())).cloned().collect()
                };
                let mut answered = names(answer);
                answered.retain(|name| !MATERIALS.contains(&name.as_str()) || wanted.contains_key(name));
                if answered != names(answer) {
                    self.excused.insert(NAMELESS);
                }
                if names(wanted) != answered {
                    return Some(format!("has the members {:?}, not {:?}", names(answer), names(wanted)));
                }
                let status = |object: &serde_json::Map<String, Value>| {
                    object.get("ResponseMetadata").and_then(|metadata| metadata["HTTPStatusCode"].as_u64())
                };
                if status(wanted).is_some() && status(wanted) != status(answer) {
                    return Some(format!("has status {:?}, not {:?}", status(answer), status(wanted)));
                }
                let mut names = names(wanted).into_iter();
                names.find_map(|name| Some(format!("{name}: {}", self.differs(&wanted[&name], &answer[&name])?)))
            }
            (Value::Array(wanted), Value::Array(answer)) if wanted.len() == answer.len() => {
                wanted.iter().zip(answer).find_map(|(wanted, answer)| self.differs(wanted, answer))
            }
            // The recorder read policies as JSON.
            (Value::Object(_), Value::String(text)) => match serde_json::from_str(text) {
                Ok(inner) => self.differs(wanted, &inner),
                Err(_) => Some(format!("is {text}, not {wanted}")),
            },
            (Value::String(wanted), Value::Number(_)) if wanted == "datetime" => None,
            (Value::String(wanted), Value::String(answer)) => {
                let lists = (wanted.split_once(LIST), answer.split_once(LIST));
                if let (Some((before, wanted)), Some((same, answer))) = lists
                    && before == same
                    && wanted != answer
                {
                    self.excused.insert(FEWER);
                    return None;
                }
                let is_same = MASKED.contains(&wanted.as_str()) || self.fits(wanted, answer);
                (!is_same).then(|| format!("is {answer:?}, not {wanted:?}"))
            }
            _ => (wanted != answer).then(|| format!("is {answer}, not {wanted}")),
        }
    }

    /// Tells whether a text is what a pattern with placeholders stands for.
    fn fits(&mut self, wanted: &str, answer: &str) -> bool {
        let Some((before, rest)) = wanted.split_once('<') else { return wanted == answer };
        let (name, after) = rest.split_once('>').unwrap();
        let Some(answer) = answer.strip_prefix(before) else { return false };
        // Up to the next fixed text; placeholders do not touch each other.
        let fixed = after.split('<').next().unwrap_or_default();
        let length = if fixed.is_empty() { Some(answer.len()) } else { answer.find(fixed) };
        let Some((value, rest)) = length.and_then(|length| answer.split_at_checked(length)) else { return false };
        let is_free =
            !name.contains(':') || *self.bound.entry(name.to_owned()).or_insert_with(|| value.to_owned()) == value;
        !value.is_empty() && is_free && self.fits(after, rest)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn placeholders_stand_for_the_same_text_each_time() {
        let mut compare = Compare::default();
        assert_eq!(compare.differs(&json!("arn:<partition>:key/<key-id:1>"), &json!("arn:aws:key/a")), None);
        assert_eq!(compare.differs(&json!("<key-id:1>"), &json!("a")), None);
        assert!(compare.differs(&json!("<key-id:1>"), &json!("b")).is_some());
        assert_eq!(compare.differs(&json!("<key-id:2>"), &json!("b")), None);
    }

    #[test]
    fn members_status_and_texts_count() {
        for (wanted, answer) in [
            (json!({ "a": 1 }), json!({ "a": 1, "b": 2 })),
            (json!({ "a": 1, "b": 2 }), json!({ "a": 1 })),
            (json!({ "Error": { "Code": "A" } }), json!({ "Error": { "Code": "B" } })),
            (
                json!({ "ResponseMetadata": { "HTTPStatusCode": 400 } }),
                json!({ "ResponseMetadata": { "HTTPStatusCode": 200 } }),
            ),
            (json!([1]), json!([1, 2])),
            (json!("<a> is pending import."), json!("x is disabled.")),
        ] {
            assert!(Compare::default().differs(&wanted, &answer).is_some(), "{wanted} {answer}");
        }
        let policy = json!(r#"{"Statement":[]}"#);
        assert_eq!(Compare::default().differs(&json!({ "Statement": [] }), &policy), None);
        assert_eq!(Compare::default().differs(&json!("datetime"), &json!(1.5)), None);
    }
}
