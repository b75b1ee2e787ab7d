//! The way back: from a secret that was promoted to its original.
// REQ: SM-15 SM-16 SM-17 SM-18 SM-19 SM-20 E-17

use std::collections::BTreeSet;

use regionmig_core::{Finding, Lookup, SecretArn, Severity};

use super::versions::written;
use super::{Fate, Own, Planner};
use crate::finding;
use crate::options::{Keep, Relinks};
use crate::snapshot::{CURRENT, Secret};
use crate::step::{Part, PromotedVersion, Relink, Step};

/// Whose value counts.
enum Newer {
    /// The original's.
    Original,
    /// That of the promoted secret, which is written back.
    Promoted,
    /// They are one.
    Same,
}

impl<'a> Planner<'a> {
    /// Decides whether the value is written back.
    pub(super) fn back(&mut self, own: &Own<'a>) -> Option<Fate<'a>> {
        let route = &self.survey.route;
        let original = self.survey.ids.target_of(&own.arn);
        let original = original.or_else(|| own.arn.in_region(&route.target.region).ok())?;
        if own.secret.is_replica(&route.source.region) {
            self.draft.found(&own.arn, &original);
            self.draft.find(finding::still_linked(&own.arn, &original));
            return None;
        }
        let other = match self.survey.target.value.secrets.lookup(&original) {
            Lookup::Present(other) => other,
            Lookup::Absent => {
                self.draft.find(finding::original_gone(&own.arn));
                return None;
            }
            Lookup::Unknown(gap) => {
                self.draft.unclear(&own.arn, gap);
                return None;
            }
        };
        if other.deleted.is_some() {
            self.draft.find(finding::counterpart_doomed(&own.arn, &original));
            return None;
        }
        if other.is_replica(&route.target.region) {
            self.draft.find(finding::original_is_replica(&own.arn, &original));
            return None;
        }
        if own.secret.is_rotating() || other.is_rotating() {
            self.draft.find(finding::rotating_copy(&own.arn));
            return None;
        }
        let newer = self.newer(own, &original, other)?;
        self.draft.found(&own.arn, &original);
        match newer {
            Newer::Same => {}
            Newer::Original => self.draft.find(finding::original_newer(&own.arn, &original)),
            Newer::Promoted => {
                let steps = written(&own.arn, &own.secret.versions, &other.versions, true);
                steps.into_iter().for_each(|step| self.draft.push(step));
            }
        }
        Some(Fate::Original(original, other))
    }

    /// Returns whose value counts; nothing, if a person has to say so.
    fn newer(&mut self, own: &Own<'a>, original: &SecretArn, other: &Secret) -> Option<Newer> {
        let (here, there) = (own.secret.version_at(CURRENT), other.version_at(CURRENT));
        if here == there {
            return Some(Newer::Same);
        }
        let base =
            self.survey.ids.pairs::<PromotedVersion>().find(|(promoted, _)| promoted.secret() == own.arn.as_str());
        let base = base.map(|(promoted, _)| promoted.version().to_owned());
        let changed = |now: Option<&str>, elsewhere: &Secret| match (&base, now) {
            (Some(base), now) => now != Some(base.as_str()),
            // Without a record, one whose value the other side still has is the older one.
            (None, Some(now)) => !elsewhere.versions.contains_key(now),
            (None, None) => false,
        };
        let (changed_here, changed_there) = (changed(here, other), changed(there, own.secret));
        match (changed_here, changed_there, self.options.keeps(&own.arn, original)) {
            (true, false, _) => Some(Newer::Promoted),
            (true, true, Some(Keep::Promoted)) => {
                self.draft.find(finding::original_replaced(&own.arn, original, &other.versions));
                Some(Newer::Promoted)
            }
            (false, _, _) | (true, true, Some(Keep::Original)) => Some(Newer::Original),
            (true, true, _) => {
                self.draft.find(finding::changed_on_both_sides(&own.arn, original));
                None
            }
        }
    }

    /// Has the promoted secret replaced by a replica of its original, once that has all.
    pub(super) fn relink(&mut self, own: &Own<'a>, other: &Secret) {
        if self.options.relinks == Relinks::No {
            return;
        }
        // What of the promoted secret could not be brought back must not be lost with it.
        let parts = [Part::Policy.of(&own.arn), Part::Tags.of(&own.arn)];
        let is_kept = |finding: &Finding| {
            finding.severity == Severity::Blocker && finding.subject.as_ref().is_some_and(|part| parts.contains(part))
        };
        if self.draft.findings.iter().any(is_kept) {
            return;
        }
        let mut after = BTreeSet::new();
        let (mut stages, mut versions) = (BTreeSet::new(), BTreeSet::new());
        let mut current = other.version_at(CURRENT).map(str::to_owned);
        for step in self.draft.steps.iter().filter(|step| *step.secret() == own.arn) {
            match step {
                Step::PutVersion(step) => {
                    versions.insert(step.version.clone());
                    if step.stages.contains(CURRENT) {
                        current = Some(step.version.clone());
                    }
                }
                Step::MoveStage(step) => {
                    stages.insert(step.stage.clone());
                    if step.stage == CURRENT {
                        current = Some(step.to.clone());
                    }
                }
                Step::AddTags(_) => drop(after.insert("add-tags".to_owned())),
                Step::ChangeTags(_) => drop(after.insert("change-tags".to_owned())),
                Step::PutPolicy(_) => drop(after.insert("put-policy".to_owned())),
                Step::SetDescription(_) => drop(after.insert("set-description".to_owned())),
                Step::SetRotation(_) => drop(after.insert("set-rotation".to_owned())),
                _ => {}
            }
        }
        let lost = own.secret.versions.clone();
        self.draft.find(finding::overwritten(&own.arn, &own.arn, &lost));
        self.draft.push(Step::Relink(Relink {
            after,
            current,
            decrypts: other.key.is_some(),
            key: own.secret.key.clone(),
            replaces: lost,
            secret: own.arn.clone(),
            stages,
            versions,
        }));
    }
}
