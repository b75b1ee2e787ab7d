//! What the target has, seen as the possible counterparts of the source's keys.

use std::collections::{BTreeMap, BTreeSet};

use regionmig_core::{AliasName, Gap, KeyArn, Lookup, ResourceId, SOURCE_MARK, Survey, Timestamp, source_mark};

use crate::snapshot::{Key, Snapshot, shown_tags};
use crate::step::NEW_KEY_SETTLES;

/// By so much more than a mark takes to show may the clocks be apart, and a run have been under way.
const MARGIN_SECONDS: u64 = 20 * 60;

/// The keys of the target, as the possible counterparts of the source's.
pub(crate) struct Target<'a> {
    snapshot: &'a Snapshot,
    /// The names by which aliases point to each key.
    names: BTreeMap<&'a KeyArn, Vec<&'a AliasName>>,
    /// Those that are marked, by what the mark says; the oldest first.
    marked: BTreeMap<&'a str, Vec<(&'a KeyArn, &'a Key)>>,
    /// Those whose tags only the tagging API tells, without a mark.
    cleared: Vec<&'a KeyArn>,
    /// Customers' keys whose tags could not be read.
    murky: Vec<(&'a KeyArn, &'a Key, &'a Gap)>,
    /// Those that are so young that their mark may not show yet.
    young: Vec<(&'a KeyArn, &'a Key)>,
}

impl<'a> Target<'a> {
    pub(crate) fn new(survey: &'a Survey<Snapshot>) -> Self {
        let snapshot = &survey.target.value;
        let mapped: BTreeSet<&str> = survey.ids.iter().map(|(_, target)| target).collect();
        let names = snapshot.names_by_key();
        let mut target = Self {
            snapshot,
            names,
            marked: BTreeMap::new(),
            cleared: Vec::new(),
            murky: Vec::new(),
            young: Vec::new(),
        };
        for (arn, key) in snapshot.keys.known().filter(|(_, key)| key.is_customers()) {
            let (tags, is_told) = match (snapshot.tags.lookup(arn), shown_tags(&snapshot.tagged, arn)) {
                (Lookup::Present(tags), _) => (Some(tags), false),
                // Somebody answered for it: it is not ours.
                (Lookup::Absent, _) => (None, false),
                (Lookup::Unknown(_), Some(tags)) => (Some(tags), true),
                (Lookup::Unknown(gap), None) => {
                    target.murky.push((arn, key, gap));
                    continue;
                }
            };
            match tags.and_then(|tags| tags.get(SOURCE_MARK)) {
                Some(mark) => target.marked.entry(mark).or_default().push((arn, key)),
                None if is_young(key, survey.target.at) => target.young.push((arn, key)),
                None if is_told => target.cleared.push(arn),
                None => {}
            }
        }
        // What was mapped already is somebody's counterpart, whatever its tags may say.
        target.murky.retain(|(arn, _, _)| !mapped.contains(arn.as_str()));
        target.young.retain(|(arn, _)| !mapped.contains(arn.as_str()));
        target.cleared.retain(|arn| !mapped.contains(arn.as_str()));
        target.marked.values_mut().for_each(|keys| keys.sort_by_key(|(arn, key)| (key.created, *arn)));
        target
    }

    /// Returns the keys that are marked as the counterpart of `key` and not to be deleted, the oldest first.
    pub(crate) fn marked(&self, key: &KeyArn) -> Vec<(&'a KeyArn, &'a Key)> {
        let marked = self.marked.get(source_mark(key.as_str()).as_str()).into_iter().flatten();
        marked.filter(|(_, key)| !key.is_doomed()).copied().collect()
    }

    /// Returns the names by which aliases point to a key of the target.
    pub(crate) fn names_of(&self, key: &KeyArn) -> &[&'a AliasName] {
        self.names.get(key).map_or(&[], Vec::as_slice)
    }

    /// Returns whether a key of the target is marked as some key's counterpart, or may be.
    pub(crate) fn is_marked(&self, key: &KeyArn) -> bool {
        let marked = self.marked.values().flatten().map(|(arn, _)| *arn);
        let murky = self.murky.iter().map(|(arn, _, _)| *arn);
        marked.chain(murky).any(|arn| arn == key)
    }

    /// Returns the keys that are known to be somebody else's by the tagging API alone.
    pub(crate) fn cleared(&self) -> &[&'a KeyArn] {
        &self.cleared
    }

    /// Returns why it cannot be said that `key` has no counterpart, if something was not read.
    pub(crate) fn unread(&self, key: &Key) -> Option<&'a Gap> {
        let murky = || self.murky.iter().find(|(_, other, _)| may_be_copy(key, other));
        self.snapshot.keys.gaps().next().or_else(|| murky().map(|(_, _, gap)| *gap))
    }

    /// Returns an unmarked key that may be a copy of `key` whose mark does not show yet.
    pub(crate) fn young(&self, key: &Key) -> Option<&'a KeyArn> {
        self.young.iter().find(|(_, other)| may_be_copy(key, other)).map(|(arn, _)| *arn)
    }

    /// Returns the keys of the target that were seen and examined, or answered for, so that no probe need look at them
    /// again: all but those whose mark may still appear.
    pub(crate) fn known(&self) -> impl Iterator<Item = ResourceId> {
        let open = self.murky.iter().map(|(arn, _, _)| *arn).chain(self.young.iter().map(|(arn, _)| *arn));
        let open: BTreeSet<&KeyArn> = open.collect();
        let known = self.snapshot.keys.known().map(|(arn, _)| arn);
        // Nobody need look at what a person has answered for.
        let known = known.chain(self.snapshot.keys.presumed_others());
        known.filter(move |arn| !open.contains(arn)).map(ResourceId::from)
    }
}

/// Returns whether `other` may be a copy that was made of `key`: a copy is never a replica, whatever else it is.
pub(crate) fn may_be_copy(key: &Key, other: &Key) -> bool {
    other.is_customers() && key.is_like(other) && !other.is_replica() && !other.is_doomed()
}

/// Returns whether a key's mark may not show yet, at `now`, though it was made with one.
// `idempotency`: the window of CreateKey and 20 minutes more.
pub(crate) fn is_young(key: &Key, now: Timestamp) -> bool {
    let age = now.duration_since(key.created);
    age.as_secs() < i64::try_from(NEW_KEY_SETTLES.as_secs() + MARGIN_SECONDS).unwrap_or(i64::MAX)
}
