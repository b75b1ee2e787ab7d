//! Changes one setting of a key: read, compared, written.
// REQ: E-6

use std::collections::BTreeMap;

use aws_sdk_kms::operation::RequestId;
use regionmig_aws::Error;
use regionmig_core::{
    Applied, Digest, End, KeyArn, Probe, Receipt, Side, StepContext, UnresolvedError, Wait, tags_digest,
};

use super::replaced::Replaced;
use super::{pairs, refused_policy, sdk_tags, soon, target_of, unseen};
use crate::read::POLICY_NAME;
use crate::service::Kms;
use crate::snapshot::{KeyState, Rotation};
use crate::step::{AddTags, ChangeTags, EnableRotation, PutPolicy, Replaces, SetDescription, Step};
use regionmig_core::rewrite::{canonical, digest};

/// How what is there stands to what the step sets.
enum Stand {
    /// It is what the plan expected to find. What only the target knows of it is kept for the way back.
    AsExpected(Option<Replaced>),
    /// It is what the step sets.
    AsPlanned,
    /// It is a third thing: somebody changed it.
    Otherwise,
    /// It is on the way from one to another.
    Passing(Wait),
}

impl Kms {
    pub(super) async fn probe_change(&self, step: &Step, cx: &StepContext<'_>) -> Result<Probe, Error> {
        let target = target_of(step.key(), cx)?;
        match self.stand(step, &target, cx).await {
            Ok(Stand::AsExpected(_)) => Ok(Probe::Absent),
            Ok(Stand::AsPlanned) => Ok(Probe::Present(Replaced::receipt(cx))),
            Ok(Stand::Otherwise) => Err(conflict(step, &target, cx)),
            Ok(Stand::Passing(wait)) => Ok(Probe::Waiting(wait)),
            Err(error) => unseen(error, &target, cx).map(Probe::Waiting),
        }
    }

    /// Reads once more just before it writes: KMS has no way to make a write depend on what it replaces.
    pub(super) async fn change(&self, step: &Step, cx: &StepContext<'_>) -> Result<Applied, Error> {
        let target = target_of(step.key(), cx)?;
        let replaced = match self.stand(step, &target, cx).await {
            Ok(Stand::AsExpected(replaced)) => replaced,
            Ok(Stand::AsPlanned) => return Ok(Applied::Done(Replaced::receipt(cx))),
            Ok(Stand::Otherwise) => return Err(conflict(step, &target, cx)),
            Ok(Stand::Passing(wait)) => return Ok(Applied::Waiting(wait)),
            Err(error) => return Err(self.refused(error, &target, cx).await),
        };
        if let Some(replaced) = replaced {
            cx.save(&replaced).await?;
        }
        let request = match self.write(step, &target, cx).await {
            // What comes next wants it enabled, and may be refused as long as that does not show.
            Ok(_) if matches!(step, Step::EnableKey(_)) => {
                return Ok(Applied::Waiting(soon(format!("{target} was enabled, and may not show it yet"))));
            }
            Ok(request) => request,
            Err(error) => return Err(self.refused(refused_policy(error, cx).await, &target, cx).await),
        };
        Ok(Applied::Done(request.into_iter().fold(Replaced::receipt(cx), Receipt::request_id)))
    }

    async fn stand(&self, step: &Step, target: &KeyArn, cx: &StepContext<'_>) -> Result<Stand, Error> {
        let end = cx.end(Side::Target);
        Ok(match step {
            Step::AddTags(step) => step.stand(&self.key_tags(end, target).await?),
            Step::ChangeTags(step) => step.stand(&self.key_tags(end, target).await?),
            Step::DisableKey(_) => self.stand_of_state(end, target, &KeyState::Disabled).await?,
            Step::DisableRotation(step) => {
                stand_of_rotation(self.key_rotation(end, target).await?, Rotation::default(), step.replaces)
            }
            Step::EnableKey(_) => self.stand_of_state(end, target, &KeyState::Enabled).await?,
            Step::EnableRotation(EnableRotation { days, replaces, .. }) => {
                let expected = replaces.unwrap_or_default();
                stand_of_rotation(self.key_rotation(end, target).await?, Rotation::every(*days), expected)
            }
            Step::PutPolicy(step) => step.stand(self.key_policy(end, target).await?, cx)?,
            Step::SetDescription(step) => step.stand(self.describe(end, target.as_str()).await?.1.description),
            // These have looks of their own.
            Step::CreateAlias(_)
            | Step::CreateGrant(_)
            | Step::CreateKey(_)
            | Step::ImportMaterial(_)
            | Step::ReplicateKey(_)
            | Step::UpdateAlias(_)
            | Step::UpdatePrimaryRegion(_) => Stand::Otherwise,
        })
    }

    async fn stand_of_state(&self, end: &End, target: &KeyArn, planned: &KeyState) -> Result<Stand, Error> {
        let (_, key) = self.describe(end, target.as_str()).await?;
        Ok(match &key.state {
            state if state == planned => Stand::AsPlanned,
            KeyState::Disabled | KeyState::Enabled => Stand::AsExpected(None),
            KeyState::Creating | KeyState::Updating => {
                Stand::Passing(soon(format!("{target} is in the state {}", key.state)))
            }
            _ => Stand::Otherwise,
        })
    }

