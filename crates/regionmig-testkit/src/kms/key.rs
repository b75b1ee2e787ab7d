//! Keys: made, described, listed, switched on and off, scheduled for deletion.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::ask::{Ask, seconds};
use super::material::Secret;
use super::name::{Takes, not_found};
use super::rotation::{Rotation, shows_material};
use super::spec::{ENCRYPT_DECRYPT, Kind, SYMMETRIC};
use super::state::KeyState;
use super::store::{Deletion, Family, Key, KeyName, Kms, after};
use super::{key_store, page, policy, tag};
use crate::call::Refusal;
use crate::model::invalid;
use crate::shelf::Shelf;

const PER_REGION: usize = 100_000;

pub(super) fn create(ask: &mut Ask<'_, '_>) -> Result<Value, Refusal> {
    let kind = asked_kind(ask)?;
    let (origin, store, xks_key) = asked_origin(ask, kind)?;
    let (policy, tags) = (policy::asked(ask)?, tag::asked(ask)?);
    let end = ask.call.end.clone();
    has_room(ask, &end)?;
    let multi_region = ask.flag("MultiRegion");
    let id = match multi_region {
        true => format!("mrk-{}", ask.cx.ids.hex(32)),
        false => ask.cx.ids.uuid(),
    };
    let name = KeyName::new(&end, id);
    let ready = after(ask.cx.now, ask.state.timing.creation);
    let description = ask.text("Description").unwrap_or_default().to_owned();
    let key = Key { description, policy, ready, tags, ..Key::new(&end, ask.cx.now) };
    let material = (Secret::new(ask.cx.ids.bytes(32)), ask.state.take_pair(kind.spec));
    let family = Family { store, xks_key, ..Family::new(kind, &name, multi_region, origin, material) };
    ask.state.put_family(&name, family);
    ask.state.put(&name, key);
    ask.cx.touched(name.arn());
    Ok(json!({ "KeyMetadata": ask.state.metadata(&name, ask.cx.now) }))
}

pub(super) fn describe(ask: &mut Ask<'_, '_>) -> Result<Value, Refusal> {
    let name = ask.key("KeyId", Takes::Alias)?;
    super::grant::check_tokens(ask)?;
    Ok(json!({ "KeyMetadata": ask.state.metadata(&name, ask.cx.now) }))
}

/// Answers ListKeys: AWS's own and those pending deletion included, by id.
pub(super) fn list(ask: &mut Ask<'_, '_>) -> Result<Value, Refusal> {
    let window = page::window(ask, 100, 1000)?;
    let (end, now) = (&ask.call.end, ask.cx.now);
    let keys = ask.state.regional(end).into_iter().flat_map(|regional| regional.keys.after(&window.after));
    let present = keys.filter(|(id, key)| key.deletion.is_none() || !ask.state.is_gone(&KeyName::new(end, *id), now));
    let entries = present.map(|(id, _)| {
        let name = KeyName::new(end, id);
        (name.id.clone(), json!({ "KeyArn": name.arn(), "KeyId": name.id }))
    });
    Ok(page::answer(ask, &window, "Keys", entries))
}

pub(super) fn update_description(ask: &mut Ask<'_, '_>) -> Result<Value, Refusal> {
    let description = ask.text("Description").unwrap_or_default().to_owned();
    change(ask, |key, _| key.description = description)?;
    Ok(json!({}))
}

pub(super) fn enable(ask: &mut Ask<'_, '_>) -> Result<Value, Refusal> {
    change(ask, |key, now| key.enabled = key.enabled.or(Some(now)))?;
    Ok(json!({}))
}

pub(super) fn disable(ask: &mut Ask<'_, '_>) -> Result<Value, Refusal> {
    change(ask, |key, _| key.enabled = None)?;
    Ok(json!({}))
}

pub(super) fn schedule_deletion(ask: &mut Ask<'_, '_>) -> Result<Value, Refusal> {
    let days = ask.number("PendingWindowInDays").unwrap_or(30);
    if !(7..=30).contains(&days) {
        return Err(invalid("PendingWindowInDays must be between 7 and 30 (inclusive)"));
    }
    let name = change(ask, |key, now| {
        key.deletion = Some(Deletion { asked: now, days });
        key.enabled = None;
    })?;
    let state = ask.state(&name)?;
    let mut answer = json!({ "KeyId": name.arn(), "KeyState": state.as_str(), "PendingWindowInDays": days });
    if let Some(date) = ask.state.deletion_date(&name).filter(|_| state == KeyState::PendingDeletion) {
        answer["DeletionDate"] = seconds(date);
    }
    Ok(answer)
}

