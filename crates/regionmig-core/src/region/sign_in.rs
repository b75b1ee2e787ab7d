//! The addresses to which identity providers send SAML assertions.
// REQ: FED-7, FED-8

use std::fmt;
use std::str::FromStr;

use super::{NameError, Partition, Region};

crate::identifier!(
    /// What IAM calls `SAMLProviderUUID`: 22 to 64 capital letters and digits, by the schema of `AWS::IAM::SAMLProvider`.
    pub SamlProviderUuid,
    "iam.saml-provider-uuid",
    |text| match text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()) && (22..=64).contains(&text.len()) {
        true => Ok(()),
        false => Err("it has 22 to 64 capital letters and digits"),
    }
);

/// An address for SAML assertions, such as `https://eu-west-1.signin.aws.amazon.com/saml`: what the identity provider sends
/// them to, and what a trust policy's `SAML:aud` is compared with.
///
/// Displays as the URL and reads back from it, to the letter: a condition compares letters too. Sources, read 2026-11: AWS
/// General Reference, "AWS Sign-In endpoints"; the SDKs' endpoint rules of AWS Sign-In for the other partitions; IAM User
/// Guide, "Configure your SAML 2.0 IdP", for the provider's own address.
///
/// ```
/// # use regionmig_core::{Region, SignInEndpoint};
/// let ireland: Region = "eu-west-1".parse()?;
/// assert_eq!(SignInEndpoint::of(&ireland).to_string(), "https://eu-west-1.signin.aws.amazon.com/saml");
///
/// // Not a global endpoint, though no region is in its name.
/// let listed: SignInEndpoint = "https://signin.aws.amazon.com/saml".parse()?;
/// assert!(!listed.names_region());
/// assert_eq!(listed.region().map(Region::as_str), Some("us-east-1"));
/// # Ok::<(), regionmig_core::NameError>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct SignInEndpoint {
    domain: Domain,
    /// The region in the host's name.
    label: Option<Region>,
    /// The region that answers, as far as that is known.
    region: Option<Region>,
    provider: Option<SamlProviderUuid>,
}

/// What comes after the region in a host.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
struct Domain {
    partition: Partition,
    is_fips: bool,
    name: &'static str,
}

/// What is known of one domain.
struct Row {
    domain: Domain,
    bare: Bare,
}

/// What a domain stands for with no region before it.
#[derive(Clone, Copy)]
enum Bare {
    /// There is no such host, as far as is known.
    Missing,
    /// The host of this region, which also has one with its name.
    Of(&'static str),
    /// A host, but of which region is not documented.
    Somewhere,
}

const fn row(partition: Partition, is_fips: bool, name: &'static str, bare: Bare) -> Row {
    Row { domain: Domain { partition, is_fips, name }, bare }
}

const ROWS: [Row; 9] = [
    row(Partition::Aws, false, "signin.aws.amazon.com", Bare::Of("us-east-1")),
    row(Partition::AwsCn, false, "signin.amazonaws.cn", Bare::Somewhere),
    row(Partition::AwsEusc, false, "signin.amazonaws-eusc.eu", Bare::Missing),
    row(Partition::AwsIso, false, "signin.c2shome.ic.gov", Bare::Missing),
    row(Partition::AwsIsoB, false, "signin.sc2shome.sgov.gov", Bare::Missing),
    row(Partition::AwsIsoE, false, "signin.csphome.adc-e.uk", Bare::Missing),
    row(Partition::AwsIsoF, false, "signin.csphome.hci.ic.gov", Bare::Missing),
    row(Partition::AwsUsGov, false, "signin.amazonaws-us-gov.com", Bare::Somewhere),
    row(Partition::AwsUsGov, true, "signin-fips.amazonaws-us-gov.com", Bare::Of("us-gov-west-1")),
];

impl SignInEndpoint {
    /// Returns the endpoint that AWS lists for a region.
    ///
    /// That of us-east-1 has no region in its name. `us-east-1.signin.aws.amazon.com`, which the SDKs use, can be parsed.
    pub fn of(region: &Region) -> Self {
        Row::of(region.partition()).listed(region)
    }

