//! How long policies may be.

use std::fmt;

use super::report::Rewritten;

/// What a policy is attached to, which says how long it may be.
///
/// IAM user guide, "IAM and AWS STS quotas"; KMS developer guide, "Resource quotas"; AWS Organizations user guide, "Quotas";
/// Secrets Manager user guide, "Quotas"; EventBridge user guide, "Quotas". Read 2026-11.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum PolicyKind {
    /// Of an event bus: 10,240 bytes.
    EventBus,
    /// All inline policies of a group together: 5,120 characters without white space.
    InlineOfGroup,
    /// All inline policies of a role together: 10,240 characters without white space.
    InlineOfRole,
    /// All inline policies of a user together: 2,048 characters without white space.
    InlineOfUser,
    /// Of a KMS key: 32 KiB.
    Key,
    /// A customer managed policy: 6,144 characters without white space.
    Managed,
    /// Of a secret: 20,480 bytes.
    Secret,
    /// A service control policy: 5,120 characters without white space.
    ServiceControl,
    /// Passed with a session: 2,048 characters.
    Session,
    /// Who may assume a role: 2,048 characters without white space, or what the account's quota says, up to 4,096.
    Trust,
}

impl PolicyKind {
    fn row(self) -> (&'static str, usize, Unit) {
        match self {
            Self::EventBus => ("policy of an event bus", 10_240, Unit::Bytes),
            Self::InlineOfGroup => ("inline policy of a group", 5_120, Unit::CharactersThatCount),
            Self::InlineOfRole => ("inline policy of a role", 10_240, Unit::CharactersThatCount),
            Self::InlineOfUser => ("inline policy of a user", 2_048, Unit::CharactersThatCount),
            Self::Key => ("key policy", 32 * 1024, Unit::Bytes),
            Self::Managed => ("managed policy", 6_144, Unit::CharactersThatCount),
            Self::Secret => ("policy of a secret", 20_480, Unit::Bytes),
            Self::ServiceControl => ("service control policy", 5_120, Unit::CharactersThatCount),
            Self::Session => ("session policy", 2_048, Unit::Characters),
            Self::Trust => ("trust policy", 2_048, Unit::CharactersThatCount),
        }
    }

    /// Returns how long a policy of this kind may be, in what [`excess`](Self::excess) counts.
    pub fn longest(self) -> usize {
        self.row().1
    }

    /// Returns by how much a text is too long, if it is.
    pub fn excess(self, text: &str) -> Option<Excess> {
        self.excess_over(text, self.longest())
    }

    /// The same, where the account's quota is another than the default.
    pub fn excess_over(self, text: &str, most: usize) -> Option<Excess> {
        let (_, _, unit) = self.row();
        let has = match unit {
            Unit::Bytes => text.len(),
            Unit::Characters => text.chars().count(),
            Unit::CharactersThatCount => text.chars().filter(|c| !c.is_whitespace()).count(),
        };
        (has > most).then_some(Excess { kind: self, has, most })
    }
}

impl fmt::Display for PolicyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.row().0)
    }
}

/// What counts towards the length of a policy.
#[derive(Clone, Copy, Debug)]
enum Unit {
    Bytes,
    Characters,
    /// White space does not.
    CharactersThatCount,
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bytes => "bytes",
            Self::Characters => "characters",
            Self::CharactersThatCount => "characters without white space",
        })
    }
}

/// A policy is too long for where it should stand.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Excess {
    /// What it is attached to.
    pub kind: PolicyKind,
    /// Its length.
    pub has: usize,
    /// The greatest length.
    pub most: usize,
}

impl fmt::Display for Excess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, _, unit) = self.kind.row();
        write!(f, "a {name} has {} {unit} at most, and this one would have {}", self.most, self.has)
    }
}

impl Rewritten {
    /// Returns by how much the document is too long, if it is; a hole counts as long as the source's identifier.
    pub fn excess(&self, kind: PolicyKind) -> Option<Excess> {
        kind.excess(&self.document.as_of_the_source())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_counts_where_aws_counts_it() {
        let text = format!("{}{}", " ".repeat(2_000), "x".repeat(2_048));
        assert_eq!(PolicyKind::Trust.excess(&text), None);
        assert_eq!(PolicyKind::Session.excess(&text).map(|excess| excess.has), Some(4_048));
        let more = format!("{text}x");
        let excess = PolicyKind::Trust.excess(&more);
        assert_eq!(excess.map(|excess| (excess.has, excess.most)), Some((2_049, 2_048)));
        assert_eq!(PolicyKind::Trust.excess_over(&more, 4_096), None);
        let text = excess.map(|excess| excess.to_string()).unwrap_or_default();
        assert_eq!(
            text,
            "a trust policy has 2048 characters without white space at most, and this one would have 2049"
        );
        assert_eq!(PolicyKind::ServiceControl.to_string(), "service control policy");
        assert!(PolicyKind::Key.excess(&"é".repeat(16 * 1024)).is_none());
        assert!(PolicyKind::Key.excess(&"é".repeat(16 * 1024 + 1)).is_some());
    }
}
