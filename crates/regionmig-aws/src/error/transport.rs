//! What the outcomes of the transport prove: the one table of them.
//!
//! | outcome | kind |
//! |---|---|
//! | the request could not be made | `Invalid` |
//! | no credentials were had | `Credentials`; `Unavailable`, if their provider did not answer |
//! | the connector refused the request | `Invalid` |
//! | connection refused, host or network unreachable, name not resolved | `Unavailable` |
//! | any other failure to dispatch, every timeout, an answer that cannot be read | `OutcomeUnknown` |
//! | HTTP 4xx with a code | by code |
//! | HTTP 429 without one | `Throttle` |
//! | every other status | `OutcomeUnknown` |

use std::error::Error as StdError;
use std::io;
use std::iter;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::dns::ResolveDnsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::{DispatchFailure, SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;
use regionmig_core::{BoxError, ErrorKind};

use super::Error;
use super::code::{hint, kind_of};

/// Says what `error` proves.
pub(super) fn classify<E>(action: &'static str, error: SdkError<E, HttpResponse>) -> Error
where
    E: StdError + ProvideErrorMetadata + Send + Sync + 'static,
{
    let request_id = error.request_id().map(str::to_owned);
    let mut failure = match &error {
        SdkError::ServiceError(answer) => refusal(answer.raw().status().as_u16(), answer.err()),
        other => {
            let (kind, text) = outcome(other);
            Error::new(kind, text)
        }
    };
    failure.0.request_id = request_id;
    // A refusal's words are in the text. Nothing else is kept of it: fields of an error may hold
    // what was stored, and a raw answer everything.
    if !matches!(error, SdkError::ServiceError(_))
        && let Ok(source) = error.into_source()
    {
        failure.0.source = Some(source);
    }
    failure.by(action)
}

fn refusal(status: u16, error: &impl ProvideErrorMetadata) -> Error {
    let kind = match (status, error.code()) {
        (429, None) => ErrorKind::Throttle,
        (400..500, Some(code)) => match kind_of(code) {
            ErrorKind::Invalid if status == 429 => ErrorKind::Throttle,
            kind => kind,
        },
        _ => ErrorKind::OutcomeUnknown,
    };
    let code = error.code().unwrap_or("an error without a code");
    let text = match error.message() {
        Some(message) if !message.is_empty() => format!("{code} (HTTP {status}): {message}"),
        _ => format!("{code} (HTTP {status})"),
    };
    let mut failure = Error::new(kind, text);
    failure.0.code = error.code().map(str::to_owned);
    failure.0.source = error.code().and_then(hint).map(BoxError::from);
    failure
}

fn outcome<E>(error: &SdkError<E, HttpResponse>) -> (ErrorKind, &'static str) {
    match error {
        SdkError::ConstructionFailure(_) => (ErrorKind::Invalid, "the request could not be made"),
        SdkError::DispatchFailure(failure) => dispatch(failure),
        SdkError::TimeoutError(_) => (ErrorKind::OutcomeUnknown, "no answer came in time"),
        _ => (ErrorKind::OutcomeUnknown, "the answer could not be read"),
    }
}

fn dispatch(failure: &DispatchFailure) -> (ErrorKind, &'static str) {
    let Some(error) = failure.as_connector_error() else {
        return (ErrorKind::OutcomeUnknown, "the request may not have been sent");
    };
    if let Some(error) = find::<CredentialsError>(error) {
        return match error {
            CredentialsError::ProviderTimedOut(_) => (ErrorKind::Unavailable, "no credentials came in time"),
            _ => (ErrorKind::Credentials, "no credentials could be had"),
        };
    }
    if failure.is_user() {
        return (ErrorKind::Invalid, "the request was refused before it was sent");
    }
    match never_connected(error) {
        true => (ErrorKind::Unavailable, "the service could not be reached"),
        false => (ErrorKind::OutcomeUnknown, "the connection failed"),
    }
}

/// Returns whether the connection was never made, so that nothing can have been sent.
///
/// The SDK knows, and does not tell.
fn never_connected(error: &(dyn StdError + 'static)) -> bool {
    use io::ErrorKind::{ConnectionRefused, HostUnreachable, NetworkUnreachable};
    let refused = |error: &io::Error| matches!(error.kind(), ConnectionRefused | HostUnreachable | NetworkUnreachable);
    causes(error).any(|cause| {
        cause.downcast_ref::<io::Error>().is_some_and(refused)
            || cause.is::<ResolveDnsError>()
            // The last resort: hyper-util's own resolver has no public error.
            || cause.to_string().starts_with("dns error")
    })
}

fn find<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    iter::successors(Some(error), |error| (*error).source())
}
