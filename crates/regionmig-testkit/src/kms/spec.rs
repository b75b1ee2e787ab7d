//! Kinds of keys: what each spec may be used for, and the algorithms that its metadata list.
//!
//! From the KMS developer guide, "Key spec reference", and the API's own enumerations.

use serde_json::{Map, Value, json};

/// The spec of symmetric encryption keys.
pub(super) const SYMMETRIC: &str = "SYMMETRIC_DEFAULT";

/// The usage of keys that encrypt.
pub(super) const ENCRYPT_DECRYPT: &str = "ENCRYPT_DECRYPT";

const PSS_AND_PKCS1: &[&str] = &[
    "RSASSA_PKCS1_V1_5_SHA_256",
    "RSASSA_PKCS1_V1_5_SHA_384",
    "RSASSA_PKCS1_V1_5_SHA_512",
    "RSASSA_PSS_SHA_256",
    "RSASSA_PSS_SHA_384",
    "RSASSA_PSS_SHA_512",
];
const OAEP: &[&str] = &["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"];
const ECDH: &[&str] = &["ECDH"];
const ML_DSA: &[&str] = &["ML_DSA_SHAKE_256"];
const ML_KEM: &[&str] = &["ML_KEM"];

/// Spec, usage, algorithms.
const KINDS: &[(&str, &str, &[&str])] = &[
    (SYMMETRIC, ENCRYPT_DECRYPT, &["SYMMETRIC_DEFAULT"]),
    ("RSA_2048", ENCRYPT_DECRYPT, OAEP),
    ("RSA_2048", "SIGN_VERIFY", PSS_AND_PKCS1),
    ("RSA_3072", ENCRYPT_DECRYPT, OAEP),
    ("RSA_3072", "SIGN_VERIFY", PSS_AND_PKCS1),
    ("RSA_4096", ENCRYPT_DECRYPT, OAEP),
    ("RSA_4096", "SIGN_VERIFY", PSS_AND_PKCS1),
    ("ECC_NIST_P256", "SIGN_VERIFY", &["ECDSA_SHA_256"]),
    ("ECC_NIST_P256", "KEY_AGREEMENT", ECDH),
    ("ECC_NIST_P384", "SIGN_VERIFY", &["ECDSA_SHA_384"]),
    ("ECC_NIST_P384", "KEY_AGREEMENT", ECDH),
    ("ECC_NIST_P521", "SIGN_VERIFY", &["ECDSA_SHA_512"]),
    ("ECC_NIST_P521", "KEY_AGREEMENT", ECDH),
    ("ECC_SECG_P256K1", "SIGN_VERIFY", &["ECDSA_SHA_256"]),
    ("ECC_NIST_EDWARDS25519", "SIGN_VERIFY", &["ED25519_PH_SHA_512", "ED25519_SHA_512"]),
    ("HMAC_224", "GENERATE_VERIFY_MAC", &["HMAC_SHA_224"]),
    ("HMAC_256", "GENERATE_VERIFY_MAC", &["HMAC_SHA_256"]),
    ("HMAC_384", "GENERATE_VERIFY_MAC", &["HMAC_SHA_384"]),
    ("HMAC_512", "GENERATE_VERIFY_MAC", &["HMAC_SHA_512"]),
    ("ML_DSA_44", "SIGN_VERIFY", ML_DSA),
    ("ML_DSA_65", "SIGN_VERIFY", ML_DSA),
    ("ML_DSA_87", "SIGN_VERIFY", ML_DSA),
    ("ML_KEM_512", "ENCAPSULATE_DECAPSULATE", ML_KEM),
    ("ML_KEM_768", "ENCAPSULATE_DECAPSULATE", ML_KEM),
    ("ML_KEM_1024", "ENCAPSULATE_DECAPSULATE", ML_KEM),
    ("SM2", ENCRYPT_DECRYPT, &["SM2PKE"]),
    ("SM2", "SIGN_VERIFY", &["SM2DSA"]),
    ("SM2", "KEY_AGREEMENT", ECDH),
];

/// A kind of key: spec and usage.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Kind {
    pub(super) spec: &'static str,
    pub(super) usage: &'static str,
    pub(super) algorithms: &'static [&'static str],
}

impl Kind {
    /// Joins a spec and a usage; `None` if KMS has no such keys.
    pub(super) fn new(spec: &str, usage: &str) -> Option<Self> {
        let &(spec, usage, algorithms) = KINDS.iter().find(|kind| kind.0 == spec && kind.1 == usage)?;
        Some(Self { spec, usage, algorithms })
    }

