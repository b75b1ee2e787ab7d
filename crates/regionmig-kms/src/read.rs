//! What is read of KMS, in this crate's own types.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_kms::operation::get_key_last_usage::GetKeyLastUsageOutput;
use aws_sdk_kms::types::{
    GrantListEntry, ImportState, IncludeKeyMaterial, KeyLastUsageData, KeyMetadata, KeySpec, KeyUsageType,
    RotationsListEntry,
};
use regionmig_aws::{Error, pages, timestamp};
use regionmig_core::{AliasName, End, ErrorKind, Gap, KeyArn, Listing};

use crate::service::Kms;
use crate::snapshot::{
    Alias, Constraints, Grant, GrantTerms, Key, KeyManager, KeyStore, LastUse, Material, MultiRegion, Rotation,
};

/// The only policy of a key that can be set.
pub(crate) const POLICY_NAME: &str = "default";

impl Kms {
    /// Describes a key, named by id, ARN, or alias.
    pub(crate) async fn describe(&self, end: &End, key: &str) -> Result<(KeyArn, Key), Error> {
        const ACTION: &str = "kms:DescribeKey";
        let answer = self.clients().read(end, ACTION, |client| client.describe_key().key_id(key).send()).await?;
        let missing = || Error::malformed(ACTION, "KeyMetadata").at(end);
        key_of(&answer.key_metadata.ok_or_else(missing)?).map_err(|error| error.by(ACTION).at(end))
    }

    pub(crate) async fn key_policy(&self, end: &End, key: &KeyArn) -> Result<String, Error> {
        const ACTION: &str = "kms:GetKeyPolicy";
        let send =
            |client: aws_sdk_kms::Client| client.get_key_policy().key_id(key.as_str()).policy_name(POLICY_NAME).send();
        let answer = self.clients().read(end, ACTION, send).await?;
        answer.policy.ok_or_else(|| Error::malformed(ACTION, "Policy").at(end))
    }

    pub(crate) async fn key_rotation(&self, end: &End, key: &KeyArn) -> Result<Rotation, Error> {
        const ACTION: &str = "kms:GetKeyRotationStatus";
        let send = |client: aws_sdk_kms::Client| client.get_key_rotation_status().key_id(key.as_str()).send();
        let answer = self.clients().read(end, ACTION, send).await?;
        if !answer.key_rotation_enabled {
            return Ok(Rotation::default());
        }
        // A year, if nothing is said (API reference, EnableKeyRotation).
        let days = u32::try_from(answer.rotation_period_in_days.unwrap_or(365));
        let malformed = |_| Error::malformed(ACTION, "RotationPeriodInDays").at(end);
        Ok(Rotation::every(days.map_err(malformed)?))
    }

    /// Asks when a key was last used.
    pub(crate) async fn key_last_use(&self, end: &End, key: &KeyArn) -> Result<LastUse, Error> {
        const ACTION: &str = "kms:GetKeyLastUsage";
        let send = |client: aws_sdk_kms::Client| client.get_key_last_usage().key_id(key.as_str()).send();
        let answer = self.clients().read(end, ACTION, send).await?;
        last_use_of(&answer).map_err(|field| Error::malformed(ACTION, field).at(end))
    }

    /// Lists the imported materials of a symmetric encryption key, in the order of their ids.
    pub(crate) async fn key_materials(&self, end: &End, key: &KeyArn) -> Result<Vec<Material>, Error> {
        const ACTION: &str = "kms:ListKeyRotations";
        let send = |marker: Option<String>| {
            let key = key.as_str();
            self.clients().read(end, ACTION, move |client| {
                let all = IncludeKeyMaterial::AllKeyMaterial;
                client.list_key_rotations().key_id(key).include_key_material(all).set_marker(marker).send()
            })
        };
        let mut materials = Vec::new();
        let read = pages(ACTION, send, |page| page.next_marker.clone().filter(|_| page.truncated)).each(|page| {
            for entry in page.rotations() {
                materials.push(material_of(entry).ok_or_else(|| Error::malformed(ACTION, "Rotations"))?);
            }
            whole(ACTION, page.truncated, page.next_marker.as_deref())
        });
        read.await.map_err(|gap| broken(ACTION, end, gap))?;
        materials.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(materials)
    }

