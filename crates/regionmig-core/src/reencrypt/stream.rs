//! A stream of items: so many at once, in so much memory, tried again where that helps.

mod flow;
mod gate;
mod options;
mod progress;
mod retry;

pub use gate::Gate;
pub use options::ItemOptions;
pub use progress::Progress;

pub(super) use flow::{Flow, Outcome};
pub(super) use retry::Retry;

use std::sync::Arc;

use futures::{Stream, StreamExt};

use super::ends::{Ciphertext, Exchange};
use super::error::ReencryptError;
use super::item::{Reencrypt, Reencrypted};

impl<P: Exchange> Reencrypt<P> {
    /// Re-encrypts a stream of items, `at_once` of them at once, with all else as [`ItemOptions`] has it by default. They come out as
    /// they get done: the key that each came with says which it is.
    ///
    /// A failed item is a result like any other, and not the end. What may pass is tried again first.
    ///
    /// # Cancel safety
    ///
    /// Nothing runs but when the stream is polled, and dropping it stops all: what was under way is as if it had never been begun, since
    /// re-encrypting changes nothing.
    pub fn items<K: Send>(
        &self,
        items: impl Stream<Item = (K, Ciphertext)> + Send,
        at_once: usize,
    ) -> impl Stream<Item = (K, Result<Reencrypted, ReencryptError>)> + Send {
        self.items_with(items, &ItemOptions::default().at_once(at_once))
    }

    /// As [`items`](Self::items), told how.
    ///
    /// ```
    /// # use regionmig_core::reencrypt::*;
    /// # use regionmig_core::{Classify, ErrorKind, Secret};
    /// # use futures::StreamExt;
    /// # #[derive(Debug, thiserror::Error)] #[error("no")] struct No;
    /// # impl Classify for No { fn kind(&self) -> ErrorKind { ErrorKind::Invalid } }
    /// # struct Old; struct New;
    /// # impl Decrypt for Old { type Error = No; async fn decrypt(&self, it: &Ciphertext) -> Result<Decrypted, No> {
    /// #     if it.bytes.is_empty() { return Err(No) }
    /// #     Ok(Decrypted::new(Secret::new(it.bytes.iter().map(|byte| byte ^ 1).collect()), None)) } }
    /// # impl Encrypt for New { type Error = No; async fn encrypt(&self, it: &Secret<Vec<u8>>, _: &EncryptionContext) -> Result<Encrypted, No> {
    /// #     Ok(Encrypted::new(it.expose().iter().map(|byte| byte ^ 2).collect(), None)) } }
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// # let reencrypt = Reencrypt::new(Old, New);
    /// let rows = [(7, b"abc".to_vec()), (8, Vec::new())];
    /// let items = futures::stream::iter(rows).map(|(id, bytes)| (id, Ciphertext::new(bytes, EncryptionContext::new())));
    /// let options = ItemOptions::default().at_once(16).in_order();
    /// let done: Vec<_> = reencrypt.items_with(items, &options).collect().await;
    /// assert_eq!((done[0].0, done[0].1.as_ref().unwrap().bytes.as_slice()), (7, &b"ba`"[..]));
    /// assert_eq!((done[1].0, done[1].1.as_ref().unwrap_err().kind()), (8, ErrorKind::Invalid)); // and not the end
    /// # }
    /// ```
    pub fn items_with<'a, K, S>(
        &'a self,
        items: S,
        options: &ItemOptions,
    ) -> impl Stream<Item = (K, Result<Reencrypted, ReencryptError>)> + Send + use<'a, K, S, P>
    where
        K: Send,
        S: Stream<Item = (K, Ciphertext)> + Send,
    {
        let retry = Retry::new(options);
        let begin = move |number, (key, ciphertext): (K, Ciphertext)| {
            let retry = Arc::clone(&retry);
            async move {
                let result = retry.run(number, || self.item(&ciphertext)).await;
                (key, told(result))
            }
        };
        Flow::new(items, begin, options).map(|done| done.output)
    }

    /// Finds out of a stream of items which would fail, and why, before anything is begun: nothing is decrypted, nothing encrypted.
    ///
    /// Each item takes as many requests as re-encrypting it would, from the same quota: of very many, a sample may do.
    pub fn rehearse_items<'a, K, S>(
        &'a self,
        items: S,
        options: &ItemOptions,
    ) -> impl Stream<Item = (K, Result<(), ReencryptError>)> + Send + use<'a, K, S, P>
    where
        K: Send,
        S: Stream<Item = (K, Ciphertext)> + Send,
    {
        let retry = Retry::new(options);
        let begin = move |number, (key, ciphertext): (K, Ciphertext)| {
            let retry = Arc::clone(&retry);
            async move {
                let result = retry.run(number, || self.rehearse(&ciphertext)).await;
                (key, told(result))
            }
        };
        Flow::new(items, begin, options).map(|done| done.output)
    }
}

/// What has not been begun is an error of its own.
fn told<T>(result: Option<Result<T, ReencryptError>>) -> Result<T, ReencryptError> {
    result.unwrap_or(Err(ReencryptError::Cancelled))
}

/// Something that a flow carries: how much memory it holds.
pub(super) trait Weigh {
    /// Returns the bytes that it holds, about.
    fn weight(&self) -> usize;
}

impl Weigh for Ciphertext {
    fn weight(&self) -> usize {
        let context = self.context.iter().map(|(name, value)| name.len() + value.len());
        context.fold(self.bytes.len(), usize::saturating_add)
    }
}

impl<K> Weigh for (K, Ciphertext) {
    fn weight(&self) -> usize {
        self.1.weight()
    }
}

/// What a flow gives out can say whether it went well.
pub(super) trait Told {
    /// Returns whether it counts as done, as failed, or, not begun, as neither.
    fn outcome(&self) -> Outcome;
}

impl<K, T> Told for (K, Result<T, ReencryptError>) {
    fn outcome(&self) -> Outcome {
        match &self.1 {
            Ok(_) => Outcome::Done,
            Err(ReencryptError::Cancelled) => Outcome::NotBegun,
            Err(_) => Outcome::Failed,
        }
    }
}
