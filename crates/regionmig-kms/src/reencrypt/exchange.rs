//! ReEncrypt, where both keys are in one region.
// REQ: KMS-6, KMS-12

use aws_sdk_kms::Client;
use aws_sdk_kms::operation::re_encrypt::builders::ReEncryptFluentBuilder;
use aws_sdk_kms::primitives::Blob;
use regionmig_aws::Error;
use regionmig_core::reencrypt::{Ciphertext, Encrypted, EncryptionContext, Exchange, Exchanged, ReencryptError};
use regionmig_core::{End, ErrorKind, KeyArn, Permission, Side};

use super::algorithm::{EncryptionAlgorithm, refused};
use super::pinned::{Pinned, pairs};
use crate::preflight::would_succeed;
use crate::service::Kms;
use crate::snapshot::KeySpec;

/// There is no action of the operation's own name: it takes two (service authorization reference, AWS KMS).
const FROM: &str = "kms:ReEncryptFrom";
const TO: &str = "kms:ReEncryptTo";

const FROM_PACED: [&str; 3] = [FROM, "kms:ReEncryptFrom RSA", "kms:ReEncryptFrom SM2"];
const TO_PACED: [&str; 3] = [TO, "kms:ReEncryptTo RSA", "kms:ReEncryptTo SM2"];

impl Kms {
    /// Returns what has KMS decrypt by `source` and encrypt under `target` in one request, so that no plaintext leaves it.
    ///
    /// ReEncrypt knows keys of one region only. So `source` must be in the region of `target`, or be a multi-Region key: then its replica
    /// there is asked, which opens what any related key encrypted (KMS developer guide, "Multi-Region keys"). It must exist by then.
    ///
    /// # Errors
    ///
    /// Fails, before any request, for keys that no one region has: these take a decryptor and an encryptor.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let access = regionmig_aws::Access::new(&aws_types::SdkConfig::builder().build());
    /// use regionmig_core::reencrypt::Reencrypt;
    /// let kms = regionmig_kms::Kms::new(&access);
    /// let old = "arn:aws:kms:me-central-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab".parse()?;
    /// let new = "arn:aws:kms:eu-central-1:111122223333:key/0987dcba-09fe-87dc-65ba-ab0987654321".parse()?;
    /// let reencrypt = Reencrypt::within(kms.reencryptor(&old, &new)?);
    /// assert!(kms.reencryptor(&new, &old).is_err()); // only the old key is in both regions
    /// # drop(reencrypt); Ok(()) }
    /// ```
    pub fn reencryptor(&self, source: &KeyArn, target: &KeyArn) -> Result<Reencryptor, Error> {
        let target = Pinned::new(self.clients(), target);
        let end = target.end()?.clone();
        let source = in_region_of(source, &end, &target.key)?;
        Ok(Reencryptor { source: Pinned::new(self.clients(), &source), target, end })
    }
}

/// Returns the source's key as it is named in the target's region.
fn in_region_of(source: &KeyArn, target: &End, target_key: &KeyArn) -> Result<KeyArn, Error> {
    let end = source.end().ok_or_else(|| refused(format!("{source} names no account and region")))?;
    if end.region == target.region {
        return Ok(source.clone());
    }
    let apart = || {
        refused(format!(
            "{source} and {target_key} are in two regions, and ReEncrypt is of one: use Kms::decryptor and Kms::encryptor"
        ))
    };
    match source.is_multi_region() {
        true => source.in_region(&target.region).map_err(|error| apart().because(error)),
        false => Err(apart()),
    }
}

/// Has KMS decrypt and encrypt in one request: ReEncrypt, with both keys named. [`Kms::reencryptor`] makes it. Cheap to clone.
///
/// There is none for keys of two regions. It takes raw ciphertexts of KMS, not messages of the Encryption SDK (KMS API reference, ReEncrypt).
/// How long the plaintext is, only KMS knows, so a key's limit shows only there.
#[derive(Clone, Debug)]
pub struct Reencryptor {
    source: Pinned,
    target: Pinned,
    end: End,
}

impl Reencryptor {
    /// Says how the source's key encrypted: what an asymmetric one encrypted does not say so itself.
    #[must_use]
    pub const fn with_source_algorithm(mut self, algorithm: EncryptionAlgorithm) -> Self {
        self.source.algorithm = algorithm;
        self
    }

