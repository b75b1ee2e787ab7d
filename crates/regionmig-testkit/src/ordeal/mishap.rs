//! How a request goes wrong, as a scenario has it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::call::Refusal;
use crate::fault::{Fault, Loss};

/// How a request goes wrong.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Mishap {
    /// It is not allowed.
    Denied,
    /// An empty page comes first.
    EmptyPage,
    /// The listing names a next page each time.
    EndlessPages,
    /// The credentials have expired.
    Expired,
    /// AWS fails.
    Failed {
        /// With this status.
        status: u16,
        /// Whether it is executed all the same.
        executed: bool,
    },
    /// It is lost to the client, and executed so many seconds later.
    Late(u64),
    /// It is executed, and its answer lost.
    LostAnswer(Lost),
    /// It is lost on its way.
    LostRequest,
    /// There is no room for more.
    Quota,
    /// The listing names the same next page each time.
    RepeatedPage,
    /// The answer comes so many seconds later.
    Slow(u64),
    /// A read is answered from what was a while ago.
    Stale {
        /// How many seconds.
        seconds: u64,
        /// How many reads of a hundred.
        percent: u64,
    },
    /// There are too many of them.
    Throttled {
        /// With this status.
        status: u16,
    },
    /// Nobody is there.
    Unreachable,
}

/// How an answer is lost.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Lost {
    /// The connection is reset.
    Reset,
    /// Nothing comes.
    Timeout,
    /// The body breaks off.
    Truncated,
    /// The body is not what the protocol says.
    Unreadable,
    /// A page of HTML comes.
    WrongType,
}

impl Mishap {
    /// Makes the fault, of requests for `action`.
    pub(crate) fn fault(self, action: &str) -> Fault {
        match self {
            Self::Denied => Fault::access_denied(action),
            Self::EmptyPage => Fault::empty_first_page(action),
            Self::EndlessPages => Fault::endless_pages(action),
            Self::Expired => Fault::expired_credentials(action),
            Self::Failed { status, executed: false } => Fault::server_error(action, status),
            Self::Failed { status, executed: true } => Fault::server_error(action, status).after_execution(),
            Self::Late(seconds) => Fault::late_execution(action, Duration::from_secs(seconds)),
            Self::LostAnswer(lost) => Fault::lost_answer(action).by(lost.loss()),
            Self::LostRequest => Fault::lost_request(action),
            Self::Quota => Fault::refused(action, Refusal::new("LimitExceededException")),
            Self::RepeatedPage => Fault::repeats_page_token(action),
            Self::Slow(seconds) => Fault::latency(action, Duration::from_secs(seconds)),
            Self::Stale { seconds, percent: 100 } => Fault::stale(action, Duration::from_secs(seconds)),
            Self::Stale { seconds, percent } => {
                Fault::stale(action, Duration::from_secs(seconds)).flapping(part_of_hundred(percent))
            }
            Self::Throttled { status } => Fault::throttle(action).status(status),
            Self::Unreachable => Fault::unreachable(action),
        }
    }

    /// Returns whether AWS is late to do, or to show, what it was asked for.
    pub(crate) fn is_late(self) -> bool {
        matches!(self, Self::Late(_) | Self::Stale { .. })
    }
}

impl Lost {
    fn loss(self) -> Loss {
        match self {
            Self::Reset => Loss::Reset,
            Self::Timeout => Loss::Timeout,
            Self::Truncated => Loss::TruncatedBody,
            Self::Unreadable => Loss::UnreadableBody,
            Self::WrongType => Loss::WrongContentType,
        }
    }
}

/// Returns a percentage as a probability.
pub(crate) fn part_of_hundred(percent: u64) -> f64 {
    f64::from(u32::try_from(percent.min(100)).unwrap_or(100)) / 100.0
}
