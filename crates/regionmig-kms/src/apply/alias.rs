//! Makes aliases, and has them point elsewhere.

use aws_sdk_kms::operation::RequestId;
use regionmig_aws::Error;
use regionmig_core::{Applied, ErrorKind, Probe, Receipt, Side, StepContext};

use super::{exists, soon, target_of};
use crate::service::Kms;
use crate::step::{CreateAlias, UpdateAlias};

impl Kms {
    pub(super) async fn probe_create_alias(&self, step: &CreateAlias, cx: &StepContext<'_>) -> Result<Probe, Error> {
        let (target, name) = (target_of(&step.key, cx)?, step.name_there());
        let end = cx.end(Side::Target);
        let conflict = || Error::conflict(name).by("kms:DescribeKey").at(end);
        match self.describe(end, name.as_str()).await {
            Ok((key, _)) if key == target => Ok(Probe::Present(Receipt::new().bind(&step.name, name)?)),
            Ok(_) => Err(conflict()),
            Err(error) => match error.kind() {
                ErrorKind::NotFound => Ok(Probe::Absent),
                // Of a name that is free KMS says that it is not found: this one is another key's.
                ErrorKind::AccessDenied => Err(conflict().because(error)),
                _ => Err(error),
            },
        }
    }

    pub(super) async fn create_alias(&self, step: &CreateAlias, cx: &StepContext<'_>) -> Result<Applied, Error> {
        let (target, name) = (target_of(&step.key, cx)?, step.name_there());
        let send = |client: aws_sdk_kms::Client| {
            client.create_alias().alias_name(name.as_str()).target_key_id(target.id()).send()
        };
        match self.clients().write(cx.end(Side::Target), "kms:CreateAlias", send).await {
            Ok(answer) => {
                let receipt = Receipt::new().bind(&step.name, name)?;
                Ok(Applied::Done(answer.request_id().into_iter().fold(receipt, Receipt::request_id)))
            }
            Err(error) if exists(&error) => Ok(Applied::Waiting(soon(format!("{name} is there already")))),
            Err(error) => Err(self.refused(error, &target, cx).await),
        }
    }

    pub(super) async fn probe_update_alias(&self, step: &UpdateAlias, cx: &StepContext<'_>) -> Result<Probe, Error> {
        let target = target_of(&step.key, cx)?;
        let end = cx.end(Side::Target);
        match self.describe(end, step.name.as_str()).await {
            Ok((key, _)) if key == target => Ok(Probe::Present(Receipt::new().bind(&step.name, &step.name)?)),
            Ok((key, _)) if key == step.replaces => Ok(Probe::Absent),
            Ok(_) => Err(Error::conflict(&step.name).by("kms:DescribeKey").at(end)),
            Err(error) => Err(error),
        }
    }

    /// Looks once more just before: KMS has no way to make the change depend on where the alias points.
    pub(super) async fn update_alias(&self, step: &UpdateAlias, cx: &StepContext<'_>) -> Result<Applied, Error> {
        if let Probe::Present(receipt) = self.probe_update_alias(step, cx).await? {
            return Ok(Applied::Done(receipt));
        }
        let target = target_of(&step.key, cx)?;
        let send = |client: aws_sdk_kms::Client| {
            client.update_alias().alias_name(step.name.as_str()).target_key_id(target.id()).send()
        };
        match self.clients().write(cx.end(Side::Target), "kms:UpdateAlias", send).await {
            Ok(answer) => {
                let receipt = Receipt::new().bind(&step.name, &step.name)?.artifact(step.replaces.to_string());
                Ok(Applied::Done(answer.request_id().into_iter().fold(receipt, Receipt::request_id)))
            }
            Err(error) => Err(self.refused(error, &target, cx).await),
        }
    }
}
