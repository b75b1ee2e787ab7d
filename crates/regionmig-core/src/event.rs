//! What a survey or a run tells whoever watches it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::ErrorReport;
use crate::route::Side;
use crate::step::StepId;
use crate::time::iso;
use crate::wait::Wait;

/// Something that happened. Lossy and for people; the [`Journal`](crate::Journal) is the record.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// A run begins.
    Began {
        /// Steps in the plan.
        total: u64,
        /// Steps that earlier runs have done.
        done: u64,
    },
    /// A run ended.
    Ended {
        /// Steps that are done.
        done: u64,
        /// Steps in the plan.
        total: u64,
    },
    /// How far a run has got; told whenever a step is done.
    Progress {
        /// Steps that are done, in all runs.
        done: u64,
        /// Steps in the plan.
        total: u64,
        /// Steps this run does in a minute, once there is something to tell it from.
        per_minute: Option<u64>,
        /// How long the rest takes at that rate.
        #[serde(with = "optional")]
        left: Option<Duration>,
    },
    /// A step is about to be looked at.
    StepStarted {
        /// Which.
        step: StepId,
    },
    /// A step got further.
    StepProgress {
        /// Which.
        step: StepId,
        /// Units done.
        done: u64,
        /// Units in all, if known.
        total: Option<u64>,
    },
    /// A step is done.
    StepDone {
        /// Which.
        step: StepId,
        /// Whether this journal's runs made it; otherwise it was there.
        made: bool,
    },
    /// A step waits for something outside.
    StepWaiting {
        /// Which.
        step: StepId,
        /// For what; with a task, what somebody has to do.
        wait: Wait,
    },
    /// A step failed.
    StepFailed {
        /// Which.
        step: StepId,
        /// Why.
        error: ErrorReport,
        /// After how long it is tried again in this run, if it is.
        #[serde(with = "optional")]
        again_after: Option<Duration>,
    },
    /// A service begins to read one end.
    SurveyBegan {
        /// Which service.
        service: String,
        /// Which end.
        side: Side,
    },
    /// A service has read so many things of one end.
    SurveyProgress {
        /// Which service.
        service: String,
        /// Which end.
        side: Side,
        /// What is counted: `keys`, `aliases`.
        what: String,
        /// How many were read.
        done: u64,
        /// How many there are, if known.
        total: Option<u64>,
        /// How many are read in a minute, once there is something to tell it from.
        #[serde(default)]
        per_minute: Option<u64>,
        /// How long the rest takes at that rate, if it is known how many there are.
        #[serde(default, with = "optional")]
        left: Option<Duration>,
    },
    /// A service has read one end.
    SurveyDone {
        /// Which service.
        service: String,
        /// Which end.
        side: Side,
        /// How many things could not be read.
        gaps: u64,
    },
    /// A caller's hook could not do a task.
    TaskFailed {
        /// Whose task.
        step: StepId,
        /// Why.
        error: String,
    },
    /// Something this version does not know of.
    #[serde(other)]
    Unknown,
}

mod optional {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Deserialize, Serialize)]
    struct Iso(#[serde(with = "super::iso")] Duration);

    #[expect(clippy::ref_option, reason = "serde's form")]
    pub(super) fn serialize<S: Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
        duration.map(Iso).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
        Ok(Option::<Iso>::deserialize(deserializer)?.map(|Iso(duration)| duration))
    }
}
