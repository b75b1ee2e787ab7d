//! Finds out what KMS has at one end.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::{join, join5};
use futures::stream::{self, StreamExt};
use regionmig_aws::Error;
use regionmig_core::{End, ErrorKind, Gap, Inventory, KeyArn, Listing, RunContext, Side};

use crate::service::Kms;
use crate::snapshot::{Grant, Key, LastUse, Material, Rotation, Snapshot};
use crate::step::NAME;

/// So many keys are read at a time, each by up to four requests at once: what rotates is not imported.
const AT_ONCE: usize = 8;

impl Inventory for Kms {
    async fn inventory(&self, side: Side, cx: &RunContext) -> Result<Snapshot, Error> {
        let end = cx.end(side);
        let ((arns, gap), aliases) = join(self.list_keys(end), self.list_aliases(end)).await;
        let mut snapshot = Snapshot { aliases, ..Snapshot::default() };
        let mut missing = BTreeSet::new();
        let count = cx.count(NAME, side, "keys", u64::try_from(arns.len()).ok());
        let mut readings = stream::iter(arns).map(|arn| self.read_key(end, arn)).buffer_unordered(AT_ONCE);
        while let Some(reading) = readings.next().await {
            count.add(1);
            if let Some(arn) = reading.into_snapshot(&mut snapshot) {
                missing.insert(arn);
            }
        }
        drop(readings);
        let missing = self.still_listed(end, missing).await;
        for (arn, gap) in missing {
            snapshot.keys.insert(arn, Err(gap));
        }
        if let Some(gap) = gap {
            snapshot = cut_short(snapshot, &gap);
        }
        if side == Side::Target && self.options().has_key_stores() {
            snapshot.key_stores = self.list_key_stores(end).await;
        }
        if side == Side::Target && self.options().tagging_api {
            snapshot.tagged = self.list_tagged(end).await;
        }
        if side == Side::Source {
            snapshot.primaries = self.primaries(cx, &snapshot).await;
        }
        if side == Side::Source && self.options().asks_last_use() {
            snapshot.last_uses = self.last_uses(cx, &snapshot).await;
        }
        Ok(snapshot)
    }
}

/// What was read of one key.
struct Reading {
    arn: KeyArn,
    key: Result<Key, Error>,
    details: Option<Details>,
}

/// What is read of a customer's key by calls of its own.
struct Details {
    grants: Result<Vec<Grant>, Error>,
    materials: Option<Result<Vec<Material>, Error>>,
    policy: Result<String, Error>,
    rotation: Option<Result<Rotation, Error>>,
    tags: Result<BTreeMap<String, String>, Error>,
}

impl Reading {
    /// Takes what was read into `snapshot`. Returns a key that was listed and could not be found any more.
    fn into_snapshot(self, snapshot: &mut Snapshot) -> Option<KeyArn> {
        let Self { arn, key, details } = self;
        if key.as_ref().is_err_and(|error| error.kind() == ErrorKind::NotFound) {
            return Some(arn);
        }
        snapshot.keys.insert(arn.clone(), key.map_err(Gap::from));
        if let Some(Details { grants, materials, policy, rotation, tags }) = details {
            snapshot.grants.insert(arn.clone(), grants.map_err(Gap::from));
            snapshot.policies.insert(arn.clone(), policy.map_err(Gap::from));
            snapshot.tags.insert(arn.clone(), tags.map_err(Gap::from));
            if let Some(materials) = materials {
                snapshot.materials.insert(arn.clone(), materials.map_err(Gap::from));
            }
            if let Some(rotation) = rotation {
                snapshot.rotations.insert(arn, rotation.map_err(Gap::from));
            }
        }
        None
    }
}

impl Kms {
    async fn read_key(&self, end: &End, arn: KeyArn) -> Reading {
        let key = self.describe(end, arn.as_str()).await.map(|(_, key)| key);
        let details = match &key {
            Ok(key) if key.is_customers() => Some(Box::pin(self.read_details(end, &arn, key)).await),
            _ => None,
        };
        Reading { arn, key, details }
    }

