//! Checks that each secret stands in the target, and says there what it says in the source.
//!
//! From a fresh survey of both ends, field by field; what the steps did is not asked.
// REQ: E-22 SM-14

use regionmig_aws::Error;
use regionmig_core::{
    Check, Flaw, Lookup, Purpose, ResourceId, RunContext, SecretArn, Side, Survey, Verdict, Verify, is_reserved_tag,
};

use crate::options::{Mode, Options};
use crate::plan::{Named, Names, carried_tags, is_same_key, is_within, mapped_rotation, wanted_key};
use crate::rewriting::Rewriting;
use crate::service::Secrets;
use crate::snapshot::{CURRENT, PENDING, ReplicaStatus, Secret, Snapshot, Versions};

/// The codes of this crate's checks.
pub mod check {
    /// The description is equal.
    pub const DESCRIPTION_EQUAL: &str = "secrets.description-equal";
    /// It is encrypted under the key that stands for the source's.
    pub const KEY_MAPPED: &str = "secrets.key-mapped";
    /// The policy says the same, of what there is in the target.
    pub const POLICY_EQUAL: &str = "secrets.policy-equal";
    /// A replica is in step with its primary, or stands alone, as was asked for.
    pub const REPLICATION_AS_ASKED: &str = "secrets.replication-as-asked";
    /// It is rotated as in the source, by what rotates there.
    pub const ROTATION_EQUAL: &str = "secrets.rotation-equal";
    /// The secret has a counterpart.
    pub const SECRET_STANDS: &str = "secrets.secret-stands";
    /// All was listed.
    pub const SURVEY_WHOLE: &str = "secrets.survey-whole";
    /// Each tag that a migration carries is there with its value.
    pub const TAGS_CARRIED: &str = "secrets.tags-carried";
    /// The current value reads equal at both ends. Only with `Secrets::compare_values`.
    pub const VALUE_EQUAL: &str = "secrets.value-equal";
    /// The counterpart has each version that has a stage in the source, with that stage; or, standing alone, has gone on from there.
    pub const VERSIONS_EQUAL: &str = "secrets.versions-equal";
}

impl Verify for Secrets {
    async fn verify(&self, survey: &Survey<Snapshot>, cx: &RunContext) -> Result<Vec<Check>, Error> {
        let mut verifier = Verifier::new(survey, self.options());
        verifier.all();
        let Verifier { mut checks, pairs, .. } = verifier;
        if self.options().compares_values {
            for (arn, target) in &pairs {
                checks.push(self.value_check(survey, arn, target, cx).await);
            }
        }
        Ok(checks)
    }
}

impl Secrets {
    /// Compares the current values, in memory. Neither is shown, nor anything worked out from it.
    async fn value_check(
        &self,
        survey: &Survey<Snapshot>,
        arn: &SecretArn,
        target: &SecretArn,
        cx: &RunContext,
    ) -> Check {
        let current = |side: Side, arn: &SecretArn| match survey.side(side).secrets.lookup(arn) {
            Lookup::Present(secret) => secret.version_at(CURRENT).map(str::to_owned),
            _ => None,
        };
        let (here, there) = match (current(Side::Source, arn), current(Side::Target, target)) {
            (Some(here), Some(there)) => (here, there),
            (None, None) => {
                return Check::new(check::VALUE_EQUAL, arn, Verdict::Pass).message("it has no value to compare");
            }
            _ => return Check::new(check::VALUE_EQUAL, arn, Verdict::Fail).message("only one side has a value"),
        };
        let own = self.value(cx.end(Side::Source), arn, &here).await;
        let other = self.value(cx.end(Side::Target), target, &there).await;
        match (own, other) {
            (Ok(own), Ok(other)) if own.is_equal(&other) => Check::new(check::VALUE_EQUAL, arn, Verdict::Pass),
            (Ok(_), Ok(_)) => Check::new(check::VALUE_EQUAL, arn, Verdict::Fail)
                .message(format!("{target} has another current value")),
            (Err(error), _) | (_, Err(error)) => {
                Check::new(check::VALUE_EQUAL, arn, Verdict::Unknown).message(regionmig_core::chain(&error))
            }
        }
    }
}

/// How one thing came out: as it should be, not, or not known.
type Outcome = Result<(), Flaw>;

/// Returns the secrets that should have a counterpart.
fn wanted<'a>(survey: &'a Survey<Snapshot>, options: &'a Options) -> impl Iterator<Item = (&'a SecretArn, &'a Secret)> {
    let known = survey.source.value.secrets.known();
    known.filter(|(arn, secret)| secret.owner.is_none() && secret.deleted.is_none() && options.selects(arn, secret))
}

