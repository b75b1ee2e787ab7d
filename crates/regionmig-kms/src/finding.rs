//! Every finding that this crate can raise.

use std::collections::BTreeSet;

use regionmig_aws::Error;
use regionmig_core::{AliasName, Finding, KeyArn, ResourceId, Severity, chain};

use crate::snapshot::{Key, KeySpec, KeyState, KeyUsage, Rotation};
use crate::step::Part;

/// The codes of this crate's findings.
pub mod code {
    /// A key of the target is taken for the counterpart, since an alias of the key's name points to it. A note.
    pub const ADOPTED: &str = "kms.adopted";
    /// An alias of that name points to another key. A blocker of the alias.
    pub const ALIAS_TAKEN: &str = "kms.alias-taken";
    /// Keys that AWS manages are not moved. A note.
    pub const AWS_MANAGED: &str = "kms.aws-managed";
    /// The counterpart differs in what can never be changed. A blocker of the key.
    pub const COUNTERPART_DIFFERS: &str = "kms.counterpart-differs";
    /// The counterpart is to be deleted. A blocker of the key.
    pub const COUNTERPART_PENDING_DELETION: &str = "kms.counterpart-pending-deletion";
    /// A policy names users or roles that are no more, and KMS takes no such policy. A blocker of the key, or of its
    /// policy.
    pub const DEAD_PRINCIPAL: &str = "kms.dead-principal";
    /// The counterpart is disabled, and so is the key: it takes neither grants nor rotation. A blocker of those.
    pub const DISABLED_COUNTERPART: &str = "kms.disabled-counterpart";
    /// Tags that only AWS or an earlier migration may set were left out. A note.
    pub const DROPPED_TAGS: &str = "kms.dropped-tags";
    /// More than one key is marked as one key's counterpart. An action.
    pub const DUPLICATE_KEY: &str = "kms.duplicate-key";
    /// The counterpart has aliases, grants or tags that the key does not have; they stay. A note, of grants an action.
    pub const EXTRA: &str = "kms.extra";
    /// A grant is for something in the source's region. An action.
    pub const GRANT_NAMES_REGION: &str = "kms.grant-names-region";
    /// Grants get names of their own in the target. A note.
    pub const GRANT_RENAMED: &str = "kms.grant-renamed";
    /// Keys of that kind are not moved yet. A blocker of the key; a note, if it is mapped.
    pub const KIND_NOT_YET: &str = "kms.kind-not-yet";
    /// The custom key store that was named for the copy is not there, or not connected. A blocker of the key.
    pub const KEY_STORE_NOT_CONNECTED: &str = "kms.key-store-not-connected";
    /// Keys that the caller did not select are not moved. A note.
    pub const LEFT_OUT: &str = "kms.left-out";
    /// The key is mapped to one that is not there. A blocker of the key.
    pub const MAPPED_KEY_MISSING: &str = "kms.mapped-key-missing";
    /// The key is mapped to one outside of the target, which was not looked at. A note.
    pub const MAPPED_OUTSIDE: &str = "kms.mapped-outside";
    /// The counterpart has another key pair, so its public key must reach whoever has the old one. An action.
    pub const NEW_KEY_PAIR: &str = "kms.new-key-pair";
    /// The counterpart makes other message authentication codes. An action.
    pub const NEW_MAC_KEY: &str = "kms.new-mac-key";
    /// The counterpart is no multi-Region key, which was wanted, and can never become one. An action.
    pub const NOT_MULTI_REGION: &str = "kms.not-multi-region";
    /// The key has no replica in the target that could become the primary. An action.
    pub const NOT_PROMOTABLE: &str = "kms.not-promotable";
    /// The key is to be deleted, so it is not moved. A note.
    pub const PENDING_DELETION: &str = "kms.pending-deletion";
    /// A policy names the source's region, or its account. An action.
    pub const POLICY_NAMES_REGION: &str = "kms.policy-names-region";
    /// Asked beforehand, KMS says that it would refuse a step. An action.
    pub const PREFLIGHT_REFUSED: &str = "kms.preflight-refused";
    /// A disabled primary cannot be replicated. A blocker of the key.
    pub const PRIMARY_DISABLED: &str = "kms.primary-disabled";
    /// The primary is to be deleted, and such a key cannot be replicated. A blocker of the key.
    pub const PRIMARY_PENDING_DELETION: &str = "kms.primary-pending-deletion";
    /// The replica in the target becomes the primary, as the caller asked. An action.
    pub const PROMOTED: &str = "kms.promoted";
    /// What was encrypted under the key must be encrypted anew. An action.
    pub const REENCRYPT: &str = "kms.reencrypt";
    /// Multi-Region keys cannot be replicated to another account or partition. A blocker of the key.
    pub const REPLICA_OUT_OF_REACH: &str = "kms.replica-out-of-reach";
    /// The caller wants tags added that only AWS or a migration may set. A blocker of everything.
    pub const RESERVED_TAG: &str = "kms.reserved-tag";
    /// The counterpart is a replica, and rotates otherwise; only its primary can say how. An action.
    pub const ROTATION_ELSEWHERE: &str = "kms.rotation-elsewhere";
    /// Grants that AWS services made for themselves are not copied. A note.
    pub const SERVICE_GRANTS: &str = "kms.service-grants";
    /// What AWS services encrypted under multi-Region keys is not opened by their replicas. An action.
    pub const SERVICES_STAY: &str = "kms.services-stay";
    /// Keys that other accounts share with this one were not listed. A note.
    pub const SHARED_NOT_LISTED: &str = "kms.shared-not-listed";
    /// Keys of the target whose tags cannot be read are somebody else's, as the tagging API shows. A note.
    pub const TOLD_BY_TAGGING_API: &str = "kms.told-by-tagging-api";
    /// A description, policy or list of tags is longer than KMS takes. A blocker.
    pub const TOO_LONG: &str = "kms.too-long";
    /// Nobody said which external key is to stand behind the copy. A blocker of the key.
    pub const XKS_KEY_NOT_MAPPED: &str = "kms.xks-key-not-mapped";
}

