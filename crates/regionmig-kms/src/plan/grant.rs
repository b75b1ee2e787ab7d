//! Grants.

use std::collections::BTreeSet;

use regionmig_core::{KeyArn, Lookup};

use super::{Base, Before, Planner};
use crate::finding;
use crate::policy::names;
use crate::snapshot::{Grant, GrantTerms, Key, KeyState};
use crate::step::{CreateGrant, Part, Step};

impl Planner<'_> {
    /// Grants what the source's key grants. Two grants are one if they say the same, whatever they are called.
    // REQ: KMS-24
    pub(super) fn grants(&mut self, arn: &KeyArn, key: &Key, base: Base<'_>, before: &mut Before) {
        let survey = self.survey;
        let there = match base {
            Base::Found(target, _) => survey.target.grants.lookup(target),
            Base::Made => Lookup::Absent,
        };
        let own = survey.source.grants.lookup(arn);
        if let (Lookup::Unknown(gap), _) | (_, Lookup::Unknown(gap)) = (&own, &there) {
            before.is_open = true;
            return self.draft.unclear(Part::Grants.of(arn), gap);
        }
        let (own, there) = (terms(&own), terms(&there));
        let (of_services, own): (BTreeSet<_>, BTreeSet<_>) = own.into_iter().partition(|terms| terms.is_of_service());
        if !of_services.is_empty() {
            let grantees = of_services.iter().map(|terms| terms.grantee.as_str()).collect();
            self.draft.find(finding::service_grants(arn, &grantees));
        }
        if let Base::Found(target, _) = base {
            let extra = there.difference(&own).filter(|terms| !terms.is_of_service());
            let extra: Vec<String> = extra.map(|terms| format!("a grant to {}", terms.grantee)).collect();
            if !extra.is_empty() {
                let extra: Vec<&str> = extra.iter().map(String::as_str).collect();
                self.draft.find(finding::extra_grants(Part::Grants.of(arn), target, &extra));
            }
            let stays_disabled = key.state == KeyState::Disabled && before.state == KeyState::Disabled;
            if stays_disabled && !own.is_subset(&there) {
                return self.draft.find(finding::disabled_counterpart(Part::Grants.of(arn), target));
            }
        }
        if before.state == KeyState::PendingImport && !own.is_subset(&there) {
            return self.draft.find(finding::empty_counterpart(Part::Grants.of(arn)));
        }
        let new: BTreeSet<&GrantTerms> = own.difference(&there).copied().collect();
        let grants = survey.source.grants.lookup(arn);
        let named = all(&grants).filter(|grant| new.contains(&grant.terms)).filter_map(|grant| grant.name.as_deref());
        let named: BTreeSet<&str> = named.collect();
        if !named.is_empty() {
            let named: Vec<&str> = named.into_iter().collect();
            self.draft.find(finding::grants_renamed(Part::Grants.of(arn), &named));
        }
        for terms in new {
            self.grant(arn, terms, before);
        }
    }

    fn grant(&mut self, arn: &KeyArn, terms: &GrantTerms, before: &mut Before) {
        let name = CreateGrant::name_of(arn, terms);
        let step = CreateGrant { key: arn.clone(), name: name.clone(), terms: terms.clone() };
        let constraints = &terms.constraints;
        let values = constraints.context_equals.values().chain(constraints.context_subset.values());
        let region = self.survey.route.source.region.as_str();
        if values.chain(&constraints.source_arn).any(|value| names(value, region)) {
            self.draft.find(finding::grant_names_region(step.id(), &terms.grantee));
        }
        before.grants.insert(name);
        self.draft.push(Step::CreateGrant(step));
    }
}

fn terms<'a>(grants: &Lookup<'a, Vec<Grant>>) -> BTreeSet<&'a GrantTerms> {
    all(grants).map(|grant| &grant.terms).collect()
}

fn all<'a>(grants: &Lookup<'a, Vec<Grant>>) -> impl Iterator<Item = &'a Grant> + use<'a> {
    let grants = if let Lookup::Present(grants) = grants { Some(*grants) } else { None };
    grants.into_iter().flatten()
}
