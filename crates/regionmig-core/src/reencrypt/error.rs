//! How re-encrypting fails.

use std::io;

use super::message::MessageError;
use crate::error::{BoxError, Classify, ErrorKind, ErrorReport};

/// One item, or one message, was not re-encrypted. Of what it held, nothing is in here.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReencryptError {
    /// It was to stop before this item was begun.
    #[error("stopped before it was begun: run it again")]
    Cancelled,
    /// A value of the encryption context names something that has no counterpart yet.
    #[error(
        "the encryption context cannot be rewritten: {name} names {value}, which has no counterpart; map it, or keep the context"
    )]
    Context {
        /// The name of the pair.
        name: String,
        /// Its value.
        value: String,
    },
    /// It could not be opened.
    #[error("decrypting failed")]
    Decrypt {
        /// What can be kept of the error.
        report: Box<ErrorReport>,
        /// The end's own error.
        source: BoxError,
    },
    /// It could not be encrypted anew.
    #[error("encrypting failed")]
    Encrypt {
        /// What can be kept of the error.
        report: Box<ErrorReport>,
        /// The end's own error.
        source: BoxError,
    },
    /// A service that opens and encrypts in one did not do so.
    #[error("re-encrypting failed")]
    Exchange {
        /// What can be kept of the error.
        report: Box<ErrorReport>,
        /// The service's own error.
        source: BoxError,
    },
    /// The input could not be read.
    #[error("the input could not be read")]
    Input(#[source] io::Error),
    /// The message is not one that can be re-encrypted.
    #[error("the message was refused")]
    Message(#[from] MessageError),
    /// The output could not be written, committed or aborted.
    #[error("the output could not be {attempted}")]
    Output {
        /// What was attempted: `written`, `committed`, `aborted`.
        attempted: &'static str,
        /// What kind of failure.
        kind: ErrorKind,
        /// The output's own error.
        source: BoxError,
    },
    /// The result does not hold what the item held. It must not be used.
    #[error(
        "what was encrypted does not decrypt to what was decrypted: nothing was committed; try it again, and report it if it fails so again"
    )]
    Unequal,
}

impl ReencryptError {
    pub(super) fn decrypt(error: impl Classify) -> Self {
        Self::Decrypt { report: Box::new(ErrorReport::new(&error)), source: Box::new(error) }
    }

    pub(super) fn encrypt(error: impl Classify) -> Self {
        Self::Encrypt { report: Box::new(ErrorReport::new(&error)), source: Box::new(error) }
    }

    /// Says why an [`Exchange`](super::Exchange) that does both in one failed.
    pub fn exchange(error: impl Classify) -> Self {
        Self::Exchange { report: Box::new(ErrorReport::new(&error)), source: Box::new(error) }
    }

    pub(super) fn output(attempted: &'static str, error: impl Classify) -> Self {
        Self::Output { attempted, kind: error.kind(), source: Box::new(error) }
    }

    /// Returns the kind, by which a caller decides what becomes of the item.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Cancelled => ErrorKind::Cancel,
            Self::Decrypt { report, .. } | Self::Encrypt { report, .. } | Self::Exchange { report, .. } => report.kind,
            Self::Output { kind, .. } => *kind,
            Self::Input(_) => ErrorKind::Unavailable,
            Self::Message(error) => error.kind(),
            Self::Context { .. } => ErrorKind::Invalid,
            Self::Unequal => ErrorKind::Unexpected,
        }
    }
}

impl Classify for ReencryptError {
    fn kind(&self) -> ErrorKind {
        self.kind()
    }

    fn report(&self) -> Option<&ErrorReport> {
        match self {
            Self::Decrypt { report, .. } | Self::Encrypt { report, .. } | Self::Exchange { report, .. } => Some(report),
            _ => None,
        }
    }
}
