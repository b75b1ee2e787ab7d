//! Partitions, and the suffixes of their hosts.
// REQ: E-34

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{NameError, Region, facts};

/// A partition: a group of regions with accounts of its own, such as `aws` or `aws-cn`.
///
/// Suffixes and global regions are those of the SDKs' `partitions.json`, read 2026-11.
///
/// ```
/// # use regionmig_core::Partition;
/// assert_eq!(Partition::AwsCn.dual_stack_suffix(), "api.amazonwebservices.com.cn");
/// assert_eq!(Partition::AwsCn.regions().count(), 2);
/// ```
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

/// What is known of one partition.
struct Row {
    partition: Partition,
    name: &'static str,
    /// What its regions' names begin with.
    prefixes: &'static [&'static str],
    dns_suffix: &'static str,
    dual_stack_suffix: &'static str,
    /// The region of its global services.
    global_region: &'static str,
}

const fn row(
    partition: Partition,
    name: &'static str,
    prefixes: &'static [&'static str],
    [dns_suffix, dual_stack_suffix]: [&'static str; 2],
    global_region: &'static str,
) -> Row {
    Row { partition, name, prefixes, dns_suffix, dual_stack_suffix, global_region }
}

const ROWS: [Row; 8] = [
    row(Partition::AwsCn, "aws-cn", &["cn-"], ["amazonaws.com.cn", "api.amazonwebservices.com.cn"], "cn-northwest-1"),
    row(Partition::AwsEusc, "aws-eusc", &["eusc-"], ["amazonaws.eu", "api.amazonwebservices.eu"], "eusc-de-east-1"),
    row(Partition::AwsIso, "aws-iso", &["us-iso-"], ["c2s.ic.gov", "api.aws.ic.gov"], "us-iso-east-1"),
    row(Partition::AwsIsoB, "aws-iso-b", &["us-isob-"], ["sc2s.sgov.gov", "api.aws.scloud"], "us-isob-east-1"),
    row(Partition::AwsIsoE, "aws-iso-e", &["eu-isoe-"], ["cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"], "eu-isoe-west-1"),
    row(Partition::AwsIsoF, "aws-iso-f", &["us-isof-"], ["csp.hci.ic.gov", "api.aws.hci.ic.gov"], "us-isof-south-1"),
    row(Partition::AwsUsGov, "aws-us-gov", &["us-gov-"], ["amazonaws.com", "api.aws"], "us-gov-west-1"),
    // Last: its prefixes begin others'.
    row(
        Partition::Aws,
        "aws",
        &["us-", "eu-", "ap-", "sa-", "ca-", "me-", "af-", "il-", "mx-"],
        ["amazonaws.com", "api.aws"],
        "us-east-1",
    ),
];

impl Partition {
    /// Returns every partition that this version knows.
    pub fn known() -> impl Iterator<Item = Self> {
        ROWS.iter().map(|row| row.partition)
    }

    /// Returns the name, as ARNs have it.
    pub fn as_str(self) -> &'static str {
        self.row().name
    }

    /// Returns what hosts' names end in, such as `amazonaws.com`.
    pub fn dns_suffix(self) -> &'static str {
        self.row().dns_suffix
    }

    /// Returns what the names of hosts end in that are reached by IPv6 as well, such as `api.aws`.
    pub fn dual_stack_suffix(self) -> &'static str {
        self.row().dual_stack_suffix
    }

    /// Returns the region in which services that have one region a partition answer. In China IAM has the other one.
    pub fn global_region(self) -> &'static str {
        self.row().global_region
    }

    /// Returns its regions, as far as this version knows them.
    pub fn regions(self) -> impl Iterator<Item = Region> {
        facts::rows().filter(move |row| Self::of(row.name) == self).map(|row| row.region())
    }

    /// Tells the partition from a region's name. A name that no partition's regions begin with counts to `aws`, as the
    /// SDKs have it.
    pub(super) fn of(region: &str) -> Self {
        let has = |row: &&Row| row.prefixes.iter().any(|prefix| region.starts_with(prefix));
        ROWS.iter().find(has).map_or(Self::Aws, |row| row.partition)
    }

    fn row(self) -> &'static Row {
        let at = ROWS.iter().position(|row| row.partition == self).unwrap_or(ROWS.len() - 1);
        &ROWS[at]
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
        let found = ROWS.iter().find(|row| row.name == text);
        found.map(|row| row.partition).ok_or_else(|| NameError::new("partition", text, "no partition has that name"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_partition_reads_back_from_its_name() {
        assert_eq!(Partition::known().count(), 8);
        for row in ROWS {
            assert_eq!(row.name.parse::<Partition>(), Ok(row.partition));
            assert_eq!(row.partition.to_string(), row.name);
            assert_eq!(Partition::of(row.global_region), row.partition);
            assert_eq!(serde_json::to_value(row.partition).ok(), Some(row.name.into()));
        }
        assert!("aws-mars".parse::<Partition>().is_err());
    }

    #[test]
    fn a_partition_lists_its_own_regions_and_its_global_one_among_them() {
        for partition in Partition::known() {
            let regions: Vec<Region> = partition.regions().collect();
            assert!(regions.iter().any(|region| region.as_str() == partition.global_region()), "{partition}");
            assert!(regions.iter().all(|region| region.partition() == partition), "{partition}");
        }
        let count: usize = Partition::known().map(|partition| partition.regions().count()).sum();
        assert_eq!(count, Region::known().count());
    }
}
