//! What another service learns of a key when it wants to use it for a caller.

use jiff::Timestamp;
use regionmig_core::End;

use super::name::is_key_id;
use super::state::KeyState;
use super::store::{KeyName, Kms};

/// Whether a key can be used, as the service sees it that was told to use it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Standing {
    /// AWS manages it: nobody needs leave to use it in his own account.
    AwsManaged,
    /// There is no such key in this region.
    Missing,
    /// It is disabled, to be deleted, without material, or not for this.
    Unusable,
    /// A customer's, and ready for use.
    Usable,
}

impl Kms {
    /// Tells how a key stands that is named by id, ARN, alias or alias ARN at `end`.
    pub(crate) fn standing(&self, end: &End, key: &str, now: Timestamp) -> Standing {
        let found = self.meant(end, key, now).filter(|name| !self.is_gone(name, now));
        let Some((name, key)) = found.and_then(|name| Some((name.clone(), self.key(&name)?))) else {
            return Standing::Missing;
        };
        let encrypts = self.family(&name).is_some_and(|family| family.kind.is_symmetric_encryption());
        match (self.state(&name, key, now), key.managed_for.is_some()) {
            (KeyState::Enabled | KeyState::Updating, true) if encrypts => Standing::AwsManaged,
            (KeyState::Enabled | KeyState::Updating, false) if encrypts => Standing::Usable,
            _ => Standing::Unusable,
        }
    }

    /// Returns the key that a text names, whether it is there or not.
    fn meant(&self, end: &End, key: &str, now: Timestamp) -> Option<KeyName> {
        let (end, resource) = match key.strip_prefix("arn:") {
            None => (end.clone(), key),
            Some(rest) => {
                let parts: Vec<&str> = rest.splitn(5, ':').collect();
                let [partition, "kms", region, account, resource] = parts[..] else { return None };
                let is_here = partition == end.partition.as_str() && region == end.region.as_str();
                let named = End::new(account.parse().ok()?, end.region.clone());
                (is_here.then_some(named)?, resource.strip_prefix("key/").unwrap_or(resource))
            }
        };
        match resource.starts_with("alias/") {
            true => Some(KeyName::new(&end, self.alias(&end, resource, now)?.key.as_ref()?)),
            false => is_key_id(resource).then(|| KeyName::new(&end, resource)),
        }
    }
}
