//! Asks IAM beforehand whether the caller may do what a plan needs.
// REQ: E-24

mod principal;
mod verdict;

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_iam::Client;
use aws_sdk_iam::operation::simulate_principal_policy::SimulatePrincipalPolicyOutput as Page;
use aws_sdk_iam::types::{ContextEntry, ContextKeyTypeEnum, EvaluationResult};
use regionmig_core::{End, ErrorKind, Finding, Gap, Partition, Permission, Place, Route};

use crate::access::Access;
use crate::clients::Clients;
use crate::error::Error;
use crate::pages::pages;
use principal::Principal;
use verdict::{Asked, Verdicts};

const ACTION: &str = "iam:SimulatePrincipalPolicy";

/// So many actions are asked about in one request.
const AT_ONCE: usize = 50;

/// The region that policies may be conditional on; IAM itself is asked in another.
const REQUESTED_REGION: &str = "aws:RequestedRegion";

/// What is asked together: actions on one resource, at one end.
type Groups = BTreeMap<(End, String), BTreeSet<String>>;

/// Asks IAM whether the caller may do what `permissions` names, and says what is not allowed, and what could not be asked.
///
/// `permissions` are those of a plan ([`MigrationPlan::permissions`](regionmig_core::MigrationPlan::permissions)) or those
/// of surveying and verifying ([`Migration::permissions`](regionmig_core::Migration::permissions)). For each account the
/// principal is the one that its credentials in `access` belong to, as STS says: a user, or the role of a session. IAM
/// judges by its policies, its permissions boundary and the organisation's service control policies, conditions on
/// `aws:RequestedRegion` included (API reference, SimulatePrincipalPolicy). Nothing is changed, and no plan is held by what
/// is found. What is allowed without a reserve yields nothing but, in an organisation, a Note on its policies; the same of
/// several resources is one finding, which names some of them, and the context keys that policies look at and IAM was not given:
///
/// - [`PERMISSION_DENIED`](crate::code::PERMISSION_DENIED), an Action: it says whether the organisation's policies or the
///   boundary do not allow it, each a finding, or the principal's own policies deny it. What a statement denies outright, no
///   other policy allows; whose it is IAM does not say, where there are several. A boundary that merely does not allow it
///   limits neither what the policy of a key gives to a user nor what it gives to a session by its own ARN: for actions on
///   keys the finding says so.
/// - [`PERMISSION_MISSING`](crate::code::PERMISSION_MISSING), an Action: nothing allows it.
/// - [`PERMISSION_LEFT_TO_KEY_POLICY`](crate::code::PERMISSION_LEFT_TO_KEY_POLICY), an Action: nothing that IAM looked at
///   allows it, but a key's own policy, or a grant, may. It is no mere note, since the policy that keys have by default
///   leaves it to IAM's: then the request is refused, and only a person who reads the key's policy can tell.
/// - [`PERMISSION_CONDITIONAL`](crate::code::PERMISSION_CONDITIONAL), a Note: allowed, but policies look at what is known
///   only when the request is made. IAM names these keys for the principal's policies, not for the organisation's.
/// - [`ORGANIZATION_CONDITIONS`](crate::code::ORGANIZATION_CONDITIONS), a Note an end: the account is in an organisation, whose
///   policies may look at other keys than the region. IAM judged these conditions without values, whatever came of it.
/// - [`PERMISSION_NOT_ASKED`](crate::code::PERMISSION_NOT_ASKED), a Note: it could not be asked. So it is for the root of an
///   account and for federated users, whom IAM does not simulate, and where IAM refuses or does not answer.
///
/// A resource is asked about as the permission names it: of a wildcard, a policy that allows a part is found wanting, which
/// the finding says. What IAM does not look at can still refuse: resource control policies, session policies, policies of
/// resources and of VPC endpoints. The needed permissions are `iam:SimulatePrincipalPolicy` and, for a role,
/// `iam:GetRole`. IAM answers in one region of each partition, for `aws` in `us-east-1`; if that is the one that fails, the answer is a finding, too.
///
/// ```no_run
/// # use regionmig_core::{MigrationPlan, Route};
/// # async fn example(access: regionmig_aws::Access, route: Route, plan: MigrationPlan) {
/// for finding in regionmig_aws::simulate(&access, &route, &plan.permissions()).await {
///     println!("{finding}");
/// }
/// # }
/// ```
pub async fn simulate<'a>(
    access: &Access,
    route: &Route,
    permissions: impl IntoIterator<Item = &'a Permission> + Send,
) -> Vec<Finding> {
    let groups = groups(route, permissions);
    let clients = access.clients(Client::new);
    let homes: BTreeSet<End> = groups.keys().map(|(end, _)| home(end)).collect();
    let mut principals = BTreeMap::new();
    for home in homes {
        let principal = principal::at(access, &clients, &home).await;
        principals.insert(home, principal);
    }
    let mut verdicts = Verdicts::default();
    for ((end, resource), actions) in &groups {
        let Some(principal) = principals.get_mut(&home(end)) else { continue };
        let actions: Vec<&String> = actions.iter().collect();
        for actions in actions.chunks(AT_ONCE) {
            let asked = Asked { end, resource, actions };
            if let Err(why) = ask(&clients, principal, &asked, &mut verdicts).await {
                verdicts.unanswered(&asked, &why);
            }
        }
    }
    verdicts.into_findings()
}

