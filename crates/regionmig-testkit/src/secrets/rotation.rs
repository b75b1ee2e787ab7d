//! Rotation asked for and called off. What a schedule says is kept, but nothing is rotated by it.

use serde_json::{Value, json};

use super::ask::{Ask, invalid, invalid_request};
use super::content::Content;
use super::event::Event;
use super::life::brief;
use super::rules::Rotation;
use super::secret::{CURRENT, PENDING};
use super::store::{SecretName, after};
use super::value;
use crate::call::Refusal;

/// Answers RotateSecret: sets how, and rotates at once unless told not to.
pub(super) fn rotate(ask: &mut Ask<'_, '_, '_>) -> Result<Value, Refusal> {
    let token = value::token(ask, "InvalidParameterException")?.to_owned();
    let name = ask.primary()?;
    let secret = ask.held(&name)?;
    let by_external = secret.kind.is_some() || ask.text("ExternalSecretRotationRoleArn").is_some();
    let rotation = asked(ask, secret.rotation.clone().unwrap_or_default())?;
    if secret.version(&token).is_some() && secret.pending().is_none_or(|pending| pending.id == token) {
        return made(ask, &name, &token);
    }
    if secret.pending().is_some() {
        return Err(invalid_request("A previous rotation isn't complete. That rotation will be reattempted."));
    }
    let is_managed = secret.owner.is_some();
    match (&rotation.function, &rotation.role) {
        (None, None) if !is_managed => {
            return Err(invalid_request("No Lambda rotation function ARN is associated with this secret."));
        }
        (Some(function), _) if !by_external && !ask.state.secrets.functions.contains(function) => {
            return Err(Refusal::new("AccessDeniedException").message(
                "Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants \
                 access to the principal secretsmanager.amazonaws.com.",
            ));
        }
        _ => {}
    }
    let at_once = ask.call.body.get("RotateImmediately").and_then(Value::as_bool).unwrap_or(true);
    let (is_empty, key) = (secret.versions.is_empty(), secret.key.clone());
    if at_once && is_empty {
        return Err(invalid_request("You can't rotate a secret that has no value."));
    }
    if at_once {
        ask.encrypt_with(&name.end, key.as_deref())?;
    }
    ask.change(&name, |secret, _| secret.rotation = Some(rotation))?;
    match at_once {
        true => begin(ask, &name, &token),
        false => brief(ask, &name),
    }
}

/// Makes the version that will be current when the function has done its work.
fn begin(ask: &mut Ask<'_, '_, '_>, name: &SecretName, token: &str) -> Result<Value, Refusal> {
    // The same in every run of the same request, so that two runs can be compared.
    let content = Content::Text(format!("what the rotation {token} has made"));
    ask.change(name, |secret, now| {
        secret.add(token, content, now);
        secret.attach(PENDING, token);
        // The function reads the current value to make another of it.
        secret.accessed = Some(now);
        let current = secret.holder(CURRENT).map(|version| version.id.clone());
        if let Some(version) = current.and_then(|id| secret.version_mut(&id)) {
            version.accessed = Some(now);
        }
    })?;
    let due = after(ask.cx.now, ask.state.secrets.timing.rotation);
    let event = Event::Finish { secret: name.clone(), version: token.to_owned() };
    ask.state.secrets.agenda.insert((due, event));
    made(ask, name, token)
}

fn made(ask: &Ask<'_, '_, '_>, name: &SecretName, token: &str) -> Result<Value, Refusal> {
    let mut answer = brief(ask, name)?;
    answer["VersionId"] = json!(token);
    Ok(answer)
}

/// Reads what is to be changed of how a secret is rotated.
fn asked(ask: &Ask<'_, '_, '_>, mut rotation: Rotation) -> Result<Rotation, Refusal> {
    rotation.is_enabled = true;
    if let Some(function) = ask.text("RotationLambdaARN") {
        rotation.function = Some(function.to_owned()).filter(|function| !function.is_empty());
    }
    if let Some(role) = ask.text("ExternalSecretRotationRoleArn") {
        rotation.role = Some(role.to_owned());
        let pair = |entry: &Value| Some((entry["Key"].as_str()?.to_owned(), entry["Value"].as_str()?.to_owned()));
        rotation.metadata = ask.list("ExternalSecretRotationMetadata").iter().filter_map(pair).collect();
    }
    let Some(rules) = ask.map("RotationRules") else { return Ok(rotation) };
    let text = |member: &str| rules.get(member).and_then(Value::as_str).map(str::to_owned);
    let days = rules.get("AutomaticallyAfterDays").and_then(Value::as_i64);
    let (schedule, duration) = (text("ScheduleExpression"), text("Duration"));
    match (days, &schedule) {
        (Some(_), Some(_)) => {
            return Err(invalid("You can't specify both AutomaticallyAfterDays and ScheduleExpression."));
        }
        (_, Some(schedule)) if !["rate(", "cron("].iter().any(|kind| schedule.starts_with(kind)) => {
            return Err(invalid("Invalid ScheduleExpression."));
        }
        _ => {}
    }
    (rotation.days, rotation.schedule, rotation.duration) = (days, schedule, duration);
    Ok(rotation)
}

/// Answers CancelRotateSecret: what is pending stays, and is not made current.
pub(super) fn cancel(ask: &mut Ask<'_, '_, '_>) -> Result<Value, Refusal> {
    let name = ask.primary()?;
    let pending = ask.held(&name)?.pending().map(|version| version.id.clone());
    ask.change(&name, |secret, _| {
        if let Some(rotation) = &mut secret.rotation {
            rotation.is_enabled = false;
        }
    })?;
    ask.state.secrets.agenda.retain(|(_, event)| !matches!(event, Event::Finish { secret, .. } if *secret == name));
    let mut answer = brief(ask, &name)?;
    if let Some(version) = pending {
        answer["VersionId"] = json!(version);
    }
    Ok(answer)
}
