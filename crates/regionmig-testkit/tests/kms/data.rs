//! The data plane of the world's KMS.

use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::DataKeySpec;
use regionmig_core::End;
use regionmig_testkit::World;
use serde_json::{Value, json};

use crate::support::{arn, blob, call, client, code, days, end, here, key, refused, sdk_code, state};

async fn encrypt(kms: &Client, key: &str, plaintext: &[u8], context: &[(&str, &str)]) -> Blob {
    let mut ask = kms.encrypt().key_id(key).plaintext(Blob::new(plaintext));
    for (name, value) in context {
        ask = ask.encryption_context(*name, *value);
    }
    ask.send().await.unwrap().ciphertext_blob.unwrap()
}

async fn decrypt(kms: &Client, ciphertext: Blob, context: &[(&str, &str)]) -> Result<Vec<u8>, String> {
    let mut ask = kms.decrypt().ciphertext_blob(ciphertext);
    for (name, value) in context {
        ask = ask.encryption_context(*name, *value);
    }
    match ask.send().await {
        Ok(answer) => Ok(answer.plaintext.unwrap().into_inner()),
        failed => Err(sdk_code(failed)),
    }
}

#[tokio::test]
async fn a_ciphertext_knows_its_key_and_opens_with_its_context_only() {
    let (world, here) = (World::new(), here());
    let (kms, id) = (client(&world, &here), key(&world, &here));
    let (context, turned) = ([("a", "1"), ("b", "2")], [("b", "2"), ("a", "1")]);
    let sealed = encrypt(&kms, &id, b"secret", &context).await;
    assert!(!sealed.as_ref().windows(6).any(|window| window == b"secret"));
    assert_eq!(decrypt(&kms, sealed.clone(), &turned).await.unwrap(), b"secret");
    for wrong in [
        &[][..],
        &[("a", "1")],
        &[("a", "1"), ("b", "3")],
        &[("a", "1"), ("b", "2"), ("c", "")],
        &[("a1", ""), ("b", "2")],
    ] {
        assert_eq!(
            decrypt(&kms, sealed.clone(), wrong).await,
            Err("InvalidCiphertextException".to_owned()),
            "{wrong:?}"
        );
    }
    let plain = encrypt(&kms, &id, b"secret", &[]).await;
    assert_eq!(decrypt(&kms, plain, &[]).await.unwrap(), b"secret");
    // No two are alike.
    assert_ne!(encrypt(&kms, &id, b"secret", &[]).await, encrypt(&kms, &id, b"secret", &[]).await);
}

#[tokio::test]
async fn no_bit_of_a_ciphertext_can_be_changed() {
    let (world, here) = (World::new(), here());
    let (kms, id) = (client(&world, &here), key(&world, &here));
    let sealed = encrypt(&kms, &id, b"secret", &[]).await.into_inner();
    for place in 0..sealed.len() {
        let mut broken = sealed.clone();
        broken[place] ^= 1;
        let input = json!({ "CiphertextBlob": blob(&broken) });
        assert_eq!(
            refused(&world, &here, "Decrypt", input),
            ("InvalidCiphertextException".into(), String::new()),
            "{place}"
        );
    }
    for length in 1..sealed.len() {
        let input = json!({ "CiphertextBlob": blob(&sealed[..length]) });
        assert_eq!(code(&world, &here, "Decrypt", input), "InvalidCiphertextException", "{length}");
    }
}