    /// Returns the region's endpoint with cryptography validated under FIPS 140. Only GovCloud is known to have them.
    pub fn fips(region: &Region) -> Option<Self> {
        let fips = ROWS.iter().find(|row| row.domain.is_fips && row.domain.partition == region.partition());
        fips.map(|row| row.listed(region))
    }

    /// Returns the partition's endpoint without a region in its name, if it is known to have one.
    ///
    /// It is older than the regions' own, and no more available than a single region: see [`region`](Self::region).
    pub fn bare(partition: Partition) -> Option<Self> {
        Row::of(partition).without_region()
    }

    /// Makes it the address of one SAML provider, which encrypted assertions must be sent to.
    #[must_use]
    pub fn with_provider(mut self, provider: SamlProviderUuid) -> Self {
        self.provider = Some(provider);
        self
    }

    /// Returns the region that answers. For the bare hosts of China and GovCloud it is not documented which that is.
    pub fn region(&self) -> Option<&Region> {
        self.region.as_ref()
    }

    /// Whether the region is in the host's name.
    pub fn names_region(&self) -> bool {
        self.label.is_some()
    }

    /// Returns the partition.
    pub fn partition(&self) -> Partition {
        self.domain.partition
    }

    /// Whether it is a FIPS host.
    pub fn is_fips(&self) -> bool {
        self.domain.is_fips
    }

    /// Returns the provider that it is for, if it is for one only.
    pub fn provider(&self) -> Option<&SamlProviderUuid> {
        self.provider.as_ref()
    }

    /// Returns the host, such as `eu-west-1.signin.aws.amazon.com`.
    pub fn host(&self) -> String {
        match &self.label {
            Some(region) => format!("{region}.{}", self.domain.name),
            None => self.domain.name.to_owned(),
        }
    }
}

impl Row {
    /// Returns the row of a partition's plain hosts.
    fn of(partition: Partition) -> &'static Self {
        let is_meant = |row: &Self| row.domain.partition == partition && !row.domain.is_fips;
        &ROWS[ROWS.iter().position(is_meant).unwrap_or(0)]
    }

    /// Returns the host that is listed for a region.
    fn listed(&self, region: &Region) -> SignInEndpoint {
        let bare = match self.bare {
            Bare::Of(name) if name == region.as_str() => self.without_region(),
            _ => None,
        };
        bare.unwrap_or_else(|| self.with_region(region.clone()))
    }

    fn with_region(&self, region: Region) -> SignInEndpoint {
        SignInEndpoint { domain: self.domain, label: Some(region.clone()), region: Some(region), provider: None }
    }

    fn without_region(&self) -> Option<SignInEndpoint> {
        let region = match self.bare {
            Bare::Missing => return None,
            Bare::Of(name) => Some(Region(name.into())),
            Bare::Somewhere => None,
        };
        Some(SignInEndpoint { domain: self.domain, label: None, region, provider: None })
    }

    /// Reads a host of this domain.
    fn read(&self, host: &str) -> Option<SignInEndpoint> {
        if host == self.domain.name {
            return self.without_region();
        }
        let label = host.strip_suffix(self.domain.name)?.strip_suffix('.')?;
        let region: Region = label.parse().ok()?;
        (region.partition() == self.domain.partition).then(|| self.with_region(region))
    }
}

impl fmt::Display for SignInEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "https://{}/saml", self.host())?;
        match &self.provider {
            Some(provider) => write!(f, "/acs/{provider}"),
            None => Ok(()),
        }
    }
}

impl FromStr for SignInEndpoint {
    type Err = NameError;

