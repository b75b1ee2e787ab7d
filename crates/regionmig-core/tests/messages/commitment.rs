//! Known answers for commitment: what commits to its key opens under no other.

use async_trait::async_trait;
use regionmig_core::reencrypt::message::{
    self, DataKey, EncryptedDataKey, Keyring, KeyringError, MessageError, MessageOptions, NewDataKey, Suite,
};
use regionmig_core::reencrypt::{EncryptionContext, ReencryptError};
use regionmig_core::{ErrorKind, Secret};

use crate::common::{decoded, folder, json, own};

/// A keyring that was told the data key.
struct Told(Vec<u8>);

#[async_trait]
impl Keyring for Told {
    async fn decrypt_data_key(
        &self,
        _: Suite,
        _: &EncryptionContext,
        _: &[EncryptedDataKey],
    ) -> Result<DataKey, KeyringError> {
        Ok(DataKey::new(Secret::new(self.0.clone()), None))
    }

    async fn generate_data_key(&self, suite: Suite, context: &EncryptionContext) -> Result<NewDataKey, KeyringError> {
        own("told", 1).generate_data_key(suite, context).await
    }

    async fn encrypt_data_key(
        &self,
        suite: Suite,
        context: &EncryptionContext,
        plaintext: &Secret<Vec<u8>>,
    ) -> Result<Vec<EncryptedDataKey>, KeyringError> {
        own("told", 1).encrypt_data_key(suite, context, plaintext).await
    }
}

#[tokio::test]
async fn a_message_opens_only_under_the_key_it_commits_to() {
    let Some(folder) = folder("commitment-kat") else { return println!("skipped: esdk_commitment") };
    let known = json(&folder.join("commitment_known_answer_tests.json"));
    let (mut opened, mut refused) = (0, 0);
    for test in known["tests"].as_array().unwrap() {
        let keyring = Told(decoded(&test["decrypted-dek"]));
        let message = decoded(&test["ciphertext"]);
        let result = message::decrypt(message.as_slice(), &keyring, &MessageOptions::new(), 1 << 20).await;
        if test["status"] == true {
            let frames = test["plaintext-frames"].as_array().unwrap();
            let expected: String = frames.iter().map(|frame| frame.as_str().unwrap()).collect();
            let result =
                result.unwrap_or_else(|error| panic!("{}: {}", test["comment"], regionmig_core::chain(&error)));
            assert!(result.plaintext.expose() == expected.as_bytes(), "{}", test["comment"]);
            opened += 1;
        } else {
            let error = result.err().unwrap();
            assert!(
                matches!(error, ReencryptError::Message(MessageError::Commitment)),
                "{}: {error:?}",
                test["comment"]
            );
            assert_eq!(error.kind(), ErrorKind::Invalid);
            refused += 1;
        }
    }
    println!("shown: esdk_commitment {opened} opened, {refused} refused for what they commit to");
    assert!(opened >= 41 && refused >= 5);
}
