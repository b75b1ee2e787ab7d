//! The identifiers that several services share.

use crate::identifier;
use crate::ids::{Arn, Identifier};
use crate::region::{NameError, Partition, Region};
use crate::route::{AccountId, End};

identifier!(
    /// The ARN of a KMS key: `arn:aws:kms:eu-central-1:111122223333:key/1234abcd-..`.
    pub KeyArn,
    "kms.key",
    |text| is_arn_of(text, "kms", "key/")
);

impl KeyArn {
    /// Names the key `id` of `end`.
    ///
    /// # Errors
    ///
    /// Fails if `id` holds what no ARN may hold.
    pub fn new(end: &End, id: &str) -> Result<Self, NameError> {
        format!("arn:{}:kms:{}:{}:key/{id}", end.partition, end.region, end.account).parse()
    }

    /// Returns the key's id, such as `1234abcd-..` or `mrk-1234..`.
    pub fn id(&self) -> &str {
        self.as_str().rsplit_once('/').map_or("", |(_, id)| id)
    }

    /// Returns whether the key is a multi-Region one: its id begins with `mrk-` (KMS developer
    /// guide, "Multi-Region keys").
    pub fn is_multi_region(&self) -> bool {
        self.id().starts_with("mrk-")
    }

    /// Returns the account and region, which every key's ARN has.
    pub fn end(&self) -> Option<End> {
        end_of(self.as_str())
    }

    /// Returns the region.
    pub fn region(&self) -> Option<Region> {
        self.end().map(|end| end.region)
    }

    /// Returns the account.
    pub fn account(&self) -> Option<AccountId> {
        self.end().map(|end| end.account)
    }

    /// Returns the partition.
    pub fn partition(&self) -> Option<Partition> {
        self.end().map(|end| end.partition)
    }

    /// Returns the ARN that a replica of this multi-Region key has in `region`; of a single-Region
    /// key, an ARN that names nothing.
    ///
    /// # Errors
    ///
    /// Fails if the two partitions differ: no key reaches beyond its own.
    pub fn in_region(&self, region: &Region) -> Result<Self, NameError> {
        Self::new(&end_in(region, "key of that region", self.as_str())?, self.id())
    }
}

identifier!(
    /// The name of a KMS alias, `alias/payments`. One account has it once a region.
    pub AliasName,
    "kms.alias",
    |text| match text.strip_prefix("alias/") {
        Some(name) if !name.is_empty() && text.len() <= 256 && name.chars().all(is_alias_char) => Ok(()),
        _ => Err("an alias is `alias/` and up to 250 of a-z, A-Z, 0-9, `/`, `_` and `-`"),
    }
);

impl AliasName {
    /// Returns whether AWS made the alias for itself: those are named `alias/aws/..`.
    pub fn is_aws_managed(&self) -> bool {
        self.as_str().starts_with("alias/aws/")
    }
}

/// Any ARN at all, for what has no type of its own here: a program maps it with `Migration::map`, and what names it follows.
impl Identifier for Arn {
    const KIND: &'static str = "arn";
}

identifier!(
    /// The ARN of an ACM certificate: `arn:aws:acm:eu-central-1:111122223333:certificate/1234abcd-..`.
    pub CertificateArn,
    "acm.certificate",
    |text| is_arn_of(text, "acm", "certificate/")
);

identifier!(
    /// The ARN of a private CA: `arn:aws:acm-pca:eu-central-1:111122223333:certificate-authority/1234abcd-..`.
    pub CertificateAuthorityArn,
    "acm.certificate-authority",
    |text| is_arn_of(text, "acm-pca", "certificate-authority/")
);

identifier!(
    /// The id of a Cognito user pool: `eu-central-1_AbCdEfGhI`.
    pub UserPoolId,
    "cognito.user-pool",
    |text| {
        let id = text.split_once('_').filter(|(region, _)| region.parse::<Region>().is_ok()).map(|(_, id)| id);
        let is_id = id.is_some_and(|id| !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric()));
        if is_id { Ok(()) } else { Err("a user pool is its region, `_`, and letters and digits") }
    }
);

identifier!(
    /// The id of a Cognito user pool's app client: 1 to 128 of letters, digits, `_` and `+`.
    pub AppClientId,
    "cognito.app-client",
    |text| {
        let is_id = text.len() <= 128 && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '+'));
        if is_id { Ok(()) } else { Err("an app client has letters, digits, `_` and `+`") }
    }
);

