//! Which versions are written, in which order, and which stages are moved then.
// REQ: SM-16

use std::collections::{BTreeMap, BTreeSet};

use regionmig_core::SecretArn;

use crate::snapshot::{CURRENT, PENDING, PREVIOUS, Versions, version_at};
use crate::step::{MoveStage, PutVersion, Step};

/// Returns the steps that bring `there`, the versions of the target's secret, to where `here` are. Those that are there
/// already have the same ids: a version is never written twice.
///
/// A version that becomes current takes `AWSCURRENT` from another, which then gets `AWSPREVIOUS` (API reference,
/// PutSecretValue). So the current one is written last but for those with other stages only, and stages that ended elsewhere than
/// they should are moved afterwards.
pub(super) fn written(secret: &SecretArn, here: &Versions, there: &Versions, found: bool) -> Vec<Step> {
    let mut state = there.clone();
    let mut steps = Vec::new();
    let mut written: Vec<String> = Vec::new();
    for version in order(here) {
        if state.contains_key(version) {
            continue;
        }
        let becomes_current = here[version].contains(CURRENT);
        let stages = first_stages(version, here);
        let replaces = version_at(&state, CURRENT).filter(|_| becomes_current).map(str::to_owned);
        steps.push(Step::PutVersion(PutVersion {
            after: written.last().cloned(),
            replaces,
            found,
            secret: secret.clone(),
            stages: stages.clone(),
            version: version.to_owned(),
        }));
        put(&mut state, version, &stages);
        written.push(version.to_owned());
    }
    let after: BTreeSet<String> = written.iter().cloned().collect();
    // A version that the target has without a stage is not shown. Writing it again changes nothing, its stage neither: that is
    // moved then. Where it was written, the move finds nothing to do.
    let current = version_at(here, CURRENT).filter(|current| found && written.iter().any(|version| version == current));
    if let Some(current) = current {
        steps.push(Step::MoveStage(MoveStage {
            after: after.clone(),
            from: version_at(there, CURRENT).map(str::to_owned),
            found,
            secret: secret.clone(),
            stage: CURRENT.to_owned(),
            to: current.to_owned(),
        }));
    }
    // `AWSCURRENT` first: that moves `AWSPREVIOUS` as well.
    let wanted: BTreeMap<&String, &String> =
        here.iter().flat_map(|(version, stages)| stages.iter().map(move |stage| (stage, version))).collect();
    let mut stages: Vec<(&String, &String)> = wanted.into_iter().filter(|(stage, _)| *stage != PENDING).collect();
    stages.sort_by_key(|(stage, _)| (*stage != CURRENT, (*stage).clone()));
    for (stage, to) in stages {
        let from = version_at(&state, stage).map(str::to_owned);
        if from.as_deref() == Some(to.as_str()) {
            continue;
        }
        put(&mut state, to, &BTreeSet::from([stage.clone()]));
        steps.push(Step::MoveStage(MoveStage {
            after: after.clone(),
            from,
            found,
            secret: secret.clone(),
            stage: stage.clone(),
            to: to.clone(),
        }));
    }
    steps
}

/// The versions in the order in which they are written: the previous one, the current one, all others. What a rotation is making is
/// left out: its value may be nobody's yet.
pub(super) fn order(versions: &Versions) -> impl Iterator<Item = &str> {
    let place = |stages: &BTreeSet<String>| match (stages.contains(CURRENT), stages.contains(PREVIOUS)) {
        (true, _) => 1,
        (false, true) => 0,
        (false, false) => 2,
    };
    let is_unfinished = |stages: &BTreeSet<String>| stages.len() == 1 && stages.contains(PENDING);
    let mut order: Vec<_> = versions.iter().filter(|(_, stages)| !is_unfinished(stages)).collect();
    order.sort_by_key(|(id, stages)| (place(stages), (*id).clone()));
    order.into_iter().map(|(id, _)| id.as_str())
}

/// Returns the stages with which a version is written: those that it has in the source.
fn first_stages(version: &str, here: &Versions) -> BTreeSet<String> {
    here[version].iter().filter(|stage| *stage != PENDING).cloned().collect()
}

