//! The key that a message's header and frames are encrypted with.

use aws_lc_rs::aead::{Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{Algorithm, KeyType, Salt};
use zeroize::Zeroizing;

use super::error::MessageError;
use super::suite::{COMMITTING_HKDF, Derivation, Suite};

/// So long is a tag.
pub(super) const TAG: usize = 16;

/// What is authenticated with a frame names it so.
const REGULAR: &[u8] = b"AWSKMSEncryptionClient Frame";
const LAST: &[u8] = b"AWSKMSEncryptionClient Final Frame";
const BLOCK: &[u8] = b"AWSKMSEncryptionClient Single Block";

/// Which info keys are derived with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Info {
    /// As the format says.
    Whole,
    /// Without the message id, as ESDK-NET 4.0.0 did for suites of format 1.
    SuiteOnly,
}

/// What is derived from a data key.
pub(super) struct MessageKey {
    key: LessSafeKey,
    /// What a committing message says of its key.
    pub(super) commitment: Option<[u8; 32]>,
}

/// The length of what is derived.
struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

impl MessageKey {
    /// Derives the key of a message.
    pub(super) fn derive(suite: Suite, id: &[u8], data_key: &[u8], info: Info) -> Result<Self, MessageError> {
        let length = suite.data_key_length();
        if data_key.len() != length {
            return Err(MessageError::DataKey { suite, found: data_key.len() });
        }
        let suite_id = suite.id().to_be_bytes();
        let mut derived = Zeroizing::new([0; 32]);
        let mut commitment = None;
        match suite.derivation() {
            Derivation::None => derived[..length].copy_from_slice(data_key),
            Derivation::Hkdf(algorithm) => {
                let id = if info == Info::Whole { id } else { &[] };
                // HKDF without salt is HKDF with a salt of zeros (RFC 5869, 2.2).
                hkdf(algorithm, &[], data_key, &[&suite_id, id], &mut derived[..length])?;
            }
            Derivation::Committing => {
                hkdf(COMMITTING_HKDF, id, data_key, &[&suite_id, b"DERIVEKEY"], &mut derived[..length])?;
                let mut committed = [0; 32];
                hkdf(COMMITTING_HKDF, id, data_key, &[b"COMMITKEY"], &mut committed)?;
                commitment = Some(committed);
            }
        }
        let key = UnboundKey::new(suite.cipher(), &derived[..length]).map_err(|_| failed("setting up the cipher"))?;
        Ok(Self { key: LessSafeKey::new(key), commitment })
    }

    /// Makes the tag of a header.
    pub(super) fn tag(&self, nonce: [u8; 12], header: &[u8]) -> Result<[u8; TAG], MessageError> {
        self.seal(nonce, header, &mut [])
    }

    /// Returns whether a header is authentic.
    pub(super) fn is_authentic(&self, nonce: [u8; 12], header: &[u8], tag: &[u8; TAG]) -> bool {
        self.open(nonce, header, (&[], tag), &mut [])
    }

    /// Opens a block into `room`, which has its length; false, if it is not authentic: then `room` holds nothing of it.
    pub(super) fn open(&self, nonce: [u8; 12], aad: &[u8], (block, tag): (&[u8], &[u8]), room: &mut [u8]) -> bool {
        let nonce = Nonce::assume_unique_for_key(nonce);
        self.key.open_separate_gather(nonce, Aad::from(aad), block, tag, room).is_ok()
    }

    /// Encrypts a block in place.
    pub(super) fn seal(&self, nonce: [u8; 12], aad: &[u8], block: &mut [u8]) -> Result<[u8; TAG], MessageError> {
        let nonce = Nonce::assume_unique_for_key(nonce);
        let sealed = self.key.seal_in_place_separate_tag(nonce, Aad::from(aad), block);
        let sealed = sealed.map_err(|_| failed("encrypting a frame"))?;
        let mut tag = [0; TAG];
        tag.copy_from_slice(sealed.as_ref());
        Ok(tag)
    }
}

fn failed(attempted: &'static str) -> MessageError {
    MessageError::Primitive { attempted }
}

fn hkdf(
    algorithm: Algorithm,
    salt: &[u8],
    data_key: &[u8],
    info: &[&[u8]],
    out: &mut [u8],
) -> Result<(), MessageError> {
    let derived = Salt::new(algorithm, salt).extract(data_key);
    let filled = derived.expand(info, Length(out.len())).and_then(|derived| derived.fill(out));
    filled.map_err(|_| failed("deriving a key"))
}

/// Which block of a body it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// A body that is not framed.
    Block,
    /// The last frame.
    Last,
    /// Any other.
    Regular,
}

/// What the blocks of a body are authenticated with: message id, what it is, number, length. The encryption context is not in it; the
/// header's tag and the data keys are bound to that.
pub(super) struct BodyAad {
    regular: Labelled,
    last: Labelled,
}

/// A message id, what a block is, its number and its length: as long as the longest of them, and how much of that it is.
struct Labelled([u8; 32 + 35 + REST], usize);

/// So long are number and length.
const REST: usize = 12;

impl Labelled {
    fn new(id: &[u8], label: &[u8]) -> Self {
        let mut bytes = [0; 32 + 35 + REST];
        let (before, end) = (id.len(), id.len() + label.len());
        bytes[..before].copy_from_slice(id);
        bytes[before..end].copy_from_slice(label);
        Self(bytes, end)
    }
}

impl BodyAad {
    pub(super) fn new(id: &[u8], is_framed: bool) -> Self {
        let last = Labelled::new(id, if is_framed { LAST } else { BLOCK });
        Self { regular: Labelled::new(id, REGULAR), last }
    }

    /// Returns what goes with one block.
    pub(super) fn of(&mut self, kind: Kind, sequence: u32, length: usize) -> &[u8] {
        let Labelled(bytes, end) = if kind == Kind::Regular { &mut self.regular } else { &mut self.last };
        let rest = &mut bytes[*end..*end + REST];
        rest[..4].copy_from_slice(&sequence.to_be_bytes());
        rest[4..].copy_from_slice(&(length as u64).to_be_bytes());
        &bytes[..*end + REST]
    }
}
