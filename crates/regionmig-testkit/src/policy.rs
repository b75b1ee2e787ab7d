//! The policy language, as far as the world reads it: what key policies and IAM's policies have in common.
//!
//! Written apart from the rewriting in the core, which is tested against this.

use serde_json::{Map, Value};

/// Actions or resources: those listed, or all but those.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    is_negated: bool,
    patterns: Vec<String>,
}

impl Names {
    /// Reads one of two members, such as `Action` and `NotAction`.
    pub(crate) fn read(statement: &Map<String, Value>, is: &str, is_not: &str) -> Result<Self, String> {
        let (is_negated, patterns) = either(statement, is, is_not)?;
        Ok(Self { is_negated, patterns: texts(patterns)? })
    }

    /// Reads actions, each with its service.
    pub(crate) fn actions(statement: &Map<String, Value>) -> Result<Self, String> {
        let names = Self::read(statement, "Action", "NotAction")?;
        match names.patterns.iter().any(|action| *action != "*" && !action.contains(':')) {
            true => Err("A statement has an invalid action.".to_owned()),
            false => Ok(names),
        }
    }

    /// Tells whether an action, in upper or lower case, is among them.
    pub(crate) fn has_action(&self, action: &str) -> bool {
        let is_it = |pattern: &String| glob(&pattern.to_ascii_lowercase(), &action.to_ascii_lowercase());
        self.patterns.iter().any(is_it) != self.is_negated
    }

    /// Tells whether a resource is among them.
    pub(crate) fn has(&self, resource: &str) -> bool {
        self.patterns.iter().any(|pattern| glob(pattern, resource)) != self.is_negated
    }
}

/// Reads the statements of a policy whose other members have the right form.
pub(crate) fn statements(document: &Map<String, Value>) -> Result<Vec<&Map<String, Value>>, String> {
    for (member, value) in document {
        match (member.as_str(), value) {
            ("Id", Value::String(_)) | ("Statement", _) => {}
            ("Version", Value::String(version)) if ["2008-10-17", "2012-10-17"].contains(&version.as_str()) => {}
            _ => return Err(format!("The policy has an invalid `{member}`.")),
        }
    }
    let statements = match document.get("Statement") {
        Some(Value::Array(statements)) if !statements.is_empty() => statements.iter().collect(),
        Some(statement @ Value::Object(_)) => vec![statement],
        _ => return Err("The policy has no statement.".to_owned()),
    };
    let objects: Option<Vec<_>> = statements.into_iter().map(Value::as_object).collect();
    objects.ok_or_else(|| "A statement is no object.".to_owned())
}

/// Reads a statement's effect, whether it allows, and checks that it has no other members than `members`.
pub(crate) fn allows(statement: &Map<String, Value>, members: &[&str]) -> Result<bool, String> {
    if let Some(stranger) = statement.keys().find(|member| !members.contains(&member.as_str())) {
        return Err(format!("A statement has an invalid `{stranger}`."));
    }
    if statement.get("Sid").is_some_and(|sid| !sid.is_string()) {
        return Err("A statement has an invalid `Sid`.".to_owned());
    }
    match statement.get("Effect").and_then(Value::as_str) {
        Some("Allow") => Ok(true),
        Some("Deny") => Ok(false),
        _ => Err("A statement has no `Effect`.".to_owned()),
    }
}

/// Returns the one of two members that is there, and whether it is the second. Both, or none, is an error.
pub(crate) fn either<'a>(
    statement: &'a Map<String, Value>,
    is: &str,
    is_not: &str,
) -> Result<(bool, &'a Value), String> {
    match (statement.get(is), statement.get(is_not)) {
        (Some(value), None) => Ok((false, value)),
        (None, Some(value)) => Ok((true, value)),
        _ => Err(format!("A statement must have either `{is}` or `{is_not}`.")),
    }
}

