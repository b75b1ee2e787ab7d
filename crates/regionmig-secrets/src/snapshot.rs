//! What is found of Secrets Manager in one region.

use std::collections::{BTreeMap, BTreeSet};

use regionmig_core::{Listing, Region, SecretArn, Timestamp, snapshot, words};
use serde::{Deserialize, Serialize};

/// The stage of the version that is read unless another is asked for.
pub const CURRENT: &str = "AWSCURRENT";
/// The stage of the version that was current before.
pub const PREVIOUS: &str = "AWSPREVIOUS";
/// The stage of the version that a rotation is making.
pub const PENDING: &str = "AWSPENDING";

/// The versions that have stages, by id, with these.
pub type Versions = BTreeMap<String, BTreeSet<String>>;

/// What was found of Secrets Manager in one region. No value is in it: values are read by the steps that need them, only.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Snapshot {
    /// The resource policy of each secret, or that it has none.
    pub policies: Listing<SecretArn, Option<String>>,
    /// The primaries, in other regions, of the replicas that are here; looked up for the source only.
    pub primaries: Listing<SecretArn, Secret>,
    /// The secrets, those to be deleted included. In the target, those that the source has too are asked for by their
    /// names: a listing may miss what was made in the last five minutes (API reference, ListSecrets).
    pub secrets: Listing<SecretArn, Secret>,
}

snapshot!(Snapshot { policies, primaries, secrets });

/// What `DescribeSecret` says of a secret.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Secret {
    /// When it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<Timestamp>,
    /// When its deletion was asked for, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted: Option<Timestamp>,
    /// What it is for, in somebody's words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The key that encrypts it, as whoever made it named that: ARN, id or alias. None, if that is `aws/secretsmanager`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The partner whose secret it is, for external secrets that AWS manages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The service that made it and manages it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The region of its primary, if it is replicated: its own, if it is that itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primary_region: Option<Region>,
    /// Its replicas, by region, if it is a primary.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub replicas: BTreeMap<Region, Replica>,
    /// How its value is changed by the clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotation: Option<Rotation>,
    /// Its tags.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// Its versions that have stages. Others can be gone at any time.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub versions: Versions,
}

impl Secret {
    /// Returns the version that has a stage.
    pub fn version_at(&self, stage: &str) -> Option<&str> {
        version_at(&self.versions, stage)
    }

    /// Returns whether its primary is in another region than `here`, where it is.
    pub fn is_replica(&self, here: &Region) -> bool {
        self.primary_region.as_ref().is_some_and(|primary| primary != here)
    }

    /// Returns whether a rotation is under way: a version is pending that is not current.
    pub fn is_rotating(&self) -> bool {
        self.version_at(PENDING).is_some_and(|pending| self.version_at(CURRENT) != Some(pending))
    }

    /// Returns whether its value is changed by the clock.
    pub fn rotates(&self) -> bool {
        self.rotation.as_ref().is_some_and(|rotation| rotation.enabled)
    }
}

/// Returns the version that has a stage.
pub(crate) fn version_at<'a>(versions: &'a Versions, stage: &str) -> Option<&'a str> {
    versions.iter().find(|(_, stages)| stages.contains(stage)).map(|(id, _)| id.as_str())
}

/// A replica, as its primary tells of it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Replica {
    /// The key that encrypts it, as it was named. None, if that is `aws/secretsmanager`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Why it is not in step, if it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Whether it is in step.
    pub status: ReplicaStatus,
}

impl Replica {
    /// Makes what is known of a replica.
    pub fn new(status: ReplicaStatus) -> Self {
        Self { key: None, message: None, status }
    }

    /// Says why it is not in step.
    #[must_use]
    pub fn because(self, message: impl Into<String>) -> Self {
        Self { message: Some(message.into()), ..self }
    }
}

words!(
    /// Whether a replica is in step with its primary.
    ReplicaStatus {
        /// It stands alone.
        Detached = "Detached",
        /// It could not be made, or not be kept in step.
        Failed = "Failed",
        /// It is being made or changed.
        InProgress = "InProgress",
        /// It has what its primary has.
        InSync = "InSync",
        /// It will be.
        Pending = "Pending",
    }
);

/// How a secret's value is changed by the clock.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Rotation {
    /// Every how many days, if nothing else says when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<u32>,
    /// For how long after it begins it may go on, such as `3h`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration: Option<String>,
    /// Whether it is.
    pub enabled: bool,
    /// The Lambda function that does it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    /// What the partner needs to know, for external secrets that AWS manages.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// The role with which it is done, for external secrets that AWS manages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// When, as `rate(..)` or `cron(..)`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<String>,
}

impl Rotation {
    /// Returns whether `other` does the same at the same times. Of one with a schedule, DescribeSecret also tells days, which
    /// it works out itself.
    pub fn is_like(&self, other: &Self) -> bool {
        let when =
            |one: &Self| (one.schedule.clone(), one.days.filter(|_| one.schedule.is_none()), one.duration.clone());
        let who = |one: &Self| (one.function.clone(), one.role.clone(), one.metadata.clone());
        self.enabled == other.enabled && (!self.enabled || when(self) == when(other) && who(self) == who(other))
    }
}
