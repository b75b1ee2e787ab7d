//! What the caller wants decided otherwise.
// REQ: E-39

use std::collections::{BTreeMap, BTreeSet};

use regionmig_core::rewrite::Allowance;
use regionmig_core::{Arn, SecretArn};

use crate::service::Secrets;
use crate::snapshot::Secret;

/// What becomes of a secret in the target.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Mode {
    /// It is replicated and stays linked: what changes in the primary changes in the replica, which itself can only be read.
    #[default]
    Replicate,
    /// It is replicated and then made to stand alone, with a policy and a rotation of its own: it can be changed in the
    /// target, and what changes in the source does not reach it any more.
    ReplicateAndPromote,
}

/// Which side of a secret counts that was changed on both, when failing back.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Keep {
    /// What the original primary has. What was written to the promoted secret since is given up.
    Original,
    /// What the promoted secret has: it is written to the original primary.
    Promoted,
}

/// What the caller wants decided otherwise.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    allowed: BTreeSet<Allowance>,
    pub(crate) compares_values: bool,
    pub(crate) copies_values: bool,
    pub(crate) default_key: bool,
    functions: BTreeMap<String, String>,
    keep: BTreeMap<SecretArn, Keep>,
    pub(crate) mode: Mode,
    overwritten: BTreeSet<String>,
    pub(crate) relinks: Relinks,
    selection: Selection,
}

/// Whether the way back ends with a replica where the promoted secret was.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Relinks {
    No,
    #[default]
    Yes,
}

/// Which secrets of the source are moved: all, or those that any of these names.
#[derive(Clone, Debug, Default)]
struct Selection {
    owners: BTreeSet<String>,
    prefixes: BTreeSet<String>,
    secrets: BTreeSet<SecretArn>,
    tags: BTreeSet<(String, String)>,
}

impl Options {
    /// Returns the changes to policies that are allowed, though they can widen access.
    pub(crate) fn allowed(&self) -> impl Iterator<Item = Allowance> {
        self.allowed.iter().copied()
    }

    /// Returns whether a secret is moved.
    pub(crate) fn selects(&self, arn: &SecretArn, secret: &Secret) -> bool {
        let Selection { owners, prefixes, secrets, tags } = &self.selection;
        let is_all = owners.is_empty() && prefixes.is_empty() && secrets.is_empty() && tags.is_empty();
        is_all
            // On the way back, it is named as it was on the way there.
            || secrets.iter().any(|named| is_one(named, arn))
            || prefixes.iter().any(|prefix| arn.name().starts_with(prefix.as_str()))
            || secret.owner.as_ref().is_some_and(|owner| owners.contains(owner))
            || tags.iter().any(|(name, value)| secret.tags.get(name) == Some(value))
    }

    /// Returns whether a secret of which nothing could be read but its name may be moved.
    pub(crate) fn may_select(&self, arn: &SecretArn) -> bool {
        let Selection { owners, tags, .. } = &self.selection;
        !owners.is_empty() || !tags.is_empty() || self.selects(arn, &Secret::default())
    }

    /// Returns the target's function that the caller named for one of the source.
    pub(crate) fn function(&self, source: &str) -> Option<&str> {
        self.functions.get(source).map(String::as_str)
    }

    /// The same the other way round, for the way back.
    pub(crate) fn function_back(&self, target: &str) -> Option<&str> {
        self.functions.iter().find(|(_, mapped)| *mapped == target).map(|(source, _)| source.as_str())
    }

    pub(crate) fn overwrites(&self, name: &str) -> bool {
        self.overwritten.contains(name)
    }

    /// Returns which side of a secret counts, named by either of its ARNs.
    pub(crate) fn keeps(&self, promoted: &SecretArn, original: &SecretArn) -> Option<Keep> {
        self.keep.get(promoted).or_else(|| self.keep.get(original)).copied()
    }
}

/// Whether two ARNs name one secret, or a replica of it.
fn is_one(one: &SecretArn, other: &SecretArn) -> bool {
    let named = |arn: &SecretArn| arn.as_str().split_once(":secret:").map(|(_, name)| name.to_owned());
    named(one) == named(other)
}

