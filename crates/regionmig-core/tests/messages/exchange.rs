//! What we write is read by the Encryption SDK for Python, and the reverse.
// REQ: KMS-17

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::{KeySize, PrivateDecryptingKey};
use regionmig_core::Secret;
use regionmig_core::reencrypt::message::{self, MessageOptions, RsaPadding, Suite};
use regionmig_core::reencrypt::{EncryptionContext, MemoryOutput, Reencrypt};

use crate::peer::{Content, Key, Peer, keyring};

/// The SDK for Python writes multiples of 128 only, and no frames at all for 0.
const THEIRS: [u32; 4] = [0, 128, 512, 4096];
const OURS: [u32; 4] = [1, 100, 512, 4096];
const PADDINGS: [RsaPadding; 5] =
    [RsaPadding::OaepSha1, RsaPadding::OaepSha256, RsaPadding::OaepSha384, RsaPadding::OaepSha512, RsaPadding::Pkcs1];

/// A message's keys, and those it is opened with.
#[derive(Clone)]
struct Keys {
    writer: Vec<Key>,
    reader: Vec<Key>,
}

/// Keys of all kinds; two that write, and each of them alone, and both, that read. With RSA the peer takes long, so each is followed by
/// two AES keys.
fn keys() -> Vec<Keys> {
    let aes = |length: usize| Key { name: format!("aes {length}"), material: vec![7; length], padding: None };
    let generated = PrivateDecryptingKey::generate(KeySize::Rsa2048).unwrap();
    let pkcs8 = generated.as_der().unwrap().as_ref().to_vec();
    let rsa = |padding| Key { name: format!("rsa {padding:?}"), material: pkcs8.clone(), padding: Some(padding) };
    let alone = |key: Key| Keys { writer: vec![key.clone()], reader: vec![key] };
    let (one, other) = (aes(32), rsa(RsaPadding::OaepSha256));
    let both = vec![one.clone(), other.clone()];
    let readers = [vec![one], vec![other], both.iter().rev().cloned().collect()];
    let several = readers.into_iter().map(|reader| Keys { writer: both.clone(), reader });
    let long = PADDINGS.into_iter().map(|padding| alone(rsa(padding))).chain(several);
    let sizes = [16, 24, 32, 24].into_iter().cycle();
    long.zip(sizes).flat_map(|(long, size)| [long, alone(aes(32)), alone(aes(size))]).collect()
}

/// Contexts, each with the pairs that are stored and those that are not.
fn contexts() -> [(EncryptionContext, EncryptionContext); 5] {
    let none = EncryptionContext::new();
    let one = EncryptionContext::from([("table", "users")]);
    // In UTF-16, which some sort by, the last two are the other way round.
    let several = EncryptionContext::from([("", "no name"), ("empty", ""), ("\u{ff5e}", "é"), ("\u{10000}", "𝄞")]);
    let required = EncryptionContext::from([("tenant", "42"), ("region", "me-central-1")]);
    [
        (none.clone(), none.clone()),
        (one.clone(), none.clone()),
        (several.clone(), none.clone()),
        (several, required.clone()),
        (none, required),
    ]
}

/// Nothing, one byte, one frame, one more, and three frames.
fn lengths(frame_length: u32) -> Vec<usize> {
    let frame = usize::try_from(frame_length).unwrap();
    match frame {
        0 => vec![0, 1, 5000],
        _ => vec![0, 1, frame, frame + 1, 3 * frame],
    }
}

/// All suites and lengths, with keys and contexts in turn.
fn cases(frame_lengths: &[u32]) -> Vec<(Content, Keys)> {
    let (keys, contexts) = (keys(), contexts());
    let mut cases = Vec::new();
    for suite in Suite::ALL {
        for &frame_length in frame_lengths {
            for length in lengths(frame_length) {
                let place = cases.len();
                let (stored, withheld) = contexts[place % contexts.len()].clone();
                let plaintext = (0..length).map(|byte| u8::try_from((byte * 31 + place) % 256).unwrap()).collect();
                let content = Content { suite, frame_length, stored, withheld, plaintext };
                cases.push((content, keys[place % keys.len()].clone()));
            }
        }
    }
    cases
}

