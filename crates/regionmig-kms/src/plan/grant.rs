//! Grants.

use std::collections::{BTreeMap, BTreeSet};

use regionmig_core::{KeyArn, Lookup};

use super::{Base, Before, Planner};
use crate::finding;
use crate::rewriting::{CarriedTerms, Rewriting};
use crate::snapshot::{Grant, GrantTerms, Key, KeyState};
use crate::step::{CreateGrant, Part, Step, grant_id};

/// What findings call it.
const GRANT: &str = "this grant";

impl Planner<'_> {
    /// Grants what the source's key grants, of things in the target. Two grants are one if they say the same, whatever they are
    /// called.
    // REQ: KMS-24
    pub(super) fn grants(
        &mut self,
        arn: &KeyArn,
        key: &Key,
        base: Base<'_>,
        rewriting: &Rewriting,
        before: &mut Before,
    ) {
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
        let pairs = Pairs::new(&own, &there, rewriting);
        if let Base::Found(target, _) = base {
            let extra = pairs.extra.iter().filter(|terms| !terms.is_of_service());
            let extra: Vec<String> = extra.map(|terms| format!("a grant to {}", terms.grantee)).collect();
            if !extra.is_empty() {
                let extra: Vec<&str> = extra.iter().map(String::as_str).collect();
                self.draft.find(finding::extra_grants(Part::Grants.of(arn), target, &extra));
            }
            let stays_disabled = key.state == KeyState::Disabled && before.state == KeyState::Disabled;
            if stays_disabled && !pairs.new.is_empty() {
                return self.draft.find(finding::disabled_counterpart(Part::Grants.of(arn), target));
            }
        }
        if before.state == KeyState::PendingImport && !pairs.new.is_empty() {
            return self.draft.find(finding::material::empty_counterpart(Part::Grants.of(arn)));
        }
        let grants = survey.source.grants.lookup(arn);
        let named = all(&grants).filter(|grant| pairs.new.contains(&grant.terms));
        let named: BTreeSet<&str> = named.filter_map(|grant| grant.name.as_deref()).collect();
        if !named.is_empty() {
            let named: Vec<&str> = named.into_iter().collect();
            self.draft.find(finding::grants_renamed(Part::Grants.of(arn), &named));
        }
        for terms in pairs.new {
            self.grant(arn, terms, rewriting, before);
        }
    }

    fn grant(&mut self, arn: &KeyArn, terms: &GrantTerms, rewriting: &Rewriting, before: &mut Before) {
        let rewritten = rewriting.terms(terms);
        let name = CreateGrant::name_of(arn, &rewritten.document.terms);
        let id = || grant_id(arn, &name);
        if let Some(key) = rewriting.unclear_key(&rewritten.unresolved, &self.survey.source) {
            before.is_open = true;
            let why = format!("it names {key}, and whether that has a counterpart is not known");
            return self.draft.undecided(id(), why, "survey again");
        }
        finding::rewritten(&id(), GRANT, &rewritten).into_iter().for_each(|finding| self.draft.find(finding));
        let principals = [Some(&terms.grantee), terms.retiring.as_ref(), terms.retiring_service.as_ref()];
        let principals = principals.into_iter().flatten().filter(|principal| rewriting.names_source(principal));
        let principals: BTreeSet<&str> = principals.map(String::as_str).collect();
        if !principals.is_empty() {
            self.draft.find(finding::grant_names_region(id(), &principals));
        }
        if before.grants.insert(name.clone()) {
            let (key, CarriedTerms { late, terms }) = (arn.clone(), rewritten.document);
            self.draft.push(Step::CreateGrant(CreateGrant { key, late, name, terms }));
        }
    }
}

/// The grants of a key and those of its counterpart.
struct Pairs<'a> {
    /// Those of the counterpart to which none of the key correspond.
    extra: Vec<&'a GrantTerms>,
    /// Those of the key that the counterpart lacks.
    new: BTreeSet<&'a GrantTerms>,
}

impl<'a> Pairs<'a> {
    fn new(own: &BTreeSet<&'a GrantTerms>, there: &BTreeSet<&'a GrantTerms>, rewriting: &Rewriting) -> Self {
        let became: BTreeMap<&GrantTerms, GrantTerms> =
            there.iter().filter_map(|terms| Some((*terms, rewriting.became(terms)?))).collect();
        let carried: BTreeMap<&GrantTerms, Option<GrantTerms>> =
            own.iter().map(|terms| (*terms, rewriting.terms(terms).document.known())).collect();
        let all_carried: BTreeSet<&GrantTerms> = carried.values().flatten().collect();
        let all_became: BTreeSet<&GrantTerms> = became.values().collect();
        let is_there = |terms: &GrantTerms| {
            let carried = carried.get(terms).and_then(Option::as_ref);
            carried.is_some_and(|carried| there.contains(carried)) || all_became.contains(terms)
        };
        let is_own = |terms: &GrantTerms| {
            all_carried.contains(terms) || became.get(terms).is_some_and(|became| own.contains(became))
        };
        Self {
            extra: there.iter().copied().filter(|terms| !is_own(terms)).collect(),
            new: own.iter().copied().filter(|terms| !is_there(terms)).collect(),
        }
    }
}

fn terms<'a>(grants: &Lookup<'a, Vec<Grant>>) -> BTreeSet<&'a GrantTerms> {
    all(grants).map(|grant| &grant.terms).collect()
}

fn all<'a>(grants: &Lookup<'a, Vec<Grant>>) -> impl Iterator<Item = &'a Grant> + use<'a> {
    let grants = if let Lookup::Present(grants) = grants { Some(*grants) } else { None };
    grants.into_iter().flatten()
}
