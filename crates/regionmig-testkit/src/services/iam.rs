//! IAM: roles and users, and what their policies allow, when it is asked. Nothing else in the world asks.

mod judge;
mod seed;

use std::collections::BTreeMap;
use std::sync::Arc;

use regionmig_core::{AccountId, End};
use serde_json::{Value, json};

use crate::call::{Call, Refusal};
use crate::state::Cx;
use judge::{Policy, Request, Verdict};

pub use seed::PrincipalSeed;

/// How many results a page has, unless a request or a test says otherwise (API reference, SimulatePrincipalPolicy).
const PER_PAGE: u64 = 100;

/// The parameters that are understood; a list's own come after a dot.
const TAKEN: [&str; 8] =
    ["Action", "ActionNames", "ContextEntries", "Marker", "MaxItems", "PolicySourceArn", "ResourceArns", "Version"];

/// All that IAM knows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Iam {
    /// The service control policies of the organisation that limit an account; none, if it is in no organisation.
    organizations: BTreeMap<AccountId, Vec<Arc<Policy>>>,
    /// Users and roles, by their ARNs.
    principals: BTreeMap<String, Principal>,
}

/// A user or a role.
#[derive(Clone, Debug, Default)]
struct Principal {
    boundary: Option<Arc<Policy>>,
    policies: Vec<Arc<Policy>>,
}

pub(super) fn answer(call: &Call, iam: &Iam, cx: &Cx<'_>) -> Result<Value, Refusal> {
    match call.operation.as_str() {
        "GetRole" => role(call, iam, cx),
        "SimulatePrincipalPolicy" => simulate(call, iam, cx),
        other => Err(Refusal::unknown(other)),
    }
}

fn role(call: &Call, iam: &Iam, cx: &Cx<'_>) -> Result<Value, Refusal> {
    let name = call.text("RoleName").unwrap_or_default();
    let roles = format!("{}role/", prefix(&call.end));
    let is_it = |arn: &&String| arn.starts_with(&roles) && arn.rsplit('/').next() == Some(name);
    let arn = iam.principals.keys().find(is_it).ok_or_else(|| no_such("role", name))?;
    let path = arn.strip_prefix(&roles).and_then(|path| path.strip_suffix(name)).unwrap_or_default();
    Ok(json!({ "Role": {
        "Arn": arn,
        "CreateDate": cx.now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "MaxSessionDuration": 43_200,
        "Path": format!("/{path}"),
        "RoleId": "AROAWORLD00000000000",
        "RoleName": name,
    } }))
}

/// Answers one result an action, in the order asked for.
fn simulate(call: &Call, iam: &Iam, cx: &Cx<'_>) -> Result<Value, Refusal> {
    check_taken(call)?;
    let source = call.text("PolicySourceArn").unwrap_or_default();
    let principal = iam.principal(source, &call.end)?;
    let resources = members(call, "ResourceArns");
    let resource = match resources[..] {
        [] => "*",
        [resource] => resource,
        _ => return Err(Refusal::unknown("SimulatePrincipalPolicy of several resources")),
    };
    if resource != "*" && (resource.splitn(6, ':').count() < 6 || !resource.starts_with(&arn(&call.end))) {
        return Err(invalid(format!("Invalid resource ARN: {resource}")));
    }
    let actions = members(call, "ActionNames");
    if actions.is_empty() || actions.iter().any(|action| !action.contains(':')) {
        return Err(invalid("ActionNames must name actions, each with its service".to_owned()));
    }
    let context = context(call, source);
    let organization = iam.organizations.get(&call.end.account).map(Vec::as_slice);
    let results = actions.iter().map(|action| {
        let request = Request { action, resource, context: &context };
        let boundary = principal.boundary.as_ref().map(std::slice::from_ref);
        shown(&request, &judge::judge(&principal.policies, boundary, organization, &request))
    });
    page(call, results.collect(), cx)
}

impl Iam {
    fn principal(&self, arn: &str, end: &End) -> Result<&Principal, Refusal> {
        let entity = arn.strip_prefix(&prefix(end)).and_then(|entity| entity.split_once('/'));
        let Some((kind @ ("role" | "user"), path)) = entity else {
            return Err(invalid(format!("Invalid Entity Arn: {arn} does not clearly define entity type and name.")));
        };
        let name = path.rsplit('/').next().unwrap_or(path);
        self.principals.get(arn).ok_or_else(|| no_such(kind, name))
    }
}

