//! The regions that this version knows, one row each.

use Kind::{Asked, Enabled, Legacy};

use super::{OptIn, Region};

/// What is known of one region.
#[derive(Debug)]
pub(super) struct Facts {
    pub(super) name: &'static str,
    /// The long name.
    pub(super) title: &'static str,
    pub(super) opt_in: OptIn,
    /// Whether an SDK told `sts_regional_endpoints=legacy` sends calls for this region to the global host of STS.
    pub(super) is_legacy_sts: bool,
    pub(super) city: Option<City>,
}

/// The city a region is taken to lie at.
#[derive(Clone, Copy, Debug)]
pub(super) struct City {
    pub(super) name: &'static str,
    /// Latitude north and longitude east, in hundredths of a degree.
    pub(super) at: (i16, i16),
}

impl Facts {
    pub(super) fn region(&self) -> Region {
        Region(self.name.into())
    }
}

/// Returns all rows.
pub(super) fn rows() -> impl Iterator<Item = &'static Facts> {
    ROWS.iter()
}

/// Returns the row of a region, if this version knows it.
pub(super) fn of(region: &Region) -> Option<&'static Facts> {
    rows().find(|row| row.name == region.as_str())
}

/// Whether a region is enabled in every account, and whether the global host of STS serves its old SDKs.
#[derive(Clone, Copy)]
enum Kind {
    /// Enabled, and on the list of `sts_regional_endpoints=legacy`.
    Legacy,
    /// Enabled.
    Enabled,
    /// An account must enable it.
    Asked,
}

const fn row(kind: Kind, name: &'static str, title: &'static str, city: &'static str, at: (i16, i16)) -> Facts {
    let opt_in = match kind {
        Enabled | Legacy => OptIn::NotRequired,
        Asked => OptIn::Required,
    };
    Facts { name, title, opt_in, is_legacy_sts: matches!(kind, Legacy), city: Some(City { name: city, at }) }
}

/// A region of an isolated partition. Where these are is not published.
const fn isolated(name: &'static str, title: &'static str) -> Facts {
    Facts { name, title, opt_in: OptIn::NotRequired, is_legacy_sts: false, city: None }
}

