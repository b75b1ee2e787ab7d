//! How plans and their differences are shown to a person.
// REQ: E-4, E-5

use regionmig_core::{Effect, Finding, MemoryJournal, Migration, MigrationPlan, PlanDiff, Severity};

use crate::common::cloud::{Cloud, key, secret};
use crate::common::keys::Keys;
use crate::common::script::{Act, Script, act, name};
use crate::common::secrets::{Secrets, both, planned};
use crate::common::{Seat, hasty, route, step};

async fn of(acts: impl IntoIterator<Item = Act>, findings: Vec<Finding>) -> MigrationPlan {
    let script = Script::new(acts);
    script.world().findings = findings;
    script.plan().await
}

fn note(code: &str, subject: &str) -> Finding {
    Finding::new(Severity::Note, code, format!("{subject} is so")).about(&name(subject))
}

/// The plan's own digest is not what is looked at.
fn without_digest(text: &str) -> String {
    let (title, rest) = text.split_once(':').unwrap();
    assert!(title.starts_with("plan ") && title.len() == 17, "{title}");
    format!("plan _:{rest}")
}

async fn shown() -> MigrationPlan {
    let mut first = act("a").makes_itself();
    first.summary = "make \u{1b}[31mit".to_owned();
    of(
        [
            first,
            act("b").needs(&["a"]).effect(Effect::Overwriting),
            act("c").effect(Effect::Irreversible).verb("delete"),
            act("d").needs(&["nobody"]),
            act("e").after("d"),
            act("f"),
        ],
        vec![
            note("script.odd", "a"),
            note("script.odd", "b"),
            Finding::new(Severity::Blocker, "script.cannot", "it cannot be").about(&name("f")).remedy("let it be"),
        ],
    )
    .await
}

#[tokio::test(start_paused = true)]
async fn a_plan_is_shown_as_a_table() {
    let expected = "\
plan _: 111122223333/me-central-1 -> 111122223333/eu-central-1, surveyed 2026-03-01T12:00:00Z
6 steps, 3 held, 3 findings

  service  step    steps  adds  overwrites  for good  held
  script   delete      1     -           -         1     -
  script   do          5     4           1         -     3

held
  1 x blocked by a finding [script.cannot]: see the finding's remedy, then plan again
  1 x needs the counterpart of `fake.act:nobody`, which nothing makes: migrate what it needs too, or map it with `Migration::map` and plan again
  1 x waits for a step that is held

findings
  blocker [script.cannot] fake.act:f: it cannot be; let it be
  note [script.odd] 2 times, such as: a is so
";
    assert_eq!(without_digest(&shown().await.to_string()), expected);
}

