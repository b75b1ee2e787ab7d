//! Key pairs: how the world comes by them, each as PKCS #8.
//!
//! Elliptic curves and ML-DSA are derived from the key's own secret, so that a world of one seed always has the same. RSA
//! and ML-KEM cannot be: their pairs are made when first used, once a process, and known by number.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::kem::{self, DecapsulationKey};
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, PqdsaKeyPair, PqdsaSigningAlgorithm,
};

use super::material::Secret;

/// Spec and number of a pair.
type Place = (String, usize);

/// The pairs that were made so far.
static POOL: Mutex<BTreeMap<Place, Arc<[u8]>>> = Mutex::new(BTreeMap::new());

/// Returns the private key of a pair of `spec`; `None` if the world has none such.
///
/// It is PKCS #8, but for ML-KEM, where it is the bare decapsulation key.
pub(super) fn make(spec: &str, secret: &Secret, number: usize) -> Option<Vec<u8>> {
    if let Some(curve) = Curve::of(spec) {
        return curve.derive(secret);
    }
    match spec {
        "ECC_NIST_EDWARDS25519" => {
            let pair = Ed25519KeyPair::from_seed_unchecked(&secret.stretch(b"pair", 32)).ok()?;
            Some(pair.to_pkcs8v1().ok()?.as_ref().to_vec())
        }
        spec if spec.starts_with("ML_DSA") => {
            let pair = PqdsaKeyPair::from_seed(ml_dsa(spec)?, &secret.stretch(b"pair", 32)).ok()?;
            Some(pair.to_pkcs8v1().ok()?.as_ref().to_vec())
        }
        spec => pooled(spec, number),
    }
}

/// Returns the `number`th pair of a spec that cannot be derived.
pub(super) fn pooled(spec: &str, number: usize) -> Option<Vec<u8>> {
    let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
    let place: Place = (spec.to_owned(), number);
    if let Some(pair) = pool.get(&place) {
        return Some(pair.to_vec());
    }
    let pair = match spec {
        "RSA_2048" => rsa(KeySize::Rsa2048)?,
        "RSA_3072" => rsa(KeySize::Rsa3072)?,
        "RSA_4096" => rsa(KeySize::Rsa4096)?,
        spec => DecapsulationKey::generate(ml_kem(spec)?).ok()?.key_bytes().ok()?.as_ref().to_vec(),
    };
    pool.insert(place, pair.as_slice().into());
    Some(pair)
}

fn rsa(size: KeySize) -> Option<Vec<u8>> {
    Some(RsaKeyPair::generate(size).ok()?.as_der().ok()?.as_ref().to_vec())
}

pub(super) fn ml_dsa(spec: &str) -> Option<&'static PqdsaSigningAlgorithm> {
    match spec {
        "ML_DSA_44" => Some(&signature::ML_DSA_44_SIGNING),
        "ML_DSA_65" => Some(&signature::ML_DSA_65_SIGNING),
        "ML_DSA_87" => Some(&signature::ML_DSA_87_SIGNING),
        _ => None,
    }
}

pub(super) fn ml_kem(spec: &str) -> Option<&'static kem::Algorithm> {
    match spec {
        "ML_KEM_512" => Some(&kem::ML_KEM_512),
        "ML_KEM_768" => Some(&kem::ML_KEM_768),
        "ML_KEM_1024" => Some(&kem::ML_KEM_1024),
        _ => None,
    }
}

/// A curve of ECDSA.
pub(super) struct Curve {
    pub(super) signing: &'static EcdsaSigningAlgorithm,
    /// How many bytes a private key has.
    length: usize,
    /// The object identifier, as DER.
    oid: &'static [u8],
}

impl Curve {
    pub(super) fn of(spec: &str) -> Option<Self> {
        let (signing, length, oid): (_, _, &[u8]) = match spec {
            "ECC_NIST_P256" => {
                (&signature::ECDSA_P256_SHA256_ASN1_SIGNING, 32, &[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7])
            }
            "ECC_NIST_P384" => (&signature::ECDSA_P384_SHA384_ASN1_SIGNING, 48, &[6, 5, 0x2b, 0x81, 4, 0, 0x22]),
            "ECC_NIST_P521" => (&signature::ECDSA_P521_SHA512_ASN1_SIGNING, 66, &[6, 5, 0x2b, 0x81, 4, 0, 0x23]),
            "ECC_SECG_P256K1" => (&signature::ECDSA_P256K1_SHA256_ASN1_SIGNING, 32, &[6, 5, 0x2b, 0x81, 4, 0, 0x0a]),
            _ => return None,
        };
        Some(Self { signing, length, oid })
    }

    /// Derives a private key. Whoever parses it works out the public one.
    fn derive(&self, secret: &Secret) -> Option<Vec<u8>> {
        let mut scalar = secret.stretch(b"pair", self.length);
        // Below the order of each of the curves, which all begin with more ones than this leaves.
        scalar[0] = if self.length == 66 { 0 } else { scalar[0] >> 1 };
        // ECPrivateKey of RFC 5915, all of whose lengths are below 128.
        let length = |bytes: usize| u8::try_from(bytes).ok();
        let mut inner = vec![2, 1, 1, 4, length(scalar.len())?];
        inner.append(&mut scalar);
        inner.extend([0xa0, length(self.oid.len())?]);
        inner.extend(self.oid);
        let mut der = vec![0x30, length(inner.len())?];
        der.append(&mut inner);
        let pair = EcdsaKeyPair::from_private_key_der(self.signing, &der).ok()?;
        Some(pair.to_pkcs8v1().ok()?.as_ref().to_vec())
    }
}
