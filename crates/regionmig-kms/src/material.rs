//! Material that is not KMS's own: who brings it, and how it travels.
//!
//! KMS never gives material back. Whoever imported it has to bring it again.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::key_wrap::{AES_256, AesKek, KeyWrapPadded};
use aws_lc_rs::rand;
use aws_lc_rs::rsa::{OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey, PublicEncryptingKey};
use regionmig_core::{BoxError, IdMap, Identifier, KeyArn, NameError, Secret};
use serde::{Deserialize, Serialize};

use crate::step::ImportMaterial;

/// A key that is there, and of no use until its material is imported.
///
/// In the map from source to target, a counterpart whose material the plan brings stands under this name first. What needs a
/// key waits until it stands under its own. That of a key that lacks its material itself stands under its own at once.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct EmptyKey(pub KeyArn);

/// Returns the counterpart of a key, whether it has its material or waits for it.
pub(crate) fn counterpart_of(key: &KeyArn, ids: &IdMap) -> Option<KeyArn> {
    let empty = || ids.target_of(&EmptyKey(key.clone())).map(|empty| empty.0);
    ids.target_of(key).or_else(empty)
}

impl fmt::Display for EmptyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for EmptyKey {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        text.parse().map(Self)
    }
}

impl Identifier for EmptyKey {
    const KIND: &'static str = "kms.empty-key";
}

/// Has the material of keys whose material is not KMS's own, and hands it over encrypted for KMS.
///
/// It may hold the material itself, as [`KeyMaterials`] does, or have a hardware security module encrypt it: then the
/// plaintext is in no process at all.
///
/// ```
/// use regionmig_core::{BoxError, Secret};
/// use regionmig_kms::{ImportMaterial, KeyMaterialSource, WrappingKey};
///
/// struct Escrow;
///
/// #[async_trait::async_trait]
/// impl KeyMaterialSource for Escrow {
///     async fn has(&self, wanted: &ImportMaterial) -> Result<bool, BoxError> {
///         Ok(wanted.description.starts_with("escrow "))
///     }
///
///     async fn encrypt(&self, wanted: &ImportMaterial, with: &WrappingKey) -> Result<Vec<u8>, BoxError> {
///         # async fn fetch(_: &ImportMaterial) -> Result<Secret<Vec<u8>>, BoxError> { Ok(Secret::new(vec![7; 32])) }
///         Ok(with.encrypt(&fetch(wanted).await?)?)
///     }
/// }
/// ```
#[async_trait]
pub trait KeyMaterialSource: Send + Sync {
    /// Returns whether it has the material. Asked before anything is sent, in each run; as long as it has not, the step
    /// waits for a person.
    ///
    /// # Errors
    ///
    /// Fails if that cannot be said now; it is asked again. The error must tell nothing of any material.
    async fn has(&self, wanted: &ImportMaterial) -> Result<bool, BoxError>;

    /// Returns the material, encrypted with `with`: 32 bytes of a symmetric encryption key, 28 to 128 of an HMAC key by its
    /// spec, the PKCS #8 DER of a private key (KMS developer guide, "Requirements for imported key material").
    ///
    /// # Errors
    ///
    /// Fails if it cannot be had now; it is asked for again. The error must tell nothing of any material.
    async fn encrypt(&self, wanted: &ImportMaterial, with: &WrappingKey) -> Result<Vec<u8>, BoxError>;
}

/// The public key with which material is encrypted for KMS: of RSA, 4,096 bits, of one request.
#[derive(Clone, Debug)]
pub struct WrappingKey {
    public: Vec<u8>,
}

/// Material could not be encrypted: the wrapping key is none, or the material is empty.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("key material could not be encrypted for KMS")]
#[non_exhaustive]
pub struct WrapError {}

impl From<Unspecified> for WrapError {
    fn from(_: Unspecified) -> Self {
        Self {}
    }
}

