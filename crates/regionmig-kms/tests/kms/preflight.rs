//! What KMS would refuse is said before anything is done, and nothing is done to find out.
// REQ: E-7

use std::collections::BTreeSet;

use crate::account::{found_and_differing, migration, mutations, plan, route};
use regionmig_core::{Finding, ResourceId, Severity};
use regionmig_kms::code;
use regionmig_testkit::{Fault, Refusal, World};

async fn asked(world: &World) -> (Vec<Finding>, usize) {
    let (_, migration) = migration(world);
    let plan = plan(&migration).await;
    world.ledger().clear();
    let findings = migration.preflight(&plan).await.expect("a preflight");
    assert_eq!(mutations(world), 0, "{}", world.ledger());
    let grants = world.kms_keys(&route().target).iter().map(|key| key.grants.len()).sum::<usize>();
    assert_eq!(grants, 0, "nothing was granted");
    (findings, world.ledger().count_requests("kms:CreateGrant"))
}

fn subjects<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> BTreeSet<ResourceId> {
    findings.into_iter().filter_map(|finding| finding.subject.clone()).collect()
}

fn refused(findings: &[Finding]) -> Vec<&Finding> {
    findings.iter().filter(|finding| finding.code == code::PREFLIGHT_REFUSED).collect()
}

fn unasked(findings: &[Finding]) -> Vec<&Finding> {
    findings.iter().filter(|finding| finding.code == "core.unasked").collect()
}

/// Of the two grants one is on a key that the plan enables first: nobody can say.
#[tokio::test]
async fn a_grant_that_would_be_made_is_no_finding() {
    let (findings, requests) = asked(&found_and_differing()).await;
    assert_eq!(requests, 2);
    assert_eq!(refused(&findings), Vec::<&Finding>::new());
    let unasked = unasked(&findings);
    assert_eq!(unasked.len(), 1, "{findings:?}");
    assert!(unasked[0].message.contains("could not be asked"), "{}", unasked[0]);
}

#[tokio::test]
async fn a_grant_that_is_denied_is_reported_before_apply() {
    let world = found_and_differing();
    world.fault(Fault::access_denied("kms:CreateGrant").at(&route().target));
    let (findings, requests) = asked(&world).await;
    assert_eq!(requests, 2);
    let refused = refused(&findings);
    assert_eq!(subjects(refused.iter().copied()).len(), 2, "{findings:?}");
    for finding in refused {
        assert_eq!(finding.severity, Severity::Action);
        assert!(finding.message.contains("kms:CreateGrant"), "{finding}");
        assert!(finding.remedy.as_ref().is_some_and(|remedy| remedy.contains("allow the action")), "{finding:?}");
    }
    println!("shown: preflight_kms {requests} grants asked for and denied, {} findings, 0 mutations", findings.len());
}

#[tokio::test]
async fn a_refusal_is_told_from_no_answer() {
    for (code, is_refusal) in [
        ("InvalidArnException", true),
        ("LimitExceededException", true),
        ("KMSInvalidStateException", false),
        ("KMSInternalException", false),
        ("ThrottlingException", false),
    ] {
        let world = found_and_differing();
        world.fault(Fault::refused("kms:CreateGrant", Refusal::new(code)));
        let (findings, _) = asked(&world).await;
        let (refused, unasked) = (refused(&findings).len(), unasked(&findings).len());
        assert_eq!((refused, unasked), if is_refusal { (2, 0) } else { (0, 2) }, "{code}: {findings:?}");
    }
}
