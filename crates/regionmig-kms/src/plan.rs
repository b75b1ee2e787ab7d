//! Decides what to do. Pure: no clock but the survey's.

mod alias;
mod copy;
mod document;
mod fate;
mod grant;
mod material;
mod policy;
mod promote;
mod quota;
mod rename;
mod state;
mod store;
mod target;
mod usage;

use std::collections::{BTreeMap, BTreeSet};

use regionmig_core::{AliasName, Draft, KeyArn, Lookup, Plan, Survey};

use crate::finding;
use crate::options::{Options, Selected};
use crate::rewriting::Rewriting;
use crate::service::Kms;
use crate::snapshot::{Key, KeySpec, KeyState, Snapshot};
use crate::step::Step;
use policy::Fated;
pub(crate) use quota::Room;
pub(crate) use rename::new_name;
pub(crate) use target::{Target, is_young};

impl Plan for Kms {
    fn plan(&self, survey: &Survey<Snapshot>) -> Draft<Step> {
        plan(survey, self.options())
    }
}

/// Returns the steps that bring the target to where the source is.
pub(crate) fn plan(survey: &Survey<Snapshot>, options: &Options) -> Draft<Step> {
    let mut planner = Planner::new(survey, options);
    for (arn, gap) in survey.source.keys.unknown() {
        planner.draft.unclear(arn, gap);
    }
    let mut fated: Fated<'_> = Vec::new();
    for (arn, key) in survey.source.keys.known() {
        fated.extend(planner.key(arn, key).map(|counterpart| (arn, key, counterpart)));
    }
    // What policies and grants become depends on what becomes of all keys.
    let rewriting = planner.policies(&mut fated);
    for (arn, key, counterpart) in fated {
        planner.rest(arn, key, counterpart, &rewriting);
    }
    planner.stray_aliases();
    if planner.left_out > 0 {
        let left_out = planner.left_out;
        planner.draft.find(finding::left_out(left_out));
    }
    if planner.aws_managed > 0 {
        let managed = planner.aws_managed;
        planner.draft.find(finding::aws_managed(managed));
    }
    let reserved = options.reserved_tags();
    if !reserved.is_empty() {
        planner.draft.find(finding::reserved_tags(&reserved));
    }
    let not_found = options.not_found(&survey.source);
    if !not_found.is_empty() {
        planner.draft.find(finding::name_not_found(&not_found));
    }
    if planner.replicas > 0 {
        let replicas = planner.replicas;
        planner.draft.find(finding::services_stay(replicas));
    }
    if !planner.target.cleared().is_empty() {
        planner.draft.find(finding::told_by_tagging_api(planner.target.cleared()));
    }
    planner.room();
    planner.draft.find(finding::shared_not_listed());
    planner.draft.known = planner.target.known().collect();
    planner.draft
}

/// What a key of the source has in the target, once its own steps have been taken.
#[derive(Clone, Copy)]
enum Base<'a> {
    /// A key that was found there.
    Found(&'a KeyArn, &'a Key),
    /// A key that this plan makes, with all that the request can carry.
    Made,
}

impl<'a> Base<'a> {
    /// Returns the counterpart that was found.
    fn found(self) -> Option<&'a KeyArn> {
        match self {
            Self::Found(target, _) => Some(target),
            Self::Made => None,
        }
    }
}

/// What stands for a key of the source, and in which state once it has what material it gets.
struct Counterpart<'a> {
    base: Base<'a>,
    /// The materials that it gets and can be used without.
    materials: BTreeSet<String>,
    state: KeyState,
}

/// What comes before a key is disabled.
#[derive(Debug)]
struct Before {
    aliases: BTreeSet<AliasName>,
    grants: BTreeSet<String>,
    /// Whether something that a disabled key does not take could not be decided.
    is_open: bool,
    materials: BTreeSet<String>,
    /// In which state the key is until then.
    state: KeyState,
}

