//! Regions and partitions, and what is known of them.
// REQ: E-34

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A partition: a group of regions with accounts of its own, such as `aws` or `aws-cn`.
///
/// Suffixes and global regions are those of the SDKs' `partitions.json`, read 2026-11.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[non_exhaustive]
pub enum Partition {
    /// The commercial regions.
    #[serde(rename = "aws")]
    Aws,
    /// China.
    #[serde(rename = "aws-cn")]
    AwsCn,
    /// The European Sovereign Cloud.
    #[serde(rename = "aws-eusc")]
    AwsEusc,
    /// US intelligence community, top secret.
    #[serde(rename = "aws-iso")]
    AwsIso,
    /// US intelligence community, secret.
    #[serde(rename = "aws-iso-b")]
    AwsIsoB,
    /// The isolated partition of the United Kingdom.
    #[serde(rename = "aws-iso-e")]
    AwsIsoE,
    /// The isolated partition of a further US community.
    #[serde(rename = "aws-iso-f")]
    AwsIsoF,
    /// US GovCloud.
    #[serde(rename = "aws-us-gov")]
    AwsUsGov,
}

/// Partition, name, prefixes of its regions' names, DNS suffix, region of its global services.
const PARTITIONS: [(Partition, &str, &[&str], &str, &str); 8] = [
    (Partition::AwsCn, "aws-cn", &["cn-"], "amazonaws.com.cn", "cn-northwest-1"),
    (Partition::AwsEusc, "aws-eusc", &["eusc-"], "amazonaws.eu", "eusc-de-east-1"),
    (Partition::AwsIso, "aws-iso", &["us-iso-"], "c2s.ic.gov", "us-iso-east-1"),
    (Partition::AwsIsoB, "aws-iso-b", &["us-isob-"], "sc2s.sgov.gov", "us-isob-east-1"),
    (Partition::AwsIsoE, "aws-iso-e", &["eu-isoe-"], "cloud.adc-e.uk", "eu-isoe-west-1"),
    (Partition::AwsIsoF, "aws-iso-f", &["us-isof-"], "csp.hci.ic.gov", "us-isof-south-1"),
    (Partition::AwsUsGov, "aws-us-gov", &["us-gov-"], "amazonaws.com", "us-gov-west-1"),
    // Last: its prefixes begin others'.
    (
        Partition::Aws,
        "aws",
        &["us-", "eu-", "ap-", "sa-", "ca-", "me-", "af-", "il-", "mx-"],
        "amazonaws.com",
        "us-east-1",
    ),
];

impl Partition {
    /// Returns the name, as ARNs have it.
    pub fn as_str(self) -> &'static str {
        self.row().1
    }

    /// Returns what hosts' names end in, such as `amazonaws.com`.
    pub fn dns_suffix(self) -> &'static str {
        self.row().3
    }

    /// Returns the region in which services that have one region a partition answer. In China IAM has the other one.
    pub fn global_region(self) -> &'static str {
        self.row().4
    }

    fn row(self) -> &'static (Self, &'static str, &'static [&'static str], &'static str, &'static str) {
        let at = PARTITIONS.iter().position(|row| row.0 == self).unwrap_or(PARTITIONS.len() - 1);
        &PARTITIONS[at]
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Partition {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let found = PARTITIONS.iter().find(|row| row.1 == text);
        found.map(|row| row.0).ok_or_else(|| NameError::new("partition", text, "no partition has that name"))
    }
}

/// Regions of the partition `aws` that an account must enable before it can use them.
///
/// AWS General Reference, "Regions that you can enable", read 2026-11. All regions of the other
/// partitions are enabled by default, and so are those of `aws` launched before 2019-03-20.
const OPT_IN: [&str; 19] = [
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-south-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-west-1",
    "eu-central-2",
    "eu-south-1",
    "eu-south-2",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "me-west-1",
    "mx-central-1",
    "sa-west-1",
];

/// Regions of the partition `aws` that are enabled in every account.
const DEFAULT: [&str; 17] = [
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

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
    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the partition, told from the name.
    pub fn partition(&self) -> Partition {
        let of = |prefixes: &[&str]| prefixes.iter().any(|prefix| self.0.starts_with(prefix));
        PARTITIONS.iter().find(|row| of(row.2)).map_or(Partition::Aws, |row| row.0)
    }

    /// Returns whether an account must enable this region before it can use it.
    pub fn opt_in(&self) -> OptIn {
        if self.partition() != Partition::Aws || DEFAULT.contains(&self.as_str()) {
            OptIn::NotRequired
        } else if OPT_IN.contains(&self.as_str()) {
            OptIn::Required
        } else {
            OptIn::Unknown
        }
    }

    /// Returns the host of a regional service, such as `kms.eu-central-1.amazonaws.com`.
    pub fn host(&self, service: &str) -> String {
        format!("{service}.{self}.{}", self.partition().dns_suffix())
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
    fn a_region_tells_its_partition_and_suffix() -> Result<(), NameError> {
        let of = |name: &str| name.parse::<Region>().map(|region| region.partition());
        assert_eq!(of("cn-north-1")?, Partition::AwsCn);
        assert_eq!(of("us-gov-west-1")?, Partition::AwsUsGov);
        assert_eq!(of("us-isob-east-1")?, Partition::AwsIsoB);
        assert_eq!(of("us-iso-east-1")?, Partition::AwsIso);
        assert_eq!(of("us-isof-south-1")?, Partition::AwsIsoF);
        assert_eq!(of("eu-isoe-west-1")?, Partition::AwsIsoE);
        assert_eq!(of("eusc-de-east-1")?, Partition::AwsEusc);
        assert_eq!(of("us-west-2")?, Partition::Aws);
        assert_eq!("cn-north-1".parse::<Region>()?.host("kms"), "kms.cn-north-1.amazonaws.com.cn");
        assert_eq!(Partition::AwsUsGov.global_region(), "us-gov-west-1");
        Ok(())
    }

    #[test]
    fn every_partition_reads_back_from_its_name() {
        for row in PARTITIONS {
            assert_eq!(row.1.parse::<Partition>(), Ok(row.0));
            assert_eq!(row.0.to_string(), row.1);
            assert_eq!(row.4.parse::<Region>().map(|region| region.partition()), Ok(row.0));
            assert_eq!(serde_json::to_value(row.0).ok(), Some(row.1.into()));
        }
        assert!("aws-mars".parse::<Partition>().is_err());
    }

    #[test]
    fn opt_in_is_known_or_said_to_be_unknown() -> Result<(), NameError> {
        let of = |name: &str| name.parse::<Region>().map(|region| region.opt_in());
        assert_eq!(of("me-central-1")?, OptIn::Required);
        assert_eq!(of("eu-central-1")?, OptIn::NotRequired);
        assert_eq!(of("cn-north-1")?, OptIn::NotRequired);
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