    pub(crate) async fn key_tags(&self, end: &End, key: &KeyArn) -> Result<BTreeMap<String, String>, Error> {
        const ACTION: &str = "kms:ListResourceTags";
        let send = |marker: Option<String>| {
            let key = key.as_str();
            self.clients().read(end, ACTION, move |client| {
                client.list_resource_tags().key_id(key).limit(50).set_marker(marker).send()
            })
        };
        let mut tags = BTreeMap::new();
        let read = pages(ACTION, send, |page| page.next_marker.clone().filter(|_| page.truncated)).each(|page| {
            tags.extend(page.tags().iter().map(|tag| (tag.tag_key.clone(), tag.tag_value.clone())));
            whole(ACTION, page.truncated, page.next_marker.as_deref())
        });
        read.await.map_err(|gap| broken(ACTION, end, gap))?;
        Ok(tags)
    }

    pub(crate) async fn key_grants(&self, end: &End, key: &KeyArn) -> Result<Vec<Grant>, Error> {
        const ACTION: &str = "kms:ListGrants";
        let send = |marker: Option<String>| {
            let key = key.as_str();
            self.clients()
                .read(end, ACTION, move |client| client.list_grants().key_id(key).limit(100).set_marker(marker).send())
        };
        let mut grants = Vec::new();
        let read = pages(ACTION, send, |page| page.next_marker.clone().filter(|_| page.truncated)).each(|page| {
            for entry in page.grants() {
                grants.push(grant_of(entry).ok_or_else(|| Error::malformed(ACTION, "Grants"))?);
            }
            whole(ACTION, page.truncated, page.next_marker.as_deref())
        });
        read.await.map_err(|gap| broken(ACTION, end, gap))?;
        // KMS keeps them in no order.
        grants.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(grants)
    }

    /// Lists the keys' ARNs, and says where the listing broke off.
    pub(crate) async fn list_keys(&self, end: &End) -> (BTreeSet<KeyArn>, Option<Gap>) {
        const ACTION: &str = "kms:ListKeys";
        let send = |marker: Option<String>| {
            self.clients().read(end, ACTION, move |client| client.list_keys().limit(1000).set_marker(marker).send())
        };
        let mut keys = BTreeSet::new();
        let read = pages(ACTION, send, |page| page.next_marker.clone().filter(|_| page.truncated)).each(|page| {
            for entry in page.keys() {
                keys.insert(entry.key_arn().unwrap_or_default().parse::<KeyArn>()?);
            }
            whole(ACTION, page.truncated, page.next_marker.as_deref())
        });
        let gap = read.await.err();
        (keys, gap)
    }

    /// Lists the custom key stores.
    pub(crate) async fn list_key_stores(&self, end: &End) -> Listing<String, KeyStore> {
        const ACTION: &str = "kms:DescribeCustomKeyStores";
        let send = |marker: Option<String>| {
            self.clients()
                .read(end, ACTION, move |client| client.describe_custom_key_stores().set_marker(marker).send())
        };
        let pages = pages(ACTION, send, |page| page.next_marker.clone().filter(|_| page.truncated));
        let read = pages.list(|page, stores: &mut Listing<String, KeyStore>| {
            for entry in page.custom_key_stores() {
                let id = entry.custom_key_store_id().ok_or_else(|| Error::malformed(ACTION, "CustomKeyStoreId"))?;
                let connection = entry.connection_state().map(|state| state.as_str());
                let store = connection.map(KeyStore::new).ok_or_else(|| Error::malformed(ACTION, "ConnectionState"));
                // Both are named alike (API reference, CustomKeyStoresListEntry and KeyMetadata).
                let kind = entry.custom_key_store_type().map(|kind| kind.as_str().into());
                let store = store.map(|store| kind.into_iter().fold(store, KeyStore::of));
                stores.insert(id.to_owned(), store.map_err(Gap::from));
            }
            whole(ACTION, page.truncated, page.next_marker.as_deref())
        });
        read.await
    }

    /// Lists the keys that the tagging API shows, with their tags. It shows those that are or were tagged, and late.
    pub(crate) async fn list_tagged(&self, end: &End) -> Listing<KeyArn, BTreeMap<String, String>> {
        const ACTION: &str = "tag:GetResources";
        let send = |token: Option<String>| {
            self.tagging().read(end, ACTION, move |client| {
                let request = client.get_resources().resource_type_filters("kms:key").resources_per_page(100);
                request.set_pagination_token(token).send()
            })
        };
        let pages = pages(ACTION, send, |page| page.pagination_token.clone());
        let read = pages.list(|page, tagged: &mut Listing<KeyArn, BTreeMap<String, String>>| {
            for entry in page.resource_tag_mapping_list() {
                let arn: KeyArn = entry.resource_arn().unwrap_or_default().parse()?;
                let tags = entry.tags().iter().map(|tag| (tag.key.clone(), tag.value.clone())).collect();
                tagged.insert(arn, Ok(tags));
            }
            Ok(())
        });
        read.await
    }

