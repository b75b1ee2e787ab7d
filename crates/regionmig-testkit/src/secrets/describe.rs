//! What Secrets Manager tells of a secret.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::ask::{Ask, seconds};
use super::key::DEFAULT;
use super::secret::{Secret, Version};
use super::store::SecretName;
use crate::call::Refusal;

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// Answers DescribeSecret, which is fresh at once.
pub(super) fn describe(ask: &mut Ask<'_, '_, '_>) -> Result<Value, Refusal> {
    let name = ask.find()?;
    let secret = ask.held(&name)?;
    let mut answer = secret.summary(&name);
    if let Some(stages) = secret.stages() {
        answer["VersionIdsToStages"] = stages;
    }
    if !secret.replicas.is_empty() {
        answer["ReplicationStatus"] = secret.replication();
    }
    Ok(answer)
}

impl Secret {
    /// Writes what DescribeSecret and ListSecrets both tell.
    pub(super) fn summary(&self, name: &SecretName) -> Value {
        let mut answer = json!({
            "ARN": self.arn(name),
            "CreatedDate": seconds(self.created),
            "LastChangedDate": seconds(self.changed),
            "Name": name.name,
        });
        let texts = [
            ("Description", &self.description),
            ("KmsKeyId", &self.key),
            ("OwningService", &self.owner),
            ("Type", &self.kind),
        ];
        for (member, text) in texts {
            if let Some(text) = text {
                answer[member] = json!(text);
            }
        }
        let dates = [
            ("DeletedDate", self.deletion),
            ("LastAccessedDate", self.accessed.map(day)),
            ("LastRotatedDate", self.rotated),
        ];
        for (member, date) in dates {
            if let Some(date) = date {
                answer[member] = seconds(date);
            }
        }
        if let Some(region) = self.primary_region(name) {
            answer["PrimaryRegion"] = json!(region);
        }
        if let Some(rotation) = &self.rotation {
            rotation.write(self.rotated.unwrap_or(self.changed), &mut answer);
        }
        if !self.tags.is_empty() {
            let tag = |(key, value): (&String, &String)| json!({ "Key": key, "Value": value });
            answer["Tags"] = self.tags.iter().map(tag).collect();
        }
        answer
    }

    /// Returns the region of the primary of a replicated secret, its own included.
    fn primary_region(&self, name: &SecretName) -> Option<regionmig_core::Region> {
        let own = (!self.replicas.is_empty()).then(|| name.end.region.clone());
        self.primary.clone().or(own)
    }

    /// Writes the labels of each version that bears any; `None` if none does.
    pub(super) fn stages(&self) -> Option<Value> {
        let labelled = self.versions.iter().filter(|version| !version.stages.is_empty());
        let stages: Map<String, Value> = labelled.map(|one| (one.id.clone(), json!(one.stages))).collect();
        (!stages.is_empty()).then_some(Value::Object(stages))
    }

    /// Writes how far each replica is.
    pub(super) fn replication(&self) -> Value {
        let entries = self.replicas.iter().map(|(region, replica)| {
            let key = replica.key.as_deref().unwrap_or(DEFAULT);
            let mut entry = json!({ "KmsKeyId": key, "Region": region, "Status": replica.status.as_str() });
            if let Some(message) = replica.status.message() {
                entry["StatusMessage"] = json!(message);
            }
            entry
        });
        entries.collect()
    }
}

impl Version {
    /// Writes what ListSecretVersionIds tells.
    pub(super) fn entry(&self) -> Value {
        let key = self.key.as_deref().unwrap_or("DefaultEncryptionKey");
        let mut entry = json!({ "CreatedDate": seconds(self.created), "KmsKeyIds": [key], "VersionId": self.id });
        if let Some(at) = self.accessed {
            entry["LastAccessedDate"] = seconds(day(at));
        }
        if !self.stages.is_empty() {
            entry["VersionStages"] = json!(self.stages);
        }
        entry
    }
}

/// Accesses are known by the day only (API reference, DescribeSecret).
fn day(at: Timestamp) -> Timestamp {
    let since = at.as_second() - at.as_second().rem_euclid(DAY.as_secs());
    Timestamp::from_second(since).unwrap_or(at)
}
