//! Ends that take as long, and fail as often, as they are told, and count what is under way.

use std::collections::HashMap;
use std::future::poll_fn;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use regionmig_core::reencrypt::{
    Ciphertext, Decrypt, Decrypted, Encrypt, Encrypted, EncryptionContext, Exchange, Exchanged, Reencrypt,
    ReencryptError, Through,
};
use regionmig_core::{Classify, ErrorKind, Secret};
use tokio::time::Instant;

/// An end's error, of a given kind.
#[derive(Debug, thiserror::Error)]
#[error("told to fail")]
pub(crate) struct Told(pub(crate) ErrorKind);

impl Classify for Told {
    fn kind(&self) -> ErrorKind {
        self.0
    }
}

type Script = dyn Fn(u64, u64) -> Result<Duration, ErrorKind> + Send + Sync;

/// What an item with `id` does at its `n`-th try, counted from 1: takes so long, or fails. No time at all is one more poll.
pub(crate) struct Lab {
    script: Box<Script>,
    tries: Mutex<HashMap<u64, u64>>,
    pub(crate) items: Most,
    pub(crate) bytes: Most,
    pub(crate) encrypted: AtomicU64,
}

/// How much there is, and was at most.
#[derive(Default)]
pub(crate) struct Most {
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Most {
    pub(crate) fn most(&self) -> usize {
        self.most.load(Ordering::SeqCst)
    }

    fn add(&self, more: usize) {
        let now = self.now.fetch_add(more, Ordering::SeqCst) + more;
        self.most.fetch_max(now, Ordering::SeqCst);
    }
}

/// Something under way.
struct UnderWay<'a>(&'a Lab, usize);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.items.now.fetch_sub(1, Ordering::SeqCst);
        self.0.bytes.now.fetch_sub(self.1, Ordering::SeqCst);
    }
}

impl Lab {
    pub(crate) fn new(script: impl Fn(u64, u64) -> Result<Duration, ErrorKind> + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self {
            script: Box::new(script),
            tries: Mutex::default(),
            items: Most::default(),
            bytes: Most::default(),
            encrypted: AtomicU64::new(0),
        })
    }

    pub(crate) fn reencrypt(self: &Arc<Self>) -> Reencrypt<Path> {
        Reencrypt::within(Path(Arc::clone(self)))
    }

    pub(crate) fn tries(&self, id: u64) -> u64 {
        self.tries.lock().unwrap().get(&id).copied().unwrap_or(0)
    }

    pub(crate) fn all_tries(&self) -> u64 {
        self.tries.lock().unwrap().values().sum()
    }
}

/// Both ends, with the laboratory in between.
pub(crate) struct Path(Arc<Lab>);

impl Path {
    async fn take_time(&self, ciphertext: &Ciphertext) -> Result<(), ReencryptError> {
        let context = ciphertext.context.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>();
        let bytes = ciphertext.bytes.len() + context;
        self.0.items.add(1);
        self.0.bytes.add(bytes);
        let _under_way = UnderWay(&self.0, bytes);
        let id = id_of(&ciphertext.bytes);
        let tried = {
            let mut tries = self.0.tries.lock().unwrap();
            *tries.entry(id).and_modify(|tries| *tries += 1).or_insert(1)
        };
        match (self.0.script)(id, tried) {
            Ok(Duration::ZERO) => pass().await,
            Ok(time) => tokio::time::sleep(time).await,
            Err(kind) => {
                pass().await;
                // The error of an end is only made by one.
                let failed = Reencrypt::new(Fails(kind), New(&self.0)).item(ciphertext).await;
                return Err(failed.unwrap_err());
            }
        }
        Ok(())
    }
}

impl Exchange for Path {
    async fn exchange(
        &self,
        ciphertext: &Ciphertext,
        context: &EncryptionContext,
    ) -> Result<Exchanged, ReencryptError> {
        self.take_time(ciphertext).await?;
        ends(&self.0).exchange(ciphertext, context).await
    }

