//! One service's typed plan, until it is sealed in the plan of the migration.

use std::collections::BTreeSet;

use crate::finding::{Finding, Severity, code};
use crate::ids::{IdMap, Identifier, ResourceId};
use crate::knowledge::Gap;

/// One service's typed plan, until it is sealed in the plan of the migration.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Draft<S> {
    /// The steps, in no particular order.
    pub steps: Vec<S>,
    /// What the steps leave undone.
    pub findings: Vec<Finding>,
    /// What was found to be mapped already: what other services' steps may need.
    pub ids: IdMap,
    /// The identifiers in the target that the survey saw and examined: what a probe need not look
    /// at again when it asks whether something was made since.
    pub known: BTreeSet<ResourceId>,
    /// What was said to be two different things.
    ambiguous: BTreeSet<ResourceId>,
}

impl<S> Default for Draft<S> {
    fn default() -> Self {
        Self {
            steps: Vec::new(),
            findings: Vec::new(),
            ids: IdMap::default(),
            known: BTreeSet::new(),
            ambiguous: BTreeSet::new(),
        }
    }
}

impl<S> Draft<S> {
    /// Adds a step.
    pub fn push(&mut self, step: S) {
        self.steps.push(step);
    }

    /// Adds a finding.
    pub fn find(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// Says that the target has `source`'s counterpart already. If it was said to be two different things, it is
    /// neither, and a Blocker says so.
    pub fn found<I: Identifier>(&mut self, source: &I, target: &I) {
        if !self.ambiguous.is_empty() && self.ambiguous.contains(&ResourceId::of(source)) {
            return;
        }
        if let Err(error) = self.ids.bind(source, target) {
            let id = ResourceId::of(source);
            self.ids.forget(&id);
            self.ambiguous.insert(id);
            let finding = Finding::new(Severity::Blocker, code::AMBIGUOUS, error.to_string()).about(source);
            self.find(finding.remedy("say with `Migration::map` which is meant, or remove one of them"));
        }
    }

    /// Says that nothing can be decided about `subject`, since something could not be read, and
    /// holds back whatever needs it.
    pub fn unclear(&mut self, subject: impl Into<ResourceId>, gap: &Gap) {
        let why = format!("what becomes of it cannot be decided, since this could not be read: {gap}");
        self.undecided(subject, why, "survey again, or answer for it with `Listing::presume_complete`");
    }

    /// Says that nothing can be decided about `subject` yet, for another reason, such as a thing in
    /// the target so young that its mark may not show yet.
    pub fn undecided(&mut self, subject: impl Into<ResourceId>, why: impl Into<String>, remedy: impl Into<String>) {
        self.find(Finding::new(Severity::Blocker, code::UNCLEAR, why).about(subject).remedy(remedy));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::AliasName;

    fn alias(name: &str) -> AliasName {
        format!("alias/{name}").parse().unwrap()
    }

    #[test]
    fn what_cannot_be_decided_blocks_its_subject_with_a_remedy() {
        let mut draft: Draft<()> = Draft::default();
        draft.undecided(&alias("young"), "it is too young", "wait");
        let [finding] = &draft.findings[..] else { panic!("{draft:?}") };
        assert_eq!((finding.severity, finding.code.as_str()), (Severity::Blocker, code::UNCLEAR));
        assert_eq!(finding.subject, Some(ResourceId::of(&alias("young"))));
        assert_eq!(finding.to_string(), "blocker [core.unclear] kms.alias:alias/young: it is too young; wait");
    }

    #[test]
    fn a_second_counterpart_is_a_blocker_and_neither_counts() {
        let mut draft: Draft<()> = Draft::default();
        draft.found(&alias("a"), &alias("b"));
        draft.found(&alias("a"), &alias("b"));
        assert!(draft.findings.is_empty());
        draft.found(&alias("a"), &alias("c"));
        draft.found(&alias("a"), &alias("b"));
        assert!(draft.ids.is_empty() && draft.findings.len() == 1);
        assert_eq!(draft.findings[0].code, code::AMBIGUOUS);
        assert_eq!(draft.findings[0].subject, Some(ResourceId::of(&alias("a"))));
    }
}
