//! What a person should know.

use std::collections::BTreeSet;

use regionmig_core::rewrite::{Excess, RewriteError};
use regionmig_core::{Finding, Region, ResourceId, SecretArn};

use crate::snapshot::{Replica, Versions};
use crate::step::Part;

/// The codes of this crate's findings.
pub mod code {
    /// Both sides of a secret were changed since its replica began to stand alone. A blocker of the secret.
    pub const CHANGED_ON_BOTH_SIDES: &str = "secrets.changed-on-both-sides";
    /// The counterpart is to be deleted. A blocker of the secret.
    pub const COUNTERPART_PENDING_DELETION: &str = "secrets.counterpart-pending-deletion";
    /// The source has a newer value than the counterpart, which stands alone. An action.
    pub const COUNTERPART_BEHIND: &str = "secrets.counterpart-behind";
    /// Tags that only AWS or a migration sets are left out. A note.
    pub const DROPPED_TAGS: &str = "secrets.dropped-tags";
    /// Other accounts may read the secret, and cannot under the default key. An action.
    pub const DEFAULT_KEY_NOT_SHARED: &str = "secrets.default-key-not-shared";
    /// What was written to the original meanwhile is replaced by what the promoted secret has, as a person decided. An action.
    pub const ORIGINAL_REPLACED: &str = "secrets.original-replaced";
    /// The counterpart has tags, or a policy, that the source has not. A note.
    pub const EXTRA: &str = "secrets.extra";
    /// The key of the secret is named in a way that this version does not know. A blocker of the secret.
    pub const KEY_NOT_UNDERSTOOD: &str = "secrets.key-not-understood";
    /// A found secret has a policy of its own, and the source's has none: nothing is written to it. A blocker.
    pub const FOREIGN_POLICY: &str = "secrets.foreign-policy";
    /// What is to be replaced is a primary, whose replicas would be left without one. A blocker of the secret.
    pub const HAS_REPLICAS: &str = "secrets.has-replicas";
    /// Secrets that the caller did not select are not moved. A note.
    pub const LEFT_OUT: &str = "secrets.left-out";
    /// A service manages the secret, and makes its own in the target. An action.
    pub const MANAGED: &str = "secrets.managed";
    /// The secret is mapped to one that is not there. A blocker of the secret.
    pub const MAPPED_SECRET_MISSING: &str = "secrets.mapped-secret-missing";
    /// Another secret has the name in the target. A blocker of the secret.
    pub const NAME_TAKEN: &str = "secrets.name-taken";
    /// Nobody said, and no journal tells, what it came from: it takes no part in the way back. A note.
    pub const NOT_MOVED_BEFORE: &str = "secrets.not-moved-before";
    /// Nothing can be replicated between the two ends, and nobody let values be copied. A blocker of the secret.
    pub const NOT_REPLICABLE: &str = "secrets.not-replicable";
    /// The original of a promoted secret is no more. A blocker of the secret.
    pub const ORIGINAL_GONE: &str = "secrets.original-gone";
    /// The original was changed and the promoted secret was not: it stays as it is. A note.
    pub const ORIGINAL_NEWER: &str = "secrets.original-newer";
    /// A replica of the same name has its primary in another region than the secret's. A blocker of the secret.
    pub const OTHER_PRIMARY: &str = "secrets.other-primary";
    /// What a plan destroys: a secret, with its versions. An action.
    pub const OVERWRITTEN: &str = "secrets.overwritten";
    /// The secret is to be deleted, so it is not moved. A note.
    pub const PENDING_DELETION: &str = "secrets.pending-deletion";
    /// A policy could not be taken apart, and stays as it came. An action.
    pub const POLICY_NOT_UNDERSTOOD: &str = "secrets.policy-not-understood";
    /// A policy would be longer than Secrets Manager takes. A blocker of it.
    pub const POLICY_TOO_LONG: &str = "secrets.policy-too-long";
    /// A linked replica has its primary's policy, which names the source's region. An action.
    pub const POLICY_OF_PRIMARY: &str = "secrets.policy-of-primary";
    /// The primary of the secret is in the target. A note.
    pub const PRIMARY_IN_TARGET: &str = "secrets.primary-in-target";
    /// A replica is not in step with its primary. An action.
    pub const REPLICA_FAILED: &str = "secrets.replica-failed";
    /// Once promoted, the replica does not get what is changed in the source. An action.
    pub const PROMOTED: &str = "secrets.promoted";
    /// A rotation is under way: the secret is left alone until it has ended. An action, or a blocker where values are copied.
    pub const ROTATING: &str = "secrets.rotating";
    /// Nobody said which function rotates the secret in the target. A blocker of its rotation.
    pub const ROTATION_NOT_MAPPED: &str = "secrets.rotation-not-mapped";
    /// A secret has more tags than leave room for the marks. A blocker of the secret.
    pub const TOO_MANY_TAGS: &str = "secrets.too-many-tags";
    /// How the source rotates the secret could not be read. An action.
    pub const ROTATION_NOT_KNOWN: &str = "secrets.rotation-not-known";
    /// What would be replaced has versions that are nowhere else. A blocker of the secret.
    pub const ONLY_THERE: &str = "secrets.only-there";
    /// The promoted secret is still linked to its original, which has all. A note.
    pub const STILL_LINKED: &str = "secrets.still-linked";
    /// Hosts and ARNs inside of values are not changed. An action.
    pub const VALUES_STAY: &str = "secrets.values-stay";
    /// The secret was never given a value. A note.
    pub const WITHOUT_VALUE: &str = "secrets.without-value";
}