/// Returns what stands for a secret: what the map says, or what has its name.
fn counterpart<'a>(
    survey: &'a Survey<Snapshot>,
    names: &Names<'a>,
    arn: &SecretArn,
) -> Result<(&'a SecretArn, &'a Secret), Flaw> {
    let secrets = &survey.target.value.secrets;
    if let Some(mapped) = survey.ids.target_of(arn) {
        let missing = || Flaw::Unlike(format!("its counterpart {mapped} is not in the target"));
        return match secrets.lookup(&mapped) {
            Lookup::Present(_) | Lookup::Absent => secrets.known_as(&mapped).ok_or_else(missing),
            Lookup::Unknown(gap) => Err(gap.into()),
        };
    }
    match names.named(arn.name()) {
        Named::Of(found, secret) => Ok((found, secret)),
        Named::Free => Err(Flaw::Unlike("nothing in the target has its name".to_owned())),
        Named::Unknown(gap) => Err(gap.into()),
    }
}

struct Verifier<'a> {
    survey: &'a Survey<Snapshot>,
    options: &'a Options,
    names: Names<'a>,
    /// Each secret that has a counterpart, with that.
    pairs: Vec<(SecretArn, SecretArn)>,
    rewriting: Rewriting,
    checks: Vec<Check>,
}

impl<'a> Verifier<'a> {
    fn new(survey: &'a Survey<Snapshot>, options: &'a Options) -> Self {
        let names = Names::new(&survey.target.value);
        let found = |arn: &SecretArn| counterpart(survey, &names, arn).ok().map(|(target, _)| target.clone());
        let pairs = wanted(survey, options).filter_map(|(arn, _)| Some((arn.clone(), found(arn)?)));
        let pairs: Vec<(SecretArn, SecretArn)> = pairs.collect();
        let rewriting = Rewriting::new(survey, options, &pairs, &[]);
        Self { survey, options, names, pairs, rewriting, checks: Vec::new() }
    }

    fn all(&mut self) {
        for side in [Side::Source, Side::Target] {
            self.whole(side);
        }
        let (survey, options) = (self.survey, self.options);
        for (arn, secret) in wanted(survey, options) {
            self.secret(arn, secret);
        }
        for (arn, gap) in survey.source.secrets.unknown().filter(|(arn, _)| options.may_select(arn)) {
            self.note(check::SECRET_STANDS, arn, Err(gap.into()));
        }
    }

    fn note(&mut self, code: &str, subject: impl Into<ResourceId>, outcome: Outcome) {
        self.checks.push(Check::of(code, subject, outcome));
    }

    fn whole(&mut self, side: Side) {
        let outcome = self.survey.side(side).value.secrets.rest().map_or(Ok(()), |gap| Err(gap.into()));
        let end = self.survey.route.end(side).to_string();
        self.note(check::SURVEY_WHOLE, ResourceId::new("secrets.end", end), outcome);
    }

    fn secret(&mut self, arn: &SecretArn, secret: &Secret) {
        let (target, other) = match counterpart(self.survey, &self.names, arn) {
            Ok(found) => found,
            Err(flaw) => return self.note(check::SECRET_STANDS, arn, Err(flaw)),
        };
        self.note(
            check::SECRET_STANDS,
            arn,
            Flaw::unless(other.deleted.is_none(), || format!("{target} is to be deleted")),
        );
        let outcomes = [
            (check::REPLICATION_AS_ASKED, self.replication(arn, secret, target, other)),
            (check::VERSIONS_EQUAL, self.versions(secret, target, other)),
            (
                check::DESCRIPTION_EQUAL,
                Flaw::unless(secret.description == other.description, || format!("{target} is described otherwise")),
            ),
            (check::TAGS_CARRIED, tags(secret, target, other)),
            (check::POLICY_EQUAL, self.policy(arn, target, self.is_linked(secret, other))),
            (check::ROTATION_EQUAL, self.rotation(secret, target, other)),
            (check::KEY_MAPPED, self.key(secret, target, other)),
        ];
        for (code, outcome) in outcomes {
            self.note(code, arn, outcome);
        }
    }

    fn is_linked(&self, secret: &Secret, other: &Secret) -> bool {
        let route = &self.survey.route;
        other.is_replica(&route.target.region) || secret.is_replica(&route.source.region)
    }

    // REQ: SM-8
    fn replication(&self, arn: &SecretArn, secret: &Secret, target: &SecretArn, other: &Secret) -> Outcome {
        let route = &self.survey.route;
        // On the way back it is the source that ends as a replica.
        let (primary, replica_region) = match other.is_replica(&route.target.region) {
            true => {
                let primaries = &self.survey.source.value.primaries;
                let elsewhere = secret.primary_region.as_ref().filter(|region| **region != route.source.region);
                let primary = elsewhere.and_then(|region| arn.in_region(region).ok());
                let primary = match primary.as_ref().map(|primary| primaries.lookup(primary)) {
                    None => secret,
                    Some(Lookup::Present(primary)) => primary,
                    Some(Lookup::Unknown(gap)) => return Err(gap.into()),
                    Some(Lookup::Absent) => return Err(Flaw::Unread("its primary was not read".to_owned())),
                };
                (primary, &route.target.region)
            }
            false if secret.is_replica(&route.source.region) => (other, &route.source.region),
            false => {
                let is_asked = self.survey.purpose == Purpose::FailBack
                    || self.options.mode == Mode::ReplicateAndPromote
                    // What somebody mapped is what it is; what was replicated once should be a replica still.
                    || self.survey.ids.target_of(arn).is_some_and(|mapped| mapped.name() != arn.name())
                    || !is_within(&self.survey.route);
                return Flaw::unless(is_asked, || format!("{target} is no replica: it stands alone"));
            }
        };
        let status = primary.replicas.get(replica_region);
        let is_wanted_alone = self.survey.purpose == Purpose::Migrate && self.options.mode == Mode::ReplicateAndPromote;
        match status {
            _ if is_wanted_alone => Err(Flaw::Unlike(format!("{target} is a replica still"))),
            Some(replica) if replica.status == ReplicaStatus::InSync => Ok(()),
            Some(replica) => {
                let why = replica.message.as_deref().unwrap_or_default();
                Err(Flaw::Unlike(format!("its replica in {replica_region} is {} {why}", replica.status)))
            }
            None => Err(Flaw::Unlike(format!("its primary has no replica in {replica_region}"))),
        }
    }

