//! Changes one setting of a secret: read, compared, written.
// REQ: E-6

use std::collections::BTreeMap;

use aws_sdk_secretsmanager::operation::RequestId;
use aws_sdk_secretsmanager::operation::rotate_secret::builders::RotateSecretFluentBuilder;
use aws_sdk_secretsmanager::types::{ExternalSecretRotationMetadataItem, RotationRulesType};
use regionmig_aws::Error;
use regionmig_core::rewrite::{canonical, digest};
use regionmig_core::{Applied, Digest, ErrorKind, Probe, Receipt, SecretArn, Side, StepContext, tags_digest};
use serde::{Deserialize, Serialize};

use super::value::tags;
use super::{receipt, soon, target_of, unseen};
use crate::plan::{DEFAULT_ALIAS, is_default};
use crate::service::Secrets;
use crate::snapshot::{PENDING, Rotation, Secret};
use crate::step::{AddTags, ChangeKey, ChangeTags, PutPolicy, Replaces, SetDescription, SetRotation, Step};

/// What a change replaced, where the step itself holds no more than its digest. None of it is secret.
///
/// Saved before the request is sent, since the answer may be lost, and put into the receipt.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Replaced {
    Description(String),
    Policy(String),
    Rotation(Rotation),
    /// The values that those of the step's tags had which were there.
    Tags(BTreeMap<String, String>),
}

impl Replaced {
    /// Reads what was kept.
    pub(super) fn of(receipt: &Receipt, cx: &StepContext<'_>) -> Option<Self> {
        receipt.artifacts.iter().find_map(|text| serde_json::from_str(text).ok()).or_else(|| cx.saved())
    }

    /// Adds what was saved before the request was sent to a receipt.
    fn kept(receipt: Receipt, cx: &StepContext<'_>) -> Receipt {
        let saved = cx.saved::<Self>().and_then(|replaced| serde_json::to_string(&replaced).ok());
        saved.into_iter().fold(receipt, Receipt::artifact)
    }
}

/// How what is there stands to what the step sets.
enum Stand {
    /// It is what the plan expected to find. What only the target knows of it is kept for the way back.
    AsExpected(Option<Replaced>),
    /// It is what the step sets.
    AsPlanned,
    /// It is a third thing: somebody changed it.
    Otherwise,
    /// It cannot be told, or changed, just now.
    Passing(String),
}

impl Stand {
    fn of(is_planned: bool, is_expected: bool, replaced: impl FnOnce() -> Option<Replaced>) -> Self {
        match (is_planned, is_expected) {
            (true, _) => Self::AsPlanned,
            (false, true) => Self::AsExpected(replaced()),
            (false, false) => Self::Otherwise,
        }
    }
}

impl Secrets {
    pub(super) async fn probe_change(&self, step: &Step, cx: &StepContext<'_>) -> Result<Probe, Error> {
        let target = target_of(step.secret(), cx)?;
        match self.stand_of_setting(step, &target, cx).await {
            Ok(Stand::AsExpected(_)) => Ok(Probe::Absent),
            Ok(Stand::AsPlanned) => Ok(Probe::Present(Replaced::kept(Receipt::new(), cx))),
            Ok(Stand::Otherwise) => Err(changed(&target, cx)),
            Ok(Stand::Passing(why)) => Ok(Probe::Waiting(soon(why))),
            Err(error) => unseen(error, &target, cx).map(Probe::Waiting),
        }
    }

    /// Reads once more just before it writes: no request depends on what it replaces.
    pub(super) async fn change(&self, step: &Step, cx: &StepContext<'_>) -> Result<Applied, Error> {
        let target = target_of(step.secret(), cx)?;
        let replaced = match self.stand_of_setting(step, &target, cx).await {
            Ok(Stand::AsExpected(replaced)) => replaced,
            Ok(Stand::AsPlanned) => return Ok(Applied::Done(Replaced::kept(Receipt::new(), cx))),
            Ok(Stand::Otherwise) => return Err(changed(&target, cx)),
            Ok(Stand::Passing(why)) => return Ok(Applied::Waiting(soon(why))),
            Err(error) => return unseen(error, &target, cx).map(Applied::Waiting),
        };
        if let Some(replaced) = replaced {
            cx.save(&replaced).await?;
        }
        let request = self.write_setting(step, &target, cx).await?;
        Ok(Applied::Done(Replaced::kept(receipt(request.as_deref()), cx)))
    }

