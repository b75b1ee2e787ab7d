//! The fields of a message: read from its beginning on, and written.

use std::borrow::Cow;

use super::error::MessageError;
use super::limits::Limits;
use crate::reencrypt::EncryptionContext;

/// Why a header cannot be read.
#[derive(Debug)]
pub(super) enum Trouble {
    /// So many bytes of it are needed, at least, to say more.
    Short(usize),
    /// It is none.
    Bad(MessageError),
}

impl From<MessageError> for Trouble {
    fn from(error: MessageError) -> Self {
        Self::Bad(error)
    }
}

/// Reads fields, one after the other, and none beyond a header's limit.
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    limit: usize,
}

impl<'a> Cursor<'a> {
    pub(super) const fn new(bytes: &'a [u8], limits: &Limits) -> Self {
        Self { bytes, at: 0, limit: limits.header }
    }

    /// Reads what lies within a field that was read.
    pub(super) const fn within(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, limit: usize::MAX }
    }

    /// Returns how much was read.
    pub(super) const fn at(&self) -> usize {
        self.at
    }

    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], Trouble> {
        let taken = self.ahead(length)?;
        self.at += length;
        Ok(taken)
    }

    /// Looks at what is to be read next.
    pub(super) fn ahead(&self, length: usize) -> Result<&'a [u8], Trouble> {
        let end = self.at.saturating_add(length);
        if end > self.limit {
            let (found, limit) = (end as u64, self.limit as u64);
            return Err(MessageError::TooLarge { what: "bytes of header", name: "Limits::header", found, limit }.into());
        }
        self.bytes.get(self.at..end).ok_or(Trouble::Short(end))
    }

    pub(super) fn array<const LENGTH: usize>(&mut self) -> Result<[u8; LENGTH], Trouble> {
        let mut array = [0; LENGTH];
        array.copy_from_slice(self.take(LENGTH)?);
        Ok(array)
    }

    pub(super) fn byte(&mut self) -> Result<u8, Trouble> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(super) fn u16(&mut self) -> Result<u16, Trouble> {
        self.array().map(u16::from_be_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Trouble> {
        self.array().map(u32::from_be_bytes)
    }

    /// Reads a field that its length, in two bytes, stands before.
    pub(super) fn field(&mut self) -> Result<&'a [u8], Trouble> {
        let length = self.u16()?;
        self.take(length.into())
    }

    pub(super) fn text(&mut self, part: &'static str) -> Result<&'a str, Trouble> {
        let bytes = self.field()?;
        str::from_utf8(bytes).map_err(|_| MessageError::malformed(part, "is not UTF-8").into())
    }
}

/// Writes a field with its length, in two bytes, before it.
pub(super) fn put(out: &mut Vec<u8>, what: &'static str, field: &[u8]) -> Result<(), MessageError> {
    let found = field.len();
    let length = u16::try_from(found).map_err(|_| MessageError::DoesNotFit { what, found })?;
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(field);
    Ok(())
}

/// Writes the pairs of a context as data keys are bound to them, and headers with what they do not store: their number, then each; nothing,
/// if there are none.
pub(super) fn pairs(context: &EncryptionContext) -> Result<Vec<u8>, MessageError> {
    // Two bytes for each length, and for the number of pairs.
    let length = context.iter().fold(2, |length, (name, value)| length + 4 + name.len() + value.len());
    let mut out = Vec::with_capacity(length);
    put_pairs(&mut out, context.len(), context.iter())?;
    Ok(out)
}

/// As [`pairs`], of so many of a context's pairs, to the end of `out`.
pub(super) fn put_pairs<'a>(
    out: &mut Vec<u8>,
    count: usize,
    pairs: impl Iterator<Item = (&'a str, &'a str)>,
) -> Result<(), MessageError> {
    if count == 0 {
        return Ok(());
    }
    let too_many = |_| MessageError::DoesNotFit { what: "the encryption context", found: count };
    out.extend_from_slice(&u16::try_from(count).map_err(too_many)?.to_be_bytes());
    for (name, value) in pairs {
        put(out, "a name of the encryption context", name.as_bytes())?;
        put(out, "a value of the encryption context", value.as_bytes())?;
    }
    Ok(())
}

