//! A second opinion: the crate `winterbaume-iam-rule-eval`, written by others for a simulator of AWS.
//!
//! Version 0.2.0 looks at effect, actions and resources; it takes every principal and every condition for met, and says
//! so. The two are compared on what both decide, and each difference stands here as a test.
//!
//! Conditions were compared by hand, once, with the crate `iam-rs` 0.8.0, which would turn on a feature of serde that
//! all crates of the SDK are built without: 1,048,901 decisions on one condition each, by 65 operators, were alike. The
//! others, 20,000 or so, were of four kinds: it compares `ArnEquals` letter by letter, where the guide says that it
//! behaves as `ArnLike`; it compares `ArnLike` as a whole, against the guide's own example; to it a key with no values
//! is there, under `Null`; and it takes a range for the address of a request, which is none. It reads no `IfExists`
//! behind `ForAllValues` or `ForAnyValue`.

use std::cell::Cell;

use proptest::prelude::{any, prop_assert_eq};
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use winterbaume_iam_rule_eval::{EvalDecision, PolicyDocument, PolicySource, SimulationContext, evaluate};

use super::aim::requests;
use super::evaluator::{self, Decision, Principal, Request};
use super::generate::policies;
use super::mapping::WITHIN;
use super::widening::several;

/// What the crate decides, of a policy whose statements stand in a list: it reads no other.
fn decide(policy: &Value, request: &Request) -> Decision {
    let document: PolicyDocument = serde_json::from_value(policy.clone()).unwrap();
    let source = PolicySource { id: "policy".into(), policy_type: "IAMPolicy".into() };
    let context = SimulationContext {
        caller_arn: None,
        context_keys: request.context.clone().into_iter().collect(),
        context_key_types: std::collections::HashMap::new(),
    };
    match evaluate(&[(document, source)], &request.action, &request.resource, &context).decision {
        EvalDecision::Allowed => Decision::Allow,
        EvalDecision::ExplicitDenied => Decision::ExplicitDeny,
        EvalDecision::ImplicitDenied => Decision::ImplicitDeny,
    }
}

/// The part of a policy that both decide.
fn common(policy: &Value) -> Value {
    let statements: Vec<Value> = several(&policy["Statement"])
        .iter()
        .map(|statement| {
            let mut statement = statement.clone();
            let elements = statement.as_object_mut().unwrap();
            for apart in ["Condition", "Principal", "NotPrincipal"] {
                elements.remove(apart);
            }
            statement
        })
        .collect();
    json!({ "Statement": statements })
}

/// Whether a pattern has a star within a segment, followed by more of it.
fn has_inner_star(policy: &Value) -> bool {
    several(&policy["Statement"]).iter().any(|statement| {
        let patterns = ["Resource", "NotResource"].into_iter().flat_map(|element| several(&statement[element]));
        patterns.filter_map(Value::as_str).any(|pattern| {
            pattern.match_indices('*').any(|(at, _)| !matches!(pattern[at + 1..].chars().next(), None | Some(':')))
        })
    })
}

#[test]
fn winterbaume_agrees_on_effects_actions_and_resources() {
    let (compared, apart) = (Cell::new(0_u64), Cell::new(0_u64));
    let config = Config { cases: 1500, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&(policies(), any::<u64>()), |(policy, seed)| {
            let common = common(&policy);
            if has_inner_star(&common) {
                apart.set(apart.get() + 1);
                return Ok(());
            }
            for request in requests(&WITHIN, &policy, seed, 20) {
                compared.set(compared.get() + 1);
                let theirs = decide(&common, &request);
                prop_assert_eq!(evaluator::decide(&common, &request), theirs, "{} {:?}", &common, request);
            }
            Ok(())
        })
        .unwrap();
    println!("shown: rewrite_second_opinion {} decisions alike, {} policies apart", compared.get(), apart.get());
    assert!(compared.get() > 20_000);
}

/// A request by a user for a key.
fn request(context: &[(&str, &str)]) -> Request {
    Request {
        principal: Principal::Aws("arn:aws:iam::111122223333:user/ann".into()),
        action: "kms:Decrypt".into(),
        resource: "arn:aws:kms:us-east-1:111122223333:key/1".into(),
        context: context.iter().map(|(key, value)| ((*key).into(), vec![(*value).into()])).collect(),
    }
}

fn allowing(more: Value) -> Value {
    let mut statement = json!({ "Effect": "Allow", "Action": "kms:*", "Resource": "*" });
    statement.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({ "Statement": [statement] })
}

/// "IAM JSON policy elements: Condition": a statement applies only where its conditions are met.
#[test]
fn winterbaume_differs_on_conditions() {
    let policy = allowing(json!({ "Condition": { "StringEquals": { "aws:RequestedRegion": "us-east-1" } } }));
    let elsewhere = request(&[("aws:requestedregion", "eu-west-1")]);
    assert_eq!(evaluator::decide(&policy, &elsewhere), Decision::ImplicitDeny);
    assert_eq!(decide(&policy, &elsewhere), Decision::Allow);
}

/// "AWS JSON policy elements: Principal": it is those named who are allowed.
#[test]
fn winterbaume_differs_on_principals() {
    for named in
        [json!({ "Principal": { "AWS": "999999999999" } }), json!({ "NotPrincipal": { "AWS": "111122223333" } })]
    {
        let policy = allowing(named);
        assert_eq!(evaluator::decide(&policy, &request(&[])), Decision::ImplicitDeny);
        assert_eq!(decide(&policy, &request(&[])), Decision::Allow);
    }
}

/// "IAM JSON policy elements: Resource": it is the star at the end of a segment that may reach over colons.
#[test]
fn winterbaume_differs_on_a_star_within_a_segment() {
    let policy = allowing(json!({ "Resource": "arn:aws:kms:us-*3:key/1" }));
    assert_eq!(evaluator::decide(&policy, &request(&[])), Decision::ImplicitDeny);
    assert_eq!(decide(&policy, &request(&[])), Decision::Allow);
}

/// "Grammar of the IAM JSON policy language": one statement needs no list.
#[test]
fn winterbaume_differs_on_one_statement_without_a_list() {
    let policy = json!({ "Statement": { "Effect": "Allow", "Action": "kms:*", "Resource": "*" } });
    assert_eq!(evaluator::decide(&policy, &request(&[])), Decision::Allow);
    assert!(serde_json::from_value::<PolicyDocument>(policy).is_err());
}
