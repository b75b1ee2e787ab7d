//! Carries out one step at a time.

mod alias;
mod change;
mod copies;
mod create;
mod grant;
mod material;
mod promote;
mod replaced;
mod replicate;
mod revert;

pub(crate) use grant::request as grant_request;
pub use material::task;
pub use revert::revert_permissions;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::time::Duration;

use aws_sdk_kms::types::Tag;
use regionmig_aws::Error;
use regionmig_core::{
    Applied, Apply, Binding, End, ErrorKind, Finding, KeyArn, Probe, Receipt, ResourceId, Reversal, Side, StepContext,
    Timestamp, Wait,
};

use crate::material::EmptyKey;
use crate::service::Kms;
use crate::snapshot::KeyState;
use crate::step::Step;

/// How long a principal that was just made may not be seen by KMS. AWS names no figure.
const PRINCIPALS_SHOW: Duration = Duration::from_secs(120);

impl Apply for Kms {
    async fn probe(&self, step: &Step, cx: &StepContext<'_>) -> Result<Probe, Error> {
        match step {
            Step::CreateAlias(step) => self.probe_create_alias(step, cx).await,
            Step::CreateGrant(step) => self.probe_create_grant(step, cx).await,
            Step::CreateKey(step) => self.probe_create_key(step, cx).await,
            Step::ImportMaterial(step) => self.probe_import_material(step, cx).await,
            Step::ReplicateKey(step) => self.probe_replicate_key(step, cx).await,
            Step::UpdateAlias(step) => self.probe_update_alias(step, cx).await,
            Step::UpdatePrimaryRegion(step) => self.probe_update_primary_region(step, cx).await,
            Step::AddTags(_)
            | Step::ChangeTags(_)
            | Step::DisableKey(_)
            | Step::DisableRotation(_)
            | Step::EnableKey(_)
            | Step::EnableRotation(_)
            | Step::PutPolicy(_)
            | Step::SetDescription(_) => self.probe_change(step, cx).await,
        }
    }

    async fn apply(&self, step: &Step, cx: &StepContext<'_>) -> Result<Applied, Error> {
        match step {
            Step::CreateAlias(step) => self.create_alias(step, cx).await,
            Step::CreateGrant(step) => self.create_grant(step, cx).await,
            Step::CreateKey(step) => self.create_key(step, cx).await,
            Step::ImportMaterial(step) => self.import_material(step, cx).await,
            Step::ReplicateKey(step) => self.replicate_key(step, cx).await,
            Step::UpdateAlias(step) => self.update_alias(step, cx).await,
            Step::UpdatePrimaryRegion(step) => self.update_primary_region(step, cx).await,
            Step::AddTags(_)
            | Step::ChangeTags(_)
            | Step::DisableKey(_)
            | Step::DisableRotation(_)
            | Step::EnableKey(_)
            | Step::EnableRotation(_)
            | Step::PutPolicy(_)
            | Step::SetDescription(_) => self.change(step, cx).await,
        }
    }

    async fn preflight(&self, step: &Step, cx: &StepContext<'_>) -> Result<Vec<Finding>, Error> {
        self.ask_beforehand(step, cx).await
    }

    async fn revert(&self, step: &Step, receipt: &Receipt, cx: &StepContext<'_>) -> Result<Reversal, Error> {
        self.take_back(step, receipt, cx).await
    }
}

/// Returns the counterpart of a key of the source.
pub(crate) fn target_of(key: &KeyArn, cx: &StepContext<'_>) -> Result<KeyArn, Error> {
    Ok(cx.resolve(&Binding::target_of(key))?)
}

/// Begins the receipt of a step that made a key, of use at once or not before its material is imported.
fn bound(key: &KeyArn, made: &KeyArn, awaits_material: bool) -> Result<Receipt, Error> {
    Ok(match awaits_material {
        true => Receipt::new().bind(&EmptyKey(key.clone()), &EmptyKey(made.clone()))?,
        false => Receipt::new().bind(key, made)?,
    })
}

