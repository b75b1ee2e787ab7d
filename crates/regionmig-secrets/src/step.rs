//! The steps, and what the core knows of them.
// REQ: E-23

mod spec;

use std::collections::{BTreeMap, BTreeSet};

use regionmig_core::{AliasName, Binding, Digest, KeyArn, Region, ResourceId, SecretArn, Spec, Template, identifier};
use serde::{Deserialize, Serialize};

use crate::snapshot::{Rotation, Secret, Versions};

/// What the service is called, unless it is given another name.
pub(crate) const NAME: &str = "secrets";

/// One change that brings Secrets Manager of the target to where the source is.
///
/// All but those that make it are about the counterpart of `secret`, whatever that is.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "a plan holds text; a step is one of them, read when it is needed")]
#[non_exhaustive]
pub enum Step {
    /// Adds tags that a found secret does not have.
    AddTags(AddTags),
    /// Has the secret in the target encrypted under another key.
    ChangeKey(ChangeKey),
    /// Changes the values of tags that a found secret has.
    ChangeTags(ChangeTags),
    /// Makes an equal secret, with the value of one version, read from the source while it is made.
    Create(Create),
    /// Takes a replica off the primary's list that could never be made.
    ForgetReplica(ForgetReplica),
    /// Moves a stage from one version to another.
    MoveStage(MoveStage),
    /// Has the replica in the target stand alone.
    Promote(Promote),
    /// Sets the resource policy.
    PutPolicy(PutPolicy),
    /// Writes the value of one version, read from the source while it is written.
    PutVersion(PutVersion),
    /// Has the source's secret replaced by a replica of its counterpart: the end of the way back.
    Relink(Relink),
    /// Makes a replica.
    Replicate(Replicate),
    /// Replaces the description of a found secret.
    SetDescription(SetDescription),
    /// Has the value changed by the clock.
    SetRotation(SetRotation),
}

/// The key under which a secret is encrypted in its region.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EncryptedUnder {
    /// Whatever an alias points to.
    Alias(Binding<AliasName>),
    /// The region's `aws/secretsmanager`.
    #[default]
    Default,
    /// A key.
    Key(Binding<KeyArn>),
}

impl EncryptedUnder {
    pub(crate) fn is_default(&self) -> bool {
        *self == Self::Default
    }
}

/// See [`Step::AddTags`].
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct AddTags {
    /// The source's secret.
    pub secret: SecretArn,
    /// The tags.
    pub tags: BTreeMap<String, String>,
}

/// See [`Step::ChangeKey`].
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ChangeKey {
    /// The key.
    #[serde(default, skip_serializing_if = "EncryptedUnder::is_default")]
    pub key: EncryptedUnder,
    /// The key that encrypts it until then, as it is named there. None, if that is `aws/secretsmanager`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<String>,
    /// The source's secret.
    pub secret: SecretArn,
}

/// See [`Step::ChangeTags`].
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ChangeTags {
    /// The digest of the values that are replaced, those missing not counted.
    pub replaces: Digest,
    /// The source's secret.
    pub secret: SecretArn,
    /// The tags.
    pub tags: BTreeMap<String, String>,
}

/// See [`Step::Create`].
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Create {
    /// What it is for, in somebody's words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The key.
    #[serde(default, skip_serializing_if = "EncryptedUnder::is_default")]
    pub key: EncryptedUnder,
    /// The partner whose secret it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The source's secret.
    pub secret: SecretArn,
    /// Its tags, the marks not among them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// The version whose value it is made with, and keeps as its id; none, if no version has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// See [`Step::ForgetReplica`].
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ForgetReplica {
    /// The primary, in whose region the request is made.
    pub primary: SecretArn,
    /// The region in which there is none.
    pub region: Region,
    /// The source's secret.
    pub secret: SecretArn,
}

/// See [`Step::MoveStage`].
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct MoveStage {
    /// The versions that are written first.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub after: BTreeSet<String>,
    /// The version that has it until then; none, if none has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Whether what it changes was there before this plan.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub found: bool,
    /// The source's secret.
    pub secret: SecretArn,
    /// The stage.
    pub stage: String,
    /// The version that gets it.
    pub to: String,
}

/// See [`Step::Promote`].
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Promote {
    /// Its primary, which tells whether it is in step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primary: Option<SecretArn>,
    /// The source's secret.
    pub secret: SecretArn,
    /// The version that is current when this is planned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// See [`Step::PutPolicy`].
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct PutPolicy {
    /// The policy.
    pub policy: Template,
    /// What is replaced.
    pub replaces: Replaces,
    /// The source's secret.
    pub secret: SecretArn,
}

/// The policy that a [`PutPolicy`] replaces.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Replaces {
    /// That of the source, which came along word by word.
    Carried(Digest),
    /// One that is another: the digest of what it said, however it is written.
    Found(Digest),
    /// None.
    Nothing,
}

/// See [`Step::PutVersion`].
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct PutVersion {
    /// The version that is written before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// The version that is current in the target until then, if this one becomes that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<String>,
    /// Whether it is written to a secret that was there before this plan.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub found: bool,
    /// The source's secret.
    pub secret: SecretArn,
    /// Its stages.
    pub stages: BTreeSet<String>,
    /// Its id at both ends, by which it is written once.
    pub version: String,
}

/// See [`Step::Relink`].
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Relink {
    /// What comes first of this secret, by verb: what its replica shall have.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub after: BTreeSet<String>,
    /// The version that is current in the counterpart then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current: Option<String>,
    /// Whether a customer's key encrypts the counterpart, so that it must be decrypted under that.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub decrypts: bool,
    /// Those of the versions that need not be in the counterpart.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub given_up: BTreeSet<String>,
    /// The key of the replica, as the source names it now. None, if that is `aws/secretsmanager`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The versions that are lost in the source, each with its stages: all of it, for those that are not in the counterpart.
    pub replaces: Versions,
    /// The source's secret.
    pub secret: SecretArn,
    /// The digest of what else is lost in the source: description, tags, rotation and policy.
    pub settings: Digest,
    /// The stages that are moved first.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub stages: BTreeSet<String>,
    /// The versions that are written first.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub versions: BTreeSet<String>,
}

/// See [`Step::Replicate`].
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Replicate {
    /// Whether a customer's key encrypts the primary, so that it must be decrypted under that.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub decrypts: bool,
    /// The key.
    #[serde(default, skip_serializing_if = "EncryptedUnder::is_default")]
    pub key: EncryptedUnder,
    /// What of the target is lost: a secret of the same name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overwrites: Option<Overwritten>,
    /// The primary, in whose region the request is made: the source's secret, or one in another region.
    pub primary: SecretArn,
    /// The replica.
    pub replica: SecretArn,
    /// The source's secret.
    pub secret: SecretArn,
}

/// A secret that is lost.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Overwritten {
    /// The secret.
    pub secret: SecretArn,
    /// Its versions that have stages.
    pub versions: Versions,
}