impl Before {
    fn new(state: KeyState, materials: BTreeSet<String>) -> Self {
        Self { aliases: BTreeSet::new(), grants: BTreeSet::new(), is_open: false, materials, state }
    }
}

struct Planner<'a> {
    survey: &'a Survey<Snapshot>,
    options: &'a Options,
    target: Target<'a>,
    aliases: BTreeMap<&'a KeyArn, Vec<&'a AliasName>>,
    aws_managed: usize,
    left_out: usize,
    /// The sources' aliases that get another name than their own, or would, by that name.
    renamed: BTreeMap<AliasName, BTreeSet<AliasName>>,
    replicas: usize,
    draft: Draft<Step>,
}

impl<'a> Planner<'a> {
    fn new(survey: &'a Survey<Snapshot>, options: &'a Options) -> Self {
        let mut aliases = survey.source.value.names_by_key();
        aliases.values_mut().for_each(|names| names.retain(|name| !name.is_aws_managed()));
        aliases.retain(|_, names| !names.is_empty());
        let target = Target::new(survey);
        let renamed = rename::claims(survey, options, &target);
        Self {
            survey,
            options,
            target,
            aliases,
            aws_managed: 0,
            left_out: 0,
            renamed,
            replicas: 0,
            draft: Draft::default(),
        }
    }

    /// Decides what becomes of a key, if it is moved.
    fn key(&mut self, arn: &'a KeyArn, key: &'a Key) -> Option<Counterpart<'a>> {
        match self.options.selects(arn, key, &self.survey.source.value) {
            Selected::Yes => {}
            Selected::No => {
                self.left_out += usize::from(key.is_customers());
                return None;
            }
            Selected::Unclear(gap) => {
                self.draft.unclear(arn, gap);
                return None;
            }
        }
        self.last_use(arn);
        self.fate(arn, key)
    }

    /// Decides on all that a key has besides.
    fn rest(&mut self, arn: &'a KeyArn, key: &'a Key, counterpart: Counterpart<'a>, rewriting: &Rewriting) {
        let Counterpart { base, materials, state } = counterpart;
        let mut before = Before::new(state, materials);
        let has_own_material = match base {
            Base::Found(target, _) => target.id() != arn.id(),
            Base::Made => key.multi_region.is_none(),
        };
        // That somebody else's material is the same nobody can say.
        let is_own = matches!(base, Base::Made) || base.found().is_some_and(|target| self.target.is_marked(target));
        let is_imported = key.is_imported() && is_own;
        let is_symmetric = key.spec == KeySpec::SymmetricDefault;
        match has_own_material {
            // Key pairs and HMAC keys that were imported are the same wherever they are.
            true if is_imported && !is_symmetric => {
                if !key.lacks_material() {
                    self.draft.find(finding::material::same(arn));
                }
            }
            true => self.draft.find(finding::material::other(arn, key, is_imported)),
            false => {}
        }
        if has_own_material && is_symmetric {
            self.services(arn);
        } else if is_symmetric {
            self.replicas += 1;
        }
        if let Base::Found(target, other) = base {
            self.policy(arn, target, rewriting);
            self.description(arn, key, other);
            self.tags(arn, target);
        }
        self.rotation(arn, key, base, &mut before);
        self.grants(arn, key, base, rewriting, &mut before);
        self.aliases(arn, key, base, &mut before);
        self.promotion(arn, key, base, &before);
        self.state(arn, key, base, before);
    }

    /// Says of aliases whose keys were not listed that nothing is known of them.
    fn stray_aliases(&mut self) {
        let keys = &self.survey.source.value.keys;
        for (key, names) in &self.aliases {
            for name in names {
                match keys.lookup(key) {
                    Lookup::Present(_) => {}
                    Lookup::Unknown(gap) => self.draft.unclear(*name, gap),
                    Lookup::Absent => {
                        self.draft.undecided(*name, format!("its key {key} was not listed"), "survey again");
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod properties;
