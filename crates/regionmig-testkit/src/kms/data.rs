//! The data plane of encryption keys.

use serde_json::{Map, Value, json};

use super::ask::{Ask, base64};
use super::crypto::{self, Blob};
use super::material::Secret;
use super::name::{Takes, not_found};
use super::spec::ENCRYPT_DECRYPT;
use super::state::admits;
use super::store::{Family, KeyName, Use};
use super::{asymmetric, grant, key_store, pair};
use crate::call::Refusal;
use crate::model::invalid;

pub(super) fn encrypt(ask: &mut Ask<'_, '_>) -> Result<Value, Refusal> {
    let name = encrypting_key(ask, "KeyId")?;
    let algorithm = algorithm(ask, "EncryptionAlgorithm", &name)?;
    grant::check_tokens(ask)?;
    let plaintext = ask.blob("Plaintext").unwrap_or_default();
    fits(ask, &name, algorithm, plaintext.len())?;
    ask.dry_run()?;
    let blob = seal(ask, &name, algorithm, &plaintext, ask.map("EncryptionContext"))?;
    used(ask, &name, "Encrypt");
    Ok(json!({ "CiphertextBlob": base64(blob), "EncryptionAlgorithm": algorithm, "KeyId": name.arn() }))
}

pub(super) fn decrypt(ask: &mut Ask<'_, '_>) -> Result<Value, Refusal> {
    no_recipient(ask)?;
    grant::check_tokens(ask)?;
    let opened = open(ask, "KeyId", "EncryptionContext", "EncryptionAlgorithm")?;
    ask.dry_run()?;
    let Some(Opened { name, algorithm, material, plaintext }) = opened else { return Err(not_dry()) };
    used(ask, &name, "Decrypt");
    let mut answer = json!({ "EncryptionAlgorithm": algorithm, "KeyId": name.arn(), "Plaintext": base64(plaintext) });
    name_material(&mut answer, "KeyMaterialId", material);
    Ok(answer)
}

pub(super) fn re_encrypt(ask: &mut Ask<'_, '_>) -> Result<Value, Refusal> {
    grant::check_tokens(ask)?;
    let target = encrypting_key(ask, "DestinationKeyId")?;
    let algorithm = algorithm(ask, "DestinationEncryptionAlgorithm", &target)?;
    let opened = open(ask, "SourceKeyId", "SourceEncryptionContext", "SourceEncryptionAlgorithm")?;
    if let Some(opened) = &opened {
        fits(ask, &target, algorithm, opened.plaintext.len())?;
    }
    ask.dry_run()?;
    let Some(opened) = opened else { return Err(not_dry()) };
    let blob = seal(ask, &target, algorithm, &opened.plaintext, ask.map("DestinationEncryptionContext"))?;
    used(ask, &opened.name, "ReEncrypt");
    used(ask, &target, "ReEncrypt");
    let mut answer = json!({
        "CiphertextBlob": base64(blob),
        "DestinationEncryptionAlgorithm": algorithm,
        "KeyId": target.arn(),
        "SourceEncryptionAlgorithm": opened.algorithm,
        "SourceKeyId": opened.name.arn(),
    });
    name_material(&mut answer, "SourceKeyMaterialId", opened.material);
    name_material(&mut answer, "DestinationKeyMaterialId", current_id(family(ask, &target)?));
    Ok(answer)
}

pub(super) fn generate_data_key(ask: &mut Ask<'_, '_>) -> Result<Value, Refusal> {
    no_recipient(ask)?;
    let (mut answer, plaintext) = data_key(ask)?;
    answer["Plaintext"] = base64(plaintext);
    Ok(answer)
}

pub(super) fn generate_data_key_without_plaintext(ask: &mut Ask<'_, '_>) -> Result<Value, Refusal> {
    data_key(ask).map(|(answer, _)| answer)
}

pub(super) fn generate_random(ask: &mut Ask<'_, '_>) -> Result<Value, Refusal> {
    no_recipient(ask)?;
    if let Some(store) = ask.text("CustomKeyStoreId") {
        key_store::is_connected(ask, store)?;
    }
    let length = ask.number("NumberOfBytes").and_then(|n| usize::try_from(n).ok());
    let length = length.ok_or_else(|| invalid("NumberOfBytes is required."))?;
    Ok(json!({ "Plaintext": base64(ask.cx.ids.bytes(length)) }))
}