/// Names versions with their stages, the current one first.
pub(crate) fn listed(versions: &Versions) -> String {
    let mut versions: Vec<_> = versions.iter().collect();
    versions.sort_by_key(|(_, stages)| !stages.contains(crate::snapshot::CURRENT));
    let named = versions.into_iter().map(|(id, stages)| {
        let stages: Vec<&str> = stages.iter().map(String::as_str).collect();
        format!("{id} {}", stages.join("+"))
    });
    let named: Vec<String> = named.collect();
    if named.is_empty() { "no versions".to_owned() } else { named.join(", ") }
}

pub(crate) fn changed_on_both_sides(secret: &SecretArn, original: &SecretArn) -> Finding {
    let message = format!("its value was changed since it was promoted, and so was that of {original}");
    Finding::blocker(code::CHANGED_ON_BOTH_SIDES, message)
        .about(secret)
        .remedy("look at both values, decide with `Secrets::keep` which counts, and plan again: the other is lost")
}

pub(crate) fn counterpart_behind(secret: &SecretArn, target: &SecretArn) -> Finding {
    Finding::action(code::COUNTERPART_BEHIND, format!("its value is newer than that of {target}, which stands alone"))
        .about(secret)
        .remedy("write the value there if it should have it: nothing that stands alone is written to unasked")
}

pub(crate) fn counterpart_doomed(secret: &SecretArn, target: &SecretArn) -> Finding {
    Finding::blocker(
        code::COUNTERPART_PENDING_DELETION,
        format!("{target} is to be deleted, and keeps the name until then"),
    )
    .about(secret)
    .remedy("restore it (RestoreSecret), or wait until it is gone; then plan again")
}

pub(crate) fn default_key_not_shared(secret: &SecretArn) -> Finding {
    let message = "its policy lets other accounts read it, and nobody of another account can under aws/secretsmanager";
    Finding::action(code::DEFAULT_KEY_NOT_SHARED, message)
        .about(secret)
        .remedy("plan without `Secrets::under_default_key`, so that a customer's key encrypts it")
}

pub(crate) fn dropped_tags(secret: &SecretArn, names: &[&str]) -> Finding {
    Finding::note(
        code::DROPPED_TAGS,
        format!("tags left out, since only AWS or a migration sets them: {}", names.join(", ")),
    )
    .about(secret)
}

pub(crate) fn extra(part: ResourceId, target: &SecretArn, what: &str) -> Finding {
    Finding::note(code::EXTRA, format!("{target} also has {what}, which stays")).about(part)
}

pub(crate) fn foreign_policy(secret: &SecretArn, target: &SecretArn) -> Finding {
    let message =
        format!("{target} has a policy, and the source's secret has none: who may read it was not decided here");
    Finding::blocker(code::FOREIGN_POLICY, message).about(secret).remedy(
        "look at that policy and at who made the secret; take the policy away, or map the secret; then plan again",
    )
}

pub(crate) fn has_replicas(secret: &SecretArn, lost: &SecretArn, regions: &str) -> Finding {
    Finding::blocker(code::HAS_REPLICAS, format!("{lost} has replicas of its own, in {regions}"))
        .about(secret)
        .remedy("take them off its list (RemoveRegionsFromReplication), or promote them; then plan again")
}

pub(crate) fn not_moved_before(secret: &SecretArn) -> Finding {
    Finding::note(code::NOT_MOVED_BEFORE, "it is not in the map of what was moved, so it takes no part in the way back")
        .about(secret)
        .remedy("if it stands for one of the other region, say so with `Migration::map`")
}

pub(crate) fn only_there(secret: &SecretArn, lost: &SecretArn, versions: &str) -> Finding {
    Finding::blocker(code::ONLY_THERE, format!("{lost} has versions that are nowhere else: {versions}"))
        .about(secret)
        .remedy(
            "write them where they should be, or take their stages away; on the way back `Secrets::keep` says which side              counts; then plan again",
        )
}

