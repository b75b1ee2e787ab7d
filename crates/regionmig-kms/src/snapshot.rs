//! What is found of KMS in one region.

mod grant;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use regionmig_core::{AliasName, KeyArn, Listing, Lookup, Timestamp, snapshot, words};
use serde::{Deserialize, Serialize};

pub(crate) use grant::session_of;
pub use grant::{Constraints, Grant, GrantTerms};

/// What was found of KMS in one region.
///
/// What is read of a key by a call of its own is a listing of its own, so that one refused call is a gap in what it
/// would have told and in nothing else. Policies, tags, grants and rotations are read of customers' keys only. A person
/// who knows that the keys whose tags may not be read are somebody else's answers for that with
/// `target.tags.presume_complete(why)`.
///
/// Keys that other accounts share are not listed.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Snapshot {
    /// The aliases that point to a key.
    pub aliases: Listing<AliasName, Alias>,
    /// The grants of each key.
    pub grants: Listing<KeyArn, Vec<Grant>>,
    /// The custom key stores, by their ids; looked up in the target only, and only if keys are to be made in some.
    #[serde(default)]
    pub key_stores: Listing<String, KeyStore>,
    /// The keys, those that AWS manages and those to be deleted included.
    pub keys: Listing<KeyArn, Key>,
    /// When each key was last used; asked in the source only, and only with `Kms::with_last_use`.
    #[serde(default)]
    pub last_uses: Listing<KeyArn, LastUse>,
    /// The materials of each symmetric encryption key whose material is imported; nothing of other keys, which have one.
    #[serde(default)]
    pub materials: Listing<KeyArn, Vec<Material>>,
    /// The policy of each key, named `default`: the only one that can be set.
    pub policies: Listing<KeyArn, String>,
    /// The primaries, in third regions, of the replicas that are here; looked up for the source only.
    pub primaries: Listing<KeyArn, Key>,
    /// How each key's material is rotated; nothing of keys that cannot be.
    pub rotations: Listing<KeyArn, Rotation>,
    /// The keys that the tagging API shows, with their tags there; asked in the target only, and only if that is wanted.
    /// What is not in it may be tagged all the same.
    #[serde(default)]
    pub tagged: Listing<KeyArn, BTreeMap<String, String>>,
    /// The tags of each key.
    pub tags: Listing<KeyArn, BTreeMap<String, String>>,
}

impl Snapshot {
    /// Returns the names by which aliases point to each key, as far as they were read.
    pub(crate) fn names_by_key(&self) -> BTreeMap<&KeyArn, Vec<&AliasName>> {
        let mut names: BTreeMap<&KeyArn, Vec<&AliasName>> = BTreeMap::new();
        for (name, alias) in self.aliases.known() {
            names.entry(&alias.key).or_default().push(name);
        }
        names
    }
}

snapshot!(Snapshot {
    aliases,
    grants,
    key_stores,
    keys,
    last_uses,
    materials,
    policies,
    primaries,
    rotations,
    tagged,
    tags
});

/// Returns the tags that the tagging API shows of a key. One of which it shows none may be tagged all the same.
pub(crate) fn shown_tags<'a>(
    tagged: &'a Listing<KeyArn, BTreeMap<String, String>>,
    key: &KeyArn,
) -> Option<&'a BTreeMap<String, String>> {
    match tagged.lookup(key) {
        Lookup::Present(tags) => Some(tags).filter(|tags| !tags.is_empty()),
        Lookup::Absent | Lookup::Unknown(_) => None,
    }
}

/// Where an alias points.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Alias {
    /// The key.
    pub key: KeyArn,
}

impl Alias {
    /// Makes an alias of `key`.
    pub fn new(key: KeyArn) -> Self {
        Self { key }
    }
}

/// A custom key store.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct KeyStore {
    /// Whether KMS is connected to it, such as `CONNECTED` or `DISCONNECTED`.
    pub connection: String,
    /// Where the material of its keys comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Origin>,
}

