//! UpdateSecret: description, key, type and value.

use serde_json::Value;

use super::ask::{Ask, on_replica};
use super::content::Content;
use super::life::brief;
use super::secret::{CURRENT, PENDING, PREVIOUS, Secret, Version};
use super::store::SecretName;
use super::value;
use crate::call::Refusal;

/// Answers UpdateSecret. Of a replica, only the key can be changed.
pub(super) fn update(ask: &mut Ask<'_, '_, '_>) -> Result<Value, Refusal> {
    let name = ask.live()?;
    let content = Content::asked(ask)?;
    let (description, kind) = (ask.text("Description"), ask.text("Type"));
    let is_replica = ask.held(&name)?.primary.is_some();
    if is_replica && (content.is_some() || description.is_some() || kind.is_some()) {
        return Err(on_replica());
    }
    if content.is_some() {
        ask.customers()?;
    }
    if let Some(key) = ask.text("KmsKeyId") {
        change_key(ask, &name, key)?;
    }
    let made = match content {
        None => None,
        Some(content) => {
            let token = value::token(ask, "InvalidRequestException")?.to_owned();
            value::add(ask, &name, &token, content, &[CURRENT])?;
            Some(token)
        }
    };
    ask.change(&name, |secret, _| {
        let set = |of: &mut Option<String>, text: Option<&str>| {
            if let Some(text) = text {
                *of = Some(text.to_owned()).filter(|text| !text.is_empty());
            }
        };
        set(&mut secret.description, description);
        set(&mut secret.kind, kind);
    })?;
    let mut answer = brief(ask, &name)?;
    if let Some(version) = made {
        answer["VersionId"] = version.into();
    }
    Ok(answer)
}

/// Encrypts anew what bears one of AWS's labels (API reference, UpdateSecret).
fn change_key(ask: &mut Ask<'_, '_, '_>, name: &SecretName, key: &str) -> Result<(), Refusal> {
    let key = Some(key.to_owned()).filter(|key| !key.is_empty());
    let moves = |version: &Version| [CURRENT, PENDING, PREVIOUS].iter().any(|stage| version.stages.contains(*stage));
    let secret = ask.held(name)?;
    let old: Vec<Option<String>> =
        secret.versions.iter().filter(|version| moves(version)).map(|version| version.key.clone()).collect();
    for old in &old {
        ask.decrypt_with(&name.end, old.as_deref())?;
    }
    if !old.is_empty() {
        ask.encrypt_with(&name.end, key.as_deref())?;
    }
    let primary = secret_and_primary(ask, name)?;
    if let Some(secret) = ask.state.secrets.get_mut(name) {
        secret.key.clone_from(&key);
        secret.versions.iter_mut().filter(|version| moves(version)).for_each(|version| version.key.clone_from(&key));
    }
    // The primary knows the keys of its replicas.
    let replica = primary.and_then(|primary| ask.state.secrets.get_mut(&primary));
    if let Some(replica) = replica.and_then(|primary| primary.replicas.get_mut(&name.end.region)) {
        replica.key = key;
    }
    Ok(())
}

fn secret_and_primary(ask: &Ask<'_, '_, '_>, name: &SecretName) -> Result<Option<SecretName>, Refusal> {
    let secret: &Secret = ask.held(name)?;
    Ok(secret.primary.as_ref().map(|region| name.in_region(region)))
}
