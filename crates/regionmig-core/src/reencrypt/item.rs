//! One item: a call that knows of no stream, no journal and no runtime.

use std::fmt;
use std::sync::Arc;

use super::context::EncryptionContext;
use super::ends::{Ciphertext, Compared, Decrypt, Encrypt, Exchange, Through};
use super::error::ReencryptError;
use crate::ids::KeyArn;
use crate::rewrite::Rewriter;

/// From one end to the other.
///
/// One item is one call without state, so that whatever hands out work can make it: a stream here, or the workers of S3 Batch Operations,
/// a Step Functions map or a queue.
///
/// ```
/// # use regionmig_core::reencrypt::*;
/// # use regionmig_core::{Classify, ErrorKind, Secret};
/// # #[derive(Debug, thiserror::Error)] #[error("no")] struct No;
/// # impl Classify for No { fn kind(&self) -> ErrorKind { ErrorKind::Invalid } }
/// # struct Old; struct New;
/// # impl Decrypt for Old { type Error = No; async fn decrypt(&self, it: &Ciphertext) -> Result<Decrypted, No> {
/// #     Ok(Decrypted::new(Secret::new(it.bytes.iter().map(|byte| byte ^ 1).collect()), None)) } }
/// # impl Encrypt for New { type Error = No; async fn encrypt(&self, it: &Secret<Vec<u8>>, _: &EncryptionContext) -> Result<Encrypted, No> {
/// #     Ok(Encrypted::new(it.expose().iter().map(|byte| byte ^ 2).collect(), None)) } }
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), ReencryptError> {
/// # let (old, new) = (Old, New);
/// let reencrypt = Reencrypt::new(old, new); // in earnest: kms.decryptor(&old), kms.encryptor(&new)
/// let context = EncryptionContext::from([("table", "users")]);
/// let item = reencrypt.item(&Ciphertext::new(b"abc", context.clone())).await?;
/// assert_eq!((item.bytes.as_slice(), &item.context), (&b"ba`"[..], &context));
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Reencrypt<P> {
    pub(super) path: P,
    pub(super) contexts: Contexts,
}

/// What becomes of encryption contexts.
#[derive(Clone)]
pub(super) enum Contexts {
    /// They stay as they are.
    Kept,
    /// Values that name what the source's account has in the source's region name its counterpart.
    Rewritten(Arc<Rewriter>),
}

/// A ciphertext that was encrypted anew, and what became what.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Reencrypted {
    /// The new ciphertext.
    pub bytes: Vec<u8>,
    /// The context that it is bound to.
    pub context: EncryptionContext,
    /// The context that the former one was bound to.
    pub source_context: EncryptionContext,
    /// The key that the former one was under, where it is one of KMS.
    pub source_key: Option<KeyArn>,
    /// The key that the new one is under, where it is one of KMS.
    pub target_key: Option<KeyArn>,
}

impl Reencrypted {
    /// Says what was read back from where it was put: a ciphertext and its context. Which key it is under, and what it was before, is not
    /// said.
    pub fn new(bytes: impl Into<Vec<u8>>, context: EncryptionContext) -> Self {
        let source_context = EncryptionContext::new();
        Self { bytes: bytes.into(), context, source_context, source_key: None, target_key: None }
    }
}

impl<D, E> Reencrypt<Through<D, E>> {
    /// Joins two ends: for items a [`Decrypt`] and an [`Encrypt`], for messages two [`Keyring`](super::message::Keyring)s.
    pub const fn new(source: D, target: E) -> Self {
        Self::within(Through { decrypt: source, encrypt: target })
    }

    /// Opens each result again and compares it with what was encrypted: for one request more an item. Whether that request is allowed, a
    /// rehearsal does not ask.
    pub fn comparing(self) -> Reencrypt<Compared<D, E>>
    where
        D: Decrypt,
        E: Decrypt + Encrypt,
    {
        Reencrypt { path: Compared(self.path), contexts: self.contexts }
    }
}

impl<P> Reencrypt<P> {
    /// Has `path` do both in one: KMS itself, where both keys are in one region.
    pub const fn within(path: P) -> Self {
        Self { path, contexts: Contexts::Kept }
    }

    /// Rewrites the encryption contexts, too: a value that is the ARN of something in the source becomes that of its counterpart. One that
    /// has none fails the item, since it would be bound to what is left behind.
    ///
    /// Whoever opens the result must give the new context.
    // REQ: KMS-23
    #[must_use]
    pub fn rewrite(mut self, rewriter: Rewriter) -> Self {
        self.contexts = Contexts::Rewritten(Arc::new(rewriter));
        self
    }

    /// Returns what a context becomes.
    ///
    /// # Errors
    ///
    /// Fails if a value names something that has no counterpart.
    pub fn context(&self, context: EncryptionContext) -> Result<EncryptionContext, ReencryptError> {
        let Contexts::Rewritten(rewriter) = &self.contexts else { return Ok(context) };
        let rewritten = rewriter.context(context.as_map());
        let lost =
            |name: &str, value: &str| Err(ReencryptError::Context { name: name.to_owned(), value: value.to_owned() });
        if let Some(unresolved) = rewritten.unresolved.first() {
            return lost(&unresolved.at, &unresolved.value);
        }
        let mut target = EncryptionContext::new();
        for (name, value) in &rewritten.document {
            match value.known() {
                Some(known) => target.insert(name, known),
                None => return lost(name, context.get(name).unwrap_or_default()),
            };
        }
        Ok(target)
    }
}

impl<P: Exchange> Reencrypt<P> {
    /// Re-encrypts one item. Has no state: may be called from anywhere, any number of times, and gives another ciphertext each time.
    ///
    /// # Errors
    ///
    /// Fails if either end does, if a context cannot be rewritten, or if the result was opened again and does not hold the same.
    pub async fn item(&self, ciphertext: &Ciphertext) -> Result<Reencrypted, ReencryptError> {
        let context = self.context(ciphertext.context.clone())?;
        let exchanged = self.path.exchange(ciphertext, &context).await?;
        Ok(Reencrypted {
            bytes: exchanged.encrypted.bytes,
            context,
            source_context: ciphertext.context.clone(),
            source_key: exchanged.source_key,
            target_key: exchanged.encrypted.key,
        })
    }

    /// Finds out whether [`item`](Self::item) would succeed, without doing it: nothing is decrypted, nothing encrypted.
    ///
    /// # Errors
    ///
    /// Fails as [`item`](Self::item) would, as far as that can be told.
    pub async fn rehearse(&self, ciphertext: &Ciphertext) -> Result<(), ReencryptError> {
        let context = self.context(ciphertext.context.clone())?;
        self.path.rehearse(ciphertext, &context).await
    }
}

impl fmt::Debug for Contexts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Kept => "Kept",
            Self::Rewritten(_) => "Rewritten(..)",
        })
    }
}
