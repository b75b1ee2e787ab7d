//! Aliases that get another name in the target, since their own is another key's there.

use std::collections::{BTreeMap, BTreeSet};

use regionmig_core::{AliasName, Gap, KeyArn, Lookup, Survey};

use super::{Base, Before, Planner, Target};
use crate::finding;
use crate::options::Options;
use crate::snapshot::Snapshot;
use crate::step::{CreateAlias, Step};

/// Returns the name that an alias has or gets in the target, if that is not its own: the one that the map says; else, if
/// another customer's key than `counterpart` has its own, the one that the caller gives it.
///
/// Fails if the caller gives it one, and whose that other key is could not be read.
pub(crate) fn new_name<'a>(
    survey: &'a Survey<Snapshot>,
    options: &Options,
    name: &AliasName,
    counterpart: Option<&KeyArn>,
) -> Result<Option<AliasName>, &'a Gap> {
    if let Some(decided) = survey.ids.target_of(name) {
        return Ok(Some(decided).filter(|decided| decided != name));
    }
    let Lookup::Present(there) = survey.target.value.aliases.lookup(name) else { return Ok(None) };
    if Some(&there.key) == counterpart {
        return Ok(None);
    }
    match survey.target.value.keys.lookup(&there.key) {
        Lookup::Present(other) if other.is_customers() => Ok(options.new_name(name)),
        Lookup::Unknown(gap) if options.new_name(name).is_some() => Err(gap),
        Lookup::Absent | Lookup::Present(_) | Lookup::Unknown(_) => Ok(None),
    }
}

/// Returns the names that aliases of the source get instead of their own, or would get, as far as a key of the target may
/// have that, with the aliases that do. What is not known counts, so that knowing less never clears a name; what is known to
/// have its own name already, by an earlier run, does not.
pub(super) fn claims(
    survey: &Survey<Snapshot>,
    options: &Options,
    target: &Target<'_>,
) -> BTreeMap<AliasName, BTreeSet<AliasName>> {
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
            && !names_counterpart(survey, target, name)
            && let Some(new) = options.new_name(name)
        {
            claims.entry(new).or_default().insert(name.clone());
        }
    }
    claims
}

/// Returns whether an alias names in the target what stands there for the key that it names in the source.
fn names_counterpart(survey: &Survey<Snapshot>, target: &Target<'_>, name: &AliasName) -> bool {
    let Lookup::Present(own) = survey.source.aliases.lookup(name) else { return false };
    let Lookup::Present(there) = survey.target.aliases.lookup(name) else { return false };
    if let Some(mapped) = survey.ids.target_of(&own.key) {
        return mapped == there.key;
    }
    let Lookup::Present(key) = survey.source.keys.lookup(&own.key) else { return false };
    if key.multi_region.is_some() {
        return own.key.in_region(&survey.route.target.region).is_ok_and(|replica| replica == there.key);
    }
    let marked = target.marked(&own.key).into_iter().find(|(_, other)| key.is_like(other) && !other.is_replica());
    marked.is_some_and(|(copy, _)| *copy == there.key)
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
        // Nor can what is only wanted take it away: no other name than one that was decided as well.
        let is_rival = |other: &AliasName| other != name && (!is_decided || self.survey.ids.target_of(other).is_some());
        let is_shared = self.renamed.get(&new).into_iter().flatten().any(is_rival);
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
        self.draft.find(finding::new_alias_unusable(name, &new, &why, is_decided));
    }
}