identifier!(
    /// The id of a Cognito identity pool: `eu-central-1:1234abcd-..`.
    pub IdentityPoolId,
    "cognito.identity-pool",
    |text| {
        let id = text.split_once(':').filter(|(region, _)| region.parse::<Region>().is_ok()).map(|(_, id)| id);
        let is_id = id.is_some_and(|id| !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'));
        if is_id { Ok(()) } else { Err("an identity pool is its region, `:`, and a UUID") }
    }
);

identifier!(
    /// The id of a GuardDuty detector: 32 hexadecimal digits.
    pub DetectorId,
    "guardduty.detector",
    |text| match text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit()) {
        true => Ok(()),
        false => Err("a detector has 32 hexadecimal digits"),
    }
);

identifier!(
    /// The ARN of a secret, with the six characters that Secrets Manager adds to its name:
    /// `arn:aws:secretsmanager:eu-central-1:111122223333:secret:app/db-AbCdEf`.
    pub SecretArn,
    "secrets.secret",
    |text| {
        let arn: Arn = text.parse().map_err(|error: NameError| error.why)?;
        let is_secret = arn.service() == "secretsmanager" && arn.region().is_some() && arn.account().is_some();
        let name = arn.resource().strip_prefix("secret:");
        match is_secret && name.is_some_and(|name| !name.is_empty() && !name.contains(['*', ':'])) {
            true => Ok(()),
            false => Err("it is the ARN of something else"),
        }
    }
);

/// So many characters Secrets Manager adds to a secret's name: a hyphen and six of its own (API reference, CreateSecret).
const SUFFIX: usize = 7;

impl SecretArn {
    /// Returns the secret's name: what comes before the six characters that Secrets Manager added, if it is a whole ARN.
    pub fn name(&self) -> &str {
        let (_, name) = self.as_str().split_once(":secret:").unwrap_or_default();
        let at = name.len().checked_sub(SUFFIX).filter(|at| name.is_char_boundary(*at));
        match at.map(|at| name.split_at(at)) {
            Some((name, suffix)) if suffix.starts_with('-') => name,
            _ => name,
        }
    }

    /// Returns the account and region, which every secret's ARN has.
    pub fn end(&self) -> Option<End> {
        end_of(self.as_str())
    }

    /// Returns the region.
    pub fn region(&self) -> Option<Region> {
        self.end().map(|end| end.region)
    }

    /// Returns the ARN that a replica of this secret has in `region`: the same name and six characters (user guide,
    /// "Replicate secrets across Regions").
    ///
    /// # Errors
    ///
    /// Fails if the two partitions differ: no secret is replicated beyond its own.
    pub fn in_region(&self, region: &Region) -> Result<Self, NameError> {
        let end = end_in(region, "secret of that region", self.as_str())?;
        let (_, name) = self.as_str().split_once(":secret:").unwrap_or_default();
        format!("arn:{}:secretsmanager:{}:{}:secret:{name}", end.partition, end.region, end.account).parse()
    }
}

/// KMS API reference, CreateAlias: `^alias/[a-zA-Z0-9/_-]+$`.
fn is_alias_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '-')
}

/// Returns the account and region of an ARN that has both.
fn end_of(arn: &str) -> Option<End> {
    let arn: Arn = arn.parse().ok()?;
    Some(End::new(arn.account()?.clone(), arn.region()?.clone()))
}

/// Returns the account of an ARN, in another region of its partition.
fn end_in(region: &Region, what: &'static str, arn: &str) -> Result<End, NameError> {
    match end_of(arn) {
        Some(end) if end.partition == region.partition() => Ok(end.in_region(region.clone())),
        _ => Err(NameError::new(what, arn, "the region belongs to another partition")),
    }
}

