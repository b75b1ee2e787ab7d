//! What a run says of itself: to a person, and to a program.

use regionmig_core::{Effect, ErrorKind, Finding, MemoryJournal, ResourceId, Severity};
use serde_json::{Value, json};

use crate::common::script::{Do, Look, Script, act, id};
use crate::common::{hasty, route};

#[tokio::test(start_paused = true)]
async fn it_says_of_every_step_where_it_stands_and_what_to_do() {
    let script = Script::new([
        act("a"),
        act("b"),
        act("c"),
        act("d"),
        act("e").effect(Effect::Irreversible),
        act("f").effect(Effect::Overwriting).after("e"),
        act("g").needs(&["nobody"]),
        act("h").mints(),
        act("i"),
        act("j"),
    ]);
    script
        .world()
        .findings
        .push(Finding::new(Severity::Blocker, "script.cannot", "it cannot be").about(ResourceId::new("fake.act", "j")));
    script.looks("b", [Look::Present]);
    script.looks("c", [Look::Task("fake.enable")]);
    script.looks("i", [Look::Wait(60)]);
    script.does("d", [Do::Refuse(ErrorKind::AccessDenied)]);
    let plan = script.plan().await;
    // With no word on whether a journal was lost, and no patience to find out.
    let options = regionmig_core::ApplyOptions::default().patience(std::time::Duration::ZERO);
    let journal = MemoryJournal::default();
    let outcome = script.migration().apply(&plan, &journal, &options.concurrency(1)).await.unwrap();
    let expected = "\
done: 2 of 10 steps, 1 made, 1 found
waiting: 2
  script/do/fake.act:c
    somebody: [fake.enable] do it; where = there, then run this again
  script/do/fake.act:i
    it runs: run this again later
failed: 1
  script/do/fake.act:d
    script: apply failed: the fake said access denied: allow the action, then run this again: what is done stays done
held: 5
  script/do/fake.act:e
    is irreversible, and wants leave: if it is wanted, name it with `ApplyOptions::dangerously_allow` and run this again
  script/do/fake.act:f
    waits for `script/do/fake.act:e`: see to the step that it waits for
  script/do/fake.act:g
    needs the counterpart of `fake.act:nobody`, which nothing makes: migrate what it needs too, or map it with `Migration::map` and plan again
  script/do/fake.act:h
    wants a run of at least 90 s: run this again with that much `ApplyOptions::patience`, or with `fresh` if no journal was lost
  script/do/fake.act:j
    blocked by a finding [script.cannot]: see the finding's remedy, then plan again
";
    assert_eq!(outcome.to_string(), expected);
}

