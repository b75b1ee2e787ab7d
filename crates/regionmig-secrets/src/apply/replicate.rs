//! Makes replicas, and takes those off the list that could not be made.
// REQ: SM-8 SM-17 SM-18

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::operation::RequestId;
use aws_sdk_secretsmanager::types::ReplicaRegionType;
use regionmig_aws::Error;
use regionmig_core::{Applied, End, ErrorKind, Place, Probe, Receipt, Region, SecretArn, Side, StepContext};

use super::{soon, target_of};
use crate::finding::listed;
use crate::service::Secrets;
use crate::snapshot::{CURRENT, Replica, ReplicaStatus, Secret};
use crate::step::{ForgetReplica, Relink, Replicate, settings_digest};

/// A replica that is to be there.
struct Wanted<'a> {
    primary: &'a SecretArn,
    primary_end: &'a End,
    replica: &'a SecretArn,
    replica_end: &'a End,
}

/// What became of it so far, and its primary, where that decides.
enum Stand {
    /// There is none, and nothing was asked for.
    Absent { primary: Box<Secret> },
    /// It is in step.
    InSync,
    /// Its name has another secret, or one that stands alone.
    Taken { arn: SecretArn, secret: Box<Secret>, primary: Box<Secret> },
    /// It is being made.
    UnderWay(String),
}

impl Secrets {
    pub(super) async fn probe_replicate(&self, step: &Replicate, cx: &StepContext<'_>) -> Result<Probe, Error> {
        let primary_end = place(&step.place(), cx);
        let wanted = Wanted {
            primary: &step.primary,
            primary_end: &primary_end,
            replica: &step.replica,
            replica_end: cx.end(Side::Target),
        };
        let bound = || Ok::<_, Error>(Probe::Present(Receipt::new().bind(&step.secret, &step.replica)?));
        match self.stand(&wanted).await? {
            Stand::Absent { primary } => Ok(unless_rotating(&wanted, &primary)),
            Stand::InSync => bound(),
            Stand::UnderWay(why) => Ok(Probe::Waiting(soon(why))),
            Stand::Taken { arn, secret, primary } => match &step.overwrites {
                Some(lost) if lost.secret == arn && lost.versions == secret.versions => {
                    Ok(unless_rotating(&wanted, &primary))
                }
                // Made by this plan, in place of another if need was, and promoted since.
                overwrites if arn == step.replica && overwrites.as_ref().is_none_or(|lost| lost.secret != arn) => {
                    bound()
                }
                _ => Err(taken(&wanted, &arn, &secret)),
            },
        }
    }

    pub(super) async fn replicate(&self, step: &Replicate, cx: &StepContext<'_>) -> Result<Applied, Error> {
        let primary_end = place(&step.place(), cx);
        let key = step.key.resolved(cx)?;
        if step.overwrites.is_some() {
            // Looked at once more just before: no request depends on what it destroys.
            match self.probe_replicate(step, cx).await? {
                Probe::Present(receipt) => return Ok(Applied::Done(receipt)),
                Probe::Waiting(wait) => return Ok(Applied::Waiting(wait)),
                _ => {}
            }
        }
        let region = &cx.end(Side::Target).region;
        self.add_replica(&primary_end, &step.primary, region, key, step.overwrites.is_some()).await
    }

    pub(super) async fn probe_relink(&self, step: &Relink, cx: &StepContext<'_>) -> Result<Probe, Error> {
        let primary = target_of(&step.secret, cx)?;
        let wanted = Wanted {
            primary: &primary,
            primary_end: cx.end(Side::Target),
            replica: &step.secret,
            replica_end: cx.end(Side::Source),
        };
        let (arn, secret, original) = match self.stand(&wanted).await? {
            // Somebody took it away: what is there now was not planned for.
            Stand::Absent { .. } => {
                return Err(conflict(format!("{} is not there any more", step.secret), wanted.replica_end));
            }
            Stand::InSync => return Ok(Probe::Present(Receipt::new())),
            Stand::UnderWay(why) => return Ok(Probe::Waiting(soon(why))),
            Stand::Taken { arn, secret, primary } => (arn, secret, primary),
        };
        if arn != step.secret || secret.versions != step.replaces {
            return Err(taken(&wanted, &arn, &secret));
        }
        let policy = self.policy(wanted.replica_end, &step.secret).await?;
        if settings_digest(&secret, policy.as_deref()) != step.settings {
            let text = format!("tags, description, rotation or policy of {arn} were changed since this was planned");
            return Err(conflict(text, wanted.replica_end));
        }
        if original.version_at(CURRENT) != step.current.as_deref() {
            let text = format!("{primary} has another current version than planned");
            return Err(conflict(text, wanted.primary_end));
        }
        let mut kept = step.replaces.keys().filter(|version| !step.given_up.contains(*version));
        if let Some(version) = kept.find(|version| !original.versions.contains_key(*version)) {
            let text = format!("{primary} has not the version {version}, which would be lost with {arn}");
            return Err(conflict(text, wanted.primary_end));
        }
        Ok(unless_rotating(&wanted, &original))
    }

