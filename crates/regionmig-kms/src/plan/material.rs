//! Imported material: which of it the counterpart lacks, and what that means.
// REQ: KMS-5

use std::collections::BTreeSet;

use regionmig_core::{KeyArn, Lookup, ResourceId};

use super::{Base, Counterpart, Planner};
use crate::finding;
use crate::material::EmptyKey;
use crate::snapshot::{Key, KeyState, Material, MaterialState, current, differing_expiry};
use crate::step::{ImportMaterial, Part, Step};

/// What becomes of the material of a counterpart.
#[derive(Debug, Default)]
pub(super) struct Supply {
    /// Whether it lacks some, and nothing brings it: a finding says why.
    is_lacking: bool,
    /// What brings what it lacks, the last one last.
    steps: Vec<ImportMaterial>,
}

impl Supply {
    /// Returns whether the counterpart is of use only once these steps are done.
    pub(super) fn is_awaited(&self) -> bool {
        self.steps.last().is_some_and(|last| last.completes.is_some())
    }

    /// Returns the ids of the materials that a key gets which is of use without them.
    fn besides(&self) -> BTreeSet<String> {
        let besides = self.steps.iter().filter(|_| !self.is_awaited());
        besides.filter_map(|step| step.material.clone()).collect()
    }

    /// Returns the state of a counterpart that begins in the state `first`, once it has what it gets. KMS enables a key when it
    /// has its material (API reference, ImportKeyMaterial).
    fn state(&self, first: &KeyState) -> KeyState {
        match (self.is_lacking, self.is_awaited()) {
            (true, _) => KeyState::PendingImport,
            (false, true) => KeyState::Enabled,
            (false, false) => first.clone(),
        }
    }
}

