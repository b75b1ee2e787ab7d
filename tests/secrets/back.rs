//! The way back, weeks later.

use jiff::SignedDuration;
use regionmig::secrets::{Keep, Mode, Secrets, code};
use regionmig::{MemoryJournal, Migration, MigrationPlan};
use regionmig_testkit::World;
use serde_json::json;

use crate::account::{all_leave, applied, route};

/// Returns a world in which a secret was promoted two weeks ago, and what it was promoted with.
async fn promoted(secrets: impl Fn(Secrets) -> Secrets) -> (World, Migration, MigrationPlan, MemoryJournal) {
    let world = World::new();
    let source = route().source;
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/app"},"Action":"secretsmanager:GetSecretValue","Resource":"*","Condition":{"StringEquals":{"aws:RequestedRegion":"me-central-1"}}}]}"#;
    world.secret(&source, "db").previous("zero").value("one").policy(policy).make();
    let access = world.access();
    let service = secrets(Secrets::new(&access).mode(Mode::ReplicateAndPromote).compare_values());
    let migration = Migration::new(route(), &access).with(service);
    let (plan, journal, outcome) = applied(&migration).await;
    assert!(outcome.is_complete(), "{plan}{outcome}");
    world.clock().advance(SignedDuration::from_hours(14 * 24).unsigned_abs());
    (world, migration, plan, journal)
}

fn write(world: &World, end: &regionmig::End, value: &str) {
    let token = format!("{value:->36}");
    let input = json!({ "SecretId": "db", "SecretString": value, "ClientRequestToken": token });
    world.ask(end, "secretsmanager:PutSecretValue", input).unwrap();
}

// REQ: SM-15, SM-16, SM-17, SM-21, E-17
#[tokio::test]
async fn what_was_written_to_the_promoted_secret_is_in_the_original_again_and_linked() {
    let (world, migration, plan, journal) = promoted(|secrets| secrets).await;
    let (original, promoted) = (route().source, route().target);
    write(&world, &promoted, "two");
    write(&world, &promoted, "three");
    let back = migration.fail_back(&plan, &journal).await.unwrap();
    let plan = back.plan(&back.survey().await.unwrap()).unwrap();
    println!("{}", plan.full());
    let outcome = back.apply(&plan, &MemoryJournal::default(), &all_leave(&plan)).await.unwrap();
    assert!(outcome.is_complete(), "{outcome}");
    let there = world.find_secret(&original, "db").unwrap();
    assert_eq!((there.text("AWSCURRENT"), there.text("AWSPREVIOUS")), (Some("three"), Some("two")));
    assert!(there.policy.unwrap().contains("me-central-1"));
    let replica = world.find_secret(&promoted, "db").unwrap();
    assert_eq!(replica.primary_region, Some(original.region.clone()));
    assert_eq!(replica.text("AWSCURRENT"), Some("three"));
    let verification = back.verify(outcome.ids()).await.unwrap();
    assert!(verification.is_clean(), "{verification}");
    let again = back.plan(&back.survey().await.unwrap()).unwrap();
    assert_eq!(again.steps().count(), 0, "{again}");
}

// REQ: SM-16
#[tokio::test]
async fn what_changed_on_both_sides_a_person_decides() {
    for keep in [None, Some(Keep::Original), Some(Keep::Promoted)] {
        let (world, migration, plan, journal) = promoted(|secrets| secrets).await;
        let (original, there) = (route().source, route().target);
        let world_secret = world.find_secret(&there, "db").unwrap().arn;
        write(&world, &there, "promoted");
        write(&world, &original, "original");
        let back = match keep {
            None => migration.fail_back(&plan, &journal).await.unwrap(),
            Some(keep) => {
                let access = world.access();
                let secrets = Secrets::new(&access).keep(world_secret.clone(), keep);
                Migration::new(route(), &access).with(secrets).fail_back(&plan, &journal).await.unwrap()
            }
        };
        let plan = back.plan(&back.survey().await.unwrap()).unwrap();
        let conflicts = plan.blockers().filter(|finding| finding.code == code::CHANGED_ON_BOTH_SIDES).count();
        let outcome = back.apply(&plan, &MemoryJournal::default(), &all_leave(&plan)).await.unwrap();
        let current = |end| world.find_secret(end, "db").unwrap().text("AWSCURRENT").unwrap().to_owned();
        let wanted = match keep {
            None => ("original", "promoted", 1),
            Some(Keep::Promoted) => ("promoted", "promoted", 0),
            Some(_) => ("original", "original", 0),
        };
        assert_eq!((&*current(&original), &*current(&there), conflicts), wanted, "{keep:?}: {plan}{outcome}");
    }
}

#[tokio::test]
async fn a_value_written_after_planning_is_not_lost() {
    let (world, migration, plan, journal) = promoted(|secrets| secrets).await;
    let there = route().target;
    write(&world, &there, "two");
    let back = migration.fail_back(&plan, &journal).await.unwrap();
    let plan = back.plan(&back.survey().await.unwrap()).unwrap();
    write(&world, &there, "late");
    let outcome = back.apply(&plan, &MemoryJournal::default(), &all_leave(&plan)).await.unwrap();
    assert!(!outcome.is_complete());
    let secret = world.find_secret(&there, "db").unwrap();
    assert_eq!(secret.text("AWSCURRENT"), Some("late"), "{outcome}");
    assert_ne!(secret.primary_region, Some(route().source.region));
}
