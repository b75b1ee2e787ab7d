//! Why a message is refused.

use crate::error::{Classify, ErrorKind};

/// Why a message is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MessageError {
    /// It ends before it is whole.
    #[error("it ends before it is whole")]
    Truncated,
}

impl MessageError {
    /// Returns the kind.
    pub fn kind(&self) -> ErrorKind {
        ErrorKind::Invalid
    }
}

impl Classify for MessageError {
    fn kind(&self) -> ErrorKind {
        self.kind()
    }
}
