//! Replicas of multi-Region keys.

use regionmig_core::Region;
use serde_json::{Value, json};

use super::ask::Ask;
use super::name::{Takes, not_found};
use super::store::{Key, KeyName, after};
use super::{key, policy, tag};
use crate::call::Refusal;
use crate::model::invalid;

/// Answers ReplicateKey, which is asked of the primary, in its region.
///
/// Policy, tags and description are the replica's own: what is left out is the default, never the primary's.
pub(super) fn replicate(ask: &mut Ask<'_, '_>) -> Result<Value, Refusal> {
    let primary = primary(ask)?;
    let region: Region = ask
        .text("ReplicaRegion")
        .unwrap_or_default()
        .parse()
        .map_err(|error| invalid(format!("ReplicaRegion is no region: {error}")))?;
    if region.partition() != primary.end.partition || !(ask.cx.opted_in)(&region) {
        let message = format!("The region {region} is not supported, or not enabled for this account.");
        return Err(Refusal::new("UnsupportedOperationException").message(message));
    }
    let name = primary.in_region(&region);
    if !ask.state.is_gone(&name, ask.cx.now) {
        let message = format!("{} already exists.", name.arn());
        return Err(Refusal::new("AlreadyExistsException").message(message));
    }
    let (policy, tags) = (policy::asked(ask)?, tag::asked(ask)?);
    key::has_room(ask, &name.end)?;
    let answered = json!(*policy);
    let listed: Vec<Value> = tags.iter().map(|(key, value)| json!({ "TagKey": key, "TagValue": value })).collect();
    let description = ask.text("Description").unwrap_or_default().to_owned();
    let ready = after(ask.cx.now, ask.state.timing.replication);
    ask.state.put(&name, Key { description, policy, ready, tags, ..Key::new(&name.end, ask.cx.now) });
    if let Some(family) = ask.state.family_mut(&name) {
        family.members.insert(region);
    }
    ask.cx.touched(name.arn());
    let mut answer = json!({
        "ReplicaKeyMetadata": ask.state.metadata(&name, ask.cx.now),
        "ReplicaPolicy": answered,
    });
    if !listed.is_empty() {
        answer["ReplicaTags"] = json!(listed);
    }
    Ok(answer)
}

/// Finds the key of the request, which must be a primary.
pub(super) fn primary(ask: &mut Ask<'_, '_>) -> Result<KeyName, Refusal> {
    let name = ask.find("KeyId", Takes::Own)?;
    let family = ask.state.family(&name).ok_or_else(|| not_found(&name))?;
    if !family.multi_region || family.primary != name.end.region {
        let message = format!("{} is not a multi-region primary key.", name.arn());
        return Err(Refusal::new("UnsupportedOperationException").message(message));
    }
    ask.customer_key("KeyId", Takes::Own)
}
