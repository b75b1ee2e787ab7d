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
const COPIES: [(&str, &str); 9] = [
    ("backup", "StartCopyJob to a vault that has the new key"),
    ("dynamodb", "a replica of a global table, or a copy of a backup by AWS Backup"),
    ("ec2", "CopySnapshot, of EBS, asked in the target, with SourceRegion, Encrypted and KmsKeyId"),
    ("elasticfilesystem", "a replication, or a copy of a backup by AWS Backup"),
    ("fsx", "CopyBackup, asked in the target, with SourceRegion and KmsKeyId"),
    ("rds", "CopyDBSnapshot, asked in the target, with SourceRegion and KmsKeyId"),
    ("redshift", "EnableSnapshotCopy, with a snapshot copy grant that is made in the target for the new key"),
    ("s3", "replication or a copy of the objects, with the new key"),
    ("secretsmanager", "ReplicateSecretToRegions with KmsKeyId"),
];

/// Services that use keys on the way and hold nothing under them: nothing of theirs is to be copied.
const HOLD_NOTHING: [&str; 2] = ["cloudwatch", "events"];

impl Planner<'_> {
    /// Says when a key of the source was last used, if that was asked.
    pub(super) fn last_use(&mut self, arn: &KeyArn) {
        match self.survey.source.value.last_uses.lookup(arn) {
            Lookup::Present(last) => self.draft.find(finding::last_use(arn, last)),
            Lookup::Unknown(gap) => self.draft.find(finding::last_use_unread(arn, gap)),
            Lookup::Absent => {}
        }
    }

    /// Says which AWS services may use a key whose counterpart has other material, as its grants and its policy tell: what
    /// they hold moves by their own copies, or is set up anew, and by nobody's decryption.
    // REQ: KMS-2
    pub(super) fn services(&mut self, arn: &KeyArn) {
        let source = &self.survey.source.value;
        let (grants, policy) = (source.grants.lookup(arn), source.policies.lookup(arn));
        let is_part = matches!(grants, Lookup::Unknown(_)) || matches!(policy, Lookup::Unknown(_));
        let mut names = if let Lookup::Present(policy) = policy { services(policy) } else { BTreeSet::new() };
        if let Lookup::Present(grants) = grants {
            names.extend(grants.iter().flat_map(|grant| services_of(&grant.terms)));
        }
        names.retain(|name| !HOLD_NOTHING.contains(&name.as_str()));
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
    let copy_of = |name: &str| COPIES.iter().find(|(known, _)| *known == name).map(|(_, copy)| *copy);
    let known = names.iter().filter_map(|name| Some(format!("{name} by {}", copy_of(name)?)));
    let others: Vec<&str> = names.iter().map(String::as_str).filter(|name| copy_of(name).is_none()).collect();
    let others = (!others.is_empty()).then(|| {
        let others = others.join(", ");
        format!(
            "no copy is known here of {others}: look up whether there is one, or set it up anew under the counterpart"
        )
    });
    known.chain(others).collect::<Vec<_>>().join("; ")
}
