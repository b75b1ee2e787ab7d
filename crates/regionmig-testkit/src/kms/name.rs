//! The four ways to name a key in a request, and which of them an operation takes.

use regionmig_core::End;

use super::ask::Ask;
use super::state::admits;
use super::store::{Alias, Key, KeyName, Kms};
use super::{policy, state};
use crate::call::Refusal;

/// What an operation takes as the name of a key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Takes {
    /// Key id or key ARN, of this account only.
    Own,
    /// Key id or key ARN; the ARN may be another account's.
    Any,
    /// Key id, key ARN, alias name or alias ARN; the ARNs may be another account's.
    Alias,
}

impl Ask<'_, '_> {
    /// Finds the key that `member` names, lets what was due by now happen to it, and checks that its state admits the
    /// operation.
    pub(super) fn key(&mut self, member: &str, takes: Takes) -> Result<KeyName, Refusal> {
        let name = self.find(member, takes)?;
        let state = self.state(&name)?;
        admits(&self.call.operation, state, &name.arn())?;
        Ok(name)
    }

    /// As [`Ask::key`], for an operation that AWS's own keys refuse.
    pub(super) fn customer_key(&mut self, member: &str, takes: Takes) -> Result<KeyName, Refusal> {
        let name = self.find(member, takes)?;
        if self.state.key(&name).is_some_and(|key| key.managed_for.is_some()) {
            return Err(self.denied(&name.arn()));
        }
        let state = self.state(&name)?;
        admits(&self.call.operation, state, &name.arn())?;
        Ok(name)
    }

    /// Finds the key that `member` names, in whatever state.
    pub(super) fn find(&mut self, member: &str, takes: Takes) -> Result<KeyName, Refusal> {
        let text = self.text(member).unwrap_or_default().to_owned();
        let name = self.named(&text, takes)?;
        if self.state.is_gone(&name, self.cx.now) {
            return Err(not_found(&name));
        }
        self.state.advance(&name, self.cx.now);
        if name.end.account != self.call.end.account && !self.is_let_in(&name, member) {
            return Err(self.denied(&name.arn()));
        }
        Ok(name)
    }

    /// Returns the state of a key that was found.
    pub(super) fn state(&self, name: &KeyName) -> Result<state::KeyState, Refusal> {
        let key = self.held(name)?;
        Ok(self.state.state(name, key, self.cx.now))
    }

    /// Returns a key that was found.
    pub(super) fn held(&self, name: &KeyName) -> Result<&Key, Refusal> {
        self.state.key(name).ok_or_else(|| not_found(name))
    }

    /// Refuses as a missing permission does.
    pub(super) fn denied(&self, arn: &str) -> Refusal {
        let (caller, action) = (&self.call.caller, self.call.action());
        Refusal::new("AccessDeniedException").message(format!(
            "User: {caller} is not authorized to perform: {action} on resource: {arn} because no resource-based policy \
             allows the {action} action"
        ))
    }

    /// Tells whether another account's key, named by `member`, lets the caller in: by its policy, or by a grant.
    ///
    /// The only place where this world asks a policy for leave: inside an account everything is allowed.
    pub(super) fn is_let_in(&self, name: &KeyName, member: &str) -> bool {
        let Some(key) = self.state.key(name) else { return false };
        // ReEncrypt is the one operation that needs leave by other names, one for each of its keys.
        let operation = match (self.call.operation.as_str(), member) {
            ("ReEncrypt", "DestinationKeyId") => "ReEncryptTo",
            ("ReEncrypt", _) => "ReEncryptFrom",
            (operation, _) => operation,
        };
        let by_grant = || key.grants.iter().any(|(_, grant)| grant.permits(operation, self.call));
        policy::allows(&key.policy, &self.call.caller, &self.call.end, &format!("kms:{operation}")) || by_grant()
    }