pub(super) fn generate_data_key_pair(ask: &mut Ask<'_, '_>) -> Result<Value, Refusal> {
    no_recipient(ask)?;
    let (mut answer, private) = data_key_pair(ask)?;
    answer["PrivateKeyPlaintext"] = base64(private);
    Ok(answer)
}

pub(super) fn generate_data_key_pair_without_plaintext(ask: &mut Ask<'_, '_>) -> Result<Value, Refusal> {
    data_key_pair(ask).map(|(answer, _)| answer)
}

fn data_key(ask: &mut Ask<'_, '_>) -> Result<(Value, Vec<u8>), Refusal> {
    let name = wrapping_key(ask)?;
    let length = match (ask.text("KeySpec"), ask.number("NumberOfBytes")) {
        (Some("AES_128"), None) => 16,
        (Some(_), None) => 32,
        (None, Some(length)) => usize::try_from(length).unwrap_or_default(),
        _ => return Err(invalid("Please specify either number of bytes or key spec.")),
    };
    ask.dry_run()?;
    let plaintext = ask.cx.ids.bytes(length);
    let (blob, material) = wrap(ask, &name, &plaintext)?;
    let mut answer = json!({ "CiphertextBlob": base64(blob), "KeyId": name.arn() });
    name_material(&mut answer, "KeyMaterialId", material);
    Ok((answer, plaintext))
}

fn data_key_pair(ask: &mut Ask<'_, '_>) -> Result<(Value, Vec<u8>), Refusal> {
    let name = wrapping_key(ask)?;
    let spec = ask.text("KeyPairSpec").unwrap_or_default();
    if spec == "SM2" {
        return Err(Refusal::unknown(&format!("kms:{} of SM2", ask.call.operation)));
    }
    if !family(ask, &name)?.has_material_ids() {
        return Err(Refusal::new("UnsupportedOperationException"));
    }
    ask.dry_run()?;
    let secret = Secret::new(ask.cx.ids.bytes(32));
    let number = ask.state.take_pair(spec);
    let private = pair::make(spec, &secret, number);
    let public = private.as_ref().and_then(|private| asymmetric::public(spec, private));
    let (Some(private), Some(public)) = (private, public) else { return Err(internal()) };
    let (blob, material) = wrap(ask, &name, &private)?;
    let mut answer = json!({
        "KeyId": name.arn(),
        "KeyPairSpec": spec,
        "PrivateKeyCiphertextBlob": base64(blob),
        "PublicKey": base64(public),
    });
    name_material(&mut answer, "KeyMaterialId", material);
    Ok((answer, private))
}

/// Finds the key of a request for a data key, which must be a symmetric one.
fn wrapping_key(ask: &mut Ask<'_, '_>) -> Result<KeyName, Refusal> {
    let name = encrypting_key(ask, "KeyId")?;
    grant::check_tokens(ask)?;
    let family = family(ask, &name)?;
    match family.kind.is_symmetric_encryption() {
        true => Ok(name),
        false => Err(wrong_algorithm("SYMMETRIC_DEFAULT", family.kind.spec)),
    }
}

/// Encrypts a new data key; returns the id of the material as well.
fn wrap(ask: &mut Ask<'_, '_>, name: &KeyName, plaintext: &[u8]) -> Result<(Vec<u8>, Option<String>), Refusal> {
    let blob = seal(ask, name, "SYMMETRIC_DEFAULT", plaintext, ask.map("EncryptionContext"))?;
    let operation = ask.call.operation.clone();
    used(ask, name, &operation);
    Ok((blob, current_id(family(ask, name)?)))
}

/// What a ciphertext held.
struct Opened {
    name: KeyName,
    algorithm: &'static str,
    material: Option<String>,
    plaintext: Vec<u8>,
}

