//! The policies that keys are made with.
// REQ: KMS-24

use std::collections::{BTreeMap, BTreeSet};

use regionmig_core::rewrite::{Excess, PolicyKind, Rewritten};
use regionmig_core::{KeyArn, Template, code};

use super::{Counterpart, Planner};
use crate::finding;
use crate::rewriting::{Counterparts, Rewriting};
use crate::snapshot::Key;
use crate::step::{PutPolicy, Replaces, Step};

/// What findings call it.
pub(super) const POLICY: &str = "its policy";

/// Keys of the source, and what stands or will stand for each.
pub(super) type Fated<'a> = Vec<(&'a KeyArn, &'a Key, Counterpart<'a>)>;

impl<'a> Planner<'a> {
    /// Rewrites the policies of all keys that the plan makes, once it is known which these are. A key whose policy would be too
    /// long is not made after all, and others do not wait for it.
    pub(super) fn policies(&mut self, fated: &mut Fated<'a>) -> Rewriting {
        loop {
            let keys = self.counterparts(fated);
            let rewriting = Rewriting::new(self.survey, self.options, &keys);
            let carried: Vec<(KeyArn, String)> = self.draft.steps.iter().filter_map(carried).collect();
            let rewritten = carried.into_iter().map(|(arn, text)| {
                let policy = self.rewritten_policy(&arn, &text, &rewriting);
                (arn, policy)
            });
            let rewritten: BTreeMap<KeyArn, Rewritten> = rewritten.collect();
            let excess = |(arn, policy): (&KeyArn, &Rewritten)| Some((arn.clone(), policy.excess(PolicyKind::Key)?));
            let too_long: BTreeMap<KeyArn, Excess> = rewritten.iter().filter_map(excess).collect();
            if too_long.is_empty() {
                self.write(rewritten, &keys);
                return rewriting;
            }
            self.draft.steps.retain(|step| !too_long.contains_key(step.key()));
            fated.retain(|(arn, ..)| !too_long.contains_key(arn));
            too_long.iter().for_each(|(arn, excess)| self.draft.find(finding::policy_too_long(arn.into(), excess)));
        }
    }

    /// Returns what a policy becomes, and says so if it cannot be taken apart.
    pub(super) fn rewritten_policy(&mut self, arn: &KeyArn, text: &str, rewriting: &Rewriting) -> Rewritten {
        rewriting.policy(text).unwrap_or_else(|error| {
            self.draft.find(finding::policy_not_understood(arn, &error));
            let mut as_it_is = Rewritten::default();
            as_it_is.document = Template::from(text);
            as_it_is
        })
    }

    fn counterparts(&self, fated: &Fated<'a>) -> Counterparts {
        let mut keys = Counterparts::default();
        let found = fated.iter().filter_map(|(arn, _, counterpart)| Some((*arn, counterpart.base.found()?)));
        keys.known.extend(found.map(|(arn, target)| (arn.clone(), target.clone())));
        for step in &self.draft.steps {
            match step {
                Step::CreateKey(step) => drop(keys.coming.insert(step.key.clone(), step.awaits_material)),
                // Its id is known beforehand.
                Step::ReplicateKey(step) => drop(keys.known.insert(step.key.clone(), step.replica.clone())),
                _ => {}
            }
        }
        let unclear = self.draft.findings.iter().filter(|finding| finding.code == code::UNCLEAR);
        keys.unclear = unclear.filter_map(|finding| finding.subject.as_ref()?.typed()).collect();
        keys
    }

    /// Writes policies into the steps that make the keys. What would wait for each other in a circle does not: there, a policy is
    /// completed once all keys are there.
    fn write(&mut self, mut rewritten: BTreeMap<KeyArn, Rewritten>, keys: &Counterparts) {
        let late = late(&rewritten);
        let mut completing = Vec::new();
        for step in &mut self.draft.steps {
            let Some((arn, text)) = carried(step) else { continue };
            let Some(policy) = rewritten.get_mut(&arn) else { continue };
            let whole = std::mem::take(&mut policy.document);
            let Some(late) = late.get(&arn) else {
                set(step, whole, false);
                continue;
            };
            let first = Rewriting::new(self.survey, self.options, &keys.without(late));
            let made = first.policy(&text).map_or_else(|_| Template::from(text.as_str()), |policy| policy.document);
            set(step, made.clone(), true);
            completing.push(Step::PutPolicy(PutPolicy { key: arn, policy: whole, replaces: Replaces::Made { made } }));
        }
        completing.into_iter().for_each(|step| self.draft.push(step));
        late.iter().for_each(|(arn, named)| self.draft.find(finding::policy_completed(arn, named)));
        let told = rewritten.iter().flat_map(|(arn, policy)| finding::rewritten(&arn.into(), POLICY, policy));
        told.for_each(|finding| self.draft.find(finding));
    }
}

/// Returns the policy that a step makes a key with, as it is in the source, and that key's source.
fn carried(step: &Step) -> Option<(KeyArn, String)> {
    let (key, policy) = match step {
        Step::CreateKey(step) => (&step.key, &step.policy),
        Step::ReplicateKey(step) => (&step.key, &step.policy),
        _ => return None,
    };
    Some((key.clone(), policy.known()?.to_owned()))
}

fn set(step: &mut Step, policy: Template, follows: bool) {
    match step {
        Step::CreateKey(step) => (step.policy, step.policy_follows) = (policy, follows),
        // It is nowhere waited for, and so in no circle.
        Step::ReplicateKey(step) => step.policy = policy,
        _ => {}
    }
}

/// Returns, of the keys that each policy has holes for, those that cannot be made before its own: itself, and of those that wait
/// for each other in a circle the later ones by their names. So what is left is no circle, and fewer keys make no more of these.
fn late(rewritten: &BTreeMap<KeyArn, Rewritten>) -> BTreeMap<KeyArn, BTreeSet<KeyArn>> {
    let named = |policy: &Rewritten| policy.document.requires().filter_map(|id| id.id().parse().ok()).collect();
    let named: BTreeMap<&KeyArn, BTreeSet<KeyArn>> =
        rewritten.iter().map(|(arn, policy)| (arn, named(policy))).collect();
    let late = named.iter().map(|(arn, names)| {
        let late = names.iter().filter(|name| name >= arn && reaches(&named, name, arn));
        ((*arn).clone(), late.cloned().collect::<BTreeSet<KeyArn>>())
    });
    late.filter(|(_, late)| !late.is_empty()).collect()
}

/// Returns whether one key's policy names another, by way of others or directly. Each names itself.
fn reaches(named: &BTreeMap<&KeyArn, BTreeSet<KeyArn>>, from: &KeyArn, to: &KeyArn) -> bool {
    let (mut seen, mut next) = (BTreeSet::new(), vec![from]);
    while let Some(at) = next.pop() {
        if at == to {
            return true;
        }
        if let Some(names) = named.get(at).filter(|_| seen.insert(at)) {
            next.extend(names);
        }
    }
    false
}
