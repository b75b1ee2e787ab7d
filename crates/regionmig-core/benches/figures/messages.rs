//! Messages of the Encryption SDK, and the bare primitives that nobody can do without.
// REQ: KMS-22

use std::convert::Infallible;
use std::hint::black_box;
use std::thread;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::digest::{self, SHA384};
use aws_lc_rs::hkdf::{self, HKDF_SHA512, KeyType};
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use aws_lc_rs::signature::{
    ECDSA_P384_SHA384_ASN1, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, KeyPair, UnparsedPublicKey,
};
use futures::{StreamExt, stream};
use regionmig_core::Secret;
use regionmig_core::reencrypt::message::{self, MessageOptions, RawAesKeyring, Suite};
use regionmig_core::reencrypt::{EncryptionContext, Output, Reencrypt, Through};

use crate::inputs::runtime;

const FRAME: usize = 4096;
const TAG: usize = 16;
const NONCE: [u8; 12] = [0; 12];
/// So many messages are under way at once, on each processor.
const AT_ONCE: usize = 8;

/// What a frame is authenticated with: so many bytes.
const AAD: [u8; 72] = [7; 72];

/// A message, what re-encrypts it, and what takes as long at least.
pub(crate) struct Case {
    message: Vec<u8>,
    reencrypt: Reencrypt<Through<RawAesKeyring, RawAesKeyring>>,
    suite: Suite,
    /// The frames of the bare loop: encrypted blocks with their tags.
    frames: Vec<(Vec<u8>, [u8; TAG])>,
}

/// An output that counts bytes and drops them.
#[derive(Default)]
struct Count(u64);

impl Output for Count {
    type Error = Infallible;
    type Committed = u64;

    async fn write(&mut self, piece: &[u8]) -> Result<(), Infallible> {
        self.0 += black_box(piece).len() as u64;
        Ok(())
    }

    async fn commit(self) -> Result<u64, Infallible> {
        Ok(self.0)
    }

    async fn abort(self) -> Result<(), Infallible> {
        Ok(())
    }
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn keyring(byte: u8) -> RawAesKeyring {
    RawAesKeyring::new("figures", "key", &Secret::new(vec![byte; 32])).unwrap()
}

fn cipher(byte: u8) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &[byte; 32]).unwrap())
}

impl Case {
    pub(crate) fn new(suite: Suite, length: usize) -> Self {
        let text = Secret::new(vec![b'x'; length]);
        let context = EncryptionContext::from([("purpose", "figures")]);
        let options = MessageOptions::new().with_suite(suite);
        let message = runtime().block_on(message::encrypt(&text, &context, &keyring(1), &options)).unwrap();
        let seal = |block: &[u8]| {
            let mut block = block.to_vec();
            let nonce = Nonce::assume_unique_for_key(NONCE);
            let tag = cipher(3).seal_in_place_separate_tag(nonce, Aad::from(AAD), &mut block).unwrap();
            (block, tag.as_ref().try_into().unwrap())
        };
        let frames = text.expose().chunks(FRAME).map(seal).collect();
        Self { message, reencrypt: Reencrypt::new(keyring(1), keyring(2)), suite, frames }
    }

    /// Re-encrypts the message so often.
    pub(crate) fn run(&self, times: usize) {
        runtime().block_on(async {
            for _ in 0..times {
                let done = self.reencrypt.message(self.message.as_slice(), Count::default()).await.unwrap();
                assert_eq!(done.committed, done.written);
            }
        });
    }

    /// Re-encrypts the message so often, by so many threads, each of which has some under way at once.
    pub(crate) fn many(&self, times: usize, threads: usize) {
        let share = || {
            runtime().block_on(async {
                let messages = stream::iter(0..times / threads);
                let one = async |_| self.reencrypt.message(self.message.as_slice(), Count::default()).await.unwrap();
                messages.map(one).buffer_unordered(AT_ONCE).for_each(async |_| {}).await;
            });
        };
        thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(share))));
    }

    /// Opens and seals each frame, and digests it on both sides if the message is signed.
    pub(crate) fn frames(&self, times: usize) {
        let (old, new) = (cipher(3), cipher(4));
        let mut block = [0; FRAME];
        for _ in 0..times {
            let mut digests =
                self.suite.is_signed().then(|| (digest::Context::new(&SHA384), digest::Context::new(&SHA384)));
            for (sealed, tag) in &self.frames {
                let room = &mut block[..sealed.len()];
                let nonce = || Nonce::assume_unique_for_key(NONCE);
                old.open_separate_gather(nonce(), Aad::from(AAD), sealed, tag, room).unwrap();
                let made = new.seal_in_place_separate_tag(nonce(), Aad::from(AAD), room).unwrap();
                if let Some((before, after)) = &mut digests {
                    before.update(sealed);
                    after.update(room);
                }
                let _tag = black_box(made);
            }
            black_box(digests.map(|(before, after)| (before.finish(), after.finish())));
        }
    }

    /// All that a small message takes: keys derived, data keys wrapped, header tags, frames, signatures; each once a side.
    pub(crate) fn primitives(&self, times: usize) {
        let signer = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_ASN1_SIGNING).unwrap();
        let text = digest::digest(&SHA384, b"signed");
        let (signature, public) = (signer.sign_digest(&text).unwrap(), signer.public_key().as_ref().to_vec());
        let wrapping = cipher(5);
        let wrapped_key = wrapped(&wrapping);
        for _ in 0..times {
            self.frames(1);
            let mut data_key = [0; 32];
            let nonce = || Nonce::assume_unique_for_key(NONCE);
            wrapping
                .open_separate_gather(nonce(), Aad::from(AAD), &wrapped_key.0, &wrapped_key.1, &mut data_key)
                .unwrap();
            // Message id, data key, and the nonce that wraps it.
            let random = SystemRandom::new();
            let (mut id, mut nonce_made) = ([0; 32], [0; 12]);
            random.fill(&mut id).unwrap();
            random.fill(&mut data_key).unwrap();
            random.fill(&mut nonce_made).unwrap();
            black_box(wrapped(&wrapping));
            for _ in 0..2 {
                let derived = hkdf::Salt::new(HKDF_SHA512, &id).extract(&data_key);
                let mut out = [0; 32];
                derived.expand(&[b"\x05\x78DERIVEKEY"], Length(32)).unwrap().fill(&mut out).unwrap();
                let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &out).unwrap());
                derived.expand(&[b"COMMITKEY"], Length(32)).unwrap().fill(&mut out).unwrap();
                let _tag = black_box(key.seal_in_place_separate_tag(nonce(), Aad::from(AAD), &mut []).unwrap());
            }
            if self.suite.is_signed() {
                UnparsedPublicKey::new(&ECDSA_P384_SHA384_ASN1, &public)
                    .verify_digest(&text, signature.as_ref())
                    .unwrap();
                let own = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_ASN1_SIGNING).unwrap();
                black_box(own.sign_digest(&text).unwrap());
            }
        }
    }
}

fn wrapped(key: &LessSafeKey) -> ([u8; 32], [u8; TAG]) {
    let mut data_key = [9; 32];
    let nonce = Nonce::assume_unique_for_key(NONCE);
    let tag = key.seal_in_place_separate_tag(nonce, Aad::from(AAD), &mut data_key).unwrap();
    (data_key, tag.as_ref().try_into().unwrap())
}
