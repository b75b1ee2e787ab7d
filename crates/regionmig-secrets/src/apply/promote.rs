//! Has replicas stand alone.
// REQ: SM-11 SM-12

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::operation::RequestId;
use regionmig_aws::Error;
use regionmig_core::{Applied, ErrorKind, Probe, Receipt, SecretArn, Side, StepContext};

use super::{soon, target_of, unseen};
use crate::service::Secrets;
use crate::snapshot::{CURRENT, ReplicaStatus, Secret};
use crate::step::{Promote, PromotedVersion};

impl Secrets {
    pub(super) async fn probe_promote(&self, step: &Promote, cx: &StepContext<'_>) -> Result<Probe, Error> {
        let (target, end) = (target_of(&step.secret, cx)?, cx.end(Side::Target));
        let secret = match self.describe(end, target.as_str()).await {
            Ok((_, secret)) => secret,
            Err(error) => return unseen(error, &target, cx).map(Probe::Waiting),
        };
        if !secret.is_replica(&end.region) {
            return Ok(Probe::Present(promoted(step, &target, &secret)?));
        }
        // What its primary cannot tell is no reason to wait: it may be what is failing.
        let primary = secret.primary_region.and_then(|region| Some((target.in_region(&region).ok()?, region)));
        let Some((primary, region)) = primary else { return Ok(Probe::Absent) };
        match self.describe(&end.in_region(region), primary.as_str()).await {
            Ok((_, primary)) => {
                let status = primary.replicas.get(&end.region).map(|replica| &replica.status);
                match status {
                    Some(status @ (ReplicaStatus::InProgress | ReplicaStatus::Pending)) => {
                        Ok(Probe::Waiting(soon(format!("{target} is not in step yet: it is {status}"))))
                    }
                    _ => Ok(Probe::Absent),
                }
            }
            Err(_) => Ok(Probe::Absent),
        }
    }

    pub(super) async fn promote(&self, step: &Promote, cx: &StepContext<'_>) -> Result<Applied, Error> {
        let (target, end) = (target_of(&step.secret, cx)?, cx.end(Side::Target));
        let send = |client: Client| client.stop_replication_to_replica().secret_id(target.as_str()).send();
        match self.clients().write(end, "secretsmanager:StopReplicationToReplica", send).await {
            Ok(answer) => {
                let request = answer.request_id().map(str::to_owned);
                // Which value it begins to stand alone with is read afterwards: until then its primary could change it.
                match self.describe(end, target.as_str()).await {
                    Ok((_, secret)) if !secret.is_replica(&end.region) => {
                        let receipt = promoted(step, &target, &secret)?;
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

/// Tells with which version it began to stand alone.
fn promoted(step: &Promote, target: &SecretArn, secret: &Secret) -> Result<Receipt, Error> {
    let receipt = Receipt::new();
    let current = secret.version_at(CURRENT).or(step.version.as_deref());
    match (step.promoted(), current.and_then(|version| PromotedVersion::new(target, version))) {
        (Some(planned), Some(promoted)) => Ok(receipt.bind(&planned, &promoted)?),
        _ => Ok(receipt),
    }
}
