//! AWS Account Management: which regions an account may use.

use regionmig_core::{OptIn, Region};
use serde_json::{Value, json};

use crate::call::{Call, Refusal};
use crate::state::Cx;

pub(super) fn answer(call: &Call, cx: &Cx<'_>) -> Result<Value, Refusal> {
    match call.operation.as_str() {
        "GetRegionOptStatus" => region_opt_status(call, cx),
        other => Err(Refusal::unknown(other)),
    }
}

fn region_opt_status(call: &Call, cx: &Cx<'_>) -> Result<Value, Refusal> {
    if call.text("AccountId").is_some_and(|account| account != call.end.account.as_str()) {
        let message = "You don't have access to the account: the world carries no organizations.";
        return Err(Refusal::new("AccessDeniedException").message(message).status(403));
    }
    let region = call.text("RegionName").unwrap_or_default();
    let Ok(region) = region.parse::<Region>() else {
        return Err(Refusal::new("ValidationException").message(format!("Invalid region name: {region}")));
    };
    let status = match (region.opt_in(), (cx.opted_in)(&region)) {
        (OptIn::NotRequired, _) => "ENABLED_BY_DEFAULT",
        (_, true) => "ENABLED",
        (_, false) => "DISABLED",
    };
    Ok(json!({ "RegionName": region, "RegionOptStatus": status }))
}
