//! One request to Secrets Manager under way, and how it is refused.

use jiff::Timestamp;

use super::secret::Secret;
use super::store::{SecretName, Secrets};
use crate::call::Refusal;
use crate::kms::Kms;

pub(super) use crate::ask::{base64, seconds};

/// What a request sees: the secrets, and the keys that they are encrypted with.
#[derive(Debug)]
pub(super) struct Vaults<'s> {
    pub(super) kms: &'s Kms,
    pub(super) secrets: &'s mut Secrets,
}

/// One request under way.
pub(super) type Ask<'a, 'c, 's> = crate::ask::Ask<'a, 'c, Vaults<'s>>;

impl Ask<'_, '_, '_> {
    /// Finds the secret that `SecretId` names, in whatever state.
    pub(super) fn find(&self) -> Result<SecretName, Refusal> {
        let id = self.text("SecretId").unwrap_or_default();
        self.state.secrets.named(&self.call.end, id, self.cx.now).ok_or_else(not_found)
    }

    /// Finds the secret, unless it is to be deleted.
    pub(super) fn live(&self) -> Result<SecretName, Refusal> {
        let name = self.find()?;
        match self.held(&name)?.deletion.is_some() {
            true => Err(marked()),
            false => Ok(name),
        }
    }

    /// Finds the secret, to change it: a replica is changed in its primary's region only.
    pub(super) fn primary(&self) -> Result<SecretName, Refusal> {
        let name = self.live()?;
        match self.held(&name)?.primary.is_some() {
            true => Err(on_replica()),
            false => Ok(name),
        }
    }

    /// Finds the secret, to change what the service that manages it keeps for itself.
    pub(super) fn customers(&self) -> Result<SecretName, Refusal> {
        let name = self.primary()?;
        match &self.held(&name)?.owner {
            Some(owner) => Err(managed(owner)),
            None => Ok(name),
        }
    }

    /// Returns a secret that was found.
    pub(super) fn held(&self, name: &SecretName) -> Result<&Secret, Refusal> {
        self.state.secrets.get(name).ok_or_else(not_found)
    }

    /// Changes a secret that was found, for its replicas too, and says so to the ledger.
    pub(super) fn change<T>(
        &mut self,
        name: &SecretName,
        change: impl FnOnce(&mut Secret, Timestamp) -> T,
    ) -> Result<T, Refusal> {
        let now = self.cx.now;
        let secret = self.state.secrets.get_mut(name).ok_or_else(not_found)?;
        let done = change(secret, now);
        secret.changed = now;
        let arn = secret.arn(name);
        self.state.secrets.spread(name, now);
        self.cx.touched(arn);
        Ok(done)
    }
}

pub(super) fn not_found() -> Refusal {
    Refusal::new("ResourceNotFoundException").message("Secrets Manager can't find the specified secret.")
}

pub(super) fn marked() -> Refusal {
    invalid_request("You can't perform this operation on the secret because it was marked for deletion.")
}

/// As real answers have it, which others have shown: not the exception that the API reference gives for a wrong region.
pub(super) fn on_replica() -> Refusal {
    invalid("Operation not permitted on a replica secret. Call must be made in primary secret's region.")
}

fn managed(owner: &str) -> Refusal {
    invalid_request(format!("You can't perform this operation on the secret because it is managed by {owner}."))
}

pub(super) fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new("InvalidParameterException").message(message)
}

pub(super) fn invalid_request(message: impl Into<String>) -> Refusal {
    Refusal::new("InvalidRequestException").message(message)
}
