//! Every finding that this crate can raise.

use std::collections::BTreeSet;

use regionmig_aws::Error;
use regionmig_core::code::UNRESOLVED;
use regionmig_core::rewrite::{Excess, Lack, RewriteError, Rewritten};
use regionmig_core::{AliasName, Finding, Gap, KeyArn, Partition, ResourceId, Timestamp, chain};

use crate::plan::Room;
use crate::snapshot::{Key, KeySpec, KeyState, KeyUsage, LastUse, Rotation};
use crate::step::Part;

/// The codes of this crate's findings.
pub mod code {
    /// A key of the target is taken for the counterpart, since an alias of the key's name points to it. A note.
    pub const ADOPTED: &str = "kms.adopted";
    /// An alias has another name in the target than in the source. A note.
    pub const ALIAS_RENAMED: &str = "kms.alias-renamed";
    /// An alias of that name points to another key. A blocker of the alias.
    pub const ALIAS_TAKEN: &str = "kms.alias-taken";
    /// Keys that AWS manages are not moved. A note.
    pub const AWS_MANAGED: &str = "kms.aws-managed";
    /// The counterpart differs in what can never be changed. A blocker of the key.
    pub const COUNTERPART_DIFFERS: &str = "kms.counterpart-differs";
    /// The counterpart waits for imported material, which the key does not have. A blocker of the key.
    pub const COUNTERPART_LACKS_MATERIAL: &str = "kms.counterpart-lacks-material";
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
    /// KMS deletes the imported material of the counterpart at another time. An action.
    pub const EXPIRY_DIFFERS: &str = "kms.expiry-differs";
    /// The counterpart has aliases, grants or tags that the key does not have; they stay. A note, of grants an action.
    pub const EXTRA: &str = "kms.extra";
    /// A grant is to somebody whose name has the source's region, or account. An action.
    pub const GRANT_NAMES_REGION: &str = "kms.grant-names-region";
    /// Grants get names of their own in the target. A note.
    pub const GRANT_RENAMED: &str = "kms.grant-renamed";
    /// The counterpart has no material, and takes no grants until it has. A blocker of those.
    pub const EMPTY_COUNTERPART: &str = "kms.empty-counterpart";
    /// The custom key store that was named for the copy is not there, or not connected. A blocker of the key.
    pub const KEY_STORE_NOT_CONNECTED: &str = "kms.key-store-not-connected";
    /// The custom key store that was named for the copy holds keys of another origin. A blocker of the key.
    pub const KEY_STORE_OF_OTHER_KIND: &str = "kms.key-store-of-other-kind";
    /// The key is in a custom key store for which nobody named one of the target. A blocker of the key.
    pub const KEY_STORE_NOT_MAPPED: &str = "kms.key-store-not-mapped";
    /// The key's material comes from where this version knows nothing of. A blocker of the key.
    pub const KIND_NOT_KNOWN: &str = "kms.kind-not-known";
    /// When the key was last used, or that no use is known. A note.
    pub const LAST_USE: &str = "kms.last-use";
    /// Keys that the caller did not select are not moved. A note.
    pub const LEFT_OUT: &str = "kms.left-out";
    /// The key is mapped to one that is not there. A blocker of the key.
    pub const MAPPED_KEY_MISSING: &str = "kms.mapped-key-missing";
    /// The key is mapped to one outside of the target, which was not looked at. A note.
    pub const MAPPED_OUTSIDE: &str = "kms.mapped-outside";
    /// KMS will delete imported material, at both ends. An action.
    pub const MATERIAL_EXPIRES: &str = "kms.material-expires";
    /// The counterpart had material before, and takes no other. An action.
    pub const MATERIAL_TIED: &str = "kms.material-tied";
    /// Nobody brings the material of the counterpart, which waits for it. An action.
    pub const MATERIAL_WANTED: &str = "kms.material-wanted";
    /// Of several imported materials, only the current one gets to the counterpart. A note.
    pub const MATERIALS_LEFT: &str = "kms.materials-left";
    /// An option names keys or aliases that the source does not have. An action.
    pub const NAME_NOT_FOUND: &str = "kms.name-not-found";
    /// What the keys that are made cost by the month. A note.
    pub const MONTHLY_COST: &str = "kms.monthly-cost";
    /// The name that an alias was to get instead of its own cannot be had. A blocker of the alias.
    pub const NEW_ALIAS_UNUSABLE: &str = "kms.new-alias-unusable";
    /// The counterpart has another key pair, so its public key must reach whoever has the old one. An action.
    pub const NEW_KEY_PAIR: &str = "kms.new-key-pair";
    /// The counterpart makes other message authentication codes. An action.
    pub const NEW_MAC_KEY: &str = "kms.new-mac-key";
    /// The key lacks its imported material, and so does the counterpart. An action.
    pub const NO_MATERIAL: &str = "kms.no-material";
    /// The counterpart is no multi-Region key, which was wanted, and can never become one. An action.
    pub const NOT_MULTI_REGION: &str = "kms.not-multi-region";
    /// The key has no replica in the target that could become the primary. An action.
    pub const NOT_PROMOTABLE: &str = "kms.not-promotable";
    /// The key is to be deleted, so it is not moved. A note.
    pub const PENDING_DELETION: &str = "kms.pending-deletion";
    /// A policy names keys that are made after its own, or that itself, and is completed once they are there. A note.
    pub const POLICY_COMPLETED: &str = "kms.policy-completed";
    /// A policy could not be taken apart, and is carried over as it is. An action.
    pub const POLICY_NOT_UNDERSTOOD: &str = "kms.policy-not-understood";
    /// Asked beforehand, KMS says that it would refuse a step. An action.
    pub const PREFLIGHT_REFUSED: &str = "kms.preflight-refused";
    /// A disabled primary cannot be replicated. A blocker of the key.
    pub const PRIMARY_DISABLED: &str = "kms.primary-disabled";
    /// The primary lacks its imported material, and such a key cannot be replicated. A blocker of the key.
    pub const PRIMARY_LACKS_MATERIAL: &str = "kms.primary-lacks-material";
    /// The primary is to be deleted, and such a key cannot be replicated. A blocker of the key.
    pub const PRIMARY_PENDING_DELETION: &str = "kms.primary-pending-deletion";
    /// The replica in the target becomes the primary, as the caller asked. An action.
    pub const PROMOTED: &str = "kms.promoted";
    /// With what the plan makes the target has more than KMS allows by default. An action.
    pub const QUOTA: &str = "kms.quota";
    /// What was encrypted under the key must be encrypted anew. An action.
    pub const REENCRYPT: &str = "kms.reencrypt";
    /// Multi-Region keys cannot be replicated to another account or partition. A blocker of the key.
    pub const REPLICA_OUT_OF_REACH: &str = "kms.replica-out-of-reach";
    /// The caller wants tags added that only AWS or a migration may set. A blocker of everything.
    pub const RESERVED_TAG: &str = "kms.reserved-tag";
    /// The counterpart is a replica, and rotates otherwise; only its primary can say how. An action.
    pub const ROTATION_ELSEWHERE: &str = "kms.rotation-elsewhere";
    /// The counterpart gets the same imported material, so that what the one makes is good for the other. A note.
    pub const SAME_MATERIAL: &str = "kms.same-material";
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
    /// The key's policy or grants let AWS services use it; what they hold must get to the target, under the counterpart. An
    /// action.
    pub const USED_BY_SERVICES: &str = "kms.used-by-services";
    /// The external key that was named for the copy stands behind another key, or is to. A blocker of the key.
    pub const XKS_KEY_IN_USE: &str = "kms.xks-key-in-use";
    /// Nobody said which external key is to stand behind the copy. A blocker of the key.
    pub const XKS_KEY_NOT_MAPPED: &str = "kms.xks-key-not-mapped";
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
    Finding::note(
        code::ADOPTED,
        format!("{target}, to which an alias of its name points, is taken for its counterpart"),
    )
    .about(key)
}

