//! The two ends that an item goes between, and what may stand in place of both.

use std::fmt;

use super::context::EncryptionContext;
use super::error::ReencryptError;
use crate::error::Classify;
use crate::ids::KeyArn;
use crate::secret::Secret;

/// A ciphertext, and the context it is bound to.
#[derive(Clone, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub struct Ciphertext {
    /// The ciphertext itself.
    pub bytes: Vec<u8>,
    /// The context, which is not in it.
    pub context: EncryptionContext,
}

impl Ciphertext {
    /// Joins a ciphertext and its context.
    pub fn new(bytes: impl Into<Vec<u8>>, context: EncryptionContext) -> Self {
        Self { bytes: bytes.into(), context }
    }
}

impl fmt::Debug for Ciphertext {
    /// Shows how long it is: a log has no use for more.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ciphertext").field("bytes", &self.bytes.len()).field("context", &self.context).finish()
    }
}

/// What a ciphertext held, and the key that opened it, where that is one of KMS.
#[expect(missing_debug_implementations, reason = "a secret is never shown")]
#[non_exhaustive]
pub struct Decrypted {
    /// What it held.
    pub plaintext: Secret<Vec<u8>>,
    /// The key.
    pub key: Option<KeyArn>,
}

impl Decrypted {
    /// Joins a plaintext and the key it was encrypted under.
    pub const fn new(plaintext: Secret<Vec<u8>>, key: Option<KeyArn>) -> Self {
        Self { plaintext, key }
    }
}

/// A new ciphertext, and the key it is under, where that is one of KMS.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Encrypted {
    /// The ciphertext.
    pub bytes: Vec<u8>,
    /// The key.
    pub key: Option<KeyArn>,
}

impl Encrypted {
    /// Joins a ciphertext and the key it is under.
    pub const fn new(bytes: Vec<u8>, key: Option<KeyArn>) -> Self {
        Self { bytes, key }
    }
}

/// Opens what was encrypted at the source.
pub trait Decrypt: Send + Sync {
    /// How it fails.
    type Error: Classify;

    /// Opens `ciphertext`.
    ///
    /// # Errors
    ///
    /// Fails if it is not authentic, or not for this key and context.
    fn decrypt(&self, ciphertext: &Ciphertext) -> impl Future<Output = Result<Decrypted, Self::Error>> + Send;

    /// Finds out whether [`decrypt`](Self::decrypt) would open it, without opening it. Where that cannot be asked, nothing is said.
    ///
    /// # Errors
    ///
    /// Fails as [`decrypt`](Self::decrypt) would.
    fn rehearse_decrypt(&self, ciphertext: &Ciphertext) -> impl Future<Output = Result<(), Self::Error>> + Send {
        let _ = ciphertext;
        async { Ok(()) }
    }
}

/// Encrypts what is meant for the target.
pub trait Encrypt: Send + Sync {
    /// How it fails.
    type Error: Classify;

    /// Encrypts `plaintext`, bound to `context`.
    ///
    /// # Errors
    ///
    /// Fails if the key may not or cannot be used.
    fn encrypt(
        &self,
        plaintext: &Secret<Vec<u8>>,
        context: &EncryptionContext,
    ) -> impl Future<Output = Result<Encrypted, Self::Error>> + Send;

    /// Finds out whether [`encrypt`](Self::encrypt) would succeed with this context, without any plaintext. Where that cannot be
    /// asked, nothing is said.
    ///
    /// # Errors
    ///
    /// Fails as [`encrypt`](Self::encrypt) would.
    fn rehearse_encrypt(&self, context: &EncryptionContext) -> impl Future<Output = Result<(), Self::Error>> + Send {
        let _ = context;
        async { Ok(()) }
    }
}

/// Turns one ciphertext into another: an end of each kind one after the other, or a service that does both in one request.
pub trait Exchange: Send + Sync {
    /// Returns what `ciphertext` held, encrypted anew and bound to `context`. Has no state: it may be called from anywhere, any number
    /// of times.
    ///
    /// # Errors
    ///
    /// Fails if it cannot be opened, or not be encrypted.
    fn exchange(
        &self,
        ciphertext: &Ciphertext,
        context: &EncryptionContext,
    ) -> impl Future<Output = Result<Exchanged, ReencryptError>> + Send;

    /// Finds out whether [`exchange`](Self::exchange) would succeed, without doing it.
    ///
    /// # Errors
    ///
    /// Fails as [`exchange`](Self::exchange) would.
    fn rehearse(
        &self,
        ciphertext: &Ciphertext,
        context: &EncryptionContext,
    ) -> impl Future<Output = Result<(), ReencryptError>> + Send;
}

/// What comes of an exchange.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Exchanged {
    /// The key that the former ciphertext was under, where it is one of KMS.
    pub source_key: Option<KeyArn>,
    /// The new ciphertext, with its key.
    pub encrypted: Encrypted,
}

impl Exchanged {
    /// Says what became of a ciphertext under `source_key`.
    pub const fn new(source_key: Option<KeyArn>, encrypted: Encrypted) -> Self {
        Self { source_key, encrypted }
    }
}

/// One end after the other: the plaintext is in this process in between, in memory that is wiped.
#[derive(Clone, Copy, Debug)]
pub struct Through<D, E> {
    pub(super) decrypt: D,
    pub(super) encrypt: E,
}

impl<D: Decrypt, E: Encrypt> Through<D, E> {
    async fn both(
        &self,
        ciphertext: &Ciphertext,
        context: &EncryptionContext,
    ) -> Result<(Exchanged, Decrypted), ReencryptError> {
        let decrypted = self.decrypt.decrypt(ciphertext).await.map_err(ReencryptError::decrypt)?;
        let encrypted = self.encrypt.encrypt(&decrypted.plaintext, context).await.map_err(ReencryptError::encrypt)?;
        Ok((Exchanged::new(decrypted.key.clone(), encrypted), decrypted))
    }
}

impl<D: Decrypt, E: Encrypt> Exchange for Through<D, E> {
    async fn exchange(
        &self,
        ciphertext: &Ciphertext,
        context: &EncryptionContext,
    ) -> Result<Exchanged, ReencryptError> {
        Ok(self.both(ciphertext, context).await?.0)
    }

    async fn rehearse(&self, ciphertext: &Ciphertext, context: &EncryptionContext) -> Result<(), ReencryptError> {
        self.decrypt.rehearse_decrypt(ciphertext).await.map_err(ReencryptError::decrypt)?;
        self.encrypt.rehearse_encrypt(context).await.map_err(ReencryptError::encrypt)
    }
}

/// As [`Through`], and each result is opened again and compared, in memory.
#[derive(Clone, Copy, Debug)]
pub struct Compared<D, E>(pub(super) Through<D, E>);

impl<D: Decrypt, E: Decrypt + Encrypt> Exchange for Compared<D, E> {
    async fn exchange(
        &self,
        ciphertext: &Ciphertext,
        context: &EncryptionContext,
    ) -> Result<Exchanged, ReencryptError> {
        let (exchanged, before) = self.0.both(ciphertext, context).await?;
        let result = Ciphertext::new(exchanged.encrypted.bytes.clone(), context.clone());
        let after = self.0.encrypt.decrypt(&result).await.map_err(ReencryptError::decrypt)?;
        match super::is_same(before.plaintext.expose(), after.plaintext.expose()) {
            true => Ok(exchanged),
            false => Err(ReencryptError::Unequal),
        }
    }

    async fn rehearse(&self, ciphertext: &Ciphertext, context: &EncryptionContext) -> Result<(), ReencryptError> {
        self.0.rehearse(ciphertext, context).await
    }
}
