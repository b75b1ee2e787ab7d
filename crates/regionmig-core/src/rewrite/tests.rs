//! What becomes of documents, by tables: a document, and what is to be said of it.

mod patterns;
mod policies;
mod stays;
mod values;

use super::{Rewriter, Rewritten};
use crate::ids::{IdMap, Identifier, ResourceId};
use crate::route::Route;

pub(super) const SOURCE: &str = "111122223333/me-central-1";
pub(super) const TARGET: &str = "111122223333/eu-central-1";

pub(super) fn route(target: &str) -> Route {
    Route::new(SOURCE.parse().unwrap(), target.parse().unwrap()).unwrap()
}

/// A rewriter that knows what a key, a pool and its client, an identity pool and a detector have become.
pub(super) fn rewriter() -> Rewriter {
    let mut ids = IdMap::default();
    for (kind, source, target) in [
        (
            "kms.key",
            "arn:aws:kms:me-central-1:111122223333:key/11111111-aaaa",
            "arn:aws:kms:eu-central-1:111122223333:key/22222222-bbbb",
        ),
        ("cognito.user-pool", "me-central-1_AbC", "eu-central-1_XyZ"),
        ("cognito.app-client", "4o12", "9q34"),
        ("cognito.identity-pool", "me-central-1:1-a", "eu-central-1:2-b"),
        ("guardduty.detector", "0f0f", "a1a1"),
        ("arn", "arn:aws:ec2:me-central-1:111122223333:vpc/vpc-1", "arn:aws:ec2:eu-central-1:111122223333:vpc/vpc-2"),
    ] {
        ids.bind_erased(ResourceId::new(kind, source), target).unwrap();
    }
    let coming = ResourceId::new(crate::KeyArn::KIND, "arn:aws:kms:me-central-1:111122223333:key/33333333-cccc");
    Rewriter::new(&route(TARGET), &ids).coming([coming])
}

/// Returns what was said of a document, a line each: what was replaced (`>`) or added (`+`), what is unresolved (`!`) and what
/// stays (`=`).
pub(super) fn said<D>(rewritten: &Rewritten<D>) -> Vec<String> {
    let replaced = rewritten
        .replacements
        .iter()
        .map(|r| format!("{} {} {} {:?}", if r.is_added { '+' } else { '>' }, r.at, r.after, r.rule));
    let unresolved = rewritten.unresolved.iter().map(|u| format!("! {} {} {:?}", u.at, u.value, u.lack));
    let kept = rewritten.kept.iter().map(|k| format!("= {} {} {:?}", k.at, k.value, k.stay));
    replaced.chain(unresolved).chain(kept).collect()
}
