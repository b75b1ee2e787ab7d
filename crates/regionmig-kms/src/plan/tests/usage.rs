//! What is said of who uses a key.

use super::{check, says};
use crate::snapshot::{KeyState, LastUse};
use crate::testing::{Case, Entry, SOURCE, arn, gap};

fn at(text: &str) -> regionmig_core::Timestamp {
    text.parse().unwrap()
}

// REQ: KMS-25
#[test]
fn when_a_key_was_last_used_is_said_if_that_was_asked() {
    let case = |last| {
        let case = Case::new().source("k", Entry::new());
        case.edit(|source, _| source.last_uses.insert(arn(SOURCE, "k"), last))
    };
    let plain = ["create-key k", "action kms.reencrypt k"];
    check(&Case::new().source("k", Entry::new()), &plain);
    let said = [&plain[..], &["note kms.last-use k"]].concat();
    let since = at("2025-06-01T00:00:00Z");
    let used = case(Ok(LastUse::none(since, false).used(at("2026-02-01T08:00:00Z"), "GenerateDataKey")));
    check(&used, &said);
    says(&used, "it was last used at 2026-02-01T08:00:00Z, by GenerateDataKey");
    let unknown = case(Ok(LastUse::none(since, false)));
    check(&unknown, &said);
    says(&unknown, "no use of it is known since 2025-06-01T00:00:00Z, when KMS began to keep track");
    let never = case(Ok(LastUse::none(since, true)));
    check(&never, &said);
    says(&never, "no use of it is known since it was made");
    let unread = case(Err(gap()));
    check(&unread, &said);
    says(&unread, "could not be read: kms:Some: not allowed");
    // Of a key that is left as it is, too.
    let doomed = case(Ok(LastUse::none(since, true))).source("k", Entry::new().state(KeyState::PendingDeletion));
    check(&doomed, &["note kms.last-use k", "note kms.pending-deletion k"]);
}