/// Decrypts the `CiphertextBlob` of the request; `None` if it is not to be looked at, which only a dry run may ask for.
fn open(ask: &mut Ask<'_, '_>, key: &str, context: &str, algorithm_member: &str) -> Result<Option<Opened>, Refusal> {
    let is_ignored = ask.list("DryRunModifiers").iter().any(|modifier| modifier == "IGNORE_CIPHERTEXT");
    if is_ignored {
        if !ask.flag("DryRun") || ask.text(key).is_none() {
            return Err(invalid(format!("DryRunModifiers need DryRun and {key}")));
        }
        encrypting_key(ask, key)?;
        return Ok(None);
    }
    let bytes = ask.blob("CiphertextBlob").ok_or_else(|| invalid("CiphertextBlob is required."))?;
    // What it says of the reason: nothing.
    let broken = || Refusal::new("InvalidCiphertextException");
    let named = ask.text(key).map(|_| ask.find(key, Takes::Alias)).transpose()?;
    if let Some(name) = &named
        && family(ask, name)?.kind.is_asymmetric()
    {
        return open_asymmetric(ask, name, algorithm_member, &bytes).map(Some);
    }
    let blob = Blob::read(&bytes).ok_or_else(broken)?;
    let name = match named {
        Some(name) => {
            let made_with = (&blob.partition, &blob.account, &blob.key);
            if (&name.end.partition, &name.end.account, &name.id) != made_with {
                return Err(Refusal::new("IncorrectKeyException")
                    .message("The key ID in the request does not identify a CMK that can perform this operation."));
            }
            name
        }
        None => made_with(ask, &blob, key)?,
    };
    let state = ask.state(&name)?;
    admits(&ask.call.operation, state, &name.arn())?;
    let algorithm = algorithm(ask, algorithm_member, &name)?;
    let family = family(ask, &name)?;
    if blob.generation > family.rotation.current() {
        return Err(broken());
    }
    let material = family.material(blob.generation).ok_or_else(broken)?;
    let plaintext = blob.open(&material, ask.map(context)).ok_or_else(broken)?;
    let id = family.has_material_ids().then(|| family.material_id_of(blob.generation));
    Ok(Some(Opened { algorithm, material: id, name, plaintext }))
}

/// Decrypts what says neither its key nor its algorithm.
fn open_asymmetric(ask: &Ask<'_, '_>, name: &KeyName, member: &str, bytes: &[u8]) -> Result<Opened, Refusal> {
    let state = ask.state(name)?;
    admits(&ask.call.operation, state, &name.arn())?;
    let family = family(ask, name)?;
    is_for(ask, name, family, ENCRYPT_DECRYPT)?;
    let algorithm = algorithm(ask, member, name)?;
    let plaintext = family.current().and_then(|private| asymmetric::decrypt(&private, algorithm, bytes));
    let plaintext = plaintext.ok_or_else(|| Refusal::new("InvalidCiphertextException"))?;
    Ok(Opened { algorithm, material: None, name: name.clone(), plaintext })
}

/// Finds the key that a ciphertext says it was made with, in the region that is asked.
fn made_with(ask: &mut Ask<'_, '_>, blob: &Blob<'_>, member: &str) -> Result<KeyName, Refusal> {
    let mut end = ask.call.end.clone();
    end.account = blob.account.clone();
    let name = KeyName::new(&end, blob.key.clone());
    let is_there = blob.partition == end.partition && !ask.state.is_gone(&name, ask.cx.now);
    if !is_there || (end.account != ask.call.end.account && !ask.is_let_in(&name, member)) {
        return Err(Refusal::new("AccessDeniedException").message(
            "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you \
             are not allowed to access.",
        ));
    }
    ask.state.advance(&name, ask.cx.now);
    Ok(name)
}

/// Finds a key to encrypt with.
fn encrypting_key(ask: &mut Ask<'_, '_>, member: &str) -> Result<KeyName, Refusal> {
    key_for(ask, member, ENCRYPT_DECRYPT)
}

/// Finds a key that is for `usage`.
pub(super) fn key_for(ask: &mut Ask<'_, '_>, member: &str, usage: &str) -> Result<KeyName, Refusal> {
    let name = ask.customer_key(member, Takes::Alias)?;
    let family = family(ask, &name)?;
    is_for(ask, &name, family, usage)?;
    Ok(name)
}

