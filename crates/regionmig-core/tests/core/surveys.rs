//! What was found and what was not: kept, filled, stored and edited.
// REQ: E-20

use std::time::Duration;

use regionmig_core::{
    Error, ErrorKind, Finding, IdMap, MemoryJournal, Migration, MigrationSurvey, PlanError, Severity, Side, chain,
};

use crate::common::cloud::{Cloud, key, secret};
use crate::common::keys::Keys;
use crate::common::script::Script;
use crate::common::secrets::{Secrets, both};
use crate::common::{Seat, at, hasty, route};

fn codes(migration: &Migration, survey: &MigrationSurvey) -> Vec<String> {
    migration.plan(survey).unwrap().findings().iter().map(|finding| finding.code.clone()).collect()
}

#[tokio::test(start_paused = true)]
async fn it_says_what_could_not_be_read() {
    let cloud = Cloud::new(2, 1);
    let migration = both(&cloud, &Seat::new());
    let whole = migration.survey().await.unwrap();
    assert!(whole.is_whole() && whole.unread().next().is_none());
    assert_eq!((whole.taken_at(), whole.route()), (at(0), &route()));
    cloud.source(|source| source.unreadable.insert(key("key1")));
    cloud.target(|target| target.is_dead = true);
    let survey = migration.survey().await.unwrap();
    assert!(!survey.is_whole());
    let unread: Vec<String> = survey.unread().map(|unread| unread.to_string()).collect();
    assert_eq!(
        unread,
        [
            "keys, source: fake:DescribeKey: the fake said access denied",
            "keys, target: inventory: the fake said unavailable",
        ]
    );
    let first = survey.unread().next().unwrap();
    assert_eq!((first.service, first.side, first.gap.operation.as_str()), ("keys", Side::Source, "fake:DescribeKey"));
}

#[tokio::test(start_paused = true)]
async fn only_those_that_left_gaps_are_asked_again_and_nothing_known_is_forgotten() {
    let cloud = Cloud::new(3, 1);
    let seat = Seat::new();
    let script = Script::new([crate::common::script::act("a")]);
    let migration = both(&cloud, &seat).with(script.clone());
    cloud.source(|source| source.unreadable.insert(key("key1")));
    let mut survey = migration.survey().await.unwrap();
    tokio::time::sleep(Duration::from_secs(60)).await;
    // The region has a good minute, but for a key that was read before.
    cloud.source(|source| {
        source.unreadable.clear();
        source.unreadable.insert(key("key2"));
        source.listings = 0;
    });
    script.world().acts.clear();
    let secrets = cloud.source(|source| source.secrets.remove(&secret("secret0")));
    migration.resurvey(&mut survey).await.unwrap();
    assert!(survey.is_whole());
    assert_eq!(cloud.source(|source| source.listings), 1);
    assert_eq!(survey.of(&script).unwrap().source.known().count(), 1, "it was not asked");
    assert!(secrets.is_some() && survey.of(&Secrets(cloud.clone())).unwrap().source.secrets.known().count() == 1);
    let keys = survey.of(&Keys(cloud.clone())).unwrap();
    assert_eq!((keys.source.keys.known().count(), keys.source.at), (3, at(0)), "as old as its oldest part");
    assert!(codes(&migration, &survey).is_empty());
    migration.resurvey(&mut survey).await.unwrap();
    assert_eq!(cloud.source(|source| source.listings), 1, "nobody is asked what left no gap");
}

