//! Makes a replica the primary.
// REQ: KMS-11

use aws_sdk_kms::operation::RequestId;
use regionmig_aws::Error;
use regionmig_core::{Applied, ErrorKind, Probe, Receipt, Side, StepContext};

use super::{soon, target_of, unseen};
use crate::service::Kms;
use crate::snapshot::{KeyState, MultiRegionRole};
use crate::step::UpdatePrimaryRegion;

const ACTION: &str = "kms:UpdatePrimaryRegion";

impl Kms {
    pub(super) async fn probe_update_primary_region(
        &self,
        step: &UpdatePrimaryRegion,
        cx: &StepContext<'_>,
    ) -> Result<Probe, Error> {
        let target = target_of(&step.key, cx)?;
        let end = cx.end(Side::Target);
        let (target, key) = match self.describe(end, target.as_str()).await {
            Ok(found) => found,
            Err(error) => return unseen(error, &target, cx).map(Probe::Waiting),
        };
        let related = key.multi_region.filter(|_| target.id() == step.primary.id());
        let related = related.ok_or_else(|| Error::conflict(&target).by("kms:DescribeKey").at(end))?;
        Ok(match key.state {
            KeyState::Creating | KeyState::Updating => Probe::Waiting(soon(format!("{target} is {}", key.state))),
            _ if related.role == MultiRegionRole::Primary => Probe::Present(Receipt::new()),
            _ => Probe::Absent,
        })
    }

    /// Asks the region that has the primary. KMS answers at once, and takes some seconds.
    pub(super) async fn update_primary_region(
        &self,
        step: &UpdatePrimaryRegion,
        cx: &StepContext<'_>,
    ) -> Result<Applied, Error> {
        let target = target_of(&step.key, cx)?;
        let region = cx.end(Side::Target).region.as_str();
        let end = cx.run().route().place(&step.place());
        let send = |client: aws_sdk_kms::Client| {
            client.update_primary_region().key_id(step.primary.as_str()).primary_region(region).send()
        };
        let answer = match self.clients().write_across(&end, cx.end(Side::Target), ACTION, send).await {
            Ok(answer) => answer,
            // What is a replica by now cannot be asked: it was asked before, and that shows late.
            Err(error) if error.kind() == ErrorKind::Unsupported => {
                return match self.probe_update_primary_region(step, cx).await? {
                    Probe::Present(receipt) => Ok(Applied::Done(receipt)),
                    Probe::Waiting(wait) => Ok(Applied::Waiting(wait)),
                    _ => Err(error),
                };
            }
            Err(error) => return Err(self.refused_by_primary(error, &step.primary, &end).await),
        };
        let request = answer.request_id().unwrap_or_default();
        Ok(Applied::Waiting(soon(format!("{target} is becoming the primary, by request {request}"))))
    }
}
