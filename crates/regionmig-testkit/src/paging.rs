//! Listings that go wrong: tokens that no service gave out.

use serde_json::{Value, json};

use crate::call::Call;
use crate::fault::Paging;

const MARK: &str = "made-up-";

/// Takes a made-up token out of a request, so that the service answers its first page; returns its number.
pub(crate) fn take_token(call: &mut Call) -> Option<u64> {
    let (asked, _) = members(&call.service);
    let number = number(call.body.get(asked)?)?;
    call.body.as_object_mut()?.remove(asked);
    Some(number)
}

/// Puts a made-up token into an answer.
pub(crate) fn spoil(paging: Paging, service: &str, token: Option<u64>, answer: &mut Value) {
    let next = match (paging, token) {
        (Paging::Cycle(length), token) => token.map_or(0, |token| (token + 1) % length),
        (Paging::Endless, token) => token.map_or(0, |token| token + 1),
        (Paging::EmptyFirst, Some(_)) => return,
        (Paging::EmptyFirst, None) => 0,
    };
    let Some(members_of_answer) = answer.as_object_mut() else { return };
    if paging == Paging::EmptyFirst {
        for list in members_of_answer.values_mut().filter_map(Value::as_array_mut) {
            list.clear();
        }
    }
    members_of_answer.insert(members(service).1.to_owned(), made_up(service, next));
    let flag = match service {
        "iam" => Some("IsTruncated"),
        "kms" => Some("Truncated"),
        _ => None,
    };
    members_of_answer.extend(flag.map(|flag| (flag.to_owned(), true.into())));
}

/// Returns what the token is called in a request and in its answer.
fn members(service: &str) -> (&'static str, &'static str) {
    match service {
        "dynamodb" => ("ExclusiveStartKey", "LastEvaluatedKey"),
        "iam" => ("Marker", "Marker"),
        "kms" => ("Marker", "NextMarker"),
        "tagging" => ("PaginationToken", "PaginationToken"),
        _ => ("NextToken", "NextToken"),
    }
}

fn made_up(service: &str, number: u64) -> Value {
    let token = format!("{MARK}{number}");
    match service {
        "dynamodb" => json!({ MARK: { "S": token } }),
        _ => token.into(),
    }
}

fn number(token: &Value) -> Option<u64> {
    let text = token.as_str().or_else(|| token.get(MARK)?.get("S")?.as_str())?;
    text.strip_prefix(MARK)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(paging: Paging, service: &str, token: Option<u64>) -> Option<u64> {
        let mut answer = json!({ "Keys": [1, 2] });
        spoil(paging, service, token, &mut answer);
        number(answer.get(members(service).1)?)
    }

    #[test]
    fn tokens_repeat_go_round_or_never_end() {
        for service in ["dynamodb", "iam", "kms", "tagging", "other"] {
            assert_eq!(next(Paging::Cycle(1), service, None), next(Paging::Cycle(1), service, Some(0)));
            let round: Vec<_> = [None, Some(0), Some(1), Some(2)].map(|t| next(Paging::Cycle(3), service, t)).to_vec();
            assert_eq!(round, [Some(0), Some(1), Some(2), Some(0)]);
            assert_eq!(next(Paging::Endless, service, Some(41)), Some(42));
            assert_eq!(
                (next(Paging::EmptyFirst, service, None), next(Paging::EmptyFirst, service, Some(0))),
                (Some(0), None)
            );
        }
    }
}