pub(crate) fn too_many_tags(secret: &SecretArn, tags: usize) -> Finding {
    let message = format!("it has {tags} tags, and with the two that mark a copy Secrets Manager takes 50");
    Finding::blocker(code::TOO_MANY_TAGS, message).about(secret).remedy("take tags off it, then plan again")
}

pub(crate) fn key_not_understood(secret: &SecretArn, key: &str) -> Finding {
    Finding::blocker(
        code::KEY_NOT_UNDERSTOOD,
        format!("it is encrypted under `{key}`, which is no key's ARN, id or alias"),
    )
    .about(secret)
    .remedy("name its key by ARN (UpdateSecret), or use `Secrets::under_default_key`; then plan again")
}

pub(crate) fn left_out(secrets: usize) -> Finding {
    Finding::note(code::LEFT_OUT, format!("secrets that were not selected are not moved: {secrets}"))
}

pub(crate) fn managed(secret: &SecretArn, owner: &str) -> Finding {
    Finding::action(code::MANAGED, format!("{owner} manages it, and such a secret cannot be replicated"))
        .about(secret)
        .remedy(remedy_of(owner))
}

/// What has a service make its secret in another region (Secrets Manager user guide, "Secrets managed by other services").
// REQ: SM-7
fn remedy_of(owner: &str) -> String {
    let way = match owner {
        "rds" => "make the database or its replica in the target with ManageMasterUserPassword",
        "redshift" => "restore the cluster in the target with ManageMasterPassword",
        "docdb" => "make the cluster in the target with ManageMasterUserPassword",
        "appflow" => "make the connector profile again in the target",
        "databrew" => "store the passphrase for the recipe step anew in the target",
        "datasync" => "make the location again in the target",
        "directconnect" => "associate the MACsec key again in the target",
        "ecs-sc" => "make the Service Connect namespace again in the target: the secret holds its TLS material",
        "events" => "make the connection again in the target (CreateConnection)",
        "marketplacedeployment" => "launch the product again in the target",
        "opsworks-cm" => "restore the server in the target from a backup",
        "pcs" => "make the cluster again in the target",
        "sqlworkbench" => "store the connection again in query editor v2 of the target",
        _ => "have that service make what the secret belongs to in the target: it makes a secret of its own",
    };
    way.to_owned()
}

pub(crate) fn mapped_secret_missing(secret: &SecretArn, target: &SecretArn) -> Finding {
    Finding::blocker(code::MAPPED_SECRET_MISSING, format!("it is mapped to {target}, which is not there"))
        .about(secret)
        .remedy("mend the map, then plan again")
}

pub(crate) fn name_taken(secret: &SecretArn, by: &SecretArn) -> Finding {
    Finding::blocker(code::NAME_TAKEN, format!("{by}, which did not come from it, has its name there")).about(secret).remedy(
        "map the secret to that one if it stands for it, or allow it to be replaced with `Secrets::overwrite`, which \
             destroys it; then plan again",
    )
}

pub(crate) fn not_replicable(secret: &SecretArn) -> Finding {
    Finding::blocker(code::NOT_REPLICABLE, "Secrets Manager replicates nothing to another account or partition")
        .about(secret)
        .remedy("let its value be read and written with `Secrets::copy_values`, or make it in the target yourself")
}

pub(crate) fn original_gone(secret: &SecretArn) -> Finding {
    Finding::blocker(code::ORIGINAL_GONE, "its original is not there any more, so there is nothing to go back to")
        .about(secret)
        .remedy("move it as a new migration the other way round, with `Mode::ReplicateAndPromote`")
}

pub(crate) fn original_is_replica(secret: &SecretArn, original: &SecretArn) -> Finding {
    Finding::blocker(code::PRIMARY_IN_TARGET, format!("{original} is a replica by now, and cannot be written to"))
        .about(secret)
        .remedy("promote it as a new migration the other way round, with `Mode::ReplicateAndPromote`")
}

pub(crate) fn original_newer(secret: &SecretArn, original: &SecretArn) -> Finding {
    Finding::note(code::ORIGINAL_NEWER, format!("{original} was changed since, and it was not: that value stays"))
        .about(secret)
}

pub(crate) fn original_replaced(secret: &SecretArn, original: &SecretArn, versions: &Versions) -> Finding {
    Finding::action(code::ORIGINAL_REPLACED, format!("{original} is given its value, in place of {}", listed(versions)))
        .about(secret)
        .remedy("read what the original has before it is lost: a version without a stage can be gone at any time")
}

pub(crate) fn other_primary(secret: &SecretArn, target: &SecretArn, region: &Region) -> Finding {
    Finding::blocker(code::OTHER_PRIMARY, format!("{target} is a replica of another secret, in {region}"))
        .about(secret)
        .remedy("take it off that primary's list (RemoveRegionsFromReplication) if nothing uses it; then plan again")
}

