//! Re-encrypts a message while it streams through.
// REQ: KMS-17, KMS-18, KMS-19, KMS-21

use std::mem;

use aws_lc_rs::hmac::{self, HMAC_SHA256};
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use futures::future::try_join;
use tokio::io::{AsyncRead, AsyncWriteExt, DuplexStream, duplex};
use zeroize::Zeroizing;

use super::error::MessageError;
use super::header::PUBLIC_KEY;
use super::input::Input;
use super::keyring::{EncryptedDataKey, Keyring};
use super::limits::Limits;
use super::open::{Block, Opening, Reading, is_reserved, within};
use super::options::MessageOptions;
use super::seal::{CHUNK, Plan, Sealing};
use super::{Header, Suite};
use crate::ids::KeyArn;
use crate::reencrypt::{EncryptionContext, Output, Reencrypt, ReencryptError, Through};

/// Frames of a message that had none are as long as those of the Encryption SDK's own default.
pub(super) const FRAME: u32 = 4096;
/// Something else gets its turn after so many bytes.
const TURN: u64 = 256 << 10;

/// A message that was re-encrypted and committed, and what became what.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Message<C> {
    /// How many bytes it holds.
    pub bytes: u64,
    /// How many bytes the new message has.
    pub written: u64,
    /// The former message's header.
    pub source: Header,
    /// The key that opened it, where it is one of KMS.
    pub source_key: Option<KeyArn>,
    /// The new message's suite.
    pub suite: Suite,
    /// The new message's whole encryption context, without its public key.
    pub context: EncryptionContext,
    /// What can open the new message.
    pub data_keys: Vec<EncryptedDataKey>,
    /// What the output is known by.
    pub committed: C,
}

impl<D: Keyring, E: Keyring> Reencrypt<Through<D, E>> {
    /// Re-encrypts a message of the Encryption SDK from `reader` to `output`, whatever its size: in memory there are a buffer of 64 KiB, or
    /// of one frame if that is longer, on each side.
    ///
    /// It is decrypted and encrypted in full, with a new data key and id. To change its header only, and leave the body, would use a nonce
    /// of AES-GCM twice with one key, after which anybody could forge frames.
    ///
    /// Nothing is committed before the whole message has shown to be authentic, its signature included; whatever fails before, the output
    /// is aborted.
    ///
    /// # Errors
    ///
    /// Fails if the input is no such message, if it is not authentic, if it is larger than the limits, or if reading, either keyring or the
    /// output fails.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it returns, the output is dropped, not committed, unless it was being committed just then.
    pub async fn message<R, O>(&self, reader: R, output: O) -> Result<Message<O::Committed>, ReencryptError>
    where
        R: AsyncRead + Send + Unpin,
        O: Output,
    {
        self.message_with(reader, output, &MessageOptions::default()).await
    }

    /// As [`message`](Self::message), with options.
    ///
    /// # Errors
    ///
    /// As of [`message`](Self::message).
    pub async fn message_with<R, O>(
        &self,
        reader: R,
        output: O,
        options: &MessageOptions,
    ) -> Result<Message<O::Committed>, ReencryptError>
    where
        R: AsyncRead + Send + Unpin,
        O: Output,
    {
        self.concluded(Input::new(reader, &options.limits), output, options).await
    }

    /// As [`message_with`](Self::message_with), of a message that is whole in memory already: its frames are opened where they lie, and none
    /// is copied, which is up to a fifth faster where there is no signature.
    ///
    /// # Errors
    ///
    /// As of [`message`](Self::message).
    pub async fn message_from_slice<O: Output>(
        &self,
        message: &[u8],
        output: O,
        options: &MessageOptions,
    ) -> Result<Message<O::Committed>, ReencryptError> {
        self.concluded(Input::lent(message, &options.limits), output, options).await
    }

