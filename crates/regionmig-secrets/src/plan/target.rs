//! What has a name in a region.

use std::collections::BTreeMap;

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

/// What has which name in a region, looked up once for all.
pub(crate) struct Names<'a> {
    known: BTreeMap<&'a str, (&'a SecretArn, &'a Secret)>,
    rest: Option<&'a Gap>,
    unread: BTreeMap<&'a str, &'a Gap>,
}

impl<'a> Names<'a> {
    pub(crate) fn new(snapshot: &'a Snapshot) -> Self {
        let secrets = &snapshot.secrets;
        Self {
            known: secrets.known().map(|(arn, secret)| (arn.name(), (arn, secret))).collect(),
            rest: secrets.rest(),
            unread: secrets.unknown().map(|(arn, gap)| (arn.name(), gap)).collect(),
        }
    }

    /// Returns what has `name`.
    pub(crate) fn named(&self, name: &str) -> Named<'a> {
        if let Some((arn, secret)) = self.known.get(name) {
            return Named::Of(arn, secret);
        }
        match self.unread.get(name).copied().or(self.rest) {
            Some(gap) => Named::Unknown(gap),
            None => Named::Free,
        }
    }
}
