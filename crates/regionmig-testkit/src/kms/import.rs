//! Imported key material: parameters, import, deletion.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::ask::{Ask, base64, seconds};
use super::data::{family, internal};
use super::material::{Import, Material};
use super::name::{Takes, not_found};
use super::spec::Kind;
use super::state::KeyState;
use super::store::{KeyName, after, after_days};
use super::wrapping::{self, Token};
use super::{asymmetric, pair};
use crate::call::Refusal;
use crate::model::invalid;

/// How long a token is valid.
const TOKEN: SignedDuration = SignedDuration::from_hours(24);

/// The latest expiry, in days from the request.
const LATEST: i64 = 365;

/// How many wrapping pairs of a size there are: two, so that a wrong one can be taken.
const PAIRS: usize = 2;

/// Answers GetParametersForImport: a public key to wrap with, and a token that belongs to it.
pub(super) fn parameters(ask: &mut Ask<'_, '_>) -> Result<Value, Refusal> {
    let name = external_key(ask)?;
    let spec = ask.text("WrappingKeySpec").unwrap_or_default();
    let algorithm = ask.text("WrappingAlgorithm").unwrap_or_default();
    if spec == "SM2" || algorithm == "SM2PKE" {
        return Err(Refusal::unknown("kms:GetParametersForImport with SM2"));
    }
    let kind = family(ask, &name)?.kind;
    // Bare RSA takes what fits into one block: no private keys (developer guide, "Choose a wrapping key spec").
    let is_bare = !algorithm.starts_with("RSA_AES");
    if algorithm == "RSAES_PKCS1_V1_5" || is_bare && kind.spec.starts_with("RSA") {
        let message = format!("The wrapping algorithm {algorithm} is not valid for key spec {}.", kind.spec);
        return Err(Refusal::new("UnsupportedOperationException").message(message));
    }
    let pair = usize::from(ask.cx.ids.bytes(1)[0]) % PAIRS;
    let valid_to = after(ask.cx.now, TOKEN);
    let token = Token { key: name.arn(), spec: spec.to_owned(), algorithm: algorithm.to_owned(), pair, valid_to };
    let private = pair::pooled(spec, wrapping::pair(pair)).ok_or_else(internal)?;
    let public = asymmetric::public(spec, &private).ok_or_else(internal)?;
    Ok(json!({
        "ImportToken": base64(token.seal(&ask.cx.ids.bytes(16))),
        "KeyId": name.arn(),
        "ParametersValidTo": seconds(valid_to),
        "PublicKey": base64(public),
    }))
}

/// Answers ImportKeyMaterial.
pub(super) fn import(ask: &mut Ask<'_, '_>) -> Result<Value, Refusal> {
    let name = external_key(ask)?;
    let valid_to = asked_expiry(ask)?;
    let token = ask.blob("ImportToken").and_then(|token| Token::open(&token));
    let token = token.filter(|token| token.key == name.arn());
    let token = token.ok_or_else(|| Refusal::new("InvalidImportTokenException"))?;
    if token.valid_to <= ask.cx.now {
        return Err(Refusal::new("ExpiredImportTokenException"));
    }
    let broken = || Refusal::new("InvalidCiphertextException");
    let wrapped = ask.blob("EncryptedKeyMaterial").unwrap_or_default();
    let bytes = wrapping::unwrap(&token, &wrapped).ok_or_else(broken)?;
    let kind = family(ask, &name)?.kind;
    if !fits(kind, &bytes) {
        return Err(wrong("The key material is not valid for the key spec of this KMS key."));
    }
    let generation = place(ask, &name, Material::new(&name.id, bytes))?;
    let (now, was_pending) = (ask.cx.now, ask.state(&name)? == KeyState::PendingImport);
    if let Some(key) = ask.state.key_mut(&name) {
        key.imports.insert(generation, Import { is_there: true, valid_to });
        if was_pending {
            key.enabled = key.enabled.or(Some(now));
        }
    }
    ask.cx.touched(name.arn());
    Ok(json!({ "KeyId": name.arn(), "KeyMaterialId": family(ask, &name)?.material_id_of(generation) }))
}

/// Answers DeleteImportedKeyMaterial; where nothing is, nothing happens.
pub(super) fn delete(ask: &mut Ask<'_, '_>) -> Result<Value, Refusal> {
    let name = external_key(ask)?;
    let family = family(ask, &name)?;
    let generation = match ask.text("KeyMaterialId") {
        None => family.rotation.current(),
        Some(id) => family.materials.iter().position(|material| material.id == id).ok_or_else(|| unknown(id))?,
    };
    let mut answer = json!({ "KeyId": name.arn() });
    if let Some(material) = family.materials.get(generation) {
        answer["KeyMaterialId"] = json!(material.id);
    }
    let is_primary = family.primary == name.end.region;
    match generation > family.rotation.current() && is_primary {
        true => forget(ask, &name, generation),
        false => {
            if let Some(import) = ask.state.key_mut(&name).and_then(|key| key.imports.get_mut(&generation)) {
                *import = Import { is_there: false, valid_to: None };
            }
        }
    }
    ask.cx.touched(name.arn());
    Ok(answer)
}

