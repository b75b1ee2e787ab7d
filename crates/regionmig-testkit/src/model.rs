//! Checks an input against the service model, and complains in the words that AWS uses.

use std::ops::RangeInclusive;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::call::{Call, Refusal};

/// What a value may be.
#[derive(Debug)]
pub(crate) enum Shape {
    Blob {
        least: usize,
        most: usize,
    },
    Flag,
    List {
        of: &'static Self,
        least: usize,
        most: usize,
    },
    /// From text to text.
    Map,
    Number {
        least: i64,
        most: i64,
    },
    Object(&'static [Member]),
    One(&'static [&'static str]),
    /// A value that no message shows.
    Secret(&'static Self),
    Text {
        least: usize,
        most: usize,
        pattern: Option<&'static Pattern>,
    },
    /// Seconds since 1970.
    Time,
}

impl Shape {
    /// A text of any characters.
    pub(crate) const fn text(least: usize, most: usize) -> Self {
        Self::Text { least, most, pattern: None }
    }
}

/// A regular expression, and what decides whether a text matches it.
#[derive(Debug)]
pub(crate) struct Pattern {
    pub(crate) text: &'static str,
    pub(crate) holds: fn(&str) -> bool,
}

/// A member of an input.
#[derive(Debug)]
pub(crate) struct Member {
    name: &'static str,
    required: bool,
    shape: &'static Shape,
}

/// A member that must be there.
pub(crate) const fn must(name: &'static str, shape: &'static Shape) -> Member {
    Member { name, required: true, shape }
}

/// A member that may be left out.
pub(crate) const fn may(name: &'static str, shape: &'static Shape) -> Member {
    Member { name, required: false, shape }
}

/// Checks the input of `call`, which has these members; the operation is one that the world does not carry if there are none.
pub(crate) fn check(call: &Call, members: Option<&[Member]>) -> Result<(), Refusal> {
    let Some(members) = members else { return Err(Refusal::unknown(&call.action())) };
    let empty = Map::new();
    let body = match &call.body {
        Value::Object(body) => body,
        Value::Null => &empty,
        _ => return Err(misshapen("the input is no object")),
    };
    let mut broken = Vec::new();
    object(body, members, "", &mut broken)?;
    match broken.len() {
        0 => Ok(()),
        1 => Err(invalid(format!("1 validation error detected: {}", broken[0]))),
        n => Err(invalid(format!("{n} validation errors detected: {}", broken.join("; ")))),
    }
}

/// Refuses an input for a rule that stands in no model.
pub(crate) fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new("ValidationException").message(message)
}

fn misshapen(message: impl Into<String>) -> Refusal {
    Refusal::new("SerializationException").message(message)
}

fn object(body: &Map<String, Value>, members: &[Member], path: &str, broken: &mut Vec<String>) -> Result<(), Refusal> {
    // AWS ignores these. Here they mean that the SDK talks a newer model than this world knows.
    if let Some(stranger) = body.keys().find(|name| members.iter().all(|member| member.name != name.as_str())) {
        return Err(misshapen(format!("this world does not know the member `{path}{stranger}`")));
    }
    for member in members {
        let path = format!("{path}{}", lower_first(member.name));
        match body.get(member.name) {
            None | Some(Value::Null) if member.required => {
                broken.push(format!("Value null at '{path}' failed to satisfy constraint: Member must not be null"));
            }
            None | Some(Value::Null) => {}
            Some(value) => shape(value, member.shape, &path, broken)?,
        }
    }
    Ok(())
}

fn shape(value: &Value, shape: &Shape, path: &str, broken: &mut Vec<String>) -> Result<(), Refusal> {
    match (shape, value) {
        (Shape::Object(members), Value::Object(body)) => object(body, members, &format!("{path}."), broken),
        (Shape::List { of, least, most }, Value::Array(items)) => list(items, of, *least..=*most, path, broken),
        (Shape::Map, Value::Object(body)) if body.values().all(Value::is_string) => Ok(()),
        (Shape::Flag, Value::Bool(_)) | (Shape::Time, Value::Number(_)) => Ok(()),
        _ => {
            let Some(wrong) = constraints(value, shape) else {
                return Err(misshapen(format!("the member `{path}` has a value of the wrong type")));
            };
            let shown = shown(value, shape);
            let complaint = |wrong: String| format!("Value{shown} at '{path}' failed to satisfy constraint: {wrong}");
            broken.extend(wrong.into_iter().map(complaint));
            Ok(())
        }
    }
}

