//! Values in a plan that earlier steps make known.

use serde::{Deserialize, Serialize};

use crate::ids::{Identifier, ResourceId};

/// A value in a plan that may not be known until an earlier step has run.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "an identifier is known or it is not")]
pub enum Binding<I> {
    /// Known when the plan was made.
    Known(I),
    /// Whatever this source identifier becomes in the target.
    TargetOf(I),
}

impl<I: Identifier> Binding<I> {
    /// Binds to whatever `source` becomes in the target.
    pub fn target_of(source: &I) -> Self {
        Self::TargetOf(source.clone())
    }

    /// Returns the resource that must be mapped before this can be resolved.
    pub fn requires(&self) -> Option<ResourceId> {
        match self {
            Self::Known(_) => None,
            Self::TargetOf(source) => Some(ResourceId::of(source)),
        }
    }
}

/// A text, such as a policy, with holes for identifiers that earlier steps make.
///
/// Made by the planner, by grammar; filled while applying, by nothing but substitution.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Template(pub(super) Vec<Part>);

#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Part {
    TargetOf(ResourceId),
    Text(String),
}

impl Template {
    /// Adds text that is known.
    #[must_use]
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.0.push(Part::Text(text.into()));
        self
    }

    /// Adds a hole.
    #[must_use]
    pub fn target_of<I: Identifier>(mut self, source: &I) -> Self {
        self.0.push(Part::TargetOf(ResourceId::of(source)));
        self
    }

    /// Returns every resource that must be mapped before this can be filled.
    pub fn requires(&self) -> impl Iterator<Item = &ResourceId> {
        self.0.iter().filter_map(|part| match part {
            Part::TargetOf(id) => Some(id),
            Part::Text(_) => None,
        })
    }
}
