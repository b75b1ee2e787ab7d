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

impl Planner<'_> {
    /// Finds where the copy of a key is made. None, if it cannot be, which a finding then says.
    pub(super) fn home(&mut self, arn: &KeyArn, key: &Key) -> Option<Home> {
        let Some(store) = &key.custom_key_store else { return Some(Home::default()) };
        let Some(there) = self.options.key_store(store) else {
            self.draft.find(finding::key_store_not_mapped(arn, store));
            return None;
        };
        match self.survey.target.value.key_stores.lookup(there) {
            Lookup::Present(found) if found.is_connected() => {}
            Lookup::Present(found) => {
                self.draft.find(finding::key_store_not_connected(arn, there, &found.connection));
                return None;
            }
            Lookup::Unknown(gap) => {
                self.draft.unclear(arn, gap);
                return None;
            }
            Lookup::Absent => {
                self.draft.find(finding::key_store_missing(arn, there));
                return None;
            }
        }
        let xks_key = self.options.xks_key(arn).map(str::to_owned);
        if key.origin == Origin::ExternalKeyStore && xks_key.is_none() {
            self.draft.find(finding::xks_key_not_mapped(arn));
            return None;
        }
        Some(Home { store: Some(there.clone()), xks_key })
    }
}
