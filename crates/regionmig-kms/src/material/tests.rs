//! What is encrypted for KMS is opened by who has the private key.

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeySize, OaepPrivateDecryptingKey, PrivateDecryptingKey};

use super::*;

fn wanted(material: Option<&str>, current: bool) -> ImportMaterial {
    serde_json::from_value(serde_json::json!({
        "completes": Vec::<String>::new(),
        "current": current,
        "key": "arn:aws:kms:me-central-1:111122223333:key/k",
        "material": material,
        "spec": "SYMMETRIC_DEFAULT",
    }))
    .unwrap()
}

#[test]
fn material_is_opened_by_who_has_the_private_key_and_never_looks_the_same_twice() {
    let private = PrivateDecryptingKey::generate(KeySize::Rsa4096).unwrap();
    let public: PublicKeyX509Der<'_> = private.public_key().as_der().unwrap();
    let with = WrappingKey::new(public.as_ref().to_vec());
    assert_eq!(with.public_key(), public.as_ref());
    let private = OaepPrivateDecryptingKey::new(private).unwrap();
    for length in [1, 7, 8, 32, 121, 2_400] {
        let material = Secret::new(vec![7; length]);
        let wrapped = with.encrypt(&material).unwrap();
        let (block, rest) = wrapped.split_at(512);
        let mut key = [0; 512];
        let key = private.decrypt(&OAEP_SHA256_MGF1SHA256, block, &mut key, None).unwrap();
        let mut opened = vec![0; rest.len()];
        let opened = AesKek::new(&AES_256, key).unwrap().unwrap_with_padding(rest, &mut opened).unwrap();
        assert_eq!(opened, material.expose(), "{length}");
        assert_ne!(wrapped, with.encrypt(&material).unwrap());
    }
    assert!(with.encrypt(&Secret::new(Vec::new())).is_err());
    assert!(WrappingKey::new(vec![1, 2, 3]).encrypt(&Secret::new(vec![7; 32])).is_err());
}

#[test]
fn material_is_found_by_its_id_and_the_only_one_by_its_key() {
    let key: KeyArn = "arn:aws:kms:me-central-1:111122223333:key/k".parse().unwrap();
    let byte = |materials: &KeyMaterials, wanted: &ImportMaterial| materials.of(wanted).map(|found| found.expose()[0]);
    let only = KeyMaterials::new().with(&key, Secret::new(vec![1]));
    assert_eq!(byte(&only, &wanted(None, true)), Some(1));
    assert_eq!(byte(&only, &wanted(Some("b"), true)), Some(1));
    assert_eq!(byte(&only, &wanted(Some("a"), false)), None, "an older one is another");
    let both = only.with_id(&key, "a", Secret::new(vec![2])).with_id(&key, "b", Secret::new(vec![3]));
    assert_eq!(byte(&both, &wanted(Some("a"), false)), Some(2));
    assert_eq!(byte(&both, &wanted(Some("b"), true)), Some(3));
    assert_eq!(byte(&both, &wanted(Some("c"), false)), None);
    assert!(!format!("{both:?}").contains("[1]") && format!("{both:?}").contains("key/k"));
}
