//! How a migration's result was found to be.
// REQ: E-18

use std::fmt;

use crate::check::{Check, Verdict};
use crate::error::escaped;
use crate::finding::{Finding, Severity};
use crate::plan::MigrationPlan;

/// How a migration's result was found to be.
#[derive(Clone, Debug)]
#[must_use = "a check may have failed"]
#[non_exhaustive]
pub struct Verification {
    /// What the services checked.
    pub checks: Vec<Check>,
    /// What planning again would do: nothing, unless something is missing or has drifted.
    pub left: MigrationPlan,
}

impl Verification {
    /// Returns whether all is as it should be, and all of it could be read: each check passed, nothing is left to do,
    /// nothing is unknown, and no Blocker stands: what it is about has not been moved.
    pub fn is_clean(&self) -> bool {
        self.checks.iter().all(|check| check.verdict == Verdict::Pass)
            && self.left.is_done()
            && !self.left.findings().iter().any(Finding::is_unknown)
    }

    /// Returns the checks that did not pass.
    pub fn not_passed(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|check| check.verdict != Verdict::Pass)
    }
}

impl fmt::Display for Verification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let passed = self.checks.len() - self.not_passed().count();
        let word = if self.is_clean() { "clean" } else { "not clean" };
        let left = self.left.len();
        writeln!(f, "verified: {word}; {passed} of {} checks passed, {left} steps left to do", self.checks.len())?;
        self.not_passed().try_for_each(|check| writeln!(f, "  {check}"))?;
        self.left.names().try_for_each(|step| writeln!(f, "  left to do: {}", escaped(step.as_str())))?;
        self.left.findings().iter().try_for_each(|finding| match finding {
            finding if finding.is_unknown() => writeln!(f, "  not known: {finding}"),
            finding if finding.severity == Severity::Blocker => writeln!(f, "  not moved: {finding}"),
            _ => Ok(()),
        })
    }
}
