//! Which actions a call must be allowed (API reference, "Required permissions" of each operation).

use std::collections::BTreeSet;

use regionmig_core::End;
use serde_json::Value;

use super::key::standing;
use super::store::Secrets;
use crate::call::Call;
use crate::kms::{Kms, Standing};

type Needs = BTreeSet<(End, String)>;

/// Returns the actions that a call must be allowed, each with where: those on customers' keys, too.
pub(crate) fn needs(call: &Call, secrets: &Secrets, kms: &Kms) -> Needs {
    let here = |action: &str| (call.end.clone(), format!("secretsmanager:{action}"));
    let on = |end: &End, key: Option<&str>, actions: &[&str]| -> Needs {
        let is_customers = standing(kms, end, key, call.at) != Standing::AwsManaged;
        let named = actions.iter().map(|action| (end.clone(), format!("kms:{action}")));
        named.filter(|_| is_customers).collect()
    };
    let brings_value = ["SecretBinary", "SecretString"].iter().any(|member| call.body.get(member).is_some());
    let given = call.text("KmsKeyId");
    let held = call.text("SecretId").and_then(|id| key_of(call, id, secrets));
    let held = held.as_deref();
    let mut needs = Needs::from([here(&call.operation)]);
    match call.operation.as_str() {
        "BatchGetSecretValue" => {
            needs.insert(here("GetSecretValue"));
            needs.extend(call.body.get("Filters").map(|_| here("ListSecrets")));
            let ids = call.body.get("SecretIdList").and_then(Value::as_array).into_iter().flatten();
            let keys = ids.filter_map(|id| key_of(call, id.as_str()?, secrets));
            needs.extend(keys.flat_map(|key| on(&call.end, Some(&key), &["Decrypt"])));
        }
        "CreateSecret" => {
            needs.extend(has_any(call, "Tags").then(|| here("TagResource")));
            needs.extend(has_any(call, "AddReplicaRegions").then(|| here("ReplicateSecretToRegions")));
            if brings_value {
                needs.extend(on(&call.end, given, &["Decrypt", "GenerateDataKey"]));
            }
            needs.extend(targets(call).flat_map(|(end, key)| on(&end, key, &["Encrypt", "GenerateDataKey"])));
        }
        "GetSecretValue" => needs.extend(on(&call.end, held, &["Decrypt"])),
        "PutSecretValue" => needs.extend(on(&call.end, held, &["GenerateDataKey"])),
        "ReplicateSecretToRegions" => {
            needs.extend(on(&call.end, held, &["Decrypt"]));
            needs.extend(targets(call).flat_map(|(end, key)| on(&end, key, &["Encrypt", "GenerateDataKey"])));
        }
        "RotateSecret" if call.text("RotationLambdaARN").is_some() => {
            needs.insert((call.end.clone(), "lambda:InvokeFunction".to_owned()));
        }
        "UpdateSecret" if brings_value || given.is_some() => {
            needs.extend(on(&call.end, given.or(held), &["Decrypt", "Encrypt", "GenerateDataKey"]));
        }
        _ => {}
    }
    needs
}

/// Returns the key of a secret that a call is about; `None` if it is the default one.
fn key_of(call: &Call, id: &str, secrets: &Secrets) -> Option<String> {
    let name = secrets.named(&call.end, id, call.at)?;
    secrets.get(&name)?.key.clone()
}

/// Returns where replicas are asked for, each with its key.
fn targets(call: &Call) -> impl Iterator<Item = (End, Option<&str>)> {
    let regions = call.body.get("AddReplicaRegions").and_then(Value::as_array).into_iter().flatten();
    regions.filter_map(|entry| {
        let region = entry["Region"].as_str()?.parse().ok()?;
        Some((call.end.in_region(region), entry["KmsKeyId"].as_str()))
    })
}

fn has_any(call: &Call, list: &str) -> bool {
    call.body.get(list).and_then(Value::as_array).is_some_and(|items| !items.is_empty())
}
