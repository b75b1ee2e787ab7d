//! Imported material: which of it the counterpart lacks, and what that means.
// REQ: KMS-5

use std::collections::BTreeSet;

use regionmig_core::{KeyArn, Lookup, ResourceId};

use super::Planner;
use crate::finding;
use crate::material::EmptyKey;
use crate::snapshot::{Key, KeySpec, KeyState, Material, MaterialState};
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

    /// Returns the state of a counterpart that begins in the state `first`, once it has what it gets. KMS enables a key when it
    /// has its material (API reference, ImportKeyMaterial).
    pub(super) fn state(&self, first: &KeyState) -> KeyState {
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
        // One that the caller mapped may have material of KMS's.
        if !key.is_imported() || found.is_some_and(|(_, other)| !other.is_imported()) {
            return Some(Supply::default());
        }
        let is_complete = found.is_some_and(|(_, other)| !other.lacks_material());
        if key.lacks_material() {
            self.draft.find(finding::no_material(arn));
            return Some(Supply { is_lacking: !is_complete, steps: Vec::new() });
        }
        if let Some((target, other)) = found.filter(|(_, other)| is_complete && key.expires != other.expires) {
            self.draft.find(finding::expiry_differs(arn, key.expires, target, other.expires));
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
        let steps = match is_related && key.has_materials() {
            true => {
                let Some(missing) = self.missing(arn, own, found) else { return is_complete.then(Supply::default) };
                missing.into_iter().map(|material| step(arn, key, Some(material))).collect()
            }
            false if is_complete => Vec::new(),
            false => vec![ImportMaterial { material: None, ..step(arn, key, current(own)) }],
        };
        if !is_related {
            self.only_current(arn, key, own, is_complete);
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

    /// Says what follows for a counterpart that is not related, of whose materials none but the current one is imported.
    fn only_current(&mut self, arn: &KeyArn, key: &Key, own: &[Material], is_complete: bool) {
        let others = |one: &&Material| one.state != MaterialState::Current;
        let left = own.iter().filter(others).count();
        if left > 0 && !is_complete {
            self.draft.find(finding::materials_left(arn, left));
        }
        if key.spec != KeySpec::SymmetricDefault {
            self.draft.find(finding::same_material(arn));
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
            self.draft.find(finding::material_wanted(arn, steps.len()));
        }
        if let Some(at) = steps.iter().filter_map(|step| step.expires).min() {
            self.draft.find(finding::material_expires(arn, at));
        }
        Supply { is_lacking: false, steps }
    }

    /// Plans what brings material into `target`, if that was found, and into what is made otherwise.
    pub(super) fn import(&mut self, arn: &KeyArn, target: Option<&KeyArn>, supply: Supply) {
        if let Some(target) = target.filter(|_| !supply.steps.is_empty()) {
            self.draft.found(&EmptyKey(arn.clone()), &EmptyKey(target.clone()));
        }
        supply.steps.into_iter().map(Step::ImportMaterial).for_each(|step| self.draft.push(step));
    }
}

/// Returns what is unclear as long as a key's materials are: the key, or that alone if the counterpart is of use.
fn subject(arn: &KeyArn, is_complete: bool) -> ResourceId {
    if is_complete { Part::Material.of(arn) } else { arn.into() }
}

fn current(materials: &[Material]) -> Option<&Material> {
    materials.iter().find(|one| one.state == MaterialState::Current)
}

fn step(arn: &KeyArn, key: &Key, material: Option<&Material>) -> ImportMaterial {
    ImportMaterial {
        completes: None,
        description: material.map(|material| material.description.clone()).unwrap_or_default(),
        expires: material.map_or(key.expires, |material| material.expires),
        key: arn.clone(),
        material: material.map(|material| material.id.clone()),
        spec: key.spec.clone(),
    }
}

#[cfg(test)]
mod tests;
