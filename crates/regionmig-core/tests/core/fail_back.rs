//! The way back: route, map and purpose turned round, all three.
// REQ: E-17

use regionmig_core::{Effect, Hold, IdMap, MemoryJournal, Purpose};

use crate::common::cloud::{Cloud, key, secret};
use crate::common::script::{Script, act, name};
use crate::common::secrets::{both, planned};
use crate::common::{Seat, hasty, route};

#[tokio::test(start_paused = true)]
async fn the_way_back_starts_from_the_first_runs_map() {
    let cloud = Cloud::new(5, 12);
    let forward = both(&cloud, &Seat::new());
    let plan = planned(&forward).await;
    let journal = MemoryJournal::default();
    assert!(forward.apply(&plan, &journal, &hasty()).await.unwrap().is_complete());
    // Two weeks later, only the plan and the journal are left.
    cloud.target(|target| target.secrets.get_mut(&secret("secret1")).unwrap().1 = "rotated".to_owned());
    let back = both(&cloud, &Seat::new()).fail_back(&plan, &journal).await.unwrap();
    assert_eq!((back.route(), back.purpose()), (&route().reversed(), Purpose::FailBack));
    let back_plan = planned(&back).await;
    assert_eq!(back_plan.purpose(), Purpose::FailBack);
    assert_eq!(back_plan.len(), 12, "the keys are mapped already: {back_plan}");
    let journal = MemoryJournal::default();
    let careful = back.apply(&back_plan, &journal, &hasty()).await.unwrap();
    assert!(careful.held().values().all(|hold| *hold == Hold::WantsLeave(Effect::Overwriting)));
    let outcome = back.apply(&back_plan, &journal, &hasty().allow_overwriting()).await.unwrap();
    assert!(outcome.is_complete());
    assert_eq!(cloud.source(|source| source.secrets[&secret("secret1")].1.clone()), "rotated");
    assert_eq!(cloud.source(|source| source.writes), 1, "what had not changed was not written");
    let forth = back.fail_back(&back_plan, &journal).await.unwrap();
    assert_eq!((forth.route(), forth.purpose()), (&route(), Purpose::Migrate));
}

#[tokio::test(start_paused = true)]
async fn what_was_taken_back_has_no_way_back() {
    let cloud = Cloud::new(1, 0);
    let forward = both(&cloud, &Seat::new());
    let plan = planned(&forward).await;
    let journal = MemoryJournal::default();
    let made = forward.apply(&plan, &journal, &hasty()).await.unwrap().ids().target_of(&key("key0")).unwrap();
    drop(forward.revert(&plan, &journal, &hasty()).await.unwrap());
    let back = forward.fail_back(&plan, &journal).await.unwrap();
    let survey = back.survey().await.unwrap();
    let ids: IdMap = survey.of(&crate::common::keys::Keys(cloud)).unwrap().ids.clone();
    assert_eq!(ids.target_of(&made), None);
}

#[tokio::test(start_paused = true)]
async fn a_target_that_two_sources_share_is_a_finding_until_it_is_said_which_is_meant() {
    let script = Script::new([act("shared").makes_itself()]);
    let migration = script.migration();
    let migration = migration.map(&name("one"), &name("shared")).unwrap();
    let migration = migration.map(&name("two"), &name("shared")).unwrap();
    let plan = planned(&migration).await;
    let back = migration.fail_back(&plan, &MemoryJournal::default()).await.unwrap();
    let unclear = planned(&back).await;
    let codes: Vec<&str> = unclear.findings().iter().map(|finding| finding.code.as_str()).collect();
    assert_eq!(codes, ["core.ambiguous"]);
    let finding = &unclear.findings()[0];
    assert_eq!(finding.subject.as_ref().unwrap().id(), "shared");
    assert!(finding.message.contains("`one`") && finding.message.contains("`two`"), "{finding}");
    assert!(finding.remedy.as_ref().unwrap().contains("Migration::map"));
    assert_eq!(unclear.held().len(), 1);
    let said = back.clone().map(&name("shared"), &name("two")).unwrap();
    let clear = planned(&said).await;
    assert!(clear.findings().is_empty() && clear.held().is_empty(), "{clear}");
    let mut ids = IdMap::default();
    ids.bind(&name("shared"), &name("two")).unwrap();
    assert!(planned(&back.map_all(&ids).unwrap()).await.findings().is_empty());
}
