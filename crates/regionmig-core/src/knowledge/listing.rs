//! All things of one kind in one region.
// REQ: E-19

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::knowledge::Gap;
use crate::knowledge::snapshot::{Snapshot, Stale};

/// A value that was read, or was not.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "a planner must deal with all")]
pub enum Item<V> {
    /// It was read.
    Known(V),
    /// It was read by an earlier survey only.
    Stale(V, Timestamp),
    /// It exists, and could not be read.
    Unknown(Gap),
}

impl<V> Item<V> {
    fn value(&self) -> Result<&V, &Gap> {
        match self {
            Self::Known(value) | Self::Stale(value, _) => Ok(value),
            Self::Unknown(gap) => Err(gap),
        }
    }
}

/// All things of one kind in one region: those read, those not, and whether there may be more.
///
/// There is no way to ask whether something is missing that forgets what was not read: see
/// [`lookup`](Self::lookup), [`against`](Self::against) and [`group_by`](Self::group_by). So it
/// has no length, and does not say whether it is empty.
///
/// ```
/// # use regionmig_core::{ErrorKind, Gap, Listing, Lookup};
/// # #[derive(Debug, thiserror::Error)] #[error("reset")] struct Reset;
/// # impl regionmig_core::Classify for Reset { fn kind(&self) -> ErrorKind { ErrorKind::Unavailable } }
/// let mut keys: Listing<&str, u32> = Listing::default();
/// keys.insert("a", Ok(1));
/// assert!(matches!(keys.lookup(&"b"), Lookup::Absent));
/// let keys = keys.truncated(Gap::new("kms:ListKeys", &Reset));
/// assert!(matches!(keys.lookup(&"a"), Lookup::Present(1)));
/// assert!(matches!(keys.lookup(&"b"), Lookup::Unknown(_)));
/// ```
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Listing<K: Ord, V> {
    #[serde(
        serialize_with = "write_pairs",
        deserialize_with = "read_pairs",
        bound(serialize = "K: Serialize, V: Serialize", deserialize = "K: Deserialize<'de>, V: Deserialize<'de>")
    )]
    items: BTreeMap<K, Item<V>>,
    /// Why there may be more than `items`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rest: Option<Gap>,
    /// Why a person says that there is nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    presumed: Option<String>,
    /// What is there and could not be read, and is somebody else's, as that person says.
    #[serde(default = "BTreeSet::new", skip_serializing_if = "BTreeSet::is_empty")]
    others: BTreeSet<K>,
}

/// Pairs, since not every key can be the name of a JSON member.
fn write_pairs<S: Serializer, K: Serialize, V: Serialize>(
    items: &BTreeMap<K, Item<V>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(items)
}

fn read_pairs<'de, D, K, V>(deserializer: D) -> Result<BTreeMap<K, Item<V>>, D::Error>
where
    D: Deserializer<'de>,
    K: Deserialize<'de> + Ord,
    V: Deserialize<'de>,
{
    Ok(Vec::deserialize(deserializer)?.into_iter().collect())
}

impl<K: Ord, V> Default for Listing<K, V> {
    /// Says that there is nothing, and that all of it was read.
    fn default() -> Self {
        Self { items: BTreeMap::new(), rest: None, presumed: None, others: BTreeSet::new() }
    }
}

impl<K: Ord, V> FromIterator<(K, Result<V, Gap>)> for Listing<K, V> {
    fn from_iter<T: IntoIterator<Item = (K, Result<V, Gap>)>>(items: T) -> Self {
        let mut listing = Self::default();
        items.into_iter().for_each(|(key, value)| listing.insert(key, value));
        listing
    }
}

impl<K: Ord, V> Listing<K, V> {
    /// Says that nothing could be listed.
    pub fn unread(gap: Gap) -> Self {
        Self::default().truncated(gap)
    }

    /// Says that the listing broke off.
    #[must_use]
    pub fn truncated(mut self, gap: Gap) -> Self {
        self.rest = Some(gap);
        self
    }

    /// Adds one thing: what was read of it, or why it could not be.
    pub fn insert(&mut self, key: K, value: Result<V, Gap>) {
        self.items.insert(key, value.map_or_else(Item::Unknown, Item::Known));
    }

    /// Has a person answer for there being nothing else than what was read.
    ///
    /// For a target with things that may not be read and are known to be somebody else's. The plan
    /// carries `why` as a finding.
    pub fn presume_complete(&mut self, why: impl Into<String>) {
        self.rest = None;
        let (read, others) = std::mem::take(&mut self.items).into_iter().partition(|(_, item)| item.value().is_ok());
        self.items = read;
        self.others.extend(BTreeMap::into_keys(others));
        self.presumed = Some(why.into());
    }

    /// Returns what is there, could not be read, and is somebody else's, as a person said with
    /// [`presume_complete`](Self::presume_complete): a planner knows it as such, and no probe need look at it again.
    pub fn presumed_others(&self) -> impl Iterator<Item = &K> {
        self.others.iter()
    }

