//! A message takes the same memory whatever its size, and no allocation for a frame.
//!
//! One program of its own, since it counts what is allocated.
// REQ: KMS-21, KMS-22

#![expect(clippy::disallowed_methods, reason = "how much is tried is read from the environment")]
#![expect(clippy::unwrap_used, reason = "tests")]

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::digest::{self, SHA384};
use aws_lc_rs::hkdf::{HKDF_SHA512, KeyType, Salt};
use aws_lc_rs::signature::{ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use regionmig_core::Secret;
use regionmig_core::reencrypt::message::{Keyring, MessageOptions, RawAesKeyring, Suite};
use regionmig_core::reencrypt::{EncryptionContext, Output, Reencrypt};
use tokio::io::{AsyncRead, ReadBuf};

const DATA_KEY: [u8; 32] = [3; 32];
const ID: [u8; 32] = [4; 32];

/// A signed message of any length, written by the format's description alone, as it is read: of it nothing but a frame is in memory.
struct Endless {
    key: LessSafeKey,
    digest: Option<digest::Context>,
    signer: EcdsaKeyPair,
    frame: usize,
    left: u64,
    sequence: u32,
    /// What is ready, and how much of it was read.
    ready: Vec<u8>,
    read: usize,
}

struct Length(usize);
impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn derived(info: &[&[u8]]) -> [u8; 32] {
    let mut out = [0; 32];
    Salt::new(HKDF_SHA512, &ID).extract(&DATA_KEY).expand(info, Length(32)).unwrap().fill(&mut out).unwrap();
    out
}

fn nonce(sequence: u32) -> [u8; 12] {
    let mut nonce = [0; 12];
    nonce[8..].copy_from_slice(&sequence.to_be_bytes());
    nonce
}

fn old() -> RawAesKeyring {
    RawAesKeyring::new("heap", "old", &Secret::new(vec![1; 32])).unwrap()
}

fn new() -> RawAesKeyring {
    RawAesKeyring::new("heap", "new", &Secret::new(vec![2; 32])).unwrap()
}

fn field(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&u16::try_from(bytes.len()).unwrap().to_be_bytes());
    out.extend_from_slice(bytes);
}

impl Endless {
    async fn new(length: u64, frame: usize) -> Self {
        let signer = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_ASN1_SIGNING).unwrap();
        let point = signer.public_key().as_ref();
        let point = [&[2 + (point[96] & 1)], &point[1..49]].concat();
        let context = EncryptionContext::from([("aws-crypto-public-key", BASE64_STANDARD.encode(point))]);
        let data_key = Secret::new(DATA_KEY.to_vec());
        let wrapped = old().encrypt_data_key(Suite::CommittingSigned, &context, &data_key).await.unwrap();
        let mut pairs = vec![0, 1];
        for (name, value) in context.iter() {
            field(&mut pairs, name.as_bytes());
            field(&mut pairs, value.as_bytes());
        }
        let mut header = vec![2, 5, 0x78];
        header.extend_from_slice(&ID);
        field(&mut header, &pairs);
        header.extend_from_slice(&[0, 1]);
        [wrapped[0].provider.as_bytes(), &wrapped[0].info, &wrapped[0].ciphertext]
            .iter()
            .for_each(|it| field(&mut header, it));
        header.push(2);
        header.extend_from_slice(&u32::try_from(frame).unwrap().to_be_bytes());
        header.extend_from_slice(&derived(&[b"COMMITKEY"]));
        let key = UnboundKey::new(&AES_256_GCM, &derived(&[&[5, 0x78], b"DERIVEKEY"])).unwrap();
        let key = LessSafeKey::new(key);
        let unique = Nonce::assume_unique_for_key([0; 12]);
        let tag = key.seal_in_place_separate_tag(unique, Aad::from(&header), &mut []).unwrap();
        header.extend_from_slice(tag.as_ref());
        let mut digest = digest::Context::new(&SHA384);
        digest.update(&header);
        header.reserve_exact(frame + 64);
        Self { key, digest: Some(digest), signer, frame, left: length, sequence: 0, ready: header, read: 0 }
    }

    /// Makes the next frame ready, or the signature; nothing after that.
    fn next(&mut self) {
        let Self { ready, digest, .. } = self;
        ready.clear();
        self.read = 0;
        let Some(all) = digest else { return };
        if self.sequence == u32::MAX {
            let signature = self.signer.sign_digest(&digest.take().unwrap().finish()).unwrap();
            return field(ready, signature.as_ref());
        }
        self.sequence += 1;
        let is_last = self.left <= self.frame as u64;
        let length = if is_last { usize::try_from(self.left).unwrap() } else { self.frame };
        let nonce = nonce(self.sequence);
        let label: &[u8] =
            if is_last { b"AWSKMSEncryptionClient Final Frame" } else { b"AWSKMSEncryptionClient Frame" };
        let mut aad = [0; 32 + 34 + 12];
        let end = 32 + label.len() + 12;
        aad[..32].copy_from_slice(&ID);
        aad[32..end - 12].copy_from_slice(label);
        aad[end - 12..end - 8].copy_from_slice(&self.sequence.to_be_bytes());
        aad[end - 8..end].copy_from_slice(&(length as u64).to_be_bytes());
        if is_last {
            ready.extend_from_slice(&u32::MAX.to_be_bytes());
        }
        ready.extend_from_slice(&self.sequence.to_be_bytes());
        ready.extend_from_slice(&nonce);
        if is_last {
            ready.extend_from_slice(&u32::try_from(length).unwrap().to_be_bytes());
        }
        let start = ready.len();
        ready.resize(start + length, b'x');
        let unique = Nonce::assume_unique_for_key(nonce);
        let tag = self.key.seal_in_place_separate_tag(unique, Aad::from(&aad[..end]), &mut ready[start..]).unwrap();
        ready.extend_from_slice(tag.as_ref());
        all.update(ready);
        self.left -= length as u64;
        if is_last {
            self.sequence = u32::MAX;
        }
    }
}

