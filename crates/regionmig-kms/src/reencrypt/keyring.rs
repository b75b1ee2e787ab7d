//! Data keys of Encryption SDK messages.
// REQ: KMS-16, KMS-17, KMS-18

mod error;

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_kms::Client;
use futures::future::try_join_all;
use regionmig_aws::Error;
use regionmig_core::reencrypt::message::{
    DataKey, EncryptedDataKey, KMS_PROVIDER, Keyring, KeyringError, NewDataKey, Suite,
};
use regionmig_core::reencrypt::{Ciphertext, Decrypted, EncryptionContext};
use regionmig_core::{KeyArn, Permission, Secret, Side};

use super::algorithm::refused;
use super::pinned::{DECRYPT, ENCRYPT, Pinned, pairs};
use super::sharing::{Shares, SharingBounds};
use crate::service::Kms;
use error::NotOpened;

const GENERATE: &str = "kms:GenerateDataKey";

/// So many requests a message may cause, whatever it holds: it may come from anybody.
const REQUESTS: usize = 3;

impl Kms {
    /// Returns the keyring of `key` for messages of the AWS Encryption SDK: one end of a
    /// [`Reencrypt`](regionmig_core::reencrypt::Reencrypt) of messages.
    ///
    /// An ARN that names no account and region fails the first message.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let access = regionmig_aws::Access::new(&aws_types::SdkConfig::builder().build());
    /// let kms = regionmig_kms::Kms::new(&access);
    /// let old = "arn:aws:kms:me-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab".parse()?;
    /// let new = "arn:aws:kms:eu-central-1:111122223333:key/0987dcba-09fe-87dc-65ba-ab0987654321".parse()?;
    /// let both = kms.esdk(&new).and(&old); // while some read with the one key, and some with the other
    /// assert_eq!(both.keys().collect::<Vec<_>>(), [&new, &old]);
    /// # Ok(()) }
    /// ```
    pub fn esdk(&self, key: &KeyArn) -> KmsKeyring {
        KmsKeyring { kms: self.clone(), first: Pinned::new(self.clients(), key), others: Vec::new(), shares: None }
    }
}

/// Opens and makes the data keys of messages with keys of KMS, as the Encryption SDK's keyring of KMS does. [`Kms::esdk`] makes it. Cheap to
/// clone.
///
/// Of a message's data keys it tries, in their order, those of provider `aws-kms` under a key that it was told of, by the whole ARN; a
/// multi-Region key also opens what names a related one, in its own region (Encryption SDK developer guide, "AWS KMS keyrings"). No key that
/// only the message names is ever asked. It makes at most three requests a message. To write, the first key makes the data key, and all encrypt it.
#[derive(Clone, Debug)]
pub struct KmsKeyring {
    kms: Kms,
    first: Pinned,
    others: Vec<Pinned>,
    shares: Option<Shares>,
}

impl KmsKeyring {
    /// Adds a key: it can open, too, and what is written it shall be able to open.
    #[must_use]
    pub fn and(mut self, key: &KeyArn) -> Self {
        self.others.push(Pinned::new(self.kms.clients(), key));
        self
    }

    /// Shares one decryption among messages that have the same encrypted data key and context, within `bounds`: those that were written
    /// with a cache of data keys.
    #[must_use]
    pub fn sharing(mut self, bounds: SharingBounds) -> Self {
        self.shares = Some(Shares::new(bounds));
        self
    }

    /// Returns its keys, in the order in which they were added.
    pub fn keys(&self) -> impl Iterator<Item = &KeyArn> {
        self.all().map(|key| &key.key)
    }

    /// Returns what a caller must be allowed to do, to read messages or to write them; Decrypt on the target's side is for comparing what
    /// was written. One that is not the first of several [`Keyrings`](regionmig_core::reencrypt::message::Keyrings) needs Encrypt on its
    /// first key as well.
    pub fn permissions(&self, side: Side) -> Vec<Permission> {
        let on = |key: &Pinned, action: &str| Permission::new(side, action, key.key.as_str());
        let reads = self.all().map(|key| on(key, DECRYPT));
        match side {
            Side::Source => reads.collect(),
            Side::Target => {
                let others = self.others.iter().map(|key| on(key, ENCRYPT));
                [on(&self.first, GENERATE)].into_iter().chain(others).chain(reads).collect()
            }
        }
    }

    fn all(&self) -> impl Iterator<Item = &Pinned> {
        [&self.first].into_iter().chain(&self.others)
    }

