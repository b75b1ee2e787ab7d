//! Under which key a secret is encrypted in the target.
// REQ: SM-4 SM-5 SM-9

use regionmig_core::{AliasName, Binding, End, IdMap, Identifier, KeyArn};

use super::{Own, Planner};
use crate::finding;
use crate::options::Options;
use crate::snapshot::Secret;
use crate::step::{ChangeKey, EncryptedUnder, Step};

/// The alias of the key that Secrets Manager makes for itself in each region.
pub(crate) const DEFAULT_ALIAS: &str = "alias/aws/secretsmanager";

impl Planner<'_> {
    /// Returns the key that stands in the target for the one that encrypts a secret in the source, if the name of that can be
    /// read.
    pub(super) fn key(&mut self, own: &Own<'_>) -> Option<EncryptedUnder> {
        if self.options.default_key {
            self.default_key(own);
            return Some(EncryptedUnder::Default);
        }
        let key = own.secret.key.as_deref();
        // What its replica in the target tells of is encrypted there, under a key of that region.
        let end = if own.witness.is_some() { &self.survey.route.target } else { &self.survey.route.source };
        let under = under(key, end, &self.survey.ids);
        if under.is_none() {
            self.draft.find(finding::key_not_understood(&own.arn, key.unwrap_or_default()));
        }
        under
    }

    /// Has a found counterpart encrypted under the key that it should be, if that is known to be another one. A key that stands
    /// for the source's and that nobody told this crate of is taken to be it: verifying with the map tells.
    pub(super) fn counterpart_key(&mut self, own: &Own<'_>, other: &Secret) {
        if own.witness.is_some() {
            return;
        }
        let Some(key) = self.key(own) else { return };
        if !is_same_key(&key, other.key.as_deref(), &self.survey.ids) {
            let (secret, replaces) = (own.arn.clone(), other.key.clone());
            self.draft.push(Step::ChangeKey(ChangeKey { key, replaces, secret }));
        }
    }

    /// Says so if others cannot read what is encrypted under the default key.
    fn default_key(&mut self, own: &Own<'_>) {
        if let regionmig_core::Lookup::Present(Some(policy)) = own.policy
            && own.secret.key.is_some()
            && names_other_accounts(policy, &self.survey.route.source)
        {
            self.draft.find(finding::default_key_not_shared(&own.arn));
        }
    }
}

/// Returns the key that stands in the target for a secret's.
pub(crate) fn wanted_key(secret: &Secret, end: &End, ids: &IdMap, options: &Options) -> Option<EncryptedUnder> {
    match options.default_key {
        true => Some(EncryptedUnder::Default),
        false => under(secret.key.as_deref(), end, ids),
    }
}

/// Returns what stands in the target for a key as a secret names it; none, if that is no name of a key.
fn under(key: Option<&str>, end: &End, ids: &IdMap) -> Option<EncryptedUnder> {
    let Some(key) = key.filter(|key| !is_default(Some(key))) else { return Some(EncryptedUnder::Default) };
    if let Some(alias) = alias_of(key) {
        return Some(EncryptedUnder::Alias(bound(&alias, ids)));
    }
    let arn = match key.parse::<KeyArn>() {
        Ok(arn) => arn,
        Err(_) if key.starts_with("arn:") => return None,
        Err(_) => KeyArn::new(end, key).ok().filter(|arn| arn.id() == key)?,
    };
    Some(EncryptedUnder::Key(bound(&arn, ids)))
}

fn bound<I: Identifier>(source: &I, ids: &IdMap) -> Binding<I> {
    ids.target_of(source).map_or_else(|| Binding::target_of(source), Binding::Known)
}

/// Returns whether a key, as a secret of the target names it, is the one that it should be, as far as that is known.
pub(crate) fn is_same_key(wanted: &EncryptedUnder, found: Option<&str>, ids: &IdMap) -> bool {
    let found = found.filter(|key| !is_default(Some(key)));
    match wanted {
        EncryptedUnder::Default => found.is_none(),
        EncryptedUnder::Alias(alias) => {
            let wanted = ids.resolve(alias).ok();
            found.is_some_and(|found| {
                let named = alias_of(found);
                // One that is named by its ARN or id may be the one that the alias points to.
                named.is_none() || wanted.is_none() || named == wanted
            })
        }
        EncryptedUnder::Key(key) => {
            let wanted = ids.resolve(key).ok();
            found.is_some_and(|found| {
                let is_it = |key: &KeyArn| found == key.as_str() || found == key.id();
                alias_of(found).is_some() || wanted.as_ref().is_none_or(is_it)
            })
        }
    }
}

/// Returns whether a secret names the region's own key, or none, which is the same.
pub(crate) fn is_default(key: Option<&str>) -> bool {
    key.is_none_or(|key| key == DEFAULT_ALIAS || key.rsplit_once(':').is_some_and(|(_, name)| name == DEFAULT_ALIAS))
}

/// Returns the alias that a key is named by, by itself or in an ARN.
pub(crate) fn alias_of(key: &str) -> Option<AliasName> {
    let name = if key.starts_with("arn:") { key.rsplit_once(':')?.1 } else { key };
    name.parse().ok()
}

/// Returns whether a policy names principals of other accounts, or anybody.
fn names_other_accounts(policy: &str, end: &End) -> bool {
    let Ok(policy) = serde_json::from_str::<serde_json::Value>(policy) else { return false };
    let statements = match &policy["Statement"] {
        serde_json::Value::Array(statements) => statements.clone(),
        one => vec![one.clone()],
    };
    let account = end.account.as_str();
    let is_foreign = |principal: &serde_json::Value| {
        principal.as_str().is_some_and(|text| text == "*" || !text.contains(account) && !text.starts_with("A"))
    };
    statements.iter().filter(|statement| statement["Effect"] == "Allow").any(
        |statement| match &statement["Principal"] {
            serde_json::Value::Object(kinds) => kinds.get("AWS").is_some_and(|named| match named {
                serde_json::Value::Array(all) => all.iter().any(is_foreign),
                one => is_foreign(one),
            }),
            one => is_foreign(one),
        },
    )
}