fn note(code: &str, message: impl Into<String>) -> Finding {
    Finding::new(Severity::Note, code, message)
}

fn action(code: &str, message: impl Into<String>) -> Finding {
    Finding::new(Severity::Action, code, message)
}

fn blocker(code: &str, message: impl Into<String>) -> Finding {
    Finding::new(Severity::Blocker, code, message)
}

/// Joins at most five of many, so that a finding stays a sentence.
fn some<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    match names.len() {
        0..=5 => names.join(", "),
        n => format!("{} and {} more", names[..5].join(", "), n - 5),
    }
}

pub(crate) fn adopted(key: &KeyArn, target: &KeyArn) -> Finding {
    note(code::ADOPTED, format!("{target}, to which an alias of its name points, is taken for its counterpart"))
        .about(key)
}

pub(crate) fn alias_taken(name: &AliasName, taken_by: &KeyArn, wanted: &KeyArn) -> Finding {
    blocker(code::ALIAS_TAKEN, format!("it points to {taken_by} there, and is that of {wanted} here"))
        .about(name)
        .remedy("delete or repoint it in the target if nothing uses it, or map the key to that one; then plan again")
}

pub(crate) fn aws_managed(keys: usize) -> Finding {
    note(code::AWS_MANAGED, format!("keys that AWS manages are not moved: {keys}"))
        .remedy("nothing: AWS makes its own in the target when a service first needs one")
}

pub(crate) fn counterpart_differs(key: &KeyArn, own: &Key, target: &KeyArn, other: &Key) -> Finding {
    let kind = |key: &Key| {
        let role = if key.is_replica() { ", a replica" } else { "" };
        format!("{}, {}, {}{role}", key.spec, key.usage, key.origin)
    };
    let message = format!("it is {}, but its counterpart {target} is {}", kind(own), kind(other));
    blocker(code::COUNTERPART_DIFFERS, message)
        .about(key)
        .remedy("map it to an equal key, or take the tag regionmig:source off that one; then plan again")
}

pub(crate) fn counterpart_doomed(key: &KeyArn, target: &KeyArn) -> Finding {
    blocker(code::COUNTERPART_PENDING_DELETION, format!("its counterpart {target} is to be deleted"))
        .about(key)
        .remedy("cancel that deletion and enable the key, or wait until it is gone; then plan again")
}

