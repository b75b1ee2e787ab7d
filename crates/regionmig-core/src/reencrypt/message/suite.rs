//! Algorithm suites.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::aead::{AES_128_GCM, AES_192_GCM, AES_256_GCM, Algorithm};
use aws_lc_rs::digest;
use aws_lc_rs::hkdf::{self, HKDF_SHA256, HKDF_SHA384, HKDF_SHA512};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1, ECDSA_P384_SHA384_ASN1_SIGNING,
    EcdsaSigningAlgorithm, EcdsaVerificationAlgorithm,
};
use serde::{Deserialize, Serialize};

/// An algorithm suite: all eleven that messages can have (AWS Encryption SDK developer guide, "Algorithms reference").
///
/// All are AES-GCM with a nonce of 12 bytes and a tag of 16.
///
/// ```
/// use regionmig_core::reencrypt::message::Suite;
/// assert!(Suite::CommittingSigned.is_committing());
/// assert_eq!(Suite::CommittingSigned.to_string(), "0578");
/// assert_eq!("0014".parse(), Ok(Suite::Aes128));
/// ```
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(into = "String", try_from = "String")]
#[non_exhaustive]
pub enum Suite {
    /// 0014: 128 bits, the data key itself encrypts.
    Aes128,
    /// 0046: 192 bits, the data key itself encrypts.
    Aes192,
    /// 0078: 256 bits, the data key itself encrypts.
    Aes256,
    /// 0114: 128 bits, derived by HKDF-SHA256.
    Aes128Derived,
    /// 0146: 192 bits, derived by HKDF-SHA256.
    Aes192Derived,
    /// 0178: 256 bits, derived by HKDF-SHA256.
    Aes256Derived,
    /// 0214: 128 bits, derived by HKDF-SHA256, signed with ECDSA P-256.
    Aes128Signed,
    /// 0346: 192 bits, derived by HKDF-SHA384, signed with ECDSA P-384.
    Aes192Signed,
    /// 0378: 256 bits, derived by HKDF-SHA384, signed with ECDSA P-384.
    Aes256Signed,
    /// 0478: 256 bits, derived by HKDF-SHA512, committing to its key.
    Committing,
    /// 0578: 256 bits, derived by HKDF-SHA512, committing to its key, signed with ECDSA P-384. The Encryption SDK's own default.
    CommittingSigned,
}

/// How a key is derived.
#[derive(Clone, Copy, Debug)]
pub(super) enum Derivation {
    /// The data key itself is used.
    None,
    /// HKDF without salt; the message id is part of the info.
    Hkdf(hkdf::Algorithm),
    /// HKDF-SHA512 with the message id as salt, and a second key that commits to the data key.
    Committing,
}

/// How a message is signed.
#[derive(Clone, Copy)]
pub(super) struct Signature {
    pub(super) digest: &'static digest::Algorithm,
    pub(super) signing: &'static EcdsaSigningAlgorithm,
    pub(super) verification: &'static EcdsaVerificationAlgorithm,
    /// So long is the public key when it is compressed.
    pub(super) point: usize,
}

static P256: Signature = Signature {
    digest: &digest::SHA256,
    signing: &ECDSA_P256_SHA256_ASN1_SIGNING,
    verification: &ECDSA_P256_SHA256_ASN1,
    point: 33,
};
static P384: Signature = Signature {
    digest: &digest::SHA384,
    signing: &ECDSA_P384_SHA384_ASN1_SIGNING,
    verification: &ECDSA_P384_SHA384_ASN1,
    point: 49,
};

impl Suite {
    /// All there are.
    pub const ALL: [Self; 11] = [
        Self::Aes128,
        Self::Aes192,
        Self::Aes256,
        Self::Aes128Derived,
        Self::Aes192Derived,
        Self::Aes256Derived,
        Self::Aes128Signed,
        Self::Aes192Signed,
        Self::Aes256Signed,
        Self::Committing,
        Self::CommittingSigned,
    ];

