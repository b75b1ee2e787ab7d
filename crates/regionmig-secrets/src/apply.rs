//! Carries out one step at a time.

mod change;
mod key;
mod promote;
mod replicate;
mod revert;
mod value;

pub use revert::revert_permissions;

use std::time::Duration;

use regionmig_aws::Error;
use regionmig_core::{
    Applied, Apply, Binding, ErrorKind, Probe, Receipt, ResourceId, Reversal, SecretArn, StepContext, Wait,
};

use crate::service::Secrets;
use crate::step::Step;

impl Apply for Secrets {
    async fn probe(&self, step: &Step, cx: &StepContext<'_>) -> Result<Probe, Error> {
        match step {
            Step::Create(step) => self.probe_create(step, cx).await,
            Step::ForgetReplica(step) => self.probe_forget_replica(step, cx).await,
            Step::MoveStage(step) => self.probe_move_stage(step, cx).await,
            Step::Promote(step) => self.probe_promote(step, cx).await,
            Step::PutVersion(step) => self.probe_put_version(step, cx).await,
            Step::Relink(step) => self.probe_relink(step, cx).await,
            Step::Replicate(step) => self.probe_replicate(step, cx).await,
            Step::AddTags(_)
            | Step::ChangeKey(_)
            | Step::ChangeTags(_)
            | Step::PutPolicy(_)
            | Step::SetDescription(_)
            | Step::SetRotation(_) => self.probe_change(step, cx).await,
        }
    }

    async fn apply(&self, step: &Step, cx: &StepContext<'_>) -> Result<Applied, Error> {
        match step {
            Step::Create(step) => self.create(step, cx).await,
            Step::ForgetReplica(step) => self.forget_replica(step, cx).await,
            Step::MoveStage(step) => self.move_stage(step, cx).await,
            Step::Promote(step) => self.promote(step, cx).await,
            Step::PutVersion(step) => self.put_version(step, cx).await,
            Step::Relink(step) => self.relink(step, cx).await,
            Step::Replicate(step) => self.replicate(step, cx).await,
            Step::AddTags(_)
            | Step::ChangeKey(_)
            | Step::ChangeTags(_)
            | Step::PutPolicy(_)
            | Step::SetDescription(_)
            | Step::SetRotation(_) => self.change(step, cx).await,
        }
    }

    async fn revert(&self, step: &Step, receipt: &Receipt, cx: &StepContext<'_>) -> Result<Reversal, Error> {
        self.take_back(step, receipt, cx).await
    }
}

/// Returns the counterpart of a secret of the source.
fn target_of(secret: &SecretArn, cx: &StepContext<'_>) -> Result<SecretArn, Error> {
    Ok(cx.resolve(&Binding::target_of(secret))?)
}

/// A read did not find `target`. If the survey knew the secret, it is gone; if it was made since, it does not show yet.
fn unseen(error: Error, target: &SecretArn, cx: &StepContext<'_>) -> Result<Wait, Error> {
    match error.kind() == ErrorKind::NotFound && !cx.known().contains(&ResourceId::of(target)) {
        true => Ok(soon(format!("{target} was made and cannot be read yet"))),
        false => Err(error),
    }
}

/// Begins the receipt of a step with the id of its request.
fn receipt(request: Option<&str>) -> Receipt {
    request.into_iter().fold(Receipt::new(), Receipt::request_id)
}

fn soon(reason: impl Into<String>) -> Wait {
    Wait::new(reason).check_after(Duration::from_secs(5))
}
