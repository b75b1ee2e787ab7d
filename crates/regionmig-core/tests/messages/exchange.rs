//! Messages go to another implementation and come back from it.
// REQ: KMS-17, KMS-19

use regionmig_core::Secret;
use regionmig_core::reencrypt::message::{self, MessageOptions};
use regionmig_core::reencrypt::{MemoryOutput, Reencrypt};

use crate::cases::{Content, Key, Keys, cases, keyring};

/// Another implementation.
pub(crate) trait Peer {
    /// Has it write a message.
    async fn write(&mut self, content: &Content, keys: &Keys) -> Result<Vec<u8>, String>;

    /// Has it read a message, and says what it finds that is not as it should be.
    async fn read(&mut self, message: &[u8], content: &Content, keys: &Keys) -> Result<(), String>;
}

/// Exchanges messages of all suites and of such frame lengths. Returns how many were written by us and read there, and the reverse; or
/// what failed.
pub(crate) async fn exchanged(peer: &mut impl Peer, ours: &[u32], theirs: &[u32]) -> Result<(usize, usize), String> {
    let (ours, theirs) = (cases(ours), cases(theirs));
    let mut failed = Vec::new();
    for (content, keys) in &ours {
        failed.extend(there(peer, content, keys).await.err().map(|failed| told(content, keys, &failed)));
    }
    for (content, keys) in &theirs {
        failed.extend(back(peer, content, keys).await.err().map(|failed| told(content, keys, &failed)));
    }
    if failed.is_empty() {
        return Ok((ours.len() + theirs.len(), theirs.len()));
    }
    let all = ours.len() + theirs.len();
    Err(format!("{} of {all} failed, at first:\n{}", failed.len(), failed[..failed.len().min(20)].join("\n")))
}

/// Has a message written by us read there.
async fn there(peer: &mut impl Peer, content: &Content, keys: &Keys) -> Result<(), String> {
    let options = MessageOptions::new().with_suite(content.suite).with_frame_length(content.frame_length);
    let plaintext = Secret::new(content.plaintext.clone());
    let options = options.with_context(content.withheld.clone());
    let message = message::encrypt(&plaintext, &content.stored, &keyring(&keys.writer), &options).await;
    peer.read(&message.map_err(|error| format!("{error:?}"))?, content, keys).await
}

/// Has a message written there read by us, and re-encrypted by us for the peer to read.
async fn back(peer: &mut impl Peer, content: &Content, keys: &Keys) -> Result<(), String> {
    let theirs = peer.write(content, keys).await?;
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
    peer.read(&ours.committed, &written, keys).await
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