pub(crate) fn alias_renamed(name: &AliasName, new: &AliasName) -> Finding {
    Finding::note(
        code::ALIAS_RENAMED,
        format!("in the target it is {new}: there, its own name does not stand for its key"),
    )
    .about(name)
    .remedy(
        "have whoever names the key by it ask for the new name in the target: code, configuration, and policies with \
         kms:RequestAlias or kms:ResourceAliases",
    )
}

pub(crate) fn alias_taken(name: &AliasName, taken_by: &KeyArn, wanted: &KeyArn) -> Finding {
    Finding::blocker(code::ALIAS_TAKEN, format!("it points to {taken_by} there, and is that of {wanted} here"))
        .about(name)
        .remedy("delete or repoint it in the target if nothing uses it, or map the key to that one; then plan again")
}

pub(crate) fn aws_managed(keys: usize) -> Finding {
    Finding::note(code::AWS_MANAGED, format!("keys that AWS manages are not moved: {keys}"))
        .remedy("nothing: AWS makes its own in the target when a service first needs one")
}

pub(crate) fn counterpart_differs(key: &KeyArn, own: &Key, target: &KeyArn, other: &Key) -> Finding {
    let kind = |key: &Key| {
        let role = if key.is_replica() { ", a replica" } else { "" };
        format!("{}, {}, {}{role}", key.spec, key.usage, key.origin)
    };
    let message = format!("it is {}, but its counterpart {target} is {}", kind(own), kind(other));
    Finding::blocker(code::COUNTERPART_DIFFERS, message)
        .about(key)
        .remedy("map it to an equal key, or take the tag regionmig:source off that one; then plan again")
}

