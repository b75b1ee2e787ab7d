//! Replicas asked for, taken away, and let go.

use regionmig_core::Region;
use serde_json::{Value, json};

use super::ask::{Ask, invalid};
use super::event::Event;
use super::secret::{Replica, Status};
use super::store::{SecretName, after};
use crate::call::Refusal;

/// Replicas that are asked for, each with its region and key.
pub(super) type Wanted = Vec<(Region, Option<String>)>;

/// Answers ReplicateSecretToRegions, before anything is there.
pub(super) fn replicate(ask: &mut Ask<'_, '_, '_>) -> Result<Value, Refusal> {
    let name = ask.customers()?;
    let wanted = asked(ask, &name)?;
    let secret = ask.held(&name)?;
    if let Some((region, _)) = wanted.iter().find(|(region, _)| secret.replicas.contains_key(region)) {
        return Err(invalid(format!("Secret is already replicated to region {region}.")));
    }
    let first = wanted.first().map(|(region, _)| secret.arn(&name.in_region(region)));
    begin(ask, &name, wanted);
    ask.cx.touched(first.unwrap_or_default());
    status(ask, &name)
}

/// Reads and checks the `AddReplicaRegions` of a request.
pub(super) fn asked(ask: &Ask<'_, '_, '_>, name: &SecretName) -> Result<Wanted, Refusal> {
    let mut wanted = Wanted::new();
    for entry in ask.list("AddReplicaRegions") {
        let region: Option<Region> = entry["Region"].as_str().and_then(|region| region.parse().ok());
        let region = region.filter(|region| {
            let is_near = region.partition() == name.end.partition && *region != name.end.region;
            is_near && (ask.cx.opted_in)(region) && wanted.iter().all(|(other, _)| other != region)
        });
        let region = region.ok_or_else(|| invalid("Invalid replica region."))?;
        let key = entry["KmsKeyId"].as_str().filter(|key| !key.is_empty()).map(str::to_owned);
        wanted.push((region, key));
    }
    Ok(wanted)
}

/// Lets replicas begin their way.
pub(super) fn begin(ask: &mut Ask<'_, '_, '_>, name: &SecretName, wanted: Wanted) {
    let due = after(ask.cx.now, ask.state.secrets.timing.replication);
    let overwrites = ask.flag("ForceOverwriteReplicaSecret");
    for (region, key) in wanted {
        ask.state.secrets.agenda.insert((due, Event::Reach { primary: name.clone(), region: region.clone() }));
        let replica = Replica { due: Some(due), key, overwrites, status: Status::InProgress };
        if let Some(secret) = ask.state.secrets.get_mut(name) {
            secret.replicas.insert(region, replica);
        }
    }
}

/// Answers RemoveRegionsFromReplication: the replicas are gone at once, without a window.
pub(super) fn remove(ask: &mut Ask<'_, '_, '_>) -> Result<Value, Refusal> {
    let name = ask.primary()?;
    let secret = ask.held(&name)?.clone();
    let regions = ask.list("RemoveReplicaRegions").iter().filter_map(Value::as_str);
    let regions: Vec<Region> = regions.filter_map(|region| region.parse().ok()).collect();
    if let Some(region) = regions.iter().find(|region| !secret.replicas.contains_key(*region)) {
        return Err(invalid(format!("Secret is not replicated to region {region}.")));
    }
    for region in &regions {
        let there = name.in_region(region);
        let is_ours = ask.state.secrets.get(&there).is_some_and(|there| there.is_replica_of(&name, &secret));
        if is_ours {
            ask.state.secrets.remove(&there);
        }
    }
    let first = regions.first().map(|region| secret.arn(&name.in_region(region)));
    if let Some(secret) = ask.state.secrets.get_mut(&name) {
        secret.replicas.retain(|region, _| !regions.contains(region));
    }
    ask.cx.touched(first.unwrap_or_default());
    status(ask, &name)
}

/// Answers StopReplicationToReplica, asked in the replica's region: the primary does not know it any more.
pub(super) fn stop(ask: &mut Ask<'_, '_, '_>) -> Result<Value, Refusal> {
    let name = ask.live()?;
    let secret = ask.held(&name)?;
    let arn = secret.arn(&name);
    let Some(primary) = secret.primary.as_ref().map(|region| name.in_region(region)) else {
        return Err(invalid(
            "Operation only permitted on a replica secret. Call must be made in the replica's region.",
        ));
    };
    let is_ours = ask.state.secrets.get(&primary).is_some_and(|primary| primary.suffix == secret.suffix);
    if let Some(secret) = ask.state.secrets.get_mut(&name) {
        secret.primary = None;
    }
    if let Some(primary) = ask.state.secrets.get_mut(&primary).filter(|_| is_ours) {
        primary.replicas.remove(&name.end.region);
    }
    ask.cx.touched(arn.clone());
    Ok(json!({ "ARN": arn }))
}

fn status(ask: &Ask<'_, '_, '_>, name: &SecretName) -> Result<Value, Refusal> {
    let secret = ask.held(name)?;
    Ok(json!({ "ARN": secret.arn(name), "ReplicationStatus": secret.replication() }))
}