/// Says of a case what matters when it fails.
fn told(content: &Content, keys: &Keys, failed: &str) -> String {
    let named = |keys: &[Key]| keys.iter().map(|key| key.name.clone()).collect::<Vec<_>>().join(" and ");
    let (length, withheld) = (content.plaintext.len(), content.withheld.len());
    let (writer, reader) = (named(&keys.writer), named(&keys.reader));
    format!(
        "{} of {length} bytes in frames of {}, {withheld} pairs withheld, by {writer} for {reader}: {failed:.400}",
        content.suite, content.frame_length
    )
}

/// Has a message written by us read there.
async fn there(peer: &mut Peer, content: &Content, keys: &Keys) -> Result<(), String> {
    let options = MessageOptions::new().with_suite(content.suite).with_frame_length(content.frame_length);
    let plaintext = Secret::new(content.plaintext.clone());
    let options = options.with_context(content.withheld.clone());
    let message = message::encrypt(&plaintext, &content.stored, &keyring(&keys.writer), &options).await;
    peer.read(&message.map_err(|error| format!("{error:?}"))?, content, &keys.reader, keys.writer.len())
}

/// Has a message written there read by us, and re-encrypted by us for the peer to read.
async fn back(peer: &mut Peer, content: &Content, keys: &Keys) -> Result<(), String> {
    let theirs = peer.write(content, &keys.writer)?;
    let (reader, options) = (keyring(&keys.reader), MessageOptions::new().with_context(content.withheld.clone()));
    let opened = message::decrypt(theirs.as_slice(), &reader, &options, content.plaintext.len()).await;
    let opened = opened.map_err(|error| format!("{error:?}"))?;
    let mut stored = opened.header.context().clone();
    stored.remove("aws-crypto-public-key");
    let frame_length = opened.header.frame_length().unwrap_or(0);
    let found = (opened.header.suite(), frame_length, &stored, opened.header.data_keys().len());
    let wanted = (content.suite, content.frame_length, &content.stored, keys.writer.len());
    if found != wanted || *opened.plaintext.expose() != content.plaintext {
        return Err(format!("{found:?} instead of {wanted:?}, or another text"));
    }
    let reencrypt = Reencrypt::new(reader, keyring(&keys.writer));
    let ours = reencrypt.message_with(theirs.as_slice(), MemoryOutput::new(), &options).await;
    let ours = ours.map_err(|error| format!("{error:?}"))?;
    // The Encryption SDK's own default, for what had no frames.
    let frame_length = if frame_length == 0 { 4096 } else { frame_length };
    let written = Content { suite: ours.suite, frame_length, ..content.clone() };
    peer.read(&ours.committed, &written, &keys.reader, keys.writer.len())
}

#[tokio::test]
async fn the_sdk_for_python_reads_what_we_write_and_the_reverse() {
    let Some(mut peer) = Peer::start() else {
        println!("skipped: esdk_python (no Python that can have the Encryption SDK)");
        return;
    };
    let (ours, theirs) = (cases(&OURS), cases(&THEIRS));
    let mut failed = Vec::new();
    for (content, keys) in &ours {
        failed.extend(there(&mut peer, content, keys).await.err().map(|failed| told(content, keys, &failed)));
    }
    for (content, keys) in &theirs {
        failed.extend(back(&mut peer, content, keys).await.err().map(|failed| told(content, keys, &failed)));
    }
    assert!(failed.is_empty(), "{} failed:\n{}", failed.len(), failed.join("\n"));
    let there = ours.len() + theirs.len();
    println!("shown: esdk_python {there} written by us and read there, {} the other way", theirs.len());
}
