//! ReEncrypt in one region: by the replica of a multi-Region key there, and never across.
// REQ: KMS-6, KMS-12

use regionmig_core::reencrypt::{Ciphertext, Decrypt, Exchange, Reencrypt};
use regionmig_core::{Classify, ErrorKind, Side, chain};
use regionmig_kms::EncryptionAlgorithm;
use regionmig_testkit::{Fault, World};

use crate::account::{base64, context, encrypted, kms, opened, seen, source, target};

#[tokio::test]
async fn a_replica_re_encrypts_in_the_target_and_no_plaintext_leaves_kms() {
    let world = World::new();
    let old = world.kms(&source()).replica_in(&target().region).make();
    let (new, replica) = (world.kms_key(&target()), old.in_region(&target().region).expect("one partition"));
    let plaintext = b"a plaintext that stays within KMS";
    let items: Vec<_> = (0..20).map(|_| encrypted(&world, &old, plaintext, context())).collect();
    // The source does not even answer.
    world.disable_region(&source());
    let (kms, seen) = (kms(&world), seen(&world));
    let reencryptor = kms.reencryptor(&old, &new).expect("one region");
    assert_eq!((reencryptor.source(), reencryptor.target()), (&replica, &new));
    let reencrypt = Reencrypt::within(reencryptor.clone());
    let mut done = Vec::new();
    for item in &items {
        let item = reencrypt.item(item).await.expect("an item");
        assert_eq!((item.source_key.as_ref(), item.target_key.as_ref()), (Some(&replica), Some(&new)));
        done.push(Ciphertext::new(item.bytes, item.context));
    }
    {
        let seen = seen.lock().expect("no panic");
        assert_eq!(seen.len(), items.len());
        for call in seen.iter() {
            assert_eq!((call.operation.as_str(), &call.end), ("ReEncrypt", &target()));
            assert_eq!(
                (call.text("SourceKeyId"), call.text("DestinationKeyId")),
                (Some(replica.as_str()), Some(new.as_str()))
            );
            assert!(!call.body.to_string().contains(&base64(plaintext)));
        }
    }
    assert_eq!((world.ledger().count_requests("kms:Decrypt"), world.ledger().count_requests("kms:Encrypt")), (0, 0));
    let allowed = reencryptor.permissions().into_iter().map(|needed| (target(), needed.action)).collect();
    assert_eq!(world.ledger().actions(), allowed);
    assert!(reencryptor.permissions().iter().all(|needed| needed.place == Side::Target.into()));
    assert!(done.iter().all(|item| opened(&world, &new, item) == plaintext));
    // What a client decrypts with the replica.
    let held = kms.decryptor(&replica).decrypt(&items[0]).await.expect("its plaintext");
    assert_eq!(held.plaintext.expose(), plaintext);
    println!("shown: reencrypt_replica {} items by ReEncrypt, 0 Decrypt, the source's region off", done.len());
}

#[tokio::test]
async fn keys_of_two_regions_are_refused_before_any_request() {
    let world = World::new();
    let (old, new) = (world.kms_key(&source()), world.kms_key(&target()));
    let (related, kms) = (world.kms(&target()).multi_region().make(), kms(&world));
    for target in [&new, &related] {
        let error = kms.reencryptor(&old, target).expect_err("two regions");
        let told = error.to_string();
        assert!(error.kind() == ErrorKind::Invalid && told.contains("Kms::decryptor and Kms::encryptor"), "{told}");
    }
    let nowhere = "arn:aws:kms:::key/1234".parse();
    if let Ok(nowhere) = nowhere {
        assert_eq!(kms.reencryptor(&nowhere, &new).expect_err("nowhere").kind(), ErrorKind::Invalid);
        assert_eq!(kms.reencryptor(&new, &nowhere).expect_err("nowhere").kind(), ErrorKind::Invalid);
    }
    let other_partition = "arn:aws-cn:kms:cn-north-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab";
    let other_partition = other_partition.parse().expect("an ARN");
    assert!(kms.reencryptor(&other_partition, &new).is_err());
    assert_eq!(world.ledger().count_requests("*"), 0);
    // A multi-Region key without a replica there is found out by KMS.
    let alone = world.kms(&source()).multi_region().make();
    let item = encrypted(&world, &alone, b"plaintext", context());
    let reencryptor = kms.reencryptor(&alone, &new).expect("one region, for all that is known");
    let error = reencryptor.exchange(&item, &context()).await.expect_err("no replica");
    assert_eq!((error.kind(), error.code()), (ErrorKind::NotFound, Some("NotFoundException")));
}

