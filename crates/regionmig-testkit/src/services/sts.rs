//! STS: who somebody is, and how to become somebody else for a time.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use regionmig_core::AccountId;
use serde_json::{Value, json};

use crate::call::{Call, Refusal};
use crate::clock;
use crate::state::Cx;

/// The letters and digits that access keys are made of.
const BASE32: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The sessions that were handed out, by access key.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sts {
    sessions: BTreeMap<String, Session>,
}

/// A role that somebody has assumed.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) account: AccountId,
    pub(crate) arn: String,
    pub(crate) token: String,
    pub(crate) expires: Timestamp,
}

impl Sts {
    pub(crate) fn session(&self, access_key: &str) -> Option<&Session> {
        self.sessions.get(access_key)
    }
}

pub(super) fn answer(call: &Call, sts: &mut Sts, cx: &mut Cx<'_>) -> Result<Value, Refusal> {
    match call.operation.as_str() {
        "AssumeRole" => assume_role(call, sts, cx),
        "GetCallerIdentity" => Ok(caller_identity(call)),
        other => Err(Refusal::unknown(other)),
    }
}

fn caller_identity(call: &Call) -> Value {
    let user = match call.caller.rsplit_once('/') {
        Some((_, name)) if call.caller.contains(":assumed-role/") => format!("AROAWORLD00000000000:{name}"),
        _ => "AIDAWORLD00000000000".to_owned(),
    };
    json!({ "Account": call.end.account, "Arn": call.caller, "UserId": user })
}

/// Any role of any account can be assumed: the world carries no trust policies. Refuse it by a fault.
fn assume_role(call: &Call, sts: &mut Sts, cx: &mut Cx<'_>) -> Result<Value, Refusal> {
    let invalid = |message: String| Refusal::new("ValidationError").message(message);
    let (role, name) = (call.text("RoleArn").unwrap_or_default(), call.text("RoleSessionName").unwrap_or_default());
    let (account, path) = role_of(role).ok_or_else(|| invalid(format!("{role} is invalid")))?;
    let is_name = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    if !(2..=64).contains(&name.len()) || !name.chars().all(is_name) {
        return Err(invalid(format!("`{name}` at 'roleSessionName' failed to satisfy constraint")));
    }
    let expires = clock::after(cx.now, duration(call)?);
    let short = path.rsplit('/').next().unwrap_or(path);
    let arn = format!("arn:{}:sts::{account}:assumed-role/{short}/{name}", call.end.partition);
    let access_key = format!("ASIA{}", cx.ids.word(16, BASE32));
    let (secret, token) = (STANDARD.encode(cx.ids.bytes(30)), STANDARD.encode(cx.ids.bytes(120)));
    let id = format!("AROA{}:{name}", cx.ids.word(17, BASE32));
    let session = Session { account, arn: arn.clone(), token: token.clone(), expires };
    sts.sessions.insert(access_key.clone(), session);
    let credentials = json!({
        "AccessKeyId": access_key,
        "Expiration": expires.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "SecretAccessKey": secret,
        "SessionToken": token,
    });
    Ok(json!({ "AssumedRoleUser": { "Arn": arn, "AssumedRoleId": id }, "Credentials": credentials }))
}

/// Returns the account and the path of a role.
fn role_of(arn: &str) -> Option<(AccountId, &str)> {
    let mut parts = arn.splitn(6, ':');
    let (arn, _partition, iam, region) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let (account, role) = (parts.next()?.parse().ok()?, parts.next()?.strip_prefix("role/")?);
    (arn == "arn" && iam == "iam" && region.is_empty() && !role.is_empty()).then_some((account, role))
}

/// 900 s to 12 h, 1 h if not given; a role assumed by a role lasts an hour at most (STS API reference, AssumeRole).
fn duration(call: &Call) -> Result<Duration, Refusal> {
    let seconds = call.text("DurationSeconds").map_or(Ok(3600), str::parse);
    let most = if call.caller.contains(":assumed-role/") { 3600 } else { 43_200 };
    match seconds {
        Ok(seconds) if (900..=most).contains(&seconds) => Ok(Duration::from_secs(seconds)),
        _ => {
            let message = format!("DurationSeconds must be between 900 and {most}");
            Err(Refusal::new("ValidationError").message(message))
        }
    }
}
