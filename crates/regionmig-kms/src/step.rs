//! The steps, and what the core knows of them.
// REQ: E-23

mod import;
mod spec;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use regionmig_core::{AliasName, Digest, KeyArn, ResourceId, Template};
use serde::{Deserialize, Serialize};

use crate::snapshot::{GrantTerms, KeySpec, KeyUsage, Origin, Rotation};
pub use import::ImportMaterial;

/// What the names of the grants that are made begin with.
pub(crate) const GRANT_PREFIX: &str = "regionmig-";
/// What the service is called, unless it is given another name.
pub(crate) const NAME: &str = "kms";

/// KMS reads are so far behind, at most, after a key was made (terraform waits as long for five agreeing reads of its
/// tags).
pub(crate) const NEW_KEY_SETTLES: Duration = Duration::from_secs(600);
const AGREEING: u32 = 5;

/// One change that brings KMS of the target to where the source is.
///
/// Those that make no key are about the counterpart of `key`, whatever that is.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Step {
    /// Adds tags that a found key does not have.
    AddTags(AddTags),
    /// Changes the values of tags that a found key has.
    ChangeTags(ChangeTags),
    /// Makes an alias.
    CreateAlias(CreateAlias),
    /// Grants.
    CreateGrant(CreateGrant),
    /// Makes an equal key, with material of its own.
    CreateKey(CreateKey),
    /// Disables the key; its last step.
    DisableKey(DisableKey),
    /// Ends the rotation of a found key.
    DisableRotation(DisableRotation),
    /// Enables a found key.
    EnableKey(EnableKey),
    /// Has the key rotated.
    EnableRotation(EnableRotation),
    /// Imports material that the caller brings.
    ImportMaterial(ImportMaterial),
    /// Replaces the policy of a found key, or completes that of one that the plan made.
    PutPolicy(PutPolicy),
    /// Makes a replica of a multi-Region key.
    ReplicateKey(ReplicateKey),
    /// Replaces the description of a found key.
    SetDescription(SetDescription),
    /// Has an alias of the target point to the counterpart, and no longer to another key.
    UpdateAlias(UpdateAlias),
    /// Has the replica in the target become the primary.
    UpdatePrimaryRegion(UpdatePrimaryRegion),
}

/// See [`Step::AddTags`].
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct AddTags {
    /// The source's key.
    pub key: KeyArn,
    /// The tags.
    pub tags: BTreeMap<String, String>,
}

/// See [`Step::ChangeTags`].
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ChangeTags {
    /// The source's key.
    pub key: KeyArn,
    /// The digest of the values that are replaced, those missing not counted.
    pub replaces: Digest,
    /// The tags.
    pub tags: BTreeMap<String, String>,
}

/// See [`Step::CreateAlias`].
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CreateAlias {
    /// The source's key.
    pub key: KeyArn,
    /// The name, at both ends unless `renamed` says otherwise.
    pub name: AliasName,
    /// The name in the target, if it is another one there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renamed: Option<AliasName>,
}

/// See [`Step::CreateGrant`].
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CreateGrant {
    /// The source's key.
    pub key: KeyArn,
    /// What of its terms waits for keys that the plan makes.
    #[serde(default, skip_serializing_if = "LateTerms::is_none")]
    pub late: LateTerms,
    /// The name, by which KMS knows a second request from the first.
    pub name: String,
    /// What it says; as in the source, where that is late.
    pub terms: GrantTerms,
}

/// Values in a grant's constraints that are known only once a key has been made.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct LateTerms {
    /// Those of the encryption context that must be exactly so, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub context_equals: BTreeMap<String, Template>,
    /// Those that the encryption context must have, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub context_subset: BTreeMap<String, Template>,
    /// The resource for which a service asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_arn: Option<Template>,
}

impl LateTerms {
    /// Returns whether all is known.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    fn all(&self) -> impl Iterator<Item = &Template> {
        self.context_equals.values().chain(self.context_subset.values()).chain(&self.source_arn)
    }
}

/// See [`Step::CreateKey`].
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CreateKey {
    /// Whether it is of use only once the plan's [`ImportMaterial`] has followed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub awaits_material: bool,
    /// The custom key store in which it is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom_key_store: Option<String>,
    /// What it is for, in somebody's words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The source's key.
    pub key: KeyArn,
    /// Whether it becomes a multi-Region primary.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub multi_region: bool,
    /// Where its material comes from.
    pub origin: Origin,
    /// Its policy.
    pub policy: Template,
    /// Whether that is not its whole policy yet, which [`PutPolicy`] sets once the keys are there that it names.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub policy_follows: bool,
    /// What it is made of.
    pub spec: KeySpec,
    /// Its tags, the marks not among them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// What it can be used for.
    pub usage: KeyUsage,
    /// The key of an external key manager that stands behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub xks_key: Option<String>,
}

