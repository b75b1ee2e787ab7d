//! The keys that secrets are encrypted with.

use jiff::Timestamp;
use regionmig_core::End;

use super::ask::Ask;
use super::event::Denied;
use super::secret::{CURRENT, Secret};
use super::store::SecretName;
use crate::call::Refusal;
use crate::kms::{Kms, Standing};

/// The alias of the key that secrets are encrypted with unless they name another; always there.
pub(super) const DEFAULT: &str = "alias/aws/secretsmanager";

/// Why a replica can not be encrypted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Plight {
    /// Somebody may not use one of the keys.
    Denied,
    /// The primary's key cannot be used.
    Source,
    /// The replica's key cannot be used.
    Target,
}

/// Tells how the key of a secret stands; without one, or by the default one's alias, AWS's own is meant.
pub(super) fn standing(kms: &Kms, end: &End, key: Option<&str>, now: Timestamp) -> Standing {
    match key {
        None => Standing::AwsManaged,
        Some(key) if is_default(key) => Standing::AwsManaged,
        Some(key) => kms.standing(end, key, now),
    }
}

/// Tells whether a key is named by the alias of the default one.
pub(super) fn is_default(key: &str) -> bool {
    key == DEFAULT || key.ends_with(&format!(":{DEFAULT}"))
}

/// Tells why the value of a primary cannot be encrypted anew somewhere else; `None` if it can.
pub(super) fn plight(
    name: &SecretName,
    primary: &Secret,
    target: &End,
    key: Option<&str>,
    (kms, now): (&Kms, Timestamp),
    denied: &mut Denied<'_>,
) -> Option<Plight> {
    let source = primary.holder(CURRENT).and_then(|version| version.key.as_deref());
    match (standing(kms, &name.end, source, now), standing(kms, target, key, now)) {
        (Standing::Missing | Standing::Unusable, _) => Some(Plight::Source),
        (_, Standing::Missing | Standing::Unusable) => Some(Plight::Target),
        (source, reached) => {
            let no_source = source == Standing::Usable && denied(&name.end, "kms:Decrypt");
            let wants = ["kms:GenerateDataKey", "kms:Encrypt"];
            let no_target = reached == Standing::Usable && wants.iter().any(|action| denied(target, action));
            (no_source || no_target).then_some(Plight::Denied)
        }
    }
}

impl Ask<'_, '_, '_> {
    /// Lets a value be decrypted that is encrypted with this key.
    pub(super) fn decrypt_with(&mut self, end: &End, key: Option<&str>) -> Result<(), Refusal> {
        let failure = "Secrets Manager can't decrypt the protected secret text using the provided KMS key.";
        self.use_key(end, key, &["kms:Decrypt"], Refusal::new("DecryptionFailure").message(failure))
    }

    /// Lets a value be encrypted with this key.
    pub(super) fn encrypt_with(&mut self, end: &End, key: Option<&str>) -> Result<(), Refusal> {
        let failure = "Secrets Manager can't encrypt the protected secret text using the provided KMS key. Check that the \
                       KMS key is available, enabled, and not in an invalid state.";
        self.use_key(end, key, &["kms:GenerateDataKey"], Refusal::new("EncryptionFailure").message(failure))
    }

    fn use_key(&mut self, end: &End, key: Option<&str>, actions: &[&str], failure: Refusal) -> Result<(), Refusal> {
        match standing(self.state.kms, end, key, self.cx.now) {
            Standing::AwsManaged => Ok(()),
            Standing::Missing | Standing::Unusable => Err(failure),
            Standing::Usable if actions.iter().any(|action| (self.cx.denied)(end, action)) => {
                Err(Refusal::new("AccessDeniedException").message("Access to KMS is not allowed"))
            }
            Standing::Usable => Ok(()),
        }
    }
}
