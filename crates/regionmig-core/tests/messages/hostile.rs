//! Messages that want to do harm: none is opened, none takes memory or time, and of none a byte is released that is not authentic.

#[expect(clippy::expect_used, unreachable_pub, reason = "bodies that are shared with the fuzz targets")]
pub(crate) mod bodies;
pub(crate) mod cases;
pub(crate) mod craft;
pub(crate) mod ends;
mod mutants;
mod readers;

use regionmig_core::chain;
use regionmig_core::reencrypt::message::{self, Limits, MessageOptions, Suite};
use regionmig_core::reencrypt::{Reencrypt, ReencryptError, Through};

use self::craft::Craft;
use self::ends::{Reader, Record, Recorded, Recording, Then, Told};

/// Re-encrypts what is read, and returns what came of it: the error, what the output saw. The keyrings are asked once at most.
async fn attempt(reader: Reader<'_>, keyring: &Told, options: &MessageOptions) -> (Option<ReencryptError>, Record) {
    tried(keyring, async |reencrypt, output| reencrypt.message_with(reader, output, options).await.err()).await
}

/// As [`attempt`], of a message that is in memory.
async fn attempt_in_memory(bytes: &[u8], keyring: &Told, options: &MessageOptions) -> (Option<ReencryptError>, Record) {
    tried(keyring, async |reencrypt, output| reencrypt.message_from_slice(bytes, output, options).await.err()).await
}

async fn tried(
    keyring: &Told,
    attempt: impl AsyncFnOnce(Reencrypt<Through<Told, Told>>, Recorded) -> Option<ReencryptError>,
) -> (Option<ReencryptError>, Record) {
    let (target, recording) = (Told::new(&[3; 32]), Recording::keeping());
    let before = keyring.asked().0;
    let error = attempt(Reencrypt::new(keyring.clone(), target.clone()), Recorded(recording.clone())).await;
    let (opened, made) = (keyring.asked().0 - before, target.asked());
    assert!(opened <= 1 && made.1 <= 1 && made.0 <= usize::from(error.is_none()), "{opened} {made:?}");
    (error, recording.record())
}

/// Checks that something was refused as it must be: nothing committed, aborted once.
fn refused(name: &str, error: Option<ReencryptError>, record: &Record) -> String {
    let Some(error) = error else { panic!("{name}: it was opened") };
    assert_eq!((record.committed, record.aborted, record.dropped), (0, 1, 1), "{name}");
    assert!(record.begun <= 1 && (record.begun == 1 || record.pieces == 0), "{name}: {record:?}");
    chain(&error)
}

#[tokio::test]
async fn what_wants_to_do_harm_is_refused_for_what_it_is() {
    let cases = cases::all();
    let options = MessageOptions::new();
    let mut in_memory = 0;
    for case in &cases {
        let then = case.endless.map_or(Then::Ends, Then::Repeats);
        let keyring = Told::new(&case.data_key);
        let (error, record) = attempt(Reader::new(&case.bytes, then), &keyring, &options).await;
        let text = refused(&case.name, error, &record);
        assert!(text.contains(case.says), "{}: {text}", case.name);
        if case.endless.is_none() {
            let (error, record) = attempt_in_memory(&case.bytes, &keyring, &options).await;
            assert_eq!(refused(&case.name, error, &record), text, "{}", case.name);
            in_memory += 1;
        }
        let opened = message::decrypt(Reader::new(&case.bytes, then), &keyring, &options, 16 << 20).await;
        let Err(error) = opened else { panic!("{}: it was opened", case.name) };
        assert_eq!(chain(&error), text, "{}", case.name);
        if case.says.contains("bytes of a frame") || case.says.contains("public key") {
            assert_eq!(keyring.asked().0, 0, "{}: a key was asked for", case.name);
        }
    }
    let count = cases.len();
    println!(
        "shown: hostile_esdk {count} crafted messages refused for what they are, {in_memory} of them from memory too, each aborted once"
    );
    assert!(count > 250 && in_memory > 240, "{count} {in_memory}");
}

