//! The patterns of texts.

use crate::model::Pattern;

pub(super) static NAME: Pattern = Pattern {
    text: "^[a-zA-Z0-9:/_-]+$",
    holds: |text| all(text, |c| c.is_ascii_alphanumeric() || matches!(c, ':' | '/' | '_' | '-')),
};
pub(super) static LATIN: Pattern =
    Pattern { text: r"[\u0020-\u00FF]*", holds: |text| text.chars().all(|c| matches!(c, ' '..='ÿ')) };
pub(super) static LATIN_LINES: Pattern = Pattern {
    text: r"[\u0009\u000A\u000D\u0020-\u00FF]+",
    holds: |text| all(text, |c| matches!(c, '\t' | '\n' | '\r' | ' '..='ÿ')),
};
pub(super) static WORD: Pattern = Pattern { text: r"[\w]+", holds: |text| all(text, is_word) };
pub(super) static PRINCIPAL_ID: Pattern = Pattern {
    text: r"^[\w+=,.@:/-]+$",
    holds: |text| all(text, |c| is_word(c) || matches!(c, '+' | '=' | ',' | '.' | '@' | ':' | '/' | '-')),
};
pub(super) static HOST: Pattern = Pattern {
    text: r"^([A-Za-z0-9\-]+)\.([A-Za-z0-9\-]+)(\.[A-Za-z0-9\-]+)+$",
    holds: |text| {
        let is_label = |label: &str| all(label, |c| c.is_ascii_alphanumeric() || c == '-');
        text.split('.').count() >= 3 && text.split('.').all(is_label)
    },
};
pub(super) static REGION_NAME: Pattern = Pattern {
    text: r"^([a-z]+-){2,3}\d+$",
    holds: |text| {
        let parts: Vec<&str> = text.split('-').collect();
        let Some((number, words)) = parts.split_last() else { return false };
        let are_words = words.iter().all(|word| all(word, |c| c.is_ascii_lowercase()));
        matches!(words.len(), 2 | 3) && are_words && all(number, |c| c.is_ascii_digit())
    },
};
pub(super) static XKS_NAME: Pattern = Pattern {
    text: r"^[a-zA-Z0-9-_.]+$",
    holds: |text| all(text, |c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')),
};
pub(super) static RESOURCE_ARN: Pattern = Pattern {
    text: r"^arn:aws[a-z0-9-]*:[a-z0-9-]+:[a-z0-9-]*:[0-9]{12}:.+$",
    holds: |text| {
        let is_low = |part: &str| part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        match text.splitn(6, ':').collect::<Vec<_>>()[..] {
            ["arn", partition, service, region, account, resource] => {
                let is_account = account.len() == 12 && all(account, |c| c.is_ascii_digit());
                partition.starts_with("aws")
                    && [partition, service, region].into_iter().all(is_low)
                    && !service.is_empty()
                    && is_account
                    && !resource.is_empty()
            }
            _ => false,
        }
    },
};

pub(super) static LOW_HEX: Pattern =
    Pattern { text: "^[a-f0-9]+$", holds: |text| all(text, |c| matches!(c, '0'..='9' | 'a'..='f')) };
pub(super) static PLAIN: Pattern = Pattern {
    text: r"^[a-zA-Z0-9:/_\s.-]+$",
    holds: |text| all(text, |c| is_word(c) || c.is_ascii_whitespace() || matches!(c, ':' | '/' | '.' | '-')),
};
pub(super) static CLUSTER_ID: Pattern = Pattern {
    text: "cluster-[2-7a-zA-Z]{11,16}",
    holds: |text| {
        text.strip_prefix("cluster-").is_some_and(|id| {
            (11..=16).contains(&id.len()) && all(id, |c| c.is_ascii_alphabetic() || matches!(c, '2'..='7'))
        })
    },
};
pub(super) static HTTPS: Pattern = Pattern {
    text: "^https://[a-zA-Z0-9.-]+$",
    holds: |text| {
        text.strip_prefix("https://").is_some_and(|host| all(host, |c| c.is_ascii_alphanumeric() || ".-".contains(c)))
    },
};
pub(super) static XKS_PATH: Pattern = Pattern {
    text: r"^(/[a-zA-Z0-9\/_-]+/kms/xks/v\d{1,2})$|^(/kms/xks/v\d{1,2})$",
    holds: |text| {
        let Some((prefix, version)) = text.split_once("/kms/xks/v") else { return false };
        let is_prefix = prefix.starts_with('/') && all(prefix, |c| is_word(c) || matches!(c, '/' | '-'));
        (prefix.is_empty() || is_prefix) && version.len() <= 2 && all(version, |c| c.is_ascii_digit())
    },
};
pub(super) static VPC_SERVICE: Pattern = Pattern {
    text: r"^(com|eu)\.amazonaws\.vpce\.([a-z]+-){2,3}\d+\.vpce-svc-[0-9a-z]+$",
    holds: |text| match text.split('.').collect::<Vec<_>>()[..] {
        ["com" | "eu", "amazonaws", "vpce", region, service] => {
            let id = service.strip_prefix("vpce-svc-").unwrap_or_default();
            (REGION_NAME.holds)(region) && all(id, |c| c.is_ascii_lowercase() || c.is_ascii_digit())
        }
        _ => false,
    },
};
pub(super) static ACCOUNT: Pattern = Pattern { text: "[0-9]{12}", holds: |text| all(text, |c| c.is_ascii_digit()) };
pub(super) static BASE_32: Pattern =
    Pattern { text: "^[A-Z2-7]+$", holds: |text| all(text, |c| matches!(c, 'A'..='Z' | '2'..='7')) };
pub(super) static BASE_64: Pattern = Pattern {
    text: r"^[a-zA-Z0-9\/+=]+$",
    holds: |text| all(text, |c| c.is_ascii_alphanumeric() || matches!(c, '/' | '+' | '=')),
};

fn all(text: &str, holds: impl Fn(char) -> bool) -> bool {
    !text.is_empty() && text.chars().all(holds)
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}
