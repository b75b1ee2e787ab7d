//! The steps, and what the core knows of them.
// REQ: E-23

mod import;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use regionmig_core::{AliasName, Binding, Digest, Effect, KeyArn, Place, ResourceId, Side, Spec, Template, marks};
use serde::{Deserialize, Serialize};

use crate::material::EmptyKey;
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

impl regionmig_core::Step for Step {
    fn spec(&self) -> Spec {
        match self {
            Self::AddTags(step) => step.spec(),
            Self::ChangeTags(step) => step.spec(),
            Self::CreateAlias(step) => step.spec(),
            Self::CreateGrant(step) => step.spec(),
            Self::CreateKey(step) => step.spec(),
            Self::DisableKey(step) => step.spec(),
            Self::DisableRotation(step) => step.spec(),
            Self::EnableKey(step) => step.spec(),
            Self::EnableRotation(step) => step.spec(),
            Self::ImportMaterial(step) => step.spec(),
            Self::PutPolicy(step) => step.spec(),
            Self::ReplicateKey(step) => step.spec(),
            Self::SetDescription(step) => step.spec(),
            Self::UpdateAlias(step) => step.spec(),
            Self::UpdatePrimaryRegion(step) => step.spec(),
        }
    }
}

/// Begins the spec of a change to the counterpart of `key`. What it makes, or finds made by this plan, it adds to; what
/// was there before, it overwrites.
fn change(effect: Effect, verb: &str, key: &KeyArn) -> Spec {
    // One that is refused for the key's state asks for that state.
    reads(Spec::new(effect, verb, key).needs(&Binding::target_of(key)), &["kms:DescribeKey"])
}

/// Adds that the counterpart of `key` is made, of use at once or not before its material is imported.
fn makes(spec: Spec, key: &KeyArn, awaits_material: bool) -> Spec {
    match awaits_material {
        true => spec.produces(&EmptyKey(key.clone())),
        false => spec.produces(key),
    }
}

fn reads(spec: Spec, actions: &[&str]) -> Spec {
    actions.iter().fold(spec, |spec, action| spec.permission(Side::Target, action, "*"))
}

fn writes(spec: Spec, action: &str) -> Spec {
    spec.permission(Side::Target, action, "*")
}

impl AddTags {
    fn spec(&self) -> Spec {
        let spec = change(Effect::Additive, "add-tags", &self.key)
            .summary(format!("add {} tags to the counterpart of {}", self.tags.len(), self.key))
            .settle(Duration::from_secs(120), AGREEING);
        writes(reads(spec, &["kms:ListResourceTags"]), "kms:TagResource")
    }
}

impl ChangeTags {
    fn spec(&self) -> Spec {
        let spec = change(Effect::Overwriting, "change-tags", &self.key)
            .summary(format!("change {} tags of the counterpart of {}", self.tags.len(), self.key))
            .settle(Duration::from_secs(120), AGREEING);
        writes(reads(spec, &["kms:ListResourceTags"]), "kms:TagResource")
    }
}

impl CreateAlias {
    /// Returns the name in the target.
    pub fn name_there(&self) -> &AliasName {
        self.renamed.as_ref().unwrap_or(&self.name)
    }

    fn spec(&self) -> Spec {
        // No settling: KMS itself refuses a second alias of the name.
        let spec = Spec::new(Effect::Additive, "create-alias", &self.name)
            .needs(&Binding::target_of(&self.key))
            .produces(&self.name)
            .summary(format!("let {} point to the counterpart of {}", self.name_there(), self.key));
        writes(reads(spec, &["kms:DescribeKey"]), "kms:CreateAlias")
    }
}

impl CreateGrant {
    /// Returns the name under which a grant is copied: the same for the same key and terms.
    pub(crate) fn name_of(key: &KeyArn, terms: &GrantTerms) -> String {
        let terms = serde_json::to_string(terms).unwrap_or_default();
        let digest = Digest::of(format!("{key}\n{terms}"));
        format!("{GRANT_PREFIX}{}", &digest.as_str()[..32])
    }

    pub(crate) fn id(&self) -> ResourceId {
        grant_id(&self.key, &self.name)
    }