#[tokio::test]
async fn no_limit_that_is_lifted_makes_a_length_overflow() {
    let limits = Limits::default().with_block(usize::MAX).with_header(usize::MAX).with_data_keys(usize::MAX);
    let options = MessageOptions::new().with_limits(limits);
    let mut count = 0;
    for case in cases::all().iter().filter(|case| case.endless.is_none()) {
        let keyring = Told::new(&case.data_key);
        let (error, record) = attempt(Reader::new(&case.bytes, Then::Ends), &keyring, &options).await;
        let said = error.as_ref().map(|error| chain(error));
        if !case.name.contains("17 data keys") && !case.name.contains("long data keys") {
            refused(&case.name, error, &record);
        }
        let (again, _) = attempt_in_memory(&case.bytes, &keyring, &options).await;
        assert_eq!(again.as_ref().map(|error| chain(error)), said, "{}", case.name);
        count += 1;
    }
    println!("shown: hostile_esdk_unlimited {count} crafted messages, no limits, no overflow");
}

#[tokio::test]
async fn nothing_is_released_before_its_frame_is_authentic() {
    let mut tried = 0;
    for suite in [Suite::Aes256Derived, Suite::Aes192, Suite::Committing, Suite::CommittingSigned] {
        let craft = Craft::new(suite);
        let mut fields = craft.fields();
        fields.frame_length = 10_000;
        let text: Vec<u8> = (0..250_000_u32).map(|place| place.to_be_bytes()[3] ^ place.to_be_bytes()[2]).collect();
        let mut frames: Vec<Vec<u8>> =
            text.chunks(10_000).zip(1..).map(|(it, number)| craft.frame(number, it)).collect();
        *frames.last_mut().unwrap() = craft.last(25, &text[240_000..]);
        let head = craft.header(&fields);
        let whole = craft.signed([head.clone(), frames.concat()].concat());
        for frame_length in [None, Some(999)] {
            let options = MessageOptions::new();
            let options = frame_length.into_iter().fold(options, MessageOptions::with_frame_length);
            for spoilt in [0, 1, 6, 7, 13, 24] {
                let mut bytes = whole.clone();
                let place = head.len() + frames[..spoilt].concat().len() + 5_000;
                bytes[place] ^= 4;
                let keyring = Told::new(&craft.data_key);
                let (error, record) = attempt(Reader::new(&bytes, Then::Ends), &keyring, &options).await;
                let error = refused("a frame", error, &record);
                assert!(error.contains(&format!("frame {} is not authentic", spoilt + 1)), "{error}");
                let released = released(&record.written);
                assert!(
                    text.starts_with(&released) && released.len() <= 10_000 * spoilt,
                    "{spoilt} {}",
                    released.len()
                );
                assert!(spoilt < 8 || !released.is_empty(), "it streams");
                tried += 1;
            }
        }
    }
    println!("shown: hostile_esdk_released {tried} messages with a changed frame, nothing of it or behind it released");
}

/// What can be opened of a message that was begun, with the key that all targets have here.
fn released(written: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    let Ok(header) = message::Header::read(written, &Limits::default()) else {
        assert!(written.is_empty());
        return text;
    };
    let craft = Craft::of(header.suite(), vec![3; header.suite().data_key_length()], header.message_id().to_vec());
    let length = usize::try_from(header.frame_length().unwrap()).unwrap();
    let mut rest = &written[header.length()..];
    let mut sequence = 1;
    while rest.len() >= 16 + length + 16 && rest[..4] != [0xff; 4] {
        text.extend(craft.open(" Frame", sequence, &rest[16..16 + length + 16]).unwrap());
        (rest, sequence) = (&rest[16 + length + 16..], sequence + 1);
    }
    assert!(rest.is_empty(), "{} bytes that are no frame", rest.len());
    text
}