impl Secrets {
    /// Says what becomes of the secrets: [`Mode::Replicate`], unless set.
    #[must_use]
    pub fn mode(self, mode: Mode) -> Self {
        self.set(|options| options.mode = mode)
    }

    /// Moves the secrets whose names begin with `prefix`, and those that other selections name, only.
    #[must_use]
    pub fn with_prefix(self, prefix: impl Into<String>) -> Self {
        self.set(|options| {
            options.selection.prefixes.insert(prefix.into());
        })
    }

    /// Moves the secrets that have this tag, and those that other selections name, only.
    #[must_use]
    pub fn with_tag(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.set(|options| {
            options.selection.tags.insert((name.into(), value.into()));
        })
    }

    /// Tells of the secrets that this service manages, and moves those that other selections name, only.
    #[must_use]
    pub fn owned_by(self, service: impl Into<String>) -> Self {
        self.set(|options| {
            options.selection.owners.insert(service.into());
        })
    }

    /// Moves this secret, and those that other selections name, only.
    #[must_use]
    pub fn only(self, secret: SecretArn) -> Self {
        self.set(|options| {
            options.selection.secrets.insert(secret);
        })
    }

    /// Has everything in the target encrypted under that region's `aws/secretsmanager`, whatever encrypts it in the source.
    ///
    /// Other accounts cannot read what is encrypted so (user guide, "Secret encryption and decryption").
    #[must_use]
    pub fn under_default_key(self) -> Self {
        self.set(|options| options.default_key = true)
    }

    /// Says which function of the target rotates what `source` rotates in the source. The same can be said of all services
    /// at once by `Migration::map`.
    #[must_use]
    pub fn map_rotation_function(self, source: &Arn, target: &Arn) -> Self {
        let (source, target) = (source.as_str().to_owned(), target.as_str().to_owned());
        self.set(|options| {
            options.functions.insert(source, target);
        })
    }

    /// Lets a secret of the target that has this name, and is no replica of the source's, be replaced by the replica. Such a
    /// step is Overwriting, and names the versions that are lost. One that came from the source and stands alone since is
    /// replaced in [`Mode::Replicate`] only, and only if it has no version that the source has not.
    #[must_use]
    pub fn overwrite(self, name: impl Into<String>) -> Self {
        self.set(|options| {
            options.overwritten.insert(name.into());
        })
    }

    /// Lets values be read and written where nothing can be replicated: between two accounts or partitions. They pass through this
    /// process's memory, and nowhere else.
    #[must_use]
    pub fn copy_values(self) -> Self {
        self.set(|options| options.copies_values = true)
    }

    /// Lets policies be changed in a way that can widen access, each way by its name.
    #[must_use]
    pub fn dangerously_allow(self, allowance: Allowance) -> Self {
        self.set(|options| {
            options.allowed.insert(allowance);
        })
    }

    /// Has the verification read the current values of both ends and compare them in memory.
    #[must_use]
    pub fn compare_values(self) -> Self {
        self.set(|options| options.compares_values = true)
    }

    /// Decides, for the way back, which side counts of a secret that was changed on both; named by either of its ARNs.
    #[must_use]
    pub fn keep(self, secret: SecretArn, keep: Keep) -> Self {
        self.set(|options| {
            options.keep.insert(secret, keep);
        })
    }

    /// Ends the way back with the value in the original primary, and leaves the promoted secret as it is.
    #[must_use]
    pub fn without_relinking(self) -> Self {
        self.set(|options| options.relinks = Relinks::No)
    }
}

#[cfg(test)]
impl Options {
    pub(crate) fn function_named(&mut self, source: &str, target: &str) {
        self.functions.insert(source.to_owned(), target.to_owned());
    }

    pub(crate) fn kept(&mut self, secret: SecretArn, keep: Keep) {
        self.keep.insert(secret, keep);
    }

    pub(crate) fn overwrite(&mut self, name: &str) {
        self.overwritten.insert(name.to_owned());
    }

    pub(crate) fn prefix(&mut self, prefix: &str) {
        self.selection.prefixes.insert(prefix.to_owned());
    }

    pub(crate) fn tagged(&mut self, name: &str, value: &str) {
        self.selection.tags.insert((name.to_owned(), value.to_owned()));
    }
}
