//! Single values, encryption contexts, JSON of any shape.

use std::collections::BTreeMap;

use super::{SOURCE, rewriter, route, said};
use crate::ids::{IdMap, ResourceId};
use crate::rewrite::{Rewriter, Rule};

/// Checks that a value becomes another by one rule, and that nothing else is said.
fn becomes_just(text: &str, becomes: &str, rule: Rule) {
    let rewritten = rewriter().value(text);
    assert_eq!((rewritten.document.to_string().as_str(), said(&rewritten).len()), (becomes, 1), "{text}");
    assert_eq!(rewritten.replacements.first().map(|r| r.rule), Some(rule), "{text}");
}

#[test]
fn what_is_mapped_becomes_its_counterpart() {
    for (text, becomes, rule) in [
        // Counterparts, whole and of what they have.
        (
            "arn:aws:kms:me-central-1:111122223333:key/11111111-aaaa",
            "arn:aws:kms:eu-central-1:111122223333:key/22222222-bbbb",
            Rule::Counterpart,
        ),
        ("11111111-aaaa", "22222222-bbbb", Rule::Counterpart),
        (
            "arn:aws:kms:me-central-1:111122223333:key/33333333-cccc",
            "{kms.key:arn:aws:kms:me-central-1:111122223333:key/33333333-cccc}",
            Rule::Counterpart,
        ),
        (
            "arn:aws:cognito-idp:me-central-1:111122223333:userpool/me-central-1_AbC",
            "arn:aws:cognito-idp:eu-central-1:111122223333:userpool/eu-central-1_XyZ",
            Rule::Counterpart,
        ),
        (
            "arn:aws:cognito-identity:me-central-1:111122223333:identitypool/me-central-1:1-a",
            "arn:aws:cognito-identity:eu-central-1:111122223333:identitypool/eu-central-1:2-b",
            Rule::Counterpart,
        ),
        (
            "arn:aws:guardduty:me-central-1:111122223333:detector/0f0f/filter/f*",
            "arn:aws:guardduty:eu-central-1:111122223333:detector/a1a1/filter/f*",
            Rule::Counterpart,
        ),
        (
            "arn:aws:ec2:me-central-1:111122223333:vpc/vpc-1",
            "arn:aws:ec2:eu-central-1:111122223333:vpc/vpc-2",
            Rule::Counterpart,
        ),
        ("me-central-1_AbC", "eu-central-1_XyZ", Rule::Counterpart),
        ("me-central-1:1-a", "eu-central-1:2-b", Rule::Counterpart),
        (
            "https://cognito-idp.me-central-1.amazonaws.com/me-central-1_AbC",
            "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_XyZ",
            Rule::Counterpart,
        ),
        (
            "cognito-idp.me-central-1.amazonaws.com/me-central-1_AbC:4o12",
            "cognito-idp.eu-central-1.amazonaws.com/eu-central-1_XyZ:9q34",
            Rule::Counterpart,
        ),
        (
            "arn:aws:iam::111122223333:oidc-provider/cognito-idp.me-central-1.amazonaws.com/me-central-1_AbC",
            "arn:aws:iam::111122223333:oidc-provider/cognito-idp.eu-central-1.amazonaws.com/eu-central-1_XyZ",
            Rule::Counterpart,
        ),
    ] {
        becomes_just(text, becomes, rule);
    }
}

