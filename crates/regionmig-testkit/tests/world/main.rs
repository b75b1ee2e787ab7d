//! The world, asked by real SDK clients.
#![expect(clippy::unwrap_used, reason = "tests")]

mod accounts;
mod clock;
mod faces;
mod faults;
mod forks;
mod iam;
mod paging;
mod programs;
mod reads;
mod simulate;
mod tagging;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_types::region::Region;
use regionmig_core::End;
use regionmig_testkit::{Call, Plugged, Refusal, World};
use serde_json::{Value, json};

const HERE: &str = "eu-central-1";
const THERE: &str = "me-central-1";

/// A service of the test's own: a table that takes every name once.
fn table(call: &Call, items: &mut Vec<Value>) -> Result<Value, Refusal> {
    let at = |key: &Value| items.iter().position(|item| item["name"] == key["name"]);
    match call.operation.as_str() {
        "Scan" => Ok(json!({ "Items": items })),
        "PutItem" if at(&call.body["Item"]).is_some() => Err(Refusal::new("ConditionalCheckFailedException")),
        "PutItem" => {
            items.push(call.body["Item"].clone());
            Ok(json!({}))
        }
        other => Err(Refusal::unknown(other)),
    }
}

fn world() -> (World, Plugged<Vec<Value>>) {
    let world = World::new();
    let table = world.plug("dynamodb", table);
    (world, table)
}

/// A client that sends everything once.
fn client(world: &World, region: &'static str) -> Client {
    let config = aws_sdk_dynamodb::config::Builder::from(&world.sdk_config());
    Client::from_conf(config.region(Region::new(region)).retry_config(RetryConfig::disabled()).build())
}

fn sts(world: &World) -> aws_sdk_sts::Client {
    aws_sdk_sts::Client::new(&world.sdk_config())
}

fn end(region: &str) -> End {
    format!("111122223333/{region}").parse().unwrap()
}

async fn put(client: &Client, name: &str) -> Result<(), SdkError<PutItemError>> {
    let put = client.put_item().table_name("t").item("name", AttributeValue::S(name.to_owned()));
    put.send().await.map(|_| ())
}

async fn names(client: &Client) -> Vec<String> {
    let page = client.scan().table_name("t").send().await.unwrap();
    page.items().iter().map(|item| item["name"].as_s().unwrap().clone()).collect()
}
