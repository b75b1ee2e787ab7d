//! Documents as text, with the freedom that JSON leaves.

use serde_json::{Value, json};

/// Writes a document as people do: white space, the order of the members, and characters by their numbers.
pub(crate) fn written(document: &Value, seed: u64) -> String {
    let mut text = String::new();
    write(document, &mut fastrand::Rng::with_seed(seed), &mut text);
    text
}

fn write(value: &Value, random: &mut fastrand::Rng, text: &mut String) {
    let space = |random: &mut fastrand::Rng| ["", "", "", " ", "\n  ", "\t", "\r\n"][random.usize(..7)];
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            random.shuffle(&mut members);
            text.push('{');
            for (at, (name, member)) in members.into_iter().enumerate() {
                text.push_str(if at > 0 { "," } else { "" });
                text.push_str(space(random));
                text.push_str(&json!(name).to_string());
                text.push_str(space(random));
                text.push(':');
                text.push_str(space(random));
                write(member, random, text);
            }
            text.push_str(space(random));
            text.push('}');
        }
        Value::Array(values) => {
            text.push('[');
            for (at, value) in values.iter().enumerate() {
                text.push_str(if at > 0 { "," } else { "" });
                text.push_str(space(random));
                write(value, random, text);
            }
            text.push_str(space(random));
            text.push(']');
        }
        Value::String(string) if random.u8(..8) == 0 => {
            let escaped = json!(string).to_string().replace('/', "\\/");
            text.push_str(&if random.bool() { escaped.replace('-', "\\u002d") } else { escaped });
        }
        other => text.push_str(&other.to_string()),
    }
}
