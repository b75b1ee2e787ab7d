//! A cloud in memory, with what clouds do to a migration: answers lost, marks that show late, things that cannot be read.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use regionmig_core::{End, ErrorKind, Gap, Listing, Side, identifier};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::common::{FakeError, TestClock, failed, route};

identifier!(pub(crate) KeyName, "fake.key");
identifier!(pub(crate) SecretName, "fake.secret");

pub(crate) fn key(text: impl AsRef<str>) -> KeyName {
    text.as_ref().parse().unwrap()
}

pub(crate) fn secret(text: impl AsRef<str>) -> SecretName {
    text.as_ref().parse().unwrap()
}

/// Two regions.
#[derive(Clone, Debug)]
pub(crate) struct Cloud(Arc<Mutex<BTreeMap<String, Contents>>>);

#[derive(Debug, Default)]
pub(crate) struct Contents {
    pub(crate) keys: BTreeMap<KeyName, Key>,
    /// Each secret's key and value.
    pub(crate) secrets: BTreeMap<SecretName, (KeyName, String)>,
    /// Mutations that were carried out.
    pub(crate) writes: usize,
    /// Listings of the keys that were asked for.
    pub(crate) listings: usize,
    /// Of so many creations the answer is lost.
    pub(crate) lose_answers: usize,
    /// So many creations never arrive, and nobody can tell.
    pub(crate) lose_requests: usize,
    /// What may not be described.
    pub(crate) unreadable: BTreeSet<KeyName>,
    pub(crate) is_dead: bool,
    /// How long the mark of a new key stays invisible.
    pub(crate) tag_lag: Duration,
}

#[derive(Clone, Debug)]
pub(crate) struct Key {
    /// Of which key this takes the place.
    pub(crate) mark: Option<KeyName>,
    pub(crate) marked_at: Instant,
}

/// What can be read of a key.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct KeyFacts {
    pub(crate) mark: Option<KeyName>,
}

impl Cloud {
    /// A source with so many keys, and so many secrets encrypted under them by turns.
    pub(crate) fn new(keys: usize, secrets: usize) -> Self {
        let now = TestClock::instant();
        let source = Contents {
            keys: (0..keys).map(|i| (key(format!("key{i}")), Key { mark: None, marked_at: now })).collect(),
            secrets: (0..secrets)
                .map(|i| (secret(format!("secret{i}")), (key(format!("key{}", i % keys)), "value".to_owned())))
                .collect(),
            ..Contents::default()
        };
        let route = route();
        let regions = [(route.source, source), (route.target, Contents::default())];
        Self(Arc::new(Mutex::new(regions.map(|(end, contents)| (end.to_string(), contents)).into())))
    }

    pub(crate) fn at<T>(&self, end: &End, f: impl FnOnce(&mut Contents) -> T) -> T {
        f(self.0.lock().unwrap().get_mut(&end.to_string()).unwrap())
    }

    /// Looks at, or changes, one end of the test's route.
    pub(crate) fn side<T>(&self, side: Side, f: impl FnOnce(&mut Contents) -> T) -> T {
        self.at(route().end(side), f)
    }

    pub(crate) fn source<T>(&self, f: impl FnOnce(&mut Contents) -> T) -> T {
        self.side(Side::Source, f)
    }

    pub(crate) fn target<T>(&self, f: impl FnOnce(&mut Contents) -> T) -> T {
        self.side(Side::Target, f)
    }

    /// Mutations that were carried out in the target.
    pub(crate) fn writes(&self) -> usize {
        self.target(|target| target.writes)
    }

    pub(crate) fn list_keys(&self, end: &End) -> Result<Listing<KeyName, KeyFacts>, FakeError> {
        self.at(end, |here| {
            here.listings += 1;
            if here.is_dead {
                return Err(failed(ErrorKind::Unavailable));
            }
            let read = |(name, key): (&KeyName, &Key)| {
                let mark = key.mark.clone().filter(|_| key.marked_at <= TestClock::instant());
                let refused = || Gap::new("fake:DescribeKey", &failed(ErrorKind::AccessDenied));
                let facts = if here.unreadable.contains(name) { Err(refused()) } else { Ok(KeyFacts { mark }) };
                (name.clone(), facts)
            };
            Ok(here.keys.iter().map(read).collect())
        })
    }

    /// Makes a key, whose name the cloud chooses.
    pub(crate) fn create_key(&self, end: &End, mark: &KeyName) -> Result<KeyName, FakeError> {
        self.at(end, |here| {
            if here.lose_requests > 0 {
                here.lose_requests -= 1;
                return Err(failed(ErrorKind::OutcomeUnknown));
            }
            let name = key(format!("made{}", here.writes));
            let made = Key { mark: Some(mark.clone()), marked_at: TestClock::instant() + here.tag_lag };
            here.keys.insert(name.clone(), made);
            here.writes += 1;
            if here.lose_answers > 0 {
                here.lose_answers -= 1;
                return Err(failed(ErrorKind::OutcomeUnknown));
            }
            Ok(name)
        })
    }

    pub(crate) fn delete_key(&self, end: &End, name: &KeyName) {
        self.at(end, |here| here.keys.remove(name));
    }

    pub(crate) fn secret(&self, end: &End, name: &SecretName) -> Option<(KeyName, String)> {
        self.at(end, |here| here.secrets.get(name).cloned())
    }

    pub(crate) fn put_secret(&self, end: &End, name: &SecretName, content: (KeyName, String)) {
        self.at(end, |here| {
            here.secrets.insert(name.clone(), content);
            here.writes += 1;
        });
    }
}