/// Returns what is asked together, each once.
fn groups<'a>(route: &Route, permissions: impl IntoIterator<Item = &'a Permission>) -> Groups {
    let mut groups = Groups::new();
    for permission in permissions {
        let end = route.place(&permission.place);
        // A request to a service without regions counts as one to the region that it answers in.
        let end = if permission.place == Place::Global { home(&end) } else { end };
        let resource = permission.resource_in(end.partition);
        groups.entry((end, resource)).or_default().insert(permission.action.clone());
    }
    groups
}

/// Returns where IAM answers for `end` (AWS general reference, "IAM endpoints and quotas").
fn home(end: &End) -> End {
    let region = match end.partition {
        // Other services that have one region a partition have the other one there.
        Partition::AwsCn => "cn-north-1",
        partition => partition.global_region(),
    };
    let region = region.parse();
    region.map_or_else(|_| end.clone(), |region| end.in_region(region))
}

/// Asks one question. If it cannot be asked, says why; and if that is not about this question, no further is asked there.
async fn ask(
    clients: &Clients<Client>,
    principal: &mut Result<Principal, String>,
    asked: &Asked<'_>,
    verdicts: &mut Verdicts,
) -> Result<(), String> {
    let known = principal.clone()?;
    let gap = match results(clients, &known, asked).await {
        Ok(results) => {
            verdicts.take(&known, asked, &results);
            return Ok(());
        }
        Err(gap) => gap,
    };
    let why = gap.to_string();
    if gap.error.kind != ErrorKind::Invalid {
        *principal = Err(why.clone());
    }
    Err(why)
}

async fn results(
    clients: &Clients<Client>,
    principal: &Principal,
    asked: &Asked<'_>,
) -> Result<Vec<EvaluationResult>, Gap> {
    let home = &home(asked.end);
    let region = ContextEntry::builder()
        .context_key_name(REQUESTED_REGION)
        .context_key_type(ContextKeyTypeEnum::String)
        .context_key_values(asked.end.region.as_str())
        .build();
    let actions: Vec<String> = asked.actions.iter().map(|action| (*action).clone()).collect();
    let send = |marker: Option<String>| {
        let (region, actions) = (region.clone(), actions.clone());
        clients.read(home, ACTION, move |client| {
            let request = client.simulate_principal_policy().policy_source_arn(principal.arn());
            let request = request.set_action_names(Some(actions)).resource_arns(asked.resource);
            request.context_entries(region).set_marker(marker).send()
        })
    };
    let mut results = Vec::new();
    let next = |page: &Page| page.marker.clone().filter(|_| page.is_truncated);
    let read = pages(ACTION, send, next).each(|page| {
        // A page that says that there is more, and not how to get it, is not the last one.
        if page.is_truncated && page.marker.as_deref().is_none_or(str::is_empty) {
            return Err(Error::malformed(ACTION, "Marker").at(home));
        }
        results.extend(page.evaluation_results.unwrap_or_default());
        Ok(())
    });
    read.await?;
    Ok(results)
}