#[tokio::test]
async fn the_wrong_key_is_named_as_such() {
    let (world, here) = (World::new(), here());
    let kms = client(&world, &here);
    let (one, two) = (key(&world, &here), key(&world, &here));
    call(&world, &here, "CreateAlias", json!({ "AliasName": "alias/one", "TargetKeyId": one }));
    let sealed = encrypt(&kms, "alias/one", b"x", &[]).await;
    let with = |key: &str| kms.decrypt().key_id(key).ciphertext_blob(sealed.clone()).send();
    for name in [one.as_str(), "alias/one", &arn(&here, &one)] {
        assert_eq!(with(name).await.unwrap().key_id.unwrap(), arn(&here, &one));
    }
    assert_eq!(sdk_code(with(&two).await), "IncorrectKeyException");
    let hmac = world.kms(&here).spec("HMAC_256").make();
    assert_eq!(sdk_code(with(hmac.as_str()).await), "IncorrectKeyException");
    let message = "The key ID in the request does not identify a CMK that can perform this operation.";
    let input = json!({ "KeyId": two, "CiphertextBlob": blob(&sealed) });
    assert_eq!(refused(&world, &here, "Decrypt", input).1, message);
}

#[tokio::test]
async fn a_single_region_ciphertext_opens_in_its_region_only() {
    let (world, here, there) = (World::new(), here(), end("us-east-1"));
    let id = key(&world, &here);
    let sealed = encrypt(&client(&world, &here), &id, b"x", &[]).await;
    assert_eq!(decrypt(&client(&world, &there), sealed.clone(), &[]).await, Err("AccessDeniedException".to_owned()));
    let other = key(&world, &there);
    let with = client(&world, &there).decrypt().key_id(other).ciphertext_blob(sealed).send().await;
    assert_eq!(sdk_code(with), "IncorrectKeyException");
}

#[tokio::test]
async fn four_kibibytes_are_the_most() {
    let (world, here) = (World::new(), here());
    let (kms, id) = (client(&world, &here), key(&world, &here));
    let most = vec![7; 4096];
    let sealed = encrypt(&kms, &id, &most, &[("k", "v")]).await;
    assert_eq!(decrypt(&kms, sealed, &[("k", "v")]).await.unwrap(), most);
    let more = kms.encrypt().key_id(&id).plaintext(Blob::new(vec![7; 4097])).send().await;
    assert_eq!(sdk_code(more), "ValidationException");
}

#[tokio::test]
async fn data_keys_open_to_what_they_are() {
    let (world, here) = (World::new(), here());
    let (kms, id) = (client(&world, &here), key(&world, &here));
    let made = kms.generate_data_key().key_id(&id).key_spec(DataKeySpec::Aes256).send().await.unwrap();
    let plaintext = made.plaintext.unwrap().into_inner();
    assert_eq!((plaintext.len(), made.key_id.unwrap()), (32, arn(&here, &id)));
    let opened = kms.decrypt().ciphertext_blob(made.ciphertext_blob.unwrap()).send().await.unwrap();
    assert_eq!((opened.plaintext.unwrap().into_inner(), opened.key_material_id), (plaintext, made.key_material_id));
    let bare = kms.generate_data_key_without_plaintext().key_id(&id).number_of_bytes(17).send().await.unwrap();
    assert_eq!(decrypt(&kms, bare.ciphertext_blob.unwrap(), &[]).await.unwrap().len(), 17);
    let short = kms.generate_data_key().key_id(&id).key_spec(DataKeySpec::Aes128).send().await.unwrap();
    assert_eq!(short.plaintext.unwrap().as_ref().len(), 16);
    for input in [json!({ "KeyId": id }), json!({ "KeyId": id, "KeySpec": "AES_256", "NumberOfBytes": 32 })] {
        assert_eq!(code(&world, &here, "GenerateDataKey", input), "ValidationException");
    }
    let random = kms.generate_random().number_of_bytes(91).send().await.unwrap();
    assert_eq!(random.plaintext.unwrap().as_ref().len(), 91);
    assert_eq!(refused(&world, &here, "GenerateRandom", json!({})).1, "NumberOfBytes is required.");
}

