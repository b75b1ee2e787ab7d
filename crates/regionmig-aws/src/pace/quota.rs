//! AWS's default request quotas, as data.

use regionmig_core::Region;

/// How many requests a second AWS lets an account make in a region, counted together by name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Quota {
    pub(super) name: &'static str,
    pub(super) rate: f64,
}

/// What an action of which no quota is known is taken to have.
const UNKNOWN: f64 = 10.0;

/// KMS developer guide, "Request quotas", read 2026-11. Symmetric cryptographic operations share one: see
/// [`symmetric`]. Those with RSA and elliptic keys have a lower one, which an action's name does not tell: see
/// [`KINDS`]. Nor does it tell a custom key store's: the throttles do.
const KMS: &[(&str, f64)] = &[
    ("kms:CreateAlias", 5.0),
    ("kms:CreateGrant", 50.0),
    ("kms:CreateKey", 5.0),
    ("kms:DescribeKey", 2000.0),
    ("kms:DisableKey", 5.0),
    ("kms:EnableKey", 5.0),
    ("kms:EnableKeyRotation", 15.0),
    ("kms:GetKeyLastUsage", 5.0),
    ("kms:GetKeyPolicy", 1000.0),
    ("kms:GetKeyRotationStatus", 1000.0),
    ("kms:GetParametersForImport", 1.0),
    ("kms:ImportKeyMaterial", 15.0),
    ("kms:ListAliases", 500.0),
    ("kms:ListGrants", 100.0),
    ("kms:ListKeyPolicies", 100.0),
    ("kms:ListKeyRotations", 100.0),
    ("kms:ListKeys", 500.0),
    ("kms:ListResourceTags", 2000.0),
    ("kms:PutKeyPolicy", 15.0),
    ("kms:ReplicateKey", 5.0),
    ("kms:RetireGrant", 50.0),
    ("kms:RevokeGrant", 50.0),
    ("kms:ScheduleKeyDeletion", 15.0),
    ("kms:TagResource", 10.0),
    ("kms:UpdateAlias", 5.0),
    ("kms:UpdatePrimaryRegion", 5.0),
];

/// Actions that count in another region, too: as how many of which action. Of the two that replicating counts as in
/// the replica's region, one is a trial run (KMS developer guide, as above).
const ACROSS: &[(&str, &str, usize)] =
    &[("kms:ReplicateKey", "kms:CreateKey", 2), ("kms:UpdatePrimaryRegion", "kms:UpdatePrimaryRegion", 1)];

const SYMMETRIC: [&str; 11] = [
    "kms:Decrypt",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyPair",
    "kms:GenerateDataKeyPairWithoutPlaintext",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:GenerateMac",
    "kms:GenerateRandom",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
    "kms:VerifyMac",
];

/// Kinds of keys whose cryptographic operations share a quota of their own (as above). Who knows that a key is of such a kind says
/// so after the action: `kms:Decrypt RSA`.
const KINDS: [(&str, &str, f64); 2] = [("RSA", "kms RSA", 1000.0), ("SM2", "kms SM2", 1000.0)];

/// Secrets Manager user guide, "Quotas", read 2026-11: actions that count together, the name of what they count as, and how many
/// a second. Those of CreateSecret, DeleteSecret and the listings are of the page's older state.
const SECRETS: &[(&[&str], &str, f64)] = &[
    (&["secretsmanager:BatchGetSecretValue"], "secretsmanager batch", 100.0),
    (&["secretsmanager:CancelRotateSecret", "secretsmanager:RotateSecret"], "secretsmanager rotation", 50.0),
    (&["secretsmanager:CreateSecret"], "secretsmanager create", 50.0),
    (&["secretsmanager:DeleteSecret"], "secretsmanager delete", 50.0),
    (&["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"], "secretsmanager reads", 10_000.0),
    (
        &[
            "secretsmanager:DeleteResourcePolicy",
            "secretsmanager:GetResourcePolicy",
            "secretsmanager:PutResourcePolicy",
            "secretsmanager:ValidateResourcePolicy",
        ],
        "secretsmanager policies",
        50.0,
    ),
    (&["secretsmanager:ListSecretVersionIds", "secretsmanager:ListSecrets"], "secretsmanager lists", 100.0),
    (
        &[
            "secretsmanager:PutSecretValue",
            "secretsmanager:RemoveRegionsFromReplication",
            "secretsmanager:ReplicateSecretToRegions",
            "secretsmanager:StopReplicationToReplica",
            "secretsmanager:UpdateSecret",
            "secretsmanager:UpdateSecretVersionStage",
        ],
        "secretsmanager writes",
        50.0,
    ),
    (&["secretsmanager:RestoreSecret"], "secretsmanager restore", 50.0),
    (&["secretsmanager:TagResource", "secretsmanager:UntagResource"], "secretsmanager tags", 50.0),
];