#[tokio::test]
async fn source_key_and_both_contexts_count() {
    let world = World::new();
    let (old, other, new) = (world.kms_key(&target()), world.kms_key(&target()), world.kms_key(&target()));
    let (kms, item) = (kms(&world), encrypted(&world, &old, b"plaintext", context()));
    let renamed = context().with("table", "people");
    let exchanged = kms.reencryptor(&old, &new).expect("one region").exchange(&item, &renamed).await.expect("an item");
    assert_eq!(opened(&world, &new, &Ciphertext::new(exchanged.encrypted.bytes, renamed.clone())), b"plaintext");

    let wrong = Ciphertext::new(item.bytes.clone(), renamed.clone());
    let error =
        kms.reencryptor(&old, &new).expect("one region").exchange(&wrong, &renamed).await.expect_err("a context");
    assert_eq!((error.kind(), error.code()), (ErrorKind::Invalid, Some("InvalidCiphertextException")));
    let error =
        kms.reencryptor(&other, &new).expect("one region").exchange(&item, &context()).await.expect_err("a key");
    assert_eq!(error.code(), Some("IncorrectKeyException"));
}

#[tokio::test]
async fn a_denial_says_what_it_takes_of_both_keys() {
    let world = World::new();
    let (old, new) = (world.kms_key(&target()), world.kms_key(&target()));
    let item = encrypted(&world, &old, b"plaintext", context());
    world.fault(Fault::access_denied("kms:ReEncrypt"));
    let reencryptor = kms(&world).reencryptor(&old, &new).expect("one region");
    let error = reencryptor.exchange(&item, &context()).await.expect_err("denied");
    let told = chain(&error);
    assert_eq!(error.kind(), ErrorKind::AccessDenied);
    assert!(told.contains(&format!("kms:ReEncryptFrom on {old} and kms:ReEncryptTo on {new}")), "{told}");
}

#[tokio::test]
async fn asymmetric_keys_re_encrypt_by_their_algorithms() {
    let world = World::new();
    let rsa = world.kms(&target()).spec("RSA_2048").usage("ENCRYPT_DECRYPT").make();
    let (symmetric, kms) = (world.kms_key(&target()), kms(&world));
    let item = encrypted(&world, &symmetric, b"plaintext", context());
    let algorithm = EncryptionAlgorithm::RsaesOaepSha256;
    let to_rsa = kms.reencryptor(&symmetric, &rsa).expect("one region").with_target_algorithm(algorithm);
    assert_eq!(to_rsa.exchange(&item, &context()).await.expect_err("nothing binds it").kind(), ErrorKind::Invalid);
    assert_eq!(world.ledger().count_requests("*"), 0);
    let none = regionmig_core::reencrypt::EncryptionContext::new();
    let there = to_rsa.exchange(&item, &none).await.expect("an item").encrypted.bytes;
    let back = kms.reencryptor(&rsa, &symmetric).expect("one region").with_source_algorithm(algorithm);
    let back =
        back.with_source_spec("RSA_2048").exchange(&Ciphertext::new(there, none), &context()).await.expect("an item");
    assert_eq!(opened(&world, &symmetric, &Ciphertext::new(back.encrypted.bytes, context())), b"plaintext");
}
