//! Opens a message, frame by frame.
// REQ: KMS-17

use std::borrow::Cow;

use aws_lc_rs::digest::Digest;
use aws_lc_rs::signature::UnparsedPublicKey;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use tokio::io::AsyncRead;

use super::bytes::{self, Trouble};
use super::error::MessageError;
use super::header::{Header, PUBLIC_KEY, RESERVED};
use super::input::Input;
use super::key::{BEFORE_LAST, BodyAad, Info, Kind, MessageKey, TAG};
use super::keyring::Keyring;
use super::limits::Limits;
use crate::ids::KeyArn;
use crate::reencrypt::{EncryptionContext, ReencryptError};

/// No signature is longer: two numbers of 48 bytes, as DER writes them, take 104.
const LONGEST_SIGNATURE: usize = 128;

/// No memory has room for more, and the sum of a few lengths can still be told.
const LONGEST: usize = usize::MAX / 4;

/// What a reader is told besides its keyring.
#[derive(Clone, Copy)]
pub(super) struct Reading<'a> {
    /// Pairs of the context that the message need not store. Those that it does must be the same.
    pub(super) context: &'a EncryptionContext,
    pub(super) limits: &'a Limits,
    /// Whether headers of ESDK-NET 4.0.0 are taken.
    pub(super) takes_net_400: bool,
    /// Whether only suites that commit to their key are taken.
    pub(super) wants_commitment: bool,
}

/// A message that is being opened. Its header is authentic.
pub(super) struct Opening<'a, R> {
    input: Input<'a, R>,
    pub(super) header: Header,
    opened_by: Option<KeyArn>,
    /// The pairs that the message does not store.
    pub(super) withheld: EncryptionContext,
    key: MessageKey,
    aad: BodyAad,
    /// None, if the body is one block.
    frame_length: Option<usize>,
    block_limit: usize,
    /// The number that the next frame has; none after the last.
    next: Option<u32>,
    public_key: Option<Vec<u8>>,
}

/// A block of the body that is whole in the buffer: where, and what it says of itself.
#[derive(Clone, Copy)]
pub(super) struct Block {
    pub(super) kind: Kind,
    pub(super) length: usize,
    sequence: u32,
    nonce: [u8; 12],
}

impl<'a, R: AsyncRead + Send + Unpin> Opening<'a, R> {
    /// Reads the header, has its data key opened, and checks that the header is authentic.
    pub(super) async fn begin(
        mut input: Input<'a, R>,
        keyring: &impl Keyring,
        reading: Reading<'_>,
    ) -> Result<Self, ReencryptError> {
        input.within_limit()?;
        let header = read_header(&mut input, reading.limits).await?;
        if reading.wants_commitment && !header.suite().is_committing() {
            return Err(MessageError::NotCommitting { suite: header.suite() }.into());
        }
        let block_limit = reading.limits.block.min(LONGEST);
        // Refused before anybody is asked for a key.
        let frame_length = header.frame_length().map(|length| within(length.into(), block_limit, "bytes of a frame"));
        let frame_length = frame_length.transpose()?;
        let withheld = withheld(&header, reading.context)?;
        let context = whole(header.context(), &withheld);
        let public_key = public_key(&header, &context)?;
        let opened = keyring.decrypt_data_key(header.suite(), &context, header.data_keys()).await;
        let opened = opened.map_err(ReencryptError::decrypt)?;
        let key = authentic(
            &header,
            opened.plaintext.expose(),
            &input.available()[..header.authenticated],
            &withheld,
            reading,
        )?;
        if let Some(signature) = header.suite().signature() {
            input.digest_by(signature.digest);
        }
        input.consume(header.length());
        let aad = BodyAad::new(header.message_id(), frame_length.is_some());
        let (opened_by, next) = (opened.key, Some(1));
        Ok(Self { input, header, opened_by, withheld, key, aad, frame_length, block_limit, next, public_key })
    }

    /// Returns the next block once it is whole in memory; none after the last.
    pub(super) async fn next(&mut self) -> Result<Option<Block>, ReencryptError> {
        let Some(expected) = self.next else { return Ok(None) };
        let block = match self.frame_length {
            Some(length) => self.frame(expected, length).await?,
            None => self.unframed().await?,
        };
        self.input.need(block.kind.head() + block.length + TAG, "a frame").await?;
        Ok(Some(block))
    }

