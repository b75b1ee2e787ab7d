//! What the guide says, page by page, asked of the evaluator.

use serde_json::json;

use super::{Decision, Principal, Request, Value, decide, is_action, is_match, is_resource};

/// A request by a user of the account 111122223333 for `kms:Decrypt` of a key.
fn request(context: &[(&str, &[&str])]) -> Request {
    Request {
        principal: Principal::Aws("arn:aws:iam::111122223333:user/ann".into()),
        action: "kms:Decrypt".into(),
        resource: "arn:aws:kms:us-east-1:111122223333:key/1".into(),
        context: context
            .iter()
            .map(|(key, values)| (key.to_ascii_lowercase(), values.iter().map(|v| (*v).to_owned()).collect()))
            .collect(),
    }
}

/// Whether a condition holds, for the values that a request has for the key `k`, if it has it.
fn holds(operator: &str, values: Value, found: Option<&[&str]>) -> bool {
    let statement =
        json!({ "Effect": "Allow", "Action": "*", "Resource": "*", "Condition": { operator: { "K": values } } });
    let context: Vec<(&str, &[&str])> = found.into_iter().map(|found| ("k", found)).collect();
    decide(&json!({ "Statement": statement }), &request(&context)) == Decision::Allow
}

/// "Policy evaluation logic".
#[test]
fn a_deny_overrides_an_allow_and_silence_denies() {
    let (allow, deny) = (json!({ "Effect": "Allow", "Action": "*" }), json!({ "Effect": "Deny", "Action": "kms:*" }));
    let other = json!({ "Effect": "Deny", "NotAction": ["kms:*"] });
    for (statements, expected) in [
        (json!([]), Decision::ImplicitDeny),
        (json!([&allow]), Decision::Allow),
        (allow.clone(), Decision::Allow),
        (json!([&allow, &deny]), Decision::ExplicitDeny),
        (json!([&deny, &allow]), Decision::ExplicitDeny),
        (json!([&other, &allow]), Decision::Allow),
        (json!([&other]), Decision::ImplicitDeny),
    ] {
        assert_eq!(decide(&json!({ "Statement": statements }), &request(&[])), expected, "{statements}");
    }
    assert!(Decision::ExplicitDeny < Decision::ImplicitDeny && Decision::ImplicitDeny < Decision::Allow);
}

/// "AWS JSON policy elements: Principal" and "NotPrincipal".
#[test]
fn a_principal_is_named_by_itself_its_account_its_role_or_not_at_all() {
    let user = Principal::Aws("arn:aws:iam::111122223333:user/ann".into());
    let session = Principal::Aws("arn:aws:sts::111122223333:assumed-role/admin/ann".into());
    let service = Principal::Service("sns.amazonaws.com".into());
    let provider = Principal::Federated("arn:aws:iam::111122223333:saml-provider/idp".into());
    for (element, expected) in [
        (json!("*"), [true, true, true, true]),
        (json!({ "AWS": "*" }), [true, true, true, true]),
        (json!({ "AWS": "111122223333" }), [true, true, false, false]),
        (json!({ "AWS": ["999999999999", "arn:aws:iam::111122223333:root"] }), [true, true, false, false]),
        (json!({ "AWS": "arn:aws:iam::111122223333:user/ann" }), [true, false, false, false]),
        (json!({ "AWS": "arn:aws:iam::111122223333:user/*" }), [false; 4]),
        (json!({ "AWS": "arn:aws:iam::111122223333:role/path/admin" }), [false, true, false, false]),
        (json!({ "AWS": "arn:aws:iam::999999999999:role/admin" }), [false; 4]),
        (json!({ "AWS": "arn:aws:sts::111122223333:assumed-role/admin/ann" }), [false, true, false, false]),
        (json!({ "Service": ["sns.amazonaws.com", "sqs.amazonaws.com"] }), [false, false, true, false]),
        (json!({ "Federated": "arn:aws:iam::111122223333:saml-provider/idp" }), [false, false, false, true]),
        (json!({ "AWS": "999999999999", "Service": "sns.amazonaws.com" }), [false, false, true, false]),
    ] {
        for (principal, expected) in [&user, &session, &service, &provider].into_iter().zip(expected) {
            for (name, expected) in [("Principal", expected), ("NotPrincipal", !expected)] {
                let policy = json!({ "Statement": { "Effect": "Allow", "Action": "*", name: element } });
                let request = Request { principal: principal.clone(), ..request(&[]) };
                assert_eq!(decide(&policy, &request) == Decision::Allow, expected, "{policy} {principal:?}");
            }
        }
    }
}

