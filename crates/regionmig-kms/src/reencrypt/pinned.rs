//! One key, named in every request, so that no other of the account can answer for it.
// REQ: KMS-14

use std::collections::HashMap;

use aws_sdk_kms::Client;
use aws_sdk_kms::operation::decrypt::builders::DecryptFluentBuilder;
use aws_sdk_kms::operation::encrypt::builders::EncryptFluentBuilder;
use aws_sdk_kms::primitives::Blob;
use regionmig_aws::{Clients, Error};
use regionmig_core::reencrypt::{Ciphertext, Decrypted, Encrypted, EncryptionContext};
use regionmig_core::{End, KeyArn, Secret};

use super::algorithm::{EncryptionAlgorithm, refused};
use crate::preflight::would_succeed;
use crate::snapshot::KeySpec;

pub(super) const DECRYPT: &str = "kms:Decrypt";
pub(super) const ENCRYPT: &str = "kms:Encrypt";

/// How these actions are paced, by the kind of key.
const DECRYPT_PACED: [&str; 3] = [DECRYPT, "kms:Decrypt RSA", "kms:Decrypt SM2"];
const ENCRYPT_PACED: [&str; 3] = [ENCRYPT, "kms:Encrypt RSA", "kms:Encrypt SM2"];

/// What a rehearsal encrypts, which KMS only looks at.
const DUMMY: &[u8] = b"rehearsal";

/// One key, and how it encrypts. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Pinned {
    clients: Clients<Client>,
    pub(super) key: KeyArn,
    end: Option<End>,
    pub(super) algorithm: EncryptionAlgorithm,
    pub(super) spec: Option<KeySpec>,
}

impl Pinned {
    pub(super) fn new(clients: &Clients<Client>, key: &KeyArn) -> Self {
        Self {
            clients: clients.clone(),
            end: key.end(),
            key: key.clone(),
            algorithm: EncryptionAlgorithm::default(),
            spec: None,
        }
    }

    pub(super) const fn clients(&self) -> &Clients<Client> {
        &self.clients
    }

    /// Returns where the key is. That its ARN does not say so is told by the first request that is to be made.
    pub(super) fn end(&self) -> Result<&End, Error> {
        self.end.as_ref().ok_or_else(|| refused(format!("{} names no account and region", self.key)))
    }

    pub(super) async fn decrypt(&self, ciphertext: &Ciphertext) -> Result<Decrypted, Error> {
        self.can_open(ciphertext)?;
        self.try_decrypt(ciphertext).await
    }

    /// As [`decrypt`](Self::decrypt), of what may not look like a ciphertext of this key's at all.
    pub(super) async fn try_decrypt(&self, ciphertext: &Ciphertext) -> Result<Decrypted, Error> {
        let end = self.end()?;
        let paced = self.algorithm.paced(DECRYPT_PACED);
        let answer = self.clients.read(end, paced, |client| self.decrypt_request(&client, ciphertext).send()).await;
        let answer = answer.map_err(|error| error.by(DECRYPT))?;
        // Into safe keeping before anything is looked at.
        let plaintext = answer.plaintext.map(|blob| Secret::new(blob.into_inner()));
        self.answered(answer.key_id.as_deref(), DECRYPT)?;
        let plaintext = plaintext.ok_or_else(|| Error::malformed(DECRYPT, "Plaintext").at(end))?;
        Ok(Decrypted::new(plaintext, Some(self.key.clone())))
    }

    pub(super) async fn rehearse_decrypt(&self, ciphertext: &Ciphertext) -> Result<(), Error> {
        self.can_open(ciphertext)?;
        let (end, paced) = (self.end()?, self.algorithm.paced(DECRYPT_PACED));
        let send = |client: Client| self.decrypt_request(&client, ciphertext).dry_run(true).send();
        let answer = self.clients.read(end, paced, send).await;
        let answer = answer.map(|answer| drop(answer.plaintext.map(|blob| Secret::new(blob.into_inner()))));
        would_succeed(DECRYPT, end, answer.map_err(|error| error.by(DECRYPT)))
    }

