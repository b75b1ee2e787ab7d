//! Resource policies.

use serde_json::{Map, Value, json};

use super::ask::Ask;
use super::life::brief;
use crate::call::Refusal;
use crate::policy::{self, Names};

const MEMBERS: [&str; 9] =
    ["Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition", "Principal", "NotPrincipal"];

/// Answers GetResourcePolicy: with what was given.
pub(super) fn get(ask: &mut Ask<'_, '_, '_>) -> Result<Value, Refusal> {
    let name = ask.live()?;
    let mut answer = brief(ask, &name)?;
    if let Some(policy) = &ask.held(&name)?.policy {
        answer["ResourcePolicy"] = json!(policy);
    }
    Ok(answer)
}

pub(super) fn put(ask: &mut Ask<'_, '_, '_>) -> Result<Value, Refusal> {
    let name = ask.primary()?;
    let text = ask.text("ResourcePolicy").unwrap_or_default();
    let is_public = judge(text).map_err(|why| Refusal::new("MalformedPolicyDocumentException").message(why))?;
    if is_public && ask.flag("BlockPublicPolicy") {
        let message = "The BlockPublicPolicy parameter is set to true, and the resource policy allows broad access.";
        return Err(Refusal::new("PublicPolicyException").message(message));
    }
    ask.change(&name, |secret, _| secret.policy = Some(text.to_owned()))?;
    brief(ask, &name)
}

/// Takes the policy away; that there is none is no error.
pub(super) fn delete(ask: &mut Ask<'_, '_, '_>) -> Result<Value, Refusal> {
    let name = ask.primary()?;
    ask.change(&name, |secret, _| secret.policy = None)?;
    brief(ask, &name)
}

/// Answers ValidateResourcePolicy.
pub(super) fn validate(ask: &mut Ask<'_, '_, '_>) -> Result<Value, Refusal> {
    if ask.text("SecretId").is_some() {
        ask.find()?;
    }
    let error = |check: &str, why: String| vec![json!({ "CheckName": check, "ErrorMessage": why })];
    let errors = match judge(ask.text("ResourcePolicy").unwrap_or_default()) {
        Ok(false) => Vec::new(),
        Ok(true) => error("PUBLIC_POLICY_CHECK", "The resource policy allows broad access.".to_owned()),
        Err(why) => error("SYNTAX_CHECK", why),
    };
    Ok(json!({ "PolicyValidationPassed": errors.is_empty(), "ValidationErrors": errors }))
}

/// Tells whether a policy lets everybody in; says why it is none, if it is none.
fn judge(text: &str) -> Result<bool, String> {
    let document: Map<String, Value> =
        serde_json::from_str(text).map_err(|error| format!("This resource policy is not valid JSON: {error}"))?;
    let mut is_public = false;
    for statement in policy::statements(&document)? {
        let allows = policy::allows(statement, &MEMBERS)?;
        Names::actions(statement)?;
        Names::read(statement, "Resource", "NotResource")?;
        let (is_negated, principal) = policy::either(statement, "Principal", "NotPrincipal")?;
        let condition = policy::condition(statement)?;
        let everybody =
            principal == "*" || principal.get("AWS").is_some_and(|who| policy::texts(who).is_ok_and(is_all));
        is_public |= allows && condition.is_empty() && everybody != is_negated;
    }
    Ok(is_public)
}

fn is_all(names: Vec<String>) -> bool {
    names.iter().any(|name| name == "*")
}