/// See [`Step::SetDescription`].
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct SetDescription {
    /// What it is for, in somebody's words.
    pub description: String,
    /// The digest of the text that is replaced.
    pub replaces: Digest,
    /// The source's secret.
    pub secret: SecretArn,
}

/// See [`Step::SetRotation`].
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct SetRotation {
    /// How the source is rotated, if that may show in what came from there, and rotates nothing there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carried: Option<Rotation>,
    /// What is replaced: how a found secret is rotated. None, if it is not, or if the plan makes it stand alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<Rotation>,
    /// How.
    pub rotation: Rotation,
    /// The source's secret.
    pub secret: SecretArn,
}

identifier!(
    /// A version of a secret that was current when its replica began to stand alone: the secret's ARN, `#`, and the version's
    /// id. On the way back it tells which side was changed since.
    pub PromotedVersion,
    "secrets.promoted-version",
    |text| match text.split_once('#') {
        Some((arn, version)) if arn.parse::<SecretArn>().is_ok() && !version.is_empty() => Ok(()),
        _ => Err("it is the ARN of a secret, `#`, and the id of a version"),
    }
);

impl PromotedVersion {
    pub(crate) fn new(secret: &SecretArn, version: &str) -> Option<Self> {
        format!("{secret}#{version}").parse().ok()
    }

    /// Returns the secret's ARN.
    pub fn secret(&self) -> &str {
        self.as_str().split_once('#').map_or("", |(secret, _)| secret)
    }

    /// Returns the version's id.
    pub fn version(&self) -> &str {
        self.as_str().split_once('#').map_or("", |(_, version)| version)
    }
}

/// A part of a secret that is decided on by itself: subject of findings and of what a step owns.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Part {
    Policy,
    Rotation,
    Tags,
}

impl Part {
    pub(crate) fn of(self, secret: &SecretArn) -> ResourceId {
        let kind = match self {
            Self::Policy => "secrets.policy",
            Self::Rotation => "secrets.rotation",
            Self::Tags => "secrets.tags",
        };
        ResourceId::new(kind, secret.as_str())
    }
}

/// Returns the digest of what a secret has besides its versions.
pub(crate) fn settings_digest(secret: &Secret, policy: Option<&str>) -> Digest {
    let Secret { description, rotation, tags, .. } = secret;
    let policy = policy.map(regionmig_core::rewrite::canonical);
    Digest::of(serde_json::to_string(&(description, rotation, tags, policy)).unwrap_or_default())
}

/// Names a version of a secret.
pub(crate) fn version_id(secret: &SecretArn, version: &str) -> ResourceId {
    ResourceId::new("secrets.version", format!("{secret}/{version}"))
}

/// Names a stage of a secret.
pub(crate) fn stage_id(secret: &SecretArn, stage: &str) -> ResourceId {
    ResourceId::new("secrets.stage", format!("{secret}/{stage}"))
}

impl Step {
    /// Returns the source's secret that it is about.
    pub fn secret(&self) -> &SecretArn {
        match self {
            Self::AddTags(step) => &step.secret,
            Self::ChangeKey(step) => &step.secret,
            Self::ChangeTags(step) => &step.secret,
            Self::Create(step) => &step.secret,
            Self::ForgetReplica(step) => &step.secret,
            Self::MoveStage(step) => &step.secret,
            Self::Promote(step) => &step.secret,
            Self::PutPolicy(step) => &step.secret,
            Self::PutVersion(step) => &step.secret,
            Self::Relink(step) => &step.secret,
            Self::Replicate(step) => &step.secret,
            Self::SetDescription(step) => &step.secret,
            Self::SetRotation(step) => &step.secret,
        }
    }
}

impl regionmig_core::Step for Step {
    fn spec(&self) -> Spec {
        match self {
            Self::AddTags(step) => step.spec(),
            Self::ChangeKey(step) => step.spec(),
            Self::ChangeTags(step) => step.spec(),
            Self::Create(step) => step.spec(),
            Self::ForgetReplica(step) => step.spec(),
            Self::MoveStage(step) => step.spec(),
            Self::Promote(step) => step.spec(),
            Self::PutPolicy(step) => step.spec(),
            Self::PutVersion(step) => step.spec(),
            Self::Relink(step) => step.spec(),
            Self::Replicate(step) => step.spec(),
            Self::SetDescription(step) => step.spec(),
            Self::SetRotation(step) => step.spec(),
        }
    }
}