/// What Secrets Manager does when a version gets stages.
fn put(state: &mut Versions, version: &str, stages: &BTreeSet<String>) {
    let before = version_at(state, CURRENT).map(str::to_owned);
    for others in state.values_mut() {
        others.retain(|stage| !stages.contains(stage));
    }
    state.entry(version.to_owned()).or_default().extend(stages.iter().cloned());
    if let Some(before) = before.filter(|before| stages.contains(CURRENT) && before != version) {
        for stages in state.values_mut() {
            stages.remove(PREVIOUS);
        }
        state.entry(before).or_default().insert(PREVIOUS.to_owned());
    }
    state.retain(|_, stages| !stages.is_empty());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn versions(all: &[(&str, &[&str])]) -> Versions {
        let stages = |stages: &[&str]| stages.iter().map(|stage| (*stage).to_owned()).collect();
        all.iter().map(|(id, named)| ((*id).to_owned(), stages(named))).collect()
    }

    /// Returns the steps in short, and checks that they end where they should.
    fn check(here: &[(&str, &[&str])], there: &[(&str, &[&str])]) -> Vec<String> {
        let secret = "arn:aws:secretsmanager:me-central-1:111122223333:secret:a-AbCdEf".parse().unwrap();
        let (here, there) = (versions(here), versions(there));
        let mut state = there.clone();
        let mut told = Vec::new();
        for step in written(&secret, &here, &there, true) {
            match step {
                Step::PutVersion(step) => {
                    assert_eq!(
                        step.replaces.as_deref(),
                        version_at(&state, CURRENT).filter(|_| step.stages.contains(CURRENT))
                    );
                    put(&mut state, &step.version, &step.stages);
                    told.push(format!("put {}", step.version));
                }
                Step::MoveStage(step) if version_at(&state, &step.stage) == Some(step.to.as_str()) => {
                    told.push(format!("see {} at {}", step.stage, step.to));
                }
                Step::MoveStage(step) => {
                    assert_eq!(step.from.as_deref(), version_at(&state, &step.stage));
                    put(&mut state, &step.to, &BTreeSet::from([step.stage.clone()]));
                    told.push(format!("move {} to {}", step.stage, step.to));
                }
                other => panic!("{other:?}"),
            }
        }
        for (id, stages) in &here {
            for stage in stages.iter().filter(|stage| *stage != PENDING) {
                assert_eq!(version_at(&state, stage), Some(id.as_str()), "{stage}: {state:?}");
            }
        }
        told
    }

    #[test]
    fn what_is_there_is_not_written_again() {
        let both: &[(&str, &[&str])] = &[("1", &[PREVIOUS]), ("2", &[CURRENT])];
        assert_eq!(check(both, both), [""; 0]);
    }

    #[test]
    fn one_new_value_is_one_write() {
        assert_eq!(
            check(&[("1", &[PREVIOUS]), ("2", &[CURRENT])], &[("1", &[CURRENT])]),
            ["put 2", "see AWSCURRENT at 2"]
        );
    }

    #[test]
    fn after_two_new_values_the_one_before_is_the_previous_one() {
        let there: &[(&str, &[&str])] = &[("0", &[PREVIOUS]), ("1", &[CURRENT])];
        let told = check(&[("2", &[PREVIOUS]), ("3", &[CURRENT])], there);
        assert_eq!(told, ["put 2", "put 3", "see AWSCURRENT at 3", "move AWSPREVIOUS to 2"]);
    }

    #[test]
    fn a_current_value_that_is_there_only_gets_its_stage_back() {
        let told = check(&[("1", &[CURRENT]), ("2", &[PREVIOUS])], &[("1", &[PREVIOUS]), ("2", &[CURRENT])]);
        assert_eq!(told, ["move AWSCURRENT to 1"]);
    }

    #[test]
    fn own_stages_go_with_their_versions() {
        let here: &[(&str, &[&str])] = &[("1", &[CURRENT, "blue"]), ("2", &["green"]), ("3", &[PENDING])];
        assert_eq!(check(here, &[("0", &[CURRENT, "green"])]), ["put 1", "put 2", "see AWSCURRENT at 1"]);
        assert_eq!(check(here, &[("1", &[CURRENT, "green"])]), ["put 2", "move blue to 1"]);
    }
}