    /// Says whether `key` is there.
    pub fn lookup(&self, key: &K) -> Lookup<'_, V> {
        match (self.items.get(key).map(Item::value), &self.rest) {
            (Some(Ok(value)), _) => Lookup::Present(value),
            (Some(Err(gap)), _) | (None, Some(gap)) => Lookup::Unknown(gap),
            (None, None) => Lookup::Absent,
        }
    }

    /// Sets each thing of this listing, the source's, against its counterpart in `target`.
    pub fn against<'a, W>(&'a self, target: &'a Listing<K, W>) -> impl Iterator<Item = Pairing<'a, K, V, W>> {
        self.items.iter().map(|(key, item)| match (item.value(), target.lookup(key)) {
            (Err(gap), _) | (_, Lookup::Unknown(gap)) => Pairing::Unclear(key, gap),
            (Ok(value), Lookup::Absent) => Pairing::Missing(key, value),
            (Ok(value), Lookup::Present(other)) => Pairing::Both(key, value, other),
        })
    }

    /// Lists the same things by another key, for example by the source that a tag names; more than
    /// one may have it.
    ///
    /// One thing that could not be read may be any key's: then no key is absent.
    pub fn group_by<J: Ord>(&self, key: impl Fn(&K, &V) -> Option<J>) -> Listing<J, Vec<(&K, &V)>> {
        let mut groups: BTreeMap<J, Vec<(&K, &V)>> = BTreeMap::new();
        for (own, value) in self.known() {
            if let Some(key) = key(own, value) {
                groups.entry(key).or_default().push((own, value));
            }
        }
        let items = groups.into_iter().map(|(key, group)| (key, Item::Known(group))).collect();
        let (rest, presumed) = (self.gaps().last().cloned(), self.presumed.clone());
        Listing { items, rest, presumed, others: BTreeSet::new() }
    }

    /// Returns what was read, in the order of the keys. Says nothing of what is not there.
    pub fn known(&self) -> impl Iterator<Item = (&K, &V)> {
        self.items.iter().filter_map(|(key, item)| Some((key, item.value().ok()?)))
    }

    /// Returns what was read of one thing, with its key as it is kept here. Says nothing of why there is none:
    /// [`lookup`](Self::lookup) does.
    pub fn known_as(&self, key: &K) -> Option<(&K, &V)> {
        let (key, item) = self.items.get_key_value(key)?;
        Some((key, item.value().ok()?))
    }

    /// Returns what exists and could not be read.
    pub fn unknown(&self) -> impl Iterator<Item = (&K, &Gap)> {
        self.items.iter().filter_map(|(key, item)| Some((key, item.value().err()?)))
    }

    /// Returns why there may be more than [`known`](Self::known) and [`unknown`](Self::unknown).
    pub fn rest(&self) -> Option<&Gap> {
        self.rest.as_ref()
    }

    /// Returns everything that could not be read.
    pub fn gaps(&self) -> impl Iterator<Item = &Gap> {
        self.unknown().map(|(_, gap)| gap).chain(&self.rest)
    }

    /// Takes over what a later reading knows better. Never forgets what was known, except that what
    /// a later and whole reading does not have is gone.
    pub fn fill(&mut self, later: Self) {
        let whole = later.rest.is_none();
        if whole {
            self.rest = None;
            self.items.retain(|key, _| later.items.contains_key(key));
        }
        for (key, item) in later.items {
            match (self.items.get(&key), &item) {
                (Some(Item::Known(_) | Item::Stale(..)), Item::Unknown(_)) => {}
                _ => {
                    self.items.insert(key, item);
                }
            }
        }
    }

    /// Takes over what an earlier reading, made at `at`, knew of what this one does not know.
    ///
    /// That the listing is not whole stays as it is: what an old one did not have may be there now.
    pub fn backfill(&mut self, earlier: Self, at: Timestamp) {
        for (key, item) in earlier.items {
            let (value, at) = match item {
                Item::Known(value) => (value, at),
                Item::Stale(value, before) => (value, before),
                Item::Unknown(_) => continue,
            };
            let wanted = match self.items.get(&key) {
                Some(Item::Unknown(_)) => true,
                Some(_) => false,
                // It may have been deleted since, unless this reading broke off.
                None => self.rest.is_some(),
            };
            if wanted {
                self.items.insert(key, Item::Stale(value, at));
            }
        }
    }
}

/// What [`Listing::lookup`] can say.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "a planner must deal with all")]
pub enum Lookup<'a, V> {
    /// It is not there: everything was read.
    Absent,
    /// It is there.
    Present(&'a V),
    /// Nobody knows.
    Unknown(&'a Gap),
}

/// What [`Listing::against`] can say of one thing of the source.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "a planner must deal with all")]
pub enum Pairing<'a, K, V, W> {
    /// Both ends have it.
    Both(&'a K, &'a V, &'a W),
    /// The target does not have it: everything was read.
    Missing(&'a K, &'a V),
    /// One end or the other could not be read.
    Unclear(&'a K, &'a Gap),
}

impl<K, V> Snapshot for Listing<K, V>
where
    K: Clone + Debug + Ord + Serialize + DeserializeOwned + Send + Sync + 'static,
    V: Clone + Debug + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static,
{
    fn unread(gap: &Gap) -> Self {
        Self::unread(gap.clone())
    }

    fn gaps(&self) -> Vec<&Gap> {
        self.gaps().collect()
    }

    fn fill(&mut self, later: Self) {
        self.fill(later);
    }

    fn backfill(&mut self, earlier: Self, at: Timestamp) {
        self.backfill(earlier, at);
    }

    fn stale(&self) -> Vec<Stale> {
        let stale = |(key, item): (&K, &Item<V>)| match item {
            Item::Stale(_, at) => Some(Stale { what: label(key), at: *at }),
            _ => None,
        };
        self.items.iter().filter_map(stale).collect()
    }

    fn presumed(&self) -> Vec<&str> {
        self.presumed.as_deref().into_iter().collect()
    }
}

/// Names a key as its stored form does: not every key can be displayed, each can be stored.
fn label<K: Serialize>(key: &K) -> String {
    match serde_json::to_value(key) {
        Ok(serde_json::Value::String(text)) => text,
        Ok(other) => other.to_string(),
        Err(_) => String::new(),
    }
}
