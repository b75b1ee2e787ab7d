//! The states of keys, and which operation is possible in which.
//!
//! From the KMS developer guide, "Key states of KMS keys". Nothing here is stored: a state follows from what was asked
//! for and from the time.

use jiff::Timestamp;

use super::store::{Key, KeyName, Kms, after_days};
use crate::call::Refusal;

/// The state of a key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum KeyState {
    Creating,
    Disabled,
    Enabled,
    PendingDeletion,
    PendingImport,
    PendingReplicaDeletion,
    Unavailable,
    Updating,
}

impl KeyState {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Creating => "Creating",
            Self::Disabled => "Disabled",
            Self::Enabled => "Enabled",
            Self::PendingDeletion => "PendingDeletion",
            Self::PendingImport => "PendingImport",
            Self::PendingReplicaDeletion => "PendingReplicaDeletion",
            Self::Unavailable => "Unavailable",
            Self::Updating => "Updating",
        }
    }

    pub(super) fn is_doomed(self) -> bool {
        matches!(self, Self::PendingDeletion | Self::PendingReplicaDeletion)
    }
}

impl Kms {
    /// Returns the state of a key that is there.
    pub(super) fn state(&self, name: &KeyName, key: &Key, now: Timestamp) -> KeyState {
        let family = self.family(name);
        let lacks_material = || family.is_some_and(|family| family.is_external() && !key.holds_all(family, now));
        let is_cut_off = || family.is_some_and(|family| self.is_cut_off(&name.end, family, now));
        let is_moving = || family.and_then(|family| family.moving.as_ref()).is_some_and(|to| to.concerns(name, now));
        if key.deletion.is_some() {
            match self.last_replica(name) {
                Replicas::Stay => KeyState::PendingReplicaDeletion,
                Replicas::GoneBy(at) if at > now => KeyState::PendingReplicaDeletion,
                Replicas::GoneBy(_) | Replicas::None => KeyState::PendingDeletion,
            }
        } else if now < key.ready {
            KeyState::Creating
        } else if is_moving() {
            KeyState::Updating
        } else if lacks_material() {
            KeyState::PendingImport
        } else if is_cut_off() {
            KeyState::Unavailable
        } else if key.enabled.is_some() {
            KeyState::Enabled
        } else {
            KeyState::Disabled
        }
    }

    /// Returns when a key will be deleted; `None` if nobody can say, because replicas stay, or if it will not be.
    pub(super) fn deletion_date(&self, name: &KeyName) -> Option<Timestamp> {
        let deletion = self.key(name)?.deletion?;
        let from = match self.last_replica(name) {
            Replicas::Stay => return None,
            // The waiting period of a primary begins when its last replica is deleted, not when that is scheduled.
            Replicas::GoneBy(at) => at.max(deletion.asked),
            Replicas::None => deletion.asked,
        };
        Some(after_days(from, deletion.days))
    }

    /// Returns whether a key was deleted before `now`, or never was there.
    pub(super) fn is_gone(&self, name: &KeyName, now: Timestamp) -> bool {
        self.key(name).is_none() || self.deletion_date(name).is_some_and(|date| date <= now)
    }

    fn last_replica(&self, name: &KeyName) -> Replicas {
        let Some(family) = self.family(name).filter(|family| family.primary == name.end.region) else {
            return Replicas::None;
        };
        let mut last = Replicas::None;
        for region in family.members.iter().filter(|region| **region != family.primary) {
            last = match (self.deletion_date(&name.in_region(region)), last) {
                (None, _) => return Replicas::Stay,
                (Some(date), Replicas::GoneBy(other)) => Replicas::GoneBy(date.max(other)),
                (Some(date), _) => Replicas::GoneBy(date),
            };
        }
        last
    }
}

/// What is to become of the replicas of a key.
enum Replicas {
    GoneBy(Timestamp),
    None,
    Stay,
}

/// Refuses `operation` if a key in `state` does not admit it.
pub(super) fn admits(operation: &str, state: KeyState, arn: &str) -> Result<(), Refusal> {
    use KeyState::{Creating, Disabled, PendingDeletion, PendingImport, PendingReplicaDeletion, Unavailable, Updating};
    let refused: &[KeyState] = match operation {
        "CancelKeyDeletion" => {
            return if state.is_doomed() { Ok(()) } else { Err(invalid(arn, "not pending deletion")) };
        }
        "CreateAlias" | "TagResource" | "UntagResource" | "UpdateAlias" | "UpdateKeyDescription" => &[],
        "GetParametersForImport" | "ImportKeyMaterial" | "ScheduleKeyDeletion" => &[Creating, Updating],
        "DisableKey" | "EnableKey" => &[Creating, PendingImport, Updating],
        "CreateGrant" => &[Creating, Disabled, PendingImport],
        "DisableKeyRotation" | "EnableKeyRotation" | "ReplicateKey" | "RotateKeyOnDemand" | "UpdatePrimaryRegion" => {
            &[Creating, Disabled, PendingImport, Unavailable, Updating]
        }
        // Cryptography, which a change of the primary does not disturb.
        "Decapsulate"
        | "Decrypt"
        | "DeriveSharedSecret"
        | "Encapsulate"
        | "Encrypt"
        | "GenerateDataKey"
        | "GenerateDataKeyPair"
        | "GenerateDataKeyPairWithoutPlaintext"
        | "GenerateDataKeyWithoutPlaintext"
        | "GenerateMac"
        | "GetPublicKey"
        | "ReEncrypt"
        | "Sign"
        | "Verify"
        | "VerifyMac" => &[Creating, Disabled, PendingImport, Unavailable],
        // Reads, and PutKeyPolicy, DeleteAlias, DeleteImportedKeyMaterial, RetireGrant, RevokeGrant: in every state.
        _ => return Ok(()),
    };
    match state {
        PendingDeletion => Err(invalid(arn, "pending deletion")),
        PendingReplicaDeletion => Err(invalid(arn, "pending replica deletion")),
        state if !refused.contains(&state) => Ok(()),
        Disabled => Err(Refusal::new("DisabledException").message(format!("{arn} is disabled."))),
        Creating => Err(invalid(arn, "creating")),
        PendingImport => Err(invalid(arn, "pending import")),
        Unavailable => Err(invalid(arn, "unavailable")),
        Updating => Err(invalid(arn, "updating")),
        _ => Ok(()),
    }
}

fn invalid(arn: &str, what: &str) -> Refusal {
    Refusal::new("KMSInvalidStateException").message(format!("{arn} is {what}."))
}
