//! What keys are for that do not encrypt: signatures, codes, shared secrets; and the public half of key pairs.

use aws_lc_rs::{constant_time, hmac};
use serde_json::{Value, json};

use super::ask::{Ask, base64};
use super::asymmetric::{self, Message};
use super::data::{algorithm, family, internal, key_for, no_recipient, used};
use super::grant;
use super::name::Takes;
use super::store::KeyName;
use crate::call::Refusal;
use crate::model::invalid;

/// Answers GetPublicKey, which is no cryptographic use.
pub(super) fn public_key(ask: &mut Ask<'_, '_>) -> Result<Value, Refusal> {
    let name = ask.customer_key("KeyId", Takes::Alias)?;
    grant::check_tokens(ask)?;
    let family = family(ask, &name)?;
    if !family.kind.is_asymmetric() {
        return Err(Refusal::new("UnsupportedOperationException"));
    }
    let private = material(ask, &name)?;
    let public = asymmetric::public(family.kind.spec, &private).ok_or_else(internal)?;
    let mut answer = serde_json::Map::new();
    family.kind.describe(&mut answer);
    answer.insert("KeyId".to_owned(), json!(name.arn()));
    answer.insert("PublicKey".to_owned(), base64(public));
    Ok(Value::Object(answer))
}

pub(super) fn sign(ask: &mut Ask<'_, '_>) -> Result<Value, Refusal> {
    let (name, algorithm, bytes) = signing(ask)?;
    ask.dry_run()?;
    let (spec, private) = (family(ask, &name)?.kind.spec, material(ask, &name)?);
    let signed = asymmetric::sign(spec, &private, algorithm, message(ask, &bytes)).ok_or_else(internal)?;
    used(ask, &name, "Sign");
    Ok(json!({ "KeyId": name.arn(), "Signature": base64(signed), "SigningAlgorithm": algorithm }))
}

pub(super) fn verify(ask: &mut Ask<'_, '_>) -> Result<Value, Refusal> {
    let (name, algorithm, bytes) = signing(ask)?;
    ask.dry_run()?;
    let (spec, private) = (family(ask, &name)?.kind.spec, material(ask, &name)?);
    let signed = ask.blob("Signature").unwrap_or_default();
    let is_right = asymmetric::verify(spec, &private, algorithm, message(ask, &bytes), &signed).ok_or_else(internal)?;
    used(ask, &name, "Verify");
    match is_right {
        true => Ok(json!({ "KeyId": name.arn(), "SignatureValid": true, "SigningAlgorithm": algorithm })),
        false => Err(Refusal::new("KMSInvalidSignatureException")),
    }
}

pub(super) fn generate_mac(ask: &mut Ask<'_, '_>) -> Result<Value, Refusal> {
    let (name, algorithm) = authenticating(ask)?;
    ask.dry_run()?;
    let mac = mac(ask, &name, algorithm)?;
    used(ask, &name, "GenerateMac");
    Ok(json!({ "KeyId": name.arn(), "Mac": base64(mac), "MacAlgorithm": algorithm }))
}

pub(super) fn verify_mac(ask: &mut Ask<'_, '_>) -> Result<Value, Refusal> {
    let (name, algorithm) = authenticating(ask)?;
    ask.dry_run()?;
    let (right, mac) = (mac(ask, &name, algorithm)?, ask.blob("Mac").unwrap_or_default());
    used(ask, &name, "VerifyMac");
    match constant_time::verify_slices_are_equal(&right, &mac) {
        Ok(()) => Ok(json!({ "KeyId": name.arn(), "MacAlgorithm": algorithm, "MacValid": true })),
        Err(_) => Err(Refusal::new("KMSInvalidMacException")),
    }
}

pub(super) fn derive_shared_secret(ask: &mut Ask<'_, '_>) -> Result<Value, Refusal> {
    no_recipient(ask)?;
    let name = key_for(ask, "KeyId", "KEY_AGREEMENT")?;
    let algorithm = algorithm(ask, "KeyAgreementAlgorithm", &name)?;
    grant::check_tokens(ask)?;
    let peer = ask.blob("PublicKey").unwrap_or_default();
    let private = material(ask, &name)?;
    let family = family(ask, &name)?;
    let secret = asymmetric::agree(family.kind.spec, &private, &peer)
        .ok_or_else(|| invalid(format!("The public key is not valid for key spec {}.", family.kind.spec)))?;
    ask.dry_run()?;
    let answer = json!({
        "KeyAgreementAlgorithm": algorithm,
        "KeyId": name.arn(),
        "KeyOrigin": family.origin,
        "SharedSecret": base64(secret),
    });
    used(ask, &name, "DeriveSharedSecret");
    Ok(answer)
}

