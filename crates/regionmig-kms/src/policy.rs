//! Key policies: who is in them.

use std::collections::BTreeSet;

use serde_json::Value;

/// Returns the principals of a policy that are no more: AWS shows the id of what was deleted, and takes none back.
pub(crate) fn dead(text: &str) -> BTreeSet<String> {
    let mut dead = BTreeSet::new();
    let Ok(policy) = serde_json::from_str::<Value>(text) else { return dead };
    each_text(&policy, &mut String::new(), &mut |at, text| {
        if at.contains("Principal") && is_dead(text) {
            dead.insert(text.to_owned());
        }
    });
    dead
}

/// Returns the AWS services that a policy lets use its key: those that it names as principals, and those by way of which
/// alone (`kms:ViaService`) others may.
// REQ: KMS-7
pub(crate) fn services(text: &str) -> BTreeSet<String> {
    let Ok(policy) = serde_json::from_str::<Value>(text) else { return BTreeSet::new() };
    let each = |value: &Value| if let Value::Array(items) = value { items.clone() } else { vec![value.clone()] };
    let mut named = Vec::new();
    for statement in each(&policy["Statement"]) {
        let is_allowing = statement["Effect"] == "Allow";
        if is_allowing {
            named.extend(each(&statement["Principal"]["Service"]));
        }
        for (operator, tests) in statement["Condition"].as_object().into_iter().flatten() {
            // Who is denied all but some services may use those.
            if operator.contains("Not") == is_allowing {
                continue;
            }
            let tests = tests.as_object().into_iter().flatten();
            let via = tests.filter(|(name, _)| name.eq_ignore_ascii_case("kms:ViaService"));
            named.extend(via.flat_map(|(_, values)| each(values)));
        }
    }
    named.iter().filter_map(Value::as_str).filter_map(service).map(str::to_owned).collect()
}

/// Returns the service that a principal or a value of `kms:ViaService` names, such as `s3` of `s3.eu-west-1.amazonaws.com` and
/// `logs` of `delivery.logs.amazonaws.com`: parts of a service come before its name, and a region after it.
pub(crate) fn service(principal: &str) -> Option<&str> {
    let (name, _) = principal.split_once(".amazonaws.").or_else(|| Some((principal.strip_suffix(".*")?, "")))?;
    let last = name.rsplit('.').find(|label| !is_region(label))?;
    let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (!last.is_empty() && last.chars().all(is_part)).then_some(last)
}

/// Returns whether a part of a host's name is a region's, or a pattern for some.
fn is_region(label: &str) -> bool {
    let is_numbered = |(name, number): (&str, &str)| name.contains('-') && number.parse::<u8>().is_ok();
    label.contains('*') || label.rsplit_once('-').is_some_and(is_numbered)
}

/// IAM user guide, "Unique identifiers": users, groups, roles, instance profiles, policies.
fn is_dead(principal: &str) -> bool {
    const PREFIXES: [&str; 5] = ["AGPA", "AIDA", "AIPA", "ANPA", "AROA"];
    let is_id = principal.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    is_id && principal.len() >= 16 && PREFIXES.iter().any(|prefix| principal.starts_with(prefix))
}

fn each_text(value: &Value, at: &mut String, see: &mut impl FnMut(&str, &str)) {
    let mut within = |name: &str, value: &Value| {
        let length = at.len();
        // RFC 6901.
        at.push('/');
        at.push_str(&name.replace('~', "~0").replace('/', "~1"));
        each_text(value, at, see);
        at.truncate(length);
    };
    match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| within(name, value)),
        Value::Array(items) => items.iter().enumerate().for_each(|(index, item)| within(&index.to_string(), item)),
        Value::String(text) => see(at, text),
        Value::Bool(_) | Value::Null | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // REQ: KMS-7
    #[test]
    fn a_policy_names_the_services_that_use_its_key() {
        let named = |text: &str| services(text).into_iter().collect::<Vec<_>>();
        let via = |effect: &str, operator: &str, name: &str| {
            let values = r#"["s3.eu-west-1.amazonaws.com","ec2.*.amazonaws.com","*.eu-west-1.amazonaws.com"]"#;
            named(&format!(
                r#"{{"Statement":{{"Effect":"{effect}","Condition":{{"{operator}":{{"{name}":{values}}}}}}}}}"#
            ))
        };
        for operator in ["StringEquals", "StringLike", "ForAnyValue:StringEqualsIfExists"] {
            assert_eq!(via("Allow", operator, "kms:ViaService"), ["ec2", "s3"], "{operator}");
            assert_eq!(via("Deny", operator, "kms:ViaService"), [""; 0], "{operator}");
        }
        assert_eq!(via("Deny", "StringNotEquals", "kms:viaservice"), ["ec2", "s3"]);
        assert_eq!(via("Allow", "StringNotLike", "kms:ViaService"), [""; 0]);
        assert_eq!(via("Allow", "StringEquals", "kms:CallerAccount"), [""; 0]);
        let principal = |effect: &str| {
            named(&format!(
                r#"{{"Statement":[{{"Effect":"{effect}","Principal":{{"AWS":"arn:aws:iam::1:role/a.b",
                "Service":"logs.eu-west-1.amazonaws.com"}}}},{{"Effect":"Allow","Principal":"*"}}]}}"#
            ))
        };
        assert_eq!(principal("Allow"), ["logs"]);
        assert_eq!(principal("Deny"), [""; 0]);
        assert_eq!(named("no policy"), [""; 0]);
    }

    // REQ: KMS-7
    #[test]
    fn a_service_is_named_by_what_stands_before_its_region() {
        for (principal, name) in [
            ("delivery.logs.amazonaws.com", Some("logs")),
            ("export.rds.amazonaws.com", Some("rds")),
            ("rds.amazonaws.com", Some("rds")),
            ("s3.eu-west-1.amazonaws.com", Some("s3")),
            ("s3.us-gov-west-1.amazonaws.com", Some("s3")),
            ("s3.cn-north-1.amazonaws.com.cn", Some("s3")),
            ("secretsmanager.eusc-de-east-1.amazonaws.eu", Some("secretsmanager")),
            ("ec2.*.amazonaws.com", Some("ec2")),
            ("ec2.eu-*.amazonaws.com", Some("ec2")),
            ("ec2.eu-west-1.amazonaws.*", Some("ec2")),
            ("ec2.*", Some("ec2")),
            ("*.eu-west-1.amazonaws.com", None),
            ("*.amazonaws.com", None),
            ("*", None),
            ("a.b", None),
            ("arn:aws:iam::111122223333:role/a.b", None),
            ("arn:aws:iam::111122223333:role/aws-service-role/ecs.amazonaws.com/ForEcs", None),
        ] {
            assert_eq!(service(principal), name, "{principal}");
        }
    }

    #[test]
    fn principals_that_are_gone_are_named() {
        let text =
            r#"{"Statement":[{"Principal":{"AWS":["AIDACKCEVSQ6C2EXAMPLE","AIDAN"]}, "Sid":"AIDACKCEVSQ6C2EXAMPLE"}]}"#;
        assert_eq!(dead(text).into_iter().collect::<Vec<_>>(), ["AIDACKCEVSQ6C2EXAMPLE"]);
    }
}
