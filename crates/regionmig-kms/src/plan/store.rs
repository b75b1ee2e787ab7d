//! Keys in custom key stores.

use regionmig_core::{KeyArn, Lookup};

use super::Planner;
use crate::finding;
use crate::snapshot::{Key, Origin};

/// Where a key is made.
#[derive(Clone, Debug, Default)]
pub(super) struct Home {
    /// The custom key store of the target, if not in KMS itself.
    pub(super) store: Option<String>,
    /// The key of the external key manager that stands behind it.
    pub(super) xks_key: Option<String>,
}

impl<'a> Planner<'a> {
    /// Finds where the copy of a key is made. None, if it cannot be, which a finding then says.
    pub(super) fn home(&mut self, arn: &KeyArn, key: &Key) -> Option<Home> {
        let Some(store) = &key.custom_key_store else { return Some(Home::default()) };
        let Some(there) = self.options.key_store(store) else {
            self.draft.find(finding::key_store::not_mapped(arn, store));
            return None;
        };
        match self.survey.target.value.key_stores.lookup(there) {
            Lookup::Present(found) if found.kind.as_ref().is_some_and(|kind| *kind != key.origin) => {
                self.draft.find(finding::key_store::of_other_kind(arn, key, there));
                return None;
            }
            Lookup::Present(found) if found.is_connected() => {}
            Lookup::Present(found) => {
                self.draft.find(finding::key_store::not_connected(arn, there, &found.connection));
                return None;
            }
            Lookup::Unknown(gap) => {
                self.draft.unclear(arn, gap);
                return None;
            }
            Lookup::Absent => {
                self.draft.find(finding::key_store::missing(arn, there));
                return None;
            }
        }
        let xks_key = self.options.xks_key(arn).map(str::to_owned);
        if key.origin == Origin::ExternalKeyStore && xks_key.is_none() {
            self.draft.find(finding::key_store::external_key_not_mapped(arn));
            return None;
        }
        if let Some(user) = xks_key.as_ref().and_then(|xks_key| self.user_of(xks_key, there, arn)) {
            self.draft.find(finding::key_store::external_key_in_use(arn, user));
            return None;
        }
        Some(Home { store: Some(there.clone()), xks_key })
    }

    /// Returns the other key behind which one of an external key manager stands already, or is to stand: each stands behind one
    /// of a store (API reference, CreateKey).
    fn user_of(&self, xks_key: &str, store: &str, arn: &KeyArn) -> Option<&'a KeyArn> {
        let uses =
            |key: &Key| key.custom_key_store.as_deref() == Some(store) && key.xks_key.as_deref() == Some(xks_key);
        let there = self.survey.target.keys.known().find(|(_, key)| uses(key)).map(|(arn, _)| arn);
        let goes_there = |key: &Key| {
            let own = key.custom_key_store.as_ref().and_then(|own| self.options.key_store(own));
            own.is_some_and(|own| own == store)
        };
        let wants =
            |other: &KeyArn, key: &Key| other != arn && goes_there(key) && self.options.xks_key(other) == Some(xks_key);
        let here = || self.survey.source.keys.known().find(|(other, key)| wants(other, key)).map(|(other, _)| other);
        there.or_else(here)
    }
}
