//! awsJson 1.0 and 1.1: the operation is a header, everything else JSON.

use http::request::Parts;
use serde_json::{Value, json};

use super::header;
use crate::call::Refusal;

type Headers = Vec<(&'static str, String)>;

pub(super) fn read(parts: &Parts, body: &[u8]) -> Result<(String, Value), Refusal> {
    let target = header(parts, "x-amz-target").unwrap_or_default();
    let operation = target.rsplit('.').next().unwrap_or(target);
    Ok((operation.to_owned(), parse(body)?))
}

pub(super) fn write(content_type: &str, answer: &Result<Value, Refusal>) -> (u16, Headers, String) {
    let headers = vec![("content-type", content_type.to_owned())];
    match answer {
        Ok(Value::Null) => (200, headers, String::new()),
        Ok(body) => (200, headers, body.to_string()),
        Err(refusal) => {
            let body = json!({ "__type": refusal.code, "message": refusal.message });
            (refusal.status, headers, body.to_string())
        }
    }
}

/// Reads a body; one that is empty is an empty object.
pub(super) fn parse(body: &[u8]) -> Result<Value, Refusal> {
    match body {
        [] => Ok(json!({})),
        body => serde_json::from_slice(body)
            .map_err(|error| Refusal::new("SerializationException").message(format!("no JSON: {error}"))),
    }
}
