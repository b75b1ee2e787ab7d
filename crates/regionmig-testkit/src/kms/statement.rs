//! Just so much of the policy language as KMS itself looks at when it is given a key policy.
//!
//! Written apart from the rewriting in the core, which is tested against this.

use regionmig_core::End;
use serde_json::{Map, Value};

use crate::policy::{self, Names};

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
    actions: Names,
    condition: Map<String, Value>,
}

impl Document {
    /// Reads a policy of an account's key; says why it is none.
    pub(super) fn read(text: &str, end: &End) -> Result<Self, String> {
        let document: Map<String, Value> =
            serde_json::from_str(text).map_err(|error| format!("The policy is not valid JSON: {error}"))?;
        let statements = policy::statements(&document)?;
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
    fn read(statement: &Map<String, Value>, end: &End) -> Result<Self, String> {
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
        let is_allow = policy::allows(statement, &MEMBERS)?;
        let (is_principal_negated, who) = policy::either(statement, "Principal", "NotPrincipal")?;
        Names::read(statement, "Resource", "NotResource")?;
        let principals = principals(who, end)?;
        let actions = Names::actions(statement)?;
        let condition = policy::condition(statement)?;
        Ok(Self { is_allow, is_principal_negated, principals, actions, condition })
    }

    fn applies(&self, caller: &str, end: &End, action: &str) -> bool {
        let names = |principal: &String| is_named(principal, caller, end);
        self.principals.iter().any(names) != self.is_principal_negated
            && self.actions.has_action(action)
            && self.condition.iter().all(|(operator, keys)| holds(operator, keys, caller, end))
    }
}

fn principals(value: &Value, end: &End) -> Result<Vec<String>, String> {
    let kinds = match value {
        Value::String(any) if any == "*" => return Ok(vec![any.clone()]),
        Value::Object(kinds) if !kinds.is_empty() => kinds,
        _ => return Err(INVALID_PRINCIPAL.to_owned()),
    };
    let mut all = Vec::new();
    for (kind, value) in kinds {
        let names = policy::texts(value)?;
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

/// Tells whether a condition holds for a request that the caller makes himself. What is not known here does not hold.
fn holds(operator: &str, keys: &Value, caller: &str, end: &End) -> bool {
    let role = assumed(caller, end).map(|role| format!("arn:{}:iam::{}:role/{role}", end.partition, end.account));
    keys.as_object().into_iter().flatten().all(|(key, wanted)| {
        let held = match key.to_ascii_lowercase().as_str() {
            "aws:principalaccount" | "kms:calleraccount" => end.account.as_str(),
            "aws:principalarn" => role.as_deref().unwrap_or(caller),
            _ => return false,
        };
        policy::holds(operator, wanted, Some(held))
    })
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
