//! Patterns with `*` and `?`, as policies have them.

/// Returns whether a text is a pattern. `*` is any number of characters and `?` is one (IAM user guide, "Resource").
pub(super) fn is_pattern(text: &str) -> bool {
    text.bytes().any(|b| matches!(b, b'*' | b'?'))
}

/// Returns whether `pattern` takes `text`. In linear space, and never exponential time.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    if !is_pattern(pattern) {
        return pattern == text;
    }
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut seen) = (0, 0);
    // Where to go on if what follows the last `*` does not fit.
    let mut retry = None;
    while seen < text.len() {
        match pattern.get(at) {
            Some('*') => {
                retry = Some((at, seen));
                at += 1;
            }
            Some(&c) if c == '?' || c == text[seen] => {
                at += 1;
                seen += 1;
            }
            _ => match retry {
                Some((star, from)) => {
                    retry = Some((star, from + 1));
                    at = star + 1;
                    seen = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|c| *c == '*')
}

/// Returns whether `text` has `name`, such as a region's, as a whole: `eu-west-1` is not in `eu-west-11`.
pub(super) fn names(text: &str, name: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric();
    text.match_indices(name).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + name.len()..]);
        !before.ends_with(is_part) && !after.starts_with(is_part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_takes_what_it_should() {
        for (pattern, text, is_taken) in [
            ("*", "", true),
            ("*", "eu-west-1", true),
            ("eu-*", "eu-west-1", true),
            ("eu-*-1", "eu-west-1", true),
            ("eu-*-1", "eu-west-2", false),
            ("eu-west-?", "eu-west-1", true),
            ("eu-west-?", "eu-west-", false),
            ("eu-west-?", "eu-west-11", false),
            ("*a*b*c*", "xaxxbxxc", true),
            ("*a*b*c*", "xaxxcxxb", false),
            ("eu-west-1", "eu-west-1", true),
            ("", "", true),
            ("", "a", false),
            ("a**", "a", true),
        ] {
            assert_eq!(matches(pattern, text), is_taken, "{pattern} {text}");
        }
    }

    #[test]
    fn a_name_is_had_as_a_whole() {
        for (text, is_had) in [
            ("eu-west-1", true),
            ("s3.eu-west-1.amazonaws.com", true),
            ("logs-eu-west-1-2", true),
            ("eu-west-11", false),
            ("neu-west-1", false),
            ("eu-west-11/eu-west-1", true),
            ("eu-west", false),
        ] {
            assert_eq!(names(text, "eu-west-1"), is_had, "{text}");
        }
    }
}
