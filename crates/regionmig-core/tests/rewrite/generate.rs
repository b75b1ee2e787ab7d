//! Policies in which regions, accounts and ids of both ends stand wherever they can, in all forms.

use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::select;
use serde_json::{Map, Value, json};

/// A list of values with how often each is drawn.
type Weighted = &'static [(u32, &'static str)];

const REGIONS: Weighted = &[(10, "me-central-1"), (4, "eu-central-1"), (2, "us-east-1")];
const ACCOUNTS: Weighted = &[(10, "111122223333"), (3, "444455556666"), (2, "999999999999"), (1, ""), (1, "aws")];
const REGION_PATTERNS: Weighted =
    &[(12, ""), (1, "*"), (1, "me-*"), (1, "me-central-?"), (1, "*-central-1"), (1, "eu-*")];
const ACCOUNT_PATTERNS: Weighted = &[(12, ""), (1, "*"), (1, "1111*")];

/// What has a region, as service and resource; those with ids that AWS makes, of both ends, first.
pub(crate) const REGIONAL: &[(&str, &str)] = &[
    ("kms", "key/1234abcd-12ab-34cd-56ef-1234567890ab"),
    ("kms", "key/9876fedc-98fe-76dc-54ba-9876543210fe"),
    ("kms", "key/00000000-0000-4000-8000-000000000000"),
    ("kms", "key/mrk-1234abcd12ab34cd56ef1234567890ab"),
    ("secretsmanager", "secret:prod/db-AbCdEf"),
    ("secretsmanager", "secret:prod/db-GhIjKl"),
    ("cognito-idp", "userpool/me-central-1_aBcD1234e"),
    ("cognito-idp", "userpool/eu-central-1_fGhI5678j"),
    ("acm", "certificate/11111111-1111-4111-8111-111111111111"),
    ("guardduty", "detector/0123456789abcdef0123456789abcdef"),
    ("kms", "alias/app"),
    ("lambda", "function:fn"),
    ("lambda", "function:fn:live"),
    ("sns", "topic-me-central-1"),
    ("sqs", "queue"),
    ("dynamodb", "table/orders/index/by-date"),
    ("events", "rule/bus/me-central-1"),
];
const RESOURCE_PATTERNS: &[(&str, &str)] = &[
    ("kms", "key/*"),
    ("kms", "key/12*"),
    ("kms", "*"),
    ("*", "*"),
    ("secretsmanager", "secret:prod/*"),
    ("secretsmanager", "secret:prod/db-??????"),
    ("secretsmanager", "secret:*-AbCdEf"),
    ("lambda", "function:*:live"),
    ("sns", "topic-*"),
    ("dynamodb", "table/*"),
];
const ANYWHERE: &[&str] = &[
    "*",
    "arn:aws:kms:me-central-1:*",
    "arn:aws:s3:::bucket-me-central-1",
    "arn:aws:s3:::bucket-me-central-1/*",
    "arn:aws:iam::111122223333:role/admin",
    "arn:aws:iam::aws:policy/AdministratorAccess",
    "arn:aws:iam::*:role/me-central-1/*",
];
pub(crate) const ACTIONS: &[&str] =
    &["kms:Decrypt", "kms:CreateGrant", "secretsmanager:GetSecretValue", "sns:Publish", "sts:AssumeRole"];
const ACTION_PATTERNS: &[&str] = &["*", "kms:*", "KMS:decrypt", "kms:De*", "s?s:Publish", "sts:AssumeRole*"];
pub(crate) const PEOPLE: &[&str] = &[
    "arn:aws:iam::111122223333:root",
    "arn:aws:iam::111122223333:role/admin",
    "arn:aws:iam::444455556666:role/admin",
    "arn:aws:iam::999999999999:user/eve",
    "arn:aws:sts::111122223333:assumed-role/admin/session",
];
pub(crate) const SERVICES: &[&str] = &[
    "sns.amazonaws.com",
    "guardduty.me-central-1.amazonaws.com",
    "guardduty.eu-central-1.amazonaws.com",
    "guardduty.amazonaws.com",
];
pub(crate) const PROVIDERS: &[&str] =
    &["cognito-identity.amazonaws.com", "arn:aws:iam::111122223333:saml-provider/idp"];