#[test]
fn what_is_called_the_same_everywhere_becomes_the_targets() {
    for (text, becomes, rule) in [
        // Names that their owner chose.
        (
            "arn:aws:kms:me-central-1:111122223333:alias/a",
            "arn:aws:kms:eu-central-1:111122223333:alias/a",
            Rule::SameName,
        ),
        (
            "arn:aws:kms:me-central-1:111122223333:key/mrk-12",
            "arn:aws:kms:eu-central-1:111122223333:key/mrk-12",
            Rule::SameName,
        ),
        ("arn:aws:sns:me-central-1:111122223333:t", "arn:aws:sns:eu-central-1:111122223333:t", Rule::SameName),
        (
            "arn:aws:secretsmanager:me-central-1:111122223333:secret:a/b-??????",
            "arn:aws:secretsmanager:eu-central-1:111122223333:secret:a/b-??????",
            Rule::SameName,
        ),
        (
            "arn:aws:dynamodb:me-central-1:111122223333:table/${aws:username}-*",
            "arn:aws:dynamodb:eu-central-1:111122223333:table/${aws:username}-*",
            Rule::SameName,
        ),
        (
            "arn:*:logs:me-central-1:111122223333:log-group:/aws/lambda/f:*",
            "arn:*:logs:eu-central-1:111122223333:log-group:/aws/lambda/f:*",
            Rule::SameName,
        ),
        // All of a kind.
        (
            "arn:aws:kms:me-central-1:111122223333:key/*",
            "arn:aws:kms:eu-central-1:111122223333:key/*",
            Rule::EveryOfKind,
        ),
        ("arn:aws:ec2:me-central-1:111122223333:*", "arn:aws:ec2:eu-central-1:111122223333:*", Rule::EveryOfKind),
        // Hosts.
        ("secretsmanager.me-central-1.amazonaws.com", "secretsmanager.eu-central-1.amazonaws.com", Rule::ServiceHost),
        ("https://kms.me-central-1.api.aws/", "https://kms.eu-central-1.api.aws/", Rule::ServiceHost),
        (
            "https://me-central-1.signin.aws.amazon.com/saml",
            "https://eu-central-1.signin.aws.amazon.com/saml",
            Rule::SignIn,
        ),
    ] {
        becomes_just(text, becomes, rule);
    }
}

