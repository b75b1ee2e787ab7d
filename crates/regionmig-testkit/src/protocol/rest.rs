//! restJson1: the operation is method and path. The world knows the few paths it carries; for a service that a user plugs in the
//! operation is `POST /path` as it stands.

use http::request::Parts;
use serde_json::{Value, json};

use super::{header, json};
use crate::call::Refusal;

pub(super) fn read(parts: &Parts, body: &[u8]) -> Result<(String, Value), Refusal> {
    if let Some(protocol) = header(parts, "smithy-protocol") {
        return Err(Refusal::unknown(&format!("{} in the protocol {protocol}", parts.uri.path())));
    }
    let operation = match (parts.method.as_str(), parts.uri.path()) {
        ("POST", "/getRegionOptStatus") => "GetRegionOptStatus".to_owned(),
        (method, path) => format!("{method} {path}"),
    };
    Ok((operation, json::parse(body)?))
}

pub(super) fn write(answer: &Result<Value, Refusal>) -> (u16, Vec<(&'static str, String)>, String) {
    let mut headers = vec![("content-type", "application/json".to_owned())];
    match answer {
        Ok(body) => (200, headers, body.to_string()),
        Err(refusal) => {
            headers.push(("x-amzn-errortype", refusal.code.clone()));
            (refusal.status, headers, json!({ "message": refusal.message }).to_string())
        }
    }
}
