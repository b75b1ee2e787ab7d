//! What the keys of a world are like, told so that it can be compared with another world's.

use std::collections::BTreeMap;

use regionmig_core::{IdMap, Route};

use crate::kms::KeyView;
use crate::world::World;

/// The customer's keys of both ends, each by what it is the copy of, or else by its ARN: all that can be seen of it but what
/// AWS gives anew each time.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Portrait(BTreeMap<String, String>);

impl Portrait {
    /// Looks at a world in which a run has led to `ids`.
    pub(crate) fn of(world: &World, route: &Route, ids: &IdMap) -> Self {
        let mut sources = BTreeMap::new();
        for (source, target) in ids.iter() {
            sources.entry(target).or_insert_with(|| format!("what {source} becomes"));
        }
        let keys = [&route.source, &route.target].into_iter().flat_map(|end| world.kms_keys(end));
        let shown = keys.filter(|key| key.aws_managed.is_none()).map(|key| {
            let arn = key.arn.as_str();
            let name = sources.get(arn).map_or(arn, String::as_str);
            (name.to_owned(), likeness(&key).replace(arn, name))
        });
        Self(shown.collect())
    }

    /// Says what is not as in `expected`; of things that it does not have, only those of which `is_ours` holds.
    pub(crate) fn differences(&self, expected: &Self, is_ours: impl Fn(&str) -> bool) -> Vec<String> {
        let missing_or_other = expected.0.iter().filter_map(|(name, likeness)| match self.0.get(name) {
            None => Some(format!("{name} is not there")),
            Some(is) if is != likeness => Some(format!("{name} is {is}, not {likeness}")),
            Some(_) => None,
        });
        let more = self.0.keys().filter(|name| !expected.0.contains_key(*name) && is_ours(name));
        missing_or_other.chain(more.map(|name| format!("{name} should not be there"))).collect()
    }
}

fn likeness(key: &KeyView) -> String {
    let grants = key.grants.iter().map(|grant| {
        let (name, retiring) = (&grant.name, &grant.retiring);
        format!("{name:?} to {} for {:?} if {:?}, {retiring:?}", grant.grantee, grant.operations, grant.constraints)
    });
    let mut grants: Vec<String> = grants.collect();
    grants.sort();
    let KeyView { spec, usage, origin, state, description, policy, tags, aliases, rotation_period, .. } = key;
    let related = key.multi_region.as_ref().map(|related| (&related.primary, &related.replicas));
    format!(
        "{spec} {usage} {origin} {state} {description:?} {policy} {tags:?} {aliases:?} {grants:?} rotated every \
         {rotation_period:?}, related to {related:?}"
    )
}