/// Takes a material that waits for its rotation away from all related keys (API reference, DeleteImportedKeyMaterial), so that
/// another one can be imported in its place.
fn forget(ask: &mut Ask<'_, '_>, name: &KeyName, generation: usize) {
    let Some(family) = ask.state.family_mut(name) else { return };
    family.materials.truncate(generation);
    for region in family.members.clone() {
        if let Some(key) = ask.state.key_mut(&name.in_region(&region)) {
            key.imports.remove(&generation);
        }
    }
}

/// Finds which of the family's materials was brought: one that it has, or, if that is what was asked for, a new one.
fn place(ask: &mut Ask<'_, '_>, name: &KeyName, material: Material) -> Result<usize, Refusal> {
    let (kind, description) = (ask.text("ImportType"), ask.text("KeyMaterialDescription"));
    let wanted = ask.text("KeyMaterialId");
    let family = family(ask, name)?;
    let is_symmetric = family.kind.is_symmetric_encryption();
    if !is_symmetric && (kind.is_some() || description.is_some() || wanted.is_some()) {
        let message = "ImportType, KeyMaterialDescription and KeyMaterialId are for symmetric encryption keys only.";
        return Err(Refusal::new("UnsupportedOperationException").message(message));
    }
    let is_new = kind.map_or(family.materials.is_empty(), |kind| kind == "NEW_KEY_MATERIAL");
    if is_new && wanted.is_some() {
        return Err(invalid("You cannot specify a KeyMaterialId for new key material."));
    }
    if wanted.is_some_and(|id| id != material.id) {
        return Err(wrong("The key material is not the one that KeyMaterialId names."));
    }
    let held = family.materials.iter().position(|held| held.id == material.id);
    let generation = match (held, is_new) {
        (Some(generation), false) => generation,
        // A response that was lost, and the request once more.
        (Some(generation), true)
            if generation == family.rotation.current() || generation + 1 == family.materials.len() =>
        {
            generation
        }
        (Some(_), true) => return Err(wrong("The key material was imported into this KMS key before.")),
        (None, false) => {
            return Err(wrong("The key material is not the one that was first imported into this KMS key."));
        }
        (None, true) if family.primary != name.end.region => {
            return Err(wrong("New key material must be imported into the primary key first."));
        }
        // One that waits for its rotation is enough.
        (None, true) if family.materials.len() > family.rotation.current() + 1 => {
            let message = format!("{} has key material pending rotation.", name.arn());
            return Err(Refusal::new("KMSInvalidStateException").message(message));
        }
        (None, true) => family.materials.len(),
    };
    let family = ask.state.family_mut(name).ok_or_else(|| not_found(name))?;
    if generation == family.materials.len() {
        family.materials.push(material);
    }
    if let (Some(description), Some(material)) = (description, family.materials.get_mut(generation)) {
        description.clone_into(&mut material.description);
    }
    Ok(generation)
}

/// Finds the key of the request, whose material must be its owner's to import.
fn external_key(ask: &mut Ask<'_, '_>) -> Result<KeyName, Refusal> {
    let name = ask.find("KeyId", Takes::Own)?;
    let family = family(ask, &name)?;
    if !family.is_external() {
        let message = format!("{} origin is {} which is not valid for this operation.", name.arn(), family.origin);
        return Err(Refusal::new("UnsupportedOperationException").message(message));
    }
    ask.customer_key("KeyId", Takes::Own)
}

fn asked_expiry(ask: &Ask<'_, '_>) -> Result<Option<Timestamp>, Refusal> {
    let now = ask.cx.now;
    match (ask.text("ExpirationModel").unwrap_or("KEY_MATERIAL_EXPIRES"), ask.time("ValidTo")) {
        ("KEY_MATERIAL_EXPIRES", None) => {
            Err(invalid("A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES"))
        }
        ("KEY_MATERIAL_EXPIRES", Some(at)) if at <= now || at > after_days(now, LATEST) => {
            Err(invalid(format!("The validTo date must be in the future, and at most {LATEST} days from now")))
        }
        ("KEY_MATERIAL_EXPIRES", at) => Ok(at),
        (_, Some(_)) => {
            Err(invalid("A validTo date must not be set if the ExpirationModel is KEY_MATERIAL_DOES_NOT_EXPIRE"))
        }
        (_, None) => Ok(None),
    }
}

/// Tells whether material is what keys of a kind are made of.
pub(super) fn fits(kind: Kind, bytes: &[u8]) -> bool {
    match kind.mac_length() {
        // From the digest's length on, up to the block's (developer guide, "Imported key material requirements").
        Some(length) => (length..=if length > 32 { 128 } else { 64 }).contains(&bytes.len()),
        None if kind.is_symmetric_encryption() => bytes.len() == 32,
        None => asymmetric::public(kind.spec, bytes).is_some(),
    }
}

fn wrong(message: &str) -> Refusal {
    Refusal::new("IncorrectKeyMaterialException").message(message)
}

fn unknown(id: &str) -> Refusal {
    Refusal::new("NotFoundException").message(format!("Key material {id} is not found"))
}