impl KeyStore {
    /// Makes what is known of a store.
    pub fn new(connection: impl Into<String>) -> Self {
        Self { connection: connection.into(), kind: None }
    }

    /// Says where the material of its keys comes from.
    #[must_use]
    pub fn of(mut self, kind: Origin) -> Self {
        self.kind = Some(kind);
        self
    }

    /// Returns whether keys can be made in it.
    pub fn is_connected(&self) -> bool {
        self.connection == "CONNECTED"
    }
}

/// What `DescribeKey` says of a key, as far as it decides what becomes of it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Key {
    /// When it was made.
    pub created: Timestamp,
    /// The custom key store that it is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom_key_store: Option<String>,
    /// What it is for, in somebody's words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// When KMS deletes its imported material.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// Who manages it.
    pub manager: KeyManager,
    /// What it is related to, if it is a multi-Region key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multi_region: Option<MultiRegion>,
    /// Where its material comes from.
    pub origin: Origin,
    /// What it is made of.
    pub spec: KeySpec,
    /// Whether it can be used.
    pub state: KeyState,
    /// What it can be used for.
    pub usage: KeyUsage,
    /// The key of an external key manager that stands behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub xks_key: Option<String>,
}

impl Key {
    /// Makes what is known of an enabled symmetric encryption key of a customer's, made at `created`.
    pub fn symmetric(created: Timestamp) -> Self {
        Self {
            created,
            custom_key_store: None,
            description: String::new(),
            expires: None,
            manager: KeyManager::Customer,
            multi_region: None,
            origin: Origin::AwsKms,
            spec: KeySpec::SymmetricDefault,
            state: KeyState::Enabled,
            usage: KeyUsage::EncryptDecrypt,
            xks_key: None,
        }
    }

    /// Returns whether it is one of a customer's.
    pub fn is_customers(&self) -> bool {
        self.manager == KeyManager::Customer
    }

    /// Returns whether it is to be deleted.
    pub fn is_doomed(&self) -> bool {
        matches!(self.state, KeyState::PendingDeletion | KeyState::PendingReplicaDeletion)
    }

    /// Returns whether it is a multi-Region key whose primary is elsewhere.
    pub fn is_replica(&self) -> bool {
        self.multi_region.as_ref().is_some_and(|related| related.role != MultiRegionRole::Primary)
    }

    /// Returns whether its material is imported by its owner.
    pub fn is_imported(&self) -> bool {
        self.origin == Origin::External
    }

    /// Returns whether KMS tells its imported materials apart by their ids: those of symmetric encryption keys, which alone
    /// can have more than one (API reference, ImportKeyMaterial).
    pub fn has_materials(&self) -> bool {
        self.is_imported() && self.spec == KeySpec::SymmetricDefault
    }

    /// Returns whether it waits for its material: none was imported, or not all, or it was deleted or has expired.
    pub fn lacks_material(&self) -> bool {
        self.state == KeyState::PendingImport
    }

    /// Returns whether KMS can rotate its material by itself: that of symmetric encryption keys, if it made and holds it
    /// (developer guide, "Rotate AWS KMS keys").
    pub fn rotates(&self) -> bool {
        self.origin == Origin::AwsKms && self.custom_key_store.is_none() && self.spec == KeySpec::SymmetricDefault
    }

    /// Returns whether it is in a state that somebody chose, not on the way to another.
    pub fn is_settled(&self) -> bool {
        matches!(self.state, KeyState::Disabled | KeyState::Enabled) || self.is_imported() && self.lacks_material()
    }

    /// Returns whether KMS lets an alias go from one to the other: both are symmetric, both asymmetric or both HMAC, and
    /// their usage is one (API reference, UpdateAlias).
    pub fn is_of_one_family(&self, other: &Self) -> bool {
        let family = |key: &Self| match key.spec.as_str() {
            "SYMMETRIC_DEFAULT" => 0,
            spec if spec.starts_with("HMAC_") => 1,
            _ => 2,
        };
        self.usage == other.usage && family(self) == family(other)
    }