    /// Returns the suite that a message names with this number.
    pub fn of(id: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|suite| suite.id() == id)
    }

    /// Returns its number.
    pub const fn id(self) -> u16 {
        match self {
            Self::Aes128 => 0x0014,
            Self::Aes192 => 0x0046,
            Self::Aes256 => 0x0078,
            Self::Aes128Derived => 0x0114,
            Self::Aes192Derived => 0x0146,
            Self::Aes256Derived => 0x0178,
            Self::Aes128Signed => 0x0214,
            Self::Aes192Signed => 0x0346,
            Self::Aes256Signed => 0x0378,
            Self::Committing => 0x0478,
            Self::CommittingSigned => 0x0578,
        }
    }

    /// Returns the version of the format that its messages have: 1, or 2 if it commits to its key.
    pub const fn format(self) -> u8 {
        if self.is_committing() { 2 } else { 1 }
    }

    /// Returns whether a message opens under one data key only. Of other suites, one ciphertext can be made that opens under two keys,
    /// to two plaintexts.
    pub const fn is_committing(self) -> bool {
        matches!(self, Self::Committing | Self::CommittingSigned)
    }

    /// Returns whether its messages end with a signature.
    pub const fn is_signed(self) -> bool {
        self.signature().is_some()
    }

    /// Returns how many bytes a data key has.
    pub fn data_key_length(self) -> usize {
        self.cipher().key_len()
    }

    /// Returns the suite that messages are written in when nothing else is asked for: one that commits to its key, signed as this is.
    #[must_use]
    pub const fn successor(self) -> Self {
        if self.is_signed() { Self::CommittingSigned } else { Self::Committing }
    }

    pub(super) const fn cipher(self) -> &'static Algorithm {
        match self {
            Self::Aes128 | Self::Aes128Derived | Self::Aes128Signed => &AES_128_GCM,
            Self::Aes192 | Self::Aes192Derived | Self::Aes192Signed => &AES_192_GCM,
            _ => &AES_256_GCM,
        }
    }

    pub(super) const fn derivation(self) -> Derivation {
        match self {
            Self::Aes128 | Self::Aes192 | Self::Aes256 => Derivation::None,
            Self::Aes128Derived | Self::Aes192Derived | Self::Aes256Derived | Self::Aes128Signed => {
                Derivation::Hkdf(HKDF_SHA256)
            }
            Self::Aes192Signed | Self::Aes256Signed => Derivation::Hkdf(HKDF_SHA384),
            Self::Committing | Self::CommittingSigned => Derivation::Committing,
        }
    }

    pub(super) const fn signature(self) -> Option<&'static Signature> {
        match self {
            Self::Aes128Signed => Some(&P256),
            Self::Aes192Signed | Self::Aes256Signed | Self::CommittingSigned => Some(&P384),
            _ => None,
        }
    }
}

/// What HKDF of a committing suite is of.
pub(super) const COMMITTING_HKDF: hkdf::Algorithm = HKDF_SHA512;

impl fmt::Display for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04x}", self.id())
    }
}

/// There is no such suite.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("there is no algorithm suite `{0}`: give four hexadecimal digits, such as 0578")]
pub struct SuiteError(String);

impl FromStr for Suite {
    type Err = SuiteError;

    fn from_str(text: &str) -> Result<Self, SuiteError> {
        // Else a plus would count as a digit.
        let is_number = text.len() == 4 && text.bytes().all(|digit| digit.is_ascii_hexdigit());
        let id = is_number.then(|| u16::from_str_radix(text, 16).ok()).flatten();
        id.and_then(Self::of).ok_or_else(|| SuiteError(text.to_owned()))
    }
}

impl TryFrom<String> for Suite {
    type Error = SuiteError;

    fn try_from(text: String) -> Result<Self, SuiteError> {
        text.parse()
    }
}

impl From<Suite> for String {
    fn from(suite: Suite) -> Self {
        suite.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_suite_is_found_by_its_number_and_its_text() {
        for suite in Suite::ALL {
            assert_eq!(Suite::of(suite.id()), Some(suite));
            assert_eq!(suite.to_string().parse(), Ok(suite));
            assert_eq!(serde_json::to_value(suite).ok(), Some(suite.to_string().into()));
        }
        assert_eq!(Suite::of(0x0070), None);
        assert!("+578".parse::<Suite>().is_err() && "578".parse::<Suite>().is_err());
    }

    #[test]
    fn what_is_written_commits_and_is_signed_as_before() {
        for suite in Suite::ALL {
            assert!(suite.successor().is_committing());
            assert_eq!(suite.successor().is_signed(), suite.is_signed());
        }
    }
}
