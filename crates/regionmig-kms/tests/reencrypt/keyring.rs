//! Data keys of messages: by the keys that were configured, by few requests, and by no key that only the message names.
// REQ: KMS-16, KMS-17, KMS-18

use regionmig_core::reencrypt::EncryptionContext;
use regionmig_core::reencrypt::message::{EncryptedDataKey, KMS_PROVIDER, Keyring, Suite};
use regionmig_core::{Classify, ErrorKind, KeyArn, Secret, Side, chain};
use regionmig_kms::SharingBounds;
use regionmig_testkit::{Fault, World};
use serde_json::json;

use crate::account::{ask, bytes, context, encrypted, kms, seen, source, target};

/// A data key of 32 bytes under `key`, as a message holds it, made by AWS's own hand.
fn data_key(world: &World, key: &KeyArn, context: &EncryptionContext) -> (EncryptedDataKey, Vec<u8>) {
    let answer = ask(world, key, "kms:GenerateDataKey", context, json!({ "NumberOfBytes": 32 }));
    let encrypted = EncryptedDataKey::new(KMS_PROVIDER, key.as_str(), bytes(&answer, "CiphertextBlob"));
    (encrypted, bytes(&answer, "Plaintext"))
}

const SUITE: Suite = Suite::CommittingSigned;

#[tokio::test]
async fn what_a_keyring_makes_each_of_its_keys_opens() {
    let world = World::new();
    let (new, old) = (world.kms_key(&target()), world.kms_key(&source()));
    let keyring = kms(&world).esdk(&new).and(&old);
    for suite in Suite::ALL {
        let made = keyring.generate_data_key(suite, &context()).await.expect("a data key");
        assert_eq!(made.plaintext.expose().len(), suite.data_key_length());
        let keys: Vec<_> = made.encrypted.iter().map(|one| (one.provider.as_str(), one.key())).collect();
        assert_eq!(keys, [("aws-kms", Some(new.clone())), ("aws-kms", Some(old.clone()))]);
        for key in [&new, &old] {
            let alone = kms(&world).esdk(key);
            let opened = alone.decrypt_data_key(suite, &context(), &made.encrypted).await.expect("it opens");
            assert_eq!((opened.plaintext.expose(), opened.key.as_ref()), (made.plaintext.expose(), Some(key)));
            let wrong = alone.decrypt_data_key(suite, &EncryptionContext::new(), &made.encrypted).await;
            assert_eq!(wrong.err().expect("another context").code(), Some("InvalidCiphertextException"));
        }
    }
    let plaintext = Secret::new(vec![5; 32]);
    let more = keyring.encrypt_data_key(SUITE, &context(), &plaintext).await.expect("encrypted");
    let opened = kms(&world).esdk(&old).decrypt_data_key(SUITE, &context(), &more[1..]).await.expect("it opens");
    assert_eq!((more.len(), opened.plaintext.expose()), (2, plaintext.expose()));
    let short = keyring.encrypt_data_key(SUITE, &context(), &Secret::new(vec![5; 16])).await;
    assert_eq!(short.expect_err("too short").kind(), ErrorKind::Invalid);

    let (read, written) = (keyring.permissions(Side::Source), keyring.permissions(Side::Target));
    let actions = |all: Vec<regionmig_core::Permission>| {
        all.into_iter().map(|one| (one.action, one.resource)).collect::<Vec<_>>()
    };
    let on = |action: &str, key: &KeyArn| (action.to_owned(), key.to_string());
    assert_eq!(actions(read), [on("kms:Decrypt", &new), on("kms:Decrypt", &old)]);
    let both = [on("kms:Decrypt", &new), on("kms:Decrypt", &old)];
    assert_eq!(actions(written), [[on("kms:GenerateDataKey", &new), on("kms:Encrypt", &old)], both].concat());
}

#[tokio::test]
async fn a_key_that_only_the_message_names_is_never_asked() {
    let world = World::new();
    let key = world.kms_key(&source());
    let strangers = "444455556666/me-central-1".parse().expect("an end");
    let (foreign, plain) = (world.kms_key(&strangers), world.kms_key(&source()));
    let (own, plaintext) = data_key(&world, &key, &context());
    let mut encrypted: Vec<_> = [&foreign, &plain].map(|key| data_key(&world, key, &context()).0).into();
    // Named as others: another region's, another account's, an alias, another provider's, no text.
    let key_elsewhere = key.in_region(&target().region).expect("one partition");
    for (provider, info) in [
        (KMS_PROVIDER, key_elsewhere.as_str().as_bytes().to_vec()),
        (KMS_PROVIDER, b"arn:aws:kms:me-central-1:111122223333:alias/own".to_vec()),
        ("aws-kms-hierarchy", key.as_str().as_bytes().to_vec()),
        ("raw", b"\xff\x00".to_vec()),
    ] {
        encrypted.push(EncryptedDataKey::new(provider, info, own.ciphertext.clone()));
    }
    let (keyring, seen) = (kms(&world).esdk(&key), seen(&world));
    let error = keyring.decrypt_data_key(SUITE, &context(), &encrypted).await.err().expect("none of its own");
    assert_eq!((error.kind(), seen.lock().expect("no panic").len()), (ErrorKind::Invalid, 0));
    let told = chain(&error);
    for named in [&foreign, &plain, &key] {
        assert!(told.contains(named.as_str()), "{told}");
    }
    encrypted.push(own);
    let opened = keyring.decrypt_data_key(SUITE, &context(), &encrypted).await.expect("the last one");
    assert_eq!((opened.plaintext.expose(), seen.lock().expect("no panic").len()), (&plaintext, 1));
    assert!(seen.lock().expect("no panic").iter().all(|call| call.text("KeyId") == Some(key.as_str())));
    println!("shown: reencrypt_foreign {} foreign data keys, 0 requests for them", encrypted.len() - 1);
}

