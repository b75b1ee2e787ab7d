//! Writes messages by hand, so that any field can be wrong while every tag is right: what somebody can write who has the data key.

use aws_lc_rs::aead::{AES_128_GCM, AES_192_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{self, HKDF_SHA256, HKDF_SHA384, HKDF_SHA512, KeyType, Salt};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, KeyPair,
};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use regionmig_core::reencrypt::message::Suite;

/// A message's keys. Its data key is known.
pub(crate) struct Craft {
    pub(crate) suite: Suite,
    pub(crate) data_key: Vec<u8>,
    id: Vec<u8>,
    key: LessSafeKey,
    commitment: Option<[u8; 32]>,
    signer: Option<EcdsaKeyPair>,
}

/// What a header says.
pub(crate) struct Fields {
    pub(crate) pairs: Vec<(Vec<u8>, Vec<u8>)>,
    /// What is said of the pairs instead of their number,
    pub(crate) pair_count: Option<u16>,
    /// and of their length.
    pub(crate) pairs_length: Option<u16>,
    pub(crate) data_keys: Vec<[Vec<u8>; 3]>,
    /// What is said instead of the data keys' number.
    pub(crate) data_key_count: Option<u16>,
    pub(crate) content: u8,
    pub(crate) reserved: u32,
    pub(crate) nonce_length: u8,
    pub(crate) frame_length: u32,
    pub(crate) commitment: Option<[u8; 32]>,
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn hkdf(algorithm: hkdf::Algorithm, salt: &[u8], key: &[u8], info: &[u8], length: usize) -> Vec<u8> {
    let mut derived = vec![0; length];
    let info = [info];
    let extracted = Salt::new(algorithm, salt).extract(key);
    extracted.expand(&info, Length(length)).unwrap().fill(&mut derived).unwrap();
    derived
}

/// How messages of a suite are signed.
fn signing(suite: Suite) -> Option<&'static EcdsaSigningAlgorithm> {
    match suite {
        Suite::Aes128Signed => Some(&ECDSA_P256_SHA256_ASN1_SIGNING),
        _ => suite.is_signed().then_some(&ECDSA_P384_SHA384_ASN1_SIGNING),
    }
}

impl Craft {
    pub(crate) fn new(suite: Suite) -> Self {
        Self::of(suite, vec![0x42; suite.data_key_length()], vec![0x17; if suite.is_committing() { 32 } else { 16 }])
    }

    /// Derives the keys of a message, as `aws-facts` of the format say.
    pub(crate) fn of(suite: Suite, data_key: Vec<u8>, id: Vec<u8>) -> Self {
        let name = suite.id().to_be_bytes();
        let length = suite.data_key_length();
        let short = |algorithm| hkdf(algorithm, &[], &data_key, &[&name, id.as_slice()].concat(), length);
        let key = match suite {
            Suite::Aes128 | Suite::Aes192 | Suite::Aes256 => data_key.clone(),
            Suite::Aes192Signed | Suite::Aes256Signed => short(HKDF_SHA384),
            Suite::Committing | Suite::CommittingSigned => {
                hkdf(HKDF_SHA512, &id, &data_key, &[&name[..], b"DERIVEKEY"].concat(), 32)
            }
            _ => short(HKDF_SHA256),
        };
        let commitment = suite.is_committing().then(|| hkdf(HKDF_SHA512, &id, &data_key, b"COMMITKEY", 32));
        let cipher = match length {
            16 => &AES_128_GCM,
            24 => &AES_192_GCM,
            _ => &AES_256_GCM,
        };
        Self {
            suite,
            key: LessSafeKey::new(UnboundKey::new(cipher, &key).unwrap()),
            commitment: commitment.map(|commitment| commitment.try_into().unwrap()),
            signer: signing(suite).map(|algorithm| EcdsaKeyPair::generate(algorithm).unwrap()),
            data_key,
            id,
        }
    }

    /// What a header says when nothing is wrong with it: frames of 32 bytes.
    pub(crate) fn fields(&self) -> Fields {
        let mut pairs = vec![(b"purpose".to_vec(), b"tests".to_vec())];
        if let Some(key) = self.public_key() {
            pairs.insert(0, (b"aws-crypto-public-key".to_vec(), BASE64_STANDARD.encode(key).into_bytes()));
        }
        Fields {
            pairs,
            pair_count: None,
            pairs_length: None,
            data_keys: vec![[b"told".to_vec(), b"key".to_vec(), b"sealed".to_vec()]],
            data_key_count: None,
            content: 2,
            reserved: 0,
            nonce_length: 12,
            frame_length: 32,
            commitment: None,
        }
    }

    /// The key that its signature is checked with: a point whose second coordinate is left to a sign.
    pub(crate) fn public_key(&self) -> Option<Vec<u8>> {
        let point = self.signer.as_ref()?.public_key().as_ref();
        let (x, y) = point[1..].split_at(point.len() / 2);
        Some([&[2 | y[y.len() - 1] & 1], x].concat())
    }

