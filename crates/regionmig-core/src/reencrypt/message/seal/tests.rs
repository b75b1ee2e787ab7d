//! What is written, byte by byte.

use super::*;
use crate::reencrypt::message::{Header, Limits, RawAesKeyring};
use crate::secret::Secret;

/// What the format says stands before a frame that is not the last, and before the last one.
const REGULAR: usize = 16;
const LAST: usize = 24;

async fn begun(suite: Suite, frame_length: u32) -> Result<Sealing, ReencryptError> {
    let keyring = RawAesKeyring::new("tests", "key", &Secret::new(vec![1; 32]));
    let keyring = keyring.map_err(|_| MessageError::primitive("making a key"))?;
    let context = EncryptionContext::from([("a", "1"), ("b", "2")]);
    let withheld = EncryptionContext::from([("b", "2")]);
    Sealing::begin(&keyring, Plan { suite, frame_length, context, withheld: &withheld }).await
}

#[tokio::test]
async fn a_message_begins_with_its_header() -> Result<(), ReencryptError> {
    for suite in Suite::ALL {
        let sealing = begun(suite, 77).await?;
        let header = Header::read(sealing.ready(), &Limits::default())?;
        assert_eq!((header.length(), header.suite()), (sealing.ready().len(), suite));
        assert_eq!((header.frame_length(), header.nonce), (Some(77), [0; 12]));
        assert_eq!((header.context().get("a"), header.context().get("b")), (Some("1"), None));
        assert_eq!(header.context().get(PUBLIC_KEY).is_some(), suite.is_signed());
        assert_eq!(header.commitment.is_some(), suite.is_committing());
    }
    Ok(())
}

#[tokio::test]
async fn what_is_one_frame_is_taken_whole_and_nothing_else() -> Result<(), ReencryptError> {
    let mut sealing = begun(Suite::Committing, 10).await?;
    for (kind, lengths) in [(Kind::Regular, 10..=10), (Kind::Last, 0..=10), (Kind::Block, 0..=10)] {
        for length in 0..12 {
            assert_eq!(sealing.takes_whole(kind, length), lengths.contains(&length), "{kind:?} {length}");
        }
    }
    assert_eq!(sealing.take(&[5; 3])?, 3);
    assert!(!sealing.takes_whole(Kind::Regular, 10) && !sealing.takes_whole(Kind::Last, 0));
    Ok(())
}

#[tokio::test]
async fn frames_are_as_long_as_was_said_and_the_last_one_says_so() -> Result<(), ReencryptError> {
    for (length, last) in [(0, 0), (1, 1), (9, 9), (10, 10), (11, 1), (20, 10), (35, 5)] {
        let mut sealing = begun(Suite::Committing, 10).await?;
        sealing.handed_on();
        let before = sealing.written;
        assert_eq!(sealing.take(&vec![5; length])?, length);
        sealing.finish()?;
        let frames = length.saturating_sub(1) / 10;
        let written = sealing.ready();
        assert_eq!(written.len(), frames * (REGULAR + 10 + TAG) + LAST + last + TAG, "{length}");
        for (number, frame) in (1_u32..).zip(written.chunks(REGULAR + 10 + TAG).take(frames)) {
            assert_eq!((&frame[..4], &frame[4..16]), (&number.to_be_bytes()[..], &nonce(number)[..]));
        }
        let end = &written[frames * (REGULAR + 10 + TAG)..];
        let sequence = u32::try_from(frames + 1).unwrap_or_default();
        assert_eq!((&end[..4], &end[4..8]), (&[0xff; 4][..], &sequence.to_be_bytes()[..]));
        assert_eq!(
            (&end[8..20], &end[20..24]),
            (&nonce(sequence)[..], &[0, 0, 0, u8::try_from(last).unwrap_or(0)][..])
        );
        let ready = sealing.ready as u64;
        sealing.handed_on();
        assert_eq!((sealing.written, sealing.ready), (before + ready, 0));
    }
    Ok(())
}

#[tokio::test]
async fn a_message_of_too_many_frames_has_no_end() -> Result<(), ReencryptError> {
    let mut sealing = begun(Suite::Committing, 1).await?;
    sealing.next = Some(u32::MAX - 1);
    let mut frame = |kind| sealing.whole(kind, 1, |_| Ok(()));
    assert_eq!((frame(Kind::Regular), frame(Kind::Last)), (Ok(()), Err(MessageError::TooManyFrames)));
    let mut sealing = begun(Suite::Committing, 1).await?;
    sealing.next = Some(u32::MAX - 1);
    assert_eq!(sealing.take(&[5; 2])?, 2);
    assert_eq!(sealing.finish(), Err(MessageError::TooManyFrames));
    Ok(())
}

#[tokio::test]
async fn a_plaintext_that_could_not_be_opened_is_no_frame() -> Result<(), ReencryptError> {
    let mut sealing = begun(Suite::Committing, 10).await?;
    let before = sealing.ready().to_vec();
    let refused = sealing.whole(Kind::Regular, 10, |_| Err(MessageError::Frame { sequence: 7 }));
    assert_eq!(
        (refused, sealing.ready(), sealing.next),
        (Err(MessageError::Frame { sequence: 7 }), &before[..], Some(1))
    );
    Ok(())
}

#[tokio::test]
async fn what_waits_is_as_much_as_a_chunk_holds() -> Result<(), ReencryptError> {
    let mut sealing = begun(Suite::Committing, 1000).await?;
    let taken = sealing.take(&vec![5; 1 << 20])?;
    assert!(sealing.is_full() && taken < 1 << 17, "{taken}");
    assert!(sealing.ready().len() < CHUNK + 2000);
    assert_eq!(sealing.take(&[5; 10])?, 0);
    Ok(())
}