pub(super) fn encapsulate(ask: &mut Ask<'_, '_>) -> Result<Value, Refusal> {
    let (name, algorithm) = encapsulating(ask)?;
    ask.dry_run()?;
    let (spec, private) = (family(ask, &name)?.kind.spec, material(ask, &name)?);
    let (ciphertext, secret) = asymmetric::encapsulate(spec, &private).ok_or_else(internal)?;
    used(ask, &name, "Encapsulate");
    Ok(json!({
        "EncapsulationAlgorithm": algorithm,
        "KeyId": name.arn(),
        "SharedSecret": base64(secret),
        "SharedSecretCiphertextBlob": base64(ciphertext),
    }))
}

pub(super) fn decapsulate(ask: &mut Ask<'_, '_>) -> Result<Value, Refusal> {
    let (name, algorithm) = encapsulating(ask)?;
    let (spec, private) = (family(ask, &name)?.kind.spec, material(ask, &name)?);
    let ciphertext = ask.blob("SharedSecretCiphertextBlob").unwrap_or_default();
    let secret = asymmetric::decapsulate(spec, &private, &ciphertext)
        .ok_or_else(|| Refusal::new("InvalidCiphertextException"))?;
    ask.dry_run()?;
    used(ask, &name, "Decapsulate");
    Ok(json!({ "EncapsulationAlgorithm": algorithm, "KeyId": name.arn(), "SharedSecret": base64(secret) }))
}

/// Reads key, algorithm and message of a request to sign or verify.
fn signing(ask: &mut Ask<'_, '_>) -> Result<(KeyName, &'static str, Vec<u8>), Refusal> {
    let name = key_for(ask, "KeyId", "SIGN_VERIFY")?;
    let algorithm = algorithm(ask, "SigningAlgorithm", &name)?;
    grant::check_tokens(ask)?;
    let bytes = ask.blob("Message").unwrap_or_default();
    let kind = ask.text("MessageType").unwrap_or("RAW");
    match (algorithm, kind) {
        // Neither can the world's cryptography.
        ("ML_DSA_SHAKE_256", "EXTERNAL_MU") | ("ED25519_PH_SHA_512", "DIGEST") => {
            return Err(Refusal::unknown(&format!("{} of {kind} by {algorithm}", ask.call.action())));
        }
        (_, "EXTERNAL_MU") | ("ML_DSA_SHAKE_256" | "ED25519_SHA_512", "DIGEST") | ("ED25519_PH_SHA_512", _) => {
            let spec = family(ask, &name)?.kind.spec;
            return Err(invalid(format!("Message type {kind} is incompatible with key spec {spec}.")));
        }
        (_, "DIGEST") if asymmetric::digest_length(algorithm) != Some(bytes.len()) => {
            return Err(invalid(format!("Digest is invalid length for algorithm {algorithm}.")));
        }
        _ => {}
    }
    Ok((name, algorithm, bytes))
}

fn message<'m>(ask: &Ask<'_, '_>, bytes: &'m [u8]) -> Message<'m> {
    match ask.text("MessageType") {
        Some("DIGEST") => Message::Digest(bytes),
        _ => Message::Raw(bytes),
    }
}

fn authenticating(ask: &mut Ask<'_, '_>) -> Result<(KeyName, &'static str), Refusal> {
    let name = key_for(ask, "KeyId", "GENERATE_VERIFY_MAC")?;
    let algorithm = algorithm(ask, "MacAlgorithm", &name)?;
    grant::check_tokens(ask)?;
    Ok((name, algorithm))
}

fn encapsulating(ask: &mut Ask<'_, '_>) -> Result<(KeyName, &'static str), Refusal> {
    let name = key_for(ask, "KeyId", "ENCAPSULATE_DECAPSULATE")?;
    let algorithm = algorithm(ask, "EncapsulationAlgorithm", &name)?;
    grant::check_tokens(ask)?;
    Ok((name, algorithm))
}

fn mac(ask: &Ask<'_, '_>, name: &KeyName, algorithm: &str) -> Result<Vec<u8>, Refusal> {
    let hash = match algorithm {
        "HMAC_SHA_224" => hmac::HMAC_SHA224,
        "HMAC_SHA_256" => hmac::HMAC_SHA256,
        "HMAC_SHA_384" => hmac::HMAC_SHA384,
        _ => hmac::HMAC_SHA512,
    };
    let key = hmac::Key::new(hash, &material(ask, name)?);
    Ok(hmac::sign(&key, &ask.blob("Message").unwrap_or_default()).as_ref().to_vec())
}

/// Returns the material of a key whose state admits its use.
fn material(ask: &Ask<'_, '_>, name: &KeyName) -> Result<Vec<u8>, Refusal> {
    let family = family(ask, name)?;
    let unknown = || Refusal::unknown(&format!("{} with a {} key", ask.call.action(), family.kind.spec));
    family.current().ok_or_else(unknown)
}
