//! Which region has the primary of a multi-Region key.

use regionmig_core::{KeyArn, Lookup};

use super::{Base, Before, Planner};
use crate::finding;
use crate::snapshot::{Key, KeyState, MultiRegionRole};
use crate::step::{Step, UpdatePrimaryRegion};

impl Planner<'_> {
    /// Has the replica in the target become the primary, if that was asked for.
    pub(super) fn promotion(&mut self, arn: &KeyArn, key: &Key, base: Base<'_>, before: &Before) {
        if !self.options.promotes(arn) {
            return;
        }
        let related = key.multi_region.as_ref().filter(|_| match base {
            Base::Found(target, _) => target.id() == arn.id(),
            Base::Made => true,
        });
        let Some(related) = related else {
            return self
                .draft
                .find(finding::not_promotable(arn, "it is no multi-Region key with a replica in the target"));
        };
        let is_primary =
            |other: &Key| other.multi_region.as_ref().is_some_and(|own| own.role == MultiRegionRole::Primary);
        if matches!(base, Base::Found(_, other) if is_primary(other)) {
            return;
        }
        let primary = match related.role {
            MultiRegionRole::Primary => Some(key),
            _ => match self.survey.source.value.primaries.lookup(&related.primary) {
                Lookup::Present(primary) => Some(primary),
                Lookup::Absent | Lookup::Unknown(_) => None,
            },
        };
        let stays_disabled = before.state == KeyState::Disabled;
        if primary.is_some_and(|primary| primary.state != KeyState::Enabled)
            || stays_disabled && key.state == KeyState::Disabled
            || before.state == KeyState::PendingImport
        {
            let why = "both the primary and the replica must be enabled while the one takes the other's place";
            return self.draft.find(finding::not_promotable(arn, why));
        }
        self.draft.find(finding::promoted(arn, &related.primary));
        let (key, primary) = (arn.clone(), related.primary.clone());
        self.draft.push(Step::UpdatePrimaryRegion(UpdatePrimaryRegion { key, primary }));
    }
}
