//! ARNs as documents have them: with patterns and variables in any part.

use super::glob::is_pattern;
use crate::ids::Template;
use crate::route::End;

/// A text of the form `arn:partition:service:region:account:resource`, whatever the parts hold.
#[derive(Clone, Copy, Debug)]
pub(super) struct ArnPattern<'t> {
    pub(super) partition: &'t str,
    pub(super) service: &'t str,
    pub(super) region: &'t str,
    pub(super) account: &'t str,
    pub(super) resource: &'t str,
}

impl<'t> ArnPattern<'t> {
    /// Takes a text apart, if it has all six parts. A colon within `${..}` belongs to the variable.
    pub(super) fn parse(text: &'t str) -> Option<Self> {
        let mut rest = text.strip_prefix("arn:")?;
        let mut next = || {
            let (part, after) = rest.split_at(end_of_part(rest)?);
            rest = &after[1..];
            Some(part)
        };
        let (partition, service, region, account) = (next()?, next()?, next()?, next()?);
        let is_whole = !partition.is_empty() && !service.is_empty() && !rest.is_empty();
        is_whole.then_some(Self { partition, service, region, account, resource: rest })
    }

    /// Begins the same of another end: all but the resource.
    pub(super) fn at(&self, end: &End) -> Template {
        let partition = if is_pattern(self.partition) { self.partition } else { end.partition.as_str() };
        let parts = ["arn:", partition, ":", self.service, ":", end.region.as_str(), ":", end.account.as_str(), ":"];
        let mut begin = String::with_capacity(parts.iter().map(|part| part.len()).sum::<usize>() + self.resource.len());
        begin.extend(parts);
        Template::from(begin)
    }
}

fn end_of_part(text: &str) -> Option<usize> {
    let colon = text.find(':')?;
    if !text[..colon].contains("${") {
        return Some(colon);
    }
    let mut within = false;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '$' if chars.peek().is_some_and(|(_, next)| *next == '{') => within = true,
            '}' => within = false,
            ':' if !within => return Some(at),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_is_taken_apart_with_patterns_and_variables() {
        let parts = |text| ArnPattern::parse(text).map(|a| (a.partition, a.service, a.region, a.account, a.resource));
        assert_eq!(parts("arn:aws:kms:*:1:key/*"), Some(("aws", "kms", "*", "1", "key/*")));
        assert_eq!(parts("arn:aws:sns:eu-west-1::a:b:c"), Some(("aws", "sns", "eu-west-1", "", "a:b:c")));
        assert_eq!(
            parts("arn:aws:sqs:${aws:RequestedRegion}:${aws:PrincipalAccount}:${aws:username}"),
            Some(("aws", "sqs", "${aws:RequestedRegion}", "${aws:PrincipalAccount}", "${aws:username}"))
        );
        assert_eq!(parts("arn:aws:sqs:$:${a:$b}:t"), Some(("aws", "sqs", "$", "${a:$b}", "t")));
        for text in ["arn:aws:kms:eu-west-1:1", "arn:aws:kms:*", "arn:aws::x:1:y", "ARN:aws:kms:x:1:y", "", "arn:", "*"]
        {
            assert_eq!(parts(text), None, "{text}");
        }
    }
}
