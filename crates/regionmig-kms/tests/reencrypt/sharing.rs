//! One decryption for all who ask for the same: counted by requests, within its bounds.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use regionmig_core::reencrypt::{Ciphertext, Decrypt, EncryptionContext, Reencrypt};
use regionmig_core::{Classify, ErrorKind, KeyArn};
use regionmig_kms::{SharedDecryptor, SharingBounds};
use regionmig_testkit::{Fault, World};

use crate::account::{context, encrypted, kms, opened, source, target};

const MINUTE: Duration = Duration::from_secs(60);

fn shared(world: &World, bounds: SharingBounds) -> (KeyArn, SharedDecryptor) {
    let key = world.kms_key(&source());
    let decryptor = kms(world).decryptor(&key).sharing(bounds);
    (key, decryptor)
}

fn decrypted(world: &World) -> usize {
    world.ledger().count_requests("kms:Decrypt")
}

async fn opens(decryptor: &SharedDecryptor, item: &Ciphertext) -> Vec<u8> {
    decryptor.decrypt(item).await.expect("its plaintext").plaintext.expose().clone()
}

#[tokio::test]
async fn who_asks_for_the_same_at_once_shares_one_request() {
    let world = World::new();
    let (old, shared) = shared(&world, SharingBounds::default());
    let (new, other) = (world.kms_key(&target()), context().with("table", "other"));
    world.fault(Fault::latency("kms:Decrypt", Duration::from_secs(1)));
    let items = [encrypted(&world, &old, b"first", context()), encrypted(&world, &old, b"second", other)];
    let reencrypt = Reencrypt::new(shared.clone(), kms(&world).encryptor(&new));
    let all = join_all((0..100).map(|number| reencrypt.item(&items[number % 2]))).await;
    for (number, item) in all.into_iter().enumerate() {
        let item = item.expect("an item");
        assert_eq!(
            opened(&world, &new, &Ciphertext::new(item.bytes, item.context)),
            [&b"first"[..], b"second"][number % 2]
        );
    }
    assert_eq!((decrypted(&world), world.ledger().count_requests("kms:Encrypt")), (2, 100));
    // The same ciphertext with another context is another thing, and never opened by what is kept.
    let wrong = Ciphertext::new(items[0].bytes.clone(), EncryptionContext::new());
    assert_eq!(shared.decrypt(&wrong).await.err().expect("another context").kind(), ErrorKind::Invalid);
    assert_eq!(decrypted(&world), 3);
    println!("shown: reencrypt_sharing 100 items of 2 ciphertexts, 2 Decrypt");
}

#[tokio::test]
async fn nothing_is_given_out_beyond_its_age() {
    let world = World::new();
    let (key, shared) = shared(&world, SharingBounds::default().age(MINUTE));
    let item = encrypted(&world, &key, b"plaintext", context());
    for (wait, requests) in [(0, 1), (59, 1), (1, 2), (59, 2), (60, 3)] {
        world.clock().advance(Duration::from_secs(wait));
        assert_eq!(
            (opens(&shared, &item).await, decrypted(&world)),
            (b"plaintext".to_vec(), requests),
            "after {wait} s"
        );
    }
}

#[tokio::test]
async fn no_more_is_kept_than_the_bounds_say() {
    let world = World::new();
    // So many plaintexts of ten bytes are kept by each, the youngest.
    for (bounds, kept) in [
        (SharingBounds::default().entries(3), 3),
        (SharingBounds::default().bytes(49), 4),
        (SharingBounds::default().bytes(50).entries(9), 5),
        (SharingBounds::default().entries(0), 0),
        (SharingBounds::default().bytes(9), 0),
        (SharingBounds::default().age(Duration::ZERO), 0),
    ] {
        let (key, shared) = shared(&world, bounds);
        let items: Vec<_> = (0..8).map(|number| encrypted(&world, &key, &[number; 10], context())).collect();
        for item in &items {
            opens(&shared, item).await;
        }
        let before = decrypted(&world);
        for (number, item) in items.iter().enumerate().skip(8 - kept) {
            assert_eq!(opens(&shared, item).await, [u8::try_from(number).expect("few"); 10]);
        }
        assert_eq!(decrypted(&world), before, "{bounds:?}");
        if kept < 8 {
            opens(&shared, &items[7 - kept]).await;
            assert_eq!(decrypted(&world), before + 1, "{bounds:?}");
        }
    }
}

