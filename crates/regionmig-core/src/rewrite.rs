//! Rewriting by grammar: policies, event patterns, encryption contexts and other texts that name a region.
//!
//! A [`Rewriter`] reads a document, finds every value that names what the source's account has in the source's region, and writes the
//! document as it should stand in the target. What it does not change stays byte for byte. Nothing is searched and replaced: a value is
//! an ARN, a host, an issuer or the name of a region, or it is left alone and told.
//!
//! What a value becomes:
//!
//! | value | becomes |
//! |---|---|
//! | ARN of a thing that the [`IdMap`] knows, or that a step of the plan will make | its counterpart, or a hole for it |
//! | ARN of a thing whose name its owner chose (a topic, a table, a secret, an alias) | the same name in the target |
//! | `key/*` and the like, all of a kind | all of the kind in the target |
//! | host of a service, in `kms:ViaService` and in URLs | the same service's host in the target |
//! | issuer of a user pool, id of a pool | the counterpart's |
//! | SAML sign-in endpoint | that of the target |
//! | the region itself, in keys such as `aws:RequestedRegion` | the target |
//! | what other accounts or AWS own, other regions, global things, patterns that take the target as well | stays |
//! | all else that names the source | stays, and is told as [`Unresolved`] |
//!
//! Access is never widened. In a policy, what a statement allows is replaced; where an exception narrows what is allowed, and where access
//! is denied, the former value stays beside the new one; where an exception narrows what is denied, and where a condition holds without
//! any value, nothing changes unless the caller [allows it by name](Rewriter::dangerously_allow). Principals and actions are not changed,
//! and what something becomes must not bring in an account or a pattern.

mod arn;
mod error;
mod free;
mod glob;
mod host;
mod image;
mod json;
mod keys;
mod kinds;
mod limits;
mod pattern;
mod policy;
mod report;
mod same;
mod scribe;
#[cfg(test)]
mod tests;

pub use error::RewriteError;
pub use limits::{Excess, PolicyKind};
pub use report::{Kept, Lack, Replacement, Rewritten, Rule, Stay, Unresolved};
pub use same::{canonical, digest};

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::ids::{Arn, IdMap, Identifier, ResourceId, Template};
use crate::route::Route;

/// Rewrites documents of the source for the target. A value: made once for a plan, and used for all documents.
///
/// ```
/// use regionmig_core::rewrite::Rewriter;
/// use regionmig_core::{IdMap, Route};
/// let route = Route::new("111122223333/me-central-1".parse()?, "111122223333/eu-central-1".parse()?)?;
/// let policy = r#"{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*",
///     "Condition": {"StringEquals": {"kms:ViaService": "s3.me-central-1.amazonaws.com"}}}}"#;
/// let rewritten = Rewriter::new(&route, &IdMap::default()).policy(policy)?;
/// assert_eq!(rewritten.document.known(), Some(policy.replace("me-central-1", "eu-central-1").as_str()));
/// assert_eq!(rewritten.replacements[0].at, "/Statement/Condition/StringEquals/kms:ViaService");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Rewriter {
    route: Route,
    ids: IdMap,
    /// Of what a step makes the counterpart, and under which identifier the map will have that.
    coming: BTreeMap<ResourceId, ResourceId>,
    /// Whether something is known by nothing but its ARN: most often there is no such thing, and no need to look.
    knows_arns: bool,
    is_adding: bool,
    allowed: BTreeSet<Allowance>,
}

/// A change that can widen access, which a caller allows by name.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Allowance {
    /// What denies everything but some values (`StringNotEquals`, `NotResource`) excepts the target's as well, or instead: what was
    /// denied there no longer is.
    DenyException,
    /// What denies some values denies the target's instead of the source's: what was denied in the source no longer is.
    DenyMoves,
    /// The principal of a service for the source's region becomes that for the target's (`logs.eu-west-1.amazonaws.com`).
    ServicePrincipal,
}

