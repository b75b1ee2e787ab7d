//! Has replicas stand alone.
// REQ: SM-11 SM-12

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::operation::RequestId;
use regionmig_aws::Error;
use regionmig_core::{Applied, ErrorKind, Probe, Receipt, SecretArn, Side, StepContext};

use super::{soon, target_of, unseen};
use crate::service::Secrets;
use crate::snapshot::ReplicaStatus;
use crate::step::{Promote, PromotedVersion};

impl Secrets {
    pub(super) async fn probe_promote(&self, step: &Promote, cx: &StepContext<'_>) -> Result<Probe, Error> {
        let (target, end) = (target_of(&step.secret, cx)?, cx.end(Side::Target));
        let secret = match self.describe(end, target.as_str()).await {
            Ok((_, secret)) => secret,
            Err(error) => return unseen(error, &target, cx).map(Probe::Waiting),
        };
        if !secret.is_replica(&end.region) {
            return Ok(Probe::Present(promoted(step, &target)?));
        }
        let (Some(primary), Some(region)) = (&step.primary, step.primary.as_ref().and_then(SecretArn::region)) else {
            return Ok(Probe::Absent);
        };
        match self.describe(&end.in_region(region), primary.as_str()).await {
            Ok((_, secret)) => match secret.replicas.get(&end.region).map(|replica| &replica.status) {
                Some(status @ (ReplicaStatus::InProgress | ReplicaStatus::Pending)) => {
                    Ok(Probe::Waiting(soon(format!("{target} is not in step yet: it is {status}"))))
                }
                Some(ReplicaStatus::Failed) => {
                    let text = format!("{target} is out of step with {primary}: what it has may be old");
                    Err(Error::new(ErrorKind::Conflict, text).by("secretsmanager:DescribeSecret").at(end))
                }
                _ => Ok(Probe::Absent),
            },
            // That it does not answer is no reason to wait: it may be what is failing.
            Err(error) if error.kind().is_passing() && error.kind() != ErrorKind::Throttle => Ok(Probe::Absent),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn promote(&self, step: &Promote, cx: &StepContext<'_>) -> Result<Applied, Error> {
        let (target, end) = (target_of(&step.secret, cx)?, cx.end(Side::Target));
        let send = |client: Client| client.stop_replication_to_replica().secret_id(target.as_str()).send();
        match self.clients().write(end, "secretsmanager:StopReplicationToReplica", send).await {
            Ok(answer) => {
                let request = answer.request_id().map(str::to_owned);
                match self.describe(end, target.as_str()).await {
                    Ok((_, secret)) if !secret.is_replica(&end.region) => {
                        let receipt = promoted(step, &target)?;
                        Ok(Applied::Done(request.into_iter().fold(receipt, Receipt::request_id)))
                    }
                    _ => Ok(Applied::Waiting(soon(format!("{target} begins to stand alone")))),
                }
            }
            // It stands alone, or its replication is not done: the next look decides.
            Err(error) if matches!(error.kind(), ErrorKind::Conflict | ErrorKind::Invalid) => {
                let text = format!("{target} cannot be promoted as it is now");
                Err(Error::new(ErrorKind::Unavailable, text).because(error))
            }
            Err(error) => Err(error),
        }
    }
}

/// Tells with which version it began to stand alone: the one that was planned. What is current when somebody looks may have been
/// written since, and must not pass for what both sides had.
fn promoted(step: &Promote, target: &SecretArn) -> Result<Receipt, Error> {
    let there = step.version.as_deref().and_then(|version| PromotedVersion::new(target, version));
    match (step.promoted(), there) {
        (Some(planned), Some(promoted)) => Ok(Receipt::new().bind(&planned, &promoted)?),
        _ => Ok(Receipt::new()),
    }
}
