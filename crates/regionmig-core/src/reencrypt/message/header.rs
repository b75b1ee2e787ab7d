//! What stands before a message's body.
// REQ: KMS-16

use super::bytes::{Cursor, Trouble};
use super::error::MessageError;
use super::keyring::EncryptedDataKey;
use super::limits::Limits;
use super::suite::Suite;
use crate::ids::KeyArn;
use crate::reencrypt::EncryptionContext;
use crate::region::Region;

/// The header of a message. It can be read without any key; whether it is authentic shows only with one.
///
/// Both versions of the format (AWS Encryption SDK developer guide, "Message format reference").
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Header {
    suite: Suite,
    id: Vec<u8>,
    context: EncryptionContext,
    data_keys: Vec<EncryptedDataKey>,
    frame_length: Option<u32>,
    /// What the message commits to, of a suite that does.
    pub(super) commitment: Option<[u8; 32]>,
    /// What the tag was made with.
    pub(super) nonce: [u8; 12],
    pub(super) tag: [u8; 16],
    /// So long is what the tag authenticates.
    pub(super) authenticated: usize,
    length: usize,
}

/// Whether a message can be opened in a region.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Readable {
    /// A data key of it is under a KMS key of that region.
    Yes,
    /// It can where a multi-Region key, of another region, has a replica there.
    WithReplica,
    /// Every data key of it is under KMS keys of other regions.
    No,
    /// Some data key of it is not under a KMS key that is named by its ARN: who has that key can open it anywhere.
    Elsewise,
}

/// Names of pairs that are the Encryption SDK's own begin so.
pub(super) const RESERVED: &str = "aws-crypto-";
/// The pair that holds the public key of a signed message.
pub(super) const PUBLIC_KEY: &str = "aws-crypto-public-key";

impl Header {
    /// Reads a header from the beginning of `bytes`.
    ///
    /// # Errors
    ///
    /// Fails if there is none, if it is not whole, or if it asks for more than `limits`.
    pub fn read(bytes: &[u8], limits: &Limits) -> Result<Self, MessageError> {
        Self::parse(bytes, limits).map_err(|trouble| match trouble {
            Trouble::Short(_) => MessageError::Truncated { part: "its header" },
            Trouble::Bad(error) => error,
        })
    }

    pub(super) fn parse(bytes: &[u8], limits: &Limits) -> Result<Self, Trouble> {
        let mut cursor = Cursor::new(bytes, limits);
        let suite = begin(&mut cursor)?;
        let id = cursor.take(message_id_length(suite))?.to_vec();
        let context = context(&mut cursor)?;
        let data_keys = data_keys(&mut cursor, limits)?;
        let is_framed = match cursor.byte()? {
            1 => false,
            2 => true,
            _ => return Err(MessageError::malformed("its content type", "is neither framed nor not").into()),
        };
        if !suite.is_committing() {
            if cursor.u32()? != 0 {
                return Err(MessageError::malformed("a reserved field", "is not zero").into());
            }
            if cursor.byte()? != 12 {
                return Err(MessageError::malformed("its nonce length", "is not 12").into());
            }
        }
        let frame_length = match (cursor.u32()?, is_framed) {
            (0, false) => None,
            (1.., false) => {
                return Err(MessageError::malformed("its frame length", "is set, and it has no frames").into());
            }
            (0, true) => return Err(MessageError::malformed("its frame length", "is zero").into()),
            (length, true) => Some(length),
        };
        let commitment = suite.is_committing().then(|| cursor.array()).transpose()?;
        let authenticated = cursor.at();
        let nonce = if suite.is_committing() { [0; 12] } else { cursor.array()? };
        let tag = cursor.array()?;
        let length = cursor.at();
        Ok(Self { suite, id, context, data_keys, frame_length, commitment, nonce, tag, authenticated, length })
    }

    /// Returns the algorithm suite.
    pub const fn suite(&self) -> Suite {
        self.suite
    }

    /// Returns the message's id: 16 bytes in format 1, 32 in format 2.
    pub fn message_id(&self) -> &[u8] {
        &self.id
    }

    /// Returns the encryption context that the message stores. Some pairs may be stored nowhere, and must be given to open it.
    pub const fn context(&self) -> &EncryptionContext {
        &self.context
    }

    /// Returns the data key, encrypted once for each who can open the message.
    pub fn data_keys(&self) -> &[EncryptedDataKey] {
        &self.data_keys
    }

