//! Where the world's random things come from: one seed, so that a run can be repeated.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, RngExt, SeedableRng};

/// A seeded source of identifiers and bytes. Its clone goes on as it would have gone on itself.
#[derive(Clone, Debug)]
pub(crate) struct Ids(Xoshiro256PlusPlus);

impl Ids {
    pub(crate) fn seeded(seed: u64) -> Self {
        Self(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    /// Returns a random UUID (version 4), lower case.
    pub(crate) fn uuid(&mut self) -> String {
        let mut hex = self.hex(32);
        hex.replace_range(12..13, "4");
        let variant = ["8", "9", "a", "b"][usize::from(self.0.random::<u8>() % 4)];
        hex.replace_range(16..17, variant);
        format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
    }

    /// Returns `n` lower-case hexadecimal digits.
    pub(crate) fn hex(&mut self, n: usize) -> String {
        self.word(n, b"0123456789abcdef")
    }

    /// Returns `n` characters of `alphabet`, which is ASCII.
    pub(crate) fn word(&mut self, n: usize, alphabet: &[u8]) -> String {
        (0..n).map(|_| char::from(alphabet[self.0.random_range(0..alphabet.len())])).collect()
    }

    /// Returns `n` bytes.
    pub(crate) fn bytes(&mut self, n: usize) -> Vec<u8> {
        let mut bytes = vec![0; n];
        self.0.fill_bytes(&mut bytes);
        bytes
    }

    /// Returns true with probability `p`.
    pub(crate) fn chance(&mut self, p: f64) -> bool {
        self.0.random::<f64>() < p
    }
}
