//! What the core knows of each step, and the names that it is known by.

use std::time::Duration;

use regionmig_core::{AliasName, Binding, Digest, Effect, KeyArn, Place, ResourceId, Side, Spec, Template, marks};

use super::{
    AGREEING, AddTags, ChangeTags, CreateAlias, CreateGrant, CreateKey, DisableKey, DisableRotation, EnableKey,
    EnableRotation, GRANT_PREFIX, NAME, NEW_KEY_SETTLES, Part, PutPolicy, Replaces, ReplicateKey, SetDescription, Step,
    UpdateAlias, UpdatePrimaryRegion, grant_id,
};
use crate::material::EmptyKey;
use crate::snapshot::GrantTerms;

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

pub(super) fn reads(spec: Spec, actions: &[&str]) -> Spec {
    actions.iter().fold(spec, |spec, action| spec.permission(Side::Target, action, "*"))
}

pub(super) fn writes(spec: Spec, action: &str) -> Spec {
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
        let imports = self.materials.iter().map(|material| super::import::part(&self.key, material));
        spec = imports.fold(spec, |spec, material| spec.after(super::import::VERB, material));
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