#[tokio::test]
async fn re_encryption_changes_key_and_context_and_looks_at_both() {
    let (world, here) = (World::new(), here());
    let kms = client(&world, &here);
    let (one, two) = (key(&world, &here), key(&world, &here));
    let sealed = encrypt(&kms, &one, b"x", &[("a", "1")]).await;
    let ask = || {
        let ask = kms.re_encrypt().ciphertext_blob(sealed.clone()).destination_key_id(&two);
        ask.destination_encryption_context("b", "2")
    };
    let done = ask().source_encryption_context("a", "1").send().await.unwrap();
    assert_eq!(
        (done.source_key_id.as_deref(), done.key_id.as_deref()),
        (Some(arn(&here, &one).as_str()), Some(arn(&here, &two).as_str()))
    );
    let moved = done.ciphertext_blob.unwrap();
    assert_eq!(decrypt(&kms, moved.clone(), &[("b", "2")]).await.unwrap(), b"x");
    assert_eq!(decrypt(&kms, moved, &[("a", "1")]).await, Err("InvalidCiphertextException".to_owned()));
    assert_eq!(sdk_code(ask().send().await), "InvalidCiphertextException");
    let wrong = ask().source_encryption_context("a", "1").source_key_id(&two).send().await;
    assert_eq!(sdk_code(wrong), "IncorrectKeyException");
    let used: Vec<_> = world.kms_keys(&here).iter().map(|key| key.last_used).collect();
    assert!(used.iter().all(Option::is_some));
    call(&world, &here, "DisableKey", json!({ "KeyId": one }));
    assert_eq!(sdk_code(ask().source_encryption_context("a", "1").send().await), "DisabledException");
}

#[tokio::test]
async fn a_key_out_of_service_opens_nothing() {
    let (world, here) = (World::new(), here());
    let (kms, id) = (client(&world, &here), key(&world, &here));
    let sealed = encrypt(&kms, &id, b"x", &[]).await;
    call(&world, &here, "DisableKey", json!({ "KeyId": id }));
    assert_eq!(decrypt(&kms, sealed.clone(), &[]).await, Err("DisabledException".to_owned()));
    call(&world, &here, "EnableKey", json!({ "KeyId": id }));
    assert_eq!(decrypt(&kms, sealed.clone(), &[]).await.unwrap(), b"x");
    call(&world, &here, "ScheduleKeyDeletion", json!({ "KeyId": id, "PendingWindowInDays": 7 }));
    assert_eq!(decrypt(&kms, sealed.clone(), &[]).await, Err("KMSInvalidStateException".to_owned()));
    call(&world, &here, "CancelKeyDeletion", json!({ "KeyId": id }));
    assert_eq!(
        (state(&world, &here, &id).as_str(), decrypt(&kms, sealed.clone(), &[]).await),
        ("Disabled", Err("DisabledException".to_owned()))
    );
    call(&world, &here, "ScheduleKeyDeletion", json!({ "KeyId": id, "PendingWindowInDays": 7 }));
    world.clock().advance(days(7));
    assert_eq!(decrypt(&kms, sealed, &[]).await, Err("AccessDeniedException".to_owned()));
}

#[tokio::test]
async fn old_ciphertexts_open_after_rotation() {
    let (world, here) = (World::new(), here());
    let id = world.kms(&here).rotation(90).make().id().to_owned();
    let kms = client(&world, &here);
    let old = encrypt(&kms, &id, b"old", &[]).await;
    world.clock().advance(days(400));
    let new = encrypt(&kms, &id, b"new", &[]).await;
    let open = |sealed: Blob| kms.decrypt().ciphertext_blob(sealed).send();
    let (old, new) = (open(old).await.unwrap(), open(new).await.unwrap());
    assert_eq!((old.plaintext.unwrap().as_ref(), new.plaintext.unwrap().as_ref()), (&b"old"[..], &b"new"[..]));
    assert_ne!(old.key_material_id, new.key_material_id);
}

