//! KMS in the world.
//!
//! Control plane and data plane, for every kind of key but SM2, which has no data plane here.

mod accounts;
mod alias;
mod ask;
mod asymmetric;
mod crypto;
mod data;
mod grant;
mod import;
mod key;
mod key_store;
mod material;
mod name;
mod needs;
mod page;
mod pair;
mod policy;
mod primary;
mod replica;
mod rotation;
mod schema;
mod seed;
mod sign;
mod spec;
mod standing;
mod state;
mod statement;
mod store;
mod tag;
mod view;
mod wrapping;

use serde_json::Value;

use crate::call::{Call, Refusal};
use crate::model;
use crate::state::Cx;
use ask::Ask;

pub use accounts::{every_kind_of_key, other_keys, reference_account};
pub(crate) use needs::needs;
pub use seed::{GrantSeed, KeySeed, KeyStoreSeed};
pub(crate) use standing::Standing;
pub(crate) use store::Kms;
pub use store::KmsTiming;
pub use view::{GrantView, KeyView, MultiRegionView};

/// Answers one call.
pub(crate) fn answer(call: &Call, state: &mut Kms, cx: &mut Cx<'_>) -> Result<Value, Refusal> {
    model::check(call, schema::input(&call.operation))?;
    let mut ask = Ask { call, cx, state };
    let ask = &mut ask;
    match call.operation.as_str() {
        "CancelKeyDeletion" => key::cancel_deletion(ask),
        "ConnectCustomKeyStore" => key_store::connect(ask),
        "CreateAlias" => alias::create(ask),
        "CreateCustomKeyStore" => key_store::create(ask),
        "CreateGrant" => grant::create(ask),
        "CreateKey" => key::create(ask),
        "DeleteAlias" => alias::delete(ask),
        "DeleteCustomKeyStore" => key_store::delete(ask),
        "DeleteImportedKeyMaterial" => import::delete(ask),
        "DescribeCustomKeyStores" => key_store::describe(ask),
        "DescribeKey" => key::describe(ask),
        "DisableKey" => key::disable(ask),
        "DisableKeyRotation" => rotation::disable(ask),
        "DisconnectCustomKeyStore" => key_store::disconnect(ask),
        "EnableKey" => key::enable(ask),
        "EnableKeyRotation" => rotation::enable(ask),
        "GetKeyLastUsage" => key::last_usage(ask),
        "GetKeyPolicy" => policy::get(ask),
        "GetKeyRotationStatus" => rotation::status(ask),
        "GetParametersForImport" => import::parameters(ask),
        "ImportKeyMaterial" => import::import(ask),
        "ListAliases" => alias::list(ask),
        "ListGrants" => grant::list(ask),
        "ListKeyPolicies" => policy::list(ask),
        "ListKeyRotations" => rotation::list(ask),
        "ListKeys" => key::list(ask),
        "ListResourceTags" => tag::list(ask),
        "ListRetirableGrants" => grant::list_retirable(ask),
        "PutKeyPolicy" => policy::put(ask),
        "ReplicateKey" => replica::replicate(ask),
        "RetireGrant" => grant::retire(ask),
        "RevokeGrant" => grant::revoke(ask),
        "RotateKeyOnDemand" => rotation::on_demand(ask),
        "ScheduleKeyDeletion" => key::schedule_deletion(ask),
        "TagResource" => tag::put(ask),
        "UntagResource" => tag::remove(ask),
        "UpdateAlias" => alias::update(ask),
        "UpdateCustomKeyStore" => key_store::update(ask),
        "UpdateKeyDescription" => key::update_description(ask),
        "UpdatePrimaryRegion" => primary::update(ask),
        _ => cryptography(ask),
    }
}

/// Answers one call of the data plane.
fn cryptography(ask: &mut Ask<'_, '_>) -> Result<Value, Refusal> {
    match ask.call.operation.as_str() {
        "Decapsulate" => sign::decapsulate(ask),
        "Decrypt" => data::decrypt(ask),
        "DeriveSharedSecret" => sign::derive_shared_secret(ask),
        "Encapsulate" => sign::encapsulate(ask),
        "Encrypt" => data::encrypt(ask),
        "GenerateDataKey" => data::generate_data_key(ask),
        "GenerateDataKeyPair" => data::generate_data_key_pair(ask),
        "GenerateDataKeyPairWithoutPlaintext" => data::generate_data_key_pair_without_plaintext(ask),
        "GenerateDataKeyWithoutPlaintext" => data::generate_data_key_without_plaintext(ask),
        "GenerateMac" => sign::generate_mac(ask),
        "GenerateRandom" => data::generate_random(ask),
        "GetPublicKey" => sign::public_key(ask),
        "ReEncrypt" => data::re_encrypt(ask),
        "Sign" => sign::sign(ask),
        "Verify" => sign::verify(ask),
        "VerifyMac" => sign::verify_mac(ask),
        _ => Err(Refusal::unknown(&ask.call.action())),
    }
}

/// Tells whether an operation changes what later calls see. Cryptography does not, but for GetKeyLastUsage.
pub(crate) fn mutates(operation: &str) -> bool {
    matches!(
        operation,
        "CancelKeyDeletion"
            | "ConnectCustomKeyStore"
            | "CreateAlias"
            | "CreateCustomKeyStore"
            | "CreateGrant"
            | "CreateKey"
            | "DeleteAlias"
            | "DeleteCustomKeyStore"
            | "DeleteImportedKeyMaterial"
            | "DisableKey"
            | "DisableKeyRotation"
            | "DisconnectCustomKeyStore"
            | "EnableKey"
            | "EnableKeyRotation"
            | "ImportKeyMaterial"
            | "PutKeyPolicy"
            | "ReplicateKey"
            | "RetireGrant"
            | "RevokeGrant"
            | "RotateKeyOnDemand"
            | "ScheduleKeyDeletion"
            | "TagResource"
            | "UntagResource"
            | "UpdateAlias"
            | "UpdateCustomKeyStore"
            | "UpdateKeyDescription"
            | "UpdatePrimaryRegion"
    )
}