impl WrappingKey {
    /// The algorithm of [`encrypt`](Self::encrypt), as KMS calls it: it takes every kind of material but SM2's.
    pub const ALGORITHM: &'static str = "RSA_AES_KEY_WRAP_SHA_256";
    pub(crate) const SPEC: &'static str = "RSA_4096";

    pub(crate) fn new(public: Vec<u8>) -> Self {
        Self { public }
    }

    /// Returns the public key, a SubjectPublicKeyInfo in DER, for a security module that encrypts with it.
    pub fn public_key(&self) -> &[u8] {
        &self.public
    }

    /// Encrypts material: with a new AES-256 key by RFC 5649, and that key by RSAES-OAEP with SHA-256; the latter comes
    /// first (KMS developer guide, "RSA_AES_KEY_WRAP_SHA_*"). The AES key is wiped.
    ///
    /// # Errors
    ///
    /// Fails if the wrapping key is none, or the material is empty.
    pub fn encrypt(&self, material: &Secret<Vec<u8>>) -> Result<Vec<u8>, WrapError> {
        let public = PublicEncryptingKey::from_der(&self.public).map_err(|_| WrapError {})?;
        let public = OaepPublicEncryptingKey::new(public)?;
        let mut key = Secret::new([0; 32]);
        rand::fill(key.expose_mut())?;
        let mut block = vec![0; public.ciphertext_size()];
        let mut wrapped = public.encrypt(&OAEP_SHA256_MGF1SHA256, key.expose(), &mut block, None)?.to_vec();
        // The padding is up to 7 bytes, and the check another 8.
        let mut rest = vec![0; material.expose().len() + 15];
        let rest = AesKek::new(&AES_256, key.expose())?.wrap_with_padding(material.expose(), &mut rest)?;
        wrapped.extend_from_slice(rest);
        Ok(wrapped)
    }
}

/// Material that this process holds, wiped when it is dropped.
///
/// ```
/// use regionmig_core::{KeyArn, Secret};
/// use regionmig_kms::KeyMaterials;
///
/// let key: KeyArn = "arn:aws:kms:me-central-1:111122223333:key/1234abcd".parse()?;
/// let materials = KeyMaterials::new().with(&key, Secret::new(vec![7; 32]));
/// # Ok::<(), regionmig_core::NameError>(())
/// ```
#[derive(Default)]
pub struct KeyMaterials(BTreeMap<(KeyArn, Option<String>), Secret<Vec<u8>>>);

impl KeyMaterials {
    /// Has none.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the material of a key of the source: its only one, or its current one.
    #[must_use]
    pub fn with(mut self, key: &KeyArn, material: Secret<Vec<u8>>) -> Self {
        self.0.insert((key.clone(), None), material);
        self
    }

    /// Adds one of several materials of a multi-Region key, by the id that KMS gave it.
    #[must_use]
    pub fn with_id(mut self, key: &KeyArn, id: impl Into<String>, material: Secret<Vec<u8>>) -> Self {
        self.0.insert((key.clone(), Some(id.into())), material);
        self
    }

    /// What has an id is looked for by that, and the current one by its key, too.
    fn of(&self, wanted: &ImportMaterial) -> Option<&Secret<Vec<u8>>> {
        let named = self.0.get(&(wanted.key.clone(), wanted.material.clone()));
        named.or_else(|| self.0.get(&(wanted.key.clone(), None)).filter(|_| wanted.current))
    }
}

impl fmt::Debug for KeyMaterials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[async_trait]
impl KeyMaterialSource for KeyMaterials {
    async fn has(&self, wanted: &ImportMaterial) -> Result<bool, BoxError> {
        Ok(self.of(wanted).is_some())
    }

    async fn encrypt(&self, wanted: &ImportMaterial, with: &WrappingKey) -> Result<Vec<u8>, BoxError> {
        let material = self.of(wanted).ok_or_else(|| format!("there is no material of {}", wanted.key))?;
        Ok(with.encrypt(material)?)
    }
}

#[cfg(test)]
mod tests;
