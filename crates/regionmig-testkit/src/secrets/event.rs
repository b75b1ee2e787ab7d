//! What happens by and by: replicas arrive, rotations finish.

use jiff::Timestamp;
use regionmig_core::{End, Region};

use super::key::{self, Plight};
use super::secret::{CURRENT, PENDING, Secret, Status, Version};
use super::store::{SecretName, Secrets};
use crate::kms::Kms;

/// Something that is to happen.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Event {
    /// A rotation makes its version current.
    Finish { secret: SecretName, version: String },
    /// A replica is made equal to its primary.
    Reach { primary: SecretName, region: Region },
}

/// Asks whether a caller is denied an action somewhere.
pub(crate) type Denied<'d> = dyn FnMut(&End, &str) -> bool + 'd;

impl Secrets {
    /// Returns whether something is to happen by `now`.
    pub(crate) fn is_due(&self, now: Timestamp) -> bool {
        self.agenda.first().is_some_and(|(at, _)| *at <= now)
    }

    /// Lets happen what is due by `now`, each at its own time.
    pub(crate) fn settle(&mut self, now: Timestamp, kms: &Kms, denied: &mut Denied<'_>) {
        while self.is_due(now) {
            let Some((at, event)) = self.agenda.pop_first() else { return };
            match event {
                Event::Finish { secret, version } => self.finish(&secret, &version, at),
                Event::Reach { primary, region } => self.reach(&primary, &region, at, kms, denied),
            }
            self.keep(at);
        }
    }

    fn finish(&mut self, name: &SecretName, version: &str, at: Timestamp) {
        let Some(secret) = self.get_mut(name).filter(|secret| secret.deletion.is_none()) else { return };
        if secret.pending().is_none_or(|pending| pending.id != version) {
            return;
        }
        secret.attach(CURRENT, version);
        secret.detach(PENDING);
        (secret.changed, secret.rotated) = (at, Some(at));
        self.spread(name, at);
    }

    fn reach(&mut self, name: &SecretName, region: &Region, at: Timestamp, kms: &Kms, denied: &mut Denied<'_>) {
        let Some(primary) = self.get(name).cloned() else { return };
        let Some(replica) = primary.replicas.get(region).filter(|replica| replica.due == Some(at)) else { return };
        let target = name.in_region(region);
        let there = self.present(&target, at);
        let is_ours = there.is_some_and(|there| there.is_replica_of(name, &primary));
        let is_in_the_way = there.is_some_and(|there| !replica.overwrites || !there.replicas.is_empty());
        let key = replica.key.as_deref();
        let status = if is_in_the_way && !is_ours {
            let why = format!("Replication failed: Secret name {} already exists in region {region}.", name.name);
            Status::Failed(why)
        } else if let Some(plight) = key::plight(name, &primary, &target.end, key, (kms, at), denied) {
            Status::Failed(plight.message(region))
        } else {
            let old = there.filter(|_| is_ours);
            let copy = primary.copy(&name.end.region, key, old, at);
            self.put(&target, copy);
            Status::InSync
        };
        let replica = self.get_mut(name).and_then(|primary| primary.replicas.get_mut(region));
        if let Some(replica) = replica {
            (replica.status, replica.due) = (status, None);
        }
    }
}

impl Secret {
    /// Tells whether this is the replica of a primary of the same name.
    pub(super) fn is_replica_of(&self, name: &SecretName, primary: &Self) -> bool {
        self.primary.as_ref() == Some(&name.end.region) && self.suffix == primary.suffix
    }

    /// Makes the replica that this is the primary of, in place of an older one.
    pub(super) fn copy(&self, region: &Region, key: Option<&str>, old: Option<&Self>, at: Timestamp) -> Self {
        let accessed = |id: &str| old.and_then(|old| old.version(id)).and_then(|version| version.accessed);
        let version = |version: &Version| Version {
            accessed: accessed(&version.id),
            key: key.map(str::to_owned),
            ..version.clone()
        };
        Self {
            accessed: old.and_then(|old| old.accessed),
            changed: at,
            created: old.map_or(at, |old| old.created),
            deletion: None,
            key: key.map(str::to_owned),
            primary: Some(region.clone()),
            replicas: std::collections::BTreeMap::new(),
            // What rotates the primary rotates no replica: it would only show the new value.
            rotation: None,
            versions: self.versions.iter().map(version).collect(),
            ..self.clone()
        }
    }
}

impl Plight {
    /// Says to the primary why a replica was not made (user guide, "Troubleshoot secret replication").
    fn message(self, region: &Region) -> String {
        let why = match self {
            Self::Denied => "No permissions available on the KMS key to complete the replication to region",
            Self::Source => "The KMS key of the primary secret is disabled or not found, replicating to region",
            Self::Target => "The KMS key is disabled or not found in region",
        };
        format!("Replication failed: {why} {region}.")
    }
}