#[tokio::test]
async fn a_related_multi_region_key_opens_in_its_own_region() {
    let world = World::new();
    let primary = world.kms(&source()).replica_in(&target().region).make();
    let replica = primary.in_region(&target().region).expect("one partition");
    let (of_source, plaintext) = data_key(&world, &primary, &context());
    world.disable_region(&source());
    let seen = seen(&world);
    let keyring = kms(&world).esdk(&replica);
    let opened = keyring.decrypt_data_key(SUITE, &context(), std::slice::from_ref(&of_source)).await.expect("it opens");
    assert_eq!((opened.plaintext.expose(), opened.key.as_ref()), (&plaintext, Some(&replica)));
    let calls = seen.lock().expect("no panic").clone();
    assert_eq!((calls.len(), &calls[0].end, calls[0].text("KeyId")), (1, &target(), Some(replica.as_str())));
    // The same id in another account is no relation.
    let stranger: KeyArn = replica.as_str().replace("111122223333", "444455556666").parse().expect("an ARN");
    let foreign = EncryptedDataKey::new(KMS_PROVIDER, stranger.as_str(), of_source.ciphertext);
    assert!(keyring.decrypt_data_key(SUITE, &context(), &[foreign]).await.is_err());
    assert_eq!(seen.lock().expect("no panic").len(), 1);
}

#[tokio::test]
async fn a_message_causes_three_requests_at_most() {
    let world = World::new();
    let (key, other) = (world.kms_key(&source()), world.kms_key(&source()));
    let (own, _) = data_key(&world, &key, &context());
    // All named as its own, and under another key.
    let (mut wrong, _) = data_key(&world, &other, &context());
    wrong.info = key.as_str().into();
    let many: Vec<_> = std::iter::repeat_n(wrong, 1000).chain([own.clone()]).collect();
    let keyring = kms(&world).esdk(&key);
    let error = keyring.decrypt_data_key(SUITE, &context(), &many).await.err().expect("too many");
    assert_eq!((error.kind(), error.code()), (ErrorKind::Invalid, Some("IncorrectKeyException")));
    assert_eq!(world.ledger().count_requests("*"), 3);
    assert!(chain(&error).len() < 4000, "{}", chain(&error));
    let opened = keyring.decrypt_data_key(SUITE, &context(), &many[998..]).await;
    assert!(opened.is_ok(), "the third opens");
    println!("shown: reencrypt_hostile_keys {} data keys named as its own, 3 requests", many.len());
}

#[tokio::test]
async fn of_several_failures_the_one_that_passes_counts() {
    let world = World::new();
    let (key, other) = (world.kms_key(&source()), world.kms_key(&target()));
    let encrypted = [&key, &other].map(|key| data_key(&world, key, &context()).0);
    let keyring = kms(&world).esdk(&key).and(&other);
    world.fault(Fault::access_denied("kms:Decrypt").at(&target()));
    world.fault(Fault::unreachable("kms:Decrypt").at(&source()));
    let error = keyring.decrypt_data_key(SUITE, &context(), &encrypted).await.err().expect("neither");
    assert!(error.kind().is_passing(), "{}", chain(&error));
    let swapped = [encrypted[1].clone(), encrypted[0].clone()];
    let error = keyring.decrypt_data_key(SUITE, &context(), &swapped).await.err().expect("neither");
    assert!(error.kind().is_passing(), "{}", chain(&error));
    // One that opens is enough.
    world.clear_faults();
    world.fault(Fault::access_denied("kms:Decrypt").at(&source()));
    let opened = keyring.decrypt_data_key(SUITE, &context(), &encrypted).await.expect("the other opens");
    assert_eq!(opened.key.as_ref(), Some(&other));
}

#[tokio::test]
async fn a_data_key_of_another_length_is_refused() {
    let world = World::new();
    let key = world.kms_key(&source());
    let short = encrypted(&world, &key, &[1; 16], context());
    let short = EncryptedDataKey::new(KMS_PROVIDER, key.as_str(), short.bytes);
    let keyring = kms(&world).esdk(&key);
    let error =
        keyring.decrypt_data_key(SUITE, &context(), std::slice::from_ref(&short)).await.err().expect("too short");
    assert!(chain(&error).contains("16 bytes") && chain(&error).contains("32"), "{}", chain(&error));
    assert!(keyring.decrypt_data_key(Suite::Aes128, &context(), &[short]).await.is_ok());
}

#[tokio::test]
async fn messages_with_one_data_key_share_its_decryption() {
    let world = World::new();
    let key = world.kms_key(&source());
    let (one, plaintext) = data_key(&world, &key, &context());
    let keyring = kms(&world).esdk(&key).sharing(SharingBounds::default());
    for _ in 0..10 {
        let opened = keyring.decrypt_data_key(SUITE, &context(), std::slice::from_ref(&one)).await.expect("it opens");
        assert_eq!(opened.plaintext.expose(), &plaintext);
    }
    assert_eq!(world.ledger().count_requests("kms:Decrypt"), 1);
}
