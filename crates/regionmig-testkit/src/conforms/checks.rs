//! What holds when nothing goes wrong.

use std::collections::BTreeSet;

use regionmig_aws::Access;
use regionmig_core::{Migrate, Step};
use serde_json::Value;

use crate::conforms::fork::JOURNAL;
use crate::conforms::trial::{Trial, is_all_done, told};

/// Planning is pure and changes nothing; steps store and read back, and list what they need.
pub(super) async fn plans_are_pure<S: Migrate>(trial: &Trial<'_>, make: impl Fn(&Access) -> S) {
    let fork = trial.fork();
    let service = make(&fork.world.access());
    let survey = fork.migration.survey().await.unwrap_or_else(|error| panic!("the survey failed: {error}"));
    let typed = survey.of(&service).unwrap_or_else(|error| panic!("the survey does not read back: {error}"));
    let draft = service.plan(&typed);
    assert!(draft == service.plan(&typed), "the same survey gave two plans");
    for step in &draft.steps {
        reads_back_and_lists_what_it_needs(step);
    }
    let once = fork.migration.plan(&survey);
    let twice = fork.migration.plan(&survey);
    assert!(once.is_ok_and(|once| twice.is_ok_and(|twice| once == twice)), "the same survey gave two plans");
    let mutations = fork.world.ledger().mutations().count();
    assert!(mutations == 0, "survey and plan changed something:\n{}", fork.world.ledger());
}

fn reads_back_and_lists_what_it_needs<T: Step>(step: &T) {
    let spec = step.spec();
    assert!(spec == step.spec(), "`{}` describes itself in two ways", spec.verb);
    let stored = serde_json::to_value(step).unwrap_or_else(|error| panic!("`{}` cannot be stored: {error}", spec.verb));
    let back: T = serde_json::from_value(stored.clone())
        .unwrap_or_else(|error| panic!("`{}` does not read back: {error}", spec.verb));
    assert!(back == *step, "`{}` changes when stored", spec.verb);
    let listed: BTreeSet<&str> = spec.requires.iter().map(|id| id.id()).collect();
    for held in targets_of(&stored) {
        let is_listed = listed.iter().any(|id| held.ends_with(id));
        assert!(is_listed, "`{}` holds a binding to {held}, and does not say that it needs it", spec.verb);
    }
}

/// Collects the text of every `target_of` in a stored step.
fn targets_of(json: &Value) -> BTreeSet<String> {
    match json {
        Value::Object(map) => map
            .iter()
            .flat_map(|(key, value)| match (key.as_str(), value) {
                ("target_of", Value::String(id)) => BTreeSet::from([id.clone()]),
                _ => targets_of(value),
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(targets_of).collect(),
        _ => BTreeSet::new(),
    }
}

/// A run does each thing once; a second one, with the same journal or without any, nothing; then
/// nothing is left to plan but what was held, and the result verifies, unless something was held. Returns the number of
/// mutations.
pub(super) async fn each_thing_is_done_once(trial: &Trial<'_>) -> usize {
    let mut fork = trial.fork();
    let first = fork.live().await;
    let mutations = fork.world.ledger().mutations().count();
    for what in ["the same journal", "a lost journal"] {
        if what == "a lost journal" {
            fork.disk.put(JOURNAL, None);
        }
        let again = fork.live().await;
        let complete = again.as_ref().is_ok_and(|outcome| is_all_done(trial.plan(), outcome));
        assert!(complete, "a second run with {what} does not find all done: {}", told(&again));
        let now = fork.world.ledger().mutations().count();
        assert!(now == mutations, "a second run with {what} changed something:\n{}", fork.world.ledger());
    }
    trial.must_leave_nothing(&fork, "after a run").await;
    let outcome = first.unwrap_or_else(|error| panic!("a run failed: {error}"));
    let verification = fork.migration.verify(outcome.ids()).await;
    let verification = verification.unwrap_or_else(|error| panic!("verifying failed: {error}"));
    let is_whole = trial.plan().held().is_empty();
    assert!(verification.is_clean() == is_whole, "after a run that does all: {is_whole}: {verification}");
    let now = fork.world.ledger().mutations().count();
    assert!(now == mutations, "verifying changed something:\n{}", fork.world.ledger());
    mutations
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use regionmig_core::{Binding, Effect, KeyArn, Spec};
    use serde::{Deserialize, Serialize};

    use super::*;

    static SPECS: AtomicU32 = AtomicU32::new(0);

    /// What is wrong with a step, if anything is.
    #[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
    enum Wrong {
        Nothing,
        /// It describes itself otherwise each time.
        Described,
        /// It holds a binding, and does not say that it needs it.
        Unlisted,
    }

    #[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
    struct Odd {
        wrong: Wrong,
        /// As deep as a binding can lie.
        keys: Vec<Option<Binding<KeyArn>>>,
        /// This is not stored.
        #[serde(skip)]
        lost: bool,
    }

    impl Step for Odd {
        fn spec(&self) -> Spec {
            let verb = match self.wrong {
                Wrong::Described if SPECS.fetch_add(1, Ordering::Relaxed) == 0 => "undo",
                _ => "do",
            };
            let spec = Spec::new(Effect::Additive, verb, &key());
            if self.wrong == Wrong::Unlisted { spec } else { spec.needs(&Binding::target_of(&key())) }
        }
    }

    fn key() -> KeyArn {
        "arn:aws:kms:me-central-1:111122223333:key/1".parse().expect("an ARN")
    }

    /// Says what the check says against a step.
    fn said(wrong: Wrong, lost: bool) -> Option<String> {
        let step = Odd { wrong, keys: vec![None, Some(Binding::target_of(&key()))], lost };
        let checked = std::panic::catch_unwind(|| reads_back_and_lists_what_it_needs(&step));
        checked.err().and_then(|panic| panic.downcast::<String>().ok()).map(|text| *text)
    }

    #[test]
    fn a_step_that_is_not_what_it_says_is_refused() {
        assert_eq!(said(Wrong::Nothing, false), None);
        for (wrong, lost, why) in [
            (Wrong::Described, false, "describes itself in two ways"),
            (Wrong::Unlisted, false, "and does not say that it needs it"),
            (Wrong::Nothing, true, "changes when stored"),
        ] {
            assert!(said(wrong, lost).is_some_and(|text| text.contains(why)), "{why}");
        }
    }
}
