//! How keys encrypt, and how much each can.
// REQ: KMS-15

use std::fmt;

use aws_sdk_kms::types::EncryptionAlgorithmSpec;
use regionmig_aws::Error;
use regionmig_core::ErrorKind;

use crate::snapshot::KeySpec;

/// How a key encrypts. What was encrypted with an asymmetric key says neither its key nor its algorithm, so both must be known (KMS
/// API reference, Decrypt).
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum EncryptionAlgorithm {
    /// `RSAES_OAEP_SHA_1`.
    RsaesOaepSha1,
    /// `RSAES_OAEP_SHA_256`.
    RsaesOaepSha256,
    /// `SM2PKE`, in the regions of China only.
    Sm2Pke,
    /// `SYMMETRIC_DEFAULT`: AES-256-GCM, the only one that binds a context.
    #[default]
    SymmetricDefault,
}

/// A symmetric key encrypts so much (KMS API reference, Encrypt).
const SYMMETRIC: usize = 4096;

/// As much as a request to decrypt can hold (KMS API reference, Decrypt).
const CIPHERTEXT: usize = 6144;

/// The largest RSA key that KMS makes, by the bytes of its modulus: 4,096 bits.
const LARGEST_RSA: usize = 512;

/// Moduli of the RSA keys that KMS makes, in bytes: a ciphertext is as long.
const MODULI: [usize; 3] = [256, 384, LARGEST_RSA];

