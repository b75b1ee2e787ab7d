//! Keys that take their time to be made, and some that are there and differ, put through the conformance suite.

use std::collections::BTreeSet;

use regionmig_core::{Migration, MigrationPlan, chain};
use regionmig_kms::{Kms, Step};
use regionmig_testkit::conforms;

use crate::account::{
    asked_for, asking, bringing, brought_along, found_and_differing, migration, naming_each_other, one_of_each, plan,
    route, slow,
};

#[tokio::test]
async fn slow_keys_keep_every_promise_of_a_service() {
    let conformed = conforms(slow, Kms::new).await;
    println!("shown: conformance_slow {conformed}");
}

#[tokio::test]
async fn found_keys_keep_every_promise_of_a_service() {
    let conformed = conforms(found_and_differing, Kms::new).await;
    println!("shown: conformance_found {conformed}");
}

#[tokio::test]
async fn keys_that_name_each_other_keep_every_promise_of_a_service() {
    let conformed = conforms(naming_each_other, Kms::new).await;
    println!("shown: conformance_naming {conformed}");
}

#[tokio::test]
async fn what_was_asked_for_keeps_every_promise_of_a_service() {
    let conformed = conforms(asked_for, asking).await;
    println!("shown: conformance_asked_for {conformed}");
}

#[tokio::test]
async fn what_was_brought_along_keeps_every_promise_of_a_service() {
    let conformed = conforms(brought_along, bringing).await;
    println!("shown: conformance_brought {conformed}");
}

/// Returns the names of all variants, which whoever reads one that is not among them is told.
fn variants() -> BTreeSet<String> {
    let error = serde_json::from_str::<Step>(r#"{"none_of_them":{}}"#).expect_err("no such step");
    let text = chain(&error);
    text.split('`').skip(3).step_by(2).map(str::to_owned).collect()
}

fn kinds(plan: &MigrationPlan, kms: &Kms) -> BTreeSet<String> {
    let stored = |step: Step| serde_json::to_value(step).expect("a stored step");
    let kind = |step: serde_json::Value| step.as_object().and_then(|step| step.keys().next().cloned());
    plan.steps().filter_map(|step| kind(stored(step.decode(kms).expect("a step")))).collect()
}

#[tokio::test]
async fn every_kind_of_step_is_put_through_the_suite() {
    let mut seen = BTreeSet::new();
    let mut cases: Vec<_> = [one_of_each(), slow(), found_and_differing()].iter().map(migration).collect();
    for access in [asked_for().access(), brought_along().access()] {
        let kms = if cases.len() == 3 { asking(&access) } else { bringing(&access) };
        cases.push((kms.clone(), Migration::new(route(), &access).with(kms)));
    }
    for (kms, migration) in cases {
        let plan = plan(&migration).await;
        assert_eq!(plan.held().len(), 0, "{}", plan.full());
        seen.extend(kinds(&plan, &kms));
    }
    let all = variants();
    assert!(all.len() >= 12, "{all:?}");
    assert_eq!(seen, all);
    println!("shown: conformance_kinds {} of {} kinds of steps", seen.len(), all.len());
}
