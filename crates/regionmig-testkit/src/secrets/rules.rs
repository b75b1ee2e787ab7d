//! How a secret is rotated.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::store::after;

/// How a secret is rotated.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Rotation {
    pub(super) days: Option<i64>,
    pub(super) duration: Option<String>,
    pub(super) is_enabled: bool,
    pub(super) function: Option<String>,
    /// For a secret that a partner manages.
    pub(super) metadata: Vec<(String, String)>,
    pub(super) role: Option<String>,
    pub(super) schedule: Option<String>,
}

impl Rotation {
    /// Puts what DescribeSecret and ListSecrets tell of it into an answer.
    pub(super) fn write(&self, since: Timestamp, answer: &mut Value) {
        answer["RotationEnabled"] = json!(self.is_enabled);
        if let Some(function) = &self.function {
            answer["RotationLambdaARN"] = json!(function);
        }
        if let Some(role) = &self.role {
            answer["ExternalSecretRotationRoleArn"] = json!(role);
            let pair = |(key, value): &(String, String)| json!({ "Key": key, "Value": value });
            answer["ExternalSecretRotationMetadata"] = self.metadata.iter().map(pair).collect();
        }
        let mut rules = json!({});
        if let Some(days) = self.days.or_else(|| self.rate().filter(|rate| rate.1 == 24).map(|rate| rate.0)) {
            rules["AutomaticallyAfterDays"] = json!(days);
        }
        if let Some(duration) = &self.duration {
            rules["Duration"] = json!(duration);
        }
        if let Some(schedule) = &self.schedule {
            rules["ScheduleExpression"] = json!(schedule);
        }
        answer["RotationRules"] = rules;
        if let Some(next) = self.next(since).filter(|_| self.is_enabled) {
            answer["NextRotationDate"] = super::ask::seconds(next);
        }
    }

    /// Returns when the next rotation is to be; `None` for a cron expression, which the world does not reckon with.
    fn next(&self, since: Timestamp) -> Option<Timestamp> {
        let hours = match self.days {
            Some(days) => days.saturating_mul(24),
            None => self.rate().map(|(count, hours)| count.saturating_mul(hours))?,
        };
        Some(after(since, SignedDuration::from_hours(hours)))
    }

    /// Reads `rate(10 days)`: how many units, and the hours of one.
    fn rate(&self) -> Option<(i64, i64)> {
        let rate = self.schedule.as_deref()?.strip_prefix("rate(")?.strip_suffix(')')?;
        let (count, unit) = rate.split_once(' ')?;
        let hours = match unit {
            "day" | "days" => 24,
            "hour" | "hours" => 1,
            _ => return None,
        };
        Some((count.parse().ok()?, hours))
    }
}