pub(crate) fn dead_principal(part: ResourceId, dead: &BTreeSet<String>) -> Finding {
    let dead = some(dead.iter().map(String::as_str));
    blocker(code::DEAD_PRINCIPAL, format!("its policy names what was deleted, and KMS takes no such policy: {dead}"))
        .about(part)
        .remedy("take them out of the source's policy and plan again")
}

pub(crate) fn disabled_counterpart(part: ResourceId, target: &KeyArn) -> Finding {
    blocker(code::DISABLED_COUNTERPART, format!("{target} is disabled, and a disabled key takes none"))
        .about(part)
        .remedy("enable that key and plan again: the plan disables it last")
}

pub(crate) fn dropped_tags(key: &KeyArn, names: &[&str]) -> Finding {
    note(code::DROPPED_TAGS, format!("tags left out, since only AWS or a migration sets them: {}", names.join(", ")))
        .about(key)
}

pub(crate) fn duplicate_key(key: &KeyArn, bound: &KeyArn, others: &[&KeyArn]) -> Finding {
    let others = some(others.iter().map(|arn| arn.as_str()));
    action(code::DUPLICATE_KEY, format!("its counterpart is {bound}, the oldest; so marked are also {others}"))
        .about(key)
        .remedy("if nothing was encrypted under the others, schedule their deletion; else take the tag off them")
}

pub(crate) fn extra(part: ResourceId, target: &KeyArn, names: &[&str]) -> Finding {
    let names = some(names.iter().copied());
    note(code::EXTRA, format!("{target} also has {names}, which stay")).about(part)
}

pub(crate) fn extra_grants(part: ResourceId, target: &KeyArn, names: &[&str]) -> Finding {
    let names = some(names.iter().copied());
    action(code::EXTRA, format!("{target} also has {names}, which stay"))
        .about(part)
        .remedy("revoke them if nobody should have them: the key of the source gives nothing of the kind")
}

pub(crate) fn grants_renamed(part: ResourceId, names: &[&str]) -> Finding {
    let names = some(names.iter().copied());
    note(code::GRANT_RENAMED, format!("grants get names of their own, by which they are made once: {names}"))
        .about(part)
        .remedy("let what retires a grant by its name do so by its id or its terms")
}

pub(crate) fn grant_names_region(grant: ResourceId, grantee: &str) -> Finding {
    action(code::GRANT_NAMES_REGION, format!("this grant to {grantee} is for something in the source's region"))
        .about(grant)
        .remedy("once that has moved, grant the same for its counterpart; the grant is copied as it is")
}

pub(crate) fn key_store_missing(key: &KeyArn, store: &str) -> Finding {
    blocker(
        code::KEY_STORE_NOT_CONNECTED,
        format!("its copy is to be made in the key store {store}, which is not there"),
    )
    .about(key)
    .remedy("name one that is, or create and connect it; then survey again")
}

pub(crate) fn key_store_not_connected(key: &KeyArn, store: &str, connection: &str) -> Finding {
    let message = format!("its copy is to be made in the key store {store}, which is {connection}");
    blocker(code::KEY_STORE_NOT_CONNECTED, message)
        .about(key)
        .remedy("connect it (ConnectCustomKeyStore), which takes some minutes; then survey again")
}

pub(crate) fn xks_key_not_mapped(key: &KeyArn) -> Finding {
    blocker(code::XKS_KEY_NOT_MAPPED, "its material stays in an external key manager, and the copy needs a key there")
        .about(key)
        .remedy("name that key with `Kms::map_xks_key`, then plan again")
}

pub(crate) fn kind_not_yet(key: &KeyArn, own: &Key) -> Finding {
    let store = own.custom_key_store.as_ref().map(|store| format!(" in key store {store}")).unwrap_or_default();
    let message = format!("keys that are {}, {}, {}{store} are not moved yet", own.spec, own.usage, own.origin);
    let remedy = match own.custom_key_store {
        Some(_) => "name a key store of the target with `Kms::map_key_store`; then plan again from a new survey",
        None => "make its counterpart by hand and say so with `Migration::map`, or leave out what needs it",
    };
    blocker(code::KIND_NOT_YET, message).about(key).remedy(remedy)
}

