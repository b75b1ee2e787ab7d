//! A policy as long as KMS takes, much of which names the source.

use regionmig_core::rewrite::Rewriter;
use regionmig_core::{IdMap, KeyArn, Route};

/// KMS takes no longer ones.
const LONGEST: usize = 32 * 1024;

const STATEMENT: &str = r#"{
      "Sid": "Use by the service of one region, number 00",
      "Effect": "Allow",
      "Principal": {"AWS": ["arn:aws:iam::111122223333:role/application", "arn:aws:iam::444455556666:root"]},
      "Action": ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"],
      "Resource": "*",
      "Condition": {
        "StringEquals": {"kms:ViaService": ["s3.me-central-1.amazonaws.com", "sns.me-central-1.amazonaws.com"], "kms:CallerAccount": "111122223333"},
        "ArnLike": {"aws:SourceArn": ["arn:aws:sns:me-central-1:111122223333:topic-*", "arn:aws:kms:me-central-1:111122223333:key/1234abcd-0000-1111-2222-333344445555"]}
      }
    }"#;

/// Returns a policy of 32 KiB, and what rewrites it.
pub(crate) fn policy() -> (String, Rewriter) {
    let mut text = String::from("{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    ");
    while text.len() + 2 * STATEMENT.len() < LONGEST {
        text.push_str(STATEMENT);
        text.push_str(",\n    ");
    }
    text.push_str(STATEMENT);
    text.push_str("\n  ]\n}\n");
    let key = |region: &str| format!("arn:aws:kms:{region}:111122223333:key/1234abcd-0000-1111-2222-333344445555");
    let mut ids = IdMap::default();
    let (source, target): (KeyArn, KeyArn) =
        (key("me-central-1").parse().unwrap(), key("eu-central-1").parse().unwrap());
    ids.bind(&source, &target).unwrap();
    let end = |region: &str| format!("111122223333/{region}").parse().unwrap();
    let route = Route::new(end("me-central-1"), end("eu-central-1")).unwrap();
    (text, Rewriter::new(&route, &ids))
}
