//! What one service found at both ends.

use std::fmt;
use std::ops::Deref;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::finding::{Finding, Severity, code};
use crate::ids::IdMap;
use crate::knowledge::{Snapshot, Stale};
use crate::route::{Route, Side};

/// Why there is a plan.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Purpose {
    /// The target is to become what the source is.
    #[default]
    Migrate,
    /// The source, once the target of a migration, gives back to where that came from: what has
    /// changed since is to overwrite what is there.
    FailBack,
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Migrate => "migrate",
            Self::FailBack => "fail back",
        })
    }
}

impl Purpose {
    pub(crate) fn is_migrate(&self) -> bool {
        *self == Self::Migrate
    }
}

/// A snapshot, and when it was taken. Can be used as the snapshot.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Capture<S> {
    /// When it was begun: nothing in it is older, but for what it says is stale.
    pub at: Timestamp,
    /// What was found.
    pub value: S,
}

impl<S> Capture<S> {
    /// Dates a snapshot.
    pub fn new(at: Timestamp, value: S) -> Self {
        Self { at, value }
    }
}

impl<S> Deref for Capture<S> {
    type Target = S;

    fn deref(&self) -> &S {
        &self.value
    }
}

/// All that a planner may base its decisions on.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Survey<S> {
    /// From where to where.
    pub route: Route,
    /// Why.
    pub purpose: Purpose,
    /// What is mapped already: by the caller, or by an earlier migration.
    pub ids: IdMap,
    /// What the source has.
    pub source: Capture<S>,
    /// What the target has.
    pub target: Capture<S>,
}

impl<S> Survey<S> {
    /// Makes a survey, for a forward migration with nothing mapped.
    pub fn new(route: Route, source: Capture<S>, target: Capture<S>) -> Self {
        Self { route, purpose: Purpose::Migrate, ids: IdMap::default(), source, target }
    }

    /// Returns one end's capture.
    pub fn side(&self, side: Side) -> &Capture<S> {
        match side {
            Side::Source => &self.source,
            Side::Target => &self.target,
        }
    }
}

impl<S: Snapshot> Survey<S> {
    /// Returns a finding for each thing that could not be read, is known from an earlier survey
    /// only, or was answered for by a person.
    pub(crate) fn findings(&self, service: &str) -> Vec<Finding> {
        let of = |side: Side| {
            let snapshot = &self.side(side).value;
            let unread = snapshot.gaps().into_iter().map(move |gap| Finding::unread(service, side, gap));
            let stale = snapshot.stale().into_iter().map(move |Stale { what, at }| {
                let message = format!("{service} of the {side}: {what} was last read at {at}");
                let finding = Finding::new(Severity::Action, code::STALE, message);
                finding.remedy("survey again when it answers: it may have changed or gone since")
            });
            let presumed = snapshot.presumed().into_iter().map(move |why| {
                Finding::new(Severity::Note, code::PRESUMED, format!("{service} of the {side}: {why}"))
            });
            unread.chain(stale).chain(presumed).collect::<Vec<_>>()
        };
        [Side::Source, Side::Target].into_iter().flat_map(of).collect()
    }
}
