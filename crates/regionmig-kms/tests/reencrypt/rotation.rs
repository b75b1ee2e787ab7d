//! Whether the old key is shut out of what was encrypted anew.
// REQ: KMS-25

use regionmig_core::reencrypt::{Ciphertext, EncryptionContext, Reencrypt, Reencrypted};
use regionmig_core::{KeyArn, ResourceId, Verdict};
use regionmig_kms::{EncryptionAlgorithm, Kms, check};
use regionmig_testkit::{Fault, World};

use crate::account::{context, encrypted, kms, source, target};

async fn moved(kms: &Kms, item: &Ciphertext, old: &KeyArn, new: &KeyArn) -> Reencrypted {
    Reencrypt::new(kms.decryptor(old), kms.encryptor(new)).item(item).await.expect("an item")
}

#[tokio::test]
async fn the_old_key_opens_nothing_of_the_new() {
    let world = World::new();
    let (old, new) = (world.kms_key(&source()), world.kms_key(&target()));
    let (kms, item) = (kms(&world), encrypted(&world, &old, b"plaintext", context()));
    let shut = moved(&kms, &item, &old, &new).await;
    // Somebody mistook the key.
    let open = moved(&kms, &item, &old, &old).await;
    let results: Vec<_> = (0..30).map(|number| if number == 17 { &open } else { &shut }).collect();
    let named =
        results.iter().enumerate().map(|(number, result)| (ResourceId::new("row", number.to_string()), *result));
    let checks = kms.decryptor(&old).all_shut_out(named, 8).await;
    assert!(checks.iter().all(|check| check.code == check::SOURCE_SHUT_OUT));
    let subjects: Vec<_> = checks.iter().map(|check| check.subject.id().to_owned()).collect();
    assert_eq!(subjects, (0..30).map(|number| number.to_string()).collect::<Vec<_>>());
    let failed: Vec<_> = checks.iter().filter(|check| check.verdict != Verdict::Pass).collect();
    assert_eq!((failed.len(), failed[0].subject.id(), failed[0].verdict), (1, "17", Verdict::Fail));
    assert!(failed[0].message.contains("still opens it"), "{}", failed[0]);

    // What could not be tried is not known.
    world.fault(Fault::access_denied("kms:Decrypt").once());
    let check = kms.decryptor(&old).shut_out(ResourceId::new("row", "1"), &shut).await;
    assert_eq!(check.verdict, Verdict::Unknown, "{check}");
    // Nor is what KMS takes for no ciphertext at all: a wrong context looks the same.
    let mut torn = shut.clone();
    torn.context = EncryptionContext::new();
    torn.bytes.truncate(4);
    let check = kms.decryptor(&old).shut_out(ResourceId::new("row", "1"), &torn).await;
    assert_eq!(check.verdict, Verdict::Unknown, "{check}");
    assert!(check.message.contains("the answer does not say"), "{check}");
    println!("shown: reencrypt_shut_out {} tried, 1 still open", checks.len());
}

#[tokio::test]
async fn a_related_key_is_not_shut_out() {
    let world = World::new();
    let old = world.kms(&source()).replica_in(&target().region).make();
    let new = old.in_region(&target().region).expect("one partition");
    let (kms, item) = (kms(&world), encrypted(&world, &old, b"plaintext", context()));
    let result = moved(&kms, &item, &old, &new).await;
    let check = kms.decryptor(&old).shut_out(ResourceId::new("row", "1"), &result).await;
    assert_eq!(check.verdict, Verdict::Fail, "{check}");
}

#[tokio::test]
async fn an_old_key_pair_is_shut_out_by_what_it_cannot_read() {
    let (world, none) = (World::new(), EncryptionContext::new());
    let rsa = |end| world.kms(&end).spec("RSA_2048").usage("ENCRYPT_DECRYPT").make();
    let (old, new, kms) = (rsa(source()), rsa(target()), kms(&world));
    let algorithm = EncryptionAlgorithm::RsaesOaepSha256;
    let (decryptor, encryptor) =
        (kms.decryptor(&old).with_algorithm(algorithm), kms.encryptor(&new).with_algorithm(algorithm));
    let input = serde_json::json!({ "Plaintext": "AAAA", "EncryptionAlgorithm": "RSAES_OAEP_SHA_256" });
    let made = crate::account::ask(&world, &old, "kms:Encrypt", &none, input);
    let item = Ciphertext::new(crate::account::bytes(&made, "CiphertextBlob"), none);
    let symmetric = kms.encryptor(&world.kms_key(&target()));
    let to_pair = Reencrypt::new(decryptor.clone(), encryptor).item(&item).await.expect("an item");
    let to_symmetric = Reencrypt::new(decryptor.clone(), symmetric).item(&item).await.expect("an item");
    for result in [to_pair, to_symmetric] {
        let check = decryptor.shut_out(ResourceId::new("row", "1"), &result).await;
        assert_eq!(check.verdict, Verdict::Pass, "{check}");
    }
}

#[tokio::test]
async fn a_key_by_which_another_one_answered_is_not_shut_out() {
    let world = World::new();
    let (old, other) = (world.kms_key(&source()), world.kms_key(&source()));
    let answer = serde_json::json!({ "KeyId": other, "Plaintext": "AAAA", "CiphertextBlob": "AAAA" });
    let _plugged = world.plug("kms", move |_, (): &mut ()| Ok(answer.clone()));
    let (kms, item) = (kms(&world), Ciphertext::new(b"ciphertext".as_slice(), context()));
    let result = moved(&kms, &item, &other, &other).await;
    let check = kms.decryptor(&old).shut_out(ResourceId::new("row", "1"), &result).await;
    assert_eq!(check.verdict, Verdict::Fail, "{check}");
}
