//! The wire: from an HTTP request to an operation and its input, and back.

mod json;
mod query;
mod rest;
mod signature;

use bytes::Bytes;
use http::request::Parts;
use jiff::Timestamp;
use serde_json::Value;

use crate::call::Refusal;

pub(crate) use signature::Signature;

/// How a request is written, so that the answer can be written the same way.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Protocol {
    /// awsJson; holds the content type, which says which version.
    Json(String),
    /// awsQuery, answered in XML; holds the version of the API.
    Query(String),
    /// restJson1.
    Rest,
}

/// A request, taken apart but not judged yet.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) protocol: Protocol,
    pub(crate) signature: Signature,
    pub(crate) operation: String,
    pub(crate) body: Value,
}

/// An answer as HTTP has it.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Bytes,
}

impl Asked {
    /// Takes a request apart.
    ///
    /// # Errors
    ///
    /// Refuses, in the way the request is written as far as that can be told, what bears no signature or is not understood.
    pub(crate) fn read(parts: &Parts, body: &[u8]) -> Result<Self, (Protocol, Refusal)> {
        let protocol = Protocol::of(parts);
        let read = || {
            let (operation, body) = match &protocol {
                Protocol::Json(_) => json::read(parts, body)?,
                Protocol::Query(_) => query::read(body)?,
                Protocol::Rest => rest::read(parts, body)?,
            };
            Ok((Signature::read(parts)?, operation, body))
        };
        match read() {
            Ok((signature, operation, body)) => {
                let protocol = protocol.versioned(&body);
                Ok(Self { protocol, signature, operation, body })
            }
            Err(refusal) => Err((protocol, refusal)),
        }
    }
}

impl Protocol {
    fn of(parts: &Parts) -> Self {
        let content_type = header(parts, "content-type").unwrap_or_default();
        if header(parts, "x-amz-target").is_some() {
            Self::Json(content_type.to_owned())
        } else if content_type.starts_with("application/x-www-form-urlencoded") {
            Self::Query(String::new())
        } else {
            Self::Rest
        }
    }

    fn versioned(self, body: &Value) -> Self {
        match self {
            Self::Query(_) => Self::Query(body["Version"].as_str().unwrap_or_default().to_owned()),
            other => other,
        }
    }

    /// Writes what a service answered.
    pub(crate) fn reply(&self, operation: &str, answer: &Result<Value, Refusal>, stamp: &Stamp<'_>) -> Reply {
        let (status, mut headers, body) = match (self, answer) {
            (Self::Json(kind), answer) => json::write(kind, answer),
            (Self::Query(version), answer) => query::write(operation, version, answer, stamp.request_id),
            (Self::Rest, answer) => rest::write(answer),
        };
        headers.push(("x-amzn-requestid", stamp.request_id.to_owned()));
        headers.push(("date", stamp.at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()));
        Reply { status, headers, body: body.into() }
    }

    /// The signature cannot be right, because it is too old or from the future.
    pub(crate) fn skewed(&self, message: String) -> Refusal {
        match self {
            Self::Json(_) => Refusal::new("InvalidSignatureException").message(message),
            Self::Query(_) => Refusal::new("SignatureDoesNotMatch").message(message).status(403),
            Self::Rest => Refusal::new("InvalidSignatureException").message(message).status(403),
        }
    }

    /// The credentials belong to nobody who may use this region.
    pub(crate) fn unrecognized(&self) -> Refusal {
        let refusal = match self {
            Self::Json(_) => Refusal::new("UnrecognizedClientException"),
            Self::Query(_) => Refusal::new("InvalidClientTokenId").status(403),
            Self::Rest => Refusal::new("UnrecognizedClientException").status(403),
        };
        refusal.message("The security token included in the request is invalid.")
    }

    /// The credentials have expired.
    pub(crate) fn expired(&self) -> Refusal {
        let refusal = match self {
            Self::Json(_) => Refusal::new("ExpiredTokenException"),
            Self::Query(_) => Refusal::new("ExpiredToken").status(403),
            Self::Rest => Refusal::new("ExpiredTokenException").status(403),
        };
        refusal.message("The security token included in the request is expired")
    }

    /// The caller lacks a permission.
    pub(crate) fn denied(&self, caller: &str, action: &str) -> Refusal {
        let refusal = match self {
            Self::Json(_) => Refusal::new("AccessDeniedException"),
            Self::Query(_) => Refusal::new("AccessDenied").status(403),
            Self::Rest => Refusal::new("AccessDeniedException").status(403),
        };
        refusal.message(format!("User: {caller} is not authorized to perform: {action}"))
    }

    /// There were too many requests. The JSON services say so with 400; AWS has all of 400, 429 and 503.
    pub(crate) fn throttled(&self, status: u16) -> Refusal {
        let code = match (self, status) {
            (Self::Query(_), _) => "Throttling",
            (_, 429) => "TooManyRequestsException",
            _ => "ThrottlingException",
        };
        Refusal::new(code).message("Rate exceeded").status(status)
    }

    /// The service itself has failed.
    pub(crate) fn failed(&self, service: &str, status: u16) -> Refusal {
        let code = match (service, status) {
            ("kms", 500) => "KMSInternalException",
            ("secretsmanager", 500) => "InternalServiceError",
            (_, 500) if matches!(self, Self::Query(_)) => "InternalFailure",
            (_, 500) => "InternalServerError",
            _ => "ServiceUnavailable",
        };
        Refusal::new(code).message("The service has failed.").status(status)
    }
}

/// What every answer carries.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stamp<'a> {
    pub(crate) request_id: &'a str,
    pub(crate) at: Timestamp,
}

fn header<'a>(parts: &'a Parts, name: &str) -> Option<&'a str> {
    parts.headers.get(name)?.to_str().ok()
}
