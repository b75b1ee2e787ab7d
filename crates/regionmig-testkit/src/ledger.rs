//! What was asked of the world, and what of it was done: the oracle of every test.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use regionmig_core::End;

use crate::world::World;

/// One request that reached the world, or would have.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Entry {
    /// When it was sent, by the world's clock.
    pub at: Timestamp,
    /// The account and region it was for.
    pub end: End,
    /// What it asked for, such as `kms:CreateKey`.
    pub action: String,
    /// What had to be allowed for it, and where: mostly the action itself, at its end. A tag in CreateKey, say, needs
    /// `kms:TagResource` too.
    pub allowed: BTreeSet<(End, String)>,
    /// The ARN of the caller.
    pub caller: String,
    /// The id of the request.
    pub request_id: String,
    /// Whether the operation changes anything, when executed.
    pub mutating: bool,
    /// When the service did what was asked; `None` if it never did: lost, refused, or still on its way.
    pub executed: Option<Timestamp>,
    /// The code of the error that was answered, or would have been.
    pub code: Option<String>,
    /// Whether a whole answer was sent back.
    pub answered: bool,
    /// What an executed mutation made or changed, if the service names it.
    pub resource: Option<String>,
    /// How many values the service answered with: as many as things and their members.
    pub(crate) values: usize,
}

impl Entry {
    /// Tells whether this changed the world.
    pub fn is_mutation(&self) -> bool {
        self.mutating && self.executed.is_some()
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.at, self.end, self.action)?;
        match (&self.code, self.executed) {
            (Some(code), None) => write!(f, ": {code}")?,
            (Some(code), Some(_)) => write!(f, ": done, but answered {code}")?,
            (None, Some(at)) if at != self.at => write!(f, ": done at {at}")?,
            (None, Some(_)) => write!(f, ": done")?,
            (None, None) => write!(f, ": lost")?,
        }
        if let Some(resource) = &self.resource {
            write!(f, " {resource}")?;
        }
        f.write_str(if self.answered { "" } else { " (no answer)" })
    }
}

/// The record of all requests of a world as it was when asked for, oldest first.
///
/// Actions are given as in policies: `kms:CreateKey`, `kms:*`, `*`.
#[derive(Clone, Debug)]
pub struct Ledger {
    world: World,
    entries: Vec<Arc<Entry>>,
}

impl Ledger {
    pub(crate) fn new(world: World, entries: Vec<Arc<Entry>>) -> Self {
        Self { world, entries }
    }

    /// Makes the world forget everything recorded so far. This copy keeps it.
    pub fn clear(&self) {
        self.world.clear_ledger();
    }

    /// Returns how often `action` was executed.
    pub fn count(&self, action: &str) -> usize {
        self.requests().filter(|entry| entry.executed.is_some() && matches(action, &entry.action)).count()
    }

    /// Returns how often `action` was asked for, whatever came of it.
    pub fn count_requests(&self, action: &str) -> usize {
        self.requests().filter(|entry| matches(action, &entry.action)).count()
    }

    /// Returns every request.
    pub fn requests(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        self.entries.iter().map(|entry| &**entry)
    }

    /// Returns every executed request that changed something.
    pub fn mutations(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        self.requests().filter(|entry| entry.is_mutation())
    }

    /// Returns every executed request that changed something at `end`.
    pub fn mutations_at(&self, end: &End) -> impl DoubleEndedIterator<Item = &Entry> {
        self.mutations().filter(move |entry| entry.end == *end)
    }

    /// Returns what had to be allowed for all that was asked for, and where.
    pub fn actions(&self) -> BTreeSet<(End, String)> {
        self.requests().flat_map(|entry| entry.allowed.iter().cloned()).collect()
    }
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.requests().try_for_each(|entry| writeln!(f, "{entry}"))
    }
}

/// Tells whether a pattern, which may end in `*`, covers an action.
pub(crate) fn matches(pattern: &str, action: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => action.starts_with(prefix),
        None => action == pattern,
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_pattern_covers_what_a_policy_would() {
        for (pattern, covers) in [("*", true), ("kms:*", true), ("kms:Create*", true), ("kms:CreateKey", true)] {
            assert_eq!(matches(pattern, "kms:CreateKey"), covers, "{pattern}");
        }
        for pattern in ["kms:Create", "sts:*", "kms:CreateKeys", ""] {
            assert!(!matches(pattern, "kms:CreateKey"), "{pattern}");
        }
    }
}
