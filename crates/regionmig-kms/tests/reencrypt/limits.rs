//! Asymmetric keys, and how much a key of each kind takes: what it does not take is never sent.
// REQ: KMS-15

use regionmig_core::reencrypt::{Ciphertext, Decrypt, Encrypt, EncryptionContext, Reencrypt};
use regionmig_core::{End, ErrorKind, KeyArn, Secret};
use regionmig_kms::EncryptionAlgorithm;
use regionmig_testkit::World;

use crate::account::{context, encrypted, kms, opened, source, target};

const OAEP: [(EncryptionAlgorithm, usize); 2] =
    [(EncryptionAlgorithm::RsaesOaepSha1, 42), (EncryptionAlgorithm::RsaesOaepSha256, 66)];

fn rsa(world: &World, end: &End, spec: &str) -> KeyArn {
    world.kms(end).spec(spec).usage("ENCRYPT_DECRYPT").make()
}

#[tokio::test]
async fn rsa_keys_take_all_that_fits_by_either_algorithm() {
    let (world, none) = (World::new(), EncryptionContext::new());
    let (symmetric, kms) = (world.kms_key(&target()), kms(&world));
    let mut shown = 0;
    for (spec, modulus) in [("RSA_2048", 256), ("RSA_4096", 512)] {
        let (old, new) = (rsa(&world, &source(), spec), rsa(&world, &target(), spec));
        for (algorithm, padding) in OAEP {
            let most = modulus - padding;
            let secret = |length: usize| Secret::new(vec![7; length]);
            let encryptor = kms.encryptor(&old).with_algorithm(algorithm).with_spec(spec);
            let made = encryptor.encrypt(&secret(most), &none).await.expect("all that fits");
            let item = Ciphertext::new(made.bytes, none.clone());
            let decryptor = kms.decryptor(&old).with_algorithm(algorithm).with_spec(spec);
            let encryptor = kms.encryptor(&new).with_algorithm(algorithm).with_spec(spec);
            let there =
                Reencrypt::new(decryptor.clone(), encryptor.clone()).comparing().item(&item).await.expect("an item");
            let there = Ciphertext::new(there.bytes, there.context);
            // And on to a symmetric key, which the world opens by its own hand.
            let back = kms.decryptor(&new).with_algorithm(algorithm);
            let last = Reencrypt::new(back, kms.encryptor(&symmetric)).item(&there).await.expect("an item");
            assert_eq!(opened(&world, &symmetric, &Ciphertext::new(last.bytes, none.clone())), vec![7; most]);

            let sent = world.ledger().count_requests("*");
            let error = encryptor.encrypt(&secret(most + 1), &none).await.expect_err("too long");
            let told = error.to_string();
            assert_eq!(error.kind(), ErrorKind::Invalid);
            assert!(told.contains(&(most + 1).to_string()) && told.contains(&format!("at most {most}")), "{told}");
            let error = encryptor.encrypt(&secret(1), &context()).await.expect_err("a context that nothing binds");
            assert!(error.to_string().contains("binds no encryption context"), "{error}");
            let short = Ciphertext::new(&there.bytes[1..], none.clone());
            assert_eq!(decryptor.decrypt(&short).await.err().expect("too short").kind(), ErrorKind::Invalid);
            assert_eq!(world.ledger().count_requests("*"), sent, "nothing of this is sent");

            let (other, _) = OAEP[usize::from(algorithm == OAEP[0].0)];
            let error =
                kms.decryptor(&new).with_algorithm(other).decrypt(&there).await.err().expect("another algorithm");
            assert_eq!(error.code(), Some("InvalidCiphertextException"));
            shown += 1;
        }
    }
    println!(
        "shown: reencrypt_rsa {shown} of RSA 2048 and 4096 by both algorithms, each at its limit and one byte above"
    );
}

#[tokio::test]
async fn what_a_symmetric_key_cannot_take_is_never_sent() {
    let world = World::new();
    let (old, new) = (world.kms_key(&source()), world.kms_key(&target()));
    let kms = kms(&world);
    for length in [0, 4097] {
        let error =
            kms.encryptor(&new).encrypt(&Secret::new(vec![1; length]), &context()).await.expect_err("no length");
        assert!(error.kind() == ErrorKind::Invalid && error.to_string().contains("4096"), "{error}");
    }
    for length in [0, 6145] {
        let item = Ciphertext::new(vec![1; length], context());
        let error = kms.decryptor(&old).decrypt(&item).await.err().expect("no length");
        assert!(error.to_string().contains(&length.to_string()) && error.to_string().contains("6144"), "{error}");
    }
    assert_eq!(world.ledger().count_requests("*"), 0);
    let largest = encrypted(&world, &old, &[9; 4096], context());
    let item = Reencrypt::new(kms.decryptor(&old), kms.encryptor(&new)).item(&largest).await.expect("an item");
    assert_eq!(opened(&world, &new, &Ciphertext::new(item.bytes, item.context)), [9; 4096]);
}

#[tokio::test]
async fn without_a_spec_kms_says_what_its_smaller_key_does_not_take() {
    let (world, none) = (World::new(), EncryptionContext::new());
    let key = rsa(&world, &target(), "RSA_2048");
    let encryptor = kms(&world).encryptor(&key).with_algorithm(EncryptionAlgorithm::RsaesOaepSha256);
    let sent = |world: &World| world.ledger().count_requests("kms:Encrypt");
    let error = encryptor.encrypt(&Secret::new(vec![1; 191]), &none).await.expect_err("too long for this one");
    assert_eq!((error.kind(), error.code(), sent(&world)), (ErrorKind::Invalid, Some("ValidationException"), 1));
    let error = encryptor.encrypt(&Secret::new(vec![1; 447]), &none).await.expect_err("too long for any");
    assert_eq!((error.code(), sent(&world)), (None, 1));
}
