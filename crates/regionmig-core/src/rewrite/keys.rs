//! Condition keys whose values name regions.

use super::image::Form;

/// Condition keys, in lower case, and what forms of values of each are rewritten.
///
/// IAM user guide, "AWS global condition context keys" and "IAM and AWS STS condition context keys"; service authorization reference,
/// "Condition keys for .."; KMS developer guide, "AWS KMS condition keys". Read 2026-11.
const KEYS: [(&str, &[Form]); 37] = [
    ("aws:requestedregion", &[Form::Region]),
    ("aws:resourcearn", &[Form::Arn]),
    ("aws:sourcearn", &[Form::Arn]),
    ("cognito-identity.amazonaws.com:aud", &[Form::IdentityPool]),
    ("codebuild:buildarn", &[Form::Arn]),
    ("codebuild:projectarn", &[Form::Arn]),
    ("ec2:region", &[Form::Region]),
    ("ec2:sourceinstancearn", &[Form::Arn]),
    ("ec2:vpc", &[Form::Arn]),
    ("ec2:subnet", &[Form::Arn]),
    ("ecs:cluster", &[Form::Arn]),
    ("ecs:service", &[Form::Arn]),
    ("elasticfilesystem:accesspointarn", &[Form::Arn]),
    ("events:eventbusarn", &[Form::Arn]),
    ("events:targetarn", &[Form::Arn]),
    ("iam:associatedresourcearn", &[Form::Arn]),
    ("iam:awsservicename", &[Form::Principal]),
    ("iam:passedtoservice", &[Form::Principal]),
    ("kms:primaryregion", &[Form::Region]),
    ("kms:replicaregion", &[Form::Region]),
    ("kms:viaservice", &[Form::Host]),
    ("lambda:codesigningconfigarn", &[Form::Arn]),
    ("lambda:functionarn", &[Form::Arn]),
    ("lambda:layer", &[Form::Arn]),
    ("lambda:sourcefunctionarn", &[Form::Arn]),
    ("logs:loggeneratingresourcearns", &[Form::Arn]),
    ("s3:dataaccesspointarn", &[Form::Arn]),
    ("s3:x-amz-server-side-encryption-aws-kms-key-id", &[Form::Arn]),
    ("saml:aud", &[Form::SignIn]),
    ("secretsmanager:addreplicaregions", &[Form::Region]),
    ("secretsmanager:kmskeyarn", &[Form::Arn]),
    ("secretsmanager:rotationlambdaarn", &[Form::Arn]),
    ("secretsmanager:secretid", &[Form::Arn]),
    ("secretsmanager:secretprimaryregion", &[Form::Region]),
    ("sns:endpoint", &[Form::Arn]),
    ("states:statemachinearn", &[Form::Arn]),
    ("wafv2:logdestinationresource", &[Form::Arn]),
];

/// Keys of an encryption context are the caller's; their values are rewritten as those of the context itself are.
const CONTEXT: &str = "kms:encryptioncontext:";

/// Returns the forms of values of a condition key that are rewritten: none, if no rule is about it. Case does not count
/// (IAM user guide, "Condition").
pub(super) fn forms(key: &str) -> &'static [Form] {
    let is_context = key.get(..CONTEXT.len()).is_some_and(|head| head.eq_ignore_ascii_case(CONTEXT));
    let row = || KEYS.iter().find(|(known, _)| known.eq_ignore_ascii_case(key));
    if is_context { &[Form::Arn] } else { row().map_or(&[], |(_, forms)| forms) }
}

/// Returns whether a condition key asks for a tag, whose value is its owner's and the same in every region.
pub(super) fn is_tag(key: &str) -> bool {
    key.split_once('/').is_some_and(|(name, _)| name.to_ascii_lowercase().ends_with("tag"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_does_not_count() {
        assert_eq!(forms("AWS:SourceArn"), [Form::Arn]);
        assert_eq!(forms("kms:EncryptionContext:SecretARN"), [Form::Arn]);
        assert!(forms("aws:ResourceTag/region").is_empty());
        assert!(is_tag("aws:ResourceTag/region") && is_tag("AWS:requesttag/a") && !is_tag("aws:TagKeys"));
        assert!(KEYS.iter().all(|(key, _)| *key == key.to_ascii_lowercase()));
    }
}
