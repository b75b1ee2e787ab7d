//! Every finding that this crate can raise.

pub mod code;
pub(crate) mod key_store;
pub(crate) mod material;

use std::collections::BTreeSet;

use regionmig_aws::Error;
use regionmig_core::code::UNRESOLVED;
use regionmig_core::rewrite::{Excess, Lack, RewriteError, Rewritten};
use regionmig_core::{AliasName, Finding, Gap, KeyArn, Partition, ResourceId, chain};

use crate::plan::Room;
use crate::snapshot::{Key, KeyState, LastUse, Rotation};
use crate::step::Part;

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

pub(crate) fn name_not_found(names: &BTreeSet<&str>) -> Finding {
    let some = some(names.iter().copied());
    Finding::action(code::NAME_NOT_FOUND, format!("options of `Kms` name what the source does not have: {some}"))
        .remedy("mend the names, or leave them out, then plan again")
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
