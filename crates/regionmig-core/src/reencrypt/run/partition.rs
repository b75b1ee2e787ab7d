//! Where items come from: a share of them, which can be read from any of its positions.

use std::convert::Infallible;
use std::fmt;

use futures::{Stream, stream};
use serde::{Deserialize, Serialize};

use super::super::ends::Ciphertext;
use super::super::stream::Weigh;
use crate::error::Classify;

/// A share of the items, which one worker carries over. Shares do not overlap: a segment of a parallel scan, a part of a manifest, the
/// partition of a topic.
pub trait Partition: Send + Sync {
    /// What an item is known by at the sink.
    type Key: Send + Sync;
    /// How reading fails. What may pass it tries again itself: an error ends the run.
    type Error: Classify;

    /// Returns the name under which its position is kept. It says what is read, and from where: with another source it is another.
    fn name(&self) -> &str;

    /// Reads the items that come after `from`, or all of them. From one position on they are always the same ones, in the same order, but
    /// for what was added at the end and what a sink that is also the source has replaced.
    fn items(&self, from: Option<&Position>) -> impl Stream<Item = Result<Sourced<Self::Key>, Self::Error>> + Send;
}

/// An item as a partition gives it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Sourced<K> {
    /// What it is known by.
    pub key: K,
    /// The item.
    pub ciphertext: Ciphertext,
    /// Where reading can go on once this item and all before it are done; none, if it cannot go on just there, as in the middle of a page.
    pub position: Option<Position>,
}

impl<K> Sourced<K> {
    /// Joins an item and its key.
    pub const fn new(key: K, ciphertext: Ciphertext) -> Self {
        Self { key, ciphertext, position: None }
    }

    /// Says where reading can go on after it.
    #[must_use]
    pub fn at(mut self, position: impl Into<Position>) -> Self {
        self.position = Some(position.into());
        self
    }
}

impl<K, E> Weigh for Result<Sourced<K>, E> {
    fn weight(&self) -> usize {
        self.as_ref().map_or(0, |sourced| sourced.ciphertext.weight())
    }
}

/// Where in a partition reading can go on: an offset, a key, a token. What it says is the partition's business. It is stored in the clear.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Position(String);

impl Position {
    /// Takes what a partition says.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns what the partition said.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<u64> for Position {
    fn from(offset: u64) -> Self {
        Self(offset.to_string())
    }
}

impl From<String> for Position {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Position {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&crate::error::escaped(&self.0))
    }
}

/// A share that was handed over whole, as the tasks of one call of a Lambda function, or what a queue gave at once. Its positions count
/// the items, so each share has a name of its own, such as the id of its invocation: under one name, what the first has done would count
/// as done of the second.
#[derive(Clone, Debug)]
pub struct Batch<K> {
    name: String,
    items: Vec<(K, Ciphertext)>,
}

impl<K> Batch<K> {
    /// Makes a share of these items.
    pub fn new(name: impl Into<String>, items: impl IntoIterator<Item = (K, Ciphertext)>) -> Self {
        Self { name: name.into(), items: items.into_iter().collect() }
    }
}

impl<K: Clone + Send + Sync> Partition for Batch<K> {
    type Key = K;
    type Error = Infallible;

    fn name(&self) -> &str {
        &self.name
    }

    fn items(&self, from: Option<&Position>) -> impl Stream<Item = Result<Sourced<K>, Infallible>> + Send {
        // What is no number was never given out by a batch: all are done again, which the sink notices.
        let done = from.and_then(|position| position.as_str().parse().ok()).unwrap_or(0);
        let rest = self.items.iter().enumerate().skip(done);
        stream::iter(
            rest.map(|(index, (key, ciphertext))| {
                Ok(Sourced::new(key.clone(), ciphertext.clone()).at(index as u64 + 1))
            }),
        )
    }
}