    /// Says what the source's key is made of, such as `RSA_2048`.
    #[must_use]
    pub fn with_source_spec(mut self, spec: impl Into<KeySpec>) -> Self {
        self.source.spec = Some(spec.into());
        self
    }

    /// Says how the target's key shall encrypt.
    #[must_use]
    pub const fn with_target_algorithm(mut self, algorithm: EncryptionAlgorithm) -> Self {
        self.target.algorithm = algorithm;
        self
    }

    /// Returns the source's key as it is asked: for a multi-Region one, its replica in the target's region.
    pub const fn source(&self) -> &KeyArn {
        &self.source.key
    }

    /// Returns the target's key.
    pub const fn target(&self) -> &KeyArn {
        &self.target.key
    }

    /// Returns what a caller must be allowed to do, all of it in the target's region.
    pub fn permissions(&self) -> Vec<Permission> {
        let needed = [(FROM, &self.source), (TO, &self.target)];
        needed.map(|(action, key)| Permission::new(Side::Target, action, key.key.as_str())).into()
    }

    fn is_possible(&self, ciphertext: &Ciphertext, context: &EncryptionContext) -> Result<(), Error> {
        self.source.can_open(ciphertext)?;
        self.target.can_bind(context)
    }

    fn request(&self, client: &Client, ciphertext: &Ciphertext, context: &EncryptionContext) -> ReEncryptFluentBuilder {
        let request = client.re_encrypt().ciphertext_blob(Blob::new(ciphertext.bytes.as_slice()));
        let request = request.source_key_id(self.source.key.as_str()).destination_key_id(self.target.key.as_str());
        let request = request.source_encryption_algorithm(self.source.algorithm.into());
        let request = request.destination_encryption_algorithm(self.target.algorithm.into());
        let request = request.set_source_encryption_context(pairs(&ciphertext.context));
        request.set_destination_encryption_context(pairs(context))
    }

    /// Names the request as IAM knows it. Which of the two keys was refused, only KMS's words say.
    fn explained(&self, error: Error) -> Error {
        let (source, target) = (&self.source.key, &self.target.key);
        match error.kind() {
            ErrorKind::AccessDenied => {
                error.by(FROM).because(format!("it takes {FROM} on {source} and {TO} on {target}"))
            }
            _ => error.by(FROM),
        }
    }

    /// Waits for the second of its turns: the quotas count what is decrypted, and what is encrypted.
    async fn paced(&self) -> &'static str {
        let pace = self.target.clients().access().pace();
        pace.wait(&self.end, self.target.algorithm.paced(TO_PACED)).await;
        self.source.algorithm.paced(FROM_PACED)
    }

    async fn reencrypt(&self, ciphertext: &Ciphertext, context: &EncryptionContext) -> Result<Exchanged, Error> {
        self.is_possible(ciphertext, context)?;
        let paced = self.paced().await;
        let send = |client: Client| self.request(&client, ciphertext, context).send();
        let answer = self.target.clients().read(&self.end, paced, send).await.map_err(|error| self.explained(error))?;
        self.source.answered(answer.source_key_id.as_deref(), FROM)?;
        self.target.answered(answer.key_id.as_deref(), TO)?;
        let bytes = answer.ciphertext_blob.ok_or_else(|| Error::malformed(FROM, "CiphertextBlob").at(&self.end))?;
        let encrypted = Encrypted::new(bytes.into_inner(), Some(self.target.key.clone()));
        Ok(Exchanged::new(Some(self.source.key.clone()), encrypted))
    }

    async fn try_reencrypt(&self, ciphertext: &Ciphertext, context: &EncryptionContext) -> Result<(), Error> {
        self.is_possible(ciphertext, context)?;
        let paced = self.paced().await;
        let send = |client: Client| self.request(&client, ciphertext, context).dry_run(true).send();
        let answer = self.target.clients().read(&self.end, paced, send).await;
        would_succeed(FROM, &self.end, answer.map(drop).map_err(|error| self.explained(error)))
    }
}

impl Exchange for Reencryptor {
    async fn exchange(
        &self,
        ciphertext: &Ciphertext,
        context: &EncryptionContext,
    ) -> Result<Exchanged, ReencryptError> {
        self.reencrypt(ciphertext, context).await.map_err(ReencryptError::exchange)
    }

    async fn rehearse(&self, ciphertext: &Ciphertext, context: &EncryptionContext) -> Result<(), ReencryptError> {
        self.try_reencrypt(ciphertext, context).await.map_err(ReencryptError::exchange)
    }
}
