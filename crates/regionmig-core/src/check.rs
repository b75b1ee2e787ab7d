//! What was verified.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::escaped;
use crate::ids::ResourceId;
use crate::knowledge::Gap;

/// One thing that was checked.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Check {
    /// A stable name for the rule.
    pub code: String,
    /// What was checked.
    pub subject: ResourceId,
    /// How it came out.
    pub verdict: Verdict,
    /// Why, in a sentence; empty if all is well.
    pub message: String,
}

impl Check {
    /// Makes a check.
    pub fn new(code: impl Into<String>, subject: impl Into<ResourceId>, verdict: Verdict) -> Self {
        Self { code: code.into(), subject: subject.into(), verdict, message: String::new() }
    }

    /// Makes a check of what came out.
    pub fn of(code: impl Into<String>, subject: impl Into<ResourceId>, outcome: Result<(), Flaw>) -> Self {
        match outcome {
            Ok(()) => Self::new(code, subject, Verdict::Pass),
            Err(Flaw::Unlike(message)) => Self::new(code, subject, Verdict::Fail).message(message),
            Err(Flaw::Unread(message)) => Self::new(code, subject, Verdict::Unknown).message(message),
        }
    }

    /// Says why it came out so.
    #[must_use]
    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.message = message.into();
        self
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}] {}", self.verdict, escaped(&self.code), escaped(&self.subject.to_string()))?;
        match self.message.as_str() {
            "" => Ok(()),
            message => write!(f, ": {}", escaped(message)),
        }
    }
}

/// Why one thing is not as it should be, or cannot be said to be.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "a verifier must deal with both")]
pub enum Flaw {
    /// It is something else, in a sentence.
    Unlike(String),
    /// It could not be read.
    Unread(String),
}

impl Flaw {
    /// Returns the flaw of what should be so and is not.
    ///
    /// # Errors
    ///
    /// Fails, with `message`, unless it is so.
    pub fn unless(is_so: bool, message: impl FnOnce() -> String) -> Result<(), Self> {
        if is_so { Ok(()) } else { Err(Self::Unlike(message())) }
    }
}

impl From<&Gap> for Flaw {
    fn from(gap: &Gap) -> Self {
        Self::Unread(gap.to_string())
    }
}

/// How a check came out.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Verdict {
    /// It is not as it should be.
    Fail,
    /// It is as it should be.
    Pass,
    /// It cannot be so yet: AWS takes its time until then.
    TooEarly(Timestamp),
    /// It could not be read.
    Unknown,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fail => f.write_str("fail"),
            Self::Pass => f.write_str("pass"),
            Self::TooEarly(until) => write!(f, "too early until {until}"),
            Self::Unknown => f.write_str("unknown"),
        }
    }
}