/// A read did not find `target`. If the survey knew the key, it is gone; if it was made since, it does not show yet.
fn unseen(error: Error, target: &KeyArn, cx: &StepContext<'_>) -> Result<Wait, Error> {
    match error.kind() == ErrorKind::NotFound && !cx.known().contains(&ResourceId::of(target)) {
        true => Ok(soon(format!("{target} was made and cannot be read yet"))),
        false => Err(error),
    }
}

impl Kms {
    /// The same of a request that would have changed `target`: it was refused, so the next look decides. So it is if KMS
    /// takes the key to be in another state than DescribeKey says: states are seen late (developer guide, "Eventual
    /// consistency").
    async fn refused(&self, error: Error, target: &KeyArn, cx: &StepContext<'_>) -> Error {
        let is_new = !cx.known().contains(&ResourceId::of(target));
        let passing = |text: &str| Error::new(ErrorKind::Unavailable, format!("{target} {text}"));
        if error.kind() == ErrorKind::NotFound && is_new {
            return passing("was made and does not show yet").because(error);
        }
        match self.is_seen_late(&error, target, cx.end(Side::Target), is_new).await {
            true => passing("is not seen everywhere in the state that it is in").because(error),
            false => error,
        }
    }

    /// The same of a request to the region of `primary`, which changes its relations.
    async fn refused_by_primary(&self, error: Error, primary: &KeyArn, end: &End) -> Error {
        match self.is_seen_late(&error, primary, end, false).await {
            true => {
                let text = format!("{primary} is changing, or not seen everywhere in the state that it is in");
                Error::new(ErrorKind::Unavailable, text).because(error)
            }
            false => error,
        }
    }

    /// Returns whether a request was refused for a state that the key is not in, or not for long.
    async fn is_seen_late(&self, error: &Error, key: &KeyArn, end: &End, is_new: bool) -> bool {
        // By kind, too: only what was refused had no effect.
        if error.kind() != ErrorKind::Conflict || !is_of_state(error) {
            return false;
        }
        match self.describe(end, key.as_str()).await {
            Ok((_, key)) => {
                // What would have it without its material is planned only if that is imported before.
                use KeyState::{Creating, Enabled, PendingImport, Updating};
                matches!(key.state, Creating | Enabled | PendingImport | Updating)
            }
            Err(unread) => unread.kind().is_passing() || unread.kind() == ErrorKind::NotFound && is_new,
        }
    }
}

/// A policy was refused. For [`PRINCIPALS_SHOW`] from the first refusal of this run that passes: it may name a principal so
/// new that KMS does not see it yet (API reference, CreateKey: "might not be immediately visible").
async fn refused_policy(error: Error, cx: &StepContext<'_>) -> Error {
    if error.kind() != ErrorKind::Invalid || error.code() != Some("MalformedPolicyDocumentException") {
        return error;
    }
    let now = cx.run().clock().now();
    let name = format!("policy refused/{}", cx.step());
    let Ok(first) = cx.shared(&name, Timestamp::MIN, || async { Ok::<_, Infallible>(now) }).await;
    match now.duration_since(*first).unsigned_abs() < PRINCIPALS_SHOW {
        true => Error::new(ErrorKind::Unavailable, "the policy may name a principal too new to be seen").because(error),
        false => error,
    }
}

/// Returns whether a request was refused for the state that KMS takes the key to be in.
pub(crate) fn is_of_state(error: &Error) -> bool {
    matches!(error.code(), Some("DisabledException" | "KMSInvalidStateException"))
}

/// Returns whether KMS says that what was to be made is there: not a decision, but a reason to look again.
fn exists(error: &Error) -> bool {
    error.code() == Some("AlreadyExistsException")
}

fn soon(reason: impl Into<String>) -> Wait {
    Wait::new(reason).check_after(Duration::from_secs(5))
}

fn sdk_tags<'a>(tags: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Vec<Tag>, Error> {
    let invalid = |error| Error::new(ErrorKind::Invalid, "a tag is not complete").because(error);
    let tags = tags.into_iter().map(|(name, value)| Tag::builder().tag_key(name).tag_value(value).build());
    tags.collect::<Result<_, _>>().map_err(invalid)
}

fn pairs(tags: &BTreeMap<String, String>) -> impl Iterator<Item = (&str, &str)> {
    tags.iter().map(|(name, value)| (name.as_str(), value.as_str()))
}
