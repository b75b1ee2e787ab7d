//! What the tests have in common: two ends, items, and an eye on what is asked.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use regionmig_core::reencrypt::{Ciphertext, EncryptionContext};
use regionmig_core::{End, KeyArn};
use regionmig_kms::Kms;
use regionmig_testkit::{Call, Fault, World};
use serde_json::{Value, json};

pub(crate) fn source() -> End {
    "111122223333/me-central-1".parse().expect("an end")
}

pub(crate) fn target() -> End {
    "111122223333/eu-central-1".parse().expect("an end")
}

pub(crate) fn kms(world: &World) -> Kms {
    Kms::new(&world.access())
}

pub(crate) fn context() -> EncryptionContext {
    EncryptionContext::from([("table", "users"), ("column", "mail")])
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

pub(crate) fn bytes(answer: &Value, member: &str) -> Vec<u8> {
    STANDARD.decode(answer[member].as_str().expect("a text")).expect("base 64")
}

/// Asks the world's KMS by AWS's own hand, which no ledger sees.
pub(crate) fn ask(world: &World, key: &KeyArn, action: &str, context: &EncryptionContext, mut input: Value) -> Value {
    input["KeyId"] = json!(key);
    if !context.is_empty() {
        input["EncryptionContext"] = json!(context);
    }
    world.ask(&key.end().expect("an end"), action, input).expect("an answer")
}

pub(crate) fn encrypted(world: &World, key: &KeyArn, plaintext: &[u8], context: EncryptionContext) -> Ciphertext {
    let answer = ask(world, key, "kms:Encrypt", &context, json!({ "Plaintext": base64(plaintext) }));
    Ciphertext::new(bytes(&answer, "CiphertextBlob"), context)
}

pub(crate) fn opened(world: &World, key: &KeyArn, ciphertext: &Ciphertext) -> Vec<u8> {
    let input = json!({ "CiphertextBlob": base64(&ciphertext.bytes) });
    bytes(&ask(world, key, "kms:Decrypt", &ciphertext.context, input), "Plaintext")
}

/// Sees every request from here on, before anything befalls it.
pub(crate) fn seen(world: &World) -> Arc<Mutex<Vec<Call>>> {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let eye = Arc::clone(&seen);
    let look = move |call: &Call| {
        eye.lock().expect("no panic").push(call.clone());
        false
    };
    world.fault(Fault::latency("*", Duration::ZERO).when(look));
    seen
}
