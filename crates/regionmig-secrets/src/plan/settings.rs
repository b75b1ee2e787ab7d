//! What a secret has besides its value: tags, description, policy, rotation.

use std::collections::BTreeMap;

use regionmig_core::rewrite::{PolicyKind, Rewritten, canonical, digest};
use regionmig_core::{Arn, Digest, IdMap, Lookup, Purpose, SecretArn, is_reserved_tag, tags_digest};

use super::{Own, Planner};
use crate::finding;
use crate::options::Options;
use crate::rewriting::Rewriting;
use crate::snapshot::{Rotation, Secret};
use crate::step::{AddTags, ChangeTags, Part, PutPolicy, Replaces, SetDescription, SetRotation, Step};

/// What findings call it.
const POLICY: &str = "its policy";

impl Planner<'_> {
    /// Has a secret that was found say what that of the source says.
    pub(super) fn settings(&mut self, own: &Own<'_>, target: &SecretArn, other: &Secret, rewriting: &Rewriting) {
        self.description(own, other);
        self.tags(own, target, other);
        self.policy(own, target, rewriting);
        self.rotation(own, Some(other));
    }

    fn description(&mut self, own: &Own<'_>, other: &Secret) {
        if own.secret.description != other.description {
            self.draft.push(Step::SetDescription(SetDescription {
                description: own.secret.description.clone(),
                replaces: Digest::of(&other.description),
                secret: own.arn.clone(),
            }));
        }
    }

    fn tags(&mut self, own: &Own<'_>, target: &SecretArn, other: &Secret) {
        let carried = carried_tags(own.secret);
        let extra = other.tags.keys().filter(|name| !is_reserved_tag(name) && !carried.contains_key(*name));
        let extra: Vec<&str> = extra.map(String::as_str).collect();
        if !extra.is_empty() {
            let what = format!("the tags {}", finding::sorted(extra));
            self.draft.find(finding::extra(Part::Tags.of(&own.arn), target, &what));
        }
        let differing = carried.into_iter().filter(|(name, value)| other.tags.get(name) != Some(value));
        let (changed, missing): (BTreeMap<_, _>, BTreeMap<_, _>) =
            differing.partition(|(name, _)| other.tags.contains_key(name));
        let secret = || own.arn.clone();
        if !changed.is_empty() {
            let replaces = tags_digest(changed.keys(), &other.tags);
            self.draft.push(Step::ChangeTags(ChangeTags { replaces, secret: secret(), tags: changed }));
        }
        if !missing.is_empty() {
            self.draft.push(Step::AddTags(AddTags { secret: secret(), tags: missing }));
        }
    }

    /// Has the policy of a secret that was found say what that of the source becomes.
    // REQ: SM-21
    fn policy(&mut self, own: &Own<'_>, target: &SecretArn, rewriting: &Rewriting) {
        let Some(text) = self.own_policy(own) else { return };
        let other = match self.survey.target.value.policies.lookup(target) {
            Lookup::Present(other) => other,
            Lookup::Unknown(gap) => return self.draft.unclear(Part::Policy.of(&own.arn), gap),
            Lookup::Absent => {
                return self.draft.undecided(Part::Policy.of(&own.arn), "its policy was not read", "survey again");
            }
        };
        let (text, other) = match (text, other) {
            (None, None) => return,
            (None, Some(_)) => {
                return self.draft.find(finding::extra(Part::Policy.of(&own.arn), target, "a policy"));
            }
            (Some(text), other) => (text, other.as_deref()),
        };
        let Some(mut rewritten) = self.rewritten(own, &text, rewriting) else { return };
        let is_same = other.is_some_and(|other| rewriting.is_same(&text, &rewritten.document, other));
        if is_same {
            // Nothing is replaced that was not before.
            rewritten.replacements.clear();
        }
        self.tell(own, &rewritten);
        if !is_same {
            let replaces = match other {
                None => Replaces::Nothing,
                // It came along word by word, and nobody has touched it since.
                Some(other) if canonical(other) == canonical(&text) && self.survey.purpose == Purpose::Migrate => {
                    Replaces::Carried(digest(other))
                }
                Some(other) => Replaces::Found(digest(other)),
            };
            let (policy, secret) = (rewritten.document, own.arn.clone());
            self.draft.push(Step::PutPolicy(PutPolicy { policy, replaces, secret }));
        }
    }

    /// Gives a secret that the plan makes or promotes its own policy. A replica has its primary's word by word.
    pub(super) fn carried_policy(&mut self, own: &Own<'_>, comes_along: bool, rewriting: &Rewriting) {
        let Some(Some(text)) = self.own_policy(own) else { return };
        let Some(rewritten) = self.rewritten(own, &text, rewriting) else { return };
        self.tell(own, &rewritten);
        if comes_along && rewritten.document.known() == Some(text.as_str()) {
            return;
        }
        let replaces = if comes_along { Replaces::Carried(digest(&text)) } else { Replaces::Nothing };
        let (policy, secret) = (rewritten.document, own.arn.clone());
        self.draft.push(Step::PutPolicy(PutPolicy { policy, replaces, secret }));
    }

    /// Says so if the policy of a replica that stays linked names the source's region: it cannot have another.
    pub(super) fn linked_policy(&mut self, own: &Own<'_>, rewriting: &Rewriting) {
        let Lookup::Present(Some(text)) = own.policy else { return };
        let Ok(rewritten) = rewriting.policy(text) else { return };
        let named = rewritten.replacements.len() + rewritten.unresolved.len();
        if named > 0 {
            self.draft.find(finding::policy_of_primary(&own.arn, named));
        }
    }

    /// Returns the source's policy, or that it has none; nothing, if it could not be read, which it says.
    fn own_policy(&mut self, own: &Own<'_>) -> Option<Option<String>> {
        match own.policy {
            Lookup::Present(policy) => Some(policy.clone()),
            Lookup::Unknown(gap) => {
                self.draft.unclear(Part::Policy.of(&own.arn), gap);
                None
            }
            Lookup::Absent => {
                self.draft.undecided(Part::Policy.of(&own.arn), "its policy was not read", "survey again");
                None
            }
        }
    }

    fn rewritten(&mut self, own: &Own<'_>, text: &str, rewriting: &Rewriting) -> Option<Rewritten> {
        let rewritten = match rewriting.policy(text) {
            Ok(rewritten) => rewritten,
            Err(error) => {
                self.draft.find(finding::policy_not_understood(&own.arn, &error));
                return None;
            }
        };
        match rewritten.excess(PolicyKind::Secret) {
            Some(excess) => {
                self.draft.find(finding::policy_too_long(&own.arn, &excess));
                None
            }
            None => Some(rewritten),
        }
    }

    fn tell(&mut self, own: &Own<'_>, rewritten: &Rewritten) {
        let told = rewritten.findings(&Part::Policy.of(&own.arn), POLICY);
        told.into_iter().for_each(|finding| self.draft.find(finding));
    }

    /// Has a secret rotated in the target as in the source, by a function that is there. `other` is what was found; none, if the
    /// plan makes it or has it stand alone.
    // REQ: SM-13 SM-20
    pub(super) fn rotation(&mut self, own: &Own<'_>, other: Option<&Secret>) {
        if own.witness.is_some() {
            return self.draft.find(finding::rotation_not_known(&own.arn));
        }
        let Some(rotation) = own.secret.rotation.as_ref().filter(|rotation| rotation.enabled) else { return };
        let there = other.and_then(|other| other.rotation.as_ref()).filter(|there| there.enabled);
        let Some(wanted) = mapped_rotation(rotation, &self.survey.ids, self.options) else {
            // One that is rotated there by whatever somebody set up needs no function named.
            if there.is_none() || self.survey.purpose == Purpose::Migrate {
                let function = rotation.function.as_deref().unwrap_or("the source");
                self.draft.find(finding::rotation_not_mapped(&own.arn, function));
            }
            return;
        };
        if there.is_some_and(|there| there.is_like(&wanted)) {
            return;
        }
        let (replaces, secret) = (there.cloned(), own.arn.clone());
        let carried = other.is_none().then(|| rotation.clone());
        self.draft.push(Step::SetRotation(SetRotation { carried, replaces, rotation: wanted, secret }));
    }
}

/// Returns how the target rotates what the source rotates so; nothing, if nobody said which function of the target does it.
pub(crate) fn mapped_rotation(rotation: &Rotation, ids: &IdMap, options: &Options) -> Option<Rotation> {
    // Of a schedule, the days are worked out by Secrets Manager itself, and it takes only one of the two.
    let days = rotation.days.filter(|_| rotation.schedule.is_none());
    let mut mapped = Rotation { days, ..rotation.clone() };
    if let Some(function) = &rotation.function {
        let named = options.function(function).or_else(|| options.function_back(function)).map(str::to_owned);
        let by_map = || ids.target_of(&function.parse::<Arn>().ok()?).map(|arn| arn.as_str().to_owned());
        mapped.function = Some(named.or_else(by_map)?);
    }
    Some(mapped)
}

/// Returns the tags that a secret of the source hands on.
pub(crate) fn carried_tags(secret: &Secret) -> BTreeMap<String, String> {
    let tags = secret.tags.iter().filter(|(name, _)| !is_reserved_tag(name));
    tags.map(|(name, value)| (name.clone(), value.clone())).collect()
}
