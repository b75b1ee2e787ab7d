//! Checks that each key stands in the target, once, and says there what it says in the source.
//!
//! From a fresh survey of both ends, field by field; what the steps did is not asked.
// REQ: E-22

mod names;

use std::collections::{BTreeMap, BTreeSet};

use regionmig_aws::Error;
use regionmig_core::{
    AliasName, Check, Flaw, KeyArn, Listing, Lookup, ResourceId, RunContext, Side, Survey, Template, Timestamp, Verify,
    is_reserved_tag,
};

use crate::material::counterpart_of;
use crate::options::{Options, Selected};
use crate::plan::{Target, new_name};
use crate::rewriting::{Counterparts, Rewriting};
use crate::service::Kms;
use crate::snapshot::{Key, Material, Snapshot, differing_expiry};
use names::Names;

/// The codes of this crate's checks.
pub mod check {
    /// An alias points to the counterpart of its key.
    pub const ALIAS_POINTS: &str = "kms.alias-points";
    /// The description is equal.
    pub const DESCRIPTION_EQUAL: &str = "kms.description-equal";
    /// Each grant that was not made by a service is there, of what it is for in the target.
    pub const GRANTS_CARRIED: &str = "kms.grants-carried";
    /// Spec and usage are equal; and the origin, unless a person chose the counterpart.
    pub const KIND_EQUAL: &str = "kms.kind-equal";
    /// The key has one counterpart and no second.
    pub const KEY_ONCE: &str = "kms.key-once";
    /// The key has a counterpart.
    pub const KEY_STANDS: &str = "kms.key-stands";
    /// The counterpart has its imported material, if they are related all that the key has, and KMS deletes it at the same time.
    /// That it is the same nobody can see of keys that are not related.
    pub const MATERIAL_IMPORTED: &str = "kms.material-imported";
    /// The policy says the same, of what there is in the target.
    pub const POLICY_EQUAL: &str = "kms.policy-equal";
    /// The counterpart is related to the same multi-Region primary.
    pub const RELATION_STANDS: &str = "kms.relation-stands";
    /// The key is rotated as often.
    pub const ROTATION_EQUAL: &str = "kms.rotation-equal";
    /// The source's key was not used since its counterpart was made, so that it is not needed any more. Only with
    /// `Kms::with_last_use`. What KMS says of a key's use may be late.
    pub const SOURCE_IDLE: &str = "kms.source-idle";
    /// The source's key does not open what was encrypted anew: see `Decryptor::shut_out`.
    pub const SOURCE_SHUT_OUT: &str = "kms.source-shut-out";
    /// The key is enabled, or disabled, at both ends.
    pub const STATE_EQUAL: &str = "kms.state-equal";
    /// All was listed.
    pub const SURVEY_WHOLE: &str = "kms.survey-whole";
    /// Each tag that a migration carries is there with its value.
    pub const TAGS_CARRIED: &str = "kms.tags-carried";
}

impl Verify for Kms {
    async fn verify(&self, survey: &Survey<Snapshot>, _cx: &RunContext) -> Result<Vec<Check>, Error> {
        Ok(checks(survey, self.options()))
    }
}

/// How one thing came out: as it should be, not, or not known.
type Outcome = Result<(), Flaw>;

pub(crate) fn checks(survey: &Survey<Snapshot>, options: &Options) -> Vec<Check> {
    let mut verifier = Verifier::new(survey, options);
    for side in [Side::Source, Side::Target] {
        verifier.whole(side);
    }
    for (arn, key) in survey.source.keys.known().filter(|(_, key)| key.is_customers() && !key.is_doomed()) {
        match options.selects(arn, key, &survey.source.value) {
            Selected::Yes => verifier.key(arn, key),
            Selected::No => {}
            Selected::Unclear(gap) => verifier.note(check::KEY_STANDS, arn, Err(gap.into())),
        }
    }
    for (arn, gap) in survey.source.keys.unknown() {
        verifier.note(check::KEY_STANDS, arn, Err(gap.into()));
    }
    let gone = |arn: &KeyArn| match survey.source.keys.lookup(arn) {
        Lookup::Absent => true,
        Lookup::Present(key) => key.is_doomed(),
        Lookup::Unknown(_) => false,
    };
    for (arn, target) in survey.ids.pairs::<KeyArn>().filter(|(arn, _)| gone(arn)) {
        verifier.still_stands(&arn, &target);
    }
    for (name, alias) in survey.source.aliases.known().filter(|(name, _)| !name.is_aws_managed()) {
        verifier.alias(name, &alias.key);
    }
    verifier.checks
}

struct Verifier<'a> {
    survey: &'a Survey<Snapshot>,
    options: &'a Options,
    target: Target<'a>,
    /// With no steps to come, all that has a counterpart is known.
    rewriting: Rewriting,
    names: Names,
    checks: Vec<Check>,
}

