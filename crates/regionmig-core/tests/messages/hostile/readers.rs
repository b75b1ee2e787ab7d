//! Messages of all kinds, written, carried over and opened again, from readers of all habits.

use proptest::collection::{btree_map, vec};
use proptest::prelude::{ProptestConfig, Strategy, any};
use proptest::{proptest, sample};
use regionmig_core::reencrypt::message::{self, MessageOptions, Suite};
use regionmig_core::reencrypt::{EncryptionContext, MemoryOutput, Reencrypt, ReencryptError};
use regionmig_core::{ErrorKind, Secret};
use tokio::runtime::Builder;

use super::craft::Craft;
use super::ends::{Reader, Recorded, Recording, Then, Told};
use super::{attempt, refused};
use crate::common::own;

/// Contexts of any letters there are, none of them reserved.
fn contexts() -> impl Strategy<Value = EncryptionContext> {
    btree_map("\\PC{0,12}", "\\PC{0,40}", 0..6).prop_map(|mut pairs| {
        pairs.retain(|name, _| !name.starts_with("aws-crypto-"));
        pairs.into_iter().collect()
    })
}

fn lengths() -> impl Strategy<Value = usize> {
    proptest::prop_oneof![0..200_usize, 4090..4100_usize, 60_000..140_000_usize]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_encrypted_is_what_is_opened_and_carried_over(
        suites in (sample::select(&Suite::ALL[..]), sample::select(&Suite::ALL[..])),
        length in lengths(),
        frames in (1..9000_u32, 1..9000_u32),
        context in contexts(),
        withheld in contexts(),
        pieces in vec(1..7000_usize, 1..5),
        seed in any::<u64>(),
        is_compared in any::<bool>(),
    ) {
        // A frame of one byte takes 33, and time.
        let frames = (frames.0.max(u32::try_from(length / 200).unwrap()), frames.1.max(u32::try_from(length / 200).unwrap()));
        let mut random = fastrand::Rng::with_seed(seed);
        let text = Secret::new((0..length).map(|_| random.u8(..)).collect::<Vec<_>>());
        let old = MessageOptions::new().with_suite(suites.0).with_frame_length(frames.0).with_context(withheld.clone());
        let new = MessageOptions::new().with_suite(suites.1).with_frame_length(frames.1).with_context(withheld.clone());
        let new = if is_compared { new.comparing() } else { new };
        Builder::new_current_thread().build().unwrap().block_on(async {
            let message = message::encrypt(&text, &context, &own("old", 1), &old).await.unwrap();
            let reader = Reader::in_pieces(&message, pieces.iter().copied());
            let carried = Reencrypt::new(own("old", 1), own("new", 2)).message_with(reader, MemoryOutput::new(), &new).await;
            let carried = carried.unwrap_or_else(|error| panic!("{}", regionmig_core::chain(&error)));
            assert_eq!((carried.bytes, carried.written), (length as u64, carried.committed.len() as u64));
            let reader = Reader::in_pieces(&carried.committed, pieces);
            let opened = message::decrypt(reader, &own("new", 2), &new, length).await.unwrap();
            assert!(opened.plaintext.expose() == text.expose());
            assert_eq!((opened.header.suite(), opened.header.frame_length()), (suites.1, Some(frames.1)));
            for (name, value) in carried.context.iter() {
                assert_eq!(withheld.get(name).or_else(|| context.get(name)), Some(value));
                assert_eq!(opened.header.context().get(name).is_none(), withheld.get(name).is_some(), "{name}");
            }
            let given = context.iter().chain(withheld.iter()).map(|(name, _)| name).collect::<std::collections::BTreeSet<_>>();
            assert_eq!(carried.context.len(), given.len());
            if !withheld.is_empty() {
                let without = MessageOptions::new();
                assert!(message::decrypt(carried.committed.as_slice(), &own("new", 2), &without, length).await.is_err());
            }
        });
    }
}

#[tokio::test]
async fn a_reader_may_give_one_byte_at_a_time_and_may_fail_at_any() {
    let (options, mut failed) = (MessageOptions::new(), 0);
    for suite in Suite::ALL {
        let craft = Craft::new(suite);
        let whole = craft.whole(&[b'y'; 70]);
        let keyring = Told::new(&craft.data_key);
        let (error, record) = attempt(Reader::in_pieces(&whole, [1]), &keyring, &options).await;
        assert!(error.is_none() && record.committed == 1, "{suite}");
        for length in 0..=whole.len() {
            let keyring = Told::new(&craft.data_key);
            let (error, record) = attempt(Reader::new(&whole[..length], Then::Fails), &keyring, &options).await;
            assert_eq!(error.as_ref().map(ReencryptError::kind), Some(ErrorKind::Unavailable), "{suite} {length}");
            assert!(refused("failed", error, &record).contains("the reader failed"));
            failed += 1;
        }
    }
    println!("shown: hostile_esdk_readers {failed} failures of the reader, each aborted once");
}

#[tokio::test]
async fn an_endless_input_is_read_no_further_than_it_takes() {
    let craft = Craft::new(Suite::CommittingSigned);
    let mut most = 0;
    for case in super::cases::all().iter().filter(|case| case.endless.is_some()) {
        let mut reader = Reader::new(&case.bytes, Then::Repeats(case.endless.unwrap()));
        let reencrypt = Reencrypt::new(Told::new(&case.data_key), Told::new(&craft.data_key));
        let result = reencrypt.message(&mut reader, MemoryOutput::new()).await;
        assert!(result.is_err(), "{}", case.name);
        let limit = if case.name.contains("a frame without") || case.name.contains("a body without") {
            17 << 20
        } else {
            384 << 10
        };
        assert!(reader.given <= limit, "{}: {}", case.name, reader.given);
        most = most.max(reader.given);
    }
    println!("shown: hostile_esdk_endless at most {most} bytes of an endless input read");
}

#[tokio::test]
async fn a_header_in_single_bytes_takes_no_longer_than_its_length() {
    let craft = Craft::new(Suite::Committing);
    let mut fields = craft.fields();
    fields.pairs = (0..7_000_u32).map(|number| (number.to_string().into_bytes(), Vec::new())).collect();
    let message = [craft.header(&fields), craft.last(1, b"text")].concat();
    let (error, record) =
        attempt(Reader::in_pieces(&message, [1]), &Told::new(&craft.data_key), &MessageOptions::new()).await;
    assert!(error.is_none() && record.committed == 1, "{error:?}");
}

#[tokio::test]
async fn a_cancelled_message_is_neither_committed_nor_aborted_but_dropped() {
    let craft = Craft::new(Suite::Committing);
    let whole = craft.whole(&[b'y'; 500]);
    for polls in 0..20 {
        let recording = Recording::default();
        let reencrypt = Reencrypt::new(Told::new(&craft.data_key), own("new", 2));
        let mut reader = Reader::in_pieces(&whole, [20]);
        let message = reencrypt.message(&mut reader, Recorded(recording.clone()));
        let mut message = Box::pin(message);
        for _ in 0..polls {
            assert!(futures::poll!(message.as_mut()).is_pending(), "it is done too soon");
        }
        drop(message);
        let record = recording.record();
        assert_eq!((record.committed, record.aborted, record.dropped), (0, 0, 1));
    }
}