/// Lists of objects name the broken member by its place; lists of plain values are shown whole.
fn list(
    items: &[Value],
    of: &Shape,
    lengths: RangeInclusive<usize>,
    path: &str,
    broken: &mut Vec<String>,
) -> Result<(), Refusal> {
    let all = || items.iter().map(|item| item.as_str().unwrap_or_default()).collect::<Vec<_>>().join(", ");
    let bound = match items.len() {
        length if length > *lengths.end() => Some(format!("less than or equal to {}", lengths.end())),
        length if length < *lengths.start() => Some(format!("greater than or equal to {}", lengths.start())),
        _ => None,
    };
    broken.extend(bound.map(|bound| {
        let all = all();
        format!("Value '[{all}]' at '{path}' failed to satisfy constraint: Member must have length {bound}")
    }));
    for (place, item) in items.iter().enumerate() {
        if matches!(of, Shape::Object(_)) {
            shape(item, of, &format!("{path}.{}.member", place + 1), broken)?;
        } else {
            match constraints(item, of) {
                None => return Err(misshapen(format!("the member `{path}` holds a value of the wrong type"))),
                Some(wrong) if wrong.is_empty() => {}
                Some(_) => {
                    let rules = rules(of).join(", ");
                    broken.push(format!(
                        "Value '[{}]' at '{path}' failed to satisfy constraint: Member must satisfy constraint: [{rules}]",
                        all()
                    ));
                    return Ok(());
                }
            }
        }
    }
    Ok(())
}

/// Returns the constraints that `value` breaks; `None` if it is of another type altogether.
fn constraints(value: &Value, shape: &Shape) -> Option<Vec<String>> {
    let rules = rules(shape);
    let holds: Vec<bool> = match (shape, value) {
        (Shape::Blob { least, most }, Value::String(text)) => {
            let length = STANDARD.decode(text).ok()?.len();
            vec![length <= *most, length >= *least]
        }
        (Shape::Number { least, most }, Value::Number(number)) => {
            let number = number.as_i64()?;
            vec![number <= *most, number >= *least]
        }
        (Shape::One(values), Value::String(text)) => vec![values.contains(&text.as_str())],
        (Shape::Text { least, most, pattern }, Value::String(text)) => {
            let length = text.chars().count();
            let mut holds = vec![length <= *most, length >= *least];
            holds.extend(pattern.map(|pattern| (pattern.holds)(text)));
            holds
        }
        (Shape::Secret(shape), value) => return constraints(value, shape),
        _ => return None,
    };
    Some(rules.into_iter().zip(holds).filter(|(_, holds)| !holds).map(|(rule, _)| rule).collect())
}

/// Words the constraints of a plain shape, in the order of [`constraints`].
fn rules(shape: &Shape) -> Vec<String> {
    let length = |least: &usize, most: &usize| {
        vec![
            format!("Member must have length less than or equal to {most}"),
            format!("Member must have length greater than or equal to {least}"),
        ]
    };
    match shape {
        Shape::Blob { least, most } => length(least, most),
        Shape::Text { least, most, pattern } => {
            let mut rules = length(least, most);
            rules.extend(
                pattern.map(|pattern| format!("Member must satisfy regular expression pattern: {}", pattern.text)),
            );
            rules
        }
        Shape::Number { least, most } => vec![
            format!("Member must have value less than or equal to {most}"),
            format!("Member must have value greater than or equal to {least}"),
        ],
        Shape::Secret(shape) => rules(shape),
        Shape::One(values) => vec![format!("Member must satisfy enum value set: [{}]", values.join(", "))],
        Shape::Flag | Shape::List { .. } | Shape::Map | Shape::Object(_) | Shape::Time => Vec::new(),
    }
}

/// Shows a value in a message, after a space; AWS shows nothing of what its model calls sensitive.
fn shown(value: &Value, shape: &Shape) -> String {
    match (shape, value) {
        (Shape::Secret(_), _) => String::new(),
        (Shape::Blob { .. }, Value::String(text)) => {
            let length = STANDARD.decode(text).map_or(0, |bytes| bytes.len());
            format!(" 'java.nio.HeapByteBuffer[pos=0 lim={length} cap={length}]'")
        }
        (_, Value::String(text)) => format!(" '{text}'"),
        (_, other) => format!(" '{other}'"),
    }
}

/// `KeyId` is `keyId` in a message.
fn lower_first(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect()
}
