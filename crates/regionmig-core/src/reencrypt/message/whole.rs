//! Messages that are opened and written in memory, for whoever has to look at one, or to make one.

use tokio::io::AsyncRead;
use zeroize::Zeroizing;

use super::Header;
use super::Suite;
use super::error::MessageError;
use super::input::Input;
use super::key::Kind;
use super::keyring::Keyring;
use super::limits::Limits;
use super::open::{self, Opening, is_reserved};
use super::options::MessageOptions;
use super::seal::{Plan, Sealing};
use super::transfer::FRAME;
use crate::ids::KeyArn;
use crate::reencrypt::{EncryptionContext, ReencryptError};
use crate::secret::Secret;

/// A message that was opened in memory.
#[expect(missing_debug_implementations, reason = "a secret is never shown")]
#[non_exhaustive]
pub struct OpenedMessage {
    /// What it held.
    pub plaintext: Secret<Vec<u8>>,
    /// Its header.
    pub header: Header,
    /// The key that opened it, where it is one of KMS.
    pub key: Option<KeyArn>,
}

/// Reads a message's header, without any key: what it is, who can open it, and which context it stores. Nothing in it is authentic.
///
/// # Errors
///
/// Fails if it is none, or if the input fails.
// REQ: KMS-16
pub async fn inspect<R: AsyncRead + Send + Unpin>(reader: R, limits: &Limits) -> Result<Header, ReencryptError> {
    open::read_header(&mut Input::new(reader, limits), limits).await
}

/// Opens a message into memory, of up to `most` bytes. To re-encrypt one, [`Reencrypt::message`](crate::reencrypt::Reencrypt::message)
/// needs no such memory.
///
/// # Errors
///
/// Fails as [`Reencrypt::message`](crate::reencrypt::Reencrypt::message) does, and if it holds more than `most` bytes. Nothing of it is
/// returned then.
pub async fn decrypt<R: AsyncRead + Send + Unpin>(
    reader: R,
    keyring: &impl Keyring,
    options: &MessageOptions,
    most: usize,
) -> Result<OpenedMessage, ReencryptError> {
    let input = Input::new(reader, &options.limits);
    let mut opening = Opening::begin(input, keyring, options.reading()).await?;
    let mut held = Zeroizing::new(Vec::new());
    while let Some(block) = opening.next().await? {
        let (start, end) = (held.len(), held.len() + block.length);
        if end > most {
            let (found, limit) = (end as u64, most as u64);
            return Err(MessageError::TooLarge { what: "bytes within", name: "most", found, limit }.into());
        }
        if held.capacity() < end {
            // What a growing vector leaves behind is not wiped, so it grows here.
            let mut grown = Zeroizing::new(Vec::with_capacity(end.max((2 * start).min(most))));
            grown.extend_from_slice(&held);
            held = grown;
        }
        held.resize(end, 0);
        opening.open(block, &mut held[start..])?;
    }
    let (header, key) = opening.finish().await?;
    Ok(OpenedMessage { plaintext: Secret::new(std::mem::take(&mut *held)), header, key })
}

/// Writes a message that holds `plaintext`, under a new data key, and bound to `context`. Of its pairs, those that `options` give are not
/// stored: whoever reads the message must know them.
///
/// Signed and committing by default, in frames of 4,096 bytes.
///
/// # Errors
///
/// Fails if the keyring does, or if the context does not fit.
pub async fn encrypt(
    plaintext: &Secret<Vec<u8>>,
    context: &EncryptionContext,
    keyring: &impl Keyring,
    options: &MessageOptions,
) -> Result<Vec<u8>, ReencryptError> {
    let mut whole = context.clone();
    options.context.iter().for_each(|(name, value)| drop(whole.insert(name, value)));
    if whole.iter().any(|(name, _)| is_reserved(name)) {
        return Err(MessageError::malformed("a name of the encryption context", "is reserved").into());
    }
    let suite = options.suite.unwrap_or(Suite::CommittingSigned);
    let frame_length = options.frame_length.unwrap_or(FRAME);
    let plan = Plan { suite, frame_length, context: whole, withheld: &options.context };
    let mut sealing = Sealing::begin(keyring, plan).await?;
    let mut message = Vec::new();
    let mut rest = plaintext.expose().as_slice();
    let mut hand_on = |sealing: &mut Sealing| {
        sealing.digest_ready();
        message.extend_from_slice(sealing.ready());
        sealing.handed_on();
    };
    let length = usize::try_from(frame_length).unwrap_or(usize::MAX);
    loop {
        let kind = if rest.len() > length { Kind::Regular } else { Kind::Last };
        let (frame, after) = rest.split_at(rest.len().min(length));
        sealing.whole(kind, frame.len(), |room| {
            room.copy_from_slice(frame);
            Ok(())
        })?;
        rest = after;
        if sealing.is_full() {
            hand_on(&mut sealing);
        }
        if kind == Kind::Last {
            break;
        }
    }
    sealing.finish()?;
    hand_on(&mut sealing);
    Ok(message)
}
