//! What a ciphertext is bound to besides its key.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// An encryption context: pairs of names and values that must be the same when a ciphertext is opened. Not secret: KMS writes it to
/// CloudTrail in the clear.
///
/// It is in no ciphertext of KMS, so whoever has the ciphertext must know it (KMS developer guide, "Encryption context"). Pairs are
/// sorted by the bytes of their names, as the Encryption SDK writes them.
///
/// ```
/// use regionmig_core::reencrypt::EncryptionContext;
/// let context = EncryptionContext::from([("table", "users"), ("column", "mail")]);
/// assert_eq!(context.get("table"), Some("users"));
/// assert_eq!(context.iter().next(), Some(("column", "mail")));
/// ```
#[derive(Clone, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct EncryptionContext(BTreeMap<String, String>);

impl EncryptionContext {
    /// Makes one without pairs, which is as good as none.
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Adds a pair, in place of one with the same name.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.0.insert(name.into(), value.into());
        self
    }

    /// Adds a pair; returns the value that the name had.
    pub fn insert(&mut self, name: impl Into<String>, value: impl Into<String>) -> Option<String> {
        self.0.insert(name.into(), value.into())
    }

    /// Takes a pair out; returns its value.
    pub fn remove(&mut self, name: &str) -> Option<String> {
        self.0.remove(name)
    }

    /// Returns the value of a name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Returns whether there are no pairs.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the number of pairs.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns the pairs, sorted by name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Returns the pairs as a map.
    pub const fn as_map(&self) -> &BTreeMap<String, String> {
        &self.0
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for EncryptionContext {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl<N: Into<String>, V: Into<String>, const COUNT: usize> From<[(N, V); COUNT]> for EncryptionContext {
    fn from(pairs: [(N, V); COUNT]) -> Self {
        pairs.into_iter().collect()
    }
}