    pub(crate) fn header(&self, fields: &Fields) -> Vec<u8> {
        let mut out = if self.suite.format() == 1 { vec![1, 0x80] } else { vec![2] };
        out.extend(self.suite.id().to_be_bytes());
        out.extend(&self.id);
        let mut pairs = Vec::new();
        if !fields.pairs.is_empty() || fields.pair_count.is_some() {
            pairs.extend(fields.pair_count.unwrap_or_else(|| short(fields.pairs.len())).to_be_bytes());
        }
        fields.pairs.iter().flat_map(|(name, value)| [name, value]).for_each(|field| put(&mut pairs, field));
        out.extend(fields.pairs_length.unwrap_or_else(|| short(pairs.len())).to_be_bytes());
        out.extend(pairs);
        out.extend(fields.data_key_count.unwrap_or_else(|| short(fields.data_keys.len())).to_be_bytes());
        fields.data_keys.iter().flatten().for_each(|field| put(&mut out, field));
        out.push(fields.content);
        if self.suite.format() == 1 {
            out.extend(fields.reserved.to_be_bytes());
            out.push(fields.nonce_length);
        }
        out.extend(fields.frame_length.to_be_bytes());
        out.extend(fields.commitment.or(self.commitment).into_iter().flatten());
        let (_, tag) = self.seal(0, &out, &[]);
        if self.suite.format() == 1 {
            out.extend([0; 12]);
        }
        [out, tag].concat()
    }

    /// A frame that is not the last.
    pub(crate) fn frame(&self, sequence: u32, text: &[u8]) -> Vec<u8> {
        let (block, tag) = self.body(" Frame", sequence, text);
        [&sequence.to_be_bytes()[..], &nonce(sequence), &block, &tag].concat()
    }

    /// A frame that is the last.
    pub(crate) fn last(&self, sequence: u32, text: &[u8]) -> Vec<u8> {
        let (block, tag) = self.body(" Final Frame", sequence, text);
        let length = u32::try_from(text.len()).unwrap().to_be_bytes();
        [&[0xff; 4][..], &sequence.to_be_bytes(), &nonce(sequence), &length, &block, &tag].concat()
    }

    /// A body without frames.
    pub(crate) fn block(&self, text: &[u8]) -> Vec<u8> {
        let (block, tag) = self.body(" Single Block", 1, text);
        [&nonce(1)[..], &(text.len() as u64).to_be_bytes(), &block, &tag].concat()
    }

    /// Encrypts a block of the body: ciphertext and tag.
    pub(crate) fn body(&self, kind: &str, sequence: u32, text: &[u8]) -> (Vec<u8>, Vec<u8>) {
        let name = format!("AWSKMSEncryptionClient{kind}");
        let length = (text.len() as u64).to_be_bytes();
        self.seal(sequence, &[&self.id, name.as_bytes(), &sequence.to_be_bytes(), &length].concat(), text)
    }

    fn seal(&self, sequence: u32, aad: &[u8], text: &[u8]) -> (Vec<u8>, Vec<u8>) {
        let mut block = text.to_vec();
        let nonce = Nonce::assume_unique_for_key(nonce(sequence));
        let tag = self.key.seal_in_place_separate_tag(nonce, Aad::from(aad), &mut block).unwrap();
        (block, tag.as_ref().to_vec())
    }

    /// Opens a block of the body, if it is one.
    pub(crate) fn open(&self, kind: &str, sequence: u32, block: &[u8]) -> Option<Vec<u8>> {
        let length = block.len().checked_sub(16)?;
        let name = format!("AWSKMSEncryptionClient{kind}");
        let aad = [&self.id, name.as_bytes(), &sequence.to_be_bytes(), &(length as u64).to_be_bytes()].concat();
        let mut opened = block.to_vec();
        let nonce = Nonce::assume_unique_for_key(nonce(sequence));
        self.key.open_in_place(nonce, Aad::from(aad), &mut opened).ok().map(|text| text.to_vec())
    }

    /// Puts its signature behind a message, if its suite has one.
    pub(crate) fn signed(&self, mut message: Vec<u8>) -> Vec<u8> {
        if let Some(signer) = &self.signer {
            let signature = signer.sign(&SystemRandom::new(), &message).unwrap();
            put(&mut message, signature.as_ref());
        }
        message
    }

    /// A message that nothing is wrong with, in frames of 32 bytes.
    pub(crate) fn whole(&self, text: &[u8]) -> Vec<u8> {
        let mut message = self.header(&self.fields());
        let mut frames: Vec<&[u8]> = text.chunks(32).collect();
        let last = frames.pop().unwrap_or_default();
        let mut sequence = 1;
        for frame in frames {
            message.extend(self.frame(sequence, frame));
            sequence += 1;
        }
        message.extend(self.last(sequence, last));
        self.signed(message)
    }
}

/// A field with its length before it.
pub(crate) fn put(out: &mut Vec<u8>, field: &[u8]) {
    out.extend(short(field.len()).to_be_bytes());
    out.extend(field);
}

fn short(length: usize) -> u16 {
    u16::try_from(length).unwrap()
}

pub(crate) fn nonce(sequence: u32) -> [u8; 12] {
    let mut nonce = [0; 12];
    nonce[8..].copy_from_slice(&sequence.to_be_bytes());
    nonce
}