    async fn read_details(&self, end: &End, arn: &KeyArn, key: &Key) -> Details {
        let rotation = async {
            match key.rotates() {
                true => Some(self.key_rotation(end, arn).await),
                false => None,
            }
        };
        let materials = async {
            match key.has_materials() {
                true => Some(self.key_materials(end, arn).await),
                false => None,
            }
        };
        let (grants, policy, tags) = (self.key_grants(end, arn), self.key_policy(end, arn), self.key_tags(end, arn));
        let read = join5(grants, materials, policy, rotation, tags);
        let (grants, materials, policy, rotation, tags) = Box::pin(read).await;
        // A key that cannot be rotated is not rotated.
        let rotation = rotation.filter(|read| !read.as_ref().is_err_and(|e| e.kind() == ErrorKind::Unsupported));
        Details { grants, materials, policy, rotation, tags }
    }

    /// Tells keys that were deleted while they were being listed, which are gone, from keys so new that not every read
    /// sees them: those are still listed, and what they are is not known.
    async fn still_listed(&self, end: &End, missing: BTreeSet<KeyArn>) -> Vec<(KeyArn, Gap)> {
        if missing.is_empty() {
            return Vec::new();
        }
        let (listed, gap) = self.list_keys(end).await;
        let why = || {
            let text = "the key is listed and cannot be found: it may be new";
            Gap::from(Error::new(ErrorKind::NotFound, text).by("kms:DescribeKey").at(end))
        };
        let open = missing.into_iter().filter(|arn| gap.is_some() || listed.contains(arn));
        open.map(|arn| (arn, why())).collect()
    }

    /// Asks when each customer's key that was found in the source was last used. After all else, since KMS answers so few
    /// of these requests that nothing should wait for them.
    async fn last_uses(&self, cx: &RunContext, snapshot: &Snapshot) -> Listing<KeyArn, LastUse> {
        let end = cx.end(Side::Source);
        let keys = snapshot.keys.known().filter(|(_, key)| key.is_customers());
        let keys: Vec<KeyArn> = keys.map(|(arn, _)| arn.clone()).collect();
        let count = cx.count(NAME, Side::Source, "last uses", u64::try_from(keys.len()).ok());
        let read = |arn: KeyArn| async move {
            let last = self.key_last_use(end, &arn).await;
            (arn, last.map_err(Gap::from))
        };
        let mut reading = stream::iter(keys).map(read).buffer_unordered(AT_ONCE);
        let mut last_uses = Listing::default();
        while let Some((arn, last)) = reading.next().await {
            count.add(1);
            last_uses.insert(arn, last);
        }
        match snapshot.keys.rest() {
            Some(gap) => last_uses.truncated(gap.clone()),
            None => last_uses,
        }
    }

    /// Looks up the primaries, in third regions, of the replicas that were found: they alone can be replicated.
    async fn primaries(&self, cx: &RunContext, snapshot: &Snapshot) -> Listing<KeyArn, Key> {
        let route = cx.route();
        let elsewhere = snapshot.keys.known().filter_map(|(_, key)| {
            let primary = &key.multi_region.as_ref().filter(|_| key.is_replica())?.primary;
            let region = primary.region()?;
            let is_third = region != route.source.region && region != route.target.region;
            is_third.then(|| (primary.clone(), route.source.in_region(region)))
        });
        let primaries: BTreeMap<KeyArn, End> = elsewhere.collect();
        let read = |(arn, end): (KeyArn, End)| async move {
            let key = self.describe(&end, arn.as_str()).await;
            (arn, key.map(|(_, key)| key).map_err(Gap::from))
        };
        let primaries: Vec<_> = stream::iter(primaries).map(read).buffer_unordered(AT_ONCE).collect().await;
        primaries.into_iter().collect()
    }
}

/// Where the keys' listing broke off, so did what is read of each key.
fn cut_short(snapshot: Snapshot, gap: &Gap) -> Snapshot {
    Snapshot {
        aliases: snapshot.aliases,
        grants: snapshot.grants.truncated(gap.clone()),
        key_stores: snapshot.key_stores,
        keys: snapshot.keys.truncated(gap.clone()),
        last_uses: snapshot.last_uses,
        materials: snapshot.materials.truncated(gap.clone()),
        policies: snapshot.policies.truncated(gap.clone()),
        primaries: snapshot.primaries,
        rotations: snapshot.rotations.truncated(gap.clone()),
        tagged: snapshot.tagged,
        tags: snapshot.tags.truncated(gap.clone()),
    }
}
