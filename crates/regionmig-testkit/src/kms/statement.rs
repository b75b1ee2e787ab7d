//! Just so much of the policy language as KMS itself looks at when it is given a key policy.
//!
//! Written apart from the rewriting in the core, which is tested against this.

use regionmig_core::End;
use serde_json::{Map, Value};

pub(super) const INVALID_PRINCIPAL: &str = "Policy contains a statement with one or more invalid principals.";

/// A key policy that has the right form.
#[derive(Debug)]
pub(super) struct Document(Vec<Statement>);

#[derive(Debug)]
struct Statement {
    is_allow: bool,
    /// Whether the principals are those left out.
    is_principal_negated: bool,
    principals: Vec<String>,
    is_action_negated: bool,
    actions: Vec<String>,
    condition: Map<String, Value>,
}

impl Document {
    /// Reads a policy of an account's key; says why it is none.
    pub(super) fn read(text: &str, end: &End) -> Result<Self, String> {
        let document: Map<String, Value> =
            serde_json::from_str(text).map_err(|error| format!("The policy is not valid JSON: {error}"))?;
        for (member, value) in &document {
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
        statements.into_iter().map(|statement| Statement::read(statement, end)).collect::<Result<_, _>>().map(Self)
    }

    /// Tells whether a principal is the unique id that AWS shows in place of one that was deleted. Stored policies may
    /// have such, but KMS takes none in a request.
    pub(super) fn names_the_dead(&self) -> bool {
        self.0.iter().flat_map(|statement| &statement.principals).any(|name| is_unique_id(name))
    }

    /// Tells whether `caller`, who is of the account of `end`, may do `action` by this policy: by name, or because it
    /// trusts the whole account.
    pub(super) fn allows(&self, caller: &str, end: &End, action: &str) -> bool {
        let mut applying = self.0.iter().filter(|statement| statement.applies(caller, end, action)).peekable();
        applying.peek().is_some() && applying.all(|statement| statement.is_allow)
    }
}

impl Statement {
    fn read(statement: &Value, end: &End) -> Result<Self, String> {
        let Some(statement) = statement.as_object() else { return Err("A statement is no object.".to_owned()) };
        const MEMBERS: [&str; 9] = [
            "Sid",
            "Effect",
            "Principal",
            "NotPrincipal",
            "Action",
            "NotAction",
            "Resource",
            "NotResource",
            "Condition",
        ];
        if let Some(stranger) = statement.keys().find(|member| !MEMBERS.contains(&member.as_str())) {
            return Err(format!("A statement has an invalid `{stranger}`."));
        }
        if statement.get("Sid").is_some_and(|sid| !sid.is_string()) {
            return Err("A statement has an invalid `Sid`.".to_owned());
        }
        let is_allow = match statement.get("Effect").and_then(Value::as_str) {
            Some("Allow") => true,
            Some("Deny") => false,
            _ => return Err("A statement has no `Effect`.".to_owned()),
        };
        let (is_principal_negated, who) = either(statement, "Principal", "NotPrincipal")?;
        let (is_action_negated, actions) = either(statement, "Action", "NotAction")?;
        texts(either(statement, "Resource", "NotResource")?.1)?;
        let principals = principals(who, end)?;
        let actions = texts(actions)?;
        if actions.iter().any(|action| *action != "*" && !action.contains(':')) {
            return Err("A statement has an invalid action.".to_owned());
        }
        let condition = condition(statement)?;
        Ok(Self { is_allow, is_principal_negated, principals, is_action_negated, actions, condition })
    }

    fn applies(&self, caller: &str, end: &End, action: &str) -> bool {
        let names = |principal: &String| is_named(principal, caller, end);
        let is_action = |pattern: &String| glob(&pattern.to_ascii_lowercase(), &action.to_ascii_lowercase());
        self.principals.iter().any(names) != self.is_principal_negated
            && self.actions.iter().any(is_action) != self.is_action_negated
            && self.condition.iter().all(|(operator, keys)| holds(operator, keys, caller, end))
    }
}

/// Returns the one of two members that is there, and whether it is the second. Both, or none, is an error.
fn either<'a>(statement: &'a Map<String, Value>, is: &str, is_not: &str) -> Result<(bool, &'a Value), String> {
    match (statement.get(is), statement.get(is_not)) {
        (Some(value), None) => Ok((false, value)),
        (None, Some(value)) => Ok((true, value)),
        _ => Err(format!("A statement must have either `{is}` or `{is_not}`.")),
    }
}