pub(crate) fn counterpart_lacks_material(key: &KeyArn, target: &KeyArn) -> Finding {
    let message = format!("its counterpart {target} waits for imported material, and is of no use until it has that");
    Finding::blocker(code::COUNTERPART_LACKS_MATERIAL, message)
        .about(key)
        .remedy("import it, or map the key to another one; then plan again")
}

pub(crate) fn counterpart_doomed(key: &KeyArn, target: &KeyArn) -> Finding {
    Finding::blocker(code::COUNTERPART_PENDING_DELETION, format!("its counterpart {target} is to be deleted"))
        .about(key)
        .remedy("cancel that deletion and enable the key, or wait until it is gone; then plan again")
}

pub(crate) fn dead_principal(part: ResourceId, dead: &BTreeSet<String>) -> Finding {
    let dead = some(dead.iter().map(String::as_str));
    Finding::blocker(
        code::DEAD_PRINCIPAL,
        format!("its policy names what was deleted, and KMS takes no such policy: {dead}"),
    )
    .about(part)
    .remedy("take them out of the source's policy and plan again")
}

pub(crate) fn disabled_counterpart(part: ResourceId, target: &KeyArn) -> Finding {
    Finding::blocker(code::DISABLED_COUNTERPART, format!("{target} is disabled, and a disabled key takes none"))
        .about(part)
        .remedy("enable that key and plan again: the plan disables it last")
}

pub(crate) fn dropped_tags(key: &KeyArn, names: &[&str]) -> Finding {
    Finding::note(
        code::DROPPED_TAGS,
        format!("tags left out, since only AWS or a migration sets them: {}", names.join(", ")),
    )
    .about(key)
}

pub(crate) fn duplicate_key(key: &KeyArn, bound: &KeyArn, others: &[&KeyArn]) -> Finding {
    let others = some(others.iter().map(|arn| arn.as_str()));
    Finding::action(code::DUPLICATE_KEY, format!("its counterpart is {bound}, the oldest; so marked are also {others}"))
        .about(key)
        .remedy("if nothing was encrypted under the others, schedule their deletion; else take the tag off them")
}

