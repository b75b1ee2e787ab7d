//! Finds out what Secrets Manager has at one end.
// REQ: SM-1

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join;
use futures::stream::{self, StreamExt};
use regionmig_aws::Error;
use regionmig_core::{End, ErrorKind, Gap, Inventory, Listing, RunContext, SecretArn, Side};

use crate::service::Secrets;
use crate::snapshot::{Secret, Snapshot};
use crate::step::NAME;

/// So many secrets are read at a time, each by two requests at once.
const AT_ONCE: usize = 16;

impl Inventory for Secrets {
    async fn inventory(&self, side: Side, cx: &RunContext) -> Result<Snapshot, Error> {
        let end = cx.end(side);
        let (arns, gap) = self.list(end).await;
        let mut snapshot = Snapshot::default();
        let count = cx.count(NAME, side, "secrets", u64::try_from(arns.len()).ok());
        let names: BTreeSet<String> = arns.iter().map(|arn| arn.name().to_owned()).collect();
        let mut readings = stream::iter(arns).map(|arn| self.read(end, arn)).buffer_unordered(AT_ONCE);
        let mut missing = BTreeSet::new();
        while let Some(reading) = readings.next().await {
            count.add(1);
            if let Some(arn) = reading.into_snapshot(&mut snapshot) {
                missing.insert(arn);
            }
        }
        drop(readings);
        for (arn, gap) in self.still_listed(end, missing).await {
            snapshot.secrets.insert(arn, Err(gap));
        }
        if let Some(gap) = gap {
            snapshot.secrets = snapshot.secrets.truncated(gap.clone());
            snapshot.policies = snapshot.policies.truncated(gap);
        }
        match side {
            Side::Source => snapshot.primaries = self.primaries(cx, &snapshot).await,
            Side::Target => self.fresher(cx, &names, &mut snapshot).await,
        }
        Ok(snapshot)
    }
}

/// What was read of one secret.
struct Reading {
    arn: SecretArn,
    policy: Result<Option<String>, Error>,
    secret: Result<Secret, Error>,
}

impl Reading {
    /// Takes what was read into `snapshot`. Returns a secret that was listed and could not be found any more.
    fn into_snapshot(self, snapshot: &mut Snapshot) -> Option<SecretArn> {
        let Self { arn, policy, secret } = self;
        if secret.as_ref().is_err_and(|error| error.kind() == ErrorKind::NotFound) {
            return Some(arn);
        }
        // Of one that is to be deleted, the policy is not told, and not needed.
        let is_doomed = secret.as_ref().is_ok_and(|secret| secret.deleted.is_some());
        if !is_doomed {
            snapshot.policies.insert(arn.clone(), policy.map_err(Gap::from));
        }
        snapshot.secrets.insert(arn, secret.map_err(Gap::from));
        None
    }
}

impl Secrets {
    async fn read(&self, end: &End, arn: SecretArn) -> Reading {
        let read = join(self.describe(end, arn.as_str()), self.policy(end, &arn));
        let (secret, policy) = Box::pin(read).await;
        Reading { arn, policy, secret: secret.map(|(_, secret)| secret) }
    }

    /// Tells secrets that were deleted while they were being listed from those that are still listed and not found.
    async fn still_listed(&self, end: &End, missing: BTreeSet<SecretArn>) -> Vec<(SecretArn, Gap)> {
        if missing.is_empty() {
            return Vec::new();
        }
        let (listed, gap) = self.list(end).await;
        let why = || {
            let text = "the secret is listed and cannot be found: it may be new";
            Gap::from(Error::new(ErrorKind::NotFound, text).by("secretsmanager:DescribeSecret").at(end))
        };
        let open = missing.into_iter().filter(|arn| gap.is_some() || listed.contains(arn));
        open.map(|arn| (arn, why())).collect()
    }

    /// Asks the target for what the source has and the target's listing did not show: by name, which shows what is new sooner. If
    /// the source does not tell what it has, the listing has to do.
    async fn fresher(&self, cx: &RunContext, listed: &BTreeSet<String>, snapshot: &mut Snapshot) {
        let (source, target) = (cx.end(Side::Source), cx.end(Side::Target));
        let (arns, _) = self.list(source).await;
        let ask = |arn: SecretArn| async move {
            match self.describe(target, arn.name()).await {
                Ok((found, secret)) => {
                    let policy = self.policy(target, &found).await;
                    Some(Reading { arn: found, policy, secret: Ok(secret) })
                }
                Err(error) if error.kind() == ErrorKind::NotFound => None,
                // What it is called there nobody knows; as a replica it would be called so.
                Err(error) => {
                    let arn = arn.in_region(&target.region).unwrap_or(arn);
                    let text = format!("whether {} is there could not be read", arn.name());
                    let policy = Err(Error::new(error.kind(), text).by("secretsmanager:DescribeSecret").at(target));
                    Some(Reading { arn, policy, secret: Err(error) })
                }
            }
        };
        let wanted = arns.into_iter().filter(|arn| !listed.contains(arn.name()));
        let mut readings = stream::iter(wanted).map(ask).buffer_unordered(AT_ONCE);
        while let Some(reading) = readings.next().await {
            let _is_gone = reading.and_then(|reading| reading.into_snapshot(snapshot));
        }
    }

    /// Looks up the primaries of replicas where they are.
    async fn primaries(&self, cx: &RunContext, snapshot: &Snapshot) -> Listing<SecretArn, Secret> {
        let end = cx.end(Side::Source);
        let elsewhere = snapshot.secrets.known().filter_map(|(arn, secret)| {
            let region = secret.primary_region.as_ref().filter(|region| **region != end.region)?;
            Some((arn.in_region(region).ok()?, end.in_region(region.clone())))
        });
        let primaries: BTreeMap<SecretArn, End> = elsewhere.collect();
        let read = |(arn, end): (SecretArn, End)| async move {
            let secret = self.describe(&end, arn.as_str()).await;
            (arn, secret.map(|(_, secret)| secret).map_err(Gap::from))
        };
        let primaries: Vec<_> = stream::iter(primaries).map(read).buffer_unordered(AT_ONCE).collect().await;
        primaries.into_iter().collect()
    }
}
