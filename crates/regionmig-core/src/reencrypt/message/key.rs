//! The key that a message's header and frames are encrypted with.

use aws_lc_rs::aead::{Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{KeyType, Prk, Salt};
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
                let extracted = Salt::none(algorithm).extract(data_key);
                expand(&extracted, &[&suite_id, id], &mut derived[..length])?;
            }
            Derivation::Committing => {
                let extracted = Salt::new(COMMITTING_HKDF, id).extract(data_key);
                expand(&extracted, &[&suite_id, b"DERIVEKEY"], &mut derived[..length])?;
                let mut committed = [0; 32];
                expand(&extracted, &[b"COMMITKEY"], &mut committed)?;
                commitment = Some(committed);
            }
        }
        let key = UnboundKey::new(suite.cipher(), &derived[..length])
            .map_err(|_| MessageError::primitive("setting up the cipher"))?;
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
        let sealed = sealed.map_err(|_| MessageError::primitive("encrypting a frame"))?;
        let mut tag = [0; TAG];
        tag.copy_from_slice(sealed.as_ref());
        Ok(tag)
    }
}

fn expand(extracted: &Prk, info: &[&[u8]], out: &mut [u8]) -> Result<(), MessageError> {
    let filled = extracted.expand(info, Length(out.len())).and_then(|derived| derived.fill(out));
    filled.map_err(|_| MessageError::primitive("deriving a key"))
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

/// A number that no frame has: it stands before the last one's.
pub(super) const BEFORE_LAST: u32 = u32::MAX;

impl Kind {
    /// Returns how many bytes stand before such a block: its number, after [`BEFORE_LAST`] if it is the last frame, none if it is all there
    /// is; its nonce; its length, where not all are as long: in eight bytes if it is all there is, else in four.
    pub(super) const fn head(self) -> usize {
        match self {
            Self::Block => 12 + 8,
            Self::Last => 4 + 4 + 12 + 4,
            Self::Regular => 4 + 12,
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).filter_map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
    }

    fn bytes(from: u8, count: usize) -> Vec<u8> {
        (from..=u8::MAX).take(count).collect()
    }

    fn key(suite: Suite, info: Info) -> Result<MessageKey, MessageError> {
        let id = bytes(0x80, if suite.is_committing() { 32 } else { 16 });
        MessageKey::derive(suite, &id, &bytes(0, suite.data_key_length()), info)
    }

    /// What a header of the bytes `header` is sealed with: as the format says, and as ESDK-NET 4.0.0 derived keys. Worked out with Python's
    /// hmac and its package cryptography.
    const TAGS: [(Suite, &str, &str); 11] = [
        (Suite::Aes128, "c1216a7831bbd41c1edaaed9bd746e4a", "c1216a7831bbd41c1edaaed9bd746e4a"),
        (Suite::Aes192, "98054896919eef300bd42d9b306f6eab", "98054896919eef300bd42d9b306f6eab"),
        (Suite::Aes256, "d2bc9ab2e84cdf1ccdbb464da46d2fb7", "d2bc9ab2e84cdf1ccdbb464da46d2fb7"),
        (Suite::Aes128Derived, "cbd50b6897afd5ab425a33dca8d8c3dc", "2da76a68991bb9098e1bb0dc355cf2ff"),
        (Suite::Aes192Derived, "28739ac37b89308e96a880a6358e3dea", "e72429fb0babab79b3504f2c20c8b387"),
        (Suite::Aes256Derived, "d8a248750ba038162ae33d924d9c54b0", "c6f765a507b92729207e09baac114b01"),
        (Suite::Aes128Signed, "83077f4bf5a37fabc913560b16d8ddcc", "6bfc8dfd165797c561ea1c4ba2a04f54"),
        (Suite::Aes192Signed, "abdb5ab0c0cdddc57d7692b2ca8048ec", "9fcb4c04d1e0d140269698c159282a67"),
        (Suite::Aes256Signed, "30e0e2a5bd0e3db426ae2154764da7bc", "44436e91d6e99a76457f0637688b3486"),
        (Suite::Committing, "80cc4a2b8dc4f8f7d59d1bbd15bbc91f", "80cc4a2b8dc4f8f7d59d1bbd15bbc91f"),
        (Suite::CommittingSigned, "3b7264cd439c2024462da8ed8786f255", "3b7264cd439c2024462da8ed8786f255"),
    ];
    const COMMITMENT: &str = "0044369f73b68422adb8d8a412a5689edcdd493729fc8187d2d6a9d00cd16357";

    #[test]
    fn keys_are_derived_as_the_format_says() -> Result<(), MessageError> {
        for (suite, whole, suite_only) in TAGS {
            for (info, expected) in [(Info::Whole, whole), (Info::SuiteOnly, suite_only)] {
                let key = key(suite, info)?;
                let tag = key.tag([0; 12], b"header")?;
                assert_eq!(tag.to_vec(), hex(expected), "{suite} {info:?}");
                assert!(key.is_authentic([0; 12], b"header", &tag) && !key.is_authentic([0; 12], b"heades", &tag));
                assert!(!key.is_authentic([1; 12], b"header", &tag));
                let commitment = suite.is_committing().then(|| hex(COMMITMENT));
                assert_eq!(key.commitment.map(|it| it.to_vec()), commitment, "{suite}");
            }
        }
        Ok(())
    }

    #[test]
    fn a_data_key_of_another_length_is_refused() {
        for suite in Suite::ALL {
            for found in [0, 15, 17, 31, 33, 64].into_iter().filter(|&length| length != suite.data_key_length()) {
                let refused = MessageKey::derive(suite, &[0; 32], &vec![0; found], Info::Whole);
                assert_eq!(refused.err(), Some(MessageError::DataKey { suite, found }));
            }
        }
    }

    /// As [`TAGS`], for the bytes `plaintext` as block of each kind.
    #[test]
    fn blocks_are_sealed_with_what_they_are() -> Result<(), MessageError> {
        let expected = [
            (Kind::Regular, 1, "70040b2bc9cb9de3c2c4e323d80114afacffc7726107578bcc"),
            (Kind::Last, 2, "2a1fa54eb3da33a32c90d146b5cd2aa15b7e9055055a370a3d"),
            (Kind::Block, 1, "70040b2bc9cb9de3c20c434635f2483ba9be67c815bb9a6a45"),
        ];
        let key = key(Suite::Committing, Info::Whole)?;
        for (kind, sequence, expected) in expected {
            let mut aad = BodyAad::new(&bytes(0x80, 32), kind != Kind::Block);
            let mut nonce = [0; 12];
            nonce[11] = u8::try_from(sequence).unwrap_or_default();
            let mut block = b"plaintext".to_vec();
            let tag = key.seal(nonce, aad.of(kind, sequence, 9), &mut block)?;
            assert_eq!([block.as_slice(), &tag].concat(), hex(expected), "{kind:?}");
            let mut room = [1; 9];
            assert!(key.open(nonce, aad.of(kind, sequence, 9), (&block, &tag), &mut room));
            assert_eq!(&room, b"plaintext");
            assert!(!key.open(nonce, aad.of(kind, sequence + 1, 9), (&block, &tag), &mut room));
            assert_ne!(&room, b"plaintext", "what is not authentic stays nowhere");
        }
        Ok(())
    }
}