/// Returns what a header's tag authenticates: the header up to there, and the pairs that it does not store.
pub(super) fn authenticated<'a>(header: &'a [u8], withheld: &EncryptionContext) -> Result<Cow<'a, [u8]>, MessageError> {
    if withheld.is_empty() {
        return Ok(header.into());
    }
    let mut whole = header.to_vec();
    put_pairs(&mut whole, withheld.len(), withheld.iter())?;
    Ok(whole.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_one_after_the_other_and_none_beyond_the_limit() {
        let bytes = [1, 2, 3, 4, 5, 6, 7, 0, 2, b'h', b'i', 0, 1, 0xff, 0, 9];
        let mut cursor = Cursor::new(&bytes, &Limits::default());
        assert!(matches!(cursor.byte(), Ok(1)) && matches!(cursor.u16(), Ok(0x0203)));
        assert!(matches!(cursor.u32(), Ok(0x0405_0607)) && cursor.at() == 7);
        assert!(matches!(cursor.text("it"), Ok("hi")));
        let malformed = cursor.text("it");
        assert!(matches!(malformed, Err(Trouble::Bad(MessageError::Malformed { part: "it", .. }))));
        assert!(matches!(cursor.field(), Err(Trouble::Short(25))));
        let mut short = Cursor::new(&bytes, &Limits::default().with_header(3));
        assert!(matches!(short.ahead(3), Ok([1, 2, 3])) && short.at() == 0);
        assert!(matches!(short.u16(), Ok(0x0102)) && matches!(short.byte(), Ok(3)));
        let refused = short.byte();
        let expected = MessageError::TooLarge { what: "bytes of header", name: "Limits::header", found: 4, limit: 3 };
        assert!(matches!(refused, Err(Trouble::Bad(error)) if error == expected));
        assert!(matches!(Cursor::within(&bytes).take(usize::MAX), Err(Trouble::Short(usize::MAX))));
    }

    #[test]
    fn what_has_no_room_is_not_written() -> Result<(), MessageError> {
        let mut out = vec![7];
        put(&mut out, "it", b"abc")?;
        assert_eq!(out, [7, 0, 3, b'a', b'b', b'c']);
        put(&mut out, "it", &[0; 65_535])?;
        assert_eq!((out.len(), &out[6..8]), (8 + 65_535, &[0xff; 2][..]));
        let length = out.len();
        let refused = put(&mut out, "it", &[0; 65_536]);
        assert_eq!((refused, out.len()), (Err(MessageError::DoesNotFit { what: "it", found: 65_536 }), length));
        Ok(())
    }

    #[test]
    fn pairs_are_written_in_order_and_none_as_nothing() -> Result<(), MessageError> {
        assert!(pairs(&EncryptionContext::new())?.is_empty());
        let context = EncryptionContext::from([("b", "2"), ("a", ""), ("\u{e4}", "1")]);
        let expected =
            [&[0, 3, 0, 1, b'a', 0, 0, 0, 1, b'b', 0, 1, b'2', 0, 2][..], "\u{e4}".as_bytes(), &[0, 1, b'1']];
        assert_eq!(pairs(&context)?, expected.concat());
        assert_eq!(*authenticated(b"header", &context)?, [&b"header"[..], &expected.concat()].concat());
        assert_eq!(*authenticated(b"header", &EncryptionContext::new())?, *b"header");
        let many: EncryptionContext = (0..65_536).map(|number| (number.to_string(), "")).collect();
        assert!(matches!(pairs(&many), Err(MessageError::DoesNotFit { found: 65_536, .. })));
        Ok(())
    }
}