    /// Returns the KMS keys that can open it, as far as they are named by ARN.
    pub fn keys(&self) -> impl Iterator<Item = KeyArn> {
        self.data_keys.iter().filter_map(EncryptedDataKey::key)
    }

    /// Returns how many bytes each frame holds; none, if the body is one block.
    pub const fn frame_length(&self) -> Option<u32> {
        self.frame_length
    }

    /// Returns how many bytes the header has.
    pub const fn length(&self) -> usize {
        self.length
    }

    /// Returns whether the message can be opened in `region`, as far as its header tells.
    // REQ: KMS-12, KMS-16
    pub fn readable_in(&self, region: &Region) -> Readable {
        let is_there = |key: &KeyArn| key.end().is_some_and(|end| end.region == *region);
        if self.keys().any(|key| is_there(&key)) {
            Readable::Yes
        } else if self.data_keys.iter().any(|data_key| data_key.key().is_none()) {
            Readable::Elsewise
        } else if self.keys().any(|key| key.is_multi_region()) {
            Readable::WithReplica
        } else {
            Readable::No
        }
    }
}

pub(super) const fn message_id_length(suite: Suite) -> usize {
    if suite.is_committing() { 32 } else { 16 }
}

/// Reads version, type and suite.
fn begin(cursor: &mut Cursor<'_>) -> Result<Suite, Trouble> {
    let first: [u8; 2] = cursor.array()?;
    let format = match first {
        [1, 0x80] => 1,
        [2, 0x04 | 0x05] => 2,
        _ => return Err(MessageError::NotAMessage { found: looks_like(first) }.into()),
    };
    let id = if format == 1 { cursor.u16()? } else { u16::from_be_bytes([first[1], cursor.byte()?]) };
    match Suite::of(id) {
        Some(suite) if suite.format() == format => Ok(suite),
        Some(_) => {
            Err(MessageError::malformed("its algorithm suite", "belongs to the other version of the format").into())
        }
        None => Err(MessageError::UnknownSuite { id }.into()),
    }
}

/// Says what else begins so. The inside of KMS's own ciphertexts is not documented; these two beginnings were seen.
const fn looks_like(first: [u8; 2]) -> &'static str {
    match first {
        [1, 1 | 2] => "it begins like a ciphertext of KMS itself; re-encrypt it as an item",
        [b'A', b'Y' | b'g' | b'Q'] => "it looks like base64; decode it first",
        [1, _] => "it is of version 1 and of a type that is not known",
        [2, _] => "it is of version 2 with a suite that is not known",
        _ => "it begins with no version of the format",
    }
}

fn context(cursor: &mut Cursor<'_>) -> Result<EncryptionContext, Trouble> {
    const PART: &str = "its encryption context";
    let length = usize::from(cursor.u16()?);
    let mut context = EncryptionContext::new();
    if length == 0 {
        return Ok(context);
    }
    // All of it at once: of one that comes in slowly, each pair would be read again and again.
    let mut pairs = Cursor::within(cursor.take(length)?);
    let mut read = || {
        for _ in 0..pairs.u16()? {
            if context.insert(pairs.text(PART)?, pairs.text(PART)?).is_some() {
                return Err(MessageError::malformed(PART, "says a name twice").into());
            }
        }
        pairs.at().eq(&length).then_some(()).ok_or(Trouble::Short(length))
    };
    match read() {
        Ok(()) => Ok(context),
        Err(Trouble::Short(_)) => Err(MessageError::malformed(PART, "has another length than it says").into()),
        Err(trouble) => Err(trouble),
    }
}

