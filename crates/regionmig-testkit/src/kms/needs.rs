//! Which actions a call must be allowed (API reference, "Required permissions").

use std::collections::BTreeSet;

use regionmig_core::End;
use serde_json::Value;

use crate::call::Call;

/// Returns the actions that a call must be allowed, each with where.
pub(crate) fn needs(call: &Call) -> BTreeSet<(End, String)> {
    let here = |action: &str| (call.end.clone(), format!("kms:{action}"));
    let there = |member: &str, action: &str| {
        let region = call.text(member).and_then(|region| region.parse().ok());
        region.map(|region| (call.end.in_region(region), format!("kms:{action}")))
    };
    let has_tags = call.body.get("Tags").and_then(Value::as_array).is_some_and(|tags| !tags.is_empty());
    let mut needs = BTreeSet::from([here(&call.operation)]);
    match call.operation.as_str() {
        "CreateKey" => needs.extend(has_tags.then(|| here("TagResource"))),
        // There is no action of its own name.
        "ReEncrypt" => needs = BTreeSet::from([here("ReEncryptFrom"), here("ReEncryptTo")]),
        "ReplicateKey" => {
            needs.extend(there("ReplicaRegion", "CreateKey"));
            needs.extend(there("ReplicaRegion", "TagResource").filter(|_| has_tags));
        }
        "UpdatePrimaryRegion" => needs.extend(there("PrimaryRegion", "UpdatePrimaryRegion")),
        _ => {}
    }
    needs
}
