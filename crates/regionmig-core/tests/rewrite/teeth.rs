//! That the search finds what it looks for: rewritings that are wrong in one way each, and one that is right.

use std::cell::Cell;

use serde_json::{Value, json};

use super::mapping::{RESOURCE, World};
use super::widening::{Mode, Rules, search, several};

/// How a test's rewriter treats a value: by the statement's effect, the element or operator, and the key.
type Treat<'a> = &'a dyn Fn(&str, &str, &str, &World, &str) -> Vec<String>;

/// Walks over the values that a rewriting may change, and lets `treat` say what stands in the place of each.
fn treated(world: &World, text: &str, treat: Treat<'_>) -> String {
    let mut policy: Value = serde_json::from_str(text).unwrap();
    for statement in several_mut(&mut policy["Statement"]) {
        let effect = statement["Effect"].as_str().unwrap().to_owned();
        for element in ["Resource", "NotResource"] {
            if let Some(values) = statement.get_mut(element) {
                replace(values, |value| treat(&effect, element, RESOURCE, world, value));
            }
        }
        for (operator, keys) in statement.get_mut("Condition").and_then(Value::as_object_mut).into_iter().flatten() {
            for (key, values) in keys.as_object_mut().unwrap() {
                replace(values, |value| treat(&effect, operator, key, world, value));
            }
        }
    }
    policy.to_string()
}

fn replace(values: &mut Value, treat: impl Fn(&str) -> Vec<String>) {
    let replaced: Vec<Value> = several_mut(values)
        .iter()
        .flat_map(|value| match value {
            Value::String(text) => treat(text).into_iter().map(Value::from).collect(),
            other => vec![other.clone()],
        })
        .collect();
    *values = match &replaced[..] {
        [one] if !values.is_array() => one.clone(),
        several => json!(several),
    };
}

fn several_mut(value: &mut Value) -> &mut [Value] {
    match value {
        Value::Array(values) => values,
        one => std::slice::from_mut(one),
    }
}

/// Whether a place lets in, or out, what it does not name.
fn is_negated(place: &str) -> bool {
    place.contains("Not")
}

/// A right rewriting. What takes from a denial is left alone, and a whole policy that says what is not allowed in words
/// that have no counterpart: what it allows would arrive in the target without that.
fn right(mode: Mode, world: &World, text: &str) -> String {
    let is_settled = Cell::new(!asks_twice(&serde_json::from_str(text).unwrap()));
    treated(world, text, &|effect, place, key, world, value| {
        let is_denial = (effect == "Deny") != is_negated(place);
        is_settled.set(is_settled.get() && (!is_denial || world.is_settled(key, value)));
        vec![value.into()]
    });
    if !is_settled.get() {
        return text.to_owned();
    }
    treated(world, text, &|effect, place, key, world, value| match (mode, world.image(key, value)) {
        (_, None) => vec![value.into()],
        _ if is_negated(place) && effect == "Deny" => vec![value.into()],
        (Mode::Add, _) if is_negated(place) => vec![value.into()],
        (Mode::Add, Some(image)) => vec![value.into(), image],
        (Mode::Replace, Some(image)) => vec![image],
    })
}

fn asks_twice(policy: &Value) -> bool {
    several(&policy["Statement"]).iter().any(|statement| {
        let operators = statement["Condition"].as_object().into_iter().flatten();
        let mut keys: Vec<String> =
            operators.flat_map(|(_, keys)| keys.as_object().unwrap().keys()).map(|key| key.to_lowercase()).collect();
        let all = keys.len();
        keys.sort();
        keys.dedup();
        keys.len() < all
    })
}

/// Lets `change` spoil each statement of a policy that is rewritten right.
fn spoiled(mode: Mode, world: &World, text: &str, change: impl Fn(&mut Value)) -> String {
    let mut policy: Value = serde_json::from_str(&right(mode, world, text)).unwrap();
    several_mut(&mut policy["Statement"]).iter_mut().for_each(change);
    policy.to_string()
}

#[test]
fn a_right_rewriting_widens_nothing() {
    for mode in [Mode::Replace, Mode::Add] {
        let (count, found) = search(mode, Rules::All, 1000, 1000, |world, text| right(mode, world, text));
        found.unwrap_or_else(|why| panic!("{mode:?}, {count:?}: {why}"));
        println!("shown: rewrite_oracle {mode:?} {count:?}");
        // Much is at stake: of what is asked, enough was allowed or denied, and is allowed in the target only now.
        assert!(count.allowed * 12 > count.requests && count.denied * 25 > count.requests, "{count:?}");
        assert!(count.gained * 100 > count.requests, "{count:?}");
    }
}

/// What is caught need not be small here.
const SHRINKS: u32 = 50;

/// A wrong rewriting.
type Wrong = fn(&World, &str) -> String;

/// Both ways of looking must find it, each alone, and soon.
fn is_caught(name: &str, mode: Mode, wrong: Wrong) {
    for rules in [Rules::Decisions, Rules::Documents] {
        let (count, found) = search(mode, rules, 2000, SHRINKS, wrong);
        let why = found.err().unwrap_or_else(|| panic!("{name} is not caught by {rules:?}"));
        let why = why.lines().next().unwrap();
        assert!(count.requests <= 5000 && count.policies <= 200, "{name} is caught late, by {why}: {count:?}");
    }
}