#[test]
fn what_has_no_certain_counterpart_is_told_and_stays() {
    for (text, lack) in [
        ("arn:aws:kms:me-central-1:111122223333:key/99999999-dddd", "NoCounterpart"),
        ("arn:aws:acm:me-central-1:111122223333:certificate/1", "NoCounterpart"),
        ("arn:aws:ec2:me-central-1:111122223333:vpc/vpc-9", "NoCounterpart"),
        ("arn:aws:quantum:me-central-1:111122223333:thing/a", "NoCounterpart"),
        ("arn:aws:apigateway:me-central-1::/restapis/ab12", "NoCounterpart"),
        ("arn:aws:kms:me-central-1:111122223333:key/1111*", "Pattern"),
        ("arn:aws:kms:me-*:111122223333:key/*", "Pattern"),
        ("arn:aws:kms:*:111122223333:key/11111111-aaaa", "Pattern"),
        ("arn:aws:acm:*:*:certificate/1", "Pattern"),
        ("arn:aws:ec2:*-central-1:111122223333:vpc/vpc-1", "Pattern"),
        ("arn:aws:sns:me-central-?:111122223333:t", "Pattern"),
        ("arn:aws:sns:me-central-1:*:t", "Pattern"),
        ("arn:aws:sns:me-central-1:${aws:PrincipalAccount}:t", "Pattern"),
        ("arn:aws:sns:me-central-1:*", "NoRule"),
        ("ab12.execute-api.me-central-1.amazonaws.com", "HostOfThing"),
        ("https://bucket.s3.me-central-1.amazonaws.com/key", "HostOfThing"),
        ("shop.auth.me-central-1.amazoncognito.com", "HostOfThing"),
        ("https://cognito-idp.me-central-1.amazonaws.com/me-central-1_Unknown", "NoCounterpart"),
        ("cognito-idp.me-central-1.amazonaws.com/me-central-1_AbC:unknown", "NoCounterpart"),
        ("me-central-1_Unknown", "NoCounterpart"),
        ("me-central-1:9-z", "NoCounterpart"),
        ("is it me-central-1?", "NoRule"),
        (r#"{"region": "me-central-1"}"#, "NoRule"),
    ] {
        let rewritten = rewriter().value(text);
        assert_eq!(said(&rewritten), [format!("!  {text} {lack}")], "{text}");
        assert_eq!(rewritten.document.known(), Some(text));
    }
}

#[test]
fn what_something_became_must_not_bring_in_more() {
    let text = "arn:aws:acm:me-central-1:111122223333:certificate/1";
    for target in [
        "arn:aws:acm:eu-central-1:111122223333:certificate/*",
        "arn:aws:acm:eu-central-1:444455556666:certificate/1",
        "arn:aws:acm:eu-central-1:111122223333:certificate/${aws:username}",
    ] {
        let ids = IdMap::from_iter([(ResourceId::new("acm.certificate", text), target.into())]);
        let rewritten = Rewriter::new(&route("111122223333/eu-central-1"), &ids).value(text);
        assert_eq!(said(&rewritten), [format!("!  {text} Outside")], "{target}");
    }
}

#[test]
fn what_has_no_account_becomes_what_has_none() {
    let text = "arn:aws:apigateway:me-central-1::/restapis/ab12";
    let there = "arn:aws:apigateway:eu-central-1::/restapis/cd34";
    let becomes = |target: &str| {
        let ids = IdMap::from_iter([(ResourceId::new("arn", text), target.into())]);
        said(&Rewriter::new(&route("111122223333/eu-central-1"), &ids).value(text))
    };
    assert_eq!(becomes(there), [format!(">  {there} Counterpart")]);
    assert_eq!(becomes("arn:aws:apigateway:eu-central-1:111122223333:/restapis/cd34"), [format!("!  {text} Outside")]);
}

#[test]
fn what_becomes_itself_is_not_said_to_change() {
    let text = "arn:aws:acm:me-central-1:111122223333:certificate/1";
    let ids = IdMap::from_iter([(ResourceId::new("acm.certificate", text), text.into())]);
    assert!(said(&Rewriter::new(&route("111122223333/eu-central-1"), &ids).value(text)).is_empty());
}

#[test]
fn a_secret_that_was_made_anew_is_found_by_its_whole_name() {
    let arn = |region: &str, name: &str| format!("arn:aws:secretsmanager:{region}:111122223333:secret:{name}");
    let (text, there) = (arn("me-central-1", "a/b-AbCdEf"), arn("eu-central-1", "a/b-GhIjKl"));
    let ids = IdMap::from_iter([(ResourceId::new("secrets.secret", &text), there.as_str().into())]);
    let rewriter = Rewriter::new(&route("111122223333/eu-central-1"), &ids);
    assert_eq!(said(&rewriter.value(&text)), [format!(">  {there} Counterpart")]);
}

#[test]
fn in_another_account_only_what_is_mapped_changes() {
    let (key, role) = ("arn:aws:kms:me-central-1:111122223333:key/1", "arn:aws:iam::111122223333:role/a");
    let there = "arn:aws:kms:eu-central-1:444455556666:key/2";
    let ids = IdMap::from_iter([(ResourceId::new("kms.key", key), there.into())]);
    let rewriter = Rewriter::new(&route("444455556666/eu-central-1"), &ids);
    assert_eq!(said(&rewriter.value(key)), [format!(">  {there} Counterpart")]);
    for text in [role, "arn:aws:sns:me-central-1:111122223333:t", "arn:aws:sns:*:111122223333:t", "111122223333"] {
        assert_eq!(said(&rewriter.value(text)), [format!("!  {text} Account")], "{text}");
    }
    assert!(said(&rewriter.value("arn:aws:iam::999988887777:role/a")).is_empty());
}

#[test]
fn the_way_back_is_the_way_there() {
    let back = Rewriter::new(&route("111122223333/eu-central-1").reversed(), &IdMap::default());
    let there = rewriter();
    for text in ["arn:aws:sns:me-central-1:111122223333:t", "kms.me-central-1.amazonaws.com"] {
        let rewritten = there.value(text).document.to_string();
        assert_eq!(back.value(&rewritten).document.known(), Some(text));
    }
    assert_eq!(SOURCE.parse().ok(), Some(route("111122223333/eu-central-1").source));
}

// REQ: FED-7
#[test]
fn the_endpoint_that_names_no_region_is_that_of_one() {
    let route = crate::Route::new("111122223333/us-east-1".parse().unwrap(), "111122223333/eu-west-1".parse().unwrap());
    let rewriter = Rewriter::new(&route.unwrap(), &IdMap::default());
    let there = "https://eu-west-1.signin.aws.amazon.com/saml";
    let provider = "/acs/SAMLSPABCDEFGHIJKLMNOPQ";
    for host in ["signin.aws.amazon.com", "us-east-1.signin.aws.amazon.com"] {
        for rest in ["", provider] {
            let rewritten = rewriter.value(&format!("https://{host}/saml{rest}"));
            assert_eq!(said(&rewritten), [format!(">  {there}{rest} SignIn")], "{host}");
        }
    }
}

// REQ: KMS-23
#[test]
fn an_encryption_context_keeps_its_names() {
    let secret = "arn:aws:secretsmanager:me-central-1:111122223333:secret:a-AbCdEf";
    let pairs =
        [("SecretARN", secret), ("SecretVersionId", "1-2"), ("stage", "me-central-1"), ("in/me-central-1", "x")];
    let context: BTreeMap<String, String> = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let rewritten = rewriter().context(&context);
    let image = secret.replace("me-", "eu-");
    assert_eq!(
        said(&rewritten),
        [
            format!("> /SecretARN {image} SameName"),
            "! /in~1me-central-1 in/me-central-1 NoRule".to_owned(),
            "! /stage me-central-1 NoRule".to_owned()
        ]
    );
    let document: Vec<String> = rewritten.document.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(
        document,
        [
            format!("SecretARN={image}"),
            "SecretVersionId=1-2".into(),
            "in/me-central-1=x".into(),
            "stage=me-central-1".into()
        ]
    );
}

#[test]
fn json_of_any_shape_is_rewritten_in_place() {
    let text = r#"{ "region" : "me-central-1",	"a": [1.50, -0, 1E5, "t\u00e9",
        "arn:aws:sns:me-central-1:111122223333:t", {"note": "in me-central-1", "url": "https://kms.me-central-1.amazonaws.com"}] }"#;
    let rewritten = rewriter().json(text).unwrap();
    assert_eq!(
        said(&rewritten),
        [
            "> /region eu-central-1 TheRegion",
            "> /a/4 arn:aws:sns:eu-central-1:111122223333:t SameName",
            "> /a/5/url https://kms.eu-central-1.amazonaws.com ServiceHost",
            "! /a/5/note in me-central-1 NoRule",
        ]
    );
    let expected = text
        .replace("\"me-central-1\"", "\"eu-central-1\"")
        .replace("sns:me-", "sns:eu-")
        .replace("kms.me-", "kms.eu-");
    assert_eq!(rewritten.document.known(), Some(expected.as_str()));
}

#[test]
fn placeholders_of_an_input_template_stay() {
    let text = r#"{"instance": <instance>, "me-central-1": <me-central-1>, "text": "\"<a>\" of <b>",
        "topic": "arn:aws:sns:me-central-1:111122223333:t"}"#;
    let rewritten = rewriter().input_template(text);
    assert_eq!(
        said(&rewritten),
        ["> /topic arn:aws:sns:eu-central-1:111122223333:t SameName", "! /me-central-1 me-central-1 NoRule"]
    );
    assert_eq!(rewritten.document.known(), Some(text.replace("sns:me-", "sns:eu-").as_str()));
    let plain = "<instance> of me-central-1 is broken";
    assert_eq!(said(&rewriter().input_template(plain)), [format!("!  {plain} NoRule")]);
}
