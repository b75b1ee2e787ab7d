//! KMS in the world.
//!
//! Its control plane for every kind of key, its data plane for symmetric encryption keys; single- and multi-Region.

mod accounts;
mod alias;
mod ask;
mod crypto;
mod data;
mod grant;
mod key;
mod model;
mod name;
mod page;
mod policy;
mod replica;
mod rotation;
mod schema;
mod seed;
mod shelf;
mod spec;
mod state;
mod statement;
mod store;
mod tag;
mod view;

use serde_json::Value;

use crate::call::{Call, Refusal};
use crate::state::Cx;
use ask::Ask;

pub use accounts::{other_keys, reference_account};
pub use seed::{GrantSeed, KeySeed};
pub(crate) use store::Kms;
pub use store::KmsTiming;
pub use view::{GrantView, KeyView, MultiRegionView};

/// Answers one call.
pub(crate) fn answer(call: &Call, state: &mut Kms, cx: &mut Cx<'_>) -> Result<Value, Refusal> {
    model::check(call)?;
    let mut ask = Ask { call, cx, kms: state };
    let ask = &mut ask;
    match call.operation.as_str() {
        "CancelKeyDeletion" => key::cancel_deletion(ask),
        "CreateAlias" => alias::create(ask),
        "CreateGrant" => grant::create(ask),
        "CreateKey" => key::create(ask),
        "Decrypt" => data::decrypt(ask),
        "DeleteAlias" => alias::delete(ask),
        "DescribeKey" => key::describe(ask),
        "DisableKey" => key::disable(ask),
        "DisableKeyRotation" => rotation::disable(ask),
        "EnableKey" => key::enable(ask),
        "EnableKeyRotation" => rotation::enable(ask),
        "Encrypt" => data::encrypt(ask),
        "GenerateDataKey" => data::generate_data_key(ask),
        "GenerateDataKeyWithoutPlaintext" => data::generate_data_key_without_plaintext(ask),
        "GenerateRandom" => data::generate_random(ask),
        "GetKeyLastUsage" => key::last_usage(ask),
        "GetKeyPolicy" => policy::get(ask),
        "GetKeyRotationStatus" => rotation::status(ask),
        "ListAliases" => alias::list(ask),
        "ListGrants" => grant::list(ask),
        "ListKeyPolicies" => policy::list(ask),
        "ListKeyRotations" => rotation::list(ask),
        "ListKeys" => key::list(ask),
        "ListResourceTags" => tag::list(ask),
        "ListRetirableGrants" => grant::list_retirable(ask),
        "PutKeyPolicy" => policy::put(ask),
        "ReEncrypt" => data::re_encrypt(ask),
        "ReplicateKey" => replica::replicate(ask),
        "RetireGrant" => grant::retire(ask),
        "RevokeGrant" => grant::revoke(ask),
        "RotateKeyOnDemand" => rotation::on_demand(ask),
        "ScheduleKeyDeletion" => key::schedule_deletion(ask),
        "TagResource" => tag::put(ask),
        "UntagResource" => tag::remove(ask),
        "UpdateAlias" => alias::update(ask),
        "UpdateKeyDescription" => key::update_description(ask),
        _ => Err(Refusal::unknown(&call.action())),
    }
}

/// Tells whether an operation changes what later calls see. Cryptography does not, but for GetKeyLastUsage.
pub(crate) fn mutates(operation: &str) -> bool {
    matches!(
        operation,
        "CancelKeyDeletion"
            | "CreateAlias"
            | "CreateGrant"
            | "CreateKey"
            | "DeleteAlias"
            | "DisableKey"
            | "DisableKeyRotation"
            | "EnableKey"
            | "EnableKeyRotation"
            | "PutKeyPolicy"
            | "ReplicateKey"
            | "RetireGrant"
            | "RevokeGrant"
            | "RotateKeyOnDemand"
            | "ScheduleKeyDeletion"
            | "TagResource"
            | "UntagResource"
            | "UpdateAlias"
            | "UpdateKeyDescription"
    )
}
