//! What the tests of the world's KMS share.

#[path = "../support/ask.rs"]
mod ask;

use aws_sdk_kms::Client;
use aws_sdk_kms::config::Region;
use regionmig_core::End;
use regionmig_testkit::World;
use serde_json::{Value, json};

pub(crate) use ask::{ACCOUNT, days, end, sdk_code};

/// A role that keys are used by.
pub(crate) const ROLE: &str = "arn:aws:iam::111122223333:role/worker";

/// Where keys are.
pub(crate) fn here() -> End {
    end("eu-central-1")
}

/// Where else they may be.
pub(crate) fn away() -> End {
    end("us-west-2")
}

/// The real SDK's client.
pub(crate) fn client(world: &World, end: &End) -> Client {
    let config = aws_sdk_kms::config::Builder::from(&world.sdk_config_of(&end.account));
    Client::from_conf(config.region(Region::new(end.region.to_string())).build())
}

/// Asks for something that must be done.
pub(crate) fn call(world: &World, end: &End, operation: &str, input: Value) -> Value {
    ask::done(world, end, &format!("kms:{operation}"), input)
}

/// Asks for something that must be refused; returns code and message.
pub(crate) fn refused(world: &World, end: &End, operation: &str, input: Value) -> (String, String) {
    ask::refused(world, end, &format!("kms:{operation}"), input)
}

/// Asks for something that must be refused; returns the code.
pub(crate) fn code(world: &World, end: &End, operation: &str, input: Value) -> String {
    refused(world, end, operation, input).0
}

/// Makes a key and returns its id.
pub(crate) fn key(world: &World, end: &End) -> String {
    created(world, end, json!({}))
}

/// Makes a key as asked for and returns its id.
pub(crate) fn created(world: &World, end: &End, input: Value) -> String {
    call(world, end, "CreateKey", input)["KeyMetadata"]["KeyId"].as_str().unwrap().to_owned()
}

/// The state of a key.
pub(crate) fn state(world: &World, end: &End, id: &str) -> String {
    call(world, end, "DescribeKey", json!({ "KeyId": id }))["KeyMetadata"]["KeyState"].as_str().unwrap().to_owned()
}

pub(crate) fn arn(end: &End, id: &str) -> String {
    format!("arn:{}:kms:{}:{}:key/{id}", end.partition, end.region, end.account)
}

/// Bytes as the protocol has them.
pub(crate) fn blob(bytes: impl AsRef<[u8]>) -> Value {
    use base64::Engine;
    json!(base64::engine::general_purpose::STANDARD.encode(bytes))
}

/// The pages of a listing, of at most `limit` entries each.
pub(crate) fn pages(
    world: &World,
    end: &End,
    operation: &str,
    list: &str,
    input: Value,
    limit: u64,
) -> Vec<Vec<Value>> {
    let mut pages = Vec::new();
    let mut input = input;
    input["Limit"] = json!(limit);
    loop {
        let page = call(world, end, operation, input.clone());
        pages.push(page[list].as_array().unwrap().clone());
        assert_eq!(page["Truncated"] == json!(true), page.get("NextMarker").is_some());
        match page.get("NextMarker") {
            Some(marker) => input["Marker"] = marker.clone(),
            None => return pages,
        }
    }
}
