//! Grants.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use regionmig_core::End;
use serde_json::{Map, Value, json};

use super::ask::{Ask, seconds};
use super::name::Takes;
use super::store::KeyName;
use super::{page, statement};
use crate::call::{Call, Refusal};
use crate::model::invalid;

const PER_KEY: usize = 50_000;

/// A grant. Made by an AWS service, its principals may be service principals.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Grant {
    /// As the request had them: `Name`, `GranteePrincipal`, `Operations`, `Constraints` and so on.
    pub(super) asked: Map<String, Value>,
    pub(super) created: Timestamp,
    /// The root of the account that made it.
    pub(super) issuer: String,
}

impl Grant {
    /// Tells whether the grant permits an operation to the caller of `call`. Constraints are not looked at.
    pub(super) fn permits(&self, operation: &str, call: &Call) -> bool {
        let operations = self.asked.get("Operations").and_then(Value::as_array);
        let is_granted = operations.is_some_and(|operations| operations.iter().any(|one| one == operation));
        let retires = operation == "RetireGrant" && self.names("RetiringPrincipal", call);
        retires || is_granted && self.names("GranteePrincipal", call)
    }

    /// Tells whether a principal is the caller, or the caller's whole account.
    fn names(&self, member: &str, call: &Call) -> bool {
        let principal = self.asked.get(member).and_then(Value::as_str);
        principal.is_some_and(|principal| statement::is_named(principal, &call.caller, &call.end))
    }

    fn is(&self, member: &str, principal: &str) -> bool {
        self.asked.get(member).and_then(Value::as_str) == Some(principal)
    }

    fn entry(&self, key: &KeyName, id: &str) -> (String, Value) {
        let mut entry = self.asked.clone();
        entry.insert("CreationDate".to_owned(), seconds(self.created));
        entry.insert("GrantId".to_owned(), json!(id));
        entry.insert("IssuingAccount".to_owned(), json!(self.issuer));
        entry.insert("KeyId".to_owned(), json!(key.arn()));
        (id.to_owned(), Value::Object(entry))
    }
}

/// Answers CreateGrant. A name makes it repeatable: the same name with the same parameters is the same grant, but each
/// answer has a token of its own.
pub(super) fn create(ask: &mut Ask<'_, '_>) -> Result<Value, Refusal> {
    let key = ask.customer_key("KeyId", Takes::Any)?;
    let asked = parameters(ask, &key)?;
    let has_name = asked.contains_key("Name");
    let held = ask.held(&key)?;
    let same = held.grants.iter().find(|(_, grant)| has_name && grant.asked == asked).map(|(id, _)| id.to_owned());
    if same.is_none() && held.grants.len() >= ask.quota("kms:grants-per-key", PER_KEY) {
        return Err(Refusal::new("LimitExceededException").message(format!("Too many grants for {}", key.arn())));
    }
    ask.dry_run()?;
    let id = same.unwrap_or_else(|| ask.cx.ids.hex(64));
    let grant = Grant { asked, created: ask.cx.now, issuer: root(&ask.call.end) };
    if let Some(held) = ask.state.key_mut(&key).filter(|held| held.grants.get(&id).is_none()) {
        held.grants.insert(&id, grant);
    }
    let token = token(&key, &id, &ask.cx.ids.hex(32));
    ask.cx.touched(key.arn());
    Ok(json!({ "GrantId": id, "GrantToken": token }))
}

pub(super) fn list(ask: &mut Ask<'_, '_>) -> Result<Value, Refusal> {
    let key = ask.key("KeyId", Takes::Any)?;
    let window = page::window(ask, 50, 100)?;
    let (id, grantee, service) =
        (ask.text("GrantId"), ask.text("GranteePrincipal"), ask.text("GranteeServicePrincipal"));
    let grants = ask.held(&key)?.grants.iter().filter(|(held, grant)| {
        id.is_none_or(|id| id == *held)
            && grantee.is_none_or(|grantee| grant.is("GranteePrincipal", grantee))
            && service.is_none_or(|service| grant.is("GranteeServicePrincipal", service))
    });
    Ok(page::answer(ask, &window, "Grants", grants.map(|(id, grant)| grant.entry(&key, id))))
}