    /// Re-encrypts a message, and commits the output or aborts it.
    async fn concluded<R, O>(
        &self,
        input: Input<'_, R>,
        mut output: O,
        options: &MessageOptions,
    ) -> Result<Message<O::Committed>, ReencryptError>
    where
        R: AsyncRead + Send + Unpin,
        O: Output,
    {
        match Box::pin(self.transfer(input, &mut output, options)).await {
            Ok(message) => {
                let committed = output.commit().await.map_err(|error| ReencryptError::output("committed", error))?;
                Ok(message.with(committed))
            }
            Err(error) => {
                if let Err(left) = output.abort().await {
                    tracing::warn!(error = %left, "an output was not aborted: part of it may be left");
                }
                Err(error)
            }
        }
    }

    async fn transfer<R, O>(
        &self,
        input: Input<'_, R>,
        output: &mut O,
        options: &MessageOptions,
    ) -> Result<Message<()>, ReencryptError>
    where
        R: AsyncRead + Send + Unpin,
        O: Output,
    {
        let reading = options.reading();
        let source = Opening::begin(input, &self.path.decrypt, reading).await?;
        let (context, withheld) = contexts(self, &source)?;
        let suite = options.suite.unwrap_or_else(|| source.header.suite().successor());
        let frame_length = options.frame_length.or_else(|| source.header.frame_length()).unwrap_or(FRAME);
        // So many bytes may wait in memory until their frame is full.
        within(frame_length.into(), options.limits.block, "bytes of a new frame")?;
        let plan = Plan { suite, frame_length, context, withheld: &withheld };
        let target = Sealing::begin(&self.path.encrypt, plan).await?;
        output.begin().await.map_err(|error| ReencryptError::output("begun", error))?;
        let transfer =
            Transfer { source, target, suite, output, bytes: 0, proof: None, copy: None, scratch: Scratch::default() };
        match options.compares {
            false => Ok(transfer.run().await?.0),
            true => Box::pin(transfer.compared(&self.path.encrypt, &withheld)).await,
        }
    }
}

impl MessageOptions {
    pub(super) const fn reading(&self) -> Reading<'_> {
        Reading {
            context: &self.context,
            limits: &self.limits,
            takes_net_400: self.takes_net_400,
            wants_commitment: self.wants_commitment,
        }
    }
}

impl Message<()> {
    fn with<C>(self, committed: C) -> Message<C> {
        let Self { bytes, written, source, source_key, suite, context, data_keys, committed: () } = self;
        Message { bytes, written, source, source_key, suite, context, data_keys, committed }
    }
}

/// Returns the new message's whole context, but for its public key, and those of its pairs that it does not store.
fn contexts<P, R>(
    reencrypt: &Reencrypt<P>,
    source: &Opening<'_, R>,
) -> Result<(EncryptionContext, EncryptionContext), ReencryptError> {
    let mut former = source.header.context().clone();
    former.remove(PUBLIC_KEY);
    for (name, value) in source.withheld.iter() {
        former.insert(name, value);
    }
    if former.iter().any(|(name, _)| is_reserved(name)) {
        return Err(MessageError::malformed("a name of its encryption context", "is reserved").into());
    }
    let whole = reencrypt.context(former)?;
    let withheld = whole.iter().filter(|(name, _)| source.withheld.get(name).is_some()).collect();
    Ok((whole, withheld))
}

/// A message under way.
struct Transfer<'a, R, O> {
    source: Opening<'a, R>,
    target: Sealing,
    suite: Suite,
    output: &'a mut O,
    bytes: u64,
    /// A digest of what is encrypted, by a key of this run: a plain one of a short text would tell the text.
    proof: Option<hmac::Context>,
    /// Where what is written goes as well, to be opened again.
    copy: Option<DuplexStream>,
    scratch: Scratch,
}

/// Room for a block that is opened and not encrypted where it stands. It is wiped when dropped.
#[derive(Default)]
struct Scratch(Zeroizing<Vec<u8>>);

impl Scratch {
    /// Lends room of this length. What was in it may be there still.
    fn room(&mut self, length: usize) -> &mut [u8] {
        if self.0.len() < length {
            self.0 = Zeroizing::new(vec![0; length]);
        }
        &mut self.0[..length]
    }
}

