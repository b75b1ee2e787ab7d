//! Decides a request by one policy document, as the IAM user guide says, and by nothing that the project's code knows.
//!
//! What the guide does not define is refused by a panic, so that no test rests on a guess: an unknown element or
//! operator, and several values of a key under an operator that is not for sets. Policy variables are taken as they
//! stand: no rewriting may look into them. The pages cited here are those of the IAM user guide.

use std::collections::BTreeMap;
use std::net::IpAddr;

use regionmig_core::Timestamp;
use serde_json::Value;

/// What a policy says to a request; the later, the more access.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Decision {
    ExplicitDeny,
    ImplicitDeny,
    Allow,
}

/// Who asks.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Principal {
    /// An account's root, a user, a role or a role's session, by its ARN.
    Aws(String),
    Federated(String),
    Service(String),
}

/// Who asks for what, and under which circumstances.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Request {
    pub(crate) principal: Principal,
    pub(crate) action: String,
    pub(crate) resource: String,
    /// The context keys, in small letters: the names of condition keys are not case-sensitive ("Condition").
    pub(crate) context: BTreeMap<String, Vec<String>>,
}

/// "Policy evaluation logic": an explicit deny overrides, then any allow, and what nothing allows is denied.
pub(crate) fn decide(policy: &Value, request: &Request) -> Decision {
    let mut decision = Decision::ImplicitDeny;
    for statement in list(&policy["Statement"]) {
        let decided = match statement["Effect"].as_str() {
            Some("Allow") => Decision::Allow,
            Some("Deny") => Decision::ExplicitDeny,
            _ => panic!("an effect {}", statement["Effect"]),
        };
        if applies(statement, request) {
            decision = if decision == Decision::ExplicitDeny { decision } else { decided };
        }
    }
    decision
}

/// Whether each element of a statement covers the request. What a statement does not say, the place of the policy says:
/// an identity's policy names no principal, a trust policy no resource.
fn applies(statement: &Value, request: &Request) -> bool {
    let elements = statement.as_object().unwrap();
    elements.iter().all(|(element, value)| match element.as_str() {
        "Sid" | "Effect" => true,
        "Principal" => names(value, &request.principal),
        "NotPrincipal" => !names(value, &request.principal),
        "Action" => texts(value).any(|pattern| is_action(pattern, &request.action)),
        "NotAction" => !texts(value).any(|pattern| is_action(pattern, &request.action)),
        "Resource" => texts(value).any(|pattern| is_resource(pattern, &request.resource)),
        "NotResource" => !texts(value).any(|pattern| is_resource(pattern, &request.resource)),
        "Condition" => holds_all(value, &request.context),
        other => panic!("an element {other}"),
    })
}

/// "Principal": `*` is everybody, in both its forms; an account, by number or by its root's ARN, is all in it; a role
/// is its sessions too; nothing is matched in part.
fn names(element: &Value, principal: &Principal) -> bool {
    if element == "*" {
        return true;
    }
    element.as_object().unwrap().iter().any(|(kind, ids)| {
        texts(ids).any(|id| match (kind.as_str(), principal) {
            ("AWS", _) if id == "*" => true,
            ("AWS", Principal::Aws(arn)) => id == arn || is_account_of(id, arn) || is_role_of(id, arn),
            ("Federated", Principal::Federated(provider)) => id == provider,
            ("Service", Principal::Service(service)) => id == service,
            ("AWS" | "Federated" | "Service", _) => false,
            (other, _) => panic!("a principal of the kind {other}"),
        })
    })
}

fn is_account_of(id: &str, arn: &str) -> bool {
    let account = |arn: &str| arn.split(':').nth(4).map(str::to_owned);
    let named = if id.ends_with(":root") { account(id) } else { Some(id.to_owned()) };
    named == account(arn)
}

/// A session's ARN has the role's name but not its path ("IAM identifiers").
fn is_role_of(id: &str, arn: &str) -> bool {
    let Some((account, session)) = arn.strip_prefix("arn:aws:sts::").and_then(|rest| rest.split_once(":assumed-role/"))
    else {
        return false;
    };
    let role = id.strip_prefix("arn:aws:iam::").and_then(|rest| rest.split_once(":role/"));
    role.is_some_and(|(of, path)| of == account && path.rsplit('/').next() == session.split('/').next())
}

/// "Action": prefix and name are not case-sensitive.
fn is_action(pattern: &str, action: &str) -> bool {
    is_like(&pattern.to_ascii_lowercase(), &action.to_ascii_lowercase(), |_| true)
}

/// "Resource": a `*` that ends a segment may reach over colons, any other stays in its segment.
fn is_resource(pattern: &str, resource: &str) -> bool {
    is_like(pattern, resource, |rest| rest.is_empty() || rest.starts_with(':'))
}

/// Matches `*` and `?`; `reaches` says, by what follows a `*`, whether it may take colons.
fn is_like(pattern: &str, text: &str, reaches: fn(&str) -> bool) -> bool {
    let mut expected = pattern.chars();
    match expected.next() {
        None => text.is_empty(),
        Some('*') => {
            let (rest, reaching) = (expected.as_str(), reaches(expected.as_str()));
            let ends = text.char_indices().take_while(|(_, c)| reaching || *c != ':').map(|(at, c)| at + c.len_utf8());
            std::iter::once(0).chain(ends).any(|end| is_like(rest, &text[end..], reaches))
        }
        Some(one) => {
            let mut found = text.chars();
            let is_same = found.next().is_some_and(|c| one == '?' || one == c);
            is_same && is_like(expected.as_str(), found.as_str(), reaches)
        }
    }
}

