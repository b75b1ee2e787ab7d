//! Where bulk goes that no plan, journal or map should hold.

mod file;

pub use file::FileArchive;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use crate::error::BoxError;

/// Keeps large results, such as three million pairs of users' ids, in numbered parts.
///
/// [`FileArchive`] is one in a folder; a bucket can be another. May hold personal data, never secrets.
#[async_trait]
pub trait Archive: fmt::Debug + Send + Sync {
    /// Stores one part, in place of an earlier one of that number. Durable once this returns.
    ///
    /// # Errors
    ///
    /// Fails if the part may have been lost.
    async fn put(&self, name: &str, part: u64, content: Vec<u8>) -> Result<(), BoxError>;

    /// Returns one part, if there is one.
    ///
    /// # Errors
    ///
    /// Fails if that cannot be found out.
    async fn get(&self, name: &str, part: u64) -> Result<Option<Vec<u8>>, BoxError>;
}

/// So that a caller can keep a hand on it: `migration.archive(Arc::clone(&archive))`.
#[async_trait]
impl<A: Archive + ?Sized> Archive for Arc<A> {
    async fn put(&self, name: &str, part: u64, content: Vec<u8>) -> Result<(), BoxError> {
        (**self).put(name, part, content).await
    }

    async fn get(&self, name: &str, part: u64) -> Result<Option<Vec<u8>>, BoxError> {
        (**self).get(name, part).await
    }
}

/// An archive in memory: for tests, and for small migrations.
#[derive(Debug, Default)]
pub struct MemoryArchive(Mutex<BTreeMap<(String, u64), Vec<u8>>>);

#[async_trait]
impl Archive for MemoryArchive {
    async fn put(&self, name: &str, part: u64, content: Vec<u8>) -> Result<(), BoxError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert((name.to_owned(), part), content);
        Ok(())
    }

    async fn get(&self, name: &str, part: u64) -> Result<Option<Vec<u8>>, BoxError> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&(name.to_owned(), part)).cloned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_part_stored_again_takes_the_place_of_the_first() -> Result<(), BoxError> {
        let archive = Arc::new(MemoryArchive::default());
        Arc::clone(&archive).put("users", 0, vec![1]).await?;
        archive.put("users", 0, vec![2]).await?;
        assert_eq!(archive.get("users", 0).await?, Some(vec![2]));
        assert_eq!(archive.get("users", 1).await?, None);
        Ok(())
    }
}