impl<R: AsyncRead + Send + Unpin, O: Output> Transfer<'_, R, O> {
    async fn run(mut self) -> Result<(Message<()>, Option<hmac::Tag>), ReencryptError> {
        let mut turn = TURN;
        while let Some(block) = self.source.next().await? {
            match self.target.takes_whole(block.kind, block.length) {
                true => self.whole(block)?,
                false => self.anew(block).await?,
            }
            self.bytes += block.length as u64;
            if self.target.is_full() {
                self.hand_on().await?;
            }
            if self.bytes >= turn {
                turn = self.bytes + TURN;
                tokio::task::yield_now().await;
            }
        }
        self.target.finish()?;
        self.hand_on().await?;
        let Self { source, target, suite, bytes, proof, .. } = self;
        let (source, source_key) = source.finish().await?;
        let (context, data_keys, written) = target.into_parts();
        let message = Message { bytes, written, source, source_key, suite, context, data_keys, committed: () };
        Ok((message, proof.map(hmac::Context::sign)))
    }

    /// Opens a block where its frame will stand, and encrypts it there.
    fn whole(&mut self, block: Block) -> Result<(), MessageError> {
        let Self { source, target, proof, .. } = self;
        target.whole(block.kind, block.length, |room| {
            source.open(block, room)?;
            if let Some(proof) = proof {
                proof.update(room);
            }
            Ok(())
        })
    }

    /// Opens a block, and cuts it into frames of another length.
    async fn anew(&mut self, block: Block) -> Result<(), ReencryptError> {
        let mut scratch = mem::take(&mut self.scratch);
        let plaintext = scratch.room(block.length);
        self.source.open(block, plaintext)?;
        if let Some(proof) = &mut self.proof {
            proof.update(plaintext);
        }
        let mut taken = 0;
        while taken < plaintext.len() {
            taken += self.target.take(&plaintext[taken..])?;
            if self.target.is_full() {
                self.hand_on().await?;
            }
        }
        self.scratch = scratch;
        Ok(())
    }

    async fn hand_on(&mut self) -> Result<(), ReencryptError> {
        self.target.digest_ready();
        let written = self.output.write(self.target.ready()).await;
        written.map_err(|error| ReencryptError::output("written", error))?;
        if let Some(copy) = &mut self.copy
            && copy.write_all(self.target.ready()).await.is_err()
        {
            // Whoever opens it again has found a fault, and says which.
            self.copy = None;
        }
        self.target.handed_on();
        Ok(())
    }

    /// As [`run`](Self::run), and opens what is written again.
    async fn compared(
        mut self,
        keyring: &impl Keyring,
        withheld: &EncryptionContext,
    ) -> Result<Message<()>, ReencryptError> {
        let mut secret = Zeroizing::new([0; 32]);
        let failed = |_| MessageError::primitive("making a key to compare with");
        SystemRandom::new().fill(&mut *secret).map_err(failed)?;
        let key = hmac::Key::new(HMAC_SHA256, &*secret);
        let (copy, written) = duplex(CHUNK);
        (self.proof, self.copy) = (Some(hmac::Context::with_key(&key)), Some(copy));
        // What others may ask for is no limit of what is written here.
        let again = Reading { context: withheld, limits: &Limits::OWN, takes_net_400: false, wants_commitment: false };
        let reopened = proof_of(written, keyring, again, hmac::Context::with_key(&key));
        let ((message, before), after) = try_join(self.run(), reopened).await?;
        match before {
            Some(before) if super::super::is_same(before.as_ref(), after.as_ref()) => Ok(message),
            _ => Err(ReencryptError::Unequal),
        }
    }
}

/// Opens a message and returns the digest of what it holds.
async fn proof_of<R: AsyncRead + Send + Unpin>(
    reader: R,
    keyring: &impl Keyring,
    reading: Reading<'_>,
    mut proof: hmac::Context,
) -> Result<hmac::Tag, ReencryptError> {
    let mut opening = Opening::begin(Input::new(reader, reading.limits), keyring, reading).await?;
    let mut scratch = Scratch::default();
    while let Some(block) = opening.next().await? {
        let room = scratch.room(block.length);
        opening.open(block, room)?;
        proof.update(room);
    }
    opening.finish().await?;
    Ok(proof.sign())
}