/// "IAM JSON policy elements: Action" and "Resource".
#[test]
fn actions_ignore_case_and_a_star_inside_a_segment_stays_there() {
    for (pattern, action, expected) in [
        ("kms:decrypt", "kms:Decrypt", true),
        ("KMS:De*", "kms:Decrypt", true),
        ("kms:De?rypt", "kms:Decrypt", true),
        ("kms:De?crypt", "kms:Decrypt", false),
        ("*", "kms:Decrypt", true),
        ("kms:Encrypt", "kms:Decrypt", false),
    ] {
        assert_eq!(is_action(pattern, action), expected, "{pattern}");
    }
    let secret = "arn:aws:secretsmanager:us-east-1:111122223333:secret:prod/db-AbCdEf";
    for (pattern, expected) in [
        ("*", true),
        (secret, true),
        ("arn:aws:secretsmanager:*", true),
        ("arn:aws:secretsmanager:*:secret:prod/*", true),
        ("arn:aws:secretsmanager:us-*:111122223333:secret:prod/db-??????", true),
        ("arn:aws:secretsmanager:us-*-1:111122223333:secret:prod/*", true),
        ("arn:aws:secretsmanager:us*1:111122223333:secret:prod/*", true),
        ("arn:aws:secretsmanager:us-*3:secret:prod/*", false),
        ("arn:aws:secretsmanager:us-east-1:111122223333:secret:Prod/*", false),
        ("arn:aws:secretsmanager:us-east-1:111122223333:secret:prod", false),
        ("arn:aws:secretsmanager:us-east-1:111122223333:*ef", false),
    ] {
        assert_eq!(is_resource(pattern, secret), expected, "{pattern}");
    }
}

/// "Condition operators", "IfExists", "Null", and "Single-valued vs. multivalued context keys".
#[test]
fn a_missing_key_decides_by_its_operator() {
    for (operator, expected) in [
        ("StringEquals", false),
        ("ArnLike", false),
        ("Bool", false),
        ("IpAddress", false),
        ("NumericLessThan", false),
        ("StringNotEquals", true),
        ("StringNotEqualsIgnoreCase", true),
        ("StringNotLike", true),
        ("ArnNotEquals", true),
        ("NotIpAddress", true),
        ("NumericNotEquals", true),
        ("StringEqualsIfExists", true),
        ("StringNotEqualsIfExists", true),
        ("ForAllValues:StringEquals", true),
        ("ForAllValues:StringNotEquals", true),
        ("ForAnyValue:StringEquals", false),
        ("ForAnyValue:StringNotEquals", false),
        ("ForAnyValue:StringEqualsIfExists", true),
    ] {
        assert_eq!(holds(operator, json!("1"), None), expected, "{operator}");
        assert_eq!(holds(operator, json!("1"), Some(&[])), expected, "{operator} of nothing");
    }
    for (value, of_none, of_one) in
        [(json!("true"), true, false), (json!(true), true, false), (json!(["false"]), false, true)]
    {
        assert_eq!(holds("Null", value.clone(), None), of_none, "{value}");
        assert_eq!(holds("Null", value.clone(), Some(&["x"])), of_one, "{value}");
    }
}

/// "Conditions with multiple context keys or values".
#[test]
fn several_values_are_joined_by_or_and_under_a_negated_operator_by_nor() {
    let both = || json!(["a", "b"]);
    for (operator, found, expected) in [
        ("StringEquals", &["b"][..], true),
        ("StringEquals", &["c"], false),
        ("StringNotEquals", &["b"], false),
        ("StringNotEquals", &["c"], true),
        ("ForAllValues:StringEquals", &["a", "b"], true),
        ("ForAllValues:StringEquals", &["a", "c"], false),
        ("ForAnyValue:StringEquals", &["a", "c"], true),
        ("ForAnyValue:StringEquals", &["c", "d"], false),
        ("ForAllValues:StringNotEquals", &["c", "d"], true),
        ("ForAllValues:StringNotEquals", &["a", "c"], false),
        ("ForAnyValue:StringNotEquals", &["a", "c"], true),
        ("ForAnyValue:StringNotEquals", &["a", "b"], false),
    ] {
        assert_eq!(holds(operator, both(), Some(found)), expected, "{operator} {found:?}");
    }
}