    /// Returns the encrypted data keys that are its own, each with a key that may open it.
    fn own<'a>(
        &'a self,
        encrypted: &'a [EncryptedDataKey],
    ) -> impl Iterator<Item = (&'a EncryptedDataKey, &'a Pinned)> {
        encrypted.iter().filter_map(|one| Some((one, one.key()?))).flat_map(|(one, named)| {
            let fits = move |key: &&Pinned| key.key == named || is_related(&key.key, &named);
            self.all().filter(fits).map(move |key| (one, key))
        })
    }

    async fn open(&self, key: &Pinned, ciphertext: &Ciphertext) -> Result<Decrypted, Arc<Error>> {
        match &self.shares {
            Some(shares) => shares.decrypt(key, ciphertext).await,
            None => key.decrypt(ciphertext).await.map_err(Arc::new),
        }
    }

    async fn generate(&self, suite: Suite, context: &EncryptionContext) -> Result<NewDataKey, Error> {
        let (key, end) = (&self.first, self.first.end()?);
        let length =
            i32::try_from(suite.data_key_length()).map_err(|error| refused("no such length").because(error))?;
        let send = |client: Client| {
            let request = client.generate_data_key().key_id(key.key.as_str()).number_of_bytes(length);
            request.set_encryption_context(pairs(context)).send()
        };
        let answer = key.clients().read(end, GENERATE, send).await?;
        let plaintext = answer.plaintext.map(|blob| Secret::new(blob.into_inner()));
        key.answered(answer.key_id.as_deref(), GENERATE)?;
        let plaintext = plaintext.ok_or_else(|| Error::malformed(GENERATE, "Plaintext").at(end))?;
        is_of(suite, &plaintext)?;
        let ciphertext = answer.ciphertext_blob.ok_or_else(|| Error::malformed(GENERATE, "CiphertextBlob").at(end))?;
        let mut encrypted = vec![under(key, ciphertext.into_inner())];
        encrypted.extend(encrypt(self.others.iter(), &plaintext, context).await?);
        Ok(NewDataKey::new(plaintext, encrypted))
    }
}

#[async_trait]
impl Keyring for KmsKeyring {
    async fn decrypt_data_key(
        &self,
        suite: Suite,
        context: &EncryptionContext,
        encrypted: &[EncryptedDataKey],
    ) -> Result<DataKey, KeyringError> {
        let mut failure: Option<Arc<Error>> = None;
        for (one, key) in self.own(encrypted).take(REQUESTS) {
            let ciphertext = Ciphertext::new(one.ciphertext.as_slice(), context.clone());
            let opened = self.open(key, &ciphertext).await;
            let opened = opened.and_then(|opened| is_of(suite, &opened.plaintext).map(|()| opened).map_err(Arc::new));
            match opened {
                Ok(opened) => return Ok(DataKey::new(opened.plaintext, opened.key)),
                // What passes may open another time, so of several failures it says most.
                Err(error) if failure.is_none() || error.kind().is_passing() => failure = Some(error),
                Err(_) => {}
            }
        }
        let not_opened = NotOpened::new(encrypted, self.keys(), failure);
        Err(KeyringError::new("the data key could not be opened", not_opened))
    }

    async fn generate_data_key(&self, suite: Suite, context: &EncryptionContext) -> Result<NewDataKey, KeyringError> {
        let generated = self.generate(suite, context).await;
        generated.map_err(|error| KeyringError::new("no data key could be made", error))
    }

    async fn encrypt_data_key(
        &self,
        suite: Suite,
        context: &EncryptionContext,
        plaintext: &Secret<Vec<u8>>,
    ) -> Result<Vec<EncryptedDataKey>, KeyringError> {
        let failed = |error| KeyringError::new("the data key could not be encrypted", error);
        is_of(suite, plaintext).map_err(failed)?;
        encrypt(self.all(), plaintext, context).await.map_err(failed)
    }
}

async fn encrypt<'a>(
    keys: impl Iterator<Item = &'a Pinned>,
    plaintext: &Secret<Vec<u8>>,
    context: &EncryptionContext,
) -> Result<Vec<EncryptedDataKey>, Error> {
    let one = |key: &'a Pinned| async move {
        key.encrypt(plaintext, context).await.map(|encrypted| under(key, encrypted.bytes))
    };
    try_join_all(keys.map(one)).await
}

/// Names a data key as the Encryption SDK does: by the whole ARN that KMS answered with.
fn under(key: &Pinned, ciphertext: Vec<u8>) -> EncryptedDataKey {
    EncryptedDataKey::new(KMS_PROVIDER, key.key.as_str(), ciphertext)
}

/// Returns whether two multi-Region keys are related: equal but for the region.
fn is_related(key: &KeyArn, named: &KeyArn) -> bool {
    let end = |key: &KeyArn| key.end().map(|end| (end.partition, end.account));
    key.is_multi_region() && key.id() == named.id() && end(key).is_some_and(|own| Some(own) == end(named))
}

fn is_of(suite: Suite, plaintext: &Secret<Vec<u8>>) -> Result<(), Error> {
    let (length, wanted) = (plaintext.expose().len(), suite.data_key_length());
    match length == wanted {
        true => Ok(()),
        false => Err(refused(format!("the data key has {length} bytes, where suite {suite} has {wanted}"))),
    }
}