    async fn frame(&mut self, expected: u32, frame_length: usize) -> Result<Block, ReencryptError> {
        const PART: &str = "the beginning of a frame, or lacks its last one";
        self.input.need(4, PART).await?;
        if number(self.input.available(), 0) != BEFORE_LAST {
            self.input.need(Kind::Regular.head(), PART).await?;
            let start = self.input.available();
            let sequence = in_sequence(expected, number(start, 0))?;
            let nonce = nonce(start, 4);
            return Ok(Block { kind: Kind::Regular, length: frame_length, sequence, nonce });
        }
        self.input.need(Kind::Last.head(), PART).await?;
        let start = self.input.available();
        let sequence = in_sequence(expected, number(start, 4))?;
        let length = within(u64::from(number(start, 20)), frame_length, "");
        let length = length.map_err(|_| MessageError::malformed("its last frame", "is longer than the others"))?;
        Ok(Block { kind: Kind::Last, length, sequence, nonce: nonce(start, 8) })
    }

    async fn unframed(&mut self) -> Result<Block, ReencryptError> {
        self.input.need(Kind::Block.head(), "the beginning of its body").await?;
        let start = self.input.available();
        let claimed = u64::from(number(start, 12)) << 32 | u64::from(number(start, 16));
        let length = within(claimed, self.block_limit, "bytes of a body that is not framed")?;
        Ok(Block { kind: Kind::Block, length, sequence: 1, nonce: nonce(start, 0) })
    }

    /// Opens a block into `room`, which has its length, and goes on behind it. What is in `room` is authentic, or nothing.
    pub(super) fn open(&mut self, block: Block, room: &mut [u8]) -> Result<(), MessageError> {
        let Block { kind, length, sequence, nonce } = block;
        let before = kind.head();
        let rest = &self.input.available()[before..];
        let (sealed, tag) = (&rest[..length], &rest[length..length + TAG]);
        if !self.key.open(nonce, self.aad.of(kind, sequence, length), (sealed, tag), room) {
            return Err(MessageError::Frame { sequence });
        }
        self.input.consume(before + length + TAG);
        self.next = match kind {
            Kind::Regular => Some(sequence.checked_add(1).ok_or(MessageError::TooManyFrames)?),
            Kind::Block | Kind::Last => None,
        };
        Ok(())
    }

    /// Checks, after the last block, the signature and that nothing follows. Returns the header, and the key of KMS that opened it.
    pub(super) async fn finish(mut self) -> Result<(Header, Option<KeyArn>), ReencryptError> {
        if let (Some(public_key), Some(signature)) = (self.public_key.take(), self.header.suite().signature()) {
            let digest = self.input.finish_digest();
            self.input.need(2, "its signature").await?;
            let length = usize::from(u16::from_be_bytes([self.input.available()[0], self.input.available()[1]]));
            if length > LONGEST_SIGNATURE {
                return Err(MessageError::malformed("its signature", "is longer than one can be").into());
            }
            self.input.need(2 + length, "its signature").await?;
            let signed = &self.input.available()[2..2 + length];
            let verified = |digest: Digest| {
                UnparsedPublicKey::new(signature.verification, public_key).verify_digest(&digest, signed).is_ok()
            };
            if !digest.is_some_and(verified) {
                return Err(MessageError::Signature.into());
            }
            self.input.consume(2 + length);
        }
        match self.input.has(1).await? {
            true => Err(MessageError::Trailing.into()),
            false => Ok((self.header, self.opened_by)),
        }
    }
}

/// Reads a header, which stays in the buffer.
pub(super) async fn read_header<R: AsyncRead + Unpin>(
    input: &mut Input<'_, R>,
    limits: &Limits,
) -> Result<Header, ReencryptError> {
    let mut needed = 1;
    loop {
        input.need(needed, "its header").await?;
        match Header::parse(input.available(), limits) {
            Ok(header) => return Ok(header),
            Err(Trouble::Short(length)) => needed = length,
            Err(Trouble::Bad(error)) => return Err(error.into()),
        }
    }
}

/// Returns those of the given pairs that the message does not store.
fn withheld(header: &Header, given: &EncryptionContext) -> Result<EncryptionContext, MessageError> {
    if given.get(PUBLIC_KEY).is_some() {
        return Err(MessageError::malformed("a name of the given encryption context", "is reserved"));
    }
    let mut withheld = EncryptionContext::new();
    for (name, value) in given.iter() {
        match header.context().get(name) {
            Some(stored) if stored == value => {}
            Some(_) => return Err(MessageError::Context { name: name.to_owned() }),
            None => {
                withheld.insert(name, value);
            }
        }
    }
    Ok(withheld)
}