/// "Condition operators": what each compares.
#[test]
fn each_operator_compares_as_its_page_says() {
    let store = "arn:aws:some:us-east-2:999999999999:store/abc:111122223333:finance/document.txt";
    let finance = "arn:aws:some:*:111122223333:finance/*";
    for (operator, expected, found, is_met) in [
        ("StringEquals", "Abc", "abc", false),
        ("StringEqualsIgnoreCase", "Abc", "aBC", true),
        ("StringEquals", "a*", "abc", false),
        ("StringLike", "a?c*", "abcd", true),
        ("StringLike", "A*", "abc", false),
        // The guide's own example of where the two differ.
        ("StringLike", finance, store, true),
        ("ArnLike", finance, store, false),
        ("ArnEquals", "arn:aws:sns:*:111122223333:t*", "arn:aws:sns:us-east-1:111122223333:topic", true),
        ("ArnEquals", "arn:aws:sns:us-east-1:111122223333:T", "arn:aws:sns:us-east-1:111122223333:t", false),
        ("ArnLike", "arn:aws:sns:*", "arn:aws:sns:us-east-1:111122223333:topic", false),
        ("Bool", "true", "True", true),
        ("NumericEquals", "10", "10.0", true),
        ("NumericEquals", "ten", "ten", false),
        ("NumericLessThan", "10", "9", true),
        ("NumericLessThanEquals", "10", "11", false),
        ("NumericGreaterThan", "10", "10", false),
        ("NumericGreaterThanEquals", "10", "10", true),
        ("DateGreaterThan", "2020-01-01T00:00:01Z", "2020-01-01T00:00:02Z", true),
        ("DateLessThan", "2020-01-01T00:00:01Z", "1577836800", true),
        ("DateEquals", "2020-01-01T00:00:00Z", "2020-01-01T01:00:00+01:00", true),
        ("IpAddress", "203.0.113.0/24", "203.0.113.200", true),
        ("IpAddress", "203.0.113.0/24", "203.0.114.1", false),
        ("IpAddress", "203.0.113.7", "203.0.113.7", true),
        ("IpAddress", "0.0.0.0/0", "203.0.113.7", true),
        ("IpAddress", "2001:db8:1234:5678::/64", "2001:db8:1234:5678::9", true),
        ("IpAddress", "::/0", "203.0.113.7", false),
    ] {
        assert_eq!(is_match(operator, expected, found), is_met, "{operator} {expected} {found}");
    }
}

#[test]
fn operators_and_keys_are_joined_by_and_and_the_names_of_keys_ignore_case() {
    let block = json!({ "StringEquals": { "aws:A": "1", "AWS:b": "2" }, "StringLike": { "aws:c": "3*" } });
    let policy = json!({ "Statement": { "Effect": "Allow", "Action": "*", "Condition": block } });
    let all: [(&str, &[&str]); 3] = [("aws:a", &["1"]), ("aws:B", &["2"]), ("aws:C", &["33"])];
    assert_eq!(decide(&policy, &request(&all)), Decision::Allow);
    for missing in 0..3 {
        let mut some = all.to_vec();
        some.remove(missing);
        assert_eq!(decide(&policy, &request(&some)), Decision::ImplicitDeny, "{some:?}");
    }
}

#[test]
fn what_the_guide_does_not_define_is_refused() {
    let panics = |statement: Value, context: &[(&str, &[&str])]| {
        let request = request(context);
        std::panic::catch_unwind(|| decide(&json!({ "Statement": statement }), &request)).is_err()
    };
    let when = |operator: &str| json!({ "Effect": "Allow", "Condition": { operator: { "k": "a" } } });
    assert!(panics(when("StringIs"), &[("k", &["a"])]));
    assert!(panics(when("ForSomeValues:StringEquals"), &[("k", &["a"])]));
    assert!(panics(when("StringEquals"), &[("k", &["a", "b"])]));
    assert!(panics(json!({ "Effect": "Allow", "Actions": "*" }), &[]));
    assert!(panics(json!({ "Effect": "allow" }), &[]));
}
