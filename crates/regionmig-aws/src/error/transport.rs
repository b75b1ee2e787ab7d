//! What the outcomes of the transport prove: the one table of them.
//!
//! | outcome | kind |
//! |---|---|
//! | the request could not be made | `Invalid` |
//! | no credentials were had | `Credentials`; `Unavailable`, if their provider did not answer |
//! | the connector refused the request | `Invalid` |
//! | while connecting: connection refused, host or network unreachable, name not resolved | `Unavailable` |
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

/// What hyper-util, its connector and hyper 0.14 call what fails before there is a connection.
const CONNECTING: [&str; 3] = ["client error (Connect)", "error trying to connect", "tcp connect error"];

/// Returns whether the connection was never made, so that nothing can have been sent.
///
/// The SDK knows, and does not tell. What the socket says does not suffice: one that was connected
/// says that its host is unreachable, too, when Linux gives up sending again (tcp(7)).
fn never_connected(error: &(dyn StdError + 'static)) -> bool {
    use io::ErrorKind::{ConnectionRefused, HostUnreachable, NetworkUnreachable};
    let refused = |error: &io::Error| matches!(error.kind(), ConnectionRefused | HostUnreachable | NetworkUnreachable);
    let is_connecting = causes(error).any(|cause| CONNECTING.contains(&cause.to_string().as_str()));
    causes(error).any(|cause| {
        is_connecting && cause.downcast_ref::<io::Error>().is_some_and(refused)
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use aws_smithy_runtime_api::client::result::ConnectorError;
    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::body::SdkBody;
    use aws_smithy_types::error::ErrorMetadata;
    use regionmig_core::chain;

    use super::*;

    const CANARY: &str = "canary-7f3a";

    fn answer(status: u16) -> HttpResponse {
        let mut answer = HttpResponse::new(StatusCode::try_from(status).unwrap(), SdkBody::from(CANARY));
        answer.headers_mut().insert("x-amzn-requestid", "request-1");
        answer
    }

    fn refused(status: u16, code: &str) -> Error {
        let meta = ErrorMetadata::builder().code(code).message("as AWS puts it").build();
        Error::of("kms:CreateKey")(SdkError::service_error(meta, answer(status)))
    }

    fn dispatch(error: ConnectorError) -> Error {
        Error::of::<ErrorMetadata>("kms:CreateKey")(SdkError::dispatch_failure(error))
    }

    fn io_error(kind: io::ErrorKind) -> ConnectorError {
        #[derive(Debug, thiserror::Error)]
        #[error("client error (Connect)")]
        struct Connect(#[source] io::Error);
        ConnectorError::io(Box::new(Connect(io::Error::from(kind))))
    }

    #[test]
    fn what_was_never_sent_is_known_to_be_so() {
        use io::ErrorKind::{ConnectionRefused, HostUnreachable, NetworkUnreachable};
        for kind in [ConnectionRefused, HostUnreachable, NetworkUnreachable] {
            assert_eq!(dispatch(io_error(kind)).kind(), ErrorKind::Unavailable, "{kind:?}");
        }
        let dns = [
            ConnectorError::io(Box::new(ResolveDnsError::new("no such host"))),
            ConnectorError::io("dns error: failed to lookup address information".into()),
        ];
        assert!(dns.into_iter().all(|error| dispatch(error).kind() == ErrorKind::Unavailable));
        assert_eq!(dispatch(ConnectorError::user("no scheme".into())).kind(), ErrorKind::Invalid);
        let unmade = SdkError::construction_failure("key id is missing");
        assert_eq!(Error::of::<ErrorMetadata>("kms:CreateKey")(unmade).kind(), ErrorKind::Invalid);
    }

    #[test]
    fn a_connection_that_was_made_proves_nothing_when_it_fails() {
        use io::ErrorKind::{ConnectionRefused, HostUnreachable, NetworkUnreachable};
        #[derive(Debug, thiserror::Error)]
        #[error("client error (SendRequest)")]
        struct Send(#[source] io::Error);
        for kind in [ConnectionRefused, HostUnreachable, NetworkUnreachable] {
            for error in [io::Error::from(kind).into(), Send(io::Error::from(kind)).into()] {
                assert_eq!(dispatch(ConnectorError::io(error)).kind(), ErrorKind::OutcomeUnknown, "{kind:?}");
            }
        }
    }

    #[test]
    fn without_credentials_nothing_is_sent() {
        let no = |error: CredentialsError| dispatch(ConnectorError::other(error.into(), None)).kind();
        assert_eq!(no(CredentialsError::not_loaded("none")), ErrorKind::Credentials);
        assert_eq!(no(CredentialsError::provider_error("expired")), ErrorKind::Credentials);
        let late = CredentialsError::provider_timed_out(std::time::Duration::from_secs(5));
        assert_eq!(no(late), ErrorKind::Unavailable);
    }

    #[test]
    fn what_may_have_been_executed_leaves_doubt() {
        use io::ErrorKind::{BrokenPipe, ConnectionReset, TimedOut, UnexpectedEof};
        for kind in [BrokenPipe, ConnectionReset, TimedOut, UnexpectedEof] {
            assert_eq!(dispatch(io_error(kind)).kind(), ErrorKind::OutcomeUnknown, "{kind:?}");
        }
        let others = [
            SdkError::timeout_error("60 s have passed"),
            SdkError::response_error("not JSON", answer(200)),
            SdkError::dispatch_failure(ConnectorError::timeout("read".into())),
            SdkError::dispatch_failure(ConnectorError::other("incomplete message".into(), None)),
        ];
        for error in others {
            let text = format!("{error:?}");
            assert_eq!(Error::of::<ErrorMetadata>("kms:CreateKey")(error).kind(), ErrorKind::OutcomeUnknown, "{text}");
        }
        for status in [200, 302, 500, 502, 503, 504] {
            for code in ["AccessDeniedException", "KMSInternalException", "ThrottlingException", "X"] {
                assert_eq!(refused(status, code).kind(), ErrorKind::OutcomeUnknown, "{status} {code}");
            }
        }
        assert!(refused(503, "SlowDown").is_throttle(), "the pace heeds it all the same");
    }

    #[test]
    fn an_answer_without_a_code_may_be_anybodys() {
        let of = |status| {
            let error = SdkError::service_error(ErrorMetadata::builder().build(), answer(status));
            Error::of("kms:CreateKey")(error).kind()
        };
        assert_eq!([of(400), of(403), of(408)], [ErrorKind::OutcomeUnknown; 3]);
        assert_eq!(of(429), ErrorKind::Throttle);
    }

    #[test]
    fn a_refusal_is_told_by_its_code() {
        use ErrorKind::{
            AccessDenied, Conflict, Credentials, Invalid, NotFound, OutcomeUnknown, Quota, Throttle, Unsupported,
        };
        let rows: [(ErrorKind, &str); 9] = [
            (
                Throttle,
                "Throttling ThrottlingException ThrottledException RequestThrottledException RequestThrottled \
                 TooManyRequestsException ProvisionedThroughputExceededException TransactionInProgressException \
                 RequestLimitExceeded BandwidthLimitExceeded SlowDown PriorRequestNotComplete EC2ThrottledException",
            ),
            (
                AccessDenied,
                "AccessDeniedException AccessDenied UnauthorizedOperation NotAuthorizedException OptInRequired \
                 RegionDisabledException SubscriptionRequiredException",
            ),
            (
                Credentials,
                "ExpiredToken ExpiredTokenException InvalidClientTokenId UnrecognizedClientException \
                 InvalidSignatureException IncompleteSignature MissingAuthenticationToken SignatureDoesNotMatch \
                 RequestExpired RequestTimeTooSkewed AuthFailure",
            ),
            (
                Quota,
                "LimitExceededException LimitExceeded ServiceQuotaExceededException TooManyTagsException \
                 KeyLimitExceededException",
            ),
            (
                NotFound,
                "NotFoundException ResourceNotFoundException NoSuchEntity UserNotFoundException \
                 CustomKeyStoreNotFoundException InvalidKeyId.NotFound",
            ),
            (
                Conflict,
                "AlreadyExistsException ResourceExistsException ConflictException EntityAlreadyExists \
                 ResourceAlreadyExistsException UsernameExistsException GroupExistsException \
                 DuplicateProviderException DuplicateListener KMSInvalidStateException DisabledException \
                 ConcurrentModificationException PreconditionNotMetException RequestInProgressException \
                 ConditionalCheckFailedException IdempotentParameterMismatch",
            ),
            (
                Invalid,
                "ValidationException MalformedPolicyDocumentException InvalidArnException TagException \
                 InvalidParameterException BadRequestException DryRunOperationException NeverHeardOf",
            ),
            (Unsupported, "UnsupportedOperationException UnsupportedUserEditionException"),
            (
                OutcomeUnknown,
                "KMSInternalException DependencyTimeoutException KeyUnavailableException InternalErrorException \
                 InternalServiceError InternalFailure ServiceUnavailable ServiceFailure RequestTimeout",
            ),
        ];
        let mut seen = BTreeSet::new();
        for (kind, codes) in rows {
            for code in codes.split_whitespace() {
                assert!(seen.insert(code), "{code} stands twice");
                assert_eq!(refused(400, code).kind(), kind, "{code}");
            }
        }
        assert_eq!(refused(429, "NeverHeardOf").kind(), Throttle);
        assert_eq!(refused(429, "ConflictException").kind(), Conflict);
    }

    #[test]
    fn an_error_says_what_was_attempted_where_and_what_aws_said() -> Result<(), regionmig_core::NameError> {
        let error = refused(400, "AccessDeniedException").at(&"111122223333/eu-central-1".parse()?);
        assert_eq!(
            error.to_string(),
            "kms:CreateKey at 111122223333/eu-central-1: AccessDeniedException (HTTP 400): as AWS puts it"
        );
        assert_eq!((error.code(), error.request_id()), (Some("AccessDeniedException"), Some("request-1")));
        let disabled = chain(&refused(403, "UnrecognizedClientException"));
        assert!(disabled.contains("a region that the account has not enabled answers so too"), "{disabled}");
        Ok(())
    }

    #[test]
    fn no_answer_is_kept_that_may_hold_a_secret() {
        let unreadable = SdkError::response_error("not JSON", answer(200));
        let errors = [Error::of::<ErrorMetadata>("kms:Decrypt")(unreadable), refused(400, "X"), refused(500, "X")];
        for error in errors {
            let shown = format!("{error:?} {}", chain(&error));
            assert!(!shown.contains(CANARY) && !shown.contains(&format!("{:?}", CANARY.as_bytes())), "{shown}");
            assert_eq!(error.request_id(), Some("request-1"));
        }
    }
}