/// Reads a text, or a list of texts that is not empty.
fn texts(value: &Value) -> Result<Vec<String>, String> {
    let items = match value {
        Value::String(_) => std::slice::from_ref(value),
        Value::Array(items) if !items.is_empty() => items,
        _ => return Err("A statement has an element that is neither a text nor a list of texts.".to_owned()),
    };
    let texts: Option<Vec<String>> = items.iter().map(|item| item.as_str().map(str::to_owned)).collect();
    texts.ok_or_else(|| "A statement has a list that holds something else than texts.".to_owned())
}

fn principals(value: &Value, end: &End) -> Result<Vec<String>, String> {
    let kinds = match value {
        Value::String(any) if any == "*" => return Ok(vec![any.clone()]),
        Value::Object(kinds) if !kinds.is_empty() => kinds,
        _ => return Err(INVALID_PRINCIPAL.to_owned()),
    };
    let mut all = Vec::new();
    for (kind, value) in kinds {
        let names = texts(value)?;
        let is_valid = |name: &String| match kind.as_str() {
            "AWS" => is_principal(name, end),
            "Service" => name.contains('.') && !name.contains(['/', ':', ' ']),
            "CanonicalUser" | "Federated" => !name.is_empty(),
            _ => false,
        };
        if !names.iter().all(is_valid) {
            return Err(INVALID_PRINCIPAL.to_owned());
        }
        // Whom the caller cannot be: kept out of `AWS` so that no service or provider is taken for an account.
        all.extend(names.into_iter().map(|name| if kind == "AWS" { name } else { format!("{kind}:{name}") }));
    }
    Ok(all)
}

/// Tells whether a text can be a principal: anybody, an account, an ARN of IAM or STS of the same partition, or the
/// unique id that AWS shows in place of one that was deleted.
fn is_principal(name: &str, end: &End) -> bool {
    let is_account = |text: &str| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    match name.splitn(6, ':').collect::<Vec<_>>()[..] {
        ["arn", partition, "iam" | "sts", "", account, resource] => {
            partition == end.partition.as_str()
                && (is_account(account) || account == "aws")
                && (resource == "root" || resource.contains('/'))
        }
        [_] => name == "*" || is_account(name) || is_unique_id(name),
        _ => false,
    }
}

