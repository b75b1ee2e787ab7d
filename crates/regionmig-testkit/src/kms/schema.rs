//! The inputs of the operations: members, lengths, patterns and values, as KMS's own service model has them.
//!
//! Members that only a newer model knows are left out on purpose: they are refused loudly.

mod pattern;
mod shape;

use crate::model::{Member, Shape, may, must};
use shape::{
    ALGORITHM, ALIAS_NAME, CIPHERTEXT, CLUSTER, CONNECTIVITY, CONSTRAINTS, CONTEXT, CREDENTIAL, DATA_KEY_SPEC,
    DESCRIPTION, DRY_RUN_MODIFIERS, EXPIRATION_MODEL, FLAG, GRANT_ID, GRANT_NAME, GRANT_OPERATIONS, GRANT_TOKEN,
    GRANT_TOKENS, IMPORT_TYPE, INCLUDE_MATERIAL, KEY_ID, LIMIT, MAC_ALGORITHM, MARKER, MATERIAL_DESCRIPTION,
    MATERIAL_ID, MESSAGE_TYPE, NUMBER_OF_BYTES, OLD_SPEC, ORIGIN, PAIR_SPEC, PASSWORD, PLAINTEXT, POLICY, POLICY_NAME,
    PRINCIPAL, PROXY_ENDPOINT, PROXY_OWNER, PROXY_PATH, PROXY_SERVICE, PUBLIC_KEY, RECIPIENT, REGION, ROTATION_PERIOD,
    SERVICE_PRINCIPAL, SIGNING_ALGORITHM, SPEC, STORE_ID, STORE_NAME, STORE_TYPE, TAG_KEYS, TAGS, USAGE, WINDOW,
    WRAPPING_ALGORITHM, WRAPPING_SPEC, XKS_KEY_ID,
};

const KEY: &[Member] = &[must("KeyId", &KEY_ID)];
const ALIAS_AND_KEY: &[Member] = &[must("AliasName", &ALIAS_NAME), must("TargetKeyId", &KEY_ID)];
const PAGED_KEY: &[Member] = &[must("KeyId", &KEY_ID), may("Limit", &LIMIT), may("Marker", &MARKER)];

/// Returns the members of the input of `operation`; `None` if the world's KMS does not carry it.
pub(super) fn input(operation: &str) -> Option<&'static [Member]> {
    INPUTS.iter().find(|(operations, _)| operations.contains(&operation)).map(|(_, members)| *members)
}

const STORE: &[Member] = &[must("CustomKeyStoreId", &STORE_ID)];
const DATA_KEY_PAIR: &[Member] = &[
    may("EncryptionContext", &CONTEXT),
    must("KeyId", &KEY_ID),
    must("KeyPairSpec", &PAIR_SPEC),
    may("GrantTokens", &GRANT_TOKENS),
    may("DryRun", &FLAG),
];

