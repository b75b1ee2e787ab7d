//! Why a message is refused.

use super::suite::Suite;
use crate::error::{Classify, ErrorKind};

/// Why a message is refused. Nothing of it has been committed anywhere.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MessageError {
    /// The message says that its key is another one. It opens to something else under that.
    #[error(
        "it commits to another data key than the one that was opened: somebody made it open to two plaintexts; do not trust it"
    )]
    Commitment,
    /// A pair of the encryption context is not what was expected.
    #[error("its encryption context has another value of `{name}` than the one that was given")]
    Context {
        /// The name of the pair.
        name: String,
    },
    /// A context or a data key cannot be written: a length has two bytes.
    #[error("{what} would take {found} bytes or more, and a message has room for 65,535")]
    DoesNotFit {
        /// What it is.
        what: &'static str,
        /// How many.
        found: usize,
    },
    /// The data key has another length than the suite wants.
    #[error("the data key has {found} bytes, and suite {suite} wants {}", suite.data_key_length())]
    DataKey {
        /// The suite.
        suite: Suite,
        /// How many bytes it has.
        found: usize,
    },
    /// A frame, or a body that is not framed, is not authentic.
    #[error("frame {sequence} is not authentic: it was changed after it was encrypted")]
    Frame {
        /// Its number, from 1.
        sequence: u32,
    },
    /// Its suite does not commit to a key, and only such are taken.
    #[error(
        "its suite {suite} does not commit to its key, and `MessageOptions::requiring_commitment` takes no such message"
    )]
    NotCommitting {
        /// The suite.
        suite: Suite,
    },
    /// The header is not authentic.
    #[error(
        "its header is not authentic: it was changed, or pairs of the encryption context that it does not store were not given"
    )]
    Header,
    /// A field has a value that it cannot have.
    #[error("{part} {why}")]
    Malformed {
        /// Which field.
        part: &'static str,
        /// What is wrong with it.
        why: &'static str,
    },
    /// It is something else.
    #[error("it is no message of the Encryption SDK: {found}")]
    NotAMessage {
        /// What it looks like, and what to do about it.
        found: &'static str,
    },
    /// A cryptographic operation failed that cannot fail.
    #[error("{attempted} failed: try it again")]
    Primitive {
        /// What was attempted.
        attempted: &'static str,
    },
    /// A frame is missing, or in another's place.
    #[error("frame {found} stands where frame {expected} belongs")]
    Sequence {
        /// The number that belongs there.
        expected: u32,
        /// The one that is there.
        found: u32,
    },
    /// What was signed is not what is there.
    #[error("its signature does not fit: it was changed after it was encrypted, or signed by somebody else")]
    Signature,
    /// It asks for more than it may.
    #[error("{what}: it has {found}, and {limit} are taken; raise `{name}` if you trust it")]
    TooLarge {
        /// What it has too much of.
        what: &'static str,
        /// What is to be raised.
        name: &'static str,
        /// How much it has, or claims.
        found: u64,
        /// The limit.
        limit: u64,
    },
    /// It would take more frames than there are numbers.
    #[error("it takes more frames than there are numbers: give a greater frame length")]
    TooManyFrames,
    /// There is something after its end.
    #[error("there are bytes after its end")]
    Trailing,
    /// It ends before it is whole.
    #[error("it ends within {part}")]
    Truncated {
        /// What it ends within.
        part: &'static str,
    },
    /// Its suite is none that messages have.
    #[error("its algorithm suite {id:04x} is none of the Encryption SDK's")]
    UnknownSuite {
        /// The suite's number.
        id: u16,
    },
    /// It was written by a release of ESDK-NET that authenticated something else than the format says.
    #[error(
        "it is not corrupt: ESDK-NET 4.0.0 wrote it, whose headers authenticate something else than the format says; read it with \
         `MessageOptions::accepting_net_4_0_0`"
    )]
    WrittenByNet400,
}

impl MessageError {
    /// Returns the kind.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Primitive { .. } => ErrorKind::Unexpected,
            Self::WrittenByNet400 => ErrorKind::Unsupported,
            _ => ErrorKind::Invalid,
        }
    }

    pub(super) const fn primitive(attempted: &'static str) -> Self {
        Self::Primitive { attempted }
    }

    pub(super) const fn malformed(part: &'static str, why: &'static str) -> Self {
        Self::Malformed { part, why }
    }
}

impl Classify for MessageError {
    fn kind(&self) -> ErrorKind {
        self.kind()
    }
}