/// The kinds of values that condition keys have, which say what operators are used with them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    Address,
    Arn,
    Bool,
    Date,
    Number,
    Set,
    Text,
}

pub(crate) const KEYS: &[(u32, &str, Kind)] = &[
    (5, "kms:ViaService", Kind::Text),
    (5, "aws:SourceArn", Kind::Arn),
    (5, "aws:RequestedRegion", Kind::Text),
    (3, "kms:EncryptionContext:SecretARN", Kind::Arn),
    (3, "SAML:aud", Kind::Text),
    (2, "cognito-identity.amazonaws.com:aud", Kind::Text),
    (2, "kms:ReplicaRegion", Kind::Text),
    (2, "aws:SourceAccount", Kind::Text),
    (2, "aws:ResourceTag/region", Kind::Text),
    (2, "sts:ExternalId", Kind::Text),
    (2, "aws:PrincipalArn", Kind::Arn),
    (1, "aws:TagKeys", Kind::Set),
    (1, "aws:SecureTransport", Kind::Bool),
    (1, "aws:TokenIssueTime", Kind::Date),
    (1, "s3:max-keys", Kind::Number),
    (1, "aws:SourceIp", Kind::Address),
];

/// The values that requests have for a key, but for those that are ARNs.
pub(crate) fn values_of(key: &str) -> &'static [&'static str] {
    match key {
        "kms:ViaService" => &[
            "secretsmanager.me-central-1.amazonaws.com",
            "secretsmanager.eu-central-1.amazonaws.com",
            "secretsmanager.us-east-1.amazonaws.com",
            "sns.me-central-1.amazonaws.com",
        ],
        "aws:RequestedRegion" | "kms:ReplicaRegion" => &["me-central-1", "eu-central-1", "us-east-1", "me-south-1"],
        "SAML:aud" => &[
            "https://signin.aws.amazon.com/saml",
            "https://me-central-1.signin.aws.amazon.com/saml",
            "https://eu-central-1.signin.aws.amazon.com/saml",
        ],
        "cognito-identity.amazonaws.com:aud" => &[
            "me-central-1:aaaaaaaa-1111-4111-8111-aaaaaaaaaaaa",
            "eu-central-1:bbbbbbbb-2222-4222-8222-bbbbbbbbbbbb",
            "me-central-1:cccccccc-3333-4333-8333-cccccccccccc",
        ],
        "aws:SourceAccount" => &["111122223333", "444455556666", "999999999999"],
        "aws:PrincipalArn" => PEOPLE,
        "aws:SecureTransport" => &["true", "false"],
        "aws:TokenIssueTime" => &["2025-01-01T00:00:00Z", "2026-01-01T00:00:00Z"],
        "s3:max-keys" => &["5", "10"],
        "aws:SourceIp" => &["203.0.113.7", "2001:db8::1"],
        _ => &["me-central-1", "eu-central-1", "text-me-central-1", "text"],
    }
}

/// What policies say of a key beside such values.
fn patterns_of(key: &str) -> &'static [&'static str] {
    match key {
        "kms:ViaService" => &[
            "*.me-central-1.amazonaws.com",
            "secretsmanager.*.amazonaws.com",
            "secretsmanager.me-*.amazonaws.com",
            "secretsmanager.eu-*.amazonaws.com",
        ],
        "aws:RequestedRegion" | "kms:ReplicaRegion" => &["*", "me-*", "me-central-?", "eu-*"],
        "SAML:aud" => &["https://*.signin.aws.amazon.com/saml", "https://me-*.signin.aws.amazon.com/saml"],
        "cognito-identity.amazonaws.com:aud" => &["me-central-1:*"],
        "aws:SourceAccount" => &["1111*"],
        "aws:PrincipalArn" => &["arn:aws:iam::*:role/*"],
        "aws:SourceIp" => &["203.0.113.0/24", "::/0"],
        _ => &["*me-central-1*"],
    }
}