    /// Lists the aliases that point to a key.
    pub(crate) async fn list_aliases(&self, end: &End) -> Listing<AliasName, Alias> {
        const ACTION: &str = "kms:ListAliases";
        let send = |marker: Option<String>| {
            self.clients().read(end, ACTION, move |client| client.list_aliases().limit(100).set_marker(marker).send())
        };
        let pages = pages(ACTION, send, |page| page.next_marker.clone().filter(|_| page.truncated));
        let read = pages.list(|page, aliases: &mut Listing<AliasName, Alias>| {
            for entry in page.aliases() {
                // Services have names for keys that they have not made yet.
                let Some(key) = entry.target_key_id() else { continue };
                let name: AliasName = entry.alias_name().unwrap_or_default().parse()?;
                aliases.insert(name, Ok(Alias::new(KeyArn::new(end, key)?)));
            }
            whole(ACTION, page.truncated, page.next_marker.as_deref())
        });
        read.await
    }
}

/// A page that says that there is more, and not how to get it, is not the last one.
pub(crate) fn whole(action: &'static str, truncated: bool, next: Option<&str>) -> Result<(), Error> {
    match truncated && next.is_none_or(str::is_empty) {
        true => Err(Error::malformed(action, "NextMarker")),
        false => Ok(()),
    }
}

pub(crate) fn broken(action: &'static str, end: &End, gap: Gap) -> Error {
    Error::new(gap.error.kind, "its pages could not be read to the end").by(action).at(end).because(gap.to_string())
}

pub(crate) fn key_of(described: &KeyMetadata) -> Result<(KeyArn, Key), Error> {
    let malformed = |field: &str| Error::new(ErrorKind::Unexpected, format!("the answer has no readable `{field}`"));
    let arn: KeyArn = described.arn().unwrap_or_default().parse()?;
    let created = described.creation_date().and_then(timestamp).ok_or_else(|| malformed("CreationDate"))?;
    let word = |word: Option<&str>, field| word.map(str::to_owned).ok_or_else(|| malformed(field));
    let key = Key {
        created,
        custom_key_store: described.custom_key_store_id().map(str::to_owned),
        description: described.description().unwrap_or_default().to_owned(),
        expires: described.valid_to().and_then(timestamp),
        manager: word(described.key_manager().map(|word| word.as_str()), "KeyManager").map(KeyManager::from)?,
        multi_region: relations(described)?,
        origin: word(described.origin().map(|word| word.as_str()), "Origin")?.into(),
        spec: word(spec(described), "KeySpec")?.into(),
        state: word(described.key_state().map(|word| word.as_str()), "KeyState")?.into(),
        usage: word(described.key_usage().map(|word| word.as_str()), "KeyUsage")?.into(),
        xks_key: described.xks_key_configuration().and_then(|config| config.id()).map(str::to_owned),
    };
    Ok((arn, key))
}

/// Returns a key's spec. Older answers have it under its old name; the oldest, of when all keys were symmetric encryption
/// keys, have neither a spec nor algorithms. Surveys of stand-ins for AWS still meet both.
fn spec(described: &KeyMetadata) -> Option<&str> {
    #[expect(deprecated, reason = "the only name that older answers have")]
    let older = described.customer_master_key_spec().map(|word| word.as_str());
    let is_oldest = described.key_usage() == Some(&KeyUsageType::EncryptDecrypt)
        && described.encryption_algorithms().is_empty()
        && described.multi_region().is_none();
    let oldest = is_oldest.then_some(KeySpec::SymmetricDefault.as_str());
    described.key_spec().map(|word| word.as_str()).or(older).or(oldest)
}

fn relations(described: &KeyMetadata) -> Result<Option<MultiRegion>, Error> {
    if described.multi_region() != Some(true) {
        return Ok(None);
    }
    let malformed = || Error::new(ErrorKind::Unexpected, "the answer has no readable `MultiRegionConfiguration`");
    let config = described.multi_region_configuration().ok_or_else(malformed)?;
    let role = config.multi_region_key_type().ok_or_else(malformed)?.as_str().into();
    let primary = config.primary_key().and_then(|key| key.arn()).ok_or_else(malformed)?.parse()?;
    let replicas = config.replica_keys().iter().map(|key| key.arn().unwrap_or_default().parse());
    Ok(Some(MultiRegion { primary, replicas: replicas.collect::<Result<_, _>>()?, role }))
}

