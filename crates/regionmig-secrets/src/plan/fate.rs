//! What becomes of a secret that can be replicated.
// REQ: SM-1 SM-3 SM-8 SM-10 SM-18

use regionmig_core::{Gap, Lookup, Region, SecretArn};

use super::{Fate, Named, Own, Planner};
use crate::finding;
use crate::options::Mode;
use crate::snapshot::{CURRENT, Replica, ReplicaStatus, Secret};
use crate::step::{ForgetReplica, Overwritten, Promote, Replicate, Step};

/// The primary of a secret, in whose region it is replicated.
struct Primary<'a> {
    arn: SecretArn,
    secret: &'a Secret,
}

impl<'a> Planner<'a> {
    /// Decides between replicating, promoting and leaving what is there.
    pub(super) fn forward(&mut self, own: &Own<'a>) -> Option<Fate<'a>> {
        let target = &self.survey.route.target.region;
        let Ok(replica) = own.arn.in_region(target) else { return None };
        if let Some(mapped) = self.survey.ids.target_of(&own.arn).filter(|mapped| *mapped != replica) {
            return self.mapped(own, mapped);
        }
        if own.secret.primary_region.as_ref() == Some(target) {
            self.draft.found(&own.arn, &replica);
            self.draft.find(finding::primary_in_target(&own.arn, &replica));
            return Some(Fate::Linked(replica, None));
        }
        match self.names.named(own.arn.name()) {
            Named::Unknown(gap) => self.unclear(own, gap),
            Named::Free => self.replicate(own, replica, None),
            Named::Of(found, other) if other.deleted.is_some() => {
                self.draft.find(finding::counterpart_doomed(&own.arn, found));
                None
            }
            Named::Of(found, other) => self.found(own, replica, found, other),
        }
    }

    /// Somebody said what stands for it.
    fn mapped(&mut self, own: &Own<'a>, mapped: SecretArn) -> Option<Fate<'a>> {
        match self.survey.target.value.secrets.lookup(&mapped) {
            Lookup::Present(other) if other.deleted.is_some() => {
                self.draft.find(finding::counterpart_doomed(&own.arn, &mapped));
                None
            }
            Lookup::Present(other) => {
                self.draft.found(&own.arn, &mapped);
                self.behind(own, &mapped, other);
                Some(Fate::Alone(mapped, other))
            }
            Lookup::Absent => {
                self.draft.find(finding::mapped_secret_missing(&own.arn, &mapped));
                None
            }
            Lookup::Unknown(gap) => self.unclear(own, gap),
        }
    }

    fn unclear(&mut self, own: &Own<'a>, gap: &Gap) -> Option<Fate<'a>> {
        self.draft.unclear(&own.arn, gap);
        None
    }

    /// A secret of the name is there.
    fn found(&mut self, own: &Own<'a>, replica: SecretArn, found: &SecretArn, other: &'a Secret) -> Option<Fate<'a>> {
        let route = &self.survey.route;
        let primary = own.secret.primary_region.as_ref().unwrap_or(&route.source.region);
        let is_same = *found == replica;
        match &other.primary_region {
            Some(region) if *region != route.target.region => {
                if is_same && (region == primary || own.witness.is_some()) {
                    return self.linked(own, replica, other);
                }
                self.draft.find(finding::other_primary(&own.arn, found, region));
                None
            }
            // The six characters that Secrets Manager draws are the same: it was replicated from this one.
            _ if is_same && !self.links_again(own) => {
                self.draft.found(&own.arn, &replica);
                self.behind(own, &replica, other);
                // A request that came late, when it stood alone already, left an entry behind that failed.
                let status = self.status(own.secret).filter(|status| status.status == ReplicaStatus::Failed);
                if let Some(status) = status {
                    self.draft.find(finding::replica_failed(&own.arn, &route.target.region, status));
                }
                Some(Fate::Alone(replica, other))
            }
            _ if is_same || self.options.overwrites(own.arn.name()) => {
                if !self.may_go(own, found, other, is_same) {
                    return None;
                }
                let lost = Overwritten { secret: found.clone(), versions: other.versions.clone() };
                self.replicate(own, replica, Some(lost))
            }
            _ => {
                self.draft.find(finding::name_taken(&own.arn, found));
                None
            }
        }
    }

    /// Whether what is there may be replaced; it says why not. What came from here has no versions to lose that the source has not.
    fn may_go(&mut self, own: &Own<'_>, found: &SecretArn, other: &Secret, came_from_here: bool) -> bool {
        if !other.replicas.is_empty() {
            let regions = finding::sorted(other.replicas.keys().map(Region::as_str));
            self.draft.find(finding::has_replicas(&own.arn, found, &regions));
            return false;
        }
        let only = other.versions.keys().filter(|version| !own.secret.versions.contains_key(*version));
        let only: Vec<&str> = only.map(String::as_str).collect();
        if came_from_here && !only.is_empty() {
            self.draft.find(finding::only_there(&own.arn, found, &finding::sorted(only)));
            return false;
        }
        true
    }

    /// Whether what once began to stand alone shall be a replica again.
    fn links_again(&self, own: &Own<'_>) -> bool {
        self.options.mode == Mode::Replicate && self.options.overwrites(own.arn.name())
    }

    /// Its replica is there.
    fn linked(&mut self, own: &Own<'a>, replica: SecretArn, other: &'a Secret) -> Option<Fate<'a>> {
        let status = self.primary(own).ok().and_then(|primary| self.status(primary.secret));
        match status {
            Some(failed @ Replica { status: ReplicaStatus::Failed, .. }) => {
                self.draft.find(finding::replica_failed(&own.arn, &self.survey.route.target.region, failed));
                self.draft.found(&own.arn, &replica);
                // A replica that is there and out of step has what it had: whether that is enough a person decides.
                return Some(Fate::Linked(replica, None));
            }
            Some(Replica { status: ReplicaStatus::InProgress | ReplicaStatus::Pending, .. }) => {
                return self.replicate(own, replica, None);
            }
            _ => self.draft.found(&own.arn, &replica),
        }
        match self.options.mode {
            Mode::Replicate => Some(Fate::Linked(replica, Some(other))),
            Mode::ReplicateAndPromote => self.promote(own, replica),
        }
    }

    fn replicate(&mut self, own: &Own<'a>, replica: SecretArn, overwrites: Option<Overwritten>) -> Option<Fate<'a>> {
        if let Some(gap) = &own.witness {
            return self.unclear(own, gap);
        }
        let primary = match self.primary(own) {
            Ok(primary) => primary,
            Err(gap) => return self.unclear(own, &gap),
        };
        let key = self.key(own)?;
        if primary.secret.is_rotating() {
            self.draft.find(finding::rotating(&own.arn));
        }
        if own.secret.versions.is_empty() {
            self.draft.find(finding::without_value(&own.arn));
        }
        if let Some(failed) = self.status(primary.secret).filter(|replica| replica.status == ReplicaStatus::Failed) {
            let region = &self.survey.route.target.region;
            self.draft.find(finding::replica_failed(&own.arn, region, failed));
            let (primary, region, secret) = (primary.arn.clone(), region.clone(), own.arn.clone());
            self.draft.push(Step::ForgetReplica(ForgetReplica { primary, region, secret }));
        }
        if let Some(lost) = &overwrites {
            self.draft.find(finding::overwritten(&own.arn, &lost.secret, &lost.versions));
        }
        self.stays += 1;
        self.draft.push(Step::Replicate(Replicate {
            decrypts: primary.secret.key.is_some(),
            key,
            overwrites,
            primary: primary.arn,
            replica: replica.clone(),
            secret: own.arn.clone(),
        }));
        match self.options.mode {
            Mode::Replicate => Some(Fate::Linked(replica, None)),
            Mode::ReplicateAndPromote => self.promote(own, replica),
        }
    }

    // REQ: SM-12
    fn promote(&mut self, own: &Own<'a>, replica: SecretArn) -> Option<Fate<'a>> {
        self.draft.find(finding::promoted(&own.arn));
        let version = own.secret.version_at(CURRENT).map(str::to_owned);
        let primary = match own.secret.primary_region.as_ref() {
            Some(region) => own.arn.in_region(region).ok(),
            None => Some(own.arn.clone()),
        };
        self.draft.push(Step::Promote(Promote { primary, secret: own.arn.clone(), version }));
        Some(Fate::Promoted(replica))
    }

    /// Returns the primary: the secret itself, or one in another region.
    fn primary(&self, own: &Own<'a>) -> Result<Primary<'a>, Box<Gap>> {
        let here = &self.survey.route.source.region;
        let Some(region) = own.secret.primary_region.as_ref().filter(|region| *region != here) else {
            return Ok(Primary { arn: own.arn.clone(), secret: own.secret });
        };
        let missing = || {
            let text = format!("the primary of {} is not in {region}", own.arn);
            let error = regionmig_aws::Error::new(regionmig_core::ErrorKind::NotFound, text);
            Box::new(Gap::from(error.by("secretsmanager:DescribeSecret")))
        };
        let arn = own.arn.in_region(region).map_err(|_| missing())?;
        match self.survey.source.value.primaries.lookup(&arn) {
            Lookup::Present(secret) => Ok(Primary { arn, secret }),
            Lookup::Absent => Err(missing()),
            Lookup::Unknown(gap) => Err(Box::new(gap.clone())),
        }
    }

    /// Returns what a primary says of its replica in the target.
    fn status<'p>(&self, primary: &'p Secret) -> Option<&'p Replica> {
        primary.replicas.get(&self.survey.route.target.region)
    }

    /// Says so if what stands alone has not what the source has.
    fn behind(&mut self, own: &Own<'a>, target: &SecretArn, other: &Secret) {
        let Some(current) = own.secret.version_at(CURRENT) else { return };
        if own.witness.is_none() && !other.versions.contains_key(current) {
            self.draft.find(finding::counterpart_behind(&own.arn, target));
        }
    }
}
