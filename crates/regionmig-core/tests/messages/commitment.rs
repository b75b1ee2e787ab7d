//! Known answers for commitment: what commits to its key opens under no other.

use regionmig_core::ErrorKind;
use regionmig_core::reencrypt::ReencryptError;
use regionmig_core::reencrypt::message::{self, MessageError, MessageOptions};

use crate::common::{decoded, folder, json};
use crate::hostile::ends::Told;

#[tokio::test]
async fn a_message_opens_only_under_the_key_it_commits_to() {
    let Some(folder) = folder("commitment-kat") else { return println!("skipped: esdk_commitment") };
    let known = json(&folder.join("commitment_known_answer_tests.json"));
    let (mut opened, mut refused) = (0, 0);
    for test in known["tests"].as_array().unwrap() {
        let keyring = Told::new(&decoded(&test["decrypted-dek"]));
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