impl AsyncRead for Endless {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, room: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        while room.remaining() > 0 {
            if self.read == self.ready.len() {
                self.next();
                if self.ready.is_empty() {
                    break;
                }
            }
            let more = room.remaining().min(self.ready.len() - self.read);
            room.put_slice(&self.ready[self.read..self.read + more]);
            self.read += more;
        }
        Poll::Ready(Ok(()))
    }
}

/// An output that keeps nothing.
struct Nowhere;
impl Output for Nowhere {
    type Error = Infallible;
    type Committed = ();
    async fn write(&mut self, _: &[u8]) -> Result<(), Infallible> {
        Ok(())
    }
    async fn commit(self) -> Result<(), Infallible> {
        Ok(())
    }
    async fn abort(self) -> Result<(), Infallible> {
        Ok(())
    }
}

/// Re-encrypts a message of so many bytes; returns the most that was allocated at once, and how often something was.
fn heap(length: u64, frame: usize, options: &MessageOptions) -> (u64, u64) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let source = runtime.block_on(Endless::new(length, frame));
    let reencrypt = Reencrypt::new(old(), new());
    let counted = allocation_counter::measure(|| {
        let message = runtime.block_on(reencrypt.message_with(source, Nowhere, options)).unwrap();
        assert_eq!(message.bytes, length);
    });
    (counted.bytes_max, counted.count_total)
}

#[test]
fn memory_does_not_depend_on_the_length_of_a_message() {
    const MIB: u64 = 1 << 20;
    let length = match std::env::var("REGIONMIG_MESSAGE_GIB") {
        Ok(gib) => gib.parse::<u64>().unwrap() << 30,
        Err(_) => 512 * MIB,
    };
    let own = MessageOptions::new();
    // What is made once, whoever needs it first.
    heap(MIB, 4096, &own);
    let (ten, allocations) = heap(10 * MIB, 4096, &own);
    let (hundred, more) = heap(100 * MIB, 4096, &own);
    let (most, _) = heap(length, 4096, &own);
    let ratio = |of: u64| f64::from(u32::try_from(of).unwrap()) / f64::from(u32::try_from(ten).unwrap());
    let frames = (90 * MIB / 4096) as f64;
    println!(
        "shown: message_heap {} MiB message: {} KiB at most; 100 MiB against 10 MiB {:.2}; {:.3} allocations a frame",
        length / MIB,
        most / 1024,
        ratio(hundred),
        more.saturating_sub(allocations) as f64 / frames
    );
    assert!(most < 8 * MIB && ratio(hundred) <= 1.05 && ratio(most) <= 1.05);
    assert!((more.saturating_sub(allocations) as f64) < frames, "{allocations} {more}");
    // Other frames, and opened again: more, and as constant.
    let (one, other) = (
        heap(2 * MIB, 4096, &own.clone().with_frame_length(1000).comparing()),
        heap(40 * MIB, 4096, &own.with_frame_length(1000).comparing()),
    );
    assert!(other.0 < 8 * MIB && other.0 <= one.0 + one.0 / 20, "{one:?} {other:?}");
}
