//! Why a document cannot be rewritten.

use crate::error::BoxError;

/// A document is not what it should be. Nothing of it is rewritten.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RewriteError {
    /// It is JSON, and not of the kind.
    #[error("rewriting a {what}: at `{at}`, line {line}, column {column}: {why}")]
    Malformed {
        /// What it should be.
        what: &'static str,
        /// Where, as a JSON pointer (RFC 6901); empty for the whole.
        at: String,
        /// The line, from 1.
        line: usize,
        /// The column, from 1, in characters.
        column: usize,
        /// What is wrong.
        why: String,
    },
    /// It is not JSON, or nested too deeply. The cause says where.
    #[error("rewriting a document that is not JSON")]
    NotJson {
        /// What is wrong, and at which line and column.
        source: BoxError,
    },
    /// It is longer than any that AWS takes.
    #[error("rewriting a document of {has} bytes: no service takes more than {most}")]
    TooLong {
        /// Its length in bytes.
        has: usize,
        /// The longest that is read, in bytes.
        most: usize,
    },
    /// An object has two members of one name: services differ in which of them counts.
    #[error("rewriting a document that says `{at}` twice: remove one of them")]
    Twice {
        /// Where the second one is, as a JSON pointer (RFC 6901).
        at: String,
    },
}
