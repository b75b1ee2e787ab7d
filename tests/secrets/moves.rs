//! What stands in the target afterwards, seen from outside.

use regionmig::secrets::{Mode, Secrets, code};
use regionmig::{Migration, SecretArn, Severity};
use regionmig_testkit::{World, every_kind_of_secret};

use crate::account::{all_leave, applied, end, migration, route};

fn world() -> World {
    let world = World::new();
    every_kind_of_secret(&world, &route().source);
    world
}

// REQ: SM-1, SM-3, SM-4, SM-5, SM-7, SM-8, SM-9, SM-10
#[tokio::test]
async fn each_secret_that_can_be_is_replicated_under_the_key_made_for_it() {
    let world = world();
    let access = world.access();
    let migration = migration(&world, &access, Mode::Replicate, &[]);
    let (plan, _, outcome) = applied(&migration).await;
    println!("{plan}\n{outcome}");
    let waiting: Vec<String> = outcome.waiting().map(|(step, _)| step.to_string()).collect();
    assert_eq!(waiting.len(), 1, "{waiting:?}: {outcome}");
    assert_eq!(outcome.failed().count(), 0, "{outcome}");
    let (source, target) = (route().source, route().target);
    for secret in world.secrets(&source) {
        let there = world.find_secret(&target, &secret.name);
        let is_left =
            secret.owner.is_some() || secret.deletion_date.is_some() || secret.name == "kinds/pending-rotation";
        assert_eq!(there.is_none(), is_left, "{}", secret.name);
        let Some(there) = there else { continue };
        assert_eq!(there.versions, secret.versions, "{}", secret.name);
        assert_eq!(there.arn, secret.arn.in_region(&target.region).unwrap());
        assert!(there.primary_region.is_none_or(|region| region != target.region) || secret.name.contains("replica"));
    }
    let own = world.find_secret(&source, "kinds/customer-key").unwrap().key.unwrap();
    let there = world.find_secret(&target, "kinds/customer-key").unwrap().key.unwrap();
    let mapped = outcome.ids().target_of(&own.parse::<regionmig::KeyArn>().unwrap()).unwrap();
    assert_eq!(there, mapped.as_str());
    let verification = migration.verify(outcome.ids()).await.unwrap();
    let failed: Vec<_> = verification.checks.iter().filter(|check| check.verdict != regionmig::Verdict::Pass).collect();
    assert!(failed.iter().all(|check| check.subject.id().contains("pending-rotation")), "{failed:#?}");
    // Nothing is left to do but what waits.
    let again = migration.plan(&migration.survey().await.unwrap()).unwrap();
    let left: Vec<String> = again.steps().map(|step| step.id.to_string()).collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

// REQ: SM-12, SM-13, SM-21
#[tokio::test]
async fn a_promoted_secret_stands_alone_with_its_own_policy_and_rotation() {
    let world = world();
    let access = world.access();
    let migration = migration(&world, &access, Mode::ReplicateAndPromote, &[]);
    let (plan, _, outcome) = applied(&migration).await;
    println!("{}\n{outcome}", plan.full());
    assert_eq!(outcome.failed().count(), 0, "{outcome}");
    let (source, target) = (route().source, route().target);
    let policy = world.find_secret(&target, "kinds/policy").unwrap();
    let own = world.find_secret(&source, "kinds/policy").unwrap();
    // Whom a condition lets in that stands in a denial is not changed without leave.
    let (policy, own) = (policy.policy.unwrap(), own.policy.unwrap());
    let arn = |region: &str| format!("arn:aws:secretsmanager:{region}:111122223333:secret:kinds/policy-");
    assert!(own.contains(&arn("me-central-1")) && policy.contains(&arn("eu-central-1")), "{policy}");
    let rotated = world.find_secret(&target, "kinds/rotated-by-days").unwrap();
    let rotation = rotated.rotation.unwrap();
    assert!(rotation.enabled && rotation.days == Some(30) && rotation.function.unwrap().contains("eu-central-1"));
    // Not at once: the value is the one that came along.
    let before = world.find_secret(&source, "kinds/rotated-by-days").unwrap().versions;
    assert_eq!(rotated.versions, before);
    for secret in world.secrets(&target) {
        let is_ours = world.find_secret(&source, &secret.name).is_some_and(|own| own.arn.end() == Some(source.clone()));
        if is_ours && secret.name != "kinds/pending-rotation" {
            let client = aws_client(&world, &target);
            let put = client.put_secret_value().secret_id(secret.arn.as_str()).secret_string("written").send().await;
            assert!(put.is_ok(), "{}: {put:?}", secret.name);
        }
    }
}

fn aws_client(world: &World, end: &regionmig::End) -> aws_sdk_secretsmanager::Client {
    let config = aws_sdk_secretsmanager::config::Builder::from(&world.sdk_config());
    let region = aws_sdk_secretsmanager::config::Region::new(end.region.to_string());
    aws_sdk_secretsmanager::Client::from_conf(config.region(region).build())
}

// REQ: SM-11, SM-12
#[tokio::test]
async fn a_dead_source_does_not_keep_its_replicas_from_being_promoted() {
    let world = World::new();
    let (source, target) = (route().source, route().target);
    world.secret(&source, "db").value("one").replica(target.region.clone(), None).make();
    world.fault(regionmig_testkit::Fault::unreachable("*").in_region("me-central-1"));
    let access = world.access();
    let migration = Migration::new(route(), &access).with(Secrets::new(&access).mode(Mode::ReplicateAndPromote));
    let plan = migration.plan(&migration.survey().await.unwrap()).unwrap();
    let outcome = migration.apply(&plan, &regionmig::MemoryJournal::default(), &all_leave(&plan)).await.unwrap();
    assert!(outcome.is_complete(), "{plan}{outcome}");
    let secret = world.find_secret(&target, "db").unwrap();
    assert!(secret.primary_region.is_none_or(|region| region == target.region));
    let named = plan.findings().iter().any(|finding| finding.code == code::ROTATION_NOT_KNOWN);
    assert!(named, "{plan}");
}

// REQ: SM-18
#[tokio::test]
async fn a_strangers_name_is_left_unless_it_may_be_overwritten() {
    let world = World::new();
    let (source, target) = (route().source, route().target);
    world.secret(&source, "db").value("ours").make();
    let stranger: SecretArn = world.secret(&target, "db").value("theirs").make();
    let access = world.access();
    let plain = Migration::new(route(), &access).with(Secrets::new(&access));
    let plan = plain.plan(&plain.survey().await.unwrap()).unwrap();
    assert_eq!(plan.steps().count(), 0);
    let blockers: Vec<&str> = plan.blockers().map(|finding| finding.code.as_str()).collect();
    assert_eq!(blockers, [code::NAME_TAKEN]);
    let forced = Migration::new(route(), &access).with(Secrets::new(&access).overwrite("db"));
    let plan = forced.plan(&forced.survey().await.unwrap()).unwrap();
    let told = plan.findings().iter().find(|finding| finding.code == code::OVERWRITTEN).unwrap();
    assert!(told.severity == Severity::Action && told.message.contains(stranger.as_str()), "{told}");
    // Without leave nothing is destroyed.
    let outcome = forced.apply(&plan, &regionmig::MemoryJournal::default(), &Default::default()).await.unwrap();
    assert!(!outcome.is_complete());
    assert_eq!(world.find_secret(&target, "db").unwrap().text("AWSCURRENT"), Some("theirs"));
    let (_, _, outcome) = applied(&forced).await;
    assert!(outcome.is_complete(), "{outcome}");
    assert_eq!(world.find_secret(&target, "db").unwrap().text("AWSCURRENT"), Some("ours"));
}

// REQ: SM-1, SM-14
#[tokio::test]
async fn between_accounts_values_are_copied_if_that_is_allowed_and_keep_their_versions() {
    let world = World::new();
    let route = regionmig::Route::new(end(crate::account::SOURCE), end("444455556666/eu-central-1")).unwrap();
    world.secret(&route.source, "db").previous("one").value("two").labelled("blue", "three").tag("a", "b").make();
    world.secret(&route.source, "bytes").binary(&[0, 255]).make();
    world.secret(&route.source, "none").without_value().make();
    let access = world.access().with_account(route.target.account.clone(), &world.sdk_config_of(&route.target.account));
    let refused = Migration::new(route.clone(), &access).with(Secrets::new(&access));
    let plan = refused.plan(&refused.survey().await.unwrap()).unwrap();
    assert_eq!(plan.steps().count(), 0);
    assert!(plan.blockers().all(|finding| finding.code == code::NOT_REPLICABLE), "{plan}");
    let copying = Migration::new(route.clone(), &access).with(Secrets::new(&access).copy_values().compare_values());
    let (plan, _, outcome) = applied(&copying).await;
    assert!(outcome.is_complete(), "{plan}{outcome}");
    for secret in world.secrets(&route.source) {
        let there = world.find_secret(&route.target, &secret.name).unwrap();
        let told = |secret: &regionmig_testkit::SecretView| {
            let told =
                secret.versions.iter().map(|(id, one)| (id.clone(), one.stages.clone(), one.value.bytes().to_vec()));
            told.collect::<Vec<_>>()
        };
        assert_eq!(told(&there), told(&secret), "{}", secret.name);
    }
    let verification = copying.verify(outcome.ids()).await.unwrap();
    assert!(verification.is_clean(), "{verification}");
}

#[tokio::test]
async fn a_copy_is_made_once_whichever_request_is_lost() {
    let route = regionmig::Route::new(end(crate::account::SOURCE), end("444455556666/eu-central-1")).unwrap();
    let mut tried = 0;
    for nth in 1.. {
        let world = World::new();
        world.secret(&route.source, "db").previous("one").value("two").labelled("blue", "three").make();
        let target = &route.target.account;
        let access = world.access().with_account(target.clone(), &world.sdk_config_of(target));
        let copying = Migration::new(route.clone(), &access).with(Secrets::new(&access).copy_values());
        let plan = copying.plan(&copying.survey().await.unwrap()).unwrap();
        let journal = regionmig::MemoryJournal::default();
        let so_far = world.ledger().requests().count();
        world.fault(regionmig_testkit::Fault::lost_answer("secretsmanager:*").nth(nth));
        let first = copying.apply(&plan, &journal, &all_leave(&plan)).await.unwrap();
        let requests = world.ledger().requests().count() - so_far;
        world.clear_faults();
        let second = copying.apply(&plan, &journal, &all_leave(&plan)).await.unwrap();
        assert!(second.is_complete(), "request {nth}: {first}{second}");
        let ledger = world.ledger();
        let mutations = ["CreateSecret", "PutSecretValue"].map(|name| ledger.count(&format!("secretsmanager:{name}")));
        assert_eq!(mutations, [1, 2], "request {nth}: {ledger}");
        let there = world.find_secret(&route.target, "db").unwrap();
        let told = ["AWSPREVIOUS", "AWSCURRENT", "blue"].map(|stage| there.text(stage).unwrap().to_owned());
        assert_eq!(told, ["one", "two", "three"]);
        tried += 1;
        if nth > u64::try_from(requests).unwrap() {
            break;
        }
    }
    println!("shown: copied_secrets {tried}/{tried} resumed, 0 doubled, 0 lost");
}

// REQ: SM-11
#[tokio::test]
async fn a_promotion_waits_until_its_replica_is_in_step() {
    let world = World::new();
    world.secret(&route().source, "db").value("one").make();
    let mut slow = regionmig_testkit::SecretsTiming::default();
    slow.replication = jiff::SignedDuration::from_mins(10);
    world.secrets_timing(slow);
    let access = world.access();
    let migration = Migration::new(route(), &access).with(Secrets::new(&access).mode(Mode::ReplicateAndPromote));
    let (_, _, outcome) = applied(&migration).await;
    assert!(outcome.is_complete(), "{outcome}");
    let ledger = world.ledger();
    let sent = |action: &str| ledger.mutations().find(|entry| entry.action == action).unwrap().at;
    let waited =
        sent("secretsmanager:StopReplicationToReplica").duration_since(sent("secretsmanager:ReplicateSecretToRegions"));
    assert!(waited >= slow.replication, "{waited}");
}