pub(crate) fn empty_counterpart(part: ResourceId) -> Finding {
    Finding::blocker(
        code::EMPTY_COUNTERPART,
        "its counterpart has no material yet, and takes none as long as that is so",
    )
    .about(part)
    .remedy("import the material, then plan again")
}

pub(crate) fn expiry_differs(
    key: &KeyArn,
    own: Option<Timestamp>,
    target: &KeyArn,
    there: Option<Timestamp>,
) -> Finding {
    let at = |at: Option<Timestamp>| at.map_or_else(|| "never".to_owned(), |at| format!("at {at}"));
    Finding::action(
        code::EXPIRY_DIFFERS,
        format!("KMS deletes its material {}, that of {target} {}", at(own), at(there)),
    )
    .about(key)
    .remedy("import the same material again with the expiry that it should have")
}

pub(crate) fn extra(part: ResourceId, target: &KeyArn, names: &[&str]) -> Finding {
    let names = some(names.iter().copied());
    Finding::note(code::EXTRA, format!("{target} also has {names}, which stay")).about(part)
}

pub(crate) fn extra_grants(part: ResourceId, target: &KeyArn, names: &[&str]) -> Finding {
    let names = some(names.iter().copied());
    Finding::action(code::EXTRA, format!("{target} also has {names}, which stay"))
        .about(part)
        .remedy("revoke them if nobody should have them: the key of the source gives nothing of the kind")
}

pub(crate) fn grants_renamed(part: ResourceId, names: &[&str]) -> Finding {
    let names = some(names.iter().copied());
    Finding::note(code::GRANT_RENAMED, format!("grants get names of their own, by which they are made once: {names}"))
        .about(part)
        .remedy("let what retires a grant by its name do so by its id or its terms")
}

pub(crate) fn grant_names_region(grant: ResourceId, who: &BTreeSet<&str>) -> Finding {
    let who = some(who.iter().copied());
    Finding::action(
        code::GRANT_NAMES_REGION,
        format!("this grant is to somebody of the source's region or account: {who}"),
    )
    .about(grant)
    .remedy("grant the same to whom it should be in the target; principals are not changed")
}

pub(crate) fn key_store_missing(key: &KeyArn, store: &str) -> Finding {
    Finding::blocker(
        code::KEY_STORE_NOT_CONNECTED,
        format!("its copy is to be made in the key store {store}, which is not there"),
    )
    .about(key)
    .remedy("name one that is, or create and connect it; then survey again")
}

pub(crate) fn key_store_not_connected(key: &KeyArn, store: &str, connection: &str) -> Finding {
    let message = format!("its copy is to be made in the key store {store}, which is {connection}");
    Finding::blocker(code::KEY_STORE_NOT_CONNECTED, message)
        .about(key)
        .remedy("connect it (ConnectCustomKeyStore), which takes some minutes; then survey again")
}

pub(crate) fn key_store_of_other_kind(key: &KeyArn, own: &Key, store: &str) -> Finding {
    let message =
        format!("its copy is to be made in the key store {store}, which holds no keys that are {}", own.origin);
    Finding::blocker(code::KEY_STORE_OF_OTHER_KIND, message)
        .about(key)
        .remedy("name one of the same type with `Kms::map_key_store`, then plan again from a new survey")
}

pub(crate) fn name_not_found(names: &BTreeSet<&str>) -> Finding {
    let some = some(names.iter().copied());
    Finding::action(code::NAME_NOT_FOUND, format!("options of `Kms` name what the source does not have: {some}"))
        .remedy("mend the names, or leave them out, then plan again")
}

