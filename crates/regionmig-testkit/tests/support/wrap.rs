//! Wrapping of key material, as its owner does it.

use aws_lc_rs::key_wrap::{AES_256, AesKek, KeyWrapPadded};
use aws_lc_rs::rsa::{OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey, PublicEncryptingKey};

/// Wraps material as its owner does, with cryptography that is not the world's own code.
pub(crate) fn wrap(public: &[u8], algorithm: &str, material: &[u8]) -> Vec<u8> {
    let key = OaepPublicEncryptingKey::new(PublicEncryptingKey::from_der(public).unwrap()).unwrap();
    let hash = if algorithm.ends_with("SHA_1") { &OAEP_SHA1_MGF1SHA1 } else { &OAEP_SHA256_MGF1SHA256 };
    let seal = |bytes: &[u8]| {
        let mut room = vec![0; key.ciphertext_size()];
        key.encrypt(hash, bytes, &mut room, None).unwrap().to_vec()
    };
    if !algorithm.starts_with("RSA_AES") {
        return seal(material);
    }
    let once = [42; 32];
    let mut room = vec![0; material.len() + 15];
    let inner = AesKek::new(&AES_256, &once).unwrap().wrap_with_padding(material, &mut room).unwrap().to_vec();
    [seal(&once), inner].concat()
}
