//! Where STS answers.
// REQ: FED-3, FED-4, FED-16

use std::fmt;
use std::str::FromStr;

use super::{HostVariant, NameError, OptIn, Partition, Region, facts};

/// The host of STS that has no region in its name.
const GLOBAL: &str = "sts.amazonaws.com";

/// Where the global host answers callers that it does not answer in their own region, and for which it is signed.
const GLOBAL_REGION: &str = "us-east-1";

/// An address of STS. Displays as the URL, such as `https://sts.me-central-1.amazonaws.com`, and reads back from it.
///
/// From the SDKs' endpoint rules of STS, read 2026-11. A region's host is there whether or not the account has enabled the
/// region, and answers only once it has.
///
/// ```
/// # use regionmig_core::{HostVariant, Region, Resolver, StsEndpoint};
/// let frankfurt: Region = "eu-central-1".parse()?;
/// let uae: Region = "me-central-1".parse()?;
/// assert_eq!(StsEndpoint::regional(&uae, HostVariant::Plain).to_string(), "https://sts.me-central-1.amazonaws.com");
///
/// let global: StsEndpoint = "https://sts.amazonaws.com".parse()?;
/// assert_eq!(global.answers_in(&frankfurt, Resolver::AmazonVpc).as_ref(), Some(&frankfurt));
/// assert_eq!(global.answers_in(&uae, Resolver::AmazonVpc), Some("us-east-1".parse()?));
/// # Ok::<(), regionmig_core::NameError>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct StsEndpoint(Kind);

#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
enum Kind {
    /// Only the partition `aws` has such a host.
    Global,
    Regional(Region, HostVariant),
}

/// Who turns a host's name into an address for the caller.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "it is that of the VPC, or it is not")]
pub enum Resolver {
    /// The DNS server that Amazon provides in every VPC.
    AmazonVpc,
    /// Any other: the caller's own DNS, also inside a VPC, and all that is outside AWS.
    Other,
}

impl StsEndpoint {
    /// Returns the region's own endpoint.
    ///
    /// In GovCloud the plain host is the FIPS one, so that both are one endpoint.
    pub fn regional(region: &Region, variant: HostVariant) -> Self {
        let variant = match variant {
            HostVariant::Plain if is_plainly_fips(region) => HostVariant::Fips,
            variant => variant,
        };
        Self(Kind::Regional(region.clone(), variant))
    }

    /// Returns the partition's endpoint without a region in its name. Only `aws` has one.
    pub fn global(partition: Partition) -> Option<Self> {
        (partition == Partition::Aws).then_some(Self(Kind::Global))
    }

    /// Returns the endpoint that an SDK takes which heeds `sts_regional_endpoints=legacy`.
    ///
    /// It is the global one for 15 regions, and only while neither FIPS nor dual stack is asked for. Newer SDKs, that of
    /// Rust among them, do not know the setting and take the region's endpoint.
    pub fn legacy(region: &Region, variant: HostVariant) -> Self {
        match variant {
            HostVariant::Plain if region.is_legacy_sts() => Self(Kind::Global),
            variant => Self::regional(region, variant),
        }
    }

    /// Returns the host, such as `sts.eu-central-1.amazonaws.com`.
    pub fn host(&self) -> String {
        match &self.0 {
            Kind::Global => GLOBAL.to_owned(),
            Kind::Regional(region, HostVariant::Fips) if is_plainly_fips(region) => region.host("sts"),
            Kind::Regional(region, variant) => region.host_variant("sts", *variant),
        }
    }

    /// Returns the region in the host's name. The global host has none.
    pub fn region(&self) -> Option<&Region> {
        match &self.0 {
            Kind::Global => None,
            Kind::Regional(region, _) => Some(region),
        }
    }

    /// Returns what kind of host it is. The global one is plain.
    pub fn variant(&self) -> HostVariant {
        match &self.0 {
            Kind::Global => HostVariant::Plain,
            Kind::Regional(_, variant) => *variant,
        }
    }

    /// Returns the partition whose STS it is.
    pub fn partition(&self) -> Partition {
        self.region().map_or(Partition::Aws, Region::partition)
    }

