//! Identifiers without their types.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::ids::Identifier;
use crate::region::NameError;
use crate::schema::read_text;

/// The untyped form of any [`Identifier`]: its kind and its text. Cheap to clone.
///
/// Ordered by kind, then by text.
#[derive(Clone, Eq, PartialEq)]
pub struct ResourceId {
    /// `kind:id`, as it is written: one allocation, since a plan has very many.
    text: Arc<str>,
    /// Where the kind ends.
    colon: usize,
}

impl ResourceId {
    /// Names a thing that has no [`Identifier`] of its own, such as one account assignment.
    pub fn new(kind: &str, id: impl AsRef<str>) -> Self {
        Self { text: joined(&[kind, ":", id.as_ref()]), colon: kind.len() }
    }

    /// Erases the type of `id`.
    pub fn of<I: Identifier>(id: &I) -> Self {
        id.erased()
    }

    /// Returns the kind, for example `kms.key`.
    pub fn kind(&self) -> &str {
        &self.text[..self.colon]
    }

    /// Returns the identifier's own text.
    pub fn id(&self) -> &str {
        &self.text[self.colon + 1..]
    }

    /// Returns both, as `kind:id`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the typed identifier, if this is one of an `I`.
    pub fn typed<I: Identifier>(&self) -> Option<I> {
        (self.kind() == I::KIND).then(|| self.id().parse().ok()).flatten()
    }
}

impl<I: Identifier> From<&I> for ResourceId {
    fn from(id: &I) -> Self {
        Self::of(id)
    }
}

impl Ord for ResourceId {
    fn cmp(&self, other: &Self) -> Ordering {
        match self.colon == other.colon {
            // Then one look is as good as two.
            true => self.text.cmp(&other.text),
            false => (self.kind(), self.id()).cmp(&(other.kind(), other.id())),
        }
    }
}

impl PartialOrd for ResourceId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Hash for ResourceId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl fmt::Debug for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResourceId").field("kind", &self.kind()).field("id", &self.id()).finish()
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for ResourceId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for ResourceId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read_text(deserializer, |text| match text.find(':') {
            Some(colon) if colon > 0 => Ok(Self { text: text.into(), colon }),
            _ => Err(NameError::new("resource", text, "a resource is written `kind:id`")),
        })
    }
}

/// Most names are shorter: a step's with an ARN and a UUID is.
const MOST: usize = 192;

/// Joins texts. A plan has very many, so it is done with one allocation where the whole is short.
pub(crate) fn joined(parts: &[&str]) -> Arc<str> {
    let mut room = [0; MOST];
    let mut end = 0;
    for part in parts {
        let Some(place) = room.get_mut(end..end + part.len()) else { return parts.concat().into() };
        place.copy_from_slice(part.as_bytes());
        end += part.len();
    }
    std::str::from_utf8(&room[..end]).map_or_else(|_| parts.concat().into(), Arc::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{AliasName, KeyArn};

    type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

    #[test]
    fn an_erased_identifier_keeps_its_kind() -> Result {
        let key: KeyArn = "arn:aws:kms:eu-central-1:111122223333:key/12".parse()?;
        let erased = ResourceId::of(&key);
        assert_eq!(erased.typed::<KeyArn>(), Some(key));
        assert_eq!(erased.typed::<AliasName>(), None);
        let stored = serde_json::to_string(&erased)?;
        assert_eq!(stored, "\"kms.key:arn:aws:kms:eu-central-1:111122223333:key/12\"");
        assert_eq!(serde_json::from_str::<ResourceId>(&stored)?, erased);
        assert!(serde_json::from_str::<ResourceId>("\"nothing\"").is_err());
        assert!(serde_json::from_str::<ResourceId>("\":nothing\"").is_err());
        assert!(serde_json::from_str::<KeyArn>("\"nothing\"").is_err());
        Ok(())
    }

    #[test]
    fn texts_are_joined_however_long_they_are() {
        for length in [0, 1, MOST / 2 - 1, MOST / 2, MOST, 1000] {
            let (one, other) = ("ä".repeat(length / 2), "b".repeat(length));
            assert_eq!(*joined(&[&one, "/", &other]), format!("{one}/{other}"));
        }
    }
}
