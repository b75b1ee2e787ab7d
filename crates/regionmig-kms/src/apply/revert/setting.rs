//! Puts one setting of a key back: read, compared, written.

use std::collections::BTreeMap;

use aws_sdk_kms::Client;
use regionmig_aws::Error;
use regionmig_core::{ErrorKind, KeyArn, Side, StepContext};

use super::{Taken, kept};
use crate::apply::{pairs, sdk_tags};
use crate::read::POLICY_NAME;
use crate::service::Kms;
use crate::snapshot::{KeyState, Rotation};
use regionmig_core::rewrite::canonical;

/// `ours` is what a step set; `old`, what it replaced. A third thing is somebody's, and stays.
impl Kms {
    pub(super) async fn put_back_description(
        &self,
        ours: &str,
        old: &str,
        target: &KeyArn,
        cx: &StepContext<'_>,
    ) -> Result<Taken, Error> {
        let end = cx.end(Side::Target);
        match self.describe(end, target.as_str()).await?.1.description {
            there if there == old => return Ok(Taken::Already),
            there if there == ours => {}
            _ => return Err(kept("the description", target, "kms:DescribeKey", cx)),
        }
        let send = |client: Client| client.update_key_description().key_id(target.as_str()).description(old).send();
        self.ended(self.clients().write(end, "kms:UpdateKeyDescription", send).await, target, cx).await
    }

    /// The old policy is put back as it was written. KMS refuses it if it would lock its caller out.
    pub(super) async fn put_back_policy(
        &self,
        ours: &str,
        old: &str,
        target: &KeyArn,
        cx: &StepContext<'_>,
    ) -> Result<Taken, Error> {
        let end = cx.end(Side::Target);
        match canonical(&self.key_policy(end, target).await?) {
            there if there == canonical(old) => return Ok(Taken::Already),
            there if there == canonical(ours) => {}
            _ => return Err(kept("the policy", target, "kms:GetKeyPolicy", cx)),
        }
        let send = |client: Client| {
            client.put_key_policy().key_id(target.as_str()).policy_name(POLICY_NAME).policy(old).send()
        };
        self.ended(self.clients().write(end, "kms:PutKeyPolicy", send).await, target, cx).await
    }

    pub(super) async fn put_back_rotation(
        &self,
        ours: Rotation,
        old: Rotation,
        target: &KeyArn,
        cx: &StepContext<'_>,
    ) -> Result<Taken, Error> {
        let end = cx.end(Side::Target);
        match self.key_rotation(end, target).await? {
            there if there == old => return Ok(Taken::Already),
            there if there == ours => {}
            _ => return Err(kept("the rotation", target, "kms:GetKeyRotationStatus", cx)),
        }
        let (clients, key) = (self.clients(), target.as_str());
        let sent = match old.days.map(|days| i32::try_from(days).unwrap_or(i32::MAX)) {
            None => {
                let send = |client: Client| client.disable_key_rotation().key_id(key).send();
                clients.write(end, "kms:DisableKeyRotation", send).await.map(drop)
            }
            Some(days) => {
                let send =
                    |client: Client| client.enable_key_rotation().key_id(key).rotation_period_in_days(days).send();
                clients.write(end, "kms:EnableKeyRotation", send).await.map(drop)
            }
        };
        self.ended(sent, target, cx).await
    }

    /// `ours` is one of two states; the other one was before.
    pub(super) async fn put_back_state(
        &self,
        ours: &KeyState,
        target: &KeyArn,
        cx: &StepContext<'_>,
    ) -> Result<Taken, Error> {
        let (end, key) = (cx.end(Side::Target), target.as_str());
        match self.describe(end, key).await?.1.state {
            there if there == *ours => {}
            KeyState::Disabled | KeyState::Enabled => return Ok(Taken::Already),
            there @ (KeyState::Creating | KeyState::Updating) => {
                return Err(Error::new(ErrorKind::Unavailable, format!("{target} is in the state {there}")));
            }
            _ => return Err(kept("the state", target, "kms:DescribeKey", cx)),
        }
        let sent = match ours {
            KeyState::Enabled => {
                let send = |client: Client| client.disable_key().key_id(key).send();
                self.clients().write(end, "kms:DisableKey", send).await.map(drop)
            }
            _ => {
                let send = |client: Client| client.enable_key().key_id(key).send();
                self.clients().write(end, "kms:EnableKey", send).await.map(drop)
            }
        };
        self.ended(sent, target, cx).await
    }

    /// One request for the values that are put back, and one for the tags that were not there: both may be repeated.
    /// Tags that have a third value stay, and are named.
    pub(super) async fn put_back_tags(
        &self,
        ours: &BTreeMap<String, String>,
        old: &BTreeMap<String, String>,
        target: &KeyArn,
        cx: &StepContext<'_>,
    ) -> Result<Taken, Error> {
        let end = cx.end(Side::Target);
        let there = self.key_tags(end, target).await?;
        let changed: Vec<_> = ours.iter().filter(|(name, _)| there.get(*name) != old.get(*name)).collect();
        let (own, foreign): (Vec<_>, Vec<_>) =
            changed.into_iter().partition(|(name, value)| there.get(*name) == Some(*value));
        let (values, added): (Vec<_>, Vec<_>) =
            own.into_iter().map(|(name, _)| name).partition(|name| old.contains_key(*name));
        let is_sent = !values.is_empty() || !added.is_empty();
        if !values.is_empty() {
            let values: BTreeMap<String, String> =
                values.into_iter().filter_map(|name| Some((name.clone(), old.get(name)?.clone()))).collect();
            let tags = sdk_tags(pairs(&values))?;
            let send = |client: Client| client.tag_resource().key_id(target.as_str()).set_tags(Some(tags)).send();
            self.ended(self.clients().write(end, "kms:TagResource", send).await, target, cx).await?;
        }
        if !added.is_empty() {
            let names = added.into_iter().cloned().collect();
            let send =
                |client: Client| client.untag_resource().key_id(target.as_str()).set_tag_keys(Some(names)).send();
            self.ended(self.clients().write(end, "kms:UntagResource", send).await, target, cx).await?;
        }
        let foreign: Vec<&str> = foreign.into_iter().map(|(name, _)| name.as_str()).collect();
        let taken = if is_sent { Taken::Now } else { Taken::Already };
        match foreign.is_empty() {
            true => Ok(taken),
            false => Err(kept(&format!("the tags {}", foreign.join(", ")), target, "kms:ListResourceTags", cx)),
        }
    }
}
