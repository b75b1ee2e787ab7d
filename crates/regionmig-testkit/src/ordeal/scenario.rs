//! What befalls the runs of one seed.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ordeal::mishap::Mishap;

/// What befalls the runs of one seed.
///
/// Stored as JSON, so that a failure can be run again; that form is no promise.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Scenario {
    /// Where the world's chances and names come from.
    pub seed: u64,
    /// How the runs are made.
    pub setting: Setting,
    /// What goes wrong.
    pub troubles: Vec<Trouble>,
}

/// How the runs of a scenario are made.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Setting {
    /// Whether the troubles stop.
    pub mode: Mode,
    /// How many lives there are, at most, in which troubles strike.
    pub lives: u64,
    /// How many steps are worked on at once.
    pub concurrency: usize,
    /// How many seconds each of these lives stays, at most.
    pub patience: u64,
    /// Whether whatever a new journal says nothing of is looked for as long as it may not show.
    pub cautious: bool,
    /// How many seconds there are between two lives.
    pub pause: u64,
}

/// How long troubles go on.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Mode {
    /// They stop after a life or a few, and all must be done soon.
    Liveness,
    /// They go on through many lives, each of which must do no harm.
    Safety,
}

/// One thing that goes wrong. Counts go over all lives, from 1; times are seconds by the world's clock.
///
/// In brackets the numbers of the project's fault list. The others, F12, F24, F26 to F28 and F36 (the second Ctrl-C), are no
/// matter of chance in one process, and have tests of their own.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "trouble", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Trouble {
    /// A record cannot be written down; the process lives on (F22, F23).
    AppendFails {
        /// Which append.
        nth: u64,
        /// Whether the record is there all the same.
        stored: bool,
    },
    /// The machine's clock is set (F21).
    ClockIsSet {
        /// At which request.
        nth: u64,
        /// By how much it is wrong from then on.
        by: i64,
    },
    /// The disk is full (F22).
    DiskIsFull {
        /// In which life, from 0.
        life: u64,
        /// From which append of that life on.
        nth: u64,
    },
    /// The run is dropped (F8).
    Dropped {
        /// In which life, from 0.
        life: u64,
        /// At which poll.
        poll: u64,
    },
    /// The journal is lost, or replaced by an older copy (F25).
    JournalIsLost {
        /// Before which life, from 0.
        life: u64,
        /// Which life had the copy at its beginning; none, if there is no copy.
        copy_of: Option<u64>,
    },
    /// The process is killed at an append (F1 to F3, F7).
    KilledAtAppend {
        /// Which append.
        nth: u64,
        /// Whether the record is there.
        stored: bool,
    },
    /// The process is killed when it has sent a request (F4 to F6).
    KilledAtRequest {
        /// Which request.
        nth: u64,
        /// How many seconds later it is executed; never, if none.
        executed_after: Option<u64>,
    },
    /// The machine dies; of what was not synced, each write is there, is not, or is garbage (F1 to F3).
    MachineDies {
        /// In which life, from 0.
        life: u64,
        /// At which append of that life, or at which call to the disk.
        nth: u64,
        /// When so much of an append is written; none, when a call is over.
        written: Option<usize>,
    },
    /// Somebody else acts (F30).
    Meddling {
        /// Just before which request.
        nth: u64,
        /// What they do, by name.
        what: String,
    },
    /// Requests go wrong (F9 to F11, F14 to F20, F34, F35).
    Requests {
        /// Of which action, or `*`.
        action: String,
        /// In which region, if not in all.
        region: Option<String>,
        /// From which of them on.
        nth: u64,
        /// How many.
        times: u64,
        /// How.
        mishap: Mishap,
    },
    /// What is called when something happens panics, and takes the process with it (F40).
    ObserverPanics {
        /// At which event.
        nth: u64,
    },
    /// Another operator runs the same plan with a journal of their own (F29).
    SecondOperator {
        /// In which life, from 0.
        life: u64,
        /// How long after it began.
        after: u64,
        /// How often of a hundred the first one gets on.
        share: u64,
    },
    /// AWS takes its time to make a key, or a replica of a secret (F37).
    SlowKeys {
        /// How long.
        seconds: u64,
    },
    /// For a while, requests go wrong (F13, F31 to F33, F35).
    Spell {
        /// From which request on.
        nth: u64,
        /// How long.
        seconds: u64,
        /// Which actions.
        action: String,
        /// In which region, if not in all.
        region: Option<String>,
        /// How many of a hundred.
        percent: u64,
        /// How.
        mishap: Mishap,
    },
    /// The run is asked to stop (F36).
    Stopped {
        /// At which event.
        nth: u64,
    },
    /// The disk fails while it syncs (F23).
    SyncFails {
        /// In which life, from 0.
        life: u64,
        /// At which sync of that life.
        nth: u64,
    },
}

impl Scenario {
    /// Reads what [`Display`](fmt::Display) has written.
    ///
    /// # Errors
    ///
    /// Fails if it is not one.
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }
}

/// As JSON.
impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string_pretty(self).map_err(|_| fmt::Error)?)
    }
}
