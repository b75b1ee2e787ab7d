//! The import of material.
// REQ: KMS-5

use std::collections::BTreeSet;
use std::time::Duration;

use regionmig_core::{Binding, Effect, KeyArn, ResourceId, Spec, Timestamp};
use serde::{Deserialize, Serialize};

use super::spec::{reads, writes};
use super::{AGREEING, Part};
use crate::material::EmptyKey;
use crate::snapshot::KeySpec;

pub(super) const VERB: &str = "import-material";

/// See [`Step::ImportMaterial`](super::Step::ImportMaterial).
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ImportMaterial {
    /// The ids of the materials that come first, if this is the last one that the counterpart waits for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completes: Option<BTreeSet<String>>,
    /// Whether the key encrypts with it; the others decrypt what they encrypted before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub current: bool,
    /// What it is, in its owner's words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// When KMS is to delete it; never, if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// Whether the counterpart was found in the target.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub found: bool,
    /// The source's key.
    pub key: KeyArn,
    /// The id that KMS gave it, at both ends: of a symmetric encryption key whose counterpart is related to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub material: Option<String>,
    /// What the key is made of.
    pub spec: KeySpec,
}

impl ImportMaterial {
    pub(super) fn spec(&self) -> Spec {
        let (empty, completes) = (EmptyKey(self.key.clone()), self.completes.as_ref());
        let subject = match (completes, &self.material) {
            (None, Some(material)) => part(&self.key, material),
            _ => Part::Material.of(&self.key),
        };
        // KMS takes the same material again, and no other. What it does to the key's state may show late, as there.
        let spec = Spec::new(Effect::Additive, VERB, subject)
            .needs(&Binding::target_of(&empty))
            .summary(format!("import the material of {} into its counterpart", self.key))
            .settle(Duration::from_secs(300), AGREEING);
        // One that is to be disabled takes it before, one that is to be enabled after.
        let spec = spec.after("enable", &self.key);
        let first = completes.into_iter().flatten();
        let spec = first.fold(spec, |spec, material| spec.after(VERB, part(&self.key, material)));
        let spec = if completes.is_some() { spec.produces(&self.key) } else { spec };
        let has_materials = self.spec == KeySpec::SymmetricDefault;
        let listed: &[&str] = if has_materials { &["kms:ListKeyRotations"] } else { &[] };
        let spec = reads(reads(spec, &["kms:DescribeKey", "kms:GetParametersForImport"]), listed);
        writes(spec, "kms:ImportKeyMaterial")
    }
}

/// Names one of several materials of a key.
pub(super) fn part(key: &KeyArn, material: &str) -> ResourceId {
    ResourceId::new(Part::Material.of(key).kind(), format!("{key}/{material}"))
}
