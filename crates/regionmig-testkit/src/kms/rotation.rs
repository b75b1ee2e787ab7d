//! Rotation of key material: by the calendar and on demand.

use std::cmp::Ordering;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::ask::{Ask, seconds};
use super::material::Material;
use super::name::Takes;
use super::page;
use super::state::KeyState;
use super::store::{Family, Key, KeyName, Kms, after, after_days};
use crate::call::Refusal;

/// How often a key may be rotated on demand in its life (API reference, RotateKeyOnDemand).
const ON_DEMAND: usize = 25;

const DEFAULT_PERIOD: i64 = 365;

/// The rotations of a family: those that were, and those to come.
#[derive(Clone, Debug, Default)]
pub(super) struct Rotation {
    /// Completed ones, oldest first.
    pub(super) done: Vec<Turn>,
    /// Every how many days from now on, and when next; `None` if rotation is not enabled.
    pub(super) scheduled: Option<(i64, Timestamp)>,
    /// When a rotation on demand that is under way began.
    pub(super) under_way: Option<Timestamp>,
}

/// A completed rotation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turn {
    pub(super) at: Timestamp,
    pub(super) on_demand: bool,
}

impl Rotation {
    /// Enables rotation every `days` days from `now` on; what is enabled with the same period already goes on as it is.
    pub(super) fn schedule(&mut self, days: i64, now: Timestamp) {
        if self.scheduled.is_none_or(|(period, _)| period != days) {
            self.scheduled = Some((days, after_days(now, days)));
        }
    }

    /// Returns the number of the material that new ciphertexts are made with, 0 for the first.
    pub(super) fn current(&self) -> usize {
        self.done.len()
    }
}

impl Kms {
    /// Does the rotations of the key's family that were due by `now`. A disabled key is not rotated; once enabled again,
    /// it is rotated at once if that was due meanwhile (API reference, GetKeyRotationStatus).
    pub(super) fn advance(&mut self, name: &KeyName, now: Timestamp) {
        self.arrive(name, now);
        let Some(family) = self.family(name) else { return };
        let length = self.timing.rotation;
        let on_demand = family.rotation.under_way.map(|began| after(began, length)).filter(|done| *done <= now);
        let is_due = family.rotation.scheduled.is_some_and(|(_, next)| next <= now);
        let primary = name.in_region(&family.primary);
        let enabled = self.key(&primary).filter(|key| key.deletion.is_none()).and_then(|key| key.enabled);
        let enabled = enabled.filter(|_| is_due);
        if on_demand.is_none() && enabled.is_none() {
            return;
        }
        let Some(family) = self.family_mut(name) else { return };
        let rotation = &mut family.rotation;
        if let Some(at) = on_demand {
            rotation.under_way = None;
            rotation.done.push(Turn { at, on_demand: true });
        }
        while let (Some((period, next)), Some(enabled)) = (rotation.scheduled, enabled)
            && next <= now
        {
            let at = next.max(enabled);
            rotation.done.push(Turn { at, on_demand: false });
            rotation.scheduled = Some((period, after_days(at, period)));
        }
        rotation.done.sort_by_key(|turn| turn.at);
    }
}

/// Answers GetKeyRotationStatus, whose `KeyId` is a plain id.
pub(super) fn status(ask: &mut Ask<'_, '_>) -> Result<Value, Refusal> {
    let name = ask.key("KeyId", Takes::Any)?;
    let (state, key) = (ask.state(&name)?, ask.held(&name)?);
    let Some(family) = ask.state.family(&name).filter(|family| family.kind.is_symmetric_encryption()) else {
        return Err(Refusal::new("UnsupportedOperationException"));
    };
    let mut answer = Map::new();
    answer.insert("KeyId".to_owned(), json!(name.id));
    // AWS rotates its own keys every year, always.
    let scheduled = match key.managed_for {
        Some(_) => Some((DEFAULT_PERIOD, after_days(key.created, DEFAULT_PERIOD))),
        None => family.rotation.scheduled.filter(|_| !state.is_doomed()),
    };
    answer.insert("KeyRotationEnabled".to_owned(), json!(scheduled.is_some()));
    if let Some((period, next)) = scheduled {
        answer.insert("RotationPeriodInDays".to_owned(), json!(period));
        answer.insert("NextRotationDate".to_owned(), seconds(next));
    }
    if let Some(began) = family.rotation.under_way {
        answer.insert("OnDemandRotationStartDate".to_owned(), seconds(began));
    }
    Ok(Value::Object(answer))
}

