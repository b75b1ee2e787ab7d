//! The inputs of the operations: members, lengths, patterns and values, as the service's own model has them.
//!
//! Members that only a newer model knows are left out on purpose: they are refused loudly.

use crate::model::{Member, Pattern, Shape, may, must};

static REGION_NAME: Pattern = Pattern {
    text: r"^([a-z]+-)+\d+$",
    holds: |text| {
        let parts: Vec<&str> = text.split('-').collect();
        let Some((number, words)) = parts.split_last() else { return false };
        let is_word = |word: &&str| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase());
        !words.is_empty() && words.iter().all(is_word) && is_number(number)
    },
};
static FILTER_TEXT: Pattern = Pattern {
    text: r"^\!?[a-zA-Z0-9 :_@\/\+\=\.\-\!]*$",
    holds: |text| text.chars().all(|c| c.is_ascii_alphanumeric() || " :_@/+=.-!".contains(c)),
};
static TOKEN_TEXT: Pattern = Pattern {
    text: r"^[a-zA-Z0-9\-]+$",
    holds: |text| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'),
};
static HOURS: Pattern = Pattern { text: "[0-9]+h", holds: |text| text.strip_suffix('h').is_some_and(is_number) };
static SCHEDULE: Pattern = Pattern {
    text: r"[0-9A-Za-z\(\)#\?\*\-\/, ]+",
    holds: |text| text.chars().all(|c| c.is_ascii_alphanumeric() || "()#?*-/, ".contains(c)),
};

const SECRET_ID: Shape = Shape::text(1, 2048);
const TOKEN: Shape = Shape::text(32, 64);
const NEXT: Shape = Shape::text(1, 4096);
const KEY: Shape = Shape::text(0, 2048);
const STAGE: Shape = Shape::text(1, 256);
const KIND: Shape = Shape::text(0, 256);
const DESCRIPTION: Shape = Shape::text(0, 2048);
const POLICY: Shape = Shape::text(1, 20_480);
const BINARY: Shape = Shape::Secret(&Shape::Blob { least: 1, most: 65_536 });
const TEXT: Shape = Shape::Secret(&Shape::text(1, 65_536));
const REGION: Shape = Shape::Text { least: 1, most: 128, pattern: Some(&REGION_NAME) };
const REGIONS: Shape = Shape::List { of: &REGION, least: 1, most: usize::MAX };
const TAG_KEY: Shape = Shape::text(1, 128);
const TAG_KEYS: Shape = Shape::List { of: &TAG_KEY, least: 0, most: usize::MAX };
const TAGS: Shape = Shape::List {
    of: &Shape::Object(&[may("Key", &TAG_KEY), may("Value", &Shape::text(0, 256))]),
    least: 0,
    most: usize::MAX,
};
const REPLICAS: Shape =
    Shape::List { of: &Shape::Object(&[may("Region", &REGION), may("KmsKeyId", &KEY)]), least: 1, most: usize::MAX };
const FILTER_VALUE: Shape = Shape::Text { least: 0, most: 512, pattern: Some(&FILTER_TEXT) };
const FILTER_VALUES: Shape = Shape::List { of: &FILTER_VALUE, least: 1, most: 10 };
const FILTERS: Shape = Shape::List {
    of: &Shape::Object(&[
        may(
            "Key",
            &Shape::One(&["description", "name", "tag-key", "tag-value", "primary-region", "owning-service", "all"]),
        ),
        may("Values", &FILTER_VALUES),
    ]),
    least: 0,
    most: 10,
};
const WINDOW: Shape = Shape::Text { least: 2, most: 3, pattern: Some(&HOURS) };
const EXPRESSION: Shape = Shape::Text { least: 1, most: 256, pattern: Some(&SCHEDULE) };
const RULES: Shape = Shape::Object(&[
    may("AutomaticallyAfterDays", &Shape::Number { least: 1, most: 1000 }),
    may("Duration", &WINDOW),
    may("ScheduleExpression", &EXPRESSION),
]);
const METADATA: Shape = Shape::List {
    of: &Shape::Object(&[must("Key", &STAGE), must("Value", &Shape::text(1, 2048))]),
    least: 0,
    most: usize::MAX,
};

const ROTATION_TOKEN_TEXT: Shape = Shape::Text { least: 36, most: 256, pattern: Some(&TOKEN_TEXT) };
const ROTATION_TOKEN: Shape = Shape::Secret(&ROTATION_TOKEN_TEXT);

const SECRET: &[Member] = &[must("SecretId", &SECRET_ID)];

/// Returns the members of the input of `operation`; `None` if the world's Secrets Manager does not carry it.
pub(super) fn input(operation: &str) -> Option<&'static [Member]> {
    INPUTS.iter().find(|(operations, _)| operations.contains(&operation)).map(|(_, members)| *members)
}

