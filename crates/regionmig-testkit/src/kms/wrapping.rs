//! What key material travels in: wrapped with a public key, accompanied by the token that belongs to it.

use aws_lc_rs::key_wrap::{AES_256, AesKek, KeyWrapPadded};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::{asymmetric, pair};

/// An import token, taken apart.
#[derive(Debug)]
pub(super) struct Token {
    /// The ARN of the key that it is for.
    pub(super) key: String,
    pub(super) spec: String,
    pub(super) algorithm: String,
    /// Which of the wrapping pairs of that spec.
    pub(super) pair: usize,
    pub(super) valid_to: Timestamp,
}

impl Token {
    /// Writes a token, no two of which are alike.
    pub(super) fn seal(&self, salt: &[u8]) -> Vec<u8> {
        let Self { key, spec, algorithm, pair, valid_to } = self;
        let mut token = salt[..16].to_vec();
        token.extend(format!("{key}|{spec}|{algorithm}|{pair}|{}", valid_to.as_second()).bytes());
        let sum: [u8; 32] = Sha256::digest(&token).into();
        token.extend(sum);
        token
    }

    /// Takes a token apart; `None` if it is none.
    pub(super) fn open(bytes: &[u8]) -> Option<Self> {
        let (token, sum) = bytes.split_last_chunk::<32>()?;
        let right: [u8; 32] = Sha256::digest(token).into();
        let text = str::from_utf8(token.get(16..)?).ok().filter(|_| right == *sum)?;
        let [key, spec, algorithm, pair, valid_to] = text.split('|').collect::<Vec<_>>()[..] else { return None };
        Some(Self {
            key: key.to_owned(),
            spec: spec.to_owned(),
            algorithm: algorithm.to_owned(),
            pair: pair.parse().ok()?,
            valid_to: Timestamp::from_second(valid_to.parse().ok()?).ok()?,
        })
    }
}

/// Returns the number in the pool of a wrapping pair: counted from the end, where no key's pair is.
pub(super) fn pair(number: usize) -> usize {
    usize::MAX - number
}

/// Unwraps key material; `None` if it was not wrapped as the token has it.
pub(super) fn unwrap(token: &Token, wrapped: &[u8]) -> Option<Vec<u8>> {
    let private = pair::pooled(&token.spec, pair(token.pair))?;
    let open = |oaep: &str, block: &[u8]| asymmetric::decrypt(&private, oaep, block);
    let Some(hash) = token.algorithm.strip_prefix("RSA_AES_KEY_WRAP_") else {
        return open(&token.algorithm, wrapped);
    };
    let bits: usize = token.spec.strip_prefix("RSA_")?.parse().ok()?;
    let (block, rest) = wrapped.split_at_checked(bits / 8)?;
    let key = open(&format!("RSAES_OAEP_{hash}"), block)?;
    let key = AesKek::new(&AES_256, &key).ok()?;
    let mut room = vec![0; rest.len()];
    Some(key.unwrap_with_padding(rest, &mut room).ok()?.to_vec())
}
