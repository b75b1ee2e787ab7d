//! Where one message goes.

mod file;
mod memory;

pub use file::{FileOutput, OutputError};
pub use memory::MemoryOutput;

use crate::error::Classify;

/// Where one message goes. Nothing of it counts before it is committed: whether what it was made from is authentic is known at the end
/// only. A multipart upload is one.
///
/// The calls come in this order: `begin` once, `write` any number of times, then `commit` or `abort`. `abort` alone comes where the input
/// was refused before anything began. One that is dropped before either has been cancelled, and nothing of it may count.
pub trait Output: Send {
    /// How it fails.
    type Error: Classify;
    /// What a committed output is known by: nothing, a version, the bytes themselves.
    type Committed: Send;

    /// Begins, once the input has shown to be a message that the source's keys open. An input that is none leaves no trace.
    ///
    /// # Errors
    ///
    /// Fails if nothing can be written there.
    fn begin(&mut self) -> impl Future<Output = Result<(), Self::Error>> + Send {
        async { Ok(()) }
    }

    /// Takes the next piece, of at most some hundred KiB or one frame.
    ///
    /// # Errors
    ///
    /// Fails if it may have been lost.
    fn write(&mut self, piece: &[u8]) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Makes all pieces count, at once.
    ///
    /// # Errors
    ///
    /// Fails if they may not.
    fn commit(self) -> impl Future<Output = Result<Self::Committed, Self::Error>> + Send;

    /// Makes no piece count.
    ///
    /// # Errors
    ///
    /// Fails if some may be left lying about.
    fn abort(self) -> impl Future<Output = Result<(), Self::Error>> + Send;
}
