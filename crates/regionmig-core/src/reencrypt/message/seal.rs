//! Writes a message, frame by frame.
// REQ: KMS-18, KMS-19

use aws_lc_rs::digest::{self, Digest};
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use aws_lc_rs::signature::{EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use zeroize::Zeroize;

use super::bytes::{self, put};
use super::error::MessageError;
use super::header::{PUBLIC_KEY, message_id_length};
use super::key::{BEFORE_LAST, BodyAad, Info, Kind, MessageKey, TAG};
use super::keyring::{EncryptedDataKey, Keyring};
use super::suite::Suite;
use crate::reencrypt::{EncryptionContext, ReencryptError};

/// So much is written at once.
pub(super) const CHUNK: usize = 64 << 10;
/// So much is made room for at first.
const BEGINNING: usize = 4 << 10;

/// What a message shall be like.
pub(super) struct Plan<'a> {
    pub(super) suite: Suite,
    pub(super) frame_length: u32,
    /// The whole context, without the public key.
    pub(super) context: EncryptionContext,
    /// Those of its pairs that the message does not store.
    pub(super) withheld: &'a EncryptionContext,
}

/// A message that is being written.
pub(super) struct Sealing {
    key: MessageKey,
    aad: BodyAad,
    frame_length: usize,
    next: Option<u32>,
    /// What was written and not yet handed on, up to `ready`.
    chunk: Vec<u8>,
    ready: usize,
    /// A frame's beginning, where the frames of the input have another length.
    pending: Pending,
    digest: Option<digest::Context>,
    signer: Option<EcdsaKeyPair>,
    context: EncryptionContext,
    data_keys: Vec<EncryptedDataKey>,
    /// How many bytes the message has so far.
    written: u64,
}

/// A plaintext that waits for the rest of its frame. It is wiped when it is encrypted, and when dropped.
#[derive(Default)]
struct Pending(Vec<u8>);

impl Drop for Pending {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl Sealing {
    /// Makes a data key and writes the header.
    pub(super) async fn begin(keyring: &impl Keyring, plan: Plan<'_>) -> Result<Self, ReencryptError> {
        let Plan { suite, frame_length, mut context, withheld } = plan;
        let signer = suite.signature().map(|signature| EcdsaKeyPair::generate(signature.signing)).transpose();
        let signer = signer.map_err(|_| MessageError::primitive("making a key to sign with"))?;
        if let Some(signer) = &signer {
            context.insert(PUBLIC_KEY, BASE64_STANDARD.encode(compressed(signer)));
        }
        let made = keyring.generate_data_key(suite, &context).await.map_err(ReencryptError::encrypt)?;
        let mut id = vec![0; message_id_length(suite)];
        SystemRandom::new().fill(&mut id).map_err(|_| MessageError::primitive("making a message id"))?;
        let key = MessageKey::derive(suite, &id, made.plaintext.expose(), Info::Whole)?;
        let stored = context.iter().filter(|(name, _)| withheld.get(name).is_none());
        let stored = (context.len() - withheld.len(), stored);
        let mut chunk = header(suite, &id, stored, &made.encrypted, (frame_length, key.commitment))?;
        let tag = key.tag([0; 12], &bytes::authenticated(&chunk, withheld)?)?;
        if !suite.is_committing() {
            chunk.extend_from_slice(&[0; 12]);
        }
        chunk.extend_from_slice(&tag);
        Ok(Self {
            aad: BodyAad::new(&id, true),
            key,
            frame_length: usize::try_from(frame_length).map_err(|_| MessageError::TooManyFrames)?,
            next: Some(1),
            ready: chunk.len(),
            chunk,
            pending: Pending::default(),
            digest: suite.signature().map(|signature| digest::Context::new(signature.digest)),
            signer,
            context,
            data_keys: made.encrypted,
            written: 0,
        })
    }