#[tokio::test(start_paused = true)]
async fn a_plan_is_shown_in_full() {
    let expected = "\
plan _: 111122223333/me-central-1 -> 111122223333/eu-central-1, surveyed 2026-03-01T12:00:00Z
6 steps, 3 held, 3 findings

steps
  script/delete/fake.act:c (irreversible at the target)
  script/do/fake.act:a (additive at the target)
    make \\u{1b}[31mit
  script/do/fake.act:b (overwriting at the target)
  script/do/fake.act:d (additive at the target)
    held: needs the counterpart of `fake.act:nobody`, which nothing makes: migrate what it needs too, or map it with `Migration::map` and plan again
  script/do/fake.act:e (additive at the target)
    held: waits for `script/do/fake.act:d`: see to the step that it waits for
  script/do/fake.act:f (additive at the target)
    held: blocked by a finding [script.cannot]: see the finding's remedy, then plan again

findings
  blocker [script.cannot] fake.act:f: it cannot be; let it be
  note [script.odd] fake.act:a: a is so
  note [script.odd] fake.act:b: b is so
";
    assert_eq!(without_digest(&shown().await.full().to_string()), expected);
}

#[tokio::test(start_paused = true)]
async fn an_empty_plan_says_that_there_is_nothing_to_do() {
    let plan = of([], vec![]).await;
    let title = "plan _: 111122223333/me-central-1 -> 111122223333/eu-central-1, surveyed 2026-03-01T12:00:00Z\n\
                 0 steps, 0 held, 0 findings\n";
    assert_eq!(without_digest(&plan.to_string()), format!("{title}\nnothing to do\n"));
    assert_eq!(without_digest(&plan.full().to_string()), title);
}

#[tokio::test(start_paused = true)]
async fn the_same_plan_does_not_differ() {
    let plan = shown().await;
    let diff = plan.diff(&shown().await);
    assert!(diff.is_empty());
    assert_eq!((diff.to_string(), diff), ("no difference".to_owned(), PlanDiff::default()));
}

#[tokio::test(start_paused = true)]
async fn a_difference_names_steps_and_findings() {
    let action = |text: &str| Finding::new(Severity::Action, "script.do", text);
    let yesterday = of(
        [act("a"), act("b"), act("c")],
        vec![note("script.odd", "a"), note("script.odd", "b"), action("one"), action("two")],
    )
    .await;
    let mut rewritten = note("script.odd", "b");
    rewritten.message = "it is still so".to_owned();
    let today = of(
        [act("b").effect(Effect::Overwriting), act("c"), act("d")],
        vec![rewritten, note("script.odd", "c"), action("two"), action("three")],
    )
    .await;
    let diff = yesterday.diff(&today);
    let id = |name: &str| step(&format!("script/do/fake.act:{name}"));
    assert_eq!((&diff.added, &diff.changed, &diff.removed), (&vec![id("d")], &vec![id("b")], &vec![id("a")]));
    assert_eq!(diff.found, [action("three"), note("script.odd", "c")], "another text for the same is no news");
    assert_eq!(diff.settled, [action("one"), note("script.odd", "a")]);
    assert_eq!(diff.new_findings(Severity::Action).collect::<Vec<_>>(), [&action("three")]);
    assert_eq!(diff.new_findings(Severity::Blocker).count(), 0);
    let expected = "\
+ script/do/fake.act:d
~ script/do/fake.act:b
- script/do/fake.act:a
found: action [script.do]: three
found: note [script.odd] fake.act:c: c is so
settled: action [script.do]: one
settled: note [script.odd] fake.act:a: a is so";
    assert_eq!(diff.to_string(), expected);
    let back = today.diff(&yesterday);
    assert_eq!((back.added, back.removed, back.found), (diff.removed, diff.added, diff.settled));
}

#[tokio::test(start_paused = true)]
async fn findings_that_share_code_and_subject_are_counted() {
    let says = |text: &str| {
        let mut finding = note("script.odd", "a");
        text.clone_into(&mut finding.message);
        finding
    };
    let one = of([], vec![says("x")]).await;
    let three = of([], ["x", "y", "z"].map(says).into()).await;
    assert_eq!(one.diff(&three).found.len(), 2);
    assert_eq!(three.diff(&one).settled.len(), 2);
    let mut graver = note("script.odd", "a");
    graver.severity = Severity::Action;
    assert_eq!(one.diff(&of([], vec![graver]).await).found.len(), 1, "a graver one is another");
}

#[tokio::test(start_paused = true)]
async fn yesterdays_plan_tells_what_has_changed_since() {
    let cloud = Cloud::new(2, 2);
    let migration = both(&cloud, &Seat::new());
    let yesterday = planned(&migration).await;
    cloud.source(|source| {
        source.secrets.remove(&secret("secret0"));
        source.unreadable.insert(key("key1"));
    });
    let diff = yesterday.diff(&planned(&migration).await);
    let names = |steps: &[regionmig_core::StepId]| steps.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(names(&diff.removed), ["keys/create/fake.key:key1", "secrets/replicate/fake.secret:secret0"]);
    assert!(diff.added.is_empty() && diff.changed.is_empty() && diff.settled.is_empty());
    assert_eq!(diff.found.iter().map(|f| f.code.as_str()).collect::<Vec<_>>(), ["core.unclear", "core.unread"]);
    assert_eq!(Keys(cloud).0.writes(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_is_held_or_mapped_otherwise_is_a_difference() {
    let cloud = Cloud::new(1, 2);
    let alone = || Migration::new(route(), &Seat::new()).with(Secrets(cloud.clone()));
    let mapped = alone().map(&key("key0"), &key("there")).unwrap();
    let (yesterday, today) = (planned(&mapped).await, planned(&alone()).await);
    let diff = yesterday.diff(&today);
    let secret = |n: u8| step(&format!("secrets/replicate/fake.secret:secret{n}"));
    assert!(!diff.is_empty() && diff.added.is_empty() && diff.found.is_empty());
    let expected = "\
held: secrets/replicate/fake.secret:secret0: needs the counterpart of `fake.key:key0`, which nothing makes
held: secrets/replicate/fake.secret:secret1: needs the counterpart of `fake.key:key0`, which nothing makes
mapped: fake.key:key0: there -> nothing";
    assert_eq!(diff.to_string(), expected);
    let back = today.diff(&yesterday);
    assert_eq!(back.freed, [secret(0), secret(1)]);
    assert!(back.held.is_empty() && back.to_string().contains("held no more: secrets/replicate/fake.secret:secret0\n"));
    assert!(back.to_string().ends_with("mapped: fake.key:key0: nothing -> there"), "{back}");
}

#[tokio::test(start_paused = true)]
async fn a_terminal_is_told_nothing_by_a_name() {
    let bell = "b\u{7}\u{1b}]0;owned\nx";
    let mut finding = note(bell, bell);
    finding.severity = Severity::Blocker;
    let acts = [act(bell).verb(bell).needs(&["gone\u{1b}"]), act("c").needs(&["gone\u{1b}"])];
    let plan = of(acts, vec![finding, note(bell, "c")]).await;
    let script = Script::new([act(bell)]);
    let outcome = script.migration().apply(&script.plan().await, &MemoryJournal::default(), &hasty().only([])).await;
    let nothing = of([], vec![]).await;
    for text in [
        plan.to_string(),
        plan.full().to_string(),
        outcome.unwrap().to_string(),
        plan.diff(&nothing).to_string(),
        nothing.diff(&plan).to_string(),
    ] {
        assert!(text.contains("b\\u{7}\\u{1b}]0;owned\\nx") || text.contains("gone\\u{1b}"), "{text:?}");
        assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{text:?}");
    }
}