    pub(super) async fn encrypt(
        &self,
        plaintext: &Secret<Vec<u8>>,
        context: &EncryptionContext,
    ) -> Result<Encrypted, Error> {
        self.algorithm.takes(plaintext.expose().len(), self.spec.as_ref())?;
        self.can_bind(context)?;
        let (end, paced) = (self.end()?, self.algorithm.paced(ENCRYPT_PACED));
        let send = |client: Client| self.encrypt_request(&client, plaintext.expose(), context).send();
        let answer = self.clients.read(end, paced, send).await.map_err(|error| error.by(ENCRYPT))?;
        self.answered(answer.key_id.as_deref(), ENCRYPT)?;
        let bytes = answer.ciphertext_blob.ok_or_else(|| Error::malformed(ENCRYPT, "CiphertextBlob").at(end))?;
        Ok(Encrypted::new(bytes.into_inner(), Some(self.key.clone())))
    }

    pub(super) async fn rehearse_encrypt(&self, context: &EncryptionContext) -> Result<(), Error> {
        self.can_bind(context)?;
        let (end, paced) = (self.end()?, self.algorithm.paced(ENCRYPT_PACED));
        let send = |client: Client| self.encrypt_request(&client, DUMMY, context).dry_run(true).send();
        let answer = self.clients.read(end, paced, send).await;
        would_succeed(ENCRYPT, end, answer.map(drop).map_err(|error| error.by(ENCRYPT)))
    }

    /// Refuses, before anything is sent, what cannot be one of the key's ciphertexts.
    pub(super) fn can_open(&self, ciphertext: &Ciphertext) -> Result<(), Error> {
        self.algorithm.opens(ciphertext.bytes.len(), self.spec.as_ref())?;
        self.can_bind(&ciphertext.context)
    }

    /// Refuses a context where none can be bound: KMS would leave it out, and whoever relies on it would not know.
    pub(super) fn can_bind(&self, context: &EncryptionContext) -> Result<(), Error> {
        match context.is_empty() || self.algorithm.binds_context() {
            true => Ok(()),
            false => Err(refused(format!(
                "{} binds no encryption context, and one is given: only SYMMETRIC_DEFAULT does",
                self.algorithm
            ))),
        }
    }

    /// Refuses the answer of another key.
    pub(super) fn answered(&self, key: Option<&str>, action: &'static str) -> Result<(), Error> {
        let end = self.end()?;
        let key = key.ok_or_else(|| Error::malformed(action, "KeyId").at(end))?;
        match key == self.key.as_str() {
            true => Ok(()),
            false => Err(Error::unexpected(action, format!("{key} answered, where {} was named", self.key)).at(end)),
        }
    }

    fn decrypt_request(&self, client: &Client, ciphertext: &Ciphertext) -> DecryptFluentBuilder {
        let request = client.decrypt().key_id(self.key.as_str()).encryption_algorithm(self.algorithm.into());
        let request = request.ciphertext_blob(Blob::new(ciphertext.bytes.as_slice()));
        request.set_encryption_context(pairs(&ciphertext.context))
    }

    fn encrypt_request(&self, client: &Client, plaintext: &[u8], context: &EncryptionContext) -> EncryptFluentBuilder {
        let request = client.encrypt().key_id(self.key.as_str()).encryption_algorithm(self.algorithm.into());
        // The SDK's own copies are beyond our reach: see `Secret`.
        request.plaintext(Blob::new(plaintext)).set_encryption_context(pairs(context))
    }
}

/// Returns a context in the SDK's form. None at all is as good as an empty one.
pub(super) fn pairs(context: &EncryptionContext) -> Option<HashMap<String, String>> {
    let pairs = || context.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    (!context.is_empty()).then(pairs)
}
