//! What a service of the world is given besides its own state.

use std::collections::BTreeMap;

use jiff::Timestamp;
use regionmig_core::Region;

use crate::ids::Ids;
use crate::secrets::Denied;

/// Quotas that a test has set, by name, such as `kms:keys`; one that is missing is AWS's own default.
pub(crate) type Quotas = BTreeMap<String, u64>;

/// What surrounds one call.
pub(crate) struct Cx<'a> {
    /// The time of the state that is asked: the call's own, but earlier for a stale read.
    pub(crate) now: Timestamp,
    /// Where new identifiers and other random bytes come from.
    pub(crate) ids: &'a mut Ids,
    /// Tells whether a fault denies the caller what the service does on its behalf, such as `kms:Decrypt`, somewhere.
    pub(crate) denied: &'a mut Denied<'a>,
    /// The quotas that a test has set.
    pub(crate) quotas: &'a Quotas,
    /// Tells whether the calling account may use a region.
    pub(crate) opted_in: &'a dyn Fn(&Region) -> bool,
    /// What an executed mutation made or changed, for the ledger: an ARN if there is one.
    pub(crate) resource: &'a mut Option<String>,
}

impl Cx<'_> {
    /// Names what the call made or changed.
    pub(crate) fn touched(&mut self, resource: impl Into<String>) {
        *self.resource = Some(resource.into());
    }
}
