//! Whole migrations over two services.
// REQ: E-12

use regionmig_core::{Hold, IdMap, MemoryJournal, Migration, Pairing, Permission, Side, Verdict};

use crate::common::cloud::{Cloud, key, secret};
use crate::common::keys::Keys;
use crate::common::secrets::{SecretStep, Secrets, both, planned};
use crate::common::{Seat, hasty, route};

const KEYS: usize = 5;
const SECRETS: usize = 12;
const ALL: usize = KEYS + SECRETS;

/// Migrates all of it, and returns what became of what.
async fn migrated(cloud: &Cloud) -> IdMap {
    let migration = both(cloud, &Seat::new());
    let plan = planned(&migration).await;
    let outcome = migration.apply(&plan, &MemoryJournal::default(), &hasty()).await.unwrap();
    assert!(outcome.is_complete(), "{outcome}");
    outcome.ids().clone()
}

#[tokio::test(start_paused = true)]
async fn services_compose_and_converge() {
    let cloud = Cloud::new(KEYS, SECRETS);
    let migration = both(&cloud, &Seat::new());
    let plan = planned(&migration).await;
    assert_eq!((plan.len(), plan.held().len()), (ALL, 0));
    let outcome = migration.apply(&plan, &MemoryJournal::default(), &hasty()).await.unwrap();
    assert!(outcome.is_complete(), "{outcome}");
    assert_eq!(cloud.writes(), ALL);
    let again = migration.apply(&plan, &MemoryJournal::default(), &hasty()).await.unwrap();
    assert!(again.is_complete());
    assert_eq!(cloud.writes(), ALL, "with no journal at all, what is there is adopted");
    assert!(again.standings().iter().all(|(_, standing)| !standing.is_made()));
    assert_eq!(again.ids(), outcome.ids());
    let later = planned(&migration).await;
    assert!(later.is_done(), "a plan is empty after its own apply: {later}");
}

#[tokio::test(start_paused = true)]
async fn what_is_right_verifies_clean() {
    let cloud = Cloud::new(KEYS, SECRETS);
    let ids = migrated(&cloud).await;
    let verification = both(&cloud, &Seat::new()).verify(&ids).await.unwrap();
    assert!(verification.is_clean(), "{verification}");
    assert_eq!(verification.to_string(), "verified: clean; 12 of 12 checks passed, 0 steps left to do\n");
    assert_eq!(verification.not_passed().count(), 0);
}

#[tokio::test(start_paused = true)]
async fn drift_is_found_a_month_later_without_plan_or_journal_and_repaired() {
    let cloud = Cloud::new(KEYS, SECRETS);
    let ids = migrated(&cloud).await;
    let lost = ids.target_of(&key("key3")).unwrap();
    cloud.target(|target| {
        target.keys.remove(&lost);
        target.secrets.remove(&secret("secret3"));
        target.secrets.get_mut(&secret("secret4")).unwrap().1 = "changed".to_owned();
    });
    let seat = Seat::new();
    let later = both(&cloud, &seat);
    let verification = later.verify(&ids).await.unwrap();
    assert!(!verification.is_clean());
    let failed: Vec<&str> = verification.not_passed().map(|check| check.subject.id()).collect();
    assert_eq!(failed, ["secret3", "secret4"]);
    let text = "verified: not clean; 10 of 12 checks passed, 2 steps left to do\n  \
                fail [secrets.same-value] fake.secret:secret3\n  \
                fail [secrets.same-value] fake.secret:secret4\n  \
                left to do: keys/create/fake.key:key3\n  \
                left to do: secrets/replicate/fake.secret:secret3\n";
    assert_eq!(verification.to_string(), text);
    assert!(verification.left.held().is_empty());
    let repair = later.apply(&verification.left, &MemoryJournal::default(), &hasty()).await.unwrap();
    assert!(repair.is_complete(), "{repair}");
    assert_ne!(repair.ids().target_of(&key("key3")), Some(lost), "what was lost becomes something else than it was");
}

