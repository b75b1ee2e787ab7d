//! What is done with a private key, which is PKCS #8 but for ML-KEM's: see [`pair`].

use aws_lc_rs::agreement;
use aws_lc_rs::digest::{self, Digest};
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::kem::{self, DecapsulationKey, EncapsulationKey};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{
    KeyPair as RsaKeyPair, OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepAlgorithm, OaepPrivateDecryptingKey,
    OaepPublicEncryptingKey, PrivateDecryptingKey,
};
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, Ed25519KeyPair, KeyPair, PqdsaKeyPair, RsaEncoding, UnparsedPublicKey, VerificationAlgorithm,
};

use super::pair::{self, Curve};

/// Returns the public key as SubjectPublicKeyInfo; `None` if the private key is none of `spec`.
pub(super) fn public(spec: &str, private: &[u8]) -> Option<Vec<u8>> {
    if let Some(curve) = Curve::of(spec) {
        let pair = EcdsaKeyPair::from_pkcs8(curve.signing, private).ok()?;
        return Some(pair.public_key().as_der().ok()?.as_ref().to_vec());
    }
    if let Some(algorithm) = pair::ml_dsa(spec) {
        let pair = PqdsaKeyPair::from_pkcs8(algorithm, private).ok()?;
        return Some(pair.public_key().as_der().ok()?.as_ref().to_vec());
    }
    if spec.starts_with("ML_KEM") {
        return kem_der(spec, kem_public(spec, private)?);
    }
    if spec == "ECC_NIST_EDWARDS25519" {
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(private).ok()?;
        return Some(pair.public_key().as_der().ok()?.as_ref().to_vec());
    }
    let bits: usize = spec.strip_prefix("RSA_")?.parse().ok()?;
    let pair = RsaKeyPair::from_pkcs8(private).ok().filter(|pair| pair.public_modulus_len() * 8 == bits)?;
    Some(pair.public_key().as_der().ok()?.as_ref().to_vec())
}

