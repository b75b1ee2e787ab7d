//! Errors, and the few kinds of them the core tells apart.

use std::convert::Infallible;
use std::error::Error as StdError;
use std::fmt;
use std::iter;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::journal::JournalError;
use crate::plan::PlanError;
use crate::route::{AccountId, End, Side};
use crate::standings::ReplayError;

/// Any error, with its type erased.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// An error that can say which [`ErrorKind`] it is.
pub trait Classify: StdError + Send + Sync + 'static {
    /// Returns the kind, on which alone the core bases its decisions.
    fn kind(&self) -> ErrorKind;

    /// Returns what was kept of the error that this one passes on, if it passes one on. The rest is told from it, unless said otherwise.
    fn report(&self) -> Option<&ErrorReport> {
        None
    }

    /// Returns the IAM action of the request that failed, such as `kms:CreateKey`.
    fn action(&self) -> Option<&str> {
        self.report()?.action.as_deref()
    }

    /// Returns the code that AWS gave, such as `AccessDeniedException`.
    fn code(&self) -> Option<&str> {
        self.report()?.code.as_deref()
    }

    /// Returns where the request went.
    fn end(&self) -> Option<&End> {
        self.report()?.end.as_ref()
    }

    /// Returns the id that AWS gave the request, for the record.
    fn request_id(&self) -> Option<&str> {
        self.report()?.request_id.as_deref()
    }
}

/// What several wait for fails for all of them.
impl<E: Classify> Classify for Arc<E> {
    fn kind(&self) -> ErrorKind {
        E::kind(self)
    }

    fn report(&self) -> Option<&ErrorReport> {
        E::report(self)
    }

    fn action(&self) -> Option<&str> {
        E::action(self)
    }

    fn code(&self) -> Option<&str> {
        E::code(self)
    }

    fn end(&self) -> Option<&End> {
        E::end(self)
    }

    fn request_id(&self) -> Option<&str> {
        E::request_id(self)
    }
}

impl Classify for Infallible {
    fn kind(&self) -> ErrorKind {
        match *self {}
    }
}

/// What the core, and callers, need to know of an error to act on it.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorKind {
    /// The caller lacks a permission.
    AccessDenied,
    /// The caller asked for the work to stop, before anything was sent.
    Cancel,
    /// What is there is not what the plan expects.
    Conflict,
    /// The credentials are not valid any more. The run stops.
    Credentials,
    /// The request can never succeed as it is.
    Invalid,
    /// The resource is not there.
    NotFound,
    /// The request may or may not have taken effect: it timed out, or its answer was lost.
    OutcomeUnknown,
    /// A quota of the account or region is used up. No more steps of that name are begun.
    Quota,
    /// The service asks for a slower pace. The engine tries again, by way of a probe.
    Throttle,
    /// The service could not be reached: nothing was sent.
    Unavailable,
    /// A bug, here or there.
    Unexpected,
    /// The service, or this crate, has no way to do this.
    Unsupported,
}

impl ErrorKind {
    /// Returns whether a change that failed so has surely not been made.
    pub fn proves_no_effect(self) -> bool {
        match self {
            Self::AccessDenied
            | Self::Cancel
            | Self::Conflict
            | Self::Credentials
            | Self::Invalid
            | Self::NotFound
            | Self::Quota
            | Self::Throttle
            | Self::Unavailable
            | Self::Unsupported => true,
            Self::OutcomeUnknown | Self::Unexpected => false,
        }
    }

    /// Returns whether it is worth trying again without anybody doing anything.
    pub fn is_passing(self) -> bool {
        matches!(self, Self::OutcomeUnknown | Self::Throttle | Self::Unavailable)
    }

    /// Returns what a person does about it, in a sentence.
    pub fn advice(self) -> &'static str {
        match self {
            Self::AccessDenied => "allow the action, then run this again: what is done stays done",
            Self::Cancel => "run this again",
            Self::Conflict => "look at what is there: change it, or plan again from a new survey",
            Self::Credentials => "renew the credentials, then run this again",
            Self::Invalid => "plan again from a new survey; if that gives the same step, change what it is made from",
            Self::NotFound => "plan again from a new survey: something the step needs is gone",
            Self::OutcomeUnknown => "run this again: the target is asked before anything is sent",
            Self::Quota => "have the quota raised, then run this again",
            Self::Throttle | Self::Unavailable => "run this again later",
            Self::Unexpected => "run this again; if it fails so again, report it with the request id",
            Self::Unsupported => "do this by hand, then plan again from a new survey",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AccessDenied => "access denied",
            Self::Cancel => "cancelled",
            Self::Conflict => "conflict",
            Self::Credentials => "credentials not valid",
            Self::Invalid => "invalid",
            Self::NotFound => "not found",
            Self::OutcomeUnknown => "outcome unknown",
            Self::Quota => "quota used up",
            Self::Throttle => "throttled",
            Self::Unavailable => "unavailable",
            Self::Unexpected => "unexpected",
            Self::Unsupported => "unsupported",
        })
    }
}

