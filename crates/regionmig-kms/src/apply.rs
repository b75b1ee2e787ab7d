//! Carries out one step at a time.

mod alias;
mod change;
mod copies;
mod create;
mod grant;
mod replicate;

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_kms::types::Tag;
use regionmig_aws::Error;
use regionmig_core::{Applied, Apply, Binding, ErrorKind, KeyArn, Probe, ResourceId, StepContext, Wait};

use crate::service::Kms;
use crate::step::Step;

impl Apply for Kms {
    async fn probe(&self, step: &Step, cx: &StepContext<'_>) -> Result<Probe, Error> {
        match step {
            Step::CreateAlias(step) => self.probe_create_alias(step, cx).await,
            Step::CreateGrant(step) => self.probe_create_grant(step, cx).await,
            Step::CreateKey(step) => self.probe_create_key(step, cx).await,
            Step::ReplicateKey(step) => self.probe_replicate_key(step, cx).await,
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
            Step::ReplicateKey(step) => self.replicate_key(step, cx).await,
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
}

/// Returns the counterpart of a key of the source.
fn target_of(key: &KeyArn, cx: &StepContext<'_>) -> Result<KeyArn, Error> {
    Ok(cx.resolve(&Binding::target_of(key))?)
}

/// A read did not find `target`. If the survey knew the key, it is gone; if it was made since, it does not show yet.
fn unseen(error: Error, target: &KeyArn, cx: &StepContext<'_>) -> Result<Wait, Error> {
    match error.kind() == ErrorKind::NotFound && !cx.known().contains(&ResourceId::of(target)) {
        true => Ok(soon(format!("{target} was made and cannot be read yet"))),
        false => Err(error),
    }
}

/// The same of a request that would have changed something: it was refused, so the next look decides.
fn refused(error: Error, target: &KeyArn, cx: &StepContext<'_>) -> Error {
    match error.kind() == ErrorKind::NotFound && !cx.known().contains(&ResourceId::of(target)) {
        true => Error::new(ErrorKind::Unavailable, format!("{target} was made and does not show yet")).because(error),
        false => error,
    }
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