pub(crate) fn overwritten(secret: &SecretArn, lost: &SecretArn, versions: &Versions) -> Finding {
    let what = if secret == lost { "it".to_owned() } else { lost.to_string() };
    Finding::action(code::OVERWRITTEN, format!("{what} is destroyed, with {}", listed(versions)))
        .about(secret)
        .remedy("be sure that nobody needs them: there is no way back")
}

pub(crate) fn pending_deletion(secret: &SecretArn) -> Finding {
    Finding::note(code::PENDING_DELETION, "it is to be deleted, so it is not moved")
        .about(secret)
        .remedy("restore it (RestoreSecret) and plan again, if it is needed")
}

pub(crate) fn policy_not_understood(secret: &SecretArn, error: &RewriteError) -> Finding {
    Finding::action(code::POLICY_NOT_UNDERSTOOD, format!("its policy stays as it is: {error}"))
        .about(Part::Policy.of(secret))
        .remedy("look at it, and set in the target what it should say")
}

pub(crate) fn policy_of_primary(secret: &SecretArn, named: usize) -> Finding {
    let message = format!("its replica has the same policy, which names the source's region or what is there: {named}");
    Finding::action(code::POLICY_OF_PRIMARY, message).about(Part::Policy.of(secret)).remedy(
        "let the policy name both regions, or promote the replica with `Mode::ReplicateAndPromote`: it then gets a policy \
         of its own",
    )
}

pub(crate) fn policy_too_long(secret: &SecretArn, excess: &Excess) -> Finding {
    Finding::blocker(code::POLICY_TOO_LONG, excess.to_string())
        .about(Part::Policy.of(secret))
        .remedy("shorten it in the source, then plan again")
}

pub(crate) fn primary_in_target(secret: &SecretArn, target: &SecretArn) -> Finding {
    Finding::note(code::PRIMARY_IN_TARGET, format!("it is a replica of {target}, which is in the target already"))
        .about(secret)
}

pub(crate) fn promoted(secret: &SecretArn) -> Finding {
    Finding::action(
        code::PROMOTED,
        "once it stands alone, what is written to the source's secret does not reach it any more",
    )
    .about(secret)
    .remedy("have whoever writes it write to the target from then on")
}

pub(crate) fn replica_failed(secret: &SecretArn, region: &Region, replica: &Replica) -> Finding {
    let why = replica.message.as_deref().unwrap_or("Secrets Manager does not say why");
    Finding::action(code::REPLICA_FAILED, format!("its replica in {region} is not in step: {why}"))
        .about(secret)
        .remedy("mend what it says (a name that is taken, a key that cannot be used), then plan again")
}

pub(crate) fn rotating(secret: &SecretArn) -> Finding {
    Finding::action(code::ROTATING, "a rotation is under way: the plan waits until it has ended")
        .about(secret)
        .remedy("look at it if it does not end: the function that rotates it may have failed")
}

pub(crate) fn rotating_copy(secret: &SecretArn) -> Finding {
    Finding::blocker(code::ROTATING, "a rotation is under way, and half of one cannot be copied")
        .about(secret)
        .remedy("plan again when it has ended")
}

pub(crate) fn rotation_not_mapped(secret: &SecretArn, function: &str) -> Finding {
    Finding::blocker(
        code::ROTATION_NOT_MAPPED,
        format!("{function} rotates it, and a function works in its own region only"),
    )
    .about(Part::Rotation.of(secret))
    .remedy(
        "deploy the function in the target, let secretsmanager.amazonaws.com invoke it, name it with \
             `Secrets::map_rotation_function`, and plan again",
    )
}

pub(crate) fn rotation_not_known(secret: &SecretArn) -> Finding {
    Finding::action(code::ROTATION_NOT_KNOWN, "the source does not tell how it is rotated")
        .about(Part::Rotation.of(secret))
        .remedy("set its rotation in the target by hand, or plan again when the source answers")
}

pub(crate) fn still_linked(secret: &SecretArn, original: &SecretArn) -> Finding {
    Finding::note(code::STILL_LINKED, format!("it is a replica of {original}, which has all that it has")).about(secret)
}

pub(crate) fn values_stay(secrets: usize) -> Finding {
    Finding::action(
        code::VALUES_STAY,
        format!("what the values of {secrets} secrets say stays as it is: hosts, ARNs, cluster names"),
    )
    .remedy(
        "change in the target what names the source's region, once the secrets stand alone; values are not looked into",
    )
}

pub(crate) fn without_value(secret: &SecretArn) -> Finding {
    Finding::note(code::WITHOUT_VALUE, "it was never given a value, and neither is its counterpart").about(secret)
}

pub(crate) fn sorted<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: BTreeSet<&str> = names.into_iter().collect();
    names.into_iter().collect::<Vec<_>>().join(", ")
}
