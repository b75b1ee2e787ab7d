//! Regions and partitions, and what is known of them.
// REQ: E-34

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

mod distance;
mod facts;
mod host;
mod partition;
mod sign_in;
mod sts;

pub use host::HostVariant;
pub use partition::Partition;
pub use sign_in::{SamlProviderUuid, SignInEndpoint};
pub use sts::{Resolver, StsEndpoint};

/// A region, such as `me-central-1`.
///
/// Any name of the right form is taken, so that a region launched after this version can be used.
///
/// ```
/// # use regionmig_core::{OptIn, Partition, Region};
/// let region: Region = "me-central-1".parse()?;
/// assert_eq!(region.partition(), Partition::Aws);
/// assert_eq!(region.opt_in(), OptIn::Required);
/// # Ok::<(), regionmig_core::NameError>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Region(Arc<str>);

/// Whether an account must enable a region before it can use it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "it must, it need not, or this version does not know")]
pub enum OptIn {
    /// Every account has it.
    NotRequired,
    /// The account must enable it.
    Required,
    /// The region is newer than this version.
    Unknown,
}

impl Region {
    /// Returns every region that this version knows, of all partitions. AWS may have more.
    pub fn known() -> impl Iterator<Item = Self> {
        facts::rows().map(facts::Facts::region)
    }

    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the long name, such as `Europe (Frankfurt)`, if this version knows it.
    pub fn title(&self) -> Option<&'static str> {
        facts::of(self).map(|row| row.title)
    }

    /// Returns the partition, told from the name.
    pub fn partition(&self) -> Partition {
        Partition::of(&self.0)
    }

    /// Returns whether an account must enable this region before it can use it.
    pub fn opt_in(&self) -> OptIn {
        match facts::of(self) {
            Some(row) => row.opt_in,
            // Only the partition `aws` has regions to be enabled.
            None if self.partition() != Partition::Aws => OptIn::NotRequired,
            None => OptIn::Unknown,
        }
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Region {
    type Err = NameError;

    /// Takes names of the form `xx-word-1`: the SDKs' pattern, but for the list of first words.
    fn from_str(text: &str) -> Result<Self, NameError> {
        let parts: Vec<&str> = text.split('-').collect();
        let is_word = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
        match parts.as_slice() {
            [words @ .., number]
                if words.len() >= 2
                    && words.iter().all(is_word)
                    && !number.is_empty()
                    && number.bytes().all(|b| b.is_ascii_digit()) =>
            {
                Ok(Self(text.into()))
            }
            _ => Err(NameError::new("region", text, "a region is named like `eu-central-1`")),
        }
    }
}

impl Serialize for Region {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Region {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// A text is not the name it should be.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{text}` is not a {what}: {why}")]
#[non_exhaustive]
pub struct NameError {
    /// What it should be.
    pub what: &'static str,
    /// The text.
    pub text: String,
    /// Why it is not.
    pub why: &'static str,
}

impl NameError {
    pub(crate) fn new(what: &'static str, text: &str, why: &'static str) -> Self {
        Self { what, text: text.to_owned(), why }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_tells_its_partition() -> Result<(), NameError> {
        let of = |name: &str| name.parse::<Region>().map(|region| region.partition());
        assert_eq!(of("cn-north-1")?, Partition::AwsCn);
        assert_eq!(of("us-gov-west-1")?, Partition::AwsUsGov);
        assert_eq!(of("us-isob-east-1")?, Partition::AwsIsoB);
        assert_eq!(of("us-iso-east-1")?, Partition::AwsIso);
        assert_eq!(of("us-isof-south-1")?, Partition::AwsIsoF);
        assert_eq!(of("eu-isoe-west-1")?, Partition::AwsIsoE);
        assert_eq!(of("eusc-de-east-1")?, Partition::AwsEusc);
        assert_eq!(of("us-west-2")?, Partition::Aws);
        Ok(())
    }

    #[test]
    fn opt_in_is_known_or_said_to_be_unknown() -> Result<(), NameError> {
        let of = |name: &str| name.parse::<Region>().map(|region| region.opt_in());
        assert_eq!(of("me-central-1")?, OptIn::Required);
        assert_eq!(of("eu-central-1")?, OptIn::NotRequired);
        assert_eq!(of("cn-north-1")?, OptIn::NotRequired);
        assert_eq!(of("cn-mars-1")?, OptIn::NotRequired);
        assert_eq!(of("us-mars-1")?, OptIn::Unknown);
        Ok(())
    }

    #[test]
    fn what_is_no_region_is_refused() {
        for text in ["", "us", "us-east", "us-east-1a", "US-east-1", "us--1", "us-east-1 ", "alias/x", "*", "us-east-"]
        {
            assert!(text.parse::<Region>().is_err(), "{text}");
        }
    }
}
