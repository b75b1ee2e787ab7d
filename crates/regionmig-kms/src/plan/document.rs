//! What differs between a key and the counterpart that was found: policy, description, tags.

use std::collections::BTreeMap;

use regionmig_core::rewrite::PolicyKind;
use regionmig_core::rewrite::digest;
use regionmig_core::{Digest, KeyArn, Lookup, is_reserved_tag, tags_digest};

use super::Planner;
use super::policy::POLICY;
use crate::finding;
use crate::policy::dead;
use crate::rewriting::Rewriting;
use crate::snapshot::Key;
use crate::step::{AddTags, ChangeTags, Part, PutPolicy, Replaces, SetDescription, Step};

/// KMS developer guide, "Resource quotas".
const MOST_TAGS: usize = 50;

impl Planner<'_> {
    /// Has the counterpart's policy say what that of the source becomes in the target.
    // REQ: KMS-24
    pub(super) fn policy(&mut self, arn: &KeyArn, target: &KeyArn, rewriting: &Rewriting) {
        let survey = self.survey;
        let (own, other) = (survey.source.policies.lookup(arn), survey.target.policies.lookup(target));
        let (own, other) = match (own, other) {
            (Lookup::Present(own), Lookup::Present(other)) => (own, other),
            (Lookup::Unknown(gap), _) | (_, Lookup::Unknown(gap)) => {
                return self.draft.unclear(Part::Policy.of(arn), gap);
            }
            _ => return self.draft.undecided(Part::Policy.of(arn), "its policy was not read", "survey again"),
        };
        let part = || Part::Policy.of(arn);
        let dead = dead(own);
        if !dead.is_empty() {
            return self.draft.find(finding::dead_principal(part(), &dead));
        }
        let mut rewritten = self.rewritten_policy(arn, own, rewriting);
        if let Some(excess) = rewritten.excess(PolicyKind::Key) {
            return self.draft.find(finding::policy_too_long(part(), &excess));
        }
        let is_same = rewriting.is_same_policy(own, &rewritten.document, other);
        if let Some(key) = rewriting.unclear_key(&rewritten.unresolved, &survey.source).filter(|_| !is_same) {
            let why = format!("it names {key}, and whether that has a counterpart is not known");
            return self.draft.undecided(part(), why, "survey again");
        }
        if is_same {
            // Nothing is replaced that was not before.
            rewritten.replacements.clear();
        }
        finding::rewritten(&arn.into(), POLICY, &rewritten).into_iter().for_each(|finding| self.draft.find(finding));
        if !is_same {
            let (key, policy, replaces) = (arn.clone(), rewritten.document, Replaces::Digest(digest(other)));
            self.draft.push(Step::PutPolicy(PutPolicy { key, policy, replaces }));
        }
    }

    pub(super) fn description(&mut self, arn: &KeyArn, key: &Key, other: &Key) {
        if key.description != other.description {
            self.draft.push(Step::SetDescription(SetDescription {
                description: key.description.clone(),
                key: arn.clone(),
                replaces: Digest::of(&other.description),
            }));
        }
    }

    pub(super) fn tags(&mut self, arn: &KeyArn, target: &KeyArn) {
        let survey = self.survey;
        let part = || Part::Tags.of(arn);
        let (own, other) = (survey.source.tags.lookup(arn), survey.target.tags.lookup(target));
        if let (Lookup::Unknown(gap), _) | (_, Lookup::Unknown(gap)) = (&own, &other) {
            return self.draft.unclear(part(), gap);
        }
        let none = BTreeMap::new();
        let other = if let Lookup::Present(other) = other { other } else { &none };
        let own = self.carried_tags(arn);
        let extra: Vec<&str> = other.keys().map(String::as_str).filter(|name| is_extra(name, &own)).collect();
        if !extra.is_empty() {
            self.draft.find(finding::extra(part(), target, &extra));
        }
        let differs = |(name, value): &(&String, &String)| other.get(*name) != Some(*value);
        let differing = own.iter().filter(differs).map(|(name, value)| (name.clone(), value.clone()));
        let (changed, missing): (BTreeMap<_, _>, BTreeMap<_, _>) =
            differing.partition(|(name, _)| other.contains_key(name));
        if other.len() + missing.len() > MOST_TAGS {
            self.draft.find(finding::too_long(part(), "tags", other.len() + missing.len(), MOST_TAGS));
            return;
        }
        let key = arn.clone();
        if !changed.is_empty() {
            let replaces = tags_digest(changed.keys(), other);
            self.draft.push(Step::ChangeTags(ChangeTags { key: key.clone(), replaces, tags: changed }));
        }
        if !missing.is_empty() {
            self.draft.push(Step::AddTags(AddTags { key, tags: missing }));
        }
    }
}

fn is_extra(name: &str, own: &BTreeMap<String, String>) -> bool {
    !is_reserved_tag(name) && !own.contains_key(name)
}
