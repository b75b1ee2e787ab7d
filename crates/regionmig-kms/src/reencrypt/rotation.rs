//! Whether the old key is shut out of what was encrypted anew.
// REQ: KMS-25

use futures::{StreamExt, stream};
use regionmig_aws::Error;
use regionmig_core::reencrypt::{Ciphertext, EncryptionContext, Reencrypted};
use regionmig_core::{Check, ErrorKind, Flaw, ResourceId};

use super::ends::Decryptor;
use crate::verify::check;

impl Decryptor {
    /// Has KMS try to open what was encrypted anew by this key, the old one: proof, item by item, that nothing is left that needs it.
    ///
    /// It passes if KMS refuses the key, by `IncorrectKeyException`; or, for an asymmetric key, the ciphertext, by
    /// `InvalidCiphertextException`, since that is all it can say then (KMS API reference, Decrypt). It fails if the key opens the ciphertext, as
    /// related multi-Region keys do. All other answers prove nothing: disabled, say, a key might open it once it is enabled again.
    ///
    /// That nobody asks for the old key any more, [`Kms::with_last_use`](crate::Kms::with_last_use) tells.
    pub async fn shut_out(&self, subject: impl Into<ResourceId> + Send, result: &Reencrypted) -> Check {
        // What binds no context is asked without one.
        let context = if self.0.algorithm.binds_context() { result.context.clone() } else { EncryptionContext::new() };
        let ciphertext = Ciphertext::new(result.bytes.as_slice(), context);
        let opened = self.0.try_decrypt(&ciphertext).await.map(drop);
        Check::of(check::SOURCE_SHUT_OUT, subject, self.verdict(opened))
    }

    /// Tries as [`shut_out`](Self::shut_out) of each result, `at_once` at a time; the checks are in the order of the results.
    pub async fn all_shut_out<'a>(
        &self,
        results: impl IntoIterator<Item = (ResourceId, &'a Reencrypted)>,
        at_once: usize,
    ) -> Vec<Check> {
        // Collected first: what hands the results out need not be `Send`.
        let checks: Vec<_> = results.into_iter().map(|(id, result)| self.shut_out(id, result)).collect();
        stream::iter(checks).buffered(at_once.max(1)).collect().await
    }

    fn verdict(&self, opened: Result<(), Error>) -> Result<(), Flaw> {
        let (key, is_symmetric) = (self.key(), self.0.algorithm.binds_context());
        let Err(error) = opened else { return Err(Flaw::Unlike(format!("{key} still opens it"))) };
        match error.code() {
            Some("IncorrectKeyException") => Ok(()),
            Some("InvalidCiphertextException") if !is_symmetric => Ok(()),
            _ if error.kind() == ErrorKind::Unexpected => Err(Flaw::Unlike(error.to_string())),
            _ => Err(Flaw::Unread(format!("whether {key} opens it, the answer does not say: {error}"))),
        }
    }
}
