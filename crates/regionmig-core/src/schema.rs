//! Stored values: read by the version that wrote them, and by later ones.
//!
//! What is missing takes its default, if it has one. What says more than was understood is
//! refused: overlooking it might do something else than was planned.

use std::fmt;

use serde::de::{DeserializeOwned, Visitor};
use serde::{Deserializer, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::error::{BoxError, Error};
use crate::service::Service;

/// Reads a stored value, and refuses to overlook anything in it.
pub(crate) fn read<T: DeserializeOwned + Serialize>(service: &str, what: &'static str, json: &str) -> Result<T, Error> {
    // Nearly always it is what this version would write, and nothing can have been overlooked.
    if let Ok(read) = serde_json::from_str::<T>(json)
        && serde_json::to_string(&read).is_ok_and(|again| again == json)
    {
        return Ok(read);
    }
    let schema = |source: BoxError| Error::Schema { service: service.to_owned(), what, source };
    let stored: Value = serde_json::from_str(json).map_err(|error| schema(error.into()))?;
    let read = T::deserialize(&stored).map_err(|error| schema(error.into()))?;
    let again = serde_json::to_value(&read).map_err(|error| schema(error.into()))?;
    match overlooked(&again, &stored, String::new()) {
        None => Ok(read),
        Some(at) => Err(schema(format!("it says more than this version understands, at `{at}`").into())),
    }
}

pub(crate) fn read_step<S: Service>(service: &S, json: &str) -> Result<S::Step, Error> {
    read(service.name(), "step", json)
}

pub(crate) fn write<T: Serialize>(service: &str, what: &'static str, value: &T) -> Result<Box<RawValue>, Error> {
    serde_json::value::to_raw_value(value).map_err(|error| unwritten(service, what, error))
}

/// Says that a value has no JSON.
pub(crate) fn unwritten(service: &str, what: &'static str, error: serde_json::Error) -> Error {
    Error::Schema { service: service.to_owned(), what, source: error.into() }
}

/// Reads what is stored as a text, without a copy of it that is thrown away: a plan has very many.
///
/// # Errors
///
/// Fails if what is stored is no text, or one that `parse` refuses.
pub fn read_text<'de, D, T, E>(deserializer: D, parse: fn(&str) -> Result<T, E>) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    E: fmt::Display,
{
    deserializer.deserialize_str(Text(parse))
}

struct Text<T, E>(fn(&str) -> Result<T, E>);

impl<T, E: fmt::Display> Visitor<'_> for Text<T, E> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<R: serde::de::Error>(self, text: &str) -> Result<T, R> {
        (self.0)(text).map_err(R::custom)
    }
}

/// Returns where `stored` says something that `read` does not. What is new in `read` does not matter.
fn overlooked(read: &Value, stored: &Value, at: String) -> Option<String> {
    match (read, stored) {
        (Value::Object(read), Value::Object(stored)) => stored
            .iter()
            .find_map(|(key, value)| overlooked(read.get(key).unwrap_or(&Value::Null), value, format!("{at}/{key}"))),
        (Value::Array(read), Value::Array(stored)) if read.len() == stored.len() => read
            .iter()
            .zip(stored)
            .enumerate()
            .find_map(|(index, (read, stored))| overlooked(read, stored, format!("{at}/{index}"))),
        _ => (read != stored).then_some(at),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize, PartialEq, Serialize)]
    struct Stored {
        name: String,
        #[serde(default)]
        newer: u32,
        #[serde(default)]
        list: Vec<u32>,
    }

    fn check(json: &str) -> Result<Stored, Error> {
        read("test", "step", json)
    }

    #[test]
    fn a_missing_newer_member_is_its_default() {
        let read = check(r#"{"name":"a"}"#);
        assert!(read.is_ok_and(|read| read == Stored { name: "a".into(), newer: 0, list: Vec::new() }));
    }

    #[test]
    fn what_says_more_than_was_understood_is_refused() {
        for (json, at) in [(r#"{"name":"a","more":1}"#, "/more"), (r#"{"name":"a","list":[1,2],"x":{"y":1}}"#, "/x")] {
            let error = check(json).expect_err("refused");
            assert!(crate::chain(&error).ends_with(&format!("at `{at}`")), "{error:?}");
        }
        assert!(check(r#"{"name":"a","more":null}"#).is_ok(), "says nothing");
        assert!(check(r#"{"newer":1}"#).is_err());
    }
}
