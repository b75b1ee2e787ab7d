//! What Secrets Manager knows: the secrets of each account and region, and what is to happen to them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::{SignedDuration, Timestamp};
use regionmig_core::{End, Region};

use super::event::Event;
use super::secret::{Secret, Status};
use crate::shelf::Shelf;

/// How long what Secrets Manager does by and by takes, in the world's time.
///
/// AWS promises none of these.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct SecretsTiming {
    /// How long ListSecrets does not know of a change; AWS says up to five minutes. Nothing, unless set otherwise.
    pub listing: SignedDuration,
    /// How long a replica, or a change of its primary, is on its way. Five seconds, unless set otherwise.
    pub replication: SignedDuration,
    /// How long a rotation takes. Five seconds, unless set otherwise.
    pub rotation: SignedDuration,
}

impl Default for SecretsTiming {
    fn default() -> Self {
        Self {
            listing: SignedDuration::ZERO,
            replication: SignedDuration::from_secs(5),
            rotation: SignedDuration::from_secs(5),
        }
    }
}

type Regions = BTreeMap<End, Shelf<Secret>>;

/// The secrets of all accounts and regions. Clones share everything until one of them changes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Secrets {
    pub(super) timing: SecretsTiming,
    /// The functions that can rotate secrets, by ARN.
    pub(super) functions: BTreeSet<String>,
    pub(super) agenda: BTreeSet<(Timestamp, Event)>,
    regions: Regions,
    /// What there was, each from when on, as far as ListSecrets may still show it. Empty if it shows everything at once.
    past: VecDeque<(Timestamp, Regions)>,
}

/// Where a secret is.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct SecretName {
    pub(super) end: End,
    pub(super) name: String,
}

impl SecretName {
    pub(super) fn new(end: &End, name: impl Into<String>) -> Self {
        Self { end: end.clone(), name: name.into() }
    }

    pub(super) fn in_region(&self, region: &Region) -> Self {
        Self::new(&self.end.in_region(region.clone()), self.name.clone())
    }
}

impl Secrets {
    /// Puts a secret where it belongs, in place of what is there.
    pub(super) fn put(&mut self, name: &SecretName, secret: Secret) {
        self.regions.entry(name.end.clone()).or_default().insert(&name.name, secret);
    }

    /// Takes a secret away at once.
    pub(super) fn remove(&mut self, name: &SecretName) {
        if let Some(shelf) = self.regions.get_mut(&name.end) {
            shelf.remove(&name.name);
        }
    }

    /// Returns a secret to change it, whatever has become of it.
    pub(super) fn get_mut(&mut self, name: &SecretName) -> Option<&mut Secret> {
        self.regions.get_mut(&name.end)?.get_mut(&name.name)
    }

    /// Lets a change of a secret begin its way to the replicas that are not failed.
    pub(super) fn spread(&mut self, name: &SecretName, now: Timestamp) {
        let due = after(now, self.timing.replication);
        let Some(secret) = self.get_mut(name) else { return };
        let mut begun = Vec::new();
        for (region, replica) in &mut secret.replicas {
            if replica.status == Status::InSync {
                (replica.status, replica.due) = (Status::InProgress, Some(due));
                begun.push(Event::Reach { primary: name.clone(), region: region.clone() });
            }
        }
        self.agenda.extend(begun.into_iter().map(|event| (due, event)));
    }

    /// Keeps what there is, from `now` on, for as long as ListSecrets may show what there was.
    pub(super) fn keep(&mut self, now: Timestamp) {
        if self.timing.listing.is_zero() {
            self.past.clear();
            return;
        }
        self.past.push_back((now, self.regions.clone()));
        let horizon = now.saturating_sub(self.timing.listing).unwrap_or(Timestamp::MIN);
        while self.past.get(1).is_some_and(|next| next.0 <= horizon) {
            self.past.pop_front();
        }
    }

    /// Lets ListSecrets know everything that there is.
    pub(super) fn settle_listing(&mut self) {
        self.past.clear();
        if !self.timing.listing.is_zero() {
            self.past.push_back((Timestamp::MIN, self.regions.clone()));
        }
    }

    /// Returns a secret, whatever has become of it.
    pub(super) fn get(&self, name: &SecretName) -> Option<&Secret> {
        self.regions.get(&name.end)?.get(&name.name)
    }

    /// Returns a secret that is not gone.
    pub(super) fn present(&self, name: &SecretName, now: Timestamp) -> Option<&Secret> {
        self.get(name).filter(|secret| is_there(secret, now))
    }

    /// Returns the secrets of `end` that are not gone, by name.
    pub(super) fn all<'a>(&'a self, end: &End, now: Timestamp) -> impl Iterator<Item = (&'a str, &'a Secret)> {
        there(&self.regions, end, now)
    }

    /// Returns the secrets of `end` that ListSecrets knows of, by name.
    pub(super) fn listed<'a>(&'a self, end: &End, now: Timestamp) -> impl Iterator<Item = (&'a str, &'a Secret)> {
        let horizon = now.saturating_sub(self.timing.listing).unwrap_or(Timestamp::MIN);
        let known = self.past.iter().rev().find(|past| past.0 <= horizon).or_else(|| self.past.front());
        there(known.map_or(&self.regions, |past| &past.1), end, now)
    }

    /// Finds a secret that is there by what `SecretId` may say: its name, or its ARN with or without the six characters.
    pub(super) fn named(&self, end: &End, id: &str, now: Timestamp) -> Option<SecretName> {
        let Some(rest) = id.strip_prefix("arn:") else {
            let name = SecretName::new(end, id);
            return self.present(&name, now).map(|_| name);
        };
        let parts: Vec<&str> = rest.splitn(6, ':').collect();
        let [partition, "secretsmanager", region, account, "secret", named] = parts[..] else { return None };
        let is_here = partition == end.partition.as_str() && region == end.region.as_str();
        let there = End::new(account.parse().ok()?, end.region.clone());
        let whole = named.len().checked_sub(7).and_then(|at| named.split_at_checked(at));
        let by_whole = whole.and_then(|(name, suffix)| {
            let name = SecretName::new(&there, name);
            let secret = self.present(&name, now)?;
            (suffix.strip_prefix('-') == Some(secret.suffix.as_str())).then_some(name)
        });
        // A name that ends as a whole ARN does is taken for one, and not found.
        let looks_whole = whole.is_some_and(|(_, end)| {
            end.strip_prefix('-').is_some_and(|suffix| suffix.chars().all(|c| c.is_ascii_alphanumeric()))
        });
        let by_part = || {
            let name = SecretName::new(&there, named);
            self.present(&name, now).filter(|_| !looks_whole).map(|_| name)
        };
        is_here.then(|| by_whole.or_else(by_part)).flatten()
    }
}

fn there<'a>(regions: &'a Regions, end: &End, now: Timestamp) -> impl Iterator<Item = (&'a str, &'a Secret)> {
    let secrets = regions.get(end).into_iter().flat_map(Shelf::iter);
    secrets.filter(move |(_, secret)| is_there(secret, now))
}

fn is_there(secret: &Secret, now: Timestamp) -> bool {
    secret.deletion.is_none_or(|date| now < date)
}

/// Returns the moment `duration` after `at`; the last there is, if that is later.
pub(super) fn after(at: Timestamp, duration: SignedDuration) -> Timestamp {
    at.saturating_add(duration).unwrap_or(Timestamp::MAX)
}

/// Returns the moment `days` days after `at`.
pub(super) fn after_days(at: Timestamp, days: i64) -> Timestamp {
    after(at, SignedDuration::from_hours(24_i64.saturating_mul(days)))
}