    /// Returns whether `other` has the same spec, usage and origin: what can never be changed, and must be equal for one
    /// to stand for the other.
    pub fn is_like(&self, other: &Self) -> bool {
        self.serves_as(other) && self.origin == other.origin
    }

    /// Returns whether `other` has the same spec and usage, wherever its material comes from.
    pub fn serves_as(&self, other: &Self) -> bool {
        (&self.spec, &self.usage) == (&other.spec, &other.usage)
    }
}

/// A material that was imported into a symmetric encryption key, in this region or for a related key in another.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Material {
    /// What it is, in its owner's words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// When KMS deletes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// The id that KMS gave it: the same in related multi-Region keys, another in every other key.
    pub id: String,
    /// Whether it is in this region: imported, and neither deleted nor expired since.
    pub is_here: bool,
    /// What it is used for.
    pub state: MaterialState,
}

impl Material {
    /// Makes what is known of a material that is here, and does not expire.
    pub fn new(id: impl Into<String>, state: MaterialState) -> Self {
        Self { description: String::new(), expires: None, id: id.into(), is_here: true, state }
    }
}

/// Returns the material that a key encrypts with.
pub(crate) fn current(materials: &[Material]) -> Option<&Material> {
    materials.iter().find(|one| one.state == MaterialState::Current)
}

/// Returns when KMS deletes a material of one key and when that of another, if that differs: of related keys any that both
/// have, of others the one that each encrypts with. Of a symmetric encryption key, `DescribeKey` tells the earliest only.
pub(crate) fn differing_expiry(
    (key, own): (&Key, &[Material]),
    (other, there): (&Key, &[Material]),
    is_related: bool,
) -> Option<(Option<Timestamp>, Option<Timestamp>)> {
    let differs = |(own, there): &(Option<Timestamp>, Option<Timestamp>)| own != there;
    if !key.has_materials() {
        return Some((key.expires, other.expires)).filter(differs);
    }
    if !is_related {
        return current(own).zip(current(there)).map(|(own, there)| (own.expires, there.expires)).filter(differs);
    }
    let same = |one: &Material| there.iter().find(|other| other.id == one.id && one.is_here && other.is_here);
    own.iter().filter_map(|one| Some((one.expires, same(one)?.expires))).find(differs)
}

/// What a multi-Region key is related to.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct MultiRegion {
    /// The primary; the key itself, if it is that.
    pub primary: KeyArn,
    /// All replicas.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub replicas: BTreeSet<KeyArn>,
    /// Which of them it is.
    pub role: MultiRegionRole,
}

impl MultiRegion {
    /// Makes the relations of a primary without replicas, or of a replica of `primary`.
    pub fn new(role: MultiRegionRole, primary: KeyArn) -> Self {
        Self { primary, replicas: BTreeSet::new(), role }
    }

    /// Adds a replica.
    #[must_use]
    pub fn replica(mut self, replica: KeyArn) -> Self {
        self.replicas.insert(replica);
        self
    }
}

/// How a key's material is rotated.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Rotation {
    /// Every how many days; none, if it is not rotated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<u32>,
}

impl Rotation {
    /// Says that it is rotated every so many days.
    pub fn every(days: u32) -> Self {
        Self { days: Some(days) }
    }
}

impl fmt::Display for Rotation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.days {
            Some(days) => write!(f, "every {days} days"),
            None => f.write_str("never"),
        }
    }
}

/// When a key was last used, as far as KMS keeps track of it. Of related multi-Region keys each has a record of its own.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct LastUse {
    /// Since when KMS keeps track of the key.
    pub since: Timestamp,
    /// The last use that is known, if any is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used: Option<Use>,
    /// Whether KMS has kept track since the key was made, so that one of which no use is known was not used, unless KMS has
    /// yet to learn of it.
    pub whole: bool,
}

