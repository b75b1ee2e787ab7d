//! Digests of what was written.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The SHA-256 of some bytes, in hexadecimal digits.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Digest(Arc<str>);

/// So many bytes of pieces are digested at once. Where each lies somewhere else, to fetch them takes longer than to digest them,
/// unless many are fetched at a time, which digesting each by itself does not do.
const TOGETHER: usize = 1 << 14;

impl Digest {
    /// Returns the digest of `bytes`.
    pub fn of(bytes: impl AsRef<[u8]>) -> Self {
        Self::from_bytes(&Sha256::digest(bytes))
    }

    /// Returns the digest of what `pieces` are, one after another.
    pub(crate) fn of_all<'a>(pieces: impl IntoIterator<Item = &'a str>) -> Self {
        let (mut hasher, mut together) = (Sha256::new(), Vec::with_capacity(TOGETHER));
        for piece in pieces {
            if together.len() + piece.len() > TOGETHER {
                hasher.update(&together);
                together.clear();
            }
            match piece.len() < TOGETHER {
                true => together.extend_from_slice(piece.as_bytes()),
                false => hasher.update(piece),
            }
        }
        hasher.update(&together);
        Self::from_bytes(&hasher.finalize())
    }

    fn from_bytes(bytes: &[u8]) -> Self {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut digits = [0; 64];
        for (pair, byte) in digits.chunks_exact_mut(2).zip(bytes) {
            pair.copy_from_slice(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
        }
        // Digits are text.
        Self(std::str::from_utf8(&digits).unwrap_or_default().into())
    }

    /// Returns the 64 digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_sha_256() {
        // FIPS 180-4, example B.1.
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(Digest::of("abc").as_str(), abc);
        assert_eq!(Digest::of("abc").to_string(), abc);
        assert_eq!(Digest::of_all(["a", "", "bc"]).as_str(), abc);
    }

    #[test]
    fn pieces_are_digested_as_their_whole_however_long_they_are() {
        let long = "x".repeat(TOGETHER);
        for lengths in
            [[TOGETHER - 2, 1, 1], [1, TOGETHER - 1, 1], [1, TOGETHER, 1], [2, TOGETHER - 1, 3], [TOGETHER; 3]]
        {
            let pieces = lengths.map(|len| &long[..len]);
            assert_eq!(Digest::of_all(pieces), Digest::of(pieces.concat()), "{lengths:?}");
        }
    }
}