    /// Returns what it says once the keys are there that it names.
    pub(crate) fn filled<E>(&self, fill: impl Fn(&Template) -> Result<String, E>) -> Result<GrantTerms, E> {
        let (mut terms, late) = (self.terms.clone(), &self.late);
        let constraints = &mut terms.constraints;
        for (context, late) in [
            (&mut constraints.context_equals, &late.context_equals),
            (&mut constraints.context_subset, &late.context_subset),
        ] {
            for (name, value) in late {
                context.insert(name.clone(), fill(value)?);
            }
        }
        if let Some(arn) = &late.source_arn {
            constraints.source_arn = Some(fill(arn)?);
        }
        Ok(terms)
    }

    fn spec(&self) -> Spec {
        // No settling: a second request with the same name and terms makes no second grant.
        let spec = self.late.all().fold(Spec::new(Effect::Additive, "create-grant", self.id()), Spec::needs_all);
        let spec = spec
            .needs(&Binding::target_of(&self.key))
            .after("enable", &self.key)
            .summary(format!("grant {} the use of the counterpart of {}", self.terms.grantee, self.key));
        writes(reads(spec, &["kms:DescribeKey", "kms:ListGrants"]), "kms:CreateGrant")
    }
}

/// Names a grant of a key's counterpart.
pub(crate) fn grant_id(key: &KeyArn, name: &str) -> ResourceId {
    ResourceId::new("kms.grant", format!("{key}/{name}"))
}

impl CreateKey {
    /// Returns the tags that mark the copy.
    pub(crate) fn marks(&self) -> [(&'static str, String); 2] {
        marks(NAME, "create-key", &(&self.key).into())
    }

    fn spec(&self) -> Spec {
        let kind = if self.multi_region { "a multi-Region primary" } else { "a key" };
        let spec = makes(Spec::new(Effect::Additive, "create-key", &self.key), &self.key, self.awaits_material)
            .needs_all(&self.policy)
            .summary(format!("make {kind} equal to {}", self.key))
            .settle(NEW_KEY_SETTLES, AGREEING)
            .mints();
        let spec = if self.policy_follows { spec } else { spec.owns(Part::Policy.of(&self.key)) };
        let spec = reads(spec, &["kms:DescribeKey", "kms:ListKeys", "kms:ListResourceTags"]);
        // The request carries the mark, if no other tags.
        writes(writes(spec, "kms:CreateKey"), "kms:TagResource")
    }
}

impl DisableKey {
    fn spec(&self) -> Spec {
        let effect = if self.found { Effect::Overwriting } else { Effect::Additive };
        let mut spec = change(effect, "disable", &self.key)
            .summary(format!("disable the counterpart of {}", self.key))
            .settle(Duration::from_secs(300), AGREEING);
        for verb in [
            "add-tags",
            "change-tags",
            "disable-rotation",
            "enable-rotation",
            "promote",
            "put-policy",
            "set-description",
        ] {
            spec = spec.after(verb, &self.key);
        }
        spec =
            self.aliases.iter().fold(spec, |spec, name| spec.after("create-alias", name).after("update-alias", name));
        let imports = self.materials.iter().map(|material| import::part(&self.key, material));
        spec = imports.fold(spec, |spec, material| spec.after(import::VERB, material));
        spec = self.grants.iter().fold(spec, |spec, name| spec.after("create-grant", grant_id(&self.key, name)));
        writes(spec, "kms:DisableKey")
    }
}

impl DisableRotation {
    fn spec(&self) -> Spec {
        let spec = change(Effect::Overwriting, "disable-rotation", &self.key)
            .after("enable", &self.key)
            .summary(format!("end the rotation, {}, of the counterpart of {}", self.replaces, self.key))
            .settle(Duration::from_secs(120), AGREEING);
        writes(reads(spec, &["kms:GetKeyRotationStatus"]), "kms:DisableKeyRotation")
    }
}

impl EnableKey {
    fn spec(&self) -> Spec {
        let spec = change(Effect::Overwriting, "enable", &self.key)
            .summary(format!("enable the counterpart of {}", self.key))
            .settle(Duration::from_secs(300), AGREEING);
        writes(spec, "kms:EnableKey")
    }
}

impl EnableRotation {
    fn spec(&self) -> Spec {
        let effect = if self.replaces.is_some() { Effect::Overwriting } else { Effect::Additive };
        let spec = change(effect, "enable-rotation", &self.key)
            .after("enable", &self.key)
            .summary(format!("rotate the counterpart of {} every {} days", self.key, self.days))
            .settle(Duration::from_secs(120), AGREEING);
        writes(reads(spec, &["kms:GetKeyRotationStatus"]), "kms:EnableKeyRotation")
    }
}

impl PutPolicy {
    /// Returns the policy that it replaces, if the plan made that.
    pub(crate) fn made(&self) -> Option<&Template> {
        if let Replaces::Made { made } = &self.replaces { Some(made) } else { None }
    }