#[test]
fn text_put_in_place_of_text_is_caught() {
    is_caught("blind", Mode::Replace, |world, text| text.replace(world.source.region, world.target.region));
}

#[test]
fn a_dropped_condition_is_caught() {
    is_caught("without conditions", Mode::Replace, |world, text| {
        spoiled(Mode::Replace, world, text, |statement| {
            statement.as_object_mut().unwrap().remove("Condition");
        })
    });
}

#[test]
fn an_added_wildcard_is_caught() {
    is_caught("all resources", Mode::Add, |world, text| {
        treated(world, text, &|_, _, key, world, value| match world.image(key, value) {
            Some(_) if key == RESOURCE => vec![value.into(), "*".into()],
            _ => vec![value.into()],
        })
    });
    is_caught("all of the account", Mode::Replace, |world, text| {
        treated(world, text, &|_, _, key, world, value| match world.image(key, value) {
            Some(image) if key == RESOURCE => {
                let (before, _) = image.split_once(world.target.account).unwrap();
                vec![format!("{before}{}:*", world.target.account)]
            }
            _ => vec![value.into()],
        })
    });
}

#[test]
fn a_value_added_under_a_negated_operator_of_a_denial_is_caught() {
    // The documents alone do not show it: the value is an image.
    let wrong: Wrong = |world, text| {
        treated(world, text, &|effect, place, key, world, value| match world.image(key, value) {
            Some(image) if effect == "Deny" && is_negated(place) => vec![value.into(), image],
            _ => vec![value.into()],
        })
    };
    let (count, found) = search(Mode::Add, Rules::Decisions, 2000, SHRINKS, wrong);
    assert!(found.unwrap_err().starts_with("denied: ") && count.requests <= 10_000, "{count:?}");
}

#[test]
fn more_of_the_source_is_caught_where_a_value_is_added() {
    let wrong: Wrong = |world, text| {
        treated(world, text, &|_, _, key, world, value| match world.image(key, value) {
            Some(_) if key == RESOURCE => {
                let (before, _) = value.split_once(world.source.account).unwrap();
                vec![value.into(), format!("{before}{}:*", world.source.account)]
            }
            _ => vec![value.into()],
        })
    };
    let (count, found) = search(Mode::Add, Rules::Decisions, 2000, SHRINKS, wrong);
    assert!(found.unwrap_err().starts_with("kept: ") && count.requests <= 5000, "{count:?}");
}

#[test]
fn another_principal_is_caught() {
    is_caught("another account", Mode::Replace, |world, text| {
        spoiled(Mode::Replace, world, text, |statement| {
            if let Some(principal) = statement.get_mut("Principal") {
                let text = principal.to_string().replace("iam::111122223333:role/admin", "iam::999999999999:user/eve");
                *principal = serde_json::from_str(&text).unwrap();
            }
        })
    });
    is_caught("everybody", Mode::Add, |world, text| {
        spoiled(Mode::Add, world, text, |statement| {
            if let Some(principal) = statement.get_mut("Principal") {
                *principal = json!({ "AWS": "*" });
            }
        })
    });
}

#[test]
fn a_dropped_denial_is_caught() {
    is_caught("without denials", Mode::Replace, |world, text| {
        let mut policy: Value = serde_json::from_str(&right(Mode::Replace, world, text)).unwrap();
        let kept: Vec<Value> =
            several(&policy["Statement"]).iter().filter(|one| one["Effect"] == "Allow").cloned().collect();
        policy["Statement"] = json!(kept);
        policy.to_string()
    });
}

#[test]
fn an_id_that_keeps_its_name_is_caught() {
    is_caught("the region of an id alone", Mode::Add, |world, text| {
        treated(world, text, &|_, _, key, world, value| match world.image(key, value) {
            Some(_) if world.ids().any(|(id, _)| value.ends_with(id)) => {
                let moved = value.replace(world.source.region, world.target.region);
                vec![value.into(), moved.replace(world.source.account, world.target.account)]
            }
            _ => vec![value.into()],
        })
    });
}

#[test]
fn an_operator_made_looser_is_caught() {
    for (from, to) in [
        ("\"ForAnyValue:", "\"ForAllValues:"),
        ("\"StringEquals\"", "\"StringEqualsIfExists\""),
        ("\"StringLike\"", "\"StringNotLike\""),
        ("\"ArnEquals\"", "\"StringNotEquals\""),
    ] {
        let (count, found) = search(Mode::Replace, Rules::Decisions, 2000, SHRINKS, |world, text| {
            right(Mode::Replace, world, text).replace(from, to)
        });
        assert!(found.is_err() && count.requests <= 20_000, "{from}: {count:?}");
    }
}

#[test]
fn another_accounts_resource_that_moves_along_is_caught() {
    is_caught("any account's", Mode::Replace, |world, text| {
        treated(world, text, &|_, _, key, world, value| {
            let image = world.image(key, value).unwrap_or_else(|| value.to_owned());
            let is_arn = value.starts_with("arn:") && !value.contains(world.source.account);
            vec![if is_arn { image.replace(":me-central-1:", ":eu-central-1:") } else { image }]
        })
    });
}