#[tokio::test]
async fn what_is_too_large_to_be_kept_takes_nobody_elses_place() {
    let world = World::new();
    let (key, shared) = shared(&world, SharingBounds::default().bytes(20));
    let small = [1, 2].map(|byte| encrypted(&world, &key, &[byte; 10], context()));
    let large = encrypted(&world, &key, &[3; 21], context());
    for item in small.iter().chain([&large]) {
        opens(&shared, item).await;
    }
    let before = decrypted(&world);
    for item in &small {
        opens(&shared, item).await;
    }
    assert_eq!(decrypted(&world), before);
}

#[tokio::test]
async fn it_rehearses_and_needs_what_it_shares() {
    let world = World::new();
    let (key, shared) = shared(&world, SharingBounds::default());
    let own = encrypted(&world, &key, b"plaintext", context());
    let other = encrypted(&world, &world.kms_key(&source()), b"plaintext", context());
    assert!(shared.rehearse_decrypt(&own).await.is_ok());
    let refused = shared.rehearse_decrypt(&other).await.expect_err("another key's");
    assert_eq!((Classify::code(&refused), world.ledger().count("*")), (Some("IncorrectKeyException"), 0));
    assert_eq!(shared.permissions(), kms(&world).decryptor(&key).permissions());
    assert_eq!(shared.permissions().len(), 1);
}

#[tokio::test]
async fn a_failure_is_shared_and_not_kept() {
    let world = World::new();
    let (key, shared) = shared(&world, SharingBounds::default());
    let item = encrypted(&world, &key, b"plaintext", context());
    world.fault(Fault::latency("kms:Decrypt", Duration::from_secs(1)));
    world.fault(Fault::access_denied("kms:Decrypt").once());
    let all = join_all((0..10).map(|_| shared.decrypt(&item))).await;
    let errors: Vec<_> = all.into_iter().map(|outcome| outcome.err().expect("denied")).collect();
    assert!(errors.iter().all(|error| error.kind() == ErrorKind::AccessDenied && Arc::ptr_eq(error, &errors[0])));
    assert_eq!(Classify::code(&errors[0]), Some("AccessDeniedException"));
    assert!(format!("{shared:?}").contains("kept: 0, under_way: 0"), "{shared:?}");
    assert_eq!((opens(&shared, &item).await, decrypted(&world)), (b"plaintext".to_vec(), 2));
    assert!(format!("{shared:?}").contains("kept: 1, under_way: 0"), "{shared:?}");
}

#[tokio::test]
async fn who_gives_up_stops_nobody_else() {
    let world = World::new();
    let (key, shared) = shared(&world, SharingBounds::default());
    let item = encrypted(&world, &key, b"plaintext", context());
    world.fault(Fault::latency("kms:Decrypt", Duration::from_secs(5)));
    let (first, second) = (Box::pin(shared.decrypt(&item)), Box::pin(shared.decrypt(&item)));
    let (mut first, mut second) = (first, second);
    // Both are under way; the one that began it goes.
    assert!(futures::poll!(&mut first).is_pending() && futures::poll!(&mut second).is_pending());
    drop(first);
    assert_eq!(second.await.expect("its plaintext").plaintext.expose(), b"plaintext");
    assert_eq!(decrypted(&world), 1);
    // When all are gone, who comes next begins anew.
    world.clock().advance(2 * MINUTE);
    let mut third = Box::pin(shared.decrypt(&item));
    assert!(futures::poll!(&mut third).is_pending());
    drop(third);
    assert!(format!("{shared:?}").contains("under_way: 0"), "{shared:?}");
    assert_eq!(opens(&shared, &item).await, b"plaintext");
}
