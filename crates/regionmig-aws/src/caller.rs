//! Whose credentials are in use, and whether a region can be used.
// REQ: E-26

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_account::types::RegionOptStatus;
use aws_sdk_sts::operation::get_caller_identity::GetCallerIdentityOutput;
use regionmig_core::{AccountId, Caller, CallerError, Clock, End, Finding, OptIn, Severity};

use crate::access::Access;
use crate::error::Error;

/// Codes of the findings that this crate raises.
pub mod code {
    /// Service control policies were judged without what their conditions look at but the region. A note.
    pub const ORGANIZATION_CONDITIONS: &str = "aws.organization-conditions";
    /// An action is allowed, but policies look at what is known only when the request is made. A note.
    pub const PERMISSION_CONDITIONAL: &str = "aws.permission-conditional";
    /// An action is denied by the caller's own policies, or not allowed by the organisation's or the permissions boundary. An
    /// action.
    pub const PERMISSION_DENIED: &str = "aws.permission-denied";
    /// No policy of the caller allows an action; the policy of the key may. An action.
    pub const PERMISSION_LEFT_TO_KEY_POLICY: &str = "aws.permission-left-to-key-policy";
    /// No policy allows an action. An action.
    pub const PERMISSION_MISSING: &str = "aws.permission-missing";
    /// Whether actions are allowed could not be asked. A note.
    pub const PERMISSION_NOT_ASKED: &str = "aws.permission-not-asked";
    /// The account is enabling the region, and it cannot be used yet.
    pub const REGION_BEING_ENABLED: &str = "aws.region-being-enabled";
    /// Whether the account has the region enabled could not be asked.
    pub const REGION_NOT_ASKED: &str = "aws.region-not-asked";
    /// The account has the region not enabled.
    pub const REGION_NOT_ENABLED: &str = "aws.region-not-enabled";
}

#[async_trait]
impl Caller for Access {
    /// Asks STS at `end`, whose answer needs no permission.
    async fn account(&self, end: &End) -> Result<AccountId, CallerError> {
        account(self, end).await.map_err(|error| CallerError::new(error.kind(), error))
    }

    /// Asks STS at `end` for the ARN.
    async fn identity(&self, end: &End) -> Option<String> {
        identity(self, end).await.ok()?.arn
    }

    fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(self.clock())
    }

    /// Asks whether the account has the region enabled, if it need not have (`account:GetRegionOptStatus`).
    async fn readiness(&self, end: &End) -> Vec<Finding> {
        match end.region.opt_in() {
            OptIn::NotRequired => Vec::new(),
            OptIn::Required | OptIn::Unknown => match status(self, end).await {
                Ok(status) => finding(end, &status).into_iter().collect(),
                Err(error) => vec![not_asked(end, &regionmig_core::chain(&error))],
            },
        }
    }
}

const IDENTITY: &str = "sts:GetCallerIdentity";

/// Asks STS at `end` whose the credentials are.
pub(crate) async fn identity(access: &Access, end: &End) -> Result<GetCallerIdentityOutput, Error> {
    let clients = access.clients(aws_sdk_sts::Client::new);
    clients.read(end, IDENTITY, |client| client.get_caller_identity().send()).await
}

async fn account(access: &Access, end: &End) -> Result<AccountId, Error> {
    let account = identity(access, end).await?.account().and_then(|account| account.parse().ok());
    account.ok_or_else(|| missing("Account", end))
}

/// Says that the answer on whose the credentials are lacks `field`.
pub(crate) fn missing(field: &str, end: &End) -> Error {
    Error::malformed(IDENTITY, field).at(end)
}

/// The service answers in one region of each partition, for all of them.
async fn status(access: &Access, end: &End) -> Result<RegionOptStatus, Error> {
    let action = "account:GetRegionOptStatus";
    let there = end.in_region(end.partition.global_region().parse()?);
    let clients = access.clients(aws_sdk_account::Client::new);
    let name = end.region.as_str();
    let send = |client: aws_sdk_account::Client| client.get_region_opt_status().region_name(name).send();
    let answer = clients.read(&there, action, send).await?;
    answer.region_opt_status.ok_or_else(|| Error::malformed(action, "RegionOptStatus").at(&there))
}

fn finding(end: &End, status: &RegionOptStatus) -> Option<Finding> {
    let (account, region) = (&end.account, &end.region);
    let blocker = |code, message: String| Finding::new(Severity::Blocker, code, message);
    match status {
        RegionOptStatus::Enabled | RegionOptStatus::EnabledByDefault => None,
        RegionOptStatus::Enabling => {
            let message = format!("account {account} is enabling {region}, which cannot be used yet");
            let remedy = "wait, which takes minutes to hours, then run this again";
            Some(blocker(code::REGION_BEING_ENABLED, message).remedy(remedy))
        }
        RegionOptStatus::Disabled | RegionOptStatus::Disabling => {
            let message = format!("account {account} has {region} not enabled: nothing there can be reached");
            let remedy = format!(
                "enable it: `aws account enable-region --region-name {region}`, permission \
                 account:EnableRegion; it takes minutes to hours"
            );
            Some(blocker(code::REGION_NOT_ENABLED, message).remedy(remedy))
        }
        other => Some(not_asked(end, &format!("the status `{}` is new", other.as_str()))),
    }
}

fn not_asked(end: &End, why: &str) -> Finding {
    let message = format!("whether account {} has {} enabled is not known: {why}", end.account, end.region);
    Finding::new(Severity::Note, code::REGION_NOT_ASKED, message)
        .remedy("allow account:GetRegionOptStatus, or make sure of it by hand")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_that_cannot_be_used_blocks_the_whole_plan() {
        let end = "111122223333/me-central-1".parse().unwrap();
        let of = |status: &str| {
            finding(&end, &RegionOptStatus::from(status)).map(|found| (found.severity, found.code, found.subject))
        };
        let blocker = |code: &str| Some((Severity::Blocker, code.to_owned(), None));
        assert_eq!(of("DISABLED"), blocker("aws.region-not-enabled"));
        assert_eq!(of("DISABLING"), blocker("aws.region-not-enabled"));
        assert_eq!(of("ENABLING"), blocker("aws.region-being-enabled"));
        assert_eq!((of("ENABLED"), of("ENABLED_BY_DEFAULT")), (None, None));
        assert_eq!(of("PAUSED"), Some((Severity::Note, "aws.region-not-asked".to_owned(), None)));
    }
}
