//! What a finished step left behind.

use serde::{Deserialize, Serialize};

use crate::finding::Finding;
use crate::ids::{IdMap, Identifier, RebindError};

/// What a finished step left behind. Holds identifiers, never secrets, never bulk.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Receipt {
    /// What the step's sources have become: exactly what it said it produces.
    #[serde(default, skip_serializing_if = "IdMap::is_empty")]
    pub ids: IdMap,
    /// What a person should know, summed up: `12 of 3,000,000 users were refused`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// What it put into the [`Archive`](crate::Archive), and what it replaced: for the way back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub artifacts: Vec<String>,
    /// The id that AWS gave the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

impl Receipt {
    /// Makes a receipt for a step that made nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds that `source` is now `target`.
    ///
    /// # Errors
    ///
    /// Fails if this receipt already says otherwise.
    pub fn bind<I: Identifier>(mut self, source: &I, target: &I) -> Result<Self, RebindError> {
        self.ids.bind(source, target)?;
        Ok(self)
    }

    /// Adds a remark.
    #[must_use]
    pub fn with(mut self, finding: Finding) -> Self {
        self.findings.push(finding);
        self
    }

    /// Adds the name of what was archived, or a thing that was replaced.
    #[must_use]
    pub fn artifact(mut self, name: impl Into<String>) -> Self {
        self.artifacts.push(name.into());
        self
    }

    /// Adds the id of the request.
    #[must_use]
    pub fn request_id(mut self, id: impl Into<String>) -> Self {
        self.request_id = Some(id.into());
        self
    }

    /// Returns what `source` has become by this step.
    pub fn target_of<I: Identifier>(&self, source: &I) -> Option<I> {
        self.ids.target_of(source)
    }
}