    fn spec(&self) -> Spec {
        let (effect, verb) = match &self.replaces {
            Replaces::Digest(_) => (Effect::Overwriting, "replace"),
            // What the plan itself put there is not taken from anybody.
            Replaces::Made { .. } => (Effect::Additive, "complete"),
        };
        let spec = change(effect, "put-policy", &self.key).needs_all(&self.policy);
        let spec = self.made().into_iter().fold(spec, Spec::needs_all);
        let spec = spec
            .owns(Part::Policy.of(&self.key))
            .summary(format!("{verb} the policy of the counterpart of {}", self.key))
            .settle(Duration::from_secs(300), AGREEING);
        writes(reads(spec, &["kms:GetKeyPolicy"]), "kms:PutKeyPolicy")
    }
}

impl ReplicateKey {
    /// Returns the tags that mark the replica.
    pub(crate) fn marks(&self) -> [(&'static str, String); 2] {
        marks(NAME, "replicate-key", &(&self.key).into())
    }

    /// Returns where the primary is.
    pub(crate) fn place(&self) -> Place {
        place_of(&self.primary, &self.key)
    }

    fn spec(&self) -> Spec {
        // No settling: a region has one replica of a key, and KMS refuses a second.
        let spec = makes(Spec::new(Effect::Additive, "replicate-key", &self.key), &self.key, self.awaits_material)
            .at(self.place())
            .needs_all(&self.policy)
            .owns(Part::Policy.of(&self.key))
            .summary(format!("replicate {} as {}", self.primary, self.replica))
            .permission(self.place(), "kms:DescribeKey", self.primary.as_str())
            .permission(self.place(), "kms:ReplicateKey", self.primary.as_str());
        // The replica is a key that is made, with its mark, in its own region.
        writes(writes(reads(spec, &["kms:DescribeKey", "kms:ListResourceTags"]), "kms:CreateKey"), "kms:TagResource")
    }
}

impl SetDescription {
    fn spec(&self) -> Spec {
        let spec = change(Effect::Overwriting, "set-description", &self.key)
            .summary(format!("replace the description of the counterpart of {}", self.key))
            .settle(Duration::from_secs(120), AGREEING);
        writes(spec, "kms:UpdateKeyDescription")
    }
}

impl UpdateAlias {
    fn spec(&self) -> Spec {
        let spec = Spec::new(Effect::Overwriting, "update-alias", &self.name)
            .needs(&Binding::target_of(&self.key))
            .produces(&self.name)
            .summary(format!("let {} point to the counterpart of {}, not to {}", self.name, self.key, self.replaces))
            .settle(Duration::from_secs(120), AGREEING);
        writes(reads(spec, &["kms:DescribeKey"]), "kms:UpdateAlias")
    }
}

impl UpdatePrimaryRegion {
    /// Returns where the primary is.
    pub(crate) fn place(&self) -> Place {
        place_of(&self.primary, &self.key)
    }

    fn spec(&self) -> Spec {
        let spec = change(Effect::Overwriting, "promote", &self.key)
            .at(self.place())
            .summary(format!("make the replica of {} in the target the primary", self.primary))
            .after("enable", &self.key)
            .settle(Duration::from_secs(300), AGREEING)
            .permission(self.place(), "kms:DescribeKey", self.primary.as_str())
            .permission(self.place(), "kms:UpdatePrimaryRegion", self.primary.as_str());
        // Of both keys, the one that was the primary and the one that is to be.
        writes(spec, "kms:UpdatePrimaryRegion")
    }
}

/// Returns where the primary of a source's key is.
fn place_of(primary: &KeyArn, key: &KeyArn) -> Place {
    match primary.region() {
        Some(region) if primary.region() != key.region() => Place::Region(region),
        _ => Place::Source,
    }
}
