//! Aliases.

use std::collections::BTreeSet;

use regionmig_core::{AliasName, Gap, KeyArn, Lookup, Survey};

use super::target::may_be_copy;
use super::{Base, Before, Planner, new_name};
use crate::finding;
use crate::options::AliasConflict;
use crate::snapshot::Key;
use crate::step::{CreateAlias, Step, UpdateAlias};

impl<'a> Planner<'a> {
    /// Lets the names of a key name its counterpart in the target.
    pub(super) fn aliases(&mut self, arn: &'a KeyArn, key: &Key, base: Base<'_>, before: &mut Before) {
        let names = self.aliases.get(arn).cloned().unwrap_or_default();
        let new = |name| new_name(self.survey, self.options, name, base.found());
        let names: Vec<(&AliasName, Result<Option<AliasName>, &Gap>)> =
            names.into_iter().map(|name| (name, new(name))).collect();
        if let Base::Found(target, _) = base {
            let is_its = |there: &AliasName| {
                names.iter().any(|(name, new)| new.as_ref().ok().and_then(Option::as_ref).unwrap_or(name) == there)
            };
            let there = self.target.names_of(target).iter().copied();
            let extra: Vec<&str> = there.filter(|name| !is_its(name)).map(AliasName::as_str).collect();
            if !extra.is_empty() {
                self.draft.find(finding::extra(arn.into(), target, &extra));
            }
        }
        for (name, new) in names {
            match new {
                Ok(None) => {}
                Ok(Some(new)) => {
                    self.renamed_alias(arn, name, new, base, before);
                    continue;
                }
                Err(gap) => {
                    self.draft.unclear(name, gap);
                    continue;
                }
            }
            match (self.survey.target.value.aliases.lookup(name), base) {
                (Lookup::Unknown(gap), _) => self.draft.unclear(name, gap),
                (Lookup::Present(there), Base::Found(target, _)) if there.key == *target => {
                    self.draft.found(name, name);
                }
                (Lookup::Present(there), _) if self.repoints(key, &there.key) => {
                    before.aliases.insert(name.clone());
                    let (key, name, replaces) = (arn.clone(), name.clone(), there.key.clone());
                    self.draft.push(Step::UpdateAlias(UpdateAlias { key, name, replaces }));
                }
                (Lookup::Present(there), _) => self.draft.find(finding::alias_taken(name, &there.key, arn)),
                (Lookup::Absent, _) => {
                    before.aliases.insert(name.clone());
                    self.draft.push(Step::CreateAlias(CreateAlias {
                        key: arn.clone(),
                        name: name.clone(),
                        renamed: None,
                    }));
                }
            }
        }
    }

    /// Returns whether an alias may be taken from a key of the target for the counterpart of `key`: that was allowed, and
    /// KMS lets an alias go from one to the other.
    fn repoints(&self, key: &Key, there: &KeyArn) -> bool {
        let lets = |other: &Key| other.is_customers() && key.is_of_one_family(other);
        self.options.alias_conflict == AliasConflict::Repoint
            && matches!(self.survey.target.value.keys.lookup(there), Lookup::Present(other) if lets(other))
    }

    /// Returns the one key of the target to which aliases of this name point there, if it may be taken for the
    /// counterpart: a customer's, of the same kind, not waiting for material, and not, or not also, another key's. A name
    /// that gets another one instead says nothing of whose key it is.
    pub(super) fn namesake(&self, arn: &KeyArn, key: &Key) -> Result<Option<(&'a KeyArn, &'a Key)>, &'a Gap> {
        let Survey { source, target, ids, .. } = self.survey;
        let mut there: BTreeSet<&KeyArn> = BTreeSet::new();
        let is_kept = |name: &AliasName| {
            let new = ids.target_of(name).or_else(|| self.options.new_name(name));
            new.is_none_or(|new| new == *name)
        };
        for name in self.aliases.get(arn).into_iter().flatten().filter(|name| is_kept(name)) {
            match target.aliases.lookup(name) {
                Lookup::Present(alias) => drop(there.insert(&alias.key)),
                Lookup::Unknown(gap) => return Err(gap),
                Lookup::Absent => {}
            }
        }
        let Some(&only) = there.first().filter(|_| there.len() == 1) else { return Ok(None) };
        let claimants: BTreeSet<&KeyArn> = self
            .target
            .names_of(only)
            .iter()
            .filter_map(|name| match source.aliases.lookup(name) {
                Lookup::Present(alias) => Some(&alias.key),
                Lookup::Absent | Lookup::Unknown(_) => None,
            })
            .collect();
        let is_related = source.keys.known().any(|(source, _)| source.id() == only.id());
        let is_mapped = ids.iter().any(|(_, mapped)| mapped == only.as_str());
        let is_free = claimants.len() == 1 && !is_related && !is_mapped && !self.target.is_marked(only);
        let may_be = |other: &Key| is_free && may_be_copy(key, other) && !other.lacks_material();
        Ok(target.keys.known().find(|(found, other)| *found == only && may_be(other)))
    }
}
