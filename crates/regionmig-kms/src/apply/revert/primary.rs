//! Gives the primary back to the region that had it.
// REQ: KMS-11

use std::time::Duration;

use regionmig_aws::Error;
use regionmig_core::{ErrorKind, KeyArn, Side, StepContext};

use super::{Taken, kept};
use crate::service::Kms;
use crate::snapshot::{KeyState, MultiRegionRole};
use crate::step::UpdatePrimaryRegion;

/// What comes next is refused until the change is over, which takes seconds, and minutes at most.
const PAUSE: Duration = Duration::from_secs(5);
const LOOKS: usize = 60;

/// Where the primary is, as the key of the target says.
enum Primary {
    Back,
    Changing,
    Elsewhere,
    Here,
}

impl Kms {
    /// Asks the target, which has the primary now. The region that had it must answer, too.
    pub(super) async fn put_back_primary(
        &self,
        step: &UpdatePrimaryRegion,
        target: &KeyArn,
        cx: &StepContext<'_>,
    ) -> Result<Taken, Error> {
        const ACTION: &str = "kms:UpdatePrimaryRegion";
        let (end, other) = (cx.end(Side::Target), cx.run().route().place(&step.place()));
        match self.primary_of(step, target, cx).await? {
            Primary::Back => return Ok(Taken::Already),
            Primary::Changing => return self.changed_back(step, target, cx).await,
            Primary::Elsewhere => return Err(kept("the primary", target, "kms:DescribeKey", cx)),
            Primary::Here => {}
        }
        let send = |client: aws_sdk_kms::Client| {
            client.update_primary_region().key_id(target.as_str()).primary_region(other.region.as_str()).send()
        };
        let sent = self.clients().write_across(end, &other, ACTION, send).await;
        self.ended(sent, target, cx).await?;
        self.changed_back(step, target, cx).await
    }

    /// Stays until the change is over.
    async fn changed_back(
        &self,
        step: &UpdatePrimaryRegion,
        target: &KeyArn,
        cx: &StepContext<'_>,
    ) -> Result<Taken, Error> {
        for _ in 0..LOOKS {
            match self.primary_of(step, target, cx).await? {
                Primary::Back => return Ok(Taken::Now),
                Primary::Elsewhere => return Err(kept("the primary", target, "kms:DescribeKey", cx)),
                _ if cx.run().cancellation().is_cancelled() => break,
                _ => cx.run().clock().sleep(PAUSE).await,
            }
        }
        Err(Error::new(ErrorKind::Unavailable, format!("{} is still becoming the primary", step.primary)))
    }

    async fn primary_of(
        &self,
        step: &UpdatePrimaryRegion,
        target: &KeyArn,
        cx: &StepContext<'_>,
    ) -> Result<Primary, Error> {
        let (_, key) = self.describe(cx.end(Side::Target), target.as_str()).await?;
        Ok(match key.multi_region {
            _ if matches!(key.state, KeyState::Creating | KeyState::Updating) => Primary::Changing,
            Some(related) if related.role == MultiRegionRole::Primary => Primary::Here,
            Some(related) if related.primary == step.primary => Primary::Back,
            _ => Primary::Elsewhere,
        })
    }
}
