//! What reaches a service, and how it refuses.

use jiff::Timestamp;
use regionmig_core::End;
use serde_json::Value;

/// The code of everything that the world does not carry.
const UNKNOWN: &str = "NotInThisWorld";

/// A request as a service of the world sees it: signed, decoded, allowed by every fault.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Call {
    /// The service by its signing name, such as `kms`, `sts`, `tagging` or `dynamodb`.
    pub service: String,
    /// The operation, such as `CreateKey`.
    pub operation: String,
    /// The input: the JSON body, or the parameters of a query as an object.
    pub body: Value,
    /// The account and region that the request is for.
    pub end: End,
    /// The ARN of the caller.
    pub caller: String,
    /// The world's time when the request is executed.
    pub at: Timestamp,
    /// The id of the request; the answer carries it too.
    pub request_id: String,
}

impl Call {
    /// Returns service and operation as a policy writes them: `kms:CreateKey`.
    pub fn action(&self) -> String {
        format!("{}:{}", self.service, self.operation)
    }

    /// Returns a text of the input; `None` if it is absent or no text.
    pub fn text(&self, member: &str) -> Option<&str> {
        self.body.get(member)?.as_str()
    }
}

/// Why a service did not do what it was asked for.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Refusal {
    /// The error's code, such as `NotFoundException`.
    pub code: String,
    /// What a person may read. Never decides anything.
    pub message: String,
    /// The HTTP status.
    pub status: u16,
}

impl Refusal {
    /// Refuses with `code`, status 400 and no message.
    pub fn new(code: impl Into<String>) -> Self {
        Self { code: code.into(), message: String::new(), status: 400 }
    }

    /// Refuses loudly, by name, what the service does not carry: status 501, which no client repeats.
    pub fn unknown(operation: &str) -> Self {
        let message = format!("this world does not carry the operation `{operation}`");
        Self { code: UNKNOWN.to_owned(), message, status: 501 }
    }

    /// Names the service, too, in what it does not carry.
    pub(crate) fn named(self, call: &Call) -> Self {
        match self.code == UNKNOWN {
            true => Self::unknown(&call.action()),
            false => self,
        }
    }

    /// Sets the message.
    #[must_use]
    pub fn message(self, message: impl Into<String>) -> Self {
        Self { message: message.into(), ..self }
    }

    /// Sets the HTTP status.
    #[must_use]
    pub fn status(self, status: u16) -> Self {
        Self { status, ..self }
    }
}