fn data_keys(cursor: &mut Cursor<'_>, limits: &Limits) -> Result<Vec<EncryptedDataKey>, Trouble> {
    let count = usize::from(cursor.u16()?);
    if count == 0 {
        return Err(MessageError::malformed("its list of data keys", "is empty").into());
    }
    if count > limits.data_keys {
        let (found, limit) = (count as u64, limits.data_keys as u64);
        return Err(
            MessageError::TooLarge { what: "encrypted data keys", name: "Limits::data_keys", found, limit }.into()
        );
    }
    let mut data_keys = Vec::new();
    for read in 0..count {
        // As much as must still come, for the same reason: each has three lengths.
        cursor.ahead(6 * (count - read))?;
        let provider = cursor.text("the provider of a data key")?;
        let info = cursor.field()?;
        data_keys.push(EncryptedDataKey::new(provider, info, cursor.field()?));
    }
    Ok(data_keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A header of format 2 with two pairs and three data keys.
    fn bytes() -> Vec<u8> {
        let mut out = vec![2, 4, 0x78];
        out.extend([9; 32]);
        out.extend([0, 14, 0, 2, 0, 1, b'a', 0, 1, b'1', 0, 1, b'b', 0, 1, b'2', 0, 3]);
        for info in
            ["arn:aws:kms:us-west-2:111122223333:key/mrk-1", "alias/a", "arn:aws:kms:eu-west-1:111122223333:key/2"]
        {
            out.extend([&[0, 7][..], b"aws-kms", &[0, u8::try_from(info.len()).unwrap_or_default()]].concat());
            out.extend([info.as_bytes(), &[0, 2, 5, 5]].concat());
        }
        out.extend([2, 0, 0, 16, 0]);
        out.extend([8; 32]);
        out.extend([7; 16]);
        out
    }

    #[test]
    fn a_header_is_read_field_by_field() -> Result<(), MessageError> {
        let bytes = bytes();
        let header = Header::read(&[&bytes[..], b"body"].concat(), &Limits::default())?;
        assert_eq!((header.suite(), header.frame_length()), (Suite::Committing, Some(4096)));
        assert_eq!(header.context(), &EncryptionContext::from([("a", "1"), ("b", "2")]));
        assert_eq!((header.length(), header.authenticated), (bytes.len(), bytes.len() - 16));
        assert_eq!((header.message_id(), header.commitment), (&[9; 32][..], Some([8; 32])));
        assert_eq!((header.tag, header.nonce), ([7; 16], [0; 12]));
        assert_eq!((header.data_keys().len(), header.keys().count()), (3, 2));
        Ok(())
    }

    #[test]
    fn where_it_can_be_read_is_told_by_its_keys() -> Result<(), MessageError> {
        let regions = |text: &str| text.parse::<Region>().map_err(|_| MessageError::Header);
        let mut header = Header::read(&bytes(), &Limits::default())?;
        let (oregon, ireland, ohio) = (regions("us-west-2")?, regions("eu-west-1")?, regions("us-east-2")?);
        assert_eq!(header.readable_in(&oregon), Readable::Yes);
        assert_eq!(header.readable_in(&ireland), Readable::Yes);
        assert_eq!(header.readable_in(&ohio), Readable::Elsewise);
        header.data_keys.remove(1);
        assert_eq!(header.readable_in(&ohio), Readable::WithReplica);
        header.data_keys.remove(0);
        assert_eq!(header.readable_in(&ohio), Readable::No);
        Ok(())
    }

    #[test]
    fn each_look_at_what_has_come_in_asks_for_much_more() {
        let bytes = bytes();
        let mut available = 1;
        let mut looks = Vec::new();
        while let Err(trouble) = Header::parse(&bytes[..available], &Limits::default()) {
            let Trouble::Short(length) = trouble else { return assert!(looks.is_empty(), "{trouble:?}") };
            assert!(length > available && length <= bytes.len(), "{length}");
            looks.push(length);
            available = length;
        }
        assert_eq!(available, bytes.len());
        // All pairs are asked for at once, and of three data keys all of their lengths.
        let (before, pairs) = (3 + 32 + 2, 14);
        assert!(looks.windows(2).any(|looks| looks == [before, before + pairs]), "{looks:?}");
        assert!(looks.contains(&(before + pairs + 2 + 3 * 6)) && looks.len() <= 24, "{looks:?}");
    }

    #[test]
    fn nothing_behind_a_header_is_asked_for() -> Result<(), MessageError> {
        let mut bytes = vec![2, 4, 0x78];
        bytes.extend([9; 32]);
        bytes.extend([0, 0, 0, 16]);
        bytes.extend([0; 16 * 6]);
        bytes.extend([2, 0, 0, 16, 0]);
        bytes.extend([8; 48]);
        let header = Header::read(&bytes, &Limits::default())?;
        assert_eq!((header.data_keys().len(), header.length()), (16, bytes.len()));
        Ok(())
    }

    #[test]
    fn as_many_data_keys_as_are_taken_and_no_more() {
        let read = |limit| Header::read(&bytes(), &Limits::default().with_data_keys(limit));
        assert!(read(3).is_ok());
        assert!(matches!(read(2), Err(MessageError::TooLarge { name: "Limits::data_keys", found: 3, limit: 2, .. })));
        let length = bytes().len();
        assert!(Header::read(&bytes(), &Limits::default().with_header(length)).is_ok());
        let short = Header::read(&bytes(), &Limits::default().with_header(length - 1));
        assert!(matches!(short, Err(MessageError::TooLarge { name: "Limits::header", .. })));
    }
}
