//! Data keys under an RSA key.

use std::fmt;

use async_trait::async_trait;
use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OAEP_SHA384_MGF1SHA384, OAEP_SHA512_MGF1SHA512, OaepAlgorithm,
    OaepPrivateDecryptingKey, OaepPublicEncryptingKey, Pkcs1PrivateDecryptingKey, Pkcs1PublicEncryptingKey,
    PrivateDecryptingKey, PublicEncryptingKey,
};
use zeroize::Zeroizing;

use super::{Named, RawKeyError};
use crate::reencrypt::EncryptionContext;
use crate::reencrypt::message::Suite;
use crate::reencrypt::message::keyring::{DataKey, EncryptedDataKey, Keyring, KeyringError, NewDataKey};
use crate::secret::Secret;

/// How a data key is padded.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum RsaPadding {
    /// OAEP with SHA-1 and MGF1 of SHA-1.
    OaepSha1,
    /// OAEP with SHA-256 and MGF1 of SHA-256.
    OaepSha256,
    /// OAEP with SHA-384 and MGF1 of SHA-384.
    OaepSha384,
    /// OAEP with SHA-512 and MGF1 of SHA-512.
    OaepSha512,
    /// PKCS #1 version 1.5. Only for messages that have it.
    Pkcs1,
}

/// A keyring over an RSA key in this process. Its data keys are not bound to the encryption context: RSA has no room for one.
pub struct RawRsaKeyring {
    named: Named,
    padding: RsaPadding,
    private: Option<PrivateDecryptingKey>,
    public: PublicEncryptingKey,
}

impl RawRsaKeyring {
    /// Makes one that opens and makes data keys, of a private key in PKCS #8 (DER).
    ///
    /// # Errors
    ///
    /// Fails if the key is none.
    pub fn new(
        provider: impl Into<String>,
        name: impl Into<String>,
        padding: RsaPadding,
        pkcs8: &Secret<Vec<u8>>,
    ) -> Result<Self, RawKeyError> {
        let named = Named { provider: provider.into(), name: name.into() };
        let no_key = |_| RawKeyError::Key { name: named.name.clone(), wanted: "an RSA key in PKCS #8" };
        let private = PrivateDecryptingKey::from_pkcs8(pkcs8.expose()).map_err(no_key)?;
        let public = private.public_key();
        Ok(Self { named, padding, private: Some(private), public })
    }

    /// Makes one that only makes data keys, of a public key as X.509 has it (SubjectPublicKeyInfo, DER).
    ///
    /// # Errors
    ///
    /// Fails if the key is none.
    pub fn for_encryption(
        provider: impl Into<String>,
        name: impl Into<String>,
        padding: RsaPadding,
        public_key: &[u8],
    ) -> Result<Self, RawKeyError> {
        let named = Named { provider: provider.into(), name: name.into() };
        let no_key = |_| RawKeyError::Key { name: named.name.clone(), wanted: "a public RSA key in DER" };
        let public = PublicEncryptingKey::from_der(public_key).map_err(no_key)?;
        Ok(Self { named, padding, private: None, public })
    }

    fn open(&self, sealed: &[u8], suite: Suite) -> Option<Secret<Vec<u8>>> {
        let private = self.private.clone()?;
        let mut room = Zeroizing::new(vec![0; private.key_size_bytes()]);
        let opened = match self.oaep() {
            Some(algorithm) => {
                OaepPrivateDecryptingKey::new(private).ok()?.decrypt(algorithm, sealed, &mut room, None).ok()?
            }
            None => Pkcs1PrivateDecryptingKey::new(private).ok()?.decrypt(sealed, &mut room).ok()?,
        };
        (opened.len() == suite.data_key_length()).then(|| Secret::new(opened.to_vec()))
    }

    fn seal(&self, plaintext: &[u8]) -> Option<Vec<u8>> {
        let mut room = vec![0; self.public.key_size_bytes()];
        let public = self.public.clone();
        let length = match self.oaep() {
            Some(algorithm) => {
                OaepPublicEncryptingKey::new(public).ok()?.encrypt(algorithm, plaintext, &mut room, None).ok()?.len()
            }
            None => Pkcs1PublicEncryptingKey::new(public).ok()?.encrypt(plaintext, &mut room).ok()?.len(),
        };
        room.truncate(length);
        Some(room)
    }

    const fn oaep(&self) -> Option<&'static OaepAlgorithm> {
        match self.padding {
            RsaPadding::OaepSha1 => Some(&OAEP_SHA1_MGF1SHA1),
            RsaPadding::OaepSha256 => Some(&OAEP_SHA256_MGF1SHA256),
            RsaPadding::OaepSha384 => Some(&OAEP_SHA384_MGF1SHA384),
            RsaPadding::OaepSha512 => Some(&OAEP_SHA512_MGF1SHA512),
            RsaPadding::Pkcs1 => None,
        }
    }
}

#[async_trait]
impl Keyring for RawRsaKeyring {
    async fn decrypt_data_key(
        &self,
        suite: Suite,
        _: &EncryptionContext,
        encrypted: &[EncryptedDataKey],
    ) -> Result<DataKey, KeyringError> {
        let is_own =
            |key: &&EncryptedDataKey| key.provider == self.named.provider && key.info == self.named.name.as_bytes();
        let own: Vec<_> = encrypted.iter().filter(is_own).collect();
        match own.iter().find_map(|key| self.open(&key.ciphertext, suite)) {
            Some(plaintext) => Ok(DataKey::new(plaintext, None)),
            None => Err(self.named.not_opened(!own.is_empty(), encrypted)),
        }
    }

    async fn generate_data_key(&self, suite: Suite, context: &EncryptionContext) -> Result<NewDataKey, KeyringError> {
        self.named.generated(self, suite, context).await
    }

    async fn encrypt_data_key(
        &self,
        _: Suite,
        _: &EncryptionContext,
        plaintext: &Secret<Vec<u8>>,
    ) -> Result<Vec<EncryptedDataKey>, KeyringError> {
        let sealed = self.seal(plaintext.expose()).ok_or_else(|| self.named.not_encrypted())?;
        Ok(vec![EncryptedDataKey::new(&self.named.provider, self.named.name.as_bytes(), sealed)])
    }
}

impl fmt::Debug for RawRsaKeyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawRsaKeyring")
            .field("named", &self.named)
            .field("padding", &self.padding)
            .finish_non_exhaustive()
    }
}
