//! What we write, in all suites and frame lengths.

use regionmig_core::Secret;
use regionmig_core::reencrypt::message::{self, MessageOptions, Suite};
use regionmig_core::reencrypt::{EncryptionContext, MemoryOutput, Reencrypt};

use crate::common::own;

fn plaintext(length: usize) -> Secret<Vec<u8>> {
    Secret::new((0..length).map(|place| u8::try_from(place * 7 % 251).unwrap()).collect())
}

#[tokio::test]
async fn every_suite_and_frame_length_is_carried_over_to_every_other() {
    let context = EncryptionContext::from([("table", "users"), ("column", "mail")]);
    let mut carried = 0;
    for (place, suite) in Suite::ALL.into_iter().enumerate() {
        for (before, after) in [(512, 512), (100, 512), (512, 100), (4096, 1000), (70_000, 300)] {
            for length in [0, 1, 99, 100, 512, 1024, 5000, 200_000] {
                let text = plaintext(length);
                let old = MessageOptions::new().with_suite(suite).with_frame_length(before);
                let message = message::encrypt(&text, &context, &own("old", 1), &old).await.unwrap();
                let new = Suite::ALL[(place + length) % 11];
                let options = MessageOptions::new().with_suite(new).with_frame_length(after).comparing();
                let reencrypt = Reencrypt::new(own("old", 1), own("new", 2));
                let output = reencrypt.message_with(message.as_slice(), MemoryOutput::new(), &options).await.unwrap();
                let (target, plain) = (own("new", 2), MessageOptions::new());
                let opened = message::decrypt(output.committed.as_slice(), &target, &plain, length).await.unwrap();
                assert!(opened.plaintext.expose() == text.expose(), "{suite} {new} {before} {after} {length}");
                assert_eq!((opened.header.suite(), opened.header.frame_length()), (new, Some(after)));
                assert_eq!(output.context, context);
                carried += 1;
            }
        }
    }
    println!("shown: message_transfer {carried} messages of all suites and five pairs of frame lengths carried over");
}
