//! What KMS knows: keys and aliases of each account and region, and what related multi-Region keys share.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use regionmig_core::{End, Region};

use super::grant::Grant;
use super::key_store::KeyStore;
use super::material::{Import, Material, Secret};
use super::pair;
use super::primary::Move;
use super::rotation::Rotation;
use super::spec::Kind;
use crate::shelf::Shelf;

/// How long what KMS does by and by takes, in the world's time.
///
/// AWS promises none of these: "a few seconds" for a replica, nothing for the rest.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct KmsTiming {
    /// How long a custom key store is `CONNECTING` or `DISCONNECTING`. Five minutes, unless set otherwise.
    pub connection: SignedDuration,
    /// How long a key that CreateKey made is `Creating`. Nothing, unless set otherwise.
    pub creation: SignedDuration,
    /// How long the old and the new primary are `Updating` after UpdatePrimaryRegion. Five seconds, unless set otherwise.
    pub promotion: SignedDuration,
    /// How long a replica is `Creating`. Five seconds, unless set otherwise.
    pub replication: SignedDuration,
    /// How long a rotation on demand is under way. Five seconds, unless set otherwise.
    pub rotation: SignedDuration,
}

impl Default for KmsTiming {
    fn default() -> Self {
        Self {
            connection: SignedDuration::from_mins(5),
            creation: SignedDuration::ZERO,
            promotion: SignedDuration::from_secs(5),
            replication: SignedDuration::from_secs(5),
            rotation: SignedDuration::from_secs(5),
        }
    }
}

/// The keys of all accounts and regions. Clones share everything until one of them changes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kms {
    pub(super) timing: KmsTiming,
    /// The custom key stores of each account in each region, by id.
    pub(super) stores: BTreeMap<End, BTreeMap<String, KeyStore>>,
    /// How many key pairs of each spec were handed out, by the process's pool.
    pairs: BTreeMap<String, usize>,
    families: Shelf<Family>,
    regions: BTreeMap<End, Regional>,
}

/// The keys and aliases of one account in one region.
#[derive(Clone, Debug, Default)]
pub(super) struct Regional {
    pub(super) aliases: Shelf<Alias>,
    /// By key id. Keys whose waiting period is over stay, as [`Kms::is_gone`]: a primary's own period starts then.
    pub(super) keys: Shelf<Key>,
}

/// Where a key is.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct KeyName {
    pub(super) end: End,
    pub(super) id: String,
}

impl KeyName {
    pub(super) fn new(end: &End, id: impl Into<String>) -> Self {
        Self { end: end.clone(), id: id.into() }
    }

    pub(super) fn arn(&self) -> String {
        let Self { end, id } = self;
        format!("arn:{}:kms:{}:{}:key/{id}", end.partition, end.region, end.account)
    }

    pub(super) fn in_region(&self, region: &Region) -> Self {
        Self::new(&self.end.in_region(region.clone()), self.id.clone())
    }

    /// Related keys have the same one.
    fn family(&self) -> String {
        format!("{}:{}:{}", self.end.partition, self.end.account, self.id)
    }
}

/// What a key has of its own in its region.
#[derive(Clone, Debug)]
pub(super) struct Key {
    pub(super) aliases: BTreeSet<String>,
    pub(super) created: Timestamp,
    pub(super) deletion: Option<Deletion>,
    pub(super) description: String,
    /// Since when it is enabled; `None` if it is disabled.
    pub(super) enabled: Option<Timestamp>,
    pub(super) grants: Shelf<Grant>,
    /// Which of the family's imported materials are, or once were, in this region. Empty for keys of another origin.
    pub(super) imports: BTreeMap<usize, Import>,
    /// The service that has AWS manage it, such as `s3`.
    pub(super) managed_for: Option<String>,
    pub(super) policy: Arc<str>,
    /// Until when it is `Creating`.
    pub(super) ready: Timestamp,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) used: Option<Use>,
}

/// That a key is to be deleted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deletion {
    pub(super) asked: Timestamp,
    pub(super) days: i64,
}

/// The last cryptographic use of a key in its region.
#[derive(Clone, Debug)]
pub(super) struct Use {
    pub(super) at: Timestamp,
    pub(super) event: String,
    pub(super) operation: String,
    pub(super) request: String,
}

#[derive(Clone, Debug)]
pub(super) struct Alias {
    pub(super) created: Timestamp,
    /// `None` for a predefined alias of a service that has made no key yet.
    pub(super) key: Option<String>,
    pub(super) updated: Timestamp,
}

/// What related multi-Region keys share; a single-Region key has one to itself.
#[derive(Clone, Debug)]
pub(super) struct Family {
    pub(super) kind: Kind,
    /// What was imported, in the order in which it was, or will be, current.
    pub(super) materials: Vec<Material>,
    /// Every region in which there is or was a member, the primary's included.
    pub(super) members: BTreeSet<Region>,
    /// Where the primary is on its way to.
    pub(super) moving: Option<Move>,
    pub(super) multi_region: bool,
    pub(super) origin: String,
    /// Which key pair of the process's pool it has, if its spec needs one from there.
    pub(super) pair: usize,
    pub(super) primary: Region,
    pub(super) rotation: Rotation,
    pub(super) secret: Secret,
    /// The custom key store, and the key in an external one.
    pub(super) store: Option<String>,
    pub(super) xks_key: Option<String>,
}

