//! Hosts of AWS services, alone or in a URL.

use super::glob::is_pattern;
use crate::region::{Partition, Region};
use crate::route::End;

/// What a host, or a URL, that ends as AWS's do names.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Host<'t> {
    /// What issues the tokens of a user pool: `cognito-idp.<region>.amazonaws.com/<pool>`.
    Issuer {
        /// All before the region.
        head: &'t str,
        pool: &'t str,
        /// What comes after the pool.
        rest: &'t str,
    },
    /// A host with the source's region that belongs to one thing: an API, a load balancer, a bucket, a VPC endpoint.
    OfThing,
    /// The endpoint of a service in a region, which may be a pattern.
    Service {
        /// All before the region.
        head: &'t str,
        region: &'t str,
        suffix: Suffix,
        /// What comes after the host.
        rest: &'t str,
    },
}

/// What the host of a service ends in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Suffix {
    DualStack,
    Plain,
}

impl Suffix {
    pub(super) fn of(self, partition: Partition) -> &'static str {
        match self {
            Self::DualStack => partition.dual_stack_suffix(),
            Self::Plain => partition.dns_suffix(),
        }
    }
}

/// Hosts of services that have a dot before the region (AWS General Reference, "Service endpoints").
const TWO_LABELS: [&str; 6] =
    ["api.ecr", "api.sagemaker", "data.iot", "runtime.lex", "runtime.sagemaker", "data-ats.iot"];

/// What hosts of things end in that do not end as services' do.
const OF_THINGS: [&str; 3] = ["amazoncognito.com", "on.aws", "awsapprunner.com"];

/// Services whose paths name things: a bucket, a queue.
const PATHS_NAME: [&str; 3] = ["s3", "s3-fips", "sqs"];

impl<'t> Host<'t> {
    /// Reads the host of a service of the source's partition: `kms.eu-west-1.amazonaws.com`, or a URL that has one.
    pub(super) fn parse(text: &'t str, source: &End) -> Option<Self> {
        let after_scheme = text.find("://").map_or(0, |at| at + 3);
        if !matches!(&text[..after_scheme], "" | "https://" | "http://" | "wss://") {
            return None;
        }
        let end = text[after_scheme..].find(['/', '?', '#', ':', '@']).map_or(text.len(), |at| after_scheme + at);
        let (host, rest) = (&text[after_scheme..end], &text[end..]);
        // Who sees `user@host` sees another host than this.
        if rest.contains('@') {
            return None;
        }
        let is_of_thing = |suffix: &str| host.strip_suffix(suffix).is_some_and(|before| before.ends_with('.'));
        if OF_THINGS.iter().any(|suffix| is_of_thing(suffix)) {
            return host.split('.').any(|label| label == source.region.as_str()).then_some(Self::OfThing);
        }
        let suffixes = [Suffix::Plain, Suffix::DualStack];
        let strip = |suffix: Suffix| Some((host.strip_suffix(suffix.of(source.partition))?.strip_suffix('.')?, suffix));
        let (labels, suffix) = suffixes.into_iter().find_map(strip)?;
        let (service, region) = labels.rsplit_once('.')?;
        let is_service = is_label(service) || TWO_LABELS.contains(&service);
        let is_source = region == source.region.as_str();
        if !is_service || !(is_source || is_pattern(region) || region.parse::<Region>().is_ok()) {
            return labels.split('.').any(|label| has_region(label, source)).then_some(Self::OfThing);
        }
        let head = &text[..after_scheme + service.len() + 1];
        if let Some((pool, rest)) = pool_of(rest, source).filter(|_| service == "cognito-idp" && is_source) {
            return Some(Self::Issuer { head, pool, rest });
        }
        if is_source && PATHS_NAME.contains(&service) && !rest.trim_matches('/').is_empty() {
            return Some(Self::OfThing);
        }
        Some(Self::Service { head, region, suffix, rest })
    }
}

/// Returns whether a part of a host's name is the source's region, or ends in it as `s3-eu-west-1` does.
fn has_region(label: &str, source: &End) -> bool {
    let region = source.region.as_str();
    label == region || label.strip_suffix(region).is_some_and(|before| before.ends_with('-'))
}

