//! Takes back what steps did: looks first, and leaves what another hand changed since.
// REQ: E-16

mod key;
mod material;
mod named;
mod primary;
mod setting;

use std::time::Duration;

use regionmig_aws::Error;
use regionmig_core::{
    ErrorKind, KeyArn, Permission, Receipt, ResourceId, Reversal, Side, Step as _, StepContext, Timestamp,
};

use super::material::empty_target;
use super::replaced::Replaced;
use super::target_of;
use crate::material::counterpart_of;
use crate::service::Kms;
use crate::snapshot::{KeyState, Rotation};
use crate::step::{NEW_KEY_SETTLES, Step};

/// How long what has no window of its own, an alias or a grant, may not show.
const SHOWS: Duration = Duration::from_secs(120);
/// So many looks must agree that something is taken back already.
const AGREEING: u32 = 5;
/// How often a key that was made is looked for before it is taken to be gone.
const LOOKS: u32 = 20;

/// Returns what to take a step back needs to be allowed, besides what the step declares.
///
/// ```
/// use regionmig_kms::{Step, revert_permissions};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let stored = r#"{"enable_key":{"key":"arn:aws:kms:eu-west-1:111122223333:key/1234abcd"}}"#;
/// let step: Step = serde_json::from_str(stored)?;
/// let actions: Vec<String> = revert_permissions(&step).into_iter().map(|needed| needed.action).collect();
/// assert_eq!(actions, ["kms:DescribeKey", "kms:DisableKey"]);
/// # Ok(()) }
/// ```
pub fn revert_permissions(step: &Step) -> Vec<Permission> {
    let further: &[&str] = match step {
        Step::AddTags(_) => &["kms:ListResourceTags", "kms:UntagResource"],
        Step::ChangeTags(_) => &["kms:ListResourceTags", "kms:TagResource", "kms:UntagResource"],
        Step::CreateAlias(_) => &["kms:DeleteAlias"],
        Step::CreateGrant(_) => &["kms:ListGrants", "kms:RevokeGrant"],
        Step::CreateKey(_) | Step::ReplicateKey(_) => &[
            "kms:DisableKey",
            "kms:GetKeyLastUsage",
            "kms:ListAliases",
            "kms:ListGrants",
            "kms:ListResourceTags",
            "kms:ScheduleKeyDeletion",
        ],
        Step::DisableKey(_) => &["kms:EnableKey"],
        Step::EnableKey(_) => &["kms:DisableKey"],
        Step::EnableRotation(step) if step.replaces.unwrap_or_default() == Rotation::default() => {
            &["kms:DisableKeyRotation", "kms:GetKeyRotationStatus"]
        }
        Step::DisableRotation(_) | Step::EnableRotation(_) => &["kms:EnableKeyRotation", "kms:GetKeyRotationStatus"],
        Step::ImportMaterial(_) => &["kms:DeleteImportedKeyMaterial", "kms:GetKeyLastUsage", "kms:ListKeyRotations"],
        Step::PutPolicy(_) => &["kms:GetKeyPolicy", "kms:PutKeyPolicy"],
        Step::SetDescription(_) => &["kms:UpdateKeyDescription"],
        Step::UpdateAlias(_) => &["kms:UpdateAlias"],
        Step::UpdatePrimaryRegion(_) => &["kms:UpdatePrimaryRegion"],
    };
    let actions = ["kms:DescribeKey"].iter().chain(further);
    let target = actions.map(|action| Permission::new(Side::Target, action, "*"));
    // Of both keys, the one that is the primary and the one that is to be again.
    let primary = match step {
        Step::UpdatePrimaryRegion(step) => {
            Some(Permission::new(step.place(), "kms:UpdatePrimaryRegion", step.primary.as_str()))
        }
        _ => None,
    };
    target.chain(primary).collect()
}

/// What came of one look at what is to be taken back.
enum Taken {
    /// It is as it was before the step; which may be a reading from before the step.
    Already,
    /// A request took it back, or nothing late can be meant.
    Now,
    Unsupported,
}

impl Kms {
    /// What is taken back already is done, without a request that changes anything: if several looks agree on it, over as
    /// long as the effect of the step itself may not have shown.
    pub(super) async fn take_back(
        &self,
        step: &Step,
        receipt: &Receipt,
        cx: &StepContext<'_>,
    ) -> Result<Reversal, Error> {
        let pause = step.spec().settle.window.max(SHOWS) / (AGREEING - 1);
        for look in 1..=AGREEING {
            match self.take_back_once(step, receipt, cx).await? {
                Taken::Now => return Ok(Reversal::Done),
                Taken::Unsupported => return Ok(Reversal::Unsupported),
                Taken::Already if look == AGREEING => return Ok(Reversal::Done),
                Taken::Already if cx.run().cancellation().is_cancelled() => break,
                Taken::Already => cx.run().clock().sleep(pause).await,
            }
        }
        Err(Error::new(ErrorKind::Unavailable, "it seems to be taken back, which was not looked at for long enough"))
    }

