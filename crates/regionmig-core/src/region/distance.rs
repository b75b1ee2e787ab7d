//! How far regions are from each other.
// REQ: FED-6

use super::{OptIn, Region, facts};

/// The earth's mean radius in kilometres, as of the International Union of Geodesy and Geophysics.
const RADIUS: f64 = 6371.0;

impl Region {
    /// Returns the city that distances to this region are measured from, if this version knows one.
    ///
    /// It is the one in the region's title, or where that names a state or a country, one there by our choice: AWS does not
    /// publish where its data centres are. Unknown for the isolated partitions.
    pub fn city(&self) -> Option<&'static str> {
        facts::of(self)?.city.map(|city| city.name)
    }

    /// Returns how many kilometres of great circle lie between two regions, if this version knows where both are.
    ///
    /// Approximate: from [`city`](Self::city) to city, which may be some hundred kilometres off.
    ///
    /// ```
    /// # use regionmig_core::Region;
    /// let (frankfurt, dublin): (Region, Region) = ("eu-central-1".parse()?, "eu-west-1".parse()?);
    /// assert!(frankfurt.kilometres_to(&dublin).is_some_and(|far| (1050..1150).contains(&far)));
    /// # Ok::<(), regionmig_core::NameError>(())
    /// ```
    pub fn kilometres_to(&self, other: &Self) -> Option<u32> {
        Some(great_circle(facts::of(self)?.city?.at, facts::of(other)?.city?.at))
    }

    /// Returns the other regions of the partition with their [distance](Self::kilometres_to), nearest first.
    ///
    /// Empty if this version does not know where this region is. Regions in one city are in the order of their names.
    pub fn by_distance(&self) -> Vec<(Self, u32)> {
        let others = self.partition().regions().filter(|other| other != self);
        let mut far: Vec<_> = others.filter_map(|other| self.kilometres_to(&other).map(|far| (other, far))).collect();
        far.sort_by(|(a, a_far), (b, b_far)| a_far.cmp(b_far).then_with(|| a.cmp(b)));
        far
    }

    /// Returns the regions to fail over to, in the order in which to try them: those at least `least` kilometres away.
    ///
    /// Regions that every account has come first, since the others must be enabled beforehand; among each of both, the
    /// nearest does, for the shortest answers. AWS gives no number: a few hundred kilometres part weather, power and
    /// earthquakes; a thousand or more, most of what befalls a country.
    ///
    /// ```
    /// # use regionmig_core::Region;
    /// let uae: Region = "me-central-1".parse()?;
    /// let (first, far) = &uae.fail_over(1000)[0];
    /// assert_eq!((first.as_str(), far / 100), ("ap-south-1", 19));
    /// # Ok::<(), regionmig_core::NameError>(())
    /// ```
    pub fn fail_over(&self, least: u32) -> Vec<(Self, u32)> {
        let mut regions = self.by_distance();
        regions.retain(|(_, far)| *far >= least);
        // Stable, so that the nearest stays first.
        regions.sort_by_key(|(region, _)| region.opt_in() != OptIn::NotRequired);
        regions
    }
}

