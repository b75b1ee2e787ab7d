//! One change, and what the core knows of it.
// REQ: E-23

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::ids::{Binding, Identifier, ResourceId, Template, joined};
use crate::plan::Traits;
use crate::region::{NameError, Partition};
use crate::route::Place;
use crate::time::iso;

/// One change, with nothing left to decide.
///
/// At most one request that changes anything; or, if [`Spec::bulk`], many, each of which may be
/// repeated without harm. Lies in the plan, so it holds no secret.
pub trait Step: Clone + fmt::Debug + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Returns all that the core needs to know of this step. The same each time.
    fn spec(&self) -> Spec;
}

/// How hard a step is to take back, easiest first.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Effect {
    /// Makes something new.
    Additive,
    /// Changes something that was there.
    Overwriting,
    /// Cannot be taken back.
    Irreversible,
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Additive => "additive",
            Self::Overwriting => "overwriting",
            Self::Irreversible => "irreversible",
        })
    }
}

/// What the core knows of a step.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Spec {
    /// How hard it is to take back.
    pub effect: Effect,
    /// What is done: with `subject`, unique in a service.
    pub verb: String,
    /// The source resource that it is about.
    pub subject: ResourceId,
    /// Where its request goes that changes something.
    #[serde(default, skip_serializing_if = "Place::is_target")]
    pub place: Place,
    /// What it does, in a sentence for a person.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub summary: String,
    /// What must be mapped first.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub requires: BTreeSet<ResourceId>,
    /// What it maps: its receipt binds exactly these.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub produces: BTreeSet<ResourceId>,
    /// The documents it writes whole: no other step of the plan may write them.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub owns: BTreeSet<ResourceId>,
    /// Steps of the same service, `verb/subject`, that come first if the plan has them.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub after: BTreeSet<String>,
    /// What its calls need to be allowed.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub permissions: BTreeSet<Permission>,
    /// The [`Lane`](crate::Lane) it holds from its first request until it is done, waiting included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lane: Option<String>,
    /// For how long, and by how many reads, a probe in doubt must find nothing.
    #[serde(default, skip_serializing_if = "Settle::is_none")]
    pub settle: Settle,
    /// Whether a second request would make a second thing: no name, token or state forbids it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mints: bool,
    /// How long it takes, by quota or experience.
    #[serde(default, skip_serializing_if = "Duration::is_zero", with = "iso")]
    pub takes: Duration,
    /// Whether it sends many requests and checkpoints between them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub bulk: bool,
}

/// When a probe that finds nothing is believed, of a step that may have been carried out.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Settle {
    /// How long the effect of a request may stay invisible.
    #[serde(with = "iso")]
    pub window: Duration,
    /// How many reads in a row, the last at the end of the window, must find nothing.
    pub agreeing: u32,
}

impl Settle {
    /// Returns what waits as long, and looks as often, as both do.
    pub(crate) fn at_least(self, other: Self) -> Self {
        Self { window: self.window.max(other.window), agreeing: self.agreeing.max(other.agreeing) }
    }

    fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

impl Spec {
    /// Says what is done to what, and how hard that is to take back.
    pub fn new(effect: Effect, verb: &str, subject: impl Into<ResourceId>) -> Self {
        Self {
            effect,
            verb: verb.to_owned(),
            subject: subject.into(),
            place: Place::Target,
            summary: String::new(),
            requires: BTreeSet::new(),
            produces: BTreeSet::new(),
            owns: BTreeSet::new(),
            after: BTreeSet::new(),
            permissions: BTreeSet::new(),
            lane: None,
            settle: Settle::default(),
            mints: false,
            takes: Duration::ZERO,
            bulk: false,
        }
    }

    /// Says where its request goes, if not to the target.
    #[must_use]
    pub fn at(mut self, place: impl Into<Place>) -> Self {
        self.place = place.into();
        self
    }

    /// Says what it does, for a person.
    #[must_use]
    pub fn summary(mut self, summary: impl Into<String>) -> Self {
        self.summary = summary.into();
        self
    }

