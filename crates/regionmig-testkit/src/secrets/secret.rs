//! A secret in its region: its versions, the labels they bear, and its replicas.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use regionmig_core::Region;

use super::content::Content;
use super::rules::Rotation;
use super::store::SecretName;

pub(super) const CURRENT: &str = "AWSCURRENT";
pub(super) const PENDING: &str = "AWSPENDING";
pub(super) const PREVIOUS: &str = "AWSPREVIOUS";

/// So many versions a secret has, or else those without a label that are old enough are taken away.
const MOST_VERSIONS: usize = 100;
/// Versions without a label that are younger are kept (user guide, "Quotas").
const YOUNG: SignedDuration = SignedDuration::from_hours(24);

/// What a secret is in its region.
#[derive(Clone, Debug)]
pub(super) struct Secret {
    pub(super) accessed: Option<Timestamp>,
    pub(super) changed: Timestamp,
    pub(super) created: Timestamp,
    /// When it will be deleted.
    pub(super) deletion: Option<Timestamp>,
    pub(super) description: Option<String>,
    /// The key, as it was named; `None` for the default one.
    pub(super) key: Option<String>,
    pub(super) kind: Option<String>,
    pub(super) owner: Option<String>,
    pub(super) policy: Option<String>,
    /// Where the primary is; `None` unless this is a replica.
    pub(super) primary: Option<Region>,
    pub(super) replicas: BTreeMap<Region, Replica>,
    pub(super) rotated: Option<Timestamp>,
    pub(super) rotation: Option<Rotation>,
    /// The six characters at the end of its ARN.
    pub(super) suffix: String,
    pub(super) tags: BTreeMap<String, String>,
    /// By age.
    pub(super) versions: Vec<Version>,
}

/// One value of a secret.
#[derive(Clone, Debug)]
pub(super) struct Version {
    pub(super) accessed: Option<Timestamp>,
    pub(super) content: Content,
    pub(super) created: Timestamp,
    pub(super) id: String,
    /// The key that it is encrypted with; `None` for the default one.
    pub(super) key: Option<String>,
    pub(super) stages: BTreeSet<String>,
}

/// What a primary knows of one of its replicas.
#[derive(Clone, Debug)]
pub(super) struct Replica {
    /// When it is to be in sync.
    pub(super) due: Option<Timestamp>,
    pub(super) key: Option<String>,
    /// Whether it replaces what is there.
    pub(super) overwrites: bool,
    pub(super) status: Status,
}

/// How far a replica is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Status {
    Failed(String),
    InProgress,
    InSync,
}

impl Status {
    pub(super) fn as_str(&self) -> &'static str {
        match self {
            Self::Failed(_) => "Failed",
            Self::InProgress => "InProgress",
            Self::InSync => "InSync",
        }
    }

    pub(super) fn message(&self) -> Option<&str> {
        match self {
            Self::Failed(why) => Some(why),
            Self::InProgress => None,
            Self::InSync => Some("Replication succeeded"),
        }
    }
}

impl Secret {
    /// A secret without a value or anything else.
    pub(super) fn new(suffix: String, now: Timestamp) -> Self {
        Self {
            accessed: None,
            changed: now,
            created: now,
            deletion: None,
            description: None,
            key: None,
            kind: None,
            owner: None,
            policy: None,
            primary: None,
            replicas: BTreeMap::new(),
            rotated: None,
            rotation: None,
            suffix,
            tags: BTreeMap::new(),
            versions: Vec::new(),
        }
    }

    /// Adds a version without a label, encrypted with the key of the secret.
    pub(super) fn add(&mut self, id: &str, content: Content, now: Timestamp) {
        let (id, key) = (id.to_owned(), self.key.clone());
        self.versions.push(Version { accessed: None, content, created: now, id, key, stages: BTreeSet::new() });
        let excess = self.versions.len().saturating_sub(MOST_VERSIONS);
        let is_old = |version: &Version| version.stages.is_empty() && now.duration_since(version.created) > YOUNG;
        let old: Vec<String> = self.versions.iter().filter(|v| is_old(v)).map(|v| v.id.clone()).take(excess).collect();
        self.versions.retain(|version| !old.contains(&version.id));
    }

    /// Moves a label to a version. The version that loses the current label gets the previous one, and is pending no more, as AWS
    /// was recorded to do.
    pub(super) fn attach(&mut self, stage: &str, id: &str) {
        let holder = self.holder(stage).map(|version| version.id.clone()).filter(|holder| holder != id);
        self.detach(stage);
        if let Some(version) = self.version_mut(id) {
            version.stages.insert(stage.to_owned());
        }
        if let Some(holder) = holder.filter(|_| stage == CURRENT) {
            if let Some(version) = self.version_mut(&holder) {
                version.stages.remove(PENDING);
            }
            self.attach(PREVIOUS, &holder);
        }
    }

    /// Takes a label away.
    pub(super) fn detach(&mut self, stage: &str) {
        self.versions.iter_mut().for_each(|version| {
            version.stages.remove(stage);
        });
    }

    pub(super) fn version_mut(&mut self, id: &str) -> Option<&mut Version> {
        self.versions.iter_mut().find(|version| version.id == id)
    }

    pub(super) fn version(&self, id: &str) -> Option<&Version> {
        self.versions.iter().find(|version| version.id == id)
    }

    /// Returns the version that bears a label.
    pub(super) fn holder(&self, stage: &str) -> Option<&Version> {
        self.versions.iter().find(|version| version.stages.contains(stage))
    }

    /// Returns the version that a rotation has made and not made current yet.
    pub(super) fn pending(&self) -> Option<&Version> {
        self.holder(PENDING).filter(|version| !version.stages.contains(CURRENT))
    }

    /// Returns whether there is no room for one more version: all bear labels or are young.
    pub(super) fn is_full(&self, now: Timestamp) -> bool {
        let stays = |version: &&Version| !version.stages.is_empty() || now.duration_since(version.created) <= YOUNG;
        self.versions.iter().filter(stays).count() >= MOST_VERSIONS
    }

    pub(super) fn arn(&self, name: &SecretName) -> String {
        let SecretName { end, name } = name;
        format!("arn:{}:secretsmanager:{}:{}:secret:{name}-{}", end.partition, end.region, end.account, self.suffix)
    }
}