/// What a signature is of.
#[derive(Clone, Copy, Debug)]
pub(super) enum Message<'a> {
    Digest(&'a [u8]),
    Raw(&'a [u8]),
}

/// Returns how long a digest is that `algorithm` signs; `None` if it signs none.
pub(super) fn digest_length(algorithm: &str) -> Option<usize> {
    hash(algorithm).map(digest::Algorithm::output_len)
}

/// Signs; `None` if the world cannot do that.
pub(super) fn sign(spec: &str, private: &[u8], algorithm: &str, message: Message<'_>) -> Option<Vec<u8>> {
    let random = SystemRandom::new();
    if let Some(curve) = Curve::of(spec) {
        let pair = EcdsaKeyPair::from_pkcs8(curve.signing, private).ok()?;
        let signed = match message {
            Message::Digest(bytes) => pair.sign_digest(&Digest::import_less_safe(bytes, hash(algorithm)?).ok()?),
            Message::Raw(bytes) => pair.sign(&random, bytes),
        };
        return Some(signed.ok()?.as_ref().to_vec());
    }
    match (algorithm, message) {
        ("ED25519_SHA_512", Message::Raw(bytes)) => {
            let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(private).ok()?;
            Some(pair.sign(bytes).as_ref().to_vec())
        }
        ("ML_DSA_SHAKE_256", Message::Raw(bytes)) => {
            let algorithm = pair::ml_dsa(spec)?;
            let mut room = vec![0; algorithm.signature_len()];
            let length = PqdsaKeyPair::from_pkcs8(algorithm, private).ok()?.sign(bytes, &mut room).ok()?;
            room.truncate(length);
            Some(room)
        }
        (algorithm, message) => {
            let pair = RsaKeyPair::from_pkcs8(private).ok()?;
            let mut room = vec![0; pair.public_modulus_len()];
            let encoding = rsa_encoding(algorithm)?;
            match message {
                Message::Digest(bytes) => {
                    let digest = Digest::import_less_safe(bytes, hash(algorithm)?).ok()?;
                    pair.sign_digest(encoding, &digest, &mut room).ok()?;
                }
                Message::Raw(bytes) => pair.sign(encoding, &random, bytes, &mut room).ok()?,
            }
            Some(room)
        }
    }
}

/// Tells whether a signature is right; `None` if the world cannot tell.
pub(super) fn verify(spec: &str, private: &[u8], algorithm: &str, message: Message<'_>, signed: &[u8]) -> Option<bool> {
    let public = public(spec, private)?;
    if algorithm == "ML_DSA_SHAKE_256" || algorithm == "ED25519_SHA_512" {
        let Message::Raw(bytes) = message else { return None };
        let verification: &dyn VerificationAlgorithm = match spec {
            "ML_DSA_44" => &signature::ML_DSA_44,
            "ML_DSA_65" => &signature::ML_DSA_65,
            "ML_DSA_87" => &signature::ML_DSA_87,
            _ => &signature::ED25519,
        };
        return Some(UnparsedPublicKey::new(verification, &public).verify(bytes, signed).is_ok());
    }
    let verification: &dyn VerificationAlgorithm = match (spec, algorithm) {
        ("ECC_NIST_P256", _) => &signature::ECDSA_P256_SHA256_ASN1,
        ("ECC_NIST_P384", _) => &signature::ECDSA_P384_SHA384_ASN1,
        ("ECC_NIST_P521", _) => &signature::ECDSA_P521_SHA512_ASN1,
        ("ECC_SECG_P256K1", _) => &signature::ECDSA_P256K1_SHA256_ASN1,
        (_, "RSASSA_PKCS1_V1_5_SHA_256") => &signature::RSA_PKCS1_2048_8192_SHA256,
        (_, "RSASSA_PKCS1_V1_5_SHA_384") => &signature::RSA_PKCS1_2048_8192_SHA384,
        (_, "RSASSA_PKCS1_V1_5_SHA_512") => &signature::RSA_PKCS1_2048_8192_SHA512,
        (_, "RSASSA_PSS_SHA_256") => &signature::RSA_PSS_2048_8192_SHA256,
        (_, "RSASSA_PSS_SHA_384") => &signature::RSA_PSS_2048_8192_SHA384,
        (_, "RSASSA_PSS_SHA_512") => &signature::RSA_PSS_2048_8192_SHA512,
        _ => return None,
    };
    let key = UnparsedPublicKey::new(verification, &public);
    Some(match message {
        Message::Raw(bytes) => key.verify(bytes, signed).is_ok(),
        Message::Digest(bytes) => {
            key.verify_digest(&Digest::import_less_safe(bytes, hash(algorithm)?).ok()?, signed).is_ok()
        }
    })
}

/// Returns how much a key of `spec` can encrypt by `algorithm` at once.
pub(super) fn most(spec: &str, algorithm: &str) -> Option<usize> {
    let bits: usize = spec.strip_prefix("RSA_")?.parse().ok()?;
    let hash = if algorithm == "RSAES_OAEP_SHA_1" { 20 } else { 32 };
    Some(bits / 8 - 2 * hash - 2)
}

/// Encrypts with the public key; `None` if the plaintext is too long.
pub(super) fn encrypt(private: &[u8], algorithm: &str, plaintext: &[u8]) -> Option<Vec<u8>> {
    let public = PrivateDecryptingKey::from_pkcs8(private).ok()?.public_key();
    let key = OaepPublicEncryptingKey::new(public).ok()?;
    let mut room = vec![0; key.ciphertext_size()];
    Some(key.encrypt(oaep(algorithm)?, plaintext, &mut room, None).ok()?.to_vec())
}

/// Decrypts; `None` if the ciphertext was not made with this key and algorithm.
pub(super) fn decrypt(private: &[u8], algorithm: &str, ciphertext: &[u8]) -> Option<Vec<u8>> {
    let key = OaepPrivateDecryptingKey::new(PrivateDecryptingKey::from_pkcs8(private).ok()?).ok()?;
    let mut room = vec![0; key.min_output_size()];
    Some(key.decrypt(oaep(algorithm)?, ciphertext, &mut room, None).ok()?.to_vec())
}

/// Agrees with the owner of a public key, which is SubjectPublicKeyInfo; `None` if it is of another curve, or none.
pub(super) fn agree(spec: &str, private: &[u8], peer: &[u8]) -> Option<Vec<u8>> {
    let algorithm = match spec {
        "ECC_NIST_P256" => &agreement::ECDH_P256,
        "ECC_NIST_P384" => &agreement::ECDH_P384,
        "ECC_NIST_P521" => &agreement::ECDH_P521,
        _ => return None,
    };
    let key = agreement::PrivateKey::from_private_key_der(algorithm, private).ok()?;
    let peer = agreement::UnparsedPublicKey::new(algorithm, peer);
    agreement::agree(&key, peer, (), |secret| Ok(secret.to_vec())).ok()
}

/// Makes a shared secret for the owner of a key: the ciphertext, and the secret.
pub(super) fn encapsulate(spec: &str, private: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let key = EncapsulationKey::new(pair::ml_kem(spec)?, kem_public(spec, private)?).ok()?;
    let (ciphertext, secret) = key.encapsulate().ok()?;
    Some((ciphertext.as_ref().to_vec(), secret.as_ref().to_vec()))
}

/// Opens what [`encapsulate`] made; `None` if it has the wrong length. One of the right length always gives some secret.
pub(super) fn decapsulate(spec: &str, private: &[u8], ciphertext: &[u8]) -> Option<Vec<u8>> {
    let key = DecapsulationKey::new(pair::ml_kem(spec)?, private).ok()?;
    Some(key.decapsulate(kem::Ciphertext::from(ciphertext)).ok()?.as_ref().to_vec())
}

/// The encapsulation key stands within the decapsulation key, after as many times 384 bytes as the set has ranks (FIPS 203,
/// algorithm 16).
fn kem_public<'p>(spec: &str, private: &'p [u8]) -> Option<&'p [u8]> {
    let length = 384 * (usize::from(kem_set(spec)?) + 1);
    private.get(length..2 * length + 32)
}