impl<'a> Verifier<'a> {
    fn new(survey: &'a Survey<Snapshot>, options: &'a Options) -> Self {
        let target = Target::new(survey);
        let mut keys = Counterparts::default();
        for (arn, key) in survey.source.value.keys.known().filter(|(_, key)| key.is_customers() && !key.is_doomed()) {
            match counterpart(survey, &target, arn, key) {
                Ok((there, other)) if key.serves_as(other) => drop(keys.known.insert(arn.clone(), there.clone())),
                Err(Flaw::Unread(_)) => drop(keys.unclear.insert(arn.clone())),
                Ok(_) | Err(Flaw::Unlike(_)) => {}
            }
        }
        let (rewriting, names) = (Rewriting::new(survey, options, &keys), Names::new(survey, &keys.known));
        Self { survey, options, target, rewriting, names, checks: Vec::new() }
    }

    fn note(&mut self, code: &str, subject: impl Into<ResourceId>, outcome: Outcome) {
        self.checks.push(Check::of(code, subject, outcome));
    }

    /// What a key of the source became is there, though that key is no more.
    fn still_stands(&mut self, arn: &KeyArn, target: &KeyArn) {
        let outcome = match self.survey.target.value.keys.lookup(target) {
            Lookup::Present(other) => Flaw::unless(!other.is_doomed(), || format!("{target} is to be deleted")),
            Lookup::Absent => Err(Flaw::Unlike(format!("its counterpart {target} is not in the target"))),
            Lookup::Unknown(gap) => Err(gap.into()),
        };
        self.note(check::KEY_STANDS, arn, outcome);
    }

    fn whole(&mut self, side: Side) {
        let snapshot = &self.survey.side(side).value;
        let gap = snapshot.keys.rest().or_else(|| snapshot.aliases.rest());
        let outcome = gap.map_or(Ok(()), |gap| Err(gap.into()));
        let end = self.survey.route.end(side).to_string();
        self.note(check::SURVEY_WHOLE, ResourceId::new("kms.end", end), outcome);
    }

    fn key(&mut self, arn: &'a KeyArn, key: &'a Key) {
        let (target, other) = match self.counterpart(arn, key) {
            Ok(found) => found,
            Err(flaw) => return self.note(check::KEY_STANDS, arn, Err(flaw)),
        };
        self.note(check::KEY_STANDS, arn, Flaw::unless(!other.is_doomed(), || format!("{target} is to be deleted")));
        let once = self.once(arn, key, target);
        self.note(check::KEY_ONCE, arn, once);
        let is_equal = if self.target.is_marked(target) { key.is_like(other) } else { key.serves_as(other) };
        let kind = || format!("{target} is {}, {}, {}", other.spec, other.usage, other.origin);
        self.note(check::KIND_EQUAL, arn, Flaw::unless(is_equal, kind));
        // Whether a key without its material is disabled besides, KMS does not say.
        let same_state = Flaw::unless(key.lacks_material() || key.state == other.state, || {
            format!("{} here, {} there", key.state, other.state)
        });
        self.note(check::STATE_EQUAL, arn, same_state);
        let same_text =
            Flaw::unless(key.description == other.description, || format!("{target} is described otherwise"));
        self.note(check::DESCRIPTION_EQUAL, arn, same_text);
        let outcomes = [
            (check::POLICY_EQUAL, self.policy(arn, target)),
            (check::TAGS_CARRIED, self.tags(arn, target)),
            (check::GRANTS_CARRIED, self.grants(arn, target)),
            (check::ROTATION_EQUAL, self.rotation(arn, key, target, other)),
        ];
        for (code, outcome) in outcomes {
            self.note(code, arn, outcome);
        }
        if key.is_imported() {
            let outcome = self.material(arn, key, target, other);
            self.note(check::MATERIAL_IMPORTED, arn, outcome);
        }
        if self.options.asks_last_use() {
            let idle = self.idle(arn, other);
            self.note(check::SOURCE_IDLE, arn, idle);
        }
        if let Some(related) = &key.multi_region
            && target.id() == arn.id()
        {
            let primary = other.multi_region.as_ref().map(|other| &other.primary);
            let outcome = Flaw::unless(primary == Some(&related.primary), || {
                format!("{target} is no replica of {}", related.primary)
            });
            self.note(check::RELATION_STANDS, arn, outcome);
        }
    }

    fn counterpart(&self, arn: &KeyArn, key: &Key) -> Result<(&'a KeyArn, &'a Key), Flaw> {
        counterpart(self.survey, &self.target, arn, key)
    }