    /// Whether no region is in its name.
    pub fn is_global(&self) -> bool {
        self.0 == Kind::Global
    }

    /// Returns the region for which requests to it are signed.
    pub fn signing_region(&self) -> Region {
        self.region().cloned().unwrap_or_else(global_region)
    }

    /// Returns the region that answers a call made in the region `caller`. A caller outside AWS is one of any region that
    /// has another resolver than [`Resolver::AmazonVpc`].
    ///
    /// The global host answers in the caller's region if that is enabled in every account and the VPC's own DNS server
    /// resolved the name, and in us-east-1 for all others (IAM User Guide, "Manage AWS STS in an AWS Region", read 2026-11).
    /// None: the caller's region is newer than this version, and it is not known which of both it is.
    pub fn answers_in(&self, caller: &Region, resolver: Resolver) -> Option<Region> {
        match (&self.0, resolver) {
            (Kind::Regional(region, _), _) => Some(region.clone()),
            (Kind::Global, Resolver::Other) => Some(global_region()),
            (Kind::Global, Resolver::AmazonVpc) if caller.partition() != Partition::Aws => Some(global_region()),
            (Kind::Global, Resolver::AmazonVpc) => match caller.opt_in() {
                OptIn::NotRequired => Some(caller.clone()),
                OptIn::Required => Some(global_region()),
                OptIn::Unknown => None,
            },
        }
    }
}

impl Region {
    /// Whether an SDK told `sts_regional_endpoints=legacy` sends calls for this region to the global endpoint of STS.
    ///
    /// True for 15 regions of `aws`. Not all that are enabled in every account are among them.
    pub fn is_legacy_sts(&self) -> bool {
        facts::of(self).is_some_and(|row| row.is_legacy_sts)
    }
}

impl fmt::Display for StsEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "https://{}", self.host())
    }
}

impl FromStr for StsEndpoint {
    type Err = NameError;

    /// Takes exactly what it displays as, and that only if it is an address of AWS.
    fn from_str(text: &str) -> Result<Self, NameError> {
        let refuse = |why| NameError::new("STS endpoint", text, why);
        let host = text.strip_prefix("https://").ok_or_else(|| refuse("it must begin with `https://`"))?;
        if host == GLOBAL {
            return Ok(Self(Kind::Global));
        }
        let region = host.split('.').nth(1).and_then(|label| label.parse::<Region>().ok());
        let region = region.ok_or_else(|| refuse("a region follows `sts.` or `sts-fips.`"))?;
        // What these do not make is no host of STS, whatever it looks like.
        let made = HostVariant::ALL.map(|variant| Self::regional(&region, variant));
        let is_meant = |made: &Self| made.host() == host;
        made.into_iter().find(is_meant).ok_or_else(|| refuse("no partition has that host"))
    }
}

fn is_plainly_fips(region: &Region) -> bool {
    region.partition() == Partition::AwsUsGov
}