/// Every region, by partition and name.
///
/// - Names and titles: the SDKs' `partitions.json`, read 2026-11.
/// - Opt-in: AWS General Reference, "Regions that you can enable", read 2026-11. All regions of the partitions other than
///   `aws` are enabled, and so are those of `aws` launched before 2019-03-20. `me-west-1` and `sa-west-1` have no endpoints
///   yet; they are taken to be opt-in like every region launched since (unverified).
/// - Legacy: the endpoint rules of STS in the SDKs name these 15 regions, and `aws-global`, which is none.
/// - Cities: the one in the title. Where that names a country, a state or less, the city is our choice: one there, by what
///   was published when the region was announced. Coordinates are those of the city's centre.
const ROWS: [Facts; 48] = [
    row(Asked, "af-south-1", "Africa (Cape Town)", "Cape Town", (-3392, 1842)),
    row(Asked, "ap-east-1", "Asia Pacific (Hong Kong)", "Hong Kong", (2232, 11417)),
    row(Asked, "ap-east-2", "Asia Pacific (Taipei)", "Taipei", (2503, 12157)),
    row(Legacy, "ap-northeast-1", "Asia Pacific (Tokyo)", "Tokyo", (3568, 13969)),
    row(Enabled, "ap-northeast-2", "Asia Pacific (Seoul)", "Seoul", (3757, 12698)),
    row(Enabled, "ap-northeast-3", "Asia Pacific (Osaka)", "Osaka", (3469, 13550)),
    row(Legacy, "ap-south-1", "Asia Pacific (Mumbai)", "Mumbai", (1908, 7288)),
    row(Asked, "ap-south-2", "Asia Pacific (Hyderabad)", "Hyderabad", (1739, 7849)),
    row(Legacy, "ap-southeast-1", "Asia Pacific (Singapore)", "Singapore", (135, 10382)),
    row(Legacy, "ap-southeast-2", "Asia Pacific (Sydney)", "Sydney", (-3387, 15121)),
    row(Asked, "ap-southeast-3", "Asia Pacific (Jakarta)", "Jakarta", (-621, 10685)),
    row(Asked, "ap-southeast-4", "Asia Pacific (Melbourne)", "Melbourne", (-3781, 14496)),
    row(Asked, "ap-southeast-5", "Asia Pacific (Malaysia)", "Kuala Lumpur", (314, 10169)),
    row(Asked, "ap-southeast-6", "Asia Pacific (New Zealand)", "Auckland", (-3685, 17476)),
    row(Asked, "ap-southeast-7", "Asia Pacific (Thailand)", "Bangkok", (1376, 10050)),
    row(Legacy, "ca-central-1", "Canada (Central)", "Montreal", (4550, -7357)),
    row(Asked, "ca-west-1", "Canada West (Calgary)", "Calgary", (5105, -11407)),
    row(Legacy, "eu-central-1", "Europe (Frankfurt)", "Frankfurt", (5011, 868)),
    row(Asked, "eu-central-2", "Europe (Zurich)", "Zurich", (4738, 854)),
    row(Legacy, "eu-north-1", "Europe (Stockholm)", "Stockholm", (5933, 1807)),
    row(Asked, "eu-south-1", "Europe (Milan)", "Milan", (4546, 919)),
    row(Asked, "eu-south-2", "Europe (Spain)", "Zaragoza", (4165, -88)),
    row(Legacy, "eu-west-1", "Europe (Ireland)", "Dublin", (5335, -626)),
    row(Legacy, "eu-west-2", "Europe (London)", "London", (5151, -13)),
    row(Legacy, "eu-west-3", "Europe (Paris)", "Paris", (4886, 235)),
    row(Asked, "il-central-1", "Israel (Tel Aviv)", "Tel Aviv", (3209, 3478)),
    row(Asked, "me-central-1", "Middle East (UAE)", "Dubai", (2520, 5527)),
    row(Asked, "me-south-1", "Middle East (Bahrain)", "Manama", (2623, 5059)),
    row(Asked, "me-west-1", "Middle East (Saudi Arabia)", "Riyadh", (2471, 4668)),
    row(Asked, "mx-central-1", "Mexico (Central)", "Querétaro", (2059, -10039)),
    row(Legacy, "sa-east-1", "South America (Sao Paulo)", "São Paulo", (-2355, -4663)),
    row(Asked, "sa-west-1", "South America (Chile)", "Santiago", (-3345, -7067)),
    row(Legacy, "us-east-1", "US East (N. Virginia)", "Ashburn", (3904, -7749)),
    row(Legacy, "us-east-2", "US East (Ohio)", "Columbus", (3996, -8300)),
    row(Legacy, "us-west-1", "US West (N. California)", "San Francisco", (3777, -12242)),
    row(Legacy, "us-west-2", "US West (Oregon)", "Boardman", (4584, -11970)),
    row(Enabled, "cn-north-1", "China (Beijing)", "Beijing", (3990, 11641)),
    row(Enabled, "cn-northwest-1", "China (Ningxia)", "Zhongwei", (3750, 10520)),
    row(Enabled, "eusc-de-east-1", "AWS European Sovereign Cloud (Germany)", "Potsdam", (5240, 1306)),
    isolated("us-iso-east-1", "US ISO East"),
    isolated("us-iso-west-1", "US ISO WEST"),
    isolated("us-isob-east-1", "US ISOB East (Ohio)"),
    isolated("us-isob-west-1", "US ISOB West"),
    isolated("eu-isoe-west-1", "EU ISOE West"),
    isolated("us-isof-east-1", "US ISOF EAST"),
    isolated("us-isof-south-1", "US ISOF SOUTH"),
    row(Enabled, "us-gov-east-1", "AWS GovCloud (US-East)", "Columbus", (3996, -8300)),
    row(Enabled, "us-gov-west-1", "AWS GovCloud (US-West)", "Boardman", (4584, -11970)),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::region::{NameError, Partition};

    #[test]
    fn every_region_is_listed_once_and_by_a_name_that_is_one() -> Result<(), NameError> {
        let mut names = BTreeSet::new();
        for row in rows() {
            assert_eq!(row.name.parse::<Region>()?, row.region());
            assert!(names.insert(row.name), "{}", row.name);
        }
        Ok(())
    }

    #[test]
    fn only_regions_that_every_account_of_the_first_partition_has_are_legacy() {
        let legacy = || rows().filter(|row| row.is_legacy_sts);
        assert_eq!(legacy().count(), 15);
        let is_old = |row: &Facts| row.opt_in == OptIn::NotRequired && row.region().partition() == Partition::Aws;
        assert!(legacy().all(is_old));
    }

    #[test]
    fn a_city_lies_on_the_earth_and_where_the_region_says() {
        for row in rows() {
            let Some(City { at: (north, east), .. }) = row.city else { continue };
            assert!((-9000..=9000).contains(&north) && (-18000..=18000).contains(&east), "{}", row.name);
            // A sign or an order mixed up would put a region into another quarter of the earth.
            let americas = ["ca-", "mx-", "sa-", "us-"].iter().any(|prefix| row.name.starts_with(prefix));
            assert_eq!(east < -3000, americas, "{}", row.name);
        }
    }
}
