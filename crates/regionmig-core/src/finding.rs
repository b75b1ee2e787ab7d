//! Things a person should know.
// REQ: E-8

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::escaped;
use crate::ids::ResourceId;
use crate::knowledge::Gap;
use crate::route::Side;

/// Codes of the findings that the core itself raises. Services' codes begin with the service's name.
pub mod code {
    /// One source has, or would have, two counterparts.
    pub const AMBIGUOUS: &str = "core.ambiguous";
    /// Others than its owner can read a journal.
    pub const JOURNAL_READABLE: &str = "core.journal-readable";
    /// The end of a journal was half written, and has been set aside.
    pub const JOURNAL_TORN: &str = "core.journal-torn";
    /// Steps were taken out of the plan by [`MigrationPlan::keep`](crate::MigrationPlan::keep).
    pub const LEFT_OUT: &str = "core.left-out";
    /// A document has names that contain that of the region, or of the account, that is left.
    pub const NAMES_SOURCE: &str = "core.names-source";
    /// A person answered for there being nothing else.
    pub const PRESUMED: &str = "core.presumed";
    /// A document was rewritten for the target.
    pub const REWRITTEN: &str = "core.rewritten";
    /// What is known of it comes from an older survey.
    pub const STALE: &str = "core.stale";
    /// It could not be asked beforehand whether a step would work.
    pub const UNASKED: &str = "core.unasked";
    /// Parts of a document name the source and were not rewritten.
    pub const UNRESOLVED: &str = "core.unresolved";
    /// Whether the target has it is not known.
    pub const UNCLEAR: &str = "core.unclear";
    /// It could not be read.
    pub const UNREAD: &str = "core.unread";
}

/// How much a [`Finding`] matters, least first.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// A person must do something, before or after.
    Action,
    /// What it is about cannot be migrated as things are. Holds back the steps on its subject and
    /// all that need them, and nothing else; with no subject, the whole plan.
    Blocker,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Note => "note",
            Self::Action => "action",
            Self::Blocker => "blocker",
        })
    }
}

/// One remark about one resource.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Finding {
    /// How much it matters.
    pub severity: Severity,
    /// A stable name for the rule, for example `kms.key-not-exportable`.
    pub code: String,
    /// What it is about, if one thing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<ResourceId>,
    /// What is so, in a sentence.
    pub message: String,
    /// What to do, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

impl Finding {
    /// Makes a finding that is about no one resource.
    pub fn new(severity: Severity, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { severity, code: code.into(), subject: None, message: message.into(), remedy: None }
    }

    /// Makes one that says what is good to know.
    pub fn note(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Severity::Note, code, message)
    }

    /// Makes one that says what a person should do or look at.
    pub fn action(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Severity::Action, code, message)
    }

    /// Makes one that holds what it is about, and what needs that.
    pub fn blocker(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Severity::Blocker, code, message)
    }

    /// Says that something could not be read.
    pub fn unread(service: &str, side: Side, gap: &Gap) -> Self {
        Self::new(Severity::Action, code::UNREAD, format!("{service} of the {side}: {gap}"))
            .remedy("survey again when it answers; what is not known is left alone until then")
    }

    /// Says which resource this is about.
    #[must_use]
    pub fn about(mut self, subject: impl Into<ResourceId>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// Returns whether this is for want of an answer: unread, unclear or stale.
    pub fn is_unknown(&self) -> bool {
        matches!(self.code.as_str(), code::UNREAD | code::UNCLEAR | code::STALE)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}]", self.severity, escaped(&self.code))?;
        if let Some(subject) = &self.subject {
            write!(f, " {}", escaped(&subject.to_string()))?;
        }
        write!(f, ": {}", escaped(&self.message))?;
        match &self.remedy {
            Some(remedy) => write!(f, "; {}", escaped(remedy)),
            None => Ok(()),
        }
    }
}
