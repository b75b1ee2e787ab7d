//! Documents made of any bytes at all, and real ones that somebody has spoilt. The same body is fuzzed in `fuzz/`.

#[expect(clippy::expect_used, unreachable_pub, reason = "tests, whose bodies are shared")]
pub(crate) mod bodies;

use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, Strategy, any};
use proptest::{prop_oneof, proptest};

/// Bytes that look like something: JSON, elements of policies and patterns, names of all kinds.
fn almost() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        1 => vec(any::<u8>(), 0..8),
        9 => proptest::sample::select(PIECES).prop_map(|piece| piece.as_bytes().to_vec()),
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
    "\n",
    "\\",
    "\\u0022",
    "\\ud800",
    "%7B",
    "null",
    "-0.0e1",
    "<a>",
    "\"Statement\":",
    "\"Effect\":\"Allow\",",
    "\"Effect\":\"Deny\"",
    "\"Resource\":",
    "\"NotResource\":",
    "\"Condition\":",
    "\"StringNotLike\":",
    "\"aws:SourceArn\":",
    "\"region\":",
    "\"$or\":",
    "\"prefix\":",
    "\"anything-but\":",
    "arn:aws:kms:me-central-1:111122223333:key/1",
    "arn:aws:kms:me-central-1:111122223333:key/3",
    "\"arn:aws:sns:me-central-1:111122223333:t\"",
    "arn:aws:sns:",
    "me-central-1",
    "*",
    "?",
    "${aws:username}",
    "https://cognito-idp.me-central-1.amazonaws.com/me-central-1_A",
    "s3.me-central-1.amazonaws.com",
];

/// A policy and a pattern that have much to change.
const WHOLE: [&str; 3] = [
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"*","Resource":["arn:aws:sns:me-central-1:111122223333:t","arn:aws:kms:me-central-1:111122223333:key/3"],"Condition":{"ArnNotLike":{"aws:SourceArn":"arn:aws:kms:me-central-1:111122223333:key/1"},"StringEquals":{"kms:ViaService":["s3.me-central-1.amazonaws.com"]}}},{"Effect":"Deny","NotAction":"*","Resource":"arn:aws:sns:me-central-1:111122223333:u"}]}"#,
    r#"{"region":["me-central-1"],"resources":[{"prefix":"arn:aws:sns:me-central-1:111122223333:"},{"anything-but":{"wildcard":["arn:aws:sns:me-central-1:111122223333:*"]}}],"$or":[{"a":["b"]},{"c":[{"exists":true}]}]}"#,
    r#"{"url":"https://cognito-idp.me-central-1.amazonaws.com/me-central-1_A","region":"me-central-1","at":<time>}"#,
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_a_document_or_an_error(data in almost()) {
        bodies::document(&data);
    }

    #[test]
    fn a_document_that_was_spoilt_is_one_or_an_error(
        which in 0..WHOLE.len(),
        cuts in vec((any::<proptest::sample::Index>(), 0..12_usize, almost()), 0..3),
    ) {
        let mut bytes = WHOLE[which].as_bytes().to_vec();
        for (at, length, piece) in cuts {
            let at = at.index(bytes.len() + 1);
            let end = (at + length).min(bytes.len());
            bytes.splice(at..end, piece);
        }
        bodies::document(&bytes);
    }
}