/// "Conditions with multiple context keys or values": operators and keys are joined by AND.
fn holds_all(block: &Value, context: &BTreeMap<String, Vec<String>>) -> bool {
    block.as_object().unwrap().iter().all(|(operator, keys)| {
        keys.as_object().unwrap().iter().all(|(key, values)| {
            let present = context.get(&key.to_ascii_lowercase()).filter(|present| !present.is_empty());
            holds(operator, present.map(Vec::as_slice), values)
        })
    })
}

fn holds(operator: &str, present: Option<&[String]>, values: &Value) -> bool {
    if operator == "Null" {
        // "Condition operators", "Condition operator to check existence": `true` asks that the key be absent.
        return list(values).any(|value| (plain(value) == "true") == present.is_none());
    }
    let (set, rest) = match operator.split_once(':') {
        Some((set @ ("ForAllValues" | "ForAnyValue"), rest)) => (Some(set), rest),
        Some(_) => panic!("an operator {operator}"),
        None => (None, operator),
    };
    let base = rest.strip_suffix("IfExists").unwrap_or(rest);
    let (positive, is_negated) = (base.replace("Not", ""), base.contains("Not"));
    let Some(present) = present else {
        // "IfExists", "Single-valued vs. multivalued context keys", and the note that a negated operator is true then.
        return base != rest || set == Some("ForAllValues") || (set.is_none() && is_negated);
    };
    // The values of a policy are joined by OR, those of a negated operator by NOR.
    let is_met = |found: &String| list(values).any(|value| is_match(&positive, &plain(value), found)) != is_negated;
    match (set, present) {
        (Some("ForAllValues"), _) => present.iter().all(is_met),
        (Some(_), _) => present.iter().any(is_met),
        (None, [found]) => is_met(found),
        (None, _) => panic!("several values under {operator}: not defined"),
    }
}

/// "Condition operators": whether a value of a policy matches one of the request, by an operator that is not negated.
fn is_match(operator: &str, expected: &str, found: &str) -> bool {
    match operator {
        "StringEquals" | "BinaryEquals" => expected == found,
        "StringEqualsIgnoreCase" | "Bool" => expected.eq_ignore_ascii_case(found),
        "StringLike" => is_like(expected, found, |_| true),
        // The two behave alike: the six parts are compared one by one.
        "ArnEquals" | "ArnLike" => {
            let (expected, found) = (expected.splitn(6, ':'), found.splitn(6, ':'));
            expected.clone().count() == 6
                && found.clone().count() == 6
                && expected.zip(found).all(|(expected, found)| is_like(expected, found, |_| true))
        }
        "IpAddress" => is_in_range(expected, found),
        _ => {
            let (order, test) = if let Some(test) = operator.strip_prefix("Numeric") {
                let number = |text: &str| text.parse::<f64>().ok();
                (number(found).partial_cmp(&number(expected)).filter(|_| number(found).is_some()), test)
            } else if let Some(test) = operator.strip_prefix("Date") {
                (moment(found).partial_cmp(&moment(expected)).filter(|_| moment(found).is_some()), test)
            } else {
                panic!("an operator {operator}")
            };
            order.is_some_and(|order| match test {
                "Equals" => order.is_eq(),
                "LessThan" => order.is_lt(),
                "LessThanEquals" => order.is_le(),
                "GreaterThan" => order.is_gt(),
                "GreaterThanEquals" => order.is_ge(),
                other => panic!("a comparison {other}"),
            })
        }
    }
}

/// An instant of ISO 8601 with its zone, or seconds since the epoch; the guide's other forms are not needed here.
fn moment(text: &str) -> Option<Timestamp> {
    let seconds = || text.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    text.parse().ok().or_else(seconds)
}

/// A range without its length is one address.
fn is_in_range(range: &str, found: &str) -> bool {
    let bits = |address: &str| match address.parse().ok()? {
        IpAddr::V4(address) => Some((u128::from(address.to_bits()) << 96, 32)),
        IpAddr::V6(address) => Some((address.to_bits(), 128)),
    };
    let (address, length) = range.split_once('/').unwrap_or((range, "128"));
    let (Some((from, width)), Some((found, found_width))) = (bits(address), bits(found)) else { return false };
    let length: u32 = length.parse::<u32>().unwrap().min(width);
    let mask = u128::MAX.checked_shl(128 - length).unwrap_or(0);
    width == found_width && from & mask == found & mask
}

/// One or several: the guide's grammar allows both wherever there may be several.
fn list(value: &Value) -> impl Iterator<Item = &Value> {
    match value {
        Value::Array(values) => values.as_slice(),
        one => std::slice::from_ref(one),
    }
    .iter()
}

fn texts(value: &Value) -> impl Iterator<Item = &str> {
    list(value).map(|value| value.as_str().unwrap())
}

/// A value of a condition: a text, or a number or truth value without quotes.
fn plain(value: &Value) -> std::borrow::Cow<'_, str> {
    value.as_str().map_or_else(|| value.to_string().into(), Into::into)
}

#[cfg(test)]
mod tests;
