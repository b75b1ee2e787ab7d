//! What is secret in a secret.

use std::fmt;

use serde_json::Value;

use super::ask::{Ask, base64, invalid};
use crate::call::Refusal;

/// A secret value. No output shows it.
#[derive(Clone, Eq, PartialEq)]
pub(super) enum Content {
    Binary(Vec<u8>),
    Text(String),
}

impl Content {
    /// Reads the value of a request; `None` if it brings none.
    pub(super) fn asked(ask: &Ask<'_, '_, '_>) -> Result<Option<Self>, Refusal> {
        match (ask.blob("SecretBinary"), ask.text("SecretString")) {
            (Some(_), Some(_)) => {
                Err(invalid("You can't specify both a binary secret value and a string secret value."))
            }
            (Some(bytes), None) => Ok(Some(Self::Binary(bytes))),
            (None, Some(text)) => Ok(Some(Self::Text(text.to_owned()))),
            (None, None) => Ok(None),
        }
    }

    /// Puts the value into an answer, under its own name.
    pub(super) fn write(&self, answer: &mut Value) {
        match self {
            Self::Binary(bytes) => answer["SecretBinary"] = base64(bytes),
            Self::Text(text) => answer["SecretString"] = Value::from(text.as_str()),
        }
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Binary(_) => "Binary(..)",
            Self::Text(_) => "Text(..)",
        })
    }
}