fn is_unique_id(name: &str) -> bool {
    name.len() > 15 && name.starts_with('A') && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Tells whether a principal is the caller, the role that the caller has assumed, or the caller's whole account.
pub(super) fn is_named(principal: &str, caller: &str, end: &End) -> bool {
    let root = format!("arn:{}:iam::{}:root", end.partition, end.account);
    principal == "*"
        || principal == caller
        || principal == end.account.as_str()
        || principal == root
        || assumed(caller, end).is_some_and(|role| is_role(principal, &role, end))
}

/// Returns the name of the role that a caller has assumed.
fn assumed(caller: &str, end: &End) -> Option<String> {
    let session = caller.strip_prefix(&format!("arn:{}:sts::{}:assumed-role/", end.partition, end.account))?;
    session.split_once('/').map(|(role, _)| role.to_owned())
}

/// A role's ARN may have a path before its name, of which the session's ARN says nothing.
fn is_role(principal: &str, role: &str, end: &End) -> bool {
    let resource = principal.strip_prefix(&format!("arn:{}:iam::{}:role/", end.partition, end.account));
    resource.and_then(|resource| resource.rsplit('/').next()) == Some(role)
}

fn condition(statement: &Map<String, Value>) -> Result<Map<String, Value>, String> {
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

/// Tells whether a condition holds for a request that the caller makes himself. What is not known here does not hold.
fn holds(operator: &str, keys: &Value, caller: &str, end: &End) -> bool {
    let is_known =
        matches!(operator, "ArnEquals" | "ArnLike" | "StringEquals" | "StringEqualsIgnoreCase" | "StringLike");
    let role = assumed(caller, end).map(|role| format!("arn:{}:iam::{}:role/{role}", end.partition, end.account));
    let mut keys = keys.as_object().into_iter().flatten();
    is_known
        && keys.all(|(key, wanted)| {
            let held = match key.to_ascii_lowercase().as_str() {
                "aws:principalaccount" | "kms:calleraccount" => end.account.as_str(),
                "aws:principalarn" => role.as_deref().unwrap_or(caller),
                _ => return false,
            };
            texts(wanted).is_ok_and(|wanted| wanted.iter().any(|wanted| glob(wanted, held)))
        })
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

    const ADMIN: &str = "arn:aws:sts::111122223333:assumed-role/Admin/me";

    fn end() -> End {
        "111122223333/eu-central-1".parse().unwrap()
    }

    fn statement(principal: Value) -> Value {
        json!({ "Effect": "Allow", "Principal": principal, "Action": "kms:*", "Resource": "*" })
    }

    fn read(statements: Value) -> Result<Document, String> {
        Document::read(&json!({ "Version": "2012-10-17", "Statement": statements }).to_string(), &end())
    }

    fn can_put(statements: Value) -> bool {
        read(statements).unwrap().allows(ADMIN, &end(), "kms:PutKeyPolicy")
    }

    #[test]
    fn the_account_the_role_and_the_session_may_change_the_policy() {
        for principal in [
            json!("*"),
            json!({ "AWS": "*" }),
            json!({ "AWS": "111122223333" }),
            json!({ "AWS": "arn:aws:iam::111122223333:root" }),
            json!({ "AWS": "arn:aws:iam::111122223333:role/Admin" }),
            json!({ "AWS": ["arn:aws:iam::444455556666:root", "arn:aws:iam::111122223333:role/team/Admin"] }),
            json!({ "AWS": ADMIN }),
        ] {
            assert!(can_put(json!([statement(principal.clone())])), "{principal}");
        }
    }

    #[test]
    fn others_may_not() {
        for principal in [
            json!({ "AWS": "arn:aws:iam::444455556666:root" }),
            json!({ "AWS": "arn:aws:iam::111122223333:role/Administrator" }),
            json!({ "AWS": "arn:aws:iam::111122223333:user/Admin" }),
            json!({ "Service": "logs.eu-central-1.amazonaws.com" }),
        ] {
            assert!(!can_put(json!([statement(principal.clone())])), "{principal}");
        }
    }

    #[test]
    fn action_condition_and_denial_count() {
        let mut only_use = statement(json!("*"));
        only_use["Action"] = json!(["kms:Encrypt", "kms:Describe*"]);
        assert!(!can_put(json!([only_use])));
        let mut wide = statement(json!("*"));
        wide["Action"] = json!("KMS:Put*");
        assert!(can_put(json!([wide])));
        let mut all_but = statement(json!("*"));
        all_but["NotAction"] = all_but["Action"].take();
        all_but.as_object_mut().unwrap().remove("Action");
        assert!(!can_put(json!([all_but])));
        let mut via = statement(json!("*"));
        via["Condition"] = json!({ "StringEquals": { "kms:ViaService": "s3.eu-central-1.amazonaws.com" } });
        assert!(!can_put(json!([via])));
        let mut own = statement(json!("*"));
        own["Condition"] = json!({ "StringEquals": { "kms:CallerAccount": "111122223333" } });
        assert!(can_put(json!([own])));
        let mut denied = statement(json!({ "AWS": "arn:aws:iam::111122223333:role/Admin" }));
        denied["Effect"] = json!("Deny");
        assert!(!can_put(json!([statement(json!("*")), denied])));
    }

    #[test]
    fn a_deleted_principal_is_seen_and_is_nobody() {
        for (principal, names_the_dead) in [
            (json!({ "AWS": "AROACKCEVSQ6C2EXAMPLE" }), true),
            (json!({ "AWS": ["111122223333", "AIDACKCEVSQ6C2EXAMPLE"] }), true),
            (json!({ "AWS": ["111122223333", ADMIN] }), false),
            (json!({ "Federated": "AIDACKCEVSQ6C2EXAMPLE" }), false),
        ] {
            let document = read(statement(principal.clone())).unwrap();
            assert_eq!(document.names_the_dead(), names_the_dead, "{principal}");
        }
        assert!(!can_put(statement(json!({ "AWS": "AROACKCEVSQ6C2EXAMPLE" }))));
    }

    #[test]
    fn what_is_no_policy_is_refused() {
        for text in ["", "[]", "{}", r#"{"Statement": []}"#, r#"{"Version": "2020-01-01", "Statement": []}"#] {
            assert!(Document::read(text, &end()).is_err(), "{text}");
        }
        for (member, value) in [
            ("Effect", json!("Maybe")),
            ("Principal", json!({ "AWS": "arn:aws-cn:iam::111122223333:root" })),
            ("Principal", json!({ "AWS": "somebody" })),
            ("Principal", json!({ "Who": "*" })),
            ("Principal", Value::Null),
            ("NotPrincipal", json!("*")),
            ("Action", json!("Encrypt")),
            ("Action", json!([])),
            ("Resource", json!(1)),
            ("Condition", json!("none")),
            ("Condition", json!({ "StringEquals": { "a": {} } })),
            ("Permission", json!("all")),
            ("Sid", json!(1)),
        ] {
            let mut broken = statement(json!("*"));
            broken[member] = value.clone();
            assert!(read(json!([broken])).is_err(), "{member} {value}");
        }
        assert!(read(statement(json!("*"))).is_ok());
    }
}
