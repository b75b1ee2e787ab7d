//! The tags by which copies are found again, and those that a migration does not carry.
// REQ: E-6

use std::collections::BTreeMap;

use crate::digest::Digest;
use crate::ids::ResourceId;

/// The name of the tag that names a copy's source.
pub const SOURCE_MARK: &str = "regionmig:source";
/// The name of the tag that names the step that made a copy.
pub const STEP_MARK: &str = "regionmig:step";

/// What the names of tags begin with that only AWS, or a migration, sets; in upper or lower case.
const RESERVED: [&str; 2] = ["aws:", "regionmig:"];

/// Returns whether only AWS, or a migration, sets a tag of that name.
pub fn is_reserved_tag(name: &str) -> bool {
    RESERVED.iter().any(|prefix| name.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix)))
}

/// Returns the value of the tag that names the source: its ARN, or a digest of it where a tag cannot hold that.
///
/// A tag's value has at most 256 characters, and only letters, digits, spaces and `_.:/=+-@` (AWS General Reference, "Tag
/// naming and usage").
pub fn source_mark(arn: &str) -> String {
    let is_taken = |c: char| c.is_alphanumeric() || "_.:/=+-@ ".contains(c);
    match arn.len() <= 256 && arn.chars().all(is_taken) {
        true => arn.to_owned(),
        false => format!("sha256:{}", Digest::of(arn)),
    }
}

/// Returns the tags that mark what the step `service/verb/source` makes.
pub fn marks(service: &str, verb: &str, source: &ResourceId) -> [(&'static str, String); 2] {
    let step = Digest::of(format!("{service}/{verb}/{source}"));
    [(SOURCE_MARK, source_mark(source.id())), (STEP_MARK, step.as_str()[..16].to_owned())]
}

/// Returns the digest of the values that some tags have, those missing not counted.
pub fn tags_digest<'a>(names: impl IntoIterator<Item = &'a String>, tags: &BTreeMap<String, String>) -> Digest {
    let values: BTreeMap<&String, &String> = names.into_iter().filter_map(|name| tags.get_key_value(name)).collect();
    Digest::of(serde_json::to_string(&values).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_named_as_far_as_a_tag_can() {
        assert_eq!(source_mark("arn:aws:kms:eu-west-1:111122223333:key/1"), "arn:aws:kms:eu-west-1:111122223333:key/1");
        for arn in ["arn:aws:x:*".to_owned(), "a".repeat(257)] {
            assert_eq!(source_mark(&arn), format!("sha256:{}", Digest::of(&arn)));
        }
    }

    #[test]
    fn what_aws_and_migrations_set_is_told_from_other_tags() {
        for name in ["aws:x", "AWS:x", "regionmig:source", "RegionMig:"] {
            assert!(is_reserved_tag(name), "{name}");
        }
        for name in ["", "aws", "awsx", "xaws:", "ä", "regionmig"] {
            assert!(!is_reserved_tag(name), "{name}");
        }
    }
}