impl LastUse {
    /// Says that no use is known since a time, `whole` if the key was not made before.
    pub fn none(since: Timestamp, whole: bool) -> Self {
        Self { since, used: None, whole }
    }

    /// Says what the last use was.
    #[must_use]
    pub fn used(mut self, at: Timestamp, operation: impl Into<String>) -> Self {
        self.used = Some(Use { at, operation: operation.into() });
        self
    }
}

/// One use of a key.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Use {
    /// When.
    pub at: Timestamp,
    /// The operation, such as `Decrypt`.
    pub operation: String,
}

words! {
    /// Who manages a key.
    KeyManager {
        /// AWS, for one of its services.
        Aws = "AWS",
        /// The account's owner.
        Customer = "CUSTOMER",
    }
}

words! {
    /// What a key is made of, such as `SYMMETRIC_DEFAULT`.
    KeySpec {
        /// AES-256-GCM; in China SM4.
        SymmetricDefault = "SYMMETRIC_DEFAULT",
    }
}

words! {
    /// Whether a key can be used (KMS developer guide, "Key states of KMS keys").
    KeyState {
        /// It is being made.
        Creating = "Creating",
        /// Somebody disabled it.
        Disabled = "Disabled",
        /// It can be used.
        Enabled = "Enabled",
        /// It will be deleted.
        PendingDeletion = "PendingDeletion",
        /// It has no material yet.
        PendingImport = "PendingImport",
        /// It will be deleted once its replicas are.
        PendingReplicaDeletion = "PendingReplicaDeletion",
        /// Its key store does not answer.
        Unavailable = "Unavailable",
        /// Which region has the primary is being changed.
        Updating = "Updating",
    }
}

words! {
    /// What a key can be used for, such as `ENCRYPT_DECRYPT`.
    KeyUsage {
        /// Agreement on a key by post-quantum encapsulation.
        EncapsulateDecapsulate = "ENCAPSULATE_DECAPSULATE",
        /// Encryption.
        EncryptDecrypt = "ENCRYPT_DECRYPT",
        /// Message authentication codes.
        GenerateVerifyMac = "GENERATE_VERIFY_MAC",
        /// Derivation of a shared secret.
        KeyAgreement = "KEY_AGREEMENT",
        /// Signatures.
        SignVerify = "SIGN_VERIFY",
    }
}

words! {
    /// What one of a key's materials is used for (API reference, RotationsListEntry).
    MaterialState {
        /// To encrypt, and to decrypt what it encrypted.
        Current = "CURRENT",
        /// To decrypt what it encrypted.
        NonCurrent = "NON_CURRENT",
        /// For nothing yet: not all related keys have it.
        PendingImportAndRotation = "PENDING_MULTI_REGION_IMPORT_AND_ROTATION",
        /// For nothing until the key is rotated.
        PendingRotation = "PENDING_ROTATION",
    }
}

words! {
    /// Which of the related multi-Region keys a key is.
    MultiRegionRole {
        /// The one that the others are replicas of.
        Primary = "PRIMARY",
        /// One of the others.
        Replica = "REPLICA",
    }
}

words! {
    /// Where a key's material comes from.
    Origin {
        /// KMS makes it in a CloudHSM cluster of the account.
        AwsCloudHsm = "AWS_CLOUDHSM",
        /// KMS makes it.
        AwsKms = "AWS_KMS",
        /// It is imported.
        External = "EXTERNAL",
        /// It stays in a key manager outside of AWS.
        ExternalKeyStore = "EXTERNAL_KEY_STORE",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_kept_as_they_are() {
        for word in ["Enabled", "PendingReplicaDeletion", "SomethingNew"] {
            assert_eq!(KeyState::from(word).to_string(), word);
            let stored = serde_json::to_string(&KeyState::from(word)).unwrap();
            assert_eq!(stored, format!("\"{word}\""));
            assert_eq!(serde_json::from_str::<KeyState>(&stored).unwrap(), KeyState::from(word));
        }
        assert_eq!(KeyState::from("Enabled"), KeyState::Enabled);
    }
}
