//! What is there, for tests that must know: no request, no fault, nothing stale.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;
use regionmig_core::{End, Region, SecretArn};

use super::content::Content;
use super::secret::{Secret, Version};
use super::store::SecretName;
use crate::world::World;

/// A secret as it really is.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SecretView {
    /// Its ARN.
    pub arn: SecretArn,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it will be deleted.
    pub deletion_date: Option<Timestamp>,
    /// Its description.
    pub description: Option<String>,
    /// The role and the metadata that a partner rotates it with.
    pub external_rotation: Option<(String, Vec<(String, String)>)>,
    /// The key that encrypts it, as it was named; `None` for the default one.
    pub key: Option<String>,
    /// Its type, for a secret that a partner manages.
    pub kind: Option<String>,
    /// Its name.
    pub name: String,
    /// The service that manages it.
    pub owner: Option<String>,
    /// Its resource policy, as it was given.
    pub policy: Option<String>,
    /// Where the primary is, if this is a replica.
    pub primary_region: Option<Region>,
    /// Its replicas, by region.
    pub replicas: Vec<ReplicaView>,
    /// How it is rotated.
    pub rotation: Option<RotationView>,
    /// Its tags, those of AWS's own included.
    pub tags: BTreeMap<String, String>,
    /// Its versions, by id.
    pub versions: BTreeMap<String, VersionView>,
}

impl SecretView {
    /// Returns the version that bears a label, such as `AWSCURRENT`.
    pub fn version(&self, stage: &str) -> Option<&VersionView> {
        self.versions.values().find(|version| version.stages.contains(stage))
    }

    /// Returns the text of the version that bears a label.
    pub fn text(&self, stage: &str) -> Option<&str> {
        self.version(stage)?.value.text()
    }
}

/// A version of a secret as it really is.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct VersionView {
    /// When it was made.
    pub created_at: Timestamp,
    /// Its labels.
    pub stages: BTreeSet<String>,
    /// Its value.
    pub value: SecretBytesView,
}

/// A secret value, which only who asks for it sees.
#[derive(Clone, Eq, PartialEq)]
pub struct SecretBytesView(Content);

impl SecretBytesView {
    /// Returns its bytes.
    pub fn bytes(&self) -> &[u8] {
        match &self.0 {
            Content::Binary(bytes) => bytes,
            Content::Text(text) => text.as_bytes(),
        }
    }

    /// Returns whether it was given as bytes.
    pub fn is_binary(&self) -> bool {
        matches!(self.0, Content::Binary(_))
    }

    /// Returns its text; `None` if it was given as bytes.
    pub fn text(&self) -> Option<&str> {
        match &self.0 {
            Content::Binary(_) => None,
            Content::Text(text) => Some(text),
        }
    }
}

impl fmt::Debug for SecretBytesView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a primary knows of one of its replicas.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct ReplicaView {
    /// The key that it was to be encrypted with; `None` for the default one.
    pub key: Option<String>,
    /// Why it is as it is.
    pub message: Option<String>,
    /// Where it is.
    pub region: Region,
    /// How far it is, such as `InSync`.
    pub status: String,
}

/// How a secret is rotated.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct RotationView {
    /// Every how many days.
    pub days: Option<i64>,
    /// How long the window is.
    pub duration: Option<String>,
    /// Whether it is rotated at all.
    pub enabled: bool,
    /// The function that does it.
    pub function: Option<String>,
    /// When, as an expression.
    pub schedule: Option<String>,
}

impl World {
    /// Returns the secrets of `end` as they really are, by name: those of services and those to be deleted included.
    pub fn secrets(&self, end: &End) -> Vec<SecretView> {
        let now = self.clock().now();
        let seen = |name: &str, secret: &Secret| view(&SecretName::new(end, name), secret);
        self.read_secrets(|secrets| secrets.all(end, now).filter_map(|(name, secret)| seen(name, secret)).collect())
    }

    /// Returns one secret of `end` by its name; `None` if it is not there.
    pub fn find_secret(&self, end: &End, name: &str) -> Option<SecretView> {
        let (now, name) = (self.clock().now(), SecretName::new(end, name));
        self.read_secrets(|secrets| view(&name, secrets.present(&name, now)?))
    }
}

fn view(name: &SecretName, secret: &Secret) -> Option<SecretView> {
    let rotation = secret.rotation.as_ref();
    let external = rotation.and_then(|rotation| Some((rotation.role.clone()?, rotation.metadata.clone())));
    Some(SecretView {
        arn: secret.arn(name).parse().ok()?,
        created_at: secret.created,
        deletion_date: secret.deletion,
        description: secret.description.clone(),
        external_rotation: external,
        key: secret.key.clone(),
        kind: secret.kind.clone(),
        name: name.name.clone(),
        owner: secret.owner.clone(),
        policy: secret.policy.clone(),
        primary_region: secret.primary.clone(),
        replicas: replicas(secret),
        rotation: rotation.map(|rotation| RotationView {
            days: rotation.days,
            duration: rotation.duration.clone(),
            enabled: rotation.is_enabled,
            function: rotation.function.clone(),
            schedule: rotation.schedule.clone(),
        }),
        tags: secret.tags.clone(),
        versions: secret.versions.iter().map(|version| (version.id.clone(), seen(version))).collect(),
    })
}

fn seen(version: &Version) -> VersionView {
    VersionView {
        created_at: version.created,
        stages: version.stages.clone(),
        value: SecretBytesView(version.content.clone()),
    }
}

fn replicas(secret: &Secret) -> Vec<ReplicaView> {
    let replica = |(region, replica): (&Region, &super::secret::Replica)| ReplicaView {
        key: replica.key.clone(),
        message: replica.status.message().map(str::to_owned),
        region: region.clone(),
        status: replica.status.as_str().to_owned(),
    };
    secret.replicas.iter().map(replica).collect()
}