/// The error of every operation on a whole [`Migration`](crate::Migration).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The credentials belong to another account than the route says.
    #[error(
        "the plan is for account {expected} at the {side}, the credentials there are for {found}: use those of {expected}"
    )]
    Account {
        /// Which end.
        side: Side,
        /// The route's.
        expected: AccountId,
        /// The caller's.
        found: AccountId,
    },
    /// It could not be found out whose credentials are in use.
    #[error("whose credentials are in use at the {side}, {end}, could not be found out")]
    Caller {
        /// Which end.
        side: Side,
        /// That end.
        end: End,
        /// What kind of failure.
        kind: ErrorKind,
        /// Why not.
        source: BoxError,
    },
    /// The journal could not be read or written, so nothing more may be done.
    #[error("the journal is unavailable, so no more steps were begun; free its storage and run this again")]
    Journal(#[from] JournalError),
    /// The plan or survey names a service that this migration is not made of.
    #[error("no service named `{name}` is part of this migration: add it with `Migration::with`")]
    MissingService {
        /// The name.
        name: String,
    },
    /// The plan cannot be carried out.
    #[error("the plan is not valid")]
    Plan(#[from] PlanError),
    /// The journal tells a story that cannot have happened.
    #[error("the journal does not match the plan")]
    Replay(#[from] ReplayError),
    /// A stored snapshot, step or survey does not have the form that is expected.
    #[error("the stored {what} of `{service}` cannot be read: make it again with this version")]
    Schema {
        /// The service in question.
        service: String,
        /// What it is: a snapshot, a step, a survey.
        what: &'static str,
        /// Why not.
        source: BoxError,
    },
    /// A service failed.
    #[error("{service}: {operation} failed")]
    Service {
        /// The service in question.
        service: String,
        /// Which of its operations.
        operation: &'static str,
        /// What can be kept of its error.
        report: Box<ErrorReport>,
        /// The service's own error.
        source: BoxError,
    },
    /// A service's name cannot be part of a step's.
    #[error("a service is named `{name}`: a name is not empty, and has no slash")]
    ServiceName {
        /// The name.
        name: String,
    },
    /// Two services of a migration have one name, so that one of them would be missing.
    #[error("two services of this migration are named `{name}`: give one of them another name")]
    TwoServices {
        /// The name.
        name: String,
    },
}

impl Error {
    /// Returns the kind.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Service { report, .. } => report.kind,
            Self::Caller { kind, .. } => *kind,
            Self::Journal(_) => ErrorKind::Unavailable,
            Self::Account { .. } => ErrorKind::Credentials,
            Self::MissingService { .. }
            | Self::Plan(_)
            | Self::Replay(_)
            | Self::Schema { .. }
            | Self::ServiceName { .. }
            | Self::TwoServices { .. } => ErrorKind::Invalid,
        }
    }
}

impl Classify for Error {
    fn kind(&self) -> ErrorKind {
        self.kind()
    }

    fn report(&self) -> Option<&ErrorReport> {
        match self {
            Self::Service { report, .. } => Some(report),
            _ => None,
        }
    }
}

/// Returns an error's text and those of its causes, outermost first, joined by `: `.
///
/// No error of this family prints its cause itself, so nothing is said twice.
pub fn chain(error: &(dyn StdError + 'static)) -> String {
    causes(error).collect::<Vec<_>>().join(": ")
}

fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = String> + 'a {
    iter::successors(Some(error), |error| (*error).source()).map(|error| escaped(&error.to_string()))
}

/// Returns `text` without control characters: what comes from AWS may hold a terminal's.
pub(crate) fn escaped(text: &str) -> String {
    let hostile = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if !text.contains(hostile) {
        return text.to_owned();
    }
    text.chars().map(|c| if hostile(c) { c.escape_default().to_string() } else { c.to_string() }).collect()
}

/// An error in a form that can be stored: its kind, and the text of its chain of causes.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ErrorReport {
    /// The kind.
    pub kind: ErrorKind,
    /// The IAM action of the request that failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// The code that AWS gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Where the request went.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<End>,
    /// Each error's own text, outermost first.
    pub chain: Vec<String>,
    /// The id of the failed request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

impl ErrorReport {
    /// Copies what can be kept of `error`.
    pub fn new(error: &impl Classify) -> Self {
        Self {
            kind: error.kind(),
            action: error.action().map(str::to_owned),
            code: error.code().map(str::to_owned),
            end: error.end().cloned(),
            chain: causes(error).collect(),
            request_id: error.request_id().map(str::to_owned),
        }
    }

    /// Returns the kind.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Says that a service panicked, and no more: what a panic says may hold a secret.
    pub(crate) fn panicked() -> Self {
        Self::bug("the service panicked")
    }

    pub(crate) fn bug(text: impl Into<String>) -> Self {
        Self {
            kind: ErrorKind::Unexpected,
            action: None,
            code: None,
            end: None,
            chain: vec![text.into()],
            request_id: None,
        }
    }
}

impl fmt::Display for ErrorReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.chain.join(": "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("outer")]
    struct Outer(#[source] Inner);
    #[derive(Debug, thiserror::Error)]
    #[error("inner \u{1b}[31m")]
    struct Inner;

    #[test]
    fn a_chain_names_every_cause_once_and_no_control_character() {
        assert_eq!(chain(&Outer(Inner)), "outer: inner \\u{1b}[31m");
    }

    #[test]
    fn only_what_may_have_been_executed_leaves_doubt() {
        use ErrorKind::{
            AccessDenied, Cancel, Conflict, Credentials, Invalid, NotFound, OutcomeUnknown, Quota, Throttle,
            Unavailable, Unexpected, Unsupported,
        };
        let proof =
            [AccessDenied, Cancel, Conflict, Credentials, Invalid, NotFound, Quota, Throttle, Unavailable, Unsupported];
        assert!(proof.iter().all(|kind| kind.proves_no_effect()));
        assert!(![OutcomeUnknown, Unexpected].iter().any(|kind| kind.proves_no_effect()));
        let passing: Vec<ErrorKind> =
            proof.into_iter().chain([OutcomeUnknown, Unexpected]).filter(|kind| kind.is_passing()).collect();
        assert_eq!(passing, [Throttle, Unavailable, OutcomeUnknown]);
    }
}
