//! Aliases that get another name in the target, since their own is another key's there.

use std::collections::{BTreeMap, BTreeSet};

use regionmig_core::{AliasName, KeyArn, Lookup, Survey};

use super::{Base, Before, Planner};
use crate::finding;
use crate::options::Options;
use crate::snapshot::Snapshot;
use crate::step::{CreateAlias, Step};

/// Returns the name that an alias has or gets in the target, if that is not its own: the one that the map says; else, if
/// another customer's key than `counterpart` has its own, the one that the caller gives it.
pub(crate) fn new_name(
    survey: &Survey<Snapshot>,
    options: &Options,
    name: &AliasName,
    counterpart: Option<&KeyArn>,
) -> Option<AliasName> {
    if let Some(decided) = survey.ids.target_of(name) {
        return Some(decided).filter(|decided| decided != name);
    }
    let Lookup::Present(there) = survey.target.aliases.lookup(name) else { return None };
    let is_customers =
        || matches!(survey.target.keys.lookup(&there.key), Lookup::Present(other) if other.is_customers());
    match Some(&there.key) != counterpart && is_customers() {
        true => options.new_name(name),
        false => None,
    }
}

/// Returns the names that aliases of the source get instead of their own, or would get, as far as a key of the target may
/// have that, with the aliases that do. What is not known counts, so that knowing less never clears a name.
pub(super) fn claims(survey: &Survey<Snapshot>, options: &Options) -> BTreeMap<AliasName, BTreeSet<AliasName>> {
    let mut claims: BTreeMap<AliasName, BTreeSet<AliasName>> = BTreeMap::new();
    for (name, there) in survey.ids.pairs::<AliasName>() {
        claims.entry(there).or_default().insert(name);
    }
    let aliases = &survey.source.aliases;
    let names = aliases.known().map(|(name, _)| name).chain(aliases.unknown().map(|(name, _)| name));
    for name in names.filter(|name| !name.is_aws_managed()) {
        let is_free = || matches!(survey.target.aliases.lookup(name), Lookup::Absent);
        if survey.ids.target_of(name).is_none()
            && !is_free()
            && let Some(new) = options.new_name(name)
        {
            claims.entry(new).or_default().insert(name.clone());
        }
    }
    claims
}

impl Planner<'_> {
    /// Lets an alias of another name name the counterpart of a key.
    pub(super) fn renamed_alias(
        &mut self,
        arn: &KeyArn,
        name: &AliasName,
        new: AliasName,
        base: Base<'_>,
        before: &mut Before,
    ) {
        let Survey { source, target, .. } = self.survey;
        // What an earlier run decided stands, whatever has come to the source since.
        let is_decided = self.survey.ids.target_of(name).is_some();
        let is_shared = self.renamed.get(&new).is_some_and(|names| names.len() > 1);
        let why = match (source.aliases.lookup(&new), target.aliases.lookup(&new)) {
            _ if new.is_aws_managed() => "and only AWS gives such names".to_owned(),
            _ if is_shared => "and so was another alias".to_owned(),
            (own, Lookup::Present(there))
                if Some(&there.key) == base.found() && (is_decided || matches!(own, Lookup::Absent)) =>
            {
                self.draft.find(finding::alias_renamed(name, &new));
                return self.draft.found(name, &new);
            }
            (Lookup::Present(own), _) => format!("which is here the name of {}", own.key),
            (Lookup::Unknown(gap), _) | (_, Lookup::Unknown(gap)) => return self.draft.unclear(name, gap),
            (Lookup::Absent, Lookup::Present(there)) => format!("which points to {} there", there.key),
            (Lookup::Absent, Lookup::Absent) => {
                before.aliases.insert(name.clone());
                self.draft.find(finding::alias_renamed(name, &new));
                let (key, name) = (arn.clone(), name.clone());
                return self.draft.push(Step::CreateAlias(CreateAlias { key, name, renamed: Some(new) }));
            }
        };
        self.draft.find(finding::new_alias_unusable(name, &new, &why));
    }
}
