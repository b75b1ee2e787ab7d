//! What the configuration store uses of DynamoDB: one table an end. Regions, faults, clock and
//! ledger are the world's.

use regionmig_testkit::{Call, Refusal};
use serde_json::{Value, json};

pub(crate) fn dynamodb(call: &Call, table: &mut Vec<Value>) -> Result<Value, Refusal> {
    let at = |key: &Value| table.iter().position(|item| item["name"] == key["name"]);
    match call.operation.as_str() {
        "Scan" => Ok(json!({ "Items": table })),
        "GetItem" => Ok(at(&call.body["Key"]).map_or_else(|| json!({}), |i| json!({ "Item": table[i] }))),
        "PutItem" if at(&call.body["Item"]).is_some() => Err(Refusal::new("ConditionalCheckFailedException")),
        "PutItem" => {
            table.push(call.body["Item"].clone());
            Ok(json!({}))
        }
        other => Err(Refusal::unknown(other)),
    }
}
