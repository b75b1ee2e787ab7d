//! How KMS shows a policy: not as it was given, but laid out anew.

use std::iter;

use regionmig_core::End;
use serde_json::{Map, Value, json};

/// Members come in this order, and others after them.
const ORDER: [&str; 13] = [
    "Version",
    "Id",
    "Statement",
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
    "AWS",
];

/// Writes a policy as KMS shows it: its own layout, statements in a list, an account as the ARN of its root. A list of
/// one is shown as that one, which AWS does with some and not with others, so that a client must bear either.
///
/// What is no policy is shown as it is: a seed may be anything.
pub(in crate::kms) fn shown(text: &str, end: &End) -> String {
    let Ok(Value::Object(mut policy)) = serde_json::from_str(text) else { return text.to_owned() };
    let statements = match policy.remove("Statement") {
        Some(Value::Array(statements)) => statements,
        Some(one) => vec![one],
        None => return text.to_owned(),
    };
    let statements: Vec<Value> = statements.into_iter().map(|statement| anew(statement, end)).collect();
    policy.insert("Statement".to_owned(), Value::Array(statements));
    let mut written = String::new();
    write(&Value::Object(policy), 0, &mut written);
    written
}

fn anew(statement: Value, end: &End) -> Value {
    let Value::Object(members) = statement else { return statement };
    let each = members.into_iter().map(|(name, value)| {
        let value = match (name.as_str(), value) {
            ("Principal" | "NotPrincipal", Value::Object(kinds)) => Value::Object(principals(kinds, end)),
            ("Action" | "NotAction" | "Resource" | "NotResource", value) => unlisted(value),
            (_, value) => value,
        };
        (name, value)
    });
    Value::Object(each.collect())
}

fn principals(kinds: Map<String, Value>, end: &End) -> Map<String, Value> {
    let root = |name: Value| match name.as_str() {
        Some(account) if account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()) => {
            json!(format!("arn:{}:iam::{account}:root", end.partition))
        }
        _ => name,
    };
    let each = kinds.into_iter().map(|(kind, names)| {
        let names = match names {
            Value::Array(names) if kind == "AWS" => Value::Array(names.into_iter().map(root).collect()),
            name if kind == "AWS" => root(name),
            names => names,
        };
        (kind, unlisted(names))
    });
    each.collect()
}

fn unlisted(value: Value) -> Value {
    match value {
        Value::Array(mut items) if items.len() == 1 => items.pop().unwrap_or_default(),
        value => value,
    }
}

/// Writes JSON as Jackson's pretty printer does: objects over several lines, lists in one.
fn write(value: &Value, depth: usize, to: &mut String) {
    match value {
        Value::Object(members) if members.is_empty() => to.push_str("{ }"),
        Value::Object(members) => {
            let mut sorted: Vec<(&String, &Value)> = members.iter().collect();
            sorted.sort_by_key(|(name, _)| ORDER.iter().position(|known| known == name).unwrap_or(ORDER.len()));
            to.push('{');
            for (place, (name, value)) in sorted.into_iter().enumerate() {
                to.push_str(if place == 0 { "\n" } else { ",\n" });
                indent(depth + 1, to);
                to.push_str(&json!(name).to_string());
                to.push_str(" : ");
                write(value, depth + 1, to);
            }
            to.push('\n');
            indent(depth, to);
            to.push('}');
        }
        Value::Array(items) if items.is_empty() => to.push_str("[ ]"),
        Value::Array(items) => {
            for (place, item) in items.iter().enumerate() {
                to.push_str(if place == 0 { "[ " } else { ", " });
                write(item, depth, to);
            }
            to.push_str(" ]");
        }
        plain => to.push_str(&plain.to_string()),
    }
}

fn indent(depth: usize, to: &mut String) {
    to.extend(iter::repeat_n("  ", depth));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end() -> End {
        "111122223333/eu-central-1".parse().unwrap()
    }

    #[test]
    fn the_default_policy_is_shown_as_aws_was_seen_to_show_it() {
        let text = super::super::default_text(&end());
        let packed = serde_json::from_str::<Value>(&text).unwrap().to_string();
        assert_ne!(packed, text);
        assert_eq!(shown(&packed, &end()), text);
        assert_eq!(shown(&text, &end()), text);
    }

    #[test]
    fn a_policy_is_laid_out_anew_and_says_the_same() {
        let given = json!({
            "Statement": {
                "Condition": { "StringEquals": { "kms:ViaService": ["s3.eu-central-1.amazonaws.com"] }, "Bool": {} },
                "Action": ["kms:*"], "Resource": ["*"], "Effect": "Allow",
                "Principal": { "Service": ["s3.amazonaws.com"], "AWS": ["111122223333", "444455556666"] },
            },
            "Version": "2012-10-17",
        });
        let wanted = r#"{
  "Version" : "2012-10-17",
  "Statement" : [ {
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : [ "arn:aws:iam::111122223333:root", "arn:aws:iam::444455556666:root" ],
      "Service" : "s3.amazonaws.com"
    },
    "Action" : "kms:*",
    "Resource" : "*",
    "Condition" : {
      "Bool" : { },
      "StringEquals" : {
        "kms:ViaService" : [ "s3.eu-central-1.amazonaws.com" ]
      }
    }
  } ]
}"#;
        assert_eq!(shown(&given.to_string(), &end()), wanted);
    }

    #[test]
    fn what_is_no_policy_is_shown_as_it_is() {
        for text in ["", "no json", "[1]", "{}"] {
            assert_eq!(shown(text, &end()), text);
        }
    }
}