    pub(super) async fn relink(&self, step: &Relink, cx: &StepContext<'_>) -> Result<Applied, Error> {
        // Looked at once more just before: no request depends on what it destroys.
        match self.probe_relink(step, cx).await? {
            Probe::Present(receipt) => return Ok(Applied::Done(receipt)),
            Probe::Waiting(wait) => return Ok(Applied::Waiting(wait)),
            _ => {}
        }
        let primary = target_of(&step.secret, cx)?;
        self.is_same_value(step, &primary, cx).await?;
        let region = &cx.end(Side::Source).region;
        self.add_replica(cx.end(Side::Target), &primary, region, step.key.clone(), true).await
    }

    /// Two versions of one id are one value if the id was given by a migration or by a rotation. Where a program gives ids of its own
    /// they may be two, one of which would be lost.
    async fn is_same_value(&self, step: &Relink, primary: &SecretArn, cx: &StepContext<'_>) -> Result<(), Error> {
        let Some(current) = step.current.as_deref().filter(|version| step.replaces.contains_key(*version)) else {
            return Ok(());
        };
        let own = self.value(cx.end(Side::Source), &step.secret, current).await?;
        let other = self.value(cx.end(Side::Target), primary, current).await?;
        match own.is_equal(&other) {
            true => Ok(()),
            false => {
                let text = format!("{} and {primary} have two values under the version {current}", step.secret);
                Err(conflict(text, cx.end(Side::Source)))
            }
        }
    }

    pub(super) async fn probe_forget_replica(
        &self,
        step: &ForgetReplica,
        cx: &StepContext<'_>,
    ) -> Result<Probe, Error> {
        let (_, primary) = self.describe(&place(&step.place(), cx), step.primary.as_str()).await?;
        match primary.replicas.get(&step.region).map(|replica| &replica.status) {
            None | Some(ReplicaStatus::Detached) => Ok(Probe::Present(Receipt::new())),
            Some(ReplicaStatus::Failed) => Ok(Probe::Absent),
            // It came to be after all: it must not be taken away, and need not.
            Some(_) => Ok(Probe::Present(Receipt::new())),
        }
    }

    pub(super) async fn forget_replica(&self, step: &ForgetReplica, cx: &StepContext<'_>) -> Result<Applied, Error> {
        let end = place(&step.place(), cx);
        Ok(Applied::Done(super::receipt(self.remove_replica(&end, &step.primary, &step.region).await?.as_deref())))
    }

    /// Takes a replica off its primary's list, with which it is gone at once, if it was there. Returns the request's id.
    pub(super) async fn remove_replica(
        &self,
        end: &End,
        primary: &SecretArn,
        region: &Region,
    ) -> Result<Option<String>, Error> {
        let send = |client: Client| {
            let request = client.remove_regions_from_replication().secret_id(primary.as_str());
            request.remove_replica_regions(region.as_str()).send()
        };
        let answer = self.clients().write(end, "secretsmanager:RemoveRegionsFromReplication", send).await?;
        Ok(answer.request_id().map(str::to_owned))
    }