fn weighted(values: Weighted) -> impl Strategy<Value = &'static str> {
    proptest::strategy::Union::new_weighted(values.iter().map(|(weight, value)| (*weight, Just(*value))).collect())
}

/// ARNs as policies have them, with wildcards in every place.
fn arns() -> impl Strategy<Value = String> {
    let resources = prop_oneof![3 => select(REGIONAL), 1 => select(RESOURCE_PATTERNS)];
    let whole =
        (resources, weighted(REGIONS), weighted(ACCOUNTS), weighted(REGION_PATTERNS), weighted(ACCOUNT_PATTERNS))
            .prop_map(|((service, resource), region, account, any_region, any_account)| {
                let region = if any_region.is_empty() { region } else { any_region };
                let account = if any_account.is_empty() { account } else { any_account };
                format!("arn:aws:{service}:{region}:{account}:{resource}")
            });
    prop_oneof![8 => whole, 1 => select(ANYWHERE).prop_map(str::to_owned)]
}

/// One, as it is or as a list, or several.
fn some_of(one: impl Strategy<Value = String>) -> impl Strategy<Value = Value> {
    (proptest::collection::vec(one, 1..4), any::<bool>()).prop_map(|(values, is_list)| match &values[..] {
        [one] if !is_list => json!(one),
        values => json!(values),
    })
}

/// The letters of a key as they may be written: their case says nothing.
fn cased(key: &'static str) -> impl Strategy<Value = String> {
    prop_oneof![6 => Just(key.to_owned()), 1 => Just(key.to_ascii_lowercase()), 1 => Just(key.to_ascii_uppercase())]
}

fn operators(kind: Kind) -> impl Strategy<Value = String> {
    let texts: &[&str] = &[
        "StringEquals",
        "StringNotEquals",
        "StringLike",
        "StringNotLike",
        "StringEqualsIgnoreCase",
        "StringNotEqualsIgnoreCase",
    ];
    let bases: &[&str] = match kind {
        Kind::Address => &["IpAddress", "NotIpAddress"],
        Kind::Arn => {
            &["ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike", "StringEquals", "StringLike", "StringNotLike"]
        }
        Kind::Bool => &["Bool"],
        Kind::Date => &["DateEquals", "DateNotEquals", "DateLessThan", "DateGreaterThanEquals"],
        Kind::Number => &["NumericEquals", "NumericNotEquals", "NumericLessThanEquals", "NumericGreaterThan"],
        Kind::Set | Kind::Text => texts,
    };
    let plain = if kind == Kind::Set { 0 } else { 6 };
    let sets = proptest::strategy::Union::new_weighted(
        [(plain, ""), (1, "ForAllValues:"), (1, "ForAnyValue:")]
            .into_iter()
            .filter(|(weight, _)| *weight > 0)
            .map(|(weight, set)| (weight, Just(set)))
            .collect(),
    );
    let named = (sets, select(bases), prop_oneof![4 => Just(""), 1 => Just("IfExists")])
        .prop_map(|(set, base, suffix)| format!("{set}{base}{suffix}"));
    prop_oneof![12 => named, 1 => Just("Null".to_owned())]
}

/// Operator, key and values of one condition.
fn conditions() -> impl Strategy<Value = (String, String, Value)> {
    let keys = KEYS.iter().map(|(weight, key, kind)| (*weight, Just((*key, *kind)))).collect();
    proptest::strategy::Union::new_weighted(keys).prop_flat_map(|(key, kind)| {
        let values = if kind == Kind::Arn && key != "aws:PrincipalArn" {
            some_of(arns()).boxed()
        } else if matches!(kind, Kind::Bool | Kind::Number) {
            // Such values may stand without quotes.
            select(values_of(key))
                .prop_flat_map(|value| prop_oneof![Just(json!(value)), Just(serde_json::from_str(value).unwrap())])
                .boxed()
        } else {
            let patterns = if kind == Kind::Date { values_of(key) } else { patterns_of(key) };
            some_of(prop_oneof![5 => select(values_of(key)), 1 => select(patterns)].prop_map(str::to_owned)).boxed()
        };
        (operators(kind), cased(key), values, any::<bool>()).prop_map(|(operator, key, values, is_null)| {
            let values = if operator == "Null" { json!(is_null.to_string()) } else { values };
            (operator, key, values)
        })
    })
}

