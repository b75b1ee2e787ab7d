//! Data keys under raw RSA keys, written and read here.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeySize, PrivateDecryptingKey};
use regionmig_core::reencrypt::EncryptionContext;
use regionmig_core::reencrypt::message::{self, Keyring, MessageOptions, RawRsaKeyring};
use regionmig_core::{Secret, chain};

use crate::cases::{PADDINGS, PROVIDER};

/// A private key in PKCS #8, and its public one in X.509.
fn pair() -> (Vec<u8>, Vec<u8>) {
    let generated = PrivateDecryptingKey::generate(KeySize::Rsa2048).unwrap();
    let private = AsDer::<Pkcs8V1Der<'_>>::as_der(&generated).unwrap().as_ref().to_vec();
    let public = AsDer::<PublicKeyX509Der<'_>>::as_der(&generated.public_key()).unwrap().as_ref().to_vec();
    (private, public)
}

#[tokio::test]
async fn who_has_the_private_key_reads_what_is_written_with_the_public_one() {
    let ((private, public), (other, _)) = (pair(), pair());
    let (context, options) = (EncryptionContext::from([("table", "users")]), MessageOptions::new());
    for padding in PADDINGS {
        let reads = |provider, name, key: &[u8]| {
            RawRsaKeyring::new(provider, name, padding, &Secret::new(key.to_vec())).unwrap()
        };
        let writes = RawRsaKeyring::for_encryption(PROVIDER, "one", padding, &public).unwrap();
        let text = Secret::new(b"a plaintext".to_vec());
        let message = message::encrypt(&text, &context, &writes, &options).await.unwrap();
        let open = async |keyring: RawRsaKeyring| {
            let opened = message::decrypt(message.as_slice(), &keyring, &options, 100).await;
            opened.map(|opened| opened.plaintext.expose().clone()).map_err(|error| chain(&error))
        };
        assert_eq!(open(reads(PROVIDER, "one", &private)).await, Ok(text.expose().clone()));
        for (keyring, why) in [
            (reads(PROVIDER, "two", &private), "none of the message's data keys"),
            (reads("others", "one", &private), "none of the message's data keys"),
            (reads(PROVIDER, "one", &other), "does not open"),
            // What only writes opens nothing.
            (RawRsaKeyring::for_encryption(PROVIDER, "one", padding, &public).unwrap(), "does not open"),
        ] {
            let shown = format!("{keyring:?}");
            assert!(shown.contains("RawRsaKeyring") && shown.contains(&format!("{padding:?}")), "{shown}");
            let refused = open(keyring).await.unwrap_err();
            assert!(refused.contains(why), "{padding:?}: {refused}");
        }
        // Each time it is another one.
        let made = writes.generate_data_key(message::Suite::Committing, &context).await.unwrap();
        let again = writes.encrypt_data_key(message::Suite::Committing, &context, &made.plaintext).await.unwrap();
        assert_eq!((again.len(), again[0].ciphertext.len()), (1, 256));
        assert_ne!(again[0].ciphertext, made.encrypted[0].ciphertext);
    }
}
