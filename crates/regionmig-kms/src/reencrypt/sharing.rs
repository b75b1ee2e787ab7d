//! One decryption for all who ask for the same.

mod shelf;

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest::{Context, SHA256};
use regionmig_aws::Error;
use regionmig_core::reencrypt::{Ciphertext, Decrypt, Decrypted};
use regionmig_core::{KeyArn, Permission, Secret};

use super::ends::Decryptor;
use super::pinned::Pinned;
use shelf::{Found, Name, Shelf};

/// How much of what was decrypted is kept for who asks for the same, and for how long.
///
/// All three hold: what is the oldest goes first. Unless set otherwise, a thousand plaintexts, a mebibyte of them, a minute. With a bound
/// of zero nothing is kept; who asks at the same time still shares one request.
///
/// ```
/// # use std::time::Duration;
/// use regionmig_kms::SharingBounds;
/// let bounds = SharingBounds::default().entries(100).bytes(64 * 1024).age(Duration::from_secs(10));
/// assert_eq!(bounds.bytes, 65_536);
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct SharingBounds {
    /// So many plaintexts at most.
    pub entries: usize,
    /// So many bytes of plaintext at most, all together.
    pub bytes: usize,
    /// For so long, from when it was decrypted, a plaintext is given out again.
    pub age: Duration,
}

impl Default for SharingBounds {
    fn default() -> Self {
        Self { entries: 1000, bytes: 1024 * 1024, age: Duration::from_secs(60) }
    }
}

impl SharingBounds {
    /// Sets how many plaintexts are kept at most.
    #[must_use]
    pub const fn entries(mut self, most: usize) -> Self {
        self.entries = most;
        self
    }

    /// Sets how many bytes of plaintext are kept at most, all together.
    #[must_use]
    pub const fn bytes(mut self, most: usize) -> Self {
        self.bytes = most;
        self
    }

    /// Sets for how long a plaintext is given out again.
    #[must_use]
    pub const fn age(mut self, most: Duration) -> Self {
        self.age = most;
        self
    }
}

/// As [`Decryptor`], and one request serves all items with the same ciphertext and context. [`Decryptor::sharing`] makes it. Clones share.
///
/// Who asks while the same is being decrypted waits for that request, and shares its failure, too; no failure is kept. What was decrypted
/// is kept within the [`SharingBounds`], in memory that is wiped: what became too old at the next call, the rest with the last clone. So long a
/// plaintext is given out without KMS being asked, though the key may have been disabled, or the permission withdrawn, meanwhile.
#[derive(Clone, Debug)]
pub struct SharedDecryptor {
    key: Pinned,
    shares: Shares,
}

impl SharedDecryptor {
    pub(super) fn new(key: Pinned, bounds: SharingBounds) -> Self {
        Self { key, shares: Shares::new(bounds) }
    }

    /// Returns the key.
    pub const fn key(&self) -> &KeyArn {
        &self.key.key
    }

    /// Returns what a caller must be allowed to do.
    pub fn permissions(&self) -> Vec<Permission> {
        Decryptor(self.key.clone()).permissions()
    }
}

impl Decrypt for SharedDecryptor {
    type Error = Arc<Error>;

    async fn decrypt(&self, ciphertext: &Ciphertext) -> Result<Decrypted, Arc<Error>> {
        self.shares.decrypt(&self.key, ciphertext).await
    }

    async fn rehearse_decrypt(&self, ciphertext: &Ciphertext) -> Result<(), Arc<Error>> {
        self.key.rehearse_decrypt(ciphertext).await.map_err(Arc::new)
    }
}

/// What keys share. Clones are one.
#[derive(Clone, Debug)]
pub(super) struct Shares(Arc<Shelf>);

impl Shares {
    pub(super) fn new(bounds: SharingBounds) -> Self {
        Self(Arc::new(Shelf::new(bounds)))
    }

    /// Decrypts by `key`, unless somebody did or does so.
    pub(super) async fn decrypt(&self, key: &Pinned, ciphertext: &Ciphertext) -> Result<Decrypted, Arc<Error>> {
        let clock = key.clients().access().clock();
        let decrypted = match Shelf::find(&self.0, name_of(key, ciphertext), clock, key, ciphertext) {
            Found::Kept(decrypted) => decrypted,
            Found::UnderWay(flight) => flight.await?,
        };
        // Each gets its own, at full length at once, so that nothing grows and leaves a part behind.
        Ok(Decrypted::new(Secret::new(decrypted.plaintext.expose().clone()), decrypted.key.clone()))
    }
}

/// Returns what a decryption is known by: key, algorithm, context and ciphertext, each text after its length, so that no two look the same.
fn name_of(key: &Pinned, ciphertext: &Ciphertext) -> Name {
    let mut digest = Context::new(&SHA256);
    let mut add = |part: &[u8]| {
        digest.update(&part.len().to_be_bytes());
        digest.update(part);
    };
    add(key.key.as_str().as_bytes());
    add(key.algorithm.as_str().as_bytes());
    for (name, value) in ciphertext.context.iter() {
        add(name.as_bytes());
        add(value.as_bytes());
    }
    add(&ciphertext.bytes);
    let mut name = Name::default();
    name.iter_mut().zip(digest.finish().as_ref()).for_each(|(to, from)| *to = *from);
    name
}
