//! What is not what it says it is gets a clear error, and changes nothing.
// REQ: E-3, E-6

use crate::account::{migration, mutations, patient, plan, route};
use regionmig_core::{
    AccountId, Caller, CallerError, Digest, End, Error, Finding, MemoryJournal, Migration, MigrationPlan, PlanError,
    Route, chain,
};
use regionmig_kms::Kms;
use regionmig_testkit::{Fault, World};

fn text(plan: &MigrationPlan) -> String {
    String::from_utf8(plan.to_bytes()).expect("JSON is text")
}

/// Changes a stored plan and gives it the digest of what it now is, as somebody does who knows how.
fn forged(plan: &MigrationPlan, from: &str, to: &str) -> Vec<u8> {
    let text = text(plan);
    let (head, body) = text.split_once("\"plan\":").expect("a plan");
    let body = body.trim_end().strip_suffix('}').expect("an object");
    assert!(body.contains(from), "nothing to forge");
    let body = body.replacen(from, to, 1);
    let head = head.replace(plan.digest().as_str(), Digest::of(&body).as_str());
    format!("{head}\"plan\":{body}}}\n").into_bytes()
}

#[tokio::test]
async fn an_edited_plan_is_refused() {
    let world = crate::account::one_of_each();
    let (_, migration) = migration(&world);
    let plan = plan(&migration).await;
    let edited = text(&plan).replacen("alias/plain", "alias/other", 1);
    assert_eq!(MigrationPlan::from_bytes(edited.as_bytes()), Err(PlanError::Altered));
    let cut = &plan.to_bytes()[..200];
    assert!(matches!(MigrationPlan::from_bytes(cut), Err(PlanError::Unreadable { .. })));
    let newer = text(&plan).replacen("\"format\":1", "\"format\":2", 1);
    assert!(matches!(MigrationPlan::from_bytes(newer.as_bytes()), Err(PlanError::Format { found: 2, .. })));
    let more = forged(&plan, "\"surveyed_at\"", "\"signed_by\":\"somebody\",\"surveyed_at\"");
    assert!(matches!(MigrationPlan::from_bytes(&more), Err(PlanError::Unreadable { .. })));
}

#[tokio::test]
async fn a_forged_plan_is_refused_before_anything_is_done() {
    let world = crate::account::one_of_each();
    let (_, migration) = migration(&world);
    let plan = plan(&migration).await;
    let mut refused = 0;
    for (from, to) in [
        ("\"effect\":\"additive\"", "\"effect\":\"irreversible\""),
        ("\"verb\":\"create-alias\"", "\"verb\":\"delete-alias\""),
        ("\"service\":\"kms\"", "\"service\":\"iam\""),
        ("\"produces\":", "\"owns\":"),
        ("\"after\":", "\"requires\":"),
    ] {
        let forged = forged(&plan, from, to);
        let result = match MigrationPlan::from_bytes(&forged) {
            Ok(plan) => migration.apply(&plan, &MemoryJournal::default(), &patient()).await.map(drop),
            Err(error) => Err(error.into()),
        };
        let error = result.expect_err(from);
        assert!(matches!(error, Error::Plan(_) | Error::MissingService { .. } | Error::Schema { .. }), "{error:?}");
        assert!(chain(&error).len() > 20, "{error}");
        refused += 1;
    }
    assert_eq!(mutations(&world), 0);
    println!("shown: hostile_input {refused} forged plans refused, 0 mutations");
}

#[tokio::test]
async fn another_route_or_journal_is_refused() {
    let world = crate::account::one_of_each();
    let (kms, own) = migration(&world);
    let plan_made = plan(&own).await;
    let other = Route::new(route().target, route().source).expect("two ends");
    let elsewhere = Migration::new(other, &world.access()).with(kms);
    let refused = elsewhere.apply(&plan_made, &MemoryJournal::default(), &patient()).await;
    assert!(matches!(refused, Err(Error::Plan(PlanError::Route { .. }))), "{refused:?}");

    let journal = MemoryJournal::default();
    let other_plan = plan_made.keep(&Kms::new(&world.access()), |_| false).expect("a plan");
    own.apply(&other_plan, &journal, &patient()).await.map(drop).expect("an empty plan");
    let refused = own.apply(&plan_made, &journal, &patient()).await;
    assert!(refused.as_ref().is_err_and(|error| chain(error).contains("belongs to plan")), "{refused:?}");
    assert_eq!(mutations(&world), 0);
}

/// Credentials of another account at one end.
#[derive(Clone, Debug)]
struct Stranger(End);

#[async_trait::async_trait]
impl Caller for Stranger {
    async fn account(&self, end: &End) -> Result<AccountId, CallerError> {
        Ok(if *end == self.0 { "444455556666".parse().expect("an account") } else { end.account.clone() })
    }
}

#[tokio::test]
async fn another_account_at_either_end_is_refused() {
    let world = crate::account::one_of_each();
    let (kms, own) = migration(&world);
    let plan = plan(&own).await;
    for end in [route().source, route().target] {
        let stranger = Migration::new(route(), &Stranger(end.clone())).with(kms.clone());
        let refused = stranger.apply(&plan, &MemoryJournal::default(), &patient()).await;
        let text = refused.as_ref().map_or_else(|error| chain(error), |_| String::new());
        assert!(text.contains("444455556666") && text.contains("111122223333"), "{text}");
    }
    assert_eq!(mutations(&world), 0);
}

#[tokio::test]
async fn pages_that_never_end_are_a_gap_and_make_nothing() {
    for fault in [
        Fault::repeats_page_token("kms:ListKeys"),
        Fault::cycles_page_tokens("kms:ListKeys", 3),
        Fault::endless_pages("kms:ListKeys"),
    ] {
        let world = World::new();
        (0..3).for_each(|_| drop(world.kms(&route().source).make()));
        let (_, migration) = migration(&world);
        let before = plan(&migration).await;
        world.fault(fault.at(&route().target));
        let after = plan(&migration).await;
        assert!(after.findings().iter().any(Finding::is_unknown), "{after}");
        let steps = after.steps().filter(|step| !after.held().contains_key(step.id)).count();
        assert_eq!(steps, 0, "{after}");
        // The plan of before meets it in its probes.
        let options = patient().patience(std::time::Duration::from_secs(60));
        let outcome = migration.apply(&before, &MemoryJournal::default(), &options).await.expect("a run");
        assert!(!outcome.is_complete(), "{outcome}");
        assert_eq!(mutations(&world), 0, "{}", world.ledger());
    }
    println!("shown: hostile_input 3 kinds of endless pages, 0 mutations");
}