    async fn rehearse(&self, ciphertext: &Ciphertext, context: &EncryptionContext) -> Result<(), ReencryptError> {
        self.take_time(ciphertext).await?;
        ends(&self.0).rehearse(ciphertext, context).await
    }
}

fn ends(lab: &Lab) -> Pair<'_> {
    Pair(Reencrypt::new(Old, New(lab)))
}

/// What an exchange through both ends comes to.
struct Pair<'a>(Reencrypt<Through<Old, New<'a>>>);

impl Pair<'_> {
    async fn exchange(&self, ciphertext: &Ciphertext, _: &EncryptionContext) -> Result<Exchanged, ReencryptError> {
        let item = self.0.item(ciphertext).await?;
        Ok(Exchanged::new(None, Encrypted::new(item.bytes, None)))
    }

    async fn rehearse(&self, ciphertext: &Ciphertext, _: &EncryptionContext) -> Result<(), ReencryptError> {
        self.0.rehearse(ciphertext).await
    }
}

struct Fails(ErrorKind);

impl Decrypt for Fails {
    type Error = Told;

    async fn decrypt(&self, _: &Ciphertext) -> Result<Decrypted, Told> {
        Err(Told(self.0))
    }
}

/// The old key: its ciphertexts begin with an `o`.
pub(crate) struct Old;

impl Decrypt for Old {
    type Error = Told;

    async fn decrypt(&self, ciphertext: &Ciphertext) -> Result<Decrypted, Told> {
        self.rehearse_decrypt(ciphertext).await?;
        let plaintext = ciphertext.bytes[1..].iter().map(|byte| byte ^ 0x55).collect();
        Ok(Decrypted::new(Secret::new(plaintext), None))
    }

    async fn rehearse_decrypt(&self, ciphertext: &Ciphertext) -> Result<(), Told> {
        match ciphertext.bytes.first() {
            Some(b'o') => Ok(()),
            _ => Err(Told(ErrorKind::Invalid)),
        }
    }
}

/// The new key: its ciphertexts begin with an `n` and a number that none had before.
pub(crate) struct New<'a>(&'a Lab);

impl Encrypt for New<'_> {
    type Error = Told;

    async fn encrypt(&self, plaintext: &Secret<Vec<u8>>, _: &EncryptionContext) -> Result<Encrypted, Told> {
        let number = self.0.encrypted.fetch_add(1, Ordering::SeqCst);
        let mut bytes = vec![b'n'];
        bytes.extend(number.to_be_bytes());
        bytes.extend(plaintext.expose().iter().map(|byte| byte ^ 0xaa));
        Ok(Encrypted::new(bytes, None))
    }
}

/// Returns an item under the old key, of so many bytes, ten at least.
pub(crate) fn old(id: u64, length: usize) -> Ciphertext {
    let mut plaintext = id.to_be_bytes().to_vec();
    plaintext.resize(length.saturating_sub(1).max(8), 0);
    let bytes: Vec<u8> = [b'o'].into_iter().chain(plaintext.iter().map(|byte| byte ^ 0x55)).collect();
    Ciphertext::new(bytes, EncryptionContext::new())
}

/// Returns an item that the old key does not open.
pub(crate) fn foreign(id: u64) -> Ciphertext {
    let mut ciphertext = old(id, 0);
    ciphertext.bytes[0] = b'x';
    ciphertext
}

/// Returns which item a ciphertext holds, under either key.
pub(crate) fn id_of(bytes: &[u8]) -> u64 {
    let (place, mask) = if bytes[0] == b'n' { (9, 0xaa) } else { (1, 0x55) };
    let id: Vec<u8> = bytes[place..place + 8].iter().map(|byte| byte ^ mask).collect();
    u64::from_be_bytes(id.try_into().unwrap())
}

/// Returns at the next poll.
pub(crate) async fn pass() {
    let mut is_first = true;
    poll_fn(|cx| {
        if std::mem::take(&mut is_first) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(())
    })
    .await;
}

pub(crate) const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub(crate) const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[expect(clippy::disallowed_methods, reason = "tokio's paused clock")]
pub(crate) fn now() -> Instant {
    Instant::now()
}