    fn versions(&self, secret: &Secret, target: &SecretArn, other: &Secret) -> Outcome {
        let finished = |versions: &Versions| {
            let mut versions = versions.clone();
            for stages in versions.values_mut() {
                stages.remove(PENDING);
            }
            versions.retain(|_, stages| !stages.is_empty());
            versions
        };
        if finished(&secret.versions) == finished(&other.versions) {
            return Ok(());
        }
        // What stands alone goes its own way; it did not lose what it began with.
        let has_gone_on = secret.version_at(CURRENT).is_some_and(|current| other.versions.contains_key(current))
            && other.version_at(CURRENT) != secret.version_at(CURRENT);
        let is_way_back = self.survey.purpose == Purpose::FailBack;
        Flaw::unless(has_gone_on && !is_way_back && !self.is_linked(secret, other), || {
            format!(
                "{target} has {}, the source {}",
                crate::finding::listed(&other.versions),
                crate::finding::listed(&secret.versions)
            )
        })
    }

    // REQ: SM-21
    fn policy(&self, arn: &SecretArn, target: &SecretArn, is_linked: bool) -> Outcome {
        let policies = |side: Side, arn: &SecretArn| match self.survey.side(side).value.policies.lookup(arn) {
            Lookup::Present(policy) => Ok(policy.clone()),
            Lookup::Unknown(gap) => Err(Flaw::from(gap)),
            Lookup::Absent => Err(Flaw::Unread("its policy was not read".to_owned())),
        };
        let (own, other) = (policies(Side::Source, arn)?, policies(Side::Target, target)?);
        let (Some(own), Some(other)) = (&own, &other) else {
            let message = || match own {
                Some(_) => format!("{target} has no policy"),
                None => format!("{target} has a policy, and the source's has none"),
            };
            return Flaw::unless(own.is_none() && other.is_none(), message);
        };
        let is_same = match self.rewriting.policy(own) {
            // A replica has its primary's, word by word.
            _ if is_linked => own == other,
            Ok(rewritten) => self.rewriting.is_same(own, &rewritten.document, other),
            Err(_) => own == other,
        };
        Flaw::unless(is_same, || format!("the policy of {target} says something else"))
    }

    fn rotation(&self, secret: &Secret, target: &SecretArn, other: &Secret) -> Outcome {
        // Only primaries and what stands alone are rotated.
        let Some(own) = secret.rotation.as_ref().filter(|own| own.enabled && !self.is_linked(secret, other)) else {
            return Ok(());
        };
        let there = other.rotation.as_ref().filter(|there| there.enabled);
        let Some(there) = there else { return Err(Flaw::Unlike(format!("{target} is not rotated"))) };
        match mapped_rotation(own, &self.survey.ids, self.options) {
            Some(wanted) => Flaw::unless(there.is_like(&wanted), || format!("{target} is rotated otherwise")),
            None => Err(Flaw::Unread("nobody said which function of the target rotates it".to_owned())),
        }
    }

    fn key(&self, secret: &Secret, target: &SecretArn, other: &Secret) -> Outcome {
        // On the way back each keeps its own, and so does a primary that is in the target.
        if self.survey.purpose == Purpose::FailBack
            || secret.primary_region.as_ref() == Some(&self.survey.route.target.region)
        {
            return Ok(());
        }
        match wanted_key(secret, &self.survey.route.source, &self.survey.ids, self.options) {
            Some(wanted) => Flaw::unless(is_same_key(&wanted, other.key.as_deref(), &self.survey.ids), || {
                format!("{target} is encrypted under {}", other.key.as_deref().unwrap_or("aws/secretsmanager"))
            }),
            None => Err(Flaw::Unread("the name of its key is not understood".to_owned())),
        }
    }
}

fn tags(secret: &Secret, target: &SecretArn, other: &Secret) -> Outcome {
    let carried = carried_tags(secret);
    let differing = carried.iter().filter(|(name, value)| other.tags.get(*name) != Some(*value));
    let differing: Vec<&str> = differing.map(|(name, _)| name.as_str()).filter(|name| !is_reserved_tag(name)).collect();
    Flaw::unless(differing.is_empty(), || {
        format!("{target} lacks the tags {}", crate::finding::sorted(differing.iter().copied()))
    })
}
