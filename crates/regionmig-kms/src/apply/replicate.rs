//! Replicates multi-Region keys.

use std::time::Duration;

use aws_sdk_kms::operation::RequestId;
use regionmig_aws::Error;
use regionmig_core::{Applied, ErrorKind, KeyArn, Probe, Receipt, Side, StepContext, Wait};

use super::{bound, exists, pairs, refused_policy, sdk_tags, soon};
use crate::plan::is_young;
use crate::read::key_of;
use crate::service::Kms;
use crate::snapshot::KeyState;
use crate::step::ReplicateKey;

const ACTION: &str = "kms:ReplicateKey";

impl Kms {
    /// Looks for the replica under its primary's id, which no other key can have.
    // REQ: KMS-11
    pub(super) async fn probe_replicate_key(&self, step: &ReplicateKey, cx: &StepContext<'_>) -> Result<Probe, Error> {
        let end = cx.end(Side::Target);
        let (replica, key) = match self.describe(end, step.replica.as_str()).await {
            Ok(found) => found,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Probe::Absent),
            Err(error) => return Err(error),
        };
        if key.is_doomed() {
            return Err(Error::conflict(format!("{replica}, which is to be deleted")).by("kms:DescribeKey").at(end));
        }
        if !key.is_settled() {
            return Ok(Probe::Waiting(creating(&replica)));
        }
        let tags = match self.key_tags(end, &replica).await {
            Ok(tags) => tags,
            // Reads of one key do not agree at once.
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Ok(Probe::Waiting(soon(format!("{replica} is there, and its tags cannot be read yet"))));
            }
            Err(error) => return Err(error),
        };
        if step.marks().iter().any(|(name, value)| tags.get(*name) == Some(value)) {
            return Ok(Probe::Present(bound(&step.key, &replica, step.awaits_material)?));
        }
        match is_young(&key, cx.run().clock().now()) {
            true => {
                let reason = format!("{replica} is there, and it does not show yet whose it is");
                Ok(Probe::Waiting(Wait::new(reason).check_after(Duration::from_secs(30))))
            }
            // Somebody else's, with a policy of their own: what differs is for another plan.
            false => Err(Error::conflict(&replica).by("kms:ListResourceTags").at(end)),
        }
    }

    pub(super) async fn replicate_key(&self, step: &ReplicateKey, cx: &StepContext<'_>) -> Result<Applied, Error> {
        let marks = step.marks();
        let tags = sdk_tags(pairs(&step.tags).chain(marks.iter().map(|(name, value)| (*name, value.as_str()))))?;
        let (region, policy) = (cx.end(Side::Target).region.as_str(), cx.fill(&step.policy)?);
        let send = |client: aws_sdk_kms::Client| {
            let request = client.replicate_key().key_id(step.primary.as_str()).replica_region(region);
            request.policy(policy).description(&step.description).set_tags(Some(tags)).send()
        };
        let end = cx.run().route().place(&step.place());
        let answer = match self.clients().write_across(&end, cx.end(Side::Target), ACTION, send).await {
            Ok(answer) => answer,
            Err(error) if exists(&error) => return Ok(Applied::Waiting(creating(&step.replica))),
            Err(error) => {
                let error = refused_policy(error, cx).await;
                return Err(self.refused_by_primary(error, &step.primary, &end).await);
            }
        };
        let request = answer.request_id().map(str::to_owned);
        let missing = || Error::malformed(ACTION, "ReplicaKeyMetadata").at(&end);
        let described = answer.replica_key_metadata.ok_or_else(missing)?;
        let (replica, key) = key_of(&described).map_err(|error| error.by(ACTION).at(&end))?;
        if key.state == KeyState::Creating {
            return Ok(Applied::Waiting(creating(&replica)));
        }
        let receipt = bound(&step.key, &replica, step.awaits_material)?;
        Ok(Applied::Done(request.into_iter().fold(receipt, Receipt::request_id)))
    }
}

fn creating(replica: &KeyArn) -> Wait {
    soon(format!("{replica} is being made"))
}
