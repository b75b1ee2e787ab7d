//! The data plane: what symmetric encryption keys are for.

use serde_json::{Map, Value, json};

use super::ask::{Ask, base64};
use super::crypto::{self, Blob};
use super::grant;
use super::model::invalid;
use super::name::{Takes, not_found};
use super::spec::ENCRYPT_DECRYPT;
use super::state::admits;
use super::store::{Family, KeyName, Use};
use crate::call::Refusal;

pub(super) fn encrypt(ask: &mut Ask<'_, '_>) -> Result<Value, Refusal> {
    let name = encrypting_key(ask, "KeyId")?;
    check_algorithm(ask, "EncryptionAlgorithm", &name)?;
    grant::check_tokens(ask)?;
    let plaintext = ask.blob("Plaintext").unwrap_or_default();
    ask.dry_run()?;
    let blob = seal(ask, &name, &plaintext, ask.map("EncryptionContext"))?;
    used(ask, &name, "Encrypt");
    Ok(json!({ "CiphertextBlob": base64(blob), "EncryptionAlgorithm": "SYMMETRIC_DEFAULT", "KeyId": name.arn() }))
}

pub(super) fn decrypt(ask: &mut Ask<'_, '_>) -> Result<Value, Refusal> {
    no_recipient(ask)?;
    grant::check_tokens(ask)?;
    let opened = open(ask, "KeyId", "EncryptionContext", "EncryptionAlgorithm")?;
    ask.dry_run()?;
    let Some(Opened { name, material, plaintext }) = opened else { return Err(not_dry()) };
    used(ask, &name, "Decrypt");
    Ok(json!({
        "EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
        "KeyId": name.arn(),
        "KeyMaterialId": material,
        "Plaintext": base64(plaintext),
    }))
}

pub(super) fn re_encrypt(ask: &mut Ask<'_, '_>) -> Result<Value, Refusal> {
    grant::check_tokens(ask)?;
    let target = encrypting_key(ask, "DestinationKeyId")?;
    check_algorithm(ask, "DestinationEncryptionAlgorithm", &target)?;
    let opened = open(ask, "SourceKeyId", "SourceEncryptionContext", "SourceEncryptionAlgorithm")?;
    ask.dry_run()?;
    let Some(opened) = opened else { return Err(not_dry()) };
    let blob = seal(ask, &target, &opened.plaintext, ask.map("DestinationEncryptionContext"))?;
    used(ask, &opened.name, "ReEncrypt");
    used(ask, &target, "ReEncrypt");
    Ok(json!({
        "CiphertextBlob": base64(blob),
        "DestinationEncryptionAlgorithm": "SYMMETRIC_DEFAULT",
        "DestinationKeyMaterialId": family(ask, &target)?.material_id(),
        "KeyId": target.arn(),
        "SourceEncryptionAlgorithm": "SYMMETRIC_DEFAULT",
        "SourceKeyId": opened.name.arn(),
        "SourceKeyMaterialId": opened.material,
    }))
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
    if ask.text("CustomKeyStoreId").is_some() {
        return Err(Refusal::new("CustomKeyStoreNotFoundException"));
    }
    let length = ask.number("NumberOfBytes").and_then(|n| usize::try_from(n).ok());
    let length = length.ok_or_else(|| invalid("NumberOfBytes is required."))?;
    Ok(json!({ "Plaintext": base64(ask.cx.ids.bytes(length)) }))
}

fn data_key(ask: &mut Ask<'_, '_>) -> Result<(Value, Vec<u8>), Refusal> {
    let name = encrypting_key(ask, "KeyId")?;
    grant::check_tokens(ask)?;
    let length = match (ask.text("KeySpec"), ask.number("NumberOfBytes")) {
        (Some("AES_128"), None) => 16,
        (Some(_), None) => 32,
        (None, Some(length)) => usize::try_from(length).unwrap_or_default(),
        _ => return Err(invalid("Please specify either number of bytes or key spec.")),
    };
    ask.dry_run()?;
    let plaintext = ask.cx.ids.bytes(length);
    let blob = seal(ask, &name, &plaintext, ask.map("EncryptionContext"))?;
    let operation = ask.call.operation.clone();
    used(ask, &name, &operation);
    let material = family(ask, &name)?.material_id();
    Ok((json!({ "CiphertextBlob": base64(blob), "KeyId": name.arn(), "KeyMaterialId": material }), plaintext))
}

