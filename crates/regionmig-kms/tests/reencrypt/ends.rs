//! From one region's key to another's: everything that KMS encrypts, and by no other key than was named.
// REQ: KMS-8, KMS-9, KMS-13, KMS-14

use regionmig_core::reencrypt::{Ciphertext, Decrypt, EncryptionContext, Reencrypt};
use regionmig_core::{Classify, ErrorKind, KeyArn, Side, chain};
use regionmig_testkit::World;
use serde_json::json;

use crate::account::{ask, base64, bytes, context, encrypted, kms, opened, source, target};

/// Everything that KMS encrypts under a symmetric key, with what it holds.
fn everything(world: &World, key: &KeyArn) -> Vec<(String, Ciphertext, Vec<u8>)> {
    let mut all = Vec::new();
    for (number, length) in [1, 32, 4096].into_iter().enumerate() {
        let plaintext = vec![u8::try_from(number).expect("few") + 1; length];
        let context = if number == 0 { EncryptionContext::new() } else { context() };
        all.push((format!("Encrypt {length}"), encrypted(world, key, &plaintext, context), plaintext));
    }
    let mut data_key = |action: &str, input: serde_json::Value, blob: &str, held: Option<&str>| {
        let answer = ask(world, key, action, &context(), input.clone());
        let ciphertext = Ciphertext::new(bytes(&answer, blob), context());
        let plaintext = held.map_or_else(|| opened(world, key, &ciphertext), |held| bytes(&answer, held));
        all.push((format!("{action} {input}"), ciphertext, plaintext));
    };
    for input in [json!({ "KeySpec": "AES_256" }), json!({ "KeySpec": "AES_128" }), json!({ "NumberOfBytes": 1024 })] {
        data_key("kms:GenerateDataKey", input.clone(), "CiphertextBlob", Some("Plaintext"));
        data_key("kms:GenerateDataKeyWithoutPlaintext", input, "CiphertextBlob", None);
    }
    let (pair, without) = ("kms:GenerateDataKeyPair", "kms:GenerateDataKeyPairWithoutPlaintext");
    for spec in ["RSA_2048", "RSA_4096", "ECC_NIST_P256", "ECC_NIST_P521"] {
        let input = json!({ "KeyPairSpec": spec });
        data_key(pair, input.clone(), "PrivateKeyCiphertextBlob", Some("PrivateKeyPlaintext"));
        data_key(without, input, "PrivateKeyCiphertextBlob", None);
    }
    all
}

#[tokio::test]
async fn whatever_kms_encrypted_opens_in_the_target_without_the_source() {
    let world = World::new();
    let (old, new) = (world.kms_key(&source()), world.kms_key(&target()));
    let (kms, everything) = (kms(&world), everything(&world, &old));
    let reencrypt = Reencrypt::new(kms.decryptor(&old), kms.encryptor(&new)).comparing();
    let mut done = Vec::new();
    for (kind, ciphertext, plaintext) in &everything {
        let item = reencrypt.item(ciphertext).await.expect("an item");
        assert_eq!((item.source_key.as_ref(), item.target_key.as_ref()), (Some(&old), Some(&new)), "{kind}");
        assert_eq!((&item.source_context, &item.context), (&ciphertext.context, &ciphertext.context), "{kind}");
        done.push((kind, Ciphertext::new(item.bytes, item.context), plaintext));
    }
    let ledger = world.ledger();
    for (action, times) in [("kms:Decrypt", 2), ("kms:Encrypt", 1), ("*", 3)] {
        assert_eq!(ledger.count_requests(action), times * everything.len(), "{action}");
    }
    let allowed = [kms.decryptor(&old).permissions(), kms.encryptor(&new).permissions()].concat();
    let end = |permission: &regionmig_core::Permission| {
        if permission.place == Side::Source.into() { source() } else { target() }
    };
    let allowed = allowed.iter().map(|permission| (end(permission), permission.action.clone())).collect();
    assert_eq!(ledger.actions(), allowed);
    world.disable_region(&source());
    for (kind, ciphertext, plaintext) in &done {
        assert_eq!(&opened(&world, &new, ciphertext), *plaintext, "{kind}");
    }
    println!("shown: reencrypt_kinds {} ciphertexts of Encrypt and of four GenerateDataKey calls", done.len());
}

#[tokio::test]
async fn no_other_context_and_no_other_key_opens_an_item() {
    let world = World::new();
    let (old, new, other) = (world.kms_key(&source()), world.kms_key(&target()), world.kms_key(&source()));
    let (kms, item) = (kms(&world), encrypted(&world, &old, b"plaintext", context()));
    let reencrypt = |key: &KeyArn| Reencrypt::new(kms.decryptor(key), kms.encryptor(&new));

    let without = Ciphertext::new(item.bytes.clone(), EncryptionContext::new());
    let error = reencrypt(&old).item(&without).await.expect_err("another context");
    assert_eq!((error.kind(), error.code()), (ErrorKind::Invalid, Some("InvalidCiphertextException")));
    assert!(chain(&error).contains("encryption context must be exactly"), "{}", chain(&error));

    // KMS could find the right key by itself. It is not let.
    let error = reencrypt(&other).item(&item).await.expect_err("another key");
    assert_eq!((error.kind(), error.code()), (ErrorKind::Invalid, Some("IncorrectKeyException")));
    assert_eq!((error.end(), error.action()), (Some(&source()), Some("kms:Decrypt")));
    assert_eq!((world.ledger().count_requests("kms:Decrypt"), world.ledger().count_requests("kms:Encrypt")), (2, 0));
}

#[tokio::test]
async fn the_answer_of_another_key_is_refused() {
    let world = World::new();
    let (key, other) = (world.kms_key(&source()), world.kms_key(&source()));
    let answer = json!({ "KeyId": other, "Plaintext": base64(b"plaintext"), "CiphertextBlob": base64(b"ciphertext") });
    let _plugged = world.plug("kms", move |_, (): &mut ()| Ok(answer.clone()));
    let (kms, item) = (kms(&world), Ciphertext::new(b"ciphertext".as_slice(), context()));
    let error = kms.decryptor(&key).decrypt(&item).await.err().expect("another key");
    assert_eq!(error.kind(), ErrorKind::Unexpected, "{error}");
    assert!(error.to_string().contains(other.as_str()) && error.to_string().contains(key.as_str()), "{error}");
    let opens_own = kms.decryptor(&other).decrypt(&item).await.is_ok();
    assert!(opens_own, "the named key's own answer is taken");
    let reencrypt = Reencrypt::new(kms.decryptor(&other), kms.encryptor(&key));
    assert_eq!(reencrypt.item(&item).await.expect_err("another key").kind(), ErrorKind::Unexpected);
}
