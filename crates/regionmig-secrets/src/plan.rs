//! Decides what to do. Pure: no clock but the survey's.

mod back;
mod copy;
mod fate;
mod key;
mod settings;
mod target;
mod versions;

use std::collections::BTreeMap;

use regionmig_core::{Draft, Gap, Lookup, Plan, Purpose, Route, SecretArn, Survey};

use crate::finding;
use crate::options::Options;
use crate::rewriting::Rewriting;
use crate::service::Secrets;
use crate::snapshot::{Secret, Snapshot};
use crate::step::{PromotedVersion, Step};
pub(crate) use key::{DEFAULT_ALIAS, is_default, is_same_key, wanted_key};
pub(crate) use settings::{carried_tags, mapped_rotation};
pub(crate) use target::{Named, Names};

impl Plan for Secrets {
    fn plan(&self, survey: &Survey<Snapshot>) -> Draft<Step> {
        plan(survey, self.options())
    }
}

/// Returns the steps that bring the target to where the source is.
pub(crate) fn plan(survey: &Survey<Snapshot>, options: &Options) -> Draft<Step> {
    let mut planner = Planner::new(survey, options);
    let own = planner.own();
    let fated: Vec<(Own<'_>, Fate<'_>)> =
        own.into_iter().filter_map(|own| planner.fate(&own).map(|fate| (own, fate))).collect();
    // What policies become depends on what becomes of all secrets.
    let rewriting = planner.rewriting(&fated);
    for (own, fate) in &fated {
        planner.rest(own, fate, &rewriting);
    }
    if planner.left_out > 0 {
        planner.draft.find(finding::left_out(planner.left_out));
    }
    if planner.stays > 0 {
        planner.draft.find(finding::values_stay(planner.stays));
    }
    planner.draft.known = survey.target.secrets.known().map(|(arn, _)| arn.into()).collect();
    planner.draft
}

/// A secret of the source, by what tells of it.
struct Own<'a> {
    arn: SecretArn,
    /// Why the source does not tell of it itself: its replica in the target does.
    witness: Option<Gap>,
    policy: Lookup<'a, Option<String>>,
    secret: &'a Secret,
}

/// What stands for a secret of the source.
enum Fate<'a> {
    /// A secret that stands alone, and was found.
    Alone(SecretArn, &'a Secret),
    /// A copy, which the plan makes.
    Copied,
    /// A replica that stays linked; what of it was found.
    Linked(SecretArn, Option<&'a Secret>),
    /// On the way back: its original, and what is to be done to its versions.
    Original(SecretArn, &'a Secret, Vec<Step>),
    /// A replica that the plan has stand alone.
    Promoted(SecretArn),
}

impl Fate<'_> {
    /// Returns what it is called, if that is known beforehand.
    fn name(&self) -> Option<&SecretArn> {
        match self {
            Self::Alone(arn, _) | Self::Linked(arn, _) | Self::Original(arn, ..) | Self::Promoted(arn) => Some(arn),
            Self::Copied => None,
        }
    }
}

struct Planner<'a> {
    survey: &'a Survey<Snapshot>,
    options: &'a Options,
    left_out: usize,
    /// What has which name in the target.
    names: Names<'a>,
    /// With which version each secret was promoted, by its ARN, as the journal of the way there tells.
    promoted: BTreeMap<String, String>,
    /// How many secrets come to stand in the target with values that may name the source's region.
    stays: usize,
    draft: Draft<Step>,
}

impl<'a> Planner<'a> {
    fn new(survey: &'a Survey<Snapshot>, options: &'a Options) -> Self {
        let promoted = survey.ids.pairs::<PromotedVersion>();
        let promoted = promoted.map(|(promoted, _)| (promoted.secret().to_owned(), promoted.version().to_owned()));
        Self {
            survey,
            options,
            left_out: 0,
            names: Names::new(&survey.target.value),
            promoted: promoted.collect(),
            stays: 0,
            draft: Draft::default(),
        }
    }

