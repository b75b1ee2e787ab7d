//! What policies and grants of the source become in the target.
// REQ: KMS-23 KMS-24

use std::collections::{BTreeMap, BTreeSet};

use regionmig_core::rewrite::{RewriteError, Rewriter, Rewritten, Unresolved};
use regionmig_core::{IdMap, KeyArn, Lookup, Purpose, ResourceId, Survey, Template};

use crate::material::EmptyKey;
use crate::options::Options;
use crate::snapshot::{GrantTerms, Snapshot};
use crate::step::LateTerms;
use regionmig_core::rewrite::canonical;

/// What is known of the counterparts of the source's keys.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counterparts {
    /// Keys that the plan makes, whose counterparts AWS will name; and whether that waits for its material first.
    pub(crate) coming: BTreeMap<KeyArn, bool>,
    /// What those that are there are called, or those whose names are known beforehand.
    pub(crate) known: BTreeMap<KeyArn, KeyArn>,
    /// Keys of which something was not read, so that they may have one.
    pub(crate) unclear: BTreeSet<KeyArn>,
}

impl Counterparts {
    /// Returns the same, were some of those keys not made.
    pub(crate) fn without(&self, keys: &BTreeSet<KeyArn>) -> Self {
        let mut rest = self.clone();
        rest.coming.retain(|key, _| !keys.contains(key));
        rest
    }
}

/// Rewrites policies and grants, and compares what is in the target with what it should be.
#[derive(Debug)]
pub(crate) struct Rewriting {
    there: Rewriter,
    /// On the way back: what things of the target became when they were moved.
    back: Option<Rewriter>,
    unclear: BTreeSet<KeyArn>,
}

impl Rewriting {
    pub(crate) fn new(survey: &Survey<Snapshot>, options: &Options, keys: &Counterparts) -> Self {
        let ids = ids(survey, &keys.known);
        let allow = |rewriter: Rewriter| options.allowed().fold(rewriter, Rewriter::dangerously_allow);
        let there = allow(Rewriter::new(&survey.route, &ids));
        let there = keys.coming.iter().fold(there, |there, (key, awaits_material)| match awaits_material {
            true => there.coming_as(key.into(), ResourceId::of(&EmptyKey(key.clone()))),
            false => there.coming([key.into()]),
        });
        let back = || allow(Rewriter::new(&survey.route.reversed(), &ids.reversed().0));
        let back = (survey.purpose == Purpose::FailBack).then(back);
        Self { there, back, unclear: keys.unclear.clone() }
    }

    /// Returns what a policy of the source becomes.
    pub(crate) fn policy(&self, text: &str) -> Result<Rewritten, RewriteError> {
        self.there.policy(text)
    }

    /// Returns whether `other`, a policy of the target, says what `own` of the source becomes there: `carried`. On the way back, it
    /// also does if `own` is what the other became on the way there: nothing is to be done then.
    pub(crate) fn is_same_policy(&self, own: &str, carried: &Template, other: &str) -> bool {
        let is_same = carried.known().is_some_and(|carried| canonical(carried) == canonical(other));
        let became = || self.back.as_ref()?.policy(other).ok();
        is_same
            || became()
                .is_some_and(|became| became.document.known().is_some_and(|became| canonical(became) == canonical(own)))
    }

    /// Returns what the terms of a grant become.
    pub(crate) fn terms(&self, terms: &GrantTerms) -> Rewritten<CarriedTerms> {
        rewritten_terms(&self.there, terms)
    }

    /// Returns what the terms of a grant in the target became when they were moved, if this is the way back.
    pub(crate) fn became(&self, other: &GrantTerms) -> Option<GrantTerms> {
        rewritten_terms(self.back.as_ref()?, other).document.known()
    }

    /// Returns whether a single value names something of the source that should change.
    pub(crate) fn names_source(&self, text: &str) -> bool {
        let rewritten = self.there.value(text);
        !rewritten.is_unchanged() || !rewritten.unresolved.is_empty()
    }

    /// Returns a key of the source that is named there and may have a counterpart, for all that is known.
    pub(crate) fn unclear_key(&self, unresolved: &[Unresolved], source: &Snapshot) -> Option<KeyArn> {
        let is_unclear =
            |key: &KeyArn| self.unclear.contains(key) || matches!(source.keys.lookup(key), Lookup::Unknown(_));
        unresolved.iter().filter_map(|one| key_in(&one.value)).find(is_unclear)
    }
}

/// Returns the key whose ARN a value begins with, as those of its grants and of patterns do.
fn key_in(value: &str) -> Option<KeyArn> {
    let (head, rest) = value.split_once(":key/")?;
    let id = rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').next()?;
    format!("{head}:key/{id}").parse().ok()
}

/// What the terms of a grant become.
#[derive(Clone, Debug, Default)]
pub(crate) struct CarriedTerms {
    /// Values that name keys which the plan has yet to make.
    pub(crate) late: LateTerms,
    /// All else; these as in the source.
    pub(crate) terms: GrantTerms,
}

impl CarriedTerms {
    /// Returns them, if they name nothing that has yet to be made.
    pub(crate) fn known(self) -> Option<GrantTerms> {
        self.late.is_none().then_some(self.terms)
    }
}

/// Returns the survey's map, and in it each key under its own name, whether it has its material or waits for it.
fn ids(survey: &Survey<Snapshot>, known: &BTreeMap<KeyArn, KeyArn>) -> IdMap {
    let mut ids = survey.ids.clone();
    let empty = survey.ids.pairs::<EmptyKey>().map(|(key, target)| (key.0, target.0));
    let known = known.iter().map(|(key, target)| (key.clone(), target.clone()));
    for (key, target) in empty.chain(known) {
        // What somebody mapped counts.
        if ids.target_of(&key).is_none() {
            ids.bind(&key, &target).unwrap_or_default();
        }
    }
    ids
}

fn rewritten_terms(rewriter: &Rewriter, terms: &GrantTerms) -> Rewritten<CarriedTerms> {
    let mut report = Rewritten::default();
    let mut carried = CarriedTerms { late: LateTerms::default(), terms: terms.clone() };
    let (constraints, late) = (&mut carried.terms.constraints, &mut carried.late);
    for (at, context, late) in [
        ("/EncryptionContextEquals", &mut constraints.context_equals, &mut late.context_equals),
        ("/EncryptionContextSubset", &mut constraints.context_subset, &mut late.context_subset),
    ] {
        for (name, value) in told(&mut report, at, rewriter.context(context)) {
            match value.known() {
                Some(value) => drop(context.insert(name, value.to_owned())),
                None => drop(late.insert(name, value)),
            }
        }
    }
    if let Some(arn) = &mut constraints.source_arn {
        let value = told(&mut report, "/SourceArn", rewriter.value(arn));
        match value.known() {
            Some(value) => value.clone_into(arn),
            None => late.source_arn = Some(value),
        }
    }
    report.document = carried;
    report
}

/// Adds to a report what was done to a part of the whole, and returns that part.
fn told<D, P>(report: &mut Rewritten<D>, part: &str, rewritten: Rewritten<P>) -> P {
    let within = |at: &mut String| at.insert_str(0, part);
    let Rewritten { document, mut replacements, mut unresolved, mut kept, .. } = rewritten;
    replacements.iter_mut().for_each(|one| within(&mut one.at));
    unresolved.iter_mut().for_each(|one| within(&mut one.at));
    kept.iter_mut().for_each(|one| within(&mut one.at));
    report.replacements.append(&mut replacements);
    report.unresolved.append(&mut unresolved);
    report.kept.append(&mut kept);
    document
}
