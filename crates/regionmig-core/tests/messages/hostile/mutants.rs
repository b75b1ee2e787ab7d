//! Valid messages, changed: in every byte, cut after every byte, edited at random, spliced.

use std::sync::atomic::{AtomicU32, Ordering};

use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, any};
use proptest::{prop_oneof, proptest, sample};
use regionmig_core::reencrypt::message::{self, MessageOptions, Suite};
use regionmig_core::reencrypt::{MemoryOutput, Reencrypt};

use super::craft::Craft;
use super::ends::{Reader, Then, Told};
use super::{attempt, bodies, refused};
use crate::common::{folder, own};
use crate::vectors::{Vector, vectors};

/// A message of each suite with three frames, and one without frames.
fn messages() -> Vec<(Craft, Vec<u8>)> {
    let made = |suite| {
        let framed = Craft::new(suite);
        let message = framed.whole(&[b'y'; 70]);
        let unframed = Craft::new(suite);
        let mut fields = unframed.fields();
        (fields.content, fields.frame_length) = (1, 0);
        let block = unframed.signed([unframed.header(&fields), unframed.block(&[b'z'; 33])].concat());
        [(framed, message), (unframed, block)]
    };
    Suite::ALL.into_iter().flat_map(made).collect()
}

#[tokio::test]
async fn no_changed_bit_and_no_cut_goes_unnoticed() {
    let (mut flips, mut cuts) = (0, 0);
    let options = MessageOptions::new();
    for (craft, whole) in messages() {
        let keyring = Told::new(&craft.data_key);
        let (error, record) = attempt(Reader::new(&whole, Then::Ends), &keyring, &options).await;
        assert!(error.is_none() && (record.committed, record.aborted) == (1, 0), "{}", craft.suite);
        for place in 0..whole.len() {
            for bit in [place % 8, (place + 5) % 8] {
                let mut changed = whole.clone();
                changed[place] ^= 1 << bit;
                let keyring = Told::new(&craft.data_key);
                let (error, record) = attempt(Reader::new(&changed, Then::Ends), &keyring, &options).await;
                refused(&format!("{}: bit {bit} of byte {place}", craft.suite), error, &record);
                flips += 1;
            }
            let keyring = Told::new(&craft.data_key);
            let (error, record) = attempt(Reader::new(&whole[..place], Then::Ends), &keyring, &options).await;
            let text = refused(&format!("{}: cut at {place}", craft.suite), error, &record);
            assert!(text.contains("it ends within"), "{}: cut at {place}: {text}", craft.suite);
            cuts += 1;
        }
    }
    println!("shown: hostile_esdk_changed {flips} changed bits and {cuts} cuts of messages of all suites refused");
    assert!(flips > 10_000 && cuts > 5_000, "{flips} {cuts}");
}

#[tokio::test]
async fn official_messages_that_are_edited_open_to_nothing_else() {
    let Some(folder) = folder("net-4.0.1") else { return println!("skipped: hostile_esdk_vectors") };
    let mut random = fastrand::Rng::with_seed(8);
    let mut all = vectors(&folder);
    all.retain(|vector| vector.keyring.is_some() && vector.context.is_empty() && vector.message.len() < 20_000);
    let mut tried = 0;
    for vector in all.iter().take(30) {
        let keyring = vector.keyring.as_ref().unwrap();
        for _ in 0..40 {
            let other = &all[random.usize(..all.len())].message;
            let message = edited(&vector.message, other, &mut random);
            let opened = message::decrypt(message.as_slice(), keyring, &MessageOptions::new(), 1 << 20).await;
            if let Ok(opened) = opened {
                let is_whole = |whole: &&Vector| whole.message == message;
                let whole = all.iter().find(is_whole).unwrap_or_else(|| panic!("{}: edited, and opened", vector.name));
                assert!(*opened.plaintext.expose() == whole.plaintext, "{}", vector.name);
            }
            tried += 1;
        }
    }
    println!("shown: hostile_esdk_vectors {tried} edits and splices of {} official messages", all.len());
    assert!(tried >= 1000, "{tried}");
}

/// Edits a message in a few places, or puts another's end to its beginning.
fn edited(whole: &[u8], other: &[u8], random: &mut fastrand::Rng) -> Vec<u8> {
    let mut message = whole.to_vec();
    if random.u8(..4) == 0 {
        message.truncate(random.usize(..whole.len()));
        message.extend_from_slice(&other[random.usize(..other.len())..]);
        return message;
    }
    for _ in 0..random.usize(1..5) {
        let place = random.usize(..message.len());
        match random.u8(..4) {
            0 => message.insert(place, random.u8(..)),
            1 => drop(message.remove(place)),
            2 => message.truncate(place.max(1)),
            _ => message[place] ^= 1 << random.u8(..8),
        }
    }
    message
}

const CASES: u32 = 1_500;
static ANY: AtomicU32 = AtomicU32::new(0);
static EDITED: AtomicU32 = AtomicU32::new(0);

/// Counts, and returns whether all cases were tried.
fn are_all(tried: &AtomicU32) -> bool {
    tried.fetch_add(1, Ordering::Relaxed) + 1 == CASES
}

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_a_message_or_an_error(
        begin in prop_oneof![
            vec(any::<u8>(), 0..4),
            sample::select(vec![vec![1, 0x80, 3, 0x78], vec![1, 0x80, 0, 0x14], vec![2, 5, 0x78], vec![2, 4, 0x78]]),
        ],
        id in vec(any::<u8>(), 16..33),
        rest in vec(prop_oneof![3 => 0..4_u8, 1 => any::<u8>()], 0..200),
    ) {
        assert!(!bodies::message(&[begin, id, rest].concat()));
        if are_all(&ANY) {
            println!("shown: hostile_esdk_any {CASES} messages of any bytes, none opened");
        }
    }

    #[test]
    fn a_message_that_was_edited_opens_to_nothing_else(
        which in any::<u8>(),
        edits in vec(any::<[u8; 4]>(), 1..5),
    ) {
        bodies::edited(&[vec![which], edits.concat()].concat());
        if are_all(&EDITED) {
            println!("shown: hostile_esdk_edited {CASES} edits and splices of all suites, none opens to anything else");
        }
    }
}

#[tokio::test]
async fn two_messages_under_one_data_key_cannot_be_mixed() {
    let mut mixed = 0;
    for suite in Suite::ALL {
        let length = if suite.is_committing() { 32 } else { 16 };
        let [one, other] = [1, 2].map(|id| Craft::of(suite, vec![0x42; suite.data_key_length()], vec![id; length]));
        let (first, second) = (one.whole(&[b'a'; 90]), other.whole(&[b'b'; 90]));
        let head = one.header(&one.fields()).len();
        for place in head..first.len().min(second.len()) {
            let message = [&first[..place], &second[place..]].concat();
            if message == first || message == second {
                continue;
            }
            let reencrypt = Reencrypt::new(Told::new(&one.data_key), own("new", 1));
            let result = reencrypt.message(message.as_slice(), MemoryOutput::new()).await;
            // Of two signatures only the first bytes may be the same.
            assert!(result.is_err(), "{suite}: mixed at {place}");
            mixed += 1;
        }
    }
    println!("shown: hostile_esdk_mixed {mixed} mixtures of two messages under one data key refused");
}