pub(super) fn enable(ask: &mut Ask<'_, '_>) -> Result<Value, Refusal> {
    let name = scheduled_key(ask)?;
    let (days, now) = (ask.number("RotationPeriodInDays").unwrap_or(DEFAULT_PERIOD), ask.cx.now);
    if let Some(family) = ask.state.family_mut(&name) {
        family.rotation.schedule(days, now);
    }
    ask.cx.touched(name.arn());
    Ok(json!({}))
}

pub(super) fn disable(ask: &mut Ask<'_, '_>) -> Result<Value, Refusal> {
    let name = scheduled_key(ask)?;
    if let Some(family) = ask.state.family_mut(&name) {
        family.rotation.scheduled = None;
    }
    ask.cx.touched(name.arn());
    Ok(json!({}))
}

pub(super) fn on_demand(ask: &mut Ask<'_, '_>) -> Result<Value, Refusal> {
    let name = rotated_key(ask)?;
    let (arn, now) = (name.arn(), ask.cx.now);
    if ask.state.pending(&name, now) == Pending::Nowhere {
        let message = format!("No available key material pending rotation for the key: {arn}.");
        return Err(Refusal::new("KMSInvalidStateException").message(message));
    }
    let family = ask.state.family_mut(&name).ok_or_else(|| Refusal::new("KMSInternalException").status(500))?;
    if family.rotation.under_way.is_some() {
        let message = format!("An on-demand rotation of {arn} is already in progress.");
        return Err(Refusal::new("ConflictException").message(message));
    }
    if family.rotation.done.iter().filter(|turn| turn.on_demand).count() >= ON_DEMAND {
        return Err(Refusal::new("LimitExceededException").message("Too many on-demand rotations of this key."));
    }
    family.rotation.under_way = Some(now);
    ask.cx.touched(arn);
    Ok(json!({ "KeyId": name.id }))
}

/// Whether the next material of a key is there.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Pending {
    /// KMS makes it when it rotates the key.
    Made,
    /// Imported into each of the related keys.
    Everywhere,
    /// Not imported, or not into all related keys yet.
    Nowhere,
}

impl Kms {
    /// Tells whether a key could be rotated on demand.
    fn pending(&self, name: &KeyName, now: Timestamp) -> Pending {
        let Some(family) = self.family(name).filter(|family| family.is_external()) else { return Pending::Made };
        let next = family.rotation.current() + 1;
        let present =
            family.members.iter().map(|region| name.in_region(region)).filter(|name| !self.is_gone(name, now));
        let mut keys = present.filter_map(|name| self.key(&name));
        match family.materials.len() > next && keys.all(|key| key.holds(next, now)) {
            true => Pending::Everywhere,
            false => Pending::Nowhere,
        }
    }
}

