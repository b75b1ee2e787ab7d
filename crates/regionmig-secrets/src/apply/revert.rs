//! Takes back what steps did: looks first, and leaves what another hand changed since.
// REQ: E-16

use std::collections::BTreeMap;

use regionmig_aws::Error;
use regionmig_core::rewrite::canonical;
use regionmig_core::{
    ErrorKind, Permission, Place, Receipt, Reversal, SOURCE_MARK, SecretArn, Side, StepContext, source_mark,
};

use super::change::{Replaced, asked_rotation};
use super::target_of;
use super::value::tags;
use crate::plan::DEFAULT_ALIAS;
use crate::service::Secrets;
use crate::snapshot::{CURRENT, Rotation, Secret};
use crate::step::{Create, MoveStage, PutVersion, Replicate, Step};

/// How many days a copy that is taken back can be restored: the most that Secrets Manager gives.
const WINDOW: i64 = 30;

/// Returns what to take a step back needs to be allowed, besides what the step declares.
///
/// ```
/// use regionmig_secrets::{Step, revert_permissions};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let stored = r#"{"create":{"secret":"arn:aws:secretsmanager:eu-west-1:111122223333:secret:a-AbCdEf"}}"#;
/// let step: Step = serde_json::from_str(stored)?;
/// let actions: Vec<String> = revert_permissions(&step).into_iter().map(|needed| needed.action).collect();
/// assert_eq!(actions, ["secretsmanager:DeleteSecret"]);
/// # Ok(()) }
/// ```
pub fn revert_permissions(step: &Step) -> Vec<Permission> {
    let (place, actions): (_, &[&str]) = match step {
        Step::AddTags(_) => (Side::Target, &["secretsmanager:UntagResource"]),
        Step::ChangeTags(_) => (Side::Target, &["secretsmanager:TagResource", "secretsmanager:UntagResource"]),
        Step::Create(_) => (Side::Target, &["secretsmanager:DeleteSecret"]),
        Step::PutPolicy(_) => (Side::Target, &["secretsmanager:DeleteResourcePolicy"]),
        Step::PutVersion(_) => (Side::Target, &["secretsmanager:UpdateSecretVersionStage"]),
        Step::Replicate(_) => (Side::Source, &["secretsmanager:RemoveRegionsFromReplication"]),
        Step::SetRotation(_) => (Side::Target, &["secretsmanager:CancelRotateSecret"]),
        Step::ChangeKey(_) => {
            (Side::Target, &["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "secretsmanager:UpdateSecret"])
        }
        Step::ForgetReplica(_) | Step::MoveStage(_) | Step::Promote(_) | Step::Relink(_) | Step::SetDescription(_) => {
            (Side::Target, &[])
        }
    };
    actions.iter().map(|action| Permission::new(place, action, "*")).collect()
}

/// What is to be sent to take a step back.
enum Way {
    /// Nothing: what it did is not there any more.
    Gone,
    /// It cannot be: what it replaced is no more, or somebody changed what it set.
    None,
    Delete,
    DeletePolicy,
    Describe(String),
    Encrypt(String),
    Forget(SecretArn, Place),
    Policy(String),
    Rotate(Box<Rotation>),
    Stage {
        stage: String,
        from: String,
        to: Option<String>,
    },
    StopRotation,
    Tag(BTreeMap<String, String>, Vec<String>),
}

impl Secrets {
    /// What was promoted stays so, and what was overwritten is lost: neither can be taken back.
    pub(super) async fn take_back(
        &self,
        step: &Step,
        receipt: &Receipt,
        cx: &StepContext<'_>,
    ) -> Result<Reversal, Error> {
        let target = match step {
            Step::Replicate(step) => step.replica.clone(),
            _ => target_of(step.secret(), cx)?,
        };
        let secret = match self.describe(cx.end(Side::Target), target.as_str()).await {
            Ok((_, secret)) => secret,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Reversal::Done),
            Err(error) => return Err(error),
        };
        let way = match self.way(step, receipt, &target, &secret, cx).await? {
            Way::Gone => return Ok(Reversal::Done),
            Way::None => return Ok(Reversal::Unsupported),
            way => way,
        };
        self.go(way, &target, cx).await?;
        Ok(Reversal::Done)
    }

    async fn way(
        &self,
        step: &Step,
        receipt: &Receipt,
        target: &SecretArn,
        secret: &Secret,
        cx: &StepContext<'_>,
    ) -> Result<Way, Error> {
        let replaced = Replaced::of(receipt, cx);
        let is_set =
            |tags: &BTreeMap<String, String>| tags.iter().all(|(name, value)| secret.tags.get(name) == Some(value));
        Ok(match step {
            Step::AddTags(step) if is_set(&step.tags) => added(&step.tags, replaced),
            Step::ChangeTags(step) if is_set(&step.tags) => added(&step.tags, replaced),
            Step::ChangeKey(step) if secret.key == step.key.resolved(cx)? => {
                Way::Encrypt(step.replaces.clone().unwrap_or_else(|| DEFAULT_ALIAS.to_owned()))
            }
            Step::Create(step) => created(step, secret),
            Step::MoveStage(step) => moved(step, secret),
            Step::PutPolicy(step) => {
                let there = self.policy(cx.end(Side::Target), target).await?;
                let ours = canonical(&cx.fill(&step.policy)?);
                match (there.is_some_and(|there| canonical(&there) == ours), replaced) {
                    (true, Some(Replaced::Policy(policy))) => Way::Policy(policy),
                    (true, _) => Way::DeletePolicy,
                    (false, _) => Way::None,
                }
            }
            Step::PutVersion(step) => written(step, secret),
            Step::Replicate(step) => replicated(step, secret),
            Step::SetDescription(step) if secret.description == step.description => match replaced {
                Some(Replaced::Description(description)) => Way::Describe(description),
                _ => Way::None,
            },
            Step::SetRotation(step) => {
                match (secret.rotation.as_ref().is_some_and(|there| there.is_like(&step.rotation)), replaced) {
                    (true, Some(Replaced::Rotation(rotation))) => Way::Rotate(Box::new(rotation)),
                    (true, _) => Way::StopRotation,
                    (false, _) => Way::None,
                }
            }
            Step::AddTags(_)
            | Step::ChangeKey(_)
            | Step::ChangeTags(_)
            | Step::ForgetReplica(_)
            | Step::Promote(_)
            | Step::Relink(_)
            | Step::SetDescription(_) => Way::None,
        })
    }

    /// Sends the one request.
    async fn go(&self, way: Way, target: &SecretArn, cx: &StepContext<'_>) -> Result<(), Error> {
        let (clients, end, secret) = (self.clients(), cx.end(Side::Target), target.as_str());
        macro_rules! send {
            ($action:literal, |$client:ident| $request:expr) => {
                drop(clients.write(end, $action, |$client| $request.send()).await?)
            };
        }
        match way {
            Way::Gone | Way::None => {}
            Way::Delete => send!("secretsmanager:DeleteSecret", |client| {
                client.delete_secret().secret_id(secret).recovery_window_in_days(WINDOW)
            }),
            Way::DeletePolicy => send!("secretsmanager:DeleteResourcePolicy", |client| {
                client.delete_resource_policy().secret_id(secret)
            }),
            Way::Describe(text) => send!("secretsmanager:UpdateSecret", |client| {
                client.update_secret().secret_id(secret).description(text)
            }),
            Way::Encrypt(key) => send!("secretsmanager:UpdateSecret", |client| {
                client.update_secret().secret_id(secret).kms_key_id(key)
            }),
            Way::Forget(primary, place) => {
                self.remove_replica(&super::replicate::place(&place, cx), &primary, &end.region).await?;
            }
            Way::Policy(policy) => send!("secretsmanager:PutResourcePolicy", |client| {
                client.put_resource_policy().secret_id(secret).resource_policy(policy).block_public_policy(false)
            }),
            Way::Rotate(rotation) => send!("secretsmanager:RotateSecret", |client| {
                asked_rotation(client.rotate_secret().secret_id(secret), &rotation)
            }),
            Way::Stage { stage, from, to } => send!("secretsmanager:UpdateSecretVersionStage", |client| {
                let request = client.update_secret_version_stage().secret_id(secret).version_stage(stage);
                request.remove_from_version_id(from).set_move_to_version_id(to)
            }),
            Way::StopRotation => {
                send!("secretsmanager:CancelRotateSecret", |client| client.cancel_rotate_secret().secret_id(secret));
            }
            // One request a step: what had no value before is taken away, else the old values are put back.
            Way::Tag(old, gone) if old.is_empty() => send!("secretsmanager:UntagResource", |client| {
                client.untag_resource().secret_id(secret).set_tag_keys(Some(gone))
            }),
            Way::Tag(old, _) => {
                let old = tags(old.iter().map(|(name, value)| (name.as_str(), value.as_str())));
                send!("secretsmanager:TagResource", |client| client
                    .tag_resource()
                    .secret_id(secret)
                    .set_tags(Some(old)));
            }
        }
        Ok(())
    }
}

fn added(set: &BTreeMap<String, String>, replaced: Option<Replaced>) -> Way {
    let old = match replaced {
        Some(Replaced::Tags(old)) => old,
        _ => BTreeMap::new(),
    };
    let gone = set.keys().filter(|name| !old.contains_key(*name)).cloned().collect();
    Way::Tag(old, gone)
}

/// A copy is deleted with the longest window, if it is still ours.
fn created(step: &Create, secret: &Secret) -> Way {
    let is_ours = secret.tags.get(SOURCE_MARK) == Some(&source_mark(step.secret.as_str()));
    match (secret.deleted, is_ours) {
        (Some(_), _) => Way::Gone,
        (None, true) => Way::Delete,
        (None, false) => Way::None,
    }
}

fn moved(step: &MoveStage, secret: &Secret) -> Way {
    match secret.version_at(&step.stage) {
        Some(version) if version == step.to => {
            Way::Stage { stage: step.stage.clone(), from: step.to.clone(), to: step.from.clone() }
        }
        version if version == step.from.as_deref() => Way::Gone,
        _ => Way::None,
    }
}

/// A version cannot be taken away; which one is current can be set back.
fn written(step: &PutVersion, secret: &Secret) -> Way {
    match (&step.replaces, secret.version_at(CURRENT)) {
        (Some(before), Some(current)) if current == step.version => {
            Way::Stage { stage: CURRENT.to_owned(), from: step.version.clone(), to: Some(before.clone()) }
        }
        (Some(before), Some(current)) if current == before => Way::Gone,
        _ => Way::None,
    }
}

/// A replica is taken away, unless it stands alone by now, or something was destroyed for it.
fn replicated(step: &Replicate, secret: &Secret) -> Way {
    match step.overwrites.is_none() && secret.primary_region == step.primary.region() {
        true => Way::Forget(step.primary.clone(), step.place()),
        false => Way::None,
    }
}
