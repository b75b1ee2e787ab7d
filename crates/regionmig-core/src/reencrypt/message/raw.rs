//! Keyrings whose keys are in this process.

mod aes;
mod rsa;

pub use aes::RawAesKeyring;
pub use rsa::{RawRsaKeyring, RsaPadding};

use aws_lc_rs::rand::{SecureRandom, SystemRandom};

use super::keyring::{EncryptedDataKey, Keyring, KeyringError, NewDataKey};
use super::suite::Suite;
use crate::error::{Classify, ErrorKind};
use crate::reencrypt::EncryptionContext;
use crate::secret::Secret;

/// Why a raw keyring cannot be made, or cannot do what is asked.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RawKeyError {
    /// The key's bytes are none.
    #[error("`{name}` is not made of {wanted}")]
    Key {
        /// The key's name.
        name: String,
        /// What it should be made of.
        wanted: &'static str,
    },
    /// No data key of the message is under this key.
    #[error("none of the message's data keys is under `{name}` of `{provider}`; there are {found}")]
    NotOwn {
        /// The provider.
        provider: String,
        /// The key's name.
        name: String,
        /// Whose they are.
        found: String,
    },
    /// Its data keys do not open.
    #[error(
        "the data key that is under `{name}` of `{provider}` does not open: it is another key, or another encryption context"
    )]
    NotOpened {
        /// The provider.
        provider: String,
        /// The key's name.
        name: String,
    },
    /// The keyring has no public key, or the data key does not fit.
    #[error("`{name}` of `{provider}` could not encrypt a data key")]
    NotEncrypted {
        /// The provider.
        provider: String,
        /// The key's name.
        name: String,
    },
}

impl Classify for RawKeyError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Invalid
    }
}

/// What a raw key is known by.
#[derive(Clone, Debug)]
struct Named {
    provider: String,
    name: String,
}

impl Named {
    /// Makes a data key at random, and has `keyring` encrypt it.
    async fn generated(
        &self,
        keyring: &impl Keyring,
        suite: Suite,
        context: &EncryptionContext,
    ) -> Result<NewDataKey, KeyringError> {
        let mut plaintext = Secret::new(vec![0; suite.data_key_length()]);
        SystemRandom::new().fill(plaintext.expose_mut()).map_err(|_| self.not_encrypted())?;
        let encrypted = keyring.encrypt_data_key(suite, context, &plaintext).await?;
        Ok(NewDataKey::new(plaintext, encrypted))
    }

    fn not_opened(&self, is_there: bool, encrypted: &[EncryptedDataKey]) -> KeyringError {
        let (provider, name) = (self.provider.clone(), self.name.clone());
        let error = match is_there {
            true => RawKeyError::NotOpened { provider, name },
            false => {
                // A message can name providers of 65,535 bytes each.
                let short = |key: &EncryptedDataKey| key.provider.chars().take(40).collect::<String>();
                let mut found: Vec<String> = encrypted.iter().take(4).map(short).collect();
                found.extend((encrypted.len() > 4).then(|| "others".to_owned()));
                RawKeyError::NotOwn { provider, name, found: found.join(", ") }
            }
        };
        KeyringError::new("the data key could not be opened", error)
    }

    fn not_encrypted(&self) -> KeyringError {
        let (provider, name) = (self.provider.clone(), self.name.clone());
        KeyringError::new("a data key could not be made", RawKeyError::NotEncrypted { provider, name })
    }
}
