//! What a plan must be to be carried out, and that nothing is asked or written if it is not.

use regionmig_core::{
    Error, ErrorKind, Finding, MemoryJournal, Migration, MigrationPlan, PlanError, ReplayError, ResourceId, Route,
    Severity, Side, chain,
};

use crate::common::cloud::Cloud;
use crate::common::journals::entries;
use crate::common::keys::Keys;
use crate::common::script::{Script, act};
use crate::common::secrets::{Secrets, both, planned};
use crate::common::{Seat, end, forge, hasty, route};

/// Has a migration refuse a plan in all that would use it, and returns why.
async fn refused(migration: &Migration, plan: &MigrationPlan) -> Error {
    let journal = MemoryJournal::default();
    let reverted = migration.revert(plan, &journal, &hasty()).await.unwrap_err();
    let asked = migration.preflight(plan).await.unwrap_err();
    let applied = migration.apply(plan, &journal, &hasty()).await.unwrap_err();
    assert_eq!(chain(&reverted), chain(&applied));
    assert_eq!(chain(&asked), chain(&applied));
    assert!(entries(&journal).is_empty());
    applied
}

#[tokio::test(start_paused = true)]
async fn credentials_of_another_account_are_refused_at_either_end() {
    let script = Script::new([act("a")]);
    let plan = script.plan().await;
    for side in [Side::Source, Side::Target] {
        let mut script = script.clone();
        script.seat = Seat::new();
        script.seat.says(route().end(side), Ok("999999999999"));
        let error = refused(&script.migration(), &plan).await;
        assert!(
            matches!(&error, Error::Account { side: at, found, .. } if *at == side && found.as_str() == "999999999999")
        );
        assert_eq!(error.kind(), ErrorKind::Credentials);
        assert!(error.to_string().ends_with("are for 999999999999: use those of 111122223333"), "{error}");
    }
    assert_eq!(script.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_source_that_does_not_answer_is_what_this_is_for() {
    let script = Script::new([act("a")]);
    let plan = script.plan().await;
    for kind in [ErrorKind::Unavailable, ErrorKind::OutcomeUnknown, ErrorKind::Throttle] {
        script.seat.says(&route().source, Err(kind));
        let outcome = script.migration().apply(&plan, &MemoryJournal::default(), &hasty()).await.unwrap();
        assert!(outcome.is_complete(), "{kind}");
    }
    for kind in [ErrorKind::AccessDenied, ErrorKind::Credentials] {
        script.seat.says(&route().source, Err(kind));
        let error = refused(&script.migration(), &plan).await;
        assert!(matches!(&error, Error::Caller { side: Side::Source, .. }), "{kind}: it did answer");
        assert_eq!(error.kind(), kind);
    }
}

#[tokio::test(start_paused = true)]
async fn a_target_that_does_not_answer_is_refused() {
    let script = Script::new([act("a")]);
    let plan = script.plan().await;
    script.seat.forget();
    script.seat.says(&route().target, Err(ErrorKind::Unavailable));
    let error = refused(&script.migration(), &plan).await;
    assert!(matches!(&error, Error::Caller { side: Side::Target, end, .. } if *end == route().target));
    assert!(chain(&error).ends_with("the caller's identity could not be read: sts does not answer"), "{error}");
    assert!(
        script.seat.asked().iter().all(|end| *end == route().target),
        "the target is asked first, and the source not at all"
    );
    assert_eq!(script.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_plan_is_for_its_route() {
    let script = Script::new([act("a")]);
    let plan = script.plan().await;
    script.seat.forget();
    let elsewhere = Route::new(end("me-central-1"), end("eu-west-1")).unwrap();
    for other in [elsewhere, route().reversed()] {
        let migration = Migration::new(other.clone(), &script.seat).with(script.clone());
        let error = refused(&migration, &plan).await;
        assert!(matches!(
            &error,
            Error::Plan(PlanError::Route { expected, found }) if **expected == other && **found == route()
        ));
        let journal = MemoryJournal::default();
        let step = crate::common::script::id("a");
        assert!(migration.acknowledge(&plan, &journal, &step, "", "").await.is_err());
        assert!(migration.fail_back(&plan, &journal).await.is_err());
        let survey = script.migration().survey().await.unwrap();
        script.seat.forget();
        assert!(matches!(migration.plan(&survey), Err(Error::Plan(PlanError::Route { .. }))));
        assert!(migration.resurvey(&mut survey.clone()).await.is_err());
    }
    assert_eq!((script.count(), script.seat.asked().len()), (0, 0), "nobody was asked anything");
}

#[tokio::test(start_paused = true)]
async fn a_plan_is_for_its_purpose() {
    let script = Script::new([act("a")]);
    let plan = script.plan().await;
    let back = script.migration().fail_back(&plan, &MemoryJournal::default()).await.unwrap();
    let back_plan = planned(&back).await;
    script.seat.forget();
    let forward = Migration::new(route().reversed(), &script.seat).with(script.clone());
    let error = refused(&forward, &back_plan).await;
    assert!(chain(&error).contains("use the migration that it was made with"), "{error:?}");
    assert_eq!((script.count(), script.seat.asked().len()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_blocker_about_nothing_in_particular_forbids_the_whole_plan() {
    let script = Script::new([act("a")]);
    script.seat.is_not_ready(Finding::new(Severity::Blocker, "aws.region-not-enabled", "it is not enabled"));
    let plan = script.plan().await;
    script.seat.forget();
    let error = refused(&script.migration(), &plan).await;
    assert!(matches!(&error, Error::Plan(PlanError::Blocked { findings }) if findings.len() == 1));
    assert!(chain(&error).contains("blocker [aws.region-not-enabled]: it is not enabled"), "{}", chain(&error));
    assert_eq!((script.count(), script.seat.asked().len()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_step_that_means_something_else_now_is_refused() {
    let script = Script::new([act("a").makes_itself(), act("b").needs(&["a"])]);
    let plan = script.plan().await;
    script.seat.forget();
    for (said, meant) in [
        (
            r#""effect":"additive","verb":"do","subject":"fake.act:a""#,
            r#""effect":"overwriting","verb":"do","subject":"fake.act:a""#,
        ),
        (r#","produces":["fake.act:a"]"#, ""),
    ] {
        let forged = forge(&plan, |body| body.replacen(said, meant, 1)).unwrap();
        let error = refused(&script.migration(), &forged).await;
        assert!(matches!(&error, Error::Plan(PlanError::Disagreement { step }) if step.subject() == "fake.act:a"));
    }
    assert_eq!((script.count(), script.seat.asked().len()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_step_that_says_more_than_its_service_reads_is_refused() {
    let script = Script::new([act("a")]);
    let plan = script.plan().await;
    script.seat.forget();
    let forged = forge(&plan, |body| body.replacen(r#""step":{"#, r#""step":{"bypass":true,"#, 1)).unwrap();
    let error = refused(&script.migration(), &forged).await;
    assert!(matches!(&error, Error::Schema { service, .. } if service == "script"));
    assert!(chain(&error).ends_with("it says more than this version understands, at `/bypass`"), "{}", chain(&error));
    assert_eq!((script.count(), script.seat.asked().len()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn what_is_newer_in_a_service_has_its_default_in_an_older_step() {
    let script = Script::new([act("a")]);
    let plan = script.plan().await;
    let older = forge(&plan, |body| body.replacen(r#","mints":false"#, "", 1)).unwrap();
    assert_ne!(older.digest(), plan.digest());
    assert!(script.migration().apply(&older, &MemoryJournal::default(), &hasty()).await.unwrap().is_complete());
}

#[tokio::test(start_paused = true)]
async fn a_service_that_is_missing_is_named() {
    let cloud = Cloud::new(2, 2);
    let seat = Seat::new();
    let migration = both(&cloud, &seat);
    let (survey, plan) = (migration.survey().await.unwrap(), planned(&migration).await);
    let listings = cloud.target(|target| target.listings);
    seat.forget();
    let alone = Migration::new(route(), &seat).with(Secrets(cloud.clone()));
    let error = refused(&alone, &plan).await;
    assert!(matches!(&error, Error::MissingService { name } if name == "keys"));
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(matches!(alone.plan(&survey), Err(Error::MissingService { .. })));
    assert!(matches!(survey.of(&Script::new([])), Err(Error::MissingService { name }) if name == "script"));
    assert!(plan.steps().next().unwrap().decode(&Script::new([])).is_err(), "nor is one's step another's");
    assert_eq!((cloud.target(|target| target.listings), cloud.writes(), seat.asked().len()), (listings, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn two_services_of_one_name_are_refused() {
    let cloud = Cloud::new(2, 0);
    let seat = Seat::new();
    let one = Migration::new(route(), &seat).with(Keys(cloud.clone()));
    let mut survey = one.survey().await.unwrap();
    let plan = one.plan(&survey).unwrap();
    let twice = one.with(Keys(cloud.clone()));
    let calls = cloud.target(|target| target.listings);
    seat.forget();
    let error = refused(&twice, &plan).await;
    assert!(matches!(&error, Error::TwoServices { name } if name == "keys"), "{error:?}");
    assert!(matches!(twice.survey().await, Err(Error::TwoServices { .. })));
    assert!(matches!(twice.plan(&survey), Err(Error::TwoServices { .. })));
    assert!(matches!(twice.resurvey(&mut survey).await, Err(Error::TwoServices { .. })));
    assert!(matches!(twice.fail_back(&plan, &MemoryJournal::default()).await, Err(Error::TwoServices { .. })));
    assert_eq!((cloud.target(|target| target.listings), seat.asked().len()), (calls, 0));
}

#[tokio::test(start_paused = true)]
async fn a_journal_is_one_plans() {
    let script = Script::new([act("a"), act("b")]);
    let plan = script.plan().await;
    let other = plan.keep(&script, |act| act.name.as_str() == "a").unwrap();
    let journal = MemoryJournal::default();
    drop(script.migration().apply(&plan, &journal, &hasty().only([])).await.unwrap());
    let error = script.migration().apply(&other, &journal, &hasty()).await.unwrap_err();
    assert!(chain(&error).contains(&format!("it belongs to plan {}", plan.digest())), "{}", chain(&error));
    assert_eq!(script.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_journal_that_tells_what_cannot_have_happened_is_refused() {
    use regionmig_core::{Entry, Journal as _, Receipt, Record};
    let script = Script::new([act("a")]);
    let plan = script.plan().await;
    let id = crate::common::script::id("a");
    let stranger = crate::common::step("script/do/fake.act:z");
    let done = || Entry::Done(Receipt::new());
    for (story, unknown) in [
        (vec![(id.clone(), done()), (id.clone(), done())], false),
        (vec![(id.clone(), Entry::Reverting)], false),
        (vec![(stranger, done())], true),
    ] {
        let journal = MemoryJournal::default();
        drop(script.migration().apply(&plan, &journal, &hasty().only([])).await.unwrap());
        for (step, entry) in story {
            journal.append(&Record::new(crate::common::epoch(), step, entry)).await.unwrap();
        }
        let error = script.migration().apply(&plan, &journal, &hasty()).await.unwrap_err();
        let Error::Replay(replay) = &error else { panic!("{error:?}") };
        assert_eq!(matches!(replay, ReplayError::UnknownStep { .. }), unknown, "{replay}");
    }
    assert_eq!(script.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn preflight_asks_what_can_be_asked_and_names_the_rest() {
    let script = Script::new([
        act("a").makes_itself(),
        act("b").needs(&["a"]),
        act("d").needs(&["a"]),
        act("c").needs(&["known"]),
    ]);
    script.world().preflight = Some(Ok(Finding::new(Severity::Action, "script.denied", "it would be denied")));
    let migration = script.migration();
    let known = crate::common::script::name("known");
    let migration = migration.map(&known, &crate::common::script::name("there")).unwrap();
    let plan = planned(&migration).await;
    let findings = migration.preflight(&plan).await.unwrap();
    let told: Vec<_> = findings.iter().map(|f| (f.code.as_str(), f.subject.as_ref().map(ResourceId::id))).collect();
    assert_eq!(told, [("script.denied", Some("a")), ("script.denied", Some("c")), ("core.unasked", None)]);
    assert_eq!(findings[2].message, "`script/do` cannot be asked before what it needs is there: 2 steps");
    script.world().preflight = Some(Err(ErrorKind::Unavailable));
    let findings = migration.preflight(&plan).await.unwrap();
    assert!(findings.iter().all(|finding| finding.code == "core.unasked"));
    assert!(findings[0].message.ends_with("could not be asked: script: preflight failed: the fake said unavailable"));
    script.world().preflight = None;
    assert_eq!(migration.preflight(&plan).await.unwrap().len(), 1);
    assert!(script.applied().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_service_without_a_name_or_with_one_that_would_be_two_is_refused() {
    for bad in ["", "a/b", "/"] {
        let refused = Script::new([]).named(bad).migration().survey().await;
        assert!(matches!(&refused, Err(Error::ServiceName { name }) if name == bad), "{refused:?}");
    }
    assert!(Script::new([]).migration().survey().await.is_ok());
}
