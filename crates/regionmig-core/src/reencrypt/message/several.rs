//! Several keyrings that count as one.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use super::keyring::{DataKey, EncryptedDataKey, Keyring, KeyringError, NewDataKey};
use super::suite::Suite;
use crate::reencrypt::EncryptionContext;
use crate::secret::Secret;

/// Several keyrings that count as one: the first makes the data keys, the others encrypt them as well, and any of them may open one.
///
/// With the target's first and the source's second, a message can be opened in both regions while applications move.
#[derive(Clone)]
pub struct Keyrings {
    first: Arc<dyn Keyring>,
    others: Vec<Arc<dyn Keyring>>,
}

impl Keyrings {
    /// Begins with the one that makes the data keys.
    pub fn new(first: impl Keyring + 'static) -> Self {
        Self { first: Arc::new(first), others: Vec::new() }
    }

    /// Adds one.
    #[must_use]
    pub fn and(mut self, other: impl Keyring + 'static) -> Self {
        self.others.push(Arc::new(other));
        self
    }
}

#[async_trait]
impl Keyring for Keyrings {
    async fn decrypt_data_key(
        &self,
        suite: Suite,
        context: &EncryptionContext,
        encrypted: &[EncryptedDataKey],
    ) -> Result<DataKey, KeyringError> {
        let mut failed = match self.first.decrypt_data_key(suite, context, encrypted).await {
            Ok(opened) => return Ok(opened),
            Err(error) => error,
        };
        for other in &self.others {
            match other.decrypt_data_key(suite, context, encrypted).await {
                Ok(opened) => return Ok(opened),
                // Of several failures, one that will pass says more than that a key is not there.
                Err(error) if error.is_passing() || !failed.is_passing() => failed = error,
                Err(_) => {}
            }
        }
        Err(failed)
    }

    async fn generate_data_key(&self, suite: Suite, context: &EncryptionContext) -> Result<NewDataKey, KeyringError> {
        let mut made = self.first.generate_data_key(suite, context).await?;
        for other in &self.others {
            made.encrypted.extend(other.encrypt_data_key(suite, context, &made.plaintext).await?);
        }
        Ok(made)
    }

    async fn encrypt_data_key(
        &self,
        suite: Suite,
        context: &EncryptionContext,
        plaintext: &Secret<Vec<u8>>,
    ) -> Result<Vec<EncryptedDataKey>, KeyringError> {
        let mut encrypted = self.first.encrypt_data_key(suite, context, plaintext).await?;
        for other in &self.others {
            encrypted.extend(other.encrypt_data_key(suite, context, plaintext).await?);
        }
        Ok(encrypted)
    }
}

impl fmt::Debug for Keyrings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyrings").field("count", &(1 + self.others.len())).finish_non_exhaustive()
    }
}