/// Letters, digits and hyphens, or a pattern.
fn is_label(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '*' | '?');
    !text.is_empty() && text.chars().all(is_part)
}

/// Splits a path that begins with the id of a user pool of the source's region.
fn pool_of<'t>(path: &'t str, source: &End) -> Option<(&'t str, &'t str)> {
    let path = path.strip_prefix('/')?;
    let id = path.strip_prefix(source.region.as_str())?.strip_prefix('_')?;
    let length = id.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(id.len());
    (length > 0).then(|| path.split_at(path.len() - id.len() + length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source() -> End {
        "111122223333/eu-west-1".parse().unwrap()
    }

    #[test]
    fn hosts_of_services_are_told_from_those_of_things() {
        let service = |head, suffix, rest| Some(Host::Service { head, region: "eu-west-1", suffix, rest });
        for (text, host) in [
            ("kms.eu-west-1.amazonaws.com", service("kms.", Suffix::Plain, "")),
            ("https://kms-fips.eu-west-1.amazonaws.com/", service("https://kms-fips.", Suffix::Plain, "/")),
            ("kms.eu-west-1.api.aws", service("kms.", Suffix::DualStack, "")),
            ("api.ecr.eu-west-1.amazonaws.com:443", service("api.ecr.", Suffix::Plain, ":443")),
            ("s3.eu-west-1.amazonaws.com", service("s3.", Suffix::Plain, "")),
            ("*.eu-west-1.amazonaws.com", service("*.", Suffix::Plain, "")),
            ("https://s3.eu-west-1.amazonaws.com/bucket/key", Some(Host::OfThing)),
            ("bucket.s3.eu-west-1.amazonaws.com", Some(Host::OfThing)),
            ("bucket.s3.dualstack.eu-west-1.amazonaws.com", Some(Host::OfThing)),
            ("bucket.s3-eu-west-1.amazonaws.com", Some(Host::OfThing)),
            ("bucket.s3-website-eu-west-1.amazonaws.com", Some(Host::OfThing)),
            ("ab12.execute-api.eu-west-1.amazonaws.com", Some(Host::OfThing)),
            ("vpce-1-a.kms.eu-west-1.vpce.amazonaws.com", Some(Host::OfThing)),
            ("a-1.eu-west-1.elb.amazonaws.com", Some(Host::OfThing)),
            ("https://sqs.eu-west-1.amazonaws.com/111122223333/q", Some(Host::OfThing)),
            ("shop.auth.eu-west-1.amazoncognito.com", Some(Host::OfThing)),
            ("ab12.lambda-url.eu-west-1.on.aws", Some(Host::OfThing)),
            ("shop.auth.eu-west-2.amazoncognito.com", None),
            ("bucket.s3.amazonaws.com", None),
            ("kms.eu-west-1.amazonaws.com.evil.org", None),
            ("https://me@kms.eu-west-1.amazonaws.com", None),
            ("ftp://kms.eu-west-1.amazonaws.com", None),
            ("xamazonaws.com", None),
            ("kms.eu-west-1.amazonaws.com.cn", None),
            ("*.amazonaws.com", None),
            ("eu-west-1", None),
        ] {
            assert_eq!(Host::parse(text, &source()), host, "{text}");
        }
        let any = Host::parse("kms.*.amazonaws.com", &source());
        assert!(matches!(any, Some(Host::Service { region: "*", .. })), "{any:?}");
    }

    #[test]
    fn an_issuer_has_its_pool() {
        let issuer = |head, rest| Some(Host::Issuer { head, pool: "eu-west-1_AbC", rest });
        for (text, host) in [
            ("https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbC", issuer("https://cognito-idp.", "")),
            ("cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbC:4o12", issuer("cognito-idp.", ":4o12")),
            (
                "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbC/.well-known/jwks.json",
                issuer("https://cognito-idp.", "/.well-known/jwks.json"),
            ),
        ] {
            assert_eq!(Host::parse(text, &source()), host, "{text}");
        }
    }
}