    /// Returns whether a block of the input can become a frame as it is.
    pub(super) fn takes_whole(&self, kind: Kind, length: usize) -> bool {
        self.pending.0.is_empty()
            && match kind {
                Kind::Regular => length == self.frame_length,
                Kind::Block | Kind::Last => length <= self.frame_length,
            }
    }

    /// Has `fill` write the plaintext of a frame where the frame will stand, and encrypts it there.
    pub(super) fn whole(
        &mut self,
        kind: Kind,
        length: usize,
        fill: impl FnOnce(&mut [u8]) -> Result<(), MessageError>,
    ) -> Result<(), MessageError> {
        let kind = if kind == Kind::Regular { Kind::Regular } else { Kind::Last };
        let before = kind.head();
        let at = self.ready;
        let end = at + before + length + TAG;
        if self.chunk.len() < end {
            // Frames that are ready are no secret, so a copy of them that is left behind does no harm.
            let room = if end > BEGINNING { (2 * end).min(CHUNK) } else { end };
            self.chunk.resize(end.max(room), 0);
        }
        let sequence = self.next.ok_or(MessageError::TooManyFrames)?;
        fill(&mut self.chunk[at + before..at + before + length])?;
        let frame = &mut self.chunk[at..end];
        let nonce = nonce(sequence);
        let (head, rest) = frame.split_at_mut(before);
        let (block, tag) = rest.split_at_mut(length);
        let sealed = self.key.seal(nonce, self.aad.of(kind, sequence, length), block);
        tag.copy_from_slice(&sealed.inspect_err(|_| block.zeroize())?);
        write_head(head, kind, sequence, nonce, length);
        self.ready = end;
        self.next = match kind {
            // The last number says that a frame is the last one.
            Kind::Regular => sequence.checked_add(1).filter(|next| *next != BEFORE_LAST),
            _ => None,
        };
        Ok(())
    }

    /// Takes a plaintext that is no frame as it is, and returns how much of it: as much as fits into the chunk.
    pub(super) fn take(&mut self, plaintext: &[u8]) -> Result<usize, MessageError> {
        let mut taken = 0;
        while taken < plaintext.len() && self.ready < CHUNK {
            if self.pending.0.len() == self.frame_length {
                self.seal_pending(Kind::Regular)?;
            }
            if self.pending.0.capacity() == 0 {
                // Once and whole, so that nothing is copied about and left behind.
                self.pending.0.reserve_exact(self.frame_length);
            }
            let more = (self.frame_length - self.pending.0.len()).min(plaintext.len() - taken);
            self.pending.0.extend_from_slice(&plaintext[taken..taken + more]);
            taken += more;
        }
        Ok(taken)
    }

    fn seal_pending(&mut self, kind: Kind) -> Result<(), MessageError> {
        let mut pending = std::mem::take(&mut self.pending);
        self.whole(kind, pending.0.len(), |room| {
            room.copy_from_slice(&pending.0);
            Ok(())
        })?;
        // The next frame fills it again, and what it holds then is wiped in the end.
        pending.0.clear();
        self.pending = pending;
        Ok(())
    }

    /// Writes the last frame, if it is not written yet, and the signature.
    pub(super) fn finish(&mut self) -> Result<(), MessageError> {
        if self.next.is_some() || !self.pending.0.is_empty() {
            self.seal_pending(Kind::Last)?;
        }
        self.digest_ready();
        let Some((digest, signer)) = self.digest.take().zip(self.signer.take()) else { return Ok(()) };
        let digest: Digest = digest.finish();
        let signature = signer.sign_digest(&digest).map_err(|_| MessageError::primitive("signing"))?;
        self.chunk.truncate(self.ready);
        put(&mut self.chunk, "the signature", signature.as_ref())?;
        self.ready = self.chunk.len();
        Ok(())
    }

    /// Returns whether there is enough to be handed on.
    pub(super) const fn is_full(&self) -> bool {
        self.ready >= CHUNK
    }

    /// Digests what is ready. It must then be handed on.
    pub(super) fn digest_ready(&mut self) {
        if let Some(digest) = &mut self.digest {
            digest.update(&self.chunk[..self.ready]);
        }
    }

