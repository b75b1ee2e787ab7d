//! Takes back aliases and grants, which have names.

use regionmig_aws::Error;
use regionmig_core::{ErrorKind, KeyArn, Side, StepContext};

use super::Taken;
use crate::service::Kms;
use crate::snapshot::Grant;
use crate::step::{CreateAlias, CreateGrant, UpdateAlias};

impl Kms {
    /// Has the alias point to where it did before. One that was deleted since stays so.
    pub(super) async fn put_back_alias(
        &self,
        step: &UpdateAlias,
        target: &KeyArn,
        cx: &StepContext<'_>,
    ) -> Result<Taken, Error> {
        let end = cx.end(Side::Target);
        let elsewhere = |text: String| Error::new(ErrorKind::Conflict, text).by("kms:DescribeKey").at(end);
        match self.describe(end, step.name.as_str()).await {
            Ok((key, _)) if key == step.replaces => return Ok(Taken::Already),
            Ok((key, _)) if key == *target => {}
            Ok((key, _)) => return Err(elsewhere(format!("{} points to {key} by now, and stays", step.name))),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let text = format!("{} was deleted since, and stays so", step.name);
                return Err(elsewhere(text).because(error));
            }
            Err(error) => return Err(error),
        }
        let (name, key) = (step.name.as_str(), step.replaces.id());
        let send = |client: aws_sdk_kms::Client| client.update_alias().alias_name(name).target_key_id(key).send();
        self.ended(self.clients().write(end, "kms:UpdateAlias", send).await, &step.replaces, cx).await
    }

    pub(super) async fn take_back_alias(
        &self,
        step: &CreateAlias,
        target: &KeyArn,
        cx: &StepContext<'_>,
    ) -> Result<Taken, Error> {
        let (end, name) = (cx.end(Side::Target), step.name_there());
        match self.describe(end, name.as_str()).await {
            Ok((key, _)) if key == *target => {}
            Ok((key, _)) => {
                let text = format!("{name} points to {key} by now, and stays");
                return Err(Error::new(ErrorKind::Conflict, text).by("kms:DescribeKey").at(end));
            }
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Taken::Already),
            Err(error) => return Err(error),
        }
        let send = |client: aws_sdk_kms::Client| client.delete_alias().alias_name(name.as_str()).send();
        is_taken(self.clients().write(end, "kms:DeleteAlias", send).await)
    }

    /// The grant of our name and terms; one of our name that says something else is somebody's.
    pub(super) async fn take_back_grant(
        &self,
        step: &CreateGrant,
        target: &KeyArn,
        cx: &StepContext<'_>,
    ) -> Result<Taken, Error> {
        let end = cx.end(Side::Target);
        let terms = step.filled(|value| cx.fill(value))?;
        let grants = self.key_grants(end, target).await?;
        let is_named = |grant: &Grant| grant.name.as_ref() == Some(&step.name);
        let Some(ours) = grants.iter().find(|grant| is_named(grant) && grant.terms == terms) else {
            if !grants.iter().any(is_named) {
                return Ok(Taken::Already);
            }
            let text = format!("the grant {} of {target} says something else by now, and stays", step.name);
            return Err(Error::new(ErrorKind::Conflict, text).by("kms:ListGrants").at(end));
        };
        let (key, grant) = (target.as_str(), ours.id.as_str());
        let send = |client: aws_sdk_kms::Client| client.revoke_grant().key_id(key).grant_id(grant).send();
        is_taken(self.clients().write(end, "kms:RevokeGrant", send).await)
    }
}

/// What is to be taken away and is not there has been taken away.
fn is_taken<T>(sent: Result<T, Error>) -> Result<Taken, Error> {
    match sent {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(Taken::Now),
    }
}