pub(crate) fn kind_left_as_it_is(key: &KeyArn, own: &Key) -> Finding {
    note(code::KIND_NOT_YET, format!("keys that are {}, {} are mapped and no more", own.spec, own.origin)).about(key)
}

pub(crate) fn left_out(keys: usize) -> Finding {
    note(code::LEFT_OUT, format!("keys that were not selected are not moved: {keys}"))
}

pub(crate) fn mapped_key_missing(key: &KeyArn, target: &KeyArn) -> Finding {
    blocker(code::MAPPED_KEY_MISSING, format!("it is mapped to {target}, which is not there"))
        .about(key)
        .remedy("map it to a key that is there, or to none; then plan again")
}

pub(crate) fn mapped_outside(key: &KeyArn, target: &KeyArn) -> Finding {
    note(code::MAPPED_OUTSIDE, format!("it is mapped to {target}, which is not a customer's key of the target"))
        .about(key)
        .remedy("see to that key's policy, grants and aliases by hand")
}

pub(crate) fn not_multi_region(key: &KeyArn, target: &KeyArn) -> Finding {
    action(code::NOT_MULTI_REGION, format!("its counterpart {target} is no multi-Region key, and can never become one"))
        .about(key)
        .remedy(
            "leave it so; or schedule its deletion if nothing was encrypted under it, and plan again once it is gone",
        )
}

pub(crate) fn not_promotable(key: &KeyArn, why: &str) -> Finding {
    action(code::NOT_PROMOTABLE, format!("no replica of it can become the primary: {why}"))
        .about(key)
        .remedy("ask it of multi-Region keys only, and while they are enabled; then plan again")
}

pub(crate) fn pending_deletion(key: &KeyArn) -> Finding {
    note(code::PENDING_DELETION, "it is to be deleted, so it is not moved; what needs it is held")
        .about(key)
        .remedy("cancel its deletion if it is still wanted, then plan again")
}

pub(crate) fn policy_names_region(key: &KeyArn, at: &BTreeSet<String>) -> Finding {
    let at = some(at.iter().map(String::as_str));
    action(code::POLICY_NAMES_REGION, format!("its policy names the source's region or account, at {at}"))
        .about(key)
        .remedy("decide what these parts should say in the target; the policy is carried over as it is")
}

pub(crate) fn preflight_refused(part: ResourceId, error: &Error) -> Finding {
    action(code::PREFLIGHT_REFUSED, format!("it would be refused: {}", chain(error)))
        .about(part)
        .remedy(error.kind().advice())
}

pub(crate) fn primary_disabled(key: &KeyArn, primary: &KeyArn) -> Finding {
    blocker(code::PRIMARY_DISABLED, format!("its primary {primary} is disabled, and KMS replicates none that is"))
        .about(key)
        .remedy("enable the primary until the replica is made, then plan again")
}

pub(crate) fn primary_doomed(key: &KeyArn, primary: &KeyArn) -> Finding {
    blocker(
        code::PRIMARY_PENDING_DELETION,
        format!("its primary {primary} is to be deleted, and KMS replicates no such"),
    )
    .about(key)
    .remedy("cancel that deletion and enable the primary, then plan again")
}

pub(crate) fn promoted(key: &KeyArn, primary: &KeyArn) -> Finding {
    action(code::PROMOTED, format!("its replica takes the place of the primary {primary}, which becomes a replica"))
        .about(key)
        .remedy(
            "apply it while the primary's region answers: later nobody can, and then replicas go on working, but no new ones \
             can be made and rotation cannot be changed",
        )
}

