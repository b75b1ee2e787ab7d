//! The bytes of a message, as they come in.

use std::borrow::Cow;
use std::future::poll_fn;
use std::pin::Pin;

use aws_lc_rs::digest::{self, Digest};
use tokio::io::{AsyncRead, Empty, ReadBuf, empty};

use super::error::MessageError;
use super::limits::Limits;
use crate::reencrypt::ReencryptError;

/// The buffer begins with so many bytes, since most messages are small,
const LEAST: usize = 4 << 10;
/// and has so many while a message streams through it. So many are digested at once, while they are near.
const CHUNK: usize = 64 << 10;

/// A buffer over a reader, which grows as bytes come in, never by what a length claims; or a whole message that is lent, and read where it
/// lies.
pub(super) struct Input<'a, R> {
    reader: R,
    buffer: Cow<'a, [u8]>,
    /// What of the buffer was read, and not yet consumed, begins here,
    start: usize,
    /// and ends here.
    end: usize,
    /// How much was read in all.
    total: u64,
    limit: Option<u64>,
    is_over: bool,
    digest: Option<digest::Context>,
    /// What was consumed since here is not in the digest.
    undigested: usize,
}

impl<'a> Input<'a, Empty> {
    /// Reads a message where it lies.
    pub(super) fn lent(message: &'a [u8], limits: &Limits) -> Self {
        let whole = Input::over(empty(), message.into(), limits);
        Self { end: message.len(), total: message.len() as u64, is_over: true, ..whole }
    }
}

impl<R: AsyncRead + Unpin> Input<'_, R> {
    pub(super) fn new(reader: R, limits: &Limits) -> Self {
        Self::over(reader, vec![0; LEAST].into(), limits)
    }
}

impl<'a, R: AsyncRead + Unpin> Input<'a, R> {
    fn over(reader: R, buffer: Cow<'a, [u8]>, limits: &Limits) -> Self {
        let limit = limits.message;
        Self { reader, buffer, start: 0, end: 0, total: 0, limit, is_over: false, digest: None, undigested: 0 }
    }