    fn once(&self, arn: &KeyArn, key: &Key, target: &KeyArn) -> Outcome {
        let marked = self.target.marked(arn);
        let others: Vec<&str> =
            marked.iter().map(|(arn, _)| arn.as_str()).filter(|other| *other != target.as_str()).collect();
        Flaw::unless(others.is_empty(), || format!("also marked as its counterpart: {}", others.join(", ")))?;
        // A multi-Region id is one key's in a region.
        let unread = self.target.unread(key).filter(|_| target.id() != arn.id());
        unread.map_or(Ok(()), |gap| Err(gap.into()))
    }

    fn material(&self, arn: &KeyArn, key: &Key, target: &KeyArn, other: &Key) -> Outcome {
        if key.lacks_material() || !other.is_imported() {
            return Ok(());
        }
        Flaw::unless(!other.lacks_material(), || format!("{target} waits for its material"))?;
        let is_related = target.id() == arn.id();
        let (own, there) = match key.has_materials() {
            true => self.both(arn, target, |snapshot| &snapshot.materials)?,
            false => (None, None),
        };
        let (own, there) = (own.map_or(&[] as &[_], Vec::as_slice), there.map_or(&[] as &[_], Vec::as_slice));
        if let Some((own, there)) = differing_expiry((key, own), (other, there), is_related) {
            let at = |at: Option<Timestamp>| at.map_or_else(|| "never".to_owned(), |at| format!("at {at}"));
            return Err(Flaw::Unlike(format!("{target} loses its material {}, the key {}", at(there), at(own))));
        }
        if !is_related {
            return Ok(());
        }
        let here = |materials: &'a [Material]| -> BTreeSet<&'a String> {
            materials.iter().filter(|one| one.is_here).map(|one| &one.id).collect()
        };
        let missing = here(own).difference(&here(there)).count();
        Flaw::unless(missing == 0, || format!("{target} lacks materials: {missing}"))
    }

    fn policy(&self, arn: &KeyArn, target: &KeyArn) -> Outcome {
        let (own, other) = self.both(arn, target, |snapshot| &snapshot.policies)?;
        let (Some(own), Some(other)) = (own, other) else {
            return Err(Flaw::Unread("it was not read".to_owned()));
        };
        let carried = self.rewriting.policy(own);
        let unresolved = carried.as_ref().map_or(&[] as &[_], |carried| carried.unresolved.as_slice());
        let unclear = self.rewriting.unclear_key(unresolved, &self.survey.source);
        let as_it_is = || Template::from(own.as_str());
        let carried = carried.map_or_else(|_| as_it_is(), |carried| carried.document);
        // The second look knows nothing of policies, only what names have become.
        let is_same = self.rewriting.is_same_policy(own, &carried, other) && self.names.are_all(own, other);
        match unclear.filter(|_| !is_same) {
            Some(key) => Err(Flaw::Unread(format!("it names {key}, and what that became was not read"))),
            None => Flaw::unless(is_same, || format!("the policy of {target} says something else")),
        }
    }

    fn tags(&self, arn: &KeyArn, target: &KeyArn) -> Outcome {
        let (own, other) = self.both(arn, target, |snapshot| &snapshot.tags)?;
        let added: BTreeMap<&String, &String> = self.options.added_tags().collect();
        let own = own.into_iter().flatten().filter(|(name, _)| !is_reserved_tag(name) && !added.contains_key(name));
        let own = own.chain(self.options.added_tags());
        let differing: Vec<&str> = own
            .filter(|(name, value)| other.and_then(|other| other.get(*name)) != Some(*value))
            .map(|(name, _)| name.as_str())
            .collect();
        Flaw::unless(differing.is_empty(), || format!("missing or other at {target}: {}", differing.join(", ")))
    }

    fn grants(&self, arn: &KeyArn, target: &KeyArn) -> Outcome {
        let (own, other) = self.both(arn, target, |snapshot| &snapshot.grants)?;
        let there: BTreeSet<_> = other.into_iter().flatten().map(|grant| &grant.terms).collect();
        let became: BTreeSet<_> = there.iter().filter_map(|terms| self.rewriting.became(terms)).collect();
        let own = own.into_iter().flatten().map(|grant| &grant.terms).filter(|terms| !terms.is_of_service());
        let mut missing = BTreeSet::new();
        for terms in own {
            let carried = self.rewriting.terms(terms);
            if there.contains(&carried.document.terms) || became.contains(terms) {
                continue;
            }
            if let Some(key) = self.rewriting.unclear_key(&carried.unresolved, &self.survey.source) {
                return Err(Flaw::Unread(format!("a grant names {key}, and what that became was not read")));
            }
            missing.insert(terms.grantee.as_str());
        }
        Flaw::unless(missing.is_empty(), || {
            format!("missing at {target}: grants to {}", missing.into_iter().collect::<Vec<_>>().join(", "))
        })
    }