fn material_of(entry: &RotationsListEntry) -> Option<Material> {
    Some(Material {
        description: entry.key_material_description().unwrap_or_default().to_owned(),
        expires: entry.valid_to().and_then(timestamp),
        id: entry.key_material_id()?.to_owned(),
        is_here: entry.import_state() == Some(&ImportState::Imported),
        state: entry.key_material_state()?.as_str().into(),
    })
}

/// Tells the last use, or the field that is not readable. Of a key without one, KMS answers with nothing or with a use that
/// has no members; it may have begun to keep track after the key was made (API reference, GetKeyLastUsage).
fn last_use_of(answer: &GetKeyLastUsageOutput) -> Result<LastUse, &'static str> {
    let since = answer.tracking_start_date().and_then(timestamp).ok_or("TrackingStartDate")?;
    let made = answer.key_creation_date().and_then(timestamp).ok_or("KeyCreationDate")?;
    let last = LastUse::none(since, since <= made);
    match answer.key_last_usage().filter(|usage| **usage != KeyLastUsageData::builder().build()) {
        None => Ok(last),
        Some(usage) => {
            let at = usage.timestamp().and_then(timestamp).ok_or("KeyLastUsage.Timestamp")?;
            Ok(last.used(at, usage.operation().ok_or("KeyLastUsage.Operation")?.as_str()))
        }
    }
}

fn grant_of(entry: &GrantListEntry) -> Option<Grant> {
    let constraints = entry.constraints().map(|constraints| Constraints {
        context_equals: sorted(constraints.encryption_context_equals()),
        context_subset: sorted(constraints.encryption_context_subset()),
        source_arn: constraints.source_arn().map(str::to_owned),
    });
    let own = |principal: Option<&str>| principal.filter(|name| !name.is_empty()).map(str::to_owned);
    let (grantee, service) = (own(entry.grantee_principal()), own(entry.grantee_service_principal()));
    Some(Grant {
        id: entry.grant_id()?.to_owned(),
        name: entry.name().filter(|name| !name.is_empty()).map(str::to_owned),
        terms: GrantTerms {
            constraints: constraints.unwrap_or_default(),
            grantee_is_service: grantee.is_none(),
            grantee: grantee.or(service)?,
            operations: entry.operations().iter().map(|operation| operation.as_str().to_owned()).collect(),
            retiring: own(entry.retiring_principal()),
            retiring_service: own(entry.retiring_service_principal()),
        },
    })
}

fn sorted(pairs: Option<&std::collections::HashMap<String, String>>) -> BTreeMap<String, String> {
    pairs.into_iter().flatten().map(|(name, value)| (name.clone(), value.clone())).collect()
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::DateTime;
    use regionmig_core::Timestamp;

    use super::*;

    /// As KMS answers of a key that was made at 100 s, with its use, if any, at 200 s.
    fn answer(since: Option<i64>, usage: Option<KeyLastUsageData>) -> GetKeyLastUsageOutput {
        let answer = GetKeyLastUsageOutput::builder().key_creation_date(DateTime::from_secs(100));
        answer.set_tracking_start_date(since.map(DateTime::from_secs)).set_key_last_usage(usage).build()
    }

    #[test]
    fn a_last_use_is_told_from_none_and_from_one_that_is_half_told() {
        let second = |second| Timestamp::from_second(second).unwrap();
        let empty = || KeyLastUsageData::builder();
        let used = || empty().operation("Decrypt".into()).timestamp(DateTime::from_secs(200));
        for usage in [None, Some(empty().build())] {
            assert_eq!(last_use_of(&answer(Some(100), usage.clone())), Ok(LastUse::none(second(100), true)));
            assert_eq!(last_use_of(&answer(Some(101), usage)), Ok(LastUse::none(second(101), false)));
        }
        let told = LastUse::none(second(100), true).used(second(200), "Decrypt");
        assert_eq!(last_use_of(&answer(Some(100), Some(used().build()))), Ok(told));
        for (half, field) in [
            (answer(None, None), "TrackingStartDate"),
            (answer(Some(100), Some(used().set_timestamp(None).build())), "KeyLastUsage.Timestamp"),
            (answer(Some(100), Some(used().set_operation(None).build())), "KeyLastUsage.Operation"),
            (answer(Some(100), Some(empty().kms_request_id("r").build())), "KeyLastUsage.Timestamp"),
        ] {
            assert_eq!(last_use_of(&half), Err(field));
        }
    }
}