static INPUTS: &[(&[&str], &[Member])] = &[
    (&["ConnectCustomKeyStore", "DeleteCustomKeyStore", "DisconnectCustomKeyStore"], STORE),
    (
        &["CreateCustomKeyStore"],
        &[
            must("CustomKeyStoreName", &STORE_NAME),
            may("CloudHsmClusterId", &CLUSTER),
            may("TrustAnchorCertificate", &Shape::text(1, 5000)),
            may("KeyStorePassword", &PASSWORD),
            may("CustomKeyStoreType", &STORE_TYPE),
            may("XksProxyUriEndpoint", &PROXY_ENDPOINT),
            may("XksProxyUriPath", &PROXY_PATH),
            may("XksProxyVpcEndpointServiceName", &PROXY_SERVICE),
            may("XksProxyVpcEndpointServiceOwner", &PROXY_OWNER),
            may("XksProxyAuthenticationCredential", &CREDENTIAL),
            may("XksProxyConnectivity", &CONNECTIVITY),
        ],
    ),
    (
        &["Decapsulate"],
        &[
            must("KeyId", &KEY_ID),
            must("SharedSecretCiphertextBlob", &CIPHERTEXT),
            must("EncapsulationAlgorithm", &Shape::One(&["ML_KEM"])),
            may("GrantTokens", &GRANT_TOKENS),
            may("DryRun", &FLAG),
        ],
    ),
    (&["DeleteImportedKeyMaterial"], &[must("KeyId", &KEY_ID), may("KeyMaterialId", &MATERIAL_ID)]),
    (
        &["DeriveSharedSecret"],
        &[
            must("KeyId", &KEY_ID),
            must("KeyAgreementAlgorithm", &Shape::One(&["ECDH"])),
            must("PublicKey", &PUBLIC_KEY),
            may("GrantTokens", &GRANT_TOKENS),
            may("DryRun", &FLAG),
            may("Recipient", &RECIPIENT),
        ],
    ),
    (
        &["DescribeCustomKeyStores"],
        &[
            may("CustomKeyStoreId", &STORE_ID),
            may("CustomKeyStoreName", &STORE_NAME),
            may("Limit", &LIMIT),
            may("Marker", &MARKER),
        ],
    ),
    (
        &["Encapsulate"],
        &[
            must("KeyId", &KEY_ID),
            must("EncapsulationAlgorithm", &Shape::One(&["ML_KEM"])),
            may("GrantTokens", &GRANT_TOKENS),
            may("DryRun", &FLAG),
        ],
    ),
    (
        &["GenerateDataKeyPair"],
        &[
            may("EncryptionContext", &CONTEXT),
            must("KeyId", &KEY_ID),
            must("KeyPairSpec", &PAIR_SPEC),
            may("GrantTokens", &GRANT_TOKENS),
            may("DryRun", &FLAG),
            may("Recipient", &RECIPIENT),
        ],
    ),
    (&["GenerateDataKeyPairWithoutPlaintext"], DATA_KEY_PAIR),
    (
        &["GenerateMac"],
        &[
            must("Message", &PLAINTEXT),
            must("KeyId", &KEY_ID),
            must("MacAlgorithm", &MAC_ALGORITHM),
            may("GrantTokens", &GRANT_TOKENS),
            may("DryRun", &FLAG),
        ],
    ),
    (
        &["GetParametersForImport"],
        &[
            must("KeyId", &KEY_ID),
            must("WrappingAlgorithm", &WRAPPING_ALGORITHM),
            must("WrappingKeySpec", &WRAPPING_SPEC),
        ],
    ),
    (&["GetPublicKey"], &[must("KeyId", &KEY_ID), may("GrantTokens", &GRANT_TOKENS)]),
    (
        &["ImportKeyMaterial"],
        &[
            must("KeyId", &KEY_ID),
            must("ImportToken", &CIPHERTEXT),
            must("EncryptedKeyMaterial", &CIPHERTEXT),
            may("ValidTo", &Shape::Time),
            may("ExpirationModel", &EXPIRATION_MODEL),
            may("ImportType", &IMPORT_TYPE),
            may("KeyMaterialDescription", &MATERIAL_DESCRIPTION),
            may("KeyMaterialId", &MATERIAL_ID),
        ],
    ),
    (
        &["Sign"],
        &[
            must("KeyId", &KEY_ID),
            must("Message", &PLAINTEXT),
            may("MessageType", &MESSAGE_TYPE),
            may("GrantTokens", &GRANT_TOKENS),
            must("SigningAlgorithm", &SIGNING_ALGORITHM),
            may("DryRun", &FLAG),
        ],
    ),
    (
        &["UpdateCustomKeyStore"],
        &[
            must("CustomKeyStoreId", &STORE_ID),
            may("NewCustomKeyStoreName", &STORE_NAME),
            may("KeyStorePassword", &PASSWORD),
            may("CloudHsmClusterId", &CLUSTER),
            may("XksProxyUriEndpoint", &PROXY_ENDPOINT),
            may("XksProxyUriPath", &PROXY_PATH),
            may("XksProxyVpcEndpointServiceName", &PROXY_SERVICE),
            may("XksProxyVpcEndpointServiceOwner", &PROXY_OWNER),
            may("XksProxyAuthenticationCredential", &CREDENTIAL),
            may("XksProxyConnectivity", &CONNECTIVITY),
        ],
    ),
    (&["UpdatePrimaryRegion"], &[must("KeyId", &KEY_ID), must("PrimaryRegion", &REGION)]),
    (
        &["Verify"],
        &[
            must("KeyId", &KEY_ID),
            must("Message", &PLAINTEXT),
            may("MessageType", &MESSAGE_TYPE),
            must("Signature", &CIPHERTEXT),
            must("SigningAlgorithm", &SIGNING_ALGORITHM),
            may("GrantTokens", &GRANT_TOKENS),
            may("DryRun", &FLAG),
        ],
    ),
    (
        &["VerifyMac"],
        &[
            must("Message", &PLAINTEXT),
            must("KeyId", &KEY_ID),
            must("MacAlgorithm", &MAC_ALGORITHM),
            must("Mac", &CIPHERTEXT),
            may("GrantTokens", &GRANT_TOKENS),
            may("DryRun", &FLAG),
        ],
    ),
    (
        &[
            "CancelKeyDeletion",
            "DisableKey",
            "DisableKeyRotation",
            "EnableKey",
            "GetKeyLastUsage",
            "GetKeyRotationStatus",
            "RotateKeyOnDemand",
        ],
        KEY,
    ),
    (&["CreateAlias", "UpdateAlias"], ALIAS_AND_KEY),
    (
        &["CreateGrant"],
        &[
            must("KeyId", &KEY_ID),
            may("GranteePrincipal", &PRINCIPAL),
            may("RetiringPrincipal", &PRINCIPAL),
            must("Operations", &GRANT_OPERATIONS),
            may("Constraints", &CONSTRAINTS),
            may("GrantTokens", &GRANT_TOKENS),
            may("Name", &GRANT_NAME),
            may("DryRun", &FLAG),
            may("GranteeServicePrincipal", &SERVICE_PRINCIPAL),
            may("RetiringServicePrincipal", &SERVICE_PRINCIPAL),
        ],
    ),
    (
        &["CreateKey"],
        &[
            may("Policy", &POLICY),
            may("Description", &DESCRIPTION),
            may("KeyUsage", &USAGE),
            may("CustomerMasterKeySpec", &OLD_SPEC),
            may("KeySpec", &SPEC),
            may("Origin", &ORIGIN),
            may("CustomKeyStoreId", &STORE_ID),
            may("BypassPolicyLockoutSafetyCheck", &FLAG),
            may("Tags", &TAGS),
            may("MultiRegion", &FLAG),
            may("XksKeyId", &XKS_KEY_ID),
        ],
    ),
    (
        &["Decrypt"],
        &[
            may("CiphertextBlob", &CIPHERTEXT),
            may("EncryptionContext", &CONTEXT),
            may("GrantTokens", &GRANT_TOKENS),
            may("KeyId", &KEY_ID),
            may("EncryptionAlgorithm", &ALGORITHM),
            may("Recipient", &RECIPIENT),
            may("DryRun", &FLAG),
            may("DryRunModifiers", &DRY_RUN_MODIFIERS),
        ],
    ),
    (&["DeleteAlias"], &[must("AliasName", &ALIAS_NAME)]),
    (&["DescribeKey"], &[must("KeyId", &KEY_ID), may("GrantTokens", &GRANT_TOKENS)]),
    (&["EnableKeyRotation"], &[must("KeyId", &KEY_ID), may("RotationPeriodInDays", &ROTATION_PERIOD)]),
    (
        &["Encrypt"],
        &[
            must("KeyId", &KEY_ID),
            must("Plaintext", &PLAINTEXT),
            may("EncryptionContext", &CONTEXT),
            may("GrantTokens", &GRANT_TOKENS),
            may("EncryptionAlgorithm", &ALGORITHM),
            may("DryRun", &FLAG),
        ],
    ),
    (
        &["GenerateDataKey"],
        &[
            must("KeyId", &KEY_ID),
            may("EncryptionContext", &CONTEXT),
            may("NumberOfBytes", &NUMBER_OF_BYTES),
            may("KeySpec", &DATA_KEY_SPEC),
            may("GrantTokens", &GRANT_TOKENS),
            may("Recipient", &RECIPIENT),
            may("DryRun", &FLAG),
        ],
    ),
    (
        &["GenerateDataKeyWithoutPlaintext"],
        &[
            must("KeyId", &KEY_ID),
            may("EncryptionContext", &CONTEXT),
            may("KeySpec", &DATA_KEY_SPEC),
            may("NumberOfBytes", &NUMBER_OF_BYTES),
            may("GrantTokens", &GRANT_TOKENS),
            may("DryRun", &FLAG),
        ],
    ),
    (
        &["GenerateRandom"],
        &[may("NumberOfBytes", &NUMBER_OF_BYTES), may("CustomKeyStoreId", &STORE_ID), may("Recipient", &RECIPIENT)],
    ),
    (&["GetKeyPolicy"], &[must("KeyId", &KEY_ID), may("PolicyName", &POLICY_NAME)]),
    (&["ListAliases"], &[may("KeyId", &KEY_ID), may("Limit", &LIMIT), may("Marker", &MARKER)]),
    (
        &["ListGrants"],
        &[
            may("Limit", &LIMIT),
            may("Marker", &MARKER),
            must("KeyId", &KEY_ID),
            may("GrantId", &GRANT_ID),
            may("GranteePrincipal", &PRINCIPAL),
            may("GranteeServicePrincipal", &SERVICE_PRINCIPAL),
        ],
    ),
    (&["ListKeyPolicies", "ListResourceTags"], PAGED_KEY),
    (
        &["ListKeyRotations"],
        &[
            must("KeyId", &KEY_ID),
            may("IncludeKeyMaterial", &INCLUDE_MATERIAL),
            may("Limit", &LIMIT),
            may("Marker", &MARKER),
        ],
    ),
    (&["ListKeys"], &[may("Limit", &LIMIT), may("Marker", &MARKER)]),
    (
        &["ListRetirableGrants"],
        &[
            may("Limit", &LIMIT),
            may("Marker", &MARKER),
            may("RetiringPrincipal", &PRINCIPAL),
            may("RetiringServicePrincipal", &SERVICE_PRINCIPAL),
        ],
    ),
    (
        &["PutKeyPolicy"],
        &[
            must("KeyId", &KEY_ID),
            may("PolicyName", &POLICY_NAME),
            must("Policy", &POLICY),
            may("BypassPolicyLockoutSafetyCheck", &FLAG),
        ],
    ),
    (
        &["ReEncrypt"],
        &[
            may("CiphertextBlob", &CIPHERTEXT),
            may("SourceEncryptionContext", &CONTEXT),
            may("SourceKeyId", &KEY_ID),
            must("DestinationKeyId", &KEY_ID),
            may("DestinationEncryptionContext", &CONTEXT),
            may("SourceEncryptionAlgorithm", &ALGORITHM),
            may("DestinationEncryptionAlgorithm", &ALGORITHM),
            may("GrantTokens", &GRANT_TOKENS),
            may("DryRun", &FLAG),
            may("DryRunModifiers", &DRY_RUN_MODIFIERS),
        ],
    ),
    (
        &["ReplicateKey"],
        &[
            must("KeyId", &KEY_ID),
            must("ReplicaRegion", &REGION),
            may("Policy", &POLICY),
            may("BypassPolicyLockoutSafetyCheck", &FLAG),
            may("Description", &DESCRIPTION),
            may("Tags", &TAGS),
        ],
    ),
    (
        &["RetireGrant"],
        &[may("GrantToken", &GRANT_TOKEN), may("KeyId", &KEY_ID), may("GrantId", &GRANT_ID), may("DryRun", &FLAG)],
    ),
    (&["RevokeGrant"], &[must("KeyId", &KEY_ID), must("GrantId", &GRANT_ID), may("DryRun", &FLAG)]),
    (&["ScheduleKeyDeletion"], &[must("KeyId", &KEY_ID), may("PendingWindowInDays", &WINDOW)]),
    (&["TagResource"], &[must("KeyId", &KEY_ID), must("Tags", &TAGS)]),
    (&["UntagResource"], &[must("KeyId", &KEY_ID), must("TagKeys", &TAG_KEYS)]),
    (&["UpdateKeyDescription"], &[must("KeyId", &KEY_ID), must("Description", &DESCRIPTION)]),
];
