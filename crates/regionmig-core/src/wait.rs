//! What steps wait for, and what somebody must do.
// REQ: E-9

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::error::{BoxError, escaped};
use crate::time::iso;

/// For what a step waits.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Wait {
    /// For what, in a sentence.
    pub reason: String,
    /// After how long it is worth looking again.
    #[serde(with = "iso")]
    pub check_after: Duration,
    /// What a person, or a program of the caller's, has to do for it to end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<Task>,
}

impl Wait {
    /// Makes a wait that ends by itself, worth a look every ten seconds.
    pub fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), check_after: Duration::from_secs(10), task: None }
    }

    /// Says after how long it is worth looking again.
    #[must_use]
    pub fn check_after(mut self, check_after: Duration) -> Self {
        self.check_after = check_after;
        self
    }

    /// Says what somebody has to do.
    #[must_use]
    pub fn task(mut self, task: Task) -> Self {
        self.task = Some(task);
        self
    }
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&escaped(&self.reason))
    }
}

/// Something that AWS's interfaces cannot do, or not without the caller.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Task {
    /// A stable name, for example `acm.publish-record`, for a program to act on.
    pub code: String,
    /// What to do, for a person.
    pub instructions: String,
    /// The values it takes, such as a record's name and content.
    pub values: BTreeMap<String, String>,
}

impl Task {
    /// Makes a task.
    pub fn new(code: impl Into<String>, instructions: impl Into<String>) -> Self {
        Self { code: code.into(), instructions: instructions.into(), values: BTreeMap::new() }
    }

    /// Adds a value it takes.
    #[must_use]
    pub fn value(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.values.insert(name.into(), value.into());
        self
    }
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}] {}", escaped(&self.code), escaped(&self.instructions))?;
        self.values.iter().try_for_each(|(name, value)| write!(f, "; {} = {}", escaped(name), escaped(value)))
    }
}

/// Does a [`Task`], so that no person has to.
#[async_trait]
pub trait Perform: fmt::Debug + Send + Sync {
    /// Does `task`. Called in each run in which a step waits for it, so it must bear repeating; and dropped where it
    /// awaits when the run is stopped or ends, so it must bear that too. It has as long as the run's patience lasts, and at
    /// least a minute.
    ///
    /// # Errors
    ///
    /// Fails if the task could not be done; the step then goes on waiting.
    async fn perform(&self, task: &Task) -> Result<(), BoxError>;
}