    /// Takes exactly what it displays as: a known host alone, without port, user or query, in small letters.
    fn from_str(text: &str) -> Result<Self, NameError> {
        let refuse = |why| NameError::new("SAML sign-in endpoint", text, why);
        let rest = text.strip_prefix("https://").ok_or_else(|| refuse("it must begin with `https://`"))?;
        let (host, path) = rest.split_once('/').ok_or_else(|| refuse("its path is `/saml`"))?;
        let endpoint = ROWS.iter().find_map(|row| row.read(host));
        let endpoint = endpoint.ok_or_else(|| refuse("no partition has that host"))?;
        match path.strip_prefix("saml/acs/") {
            Some(provider) => {
                let provider = provider.parse().map_err(|error: NameError| refuse(error.why))?;
                Ok(endpoint.with_provider(provider))
            }
            None if path == "saml" => Ok(endpoint),
            None => Err(refuse("its path is `/saml` or `/saml/acs/` and the provider's id")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UUID: &str = "SAMLPROVIDEREXAMPLE123";

    fn of(name: &str) -> Result<String, NameError> {
        name.parse().map(|region| SignInEndpoint::of(&region).to_string())
    }

    #[test]
    // REQ: FED-7, E-34
    fn every_partition_has_its_own_domain() -> Result<(), NameError> {
        assert_eq!(of("eu-west-1")?, "https://eu-west-1.signin.aws.amazon.com/saml");
        assert_eq!(of("us-east-1")?, "https://signin.aws.amazon.com/saml");
        assert_eq!(of("cn-north-1")?, "https://cn-north-1.signin.amazonaws.cn/saml");
        assert_eq!(of("us-gov-west-1")?, "https://us-gov-west-1.signin.amazonaws-us-gov.com/saml");
        assert_eq!(of("eusc-de-east-1")?, "https://eusc-de-east-1.signin.amazonaws-eusc.eu/saml");
        assert_eq!(of("us-iso-east-1")?, "https://us-iso-east-1.signin.c2shome.ic.gov/saml");
        assert_eq!(of("us-isob-east-1")?, "https://us-isob-east-1.signin.sc2shome.sgov.gov/saml");
        assert_eq!(of("eu-isoe-west-1")?, "https://eu-isoe-west-1.signin.csphome.adc-e.uk/saml");
        assert_eq!(of("us-isof-south-1")?, "https://us-isof-south-1.signin.csphome.hci.ic.gov/saml");
        Ok(())
    }

    #[test]
    fn only_govcloud_has_fips_hosts() -> Result<(), NameError> {
        let fips = |name: &str| name.parse().map(|region| SignInEndpoint::fips(&region).map(|it| it.host()));
        assert_eq!(fips("us-gov-west-1")?.as_deref(), Some("signin-fips.amazonaws-us-gov.com"));
        assert_eq!(fips("us-gov-east-1")?.as_deref(), Some("us-gov-east-1.signin-fips.amazonaws-us-gov.com"));
        assert_eq!(fips("us-east-1")?, None);
        Ok(())
    }

    #[test]
    fn a_host_without_a_region_is_that_of_one_region_or_of_one_nobody_tells() -> Result<(), NameError> {
        let region = |partition| SignInEndpoint::bare(partition).map(|it| it.region().map(ToString::to_string));
        assert_eq!(region(Partition::Aws), Some(Some("us-east-1".to_owned())));
        assert_eq!(region(Partition::AwsCn), Some(None));
        assert_eq!(region(Partition::AwsUsGov), Some(None));
        assert_eq!(region(Partition::AwsEusc), None);
        let named: SignInEndpoint = "https://us-east-1.signin.aws.amazon.com/saml".parse()?;
        let bare: SignInEndpoint = "https://signin.aws.amazon.com/saml".parse()?;
        assert_eq!((named.region(), named.names_region()), (bare.region(), true));
        assert!(!bare.names_region() && named != bare);
        Ok(())
    }

    #[test]
    // REQ: FED-7
    fn every_endpoint_reads_back_from_its_address() -> Result<(), NameError> {
        let uuid: SamlProviderUuid = UUID.parse()?;
        let listed = Region::known().map(|region| SignInEndpoint::of(&region));
        let fips = Region::known().filter_map(|region| SignInEndpoint::fips(&region));
        let bare = Partition::known().filter_map(SignInEndpoint::bare);
        let mut seen = 0;
        for endpoint in listed.chain(fips).chain(bare) {
            let encrypted = endpoint.clone().with_provider(uuid.clone());
            assert_eq!(encrypted.to_string(), format!("{endpoint}/acs/{UUID}"));
            assert_eq!(encrypted.provider(), Some(&uuid));
            assert_eq!(encrypted.to_string().parse(), Ok(encrypted));
            assert_eq!(endpoint.to_string().parse(), Ok(endpoint));
            seen += 1;
        }
        assert_eq!(seen, 48 + 2 + 3);
        Ok(())
    }

    #[test]
    // REQ: FED-8
    fn the_endpoints_of_a_region_and_of_its_fallback_can_be_named() -> Result<(), NameError> {
        let uae: Region = "me-central-1".parse()?;
        let fallback = uae.fail_over(1000).into_iter().next().map(|(region, _)| region);
        let named: Vec<String> =
            [Some(uae), fallback].iter().flatten().map(|region| SignInEndpoint::of(region).host()).collect();
        assert_eq!(named, ["me-central-1.signin.aws.amazon.com", "ap-south-1.signin.aws.amazon.com"]);
        Ok(())
    }

    #[test]
    fn a_region_launched_later_has_its_endpoint() -> Result<(), NameError> {
        let endpoint: SignInEndpoint = "https://eu-mars-1.signin.aws.amazon.com/saml".parse()?;
        assert_eq!(endpoint.region().map(Region::as_str), Some("eu-mars-1"));
        Ok(())
    }

    #[test]
    fn what_only_looks_like_an_endpoint_is_refused() {
        let long = format!("https://signin.aws.amazon.com/saml/acs/{}", "A".repeat(65));
        let texts = [
            "",
            "https://",
            "https://signin.aws.amazon.com",
            "https://signin.aws.amazon.com/",
            "https://signin.aws.amazon.com/saml/",
            "https://signin.aws.amazon.com//saml",
            "https://signin.aws.amazon.com/SAML",
            "https://signin.aws.amazon.com/saml?x=y",
            "https://signin.aws.amazon.com/saml#x",
            "https://signin.aws.amazon.com/saml/acs/",
            "https://signin.aws.amazon.com/saml/acs/short",
            "https://signin.aws.amazon.com/saml/acs/samlproviderexample123",
            "https://signin.aws.amazon.com/saml/acs/SAMLPROVIDEREXAMPLE123/",
            "https://signin.aws.amazon.com/saml/acs/SAMLPROVIDEREXAMPLE123?x=y",
            "http://signin.aws.amazon.com/saml",
            "HTTPS://signin.aws.amazon.com/saml",
            "https://Signin.aws.amazon.com/saml",
            "https://signin.aws.amazon.com:443/saml",
            "https://signin.aws.amazon.com./saml",
            "https://me@signin.aws.amazon.com/saml",
            "https://signin.aws.amazon.com@evil.org/saml",
            "https://signin.aws.amazon.com\\@evil.org/saml",
            "https://evil-signin.aws.amazon.com/saml",
            "https://eu-west-1signin.aws.amazon.com/saml",
            "https://eu-west-1-signin.aws.amazon.com/saml",
            "https://eu-west-1.evil-signin.aws.amazon.com/saml",
            "https://.signin.aws.amazon.com/saml",
            "https://evil.signin.aws.amazon.com/saml",
            "https://evil.eu-west-1.signin.aws.amazon.com/saml",
            "https://*.signin.aws.amazon.com/saml",
            "https://eu-west-1.signin.aws.amazon.com.evil.org/saml",
            "https://evil.org/https://signin.aws.amazon.com/saml",
            "https://cn-north-1.signin.aws.amazon.com/saml",
            "https://eu-west-1.signin.amazonaws.cn/saml",
            "https://signin.amazonaws-eusc.eu/saml",
            "https://eu-west-1.signin-fips.aws.amazon.com/saml",
            " https://signin.aws.amazon.com/saml",
            "https://signin.aws.amazon.com/saml\n",
            long.as_str(),
        ];
        for text in texts {
            assert!(text.parse::<SignInEndpoint>().is_err(), "{text}");
        }
    }
}