    /// Waits for what `binding` is to become, if that is not known.
    #[must_use]
    pub fn needs<I: Identifier>(mut self, binding: &Binding<I>) -> Self {
        self.requires.extend(binding.requires());
        self
    }

    /// Waits for all that `template` has holes for.
    #[must_use]
    pub fn needs_all(mut self, template: &Template) -> Self {
        self.requires.extend(template.requires().cloned());
        self
    }

    /// Maps `id`.
    #[must_use]
    pub fn produces(mut self, id: impl Into<ResourceId>) -> Self {
        self.produces.insert(id.into());
        self
    }

    /// Writes a whole document, such as a key policy.
    #[must_use]
    pub fn owns(mut self, id: impl Into<ResourceId>) -> Self {
        self.owns.insert(id.into());
        self
    }

    /// Comes after another step of this service, if the plan has it.
    #[must_use]
    pub fn after(mut self, verb: &str, subject: impl Into<ResourceId>) -> Self {
        self.after.insert(format!("{verb}/{}", subject.into()));
        self
    }

    /// Needs permission for `action` on `resource`.
    #[must_use]
    pub fn permission(mut self, place: impl Into<Place>, action: &str, resource: impl Into<String>) -> Self {
        self.permissions.insert(Permission::new(place, action, resource));
        self
    }

    /// Holds `lane` while begun and not ended.
    #[must_use]
    pub fn lane(mut self, lane: &str) -> Self {
        self.lane = Some(lane.to_owned());
        self
    }

    /// Says that its effect may stay invisible for `window`: in doubt, so long, and by so many
    /// reads in a row, must a probe find nothing before it is believed.
    #[must_use]
    pub fn settle(mut self, window: Duration, agreeing: u32) -> Self {
        self.settle = Settle { window, agreeing };
        self
    }

    /// Says that a second request would make a second thing, since AWS itself names what is made.
    ///
    /// With a new journal, which may follow a lost one, the first such step is begun only after
    /// three agreeing listings over 30 seconds. In doubt, its window is at least 300 seconds, with three reads that agree:
    /// so late may AWS still carry out a request (IAM user guide, signing).
    #[must_use]
    pub fn mints(mut self) -> Self {
        self.mints = true;
        self
    }

    /// Says how long it takes, by quota or experience: the plan's full rendering shows it.
    #[must_use]
    pub fn takes(mut self, takes: Duration) -> Self {
        self.takes = takes;
        self
    }

    /// Says that it sends many requests.
    #[must_use]
    pub fn bulk(mut self) -> Self {
        self.bulk = true;
        self
    }

    /// Waits as long as was planned, if that is longer than what the code that runs says.
    pub(crate) fn be_as_careful_as(&mut self, other: &Traits) {
        self.settle = self.settle.at_least(other.settle);
        self.mints |= other.mints;
    }

    /// Returns whether `other` is the same change: all that a decision was made on. What may differ
    /// is text for people, and the patience and permissions that a later version knows better.
    pub(crate) fn agrees_with(&self, other: &Self) -> bool {
        self.effect == other.effect
            && self.verb == other.verb
            && self.subject == other.subject
            && self.place == other.place
            && self.requires == other.requires
            && self.produces == other.produces
            && self.owns == other.owns
            && self.after == other.after
            && self.bulk == other.bulk
    }
}

/// One thing that must be allowed.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Permission {
    /// Where.
    pub place: Place,
    /// The IAM action, such as `kms:CreateKey`.
    pub action: String,
    /// On what: an ARN, with wildcards where it is not known yet, or `*`.
    pub resource: String,
}

impl Permission {
    /// Names an action on a resource.
    pub fn new(place: impl Into<Place>, action: &str, resource: impl Into<String>) -> Self {
        Self { place: place.into(), action: action.to_owned(), resource: resource.into() }
    }

    /// Returns the resource with `partition` in place of a wildcard for it, which IAM does not take there.
    pub fn resource_in(&self, partition: Partition) -> String {
        match self.resource.strip_prefix("arn:*:") {
            Some(rest) => format!("arn:{partition}:{rest}"),
            None => self.resource.clone(),
        }
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {} ({})", self.action, self.resource, self.place)
    }
}