#[tokio::test]
async fn a_dry_run_checks_everything_and_does_nothing() {
    let (world, here) = (World::new(), here());
    let (kms, id) = (client(&world, &here), key(&world, &here));
    let sealed = encrypt(&kms, &id, b"x", &[("a", "1")]).await;
    let before = world.kms_keys(&here);
    world.clock().advance(days(1));
    let dry = "DryRunOperationException";
    assert_eq!(sdk_code(kms.encrypt().key_id(&id).plaintext(Blob::new("x")).dry_run(true).send().await), dry);
    assert_eq!(sdk_code(kms.generate_data_key().key_id(&id).number_of_bytes(1).dry_run(true).send().await), dry);
    let open = || kms.decrypt().ciphertext_blob(sealed.clone()).dry_run(true);
    assert_eq!(sdk_code(open().encryption_context("a", "1").send().await), dry);
    assert_eq!(sdk_code(open().send().await), "InvalidCiphertextException");
    let moved =
        kms.re_encrypt().ciphertext_blob(sealed.clone()).source_encryption_context("a", "1").destination_key_id(&id);
    assert_eq!(sdk_code(moved.dry_run(true).send().await), dry);
    let ignoring = json!({ "KeyId": id, "DryRun": true, "DryRunModifiers": ["IGNORE_CIPHERTEXT"] });
    let message = "The request would have succeeded, but the DryRun option is set.";
    assert_eq!(refused(&world, &here, "Decrypt", ignoring), (dry.into(), message.into()));
    for modifiers in [
        json!({ "KeyId": id, "DryRunModifiers": ["IGNORE_CIPHERTEXT"] }),
        json!({ "DryRun": true, "DryRunModifiers": ["IGNORE_CIPHERTEXT"] }),
    ] {
        assert_eq!(code(&world, &here, "Decrypt", modifiers), "ValidationException");
    }
    assert_eq!(world.kms_keys(&here), before);
    call(&world, &here, "DisableKey", json!({ "KeyId": id }));
    let disabled = kms.encrypt().key_id(&id).plaintext(Blob::new("x")).dry_run(true).send().await;
    assert_eq!(sdk_code(disabled), "DisabledException");
}

#[test]
fn keys_of_other_kinds_say_what_they_cannot_do() {
    let (world, here) = (World::new(), here());
    let signing = world.kms(&here).spec("RSA_2048").usage("SIGN_VERIFY").make();
    let encrypt = |key: &str| refused(&world, &here, "Encrypt", json!({ "KeyId": key, "Plaintext": "AAAA" }));
    let message = format!("{signing} key usage is SIGN_VERIFY which is not valid for Encrypt.");
    assert_eq!(encrypt(signing.as_str()), ("InvalidKeyUsageException".into(), message));
    let rsa = world.kms(&here).spec("RSA_2048").usage("ENCRYPT_DECRYPT").make();
    let message = "Algorithm SYMMETRIC_DEFAULT is incompatible with key spec RSA_2048.";
    assert_eq!(encrypt(rsa.as_str()), ("InvalidKeyUsageException".into(), message.into()));
    // This would work at AWS: it is not carried here, and says so.
    let chinese = end("cn-north-1");
    let sm2 = world.kms(&chinese).spec("SM2").usage("ENCRYPT_DECRYPT").make();
    let input = json!({ "KeyId": sm2, "Plaintext": "AAAA", "EncryptionAlgorithm": "SM2PKE" });
    assert_eq!(code(&world, &chinese, "Encrypt", input), "NotInThisWorld");
    let symmetric =
        json!({ "KeyId": key(&world, &here), "Plaintext": "AAAA", "EncryptionAlgorithm": "RSAES_OAEP_SHA_1" });
    assert_eq!(code(&world, &here, "Encrypt", symmetric), "InvalidKeyUsageException");
    let imported = world.kms(&here).imported(true).make();
    let sealed = call(&world, &here, "Encrypt", json!({ "KeyId": imported, "Plaintext": "AAAA" }));
    let opened = call(&world, &here, "Decrypt", json!({ "CiphertextBlob": sealed["CiphertextBlob"] }));
    assert_eq!(opened["Plaintext"], json!("AAAA"));
}

