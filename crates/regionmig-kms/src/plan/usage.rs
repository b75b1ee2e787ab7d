//! What is known of who uses a key.
// REQ: KMS-7 KMS-10 KMS-25

use std::collections::BTreeSet;

use regionmig_core::{KeyArn, Lookup};

use super::Planner;
use crate::finding;
use crate::policy::{service, services};
use crate::snapshot::{GrantTerms, session_of};

/// How services copy what they hold to another region, under a key there; by the names that they have in ARNs and as
/// principals.
const COPIES: [(&str, &str); 7] = [
    ("backup", "StartCopyJob to a vault that has the new key"),
    ("dynamodb", "a replica of a global table, or a copy of a backup by AWS Backup"),
    ("ec2", "CopySnapshot, of EBS, with DestinationRegion and KmsKeyId"),
    ("elasticfilesystem", "a replication, or a copy of a backup by AWS Backup"),
    ("rds", "CopyDBSnapshot with SourceRegion and KmsKeyId"),
    ("s3", "replication or a copy of the objects, with the new key"),
    ("secretsmanager", "ReplicateSecretToRegions with KmsKeyId"),
];

impl Planner<'_> {
    /// Says when a key of the source was last used, if that was asked.
    pub(super) fn last_use(&mut self, arn: &KeyArn) {
        match self.survey.source.value.last_uses.lookup(arn) {
            Lookup::Present(last) => self.draft.find(finding::last_use(arn, last)),
            Lookup::Unknown(gap) => self.draft.find(finding::last_use_unread(arn, gap)),
            Lookup::Absent => {}
        }
    }

    /// Says which AWS services use a key whose counterpart has other material, as its grants and its policy tell: what
    /// they hold moves by their own copies, and by nobody's decryption.
    // REQ: KMS-2
    pub(super) fn services(&mut self, arn: &KeyArn) {
        let source = &self.survey.source.value;
        let (grants, policy) = (source.grants.lookup(arn), source.policies.lookup(arn));
        let is_part = matches!(grants, Lookup::Unknown(_)) || matches!(policy, Lookup::Unknown(_));
        let mut names = if let Lookup::Present(policy) = policy { services(policy) } else { BTreeSet::new() };
        if let Lookup::Present(grants) = grants {
            names.extend(grants.iter().flat_map(|grant| services_of(&grant.terms)));
        }
        if !names.is_empty() {
            self.draft.find(finding::used_by_services(arn, &names, &copies(&names), is_part));
        }
    }
}

/// Returns the services that a grant names: as principals, or by the resource for which it holds.
fn services_of(terms: &GrantTerms) -> impl Iterator<Item = String> {
    let principals = [Some(&terms.grantee), terms.retiring.as_ref(), terms.retiring_service.as_ref()];
    let principals = principals.into_iter().flatten();
    let principals = principals.filter_map(|principal| service(principal).or_else(|| session_of(principal)));
    let resource = terms.constraints.source_arn.as_deref().and_then(|arn| arn.strip_prefix("arn:")?.split(':').nth(1));
    principals.chain(resource).map(str::to_owned).collect::<Vec<_>>().into_iter()
}

fn copies(names: &BTreeSet<String>) -> String {
    let known: Vec<String> = COPIES
        .iter()
        .filter(|(name, _)| names.contains(*name))
        .map(|(name, copy)| format!("{name} by {copy}"))
        .collect();
    let others = match known.len() {
        0 => Some("by copies of their own".to_owned()),
        all if all == names.len() => None,
        _ => Some("others by copies of their own".to_owned()),
    };
    known.into_iter().chain(others).collect::<Vec<_>>().join("; ")
}
