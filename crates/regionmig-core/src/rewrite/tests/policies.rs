//! Policies: which values change, and how, by effect and operator.

use super::{rewriter, route, said};
use crate::ids::{IdMap, ResourceId};
use crate::rewrite::{Allowance, PolicyKind, RewriteError, Rewriter};

const TOPIC: &str = "arn:aws:sns:me-central-1:111122223333:t";
const THERE: &str = "arn:aws:sns:eu-central-1:111122223333:t";

/// Writes a statement with one test, and returns what becomes of it.
fn outcome(rewriter: &Rewriter, effect: &str, test: &str) -> (String, Vec<String>) {
    let text = format!(r#"{{"Statement":[{{"Effect":"{effect}",{test}}}]}}"#);
    let rewritten = rewriter.policy(&text).unwrap();
    let document = rewritten.document.known().unwrap();
    let begin = r#"{"Statement":[{"Effect":"","#.len() + effect.len();
    (document[begin..document.len() - 3].to_owned(), said(&rewritten))
}

// REQ: E-11
// REQ: KMS-24
#[test]
fn what_is_in_the_map_under_another_identifier_first_is_waited_for_under_that() {
    let key = "arn:aws:kms:me-central-1:111122223333:key/44444444-dddd";
    let empty = ResourceId::new("kms.empty-key", key);
    let rewriter = rewriter().coming_as(ResourceId::new("kms.key", key), empty.clone());
    let policy = format!(r#"{{"Statement": {{"Effect": "Allow", "Resource": "{key}"}}}}"#);
    let document = rewriter.policy(&policy).unwrap().document;
    assert_eq!(document.requires().collect::<Vec<_>>(), [&empty]);
}

#[test]
fn a_value_changes_by_effect_and_operator() {
    let (old, new) = (format!("\"{TOPIC}\""), format!("\"{THERE}\""));
    let both = format!("[{old}, {new}]");
    let condition =
        |operator: &str, value: &str| format!(r#""Condition":{{"{operator}":{{"aws:SourceArn":{value}}}}}"#);
    let resource = |name: &str, value: &str| format!("\"{name}\":{value}");
    let plain = rewriter();
    let adding = rewriter().adding();
    let moves = rewriter().dangerously_allow(Allowance::DenyMoves);
    let excepts = rewriter().dangerously_allow(Allowance::DenyException);
    for (rewriter, effect, name, becomes) in [
        (&plain, "Allow", "ArnLike", &new),
        (&plain, "Allow", "StringEquals", &new),
        (&plain, "Allow", "StringEqualsIgnoreCase", &new),
        (&plain, "Allow", "ForAnyValue:StringLike", &new),
        (&plain, "Allow", "Resource", &new),
        (&plain, "Allow", "ArnNotEquals", &both),
        (&plain, "Allow", "NotResource", &both),
        (&plain, "Deny", "ArnEquals", &both),
        (&plain, "Deny", "Resource", &both),
        (&plain, "Deny", "ArnNotLike", &old),
        (&plain, "Deny", "StringNotEqualsIgnoreCase", &old),
        (&plain, "Deny", "NotResource", &old),
        (&plain, "Allow", "ArnLikeIfExists", &old),
        (&plain, "Allow", "ForAllValues:StringEquals", &old),
        (&plain, "Deny", "ForAllValues:StringNotLikeIfExists", &old),
        (&plain, "Allow", "StringMatches", &old),
        (&plain, "Allow", "NumericEquals", &old),
        (&adding, "Allow", "StringLike", &both),
        (&adding, "Allow", "Resource", &both),
        (&adding, "Allow", "ArnNotEquals", &both),
        (&adding, "Deny", "Resource", &both),
        (&adding, "Deny", "NotResource", &old),
        (&moves, "Deny", "ArnEquals", &new),
        (&moves, "Deny", "ArnNotEquals", &old),
        (&excepts, "Deny", "ArnNotEquals", &new),
        (&excepts, "Deny", "NotResource", &new),
        (&excepts, "Deny", "ArnEquals", &both),
    ] {
        let write =
            |value: &str| if name.ends_with("Resource") { resource(name, value) } else { condition(name, value) };
        let (document, said) = outcome(rewriter, effect, &write(&old));
        assert_eq!(document, write(becomes), "{effect} {name}");
        // Whatever happens is told.
        assert_eq!(said.len(), 1, "{effect} {name}: {said:?}");
        assert_eq!(said[0].starts_with('!'), *becomes == old, "{said:?}");
        // A list of one is the same.
        let (document, _) = outcome(rewriter, effect, &write(&format!("[ {old} ]")));
        let list = if *becomes == both { format!("[ {old}, {new} ]") } else { format!("[ {becomes} ]") };
        assert_eq!(document, write(&list), "{effect} {name}");
        // Done once, there is nothing left to do.
        let (again, _) = outcome(rewriter, effect, &write(becomes));
        assert_eq!(again, write(becomes), "{effect} {name}");
    }
}

#[test]
fn nothing_is_allowed_in_the_target_without_what_is_denied_with_it() {
    let document = |denied: &str| {
        format!(r#"{{"Statement":[{{"Effect":"Allow","Action":"*","Resource":"{TOPIC}"}},{{{denied}}}]}}"#)
    };
    let resource = |value: &str| {
        format!(r#""Effect":"Deny","Action":"*","Resource":["arn:aws:iam::111122223333:role/a","{value}"]"#)
    };
    let via = |value: &str| {
        format!(r#""Effect":"Deny","Action":"*","Condition":{{"StringLike":{{"kms:ViaService":"{value}"}}}}"#)
    };
    let tag = |value: &str| {
        format!(r#""Effect":"Deny","Action":"*","Condition":{{"StringLike":{{"aws:ResourceTag/a":"{value}"}}}}"#)
    };
    let carried = [
        resource("*"),
        resource("arn:aws:sns:*"),
        resource("arn:aws:s*"),
        resource("arn:*"),
        resource("arn:aws:sns:eu-west-1:*"),
        resource("arn:aws:sns:eu-west-1:111122223333:t*"),
        resource("arn:aws:sns:*:111122223333:t"),
        resource("arn:aws:iam::111122223333:role/*"),
        resource("arn:aws:sns:me-central-1:999988887777:t"),
        resource("arn:aws:sns:me-central-1:111122223333:u*"),
        via("s3.*.amazonaws.com"),
        via("s3.me-central-1.amazonaws.com"),
        tag("me-central-1"),
        r#""Effect":"Allow","Action":"*","NotResource":"arn:aws:sns:me-central-1:111122223333:u""#.to_owned(),
        r#""Effect":"Allow","Action":"*","Resource":"arn:aws:acm:me-central-1:111122223333:certificate/1""#.to_owned(),
    ];
    for denied in carried {
        let rewritten = rewriter().policy(&document(&denied)).unwrap();
        assert!(rewritten.document.to_string().contains(THERE), "{denied}: {:?}", said(&rewritten));
    }
    let not_carried = [
        resource("arn:aws:sns:m*"),
        resource("arn:aws:sns:?*"),
        resource("arn:aws:sns:m*:*"),
        resource("arn:aws:sns:me-*:111122223333:t"),
        resource("arn:aws:acm:me-central-1:111122223333:certificate/1"),
        resource("m*"),
        via("s3.m*"),
        via("s3.me-*.amazonaws.com"),
        tag("a").replace("ResourceTag/a\":\"a", "SomethingElse\":\"me-central-1"),
        r#""Effect":"Allow","Action":"*","NotResource":"arn:aws:acm:me-central-1:111122223333:certificate/1""#
            .to_owned(),
        format!(r#""Effect":"Allow","Action":"*","Condition":{{"StringMatches":{{"aws:SourceArn":"{TOPIC}"}}}}"#),
        format!(r#""Effect":"Deny","Action":"*","Condition":{{"StringMatches":{{"aws:SourceArn":"{TOPIC}"}}}}"#),
    ];
    for denied in not_carried {
        let text = document(&denied);
        let rewritten = rewriter().policy(&text).unwrap();
        assert_eq!(rewritten.document.known(), Some(text.as_str()));
        let told = said(&rewritten);
        assert!(told.contains(&format!("! /Statement/0/Resource {TOPIC} Denied")), "{denied}: {told:?}");
    }
}

#[test]
fn a_key_that_is_tested_twice_stays() {
    let test = format!(
        r#""Condition":{{"StringEquals":{{"aws:SourceArn":"{TOPIC}"}},"ArnLike":{{"AWS:SourceArn":"{THERE}"}}}}"#
    );
    let (document, told) = outcome(&rewriter(), "Allow", &test);
    assert_eq!(document, test);
    assert_eq!(told, [format!("! /Statement/0/Condition/StringEquals/aws:SourceArn {TOPIC} CouldWiden")]);
}

#[test]
fn what_no_rule_is_about_is_told_wherever_it_stands() {
    let text = r#"{"Id":"me-central-1","Comment":{"a":["b",{"c":"me-central-1"}]},"Statement":[{"Sid":"me-central-1","Effect":"Allow",
        "NotPrincipal":{"Service":["logs.me-central-1.amazonaws.com"]},"Action":"*","Extra":["me-central-1"]}]}"#;
    assert_eq!(
        said(&rewriter().dangerously_allow(Allowance::ServicePrincipal).policy(text).unwrap()),
        [
            "! /Comment/a/1/c me-central-1 NoRule",
            "! /Statement/0/NotPrincipal/Service/0 logs.me-central-1.amazonaws.com Principal",
            "! /Statement/0/Extra/0 me-central-1 NoRule",
        ]
    );
}

#[test]
fn each_condition_key_has_its_form() {
    for (key, value, becomes) in [
        ("kms:ViaService", "s3.me-central-1.amazonaws.com", Some("s3.eu-central-1.amazonaws.com")),
        ("KMS:viaservice", "s3.me-central-1.amazonaws.com", Some("s3.eu-central-1.amazonaws.com")),
        ("kms:ViaService", "*.me-central-1.amazonaws.com", Some("*.eu-central-1.amazonaws.com")),
        ("kms:ViaService", "me-central-1", None),
        ("aws:RequestedRegion", "me-central-1", Some("eu-central-1")),
        ("aws:RequestedRegion", "s3.me-central-1.amazonaws.com", None),
        ("aws:RequestedRegion", "me-*", None),
        ("SAML:aud", "https://me-*.signin.aws.amazon.com/saml", None),
        (
            "SAML:aud",
            "https://me-central-1.signin.aws.amazon.com/saml",
            Some("https://eu-central-1.signin.aws.amazon.com/saml"),
        ),
        ("cognito-identity.amazonaws.com:aud", "me-central-1:1-a", Some("eu-central-1:2-b")),
        ("kms:EncryptionContext:aws:sns:topicArn", TOPIC, Some(THERE)),
        ("aws:ResourceTag/region", "me-central-1", None),
        ("aws:PrincipalTag/topic", TOPIC, None),
        ("iam:PassedToService", "guardduty.me-central-1.amazonaws.com", None),
    ] {
        let test = |value: &str| format!(r#""Condition":{{"StringLike":{{"{key}":"{value}"}}}}"#);
        let (document, said) = outcome(&rewriter(), "Allow", &test(value));
        assert_eq!(document, test(becomes.unwrap_or(value)), "{key} {value}");
        assert_eq!(said.len(), 1, "{key} {value}: {said:?}");
    }
}

#[test]
fn principals_stay_unless_that_is_allowed_by_name() {
    let test = r#""Principal":{"Service":["logs.me-central-1.amazonaws.com","s3.amazonaws.com"],"AWS":"arn:aws:iam::111122223333:root",
        "Federated":"arn:aws:iam::111122223333:oidc-provider/cognito-idp.me-central-1.amazonaws.com/me-central-1_AbC"}"#;
    let (document, told) = outcome(&rewriter(), "Allow", test);
    assert_eq!(document, test);
    assert_eq!(
        told.iter().filter(|line| line.starts_with("! ") && line.ends_with(" Principal")).count(),
        2,
        "{told:?}"
    );
    let allowing = rewriter().dangerously_allow(Allowance::ServicePrincipal);
    let (document, told) = outcome(&allowing, "Allow", test);
    assert_eq!(document, test.replace("logs.me-", "logs.eu-"));
    assert_eq!(told[0], "> /Statement/0/Principal/Service/0 logs.eu-central-1.amazonaws.com ServicePrincipal");
    let (document, _) = outcome(&allowing, "Allow", &test.replace("Principal", "NotPrincipal"));
    assert_eq!(document, test.replace("Principal", "NotPrincipal"));
}

#[test]
fn a_policy_can_wait_for_what_a_step_will_make() {
    let key = "arn:aws:kms:me-central-1:111122223333:key/33333333-cccc";
    let text = format!(r#"{{"Statement":{{"Effect":"Allow","Action":"kms:*","Resource":"{key}"}}}}"#);
    let rewritten = rewriter().policy(&text).unwrap();
    let id = ResourceId::new("kms.key", key);
    assert_eq!(rewritten.document.requires().collect::<Vec<_>>(), [&id]);
    let there = "arn:aws:kms:eu-central-1:111122223333:key/44444444-dddd";
    let ids = IdMap::from_iter([(id, there.into())]);
    assert_eq!(ids.fill(&rewritten.document).unwrap(), text.replace(key, there));
    let stored = serde_json::to_string(&rewritten.document).unwrap();
    assert_eq!(serde_json::from_str::<crate::Template>(&stored).unwrap(), rewritten.document);
}

#[test]
fn a_document_can_wait_for_what_is_known_by_its_arn_alone() {
    let (vpc, subnet) =
        ("arn:aws:ec2:me-central-1:111122223333:vpc/vpc-9", "arn:aws:ec2:me-central-1:111122223333:subnet/s-9");
    let waiting =
        Rewriter::new(&route("111122223333/eu-central-1"), &IdMap::default()).coming([ResourceId::new("arn", vpc)]);
    assert_eq!(waiting.value(vpc).document.to_string(), format!("{{arn:{vpc}}}"));
    let early = ResourceId::new("kms.key-without-material", "k");
    let waiting = waiting.coming_as(ResourceId::new("arn", subnet), early.clone());
    assert_eq!(waiting.value(subnet).document.requires().collect::<Vec<_>>(), [&early]);
}

#[test]
fn what_iam_returns_encoded_is_read_as_it_is_meant() {
    let text = format!(r#"{{"Statement":[{{"Effect":"Allow","Action":"sns:*","Resource":"{TOPIC}"}}]}}"#);
    let encoded = urlencoding::encode(&text);
    let rewritten = rewriter().policy(&encoded).unwrap();
    assert_eq!(rewritten.document.known(), Some(text.replace(TOPIC, THERE).as_str()));
    assert!(matches!(rewriter().policy("%7B%FF"), Err(RewriteError::NotJson { .. })));
}

#[test]
fn a_trust_policy_that_grows_too_long_is_told() {
    let values: Vec<String> =
        (0..22).map(|_| "\"https://me-central-1.signin.aws.amazon.com/saml\"".to_owned()).collect();
    let text = format!(
        r#"{{"Statement":[{{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRoleWithSAML","Condition":{{"StringEquals":{{"SAML:aud":[{}]}}}}}}]}}"#,
        values.join(",")
    );
    assert_eq!(rewriter().policy(&text).unwrap().excess(PolicyKind::Trust), None);
    let rewritten = rewriter().adding().policy(&text).unwrap();
    assert!(rewritten.excess(PolicyKind::Trust).is_some_and(|excess| excess.has > 2_048));
}

#[test]
fn findings_say_what_was_done_and_what_is_left() {
    let text = format!(
        r#"{{"Statement":[{{"Effect":"Allow","Action":"*","Resource":["{TOPIC}","arn:aws:s3:::logs-me-central-1","arn:aws:sns:me-*:111122223333:t"]}}]}}"#
    );
    let rewritten = rewriter().policy(&text).unwrap();
    let subject = ResourceId::new("iam.policy", "p");
    let findings: Vec<String> = rewritten.findings(&subject, "its text").iter().map(ToString::to_string).collect();
    assert_eq!(
        findings,
        [
            format!("note [core.rewritten] iam.policy:p: its text is rewritten: at `/Statement/0/Resource/0` {TOPIC} becomes {THERE} (it has the same name in every region)"),
            "action [core.unresolved] iam.policy:p: its text names the source still: at `/Statement/0/Resource/2` arn:aws:sns:me-*:111122223333:t: the pattern takes the source, and what it should take in the target is not certain; decide what these parts should say in the target; map what has a counterpart".to_owned(),
            "note [core.names-source] iam.policy:p: its text has names that contain the source's: at `/Statement/0/Resource/1` arn:aws:s3:::logs-me-central-1: it is part of a name".to_owned(),
        ]
    );
    let none = Rewriter::new(&route("111122223333/eu-central-1"), &IdMap::default());
    assert!(none.policy(r#"{"Statement":[]}"#).unwrap().findings(&subject, "its text").is_empty());
}

#[test]
fn what_is_no_policy_is_refused_with_its_place() {
    for (text, place) in [
        ("[]", ""),
        (r#""{\"Statement\":[]}""#, ""),
        ("{}", ""),
        (r#"{"Statement":[[]]}"#, "/Statement/0"),
        (r#"{"Statement":[{"Action":"*"}]}"#, "/Statement/0"),
        (r#"{"Statement":[{"Effect":"allow"}]}"#, "/Statement/0/Effect"),
        (r#"{"Statement":{"Effect":"Deny","Resource":{"a":"b"}}}"#, "/Statement/Resource"),
        (r#"{"Statement":{"Effect":"Deny","Resource":[["a"]]}}"#, "/Statement/Resource/0"),
        (r#"{"Statement":{"Effect":"Deny","Action":{"a":"b"}}}"#, "/Statement/Action"),
        (r#"{"Statement":{"Effect":"Deny","Condition":[]}}"#, "/Statement/Condition"),
        (r#"{"Statement":{"Effect":"Deny","Condition":{"StringLike":"a"}}}"#, "/Statement/Condition/StringLike"),
        (
            r#"{"Statement":{"Effect":"Deny","Condition":{"StringLike":{"a/b~":{}}}}}"#,
            "/Statement/Condition/StringLike/a~1b~0",
        ),
        (r#"{"Statement":{"Effect":"Deny","Principal":{"AWS":{}}}}"#, "/Statement/Principal/AWS"),
    ] {
        let refused = rewriter().policy(text);
        assert!(matches!(&refused, Err(RewriteError::Malformed { at, .. }) if at == place), "{text}: {refused:?}");
    }
    let twice = rewriter().policy("{\"Statement\":[],\n \"Statement\":[]}");
    assert!(matches!(&twice, Err(RewriteError::Twice { at }) if at == "/Statement"), "{twice:?}");
    let members: Vec<String> = (0..9).map(|index| format!("\"m{index}\": 1")).collect();
    let many = |last: &str| rewriter().json(&format!("[{{{}, \"{last}\": 1}}]", members.join(",")));
    assert!(many("m9").is_ok());
    for twice in [many("m0"), many("m8"), rewriter().json(r#"[{"m0": 1, "m1": 2, "m0": 3}]"#)] {
        assert!(matches!(&twice, Err(RewriteError::Twice { at }) if at.starts_with("/0/m")), "{twice:?}");
    }
    let malformed = rewriter().policy("{\"Statement\":\n  [{\"Effect\":\"ALLOW\"}]}").unwrap_err().to_string();
    assert_eq!(
        malformed,
        "rewriting a policy: at `/Statement/0/Effect`, line 2, column 14: Effect is `Allow` or `Deny`"
    );
}

#[test]
fn what_is_no_json_is_refused_with_its_place() {
    let deep = "[".repeat(10_000) + &"]".repeat(10_000);
    let long = format!("[\"{}\"]", "x".repeat(10_000_000));
    for (text, says) in [
        ("", "line 1 column 0"),
        ("no", "line 1 column 2"),
        ("{\"a\": 1,}", "line 1 column 9"),
        ("{\"a\":\n\"\\ud800\"}", "line 2"),
        ("// why\n{}", "line 1 column 1"),
        ("{'a': 1}", "line 1 column 2"),
        ("\u{feff}{}", "line 1 column 1"),
        ("[\"\t\"]", "line 1 column 2"),
        (&deep, "nesting"),
        (&long, "10000004 bytes"),
    ] {
        let error = rewriter().json(text).unwrap_err();
        let says_so = crate::chain(&error).to_lowercase().contains(says);
        assert!(says_so, "{}: {}", &text[..text.len().min(20)], crate::chain(&error));
    }
}
