//! Kinds of resources by their ARNs: what each is known by, and whether it has the same name in every region.

use crate::ids::{
    CertificateArn, CertificateAuthorityArn, DetectorId, Identifier, IdentityPoolId, KeyArn, SecretArn, UserPoolId,
};

/// One kind of resource.
#[derive(Debug)]
pub(super) struct Kind {
    service: &'static str,
    /// What the resource part of its ARN begins with.
    pub(super) prefix: &'static str,
    pub(super) name: Name,
}

/// Where the last part of an ARN comes from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Name {
    /// The caller chose it, and it is the same wherever the thing is made again.
    Chosen,
    /// The same, and the thing has an identifier of its own, of this kind: its ARN.
    ChosenArn(&'static str),
    /// The service chose it: only a map tells what it has become. Identified by nothing but its whole ARN.
    Minted,
    /// The service chose it; the identifier is of this kind, and is the ARN.
    MintedArn(&'static str),
    /// The service chose it; the identifier is of this kind, and is the ARN's last part.
    MintedId(&'static str),
}

impl Name {
    /// Returns whether the thing is called the same in another region.
    fn is_kept(self) -> bool {
        matches!(self, Self::Chosen | Self::ChosenArn(_))
    }
}

impl Kind {
    /// Returns whether what an ARN names with `resource` is called the same in another region.
    pub(super) fn is_called_alike(&self, resource: &str) -> bool {
        // KMS developer guide, "Multi-Region keys": related ones have one id, and `mrk-` tells them.
        let is_multi_region = self.name == Name::MintedArn(KeyArn::KIND) && resource.starts_with("key/mrk-");
        self.name.is_kept() || is_multi_region
    }

    /// Returns whether `resource` takes all of the kind.
    pub(super) fn is_every(&self, resource: &str) -> bool {
        resource.strip_prefix(self.prefix) == Some("*")
    }
}

const fn kind(service: &'static str, prefix: &'static str, name: Name) -> Kind {
    Kind { service, prefix, name }
}

/// The first that fits counts.
///
/// Forms are those of the service authorization reference, "Resource types defined by ..", read 2026-11. That a replicated
/// secret keeps its whole ARN but for the region: Secrets Manager user guide, "Replicate secrets across Regions". Of a kind that
/// is missing here it is not known whether its name is chosen.
const KINDS: [Kind; 56] = [
    kind("kms", "key/", Name::MintedArn(KeyArn::KIND)),
    kind("kms", "alias/", Name::Chosen),
    kind("secretsmanager", "secret:", Name::ChosenArn(SecretArn::KIND)),
    kind("acm", "certificate/", Name::MintedArn(CertificateArn::KIND)),
    kind("acm-pca", "certificate-authority/", Name::MintedArn(CertificateAuthorityArn::KIND)),
    kind("cognito-idp", "userpool/", Name::MintedId(UserPoolId::KIND)),
    kind("cognito-identity", "identitypool/", Name::MintedId(IdentityPoolId::KIND)),
    kind("guardduty", "detector/", Name::MintedId(DetectorId::KIND)),
    kind("access-analyzer", "analyzer/", Name::Chosen),
    kind("events", "rule/", Name::Chosen),
    kind("events", "event-bus/", Name::Chosen),
    kind("events", "", Name::Minted),
    kind("athena", "workgroup/", Name::Chosen),
    kind("backup", "backup-vault:", Name::Chosen),
    kind("batch", "job-queue/", Name::Chosen),
    kind("cloudformation", "", Name::Minted),
    kind("cloudtrail", "trail/", Name::Chosen),
    kind("cloudwatch", "alarm:", Name::Chosen),
    kind("codebuild", "project/", Name::Chosen),
    kind("codecommit", "", Name::Chosen),
    kind("codepipeline", "", Name::Chosen),
    kind("dynamodb", "table/", Name::Chosen),
    kind("ec2", "", Name::Minted),
    kind("ecr", "repository/", Name::Chosen),
    kind("ecs", "cluster/", Name::Chosen),
    kind("ecs", "service/", Name::Chosen),
    kind("eks", "cluster/", Name::Chosen),
    kind("elasticache", "cluster:", Name::Chosen),
    kind("elasticache", "replicationgroup:", Name::Chosen),
    kind("elasticfilesystem", "", Name::Minted),
    kind("elasticloadbalancing", "", Name::Minted),
    kind("execute-api", "", Name::Minted),
    kind("firehose", "deliverystream/", Name::Chosen),
    kind("glue", "catalog", Name::Chosen),
    kind("glue", "database/", Name::Chosen),
    kind("glue", "job/", Name::Chosen),
    kind("glue", "table/", Name::Chosen),
    kind("iot", "thing/", Name::Chosen),
    kind("iot", "topic/", Name::Chosen),
    kind("kinesis", "stream/", Name::Chosen),
    kind("lambda", "function:", Name::Chosen),
    kind("lambda", "layer:", Name::Minted),
    kind("logs", "log-group:", Name::Chosen),
    kind("rds", "cluster:", Name::Chosen),
    kind("rds", "db:", Name::Chosen),
    kind("redshift", "cluster:", Name::Chosen),
    kind("scheduler", "schedule/", Name::Chosen),
    kind("scheduler", "schedule-group/", Name::Chosen),
    kind("ses", "configuration-set/", Name::Chosen),
    kind("ses", "identity/", Name::Chosen),
    kind("sns", "", Name::Chosen),
    kind("sqs", "", Name::Chosen),
    kind("ssm", "document/", Name::Chosen),
    kind("ssm", "parameter/", Name::Chosen),
    kind("states", "execution:", Name::Minted),
    kind("states", "stateMachine:", Name::Chosen),
];

/// Returns the kind of what an ARN of `service` names with `resource`, if it is known.
pub(super) fn of(service: &str, resource: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.service == service && resource.starts_with(kind.prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_more_special_kind_is_asked_first() {
        for (index, kind) in KINDS.iter().enumerate() {
            let hidden = KINDS[index + 1..]
                .iter()
                .find(|later| later.service == kind.service && later.prefix.starts_with(kind.prefix));
            assert!(hidden.is_none(), "{kind:?} hides {hidden:?}");
        }
    }

    #[test]
    fn what_is_known_is_found() {
        assert!(of("kms", "key/1").is_some_and(|kind| kind.name == Name::MintedArn("kms.key")));
        assert!(of("sns", "topic").is_some_and(|kind| kind.name.is_kept()));
        assert!(of("ec2", "vpc/vpc-1").is_some_and(|kind| !kind.name.is_kept()));
        assert!(of("quantum", "entanglement/1").is_none());
        assert!(of("kms", "key").is_none());
    }
}
