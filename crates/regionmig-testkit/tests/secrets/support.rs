//! What the tests of the world's Secrets Manager share.

#[path = "../support/ask.rs"]
mod ask;

use std::time::Duration;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::Region;
use regionmig_core::End;
use regionmig_testkit::{SecretView, World};
use serde_json::Value;

pub(crate) use ask::{ACCOUNT, days, end, sdk_code};

/// By then a replica has arrived, and a rotation is over.
pub(crate) const SETTLED: Duration = Duration::from_secs(5);

/// Where primaries are.
pub(crate) fn home() -> End {
    end("eu-central-1")
}

/// Where replicas are.
pub(crate) fn away() -> End {
    end("eu-west-1")
}

/// The real SDK's client.
pub(crate) fn client(world: &World, end: &End) -> Client {
    let config = aws_sdk_secretsmanager::config::Builder::from(&world.sdk_config_of(&end.account));
    Client::from_conf(config.region(Region::new(end.region.to_string())).build())
}

/// Asks for something that must be done.
pub(crate) fn call(world: &World, end: &End, operation: &str, input: Value) -> Value {
    ask::done(world, end, &format!("secretsmanager:{operation}"), input)
}

/// Asks for something that must be refused; returns code and message.
pub(crate) fn refused(world: &World, end: &End, operation: &str, input: Value) -> (String, String) {
    ask::refused(world, end, &format!("secretsmanager:{operation}"), input)
}

/// Asks for something that must be refused; returns the code.
pub(crate) fn code(world: &World, end: &End, operation: &str, input: Value) -> String {
    refused(world, end, operation, input).0
}

/// A token of 32 characters that ends with `n`.
pub(crate) fn token(n: u32) -> String {
    format!("{n:032}")
}

/// The secret as it really is.
pub(crate) fn seen(world: &World, end: &End, name: &str) -> SecretView {
    world.find_secret(end, name).unwrap_or_else(|| panic!("there is no {name} at {end}"))
}
