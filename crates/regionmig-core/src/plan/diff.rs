//! How two plans differ.
// REQ: E-5

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use crate::error::escaped;
use crate::finding::{Finding, Severity};
use crate::ids::{IdMap, ResourceId};
use crate::plan::{Hold, MigrationPlan};
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
    /// Steps of both plans that only the later one holds, and why.
    pub held: Vec<(StepId, Hold)>,
    /// Steps of both plans that only the earlier one holds.
    pub freed: Vec<StepId>,
    /// What the later plan has mapped otherwise than the earlier one, or not at all: the source, what it was mapped to,
    /// and what it is mapped to.
    pub mapped: Vec<(ResourceId, Option<String>, Option<String>)>,
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
            held: only_held(later, earlier).map(|(id, hold)| (id.clone(), hold.clone())).collect(),
            freed: only_held(earlier, later).map(|(id, _)| id.clone()).collect(),
            mapped: mapped_otherwise(earlier.ids(), later.ids()),
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

fn only_held<'a>(of: &'a MigrationPlan, not: &'a MigrationPlan) -> impl Iterator<Item = (&'a StepId, &'a Hold)> {
    of.held().iter().filter(|(id, _)| not.index_of(id).is_some() && !not.held().contains_key(*id))
}

fn mapped_otherwise(earlier: &IdMap, later: &IdMap) -> Vec<(ResourceId, Option<String>, Option<String>)> {
    let of = |ids: &IdMap| ids.iter().map(|(source, target)| (source.clone(), target.to_owned())).collect();
    let (before, after): (BTreeMap<_, _>, BTreeMap<_, _>) = (of(earlier), of(later));
    let sources: BTreeSet<&ResourceId> = before.keys().chain(after.keys()).collect();
    let differing = sources.into_iter().filter(|source| before.get(*source) != after.get(*source));
    differing.map(|source| (source.clone(), before.get(source).cloned(), after.get(source).cloned())).collect()
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
        lines.extend(self.held.iter().map(|(step, hold)| format!("held: {step}: {hold}")));
        lines.extend(self.freed.iter().map(|step| format!("held no more: {step}")));
        let target = |target: &Option<String>| target.clone().unwrap_or_else(|| "nothing".to_owned());
        for (id, before, after) in &self.mapped {
            lines.push(format!("mapped: {id}: {} -> {}", target(before), target(after)));
        }
        f.write_str(&lines.iter().map(|line| escaped(line)).collect::<Vec<_>>().join("\n"))
    }
}