fn is_arn_of(text: &str, service: &str, resource: &str) -> Result<(), &'static str> {
    let arn: Arn = text.parse().map_err(|error: NameError| error.why)?;
    let complete = arn.region().is_some() && arn.account().is_some();
    let id = arn.resource().strip_prefix(resource).is_some_and(|id| !id.is_empty() && !id.contains(['/', ':', '*']));
    match arn.service() == service && complete && id {
        true => Ok(()),
        false => Err("it is the ARN of something else"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

    #[test]
    fn a_key_arn_tells_its_parts() -> Result {
        let key: KeyArn = "arn:aws:kms:eu-central-1:111122223333:key/mrk-12".parse()?;
        assert_eq!(key.id(), "mrk-12");
        assert!(key.is_multi_region());
        assert_eq!(key.region(), Some("eu-central-1".parse()?));
        assert_eq!(key.account(), Some("111122223333".parse()?));
        assert_eq!(key.partition(), Some(Partition::Aws));
        let replica = key.in_region(&"me-central-1".parse()?)?;
        assert_eq!(replica.as_str(), "arn:aws:kms:me-central-1:111122223333:key/mrk-12");
        assert!(key.in_region(&"cn-north-1".parse()?).is_err());
        let single: KeyArn = "arn:aws:kms:eu-central-1:111122223333:key/12".parse()?;
        assert!(!single.is_multi_region());
        Ok(())
    }

    #[test]
    fn what_other_services_name_is_told_from_other_texts() {
        let arn = |rest: &str| format!("arn:aws:{rest}");
        assert!(arn("acm:eu-west-1:111122223333:certificate/1-a").parse::<CertificateArn>().is_ok());
        assert!(arn("acm-pca:eu-west-1:111122223333:certificate/1-a").parse::<CertificateArn>().is_err());
        let authority = arn("acm-pca:eu-west-1:111122223333:certificate-authority/1-a");
        assert!(authority.parse::<CertificateAuthorityArn>().is_ok());
        assert!(format!("{authority}/certificate/1").parse::<CertificateAuthorityArn>().is_err());
        assert!(arn("secretsmanager:eu-west-1:111122223333:secret:a/b-AbCdEf").parse::<SecretArn>().is_ok());
        assert!(arn("secretsmanager:eu-west-1:111122223333:secret:a/*").parse::<SecretArn>().is_err());
        for (text, is_pool) in [("eu-west-1_AbC1", true), ("eu-west-1_", false), ("AbC", false), ("x_AbC", false)] {
            assert_eq!(text.parse::<UserPoolId>().is_ok(), is_pool, "{text}");
        }
        for (text, is_pool) in [("eu-west-1:12-ab", true), ("eu-west-1:", false), ("eu:12", false), ("12-ab", false)] {
            assert_eq!(text.parse::<IdentityPoolId>().is_ok(), is_pool, "{text}");
        }
        assert!("12abc".parse::<DetectorId>().is_err() && "0f".repeat(16).parse::<DetectorId>().is_ok());
        assert!("4o1234".parse::<AppClientId>().is_ok() && "a-b".parse::<AppClientId>().is_err());
    }

    #[test]
    fn a_secret_arn_tells_its_parts() -> Result {
        let secret: SecretArn = "arn:aws:secretsmanager:me-central-1:111122223333:secret:app/db-a1-AbCdEf".parse()?;
        assert_eq!(secret.name(), "app/db-a1");
        assert_eq!(secret.end(), Some("111122223333/me-central-1".parse()?));
        let replica = secret.in_region(&"eu-central-1".parse()?)?;
        assert_eq!(replica.as_str(), "arn:aws:secretsmanager:eu-central-1:111122223333:secret:app/db-a1-AbCdEf");
        assert!(secret.in_region(&"cn-north-1".parse()?).is_err());
        let partial: SecretArn = "arn:aws:secretsmanager:me-central-1:111122223333:secret:db".parse()?;
        assert_eq!(partial.name(), "db");
        Ok(())
    }

    #[test]
    fn the_arn_of_something_else_is_no_key() {
        for text in [
            "arn:aws:kms:eu-central-1:111122223333:alias/a",
            "arn:aws:kms:eu-central-1:111122223333:key/",
            "arn:aws:kms:eu-central-1:111122223333:key/a/b",
            "arn:aws:kms:eu-central-1:111122223333:key/*",
            "arn:aws:kms::111122223333:key/1",
            "arn:aws:kms:eu-central-1::key/1",
            "arn:aws:s3:eu-central-1:111122223333:key/1",
            "mrk-12",
        ] {
            assert!(text.parse::<KeyArn>().is_err(), "{text}");
        }
    }

    #[test]
    fn alias_names_have_the_form_that_kms_demands() -> Result {
        let alias: AliasName = "alias/aws/s3".parse()?;
        assert!(alias.is_aws_managed());
        assert!(!"alias/awsome".parse::<AliasName>()?.is_aws_managed());
        for text in ["alias/", "payments", "alias/a b", "alias/ä", &format!("alias/{}", "a".repeat(251))] {
            assert!(text.parse::<AliasName>().is_err(), "{text}");
        }
        assert!(format!("alias/{}", "a".repeat(250)).parse::<AliasName>().is_ok());
        Ok(())
    }
}
