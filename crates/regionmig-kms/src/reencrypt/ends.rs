//! Decrypt and Encrypt, each by one key.
// REQ: KMS-8, KMS-9

use regionmig_aws::Error;
use regionmig_core::reencrypt::{Ciphertext, Decrypt, Decrypted, Encrypt, Encrypted, EncryptionContext};
use regionmig_core::{KeyArn, Permission, Secret, Side};

use super::algorithm::EncryptionAlgorithm;
use super::pinned::{DECRYPT, ENCRYPT, Pinned};
use super::sharing::{SharedDecryptor, SharingBounds};
use crate::service::Kms;
use crate::snapshot::KeySpec;

impl Kms {
    /// Returns what decrypts by `key`, where that is, and by no other key: the source's end of a
    /// [`Reencrypt`](regionmig_core::reencrypt::Reencrypt).
    ///
    /// An ARN that names no account and region fails the first item.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let access = regionmig_aws::Access::new(&aws_types::SdkConfig::builder().build());
    /// use regionmig_core::reencrypt::Reencrypt;
    /// let kms = regionmig_kms::Kms::new(&access);
    /// let old = "arn:aws:kms:me-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab".parse()?;
    /// let new = "arn:aws:kms:eu-central-1:111122223333:key/0987dcba-09fe-87dc-65ba-ab0987654321".parse()?;
    /// let reencrypt = Reencrypt::new(kms.decryptor(&old), kms.encryptor(&new));
    /// # drop(reencrypt); Ok(()) }
    /// ```
    pub fn decryptor(&self, key: &KeyArn) -> Decryptor {
        Decryptor(Pinned::new(self.clients(), key))
    }

    /// Returns what encrypts under `key`, where that is: the target's end of a
    /// [`Reencrypt`](regionmig_core::reencrypt::Reencrypt).
    ///
    /// An ARN that names no account and region fails the first item.
    pub fn encryptor(&self, key: &KeyArn) -> Encryptor {
        Encryptor(Pinned::new(self.clients(), key))
    }
}

/// Decrypts by one key of KMS: Decrypt, with the key named. [`Kms::decryptor`] makes it. Cheap to clone.
///
/// It opens what Encrypt and ReEncrypt made, and the encrypted data keys and private keys of all GenerateDataKey calls, which are
/// ciphertexts like any other (KMS API reference, GenerateDataKeyPair: "Decrypt"). Requests keep to the access's share of the region's quota
/// and are repeated as its settings say. The plaintext is taken into a [`Secret`] at once; the SDK's own buffers are beyond its reach.
// REQ: KMS-13
#[derive(Clone, Debug)]
pub struct Decryptor(pub(super) Pinned);

impl Decryptor {
    /// Says how the key encrypts: what an asymmetric one encrypted does not say so itself.
    #[must_use]
    pub const fn with_algorithm(mut self, algorithm: EncryptionAlgorithm) -> Self {
        self.0.algorithm = algorithm;
        self
    }

    /// Says what the key is made of, such as `RSA_2048`, so that the length of a ciphertext is checked exactly before it is sent.
    #[must_use]
    pub fn with_spec(mut self, spec: impl Into<KeySpec>) -> Self {
        self.0.spec = Some(spec.into());
        self
    }

    /// Shares one decryption among items that have the same ciphertext and context, within `bounds`: files beside which the same
    /// encrypted data key stands, say.
    pub fn sharing(self, bounds: SharingBounds) -> SharedDecryptor {
        SharedDecryptor::new(self.0, bounds)
    }

    /// Returns the key.
    pub const fn key(&self) -> &KeyArn {
        &self.0.key
    }

    /// Returns what a caller must be allowed to do.
    pub fn permissions(&self) -> Vec<Permission> {
        vec![Permission::new(Side::Source, DECRYPT, self.0.key.as_str())]
    }
}

impl Decrypt for Decryptor {
    type Error = Error;

    async fn decrypt(&self, ciphertext: &Ciphertext) -> Result<Decrypted, Error> {
        self.0.decrypt(ciphertext).await
    }

    async fn rehearse_decrypt(&self, ciphertext: &Ciphertext) -> Result<(), Error> {
        self.0.rehearse_decrypt(ciphertext).await
    }
}

/// Encrypts under one key of KMS: Encrypt. [`Kms::encryptor`] makes it. Cheap to clone.
///
/// It decrypts as well, so that [`comparing`](regionmig_core::reencrypt::Reencrypt::comparing) can open what it made. A plaintext that is too
/// long for the key is refused before anything is sent, and so is a context where none can be bound.
// REQ: KMS-15
#[derive(Clone, Debug)]
pub struct Encryptor(Pinned);

impl Encryptor {
    /// Says how the key shall encrypt: unless it is symmetric, it must be said.
    #[must_use]
    pub const fn with_algorithm(mut self, algorithm: EncryptionAlgorithm) -> Self {
        self.0.algorithm = algorithm;
        self
    }

    /// Says what the key is made of, such as `RSA_2048`. Without it, a plaintext is held against what the largest RSA key takes, and KMS
    /// refuses one that is too long for a smaller one.
    #[must_use]
    pub fn with_spec(mut self, spec: impl Into<KeySpec>) -> Self {
        self.0.spec = Some(spec.into());
        self
    }

    /// Returns the key.
    pub const fn key(&self) -> &KeyArn {
        &self.0.key
    }

    /// Returns what a caller must be allowed to do. To compare needs to decrypt.
    pub fn permissions(&self) -> Vec<Permission> {
        [DECRYPT, ENCRYPT].map(|action| Permission::new(Side::Target, action, self.0.key.as_str())).into()
    }
}

impl Encrypt for Encryptor {
    type Error = Error;

    async fn encrypt(&self, plaintext: &Secret<Vec<u8>>, context: &EncryptionContext) -> Result<Encrypted, Error> {
        self.0.encrypt(plaintext, context).await
    }

    async fn rehearse_encrypt(&self, context: &EncryptionContext) -> Result<(), Error> {
        self.0.rehearse_encrypt(context).await
    }
}

impl Decrypt for Encryptor {
    type Error = Error;

    async fn decrypt(&self, ciphertext: &Ciphertext) -> Result<Decrypted, Error> {
        self.0.decrypt(ciphertext).await
    }

    async fn rehearse_decrypt(&self, ciphertext: &Ciphertext) -> Result<(), Error> {
        self.0.rehearse_decrypt(ciphertext).await
    }
}
