//! What names have become, told without any grammar: a look at policies that does not rely on their being rewritten rightly.

use std::collections::BTreeMap;

use regionmig_core::{KeyArn, Survey};

use crate::snapshot::Snapshot;
use regionmig_core::rewrite::canonical;

/// What each word that is in the name of something of the source is in the name of its counterpart.
#[derive(Debug)]
pub(super) struct Names {
    words: BTreeMap<String, String>,
    /// Whether names differ in words alone, each of which becomes another: not so in another partition.
    are_alike: bool,
}

impl Names {
    pub(super) fn new(survey: &Survey<Snapshot>, keys: &BTreeMap<KeyArn, KeyArn>) -> Self {
        let (source, target) = (&survey.route.source, &survey.route.target);
        let mut words = BTreeMap::from([(source.region.to_string(), target.region.to_string())]);
        let mapped = survey.ids.iter().map(|(source, target)| (source.id(), target));
        for (source, target) in mapped.chain(keys.iter().map(|(source, target)| (source.as_str(), target.as_str()))) {
            let pairs = words_of(source).zip(words_of(target)).filter(|(own, other)| own != other);
            words.extend(pairs.map(|(own, other)| (own.to_owned(), other.to_owned())));
        }
        let is_chained = words.values().any(|there| words.contains_key(there));
        Self { words, are_alike: source.partition == target.partition && !is_chained }
    }

    /// Returns whether two policies are one, but for names of the source in the one where the other has those of the target, or has
    /// both.
    pub(super) fn are_all(&self, own: &str, other: &str) -> bool {
        // The sign-in endpoint of one region has no region in its name.
        let is_told = self.are_alike && !own.contains("signin.aws");
        !is_told || canonical(&self.there(own)) == canonical(&self.there(other))
    }

    fn there(&self, text: &str) -> String {
        let parts = text.split_inclusive(|c| !is_of_word(c));
        let part = |part: &str| {
            let word = part.trim_end_matches(|c| !is_of_word(c));
            let there = self.words.get(word).map_or(word, String::as_str);
            format!("{there}{}", &part[word.len()..])
        };
        parts.map(part).collect()
    }
}

fn words_of(name: &str) -> impl Iterator<Item = &str> {
    name.split(|c| !is_of_word(c))
}

fn is_of_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Case, POLICY, SOURCE, TARGET, arn};

    fn are_all(case: &Case, own: &str, other: &str) -> bool {
        let keys = BTreeMap::from([(arn(SOURCE, "1234-ab"), arn(TARGET, "5678-cd"))]);
        Names::new(&case.survey, &keys).are_all(own, other)
    }

    // REQ: KMS-24
    #[test]
    fn policies_are_one_but_for_names() {
        let with = |resource: &str| POLICY.replace(r#""Resource":"*""#, &format!(r#""Resource":{resource}"#));
        let (own, there) = (format!("\"{}\"", arn(SOURCE, "1234-ab")), format!("\"{}\"", arn(TARGET, "5678-cd")));
        for (own, other, is_so) in [
            (own.as_str(), there.as_str(), true),
            // Both beside each other, and what was not rewritten.
            (&own, &format!("[{own},{there}]"), true),
            (&own, &own, true),
            (&own, "\"*\"", false),
            (&own, &there.replace("5678-cd", "9999-ef"), false),
            (&own, &format!("[{there},\"*\"]"), false),
            ("\"s3.me-central-1.amazonaws.com\"", "\"s3.eu-central-1.amazonaws.com\"", true),
            ("\"s3.me-central-1.amazonaws.com\"", "\"s3.eu-central-2.amazonaws.com\"", false),
            ("\"me-central-11\"", "\"eu-central-11\"", false),
        ] {
            assert_eq!(are_all(&Case::new(), &with(own), &with(other)), is_so, "{own} {other}");
        }
        // Where words do not tell, nothing is said.
        assert!(are_all(&Case::to("111122223333/cn-north-1"), &with(&own), &with("\"*\"")));
        let signin = "\"https://signin.aws.amazon.com/saml\"";
        assert!(are_all(&Case::new(), &with(signin), &with("\"*\"")));
    }
}
