//! What opens and makes the data keys of messages.

use async_trait::async_trait;

use super::suite::Suite;
use crate::error::{BoxError, Classify, ErrorKind, ErrorReport};
use crate::ids::KeyArn;
use crate::reencrypt::EncryptionContext;
use crate::secret::Secret;

/// A data key as it stands in a message: encrypted under a key that somebody keeps.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub struct EncryptedDataKey {
    /// Who can open it, such as `aws-kms`.
    pub provider: String,
    /// Which of the provider's keys: for KMS its ARN.
    pub info: Vec<u8>,
    /// The data key, encrypted.
    pub ciphertext: Vec<u8>,
}

/// The provider of what KMS encrypted.
pub const KMS_PROVIDER: &str = "aws-kms";

impl EncryptedDataKey {
    /// Makes one.
    pub fn new(provider: impl Into<String>, info: impl Into<Vec<u8>>, ciphertext: impl Into<Vec<u8>>) -> Self {
        Self { provider: provider.into(), info: info.into(), ciphertext: ciphertext.into() }
    }

    /// Returns the KMS key that it is under, if it is one of KMS that is named by its ARN, as all but very old ones are.
    pub fn key(&self) -> Option<KeyArn> {
        let text = (self.provider == KMS_PROVIDER).then(|| str::from_utf8(&self.info).ok()).flatten()?;
        text.parse().ok()
    }
}

/// A data key that was opened, and the key of KMS that opened it.
#[expect(missing_debug_implementations, reason = "a secret is never shown")]
#[non_exhaustive]
pub struct DataKey {
    /// The key itself, as long as its suite wants.
    pub plaintext: Secret<Vec<u8>>,
    /// What opened it, where that is KMS.
    pub key: Option<KeyArn>,
}

impl DataKey {
    /// Joins a data key and the key it was encrypted under.
    pub const fn new(plaintext: Secret<Vec<u8>>, key: Option<KeyArn>) -> Self {
        Self { plaintext, key }
    }
}

/// A new data key, and itself encrypted, once for each who shall be able to open it.
#[expect(missing_debug_implementations, reason = "a secret is never shown")]
#[non_exhaustive]
pub struct NewDataKey {
    /// The key itself, as long as its suite wants.
    pub plaintext: Secret<Vec<u8>>,
    /// What stands in the message.
    pub encrypted: Vec<EncryptedDataKey>,
}

impl NewDataKey {
    /// Joins a data key and its encrypted forms.
    pub const fn new(plaintext: Secret<Vec<u8>>, encrypted: Vec<EncryptedDataKey>) -> Self {
        Self { plaintext, encrypted }
    }
}

/// Opens and makes the data keys of messages, as the keyrings of the Encryption SDK do.
///
/// The context is the whole one, with what a message does not store, and with the public key of a signed one.
#[async_trait]
pub trait Keyring: Send + Sync {
    /// Opens the data key of a message: the first of `encrypted` that is its own and that opens. It makes at most three requests, however
    /// many a message holds.
    ///
    /// # Errors
    ///
    /// Fails if none of them is its own, or if none of those opens.
    async fn decrypt_data_key(
        &self,
        suite: Suite,
        context: &EncryptionContext,
        encrypted: &[EncryptedDataKey],
    ) -> Result<DataKey, KeyringError>;

    /// Makes a data key: another one for each message. Suites that encrypt with the data key itself number their nonces from 0 on, so two
    /// messages under one data key would use each nonce twice, after which both can be read and forged.
    ///
    /// # Errors
    ///
    /// Fails if its key may not or cannot be used.
    async fn generate_data_key(&self, suite: Suite, context: &EncryptionContext) -> Result<NewDataKey, KeyringError>;

    /// Encrypts a data key that another keyring made.
    ///
    /// # Errors
    ///
    /// Fails if its key may not or cannot be used.
    async fn encrypt_data_key(
        &self,
        suite: Suite,
        context: &EncryptionContext,
        plaintext: &Secret<Vec<u8>>,
    ) -> Result<Vec<EncryptedDataKey>, KeyringError>;
}

/// A keyring could not open or make a data key.
#[derive(Debug, thiserror::Error)]
#[error("{attempted}")]
pub struct KeyringError {
    attempted: &'static str,
    report: Box<ErrorReport>,
    source: BoxError,
}

impl KeyringError {
    /// Says what was attempted, such as `the data key could not be opened`, and why it failed.
    pub fn new(attempted: &'static str, error: impl Classify) -> Self {
        Self { attempted, report: Box::new(ErrorReport::new(&error)), source: Box::new(error) }
    }

    /// Returns whether it is worth trying again without anybody doing anything.
    pub fn is_passing(&self) -> bool {
        self.report.kind.is_passing()
    }
}

impl Classify for KeyringError {
    fn kind(&self) -> ErrorKind {
        self.report.kind
    }

    fn report(&self) -> Option<&ErrorReport> {
        Some(&self.report)
    }
}