/// Returns the distance in kilometres, by the haversine formula, between points in hundredths of a degree.
fn great_circle(a: (i16, i16), b: (i16, i16)) -> u32 {
    let radians = |(north, east): (i16, i16)| [north, east].map(|angle| (f64::from(angle) / 100.0).to_radians());
    let ([a_north, a_east], [b_north, b_east]) = (radians(a), radians(b));
    let half = |x: f64, y: f64| ((y - x) / 2.0).sin().powi(2);
    let square = half(a_north, b_north) + a_north.cos() * b_north.cos() * half(a_east, b_east);
    let far = 2.0 * RADIUS * square.sqrt().min(1.0).asin();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is between 0 and 20,016")]
    let whole = far.round() as u32;
    whole
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::region::{NameError, Partition};

    fn region(name: &str) -> Result<Region, NameError> {
        name.parse()
    }

    #[test]
    fn a_quarter_of_a_circle_is_ten_thousand_kilometres() {
        // The metre was meant to be that; on a sphere of the mean radius it is 10,008.
        assert_eq!(great_circle((0, 0), (9000, 0)), 10_008);
        assert_eq!(great_circle((0, 0), (0, 9000)), 10_008);
        assert_eq!(great_circle((0, 17950), (0, -17950)), 111);
        assert_eq!(great_circle((9000, 0), (-9000, 0)), 20_015);
        assert_eq!(great_circle((1234, 5678), (1234, 5678)), 0);
    }

    #[test]
    fn distances_are_those_between_the_cities() -> Result<(), NameError> {
        // Figures from tables of air distances, within 3 per cent.
        let pairs = [
            ("eu-central-1", "eu-west-1", 1090),
            ("eu-west-2", "eu-west-3", 344),
            ("ap-northeast-1", "ap-northeast-3", 400),
            ("ap-southeast-1", "ap-southeast-2", 6300),
            ("ap-southeast-2", "ap-southeast-4", 713),
            ("ap-southeast-2", "ap-southeast-6", 2155),
            ("me-central-1", "me-south-1", 485),
            ("sa-east-1", "sa-west-1", 2590),
            ("af-south-1", "eu-west-2", 9670),
            ("ca-central-1", "ca-west-1", 3000),
            ("ap-northeast-1", "us-west-1", 8280),
        ];
        for (a, b, expected) in pairs {
            let (a, b) = (region(a)?, region(b)?);
            let far = a.kilometres_to(&b).unwrap_or(0);
            assert!(far.abs_diff(expected) * 100 <= expected * 3, "{a} {b}: {far}, not {expected}");
            assert_eq!(b.kilometres_to(&a), Some(far), "{a} {b}");
        }
        Ok(())
    }

    #[test]
    fn others_of_the_partition_come_nearest_first() -> Result<(), NameError> {
        let frankfurt = region("eu-central-1")?;
        let far = frankfurt.by_distance();
        assert_eq!(far.len(), Partition::Aws.regions().count() - 1);
        assert!(far.is_sorted_by_key(|(_, far)| *far));
        assert!(far.iter().all(|(other, _)| other.partition() == Partition::Aws && *other != frankfurt));
        let names: Vec<&str> = far.iter().take(3).map(|(other, _)| other.as_str()).collect();
        assert_eq!(names, ["eu-central-2", "eu-west-3", "eu-south-1"]);
        Ok(())
    }

    #[test]
    // REQ: FED-6
    fn fail_over_tries_the_nearest_far_enough_that_the_account_surely_has() -> Result<(), NameError> {
        let frankfurt = region("eu-central-1")?;
        let candidates = frankfurt.fail_over(1000);
        assert!(candidates.iter().all(|(_, far)| *far >= 1000));
        assert_eq!(candidates.first().map(|(region, _)| region.as_str()), Some("eu-west-1"));
        let asked: Vec<bool> = candidates.iter().map(|(region, _)| region.opt_in() == OptIn::Required).collect();
        assert!(asked.is_sorted() && asked.contains(&true));
        assert_eq!(frankfurt.fail_over(0).len(), frankfurt.by_distance().len());
        assert_eq!(frankfurt.fail_over(25_000), []);
        Ok(())
    }

    #[test]
    fn a_region_of_another_partition_is_no_refuge() -> Result<(), NameError> {
        let beijing = region("cn-north-1")?;
        let names: Vec<String> = beijing.fail_over(0).into_iter().map(|(region, _)| region.to_string()).collect();
        assert_eq!(names, ["cn-northwest-1"]);
        assert_eq!(region("eusc-de-east-1")?.fail_over(0), []);
        Ok(())
    }

    #[test]
    fn what_is_not_known_to_lie_anywhere_has_no_distance() -> Result<(), NameError> {
        for name in ["us-iso-east-1", "eu-mars-1"] {
            let unknown = region(name)?;
            assert_eq!(unknown.city(), None);
            assert_eq!(unknown.kilometres_to(&region("eu-central-1")?), None);
            assert_eq!(region("eu-central-1")?.kilometres_to(&unknown), None);
            assert_eq!(unknown.by_distance(), []);
        }
        Ok(())
    }
}
