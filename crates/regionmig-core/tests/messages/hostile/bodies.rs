//! What must hold of messages made of any bytes at all: the body of the property tests beside this file, and of a fuzz target in `fuzz/`.

use std::sync::OnceLock;

use regionmig_core::reencrypt::message::{self, Header, Limits, MessageError, MessageOptions, RawAesKeyring, Suite};
use regionmig_core::reencrypt::{EncryptionContext, MemoryOutput, Reencrypt, ReencryptError};
use regionmig_core::{Secret, chain};
use tokio::runtime::{Builder, Runtime};

/// A keyring whose key everybody knows.
pub fn keyring() -> RawAesKeyring {
    RawAesKeyring::new("regionmig-tests", "known", &Secret::new(vec![5; 32])).expect("a key")
}

/// What every message of [`valid`] holds.
pub fn text() -> Vec<u8> {
    (0..=255).cycle().take(300).collect()
}

/// A message of each suite, with frames and the same key.
pub fn valid() -> &'static [Vec<u8>] {
    static VALID: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    VALID.get_or_init(|| {
        let made = |suite| {
            let context = EncryptionContext::from([("purpose", "tests"), ("größe", "µ")]);
            let options = MessageOptions::new().with_suite(suite).with_frame_length(64);
            waited(message::encrypt(&Secret::new(text()), &context, &keyring(), &options)).expect("a message")
        };
        Suite::ALL.into_iter().map(made).collect()
    })
}

fn waited<T>(future: impl Future<Output = T>) -> T {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| Builder::new_current_thread().build().expect("a runtime")).block_on(future)
}

/// Any bytes are a header or an error, and a header is what it says it is.
pub fn header(data: &[u8]) {
    let limits = Limits::default();
    let read = Header::read(data, &limits);
    let inspected = waited(message::inspect(data, &limits));
    match (&read, inspected) {
        (Ok(header), Ok(inspected)) => assert_eq!(*header, inspected),
        (Err(error), Err(ReencryptError::Message(inspected))) => assert_eq!(*error, inspected),
        (_, inspected) => panic!("{read:?}, but {inspected:?}"),
    }
    let Ok(header) = read else { return };
    let length = header.length();
    assert!(length <= data.len() && length <= limits.header, "{length}");
    assert!((1..=limits.data_keys).contains(&header.data_keys().len()));
    assert_eq!(header.message_id().len(), if header.suite().is_committing() { 32 } else { 16 });
    assert_ne!(header.frame_length(), Some(0));
    let held: usize =
        header.data_keys().iter().map(|key| key.provider.len() + key.info.len() + key.ciphertext.len()).sum();
    let pairs: usize = header.context().iter().map(|(name, value)| name.len() + value.len()).sum();
    assert!(held + pairs < length, "it holds more than it has");
    assert_eq!(Header::read(&data[..length], &limits).as_ref(), Ok(&header));
    let cut = Header::read(&data[..length - 1], &limits);
    assert_eq!(cut, Err(MessageError::Truncated { part: "its header" }));
}

/// Any bytes are a message that holds what was encrypted, or an error: never anything else. Returns whether they are one.
pub fn message(data: &[u8]) -> bool {
    header(data);
    let opened = waited(message::decrypt(data, &keyring(), &MessageOptions::new(), 1 << 20));
    let reencrypt = Reencrypt::new(keyring(), keyring());
    let carried = waited(reencrypt.message(data, MemoryOutput::new()));
    let in_memory = waited(reencrypt.message_from_slice(data, MemoryOutput::new(), &MessageOptions::new()));
    let faults = [opened.as_ref().err(), carried.as_ref().err(), in_memory.as_ref().err()]
        .map(|it| it.map(|error| chain(error)));
    assert!(faults[0] == faults[1] && faults[0] == faults[2], "{faults:?}");
    let Ok(opened) = opened else { return false };
    assert!(*opened.plaintext.expose() == text(), "it holds something else");
    for carried in [carried, in_memory].into_iter().flatten() {
        let again = waited(message::decrypt(carried.committed.as_slice(), &keyring(), &MessageOptions::new(), 1 << 20));
        assert!(again.is_ok_and(|again| *again.plaintext.expose() == text()), "something else was carried over");
    }
    true
}

/// As [`message`], of a message of ours that is edited as `data` says: a fuzzer cannot make one.
pub fn edited(data: &[u8]) {
    let Some((&which, mut rest)) = data.split_first() else { return };
    let whole = &valid()[usize::from(which) % valid().len()];
    let mut bytes = whole.clone();
    while let [kind, high, low, value, after @ ..] = rest {
        rest = after;
        let place = usize::from(u16::from_be_bytes([*high, *low])) % (bytes.len() + 1);
        let other = &valid()[usize::from(*value) % valid().len()];
        match kind % 7 {
            0 if place < bytes.len() => bytes[place] ^= *value,
            1 => bytes.insert(place, *value),
            2 if place < bytes.len() => drop(bytes.remove(place)),
            3 => bytes.truncate(place),
            4 => bytes.splice(place.., other.iter().skip(place).copied()).for_each(drop),
            5 => bytes.extend_from_within(place..),
            6 => bytes.splice(..place, other.iter().take(place).copied()).for_each(drop),
            _ => {}
        }
        // A fuzzer doubles it again and again.
        bytes.truncate(1 << 16);
    }
    let is_whole = valid().contains(&bytes);
    assert!(message(&bytes) == is_whole || !is_whole, "a message of ours does not open");
}
