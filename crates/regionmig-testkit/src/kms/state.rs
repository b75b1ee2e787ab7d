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
        }
    }

    pub(super) fn is_doomed(self) -> bool {
        matches!(self, Self::PendingDeletion | Self::PendingReplicaDeletion)
    }
}

impl Kms {
    /// Returns the state of a key that is there.
    pub(super) fn state(&self, name: &KeyName, key: &Key, now: Timestamp) -> KeyState {
        let is_external = || self.family(name).is_some_and(|family| family.origin == "EXTERNAL");
        if key.deletion.is_some() {
            match self.last_replica(name) {
                Replicas::Stay => KeyState::PendingReplicaDeletion,
                Replicas::GoneBy(at) if at > now => KeyState::PendingReplicaDeletion,
                Replicas::GoneBy(_) | Replicas::None => KeyState::PendingDeletion,
            }
        } else if now < key.ready {
            KeyState::Creating
        } else if is_external() && !key.imported {
            KeyState::PendingImport
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
    use KeyState::{Creating, Disabled, Enabled, PendingDeletion, PendingImport, PendingReplicaDeletion};
    let invalid = |what: &str| Err(Refusal::new("KMSInvalidStateException").message(format!("{arn} is {what}.")));
    let doomed = || match state {
        PendingReplicaDeletion => invalid("pending replica deletion"),
        _ => invalid("pending deletion"),
    };
    match operation {
        "CancelKeyDeletion" if !state.is_doomed() => invalid("not pending deletion"),
        "CreateAlias" | "TagResource" | "UntagResource" | "UpdateAlias" | "UpdateKeyDescription" => match state {
            PendingDeletion | PendingReplicaDeletion => doomed(),
            Creating | Disabled | Enabled | PendingImport => Ok(()),
        },
        "ScheduleKeyDeletion" => match state {
            PendingDeletion | PendingReplicaDeletion => doomed(),
            Creating => invalid("creating"),
            Disabled | Enabled | PendingImport => Ok(()),
        },
        "DisableKey" | "EnableKey" => match state {
            PendingDeletion | PendingReplicaDeletion => doomed(),
            Creating => invalid("creating"),
            PendingImport => invalid("pending import"),
            Disabled | Enabled => Ok(()),
        },
        "CreateGrant"
        | "Decrypt"
        | "DisableKeyRotation"
        | "EnableKeyRotation"
        | "Encrypt"
        | "GenerateDataKey"
        | "GenerateDataKeyWithoutPlaintext"
        | "ReEncrypt"
        | "ReplicateKey"
        | "RotateKeyOnDemand" => match state {
            PendingDeletion | PendingReplicaDeletion => doomed(),
            Creating => invalid("creating"),
            PendingImport => invalid("pending import"),
            Disabled => Err(Refusal::new("DisabledException").message(format!("{arn} is disabled."))),
            Enabled => Ok(()),
        },
        // Reads, and PutKeyPolicy, DeleteAlias, RetireGrant, RevokeGrant: in every state.
        _ => Ok(()),
    }
}
