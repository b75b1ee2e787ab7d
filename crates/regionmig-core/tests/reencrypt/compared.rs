//! Results that are opened again.

use regionmig_core::reencrypt::{
    Ciphertext, Decrypt, Decrypted, Encrypt, Encrypted, EncryptionContext, Reencrypt, ReencryptError,
};
use regionmig_core::{ErrorKind, Secret};

use crate::lab::{Old, Told, foreign, old};

/// A key that changes what it encrypts by one byte, or none, and may not be allowed to be used.
#[derive(Clone, Copy)]
struct Target {
    change: u8,
    rehearsed: Result<(), ErrorKind>,
}

impl Decrypt for Target {
    type Error = Told;

    async fn decrypt(&self, ciphertext: &Ciphertext) -> Result<Decrypted, Told> {
        let mut plaintext = ciphertext.bytes.clone();
        plaintext[0] ^= self.change;
        Ok(Decrypted::new(Secret::new(plaintext), None))
    }
}

impl Encrypt for Target {
    type Error = Told;

    async fn encrypt(&self, plaintext: &Secret<Vec<u8>>, _: &EncryptionContext) -> Result<Encrypted, Told> {
        Ok(Encrypted::new(plaintext.expose().clone(), None))
    }

    async fn rehearse_encrypt(&self, _: &EncryptionContext) -> Result<(), Told> {
        self.rehearsed.map_err(Told)
    }
}

#[tokio::test]
async fn a_result_that_opens_to_something_else_is_refused() {
    let reencrypt = |change| Reencrypt::new(Old, Target { change, rehearsed: Ok(()) });
    assert!(reencrypt(0).comparing().item(&old(7, 0)).await.is_ok());
    let refused = reencrypt(1).comparing().item(&old(7, 0)).await;
    assert!(matches!(refused, Err(ReencryptError::Unequal)), "{refused:?}");
    // Whoever does not ask is not told.
    assert!(reencrypt(1).item(&old(7, 0)).await.is_ok());
}

#[tokio::test]
async fn rehearsed_both_ends_are_asked() {
    let rehearsed = async |rehearsed, item: Ciphertext| {
        let reencrypt = Reencrypt::new(Old, Target { change: 0, rehearsed }).comparing();
        reencrypt.rehearse(&item).await.map_err(|error| error.kind())
    };
    assert_eq!(rehearsed(Ok(()), old(7, 0)).await, Ok(()));
    assert_eq!(rehearsed(Ok(()), foreign(7)).await, Err(ErrorKind::Invalid));
    assert_eq!(rehearsed(Err(ErrorKind::AccessDenied), old(7, 0)).await, Err(ErrorKind::AccessDenied));
}
