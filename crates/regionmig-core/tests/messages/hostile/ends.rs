//! Keyrings that count, outputs that record, and readers of all habits.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use async_trait::async_trait;
use regionmig_core::Secret;
use regionmig_core::reencrypt::message::{DataKey, EncryptedDataKey, Keyring, KeyringError, NewDataKey, Suite};
use regionmig_core::reencrypt::{EncryptionContext, Output};
use tokio::io::{AsyncRead, ReadBuf};

/// A keyring that was told the data key, and counts how often it is asked.
#[derive(Clone, Default)]
pub(crate) struct Told {
    pub(crate) data_key: Vec<u8>,
    pub(crate) opened: Arc<AtomicUsize>,
    pub(crate) made: Arc<AtomicUsize>,
}

impl Told {
    pub(crate) fn new(data_key: &[u8]) -> Self {
        Self { data_key: data_key.to_vec(), ..Self::default() }
    }

    pub(crate) fn asked(&self) -> (usize, usize) {
        (self.opened.load(Ordering::Relaxed), self.made.load(Ordering::Relaxed))
    }

    /// The key of a suite's length.
    fn key(&self, suite: Suite) -> Secret<Vec<u8>> {
        Secret::new(self.data_key.iter().copied().take(suite.data_key_length()).collect())
    }
}

#[async_trait]
impl Keyring for Told {
    async fn decrypt_data_key(
        &self,
        _: Suite,
        _: &EncryptionContext,
        _: &[EncryptedDataKey],
    ) -> Result<DataKey, KeyringError> {
        self.opened.fetch_add(1, Ordering::Relaxed);
        Ok(DataKey::new(Secret::new(self.data_key.clone()), None))
    }

    async fn generate_data_key(&self, suite: Suite, context: &EncryptionContext) -> Result<NewDataKey, KeyringError> {
        self.made.fetch_add(1, Ordering::Relaxed);
        let plaintext = self.key(suite);
        let encrypted = self.encrypt_data_key(suite, context, &plaintext).await?;
        Ok(NewDataKey::new(plaintext, encrypted))
    }

    async fn encrypt_data_key(
        &self,
        _: Suite,
        _: &EncryptionContext,
        _: &Secret<Vec<u8>>,
    ) -> Result<Vec<EncryptedDataKey>, KeyringError> {
        Ok(vec![EncryptedDataKey::new("told", "key", "sealed")])
    }
}

/// What an output was asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Record {
    pub(crate) begun: usize,
    pub(crate) written: Vec<u8>,
    pub(crate) pieces: usize,
    pub(crate) committed: usize,
    pub(crate) aborted: usize,
    pub(crate) dropped: usize,
}

/// An output that records, and fails where it is told to.
#[derive(Clone, Default)]
pub(crate) struct Recording {
    pub(crate) record: Arc<Mutex<Record>>,
    /// Whether it keeps what is written, and not only how often.
    pub(crate) keeps: bool,
}

impl Recording {
    pub(crate) fn keeping() -> Self {
        Self { keeps: true, ..Self::default() }
    }

    pub(crate) fn record(&self) -> Record {
        self.record.lock().unwrap().clone()
    }
}

/// A recording that is an output: once.
pub(crate) struct Recorded(pub(crate) Recording);

impl Output for Recorded {
    type Error = Infallible;
    type Committed = ();

    async fn begin(&mut self) -> Result<(), Infallible> {
        self.0.record.lock().unwrap().begun += 1;
        Ok(())
    }

    async fn write(&mut self, piece: &[u8]) -> Result<(), Infallible> {
        let mut record = self.0.record.lock().unwrap();
        record.pieces += 1;
        if self.0.keeps {
            record.written.extend_from_slice(piece);
        }
        Ok(())
    }

    async fn commit(self) -> Result<(), Infallible> {
        self.0.record.lock().unwrap().committed += 1;
        Ok(())
    }

    async fn abort(self) -> Result<(), Infallible> {
        self.0.record.lock().unwrap().aborted += 1;
        Ok(())
    }
}

impl Drop for Recorded {
    fn drop(&mut self) {
        self.0.record.lock().unwrap().dropped += 1;
    }
}

/// A reader that gives pieces of the given lengths in turn, then ends, fails, or goes on without end.
pub(crate) struct Reader<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) lengths: VecDeque<usize>,
    pub(crate) then: Then,
    /// Whether it makes whoever reads wait, every other time.
    pub(crate) waits: bool,
    pub(crate) is_waiting: bool,
    /// How much it gave.
    pub(crate) given: u64,
}

/// What a reader does in the end.
#[derive(Clone, Copy)]
pub(crate) enum Then {
    Ends,
    Fails,
    Repeats(u8),
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8], then: Then) -> Self {
        Self { bytes, lengths: VecDeque::new(), then, waits: false, is_waiting: false, given: 0 }
    }

    /// One that gives so many bytes at a time, in turn.
    pub(crate) fn in_pieces(bytes: &'a [u8], lengths: impl IntoIterator<Item = usize>) -> Self {
        Self { lengths: lengths.into_iter().collect(), waits: true, ..Self::new(bytes, Then::Ends) }
    }
}

impl AsyncRead for Reader<'_> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, room: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.waits {
            self.is_waiting = !self.is_waiting;
            if self.is_waiting {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
        }
        let most = self.lengths.pop_front();
        self.lengths.extend(most);
        let most = most.unwrap_or(usize::MAX);
        let length = most.min(room.remaining()).min(self.bytes.len());
        if length > 0 {
            room.put_slice(&self.bytes[..length]);
            self.bytes = &self.bytes[length..];
            self.given += length as u64;
            return Poll::Ready(Ok(()));
        }
        match self.then {
            Then::Ends => {}
            Then::Fails => return Poll::Ready(Err(io::Error::other("the reader failed"))),
            Then::Repeats(byte) => {
                let length = most.min(room.remaining());
                room.initialize_unfilled_to(length).fill(byte);
                room.advance(length);
                self.given += length as u64;
            }
        }
        Poll::Ready(Ok(()))
    }
}