/// What a ciphertext held.
struct Opened {
    name: KeyName,
    material: String,
    plaintext: Vec<u8>,
}

/// Decrypts the `CiphertextBlob` of the request; `None` if it is not to be looked at, which only a dry run may ask for.
fn open(ask: &mut Ask<'_, '_>, key: &str, context: &str, algorithm: &str) -> Result<Option<Opened>, Refusal> {
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
    check_algorithm(ask, algorithm, &name)?;
    let family = family(ask, &name)?;
    if blob.generation > family.rotation.current() {
        return Err(broken());
    }
    let plaintext = blob.open(&family.secret, ask.map(context)).ok_or_else(broken)?;
    Ok(Some(Opened { material: family.secret.material_id(blob.generation), name, plaintext }))
}

/// Finds the key that a ciphertext says it was made with, in the region that is asked.
fn made_with(ask: &mut Ask<'_, '_>, blob: &Blob<'_>, member: &str) -> Result<KeyName, Refusal> {
    let mut end = ask.call.end.clone();
    end.account = blob.account.clone();
    let name = KeyName::new(&end, blob.key.clone());
    let is_there = blob.partition == end.partition && !ask.kms.is_gone(&name, ask.cx.now);
    if !is_there || (end.account != ask.call.end.account && !ask.is_let_in(&name, member)) {
        return Err(Refusal::new("AccessDeniedException").message(
            "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you \
             are not allowed to access.",
        ));
    }
    ask.kms.advance(&name, ask.cx.now);
    Ok(name)
}

/// Finds a key to encrypt with.
fn encrypting_key(ask: &mut Ask<'_, '_>, member: &str) -> Result<KeyName, Refusal> {
    let name = ask.customer_key(member, Takes::Alias)?;
    let family = family(ask, &name)?;
    let operation = &ask.call.operation;
    if family.kind.usage != ENCRYPT_DECRYPT {
        let message = format!("{} key usage is {} which is not valid for {operation}.", name.arn(), family.kind.usage);
        return Err(Refusal::new("InvalidKeyUsageException").message(message));
    }
    match family.has_data_plane() {
        true => Ok(name),
        false => Err(Refusal::unknown(&format!("kms:{operation} with a {} key", family.kind.spec))),
    }
}

fn check_algorithm(ask: &Ask<'_, '_>, member: &str, name: &KeyName) -> Result<(), Refusal> {
    match ask.text(member).filter(|algorithm| *algorithm != "SYMMETRIC_DEFAULT") {
        None => Ok(()),
        Some(algorithm) => Err(Refusal::new("InvalidKeyUsageException")
            .message(format!("Algorithm {algorithm} is not valid for {}.", name.arn()))),
    }
}

fn seal(
    ask: &mut Ask<'_, '_>,
    name: &KeyName,
    plaintext: &[u8],
    context: Option<&Map<String, Value>>,
) -> Result<Vec<u8>, Refusal> {
    let nonce = ask.cx.ids.bytes(12);
    let family = family(ask, name)?;
    crypto::seal(name, &family.secret, family.rotation.current(), &nonce, plaintext, context)
        .ok_or_else(|| Refusal::new("KMSInternalException").status(500))
}

fn family<'k>(ask: &'k Ask<'_, '_>, name: &KeyName) -> Result<&'k Family, Refusal> {
    ask.kms.family(name).ok_or_else(|| not_found(name))
}

/// Remembers the last use, for GetKeyLastUsage. Related keys are used each for itself.
fn used(ask: &mut Ask<'_, '_>, name: &KeyName, operation: &str) {
    let last = Use {
        at: ask.cx.now,
        event: ask.cx.ids.uuid(),
        operation: operation.to_owned(),
        request: ask.call.request_id.clone(),
    };
    if let Some(key) = ask.kms.key_mut(name) {
        key.used = Some(last);
    }
}

/// Nitro enclaves are beyond this world.
fn no_recipient(ask: &Ask<'_, '_>) -> Result<(), Refusal> {
    match ask.map("Recipient") {
        Some(_) => Err(Refusal::unknown(&format!("{} with a Recipient", ask.call.action()))),
        None => Ok(()),
    }
}

fn not_dry() -> Refusal {
    invalid("DryRunModifiers need DryRun")
}