    fn named(&self, text: &str, takes: Takes) -> Result<KeyName, Refusal> {
        let here = &self.call.end;
        if !text.starts_with("arn:") {
            return match (text.starts_with("alias/"), takes) {
                (true, Takes::Alias) => self.alias_target(here, text),
                _ if is_key_id(text) => Ok(KeyName::new(here, text)),
                _ => Err(Refusal::new("NotFoundException").message(format!("Invalid keyId '{text}'"))),
            };
        }
        let (end, resource) = self.arn(text)?;
        if end.account != here.account && takes == Takes::Own {
            return Err(self.denied(text));
        }
        match resource.strip_prefix("key/") {
            Some(id) if is_key_id(id) => Ok(KeyName::new(&end, id)),
            Some(id) => Err(Refusal::new("NotFoundException").message(format!("Invalid keyId '{id}'"))),
            None if takes == Takes::Alias && resource.starts_with("alias/") => self.alias_target(&end, resource),
            None if resource.starts_with("alias/") => {
                let message = "Key Aliases are not supported for this operation.";
                Err(Refusal::new("InvalidArnException").message(message))
            }
            None => Err(invalid_arn(text)),
        }
    }

    /// Takes an ARN of KMS apart; one of another region is as unknown as if it were not there.
    fn arn<'t>(&self, text: &'t str) -> Result<(End, &'t str), Refusal> {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let [_, partition, "kms", region, account, resource] = parts[..] else { return Err(invalid_arn(text)) };
        if partition != self.call.end.partition.as_str() {
            return Err(invalid_arn(text));
        }
        let (Ok(region), Ok(account)) = (region.parse(), account.parse()) else { return Err(invalid_arn(text)) };
        if region != self.call.end.region {
            return Err(Refusal::new("NotFoundException").message(format!("Invalid arn {region}")));
        }
        Ok((End::new(account, region), resource))
    }

    fn alias_target(&self, end: &End, alias: &str) -> Result<KeyName, Refusal> {
        let found = self.state.alias(end, alias, self.cx.now).and_then(|alias| alias.key.as_ref());
        found.map(|key| KeyName::new(end, key)).ok_or_else(|| no_alias(end, alias))
    }
}

impl Kms {
    /// Returns an alias, unless its key is gone: aliases go with their keys.
    pub(super) fn alias(&self, end: &End, alias: &str, now: jiff::Timestamp) -> Option<&Alias> {
        let found = self.regional(end)?.aliases.get(alias)?;
        let is_gone = |key: &String| self.is_gone(&KeyName::new(end, key), now);
        (!found.key.as_ref().is_some_and(is_gone)).then_some(found)
    }
}

pub(super) fn alias_arn(end: &End, alias: &str) -> String {
    format!("arn:{}:kms:{}:{}:{alias}", end.partition, end.region, end.account)
}

pub(super) fn no_alias(end: &End, alias: &str) -> Refusal {
    Refusal::new("NotFoundException").message(format!("Alias {} is not found.", alias_arn(end, alias)))
}

pub(super) fn not_found(name: &KeyName) -> Refusal {
    Refusal::new("NotFoundException").message(format!("Key '{}' does not exist", name.arn()))
}

fn invalid_arn(text: &str) -> Refusal {
    Refusal::new("InvalidArnException").message(format!("Invalid ARN: {text}"))
}

/// Tells a key id from other text: a UUID, or `mrk-` and 32 hexadecimal digits.
pub(super) fn is_key_id(text: &str) -> bool {
    let is_hex = |part: &str, length: usize| part.len() == length && part.chars().all(|c| c.is_ascii_hexdigit());
    if let Some(rest) = text.strip_prefix("mrk-") {
        return is_hex(rest, 32);
    }
    let parts: Vec<&str> = text.split('-').collect();
    parts.len() == 5 && parts.iter().zip([8, 4, 4, 4, 12]).all(|(part, length)| is_hex(part, length))
}