#[tokio::test(start_paused = true)]
async fn a_step_left_to_do_is_not_clean_though_every_check_passed() {
    let cloud = Cloud::new(1, 0);
    let migration = Migration::new(route(), &Seat::new()).with(Keys(cloud.clone()));
    let verification = migration.verify(&IdMap::default()).await.unwrap();
    assert!(verification.checks.is_empty() && verification.left.len() == 1);
    assert!(!verification.is_clean());
}

#[tokio::test(start_paused = true)]
async fn what_was_said_beforehand_counts_where_no_run_knows_better() {
    let cloud = Cloud::new(1, 1);
    let migration = Migration::new(route(), &Seat::new()).with(Secrets(cloud));
    assert_eq!(migration.verify(&IdMap::default()).await.unwrap().left.held().len(), 1);
    let said = migration.map(&key("key0"), &key("by-hand")).unwrap();
    assert!(said.verify(&IdMap::default()).await.unwrap().left.held().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_read_is_not_clean() {
    let cloud = Cloud::new(KEYS, SECRETS);
    let ids = migrated(&cloud).await;
    cloud.source(|source| source.is_dead = true);
    let verification = both(&cloud, &Seat::new()).verify(&ids).await.unwrap();
    assert!(!verification.is_clean());
    assert!(verification.to_string().contains("not known: action [core.unread]"), "{verification}");
    assert!(verification.left.len() == 0 && verification.not_passed().count() == 0);
}

#[tokio::test(start_paused = true)]
async fn what_a_blocker_keeps_from_moving_is_not_clean() {
    use crate::common::script::Script;
    use regionmig_core::{Finding, Severity};
    let script = Script::new([]);
    script.world().findings.push(Finding::new(Severity::Note, "test.note", "only so you know"));
    assert!(script.migration().verify(&IdMap::default()).await.unwrap().is_clean());
    script.world().findings.push(Finding::new(Severity::Blocker, "test.kind", "of a kind that is not moved"));
    let verification = script.migration().verify(&IdMap::default()).await.unwrap();
    assert!(!verification.is_clean());
    let text = "verified: not clean; 0 of 0 checks passed, 0 steps left to do\n  \
                not moved: blocker [test.kind]: of a kind that is not moved\n";
    assert_eq!(verification.to_string(), text);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_cannot_check_is_a_check_that_is_not_passed() {
    use crate::common::script::{Script, act};
    use regionmig_core::ErrorKind;
    let script = Script::new([act("a")]);
    script.world().verdicts = Some(Err(ErrorKind::Unavailable));
    let verification = script.migration().verify(&IdMap::default()).await.unwrap();
    let check = verification.not_passed().next().unwrap();
    assert_eq!(
        (check.code.as_str(), check.subject.id(), check.verdict),
        ("core.unverified", "script", Verdict::Unknown)
    );
    assert_eq!(check.message, "script: verify failed: the fake said unavailable");
    for verdict in [Verdict::Fail, Verdict::Unknown, Verdict::TooEarly(crate::common::at(60))] {
        script.world().verdicts = Some(Ok(verdict));
        script.world().acts.clear();
        script.world().acts.push(act("a"));
        let verification = script.migration().verify(&IdMap::default()).await.unwrap();
        assert_eq!(verification.not_passed().count(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_said_beforehand_gives_way_to_what_a_run_knows() {
    let cloud = Cloud::new(1, 1);
    let ids = migrated(&cloud).await;
    let migration = both(&cloud, &Seat::new()).map(&key("key0"), &key("gone")).unwrap();
    assert!(migration.verify(&ids).await.unwrap().is_clean());
}

#[tokio::test(start_paused = true)]
async fn a_second_plan_goes_on_with_what_the_first_made() {
    let cloud = Cloud::new(KEYS, SECRETS);
    let seat = Seat::new();
    let keys = Migration::new(route(), &seat).with(Keys(cloud.clone()));
    let plan = planned(&keys).await;
    assert!(keys.apply(&plan, &MemoryJournal::default(), &hasty()).await.unwrap().is_complete());
    let both = both(&cloud, &seat);
    let plan = planned(&both).await;
    assert_eq!((plan.len(), plan.held().len()), (SECRETS, 0), "what was found serves the other service");
    assert!(both.apply(&plan, &MemoryJournal::default(), &hasty()).await.unwrap().is_complete());
}

#[tokio::test(start_paused = true)]
async fn what_nothing_makes_holds_only_what_needs_it() {
    let cloud = Cloud::new(KEYS, SECRETS);
    let migration = Migration::new(route(), &Seat::new()).with(Secrets(cloud.clone()));
    let mapped = migration.map(&key("key0"), &key("by-hand")).unwrap();
    assert!(mapped.clone().map(&key("key0"), &key("other")).is_err(), "said once");
    let plan = planned(&mapped).await;
    assert_eq!(plan.held().len(), SECRETS - 3);
    assert!(plan.held().values().all(|hold| matches!(hold, Hold::Unmet(id) if id.kind() == "fake.key")));
    let outcome = mapped.apply(&plan, &MemoryJournal::default(), &hasty()).await.unwrap();
    assert_eq!((cloud.writes(), outcome.held().len()), (3, SECRETS - 3));
    assert_eq!(cloud.target(|target| target.secrets[&secret("secret0")].0.clone()), key("by-hand"));
    let mut rest = IdMap::default();
    (1..KEYS).for_each(|i| rest.bind(&key(format!("key{i}")), &key(format!("by-hand{i}"))).unwrap());
    let all = mapped.map_all(&rest).unwrap();
    let mut contrary = IdMap::default();
    contrary.bind(&key("key0"), &key("other")).unwrap();
    assert!(all.clone().map_all(&contrary).is_err());
    assert!(planned(&all).await.held().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_the_source_does_not_say_is_no_absence() {
    let cloud = Cloud::new(KEYS, SECRETS);
    cloud.source(|source| source.unreadable.insert(key("key3")));
    let migration = both(&cloud, &Seat::new());
    let plan = planned(&migration).await;
    let codes: Vec<&str> = plan.findings().iter().map(|finding| finding.code.as_str()).collect();
    assert_eq!(codes, ["core.unclear", "core.unread"]);
    assert_eq!(plan.held().len(), 2, "the secrets of that key, and nothing else: {:?}", plan.held());
    assert!(plan.held().values().all(|hold| matches!(hold, Hold::Blocked(code) if code == "core.unclear")));
    let outcome = migration.apply(&plan, &MemoryJournal::default(), &hasty()).await.unwrap();
    assert_eq!((cloud.writes(), outcome.is_complete()), (ALL - 3, false));
}

#[tokio::test(start_paused = true)]
async fn what_the_target_does_not_say_makes_no_duplicate() {
    let cloud = Cloud::new(KEYS, SECRETS);
    let stranger = cloud.create_key(&route().target, &key("nobody")).unwrap();
    cloud.target(|target| target.unreadable.insert(stranger.clone()));
    let keys = Keys(cloud.clone());
    let migration = both(&cloud, &Seat::new());
    let mut survey = migration.survey().await.unwrap();
    let plan = migration.plan(&survey).unwrap();
    assert_eq!(plan.held().len(), SECRETS, "any key may be the stranger's");
    assert!(plan.steps().all(|step| step.service() == "secrets"));
    // A person knows whose it is.
    survey.edit(&keys, |survey| survey.target.value.keys.presume_complete("it is the auditors'")).unwrap();
    let plan = migration.plan(&survey).unwrap();
    assert_eq!((plan.len(), plan.held().len()), (ALL, 0));
    assert!(plan.findings().iter().any(|f| f.code == "core.presumed" && f.message.ends_with("it is the auditors'")));
    // The probe still asks: it was not examined, so it may be what a lost run made.
    let outcome = migration.apply(&plan, &MemoryJournal::default(), &hasty()).await.unwrap();
    assert_eq!(outcome.failed().count(), KEYS);
}

#[tokio::test(start_paused = true)]
async fn what_the_survey_examined_need_not_be_readable_later() {
    let cloud = Cloud::new(1, 0);
    let stranger = cloud.create_key(&route().target, &key("nobody")).unwrap();
    let migration = both(&cloud, &Seat::new());
    let plan = planned(&migration).await;
    cloud.target(|target| target.unreadable.insert(stranger));
    assert!(migration.apply(&plan, &MemoryJournal::default(), &hasty()).await.unwrap().is_complete());
}

#[tokio::test(start_paused = true)]
async fn a_service_that_does_not_answer_hinders_no_other() {
    let cloud = Cloud::new(KEYS, SECRETS);
    cloud.source(|source| source.is_dead = true);
    let migration = both(&cloud, &Seat::new());
    let plan = planned(&migration).await;
    assert_eq!(plan.findings().iter().map(|f| f.code.as_str()).collect::<Vec<_>>(), ["core.unread"]);
    assert_eq!((plan.len(), plan.held().len()), (SECRETS, SECRETS));
}

#[tokio::test(start_paused = true)]
async fn one_service_is_used_alone_and_typed() {
    let cloud = Cloud::new(KEYS, SECRETS);
    let secrets = Secrets(cloud.clone());
    let mut migration = Migration::new(route(), &Seat::new()).with(secrets.clone());
    for i in 0..KEYS {
        migration = migration.map(&key(format!("key{i}")), &key(format!("there{i}"))).unwrap();
    }
    let survey = migration.survey().await.unwrap();
    let typed = survey.of(&secrets).unwrap();
    let mut pairings = typed.source.secrets.against(&typed.target.secrets);
    assert!(pairings.all(|pairing| matches!(pairing, Pairing::Missing(..))));
    let plan = migration.plan(&survey).unwrap();
    let wanted =
        |step: &SecretStep| matches!(step, SecretStep::Replicate { secret, .. } if secret.as_str() != "secret7");
    let plan = plan.keep(&secrets, wanted).unwrap();
    let outcome = migration.apply(&plan, &MemoryJournal::default(), &hasty()).await.unwrap();
    let steps = outcome.of(&secrets, &plan).unwrap();
    assert_eq!(steps.len(), SECRETS - 1);
    assert!(steps.iter().all(|(step, standing)| matches!(step, SecretStep::Replicate { .. }) && standing.is_made()));
    let other = planned(&migration).await;
    assert!(outcome.of(&secrets, &other).is_err(), "another plan's step has no standing here");
    assert_eq!(cloud.writes(), SECRETS - 1);
}

#[tokio::test(start_paused = true)]
async fn permissions_are_those_of_all_services_and_of_the_plan() {
    let cloud = Cloud::new(1, 1);
    let migration = both(&cloud, &Seat::new());
    let surveying: Vec<String> = migration.permissions().iter().map(ToString::to_string).collect();
    assert_eq!(surveying, ["fake:ListKeys on * (source)", "fake:ListSecrets on * (source)"]);
    let plan = planned(&migration).await;
    let applying: Vec<Permission> = plan.permissions().into_iter().collect();
    assert_eq!(
        applying,
        [
            Permission::new(Side::Source, "fake:Replicate", "secret0"),
            Permission::new(Side::Target, "fake:CreateKey", "*"),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_migration_shows_what_it_is_made_of() {
    let migration = both(&Cloud::new(1, 1), &Seat::new());
    let shown = format!("{migration:?}");
    assert!(shown.contains("me-central-1") && shown.contains(r#"services: ["keys", "secrets"]"#), "{shown}");
    let survey = format!("{:?}", migration.survey().await.unwrap());
    assert!(survey.contains(r#"services: ["keys", "secrets"]"#), "{survey}");
}