impl EncryptionAlgorithm {
    /// Returns its name, as KMS writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RsaesOaepSha1 => "RSAES_OAEP_SHA_1",
            Self::RsaesOaepSha256 => "RSAES_OAEP_SHA_256",
            Self::Sm2Pke => "SM2PKE",
            Self::SymmetricDefault => "SYMMETRIC_DEFAULT",
        }
    }

    /// Returns how many bytes can be encrypted at once under a key of `spec`; of an unknown RSA one, under the largest there is (KMS API
    /// reference, Encrypt; for RSA by OAEP, RFC 8017: what the modulus leaves after two hashes and two bytes).
    pub(super) fn most(self, spec: Option<&KeySpec>) -> usize {
        let left = |hash: usize| modulus(spec).unwrap_or(LARGEST_RSA) - 2 * hash - 2;
        match self {
            Self::RsaesOaepSha1 => left(20),
            Self::RsaesOaepSha256 => left(32),
            Self::Sm2Pke => 1024,
            Self::SymmetricDefault => SYMMETRIC,
        }
    }

    /// Returns whether a context can be bound.
    pub(super) const fn binds_context(self) -> bool {
        matches!(self, Self::SymmetricDefault)
    }

    const fn is_rsa(self) -> bool {
        matches!(self, Self::RsaesOaepSha1 | Self::RsaesOaepSha256)
    }

    /// Refuses a plaintext that the key cannot take.
    pub(super) fn takes(self, length: usize, spec: Option<&KeySpec>) -> Result<(), Error> {
        let most = self.most(spec);
        match length {
            0 => Err(refused(format!("there is nothing to encrypt: KMS takes 1 to {most} bytes with {self}"))),
            _ if length > most => {
                let of = spec.map_or_else(String::new, |spec| format!(" under a key of {spec}"));
                Err(refused(format!(
                    "{length} bytes are too many: {self} encrypts at most {most}{of}. Encrypt a data key instead, and what is larger \
                     with it"
                )))
            }
            _ => Ok(()),
        }
    }

    /// Refuses a ciphertext that cannot be one.
    pub(super) fn opens(self, length: usize, spec: Option<&KeySpec>) -> Result<(), Error> {
        if length == 0 || length > CIPHERTEXT {
            return Err(refused(format!(
                "a ciphertext of {length} bytes is none of KMS: those have 1 to {CIPHERTEXT}"
            )));
        }
        let fits = match modulus(spec) {
            Some(modulus) => length == modulus,
            None => MODULI.contains(&length),
        };
        if self.is_rsa() && !fits {
            let moduli = modulus(spec).map_or_else(|| "256, 384 or 512".to_owned(), |modulus| modulus.to_string());
            return Err(refused(format!("a ciphertext of {length} bytes is none of {self}: those have {moduli}")));
        }
        Ok(())
    }

    /// Returns this one's form of an action, by which its quota is known: keys of one kind share it.
    pub(super) const fn paced(self, [symmetric, rsa, sm2]: [&'static str; 3]) -> &'static str {
        match self {
            Self::RsaesOaepSha1 | Self::RsaesOaepSha256 => rsa,
            Self::Sm2Pke => sm2,
            Self::SymmetricDefault => symmetric,
        }
    }
}

impl fmt::Display for EncryptionAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<EncryptionAlgorithm> for EncryptionAlgorithmSpec {
    fn from(algorithm: EncryptionAlgorithm) -> Self {
        match algorithm {
            EncryptionAlgorithm::RsaesOaepSha1 => Self::RsaesOaepSha1,
            EncryptionAlgorithm::RsaesOaepSha256 => Self::RsaesOaepSha256,
            EncryptionAlgorithm::Sm2Pke => Self::Sm2Pke,
            EncryptionAlgorithm::SymmetricDefault => Self::SymmetricDefault,
        }
    }
}

/// Says that a request would be in vain, so none is sent.
pub(super) fn refused(text: impl Into<String>) -> Error {
    Error::new(ErrorKind::Invalid, text)
}

fn modulus(spec: Option<&KeySpec>) -> Option<usize> {
    match spec?.as_str() {
        "RSA_2048" => Some(256),
        "RSA_3072" => Some(384),
        "RSA_4096" => Some(LARGEST_RSA),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_algorithm_takes_as_much_as_the_api_reference_says() {
        let most = |algorithm: EncryptionAlgorithm, spec: &str| algorithm.most(Some(&KeySpec::from(spec)));
        for (spec, sha1, sha256) in [("RSA_2048", 214, 190), ("RSA_3072", 342, 318), ("RSA_4096", 470, 446)] {
            assert_eq!(most(EncryptionAlgorithm::RsaesOaepSha1, spec), sha1);
            assert_eq!(most(EncryptionAlgorithm::RsaesOaepSha256, spec), sha256);
        }
        assert_eq!(most(EncryptionAlgorithm::Sm2Pke, "SM2"), 1024);
        assert_eq!(EncryptionAlgorithm::default().most(None), 4096);
        assert_eq!(EncryptionAlgorithm::RsaesOaepSha256.most(None), 446);
    }

    #[test]
    fn each_algorithm_has_the_name_that_kms_gives_it_and_the_quota_of_its_keys() {
        for (algorithm, paced) in [
            (EncryptionAlgorithm::RsaesOaepSha1, "rsa"),
            (EncryptionAlgorithm::RsaesOaepSha256, "rsa"),
            (EncryptionAlgorithm::Sm2Pke, "sm2"),
            (EncryptionAlgorithm::SymmetricDefault, "symmetric"),
        ] {
            assert_eq!(algorithm.to_string(), EncryptionAlgorithmSpec::from(algorithm).as_str());
            assert_eq!(algorithm.paced(["symmetric", "rsa", "sm2"]), paced);
        }
    }

    #[test]
    fn what_is_refused_says_the_limit_and_the_length() {
        let rsa = KeySpec::from("RSA_2048");
        let text = |result: Result<(), Error>| result.expect_err("too much").to_string();
        let told = text(EncryptionAlgorithm::RsaesOaepSha256.takes(191, Some(&rsa)));
        assert!(told.contains("191") && told.contains("190") && told.contains("RSA_2048"), "{told}");
        let told = text(EncryptionAlgorithm::default().takes(4097, None));
        assert!(told.contains("4097") && told.contains("4096"), "{told}");
        let told = text(EncryptionAlgorithm::default().opens(6145, None));
        assert!(told.contains("6145") && told.contains("6144"), "{told}");
        let told = text(EncryptionAlgorithm::RsaesOaepSha1.opens(255, Some(&rsa)));
        assert!(told.contains("255") && told.contains("256"), "{told}");
        assert!(EncryptionAlgorithm::RsaesOaepSha1.opens(384, None).is_ok());
        assert!(EncryptionAlgorithm::RsaesOaepSha1.opens(384, Some(&rsa)).is_err());
        assert!(EncryptionAlgorithm::RsaesOaepSha1.opens(384, Some(&KeySpec::from("RSA_3072"))).is_ok());
        assert!(EncryptionAlgorithm::RsaesOaepSha1.opens(256, Some(&KeySpec::from("RSA_4096"))).is_err());
        assert!(EncryptionAlgorithm::default().takes(0, None).is_err());
        assert!(EncryptionAlgorithm::default().takes(4096, None).is_ok());
        assert!(EncryptionAlgorithm::default().opens(6144, None).is_ok());
        assert_eq!(EncryptionAlgorithm::default().opens(0, None).expect_err("none").kind(), ErrorKind::Invalid);
    }
}
