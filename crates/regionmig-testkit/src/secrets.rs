//! Secrets Manager in the world.

mod accounts;
mod ask;
mod content;
mod describe;
mod event;
mod key;
mod life;
mod list;
mod name;
mod needs;
mod password;
mod policy;
mod replica;
mod rotation;
mod rules;
mod schema;
mod secret;
mod seed;
mod stage;
mod store;
mod tag;
mod update;
mod value;
mod view;

use serde_json::Value;

use crate::call::{Call, Refusal};
use crate::kms::Kms;
use crate::model;
use crate::state::Cx;
use ask::{Ask, Vaults};

pub use accounts::{every_kind_of_secret, reference_secrets};
pub(crate) use event::Denied;
pub(crate) use needs::needs;
pub use seed::SecretSeed;
pub(crate) use store::Secrets;
pub use store::SecretsTiming;
pub use view::{ReplicaView, RotationView, SecretBytesView, SecretView, VersionView};

/// Answers one call.
pub(crate) fn answer(call: &Call, secrets: &mut Secrets, kms: &Kms, cx: &mut Cx<'_>) -> Result<Value, Refusal> {
    name::check(call)?;
    model::check(call, schema::input(&call.operation))?;
    let mut vaults = Vaults { kms, secrets };
    let mut ask = Ask { call, cx, state: &mut vaults };
    let answer = dispatch(&mut ask);
    let now = ask.cx.now;
    if mutates(&call.operation) && answer.is_ok() {
        ask.state.secrets.keep(now);
    }
    answer
}

fn dispatch(ask: &mut Ask<'_, '_, '_>) -> Result<Value, Refusal> {
    match ask.call.operation.as_str() {
        "BatchGetSecretValue" => value::batch(ask),
        "CancelRotateSecret" => rotation::cancel(ask),
        "CreateSecret" => life::create(ask),
        "DeleteResourcePolicy" => policy::delete(ask),
        "DeleteSecret" => life::delete(ask),
        "DescribeSecret" => describe::describe(ask),
        "GetRandomPassword" => password::random(ask),
        "GetResourcePolicy" => policy::get(ask),
        "GetSecretValue" => value::get(ask),
        "ListSecretVersionIds" => list::versions(ask),
        "ListSecrets" => list::secrets(ask),
        "PutResourcePolicy" => policy::put(ask),
        "PutSecretValue" => value::put(ask),
        "RemoveRegionsFromReplication" => replica::remove(ask),
        "ReplicateSecretToRegions" => replica::replicate(ask),
        "RestoreSecret" => life::restore(ask),
        "RotateSecret" => rotation::rotate(ask),
        "StopReplicationToReplica" => replica::stop(ask),
        "TagResource" => tag::put(ask),
        "UntagResource" => tag::remove(ask),
        "UpdateSecret" => update::update(ask),
        "UpdateSecretVersionStage" => stage::update(ask),
        "ValidateResourcePolicy" => policy::validate(ask),
        _ => Err(Refusal::unknown(&ask.call.action())),
    }
}

/// Tells whether an operation changes what later calls see. Reading a value does not, but for the day it was last read.
pub(crate) fn mutates(operation: &str) -> bool {
    const READS: [&str; 8] = [
        "BatchGetSecretValue",
        "DescribeSecret",
        "GetRandomPassword",
        "GetResourcePolicy",
        "GetSecretValue",
        "ListSecretVersionIds",
        "ListSecrets",
        "ValidateResourcePolicy",
    ];
    !READS.contains(&operation)
}