/// Reads a text, or a list of texts that is not empty.
pub(crate) fn texts(value: &Value) -> Result<Vec<String>, String> {
    let items = match value {
        Value::String(_) => std::slice::from_ref(value),
        Value::Array(items) if !items.is_empty() => items,
        _ => return Err("A statement has an element that is neither a text nor a list of texts.".to_owned()),
    };
    let texts: Option<Vec<String>> = items.iter().map(|item| item.as_str().map(str::to_owned)).collect();
    texts.ok_or_else(|| "A statement has a list that holds something else than texts.".to_owned())
}

/// Reads the conditions of a statement, by operator.
pub(crate) fn condition(statement: &Map<String, Value>) -> Result<Map<String, Value>, String> {
    let Some(condition) = statement.get("Condition") else { return Ok(Map::new()) };
    let condition = condition.as_object().ok_or("A statement has an invalid `Condition`.")?;
    for keys in condition.values() {
        let keys = keys.as_object().ok_or("A condition's operator has no keys.")?;
        let is_value = |value: &Value| value.is_string() || value.is_boolean() || value.is_number();
        let is_list = |value: &Value| value.as_array().is_some_and(|values| values.iter().all(is_value));
        if keys.values().any(|value| !is_value(value) && !is_list(value)) {
            return Err("A condition has an invalid value.".to_owned());
        }
    }
    Ok(condition.clone())
}

/// Tells whether one condition holds for what a request has there, `None` if it has nothing. What the world does not know
/// of operators does not hold.
///
/// Without a value the negated ones hold (IAM user guide, "Condition operators").
pub(crate) fn holds(operator: &str, wanted: &Value, held: Option<&str>) -> bool {
    let Ok(wanted) = texts(wanted) else { return false };
    let any = |is: &dyn Fn(&str, &str) -> bool| held.is_some_and(|held| wanted.iter().any(|wanted| is(wanted, held)));
    match operator {
        "ArnEquals" | "ArnLike" | "StringLike" => any(&glob),
        "StringEquals" => any(&|wanted, held| wanted == held),
        "StringEqualsIgnoreCase" => any(&|wanted, held| wanted.eq_ignore_ascii_case(held)),
        "ArnNotEquals" | "ArnNotLike" | "StringNotLike" => !any(&glob),
        "StringNotEquals" => !any(&|wanted, held| wanted == held),
        _ => false,
    }
}

/// Matches a text with a pattern in which `*` is any text and `?` any one character.
fn glob(pattern: &str, text: &str) -> bool {
    let Some(first) = pattern.chars().next() else { return text.is_empty() };
    let rest = &pattern[first.len_utf8()..];
    let mut letters = text.chars();
    match first {
        '*' => text.char_indices().map(|(at, _)| at).chain([text.len()]).any(|at| glob(rest, &text[at..])),
        '?' => letters.next().is_some() && glob(rest, letters.as_str()),
        first => letters.next() == Some(first) && glob(rest, letters.as_str()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_condition_compares_as_its_operator_says() {
        for (operator, wanted, held, expected) in [
            ("StringEquals", json!(["a", "b"]), Some("b"), true),
            ("StringEquals", json!("a*"), Some("ab"), false),
            ("StringEqualsIgnoreCase", json!("AB"), Some("ab"), true),
            ("StringLike", json!("a*"), Some("ab"), true),
            ("ArnLike", json!("arn:aws:iam::*:role/x"), Some("arn:aws:iam::111122223333:role/x"), true),
            ("StringNotEquals", json!(["a", "b"]), Some("b"), false),
            ("StringNotEquals", json!(["a", "b"]), Some("c"), true),
            ("StringEquals", json!("a"), None, false),
            ("StringNotEquals", json!("a"), None, true),
            ("ArnNotLike", json!("arn:*"), Some("arn:aws"), false),
            ("DateGreaterThan", json!("2026-01-01"), Some("2027-01-01"), false),
        ] {
            assert_eq!(holds(operator, &wanted, held), expected, "{operator} {wanted} {held:?}");
        }
    }
}
