//! Data keys under an AES key.

use std::fmt;

use async_trait::async_trait;
use aws_lc_rs::aead::{AES_128_GCM, AES_192_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::rand::{SecureRandom, SystemRandom};

use super::{Named, RawKeyError};
use crate::ids::KeyArn;
use crate::reencrypt::EncryptionContext;
use crate::reencrypt::message::keyring::{DataKey, EncryptedDataKey, Keyring, KeyringError, NewDataKey};
use crate::reencrypt::message::{Suite, bytes};
use crate::secret::Secret;

/// A keyring over an AES key in this process. Its data keys are bound to the encryption context.
///
/// The data key's info is the key's name, the lengths of tag (in bits) and nonce, and the nonce (AWS Encryption SDK developer guide, "Raw
/// AES keyrings").
pub struct RawAesKeyring {
    named: Named,
    key: LessSafeKey,
}

/// So long is the nonce, and so many bits the tag.
const SIZES: [u8; 8] = [0, 0, 0, 128, 0, 0, 0, 12];
const TAG: usize = 16;
const NO_KMS: Option<KeyArn> = None;

impl RawAesKeyring {
    /// Makes one, of the key `name` of `provider`, which its messages have as key namespace and key name.
    ///
    /// # Errors
    ///
    /// Fails if the key is not one of 16, 24 or 32 bytes.
    pub fn new(
        provider: impl Into<String>,
        name: impl Into<String>,
        key: &Secret<Vec<u8>>,
    ) -> Result<Self, RawKeyError> {
        let name = name.into();
        let cipher = match key.expose().len() {
            16 => &AES_128_GCM,
            24 => &AES_192_GCM,
            32 => &AES_256_GCM,
            _ => return Err(RawKeyError::Key { name, wanted: "16, 24 or 32 bytes" }),
        };
        let unbound = UnboundKey::new(cipher, key.expose());
        let unbound = unbound.map_err(|_| RawKeyError::Key { name: name.clone(), wanted: "an AES key" })?;
        Ok(Self { named: Named { provider: provider.into(), name }, key: LessSafeKey::new(unbound) })
    }

    /// Returns the nonce of a data key that is under this key.
    fn nonce(&self, data_key: &EncryptedDataKey) -> Option<[u8; 12]> {
        let rest = data_key.info.strip_prefix(self.named.name.as_bytes())?.strip_prefix(&SIZES)?;
        (data_key.provider == self.named.provider).then(|| rest.try_into().ok()).flatten()
    }

    fn open(&self, nonce: [u8; 12], aad: &[u8], sealed: &[u8], length: usize) -> Option<Secret<Vec<u8>>> {
        let (block, tag) = sealed.split_at_checked(length)?;
        let mut opened = Secret::new(vec![0; length]);
        let nonce = Nonce::assume_unique_for_key(nonce);
        let room = opened.expose_mut().as_mut_slice();
        (tag.len() == TAG).then_some(())?;
        self.key.open_separate_gather(nonce, Aad::from(aad), block, tag, room).ok()?;
        Some(opened)
    }

    fn seal(&self, aad: &[u8], plaintext: &[u8]) -> Option<EncryptedDataKey> {
        let mut nonce = [0; 12];
        SystemRandom::new().fill(&mut nonce).ok()?;
        let mut sealed = Vec::with_capacity(plaintext.len() + TAG);
        sealed.extend_from_slice(plaintext);
        let unique = Nonce::assume_unique_for_key(nonce);
        self.key.seal_in_place_append_tag(unique, Aad::from(aad), &mut sealed).ok()?;
        let info = [self.named.name.as_bytes(), &SIZES, &nonce].concat();
        Some(EncryptedDataKey::new(&self.named.provider, info, sealed))
    }
}

#[async_trait]
impl Keyring for RawAesKeyring {
    async fn decrypt_data_key(
        &self,
        suite: Suite,
        context: &EncryptionContext,
        encrypted: &[EncryptedDataKey],
    ) -> Result<DataKey, KeyringError> {
        let aad =
            bytes::pairs(context).map_err(|error| KeyringError::new("the data key could not be opened", error))?;
        let own: Vec<_> = encrypted.iter().filter_map(|key| Some((self.nonce(key)?, &key.ciphertext))).collect();
        let opened = own.iter().find_map(|(nonce, sealed)| self.open(*nonce, &aad, sealed, suite.data_key_length()));
        match opened {
            Some(plaintext) => Ok(DataKey::new(plaintext, NO_KMS)),
            None => Err(self.named.not_opened(!own.is_empty(), encrypted)),
        }
    }

    async fn generate_data_key(&self, suite: Suite, context: &EncryptionContext) -> Result<NewDataKey, KeyringError> {
        self.named.generated(self, suite, context).await
    }

    async fn encrypt_data_key(
        &self,
        _: Suite,
        context: &EncryptionContext,
        plaintext: &Secret<Vec<u8>>,
    ) -> Result<Vec<EncryptedDataKey>, KeyringError> {
        let aad = bytes::pairs(context).map_err(|error| KeyringError::new("a data key could not be made", error))?;
        self.seal(&aad, plaintext.expose()).map(|key| vec![key]).ok_or_else(|| self.named.not_encrypted())
    }
}

impl fmt::Debug for RawAesKeyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawAesKeyring").field("named", &self.named).finish_non_exhaustive()
    }
}