pub(crate) fn xks_key_in_use(key: &KeyArn, by: &KeyArn) -> Finding {
    let message =
        format!("the external key that is to stand behind its copy is that of {by}, and can be nobody else's");
    Finding::blocker(code::XKS_KEY_IN_USE, message)
        .about(key)
        .remedy("name another with `Kms::map_xks_key`, then plan again")
}

pub(crate) fn xks_key_not_mapped(key: &KeyArn) -> Finding {
    Finding::blocker(
        code::XKS_KEY_NOT_MAPPED,
        "its material stays in an external key manager, and the copy needs a key there",
    )
    .about(key)
    .remedy("name that key with `Kms::map_xks_key`, then plan again")
}

pub(crate) fn key_store_not_mapped(key: &KeyArn, store: &str) -> Finding {
    Finding::blocker(
        code::KEY_STORE_NOT_MAPPED,
        format!("it is in the key store {store}, for which none of the target is named"),
    )
    .about(key)
    .remedy("name one with `Kms::map_key_store`, then plan again from a new survey")
}

pub(crate) fn kind_not_known(key: &KeyArn, own: &Key) -> Finding {
    let message = format!("keys that are {}, {}, {} are not known here", own.spec, own.usage, own.origin);
    Finding::blocker(code::KIND_NOT_KNOWN, message)
        .about(key)
        .remedy("make its counterpart by hand and say so with `Migration::map`, or leave it out with `Kms::unless`")
}

// REQ: KMS-25
pub(crate) fn last_use(key: &KeyArn, last: &LastUse) -> Finding {
    let since = last.since;
    match (&last.used, last.whole) {
        (Some(used), _) => Finding::note(code::LAST_USE, format!("it was last used at {}, by {}", used.at, used.operation))
            .about(key)
            .remedy("find out by CloudTrail who uses it, and what of that is still needed"),
        (None, true) => Finding::note(
            code::LAST_USE,
            format!("no use of it since it was made, at {since}, was known to KMS at the survey, which may learn of one late"),
        )
        .about(key)
        .remedy(
            "ask again and look into CloudTrail before relying on there being no ciphertext under it; uses of related keys \
             and, outside of KMS, of its public key do not show here",
        ),
        (None, false) => {
            Finding::note(code::LAST_USE, format!("no use of it is known since {since}, when KMS began to keep track"))
                .about(key)
                .remedy("look up earlier uses in CloudTrail")
        }
    }
}

pub(crate) fn last_use_unread(key: &KeyArn, gap: &Gap) -> Finding {
    Finding::note(code::LAST_USE, format!("when it was last used could not be read: {gap}"))
        .about(key)
        .remedy("survey again")
}

pub(crate) fn left_out(keys: usize) -> Finding {
    Finding::note(code::LEFT_OUT, format!("keys that were not selected are not moved: {keys}"))
}

pub(crate) fn mapped_key_missing(key: &KeyArn, target: &KeyArn) -> Finding {
    Finding::blocker(code::MAPPED_KEY_MISSING, format!("it is mapped to {target}, which is not there"))
        .about(key)
        .remedy("map it to a key that is there, or to none; then plan again")
}

pub(crate) fn mapped_outside(key: &KeyArn, target: &KeyArn) -> Finding {
    Finding::note(
        code::MAPPED_OUTSIDE,
        format!("it is mapped to {target}, which is not a customer's key of the target"),
    )
    .about(key)
    .remedy("see to that key's policy, grants and aliases by hand")
}

pub(crate) fn material_expires(key: &KeyArn, at: Timestamp) -> Finding {
    Finding::action(
        code::MATERIAL_EXPIRES,
        format!("KMS deletes its imported material at {at}, and its counterpart's then, too"),
    )
    .about(key)
    .remedy("import it again at both ends before: a key without its material can neither encrypt nor decrypt")
}

pub(crate) fn material_tied(key: &KeyArn, target: &KeyArn) -> Finding {
    let message = format!("its material was rotated, and {target} takes back only what it was given before");
    Finding::action(code::MATERIAL_TIED, message)
        .about(key)
        .remedy("bring the material that this key had when its counterpart was given it")
}

