//! Secrets made, deleted and restored.

use serde_json::{Value, json};

use super::ask::{Ask, invalid, invalid_request, marked, not_found, on_replica, seconds};
use super::content::Content;
use super::secret::{CURRENT, Secret};
use super::seed::SUFFIX;
use super::store::{SecretName, after_days};
use super::value::in_use;
use super::{replica, tag};
use crate::call::Refusal;

/// So many secrets an account has in a region (user guide, "Quotas").
const PER_REGION: usize = 500_000;

/// Answers CreateSecret: the same request, with the same token, makes one secret.
pub(super) fn create(ask: &mut Ask<'_, '_, '_>) -> Result<Value, Refusal> {
    let (content, tags) = (Content::asked(ask)?, tag::asked(ask)?);
    let name = SecretName::new(&ask.call.end, ask.text("Name").unwrap_or_default());
    let token = match (&content, ask.text("ClientRequestToken")) {
        (Some(_), None) => return Err(super::value::without_token("InvalidRequestException")),
        (_, token) => token.unwrap_or_default().to_owned(),
    };
    let wanted = replica::asked(ask, &name)?;
    if let Some(answer) = made_before(ask, &name, content.as_ref(), &token)? {
        return Ok(answer);
    }
    let now = ask.cx.now;
    if ask.state.secrets.all(&name.end, now).count() >= ask.quota("secretsmanager:secrets", PER_REGION) {
        return Err(
            Refusal::new("LimitExceededException").message("You've reached the limit of secrets in this account.")
        );
    }
    let text = |member: &str| ask.text(member).filter(|text| !text.is_empty()).map(str::to_owned);
    let (description, key, kind) = (text("Description"), text("KmsKeyId"), text("Type"));
    if content.is_some() {
        ask.encrypt_with(&name.end, key.as_deref())?;
    }
    let mut secret = Secret { description, key, kind, tags, ..Secret::new(ask.cx.ids.word(6, SUFFIX), now) };
    if let Some(content) = content.clone() {
        secret.add(&token, content, now);
        secret.attach(CURRENT, &token);
    }
    let arn = secret.arn(&name);
    ask.state.secrets.put(&name, secret);
    replica::begin(ask, &name, wanted);
    ask.cx.touched(arn);
    created(ask, &name, content.is_some().then_some(&token))
}

/// Answers what a secret of the same name says to CreateSecret, if there is one: that it is there, or that it is this one.
fn made_before(
    ask: &Ask<'_, '_, '_>,
    name: &SecretName,
    content: Option<&Content>,
    token: &str,
) -> Result<Option<Value>, Refusal> {
    let Some(secret) = ask.state.secrets.present(name, ask.cx.now) else { return Ok(None) };
    if secret.deletion.is_some() {
        let message = "You can't create this secret because a secret with this name is already scheduled for deletion.";
        return Err(invalid_request(message));
    }
    let version = secret.version(token);
    match (content, version) {
        (Some(content), Some(version)) if version.content == *content => {
            created(ask, name, Some(&version.id)).map(Some)
        }
        (Some(_), Some(_)) => Err(in_use(token, &secret.arn(name))),
        _ => {
            let message = format!("The operation failed because the secret {} already exists.", name.name);
            Err(Refusal::new("ResourceExistsException").message(message))
        }
    }
}

fn created(ask: &Ask<'_, '_, '_>, name: &SecretName, version: Option<&String>) -> Result<Value, Refusal> {
    let secret = ask.held(name)?;
    let mut answer = json!({ "ARN": secret.arn(name), "Name": name.name });
    if let Some(version) = version {
        answer["VersionId"] = json!(version);
    }
    if !secret.replicas.is_empty() {
        answer["ReplicationStatus"] = secret.replication();
    }
    Ok(answer)
}

/// Answers DeleteSecret: after a window, or at once.
pub(super) fn delete(ask: &mut Ask<'_, '_, '_>) -> Result<Value, Refusal> {
    let (window, at_once) = (ask.number("RecoveryWindowInDays"), ask.flag("ForceDeleteWithoutRecovery"));
    if window.is_some() && at_once {
        return Err(invalid("You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays."));
    }
    if window.is_some_and(|days| !(7..=30).contains(&days)) {
        return Err(invalid("The RecoveryWindowInDays value must be between 7 and 30 days (inclusive)."));
    }
    let name = match ask.find() {
        Err(refusal) if !at_once => return Err(refusal),
        Err(_) => return Ok(gone_already(ask)),
        Ok(name) => name,
    };
    may_go(ask, &name, at_once)?;
    let now = ask.cx.now;
    let date = if at_once { now } else { after_days(now, window.unwrap_or(30)) };
    ask.change(&name, |secret, _| secret.deletion = Some(date))?;
    let arn = ask.held(&name)?.arn(&name);
    if at_once {
        ask.state.secrets.remove(&name);
    }
    Ok(json!({ "ARN": arn, "DeletionDate": seconds(date), "Name": name.name }))
}

/// What is deleted by force need not be there (API reference, DeleteSecret).
fn gone_already(ask: &Ask<'_, '_, '_>) -> Value {
    let id = ask.text("SecretId").unwrap_or_default();
    let named = id.splitn(7, ':').nth(6).unwrap_or(id);
    let (name, suffix) = match id.starts_with("arn:") {
        true => named.rsplit_once('-').unwrap_or((named, "AAAAAA")),
        false => (named, "AAAAAA"),
    };
    let secret = Secret::new(suffix.to_owned(), ask.cx.now);
    let arn = secret.arn(&SecretName::new(&ask.call.end, name));
    json!({ "ARN": arn, "DeletionDate": seconds(ask.cx.now), "Name": name })
}

/// Refuses to delete a replica, a primary that has replicas, and, unless by force, what is to be deleted already.
fn may_go(ask: &Ask<'_, '_, '_>, name: &SecretName, at_once: bool) -> Result<(), Refusal> {
    let secret = ask.held(name)?;
    if secret.primary.is_some() {
        return Err(on_replica());
    }
    if !secret.replicas.is_empty() {
        let regions: Vec<&str> = secret.replicas.keys().map(regionmig_core::Region::as_str).collect();
        let (arn, regions) = (secret.arn(name), regions.join(", "));
        return Err(invalid(format!("You can't delete secret {arn} that still has replica regions [{regions}].")));
    }
    if let Some(owner) = &secret.owner {
        return Err(invalid_request(format!("You can't delete this secret because it is managed by {owner}.")));
    }
    match secret.deletion.is_some() && !at_once {
        true => Err(marked()),
        false => Ok(()),
    }
}

/// Answers RestoreSecret; one that is not to be deleted stays as it is.
pub(super) fn restore(ask: &mut Ask<'_, '_, '_>) -> Result<Value, Refusal> {
    let name = ask.find()?;
    ask.change(&name, |secret, _| secret.deletion = None)?;
    brief(ask, &name)
}

/// Answers with ARN and name.
pub(super) fn brief(ask: &Ask<'_, '_, '_>, name: &SecretName) -> Result<Value, Refusal> {
    let secret = ask.state.secrets.get(name).ok_or_else(not_found)?;
    Ok(json!({ "ARN": secret.arn(name), "Name": name.name }))
}