/// Returns all pairs of a context.
fn whole<'a>(stored: &'a EncryptionContext, withheld: &EncryptionContext) -> Cow<'a, EncryptionContext> {
    if withheld.is_empty() {
        return Cow::Borrowed(stored);
    }
    let mut whole = stored.clone();
    for (name, value) in withheld.iter() {
        whole.insert(name, value);
    }
    Cow::Owned(whole)
}

/// Returns the public key of a signed message.
fn public_key(header: &Header, context: &EncryptionContext) -> Result<Option<Vec<u8>>, MessageError> {
    const PART: &str = "its public key";
    let malformed = |why| Err(MessageError::malformed(PART, why));
    match (header.suite().signature(), context.get(PUBLIC_KEY)) {
        (None, None) => Ok(None),
        (None, Some(_)) => malformed("is there, and its suite has no signature"),
        (Some(_), None) => malformed("is missing, and its suite has a signature"),
        (Some(signature), Some(text)) => match BASE64_STANDARD.decode(text) {
            Ok(key) if key.len() == signature.point => Ok(Some(key)),
            Ok(_) => malformed("has another length than its suite's"),
            Err(_) => malformed("is not base64"),
        },
    }
}

/// Derives the message's key, and checks that it is the one that the message commits to, and that the header is authentic.
fn authentic(
    header: &Header,
    data_key: &[u8],
    body: &[u8],
    withheld: &EncryptionContext,
    reading: Reading<'_>,
) -> Result<MessageKey, MessageError> {
    let key = MessageKey::derive(header.suite(), header.message_id(), data_key, Info::Whole)?;
    if let (Some(derived), Some(stated)) = (&key.commitment, &header.commitment)
        && !super::super::is_same(derived, stated)
    {
        return Err(MessageError::Commitment);
    }
    let whole = bytes::authenticated(body, withheld)?;
    if key.is_authentic(header.nonce, &whole, &header.tag) {
        return Ok(key);
    }
    match net_400(header, data_key, &whole, withheld.is_empty())? {
        Some(key) if reading.takes_net_400 => Ok(key),
        Some(_) => Err(MessageError::WrittenByNet400),
        None => Err(MessageError::Header),
    }
}

/// Returns the key of a message that ESDK-NET 4.0.0 wrote: its headers authenticate two further bytes, an empty list of pairs, where all
/// pairs are stored, and of format 1 the message id is not part of what keys are derived with.
fn net_400(
    header: &Header,
    data_key: &[u8],
    whole: &[u8],
    stores_all: bool,
) -> Result<Option<MessageKey>, MessageError> {
    let with_none = [whole, &[0; 2]].concat();
    for info in [Info::Whole, Info::SuiteOnly] {
        let key = MessageKey::derive(header.suite(), header.message_id(), data_key, info)?;
        let is_authentic = |body: &[u8]| key.is_authentic(header.nonce, body, &header.tag);
        if stores_all && is_authentic(&with_none) || info == Info::SuiteOnly && is_authentic(whole) {
            return Ok(Some(key));
        }
    }
    Ok(None)
}

/// Returns a length that is no greater than `limit`, which bounds blocks.
pub(super) fn within(claimed: u64, limit: usize, what: &'static str) -> Result<usize, MessageError> {
    match usize::try_from(claimed) {
        Ok(length) if length <= limit => Ok(length),
        _ => Err(MessageError::TooLarge { what, name: "Limits::block", found: claimed, limit: limit as u64 }),
    }
}

fn in_sequence(expected: u32, found: u32) -> Result<u32, MessageError> {
    if found == expected { Ok(found) } else { Err(MessageError::Sequence { expected, found }) }
}

/// Reads a number that is known to be there.
fn number(bytes: &[u8], at: usize) -> u32 {
    bytes[at..].first_chunk().map_or(0, |number| u32::from_be_bytes(*number))
}

/// Reads a nonce that is known to be there.
fn nonce(bytes: &[u8], at: usize) -> [u8; 12] {
    bytes[at..].first_chunk().copied().unwrap_or_default()
}

/// Names of the Encryption SDK's own are not a caller's to give.
pub(super) fn is_reserved(name: &str) -> bool {
    name.starts_with(RESERVED)
}