/// Numbers the parameter sets of ML-KEM.
fn kem_set(spec: &str) -> Option<u8> {
    match spec {
        "ML_KEM_512" => Some(1),
        "ML_KEM_768" => Some(2),
        "ML_KEM_1024" => Some(3),
        _ => None,
    }
}

/// SubjectPublicKeyInfo of ML-KEM (RFC 9935): the parameter set is the last byte of the algorithm's identifier.
fn kem_der(spec: &str, key: &[u8]) -> Option<Vec<u8>> {
    let set = kem_set(spec)?;
    let algorithm = [0x30, 0x0b, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 4, set];
    let long = |tag: u8, length: usize| Some([&[tag, 0x82][..], &u16::try_from(length).ok()?.to_be_bytes()].concat());
    let bits = [long(3, key.len() + 1)?, vec![0], key.to_vec()].concat();
    Some([long(0x30, algorithm.len() + bits.len())?, algorithm.to_vec(), bits].concat())
}

fn hash(algorithm: &str) -> Option<&'static digest::Algorithm> {
    let is_digested = algorithm.starts_with("RSASSA") || algorithm.starts_with("ECDSA");
    match algorithm.rsplit('_').next().filter(|_| is_digested)? {
        "256" => Some(&digest::SHA256),
        "384" => Some(&digest::SHA384),
        "512" => Some(&digest::SHA512),
        _ => None,
    }
}

fn rsa_encoding(algorithm: &str) -> Option<&'static dyn RsaEncoding> {
    Some(match algorithm {
        "RSASSA_PKCS1_V1_5_SHA_256" => &signature::RSA_PKCS1_SHA256,
        "RSASSA_PKCS1_V1_5_SHA_384" => &signature::RSA_PKCS1_SHA384,
        "RSASSA_PKCS1_V1_5_SHA_512" => &signature::RSA_PKCS1_SHA512,
        "RSASSA_PSS_SHA_256" => &signature::RSA_PSS_SHA256,
        "RSASSA_PSS_SHA_384" => &signature::RSA_PSS_SHA384,
        "RSASSA_PSS_SHA_512" => &signature::RSA_PSS_SHA512,
        _ => return None,
    })
}

fn oaep(algorithm: &str) -> Option<&'static OaepAlgorithm> {
    match algorithm {
        "RSAES_OAEP_SHA_1" => Some(&OAEP_SHA1_MGF1SHA1),
        "RSAES_OAEP_SHA_256" => Some(&OAEP_SHA256_MGF1SHA256),
        _ => None,
    }
}
