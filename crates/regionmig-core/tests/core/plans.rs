//! What makes a plan, in which order, and what it is stored as.

use std::collections::BTreeSet;

use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, proptest};
use regionmig_core::{
    Effect, Error, Finding, Hold, Migration, MigrationPlan, MigrationSurvey, PlanError, ResourceId, Severity,
    Timestamp, chain,
};

use crate::common::cloud::{Cloud, key};
use crate::common::keys::Keys;
use crate::common::script::{Act, Script, act, id, name};
use crate::common::secrets::{Secrets, both, planned};
use crate::common::{Seat, forge, route};

/// What becomes of a draft of these steps and findings.
fn sealed(acts: Vec<Act>, findings: Vec<Finding>) -> Result<MigrationPlan, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let script = Script::new(acts);
        script.world().findings = findings;
        let migration = script.migration();
        migration.plan(&migration.survey().await.unwrap())
    })
}

fn plan_error(acts: Vec<Act>) -> PlanError {
    match sealed(acts, Vec::new()) {
        Err(Error::Plan(error)) => error,
        other => panic!("{other:?}"),
    }
}

/// Steps without circles: each needs, or comes after, some of those with smaller numbers; and
/// their order shuffled.
fn drafts() -> impl Strategy<Value = (Vec<Act>, Vec<Act>)> {
    proptest::collection::vec((proptest::collection::vec(any::<u8>(), 0..3), any::<bool>()), 0..25)
        .prop_map(|lists| {
            let label = |index: usize| format!("{:02}", 97 - index);
            let act = |(index, (list, needs)): (usize, &(Vec<u8>, bool))| {
                let earlier = list.iter().filter(|_| index > 0).map(|other| label(usize::from(*other) % index.max(1)));
                let start = act(&label(index)).makes_itself();
                earlier.fold(start, |act, other| if *needs { act.needs(&[&other]) } else { act.after(&other) })
            };
            lists.iter().enumerate().map(act).collect::<Vec<_>>()
        })
        .prop_flat_map(|acts| {
            let shuffled = proptest::prelude::Just(acts.clone()).prop_shuffle();
            (proptest::prelude::Just(acts), shuffled)
        })
}

proptest! {
    #[test]
    fn a_plan_is_the_same_in_whichever_order_its_steps_were_drafted((acts, shuffled) in drafts()) {
        let plan = sealed(acts.clone(), Vec::new()).unwrap();
        let other = sealed(shuffled, Vec::new()).unwrap();
        prop_assert_eq!(plan.to_bytes(), other.to_bytes());
        prop_assert_eq!(plan.digest(), other.digest());
        let mut done = BTreeSet::new();
        for step in plan.steps() {
            prop_assert!(step.spec.requires.iter().all(|id| done.contains(id)), "{} is too early", step.id);
            let after = step.spec.after.iter().map(|rest| rest.rsplit_once(':').unwrap().1);
            prop_assert!(after.into_iter().all(|other| done.iter().any(|id: &ResourceId| id.id() == other)));
            done.insert(step.spec.subject);
        }
        prop_assert_eq!(done.len(), acts.len());
        let read = MigrationPlan::from_bytes(&plan.to_bytes()).unwrap();
        prop_assert_eq!(read.to_bytes(), plan.to_bytes());
        prop_assert_eq!(read.full().to_string(), plan.full().to_string());
    }
}

#[tokio::test(start_paused = true)]
async fn findings_are_ordered_by_code_and_subject_and_said_once() {
    let finding = |code: &str, subject: &str| {
        Finding::new(Severity::Note, code, "so it is").about(ResourceId::new("fake.act", subject))
    };
    let all = vec![finding("b", "1"), finding("a", "2"), finding("b", "1"), finding("a", "1")];
    let mut reversed = all.clone();
    reversed.reverse();
    let plan = tokio::task::spawn_blocking(move || [sealed(vec![], all).unwrap(), sealed(vec![], reversed).unwrap()]);
    let [plan, other] = plan.await.unwrap();
    assert_eq!(plan.findings(), [finding("a", "1"), finding("a", "2"), finding("b", "1")]);
    assert_eq!(plan, other);
}