    async fn stand_of_setting(&self, step: &Step, target: &SecretArn, cx: &StepContext<'_>) -> Result<Stand, Error> {
        let end = cx.end(Side::Target);
        if let Step::PutPolicy(step) = step {
            return step.stand(self.policy(end, target).await?, cx);
        }
        let (_, secret) = self.describe(end, target.as_str()).await?;
        Ok(match step {
            Step::AddTags(step) => step.stand(&secret.tags),
            Step::ChangeKey(step) => step.stand(&secret, cx)?,
            Step::ChangeTags(step) => step.stand(&secret.tags),
            Step::SetDescription(step) => step.stand(secret.description),
            Step::SetRotation(step) => step.stand(secret),
            // These have looks of their own.
            Step::Create(_)
            | Step::ForgetReplica(_)
            | Step::MoveStage(_)
            | Step::Promote(_)
            | Step::PutPolicy(_)
            | Step::PutVersion(_)
            | Step::Relink(_)
            | Step::Replicate(_) => Stand::Otherwise,
        })
    }

    /// Sends the one request of a step, and returns its id.
    async fn write_setting(
        &self,
        step: &Step,
        target: &SecretArn,
        cx: &StepContext<'_>,
    ) -> Result<Option<String>, Error> {
        let (clients, end, secret) = (self.clients(), cx.end(Side::Target), target.as_str());
        macro_rules! send {
            ($action:literal, |$client:ident| $request:expr) => {
                clients.write(end, $action, |$client| $request.send()).await?.request_id().map(str::to_owned)
            };
        }
        Ok(match step {
            Step::AddTags(AddTags { tags: set, .. }) | Step::ChangeTags(ChangeTags { tags: set, .. }) => {
                let tags = tags(set.iter().map(|(name, value)| (name.as_str(), value.as_str())));
                send!("secretsmanager:TagResource", |client| {
                    client.tag_resource().secret_id(secret).set_tags(Some(tags))
                })
            }
            Step::ChangeKey(step) => {
                // Left out, it would change nothing.
                let key = step.key.resolved(cx)?.unwrap_or_else(|| DEFAULT_ALIAS.to_owned());
                send!("secretsmanager:UpdateSecret", |client| client.update_secret().secret_id(secret).kms_key_id(key))
            }
            Step::PutPolicy(step) => {
                let policy = cx.fill(&step.policy)?;
                send!("secretsmanager:PutResourcePolicy", |client| {
                    // Whether others may have it was decided in the source; Secrets Manager would refuse what is public.
                    client.put_resource_policy().secret_id(secret).resource_policy(policy).block_public_policy(false)
                })
            }
            Step::SetDescription(step) => send!("secretsmanager:UpdateSecret", |client| {
                client.update_secret().secret_id(secret).description(&step.description)
            }),
            Step::SetRotation(step) => {
                send!("secretsmanager:RotateSecret", |client| asked_rotation(
                    client.rotate_secret().secret_id(secret),
                    &step.rotation
                ))
            }
            Step::Create(_)
            | Step::ForgetReplica(_)
            | Step::MoveStage(_)
            | Step::Promote(_)
            | Step::PutVersion(_)
            | Step::Relink(_)
            | Step::Replicate(_) => None,
        })
    }
}

impl AddTags {
    fn stand(&self, there: &BTreeMap<String, String>) -> Stand {
        let differs = |(name, value): (&String, &String)| there.get(name).is_some_and(|other| other != value);
        let is_planned = self.tags.iter().all(|(name, value)| there.get(name) == Some(value));
        Stand::of(is_planned, !self.tags.iter().any(differs), || replaced_tags(&self.tags, there))
    }
}

impl ChangeKey {
    fn stand(&self, secret: &Secret, cx: &StepContext<'_>) -> Result<Stand, Error> {
        let is_planned = match self.key.resolved(cx)? {
            None => is_default(secret.key.as_deref()),
            planned => secret.key == planned,
        };
        Ok(Stand::of(is_planned, secret.key == self.replaces, || None))
    }
}