pub(crate) fn material_wanted(key: &KeyArn, materials: usize) -> Finding {
    let message = format!("imported materials that must be brought again for its counterpart: {materials}");
    Finding::action(code::MATERIAL_WANTED, message).about(key).remedy(
        "hand it over with `Kms::bring_material`, or import it by hand while the step waits: KMS gives no material back",
    )
}

pub(crate) fn materials_left(key: &KeyArn, materials: usize) -> Finding {
    let message =
        format!("of its imported materials the counterpart gets the current one, of the others none: {materials}");
    Finding::note(code::MATERIALS_LEFT, message)
        .about(key)
        .remedy("nothing: no other key opens what was encrypted under this one, with whichever of them")
}

pub(crate) fn no_material(key: &KeyArn) -> Finding {
    let message = "it lacks its imported material, which was never imported, was deleted, or has expired";
    Finding::action(code::NO_MATERIAL, message)
        .about(key)
        .remedy("import it if the key is still needed, then plan again from a new survey: its counterpart gets it, too")
}

/// AWS KMS pricing page, "Key storage". What other partitions charge is on price lists of their own.
// REQ: E-42
pub(crate) fn monthly_cost(keys: usize, partition: Partition) -> Finding {
    let message = match partition {
        Partition::Aws | Partition::AwsUsGov => format!(
            "keys that are made: {keys}, about {keys} USD a month, replicas and keys in custom key stores included; the first \
             and the second rotation of a key's material add 1 USD a month each, and requests are charged by number"
        ),
        partition => {
            format!("keys that are made: {keys}; each is charged by the month, as the prices of {partition} say")
        }
    };
    Finding::note(code::MONTHLY_COST, message)
}

pub(crate) fn new_alias_unusable(name: &AliasName, new: &AliasName, why: &str, is_mapped: bool) -> Finding {
    let remedy = match is_mapped {
        true => "map the alias to another name with `Migration::map`, then plan again",
        false => "return another name, or none, from `Kms::rename_on_alias_conflict`; then plan again",
    };
    Finding::blocker(code::NEW_ALIAS_UNUSABLE, format!("it was to be {new} in the target, {why}"))
        .about(name)
        .remedy(remedy)
}

pub(crate) fn not_multi_region(key: &KeyArn, target: &KeyArn) -> Finding {
    Finding::action(
        code::NOT_MULTI_REGION,
        format!("its counterpart {target} is no multi-Region key, and can never become one"),
    )
    .about(key)
    .remedy("leave it so; or schedule its deletion if nothing was encrypted under it, and plan again once it is gone")
}

pub(crate) fn not_promotable(key: &KeyArn, why: &str) -> Finding {
    Finding::action(code::NOT_PROMOTABLE, format!("no replica of it can become the primary: {why}"))
        .about(key)
        .remedy("ask it of multi-Region keys only, and while they are enabled; then plan again")
}

pub(crate) fn pending_deletion(key: &KeyArn) -> Finding {
    Finding::note(code::PENDING_DELETION, "it is to be deleted, so it is not moved; what needs it is held")
        .about(key)
        .remedy("cancel its deletion if it is still wanted, then plan again")
}

pub(crate) fn policy_completed(key: &KeyArn, named: &BTreeSet<KeyArn>) -> Finding {
    let named = some(named.iter().map(|key| key.as_str()));
    Finding::note(
        code::POLICY_COMPLETED,
        format!("its policy names what is not there yet when its counterpart is made, and names the source's until then: {named}"),
    )
    .about(key)
}

pub(crate) fn policy_not_understood(key: &KeyArn, error: &RewriteError) -> Finding {
    let message = format!("its policy could not be taken apart, and is carried over as it is: {}", chain(error));
    Finding::action(code::POLICY_NOT_UNDERSTOOD, message)
        .about(key)
        .remedy("see to what in it names the source, and mend it there")
}

