//! What would fail is told beforehand, by dry runs only.

use regionmig_core::reencrypt::{Ciphertext, Decrypt, EncryptionContext, Reencrypt};
use regionmig_core::{Classify, ErrorKind, chain};
use regionmig_testkit::{Call, Fault, World};

use crate::account::{context, encrypted, kms, seen, source, target};

fn is_dry(call: &Call) -> bool {
    call.body["DryRun"] == true
}

#[tokio::test]
async fn a_rehearsal_tells_which_items_will_fail_and_why() {
    let world = World::new();
    let (old, other, new) = (world.kms_key(&source()), world.kms_key(&source()), world.kms_key(&target()));
    let good = encrypted(&world, &old, b"a plaintext", context());
    let mut broken = good.clone();
    broken.bytes.last_mut().into_iter().for_each(|byte| *byte ^= 1);
    let items = [
        good.clone(),
        Ciphertext::new(good.bytes, EncryptionContext::new()),
        encrypted(&world, &other, b"of another key", context()),
        broken,
        Ciphertext::new(vec![0; 7000], context()),
        encrypted(&world, &old, b"without", EncryptionContext::new()),
    ];
    let codes = [
        None,
        Some("InvalidCiphertextException"),
        Some("IncorrectKeyException"),
        Some("InvalidCiphertextException"),
        None,
        None,
    ];
    let (kms, seen) = (kms(&world), seen(&world));
    let reencrypt = Reencrypt::new(kms.decryptor(&old), kms.encryptor(&new));
    let mut told = Vec::new();
    for (item, code) in items.iter().zip(codes) {
        let rehearsed = reencrypt.rehearse(item).await;
        assert_eq!(rehearsed.as_ref().err().and_then(Classify::code), code);
        told.push(rehearsed);
    }
    assert_eq!(told.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, false, false, false, true]);
    assert!(told[4].as_ref().is_err_and(|error| chain(error).contains("7000")));
    let dry = seen.lock().expect("no panic").len();
    assert!(seen.lock().expect("no panic").iter().all(is_dry));
    assert_eq!((world.ledger().count("*"), dry), (0, 7), "nothing was executed");

    // In earnest, the same fail by the same.
    for (item, told) in items.iter().zip(told) {
        let done = reencrypt.item(item).await;
        assert_eq!(done.as_ref().err().map(chain_of), told.as_ref().err().map(chain_of));
    }
    println!("shown: reencrypt_rehearsal {} items, 4 told to fail, {dry} requests, all of them dry", items.len());
}

fn chain_of(error: &regionmig_core::reencrypt::ReencryptError) -> (ErrorKind, Option<String>) {
    (error.kind(), error.code().map(str::to_owned))
}

#[tokio::test]
async fn what_the_target_would_refuse_is_told_too() {
    let world = World::new();
    let (old, new) = (world.kms_key(&source()), world.kms_key(&target()));
    let item = encrypted(&world, &old, b"plaintext", context());
    let reencrypt = Reencrypt::new(kms(&world).decryptor(&old), kms(&world).encryptor(&new));
    world.fault(Fault::access_denied("kms:Encrypt").once());
    assert_eq!(reencrypt.rehearse(&item).await.expect_err("denied").kind(), ErrorKind::AccessDenied);
    let disabled = world.kms(&target()).disabled().make();
    let reencrypt = Reencrypt::new(kms(&world).decryptor(&old), kms(&world).encryptor(&disabled));
    assert_eq!(reencrypt.rehearse(&item).await.expect_err("disabled").code(), Some("DisabledException"));
    // Whether what was encrypted opens is asked of the key that shall encrypt it, too.
    world.clear_faults();
    assert_eq!(world.ledger().count("*"), 0);
}

#[tokio::test]
async fn re_encrypting_in_one_region_is_rehearsed_as_well() {
    let world = World::new();
    let old = world.kms(&source()).replica_in(&target().region).make();
    let new = world.kms_key(&target());
    let item = encrypted(&world, &old, b"plaintext", context());
    let (kms, seen) = (kms(&world), seen(&world));
    let reencrypt = Reencrypt::within(kms.reencryptor(&old, &new).expect("one region"));
    reencrypt.rehearse(&item).await.expect("it would succeed");
    let wrong = Ciphertext::new(item.bytes, EncryptionContext::new());
    let error = reencrypt.rehearse(&wrong).await.expect_err("another context");
    assert_eq!(error.code(), Some("InvalidCiphertextException"));
    assert!(seen.lock().expect("no panic").iter().all(is_dry));
    assert_eq!((world.ledger().count("*"), world.ledger().count_requests("kms:ReEncrypt")), (0, 2));
}

#[tokio::test]
async fn whether_the_target_opens_a_result_is_rehearsed_too() {
    let world = World::new();
    let [new, other] = [0; 2].map(|_| world.kms_key(&target()));
    let (kms, seen) = (kms(&world), seen(&world));
    let result = encrypted(&world, &new, b"a plaintext", context());
    assert!(kms.encryptor(&new).rehearse_decrypt(&result).await.is_ok());
    let refused = kms.encryptor(&other).rehearse_decrypt(&result).await.expect_err("another key's");
    assert_eq!(refused.code(), Some("IncorrectKeyException"));
    assert!(seen.lock().expect("no panic").iter().all(is_dry));
}