    /// Returns the kind of spec `spec` when no usage is named: the only one there is for it, or the first.
    pub(super) fn of_spec(spec: &str) -> Option<Self> {
        let &(spec, usage, algorithms) = KINDS.iter().find(|kind| kind.0 == spec)?;
        Some(Self { spec, usage, algorithms })
    }

    pub(super) fn is_symmetric_encryption(self) -> bool {
        self.spec == SYMMETRIC
    }

    /// Returns how many bytes the material of an HMAC key of AWS's making has; `None` for other keys.
    pub(super) fn mac_length(self) -> Option<usize> {
        let bits: usize = self.spec.strip_prefix("HMAC_")?.parse().ok()?;
        Some(bits / 8)
    }

    /// Returns whether material can be imported into such keys. Of ML-KEM keys the API reference does not say so.
    pub(super) fn can_be_imported(self) -> bool {
        self.usage != "ENCAPSULATE_DECAPSULATE"
    }

    /// Returns whether there are two keys, of which one is public.
    pub(super) fn is_asymmetric(self) -> bool {
        self.family() == "asymmetric"
    }

    /// Returns whether an alias may move from a key of this kind to one of `other`: both symmetric, both asymmetric or
    /// both HMAC, and of one usage (API reference, UpdateAlias).
    pub(super) fn is_like(self, other: Self) -> bool {
        self.family() == other.family() && self.usage == other.usage
    }

    /// Returns the operations that a grant on such a key can permit (developer guide, "Grant operations").
    pub(super) fn grantable(self) -> &'static [&'static str] {
        match (self.spec, self.usage) {
            (SYMMETRIC, _) => &[
                "Encrypt",
                "Decrypt",
                "GenerateDataKey",
                "GenerateDataKeyWithoutPlaintext",
                "GenerateDataKeyPair",
                "GenerateDataKeyPairWithoutPlaintext",
                "ReEncryptFrom",
                "ReEncryptTo",
                "CreateGrant",
                "DescribeKey",
                "RetireGrant",
            ],
            (_, ENCRYPT_DECRYPT) => &[
                "Encrypt",
                "Decrypt",
                "ReEncryptFrom",
                "ReEncryptTo",
                "CreateGrant",
                "DescribeKey",
                "GetPublicKey",
                "RetireGrant",
            ],
            (_, "SIGN_VERIFY") => &["Sign", "Verify", "CreateGrant", "DescribeKey", "GetPublicKey", "RetireGrant"],
            (_, "GENERATE_VERIFY_MAC") => &["GenerateMac", "VerifyMac", "CreateGrant", "DescribeKey", "RetireGrant"],
            (_, "KEY_AGREEMENT") => {
                &["DeriveSharedSecret", "CreateGrant", "DescribeKey", "GetPublicKey", "RetireGrant"]
            }
            _ => &["Encapsulate", "Decapsulate", "CreateGrant", "DescribeKey", "GetPublicKey", "RetireGrant"],
        }
    }

    /// Returns the name of the member that lists the algorithms.
    fn algorithms_member(self) -> &'static str {
        match self.usage {
            ENCRYPT_DECRYPT => "EncryptionAlgorithms",
            "SIGN_VERIFY" => "SigningAlgorithms",
            "GENERATE_VERIFY_MAC" => "MacAlgorithms",
            "KEY_AGREEMENT" => "KeyAgreementAlgorithms",
            _ => "EncapsulationAlgorithms",
        }
    }

    /// Writes spec, usage and algorithms into a key's metadata.
    pub(super) fn describe(self, metadata: &mut Map<String, Value>) {
        metadata.insert("KeySpec".to_owned(), json!(self.spec));
        // The old name is still sent, but knows no newer specs.
        if !self.spec.starts_with("ML_") && self.spec != "ECC_NIST_EDWARDS25519" {
            metadata.insert("CustomerMasterKeySpec".to_owned(), json!(self.spec));
        }
        metadata.insert("KeyUsage".to_owned(), json!(self.usage));
        metadata.insert(self.algorithms_member().to_owned(), json!(self.algorithms));
    }

    fn family(self) -> &'static str {
        match self.spec {
            SYMMETRIC => "symmetric",
            spec if spec.starts_with("HMAC") => "hmac",
            _ => "asymmetric",
        }
    }
}