#[tokio::test(start_paused = true)]
async fn a_whole_end_is_not_touched_by_what_fills_the_other() {
    let cloud = Cloud::new(2, 0);
    let migration = both(&cloud, &Seat::new());
    cloud.target(|target| target.is_dead = true);
    let mut survey = migration.survey().await.unwrap();
    cloud.target(|target| target.is_dead = false);
    cloud.source(|source| source.keys.remove(&key("key1")));
    let listings = || cloud.source(|source| source.listings);
    let before = listings();
    migration.resurvey(&mut survey).await.unwrap();
    assert_eq!(listings(), before, "nor is it asked");
    assert!(survey.is_whole());
    assert_eq!(migration.plan(&survey).unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn whether_the_target_can_be_used_is_asked_again() {
    let cloud = Cloud::new(1, 0);
    let seat = Seat::new();
    let migration = both(&cloud, &seat);
    seat.is_not_ready(Finding::new(Severity::Blocker, "aws.region-not-enabled", "it is not enabled"));
    let mut survey = migration.survey().await.unwrap();
    assert_eq!(survey.findings().len(), 1);
    seat.is_ready();
    migration.resurvey(&mut survey).await.unwrap();
    assert!(survey.findings().is_empty());
    assert_eq!(migration.plan(&survey).unwrap().held().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn another_account_is_not_looked_at() {
    let cloud = Cloud::new(1, 0);
    let seat = Seat::new();
    let migration = both(&cloud, &seat);
    let mut survey = migration.survey().await.unwrap();
    for side in [Side::Source, Side::Target] {
        let end = route().end(side).clone();
        let listings = cloud.side(side, |here| here.listings);
        seat.says(&end, Ok("444455556666"));
        let account = |error: Error| matches!(&error, Error::Account { side: told, .. } if *told == side);
        assert!(account(migration.survey().await.unwrap_err()));
        assert!(account(migration.resurvey(&mut survey).await.unwrap_err()));
        assert!(account(migration.verify(&IdMap::default()).await.unwrap_err()), "an empty account is no clean one");
        assert_eq!(cloud.side(side, |here| here.listings), listings);
        // Where nobody can be asked, what cannot be read says so for itself.
        seat.says(&end, Err(ErrorKind::AccessDenied));
        assert!(migration.survey().await.unwrap().is_whole());
        seat.says(&end, Ok(end.account.as_str()));
    }
}

#[tokio::test(start_paused = true)]
async fn an_older_survey_fills_gaps_of_the_source_and_each_is_a_finding() {
    let cloud = Cloud::new(3, 3);
    let seat = Seat::new();
    let migration = both(&cloud, &seat);
    let older = migration.survey().await.unwrap();
    tokio::time::sleep(Duration::from_secs(3600)).await;
    cloud.source(|source| source.is_dead = true);
    let mut survey = migration.survey().await.unwrap();
    assert_eq!(migration.plan(&survey).unwrap().held().len(), 3);
    survey.backfill_source(&older).unwrap();
    let plan = migration.plan(&survey).unwrap();
    assert_eq!((plan.len(), plan.held().len()), (6, 0));
    assert_eq!(codes(&migration, &survey), ["core.stale", "core.stale", "core.stale", "core.unread"]);
    let dates = plan.findings().iter().filter(|f| f.message.contains("was last read at 2026-03-01T12:00:00Z"));
    assert_eq!(dates.count(), 3);
    assert!(plan.findings().iter().all(Finding::is_unknown));
    assert!(migration.apply(&plan, &MemoryJournal::default(), &hasty()).await.unwrap().is_complete());
}

#[tokio::test(start_paused = true)]
async fn an_older_survey_says_nothing_of_the_target() {
    let cloud = Cloud::new(1, 0);
    let migration = both(&cloud, &Seat::new());
    cloud.create_key(&route().target, &key("key0")).unwrap();
    let older = migration.survey().await.unwrap();
    cloud.target(|target| target.keys.clear());
    cloud.target(|target| target.is_dead = true);
    let mut survey = migration.survey().await.unwrap();
    survey.backfill_source(&older).unwrap();
    assert_eq!(codes(&migration, &survey), ["core.unclear", "core.unread"], "an old `present` would be a lost step");
}

#[tokio::test(start_paused = true)]
async fn what_fills_must_be_of_the_same_route_and_readable() {
    let cloud = Cloud::new(1, 0);
    let seat = Seat::new();
    let migration = both(&cloud, &seat);
    let older = migration.survey().await.unwrap();
    let back = Migration::new(route().reversed(), &seat).with(Keys(cloud.clone()));
    let mut elsewhere = back.survey().await.unwrap();
    let error = elsewhere.backfill_source(&older).unwrap_err();
    assert!(matches!(error, Error::Plan(PlanError::Route { .. })));
    // Who reads from bytes has no services at hand, until it is surveyed again.
    let mut stored = MigrationSurvey::from_bytes(&older.to_bytes()).unwrap();
    assert!(matches!(stored.backfill_source(&older), Err(Error::MissingService { name }) if name == "keys"));
    migration.resurvey(&mut stored).await.unwrap();
    stored.backfill_source(&MigrationSurvey::from_bytes(&older.to_bytes()).unwrap()).unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_service_that_the_older_one_does_not_know_is_left_as_it_is() {
    let cloud = Cloud::new(1, 1);
    let seat = Seat::new();
    let older = Migration::new(route(), &seat).with(Secrets(cloud.clone())).survey().await.unwrap();
    cloud.source(|source| source.is_dead = true);
    let mut survey = both(&cloud, &seat).survey().await.unwrap();
    survey.backfill_source(&older).unwrap();
    assert_eq!(survey.unread().count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_person_who_knows_better_edits_it() {
    let cloud = Cloud::new(2, 0);
    let keys = Keys(cloud.clone());
    let migration = both(&cloud, &Seat::new());
    cloud.source(|source| source.unreadable.insert(key("key1")));
    let mut survey = migration.survey().await.unwrap();
    survey.edit(&keys, |survey| survey.source.value.keys.presume_complete("key1 is not ours")).unwrap();
    assert!(survey.is_whole());
    let plan = migration.plan(&survey).unwrap();
    assert_eq!(plan.len(), 1);
    assert_eq!(codes(&migration, &survey), ["core.presumed"]);
    assert_eq!(plan.findings()[0].severity, Severity::Note);
    assert!(matches!(survey.edit(&Script::new([]), |_| {}), Err(Error::MissingService { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_stored_survey_plans_the_same() {
    let cloud = Cloud::new(3, 4);
    let migration = both(&cloud, &Seat::new()).map(&key("key0"), &key("there")).unwrap();
    cloud.source(|source| source.unreadable.insert(key("key1")));
    let survey = migration.survey().await.unwrap();
    let bytes = survey.to_bytes();
    let stored = MigrationSurvey::from_bytes(&bytes).unwrap();
    assert_eq!(stored.to_bytes(), bytes);
    assert_eq!((stored.taken_at(), stored.route(), stored.unread().count()), (survey.taken_at(), survey.route(), 1));
    assert_eq!(migration.plan(&stored).unwrap(), migration.plan(&survey).unwrap());
    assert_eq!(stored.of(&Keys(cloud)).unwrap().ids.target_of(&key("key0")), Some(key("there")));
}

#[tokio::test(start_paused = true)]
async fn a_stored_survey_is_read_whole_or_not_at_all() {
    let cloud = Cloud::new(1, 1);
    let bytes = both(&cloud, &Seat::new()).survey().await.unwrap().to_bytes();
    let refusal = |bytes: &[u8]| chain(&MigrationSurvey::from_bytes(bytes).unwrap_err());
    let text = String::from_utf8(bytes.clone()).unwrap();
    assert!(refusal(text.replacen("key0", "key1", 1).as_bytes()).contains("it was altered after it was taken"));
    let newer = text.replacen(r#""format":1"#, r#""format":2"#, 1);
    assert!(refusal(newer.as_bytes()).contains("it has format 2, this version reads 1"));
    assert!(refusal(&bytes[..bytes.len() / 2]).contains("cannot be read"));
    // Each byte counts.
    for index in 0..bytes.len() {
        let mut altered = bytes.clone();
        altered[index] ^= 1;
        assert!(MigrationSurvey::from_bytes(&altered).is_err(), "byte {index}");
    }
    // One that says more, with the digest that fits.
    let (_, body) = text.split_once(r#""survey":"#).unwrap();
    let more = body.strip_suffix('}').unwrap().replacen('{', r#"{"moon":1,"#, 1);
    let digest = regionmig_core::Digest::of(&more);
    let file = format!(r#"{{"format":1,"digest":"{digest}","survey":{more}}}"#);
    assert!(refusal(file.as_bytes()).contains("unknown field `moon`"), "{}", refusal(file.as_bytes()));
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_that_says_more_than_its_service_reads_is_refused() {
    let cloud = Cloud::new(1, 0);
    let migration = both(&cloud, &Seat::new());
    let text = String::from_utf8(migration.survey().await.unwrap().to_bytes()).unwrap();
    let (_, body) = text.split_once(r#""survey":"#).unwrap();
    let more = body.strip_suffix('}').unwrap().replacen(r#"{"mark":null}"#, r#"{"mark":null,"size":4}"#, 1);
    assert_ne!(more, body.strip_suffix('}').unwrap());
    let digest = regionmig_core::Digest::of(&more);
    let stored =
        MigrationSurvey::from_bytes(format!(r#"{{"format":1,"digest":"{digest}","survey":{more}}}"#).as_bytes());
    let error = migration.plan(&stored.unwrap()).unwrap_err();
    assert!(matches!(&error, Error::Schema { service, what: "snapshot", .. } if service == "keys"), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn a_plan_is_dated_by_its_oldest_reading() {
    let cloud = Cloud::new(1, 0);
    let seat = Seat::new();
    let migration = both(&cloud, &seat);
    tokio::time::sleep(Duration::from_secs(60)).await;
    let mut survey = migration.survey().await.unwrap();
    assert_eq!(migration.plan(&survey).unwrap().surveyed_at(), at(60));
    survey.edit(&Keys(cloud), |survey| survey.source.at = at(7)).unwrap();
    assert_eq!(migration.plan(&survey).unwrap().surveyed_at(), at(7));
}

#[tokio::test(start_paused = true)]
async fn what_is_said_of_the_target_is_in_survey_and_plan() {
    let cloud = Cloud::new(1, 0);
    let seat = Seat::new();
    seat.is_not_ready(Finding::new(Severity::Note, "aws.young", "it is young"));
    let migration = both(&cloud, &seat);
    let survey = migration.survey().await.unwrap();
    assert_eq!(survey.findings()[0].code, "aws.young");
    assert_eq!(codes(&migration, &survey), ["aws.young"]);
}