fn condition_blocks() -> impl Strategy<Value = Option<Value>> {
    let block = proptest::collection::vec(conditions(), 1..4).prop_map(|conditions| {
        let mut block = Map::new();
        for (operator, key, values) in conditions {
            block.entry(operator).or_insert_with(|| json!({}))[key] = values;
        }
        Value::Object(block)
    });
    proptest::option::weighted(0.8, block)
}

fn principals() -> impl Strategy<Value = Value> {
    let people = || prop_oneof![4 => select(PEOPLE), 1 => Just("*"), 1 => Just("111122223333")].prop_map(str::to_owned);
    let kinds = (
        proptest::option::weighted(0.7, some_of(people())),
        proptest::option::weighted(0.4, some_of(select(SERVICES).prop_map(str::to_owned))),
        proptest::option::weighted(0.2, some_of(select(PROVIDERS).prop_map(str::to_owned))),
    );
    let named = kinds.prop_map(|(aws, service, federated)| {
        let kinds = [("AWS", aws), ("Service", service), ("Federated", federated)];
        let kinds: Map<_, _> = kinds.into_iter().filter_map(|(kind, ids)| Some((kind.to_owned(), ids?))).collect();
        Value::Object(kinds)
    });
    prop_oneof![1 => Just(json!("*")), 4 => named]
}

/// An element or its opposite, the latter seldom.
fn either(one: &'static str, values: impl Strategy<Value = Value>) -> impl Strategy<Value = (String, Value)> {
    let names = prop_oneof![5 => Just(one.to_owned()), 1 => Just(format!("Not{one}"))];
    (names, values)
}

fn statements() -> impl Strategy<Value = Value> {
    let named = prop_oneof![3 => select(ACTIONS), 2 => select(ACTION_PATTERNS)].prop_map(str::to_owned);
    let actions = prop_oneof![1 => Just(json!("*")), 4 => some_of(named)];
    let resources = prop_oneof![1 => Just(json!("*")), 4 => some_of(arns())];
    let parts = (
        prop_oneof![2 => Just("Allow"), 1 => Just("Deny")],
        proptest::option::weighted(0.4, either("Principal", principals())),
        either("Action", actions),
        proptest::option::weighted(0.8, either("Resource", resources)),
        condition_blocks(),
        proptest::option::weighted(0.3, Just("Sid-me-central-1")),
    );
    parts.prop_map(|(effect, principal, action, resource, condition, sid)| {
        let mut statement = Map::from_iter([("Effect".to_owned(), json!(effect)), action]);
        // "NotPrincipal" with an "Allow" is not supported (IAM user guide, "NotPrincipal").
        statement.extend(principal.filter(|(name, _)| name == "Principal" || effect == "Deny"));
        statement.extend(resource);
        statement.extend(condition.map(|block| ("Condition".to_owned(), block)));
        statement.extend(sid.map(|sid| ("Sid".to_owned(), json!(sid))));
        Value::Object(statement)
    })
}

/// Policy documents: of identities, resources, keys, roles' trust, and those that only limit.
pub(crate) fn policies() -> impl Strategy<Value = Value> {
    let versions = proptest::option::of(prop_oneof![3 => Just("2012-10-17"), 1 => Just("2008-10-17")]);
    (versions, proptest::collection::vec(statements(), 1..4), any::<bool>()).prop_map(
        |(version, statements, is_list)| {
            let statements = match &statements[..] {
                [one] if !is_list => one.clone(),
                several => json!(several),
            };
            let mut policy = Map::from_iter([("Statement".to_owned(), statements)]);
            policy.extend(version.map(|version| ("Version".to_owned(), json!(version))));
            Value::Object(policy)
        },
    )
}
