//! Journals and plans made of any bytes at all. The same bodies are fuzzed in `fuzz/`.
#![expect(clippy::expect_used, unreachable_pub, reason = "tests, whose bodies are shared")]

#[path = "hostile/bodies.rs"]
mod bodies;

use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, Strategy, any};
use proptest::{prop_oneof, proptest};

/// Bytes that look like something: JSON, members of ours, control characters.
fn almost() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        vec(any::<u8>(), 0..8),
        proptest::sample::select(PIECES).prop_map(|piece| piece.as_bytes().to_vec()),
    ];
    vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

const PIECES: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\u001b",
    "\n",
    "\0",
    "null",
    "1e999",
    "-1",
    "\"at\":\"2026-03-01T12:00:00Z\",\"step\":\"keys/create/fake.key:key0\",\"entry\":",
    "\"run\":{\"at\":\"2026-03-01T12:00:00Z\",\"act\":\"apply\",\"by\":\"\\u001b[31m\"},\"process\":1,\"version\":\"0\"}",
    "{\"started\":{\"generation\":0,\"request\":\"0\"}}}",
    "\"reverting\"}",
    "\"reverted\"}",
    "\"kept\"}",
    "\"doubted\"}",
    "{\"done\":{\"ids\":{\"fake.key:key0\":\"made0\"}}}}",
    "{\"checkpoint\":[[[]]]}}",
    "{\"waiting\":{\"reason\":\"\\u202e\",\"check_after\":\"PT1S\"}}}",
    "{\"route\":{\"source\":\"111122223333/me-central-1\",\"target\":\"111122223333/eu-central-1\"},",
    "\"steps\":[]}",
    "\"surveyed_at\":\"2026-03-01T12:00:00Z\",",
];

#[test]
fn a_journal_that_is_cut_anywhere_is_told_to_be_torn_but_between_two_records() {
    // Cut by so many bytes.
    (0..=255).for_each(|bytes| bodies::edited_journal(&[0, 0, 3, bytes]));
}

#[test]
fn a_caller_whose_name_drives_the_terminal_is_shown_in_plain_characters() {
    let run = r#""run":{"at":"2026-03-01T12:00:00Z","act":"apply","by":"\u001b[31m"},"process":1,"version":"\u202e"}"#;
    bodies::crafted_journal(run.as_bytes());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_a_plan_or_an_error(data in almost()) {
        bodies::plan_file(&data);
    }

    #[test]
    fn an_edited_plan_is_a_plan_or_an_error(data in vec(any::<u8>(), 0..40)) {
        bodies::edited_plan(&data);
    }

    #[test]
    fn any_bytes_are_no_journal(data in almost()) {
        bodies::journal_file(&data);
    }

    #[test]
    fn an_edited_journal_is_refused_or_told_to_be_torn(data in vec(any::<u8>(), 0..24)) {
        bodies::edited_journal(&data);
    }

    #[test]
    fn lines_that_say_anything_are_read_or_refused(data in almost()) {
        bodies::crafted_journal(&data);
    }
}
