//! Which region has the primary of a multi-Region key.

use regionmig_core::KeyArn;

use super::{Base, Planner};
use crate::finding;
use crate::snapshot::{Key, MultiRegionRole};
use crate::step::{Step, UpdatePrimaryRegion};

impl Planner<'_> {
    /// Has the replica in the target become the primary, if that was asked for.
    pub(super) fn promotion(&mut self, arn: &KeyArn, key: &Key, base: Base<'_>) {
        if !self.options.promotes(arn) {
            return;
        }
        let related = key.multi_region.as_ref().filter(|_| match base {
            Base::Found(target, _) => target.id() == arn.id(),
            Base::Made => true,
        });
        let Some(related) = related else { return self.draft.find(finding::not_promotable(arn)) };
        let is_primary =
            |other: &Key| other.multi_region.as_ref().is_some_and(|own| own.role == MultiRegionRole::Primary);
        if matches!(base, Base::Found(_, other) if is_primary(other)) {
            return;
        }
        self.draft.find(finding::promoted(arn, &related.primary));
        let (key, primary) = (arn.clone(), related.primary.clone());
        self.draft.push(Step::UpdatePrimaryRegion(UpdatePrimaryRegion { key, primary }));
    }
}