    /// Sends the request that adds a replica. It is there once it is in step.
    async fn add_replica(
        &self,
        end: &End,
        primary: &SecretArn,
        region: &Region,
        key: Option<String>,
        force: bool,
    ) -> Result<Applied, Error> {
        let replica = ReplicaRegionType::builder().region(region.as_str()).set_kms_key_id(key).build();
        let send = |client: Client| {
            let request = client.replicate_secret_to_regions().secret_id(primary.as_str()).add_replica_regions(replica);
            request.force_overwrite_replica_secret(force).send()
        };
        match self.clients().write(end, "secretsmanager:ReplicateSecretToRegions", send).await {
            Ok(_) => Ok(Applied::Waiting(soon(format!("{primary} is being replicated to {region}")))),
            // A rotation began since it was looked at, or the replica is there: the next look decides.
            Err(error) if error.kind() == ErrorKind::Conflict => {
                let text = format!("{primary} cannot be replicated to {region} as it is now");
                Err(Error::new(ErrorKind::Unavailable, text).because(error))
            }
            Err(error) => Err(error),
        }
    }

    /// Looks what became of a replica: at what the primary says of it, and at itself.
    async fn stand(&self, wanted: &Wanted<'_>) -> Result<Stand, Error> {
        let there = self.describe(wanted.replica_end, wanted.replica.name()).await;
        let there = match there {
            Ok((arn, secret)) => Some((arn, secret)),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let is_replica = there.as_ref().is_some_and(|(arn, secret)| {
            arn == wanted.replica && secret.primary_region.as_ref() == Some(&wanted.primary_end.region)
        });
        let primary = match self.describe(wanted.primary_end, wanted.primary.as_str()).await {
            Ok((_, primary)) => primary,
            // It is there, and its primary does not answer: more cannot be known, nor done.
            Err(error) if is_replica && error.kind().is_passing() && error.kind() != ErrorKind::Throttle => {
                return Ok(Stand::InSync);
            }
            Err(error) => return Err(error),
        };
        let region = &wanted.replica_end.region;
        let without = |there: Option<(SecretArn, Secret)>, primary: Box<Secret>| match there {
            Some((arn, secret)) => Stand::Taken { arn, secret: Box::new(secret), primary },
            None => Stand::Absent { primary },
        };
        let primary = Box::new(primary);
        match primary.replicas.get(region) {
            Some(Replica { status: ReplicaStatus::InSync, .. }) if is_replica => Ok(Stand::InSync),
            Some(Replica { status: ReplicaStatus::Failed, message, .. }) => Err(failed(wanted, message.as_deref())),
            // The list of its primary is read late.
            Some(Replica { status: ReplicaStatus::Detached, .. }) | None if is_replica => {
                Ok(Stand::UnderWay(format!("{} does not show its replica yet", wanted.primary)))
            }
            Some(Replica { status: ReplicaStatus::Detached, .. }) | None => Ok(without(there, primary)),
            // Listed, and standing alone: it was promoted, and its primary's list is read late.
            Some(Replica { status: ReplicaStatus::InSync, .. }) if there.is_some() => Ok(without(there, primary)),
            Some(replica) => {
                Ok(Stand::UnderWay(format!("the replica of {} in {region} is {}", wanted.primary, replica.status)))
            }
        }
    }
}

/// A secret is not replicated while it is being rotated: the replica would keep half of it.
// REQ: SM-10
fn unless_rotating(wanted: &Wanted<'_>, primary: &Secret) -> Probe {
    match primary.is_rotating() {
        true => Probe::Waiting(soon(format!("a rotation of {} is under way", wanted.primary))),
        false => Probe::Absent,
    }
}

/// Returns the account and region of a place.
pub(super) fn place(place: &Place, cx: &StepContext<'_>) -> End {
    match place {
        Place::Region(region) => cx.end(Side::Source).in_region(region.clone()),
        _ => cx.end(Side::Source).clone(),
    }
}

fn failed(wanted: &Wanted<'_>, message: Option<&str>) -> Error {
    let why = message.unwrap_or("Secrets Manager does not say why");
    let text = format!(
        "the replica of {} in {} could not be made: {why}; mend that and plan again, which takes the failed one away",
        wanted.primary, wanted.replica_end.region
    );
    conflict(text, wanted.primary_end)
}

fn taken(wanted: &Wanted<'_>, arn: &SecretArn, secret: &Secret) -> Error {
    let versions = listed(&secret.versions);
    conflict(format!("{arn} is there, with {versions}, which is not what was planned for"), wanted.replica_end)
}

fn conflict(text: String, end: &End) -> Error {
    Error::new(ErrorKind::Conflict, text).by("secretsmanager:DescribeSecret").at(end)
}
