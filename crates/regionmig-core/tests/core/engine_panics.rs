//! A service with a bug: it hurts its own step and nothing else.

use regionmig_core::{Entry, ErrorKind, MemoryJournal, Receipt, Record, ReplayError, Standings, Status};

use crate::common::journals::entries;
use crate::common::script::{Act, Do, Look, Script, act, id, name};
use crate::common::{forge, hasty};

/// Carries out a plan of `a`, which goes wrong, and `b`, and returns what the outcome says of `a`.
async fn status_of_a(script: &Script) -> Status {
    let plan = script.plan().await;
    let journal = MemoryJournal::default();
    let outcome = script.migration().apply(&plan, &journal, &hasty()).await.unwrap();
    assert!(outcome.standings().standing(&id("b")).unwrap().is_done(), "others go on");
    assert!(!format!("{:?}{outcome}", journal.records()).contains("secret"), "what a panic says is not kept");
    assert!(Standings::read(&plan, &journal).await.is_ok(), "the journal can be read again");
    outcome.standings().standing(&id("a")).unwrap().status.clone()
}

fn two() -> [Act; 2] {
    [act("a").makes_itself(), act("b")]
}

#[tokio::test(start_paused = true)]
async fn a_request_that_panics_leaves_its_step_in_doubt() {
    let script = Script::new(two());
    script.does("a", [Do::Panic]);
    let status = status_of_a(&script).await;
    let Status::InDoubt(Some(error)) = status else { panic!("{status:?}") };
    assert_eq!((error.kind, error.to_string()), (ErrorKind::Unexpected, "the service panicked".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_panics_is_a_failure() {
    let script = Script::new(two());
    script.looks("a", [Look::Panic]);
    assert!(matches!(status_of_a(&script).await, Status::Failed(_)), "nothing was sent");
    assert_eq!(script.applied(), ["b"]);
}

#[tokio::test(start_paused = true)]
async fn a_receipt_must_bind_exactly_what_the_step_produces() {
    let script = Script::new(two());
    script.does("a", [Do::DoneOther]);
    let status = status_of_a(&script).await;
    assert!(matches!(&status, Status::InDoubt(Some(error)) if error.to_string().contains("exactly")), "{status:?}");
    let script = Script::new(two());
    script.looks("a", [Look::PresentOther]);
    let status = status_of_a(&script).await;
    assert!(matches!(&status, Status::Failed(error) if error.kind == ErrorKind::Unexpected), "{status:?}");
    // In doubt, it stays so.
    let script = Script::new(two());
    script.does("a", [Do::LoseAnswer]);
    script.looks("a", [Look::Absent, Look::PresentOther]);
    let plan = script.plan().await;
    let outcome = script.migration().apply(&plan, &MemoryJournal::default(), &crate::common::patient()).await.unwrap();
    assert!(matches!(outcome.standings().standing(&id("a")).unwrap().status, Status::InDoubt(_)));
    // And nothing, where it produces nothing.
    let script = Script::new([act("a"), act("b")]);
    script.looks("a", [Look::PresentOther]);
    assert!(matches!(status_of_a(&script).await, Status::Failed(_)));
}

#[tokio::test(start_paused = true)]
async fn a_receipt_that_contradicts_the_map_is_a_conflict() {
    let script = Script::new(two());
    let plan = script.plan().await;
    // A plan says beforehand of nothing that a step makes what it has become; another version's may.
    let said = r#","ids":{"fake.act:a":"something-else"},"steps":["#;
    let plan = forge(&plan, |body| body.replacen(r#","steps":["#, said, 1)).unwrap();
    for (looks, doubt) in [(vec![], true), (vec![Look::Present], false)] {
        script.looks("a", looks);
        let journal = MemoryJournal::default();
        let outcome = script.migration().apply(&plan, &journal, &hasty()).await.unwrap();
        let status = &outcome.standings().standing(&id("a")).unwrap().status;
        let (Status::Failed(error) | Status::InDoubt(Some(error))) = status else { panic!("{status:?}") };
        assert_eq!(error.kind, ErrorKind::Conflict);
        assert!(error.to_string().contains("something-else"), "{error}");
        assert_eq!(matches!(status, Status::InDoubt(_)), doubt);
        assert!(!entries(&journal).contains(&"done a".to_owned()));
        assert_eq!(outcome.ids().iter().collect::<Vec<_>>().len(), 1);
        let other = Receipt::new().bind(&name("a"), &name("new-a")).unwrap();
        let record = Record::new(crate::common::epoch(), id("a"), Entry::Done(other));
        assert!(matches!(outcome.standings().admit(&record), Err(ReplayError::Rebind(_))), "nor would it be stored");
    }
}
