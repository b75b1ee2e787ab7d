//! What must not change, though it looks like it.

use super::{rewriter, said};

/// Values that stay, wherever they stand; each with what is told of it: nothing, that it stays, or that it is unresolved.
const VALUES: [(&str, &str); 54] = [
    // Other accounts, and AWS's own things.
    ("arn:aws:sns:me-central-1:999988887777:t", "OtherAccount"),
    ("arn:aws:kms:me-central-1:999988887777:key/11111111-aaaa", "OtherAccount"),
    ("arn:aws:iam::999988887777:role/me-central-1", "Name"),
    ("arn:aws:ssm:me-central-1:aws:document/a", "AwsOwned"),
    ("arn:aws:iam::aws:policy/ReadOnlyAccess", ""),
    ("arn:aws:iam::aws:policy/service-role/me-central-1", "Name"),
    ("arn:aws:acm-pca:::template/EndEntityCertificate/V1", ""),
    // Other regions.
    ("arn:aws:sns:eu-west-1:111122223333:t", ""),
    ("arn:aws:sns:eu-central-1:111122223333:t", ""),
    ("arn:aws:sns:me-central-11:111122223333:t", ""),
    ("arn:aws:sns:eu-west-1:111122223333:me-central-1", "Name"),
    ("arn:aws-cn:sns:cn-north-1:111122223333:t", ""),
    ("kms.eu-west-1.amazonaws.com", ""),
    ("kms.me-central-11.amazonaws.com", ""),
    ("https://eu-west-1.signin.aws.amazon.com/saml", ""),
    ("https://signin.aws.amazon.com/saml", ""),
    ("eu-west-1_AbC", ""),
    ("eu-west-1:1-a", ""),
    ("https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbC", ""),
    // Global things, and names that merely contain the region's.
    ("arn:aws:iam::111122223333:role/app-me-central-1", "Name"),
    ("arn:aws:iam::111122223333:root", ""),
    ("arn:aws:s3:::logs-me-central-1", "Name"),
    ("arn:aws:s3:::logs-me-central-1/AWSLogs/111122223333/*", "Name"),
    ("arn:aws:s3:::me-central-1-111122223333", "Name"),
    ("arn:aws:cloudfront::111122223333:distribution/me-central-1", "Name"),
    ("arn:aws:route53:::hostedzone/Z1", ""),
    ("arn:aws:sts::111122223333:assumed-role/a/me-central-1", "Name"),
    ("arn:aws:organizations::111122223333:account/o-1/111122223333", ""),
    ("logs-me-central-1", "NoRule"),
    ("/app/me-central-1/db", "NoRule"),
    ("ready in me-central-1.", "NoRule"),
    ("me-central-1a", ""),
    ("xme-central-1", ""),
    ("ME-CENTRAL-1", ""),
    ("me-central", ""),
    // Patterns that take the target as well, or are not certain.
    ("*", ""),
    ("arn:aws:sns:*:111122223333:t", ""),
    ("arn:aws:sns:*:*:*", ""),
    ("arn:aws:kms:*:111122223333:key/*", ""),
    ("arn:aws:kms:*:111122223333:key/mrk-1", ""),
    ("arn:aws:kms:*:999988887777:key/1", ""),
    ("arn:aws:sns:*-central-1:111122223333:t", ""),
    ("arn:aws:sns:??-central-1:111122223333:t", ""),
    ("arn:aws:sns:${aws:RequestedRegion}:111122223333:t", ""),
    ("kms.*.amazonaws.com", "CoversTarget"),
    ("*.amazonaws.com", ""),
    ("https://*.signin.aws.amazon.com/saml", "CoversTarget"),
    // Hosts that are not AWS's, and parts of hosts.
    ("kms.me-central-1.amazonaws.com.evil.org", "NoRule"),
    ("kms.me-central-1", "NoRule"),
    ("me-central-1.amazonaws.com", "NoRule"),
    ("https://me@kms.me-central-1.amazonaws.com/", "NoRule"),
    ("https://me-central-1.signin.aws.amazon.com.evil.org/saml", "NoRule"),
    ("bucket.s3.amazonaws.com", ""),
    ("https://s3.amazonaws.com/logs-me-central-1", "NoRule"),
];

/// Documents that stay.
const POLICIES: [&str; 14] = [
    r#"{"Version":"2008-10-17","Id":"me-central-1","Statement":[]}"#,
    r#"{"Statement":{"Sid":"AllowInmecentral1","Effect":"Allow","Action":"*","Resource":"*"}}"#,
    r#"{"Statement":{"Sid":"me-central-1","Effect":"Deny","NotAction":["iam:*"],"Resource":"*"}}"#,
    r#"{"Statement":{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringNotEquals":{"aws:RequestedRegion":["me-central-1"]}}}}"#,
    r#"{"Statement":{"Effect":"Deny","NotResource":"arn:aws:sns:me-central-1:111122223333:t","Action":"*"}}"#,
    r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEqualsIfExists":{"aws:RequestedRegion":"me-central-1"}}}}"#,
    r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"ForAllValues:StringEquals":{"kms:ViaService":["s3.me-central-1.amazonaws.com"]}}}}"#,
    r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Null":{"aws:RequestedRegion":"false"}}}}"#,
    r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/home":"me-central-1"}}}}"#,
    r#"{"Statement":{"Effect":"Allow","Principal":{"Service":"logs.me-central-1.amazonaws.com"},"Action":"kms:*","Resource":"*"}}"#,
    r#"{"Statement":{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/cognito-idp.me-central-1.amazonaws.com/me-central-1_AbC"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"cognito-idp.me-central-1.amazonaws.com/me-central-1_AbC:aud":"4o12"}}}}"#,
    r#"{"Statement":{"Effect":"Allow","Action":"me-central-1:*","Resource":"*"}}"#,
    r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"DateLessThan":{"aws:CurrentTime":"2026-11-29T00:00:00Z"},"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}}}"#,
    r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"},"Comment":{"region":"me-central-1"}}"#,
];

#[test]
fn what_must_not_change_does_not() {
    let rewriter = rewriter();
    for (text, told) in VALUES {
        let by_itself = rewriter.value(text);
        assert_eq!(by_itself.document.known(), Some(text));
        assert_eq!(said(&by_itself).len(), usize::from(!told.is_empty()), "{text}: {:?}", said(&by_itself));
        assert!(said(&by_itself).iter().all(|line| line.ends_with(told)), "{text}: {:?}", said(&by_itself));
        for rewriter in [&rewriter, &rewriter.clone().adding()] {
            let policy = format!(
                r#"{{"Statement":[{{"Effect":"Allow","Action":"*","Resource":"{text}","Condition":{{"StringLike":{{
                "aws:SourceArn":["{text}"],"kms:ViaService":"{text}","SAML:aud":"{text}","aws:RequestedRegion":"{text}"}}}}}}]}}"#
            );
            assert_eq!(rewriter.policy(&policy).unwrap().document.known(), Some(policy.as_str()));
            let pattern =
                format!(r#"{{"resources":["{text}",{{"anything-but":"{text}"}}],"detail":{{"a":["{text}"]}}}}"#);
            assert_eq!(rewriter.event_pattern(&pattern).unwrap().document.known(), Some(pattern.as_str()));
        }
    }
    for text in POLICIES {
        assert_eq!(rewriter.policy(text).unwrap().document.known(), Some(text));
    }
    println!("shown: rewrite_negative_set {} values, {} policies, 0 changed", VALUES.len(), POLICIES.len());
}
