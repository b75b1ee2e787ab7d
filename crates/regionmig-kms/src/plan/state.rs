//! Rotation, and whether a key is enabled.

use regionmig_core::{KeyArn, Lookup};

use super::{Base, Before, Planner};
use crate::finding;
use crate::snapshot::{Key, KeyState, MultiRegionRole, Rotation};
use crate::step::{DisableKey, DisableRotation, EnableKey, EnableRotation, Part, Step};

impl Planner<'_> {
    /// Has the counterpart rotated as the key is. Related multi-Region keys share that, and only the primary may say it.
    pub(super) fn rotation(&mut self, arn: &KeyArn, key: &Key, base: Base<'_>, before: &mut Before) {
        let is_shared = |key: &Key| key.multi_region.is_some();
        let shares = match base {
            Base::Found(target, other) => is_shared(key) && is_shared(other) && target.id() == arn.id(),
            Base::Made => is_shared(key),
        };
        if shares {
            return;
        }
        if !key.rotates() {
            return;
        }
        let survey = self.survey;
        let (own, there) = match base {
            Base::Found(target, _) => (survey.source.rotations.lookup(arn), survey.target.rotations.lookup(target)),
            Base::Made => (survey.source.rotations.lookup(arn), Lookup::Absent),
        };
        if let (Lookup::Unknown(gap), _) | (_, Lookup::Unknown(gap)) = (&own, &there) {
            before.is_open = true;
            return self.draft.unclear(Part::Rotation.of(arn), gap);
        }
        let read = |found| if let Lookup::Present(rotation) = found { *rotation } else { Rotation::default() };
        let (own, there) = (read(own), read(there));
        if own == there {
            return;
        }
        let replaces = match base {
            Base::Found(_, Key { multi_region: Some(related), .. }) if related.role != MultiRegionRole::Primary => {
                return self.draft.find(finding::rotation_elsewhere(arn, &related.primary, own, there));
            }
            Base::Found(target, _) if key.state == KeyState::Disabled && before.state == KeyState::Disabled => {
                return self.draft.find(finding::disabled_counterpart(Part::Rotation.of(arn), target));
            }
            Base::Found(..) => Some(there),
            Base::Made => None,
        };
        let key = arn.clone();
        self.draft.push(match own.days {
            Some(days) => Step::EnableRotation(EnableRotation { days, key, replaces }),
            None => Step::DisableRotation(DisableRotation { key, replaces: there }),
        });
    }

    /// Has the counterpart enabled or disabled as the key is: disabled last, since a disabled key takes neither grants
    /// nor rotation.
    pub(super) fn state(&mut self, arn: &KeyArn, key: &Key, base: Base<'_>, before: Before) {
        match (&key.state, &before.state) {
            (KeyState::Disabled, KeyState::Enabled) if before.is_open => {
                let why = "it is to be disabled last, and not everything that comes before could be decided";
                self.draft.undecided(Part::State.of(arn), why, "survey again");
            }
            (KeyState::Disabled, KeyState::Enabled) => self.draft.push(Step::DisableKey(DisableKey {
                aliases: before.aliases,
                // One that the plan itself brings to life is not taken from anybody.
                found: matches!(base, Base::Found(_, other) if other.state == KeyState::Enabled),
                grants: before.grants,
                key: arn.clone(),
                materials: before.materials,
            })),
            (KeyState::Enabled, KeyState::Disabled) => {
                self.draft.push(Step::EnableKey(EnableKey { key: arn.clone() }));
            }
            _ => {}
        }
    }
}
