//! What has a name in the target.

use regionmig_core::{Gap, SecretArn};

use crate::snapshot::{Secret, Snapshot};

/// What has a name in a region.
pub(crate) enum Named<'a> {
    /// Nothing.
    Free,
    /// This secret.
    Of(&'a SecretArn, &'a Secret),
    /// It is not known.
    Unknown(&'a Gap),
}

/// Returns what has `name`.
pub(crate) fn named<'a>(snapshot: &'a Snapshot, name: &str) -> Named<'a> {
    if let Some((arn, secret)) = snapshot.secrets.known().find(|(arn, _)| arn.name() == name) {
        return Named::Of(arn, secret);
    }
    let unread = snapshot.secrets.unknown().find(|(arn, _)| arn.name() == name).map(|(_, gap)| gap);
    match unread.or_else(|| snapshot.secrets.rest()) {
        Some(gap) => Named::Unknown(gap),
        None => Named::Free,
    }
}
