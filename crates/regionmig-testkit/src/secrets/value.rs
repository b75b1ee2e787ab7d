//! Secret values read and written.

use serde_json::{Value, json};

use super::ask::{Ask, invalid, invalid_request, marked, not_found, seconds};
use super::content::Content;
use super::list;
use super::secret::{CURRENT, Secret, Version};
use super::store::SecretName;
use crate::call::Refusal;

/// So many labels a version bears at the most.
const MOST_STAGES: usize = 20;

/// Answers GetSecretValue: of the current version, unless another is asked for.
pub(super) fn get(ask: &mut Ask<'_, '_, '_>) -> Result<Value, Refusal> {
    let name = ask.live()?;
    let (id, stage) = (ask.text("VersionId"), ask.text("VersionStage"));
    let version = wanted(ask.held(&name)?, id, stage)?.clone();
    read(ask, &name, &version)
}

/// Answers BatchGetSecretValue: the current values, and what could not be read.
pub(super) fn batch(ask: &mut Ask<'_, '_, '_>) -> Result<Value, Refusal> {
    let ids: Vec<&str> = ask.list("SecretIdList").iter().filter_map(Value::as_str).collect();
    let has_filters = ask.call.body.get("Filters").is_some();
    if ids.is_empty() != has_filters {
        return Err(invalid("Either 'SecretIdList' or 'Filters' must be provided, but not both."));
    }
    if !ids.is_empty() && ask.number("MaxResults").is_some() {
        return Err(invalid("'MaxResults' can only be used with 'Filters'."));
    }
    let (names, next) = match has_filters {
        true => list::page_of_names(ask)?,
        false => (ids.into_iter().map(str::to_owned).collect(), None),
    };
    let (mut values, mut errors) = (Vec::new(), Vec::new());
    for id in names {
        match current(ask, &id) {
            Ok(value) => values.push(value),
            Err(refusal) => {
                errors.push(json!({ "ErrorCode": refusal.code, "Message": refusal.message, "SecretId": id }));
            }
        }
    }
    let mut answer = json!({ "Errors": errors, "SecretValues": values });
    if let Some(next) = next {
        answer["NextToken"] = next;
    }
    Ok(answer)
}

fn current(ask: &mut Ask<'_, '_, '_>, id: &str) -> Result<Value, Refusal> {
    let name = ask.state.secrets.named(&ask.call.end, id, ask.cx.now).ok_or_else(not_found)?;
    let secret = ask.held(&name)?;
    if secret.deletion.is_some() {
        return Err(marked());
    }
    let version = wanted(secret, None, None)?.clone();
    read(ask, &name, &version)
}

fn read(ask: &mut Ask<'_, '_, '_>, name: &SecretName, version: &Version) -> Result<Value, Refusal> {
    ask.decrypt_with(&name.end, version.key.as_deref())?;
    let now = ask.cx.now;
    if let Some(secret) = ask.state.secrets.get_mut(name) {
        secret.accessed = Some(now);
        if let Some(version) = secret.version_mut(&version.id) {
            version.accessed = Some(now);
        }
    }
    let mut answer = json!({
        "ARN": ask.held(name)?.arn(name),
        "CreatedDate": seconds(version.created),
        "Name": name.name,
        "VersionId": version.id,
        "VersionStages": version.stages,
    });
    version.content.write(&mut answer);
    Ok(answer)
}

/// Finds a version by id, by label, or by both, which must agree.
fn wanted<'s>(secret: &'s Secret, id: Option<&str>, stage: Option<&str>) -> Result<&'s Version, Refusal> {
    let missing = |what: String| {
        let message = format!("Secrets Manager can't find the specified secret value for {what}");
        Refusal::new("ResourceNotFoundException").message(message)
    };
    let Some(id) = id else {
        let stage = stage.unwrap_or(CURRENT);
        return secret.holder(stage).ok_or_else(|| missing(format!("staging label: {stage}")));
    };
    let version = secret.version(id).ok_or_else(|| missing(format!("VersionId: {id}")))?;
    match stage.is_none_or(|stage| version.stages.contains(stage)) {
        true => Ok(version),
        false => Err(invalid_request("You provided a VersionStage that is not associated to the provided VersionId.")),
    }
}

/// Answers PutSecretValue.
pub(super) fn put(ask: &mut Ask<'_, '_, '_>) -> Result<Value, Refusal> {
    let token = token(ask, "InvalidRequestException")?.to_owned();
    let name = ask.customers()?;
    let content = Content::asked(ask)?;
    let content = content.ok_or_else(|| invalid("You must provide either SecretString or SecretBinary."))?;
    let asked: Vec<&str> = ask.list("VersionStages").iter().filter_map(Value::as_str).collect();
    let stages = if asked.is_empty() { vec![CURRENT] } else { asked };
    add(ask, &name, &token, content, &stages)?;
    let secret = ask.held(&name)?;
    let stages = secret.version(&token).map(|version| &version.stages);
    Ok(json!({ "ARN": secret.arn(&name), "Name": name.name, "VersionId": token, "VersionStages": stages }))
}

/// Adds a version with labels; the same version once more changes nothing but the labels. The first one is current at once.
pub(super) fn add(
    ask: &mut Ask<'_, '_, '_>,
    name: &SecretName,
    token: &str,
    content: Content,
    stages: &[&str],
) -> Result<(), Refusal> {
    let secret = ask.held(name)?;
    let (arn, key, is_first) = (secret.arn(name), secret.key.clone(), secret.versions.is_empty());
    let is_there = match secret.version(token) {
        Some(version) if version.content != content => return Err(in_use(token, &arn)),
        version => version.is_some(),
    };
    if stages.len() > MOST_STAGES {
        return Err(too_many("staging labels on a version"));
    }
    if is_there {
        // Done before: nothing is done again, wherever the labels are by now.
        ask.cx.touched(arn);
        return Ok(());
    }
    if secret.is_full(ask.cx.now) {
        return Err(too_many("versions"));
    }
    ask.encrypt_with(&name.end, key.as_deref())?;
    ask.change(name, |secret, now| {
        secret.add(token, content, now);
        stages.iter().for_each(|stage| secret.attach(stage, token));
        if is_first {
            secret.attach(CURRENT, token);
        }
    })
}

/// Returns the token of a request that must have one; SDKs make one up.
pub(super) fn token<'a>(ask: &Ask<'a, '_, '_>, code: &str) -> Result<&'a str, Refusal> {
    ask.text("ClientRequestToken").ok_or_else(|| without_token(code))
}

pub(super) fn without_token(code: &str) -> Refusal {
    Refusal::new(code).message("You must provide a ClientRequestToken value. We recommend a UUID-type value.")
}

pub(super) fn in_use(token: &str, arn: &str) -> Refusal {
    Refusal::new("ResourceExistsException").message(format!(
        "You can't use ClientRequestToken {token} because that value is already in use for a version of secret {arn}."
    ))
}

pub(super) fn too_many(what: &str) -> Refusal {
    Refusal::new("LimitExceededException").message(format!("You have reached the limit of {what}."))
}
