//! What becomes of each key: made, found, or left.

use regionmig_core::{KeyArn, Lookup};

use super::{Base, Counterpart, Planner};
use crate::finding;
use crate::material::counterpart_of;
use crate::options::AliasConflict;
use crate::snapshot::{Key, KeyManager, KeyState, MultiRegion, MultiRegionRole, Origin};

const LOOK_AGAIN: &str = "survey again in a few minutes";

impl<'a> Planner<'a> {
    /// Decides what becomes of a key. None, if nothing more is to be done for it, which a finding then says.
    pub(super) fn fate(&mut self, arn: &'a KeyArn, key: &'a Key) -> Option<Counterpart<'a>> {
        if key.manager == KeyManager::Aws {
            self.aws_managed += 1;
            return None;
        }
        if key.is_doomed() {
            self.draft.find(finding::pending_deletion(arn));
            return None;
        }
        let mapped = counterpart_of(arn, &self.survey.ids);
        if let (None, Origin::Other(_)) = (&mapped, &key.origin) {
            self.draft.find(finding::kind_not_known(arn, key));
            return None;
        }
        if let (None, Some(store)) = (&mapped, &key.custom_key_store)
            && self.options.key_store(store).is_none()
        {
            self.draft.find(finding::key_store::not_mapped(arn, store));
            return None;
        }
        if key.state == KeyState::Unavailable {
            let why = "its key store is not connected, so whether it is enabled is not known";
            self.draft.undecided(arn, why, "connect the store (ConnectCustomKeyStore), then survey again");
            return None;
        }
        if !key.is_settled() {
            self.draft.undecided(arn, finding::unsettled(arn, &key.state), LOOK_AGAIN);
            return None;
        }
        match (mapped, &key.multi_region) {
            (Some(target), _) => self.mapped(arn, key, &target),
            (None, Some(related)) => self.related(arn, key, related),
            (None, None) => self.single(arn, key),
        }
    }

    /// The caller, or an earlier run, says what its counterpart is.
    fn mapped(&mut self, arn: &'a KeyArn, key: &'a Key, target: &KeyArn) -> Option<Counterpart<'a>> {
        if target.end().as_ref() != Some(&self.survey.route.target) {
            self.draft.find(finding::mapped_outside(arn, target));
            return None;
        }
        let keys = &self.survey.target.value.keys;
        if let Lookup::Unknown(gap) = keys.lookup(target) {
            self.draft.unclear(arn, gap);
            return None;
        }
        match keys.known_as(target) {
            Some((_, other)) if !other.is_customers() => {
                self.draft.find(finding::mapped_outside(arn, target));
                None
            }
            Some((target, other)) => self.found(arn, key, target, other),
            None => {
                self.draft.find(finding::mapped_key_missing(arn, target));
                None
            }
        }
    }

    /// A single-Region key has the counterpart that bears its mark, or gets one.
    fn single(&mut self, arn: &'a KeyArn, key: &'a Key) -> Option<Counterpart<'a>> {
        let marked = self.target.marked(arn);
        let (equal, other): (Vec<_>, Vec<_>) =
            marked.into_iter().partition(|(_, other)| key.is_like(other) && !other.is_replica());
        if let Some(&(target, found)) = equal.first() {
            let duplicates: Vec<&KeyArn> = equal[1..].iter().map(|(arn, _)| *arn).collect();
            if !duplicates.is_empty() {
                self.draft.find(finding::duplicate_key(arn, target, &duplicates));
            }
            return self.found(arn, key, target, found);
        }
        if let Some(&(target, other)) = other.first() {
            self.draft.find(finding::counterpart_differs(arn, key, target, other));
            return None;
        }
        if let Some(gap) = self.target.unread(key) {
            self.draft.unclear(arn, gap);
            return None;
        }
        if let Some(young) = self.target.young(key) {
            let why = format!("{young} is so young that it may be its copy, though it bears no mark yet");
            let remedy = "survey again when that key is half an hour old, or say with `Migration::map` what it is";
            self.draft.undecided(arn, why, remedy);
            return None;
        }
        if self.options.alias_conflict == AliasConflict::Adopt {
            match self.namesake(arn, key) {
                Err(gap) => {
                    self.draft.unclear(arn, gap);
                    return None;
                }
                Ok(Some((target, other))) => {
                    self.draft.find(finding::adopted(arn, target));
                    return self.found(arn, key, target, other);
                }
                Ok(None) => {}
            }
        }
        self.create(arn, key)
    }

    /// A multi-Region key has its counterpart under its own id, or gets it.
    // REQ: KMS-11
    fn related(&mut self, arn: &'a KeyArn, key: &'a Key, related: &'a MultiRegion) -> Option<Counterpart<'a>> {
        let route = &self.survey.route;
        let Some(replica) = arn.in_region(&route.target.region).ok().filter(|_| {
            // The same key in another account would be another key.
            route.source.account == route.target.account
        }) else {
            self.draft.find(finding::replica_out_of_reach(arn));
            return None;
        };
        let keys = &self.survey.target.value.keys;
        match keys.lookup(&replica) {
            Lookup::Unknown(gap) => {
                self.draft.unclear(arn, gap);
                return None;
            }
            Lookup::Present(_) => {
                let (target, other) = keys.known_as(&replica)?;
                return self.found(arn, key, target, other);
            }
            Lookup::Absent => {}
        }
        let (primary, own) = self.primary(arn, key, related)?;
        let lists = |key: &Key| {
            let related = key.multi_region.as_ref();
            related.is_some_and(|related| related.replicas.contains(&replica) || related.primary == replica)
        };
        if lists(key) || lists(own) {
            let why = format!("it is said to have the replica {replica}, which the target does not list");
            self.draft.undecided(arn, why, LOOK_AGAIN);
            return None;
        }
        match &own.state {
            _ if own.is_doomed() => {
                self.draft.find(finding::primary_doomed(arn, primary));
                None
            }
            KeyState::Enabled => self.replicate(arn, key, primary, replica),
            KeyState::Disabled => {
                self.draft.find(finding::primary_disabled(arn, primary));
                None
            }
            KeyState::PendingImport => {
                self.draft.find(finding::material::primary_lacks(arn, primary));
                None
            }
            state => {
                self.draft.undecided(arn, finding::unsettled(primary, state), LOOK_AGAIN);
                None
            }
        }
    }

    /// Finds the primary, which alone can be replicated: the key itself, or one in a third region.
    fn primary(&mut self, arn: &'a KeyArn, key: &'a Key, related: &'a MultiRegion) -> Option<(&'a KeyArn, &'a Key)> {
        if related.role == MultiRegionRole::Primary {
            return Some((arn, key));
        }
        match self.survey.source.value.primaries.lookup(&related.primary) {
            Lookup::Present(primary) => return Some((&related.primary, primary)),
            Lookup::Unknown(gap) => self.draft.unclear(arn, gap),
            // One in the target would have been found there.
            Lookup::Absent => {
                let why = format!("its primary {} was not looked up", related.primary);
                self.draft.undecided(arn, why, "survey again");
            }
        }
        None
    }

    /// A counterpart was found; it must be one that changes can be made to.
    fn found(&mut self, arn: &'a KeyArn, key: &'a Key, target: &'a KeyArn, other: &'a Key) -> Option<Counterpart<'a>> {
        if other.is_doomed() {
            self.draft.find(finding::counterpart_doomed(arn, target));
            return None;
        }
        // Where the material is to come from, who maps a key to another may decide.
        let is_mapped = counterpart_of(arn, &self.survey.ids).is_some();
        if !(key.is_like(other) || is_mapped && key.serves_as(other)) {
            self.draft.find(finding::counterpart_differs(arn, key, target, other));
            return None;
        }
        if !other.is_settled() {
            self.draft.undecided(arn, finding::unsettled(target, &other.state), LOOK_AGAIN);
            return None;
        }
        if self.options.makes_multi_region(arn, key) && key.multi_region.is_none() && other.multi_region.is_none() {
            self.draft.find(finding::not_multi_region(arn, target));
        }
        let supply = self.supply(arn, key, Some((target, other)))?;
        if !supply.is_awaited() {
            self.draft.found(arn, target);
        }
        Some(self.supplied(arn, Base::Found(target, other), supply))
    }
}