    async fn take_back_once(&self, step: &Step, receipt: &Receipt, cx: &StepContext<'_>) -> Result<Taken, Error> {
        let target = match step {
            Step::CreateKey(_) | Step::ReplicateKey(_) => match counterpart_of(step.key(), &receipt.ids) {
                Some(made) => made,
                None => return Ok(Taken::Unsupported),
            },
            Step::ImportMaterial(step) => empty_target(&step.key, cx)?,
            _ => target_of(step.key(), cx)?,
        };
        let taken = match step {
            Step::CreateAlias(step) => self.take_back_alias(step, &target, cx).await,
            Step::CreateGrant(step) => self.take_back_grant(step, &target, cx).await,
            Step::CreateKey(_) | Step::ReplicateKey(_) => self.take_back_key(step.key(), &target, cx).await,
            Step::ImportMaterial(step) => self.take_back_material(step, &target, cx).await,
            Step::UpdateAlias(step) => self.put_back_alias(step, &target, cx).await,
            Step::UpdatePrimaryRegion(step) => self.put_back_primary(step, &target, cx).await,
            Step::AddTags(_)
            | Step::ChangeTags(_)
            | Step::DisableKey(_)
            | Step::DisableRotation(_)
            | Step::EnableKey(_)
            | Step::EnableRotation(_)
            | Step::PutPolicy(_)
            | Step::SetDescription(_) => self.take_back_change(step, receipt, &target, cx).await,
        };
        match taken {
            Err(error) if error.kind() == ErrorKind::NotFound => self.gone(error, &target, cx).await,
            taken => taken,
        }
    }

    async fn take_back_change(
        &self,
        step: &Step,
        receipt: &Receipt,
        target: &KeyArn,
        cx: &StepContext<'_>,
    ) -> Result<Taken, Error> {
        match (step, Replaced::of(receipt, cx)) {
            (Step::AddTags(step), Some(Replaced::Tags(old))) => self.put_back_tags(&step.tags, &old, target, cx).await,
            // What it added was not there, or a journal would say so.
            (Step::AddTags(step), _) => self.put_back_tags(&step.tags, &[].into(), target, cx).await,
            (Step::ChangeTags(step), Some(Replaced::Tags(old))) => {
                self.put_back_tags(&step.tags, &old, target, cx).await
            }
            (Step::PutPolicy(step), Some(Replaced::Policy(old))) => {
                self.put_back_policy(&cx.fill(&step.policy)?, &old, target, cx).await
            }
            (Step::SetDescription(step), Some(Replaced::Description(old))) => {
                self.put_back_description(&step.description, &old, target, cx).await
            }
            (Step::DisableKey(_), _) => self.put_back_state(&KeyState::Disabled, target, cx).await,
            (Step::EnableKey(_), _) => self.put_back_state(&KeyState::Enabled, target, cx).await,
            // The plan itself says what these replace, and they were begun only if it was so.
            (Step::DisableRotation(step), _) => {
                self.put_back_rotation(Rotation::default(), step.replaces, target, cx).await
            }
            (Step::EnableRotation(step), _) => {
                let old = step.replaces.unwrap_or_default();
                self.put_back_rotation(Rotation::every(step.days), old, target, cx).await
            }
            // Nobody wrote down what was there.
            _ => Ok(Taken::Unsupported),
        }
    }

    /// A read did not find `target`. If the survey knew the key, it is gone, and all that was made of it. One that was
    /// made may only not show yet: it is looked for as long as that may last, once a run.
    async fn gone(&self, error: Error, target: &KeyArn, cx: &StepContext<'_>) -> Result<Taken, Error> {
        match self.describe(cx.end(Side::Target), target.as_str()).await {
            // It is something else that was not found.
            Ok(_) => return Err(error),
            Err(unread) if unread.kind() == ErrorKind::NotFound => {}
            Err(unread) => return Err(unread),
        }
        if cx.known().contains(&ResourceId::of(target)) {
            return Ok(Taken::Now);
        }
        let look = || self.is_gone(target, cx);
        match *cx.shared(&format!("gone/{target}"), Timestamp::MIN, look).await? {
            true => Ok(Taken::Now),
            false => Err(Error::new(ErrorKind::Unavailable, format!("{target} is not seen everywhere")).because(error)),
        }
    }

    async fn is_gone(&self, target: &KeyArn, cx: &StepContext<'_>) -> Result<bool, Error> {
        const PAUSE: Duration = Duration::from_secs(NEW_KEY_SETTLES.as_secs() / LOOKS as u64);
        for _ in 0..LOOKS {
            if cx.run().cancellation().is_cancelled() {
                return Ok(false);
            }
            cx.run().clock().sleep(PAUSE).await;
            match self.describe(cx.end(Side::Target), target.as_str()).await {
                Ok(_) => return Ok(false),
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    /// What was sent is done, or was refused.
    async fn ended<T: Send>(
        &self,
        sent: Result<T, Error>,
        target: &KeyArn,
        cx: &StepContext<'_>,
    ) -> Result<Taken, Error> {
        match sent {
            Ok(_) => Ok(Taken::Now),
            Err(error) => Err(self.refused(error, target, cx).await),
        }
    }
}

/// What another hand changed since the step is kept, and said.
fn kept(what: &str, target: &KeyArn, action: &'static str, cx: &StepContext<'_>) -> Error {
    let text = format!("{what} of {target} was changed since `{}`, and stays as it is", cx.step().verb());
    Error::new(ErrorKind::Conflict, text).by(action).at(cx.end(Side::Target))
}
