//! What is written and read, on both sides of an exchange.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::{KeySize, PrivateDecryptingKey};
use regionmig_core::Secret;
use regionmig_core::reencrypt::EncryptionContext;
use regionmig_core::reencrypt::message::{Keyrings, RawAesKeyring, RawRsaKeyring, RsaPadding, Suite};

pub(crate) const PROVIDER: &str = "regionmig-tests";
pub(crate) const PADDINGS: [RsaPadding; 5] =
    [RsaPadding::OaepSha1, RsaPadding::OaepSha256, RsaPadding::OaepSha384, RsaPadding::OaepSha512, RsaPadding::Pkcs1];

/// A key that both sides have: an AES key, or an RSA key in PKCS #8.
#[derive(Clone)]
pub(crate) struct Key {
    pub(crate) name: String,
    pub(crate) material: Vec<u8>,
    pub(crate) padding: Option<RsaPadding>,
}

impl Key {
    fn keyring(&self) -> Keyrings {
        let material = Secret::new(self.material.clone());
        match self.padding {
            None => Keyrings::new(RawAesKeyring::new(PROVIDER, &self.name, &material).unwrap()),
            Some(padding) => Keyrings::new(RawRsaKeyring::new(PROVIDER, &self.name, padding, &material).unwrap()),
        }
    }
}

/// Our keyring of some keys: the first makes the data key.
pub(crate) fn keyring(keys: &[Key]) -> Keyrings {
    let (first, others) = keys.split_first().unwrap();
    others.iter().fold(first.keyring(), |keyring, other| keyring.and(other.keyring()))
}

/// What is to be written, or to be found in what was.
#[derive(Clone, Debug)]
pub(crate) struct Content {
    pub(crate) suite: Suite,
    /// 0 where there are no frames.
    pub(crate) frame_length: u32,
    pub(crate) stored: EncryptionContext,
    pub(crate) withheld: EncryptionContext,
    pub(crate) plaintext: Vec<u8>,
}

/// A message's keys, and those it is opened with.
#[derive(Clone)]
pub(crate) struct Keys {
    pub(crate) writer: Vec<Key>,
    pub(crate) reader: Vec<Key>,
}

/// All suites and lengths, with keys and contexts at random, the same each time.
pub(crate) fn cases(frame_lengths: &[u32]) -> Vec<(Content, Keys)> {
    let (keys, contexts, mut random) = (keys(), contexts(), fastrand::Rng::with_seed(16));
    let mut cases = Vec::new();
    for suite in Suite::ALL {
        for &frame_length in frame_lengths {
            for length in lengths(frame_length) {
                let (stored, withheld) = random.choice(&contexts).unwrap().clone();
                let plaintext = std::iter::repeat_with(|| random.u8(..)).take(length).collect();
                let content = Content { suite, frame_length, stored, withheld, plaintext };
                cases.push((content, random.choice(&keys).unwrap().clone()));
            }
        }
    }
    cases
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