impl Rewriter {
    /// Makes one that knows what things have become: from `ids`, the map of a survey or a plan.
    pub fn new(route: &Route, ids: &IdMap) -> Self {
        let (coming, allowed) = (BTreeMap::new(), BTreeSet::new());
        let knows_arns = ids.sources().any(|id| id.kind() == Arn::KIND);
        Self { route: route.clone(), ids: ids.clone(), coming, knows_arns, is_adding: false, allowed }
    }

    /// Says of which things a step of the plan will make the counterpart: documents get holes for them.
    #[must_use]
    pub fn coming(self, sources: impl IntoIterator<Item = ResourceId>) -> Self {
        sources.into_iter().fold(self, |rewriter, source| rewriter.coming_as(source.clone(), source))
    }

    /// The same of one thing whose counterpart is in the map under another identifier before it is under its own, such as a key
    /// that waits for its material. Its name is known by then, and documents need no more.
    #[must_use]
    pub fn coming_as(mut self, source: ResourceId, hole: ResourceId) -> Self {
        self.knows_arns |= source.kind() == Arn::KIND;
        self.coming.insert(source, hole);
        self
    }

    /// Keeps the source's value beside each new one, so that a document serves both regions: for what is global, such as a role's
    /// trust policy, before the cut-over.
    #[must_use]
    pub fn adding(mut self) -> Self {
        self.is_adding = true;
        self
    }

    /// Allows a change that can widen access.
    #[must_use]
    pub fn dangerously_allow(mut self, allowance: Allowance) -> Self {
        self.allowed.insert(allowance);
        self
    }

    /// Rewrites an IAM policy of any kind. One that is URL-encoded, as IAM returns them, is decoded: that is how IAM takes it back.
    ///
    /// # Errors
    ///
    /// Fails if it is not JSON, or no policy: statements have an Effect, which is `Allow` or `Deny`.
    pub fn policy(&self, text: &str) -> Result<Rewritten, RewriteError> {
        policy::rewrite(self, &decoded(text)?)
    }

    /// Rewrites an event pattern of EventBridge: ARNs anywhere, and the names of regions in `region` and `detail.awsRegion`. What
    /// `anything-but` excepts stays excepted beside the new value.
    ///
    /// # Errors
    ///
    /// Fails if it is not JSON, or no event pattern.
    pub fn event_pattern(&self, text: &str) -> Result<Rewritten, RewriteError> {
        pattern::rewrite(self, text)
    }

    /// Rewrites JSON of any shape, such as the constant input of a rule's target: ARNs, hosts and URLs, ids of pools and of keys, and
    /// the name of the region in members that are called after it (`region`, `awsRegion`). A text within it that is JSON itself is
    /// one value: it is not rewritten, and told.
    ///
    /// # Errors
    ///
    /// Fails if it is not JSON.
    pub fn json(&self, text: &str) -> Result<Rewritten, RewriteError> {
        free::json(self, text)
    }

    /// Rewrites the template of an EventBridge input transformer: JSON in which `<name>` stands for a value of the event.
    pub fn input_template(&self, text: &str) -> Rewritten {
        free::template(self, text)
    }

    /// Rewrites an encryption context: the ARNs that its values are. Places are told as `/name`.
    ///
    /// What was encrypted under the former context is decrypted under that and no other: use the new one to encrypt.
    pub fn context(&self, context: &BTreeMap<String, String>) -> Rewritten<BTreeMap<String, Template>> {
        free::context(self, context)
    }

    /// Rewrites a single value: an ARN, a host or URL, an issuer, a sign-in endpoint, the id of a pool or a key, a provider's name with
    /// the client as role mappings have it.
    pub fn value(&self, text: &str) -> Rewritten {
        free::single(self, text, &free::ALL)
    }
}

/// Decodes what is URL-encoded (RFC 3986): a JSON object or list begins with `%`.
fn decoded(text: &str) -> Result<Cow<'_, str>, RewriteError> {
    match text.starts_with('%') {
        true => urlencoding::decode(text).map_err(|source| RewriteError::NotJson { source: source.into() }),
        false => Ok(Cow::Borrowed(text)),
    }
}
