//! Grants.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_kms::operation::RequestId;
use aws_sdk_kms::operation::create_grant::builders::CreateGrantFluentBuilder;
use aws_sdk_kms::types::{GrantConstraints, GrantOperation};
use regionmig_aws::Error;
use regionmig_core::{Applied, KeyArn, Probe, Receipt, Side, StepContext};

use super::{target_of, unseen};
use crate::service::Kms;
use crate::snapshot::{Constraints, GrantTerms};
use crate::step::CreateGrant;

impl Kms {
    /// Looks for a grant that says the same. One of our name that says something else is somebody's change.
    pub(super) async fn probe_create_grant(&self, step: &CreateGrant, cx: &StepContext<'_>) -> Result<Probe, Error> {
        let target = target_of(&step.key, cx)?;
        let end = cx.end(Side::Target);
        let grants = match self.key_grants(end, &target).await {
            Ok(grants) => grants,
            Err(error) => return unseen(error, &target, cx).map(Probe::Waiting),
        };
        let terms = step.filled(|value| cx.fill(value))?;
        if grants.iter().any(|grant| grant.terms == terms) {
            return Ok(Probe::Present(Receipt::new()));
        }
        match grants.iter().any(|grant| grant.name.as_ref() == Some(&step.name)) {
            true => Err(Error::conflict(step.id()).by("kms:ListGrants").at(end)),
            false => Ok(Probe::Absent),
        }
    }

    /// With the same name and terms, KMS answers a second request with the first grant.
    pub(super) async fn create_grant(&self, step: &CreateGrant, cx: &StepContext<'_>) -> Result<Applied, Error> {
        let (target, terms) = (target_of(&step.key, cx)?, step.filled(|value| cx.fill(value))?);
        let send = |client: aws_sdk_kms::Client| request(&client, (&step.name, &terms), &target).send();
        match self.clients().write(cx.end(Side::Target), "kms:CreateGrant", send).await {
            Ok(answer) => Ok(Applied::Done(answer.request_id().into_iter().fold(Receipt::new(), Receipt::request_id))),
            Err(error) => Err(self.refused(error, &target, cx).await),
        }
    }
}

/// Asks for the grant.
pub(crate) fn request(
    client: &aws_sdk_kms::Client,
    (name, terms): (&str, &GrantTerms),
    target: &KeyArn,
) -> CreateGrantFluentBuilder {
    let operations = terms.operations.iter().map(|operation| GrantOperation::from(operation.as_str())).collect();
    let request = client.create_grant().key_id(target.as_str()).name(name);
    let request = match terms.grantee_is_service {
        true => request.grantee_service_principal(&terms.grantee),
        false => request.grantee_principal(&terms.grantee),
    };
    request
        .set_operations(Some(operations))
        .set_retiring_principal(terms.retiring.clone())
        .set_retiring_service_principal(terms.retiring_service.clone())
        .set_constraints(constraints(&terms.constraints))
}

fn constraints(constraints: &Constraints) -> Option<GrantConstraints> {
    let pairs = |pairs: &BTreeMap<String, String>| {
        (!pairs.is_empty()).then(|| pairs.clone().into_iter().collect::<HashMap<_, _>>())
    };
    let made = || {
        GrantConstraints::builder()
            .set_encryption_context_equals(pairs(&constraints.context_equals))
            .set_encryption_context_subset(pairs(&constraints.context_subset))
            .set_source_arn(constraints.source_arn.clone())
            .build()
    };
    (!constraints.is_none()).then(made)
}