/// Answers ListRetirableGrants, of keys of any account in the region.
pub(super) fn list_retirable(ask: &mut Ask<'_, '_>) -> Result<Value, Refusal> {
    let (member, principal) = match (ask.text("RetiringPrincipal"), ask.text("RetiringServicePrincipal")) {
        (Some(principal), None) => ("RetiringPrincipal", principal),
        (None, Some(_)) => return Err(Refusal::unknown("kms:ListRetirableGrants by a service principal")),
        _ => {
            return Err(invalid("You must specify either RetiringPrincipal or RetiringServicePrincipal, but not both"));
        }
    };
    let window = page::window(ask, 50, 100)?;
    let mut grants = Vec::new();
    for (key, held) in ask.state.present_in(&ask.call.end, ask.cx.now) {
        let retirable = held.grants.iter().filter(|(_, grant)| grant.is(member, principal));
        grants.extend(retirable.map(|(id, grant)| grant.entry(&key, id)));
    }
    grants.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(page::answer(ask, &window, "Grants", grants.into_iter()))
}

pub(super) fn revoke(ask: &mut Ask<'_, '_>) -> Result<Value, Refusal> {
    let key = ask.customer_key("KeyId", Takes::Any)?;
    let id = ask.text("GrantId").unwrap_or_default();
    remove(ask, &key, id, |_| true)
}

/// Answers RetireGrant: by token, or by key and grant.
pub(super) fn retire(ask: &mut Ask<'_, '_>) -> Result<Value, Refusal> {
    let (key, id) = match (ask.text("GrantToken"), ask.text("KeyId"), ask.text("GrantId")) {
        (Some(token), None, None) => {
            let (key, id) =
                read_token(&ask.call.end, token).ok_or_else(|| Refusal::new("InvalidGrantTokenException"))?;
            if ask.state.is_gone(&key, ask.cx.now) {
                return Err(super::name::not_found(&key));
            }
            (key, id)
        }
        (None, Some(_), Some(id)) => (ask.key("KeyId", Takes::Any)?, id.to_owned()),
        _ => return Err(invalid("You must specify either a grant token, or a key ARN and a grant ID")),
    };
    let call = ask.call;
    let own_root = root(&call.end);
    remove(ask, &key, &id, |grant| grant.permits("RetireGrant", call) || grant.issuer == own_root)
}

fn remove(ask: &mut Ask<'_, '_>, key: &KeyName, id: &str, may: impl Fn(&Grant) -> bool) -> Result<Value, Refusal> {
    if id.len() != 64 || !id.chars().all(|c| c.is_ascii_hexdigit()) {
        return Err(Refusal::new("InvalidGrantIdException").message(format!("Invalid grant ID {id}")));
    }
    let missing = || Refusal::new("NotFoundException").message(format!("Grant ID {id} not found"));
    if !may(ask.held(key)?.grants.get(id).ok_or_else(missing)?) {
        return Err(ask.denied(&key.arn()));
    }
    ask.dry_run()?;
    if let Some(held) = ask.state.key_mut(key) {
        held.grants.remove(id);
    }
    ask.cx.touched(key.arn());
    Ok(json!({}))
}

