//! What we write, in all suites and frame lengths.
// REQ: KMS-16, KMS-19, KMS-21

use async_trait::async_trait;
use regionmig_core::reencrypt::message::{
    self, DataKey, EncryptedDataKey, Keyring, KeyringError, Keyrings, Limits, MessageError, MessageOptions, NewDataKey,
    RawAesKeyring, Suite,
};
use regionmig_core::reencrypt::{EncryptionContext, MemoryOutput, Reencrypt, ReencryptError};
use regionmig_core::rewrite::Rewriter;
use regionmig_core::{Classify, ErrorKind, IdMap, KeyArn, Route, Secret, chain};

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
                let streamed = reencrypt.message_with(message.as_slice(), MemoryOutput::new(), &options).await.unwrap();
                let in_memory = reencrypt.message_from_slice(&message, MemoryOutput::new(), &options).await.unwrap();
                for output in [streamed, in_memory] {
                    let (target, plain) = (own("new", 2), MessageOptions::new());
                    let opened = message::decrypt(output.committed.as_slice(), &target, &plain, length).await.unwrap();
                    assert!(opened.plaintext.expose() == text.expose(), "{suite} {new} {before} {after} {length}");
                    assert_eq!((opened.header.suite(), opened.header.frame_length()), (new, Some(after)));
                    assert_eq!((output.bytes, output.context), (length as u64, context.clone()));
                }
                carried += 1;
            }
        }
    }
    println!(
        "shown: message_transfer {carried} messages of all suites and five pairs of frame lengths carried over, streamed and from memory"
    );
}

#[tokio::test]
async fn limits_are_for_what_others_wrote() {
    let plain = MessageOptions::new().with_suite(Suite::Aes128).with_frame_length(64);
    let message = message::encrypt(&plaintext(1000), &EncryptionContext::new(), &own("old", 1), &plain).await.unwrap();
    let limits = Limits::default().with_message(message.len() as u64).with_data_keys(1).with_header(250);
    let options = MessageOptions::new().with_limits(limits).with_suite(Suite::CommittingSigned).comparing();
    let target = (2..9).fold(Keyrings::new(own("new", 1)), |target, byte| target.and(own("new", byte)));
    let carried =
        Reencrypt::new(own("old", 1), target).message_with(message.as_slice(), MemoryOutput::new(), &options).await;
    let carried = carried.unwrap_or_else(|error| panic!("{}", chain(&error)));
    assert_eq!((carried.bytes, carried.data_keys.len()), (1000, 8));
    let short = limits.with_message(message.len() as u64 - 1);
    let refused =
        message::decrypt(message.as_slice(), &own("old", 1), &MessageOptions::new().with_limits(short), 1000).await;
    assert!(chain(&refused.err().unwrap()).contains("Limits::message"));
    let of = Reencrypt::new(own("old", 1), own("new", 1));
    for (limits, is_taken) in [(limits, true), (short, false)] {
        let options = MessageOptions::new().with_limits(limits);
        assert_eq!(of.message_from_slice(&message, MemoryOutput::new(), &options).await.is_ok(), is_taken);
    }
    let options = MessageOptions::new().with_frame_length(u32::MAX);
    let refused = Reencrypt::new(own("old", 1), own("new", 1))
        .message_with(message.as_slice(), MemoryOutput::new(), &options)
        .await;
    assert!(chain(&refused.err().unwrap()).contains("bytes of a new frame"));
}

/// A keyring whose data keys nobody can open.
struct Losing;

#[async_trait]
impl Keyring for Losing {
    async fn decrypt_data_key(
        &self,
        _: Suite,
        _: &EncryptionContext,
        _: &[EncryptedDataKey],
    ) -> Result<DataKey, KeyringError> {
        Ok(DataKey::new(Secret::new(vec![1; 32]), None))
    }

    async fn generate_data_key(&self, _: Suite, _: &EncryptionContext) -> Result<NewDataKey, KeyringError> {
        Ok(NewDataKey::new(Secret::new(vec![1; 32]), Vec::new()))
    }