    /// Returns what is ready.
    pub(super) fn ready(&self) -> &[u8] {
        &self.chunk[..self.ready]
    }

    /// Returns the context without the public key, what can open the message, and how many bytes it has.
    pub(super) fn into_parts(mut self) -> (EncryptionContext, Vec<EncryptedDataKey>, u64) {
        self.context.remove(PUBLIC_KEY);
        (self.context, self.data_keys, self.written)
    }

    /// Begins a new chunk.
    pub(super) fn handed_on(&mut self) {
        self.written += self.ready as u64;
        self.ready = 0;
    }
}

/// Returns a frame's nonce: its number.
fn nonce(sequence: u32) -> [u8; 12] {
    let mut nonce = [0; 12];
    nonce[8..].copy_from_slice(&sequence.to_be_bytes());
    nonce
}

fn write_head(head: &mut [u8], kind: Kind, sequence: u32, nonce: [u8; 12], length: usize) {
    let mut rest = head;
    let mut write = |field: &[u8]| {
        let (place, after) = std::mem::take(&mut rest).split_at_mut(field.len());
        place.copy_from_slice(field);
        rest = after;
    };
    if kind == Kind::Last {
        write(&BEFORE_LAST.to_be_bytes());
    }
    write(&sequence.to_be_bytes());
    write(&nonce);
    if kind == Kind::Last {
        write(&u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
    }
}

/// Returns the public key as a point whose second coordinate is left to a sign (SEC 1, 2.3.3).
fn compressed(signer: &EcdsaKeyPair) -> Vec<u8> {
    let point = signer.public_key().as_ref();
    let half = point.len() / 2;
    let is_odd = point.last().is_some_and(|last| last & 1 == 1);
    let mut compressed = vec![if is_odd { 3 } else { 2 }];
    compressed.extend_from_slice(&point[1..=half]);
    compressed
}

/// Writes a header up to its tag.
fn header<'a>(
    suite: Suite,
    id: &[u8],
    (count, stored): (usize, impl Iterator<Item = (&'a str, &'a str)>),
    data_keys: &[EncryptedDataKey],
    (frame_length, commitment): (u32, Option<[u8; 32]>),
) -> Result<Vec<u8>, MessageError> {
    const DATA_KEY: &str = "a data key";
    // So that a small message needs no other one.
    let mut out = Vec::with_capacity(BEGINNING);
    out.push(suite.format());
    if suite.format() == 1 {
        out.push(0x80);
    }
    out.extend_from_slice(&suite.id().to_be_bytes());
    out.extend_from_slice(id);
    let at = out.len();
    out.extend_from_slice(&[0; 2]);
    bytes::put_pairs(&mut out, count, stored)?;
    let found = out.len() - at - 2;
    let too_long = |_| MessageError::DoesNotFit { what: "the encryption context", found };
    out[at..at + 2].copy_from_slice(&u16::try_from(found).map_err(too_long)?.to_be_bytes());
    if data_keys.is_empty() {
        return Err(MessageError::malformed("the list of data keys that the keyring made", "is empty"));
    }
    let found = data_keys.len();
    let count = u16::try_from(found).map_err(|_| MessageError::DoesNotFit { what: "the list of data keys", found })?;
    out.extend_from_slice(&count.to_be_bytes());
    for data_key in data_keys {
        put(&mut out, DATA_KEY, data_key.provider.as_bytes())?;
        put(&mut out, DATA_KEY, &data_key.info)?;
        put(&mut out, DATA_KEY, &data_key.ciphertext)?;
    }
    out.push(2);
    if suite.format() == 1 {
        out.extend_from_slice(&[0, 0, 0, 0, 12]);
    }
    out.extend_from_slice(&frame_length.to_be_bytes());
    out.extend_from_slice(commitment.as_ref().map_or(&[], <[u8; 32]>::as_slice));
    Ok(out)
}

#[cfg(test)]
mod tests;