/// Checks what was asked for and returns what is kept of it.
fn parameters(ask: &Ask<'_, '_>, key: &KeyName) -> Result<Map<String, Value>, Refusal> {
    let has = |member: &str| ask.text(member).is_some();
    if has("GranteePrincipal") == has("GranteeServicePrincipal") {
        return Err(invalid("You must specify either GranteePrincipal or GranteeServicePrincipal, but not both"));
    }
    if has("RetiringPrincipal") && has("RetiringServicePrincipal") {
        return Err(invalid("You can specify either RetiringPrincipal or RetiringServicePrincipal, but not both"));
    }
    let has_source = ask.map("Constraints").is_some_and(|constraints| constraints.contains_key("SourceArn"));
    let has_retiring = has("RetiringPrincipal") || has("RetiringServicePrincipal");
    if has("GranteeServicePrincipal") && !(has_source && has_retiring) {
        return Err(invalid("A grant to a service principal needs a SourceArn constraint and a retiring principal"));
    }
    for member in ["GranteePrincipal", "RetiringPrincipal"] {
        if ask.text(member).is_some_and(|principal| !is_principal(principal, &key.end)) {
            return Err(Refusal::new("InvalidArnException").message("ARN does not refer to a valid principal"));
        }
    }
    check_operations(ask, key)?;
    check_constraints(ask)?;
    const KEPT: [&str; 7] = [
        "Constraints",
        "GranteePrincipal",
        "GranteeServicePrincipal",
        "Name",
        "Operations",
        "RetiringPrincipal",
        "RetiringServicePrincipal",
    ];
    let members = ask.call.body.as_object().into_iter().flatten();
    let kept = members.filter(|(member, value)| KEPT.contains(&member.as_str()) && !value.is_null());
    Ok(kept.map(|(member, value)| (member.clone(), value.clone())).collect())
}

fn check_operations(ask: &Ask<'_, '_>, key: &KeyName) -> Result<(), Refusal> {
    let operations = ask.list("Operations");
    let grantable = ask.state.family(key).map_or(&[] as &[&str], |family| family.kind.grantable());
    let is_grantable = |operation: &Value| operation.as_str().is_some_and(|one| grantable.contains(&one));
    match operations.iter().find(|operation| !is_grantable(operation)) {
        _ if operations.is_empty() => Err(invalid("Operations must not be empty")),
        Some(wrong) => Err(invalid(format!("The operation {wrong} cannot be granted on {}", key.arn()))),
        None => Ok(()),
    }
}

/// Up to eight pairs a constraint, values of up to 384 characters (API reference, CreateGrant).
fn check_constraints(ask: &Ask<'_, '_>) -> Result<(), Refusal> {
    let Some(constraints) = ask.map("Constraints") else { return Ok(()) };
    let has = |member: &str| constraints.contains_key(member);
    if has("EncryptionContextEquals") && has("EncryptionContextSubset") {
        return Err(invalid("A grant can have one encryption context constraint only"));
    }
    for pairs in constraints.values().filter_map(Value::as_object) {
        let is_long = |value: &Value| value.as_str().is_some_and(|text| text.chars().count() > 384);
        if pairs.len() > 8 || pairs.values().any(is_long) {
            return Err(invalid("An encryption context constraint has at most 8 pairs and values of 384 characters"));
        }
    }
    Ok(())
}

/// A principal that a customer can name: an account, or an ARN of IAM or STS.
fn is_principal(text: &str, end: &End) -> bool {
    let is_account = |account: &str| account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    match text.splitn(6, ':').collect::<Vec<_>>()[..] {
        ["arn", partition, "iam" | "sts", "", account, resource] => {
            partition == end.partition.as_str() && is_account(account) && !resource.is_empty()
        }
        [account] => is_account(account),
        _ => false,
    }
}

pub(super) fn root(end: &End) -> String {
    format!("arn:{}:iam::{}:root", end.partition, end.account)
}

fn token(key: &KeyName, grant: &str, nonce: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("{}|{}|{grant}|{nonce}", key.end, key.id))
}

/// Returns the key and the grant that a token is for; `None` if it is no token of this region.
fn read_token(here: &End, token: &str) -> Option<(KeyName, String)> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    let [end, key, grant, _] = text.split('|').collect::<Vec<_>>()[..] else { return None };
    let end: End = end.parse().ok().filter(|end: &End| end.region == here.region)?;
    Some((KeyName::new(&end, key), grant.to_owned()))
}

/// Refuses grant tokens that no CreateGrant has given out.
pub(super) fn check_tokens(ask: &Ask<'_, '_>) -> Result<(), Refusal> {
    let is_token = |token: &Value| token.as_str().is_some_and(|token| read_token(&ask.call.end, token).is_some());
    match ask.list("GrantTokens").iter().all(is_token) {
        true => Ok(()),
        false => Err(Refusal::new("InvalidGrantTokenException")),
    }
}