/// Answers ListKeyRotations, newest first.
pub(super) fn list(ask: &mut Ask<'_, '_>) -> Result<Value, Refusal> {
    let name = ask.key("KeyId", Takes::Own)?;
    let Some(family) = ask.state.family(&name).filter(|family| family.kind.is_symmetric_encryption()) else {
        return Err(Refusal::new("UnsupportedOperationException"));
    };
    let window = page::window(ask, 100, 1000)?;
    let (current, pending) = (family.rotation.current(), ask.state.pending(&name, ask.cx.now));
    let key = ask.held(&name)?;
    let entry = |generation: usize| {
        let state = match generation.cmp(&current) {
            Ordering::Less => "NON_CURRENT",
            Ordering::Equal => "CURRENT",
            Ordering::Greater if pending == Pending::Everywhere => "PENDING_ROTATION",
            Ordering::Greater => "PENDING_MULTI_REGION_IMPORT_AND_ROTATION",
        };
        let mut entry = json!({
            "KeyId": name.id,
            "KeyMaterialId": family.material_id_of(generation),
            "KeyMaterialState": state,
        });
        if let Some(turn) = generation.checked_sub(1).and_then(|place| family.rotation.done.get(place)) {
            entry["RotationDate"] = seconds(turn.at);
            entry["RotationType"] = json!(if turn.on_demand { "ON_DEMAND" } else { "AUTOMATIC" });
        }
        if let Some(material) = family.materials.get(generation) {
            describe(&mut entry, key, generation, material, ask.cx.now);
        }
        // Counted down, so that the newest comes first.
        (format!("{:08}", 99_999_999 - generation), entry)
    };
    let shows_all = ask.text("IncludeKeyMaterial") == Some("ALL_KEY_MATERIAL");
    let first = usize::from(!shows_all);
    // What was never imported is no material; what waits for its rotation is shown with all others only.
    let last = match (shows_all, family.is_external()) {
        (true, true) => family.materials.len(),
        _ => current + 1,
    };
    Ok(page::answer(ask, &window, "Rotations", (first..last).rev().map(entry)))
}

/// Writes what is to be said of an imported material.
fn describe(entry: &mut Value, key: &Key, generation: usize, material: &Material, now: Timestamp) {
    entry["ImportState"] = json!(if key.holds(generation, now) { "IMPORTED" } else { "PENDING_IMPORT" });
    if !material.description.is_empty() {
        entry["KeyMaterialDescription"] = json!(material.description);
    }
    if let Some(import) = key.imports.get(&generation).filter(|import| import.is_usable(now)) {
        let model = if import.valid_to.is_some() { "KEY_MATERIAL_EXPIRES" } else { "KEY_MATERIAL_DOES_NOT_EXPIRE" };
        entry["ExpirationModel"] = json!(model);
        if let Some(at) = import.valid_to {
            entry["ValidTo"] = seconds(at);
        }
    }
}

/// Finds the key of a request to enable or disable rotation, which is set for all related keys at their primary.
fn scheduled_key(ask: &mut Ask<'_, '_>) -> Result<KeyName, Refusal> {
    let name = rotated_key(ask)?;
    let is_external = ask.state.family(&name).is_some_and(|family| family.origin == "EXTERNAL");
    match is_external {
        true => {
            let message = format!("{} origin is EXTERNAL which is not valid for this operation.", name.arn());
            Err(Refusal::new("UnsupportedOperationException").message(message))
        }
        false => Ok(name),
    }
}

fn rotated_key(ask: &mut Ask<'_, '_>) -> Result<KeyName, Refusal> {
    let unsupported = || Refusal::new("UnsupportedOperationException");
    let found = ask.find("KeyId", Takes::Own)?;
    let family = ask.state.family(&found).ok_or_else(unsupported)?;
    // Said of any kind of key, before its state is looked at.
    if !family.kind.is_symmetric_encryption() || family.store.is_some() {
        return Err(unsupported());
    }
    if family.primary != found.end.region {
        let message = format!("{} is not a multi-region primary key.", found.arn());
        return Err(unsupported().message(message));
    }
    ask.customer_key("KeyId", Takes::Own)
}

/// Whether a key in this state is shown with the id of its material: of imported material, once it was there.
pub(super) fn shows_material(family: &Family, key: &Key, state: KeyState) -> bool {
    match family.is_external() {
        true => key.imports.contains_key(&family.rotation.current()),
        false => state != KeyState::Creating,
    }
}