    /// Returns the secrets of the source that are to be moved: those that it tells of, and those of which only their replicas in
    /// the target do. Of the others it says that nothing is known.
    fn own(&mut self) -> Vec<Own<'a>> {
        let (source, target) = (&self.survey.source.value, &self.survey.target.value);
        let mut own: Vec<Own<'a>> = Vec::new();
        for (arn, secret) in source.secrets.known() {
            match self.options.selects(arn, secret) {
                true => own.push(Own { arn: arn.clone(), witness: None, policy: source.policies.lookup(arn), secret }),
                false => self.left_out += 1,
            }
        }
        let here = &self.survey.route.source.region;
        // REQ: SM-11
        for (replica, secret) in
            target.secrets.known().filter(|(_, secret)| secret.primary_region.as_ref() == Some(here))
        {
            let Ok(arn) = replica.in_region(here) else { continue };
            let Lookup::Unknown(gap) = source.secrets.lookup(&arn) else { continue };
            match self.options.selects(&arn, secret) {
                true => {
                    own.push(Own { witness: Some(gap.clone()), policy: target.policies.lookup(replica), arn, secret });
                }
                false => self.left_out += 1,
            }
        }
        own.sort_by(|a, b| a.arn.cmp(&b.arn));
        for (arn, gap) in source.secrets.unknown().filter(|(arn, _)| self.options.may_select(arn)) {
            if own.binary_search_by(|own| own.arn.cmp(arn)).is_err() {
                self.draft.unclear(arn, gap);
            }
        }
        own
    }

    /// Decides what becomes of a secret, if it is moved.
    fn fate(&mut self, own: &Own<'a>) -> Option<Fate<'a>> {
        if let Some(owner) = &own.secret.owner {
            self.draft.find(finding::managed(&own.arn, owner));
            return None;
        }
        if own.secret.deleted.is_some() {
            self.draft.find(finding::pending_deletion(&own.arn));
            return None;
        }
        match (is_within(&self.survey.route), self.survey.purpose) {
            (true, Purpose::FailBack) => self.back(own),
            (true, _) => self.forward(own),
            (false, _) => self.by_value(own),
        }
    }

    fn rewriting(&self, fated: &[(Own<'a>, Fate<'a>)]) -> Rewriting {
        let known = fated.iter().filter_map(|(own, fate)| Some((own.arn.clone(), fate.name()?.clone())));
        let coming = fated.iter().filter(|(_, fate)| fate.name().is_none()).map(|(own, _)| own.arn.clone());
        Rewriting::new(self.survey, self.options, &known.collect::<Vec<_>>(), &coming.collect::<Vec<_>>())
    }

    /// Decides on all that a secret has besides its value.
    fn rest(&mut self, own: &Own<'a>, fate: &Fate<'a>, rewriting: &Rewriting) {
        match fate {
            Fate::Alone(target, other) => {
                self.settings(own, target, other, rewriting);
                self.counterpart_key(own, other);
            }
            Fate::Copied => {
                self.carried_policy(own, false, rewriting);
                self.rotation(own, None);
            }
            Fate::Linked(_, found) => {
                self.linked_policy(own, rewriting);
                if let Some(other) = found {
                    self.counterpart_key(own, other);
                }
            }
            Fate::Original(target, other, written) => {
                let since = self.since();
                written.iter().for_each(|step| self.draft.push(step.clone()));
                self.settings(own, target, other, rewriting);
                self.relink(own, other, since);
            }
            Fate::Promoted(_) => {
                self.carried_policy(own, true, rewriting);
                self.rotation(own, None);
            }
        }
    }
}

/// Returns whether Secrets Manager replicates from one end to the other.
pub(crate) fn is_within(route: &Route) -> bool {
    route.source.account == route.target.account && route.source.partition == route.target.partition
}

#[cfg(test)]
mod tests;
