//! What the keys and secrets of a world are like, told so that it can be compared with another world's.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;

use regionmig_core::{IdMap, Route};

use crate::kms::KeyView;
use crate::secrets::SecretView;
use crate::world::World;

/// The customer's keys and the secrets of both ends, each by what it is the copy of, or else by its ARN: all that can be seen of
/// it but what AWS gives anew each time. Of secret values, whether they are the same; no text of this tells more.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Portrait(BTreeMap<String, String>);

impl Portrait {
    /// Looks at a world in which a run has led to `ids`.
    pub(crate) fn of(world: &World, route: &Route, ids: &IdMap) -> Self {
        let mut sources = BTreeMap::new();
        for (source, target) in ids.iter() {
            sources.entry(target).or_insert_with(|| format!("what {source} becomes"));
        }
        let ends = [&route.source, &route.target];
        let keys = ends.into_iter().flat_map(|end| world.kms_keys(end));
        let keys = keys.filter(|key| key.aws_managed.is_none()).map(|key| (key.arn.to_string(), likeness(&key)));
        let secrets = ends.into_iter().flat_map(|end| world.secrets(end));
        let secrets = secrets.map(|secret| (secret.arn.to_string(), likeness_of_secret(&secret)));
        let shown = keys.chain(secrets).map(|(arn, likeness)| {
            let name = sources.get(arn.as_str()).unwrap_or(&arn);
            // What one thing says of another, such as a secret of its key, is the same if both are what they become.
            let named = |text: String, (target, name): (&&str, &String)| text.replace(*target, name);
            (name.clone(), sources.iter().fold(likeness, named))
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

/// What makes numbers of values, by which nobody outside of this process can tell anything.
static NUMBERS: LazyLock<RandomState> = LazyLock::new(RandomState::new);

fn likeness_of_secret(secret: &SecretView) -> String {
    let versions = secret.versions.iter().map(|(id, version)| {
        let value = NUMBERS.hash_one((version.value.bytes(), version.value.is_binary()));
        format!("{id} {:?} worth {value:016x}", version.stages)
    });
    let versions: Vec<String> = versions.collect();
    let SecretView { description, key, kind, owner, policy, tags, primary_region, replicas, rotation, .. } = secret;
    let (external, is_doomed) = (&secret.external_rotation, secret.deletion_date.is_some());
    format!(
        "{description:?} under {key:?}, {kind:?} {owner:?} {policy:?} {tags:?} {versions:?} replica of {primary_region:?}, \
         replicated to {replicas:?}, rotated {rotation:?} {external:?}, to be deleted {is_doomed}"
    )
}

#[cfg(test)]
mod tests {
    use regionmig_core::{End, NameError};
    use serde_json::json;

    use super::*;

    fn ends() -> Result<Route, Box<dyn std::error::Error>> {
        let end = |text: &str| -> Result<End, NameError> { text.parse() };
        Ok(Route::new(end("111122223333/eu-central-1")?, end("111122223333/eu-west-1")?)?)
    }

    #[test]
    fn keys_that_differ_are_told_apart() -> Result<(), Box<dyn std::error::Error>> {
        let (world, route) = (World::new(), ends()?);
        let key = world.kms(&route.source).alias("alias/a").make();
        let portrait = |world: &World| Portrait::of(world, &route, &IdMap::default());
        let expected = portrait(&world);
        assert_eq!(portrait(&world.fork()).differences(&expected, |_| true), Vec::<String>::new());
        let grantee = "arn:aws:iam::111122223333:role/worker";
        for (operation, input) in [
            ("CreateAlias", json!({ "AliasName": "alias/b", "TargetKeyId": key })),
            ("CreateGrant", json!({ "KeyId": key, "GranteePrincipal": grantee, "Operations": ["Decrypt"] })),
            ("DisableKey", json!({ "KeyId": key })),
            ("EnableKeyRotation", json!({ "KeyId": key })),
            ("TagResource", json!({ "KeyId": key, "Tags": [{ "TagKey": "k", "TagValue": "v" }] })),
            ("UpdateKeyDescription", json!({ "KeyId": key, "Description": "another" })),
        ] {
            let other = world.fork();
            assert!(other.ask(&route.source, &format!("kms:{operation}"), input).is_ok(), "{operation}");
            let found = portrait(&other).differences(&expected, |_| true);
            assert!(found.len() == 1 && found[0].starts_with(key.as_str()), "{operation}: {found:?}");
        }
        Ok(())
    }

    #[test]
    fn secrets_that_differ_are_told_apart_and_no_value_is_shown() -> Result<(), Box<dyn std::error::Error>> {
        let route = ends()?;
        let world = World::new();
        world.secret(&route.source, "a").value("one").replica(route.target.region.clone(), None).make();
        let portrait = |world: &World| Portrait::of(world, &route, &IdMap::default());
        let expected = portrait(&world);
        assert_eq!(portrait(&world.fork()).differences(&expected, |_| true), Vec::<String>::new());
        let put = json!({ "SecretId": "a", "SecretString": "hush", "ClientRequestToken": "0".repeat(32) });
        let remove = json!({ "SecretId": "a", "RemoveReplicaRegions": [route.target.region] });
        let tag = json!({ "SecretId": "a", "Tags": [{ "Key": "k", "Value": "v" }] });
        let create = json!({ "Name": "b" });
        for (end, operation, input, differences) in [
            (&route.source, "PutSecretValue", put, 1),
            (&route.source, "RemoveRegionsFromReplication", remove, 2),
            (&route.source, "TagResource", tag, 1),
            (&route.target, "StopReplicationToReplica", json!({ "SecretId": "a" }), 2),
            (&route.target, "CreateSecret", create, 1),
        ] {
            let other = world.fork();
            assert!(other.ask(end, &format!("secretsmanager:{operation}"), input).is_ok(), "{operation}");
            let found = portrait(&other).differences(&expected, |_| true);
            assert_eq!(found.len(), differences, "{operation}: {found:?}");
            assert!(!found.concat().contains("hush"), "{found:?}");
        }
        Ok(())
    }
}