#[test]
fn what_cannot_be_a_plan_is_refused_by_name() {
    let makes = |text: &str, what: &str| {
        let mut act = act(text);
        act.produces.push(name(what));
        act
    };
    let owns = |text: &str| Act { owns: Some(name("policy")), ..act(text) };
    let cycle = plan_error(vec![act("a").after("b"), act("b").after("c"), act("c").after("a"), act("d")]);
    assert!(matches!(cycle, PlanError::Cycle { step } if ["a", "b", "c"].map(id).contains(&step)));
    let own = plan_error(vec![act("a").makes_itself().needs(&["a"])]);
    assert!(matches!(own, PlanError::Cycle { step } if step == id("a")));
    let twice = plan_error(vec![makes("b", "x"), act("c"), makes("a", "x")]);
    let resource = ResourceId::of(&name("x"));
    assert_eq!(twice, PlanError::DuplicateProducer { resource, first: id("a"), second: id("b") });
    let twice = plan_error(vec![owns("b"), owns("a"), act("c")]);
    let resource = ResourceId::of(&name("policy"));
    assert_eq!(twice, PlanError::DuplicateOwner { resource, first: id("a"), second: id("b") });
    assert!(sealed(vec![owns("a"), makes("b", "policy")], Vec::new()).is_ok(), "to make it is not to write it");
}