impl Family {
    /// Returns the id of the material that new ciphertexts are made with.
    pub(super) fn material_id(&self) -> String {
        self.material_id_of(self.rotation.current())
    }

    /// Returns the id of the `generation`th material.
    pub(super) fn material_id_of(&self, generation: usize) -> String {
        match self.materials.get(generation) {
            Some(material) => material.id.clone(),
            None => self.secret.material_id(generation),
        }
    }

    /// Returns the `generation`th material: the bytes of a symmetric or HMAC key, PKCS #8 of a private key; `None` if
    /// it was not imported yet, or if the world has no keys of this spec.
    pub(super) fn material(&self, generation: usize) -> Option<Vec<u8>> {
        match (self.is_external(), self.kind.mac_length()) {
            (true, _) => self.materials.get(generation).map(|material| material.secret.bytes().to_vec()),
            (false, _) if self.kind.is_symmetric_encryption() => Some(self.secret.material(generation).to_vec()),
            (false, Some(length)) => Some(self.secret.stretch(b"mac", length)),
            (false, None) => pair::make(self.kind.spec, &self.secret, self.pair),
        }
    }

    /// Returns the material that is current.
    pub(super) fn current(&self) -> Option<Vec<u8>> {
        self.material(self.rotation.current())
    }

    /// Returns whether its material is imported.
    pub(super) fn is_external(&self) -> bool {
        self.origin == "EXTERNAL"
    }

    /// Returns whether AWS tells the ids of its materials: of symmetric encryption keys, outside of custom key stores.
    pub(super) fn has_material_ids(&self) -> bool {
        self.kind.is_symmetric_encryption() && self.store.is_none()
    }
}

impl Kms {
    /// Puts a key where it belongs, in place of one of the same id that is gone, whose aliases must not come back with it.
    pub(super) fn put(&mut self, name: &KeyName, key: Key) {
        let regional = self.regions.entry(name.end.clone()).or_default();
        let old: Vec<String> = regional.keys.get(&name.id).into_iter().flat_map(|old| old.aliases.clone()).collect();
        for alias in old {
            if regional.aliases.get(&alias).is_some_and(|held| held.key.as_ref() == Some(&name.id)) {
                regional.aliases.remove(&alias);
            }
        }
        regional.keys.insert(&name.id, key);
    }

    /// Takes the number of a key pair of `spec` that nothing else in this world has. Counted for each spec, so that worlds
    /// that are alike share what is slow to make.
    pub(super) fn take_pair(&mut self, spec: &str) -> usize {
        let next = self.pairs.entry(spec.to_owned()).or_default();
        *next += 1;
        *next - 1
    }

    pub(super) fn put_family(&mut self, name: &KeyName, family: Family) {
        self.families.insert(&name.family(), family);
    }

    pub(super) fn regional_mut(&mut self, end: &End) -> &mut Regional {
        self.regions.entry(end.clone()).or_default()
    }

    /// Returns a key to change it, whatever has become of it.
    pub(super) fn key_mut(&mut self, name: &KeyName) -> Option<&mut Key> {
        self.regions.get_mut(&name.end)?.keys.get_mut(&name.id)
    }

    pub(super) fn family_mut(&mut self, name: &KeyName) -> Option<&mut Family> {
        self.families.get_mut(&name.family())
    }

    pub(super) fn regional(&self, end: &End) -> Option<&Regional> {
        self.regions.get(end)
    }

    /// Returns a key, whatever has become of it.
    pub(super) fn key(&self, name: &KeyName) -> Option<&Key> {
        self.regions.get(&name.end)?.keys.get(&name.id)
    }

    pub(super) fn family(&self, name: &KeyName) -> Option<&Family> {
        self.families.get(&name.family())
    }

    /// Returns the ARN and the tags of every tagged key of `end`, by ARN.
    pub(crate) fn tagged(&self, end: &End, now: Timestamp) -> Vec<(String, BTreeMap<String, String>)> {
        let tagged = self.present(end, now).filter(|(_, key)| !key.tags.is_empty());
        let mut tagged: Vec<_> = tagged.map(|(name, key)| (name.arn(), key.tags.clone())).collect();
        tagged.sort();
        tagged
    }

    /// Returns the keys of all accounts in the region of `end` that are not gone.
    pub(super) fn present_in(&self, end: &End, now: Timestamp) -> impl Iterator<Item = (KeyName, &Key)> {
        let ends = self.regions.keys().filter(|other| other.region == end.region);
        ends.flat_map(move |end| self.present(end, now))
    }

    /// Returns the keys of `end` that are not gone, by id.
    pub(super) fn present<'a>(&'a self, end: &'a End, now: Timestamp) -> impl Iterator<Item = (KeyName, &'a Key)> {
        let keys = self.regions.get(end).into_iter().flat_map(|regional| regional.keys.iter());
        let named = keys.map(|(id, key)| (KeyName::new(end, id), key));
        named.filter(move |(name, key)| key.deletion.is_none() || !self.is_gone(name, now))
    }
}

/// Returns the moment `duration` after `at`; the last there is, if that is later.
pub(super) fn after(at: Timestamp, duration: SignedDuration) -> Timestamp {
    at.saturating_add(duration).unwrap_or(Timestamp::MAX)
}

/// Returns the moment `days` days after `at`.
pub(super) fn after_days(at: Timestamp, days: i64) -> Timestamp {
    after(at, SignedDuration::from_hours(24_i64.saturating_mul(days)))
}