/// A step's name, the same each time the same survey is planned: `service/verb/subject`.
///
/// ```
/// # use regionmig_core::StepId;
/// let step: StepId = "kms/create-key/kms.key:arn:aws:kms:me-central-1:111122223333:key/1".parse()?;
/// assert_eq!((step.service(), step.verb()), ("kms", "create-key"));
/// # Ok::<(), regionmig_core::NameError>(())
/// ```
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct StepId(Arc<str>);

impl StepId {
    pub(crate) fn new(service: &str, spec: &Spec) -> Self {
        Self(joined(&[service, "/", &spec.verb, "/", spec.subject.as_str()]))
    }

    pub(crate) fn sibling(service: &str, rest: &str) -> Self {
        Self(joined(&[service, "/", rest]))
    }

    /// Returns the name's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the service's name.
    pub fn service(&self) -> &str {
        self.0.split('/').next().unwrap_or_default()
    }

    /// Returns what is done.
    pub fn verb(&self) -> &str {
        self.0.split('/').nth(1).unwrap_or_default()
    }

    /// Returns the resource that it is about, `kind:id`.
    pub fn subject(&self) -> &str {
        self.0.splitn(3, '/').nth(2).unwrap_or_default()
    }
}

impl fmt::Display for StepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for StepId {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let mut parts = text.splitn(3, '/');
        let full = parts.all(|part| !part.is_empty()) && text.matches('/').count() >= 2;
        match full && text.contains(':') {
            true => Ok(Self(text.into())),
            false => Err(NameError::new("step", text, "a step is named `service/verb/kind:id`")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> Spec {
        Spec::new(Effect::Additive, "copy", ResourceId::new("config.entry", "db/main"))
    }

    #[test]
    fn a_step_is_named_by_service_verb_and_subject() {
        let id = StepId::new("config", &spec());
        assert_eq!(id.to_string(), "config/copy/config.entry:db/main");
        assert_eq!((id.service(), id.verb(), id.subject()), ("config", "copy", "config.entry:db/main"));
        assert_eq!(id.as_str().parse(), Ok(id.clone()));
        assert_eq!(StepId::sibling("config", "copy/config.entry:db/main"), id);
        for text in ["", "a/b", "a//c:d", "a/b/c", "/b/c:d"] {
            assert!(text.parse::<StepId>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_spec_stores_only_what_it_says() -> serde_json::Result<()> {
        let stored = serde_json::to_string(&spec())?;
        assert_eq!(stored, r#"{"effect":"additive","verb":"copy","subject":"config.entry:db/main"}"#);
        let full = spec()
            .at(Place::Source)
            .settle(Duration::from_secs(600), 5)
            .takes(Duration::from_secs(90))
            .lane("copies")
            .permission(Place::Target, "config:Put", "*")
            .mints()
            .bulk();
        let stored = serde_json::to_string(&full)?;
        assert!(stored.contains(r#""settle":{"window":"PT10M","agreeing":5}"#), "{stored}");
        assert_eq!(serde_json::from_str::<Spec>(&stored)?, full);
        Ok(())
    }

    #[test]
    fn only_text_patience_and_permissions_may_differ_in_the_same_change() {
        let a = || ResourceId::new("a", "1");
        let same = [
            spec().summary("another"),
            spec().settle(Duration::from_secs(1), 1),
            spec().takes(Duration::from_secs(1)),
            spec().permission(Place::Target, "a", "*"),
            spec().lane("a"),
            spec().mints(),
        ];
        assert!(same.iter().all(|other| spec().agrees_with(other)));
        let other = [
            Spec::new(Effect::Overwriting, "copy", ResourceId::new("config.entry", "db/main")),
            Spec::new(Effect::Additive, "move", ResourceId::new("config.entry", "db/main")),
            Spec::new(Effect::Additive, "copy", a()),
            spec().at(Place::Source),
            spec().needs_all(&Template::default().target_of(&key())),
            spec().produces(a()),
            spec().owns(a()),
            spec().after("copy", a()),
            spec().bulk(),
        ];
        assert!(!other.iter().any(|other| spec().agrees_with(other)));
    }

    fn key() -> crate::ids::AliasName {
        "alias/a".parse().unwrap()
    }
}