pub(crate) fn policy_too_long(part: ResourceId, excess: &Excess) -> Finding {
    Finding::blocker(code::TOO_LONG, format!("its policy, rewritten for the target, is too long: {excess}"))
        .about(part)
        .remedy("shorten it in the source, then plan again")
}

pub(crate) fn preflight_refused(part: ResourceId, error: &Error) -> Finding {
    Finding::action(code::PREFLIGHT_REFUSED, format!("it would be refused: {}", chain(error)))
        .about(part)
        .remedy(error.kind().advice())
}

pub(crate) fn primary_disabled(key: &KeyArn, primary: &KeyArn) -> Finding {
    Finding::blocker(
        code::PRIMARY_DISABLED,
        format!("its primary {primary} is disabled, and KMS replicates none that is"),
    )
    .about(key)
    .remedy("enable the primary until the replica is made, then plan again")
}

pub(crate) fn primary_lacks_material(key: &KeyArn, primary: &KeyArn) -> Finding {
    let message = format!("its primary {primary} lacks its imported material, and KMS replicates none that does");
    Finding::blocker(code::PRIMARY_LACKS_MATERIAL, message)
        .about(key)
        .remedy("import it into the primary, then plan again")
}

pub(crate) fn primary_doomed(key: &KeyArn, primary: &KeyArn) -> Finding {
    Finding::blocker(
        code::PRIMARY_PENDING_DELETION,
        format!("its primary {primary} is to be deleted, and KMS replicates no such"),
    )
    .about(key)
    .remedy("cancel that deletion and enable the primary, then plan again")
}

pub(crate) fn promoted(key: &KeyArn, primary: &KeyArn) -> Finding {
    Finding::action(code::PROMOTED, format!("its replica takes the place of the primary {primary}, which becomes a replica"))
        .about(key)
        .remedy(
            "apply it while the primary's region answers: later nobody can, and then replicas go on working, but no new ones \
             can be made and rotation cannot be changed",
        )
}

