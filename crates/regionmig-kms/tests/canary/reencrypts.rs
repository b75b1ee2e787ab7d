//! Re-encryption, whose plaintexts are secrets: what works and what fails, by every end.

use std::error::Error;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use regionmig_aws::Access;
use regionmig_core::reencrypt::message::{EncryptedDataKey, KMS_PROVIDER, Keyring, Suite};
use regionmig_core::reencrypt::{Ciphertext, Encrypt, EncryptionContext, Reencrypt};
use regionmig_core::{KeyArn, ResourceId, Secret};
use regionmig_kms::{EncryptionAlgorithm, Kms, SharingBounds};
use regionmig_testkit::{Fault, World};
use serde_json::json;

use crate::account::{route, secret, session};
use crate::secrets::Canaries;
use crate::seen::Seen;

/// Says all that there is to say of how something came out.
fn tell<T>(seen: &Seen, outcome: Result<T, impl Error + 'static>) -> Option<T> {
    outcome.map_err(|error| seen.error(&error)).ok()
}

fn item(world: &World, key: &KeyArn, plaintext: &[u8], context: &EncryptionContext) -> Ciphertext {
    let input = json!({ "KeyId": key, "Plaintext": STANDARD.encode(plaintext), "EncryptionContext": context });
    let answer = world.ask(&route().source, "kms:Encrypt", input).expect("a ciphertext");
    let bytes = STANDARD.decode(answer["CiphertextBlob"].as_str().expect("a text")).expect("base 64");
    Ciphertext::new(bytes, context.clone())
}

/// Re-encrypts items, data keys and what cannot be; returns how often it failed.
pub(crate) async fn reencrypting(canaries: &Canaries, seen: &Seen) -> usize {
    let world = World::new();
    let access = Access::new(&session(&world, "reencrypting", canaries).await).with_clock(world.clock());
    let (kms, context) = (Kms::new(&access), EncryptionContext::from([("table", "users")]));
    let (source, target) = (route().source, route().target);
    let (old, new) = (world.kms(&source).replica_in(&target.region).make(), world.kms_key(&target));
    let rsa = world.kms(&target).spec("RSA_2048").usage("ENCRYPT_DECRYPT").make();
    let items: Vec<_> = (0..10)
        .map(|number| {
            canaries.plant("plaintext", &secret(4000 + number));
            item(&world, &old, &secret(4000 + number), &context)
        })
        .collect();
    let shared = kms.decryptor(&old).sharing(SharingBounds::default());
    let reencrypt = Reencrypt::new(shared.clone(), kms.encryptor(&new)).comparing();
    let within = Reencrypt::within(kms.reencryptor(&old, &new).expect("one region"));
    let mut failed = 0;
    for fault in [
        None,
        Some(Fault::access_denied("kms:Encrypt")),
        Some(Fault::server_error("kms:*", 500)),
        Some(Fault::lost_answer("kms:*")),
    ] {
        world.clear_faults();
        fault.into_iter().for_each(|fault| world.fault(fault));
        for item in &items[..3] {
            let done = tell(seen, reencrypt.item(item).await);
            failed += usize::from(done.is_none());
            for result in done.iter().chain(&tell(seen, within.item(item).await)) {
                seen.debug(result);
                let check = kms.decryptor(&old).shut_out(ResourceId::new("row", "1"), result).await;
                seen.bytes("check", check.to_string());
            }
            tell(seen, reencrypt.rehearse(item).await);
        }
    }
    world.clear_faults();
    let wrong = Ciphertext::new(items[0].bytes.clone(), EncryptionContext::new());
    drop(tell(seen, reencrypt.item(&wrong).await));
    let pair = kms.encryptor(&rsa).with_algorithm(EncryptionAlgorithm::RsaesOaepSha256).with_spec("RSA_2048");
    let long = Secret::new([secret(4000); 8].concat());
    drop(tell(seen, pair.encrypt(&long, &EncryptionContext::new()).await));
    let data_keys = kms.esdk(&old).and(&new).sharing(SharingBounds::default());
    for (number, ciphertext) in items.iter().enumerate() {
        let named = if number % 2 == 0 { &old } else { &rsa };
        let encrypted = [EncryptedDataKey::new(KMS_PROVIDER, named.as_str(), ciphertext.bytes.as_slice())];
        seen.debug(&encrypted);
        drop(tell(seen, data_keys.decrypt_data_key(Suite::Committing, &context, &encrypted).await));
    }
    let made = tell(seen, data_keys.generate_data_key(Suite::Committing, &context).await).expect("a data key");
    canaries.plant("plaintext", made.plaintext.expose());
    seen.debug(&made.encrypted);
    seen.debug(&(&shared, &reencrypt, &within, &pair, &data_keys));
    failed
}