/// Refuses a key that is for another usage, or of a kind of which the world has no cryptography.
fn is_for(ask: &Ask<'_, '_>, name: &KeyName, family: &Family, usage: &str) -> Result<(), Refusal> {
    let operation = &ask.call.operation;
    if family.kind.usage != usage {
        let message = format!("{} key usage is {} which is not valid for {operation}.", name.arn(), family.kind.usage);
        return Err(Refusal::new("InvalidKeyUsageException").message(message));
    }
    match family.kind.spec {
        "SM2" => Err(Refusal::unknown(&format!("kms:{operation} with a SM2 key"))),
        _ => Ok(()),
    }
}

/// Returns the algorithm that a request names, which the key must know; the default is that of symmetric keys.
pub(super) fn algorithm(ask: &Ask<'_, '_>, member: &str, name: &KeyName) -> Result<&'static str, Refusal> {
    let (asked, kind) = (ask.text(member).unwrap_or("SYMMETRIC_DEFAULT"), family(ask, name)?.kind);
    let known = kind.algorithms.iter().find(|algorithm| **algorithm == asked);
    known.copied().ok_or_else(|| wrong_algorithm(asked, kind.spec))
}

fn wrong_algorithm(algorithm: &str, spec: &str) -> Refusal {
    Refusal::new("InvalidKeyUsageException")
        .message(format!("Algorithm {algorithm} is incompatible with key spec {spec}."))
}

/// Refuses a plaintext that is too long for an RSA key. What a symmetric one takes stands in the model.
fn fits(ask: &Ask<'_, '_>, name: &KeyName, algorithm: &str, length: usize) -> Result<(), Refusal> {
    let spec = family(ask, name)?.kind.spec;
    match asymmetric::most(spec, algorithm) {
        Some(most) if length > most => Err(invalid(format!(
            "Algorithm {algorithm} and key spec {spec} cannot encrypt data larger than {most} bytes."
        ))),
        _ => Ok(()),
    }
}

fn seal(
    ask: &mut Ask<'_, '_>,
    name: &KeyName,
    algorithm: &str,
    plaintext: &[u8],
    context: Option<&Map<String, Value>>,
) -> Result<Vec<u8>, Refusal> {
    let nonce = ask.cx.ids.bytes(12);
    let family = family(ask, name)?;
    let sealed = family.current().and_then(|material| match family.kind.is_asymmetric() {
        true => asymmetric::encrypt(&material, algorithm, plaintext),
        false => crypto::seal(name, &material, family.rotation.current(), &nonce, plaintext, context),
    });
    sealed.ok_or_else(internal)
}

fn current_id(family: &Family) -> Option<String> {
    family.has_material_ids().then(|| family.material_id())
}

fn name_material(answer: &mut Value, member: &str, id: Option<String>) {
    if let Some(id) = id {
        answer[member] = json!(id);
    }
}

pub(super) fn internal() -> Refusal {
    Refusal::new("KMSInternalException").status(500)
}

pub(super) fn family<'k>(ask: &'k Ask<'_, '_>, name: &KeyName) -> Result<&'k Family, Refusal> {
    ask.state.family(name).ok_or_else(|| not_found(name))
}

/// Remembers the last use, for GetKeyLastUsage. Related keys are used each for itself.
pub(super) fn used(ask: &mut Ask<'_, '_>, name: &KeyName, operation: &str) {
    let last = Use {
        at: ask.cx.now,
        event: ask.cx.ids.uuid(),
        operation: operation.to_owned(),
        request: ask.call.request_id.clone(),
    };
    if let Some(key) = ask.state.key_mut(name) {
        key.used = Some(last);
    }
}

/// Nitro enclaves are beyond this world.
pub(super) fn no_recipient(ask: &Ask<'_, '_>) -> Result<(), Refusal> {
    match ask.map("Recipient") {
        Some(_) => Err(Refusal::unknown(&format!("{} with a Recipient", ask.call.action()))),
        None => Ok(()),
    }
}

fn not_dry() -> Refusal {
    invalid("DryRunModifiers need DryRun")
}