#[test]
fn two_steps_of_one_name_are_refused() {
    // The script's survey has each name once, so the second comes from a stored plan.
    let plan = sealed(vec![act("a"), act("b")], Vec::new()).unwrap();
    let twice = forge(&plan, |body| body.replace("fake.act:b", "fake.act:a"));
    assert_eq!(twice.unwrap_err(), PlanError::DuplicateStep { step: id("a") });
    let circle = forge(&plan, |body| {
        let after = |body: String, own: &str, other: &str| {
            let own = format!(r#""subject":"fake.act:{own}""#);
            body.replacen(&own, &format!(r#"{own},"after":["do/fake.act:{other}"]"#), 1)
        };
        after(after(body.to_owned(), "a", "b"), "b", "a")
    });
    assert!(matches!(circle, Err(PlanError::Cycle { .. })));
}

#[test]
fn what_a_plan_needs_and_cannot_have_holds_it_and_what_waits_for_it() {
    let blocker = Finding::new(Severity::Blocker, "fake.no", "no").about(&name("blocked"));
    let acts = vec![
        act("blocked").makes_itself(),
        act("dependent").needs(&["blocked"]),
        act("free").needs(&["made"]),
        act("last").after("unmet"),
        act("made").makes_itself(),
        act("needs-blocked-maker").after("dependent"),
        act("unmet").needs(&["nobody", "made"]),
    ];
    let plan = sealed(acts, vec![blocker.clone()]).unwrap();
    let held: Vec<(&str, Hold)> =
        plan.held().iter().map(|(id, hold)| (id.subject().split_once(':').unwrap().1, hold.clone())).collect();
    assert_eq!(
        held,
        [
            ("blocked", Hold::Blocked("fake.no".to_owned())),
            ("dependent", Hold::Blocked("fake.no".to_owned())),
            ("last", Hold::Behind(id("unmet"))),
            ("needs-blocked-maker", Hold::Behind(id("dependent"))),
            ("unmet", Hold::Unmet(ResourceId::of(&name("nobody")))),
        ]
    );
    assert_eq!(plan.blockers().collect::<Vec<_>>(), [&blocker]);
    assert!(!plan.is_done());
}

#[test]
fn only_a_blocker_holds_and_without_a_subject_it_holds_all() {
    let about = |severity| Finding::new(severity, "fake.no", "no").about(&name("a"));
    for severity in [Severity::Note, Severity::Action] {
        assert!(sealed(vec![act("a")], vec![about(severity)]).unwrap().held().is_empty());
    }
    let all = sealed(vec![act("a"), act("b")], vec![Finding::new(Severity::Blocker, "fake.all", "no")]).unwrap();
    assert!(all.held().len() == 2 && all.held().values().all(|hold| *hold == Hold::Blocked("fake.all".to_owned())));
    let empty = sealed(vec![], vec![Finding::new(Severity::Blocker, "fake.all", "no")]).unwrap();
    assert!(empty.len() == 0 && !empty.is_done(), "nothing to do is not done while something stands in the way");
    assert!(sealed(vec![], vec![about(Severity::Action)]).unwrap().is_done());
}

#[tokio::test(start_paused = true)]
async fn what_is_mapped_is_neither_unmet_nor_blocked() {
    let script = Script::new([act("a").needs(&["b"])]);
    script.world().findings.push(Finding::new(Severity::Blocker, "fake.no", "no").about(&name("b")));
    assert_eq!(script.plan().await.held().len(), 1);
    let mapped = script.migration().map(&name("b"), &name("there")).unwrap();
    let plan = planned(&mapped).await;
    assert!(plan.held().is_empty());
    assert_eq!(plan.ids().target_of(&name("b")), Some(name("there")));
}

#[tokio::test(start_paused = true)]
async fn a_source_with_two_counterparts_is_a_blocker_of_its_own() {
    let cloud = Cloud::new(2, 2);
    // Somebody ran twice without a journal.
    cloud.create_key(&route().target, &key("key0")).unwrap();
    cloud.create_key(&route().target, &key("key0")).unwrap();
    let plan = planned(&both(&cloud, &Seat::new())).await;
    let [finding] = &plan.blockers().collect::<Vec<_>>()[..] else { panic!("{plan}") };
    assert_eq!((finding.code.as_str(), finding.subject.as_ref().unwrap().id()), ("core.ambiguous", "key0"));
    let held: Vec<_> = plan.held().iter().map(|(id, hold)| (id.subject(), hold.clone())).collect();
    assert_eq!(held, [("fake.secret:secret0", Hold::Blocked("core.ambiguous".to_owned()))], "neither counts: {plan}");
    // Nor may a service say otherwise than the caller.
    let cloud = Cloud::new(1, 1);
    let made = cloud.create_key(&route().target, &key("key0")).unwrap();
    let said = both(&cloud, &Seat::new()).map(&key("key0"), &key("other")).unwrap();
    let plan = planned(&said).await;
    assert_eq!(plan.blockers().count(), 1);
    assert!(plan.blockers().next().unwrap().message.contains(made.as_str()));
    assert_eq!(plan.ids().target_of(&key("key0")), Some(key("other")), "what the caller said counts");
}

#[tokio::test(start_paused = true)]
async fn what_is_mapped_after_the_survey_counts_too() {
    let cloud = Cloud::new(1, 2);
    let migration = Migration::new(route(), &Seat::new()).with(Secrets(cloud.clone()));
    let survey = MigrationSurvey::from_bytes(&migration.survey().await.unwrap().to_bytes()).unwrap();
    assert_eq!(migration.plan(&survey).unwrap().held().len(), 2);
    let later = migration.clone().map(&key("key0"), &key("there")).unwrap();
    let plan = later.plan(&survey).unwrap();
    assert_eq!((plan.held().len(), plan.ids().target_of(&key("key0"))), (0, Some(key("there"))));
    // What the survey and the migration say differently is a question for a person.
    let said = migration.map(&key("key0"), &key("elsewhere")).unwrap().survey().await.unwrap();
    let error = chain(&later.plan(&said).unwrap_err());
    assert!(error.contains("key0") && error.contains("elsewhere"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_plan_can_be_thinned_out_and_says_so() {
    let cloud = Cloud::new(2, 3);
    let migration = both(&cloud, &Seat::new());
    let plan = planned(&migration).await;
    let thin = plan.keep(&Keys(cloud.clone()), |step| step.source != key("key0")).unwrap();
    assert_ne!(thin.digest(), plan.digest());
    assert_ne!(thin, plan);
    assert_eq!(thin.len(), plan.len() - 1);
    let [finding] = thin.findings() else { panic!("{thin}") };
    assert_eq!((finding.code.as_str(), finding.severity), ("core.left-out", Severity::Note));
    assert_eq!(finding.subject, Some(ResourceId::of(&key("key0"))));
    assert_eq!(finding.message, "`keys/create/fake.key:key0` was taken out of the plan");
    let held: Vec<_> = thin.held().iter().map(|(id, hold)| (id.subject(), hold.clone())).collect();
    let unmet = Hold::Unmet(ResourceId::of(&key("key0")));
    assert_eq!(held, [("fake.secret:secret0", unmet.clone()), ("fake.secret:secret2", unmet)]);
    let all = plan.keep(&Keys(cloud.clone()), |_| true).unwrap();
    assert_eq!(all, plan, "to keep all changes nothing");
    let steps = |plan: &MigrationPlan| plan.steps().map(|step| step.json().to_owned()).collect::<Vec<_>>();
    assert!(steps(&thin).iter().all(|step| steps(&plan).contains(step)), "the others are as they were");
    assert_eq!(thin.surveyed_at(), plan.surveyed_at());
}

#[test]
fn every_byte_of_a_stored_plan_counts() {
    let plan = sealed(
        vec![act("a").makes_itself(), act("b").needs(&["a"])],
        vec![Finding::new(Severity::Note, "fake.note", "so it is")],
    );
    let bytes = plan.unwrap().to_bytes();
    let last = bytes.len() - 1;
    assert_eq!(bytes[last], b'\n');
    for index in 0..last {
        for bit in 0..8 {
            let mut altered = bytes.clone();
            altered[index] ^= 1 << bit;
            assert!(MigrationPlan::from_bytes(&altered).is_err(), "byte {index}, bit {bit}");
        }
        assert!(MigrationPlan::from_bytes(&bytes[..index]).is_err(), "cut off at {index}");
    }
    assert!(MigrationPlan::from_bytes(&bytes[..last]).is_ok(), "but for the end of the line");
}

#[test]
fn a_stored_plan_is_read_whole_or_not_at_all() {
    let plan = sealed(
        vec![act("a").makes_itself(), act("b").needs(&["a"]).settle(60, 3)],
        vec![Finding::new(Severity::Note, "fake.note", "so it is")],
    );
    let plan = plan.unwrap();
    let text = String::from_utf8(plan.to_bytes()).unwrap();
    let read = |text: &str| MigrationPlan::from_bytes(text.as_bytes());
    assert_eq!(read(&text.replacen("so it is", "so it was", 1)).unwrap_err(), PlanError::Altered);
    let newer = read(&text.replacen(r#""format":1"#, r#""format":2"#, 1)).unwrap_err();
    assert_eq!(newer, PlanError::Format { found: 2, supported: 1 });
    assert!(newer.to_string().contains("has format 2, this version reads 1"));
    assert_eq!(read(r#"{"format":7,"anything":"else"}"#).unwrap_err(), PlanError::Format { found: 7, supported: 1 });
    assert!(matches!(read("{}"), Err(PlanError::Unreadable { .. })));
    for (at, more) in [
        ("{\"route\":{", "{\"route\":{\"via\":\"moon\","),
        ("\"steps\":[", "\"moons\":[],\"steps\":["),
        ("{\"severity\":", "{\"moon\":1,\"severity\":"),
        ("{\"service\":", "{\"moon\":1,\"service\":"),
        ("\"spec\":{", "\"spec\":{\"moon\":1,"),
        ("\"settle\":{", "\"settle\":{\"moon\":1,"),
    ] {
        let error = forge(&plan, |body| body.replacen(at, more, 1)).unwrap_err();
        assert!(matches!(&error, PlanError::Unreadable { why } if why.contains("unknown field")), "{at}: {error:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_permission_that_says_more_is_refused() {
    let plan = planned(&both(&Cloud::new(1, 0), &Seat::new())).await;
    let error = forge(&plan, |body| body.replacen("{\"place\":", "{\"unless\":\"moon\",\"place\":", 1)).unwrap_err();
    assert!(matches!(&error, PlanError::Unreadable { .. }), "{error:?}");
}

#[test]
fn what_an_older_version_did_not_write_is_its_default() {
    let plan = sealed(vec![act("a")], Vec::new()).unwrap();
    let text = String::from_utf8(plan.to_bytes()).unwrap();
    let written = r#""steps":[
{"service":"script","spec":{"effect":"additive","verb":"do","subject":"fake.act:a"},"step":{"#;
    assert!(text.contains(written), "{text}");
    for newer in ["purpose", "ids", "findings", "known"] {
        assert!(!text.contains(&format!("\"{newer}\":")), "{newer} is not written: {text}");
    }
    let spec = plan.steps().next().unwrap().spec;
    assert_eq!((spec.effect, spec.verb.as_str(), spec.mints, spec.bulk), (Effect::Additive, "do", false, false));
}

#[tokio::test(start_paused = true)]
async fn a_plan_says_what_it_is_for_and_what_it_is_made_of() {
    let cloud = Cloud::new(1, 1);
    cloud.create_key(&route().target, &key("stranger")).unwrap();
    let migration: Migration = both(&cloud, &Seat::new());
    let plan = planned(&migration).await;
    assert_eq!((plan.route(), plan.len()), (&route(), 2));
    assert_eq!(plan.surveyed_at(), "2026-03-01T12:00:00Z".parse::<Timestamp>().unwrap());
    let step = plan.steps().next().unwrap();
    assert_eq!((step.service(), step.json()), ("keys", r#"{"source":"key0"}"#));
    assert_eq!(step.decode(&Keys(cloud.clone())).unwrap().source, key("key0"));
    let text = String::from_utf8(plan.to_bytes()).unwrap();
    assert!(text.contains(r#""known":{"keys":["fake.key:made0"]}"#), "stored once a plan: {text}");
    assert_eq!(text.lines().count(), 4, "one step a line: {text}");
}