/// Says what follows from the counterpart's being another key, and for whom.
// REQ: KMS-5
pub(crate) fn other_material(key: &KeyArn, own: &Key, is_imported: bool) -> Finding {
    let (code, what, remedy) = match (&own.usage, &own.spec) {
        (KeyUsage::EncryptDecrypt, KeySpec::SymmetricDefault) if is_imported => (
            code::REENCRYPT,
            "its counterpart is another key, though with the same material: KMS opens what was encrypted under the very key \
             only",
            "decrypt what is needed while the source answers, and encrypt it under the counterpart",
        ),
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
    Finding::action(code, what).about(key).remedy(remedy)
}

// REQ: E-25
pub(crate) fn quota(room: Room) -> Finding {
    let Room { what, there, more, most, is_part } = room;
    let part = if is_part { ", as far as could be read," } else { "" };
    let message = format!(
        "{what}: {there} in the target{part} and {more} more are {}, and the default quota is {most}",
        there + more
    );
    Finding::action(code::QUOTA, message).remedy(
        "look up the account's own quota, which may be higher, in Service Quotas of the target's region, and have it raised \
         before applying",
    )
}

pub(crate) fn replica_out_of_reach(key: &KeyArn) -> Finding {
    Finding::blocker(
        code::REPLICA_OUT_OF_REACH,
        "a multi-Region key has replicas in its own account and partition only",
    )
    .about(key)
    .remedy("make a key in the target, map this one to it, and encrypt anew what is under it")
}

pub(crate) fn reserved_tags(names: &[&str]) -> Finding {
    Finding::blocker(
        code::RESERVED_TAG,
        format!("tags that only AWS or a migration sets were to be added: {}", names.join(", ")),
    )
    .remedy("name others with `Kms::add_tag`, then plan again")
}

/// What to do about parts of a policy that change with leave only.
const WITH_LEAVE: &str = "decide what these parts should say in the target: map what has a counterpart, and allow with \
    `Kms::dangerously_allow` what should follow though it can widen access, such as the principals of services";

/// Says what of a document is rewritten, and what in it a person must decide, by the core's codes.
// REQ: KMS-24
pub(crate) fn rewritten<D>(subject: &ResourceId, what: &str, rewritten: &Rewritten<D>) -> Vec<Finding> {
    let wants_leave = |lack| matches!(lack, Lack::CouldWiden | Lack::Principal);
    let is_leave_wanted = rewritten.unresolved.iter().any(|one| wants_leave(one.lack));
    let mut findings = rewritten.findings(subject, what);
    for finding in findings.iter_mut().filter(|finding| is_leave_wanted && finding.code == UNRESOLVED) {
        finding.remedy = Some(WITH_LEAVE.to_owned());
    }
    findings
}

pub(crate) fn rotation_elsewhere(key: &KeyArn, primary: &KeyArn, own: Rotation, there: Rotation) -> Finding {
    let message =
        format!("its material is rotated {own}, that of its counterpart {there}, as its primary {primary} says");
    Finding::action(code::ROTATION_ELSEWHERE, message)
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
    Finding::action(code::SERVICES_STAY, message)
        .remedy("have each service copy what it holds (snapshots, objects, secrets) to the target, under the key there")
}

pub(crate) fn shared_not_listed() -> Finding {
    Finding::note(code::SHARED_NOT_LISTED, "keys that other accounts share with this one are not listed, and not moved")
        .remedy("have the account that owns such a key move it, and share it anew")
}

/// KMS developer guide, "Importing key material": what imported key pairs and HMAC keys make is bound to no key of KMS.
pub(crate) fn same_material(key: &KeyArn) -> Finding {
    Finding::note(
        code::SAME_MATERIAL,
        "its counterpart is to have the same imported material: signatures, codes and ciphertext of the one are good for the \
         other",
    )
    .about(key)
    .remedy("import no other: KMS ties a key to the first material that it is given")
}

pub(crate) fn service_grants(key: &KeyArn, grantees: &BTreeSet<&str>) -> Finding {
    let grantees = some(grantees.iter().copied());
    Finding::note(code::SERVICE_GRANTS, format!("grants that services made for themselves are not copied: {grantees}"))
        .about(key)
        .remedy("nothing: the service makes its own when its resource uses the key")
}

pub(crate) fn told_by_tagging_api(keys: &[&KeyArn]) -> Finding {
    let keys = some(keys.iter().map(|key| key.as_str()));
    let message = format!(
        "KMS does not tell the tags of these, which the tagging API shows without a mark, so they are no copies: {keys}"
    );
    Finding::note(code::TOLD_BY_TAGGING_API, message)
}

pub(crate) fn too_long(part: ResourceId, what: &str, has: usize, most: usize) -> Finding {
    Finding::blocker(code::TOO_LONG, format!("{what}: {has}, of which there may be {most} with what marks the copy"))
        .about(part)
        .remedy("shorten it in the source, then plan again")
}

// REQ: KMS-2 KMS-7 KMS-10
pub(crate) fn used_by_services(key: &KeyArn, services: &BTreeSet<String>, copies: &str, is_part: bool) -> Finding {
    let services = services.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    let part = if is_part { ", and maybe others, since its grants or its policy could not be read" } else { "" };
    Finding::action(
        code::USED_BY_SERVICES,
        format!(
            "its policy or grants let AWS services use it, and none uses a key of another region: {services}{part}"
        ),
    )
    .about(key)
    .remedy(format!("have each bring what it holds to the target, under the counterpart: {copies}"))
}

/// Says why a key in a state on the way to another is left alone for now.
pub(crate) fn unsettled(key: &KeyArn, state: &KeyState) -> String {
    format!("{key} is in the state {state}, which passes by itself")
}