/// IAM user guide, "IAM and STS quotas": 600 requests a second, all actions of STS together.
const STS: Quota = Quota { name: "sts", rate: 600.0 };

/// Returns the quota that requests of `action` in `region` count against.
pub(super) fn of(action: &'static str, region: &Region) -> Quota {
    if SYMMETRIC.contains(&action) {
        return Quota { name: "kms symmetric", rate: symmetric(region) };
    }
    if let Some((_, kind)) = action.split_once(' ')
        && let Some((_, name, rate)) = KINDS.iter().find(|row| row.0 == kind)
    {
        return Quota { name, rate: *rate };
    }
    if action.starts_with("sts:") {
        return STS;
    }
    if let Some((_, name, rate)) = SECRETS.iter().find(|row| row.0.contains(&action)) {
        return Quota { name, rate: *rate };
    }
    let known = KMS.iter().find(|row| row.0 == action);
    Quota { name: action, rate: known.map_or(UNKNOWN, |row| row.1) }
}

/// Returns what one request of `action` counts as in the other region that it reaches, and how many times.
pub(super) fn across(action: &str) -> Option<(&'static str, usize)> {
    ACROSS.iter().find(|row| row.0 == action).map(|row| (row.1, row.2))
}

fn symmetric(region: &Region) -> f64 {
    match region.as_str() {
        "eu-west-1" | "us-east-1" | "us-west-2" => 100_000.0,
        "ap-northeast-1" | "ap-southeast-1" | "ap-southeast-2" | "eu-central-1" | "eu-west-2" | "us-east-2" => 20_000.0,
        _ => 10_000.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_that_aws_counts_together_share_a_quota() {
        let of = |action, region: &str| of(action, &region.parse().unwrap());
        assert_eq!(of("kms:Decrypt", "me-central-1"), of("kms:Encrypt", "me-central-1"));
        assert_eq!(of("kms:Decrypt RSA", "me-central-1"), of("kms:Encrypt RSA", "eu-west-1"));
        assert_eq!(
            (of("kms:Decrypt RSA", "eu-west-1").rate, of("kms:Decrypt SM2", "eu-west-1").rate),
            (1000.0, 1000.0)
        );
        assert_ne!(of("kms:Decrypt RSA", "me-central-1"), of("kms:Decrypt SM2", "me-central-1"));
        assert_eq!(of("kms:Decrypt", "me-central-1").rate, 10_000.0);
        assert_eq!(of("kms:Decrypt", "us-east-1").rate, 100_000.0);
        assert_eq!(of("kms:Decrypt", "eu-central-1").rate, 20_000.0);
        assert_eq!(of("kms:ListGrants", "us-east-1"), Quota { name: "kms:ListGrants", rate: 100.0 });
        assert_eq!(of("sts:AssumeRole", "us-east-1"), of("sts:GetCallerIdentity", "us-east-1"));
        let put = of("secretsmanager:PutSecretValue", "us-east-1");
        assert_eq!(put, of("secretsmanager:ReplicateSecretToRegions", "us-east-1"));
        assert_eq!(put.rate, 50.0);
        assert_ne!(put.name, of("secretsmanager:DescribeSecret", "us-east-1").name);
        assert_eq!(of("config:PutEntry", "us-east-1"), Quota { name: "config:PutEntry", rate: 10.0 });
    }
}
