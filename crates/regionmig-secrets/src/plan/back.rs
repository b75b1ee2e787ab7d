//! The way back: from a secret that was promoted to its original.
// REQ: SM-15 SM-16 SM-17 SM-18 SM-19 SM-20 E-17

use std::collections::BTreeSet;

use regionmig_core::{Lookup, Region, SecretArn, Severity, Step as _};

use super::versions::written;
use super::{Fate, Own, Planner};
use crate::finding;
use crate::options::{Keep, Relinks};
use crate::snapshot::{CURRENT, ReplicaStatus, Secret};
use crate::step::{ForgetReplica, Part, Relink, Step, settings_digest};

/// Whose value counts.
enum Newer {
    /// The original's.
    Original,
    /// That of the promoted secret, which is written back.
    Promoted,
    /// They are one.
    Same,
}

/// Where what is decided on a secret begins among the findings and steps.
pub(super) struct Since {
    findings: usize,
    steps: usize,
}

impl<'a> Planner<'a> {
    /// Decides whether the value is written back.
    pub(super) fn back(&mut self, own: &Own<'a>) -> Option<Fate<'a>> {
        let route = &self.survey.route;
        let Some(original) = self.survey.ids.target_of(&own.arn) else {
            self.draft.find(finding::not_moved_before(&own.arn));
            return None;
        };
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
            Newer::Original => {
                self.draft.find(finding::original_newer(&own.arn, &original));
                // It counts with all that it has; the promoted secret only goes.
                let since = self.since();
                self.relink(own, other, since);
                None
            }
            Newer::Promoted | Newer::Same => {
                let steps = written(&own.arn, &own.secret.versions, &other.versions, true);
                Some(Fate::Original(original, other, steps))
            }
        }
    }

    /// Marks where what is decided on a secret begins.
    pub(super) fn since(&self) -> Since {
        Since { findings: self.draft.findings.len(), steps: self.draft.steps.len() }
    }

    /// Returns whose value counts; nothing, if a person has to say so.
    fn newer(&mut self, own: &Own<'a>, original: &SecretArn, other: &Secret) -> Option<Newer> {
        let (here, there) = (own.secret.version_at(CURRENT), other.version_at(CURRENT));
        if here == there {
            return Some(Newer::Same);
        }
        let base = self.promoted.get(own.arn.as_str()).cloned();
        // Without a record of where they parted, both may have been changed.
        let is_base = |now: Option<&str>| base.is_some() && now == base.as_deref();
        match (is_base(here), is_base(there), self.options.keeps(&own.arn, original)) {
            (_, true, _) => Some(Newer::Promoted),
            (_, false, Some(Keep::Promoted)) => {
                self.draft.find(finding::original_replaced(&own.arn, original, &other.versions));
                Some(Newer::Promoted)
            }
            (_, false, Some(Keep::Original)) => Some(Newer::Original),
            (true, false, None) => self.unless_only_there(own, base.as_deref(), other),
            (false, false, None) => {
                self.draft.find(finding::changed_on_both_sides(&own.arn, original));
                None
            }
        }
    }

    /// The original's value counts, unless the promoted secret has versions that are nowhere else. What it was promoted with came
    /// from the original.
    fn unless_only_there(&mut self, own: &Own<'a>, base: Option<&str>, other: &Secret) -> Option<Newer> {
        let is_only = |version: &&String| base != Some(version.as_str()) && !other.versions.contains_key(*version);
        let only: Vec<&str> = own.secret.versions.keys().filter(is_only).map(String::as_str).collect();
        if only.is_empty() {
            return Some(Newer::Original);
        }
        self.draft.find(finding::only_there(&own.arn, &own.arn, &finding::sorted(only)));
        None
    }

    /// Has the promoted secret replaced by a replica of its original, once that has all.
    pub(super) fn relink(&mut self, own: &Own<'a>, other: &Secret, since: Since) {
        if self.options.relinks == Relinks::No {
            return;
        }
        let Lookup::Present(policy) = own.policy else { return };
        if self.is_kept(own, &since) {
            return;
        }
        if !own.secret.replicas.is_empty() {
            let regions = finding::sorted(own.secret.replicas.keys().map(Region::as_str));
            return self.draft.find(finding::has_replicas(&own.arn, &own.arn, &regions));
        }
        self.forget(own, other);
        let mut after = BTreeSet::new();
        let (mut stages, mut versions) = (BTreeSet::new(), BTreeSet::new());
        let mut current = other.version_at(CURRENT).map(str::to_owned);
        for step in &self.draft.steps[since.steps..] {
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
                other => drop(after.insert(other.spec().verb)),
            }
        }
        let lost = own.secret.versions.clone();
        let is_there = |version: &String| other.versions.contains_key(version) || versions.contains(version);
        let given_up = lost.keys().filter(|version| !is_there(version)).cloned().collect();
        self.draft.find(finding::overwritten(&own.arn, &own.arn, &lost));
        self.draft.push(Step::Relink(Relink {
            after,
            current,
            decrypts: other.key.is_some(),
            given_up,
            key: own.secret.key.clone(),
            replaces: lost,
            secret: own.arn.clone(),
            settings: settings_digest(own.secret, policy.as_deref()),
            stages,
            versions,
        }));
    }

    /// Takes a replica off the original's list that could not be made before.
    fn forget(&mut self, own: &Own<'a>, other: &Secret) {
        let here = &self.survey.route.source.region;
        let failed = other.replicas.get(here).filter(|replica| replica.status == ReplicaStatus::Failed);
        if let (Some(failed), Some(primary)) = (failed, self.survey.ids.target_of(&own.arn)) {
            self.draft.find(finding::replica_failed(&own.arn, here, failed));
            let (region, secret) = (here.clone(), own.arn.clone());
            self.draft.push(Step::ForgetReplica(ForgetReplica { primary, region, secret }));
        }
    }

    /// Whether something of the promoted secret could not be brought back: it must not be lost with it.
    fn is_kept(&self, own: &Own<'a>, since: &Since) -> bool {
        let parts = [Part::Policy.of(&own.arn), Part::Rotation.of(&own.arn), Part::Tags.of(&own.arn)];
        self.draft.findings[since.findings..].iter().any(|finding| {
            let is_open = finding.severity == Severity::Blocker || finding.code == finding::code::POLICY_NOT_UNDERSTOOD;
            is_open && finding.subject.as_ref().is_some_and(|part| parts.contains(part))
        })
    }
}