#[test]
fn a_grant_token_must_be_one() {
    let (world, here) = (World::new(), here());
    let id = key(&world, &here);
    let grant = json!({ "KeyId": id, "GranteePrincipal": "111122223333", "Operations": ["Encrypt"] });
    let token = call(&world, &here, "CreateGrant", grant)["GrantToken"].clone();
    call(&world, &here, "Encrypt", json!({ "KeyId": id, "Plaintext": "AAAA", "GrantTokens": [token] }));
    let wrong = json!({ "KeyId": id, "Plaintext": "AAAA", "GrantTokens": ["token"] });
    assert_eq!(code(&world, &here, "Encrypt", wrong), "InvalidGrantTokenException");
}

/// Asks another account for a key of this one's.
fn abroad(world: &World, operation: &str, input: Value) -> Result<Value, String> {
    let there: End = "444455556666/eu-central-1".parse().unwrap();
    world.ask(&there, &format!("kms:{operation}"), input).map_err(|refusal| refusal.code)
}

#[test]
fn another_account_opens_what_it_is_allowed_to() {
    let (world, here) = (World::new(), here());
    let id = key(&world, &here);
    let sealed = call(&world, &here, "Encrypt", json!({ "KeyId": id, "Plaintext": "AAAA" }))["CiphertextBlob"].clone();
    let input = json!({ "CiphertextBlob": sealed });
    let denied = Err("AccessDeniedException".to_owned());
    assert_eq!(abroad(&world, "Decrypt", input.clone()), denied);
    let grant = |grantee: &str, operation: &str| {
        let input = json!({ "KeyId": id, "GranteePrincipal": grantee, "Operations": [operation] });
        call(&world, &here, "CreateGrant", input);
    };
    grant("arn:aws:iam::444455556666:role/other", "Decrypt");
    grant("444455556666", "Encrypt");
    assert_eq!(abroad(&world, "Decrypt", input.clone()), denied);
    grant("444455556666", "Decrypt");
    let opened = abroad(&world, "Decrypt", input).unwrap();
    assert_eq!((&opened["Plaintext"], &opened["KeyId"]), (&json!("AAAA"), &json!(arn(&here, &id))));
}

#[test]
fn re_encryption_needs_leave_of_both_keys_by_its_own_names() {
    let (world, here) = (World::new(), here());
    let (source, target) = (key(&world, &here), key(&world, &here));
    let sealed =
        call(&world, &here, "Encrypt", json!({ "KeyId": source, "Plaintext": "AAAA" }))["CiphertextBlob"].clone();
    let input = json!({ "CiphertextBlob": sealed, "DestinationKeyId": arn(&here, &target) });
    let denied = Err("AccessDeniedException".to_owned());
    for (key, operation) in
        [(&source, "ReEncryptTo"), (&target, "ReEncryptFrom"), (&target, "ReEncryptTo"), (&source, "ReEncryptFrom")]
    {
        assert_eq!(abroad(&world, "ReEncrypt", input.clone()), denied, "before {operation}");
        let grant = json!({ "KeyId": key, "GranteePrincipal": "444455556666", "Operations": [operation] });
        call(&world, &here, "CreateGrant", grant);
    }
    assert_eq!(abroad(&world, "ReEncrypt", input).unwrap()["KeyId"], json!(arn(&here, &target)));
}

#[test]
fn enclaves_are_refused_by_name() {
    let (world, here) = (World::new(), here());
    let id = key(&world, &here);
    let sealed = call(&world, &here, "Encrypt", json!({ "KeyId": id, "Plaintext": "AAAA" }))["CiphertextBlob"].clone();
    for (operation, mut input) in [
        ("Decrypt", json!({ "CiphertextBlob": sealed })),
        ("GenerateDataKey", json!({ "KeyId": id, "KeySpec": "AES_256" })),
        ("GenerateRandom", json!({ "NumberOfBytes": 1 })),
    ] {
        input["Recipient"] = json!({ "KeyEncryptionAlgorithm": "RSAES_OAEP_SHA_256" });
        assert_eq!(code(&world, &here, operation, input), "NotInThisWorld", "{operation}");
    }
}
