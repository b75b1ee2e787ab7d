//! The Resource Groups Tagging API: tagged things of all services, here keys.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::call::{Call, Refusal};
use crate::kms::Kms;

type Tags = BTreeMap<String, String>;

pub(super) fn answer(call: &Call, kms: &Kms, now: Timestamp) -> Result<Value, Refusal> {
    match call.operation.as_str() {
        "GetResources" => resources(call, kms, now),
        other => Err(Refusal::unknown(other)),
    }
}

/// Answers by ARN, 50 a page unless asked otherwise; the last page's token is empty, not absent.
fn resources(call: &Call, kms: &Kms, now: Timestamp) -> Result<Value, Refusal> {
    let per_page = call.body.get("ResourcesPerPage").map_or(Some(50), Value::as_u64);
    let per_page = per_page.and_then(|n| usize::try_from(n).ok()).filter(|n| (1..=100).contains(n));
    let per_page = per_page.ok_or_else(|| invalid("ResourcesPerPage must be between 1 and 100"))?;
    let after = token(call.text("PaginationToken").unwrap_or_default())?;
    let mut tagged = kms.tagged(&call.end, now);
    tagged.sort();
    let is_kms = is_asked_for(call);
    let mut found = tagged.into_iter().filter(|(arn, tags)| is_kms && *arn > after && is_chosen(call, arn, tags));
    let page: Vec<(String, Tags)> = found.by_ref().take(per_page).collect();
    let next = match (page.last(), found.next()) {
        (Some((arn, _)), Some(_)) => STANDARD.encode(arn),
        _ => String::new(),
    };
    let page: Vec<Value> = page.iter().map(|(arn, tags)| json!({ "ResourceARN": arn, "Tags": pairs(tags) })).collect();
    Ok(json!({ "PaginationToken": next, "ResourceTagMappingList": page }))
}

fn token(token: &str) -> Result<String, Refusal> {
    let bytes = STANDARD.decode(token).map_err(|_| invalid("the pagination token cannot be read"))?;
    String::from_utf8(bytes).map_err(|_| invalid("the pagination token cannot be read"))
}

/// Tells whether the types asked for, if any, include keys.
fn is_asked_for(call: &Call) -> bool {
    let types: Vec<&str> = texts(&call.body["ResourceTypeFilters"]).collect();
    types.is_empty() || types.iter().any(|kind| ["kms", "kms:key"].contains(kind))
}

/// Tells whether every filter has a tag that fits: its key, and one of its values, if it names any.
fn is_chosen(call: &Call, arn: &str, tags: &Tags) -> bool {
    let fits = |filter: &Value| {
        let value = filter["Key"].as_str().and_then(|key| tags.get(key));
        let mut values = texts(&filter["Values"]).peekable();
        value.is_some_and(|value| values.peek().is_none() || values.any(|one| one == value))
    };
    let mut arns = texts(&call.body["ResourceARNList"]).peekable();
    let is_named = arns.peek().is_none() || arns.any(|one| one == arn);
    is_named && call.body["TagFilters"].as_array().is_none_or(|filters| filters.iter().all(fits))
}

fn texts(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str)
}

fn pairs(tags: &Tags) -> Vec<Value> {
    tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect()
}

fn invalid(message: &str) -> Refusal {
    Refusal::new("InvalidParameterException").message(message)
}