fn global_region() -> Region {
    Region(GLOBAL_REGION.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(name: &str) -> Result<Region, NameError> {
        name.parse()
    }

    #[test]
    fn the_plain_host_of_govcloud_is_the_fips_one() -> Result<(), NameError> {
        let west = region("us-gov-west-1")?;
        let plain = StsEndpoint::regional(&west, HostVariant::Plain);
        assert_eq!(plain, StsEndpoint::regional(&west, HostVariant::Fips));
        assert!(plain.variant().is_fips());
        assert_eq!(plain.host(), "sts.us-gov-west-1.amazonaws.com");
        let both = StsEndpoint::regional(&west, HostVariant::FipsDualStack);
        assert_eq!(both.host(), "sts-fips.us-gov-west-1.api.aws");
        Ok(())
    }

    #[test]
    fn only_the_first_partition_has_a_global_endpoint() {
        let has: Vec<Partition> =
            Partition::known().filter(|partition| StsEndpoint::global(*partition).is_some()).collect();
        assert_eq!(has, [Partition::Aws]);
    }

    #[test]
    fn the_legacy_setting_sends_the_listed_regions_to_the_global_endpoint() -> Result<(), NameError> {
        let of = |name, variant| region(name).map(|region| StsEndpoint::legacy(&region, variant).to_string());
        assert_eq!(of("eu-central-1", HostVariant::Plain)?, "https://sts.amazonaws.com");
        // Enabled in every account, and yet not on the list.
        assert_eq!(of("ap-northeast-3", HostVariant::Plain)?, "https://sts.ap-northeast-3.amazonaws.com");
        assert_eq!(of("me-central-1", HostVariant::Plain)?, "https://sts.me-central-1.amazonaws.com");
        assert_eq!(of("eu-central-1", HostVariant::Fips)?, "https://sts-fips.eu-central-1.amazonaws.com");
        assert_eq!(of("eu-central-1", HostVariant::DualStack)?, "https://sts.eu-central-1.api.aws");
        Ok(())
    }

    #[test]
    // REQ: FED-3, FED-4
    fn the_global_endpoint_answers_in_regions_that_every_account_has_and_else_in_one() -> Result<(), NameError> {
        let global = StsEndpoint(Kind::Global);
        let of = |name: &str, resolver| region(name).map(|caller| global.answers_in(&caller, resolver));
        for caller in Partition::Aws.regions() {
            let served = global.answers_in(&caller, Resolver::AmazonVpc);
            let is_local = caller.opt_in() == OptIn::NotRequired;
            assert_eq!(served, Some(if is_local { caller.clone() } else { global_region() }), "{caller}");
            assert_eq!(global.answers_in(&caller, Resolver::Other), Some(global_region()), "{caller}");
        }
        assert_eq!(of("ap-northeast-3", Resolver::AmazonVpc)?, Some(region("ap-northeast-3")?));
        assert_eq!(of("me-central-1", Resolver::AmazonVpc)?, Some(region("us-east-1")?));
        assert_eq!(of("cn-north-1", Resolver::AmazonVpc)?, Some(region("us-east-1")?));
        assert_eq!(of("us-mars-1", Resolver::AmazonVpc)?, None);
        assert_eq!(of("us-mars-1", Resolver::Other)?, Some(region("us-east-1")?));
        Ok(())
    }

    #[test]
    fn a_regional_endpoint_answers_in_its_region_whoever_calls() -> Result<(), NameError> {
        let uae = region("me-central-1")?;
        let endpoint = StsEndpoint::regional(&uae, HostVariant::Plain);
        assert_eq!(endpoint.answers_in(&region("eu-central-1")?, Resolver::Other), Some(uae.clone()));
        assert_eq!(endpoint.signing_region(), uae);
        assert_eq!(StsEndpoint(Kind::Global).signing_region(), region("us-east-1")?);
        Ok(())
    }

    #[test]
    // REQ: FED-16
    fn every_endpoint_reads_back_from_its_address() {
        for region in Region::known() {
            for variant in HostVariant::ALL {
                let endpoint = StsEndpoint::regional(&region, variant);
                assert_eq!(endpoint.to_string().parse(), Ok(endpoint));
            }
        }
        assert_eq!("https://sts.amazonaws.com".parse(), Ok(StsEndpoint(Kind::Global)));
    }

    #[test]
    fn what_is_no_address_of_sts_is_refused() {
        let hosts = [
            "",
            "https://",
            "http://sts.amazonaws.com",
            "https://sts.amazonaws.com/",
            "https://sts.amazonaws.com:443",
            "https://sts.amazonaws.com.evil.org",
            "https://sts-fips.amazonaws.com",
            "https://sts.amazonaws.com.cn",
            "https://kms.eu-central-1.amazonaws.com",
            "https://evil-sts.eu-central-1.amazonaws.com",
            "https://sts.eu-central-1.amazonaws.com.cn",
            "https://sts.cn-north-1.amazonaws.com",
            "https://sts.eu-central-1.amazonaws.com.evil.org",
            "https://me@sts.eu-central-1.amazonaws.com",
            "https://sts.eu-central-1.amazonaws.com?x=y",
            "https://sts-fips.us-gov-west-1.amazonaws.com",
            "sts.eu-central-1.amazonaws.com",
        ];
        for text in hosts {
            assert!(text.parse::<StsEndpoint>().is_err(), "{text}");
        }
    }
}
