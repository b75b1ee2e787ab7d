//! An output that is kept in memory.

use std::convert::Infallible;

use super::Output;

/// Keeps a message in memory, and gives it back when it is committed.
#[derive(Debug, Default)]
pub struct MemoryOutput(Vec<u8>);

impl MemoryOutput {
    /// Makes an empty one.
    pub const fn new() -> Self {
        Self(Vec::new())
    }
}

impl Output for MemoryOutput {
    type Error = Infallible;
    type Committed = Vec<u8>;

    async fn write(&mut self, piece: &[u8]) -> Result<(), Infallible> {
        self.0.extend_from_slice(piece);
        Ok(())
    }

    async fn commit(self) -> Result<Vec<u8>, Infallible> {
        Ok(self.0)
    }

    async fn abort(self) -> Result<(), Infallible> {
        Ok(())
    }
}
