//! Copies by value, where nothing can be replicated.
// REQ: SM-1 SM-15

use std::collections::{BTreeMap, BTreeSet};

use regionmig_core::{Lookup, Purpose, SOURCE_MARK, STEP_MARK, is_reserved_tag, source_mark};

use super::versions::{order, written};
use super::{Fate, Named, Own, Planner, carried_tags};
use crate::finding;
use crate::snapshot::{CURRENT, Secret, Versions};
use crate::step::{Create, Step};

/// Secrets Manager user guide, "Quotas".
const MOST_TAGS: usize = 50;

impl<'a> Planner<'a> {
    /// Decides between making a copy, completing one and leaving what is there.
    pub(super) fn by_value(&mut self, own: &Own<'a>) -> Option<Fate<'a>> {
        if let Some(mapped) = self.survey.ids.target_of(&own.arn) {
            return match self.survey.target.secrets.lookup(&mapped) {
                Lookup::Present(other) => self.copied(own, &mapped, other),
                Lookup::Absent => {
                    self.draft.find(finding::mapped_secret_missing(&own.arn, &mapped));
                    None
                }
                Lookup::Unknown(gap) => {
                    self.draft.unclear(&own.arn, gap);
                    None
                }
            };
        }
        if self.survey.purpose == Purpose::FailBack {
            // Only what was moved goes back.
            self.draft.find(finding::not_moved_before(&own.arn));
            return None;
        }
        match self.names.named(own.arn.name()) {
            Named::Unknown(gap) => {
                self.draft.unclear(&own.arn, gap);
                None
            }
            Named::Free => self.create(own),
            Named::Of(found, other) if other.tags.get(SOURCE_MARK) == Some(&source_mark(own.arn.as_str())) => {
                self.copied(own, found, other)
            }
            Named::Of(found, other) => {
                self.draft.find(match other.deleted {
                    Some(_) => finding::counterpart_doomed(&own.arn, found),
                    None => finding::name_taken(&own.arn, found),
                });
                None
            }
        }
    }

    fn create(&mut self, own: &Own<'a>) -> Option<Fate<'a>> {
        if !self.is_copied(own) {
            return None;
        }
        let key = self.key(own)?;
        let tags = carried_tags(own.secret).len();
        if tags + [SOURCE_MARK, STEP_MARK].len() > MOST_TAGS {
            self.draft.find(finding::too_many_tags(&own.arn, tags));
            return None;
        }
        let dropped: Vec<&str> =
            own.secret.tags.keys().map(String::as_str).filter(|name| is_reserved_tag(name)).collect();
        if !dropped.is_empty() {
            self.draft.find(finding::dropped_tags(&own.arn, &dropped));
        }
        let first = order(&own.secret.versions).next().map(str::to_owned);
        if first.is_none() {
            self.draft.find(finding::without_value(&own.arn));
        }
        self.stays += 1;
        self.draft.push(Step::Create(Create {
            description: own.secret.description.clone(),
            key,
            kind: own.secret.kind.clone(),
            secret: own.arn.clone(),
            tags: carried_tags(own.secret),
            version: first.clone(),
        }));
        // What is made has one version, which is current.
        let made: Versions =
            first.into_iter().map(|id| (id, BTreeSet::from([CURRENT.to_owned()]))).collect::<BTreeMap<_, _>>();
        let steps = written(&own.arn, &own.secret.versions, &made, false);
        steps.into_iter().for_each(|step| self.draft.push(step));
        Some(Fate::Copied)
    }

    /// A copy is there, which may be half made.
    fn copied(&mut self, own: &Own<'a>, found: &regionmig_core::SecretArn, other: &'a Secret) -> Option<Fate<'a>> {
        if other.deleted.is_some() {
            self.draft.find(finding::counterpart_doomed(&own.arn, found));
            return None;
        }
        // Who made it and lets others read it, that was not this migration.
        let policy = self.survey.target.value.policies.lookup(found);
        if let (Lookup::Present(None), Lookup::Present(Some(_))) = (&own.policy, policy) {
            self.draft.find(finding::foreign_policy(&own.arn, found));
            return None;
        }
        self.draft.found(&own.arn, found);
        let is_open = other.version_at(CURRENT).is_none_or(|current| own.secret.versions.contains_key(current));
        let steps = written(&own.arn, &own.secret.versions, &other.versions, true);
        match is_open {
            // Its current value is one that the source had: it can be brought forward.
            true if !steps.is_empty() && self.is_copied(own) => {
                steps.into_iter().for_each(|step| self.draft.push(step));
            }
            true => {}
            false => self.draft.find(finding::counterpart_behind(&own.arn, found)),
        }
        Some(Fate::Alone(found.clone(), other))
    }

    /// Whether values may be read and written now; it says why not.
    fn is_copied(&mut self, own: &Own<'a>) -> bool {
        if !self.options.copies_values {
            self.draft.find(finding::not_replicable(&own.arn));
            return false;
        }
        if own.secret.is_rotating() {
            self.draft.find(finding::rotating_copy(&own.arn));
            return false;
        }
        true
    }
}
