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
    // `CustomKeyStoreInvalidStateException` and the like.
    (Rule::Has(&["InvalidState", "InUse"]), ErrorKind::Conflict),
    // `InvalidKeyId.NotFound` and the like are about what is not there: before `Invalid`.
    (Rule::Has(&["NotFound", "NoSuch"]), ErrorKind::NotFound),
    // Of a grant that is not there, KMS says no more than this.
    (Rule::Is(&["InvalidGrantId", "InvalidGrantIdException"]), ErrorKind::NotFound),
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
    "DecryptionFailure",
    "DeleteConflict",
    "DeleteConflictException",
    "DisabledException",
    "EncryptionFailure",
    "IdempotentParameterMismatch",
    "IdempotentParameterMismatchException",
    // Secrets Manager says so of what it takes in another state: API reference, "a parameter value that is not valid for the
    // current state of the resource".
    "InvalidRequestException",
    "PreconditionNotMetException",
    "RequestInProgressException",
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
        "DecryptionFailure" | "EncryptionFailure" => {
            "the key of the secret must be enabled, and whoever asks must be allowed to use it: see its state and its policy"
        }
        "IncorrectKeyException" => "it was encrypted under another key than the one that was named",
        "InvalidCiphertextException" => {
            "KMS does not say what is wrong: the encryption context must be exactly the one that it was encrypted with, the key and \
             algorithm of an asymmetric one too, and the ciphertext whole"
        }
        "InvalidRequestException" => {
            "a secret that is to be deleted, is a replica or is managed by a service answers so"
        }
        "KMSInvalidStateException" => "a key that is still being made or changed answers so for a while",
        "MalformedPolicyDocumentException" => "a principal that was made moments ago is refused so for a while",
        "RequestExpired" | "RequestTimeTooSkewed" | "SignatureDoesNotMatch" | "InvalidSignatureException" => {
            "a clock that is minutes off leads to this too"
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// What the codes of KMS mean to a migration (developer guide and API reference, "Errors").
    const OF_KMS: [(&str, ErrorKind); 37] = [
        ("AccessDeniedException", ErrorKind::AccessDenied),
        ("AlreadyExistsException", ErrorKind::Conflict),
        ("ConflictException", ErrorKind::Conflict),
        ("CustomKeyStoreInvalidStateException", ErrorKind::Conflict),
        ("CustomKeyStoreNameInUseException", ErrorKind::Conflict),
        ("CustomKeyStoreNotFoundException", ErrorKind::NotFound),
        ("DependencyTimeoutException", ErrorKind::OutcomeUnknown),
        ("DisabledException", ErrorKind::Conflict),
        ("DryRunOperationException", ErrorKind::Invalid),
        ("ExpiredImportTokenException", ErrorKind::Invalid),
        ("ExpiredTokenException", ErrorKind::Credentials),
        ("IncorrectKeyException", ErrorKind::Invalid),
        ("IncorrectKeyMaterialException", ErrorKind::Invalid),
        ("InvalidAliasNameException", ErrorKind::Invalid),
        ("InvalidArnException", ErrorKind::Invalid),
        ("InvalidCiphertextException", ErrorKind::Invalid),
        ("InvalidGrantIdException", ErrorKind::NotFound),
        ("InvalidGrantTokenException", ErrorKind::Invalid),
        ("InvalidImportTokenException", ErrorKind::Invalid),
        ("InvalidKeyUsageException", ErrorKind::Invalid),
        ("InvalidMarkerException", ErrorKind::Invalid),
        ("InvalidSignatureException", ErrorKind::Credentials),
        ("KMSInternalException", ErrorKind::OutcomeUnknown),
        ("KMSInvalidMacException", ErrorKind::Invalid),
        ("KMSInvalidSignatureException", ErrorKind::Invalid),
        ("KMSInvalidStateException", ErrorKind::Conflict),
        ("KeyUnavailableException", ErrorKind::OutcomeUnknown),
        ("LimitExceededException", ErrorKind::Quota),
        ("MalformedPolicyDocumentException", ErrorKind::Invalid),
        ("NotFoundException", ErrorKind::NotFound),
        ("SerializationException", ErrorKind::Invalid),
        ("TagException", ErrorKind::Invalid),
        ("ThrottlingException", ErrorKind::Throttle),
        ("UnrecognizedClientException", ErrorKind::Credentials),
        ("UnsupportedOperationException", ErrorKind::Unsupported),
        ("ValidationException", ErrorKind::Invalid),
        ("XksKeyAlreadyInUseException", ErrorKind::Conflict),
    ];

    /// What the codes of Secrets Manager mean to a migration (API reference, "Errors" of each operation).
    const OF_SECRETS_MANAGER: [(&str, ErrorKind); 15] = [
        ("AccessDeniedException", ErrorKind::AccessDenied),
        ("DecryptionFailure", ErrorKind::Conflict),
        ("EncryptionFailure", ErrorKind::Conflict),
        ("InternalServiceError", ErrorKind::OutcomeUnknown),
        ("InvalidNextTokenException", ErrorKind::Invalid),
        ("InvalidParameterException", ErrorKind::Invalid),
        ("InvalidRequestException", ErrorKind::Conflict),
        ("LimitExceededException", ErrorKind::Quota),
        ("MalformedPolicyDocumentException", ErrorKind::Invalid),
        ("PreconditionNotMetException", ErrorKind::Conflict),
        ("PublicPolicyException", ErrorKind::Invalid),
        ("ResourceExistsException", ErrorKind::Conflict),
        ("ResourceNotFoundException", ErrorKind::NotFound),
        ("ThrottlingException", ErrorKind::Throttle),
        ("ValidationException", ErrorKind::Invalid),
    ];

    #[test]
    fn each_code_of_secrets_manager_has_its_meaning() {
        for (code, kind) in OF_SECRETS_MANAGER {
            assert_eq!(kind_of(code), kind, "{code}");
        }
    }

    #[test]
    fn each_code_of_kms_has_its_meaning() {
        for (code, kind) in OF_KMS {
            assert_eq!(kind_of(code), kind, "{code}");
        }
        assert_eq!(OF_KMS.iter().map(|row| row.0).collect::<BTreeSet<_>>().len(), OF_KMS.len());
    }

    #[test]
    fn what_is_told_to_a_person_fits_the_code() {
        let told = |code: &str| format!("{}; {}", kind_of(code).advice(), hint(code).unwrap_or_default());
        for (code, part) in [
            ("AccessDeniedException", "allow the action"),
            ("DisabledException", "look at what is there"),
            ("IncorrectKeyException", "under another key"),
            ("InvalidCiphertextException", "the encryption context must be exactly"),
            ("KMSInternalException", "run this again"),
            ("KMSInvalidStateException", "still being made or changed"),
            ("LimitExceededException", "have the quota raised"),
            ("MalformedPolicyDocumentException", "a principal that was made moments ago"),
            ("ThrottlingException", "later"),
            ("UnsupportedOperationException", "by hand"),
        ] {
            assert!(told(code).contains(part), "{code}: {}", told(code));
        }
    }

    #[test]
    fn only_what_passes_by_itself_is_tried_again() {
        let passing = OF_KMS.iter().filter(|(code, _)| kind_of(code).is_passing()).map(|row| row.0);
        let expected =
            ["DependencyTimeoutException", "KMSInternalException", "KeyUnavailableException", "ThrottlingException"];
        assert_eq!(passing.collect::<Vec<_>>(), expected);
    }
}
