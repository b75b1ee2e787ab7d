//! Grants.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// A grant.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Grant {
    /// The id that KMS gave it.
    pub id: String,
    /// The name that whoever made it gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it says.
    pub terms: GrantTerms,
}

impl Grant {
    /// Makes a grant without a name.
    pub fn new(id: impl Into<String>, terms: GrantTerms) -> Self {
        Self { id: id.into(), name: None, terms }
    }
}

/// What a grant says: who may do what, as long as what.
#[derive(Clone, Debug, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[non_exhaustive]
pub struct GrantTerms {
    /// What the encryption context must be, and who asks.
    #[serde(default, skip_serializing_if = "Constraints::is_none")]
    pub constraints: Constraints,
    /// Who may.
    pub grantee: String,
    /// Whether the grantee is a service that the caller of CreateGrant named as such.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub grantee_is_service: bool,
    /// What.
    pub operations: BTreeSet<String>,
    /// Who may retire it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retiring: Option<String>,
    /// Which service may retire it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retiring_service: Option<String>,
}

impl GrantTerms {
    /// Lets `grantee` do `operations`.
    pub fn new<'a>(grantee: impl Into<String>, operations: impl IntoIterator<Item = &'a str>) -> Self {
        let operations = operations.into_iter().map(str::to_owned).collect();
        Self { grantee: grantee.into(), operations, ..Self::default() }
    }

    /// Returns whether an AWS service made it for itself: KMS then shows the service's name, which has dots and is no
    /// ARN, where it shows principals of accounts (API reference, GrantListEntry), or a session that is the service's own,
    /// as EC2 has one for the volumes of each instance. A grant that its owner gave to a service names that service
    /// elsewhere, and is none.
    pub fn is_of_service(&self) -> bool {
        let is_named = |principal: &str| !principal.starts_with("arn:") && principal.contains('.');
        let is_service = |principal: &str| is_named(principal) || session_of(principal).is_some();
        !self.grantee_is_service && is_service(&self.grantee) || self.retiring.as_deref().is_some_and(is_service)
    }
}

/// Returns the service whose own session a principal is, such as `ec2` of `111122223333:aws:ec2-infrastructure:i-0abc` and of
/// `arn:aws:sts::111122223333:assumed-role/aws:ec2-infrastructure/i-0abc`: no role of a customer's has a colon in its name
/// (KMS developer guide, "Examining grants"; IAM API reference, CreateRole).
pub(crate) fn session_of(principal: &str) -> Option<&str> {
    let role = match principal.strip_prefix("arn:") {
        Some(arn) => arn.split_once(":assumed-role/aws:")?.1,
        None => principal.split_once(":aws:")?.1,
    };
    let name = role.split(['/', ':', '-']).next()?;
    Some(name).filter(|name| !name.is_empty())
}

/// On what condition a grant holds.
#[derive(Clone, Debug, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[non_exhaustive]
pub struct Constraints {
    /// The encryption context is exactly this.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub context_equals: BTreeMap<String, String>,
    /// The encryption context has all of this.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub context_subset: BTreeMap<String, String>,
    /// The resource for which a service asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_arn: Option<String>,
}

impl Constraints {
    /// Returns whether it constrains nothing.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_to_a_service_is_told_by_its_principals() {
        let of_role = GrantTerms::new("arn:aws:iam::111122223333:role/a.b", ["Decrypt"]);
        assert!(!of_role.is_of_service());
        assert!(GrantTerms::new("dynamodb.eu-central-1.amazonaws.com", ["Decrypt"]).is_of_service());
        let retired = GrantTerms { retiring: Some("rds.amazonaws.com".to_owned()), ..of_role.clone() };
        assert!(retired.is_of_service());
        // Those that the key's owner gave to a service.
        let retired = GrantTerms { retiring_service: Some("rds.amazonaws.com".to_owned()), ..of_role };
        assert!(!retired.is_of_service());
        let given = GrantTerms::new("rds.amazonaws.com", ["Decrypt"]);
        assert!(!GrantTerms { grantee_is_service: true, ..given }.is_of_service());
        assert!(!GrantTerms::new("111122223333", ["Decrypt"]).is_of_service());
        // Those of the volumes of an instance.
        for session in [
            "111122223333:aws:ec2-infrastructure:i-0abc",
            "arn:aws:sts::111122223333:assumed-role/aws:ec2-infrastructure/i-0abc",
            "arn:aws-cn:sts::111122223333:assumed-role/aws:ec2-infrastructure/i-0abc",
        ] {
            assert_eq!(session_of(session), Some("ec2"));
            let own = GrantTerms::new(session, ["Decrypt"]);
            assert!(own.is_of_service());
            assert!(
                GrantTerms {
                    grantee: "arn:aws:iam::111122223333:role/a".into(),
                    retiring: Some(session.into()),
                    ..own
                }
                .is_of_service()
            );
        }
        let session = GrantTerms::new("arn:aws:sts::111122223333:assumed-role/aws-ec2/i-0abc", ["Decrypt"]);
        assert!(!session.is_of_service());
    }
}