pub(super) fn cancel_deletion(ask: &mut Ask<'_, '_>) -> Result<Value, Refusal> {
    let name = change(ask, |key, _| key.deletion = None)?;
    Ok(json!({ "KeyId": name.arn() }))
}

/// Answers GetKeyLastUsage.
pub(super) fn last_usage(ask: &mut Ask<'_, '_>) -> Result<Value, Refusal> {
    let name = ask.key("KeyId", Takes::Own)?;
    let key = ask.held(&name)?;
    let usage = key.used.as_ref().map_or_else(
        || json!({}),
        |used| {
            json!({
                "CloudTrailEventId": used.event,
                "KmsRequestId": used.request,
                "Operation": used.operation,
                "Timestamp": seconds(used.at),
            })
        },
    );
    Ok(json!({
        "KeyCreationDate": seconds(key.created),
        "KeyId": name.id,
        "KeyLastUsage": usage,
        "TrackingStartDate": seconds(key.created),
    }))
}

/// Refuses one more key than the quota of `end` allows. AWS's own keys do not count.
pub(super) fn has_room(ask: &Ask<'_, '_>, end: &regionmig_core::End) -> Result<(), Refusal> {
    let quota = ask.quota("kms:keys", PER_REGION);
    let at_most = ask.state.regional(end).map_or(0, |regional| regional.keys.len());
    let count = || ask.state.present(end, ask.cx.now).filter(|(_, key)| key.managed_for.is_none()).count();
    match at_most >= quota && count() >= quota {
        true => Err(Refusal::new("LimitExceededException").message("Too many KMS keys in this account and region")),
        false => Ok(()),
    }
}

impl Key {
    /// A key as CreateKey makes it if nothing is said.
    pub(super) fn new(end: &regionmig_core::End, now: jiff::Timestamp) -> Self {
        Self {
            aliases: BTreeSet::new(),
            created: now,
            deletion: None,
            description: String::new(),
            enabled: Some(now),
            grants: Shelf::default(),
            imports: BTreeMap::new(),
            managed_for: None,
            policy: policy::default_text(end).into(),
            ready: now,
            tags: BTreeMap::new(),
            used: None,
        }
    }
}

impl Family {
    /// What a new key, which is single or a primary, will share.
    pub(super) fn new(
        kind: Kind,
        name: &KeyName,
        multi_region: bool,
        origin: String,
        (secret, pair): (Secret, usize),
    ) -> Self {
        let primary = name.end.region.clone();
        Self {
            kind,
            materials: Vec::new(),
            members: BTreeSet::from([primary.clone()]),
            moving: None,
            multi_region,
            origin,
            pair,
            primary,
            rotation: Rotation::default(),
            secret,
            store: None,
            xks_key: None,
        }
    }
}

impl Kms {
    /// Writes what DescribeKey says of a key that is there.
    pub(super) fn metadata(&self, name: &KeyName, now: jiff::Timestamp) -> Value {
        let (Some(key), Some(family)) = (self.key(name), self.family(name)) else { return Value::Null };
        let state = self.state(name, key, now);
        let mut metadata = Map::new();
        let mut set = |member: &str, value: Value| {
            metadata.insert(member.to_owned(), value);
        };
        set("AWSAccountId", json!(name.end.account));
        set("Arn", json!(name.arn()));
        set("CreationDate", seconds(key.created));
        set("Description", json!(key.description));
        set("Enabled", json!(state == KeyState::Enabled));
        set("KeyId", json!(name.id));
        set("KeyManager", json!(if key.managed_for.is_some() { "AWS" } else { "CUSTOMER" }));
        set("KeyState", json!(state.as_str()));
        set("MultiRegion", json!(family.multi_region));
        set("Origin", json!(family.origin));
        match (state, key.deletion) {
            (KeyState::PendingReplicaDeletion, Some(deletion)) => {
                set("PendingDeletionWindowInDays", json!(deletion.days));
            }
            _ => {
                if let Some(date) = self.deletion_date(name) {
                    set("DeletionDate", seconds(date));
                }
            }
        }
        if family.has_material_ids() && shows_material(family, key, state) {
            set("CurrentKeyMaterialId", json!(family.material_id()));
        }
        if key.imports.get(&family.rotation.current()).is_some_and(|import| import.is_usable(now)) {
            // Of all materials that are here, the earliest (API reference, KeyMetadata).
            let expiry =
                key.imports.values().filter(|import| import.is_usable(now)).filter_map(|one| one.valid_to).min();
            let model = if expiry.is_some() { "KEY_MATERIAL_EXPIRES" } else { "KEY_MATERIAL_DOES_NOT_EXPIRE" };
            set("ExpirationModel", json!(model));
            if let Some(at) = expiry {
                set("ValidTo", seconds(at));
            }
        }
        if let Some(store) = &family.store {
            set("CustomKeyStoreId", json!(store));
            if let Some(cluster) = self.store(&name.end, store).and_then(|store| store.cluster()) {
                set("CloudHsmClusterId", json!(cluster));
            }
        }
        if let Some(id) = &family.xks_key {
            set("XksKeyConfiguration", json!({ "Id": id }));
        }
        if family.multi_region {
            set("MultiRegionConfiguration", self.multi_region(name, family, now));
        }
        family.kind.describe(&mut metadata);
        Value::Object(metadata)
    }

