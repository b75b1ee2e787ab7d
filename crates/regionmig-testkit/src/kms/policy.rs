//! Key policies: what KMS accepts as one, and the check that nobody locks himself out.

mod layout;

use std::sync::Arc;

use regionmig_core::End;
use serde_json::{Value, json};

use super::ask::Ask;
use super::name::Takes;
use super::page;
use super::statement::{Document, INVALID_PRINCIPAL};
use crate::call::Refusal;

/// How long a policy may be. The model says four times as much, but this is the quota (developer guide, "Resource
/// quotas").
const MOST: usize = 32_768;

const NAME: &str = "default";

/// Returns the policy that a key has if none was given for it, laid out as AWS does.
pub(super) fn default_text(end: &End) -> String {
    format!(
        r#"{{
  "Version" : "2012-10-17",
  "Id" : "key-default-1",
  "Statement" : [ {{
    "Sid" : "Enable IAM User Permissions",
    "Effect" : "Allow",
    "Principal" : {{
      "AWS" : "arn:{}:iam::{}:root"
    }},
    "Action" : "kms:*",
    "Resource" : "*"
  }} ]
}}"#,
        end.partition, end.account
    )
}

/// Reads and checks the `Policy` of a request that makes a key or changes its policy.
pub(super) fn asked(ask: &Ask<'_, '_>) -> Result<Arc<str>, Refusal> {
    let Some(text) = ask.text("Policy") else { return Ok(default_text(&ask.call.end).into()) };
    if text.len() > MOST {
        return Err(Refusal::new("LimitExceededException").message(format!("The policy exceeds {MOST} bytes")));
    }
    let document = Document::read(text, &ask.call.end).map_err(|why| malformed(&why))?;
    if document.names_the_dead() {
        return Err(malformed(INVALID_PRINCIPAL));
    }
    let can_change = document.allows(&ask.call.caller, &ask.call.end, "kms:PutKeyPolicy");
    match can_change || ask.flag("BypassPolicyLockoutSafetyCheck") {
        true => Ok(text.into()),
        false => Err(malformed("The new key policy will not allow you to update the key policy in the future.")),
    }
}

/// Tells whether a stored policy allows `caller`, who is of the account of `end`, to do `action`.
pub(super) fn allows(policy: &str, caller: &str, end: &End, action: &str) -> bool {
    Document::read(policy, end).is_ok_and(|document| document.allows(caller, end, action))
}

/// Answers GetKeyPolicy: with what was given, said another way.
pub(super) fn get(ask: &mut Ask<'_, '_>) -> Result<Value, Refusal> {
    let name = ask.key("KeyId", Takes::Own)?;
    check_name(ask)?;
    let policy = layout::shown(&ask.held(&name)?.policy, &name.end);
    Ok(json!({ "Policy": policy, "PolicyName": NAME }))
}

pub(super) fn list(ask: &mut Ask<'_, '_>) -> Result<Value, Refusal> {
    ask.key("KeyId", Takes::Own)?;
    let window = page::window(ask, 100, 1000)?;
    Ok(page::answer(ask, &window, "PolicyNames", std::iter::once((NAME.to_owned(), json!(NAME)))))
}

pub(super) fn put(ask: &mut Ask<'_, '_>) -> Result<Value, Refusal> {
    let name = ask.customer_key("KeyId", Takes::Own)?;
    if ask.text("PolicyName") == Some("AWS_RAM") {
        return Err(crate::model::invalid("The AWS_RAM policy can only be managed by the RAM service"));
    }
    check_name(ask)?;
    let policy = asked(ask)?;
    if let Some(key) = ask.state.key_mut(&name) {
        key.policy = policy;
    }
    ask.cx.touched(name.arn());
    Ok(json!({}))
}

fn check_name(ask: &Ask<'_, '_>) -> Result<(), Refusal> {
    match ask.text("PolicyName").is_none_or(|name| name == NAME) {
        true => Ok(()),
        false => Err(Refusal::new("NotFoundException").message("No such policy exists")),
    }
}

fn malformed(why: &str) -> Refusal {
    Refusal::new("MalformedPolicyDocumentException").message(why)
}
