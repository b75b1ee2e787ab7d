//! How two plans differ.
// REQ: E-5

use std::collections::HashMap;
use std::fmt;

use crate::finding::{Finding, Severity};
use crate::ids::ResourceId;
use crate::plan::MigrationPlan;
use crate::step::StepId;

/// How two plans differ: yesterday's and today's.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct PlanDiff {
    /// Only the later plan has them.
    pub added: Vec<StepId>,
    /// Both have them, and they are not the same.
    pub changed: Vec<StepId>,
    /// Only the earlier plan has them.
    pub removed: Vec<StepId>,
    /// Findings, by code and subject, that only the later plan has.
    pub found: Vec<Finding>,
    /// Findings, by code and subject, that only the earlier plan has.
    pub settled: Vec<Finding>,
}

impl PlanDiff {
    pub(super) fn new(earlier: &MigrationPlan, later: &MigrationPlan) -> Self {
        let only = |of: &MigrationPlan, not: &MigrationPlan| {
            of.names().filter(|id| not.index_of(id).is_none()).cloned().collect()
        };
        let differs = |(index, id): &(usize, &StepId)| {
            earlier.index_of(id).is_some_and(|before| earlier.json(before) != later.json(*index))
        };
        let changed = later.names().enumerate().filter(differs).map(|(_, id)| id.clone()).collect();
        Self {
            added: only(later, earlier),
            changed,
            removed: only(earlier, later),
            found: only_found(later, earlier),
            settled: only_found(earlier, later),
        }
    }

    /// Returns whether there is no difference.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Returns the findings of one severity that only the later plan has.
    pub fn new_findings(&self, severity: Severity) -> impl Iterator<Item = &Finding> {
        self.found.iter().filter(move |finding| finding.severity == severity)
    }
}

/// Counts, since findings without a subject can share a code.
fn only_found(of: &MigrationPlan, not: &MigrationPlan) -> Vec<Finding> {
    type Key<'a> = (&'a str, Option<&'a ResourceId>, Severity, Option<&'a str>);
    fn key(finding: &Finding) -> Key<'_> {
        // What has no subject is told apart by its text.
        let text = finding.subject.is_none().then_some(finding.message.as_str());
        (&finding.code, finding.subject.as_ref(), finding.severity, text)
    }
    let mut there: HashMap<Key<'_>, usize> = HashMap::new();
    not.findings().iter().for_each(|finding| *there.entry(key(finding)).or_default() += 1);
    let new = of.findings().iter().filter(|finding| match there.get_mut(&key(finding)) {
        Some(count) if *count > 0 => {
            *count -= 1;
            false
        }
        _ => true,
    });
    new.cloned().collect()
}

impl fmt::Display for PlanDiff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("no difference");
        }
        let mut lines = Vec::new();
        for (sign, steps) in [('+', &self.added), ('~', &self.changed), ('-', &self.removed)] {
            lines.extend(steps.iter().map(|step| format!("{sign} {step}")));
        }
        for (sign, findings) in [("found", &self.found), ("settled", &self.settled)] {
            lines.extend(findings.iter().map(|finding| format!("{sign}: {finding}")));
        }
        f.write_str(&lines.join("\n"))
    }
}