impl<'a> Planner<'a> {
    /// Decides which material is imported into the counterpart, found or not. None, if that is not known and the counterpart is
    /// of no use as it is, which a finding then says.
    ///
    /// What is there of a related key's comes by its id. A key of its own gets the one that the source's encrypts with: the
    /// others decrypt nothing there, since KMS opens what was encrypted under the very key only.
    pub(super) fn supply(
        &mut self,
        arn: &'a KeyArn,
        key: &'a Key,
        found: Option<(&'a KeyArn, &'a Key)>,
    ) -> Option<Supply> {
        if let Some((target, _)) = found.filter(|(_, other)| !key.is_imported() && other.lacks_material()) {
            self.draft.find(finding::material::counterpart_lacks(arn, target));
            return None;
        }
        // One that the caller mapped may have material of KMS's.
        if !key.is_imported() || found.is_some_and(|(_, other)| !other.is_imported()) {
            return Some(Supply::default());
        }
        let is_complete = found.is_some_and(|(_, other)| !other.lacks_material());
        if key.lacks_material() {
            self.draft.find(finding::material::none(arn));
            return Some(Supply { is_lacking: !is_complete, steps: Vec::new() });
        }
        let is_related = match found {
            Some((target, _)) => target.id() == arn.id(),
            None => key.multi_region.is_some(),
        };
        let own: &'a [Material] = match self.survey.source.value.materials.lookup(arn) {
            _ if !key.has_materials() => &[],
            Lookup::Present(materials) => materials.as_slice(),
            _ if is_complete && !is_related => &[],
            Lookup::Unknown(gap) => {
                self.draft.unclear(subject(arn, is_complete), gap);
                return is_complete.then(Supply::default);
            }
            Lookup::Absent => {
                self.draft.undecided(subject(arn, is_complete), "its materials were not listed", "survey again");
                return is_complete.then(Supply::default);
            }
        };
        if is_complete {
            self.expiry(arn, (key, own), found, is_related);
        }
        let steps = match is_related && key.has_materials() {
            true => {
                let Some(missing) = self.missing(arn, own, found) else { return is_complete.then(Supply::default) };
                missing.into_iter().map(|material| step(arn, key, Some(material), found.is_some())).collect()
            }
            false if is_complete => Vec::new(),
            false => {
                let only = step(arn, key, current(own), found.is_some());
                vec![ImportMaterial { current: true, material: None, ..only }]
            }
        };
        if !is_related && !is_complete {
            self.only_current(arn, own, found);
        }
        if !is_complete && steps.is_empty() {
            self.draft.undecided(arn, "its counterpart waits for material, and for which is not known", "survey again");
            return None;
        }
        if let Some((target, _)) = found.filter(|(_, other)| stays_disabled(key, other) && !steps.is_empty()) {
            self.draft.find(finding::disabled_counterpart(Part::Material.of(arn), target));
            return Some(Supply::default());
        }
        Some(self.brought(arn, steps, is_complete))
    }

    /// Returns the materials of a key that a related one lacks, in the order in which they are imported: the current one
    /// last. None, if that is not known, which a finding then says.
    fn missing(
        &mut self,
        arn: &KeyArn,
        own: &'a [Material],
        found: Option<(&'a KeyArn, &'a Key)>,
    ) -> Option<Vec<&'a Material>> {
        let there = match found.map(|(target, _)| self.survey.target.value.materials.lookup(target)) {
            None | Some(Lookup::Absent) => BTreeSet::new(),
            Some(Lookup::Present(there)) => there.iter().filter(|one| one.is_here).map(|one| &one.id).collect(),
            Some(Lookup::Unknown(gap)) => {
                let is_complete = found.is_some_and(|(_, other)| !other.lacks_material());
                self.draft.unclear(subject(arn, is_complete), gap);
                return None;
            }
        };
        let mut missing: Vec<&Material> = own.iter().filter(|one| one.is_here && !there.contains(&one.id)).collect();
        missing.sort_by_key(|one| (one.state == MaterialState::Current, &one.id));
        Some(missing)
    }

    /// Points at material that KMS deletes at another time in the counterpart.
    fn expiry(
        &mut self,
        arn: &KeyArn,
        own: (&Key, &[Material]),
        found: Option<(&'a KeyArn, &'a Key)>,
        is_related: bool,
    ) {
        let Some((target, other)) = found else { return };
        let there = match self.survey.target.value.materials.lookup(target) {
            Lookup::Present(there) => there.as_slice(),
            Lookup::Absent | Lookup::Unknown(_) => &[],
        };
        if let Some((own, there)) = differing_expiry(own, (other, there), is_related) {
            self.draft.find(finding::material::expiry_differs(arn, own, target, there));
        }
    }

    /// Says what follows for a counterpart that is not related, which gets the current material and no other.
    fn only_current(&mut self, arn: &KeyArn, own: &[Material], found: Option<(&'a KeyArn, &'a Key)>) {
        let left = own.iter().filter(|one| one.state != MaterialState::Current).count();
        if left == 0 {
            return;
        }
        self.draft.find(finding::material::left(arn, left));
        let had = |target| matches!(self.survey.target.value.materials.lookup(target), Lookup::Present(all) if !all.is_empty());
        if let Some((target, _)) = found.filter(|(target, _)| had(target)) {
            self.draft.find(finding::material::tied(arn, target));
        }
    }

    /// Says what a person must know of the steps that bring material, and which of them is the last one.
    fn brought(&mut self, arn: &KeyArn, mut steps: Vec<ImportMaterial>, is_complete: bool) -> Supply {
        let Some((last, first)) = steps.split_last_mut() else { return Supply::default() };
        // One that is complete is of use meanwhile: what it lacks is for a rotation to come.
        if !is_complete {
            last.completes = Some(first.iter().filter_map(|step| step.material.clone()).collect());
        }
        if !self.options.brings_material() {
            self.draft.find(finding::material::wanted(arn, steps.len()));
        }
        if let Some(at) = steps.iter().filter_map(|step| step.expires).min() {
            self.draft.find(finding::material::expires(arn, at));
        }
        Supply { is_lacking: false, steps }
    }

    /// Plans what brings the counterpart its material, and returns what it is then.
    pub(super) fn supplied(&mut self, arn: &KeyArn, base: Base<'a>, supply: Supply) -> Counterpart<'a> {
        let state = match base {
            Base::Found(_, other) => supply.state(&other.state),
            Base::Made => supply.state(&KeyState::Enabled),
        };
        let materials = supply.besides();
        if let Some(target) = base.found().filter(|_| !supply.steps.is_empty()) {
            self.draft.found(&EmptyKey(arn.clone()), &EmptyKey(target.clone()));
        }
        supply.steps.into_iter().map(Step::ImportMaterial).for_each(|step| self.draft.push(step));
        Counterpart { base, materials, state }
    }
}

fn stays_disabled(key: &Key, other: &Key) -> bool {
    key.state == KeyState::Disabled && other.state == KeyState::Disabled
}

/// Returns what is unclear as long as a key's materials are: the key, or that alone if the counterpart is of use.
fn subject(arn: &KeyArn, is_complete: bool) -> ResourceId {
    if is_complete { Part::Material.of(arn) } else { arn.into() }
}

fn step(arn: &KeyArn, key: &Key, material: Option<&Material>, found: bool) -> ImportMaterial {
    ImportMaterial {
        completes: None,
        current: material.is_some_and(|material| material.state == MaterialState::Current),
        description: material.map(|material| material.description.clone()).unwrap_or_default(),
        expires: material.map_or(key.expires, |material| material.expires),
        found,
        key: arn.clone(),
        material: material.map(|material| material.id.clone()),
        spec: key.spec.clone(),
    }
}

#[cfg(test)]
mod tests;