impl ChangeTags {
    fn stand(&self, there: &BTreeMap<String, String>) -> Stand {
        let is_planned = self.tags.iter().all(|(name, value)| there.get(name) == Some(value));
        let is_expected = tags_digest(self.tags.keys(), there) == self.replaces;
        Stand::of(is_planned, is_expected, || replaced_tags(&self.tags, there))
    }
}

impl PutPolicy {
    fn stand(&self, policy: Option<String>, cx: &StepContext<'_>) -> Result<Stand, Error> {
        let planned = canonical(&cx.fill(&self.policy)?);
        let is_planned = policy.as_ref().is_some_and(|policy| canonical(policy) == planned);
        let is_expected = match (&self.replaces, &policy) {
            (Replaces::Nothing, None) => true,
            // A replica has its primary's policy as soon as it is in step, and not before.
            (Replaces::Carried(_), None) => {
                return Ok(Stand::Passing("the policy that comes along does not show yet".to_owned()));
            }
            (Replaces::Carried(replaced) | Replaces::Found(replaced), Some(policy)) => digest(policy) == *replaced,
            _ => false,
        };
        Ok(Stand::of(is_planned, is_expected, || policy.map(Replaced::Policy)))
    }
}

impl SetDescription {
    fn stand(&self, description: String) -> Stand {
        let is_expected = Digest::of(&description) == self.replaces;
        Stand::of(description == self.description, is_expected, || Some(Replaced::Description(description)))
    }
}

impl SetRotation {
    fn stand(&self, secret: Secret) -> Stand {
        let there = secret.rotation.clone().filter(|there| there.enabled);
        let is_planned = there.as_ref().is_some_and(|there| there.is_like(&self.rotation));
        // What rotates a secret cannot be changed while it does (API reference, RotateSecret).
        if !is_planned && secret.is_rotating() {
            let pending = secret.version_at(PENDING).unwrap_or_default();
            return Stand::Passing(format!("a rotation is under way: version {pending} is pending"));
        }
        let is_expected = match (&there, &self.replaces) {
            (None, None) => true,
            (Some(there), Some(replaced)) => there.is_like(replaced),
            // What the source is rotated by may be told of what came from there, too, and rotates nothing.
            (Some(there), None) => self.carried.as_ref().is_some_and(|carried| carried.is_like(there)),
            (None, Some(_)) => false,
        };
        Stand::of(is_planned, is_expected, || there.map(Replaced::Rotation))
    }
}

/// Asks for a rotation, not at once: that would change the password at the database while applications are moved.
pub(super) fn asked_rotation(request: RotateSecretFluentBuilder, rotation: &Rotation) -> RotateSecretFluentBuilder {
    let days = rotation.days.filter(|_| rotation.schedule.is_none()).map(i64::from);
    let rules = RotationRulesType::builder().set_automatically_after_days(days);
    let rules = rules.set_schedule_expression(rotation.schedule.clone()).set_duration(rotation.duration.clone());
    let metadata = rotation
        .metadata
        .iter()
        .map(|(name, value)| ExternalSecretRotationMetadataItem::builder().key(name).value(value).build());
    let metadata: Vec<_> = metadata.collect();
    request
        .set_rotation_lambda_arn(rotation.function.clone())
        .set_external_secret_rotation_role_arn(rotation.role.clone())
        .set_external_secret_rotation_metadata(Some(metadata).filter(|metadata| !metadata.is_empty()))
        .rotation_rules(rules.build())
        .rotate_immediately(false)
}

/// Returns the values that are there of the tags that are to be set; none, if there are none.
fn replaced_tags(set: &BTreeMap<String, String>, there: &BTreeMap<String, String>) -> Option<Replaced> {
    let values = there.iter().filter(|(name, _)| set.contains_key(*name));
    let values: BTreeMap<String, String> = values.map(|(name, value)| (name.clone(), value.clone())).collect();
    (!values.is_empty()).then_some(Replaced::Tags(values))
}

fn changed(target: &SecretArn, cx: &StepContext<'_>) -> Error {
    let text = format!("what `{}` would change of {target} was changed since it was planned", cx.step().verb());
    Error::new(ErrorKind::Conflict, text).by("secretsmanager:DescribeSecret").at(cx.end(Side::Target))
}