    /// Sends the one request of a step, and returns its id.
    async fn write(&self, step: &Step, target: &KeyArn, cx: &StepContext<'_>) -> Result<Option<String>, Error> {
        let (clients, end, key) = (self.clients(), cx.end(Side::Target), target.as_str());
        macro_rules! send {
            ($action:literal, |$client:ident| $request:expr) => {
                clients.write(end, $action, |$client| $request.send()).await?.request_id().map(str::to_owned)
            };
        }
        Ok(match step {
            Step::AddTags(AddTags { tags, .. }) | Step::ChangeTags(ChangeTags { tags, .. }) => {
                let tags = sdk_tags(pairs(tags))?;
                send!("kms:TagResource", |client| client.tag_resource().key_id(key).set_tags(Some(tags)))
            }
            Step::DisableKey(_) => send!("kms:DisableKey", |client| client.disable_key().key_id(key)),
            Step::DisableRotation(_) => {
                send!("kms:DisableKeyRotation", |client| client.disable_key_rotation().key_id(key))
            }
            Step::EnableKey(_) => send!("kms:EnableKey", |client| client.enable_key().key_id(key)),
            Step::EnableRotation(EnableRotation { days, .. }) => {
                let days = i32::try_from(*days).unwrap_or(i32::MAX);
                send!("kms:EnableKeyRotation", |client| {
                    client.enable_key_rotation().key_id(key).rotation_period_in_days(days)
                })
            }
            Step::PutPolicy(step) => {
                let policy = cx.fill(&step.policy)?;
                send!("kms:PutKeyPolicy", |client| {
                    client.put_key_policy().key_id(key).policy_name(POLICY_NAME).policy(policy)
                })
            }
            Step::SetDescription(step) => send!("kms:UpdateKeyDescription", |client| {
                client.update_key_description().key_id(key).description(&step.description)
            }),
            Step::CreateAlias(_)
            | Step::CreateGrant(_)
            | Step::CreateKey(_)
            | Step::ImportMaterial(_)
            | Step::ReplicateKey(_)
            | Step::UpdateAlias(_)
            | Step::UpdatePrimaryRegion(_) => None,
        })
    }
}

impl AddTags {
    fn stand(&self, tags: &BTreeMap<String, String>) -> Stand {
        let differs = |(name, value): (&String, &String)| tags.get(name).is_some_and(|there| there != value);
        match self.tags.iter().all(|(name, value)| tags.get(name) == Some(value)) {
            true => Stand::AsPlanned,
            false if self.tags.iter().any(differs) => Stand::Otherwise,
            false => Stand::AsExpected(replaced_tags(&self.tags, tags)),
        }
    }
}

impl ChangeTags {
    fn stand(&self, tags: &BTreeMap<String, String>) -> Stand {
        if self.tags.iter().all(|(name, value)| tags.get(name) == Some(value)) {
            return Stand::AsPlanned;
        }
        if tags_digest(self.tags.keys(), tags) != self.replaces {
            return Stand::Otherwise;
        }
        Stand::AsExpected(replaced_tags(&self.tags, tags))
    }
}

impl PutPolicy {
    fn stand(&self, policy: String, cx: &StepContext<'_>) -> Result<Stand, UnresolvedError> {
        if canonical(&policy) == canonical(&cx.fill(&self.policy)?) {
            return Ok(Stand::AsPlanned);
        }
        let is_expected = match &self.replaces {
            Replaces::Digest(replaced) => digest(&policy) == *replaced,
            Replaces::Made { made } => canonical(&policy) == canonical(&cx.fill(made)?),
        };
        Ok(if is_expected { Stand::AsExpected(Some(Replaced::Policy(policy))) } else { Stand::Otherwise })
    }
}

impl SetDescription {
    fn stand(&self, description: String) -> Stand {
        match description == self.description {
            true => Stand::AsPlanned,
            false if Digest::of(&description) == self.replaces => {
                Stand::AsExpected(Some(Replaced::Description(description)))
            }
            false => Stand::Otherwise,
        }
    }
}

/// Returns the values that are there of the tags that are to be set; none, if there are none.
fn replaced_tags(set: &BTreeMap<String, String>, there: &BTreeMap<String, String>) -> Option<Replaced> {
    let values = there.iter().filter(|(name, _)| set.contains_key(*name));
    let values: BTreeMap<String, String> = values.map(|(name, value)| (name.clone(), value.clone())).collect();
    (!values.is_empty()).then_some(Replaced::Tags(values))
}

fn stand_of_rotation(there: Rotation, planned: Rotation, expected: Rotation) -> Stand {
    match there == planned {
        true => Stand::AsPlanned,
        false if there == expected => Stand::AsExpected(None),
        false => Stand::Otherwise,
    }
}

fn conflict(step: &Step, target: &KeyArn, cx: &StepContext<'_>) -> Error {
    let text = format!("what `{}` would change of {target} was changed since it was planned", cx.step().verb());
    let action = match step {
        Step::AddTags(_) | Step::ChangeTags(_) => "kms:ListResourceTags",
        Step::DisableRotation(_) | Step::EnableRotation(_) => "kms:GetKeyRotationStatus",
        Step::PutPolicy(_) => "kms:GetKeyPolicy",
        _ => "kms:DescribeKey",
    };
    Error::new(regionmig_core::ErrorKind::Conflict, text).by(action).at(cx.end(Side::Target))
}