    async fn encrypt_data_key(
        &self,
        _: Suite,
        _: &EncryptionContext,
        _: &Secret<Vec<u8>>,
    ) -> Result<Vec<EncryptedDataKey>, KeyringError> {
        Ok(Vec::new())
    }
}

#[tokio::test]
async fn a_message_that_nobody_could_open_is_not_written() {
    let plain = MessageOptions::new();
    let refused = message::encrypt(&plaintext(10), &EncryptionContext::new(), &Losing, &plain).await;
    assert!(chain(&refused.unwrap_err()).contains("the list of data keys that the keyring made is empty"));
}

#[tokio::test]
async fn a_refusal_is_short_however_long_the_names_in_the_message_are() {
    let keyring = RawAesKeyring::new("p".repeat(60_000), "key", &Secret::new(vec![1; 32])).unwrap();
    let keyrings =
        Keyrings::new(keyring).and(own("one", 2)).and(own("two", 3)).and(own("three", 4)).and(own("four", 5));
    let message =
        message::encrypt(&plaintext(10), &EncryptionContext::new(), &keyrings, &MessageOptions::new()).await.unwrap();
    let refused = message::decrypt(message.as_slice(), &own("other", 1), &MessageOptions::new(), 10).await;
    let text = chain(&refused.err().unwrap());
    assert!(text.len() < 500 && text.contains("pppp, regionmig-tests") && text.ends_with("others"), "{text}");
    // Four are all named.
    let four = Keyrings::new(own("one", 2)).and(own("two", 3)).and(own("three", 4)).and(own("four", 5));
    let message = message::encrypt(&plaintext(10), &EncryptionContext::new(), &four, &MessageOptions::new()).await;
    let refused = message::decrypt(message.unwrap().as_slice(), &own("other", 1), &MessageOptions::new(), 10).await;
    let text = chain(&refused.err().unwrap());
    assert_eq!(text.matches("regionmig-tests").count(), 5, "{text}");
    assert!(!text.contains("others"), "{text}");
}

#[tokio::test]
async fn a_frame_may_be_as_long_as_the_limit_and_no_longer() {
    let written = MessageOptions::new().with_frame_length(70_000);
    let message = message::encrypt(&plaintext(1), &EncryptionContext::new(), &own("old", 1), &written).await.unwrap();
    let read = async |block| {
        let limits = Limits::default().with_data_keys(1).with_block(block);
        assert_eq!((limits.block, limits.data_keys), (block, 1));
        message::decrypt(message.as_slice(), &own("old", 1), &MessageOptions::new().with_limits(limits), 1).await
    };
    assert!(read(70_000).await.is_ok());
    let refused = chain(&read(69_999).await.err().unwrap());
    assert!(refused.contains("Limits::block") && refused.contains("70000"), "{refused}");
}

#[tokio::test]
async fn the_kind_of_a_failure_is_told_by_its_report_and_what_is_no_fault_of_the_message_is_no_invalid_one() {
    let (context, options) = (EncryptionContext::new(), MessageOptions::new());
    let message = message::encrypt(&plaintext(10), &context, &own("old", 1), &options).await.unwrap();
    let header = message::inspect(message.as_slice(), &Limits::default()).await.unwrap();
    let failed = own("other", 1).decrypt_data_key(header.suite(), &context, header.data_keys()).await.err().unwrap();
    assert_eq!(failed.report().map(|report| report.kind), Some(failed.kind()));
    let refused = message::decrypt(message.as_slice(), &own("other", 1), &options, 10).await.err().unwrap();
    let report = refused.report().expect("a keyring's failure has a report");
    assert_eq!((report.kind, refused.kind()), (ErrorKind::Invalid, ErrorKind::Invalid));
    assert_eq!(MessageError::WrittenByNet400.kind(), ErrorKind::Unsupported);
    assert_eq!(MessageError::Primitive { attempted: "" }.kind(), ErrorKind::Unexpected);
    assert_eq!(MessageError::Header.kind(), ErrorKind::Invalid);
}

