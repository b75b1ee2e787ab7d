//! Decides what to do. Pure: no clock but the survey's.

mod alias;
mod copy;
mod document;
mod fate;
mod grant;
mod promote;
mod state;
mod store;
mod target;

use std::collections::{BTreeMap, BTreeSet};

use regionmig_core::{AliasName, Draft, KeyArn, Lookup, Plan, Survey};

use crate::finding;
use crate::options::{Options, Selected};
use crate::service::Kms;
use crate::snapshot::{Key, KeySpec, Snapshot};
use crate::step::Step;
pub(crate) use copy::is_reserved;
pub(crate) use target::{Target, is_young};

impl Plan for Kms {
    fn plan(&self, survey: &Survey<Snapshot>) -> Draft<Step> {
        plan(survey, self.options())
    }
}

/// Returns the steps that bring the target to where the source is.
pub(crate) fn plan(survey: &Survey<Snapshot>, options: &Options) -> Draft<Step> {
    let mut planner = Planner::new(survey, options);
    for (arn, key) in survey.source.keys.known() {
        planner.key(arn, key);
    }
    for (arn, gap) in survey.source.keys.unknown() {
        planner.draft.unclear(arn, gap);
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
    if planner.replicas > 0 {
        let replicas = planner.replicas;
        planner.draft.find(finding::services_stay(replicas));
    }
    if !planner.target.cleared().is_empty() {
        planner.draft.find(finding::told_by_tagging_api(planner.target.cleared()));
    }
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

/// What comes before a key is disabled.
#[derive(Debug, Default)]
struct Before {
    aliases: BTreeSet<AliasName>,
    grants: BTreeSet<String>,
    /// Whether something that a disabled key does not take could not be decided.
    is_open: bool,
}

struct Planner<'a> {
    survey: &'a Survey<Snapshot>,
    options: &'a Options,
    target: Target<'a>,
    aliases: BTreeMap<&'a KeyArn, Vec<&'a AliasName>>,
    aws_managed: usize,
    left_out: usize,
    replicas: usize,
    draft: Draft<Step>,
}

impl<'a> Planner<'a> {
    fn new(survey: &'a Survey<Snapshot>, options: &'a Options) -> Self {
        let mut aliases = survey.source.value.names_by_key();
        aliases.values_mut().for_each(|names| names.retain(|name| !name.is_aws_managed()));
        aliases.retain(|_, names| !names.is_empty());
        Self {
            survey,
            options,
            target: Target::new(survey),
            aliases,
            aws_managed: 0,
            left_out: 0,
            replicas: 0,
            draft: Draft::default(),
        }
    }

    fn key(&mut self, arn: &'a KeyArn, key: &'a Key) {
        match self.options.selects(arn, key, &self.survey.source.value) {
            Selected::Yes => {}
            Selected::No => {
                self.left_out += usize::from(key.is_customers());
                return;
            }
            Selected::Unclear(gap) => return self.draft.unclear(arn, gap),
        }
        let Some(base) = self.fate(arn, key) else { return };
        let mut before = Before::default();
        let has_own_material = match base {
            Base::Found(target, _) => target.id() != arn.id(),
            Base::Made => key.multi_region.is_none(),
        };
        if has_own_material {
            self.draft.find(finding::other_material(arn, key));
        } else if key.spec == KeySpec::SymmetricDefault {
            self.replicas += 1;
        }
        if let Base::Found(target, other) = base {
            self.policy(arn, target);
            self.description(arn, key, other);
            self.tags(arn, target);
        }
        self.rotation(arn, key, base, &mut before);
        self.grants(arn, key, base, &mut before);
        self.aliases(arn, key, base, &mut before);
        self.promotion(arn, key, base);
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
