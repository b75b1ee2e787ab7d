//! The hosts of regional services.

use super::Region;

/// Which of a service's hosts in a region is meant.
///
/// Mirrors the settings `use_fips_endpoint` and `use_dualstack_endpoint` of SDKs and the CLI.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[expect(clippy::exhaustive_enums, reason = "two switches, both ways")]
pub enum HostVariant {
    /// Reached by IPv6 as well.
    DualStack,
    /// With cryptography validated under FIPS 140.
    Fips,
    /// Both.
    FipsDualStack,
    /// Neither.
    #[default]
    Plain,
}

impl HostVariant {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::DualStack, Self::Fips, Self::FipsDualStack, Self::Plain];

    /// Returns the variant that the two settings ask for.
    pub fn of(fips: bool, dual_stack: bool) -> Self {
        match (fips, dual_stack) {
            (false, false) => Self::Plain,
            (false, true) => Self::DualStack,
            (true, false) => Self::Fips,
            (true, true) => Self::FipsDualStack,
        }
    }

    /// Whether FIPS was asked for.
    pub fn is_fips(self) -> bool {
        matches!(self, Self::Fips | Self::FipsDualStack)
    }

    /// Whether IPv6 was asked for.
    pub fn is_dual_stack(self) -> bool {
        matches!(self, Self::DualStack | Self::FipsDualStack)
    }
}

impl Region {
    /// Returns the host of a regional service, such as `kms.eu-central-1.amazonaws.com`.
    pub fn host(&self, service: &str) -> String {
        self.host_variant(service, HostVariant::Plain)
    }

    /// Returns such a host, such as `kms-fips.eu-central-1.api.aws`, by the rule that most services follow.
    ///
    /// By the SDKs' endpoint rules, read 2026-11, some differ: IAM has one host a partition; in GovCloud the plain host of
    /// STS, IAM Identity Center, ACM, Private CA, GuardDuty, Access Analyzer and EventBridge is the FIPS one; dual-stack
    /// hosts of Secrets Manager and Cognito in some regions have the plain suffix. A host made here need not exist.
    /// [`StsEndpoint`] follows the rules of STS.
    ///
    /// [`StsEndpoint`]: crate::StsEndpoint
    pub fn host_variant(&self, service: &str, variant: HostVariant) -> String {
        let partition = self.partition();
        let fips = if variant.is_fips() { "-fips" } else { "" };
        let suffix = if variant.is_dual_stack() { partition.dual_stack_suffix() } else { partition.dns_suffix() };
        format!("{service}{fips}.{self}.{suffix}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::region::NameError;

    #[test]
    fn a_host_names_service_region_and_what_was_asked_for() -> Result<(), NameError> {
        let region: Region = "cn-north-1".parse()?;
        assert_eq!(region.host("kms"), "kms.cn-north-1.amazonaws.com.cn");
        let of = |fips, dual| region.host_variant("kms", HostVariant::of(fips, dual));
        assert_eq!(of(false, false), "kms.cn-north-1.amazonaws.com.cn");
        assert_eq!(of(true, false), "kms-fips.cn-north-1.amazonaws.com.cn");
        assert_eq!(of(false, true), "kms.cn-north-1.api.amazonwebservices.com.cn");
        assert_eq!(of(true, true), "kms-fips.cn-north-1.api.amazonwebservices.com.cn");
        Ok(())
    }

    #[test]
    fn a_variant_is_made_of_its_two_settings() {
        for variant in HostVariant::ALL {
            assert_eq!(HostVariant::of(variant.is_fips(), variant.is_dual_stack()), variant);
        }
        assert_eq!(HostVariant::default(), HostVariant::of(false, false));
    }
}
