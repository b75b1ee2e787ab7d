//! What AWS's error codes mean.

use regionmig_core::ErrorKind;

/// How a row of the table names codes.
enum Rule {
    Is(&'static [&'static str]),
    Has(&'static [&'static str]),
    Starts(&'static [&'static str]),
}

/// The first row that fits decides. Codes are those of a refusal, HTTP 4xx: never executed, but for
/// the faults of the service itself, which some services answer with 4xx.
const TABLE: &[(Rule, ErrorKind)] = &[
    (Rule::Is(&THROTTLES), ErrorKind::Throttle),
    (Rule::Is(&FAULTS), ErrorKind::OutcomeUnknown),
    (Rule::Is(&DENIALS), ErrorKind::AccessDenied),
    (Rule::Is(&CREDENTIALS), ErrorKind::Credentials),
    (Rule::Is(&CONFLICTS), ErrorKind::Conflict),
    (Rule::Is(&QUOTAS), ErrorKind::Quota),
    (Rule::Starts(&["Unsupported"]), ErrorKind::Unsupported),
    // `InvalidKeyId.NotFound` and the like are about what is not there: before `Invalid`.
    (Rule::Has(&["NotFound", "NoSuch"]), ErrorKind::NotFound),
    // `LimitExceeded` is a quota in KMS, ACM, Cognito, IAM and Secrets Manager, though the SDK takes
    // it for a throttle.
    (Rule::Has(&["LimitExceeded", "QuotaExceeded"]), ErrorKind::Quota),
    (Rule::Has(&["AlreadyExists", "ExistsException", "EntityExists"]), ErrorKind::Conflict),
    (Rule::Starts(&["Duplicate"]), ErrorKind::Conflict),
    (Rule::Starts(&["AccessDenied", "NotAuthorized", "Unauthorized"]), ErrorKind::AccessDenied),
];

/// The SDK's list, without `LimitExceededException`.
const THROTTLES: [&str; 13] = [
    "BandwidthLimitExceeded",
    "EC2ThrottledException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "TransactionInProgressException",
];

const FAULTS: [&str; 16] = [
    "DependencyTimeoutException",
    "InternalErrorException",
    "InternalException",
    "InternalFailure",
    "InternalServerError",
    "InternalServerErrorException",
    "InternalServerException",
    "InternalServiceError",
    "KMSInternalException",
    "KeyUnavailableException",
    "RequestTimeout",
    "RequestTimeoutException",
    "ServiceFailure",
    "ServiceFailureException",
    "ServiceUnavailable",
    "ServiceUnavailableException",
];

const DENIALS: [&str; 10] = [
    "AccessDenied",
    "AccessDeniedException",
    "AuthorizationError",
    "ForbiddenException",
    "NotAuthorized",
    "NotAuthorizedException",
    "OptInRequired",
    "RegionDisabledException",
    "SubscriptionRequiredException",
    "UnauthorizedOperation",
];

const CREDENTIALS: [&str; 13] = [
    "AuthFailure",
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "IncompleteSignatureException",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "RequestExpired",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
];

/// What is there is not as the request takes it to be, or is being changed by somebody else.
const CONFLICTS: [&str; 15] = [
    "ConcurrentModification",
    "ConcurrentModificationException",
    "ConditionalCheckFailedException",
    "ConflictException",
    "DeleteConflict",
    "DeleteConflictException",
    "DisabledException",
    "IdempotentParameterMismatch",
    "IdempotentParameterMismatchException",
    "InvalidStateException",
    "KMSInvalidStateException",
    "PreconditionNotMetException",
    "RequestInProgressException",
    "ResourceInUseException",
    "TransactionConflictException",
];

const QUOTAS: [&str; 1] = ["TooManyTagsException"];

/// Returns what a refusal with `code` means: `Invalid`, if nothing else is known of it.
pub(super) fn kind_of(code: &str) -> ErrorKind {
    let fits = |rule: &Rule| match rule {
        Rule::Is(codes) => codes.contains(&code),
        Rule::Has(parts) => parts.iter().any(|part| code.contains(part)),
        Rule::Starts(parts) => parts.iter().any(|part| code.starts_with(part)),
    };
    TABLE.iter().find(|(rule, _)| fits(rule)).map_or(ErrorKind::Invalid, |row| row.1)
}

/// Returns whether `code` asks for a slower pace, whatever came with it.
pub(super) fn is_throttle(code: &str) -> bool {
    THROTTLES.contains(&code)
}

/// Returns what else a code can mean than it says.
pub(super) fn hint(code: &str) -> Option<&'static str> {
    Some(match code {
        "AuthFailure" | "InvalidClientTokenId" | "UnrecognizedClientException" => {
            "a region that the account has not enabled answers so too"
        }
        "OptInRequired" | "RegionDisabledException" => {
            "the account must enable the service in this region before anything can be allowed"
        }
        "RequestExpired" | "RequestTimeTooSkewed" | "SignatureDoesNotMatch" | "InvalidSignatureException" => {
            "a clock that is minutes off leads to this too"
        }
        _ => return None,
    })
}
