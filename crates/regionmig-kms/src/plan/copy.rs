//! Keys that the plan makes: what the one request carries.
// REQ: KMS-1

use std::collections::BTreeMap;

use regionmig_core::{KeyArn, Lookup, SOURCE_MARK, STEP_MARK, Template, is_reserved_tag};

use super::{Base, Counterpart, Planner};
use crate::finding;
use crate::policy::dead;
use crate::snapshot::Key;
use crate::step::{CreateKey, ReplicateKey, Step};

/// KMS developer guide, "Resource quotas".
const MOST_TAGS: usize = 50;
/// API reference, CreateKey.
const LONGEST_DESCRIPTION: usize = 8192;

/// What the request that makes a key carries besides its kind.
struct Carry {
    description: String,
    /// That of the source, which is rewritten once it is known what becomes of all keys.
    policy: Template,
    tags: BTreeMap<String, String>,
}

impl<'a> Planner<'a> {
    pub(super) fn create(&mut self, arn: &'a KeyArn, key: &'a Key) -> Option<Counterpart<'a>> {
        let home = self.home(arn, key)?;
        let Carry { description, policy, tags } = self.carry(arn, key)?;
        let supply = self.supply(arn, key, None)?;
        self.draft.push(Step::CreateKey(CreateKey {
            awaits_material: supply.is_awaited(),
            custom_key_store: home.store,
            description,
            key: arn.clone(),
            multi_region: self.options.makes_multi_region(arn, key),
            origin: key.origin.clone(),
            policy,
            policy_follows: false,
            spec: key.spec.clone(),
            tags,
            usage: key.usage.clone(),
            xks_key: home.xks_key,
        }));
        Some(self.supplied(arn, Base::Made, supply))
    }

    pub(super) fn replicate(
        &mut self,
        arn: &'a KeyArn,
        key: &'a Key,
        primary: &KeyArn,
        replica: KeyArn,
    ) -> Option<Counterpart<'a>> {
        // Policy, tags and description are not shared between related keys: the replica gets those of the source.
        let Carry { description, policy, tags } = self.carry(arn, key)?;
        let supply = self.supply(arn, key, None)?;
        self.draft.push(Step::ReplicateKey(ReplicateKey {
            awaits_material: supply.is_awaited(),
            description,
            key: arn.clone(),
            policy,
            primary: primary.clone(),
            replica,
            tags,
        }));
        Some(self.supplied(arn, Base::Made, supply))
    }

    fn carry(&mut self, arn: &'a KeyArn, key: &'a Key) -> Option<Carry> {
        let source = &self.survey.source.value;
        let policy = match source.policies.lookup(arn) {
            Lookup::Present(policy) => policy,
            Lookup::Unknown(gap) => {
                self.draft.unclear(arn, gap);
                return None;
            }
            Lookup::Absent => {
                self.draft.undecided(arn, "its policy was not read", "survey again");
                return None;
            }
        };
        if let Lookup::Unknown(gap) = source.tags.lookup(arn) {
            self.draft.unclear(arn, gap);
            return None;
        }
        let tags = self.carried_tags(arn);
        let length = key.description.chars().count();
        let limits = [
            ("tags", tags.len(), MOST_TAGS - [SOURCE_MARK, STEP_MARK].len()),
            ("characters of the description", length, LONGEST_DESCRIPTION),
        ];
        if let Some((what, has, most)) = limits.into_iter().find(|(_, has, most)| has > most) {
            self.draft.find(finding::too_long(arn.into(), what, has, most));
            return None;
        }
        let dead = dead(policy);
        if !dead.is_empty() {
            self.draft.find(finding::dead_principal(arn.into(), &dead));
            return None;
        }
        Some(Carry { description: key.description.clone(), policy: Template::from(policy.as_str()), tags })
    }

    /// Returns the tags that a key of the source hands on, and says which it does not.
    pub(super) fn carried_tags(&mut self, arn: &KeyArn) -> BTreeMap<String, String> {
        let Lookup::Present(tags) = self.survey.source.value.tags.lookup(arn) else {
            return owned(self.options.added_tags());
        };
        let dropped: Vec<&str> = tags.keys().map(String::as_str).filter(|name| is_reserved_tag(name)).collect();
        if !dropped.is_empty() {
            self.draft.find(finding::dropped_tags(arn, &dropped));
        }
        owned(tags.iter().filter(|(name, _)| !is_reserved_tag(name)).chain(self.options.added_tags()))
    }
}

fn owned<'t>(tags: impl Iterator<Item = (&'t String, &'t String)>) -> BTreeMap<String, String> {
    tags.map(|(name, value)| (name.clone(), value.clone())).collect()
}
