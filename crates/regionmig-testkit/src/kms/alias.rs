//! Aliases.

use serde_json::{Value, json};

use super::ask::{Ask, seconds};
use super::name::{Takes, alias_arn, no_alias};
use super::page;
use super::spec::Kind;
use super::store::{Alias, KeyName};
use crate::call::Refusal;
use crate::model::invalid;

const PER_KEY: usize = 50;

pub(super) fn create(ask: &mut Ask<'_, '_>) -> Result<Value, Refusal> {
    let alias = asked(ask)?;
    refuse_alias_of_alias(ask)?;
    let (end, now) = (&ask.call.end, ask.cx.now);
    if ask.state.alias(end, alias, now).is_some() {
        let message = format!("An alias with the name {} already exists", alias_arn(end, alias));
        return Err(Refusal::new("AlreadyExistsException").message(message));
    }
    let key = ask.customer_key("TargetKeyId", Takes::Own)?;
    has_room(ask, &key)?;
    ask.state.point(&key, alias, Alias { created: now, key: Some(key.id.clone()), updated: now });
    ask.cx.touched(key.arn());
    Ok(json!({}))
}

pub(super) fn update(ask: &mut Ask<'_, '_>) -> Result<Value, Refusal> {
    let alias = asked(ask)?;
    refuse_alias_of_alias(ask)?;
    let (end, now) = (&ask.call.end, ask.cx.now);
    let held = ask.state.alias(end, alias, now).cloned().ok_or_else(|| no_alias(end, alias))?;
    let target = ask.customer_key("TargetKeyId", Takes::Own)?;
    let source = held.key.as_ref().map(|key| KeyName::new(end, key));
    let kind = |name: &KeyName| ask.state.family(name).map(|family| family.kind);
    if let (Some(from), Some(to)) = (source.as_ref().and_then(kind), kind(&target))
        && !Kind::is_like(from, to)
    {
        return Err(invalid(format!(
            "Alias {} cannot be updated: the current and the new key must be of the same type and usage",
            alias_arn(end, alias)
        )));
    }
    if source.as_ref() != Some(&target) {
        has_room(ask, &target)?;
    }
    ask.state.unpoint(&target, alias);
    ask.state.point(&target, alias, Alias { key: Some(target.id.clone()), updated: now, ..held });
    ask.cx.touched(target.arn());
    Ok(json!({}))
}

pub(super) fn delete(ask: &mut Ask<'_, '_>) -> Result<Value, Refusal> {
    let alias = asked(ask)?;
    let end = &ask.call.end;
    let held = ask.state.alias(end, alias, ask.cx.now).ok_or_else(|| no_alias(end, alias))?;
    let key = KeyName::new(end, held.key.clone().unwrap_or_default());
    ask.state.unpoint(&key, alias);
    ask.cx.touched(key.arn());
    Ok(json!({}))
}

/// Answers ListAliases, by name.
pub(super) fn list(ask: &mut Ask<'_, '_>) -> Result<Value, Refusal> {
    let key = ask.text("KeyId").map(|_| ask.key("KeyId", Takes::Own)).transpose()?;
    let window = page::window(ask, 50, 100)?;
    let (end, now) = (&ask.call.end, ask.cx.now);
    let entry = |name: &str, alias: &Alias| {
        let mut entry = json!({ "AliasArn": alias_arn(end, name), "AliasName": name });
        if let Some(key) = &alias.key {
            entry["TargetKeyId"] = json!(key);
            entry["CreationDate"] = seconds(alias.created);
            entry["LastUpdatedDate"] = seconds(alias.updated);
        }
        (name.to_owned(), entry)
    };
    let Some(key) = key else {
        let all = ask.state.regional(end).into_iter().flat_map(|regional| regional.aliases.after(&window.after));
        let all = all.filter(|(name, _)| ask.state.alias(end, name, now).is_some());
        return Ok(page::answer(ask, &window, "Aliases", all.map(|(name, alias)| entry(name, alias))));
    };
    let names = ask.held(&key)?.aliases.iter();
    let found = names.filter_map(|name| Some(entry(name, ask.state.alias(end, name, now)?)));
    Ok(page::answer(ask, &window, "Aliases", found))
}

impl super::store::Kms {
    /// Lets an alias point to a key.
    pub(super) fn point(&mut self, key: &KeyName, name: &str, alias: Alias) {
        self.regional_mut(&key.end).aliases.insert(name, alias);
        if let Some(key) = self.key_mut(key) {
            key.aliases.insert(name.to_owned());
        }
    }

    /// Takes an alias away from the key that it points to, which is at the same end as `near`.
    pub(super) fn unpoint(&mut self, near: &KeyName, name: &str) {
        let regional = self.regional_mut(&near.end);
        let held = regional.aliases.get(name).and_then(|alias| alias.key.clone());
        regional.aliases.remove(name);
        if let Some(key) = held.and_then(|id| self.key_mut(&KeyName::new(&near.end, id))) {
            key.aliases.remove(name);
        }
    }
}

/// Reads and checks the alias of a request that writes.
fn asked<'a>(ask: &Ask<'a, '_>) -> Result<&'a str, Refusal> {
    let alias = ask.text("AliasName").unwrap_or_default();
    let Some(rest) = alias.strip_prefix("alias/").filter(|rest| !rest.is_empty()) else {
        return Err(invalid(
            "Alias must start with the prefix \"alias/\". Please see \
             https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html",
        ));
    };
    if rest.starts_with("aws/") {
        return Err(Refusal::new("NotAuthorizedException"));
    }
    match alias.contains(':') {
        true => Err(invalid(format!("{alias} contains invalid characters for an alias"))),
        false => Ok(alias),
    }
}

fn refuse_alias_of_alias(ask: &Ask<'_, '_>) -> Result<(), Refusal> {
    let target = ask.text("TargetKeyId").unwrap_or_default();
    match target.starts_with("alias/") || target.contains(":alias/") {
        true => Err(invalid("Aliases must refer to keys. Not aliases")),
        false => Ok(()),
    }
}

fn has_room(ask: &Ask<'_, '_>, key: &KeyName) -> Result<(), Refusal> {
    match ask.held(key)?.aliases.len() >= ask.quota("kms:aliases-per-key", PER_KEY) {
        true => Err(Refusal::new("LimitExceededException").message(format!("Too many aliases for {}", key.arn()))),
        false => Ok(()),
    }
}
