//! What messages that want to do harm take: counted by the allocator, in a program of its own.

#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "messages/hostile/cases.rs"]
mod cases;
#[expect(dead_code, reason = "shared")]
#[path = "messages/hostile/craft.rs"]
mod craft;
#[expect(dead_code, reason = "shared")]
#[path = "messages/hostile/ends.rs"]
mod ends;

use peak_alloc::PeakAlloc;
use regionmig_core::reencrypt::Reencrypt;
use regionmig_core::reencrypt::message::{self, Limits, MessageOptions, Suite};

use self::craft::Craft;
use self::ends::{Reader, Recorded, Recording, Then, Told};

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// So much may be taken above what there was.
const MOST: usize = 34 << 20;
const BLOCK: usize = 16 << 20;

/// Returns how much more than at its start was taken at once, and what came of it.
async fn peak<T>(run: impl Future<Output = T>) -> (usize, T) {
    ALLOCATOR.reset_peak_usage();
    let before = ALLOCATOR.current_usage();
    let result = run.await;
    (ALLOCATOR.peak_usage() - before, result)
}

/// Re-encrypts and opens what is read, and returns the most that either took, and whether it was one.
async fn most(bytes: &[u8], then: Then, data_key: &[u8]) -> (usize, bool) {
    let options = MessageOptions::new();
    let reencrypt = Reencrypt::new(Told::new(data_key), Told::new(&[3; 32]));
    let recording = Recording::default();
    let carried = reencrypt.message_with(Reader::new(bytes, then), Recorded(recording.clone()), &options);
    let (carrying, carried) = peak(carried).await;
    let keyring = Told::new(data_key);
    let (opening, opened) = peak(message::decrypt(Reader::new(bytes, then), &keyring, &options, BLOCK)).await;
    let (inspecting, _) = peak(message::inspect(Reader::new(bytes, then), &Limits::default())).await;
    assert_eq!(carried.is_ok(), opened.is_ok());
    (carrying.max(opening).max(inspecting), carried.is_ok())
}

/// Messages with the greatest blocks there may be: framed, not framed, each whole and with a byte changed.
fn greatest(suite: Suite) -> Vec<(Craft, Vec<u8>, bool)> {
    let craft = || Craft::new(suite);
    let text = vec![b'x'; BLOCK];
    let of = |craft: &Craft, content, length| {
        let mut fields = craft.fields();
        (fields.content, fields.frame_length) = (content, length);
        craft.header(&fields)
    };
    let length = u32::try_from(BLOCK).unwrap();
    let (one, two, three, four) = (craft(), craft(), craft(), craft());
    let framed = one.signed([of(&one, 2, length), one.last(1, &text)].concat());
    let unframed = two.signed([of(&two, 1, 0), two.block(&text)].concat());
    let changed = |mut message: Vec<u8>| {
        let place = message.len() - 200;
        message[place] ^= 1;
        message
    };
    let frame = changed([of(&three, 2, length), three.frame(1, &text), three.last(2, &[])].concat());
    let block = changed([of(&four, 1, 0), four.block(&text)].concat());
    vec![(one, framed, true), (two, unframed, true), (three, frame, false), (four, block, false)]
}

/// As many short pairs, and as many data keys, as a header may have.
fn fullest(suite: Suite) -> (Craft, Vec<u8>) {
    let craft = Craft::new(suite);
    let mut fields = craft.fields();
    let pairs = (0..7_000_u32).map(|number| (number.to_string().into_bytes(), Vec::new()));
    fields.pairs.extend(pairs);
    fields.data_keys = vec![[b"p".to_vec(), vec![b'i'; 2_000], vec![b'c'; 9_000]]; 16];
    let body = craft.last(1, b"text");
    let message = craft.signed([craft.header(&fields), body].concat());
    (craft, message)
}

#[tokio::test]
async fn what_wants_to_do_harm_takes_no_memory() {
    let (mut worst, mut count) = ((0, String::new()), 0);
    let mut note = |name: String, taken: usize| {
        assert!(taken < MOST, "{name}: {taken} bytes");
        count += 1;
        if taken > worst.0 {
            worst = (taken, name);
        }
    };
    for case in cases::all() {
        let (taken, is_one) = most(&case.bytes, case.endless.map_or(Then::Ends, Then::Repeats), &case.data_key).await;
        assert!(!is_one, "{}: it is opened, and not refused: {}", case.name, case.says);
        note(case.name, taken);
    }
    for suite in [Suite::Aes256Derived, Suite::CommittingSigned] {
        for (craft, message, is_whole) in greatest(suite) {
            let (taken, is_one) = most(&message, Then::Ends, &craft.data_key).await;
            assert_eq!(is_one, is_whole, "{suite}");
            note(format!("{suite}: 16 MiB at once"), taken);
        }
        let (craft, message) = fullest(suite);
        let (taken, is_one) = most(&message, Then::Ends, &craft.data_key).await;
        assert!(is_one, "{suite}: many pairs");
        note(format!("{suite}: many pairs"), taken);
    }
    println!(
        "shown: hostile_esdk_memory {count} messages took at most {} bytes above the start ({})",
        worst.0, worst.1
    );
}