/// See [`Step::DisableKey`].
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct DisableKey {
    /// The aliases that come first.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub aliases: BTreeSet<AliasName>,
    /// Whether the key was found in the target, and is enabled there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub found: bool,
    /// The names of the grants that come first: a disabled key takes none.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub grants: BTreeSet<String>,
    /// The source's key.
    pub key: KeyArn,
    /// The ids of the materials that come first.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub materials: BTreeSet<String>,
}

/// See [`Step::DisableRotation`].
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct DisableRotation {
    /// The source's key.
    pub key: KeyArn,
    /// What is replaced.
    pub replaces: Rotation,
}

/// See [`Step::EnableKey`].
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct EnableKey {
    /// The source's key.
    pub key: KeyArn,
}

/// See [`Step::EnableRotation`].
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct EnableRotation {
    /// Every how many days.
    pub days: u32,
    /// The source's key.
    pub key: KeyArn,
    /// What is replaced on a found key; none, if the plan makes the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<Rotation>,
}

/// See [`Step::PutPolicy`].
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct PutPolicy {
    /// The source's key.
    pub key: KeyArn,
    /// The policy.
    pub policy: Template,
    /// What is replaced.
    pub replaces: Replaces,
}

/// The policy that a [`PutPolicy`] replaces.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Replaces {
    /// That of a found key: the digest of what it said, however it is written.
    Digest(Digest),
    /// That with which the plan itself made the key, and which named keys that were not there yet.
    Made {
        /// The policy.
        made: Template,
    },
}

/// See [`Step::ReplicateKey`].
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ReplicateKey {
    /// Whether it is of use only once the plan's [`ImportMaterial`] steps have followed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub awaits_material: bool,
    /// What it is for, in somebody's words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The source's key.
    pub key: KeyArn,
    /// The replica's policy.
    pub policy: Template,
    /// The primary, in whose region the request is made: the key itself, or one in a third region.
    pub primary: KeyArn,
    /// The replica.
    pub replica: KeyArn,
    /// The replica's tags, the marks not among them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
}

/// See [`Step::SetDescription`].
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct SetDescription {
    /// What it is for, in somebody's words.
    pub description: String,
    /// The source's key.
    pub key: KeyArn,
    /// The digest of the text that is replaced.
    pub replaces: Digest,
}

/// See [`Step::UpdateAlias`].
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct UpdateAlias {
    /// The source's key.
    pub key: KeyArn,
    /// The name, at both ends.
    pub name: AliasName,
    /// The target's key to which it points until then.
    pub replaces: KeyArn,
}

/// See [`Step::UpdatePrimaryRegion`].
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct UpdatePrimaryRegion {
    /// The source's key.
    pub key: KeyArn,
    /// The key that is the primary until then.
    pub primary: KeyArn,
}

/// A part of a key that is decided on by itself: subject of findings and of what a step owns.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Part {
    Grants,
    Material,
    Policy,
    Rotation,
    State,
    Tags,
}

impl Part {
    pub(crate) fn of(self, key: &KeyArn) -> ResourceId {
        let kind = match self {
            Self::Grants => "kms.key-grants",
            Self::Material => "kms.key-material",
            Self::Policy => "kms.key-policy",
            Self::Rotation => "kms.key-rotation",
            Self::State => "kms.key-state",
            Self::Tags => "kms.key-tags",
        };
        ResourceId::new(kind, key.as_str())
    }
}

impl Step {
    /// Returns the source's key that it is about.
    pub fn key(&self) -> &KeyArn {
        match self {
            Self::AddTags(step) => &step.key,
            Self::ChangeTags(step) => &step.key,
            Self::CreateAlias(step) => &step.key,
            Self::CreateGrant(step) => &step.key,
            Self::CreateKey(step) => &step.key,
            Self::DisableKey(step) => &step.key,
            Self::DisableRotation(step) => &step.key,
            Self::EnableKey(step) => &step.key,
            Self::EnableRotation(step) => &step.key,
            Self::ImportMaterial(step) => &step.key,
            Self::PutPolicy(step) => &step.key,
            Self::ReplicateKey(step) => &step.key,
            Self::SetDescription(step) => &step.key,
            Self::UpdateAlias(step) => &step.key,
            Self::UpdatePrimaryRegion(step) => &step.key,
        }
    }
}

/// Names a grant of a key's counterpart.
pub(crate) fn grant_id(key: &KeyArn, name: &str) -> ResourceId {
    ResourceId::new("kms.grant", format!("{key}/{name}"))
}