static INPUTS: &[(&[&str], &[Member])] = &[
    (
        &["BatchGetSecretValue"],
        &[
            may("SecretIdList", &Shape::List { of: &SECRET_ID, least: 1, most: 20 }),
            may("Filters", &FILTERS),
            may("MaxResults", &Shape::Number { least: 1, most: 20 }),
            may("NextToken", &NEXT),
        ],
    ),
    (
        &[
            "CancelRotateSecret",
            "DeleteResourcePolicy",
            "DescribeSecret",
            "GetResourcePolicy",
            "RestoreSecret",
            "StopReplicationToReplica",
        ],
        SECRET,
    ),
    (
        &["CreateSecret"],
        &[
            must("Name", &Shape::text(1, 512)),
            may("ClientRequestToken", &TOKEN),
            may("Description", &DESCRIPTION),
            may("KmsKeyId", &KEY),
            may("SecretBinary", &BINARY),
            may("SecretString", &TEXT),
            may("Tags", &TAGS),
            may("AddReplicaRegions", &REPLICAS),
            may("ForceOverwriteReplicaSecret", &Shape::Flag),
            may("Type", &KIND),
        ],
    ),
    (
        &["DeleteSecret"],
        &[
            must("SecretId", &SECRET_ID),
            may("RecoveryWindowInDays", &Shape::Number { least: i64::MIN, most: i64::MAX }),
            may("ForceDeleteWithoutRecovery", &Shape::Flag),
        ],
    ),
    (
        &["GetRandomPassword"],
        &[
            may("PasswordLength", &Shape::Number { least: 1, most: 4096 }),
            may("ExcludeCharacters", &Shape::text(0, 4096)),
            may("ExcludeNumbers", &Shape::Flag),
            may("ExcludePunctuation", &Shape::Flag),
            may("ExcludeUppercase", &Shape::Flag),
            may("ExcludeLowercase", &Shape::Flag),
            may("IncludeSpace", &Shape::Flag),
            may("RequireEachIncludedType", &Shape::Flag),
        ],
    ),
    (&["GetSecretValue"], &[must("SecretId", &SECRET_ID), may("VersionId", &TOKEN), may("VersionStage", &STAGE)]),
    (
        &["ListSecretVersionIds"],
        &[
            must("SecretId", &SECRET_ID),
            may("MaxResults", &Shape::Number { least: 1, most: 100 }),
            may("NextToken", &NEXT),
            may("IncludeDeprecated", &Shape::Flag),
        ],
    ),
    (
        &["ListSecrets"],
        &[
            may("IncludePlannedDeletion", &Shape::Flag),
            may("MaxResults", &Shape::Number { least: 1, most: 100 }),
            may("NextToken", &NEXT),
            may("Filters", &FILTERS),
            may("SortOrder", &Shape::One(&["asc", "desc"])),
            may("SortBy", &Shape::One(&["created-date", "last-accessed-date", "last-changed-date", "name"])),
        ],
    ),
    (
        &["PutResourcePolicy"],
        &[must("SecretId", &SECRET_ID), must("ResourcePolicy", &POLICY), may("BlockPublicPolicy", &Shape::Flag)],
    ),
    (
        &["PutSecretValue"],
        &[
            must("SecretId", &SECRET_ID),
            may("ClientRequestToken", &TOKEN),
            may("SecretBinary", &BINARY),
            may("SecretString", &TEXT),
            may("VersionStages", &Shape::List { of: &STAGE, least: 1, most: 20 }),
            may("RotationToken", &ROTATION_TOKEN),
        ],
    ),
    (&["RemoveRegionsFromReplication"], &[must("SecretId", &SECRET_ID), must("RemoveReplicaRegions", &REGIONS)]),
    (
        &["ReplicateSecretToRegions"],
        &[
            must("SecretId", &SECRET_ID),
            must("AddReplicaRegions", &REPLICAS),
            may("ForceOverwriteReplicaSecret", &Shape::Flag),
        ],
    ),
    (
        &["RotateSecret"],
        &[
            must("SecretId", &SECRET_ID),
            may("ClientRequestToken", &TOKEN),
            may("RotationLambdaARN", &KEY),
            may("RotationRules", &RULES),
            may("ExternalSecretRotationMetadata", &METADATA),
            may("ExternalSecretRotationRoleArn", &Shape::text(20, 2048)),
            may("RotateImmediately", &Shape::Flag),
        ],
    ),
    (&["TagResource"], &[must("SecretId", &SECRET_ID), must("Tags", &TAGS)]),
    (&["UntagResource"], &[must("SecretId", &SECRET_ID), must("TagKeys", &TAG_KEYS)]),
    (
        &["UpdateSecret"],
        &[
            must("SecretId", &SECRET_ID),
            may("ClientRequestToken", &TOKEN),
            may("Description", &DESCRIPTION),
            may("KmsKeyId", &KEY),
            may("SecretBinary", &BINARY),
            may("SecretString", &TEXT),
            may("Type", &KIND),
        ],
    ),
    (
        &["UpdateSecretVersionStage"],
        &[
            must("SecretId", &SECRET_ID),
            must("VersionStage", &STAGE),
            may("RemoveFromVersionId", &TOKEN),
            may("MoveToVersionId", &TOKEN),
        ],
    ),
    (&["ValidateResourcePolicy"], &[may("SecretId", &SECRET_ID), must("ResourcePolicy", &POLICY)]),
];

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_digit())
}
