//! When the source's keys were last used is asked on request: it is in the plan, and tells whether they are still needed.
// REQ: KMS-25

use std::time::Duration;

use crate::account::{mutations, one_of_each, patient, plan, route};
use regionmig_core::{Check, IdMap, MemoryJournal, Migration, Verdict};
use regionmig_kms::{Kms, check, code};
use regionmig_testkit::{Fault, KeyView, World};
use serde_json::json;

const ACTION: &str = "kms:GetKeyLastUsage";

fn migration(world: &World) -> (Kms, Migration) {
    let access = world.access();
    let kms = Kms::new(&access).with_last_use();
    (kms.clone(), Migration::new(route(), &access).with(kms))
}

fn plain(world: &World) -> KeyView {
    let mut keys = world.kms_keys(&route().source).into_iter();
    keys.find(|key| key.aliases.contains("alias/plain")).expect("a key")
}

fn use_plain(world: &World) {
    let input = json!({ "KeyId": plain(world).arn, "Plaintext": "AAAA" });
    world.ask(&route().source, "kms:Encrypt", input).expect("a use");
}

async fn idle(world: &World, ids: &IdMap) -> Vec<Check> {
    let verification = migration(world).1.verify(ids).await.expect("a verification");
    verification.checks.iter().filter(|check| check.code == check::SOURCE_IDLE).cloned().collect()
}

#[tokio::test]
async fn a_plan_says_when_each_key_was_last_used_and_a_verification_whether_since() {
    let world = one_of_each();
    let customers = world.kms_keys(&route().source).iter().filter(|key| key.aws_managed.is_none()).count();
    use_plain(&world);
    world.ledger().clear();
    let (kms, migration) = migration(&world);
    let survey = migration.survey().await.expect("a survey");
    assert!(survey.is_whole());
    assert_eq!(survey.of(&kms).expect("keys").target.last_uses.known().count(), 0);
    assert_eq!(world.ledger().count(ACTION), customers);
    assert!(world.ledger().actions().iter().all(|(end, action)| action != ACTION || *end == route().source));
    let asked = migration.permissions().into_iter().filter(|permission| permission.action == ACTION);
    assert_eq!(asked.map(|permission| permission.place.to_string()).collect::<Vec<_>>(), ["source"]);

    let whole = migration.plan(&survey).expect("a plan");
    let said: Vec<_> = whole.findings().iter().filter(|finding| finding.code == code::LAST_USE).collect();
    assert_eq!(said.len(), customers, "{}", whole.full());
    assert_eq!(said.iter().filter(|finding| finding.message.contains("by Encrypt")).count(), 1, "{}", whole.full());
    assert_eq!(said.iter().filter(|finding| finding.message.contains("since it was made")).count(), customers - 1);

    world.clock().advance(Duration::from_secs(60));
    let outcome = migration.apply(&whole, &MemoryJournal::default(), &patient()).await.expect("a run");
    assert!(outcome.is_complete(), "{outcome}");
    world.ledger().clear();
    let checks = idle(&world, outcome.ids()).await;
    assert_eq!((checks.len(), world.ledger().count(ACTION)), (customers, customers));
    let after = migration.survey().await.expect("a survey");
    assert!(after.is_whole() && after.of(&kms).expect("keys").target.last_uses.known().next().is_none());
    assert!(checks.iter().all(|check| check.verdict == Verdict::Pass), "{checks:?}");
    assert_eq!(mutations(&world), 0);

    // Refused, it is not known, and the survey is not whole.
    let denied = world.fork();
    denied.fault(Fault::access_denied(ACTION));
    let checks = idle(&denied, outcome.ids()).await;
    assert!(checks.iter().all(|check| check.verdict == Verdict::Unknown && check.message.contains(ACTION)));
    assert!(!self::migration(&denied).1.survey().await.expect("a survey").is_whole());

    world.clock().advance(Duration::from_secs(60));
    use_plain(&world);
    let failed: Vec<Check> =
        idle(&world, outcome.ids()).await.into_iter().filter(|check| check.verdict != Verdict::Pass).collect();
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert_eq!((failed[0].subject.id(), failed[0].verdict), (plain(&world).arn.as_str(), Verdict::Fail));
    assert!(failed[0].message.contains("by Encrypt"), "{failed:?}");
    println!("shown: last_use {customers} keys asked, 1 found used since");
}

#[tokio::test]
async fn where_the_keys_were_not_all_listed_neither_were_their_last_uses() {
    let world = one_of_each();
    world.fault(Fault::access_denied("kms:ListKeys").at(&route().source));
    let (kms, migration) = migration(&world);
    let survey = migration.survey().await.expect("a survey");
    assert!(survey.of(&kms).expect("keys").source.last_uses.rest().is_some());
}

#[tokio::test]
async fn nobody_is_asked_who_did_not_want_to_know() {
    let world = one_of_each();
    let (_, migration) = crate::account::migration(&world);
    plan(&migration).await;
    migration.verify(&IdMap::default()).await.map(drop).expect("a verification");
    assert_eq!(world.ledger().count(ACTION), 0);
}
