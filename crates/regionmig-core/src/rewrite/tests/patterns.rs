//! Event patterns.

use super::{rewriter, said};
use crate::rewrite::RewriteError;

// REQ: E-11
#[test]
fn every_comparison_is_rewritten_as_it_compares() {
    let text = r#"{
  "source": ["aws.guardduty"],
  "account": ["111122223333"],
  "region": ["me-central-1", "eu-west-1", {"anything-but": "me-central-1"}, {"prefix": "me-"}, {"prefix": "me-central-1"}],
  "resources": [{"prefix": "arn:aws:logs:me-central-1:111122223333:log-group:/app"}, {"wildcard": "arn:aws:sns:me-central-1:111122223333:*-t"},
    {"suffix": ":me-central-1"}, {"equals-ignore-case": "arn:aws:sqs:me-central-1:111122223333:Q"}, {"exists": true}],
  "detail": {
    "awsRegion": ["me-central-1"],
    "severity": [{"numeric": [">", 4, "<=", 8]}],
    "ip": [{"cidr": "10.0.0.0/8"}],
    "key": [{"anything-but": ["arn:aws:kms:me-central-1:111122223333:key/11111111-aaaa"]},
      {"anything-but": {"prefix": "arn:aws:sns:me-central-1:111122223333:t"}}, {"anything-but": {"suffix": "me-central-1"}}],
    "$or": [{"arn": ["arn:aws:sns:me-central-1:111122223333:t"]}, {"name": ["me-central-1"]}]
  }
}"#;
    let rewritten = rewriter().event_pattern(text).unwrap();
    assert_eq!(
        said(&rewritten),
        [
            "> /region/0 eu-central-1 TheRegion",
            "+ /region/2/anything-but eu-central-1 TheRegion",
            "> /region/4/prefix eu-central-1 TheRegion",
            "> /resources/0/prefix arn:aws:logs:eu-central-1:111122223333:log-group:/app SameName",
            "> /resources/1/wildcard arn:aws:sns:eu-central-1:111122223333:*-t SameName",
            "> /resources/3/equals-ignore-case arn:aws:sqs:eu-central-1:111122223333:Q SameName",
            "> /detail/awsRegion/0 eu-central-1 TheRegion",
            "+ /detail/key/0/anything-but/0 arn:aws:kms:eu-central-1:111122223333:key/22222222-bbbb Counterpart",
            "+ /detail/key/1/anything-but/prefix arn:aws:sns:eu-central-1:111122223333:t SameName",
            "> /detail/$or/0/arn/0 arn:aws:sns:eu-central-1:111122223333:t SameName",
            "! /region/3/prefix me- Pattern",
            "! /resources/2/suffix :me-central-1 NoRule",
            "! /detail/key/2/anything-but/suffix me-central-1 NoRule",
            "! /detail/$or/1/name/0 me-central-1 NoRule",
        ]
    );
    let expected = text
        .replace(
            r#"["me-central-1", "eu-west-1", {"anything-but": "me-central-1"}"#,
            r#"["eu-central-1", "eu-west-1", {"anything-but": ["me-central-1", "eu-central-1"]}"#,
        )
        .replace(r#"{"prefix": "me-central-1"}"#, r#"{"prefix": "eu-central-1"}"#)
        .replace("logs:me-", "logs:eu-")
        .replace(
            r#""arn:aws:sns:me-central-1:111122223333:t"}}"#,
            r#"["arn:aws:sns:me-central-1:111122223333:t", "arn:aws:sns:eu-central-1:111122223333:t"]}}"#,
        )
        .replace(r#"wildcard": "arn:aws:sns:me-"#, r#"wildcard": "arn:aws:sns:eu-"#)
        .replace("sqs:me-", "sqs:eu-")
        .replace(r#""awsRegion": ["me-"#, r#""awsRegion": ["eu-"#)
        .replace(r#"aaaa"]"#, r#"aaaa", "arn:aws:kms:eu-central-1:111122223333:key/22222222-bbbb"]"#)
        .replace(r#"{"arn": ["arn:aws:sns:me-"#, r#"{"arn": ["arn:aws:sns:eu-"#);
    assert_eq!(rewritten.document.known(), Some(expected.as_str()));
}

#[test]
fn a_pattern_can_serve_both_regions() {
    let text = r#"{"region":["me-central-1"],"resources":[{"prefix":"arn:aws:sns:me-central-1:111122223333:t"}]}"#;
    let rewritten = rewriter().adding().event_pattern(text).unwrap();
    assert_eq!(
        rewritten.document.known(),
        Some(
            r#"{"region":["me-central-1", "eu-central-1"],"resources":[{"prefix":"arn:aws:sns:me-central-1:111122223333:t"}, {"prefix": "arn:aws:sns:eu-central-1:111122223333:t"}]}"#
        )
    );
    let again = rewriter().adding().event_pattern(rewritten.document.known().unwrap()).unwrap();
    assert_eq!(again.document, rewritten.document);
}

#[test]
fn one_branch_is_no_branching() {
    let text = r#"{"$or":[{"prefix":"arn:aws:sns:me-central-1:111122223333:t"}]}"#;
    let rewritten = rewriter().event_pattern(text).unwrap();
    assert_eq!(said(&rewritten), ["> /$or/0/prefix arn:aws:sns:eu-central-1:111122223333:t SameName"]);
}

#[test]
fn what_is_no_pattern_is_refused_with_its_place() {
    for (text, place) in
        [("[]", ""), (r#"{"region": "me-central-1"}"#, "/region"), (r#"{"detail": {"a": 1}}"#, "/detail/a")]
    {
        let refused = rewriter().event_pattern(text);
        assert!(matches!(&refused, Err(RewriteError::Malformed { at, .. }) if at == place), "{text}: {refused:?}");
    }
}