#[tokio::test]
async fn a_wrong_value_of_a_pair_is_refused_and_a_reserved_name_is_not_taken() {
    let context = EncryptionContext::from([("table", "users")]);
    let message = message::encrypt(&plaintext(10), &context, &own("old", 1), &MessageOptions::new()).await.unwrap();
    let decrypt = async |context: EncryptionContext| {
        let options = MessageOptions::new().with_context(context);
        let opened = message::decrypt(message.as_slice(), &own("old", 1), &options, 10).await;
        opened.err().map(|error| chain(&error))
    };
    assert_eq!(decrypt(context.clone()).await, None);
    let wrong = decrypt(EncryptionContext::from([("table", "orders")])).await.unwrap();
    assert!(wrong.contains("has another value of `table`") && !wrong.contains("orders") && !wrong.contains("users"));
    assert!(
        decrypt(EncryptionContext::from([("column", "mail")])).await.unwrap().contains("or another encryption context")
    );
    for name in ["aws-crypto-public-key", "aws-crypto-", "aws-crypto-x"] {
        let reserved = EncryptionContext::from([(name, "x")]);
        for (context, options) in [
            (reserved.clone(), MessageOptions::new()),
            (context.clone(), MessageOptions::new().with_context(reserved.clone())),
        ] {
            let refused = message::encrypt(&plaintext(10), &context, &own("old", 1), &options).await;
            assert!(chain(&refused.unwrap_err()).contains("is reserved"), "{name}");
        }
    }
}

#[tokio::test]
async fn only_what_commits_to_its_key_is_taken_where_that_is_asked_for() {
    let wanted = MessageOptions::new().requiring_commitment();
    let reencrypt = Reencrypt::new(own("old", 1), own("new", 2));
    for suite in Suite::ALL {
        let written = MessageOptions::new().with_suite(suite);
        let message =
            message::encrypt(&plaintext(9), &EncryptionContext::new(), &own("old", 1), &written).await.unwrap();
        let taken = reencrypt.message_with(message.as_slice(), MemoryOutput::new(), &wanted).await;
        match taken {
            Ok(_) => assert!(suite.is_committing(), "{suite}"),
            Err(ReencryptError::Message(MessageError::NotCommitting { suite: named })) => {
                assert!(named == suite && !suite.is_committing());
            }
            Err(error) => panic!("{suite}: {error:?}"),
        }
    }
}

// REQ: KMS-23
#[tokio::test]
async fn a_context_names_the_counterpart_of_what_it_named() {
    let key = |region: &str| -> KeyArn { format!("arn:aws:kms:{region}:111122223333:key/12").parse().unwrap() };
    let (old, new) = (key("me-central-1"), key("eu-central-1"));
    let end = |region: &str| format!("111122223333/{region}").parse().unwrap();
    let route = Route::new(end("me-central-1"), end("eu-central-1")).unwrap();
    let mut ids = IdMap::default();
    ids.bind(&old, &new).unwrap();
    let reencrypt = Reencrypt::new(own("old", 1), own("new", 2)).rewrite(Rewriter::new(&route, &ids));
    let context = EncryptionContext::from([("about", old.as_str()), ("purpose", "backup")]);
    let withheld = MessageOptions::new().with_context(EncryptionContext::from([("about", old.as_str())]));
    for given in [MessageOptions::new(), withheld] {
        let message = message::encrypt(&plaintext(9), &context, &own("old", 1), &given).await.unwrap();
        let done = reencrypt.message_with(message.as_slice(), MemoryOutput::new(), &given).await.unwrap();
        assert_eq!(done.context, context.clone().with("about", new.as_str()));
        let told = MessageOptions::new().with_context(done.context.clone());
        let opened = message::decrypt(done.committed.as_slice(), &own("new", 2), &told, 9).await.unwrap();
        assert!(opened.plaintext.expose() == plaintext(9).expose());
        // What was not stored is not stored now.
        assert_eq!(opened.header.context().get("about").is_some(), opened.header.context().len() == 3);
    }
    let lost = EncryptionContext::from([("about", key("me-central-1").as_str().replace("key/12", "key/99"))]);
    let message = message::encrypt(&plaintext(9), &lost, &own("old", 1), &MessageOptions::new()).await.unwrap();
    let refused = reencrypt.message(message.as_slice(), MemoryOutput::new()).await.unwrap_err();
    assert!(matches!(refused, ReencryptError::Context { .. }), "{refused:?}");
}