/// What is not understood is refused by name, not passed over.
fn check_taken(call: &Call) -> Result<(), Refusal> {
    let names = call.body.as_object().into_iter().flat_map(|members| members.keys());
    let mut strangers = names.filter(|name| !TAKEN.contains(&name.split('.').next().unwrap_or_default()));
    match strangers.next() {
        Some(stranger) => Err(Refusal::unknown(&format!("SimulatePrincipalPolicy with {stranger}"))),
        None => Ok(()),
    }
}

/// What the request says of its context, and what IAM knows of the principal itself; the keys in lower case.
fn context(call: &Call, source: &str) -> BTreeMap<String, String> {
    let own = [("aws:principalarn", source), ("aws:principalaccount", call.end.account.as_str())];
    let mut context: BTreeMap<_, _> = own.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    for n in 1.. {
        let member = |rest: &str| call.text(&format!("ContextEntries.member.{n}.{rest}"));
        let Some(key) = member("ContextKeyName") else { break };
        let value = member("ContextKeyValues.member.1").unwrap_or_default();
        context.insert(key.to_ascii_lowercase(), value.to_owned());
    }
    context
}

/// Returns a list of the form.
fn members<'a>(call: &'a Call, list: &str) -> Vec<&'a str> {
    (1..).map_while(|n| call.text(&format!("{list}.member.{n}"))).collect()
}

/// Writes a verdict as AWS does: where a resource was named, what is about it is said once more, for it alone.
fn shown(request: &Request<'_>, verdict: &Verdict) -> Value {
    let matched: Vec<Value> =
        verdict.matched.iter().map(|id| json!({ "SourcePolicyId": id, "SourcePolicyType": "IAM Policy" })).collect();
    let mut result = json!({
        "EvalActionName": request.action,
        "EvalDecision": verdict.decision.as_str(),
        "EvalResourceName": request.resource,
        "MatchedStatements": matched,
    });
    let boundary = verdict.in_boundary.map(|is_allowed| json!({ "AllowedByPermissionsBoundary": is_allowed }));
    if let Some(is_allowed) = verdict.in_organization {
        result["OrganizationsDecisionDetail"] = json!({ "AllowedByOrganizations": is_allowed });
    }
    if let Some(boundary) = &boundary {
        result["PermissionsBoundaryDecisionDetail"] = boundary.clone();
    }
    if request.resource == "*" {
        result["MissingContextValues"] = json!(verdict.missing);
        return result;
    }
    let mut specific = json!({
        "EvalResourceDecision": verdict.decision.as_str(),
        "EvalResourceName": request.resource,
        "MatchedStatements": matched,
        "MissingContextValues": verdict.missing,
    });
    if let Some(boundary) = boundary {
        specific["PermissionsBoundaryDecisionDetail"] = boundary;
    }
    result["EvalDecisionDetails"] = json!({});
    result["MissingContextValues"] = json!([]);
    result["ResourceSpecificResults"] = json!([specific]);
    result
}

/// Cuts the results into pages. A marker says how many there were before.
fn page(call: &Call, results: Vec<Value>, cx: &Cx<'_>) -> Result<Value, Refusal> {
    let asked = call.text("MaxItems").map_or(Some(PER_PAGE), |most| most.parse().ok());
    let asked =
        asked.filter(|most| (1..=1000).contains(most)).ok_or_else(|| invalid("MaxItems is invalid".to_owned()))?;
    let most = cx.quotas.get("iam:results-per-page").map_or(asked, |most| asked.min(*most));
    let before = call.text("Marker").map_or(Some(0), |marker| marker.strip_prefix("after-")?.parse().ok());
    let before: usize = before.ok_or_else(|| invalid("Invalid Marker".to_owned()))?;
    let after = before.saturating_add(usize::try_from(most).unwrap_or(usize::MAX));
    let is_truncated = results.len() > after;
    let page: Vec<Value> = results.into_iter().take(after).skip(before).collect();
    let mut answer = json!({ "EvaluationResults": page, "IsTruncated": is_truncated });
    if is_truncated {
        answer["Marker"] = format!("after-{after}").into();
    }
    Ok(answer)
}

fn arn(end: &End) -> String {
    format!("arn:{}:", end.partition)
}

/// What the ARNs of an account's users and roles begin with.
fn prefix(end: &End) -> String {
    format!("arn:{}:iam::{}:", end.partition, end.account)
}

fn no_such(kind: &str, name: &str) -> Refusal {
    Refusal::new("NoSuchEntity").message(format!("The {kind} with name {name} cannot be found.")).status(404)
}

fn invalid(message: String) -> Refusal {
    Refusal::new("InvalidInput").message(message)
}