/// Says what follows from the counterpart's having other material, and for whom.
pub(crate) fn other_material(key: &KeyArn, own: &Key) -> Finding {
    let (code, what, remedy) = match (&own.usage, &own.spec) {
        (KeyUsage::EncryptDecrypt, KeySpec::SymmetricDefault) => (
            code::REENCRYPT,
            "its counterpart has other material: what was encrypted under it cannot be read there",
            "decrypt what is needed while the source answers, and encrypt it under the counterpart",
        ),
        (KeyUsage::EncryptDecrypt, _) => (
            code::NEW_KEY_PAIR,
            "its counterpart has another key pair: what was encrypted with its public key cannot be read there",
            "decrypt what is needed while the source answers; give the new public key (GetPublicKey) to whoever encrypts \
             outside of KMS",
        ),
        (KeyUsage::SignVerify, _) => (
            code::NEW_KEY_PAIR,
            "its counterpart has another key pair: what that signs does not verify with the old public key",
            "give the new public key (GetPublicKey) to all who verify: JWKS documents, certificates, trust stores, code \
             signing; leave them the old one for what is signed already",
        ),
        (KeyUsage::GenerateVerifyMac, _) => (
            code::NEW_MAC_KEY,
            "its counterpart has other material: codes that the one made do not verify with the other",
            "have codes and tokens verified with the key that made them, until none of the old ones is left",
        ),
        (KeyUsage::KeyAgreement | KeyUsage::EncapsulateDecapsulate, _) => (
            code::NEW_KEY_PAIR,
            "its counterpart has another key pair: it agrees on other secrets",
            "give the new public key (GetPublicKey) to every peer, and agree anew",
        ),
        (KeyUsage::Other(_), _) => (
            code::NEW_KEY_PAIR,
            "its counterpart has other material: what was made with it is of no use there",
            "find out who relies on it, and have that made anew with the counterpart",
        ),
    };
    action(code, what).about(key).remedy(remedy)
}

pub(crate) fn replica_out_of_reach(key: &KeyArn) -> Finding {
    blocker(code::REPLICA_OUT_OF_REACH, "a multi-Region key has replicas in its own account and partition only")
        .about(key)
        .remedy("make a key in the target, map this one to it, and encrypt anew what is under it")
}

pub(crate) fn reserved_tags(names: &[&str]) -> Finding {
    blocker(
        code::RESERVED_TAG,
        format!("tags that only AWS or a migration sets were to be added: {}", names.join(", ")),
    )
    .remedy("name others with `Kms::add_tag`, then plan again")
}

pub(crate) fn rotation_elsewhere(key: &KeyArn, primary: &KeyArn, own: Rotation, there: Rotation) -> Finding {
    let message =
        format!("its material is rotated {own}, that of its counterpart {there}, as its primary {primary} says");
    action(code::ROTATION_ELSEWHERE, message)
        .about(Part::Rotation.of(key))
        .remedy("set the rotation at that primary, if it should be the same")
}

/// KMS developer guide, "Multi-Region keys in AWS KMS".
// REQ: KMS-2 KMS-3 KMS-4
pub(crate) fn services_stay(keys: usize) -> Finding {
    let message = format!(
        "replicas of multi-Region keys open what clients encrypted, and DynamoDB global tables: {keys}. Other AWS services use \
         keys of their own region only, and take a multi-Region key for a single-Region one"
    );
    action(code::SERVICES_STAY, message)
        .remedy("have each service copy what it holds (snapshots, objects, secrets) to the target, under the key there")
}

pub(crate) fn shared_not_listed() -> Finding {
    note(code::SHARED_NOT_LISTED, "keys that other accounts share with this one are not listed, and not moved")
        .remedy("have the account that owns such a key move it, and share it anew")
}

pub(crate) fn service_grants(key: &KeyArn, grantees: &BTreeSet<&str>) -> Finding {
    let grantees = some(grantees.iter().copied());
    note(code::SERVICE_GRANTS, format!("grants that services made for themselves are not copied: {grantees}"))
        .about(key)
        .remedy("nothing: the service makes its own when its resource uses the key")
}

pub(crate) fn told_by_tagging_api(keys: &[&KeyArn]) -> Finding {
    let keys = some(keys.iter().map(|key| key.as_str()));
    let message = format!(
        "KMS does not tell the tags of these, which the tagging API shows without a mark, so they are no copies: {keys}"
    );
    note(code::TOLD_BY_TAGGING_API, message)
}

pub(crate) fn too_long(part: ResourceId, what: &str, has: usize, most: usize) -> Finding {
    blocker(code::TOO_LONG, format!("{what}: {has}, of which there may be {most} with what marks the copy"))
        .about(part)
        .remedy("shorten it in the source, then plan again")
}

/// Says why a key in a state on the way to another is left alone for now.
pub(crate) fn unsettled(key: &KeyArn, state: &KeyState) -> String {
    format!("{key} is in the state {state}, which passes by itself")
}
