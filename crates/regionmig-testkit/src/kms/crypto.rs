//! Ciphertexts: AES-256-GCM, bound to key and encryption context.
//!
//! A blob is not AWS's, whose inside is not documented, but says as much: which key and which material it was made with.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use regionmig_core::{AccountId, Partition};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::store::KeyName;

/// What AWS's blobs begin with, too.
const MAGIC: [u8; 4] = [1, 2, 2, 0];

/// A ciphertext, taken apart.
#[derive(Debug)]
pub(super) struct Blob<'a> {
    pub(super) partition: Partition,
    pub(super) account: AccountId,
    pub(super) key: String,
    /// Which of the key's materials.
    pub(super) generation: usize,
    header: &'a [u8],
    nonce: [u8; 12],
    sealed: &'a [u8],
}

impl<'a> Blob<'a> {
    /// Takes a ciphertext apart; `None` if it is none.
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(&MAGIC)?;
        let (length, rest) = rest.split_first()?;
        let (name, rest) = rest.split_at_checked(usize::from(*length))?;
        let (sum, rest) = rest.split_at_checked(8)?;
        let header = &bytes[..MAGIC.len() + 1 + name.len()];
        // So that a changed header is a broken ciphertext, not one of a key that does not exist.
        if checksum(header) != sum {
            return None;
        }
        let (nonce, sealed) = rest.split_first_chunk::<12>()?;
        let [partition, account, key, generation] = str::from_utf8(name).ok()?.split('|').collect::<Vec<_>>()[..]
        else {
            return None;
        };
        Some(Self {
            partition: partition.parse().ok()?,
            account: account.parse().ok()?,
            key: key.to_owned(),
            generation: generation.parse().ok()?,
            header,
            nonce: *nonce,
            sealed,
        })
    }

    /// Decrypts; `None` if the ciphertext was changed, or the context is another.
    pub(super) fn open(&self, material: &[u8], context: Option<&Map<String, Value>>) -> Option<Vec<u8>> {
        let key = cipher(material)?;
        let mut buffer = self.sealed.to_vec();
        let nonce = Nonce::assume_unique_for_key(self.nonce);
        let opened = key.open_in_place(nonce, Aad::from(bound(self.header, context)), &mut buffer).ok()?;
        Some(opened.to_vec())
    }
}

/// Encrypts under a material, the `generation`th, of a key; `None` only if there is no such cipher.
pub(super) fn seal(
    name: &KeyName,
    material: &[u8],
    generation: usize,
    nonce: &[u8],
    plaintext: &[u8],
    context: Option<&Map<String, Value>>,
) -> Option<Vec<u8>> {
    let label = format!("{}|{}|{}|{generation}", name.end.partition, name.end.account, name.id);
    let mut blob = MAGIC.to_vec();
    blob.push(u8::try_from(label.len()).ok()?);
    blob.extend_from_slice(label.as_bytes());
    let aad = Aad::from(bound(&blob, context));
    let mut buffer = plaintext.to_vec();
    let unique = Nonce::assume_unique_for_key(nonce.try_into().ok()?);
    cipher(material)?.seal_in_place_append_tag(unique, aad, &mut buffer).ok()?;
    blob.extend_from_slice(&checksum(&blob));
    blob.extend_from_slice(nonce);
    blob.append(&mut buffer);
    Some(blob)
}

fn cipher(material: &[u8]) -> Option<LessSafeKey> {
    UnboundKey::new(&AES_256_GCM, material).ok().map(LessSafeKey::new)
}

/// Joins the header and the encryption context to what the ciphertext is bound to. Pairs are sorted and each text is
/// preceded by its length, so that no two contexts look the same; an empty context is as good as none.
fn bound(header: &[u8], context: Option<&Map<String, Value>>) -> Vec<u8> {
    let mut pairs: Vec<(&str, &str)> =
        context.into_iter().flatten().map(|(key, value)| (key.as_str(), value.as_str().unwrap_or_default())).collect();
    pairs.sort_unstable();
    let mut bound = header.to_vec();
    for text in pairs.into_iter().flat_map(|(key, value)| [key, value]) {
        bound.extend_from_slice(&u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
        bound.extend_from_slice(text.as_bytes());
    }
    bound
}

fn checksum(header: &[u8]) -> [u8; 8] {
    let digest: [u8; 32] = Sha256::digest(header).into();
    std::array::from_fn(|place| digest[place])
}