    /// Returns what was read and not yet consumed.
    pub(super) fn available(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Returns once so many bytes are available; false, if the input ends before.
    pub(super) async fn has(&mut self, length: usize) -> Result<bool, ReencryptError> {
        while self.end - self.start < length {
            if self.is_over {
                return Ok(false);
            }
            self.make_room(length);
            self.read().await?;
        }
        Ok(true)
    }

    /// As [`has`](Self::has), of an input that may not end before.
    pub(super) async fn need(&mut self, length: usize, part: &'static str) -> Result<(), ReencryptError> {
        match self.has(length).await? {
            true => Ok(()),
            false => Err(MessageError::Truncated { part }.into()),
        }
    }

    /// Goes on behind so many bytes.
    pub(super) fn consume(&mut self, length: usize) {
        self.start = self.end.min(self.start + length);
        if self.start - self.undigested >= CHUNK {
            self.digest_consumed();
        }
    }

    /// Digests what is consumed from now on.
    pub(super) fn digest_by(&mut self, algorithm: &'static digest::Algorithm) {
        self.digest = Some(digest::Context::new(algorithm));
        self.undigested = self.start;
    }

    /// Returns the digest of what was consumed.
    pub(super) fn finish_digest(&mut self) -> Option<Digest> {
        self.digest_consumed();
        self.digest.take().map(digest::Context::finish)
    }

    fn digest_consumed(&mut self) {
        if let Some(digest) = &mut self.digest {
            digest.update(&self.buffer[self.undigested..self.start]);
        }
        self.undigested = self.start;
    }

    /// Makes room behind what is available, so that `length` bytes of it may come to stand there in the end.
    fn make_room(&mut self, length: usize) {
        let is_streaming = self.end == self.buffer.len();
        if self.start > 0 {
            self.digest_consumed();
            self.buffer.to_mut().copy_within(self.start..self.end, 0);
            (self.start, self.end, self.undigested) = (0, self.end - self.start, 0);
        }
        let most = length.max(CHUNK);
        // It grows once it was filled, or is full now: the bytes are there, not merely promised.
        if is_streaming && self.buffer.len() < most {
            self.grow(most);
        }
    }

    /// Grows by half or more, in steps that end with `most`: a vector that doubles itself would take twice a frame's length.
    fn grow(&mut self, most: usize) {
        let leap = self.buffer.len() + self.buffer.len() / 2;
        let mut length = most;
        while length / 2 >= leap {
            length = length.div_ceil(2);
        }
        let buffer = self.buffer.to_mut();
        if length >= leap {
            buffer.reserve_exact(length - buffer.len());
        }
        buffer.resize(length, 0);
    }

    async fn read(&mut self) -> Result<(), ReencryptError> {
        let Self { reader, buffer, end, .. } = self;
        let mut room = ReadBuf::new(&mut buffer.to_mut()[*end..]);
        poll_fn(|cx| Pin::new(&mut *reader).poll_read(cx, &mut room)).await.map_err(ReencryptError::Input)?;
        let read = room.filled().len();
        self.end += read;
        self.is_over = read == 0;
        self.total += read as u64;
        Ok(self.within_limit()?)
    }

    /// Fails if more was read, or lent, than a message may have.
    pub(super) const fn within_limit(&self) -> Result<(), MessageError> {
        match self.limit {
            Some(limit) if self.total > limit => {
                Err(MessageError::TooLarge { what: "bytes", name: "Limits::message", found: self.total, limit })
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_buffer_grows_with_what_comes_in_and_not_with_what_is_asked_for() -> Result<(), ReencryptError> {
        let bytes = vec![7; 100];
        let mut input = Input::new(bytes.as_slice(), &Limits::default());
        assert!(!input.has(1 << 30).await?);
        assert_eq!((input.available(), input.buffer.len()), (bytes.as_slice(), LEAST));
        let bytes = vec![7; 1 << 20];
        let mut input = Input::new(bytes.as_slice(), &Limits::default());
        assert!(!input.has((1 << 20) + 1).await?);
        assert!(input.buffer.len() <= (1 << 20) + 1);
        Ok(())
    }

    #[tokio::test]
    async fn the_buffer_takes_no_more_than_the_longest_frame() -> Result<(), ReencryptError> {
        for length in [70_000, 1 << 20, (1 << 20) + 1, (1 << 20) + 32, 3_000_000] {
            let bytes = vec![7; length + 100];
            let mut input = Input::new(bytes.as_slice(), &Limits::default());
            assert!(input.has(16).await? && input.has(length).await?);
            assert_eq!(input.buffer.into_owned().capacity(), length);
        }
        Ok(())
    }

    #[tokio::test]
    async fn what_streams_through_is_digested_once_and_whole() -> Result<(), ReencryptError> {
        let bytes: Vec<u8> = (0..300_000_u32).map(|number| number.to_be_bytes()[3]).collect();
        let mut input = Input::new(bytes.as_slice(), &Limits::default());
        digested_once_and_whole(&mut input, &bytes).await?;
        assert!(input.buffer.len() <= CHUNK);
        let mut input = Input::lent(&bytes, &Limits::default());
        digested_once_and_whole(&mut input, &bytes).await?;
        assert!(matches!(input.buffer, Cow::Borrowed(_)), "it was copied");
        Ok(())
    }

    async fn digested_once_and_whole(
        input: &mut Input<'_, impl AsyncRead + Unpin>,
        bytes: &[u8],
    ) -> Result<(), ReencryptError> {
        assert!(input.has(10).await?);
        input.digest_by(&digest::SHA256);
        let mut left = bytes.len() - 5;
        while left > 0 {
            let length = left.min(3001);
            assert!(input.has(length).await?);
            input.consume(length);
            left -= length;
            // What is digested at once is near still.
            assert!(input.start - input.undigested < CHUNK);
        }
        let digest = input.finish_digest();
        assert_eq!(
            digest.map(|it| it.as_ref().to_vec()),
            Some(digest::digest(&digest::SHA256, &bytes[..bytes.len() - 5]).as_ref().to_vec())
        );
        assert!(input.has(5).await? && !input.has(6).await?);
        Ok(())
    }

    #[tokio::test]
    async fn a_message_that_is_longer_than_it_may_be_is_refused_on_the_way() {
        let bytes = vec![7; 1 << 20];
        let mut input = Input::new(bytes.as_slice(), &Limits::default().with_message(5000));
        let refused = input.has(1 << 20).await;
        assert!(matches!(refused, Err(ReencryptError::Message(MessageError::TooLarge { limit: 5000, .. }))));
        let limited = |limit| Input::lent(&bytes, &Limits::default().with_message(limit)).within_limit();
        assert_eq!(limited(1 << 20), Ok(()));
        assert!(matches!(
            limited((1 << 20) - 1),
            Err(MessageError::TooLarge { found: 0x10_0000, limit: 0xf_ffff, .. })
        ));
    }
}