    fn multi_region(&self, name: &KeyName, family: &Family, now: jiff::Timestamp) -> Value {
        let member = |region: &regionmig_core::Region| json!({ "Arn": name.in_region(region).arn(), "Region": region });
        let replicas = self.replicas(name, family, now);
        let is_primary = family.primary == name.end.region && !family.is_moving(now);
        json!({
            "MultiRegionKeyType": if is_primary { "PRIMARY" } else { "REPLICA" },
            "PrimaryKey": member(&family.primary),
            "ReplicaKeys": replicas.map(member).collect::<Vec<_>>(),
        })
    }

    /// Returns the regions in which a key has replicas that are not gone.
    pub(super) fn replicas<'f>(
        &self,
        name: &KeyName,
        family: &'f Family,
        now: jiff::Timestamp,
    ) -> impl Iterator<Item = &'f regionmig_core::Region> {
        let others = family.members.iter().filter(|region| **region != family.primary);
        others.filter(move |region| !self.is_gone(&name.in_region(region), now))
    }
}

/// Changes a customer's key in a state that admits the operation.
fn change(ask: &mut Ask<'_, '_>, change: impl FnOnce(&mut Key, jiff::Timestamp)) -> Result<KeyName, Refusal> {
    let name = ask.customer_key("KeyId", Takes::Own)?;
    let now = ask.cx.now;
    change(ask.state.key_mut(&name).ok_or_else(|| not_found(&name))?, now);
    ask.cx.touched(name.arn());
    Ok(name)
}

fn asked_kind(ask: &Ask<'_, '_>) -> Result<Kind, Refusal> {
    let (spec, old) = (ask.text("KeySpec"), ask.text("CustomerMasterKeySpec"));
    if spec.is_some() && old.is_some() {
        return Err(invalid("You cannot specify KeySpec and CustomerMasterKeySpec in the same request."));
    }
    let spec = spec.or(old).unwrap_or(SYMMETRIC);
    let usage = match ask.text("KeyUsage") {
        Some(usage) => usage,
        None if spec == SYMMETRIC => ENCRYPT_DECRYPT,
        None => {
            return Err(invalid(
                "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.",
            ));
        }
    };
    if spec == "SM2" && ask.call.end.partition != regionmig_core::Partition::AwsCn {
        return Err(Refusal::new("UnsupportedOperationException").message("SM2 keys exist in China only"));
    }
    Kind::new(spec, usage).ok_or_else(|| invalid(format!("KeyUsage {usage} is not compatible with KeySpec {spec}")))
}

/// Reads origin, custom key store and, in an external one, the key there.
fn asked_origin(ask: &Ask<'_, '_>, kind: Kind) -> Result<(String, Option<String>, Option<String>), Refusal> {
    let origin = ask.text("Origin").unwrap_or("AWS_KMS");
    let (store, xks_key) = (ask.text("CustomKeyStoreId"), ask.text("XksKeyId"));
    let in_store = matches!(origin, "AWS_CLOUDHSM" | "EXTERNAL_KEY_STORE");
    let unsupported = |message: String| Err(Refusal::new("UnsupportedOperationException").message(message));
    if in_store && (ask.flag("MultiRegion") || !kind.is_symmetric_encryption()) {
        return unsupported(format!("Keys of origin {origin} are single-Region symmetric encryption keys."));
    }
    if origin == "EXTERNAL" && !kind.can_be_imported() {
        return unsupported(format!("KeySpec {} is not supported for Origin EXTERNAL.", kind.spec));
    }
    match (in_store, store) {
        (true, None) => Err(invalid(format!("You must specify a CustomKeyStoreId for the origin {origin}."))),
        (false, Some(_)) => Err(invalid(format!("CustomKeyStoreId is not valid for the origin {origin}."))),
        (true, Some(store)) => {
            key_store::takes_key(ask, store, origin, xks_key)?;
            Ok((origin.to_owned(), Some(store.to_owned()), xks_key.map(str::to_owned)))
        }
        (false, None) if xks_key.is_some() => Err(invalid(format!("XksKeyId is not valid for the origin {origin}."))),
        (false, None) => Ok((origin.to_owned(), None, None)),
    }
}