    fn rotation(&self, arn: &KeyArn, key: &Key, target: &KeyArn, other: &Key) -> Outcome {
        if !key.rotates() {
            return Ok(());
        }
        // The rotation of related keys is one.
        if key.multi_region.is_some() && other.multi_region.is_some() && target.id() == arn.id() {
            return Ok(());
        }
        let (own, there) = self.both(arn, target, |snapshot| &snapshot.rotations)?;
        let (own, there) = (own.copied().unwrap_or_default(), there.copied().unwrap_or_default());
        Flaw::unless(own == there, || format!("{own} here, {there} there"))
    }

    // REQ: KMS-25
    fn idle(&self, arn: &KeyArn, other: &Key) -> Outcome {
        let last = match self.survey.source.last_uses.lookup(arn) {
            Lookup::Present(last) => last,
            Lookup::Absent => return Err(Flaw::Unread("when it was last used was not asked".to_owned())),
            Lookup::Unknown(gap) => return Err(gap.into()),
        };
        let made = other.created;
        match &last.used {
            Some(used) if used.at > made => {
                let (at, operation) = (used.at, &used.operation);
                Err(Flaw::Unlike(format!("it was used at {at}, by {operation}; its counterpart was made at {made}")))
            }
            _ if last.since > made => {
                let since = last.since;
                Err(Flaw::Unread(format!("its use is known since {since} only; its counterpart was made at {made}")))
            }
            _ => Ok(()),
        }
    }

    fn alias(&mut self, name: &'a AliasName, own: &'a KeyArn) {
        let Lookup::Present(key) = self.survey.source.value.keys.lookup(own) else { return };
        let is_left = self.options.selects(own, key, &self.survey.source.value) == Selected::No;
        if !key.is_customers() || key.is_doomed() || is_left {
            return;
        }
        let counterpart = self.counterpart(own, key);
        let found = counterpart.as_ref().ok().map(|(target, _)| *target);
        let new = match new_name(self.survey, self.options, name, found) {
            Ok(new) => new,
            Err(gap) => return self.note(check::ALIAS_POINTS, name, Err(gap.into())),
        };
        let name_there = new.as_ref().unwrap_or(name);
        let outcome = match (self.survey.target.value.aliases.lookup(name_there), counterpart) {
            (Lookup::Unknown(gap), _) => Err(gap.into()),
            (Lookup::Absent, _) => Err(Flaw::Unlike(format!("{name_there} is not in the target"))),
            (Lookup::Present(_), Err(flaw)) => Err(flaw),
            (Lookup::Present(there), Ok((target, _))) => {
                Flaw::unless(there.key == *target, || format!("{name_there} points to {}, not to {target}", there.key))
            }
        };
        self.note(check::ALIAS_POINTS, name, outcome);
    }

    /// Returns what both ends have of one kind, or why that is not known.
    fn both<V>(
        &self,
        own: &KeyArn,
        other: &KeyArn,
        listing: impl Fn(&'a Snapshot) -> &'a Listing<KeyArn, V>,
    ) -> Result<(Option<&'a V>, Option<&'a V>), Flaw> {
        let read = |side: Side, arn: &KeyArn| match listing(&self.survey.side(side).value).lookup(arn) {
            Lookup::Present(value) => Ok(Some(value)),
            Lookup::Absent => Ok(None),
            Lookup::Unknown(gap) => Err(Flaw::from(gap)),
        };
        Ok((read(Side::Source, own)?, read(Side::Target, other)?))
    }
}

/// Finds the key that stands for `arn` in the target: the mapped one, else by mark or multi-Region id.
fn counterpart<'a>(
    survey: &'a Survey<Snapshot>,
    target: &Target<'a>,
    arn: &KeyArn,
    key: &Key,
) -> Result<(&'a KeyArn, &'a Key), Flaw> {
    let keys = &survey.target.value.keys;
    let replica = || key.multi_region.as_ref().and_then(|_| arn.in_region(&survey.route.target.region).ok());
    let name = counterpart_of(arn, &survey.ids).or_else(replica);
    let Some(name) = name else {
        let marked = target.marked(arn).into_iter().next();
        let unread = target.unread(key).map(Flaw::from);
        return marked.ok_or_else(|| unread.unwrap_or_else(|| Flaw::Unlike("it has no counterpart".to_owned())));
    };
    match (keys.lookup(&name), keys.known_as(&name)) {
        (_, Some(found)) => Ok(found),
        (Lookup::Unknown(gap), None) => Err(gap.into()),
        _ => Err(Flaw::Unlike(format!("its counterpart {name} is not in the target"))),
    }
}

#[cfg(test)]
mod tests;