#[tokio::test(start_paused = true)]
async fn what_was_cut_off_is_named_and_long_lists_are_cut_short() {
    use crate::common::journals::{Crash, CrashingJournal};
    let script = Script::new((0..25).map(|i| act(&format!("a{i:02}")).effect(Effect::Overwriting)).chain([act("b")]));
    let plan = script.plan().await;
    let journal = MemoryJournal::default();
    drop(script.migration().apply(&plan, &CrashingJournal::new(&journal, Crash::Before(1)), &hasty()).await);
    let outcome = script.migration().apply(&plan, &journal, &hasty().only([id("a00")])).await.unwrap();
    let text = outcome.to_string();
    let doubt = "failed: 1\n  script/do/fake.act:b\n    may have been carried out: run this again\n";
    assert!(text.contains(doubt), "{text}");
    assert!(text.contains("held: 26\n  script/do/fake.act:a00\n"), "{text}");
    assert!(text.ends_with("  script/do/fake.act:a19\n    left out by the caller: run this again without leaving it out\n  and 6 more\n"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_program_reads_the_same_as_json() {
    let script = Script::new([
        act("a").makes_itself(),
        act("b"),
        act("c"),
        act("d"),
        act("e").effect(Effect::Overwriting),
        act("f"),
        act("g"),
    ]);
    script.does("b", [Do::Refuse(ErrorKind::AccessDenied)]);
    script.does("c", [Do::Refuse(ErrorKind::Unexpected)]);
    script.looks("d", [Look::Wait(60)]);
    let plan = script.plan().await;
    let journal = MemoryJournal::default();
    let migration = script.migration();
    drop(migration.apply(&plan, &journal, &hasty()).await.unwrap());
    script.undoes("g", [crate::common::script::Undo::Refuse(ErrorKind::AccessDenied)]);
    let outcome = migration.revert(&plan, &journal, &hasty().only([id("f"), id("g")])).await.unwrap();
    let told: Value = serde_json::from_str(&outcome.to_json()).unwrap();
    assert_eq!(told["plan"], json!(plan.digest()));
    assert_eq!(told["route"], json!(route()));
    assert_eq!(told["route"]["source"], "111122223333/me-central-1");
    assert_eq!((&told["complete"], &told["stopped"]), (&json!(false), &Value::Null));
    assert_eq!(told["ids"], json!({ "fake.act:a": "new-a" }));
    let steps = told["steps"].as_array().unwrap();
    let state = |step: &Value| step["state"].as_str().unwrap().to_owned();
    let states: Vec<String> = steps.iter().map(state).collect();
    assert_eq!(states, ["done", "failed", "in_doubt", "waiting", "pending", "reverted", "reverting"]);
    assert_eq!(steps[0]["receipt"], json!({ "ids": { "fake.act:a": "new-a" } }));
    assert_eq!(
        (&steps[1]["error"]["kind"], &steps[1]["error"]["action"]),
        (&json!("access_denied"), &json!("fake:Do"))
    );
    assert_eq!(steps[2]["error"]["kind"], "unexpected");
    assert_eq!(steps[3]["wait"]["check_after"], "PT1M");
    assert_eq!(steps.iter().map(|step| step["attempts"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 1, 1, 0, 0, 1, 1]);
    assert_eq!(steps[0]["step"], "script/do/fake.act:a");
    assert_eq!(steps[0]["held"], "left out by the caller");
    assert!(steps[4].get("held").is_none());
}

#[tokio::test(start_paused = true)]
async fn standings_can_be_worked_out_without_a_run() {
    use regionmig_core::{Standings, Status};
    let script = Script::new([act("a").makes_itself(), act("b")]);
    let plan = script.plan().await;
    let journal = MemoryJournal::default();
    let outcome = script.migration().apply(&plan, &journal, &hasty().only([id("a")])).await.unwrap();
    let read = Standings::read(&plan, &journal).await.unwrap();
    assert!(read.iter().eq(outcome.standings().iter()));
    assert_eq!(read.ids(), outcome.ids());
    assert_eq!(read.standing(&id("b")).unwrap().status, Status::Pending);
    assert!(read.standing(&crate::common::step("script/do/fake.act:z")).is_none());
    assert!(Standings::new(&plan).iter().all(|(_, standing)| *standing == regionmig_core::Standing::default()));
}

#[tokio::test(start_paused = true)]
async fn what_a_step_found_worth_knowing_is_told() {
    let script = Script::new([act("a"), act("b"), act("c")]);
    script.looks("a", [Look::Remarkable("it stands twice\u{7}")]);
    script.does("c", [Do::Refuse(ErrorKind::AccessDenied)]);
    let plan = script.plan().await;
    let outcome = script.migration().apply(&plan, &MemoryJournal::default(), &hasty()).await.unwrap();
    let found: Vec<_> = outcome.findings().map(|(id, finding)| (id.clone(), finding.code.as_str())).collect();
    assert_eq!(found, [(id("a"), "fake.remark")]);
    let text = outcome.to_string();
    let told = "to know: 1\n  script/do/fake.act:a\n    action [fake.remark]: it stands twice\\u{7}\n";
    assert!(text.ends_with(told), "{text}");
    let standing = |name| outcome.standings().standing(&id(name)).unwrap();
    assert_eq!(standing("a").receipt().unwrap().findings.len(), 1);
    assert_eq!(standing("b").receipt().unwrap().findings.len(), 0);
    assert!(standing("c").receipt().is_none(), "it is not done");
}
