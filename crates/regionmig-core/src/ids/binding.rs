//! Values in a plan that earlier steps make known.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

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
/// Made by the planner, by grammar; filled while applying, by nothing but substitution. One without holes is stored as the text
/// that it is.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(from = "Stored", into = "Stored")]
pub struct Template(pub(super) Vec<Part>);

#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Part {
    /// Within a text of a JSON document.
    JsonTargetOf(ResourceId),
    TargetOf(ResourceId),
    Text(String),
}

#[derive(Deserialize, Serialize)]
#[serde(untagged)]
enum Stored {
    Text(String),
    Parts(Vec<Part>),
}

impl From<Stored> for Template {
    fn from(stored: Stored) -> Self {
        match stored {
            Stored::Text(text) => Self::from(text),
            Stored::Parts(parts) => Self(parts),
        }
    }
}

impl From<Template> for Stored {
    fn from(template: Template) -> Self {
        template.known().map(str::to_owned).map_or(Self::Parts(template.0), Self::Text)
    }
}

impl From<&str> for Template {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}

impl From<String> for Template {
    fn from(text: String) -> Self {
        if text.is_empty() { Self::default() } else { Self(vec![Part::Text(text)]) }
    }
}

impl Template {
    /// Adds text that is known.
    #[must_use]
    pub fn text(mut self, text: impl AsRef<str>) -> Self {
        match self.0.last_mut() {
            Some(Part::Text(last)) => last.push_str(text.as_ref()),
            _ => self.0.push(Part::Text(text.as_ref().to_owned())),
        }
        self
    }

    /// Adds a hole.
    #[must_use]
    pub fn target_of<I: Identifier>(self, source: &I) -> Self {
        self.target(ResourceId::of(source))
    }

    /// Adds a hole for an identifier whose type is erased.
    #[must_use]
    pub fn target(mut self, source: ResourceId) -> Self {
        self.0.push(Part::TargetOf(source));
        self
    }

    /// Returns the text, if it has no holes.
    pub fn known(&self) -> Option<&str> {
        match self.0.as_slice() {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Returns every resource that must be mapped before this can be filled.
    pub fn requires(&self) -> impl Iterator<Item = &ResourceId> {
        self.0.iter().filter_map(|part| match part {
            Part::JsonTargetOf(id) | Part::TargetOf(id) => Some(id),
            Part::Text(_) => None,
        })
    }

    /// Makes one that will get a long text.
    pub(crate) fn with_room_for(length: usize) -> Self {
        Self(vec![Part::Text(String::with_capacity(length))])
    }

    /// Returns the text as it would be if each identifier became what it was.
    pub(crate) fn as_of_the_source(&self) -> String {
        let part = |part: &Part| match part {
            Part::JsonTargetOf(id) | Part::TargetOf(id) => id.id().to_owned(),
            Part::Text(text) => text.clone(),
        };
        self.0.iter().map(part).collect()
    }

    /// Adds what another one has.
    pub(crate) fn append(mut self, other: Self) -> Self {
        for part in other.0 {
            self = match part {
                Part::Text(text) => self.text(text),
                hole => {
                    self.0.push(hole);
                    self
                }
            };
        }
        self
    }

    /// Returns the same without what it ends in.
    pub(crate) fn without_end(mut self, end: &str) -> Self {
        if let Some(Part::Text(last)) = self.0.last_mut()
            && let Some(length) = last.strip_suffix(end).map(str::len)
        {
            last.truncate(length);
        }
        self
    }

    /// Adds another one as a text of a JSON document, quotes included.
    pub(crate) fn append_json(self, other: &Self) -> Self {
        let mut json = self.text("\"");
        for part in &other.0 {
            match part {
                Part::Text(text) => json = json.text(json_escaped(text)),
                Part::JsonTargetOf(id) | Part::TargetOf(id) => json.0.push(Part::JsonTargetOf(id.clone())),
            }
        }
        json.text("\"")
    }
}

/// Shows a hole as `{kind:id}`, the source's identifier.
impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|part| match part {
            Part::JsonTargetOf(id) | Part::TargetOf(id) => write!(f, "{{{id}}}"),
            Part::Text(text) => f.write_str(text),
        })
    }
}

/// Returns whether a document would read an identifier as a pattern, or as a variable, for others than it names.
pub(crate) fn says_more(id: &str) -> bool {
    id.contains(['*', '?', '$'])
}

/// Writes what stands between the quotes of a JSON text.
pub(super) fn json_escaped(text: &str) -> Cow<'_, str> {
    if !text.bytes().any(|b| b < b' ' || matches!(b, b'"' | b'\\')) {
        return Cow::Borrowed(text);
    }
    let quoted = Value::from(text).to_string();
    Cow::Owned(quoted[1..quoted.len() - 1].to_owned())
}
