//! The inputs of the operations: members, lengths, patterns and values, as KMS's own service model has them.
//!
//! Members that only a newer model knows are left out on purpose: they are refused loudly.

use super::model::{Member, Pattern, Shape, may, must};

const KEY_ID: Shape = Shape::text(1, 2048);
const ALIAS_NAME: Shape = Shape::Text { least: 1, most: 256, pattern: Some(&NAME) };
const DESCRIPTION: Shape = Shape::text(0, 8192);
const FLAG: Shape = Shape::Flag;
const LIMIT: Shape = Shape::Number { least: 1, most: 1000 };
const NUMBER_OF_BYTES: Shape = Shape::Number { least: 1, most: 1024 };
const ROTATION_PERIOD: Shape = Shape::Number { least: 90, most: 2560 };
const WINDOW: Shape = Shape::Number { least: 1, most: 365 };
const MARKER: Shape = Shape::Text { least: 1, most: 1024, pattern: Some(&LATIN) };
const POLICY: Shape = Shape::Text { least: 1, most: 131_072, pattern: Some(&LATIN_LINES) };
const POLICY_NAME: Shape = Shape::Text { least: 1, most: 128, pattern: Some(&WORD) };
const PRINCIPAL: Shape = Shape::Text { least: 1, most: 256, pattern: Some(&PRINCIPAL_ID) };
const SERVICE_PRINCIPAL: Shape = Shape::Text { least: 1, most: 128, pattern: Some(&HOST) };
const GRANT_ID: Shape = Shape::text(1, 128);
const GRANT_NAME: Shape = Shape::Text { least: 1, most: 256, pattern: Some(&NAME) };
const GRANT_TOKEN: Shape = Shape::text(1, 8192);
const GRANT_TOKENS: Shape = Shape::List { of: &GRANT_TOKEN, most: 10 };
const REGION: Shape = Shape::Text { least: 1, most: 32, pattern: Some(&REGION_NAME) };
const STORE_ID: Shape = Shape::text(1, 64);
const XKS_KEY_ID: Shape = Shape::Text { least: 1, most: 128, pattern: Some(&XKS_NAME) };
const CONTEXT: Shape = Shape::Map;
const PLAINTEXT: Shape = Shape::Blob { least: 1, most: 4096 };
const CIPHERTEXT: Shape = Shape::Blob { least: 1, most: 6144 };
const TAG_KEY: Shape = Shape::text(1, 128);
const TAG_KEYS: Shape = Shape::List { of: &TAG_KEY, most: usize::MAX };
const TAG: Shape = Shape::Object(&[must("TagKey", &TAG_KEY), must("TagValue", &Shape::text(0, 256))]);
const TAGS: Shape = Shape::List { of: &TAG, most: usize::MAX };
const SOURCE_ARN: Shape = Shape::Text { least: 20, most: 512, pattern: Some(&RESOURCE_ARN) };
const CONSTRAINTS: Shape = Shape::Object(&[
    may("EncryptionContextSubset", &CONTEXT),
    may("EncryptionContextEquals", &CONTEXT),
    may("SourceArn", &SOURCE_ARN),
]);
const RECIPIENT: Shape = Shape::Object(&[
    may("KeyEncryptionAlgorithm", &Shape::One(&["RSAES_OAEP_SHA_256"])),
    may("AttestationDocument", &Shape::Blob { least: 1, most: 262_144 }),
]);
const DRY_RUN_MODIFIERS: Shape = Shape::List { of: &Shape::One(&["IGNORE_CIPHERTEXT"]), most: usize::MAX };
const DATA_KEY_SPEC: Shape = Shape::One(&["AES_256", "AES_128"]);
const INCLUDE_MATERIAL: Shape = Shape::One(&["ALL_KEY_MATERIAL", "ROTATIONS_ONLY"]);
const ORIGIN: Shape = Shape::One(&["AWS_KMS", "EXTERNAL", "AWS_CLOUDHSM", "EXTERNAL_KEY_STORE"]);
const ALGORITHM: Shape = Shape::One(&["SYMMETRIC_DEFAULT", "RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256", "SM2PKE"]);
const SIGNING_ALGORITHM: Shape = Shape::One(&[
    "RSASSA_PSS_SHA_256",
    "RSASSA_PSS_SHA_384",
    "RSASSA_PSS_SHA_512",
    "RSASSA_PKCS1_V1_5_SHA_256",
    "RSASSA_PKCS1_V1_5_SHA_384",
    "RSASSA_PKCS1_V1_5_SHA_512",
    "ECDSA_SHA_256",
    "ECDSA_SHA_384",
    "ECDSA_SHA_512",
    "SM2DSA",
    "ML_DSA_SHAKE_256",
    "ED25519_SHA_512",
    "ED25519_PH_SHA_512",
]);
/// In the order in which AWS lists them when it refuses another.
const MAC_ALGORITHM: Shape = Shape::One(&["HMAC_SHA_384", "HMAC_SHA_256", "HMAC_SHA_224", "HMAC_SHA_512"]);
const MESSAGE: Shape = Shape::Blob { least: 1, most: 4096 };
const MESSAGE_TYPE: Shape = Shape::One(&["RAW", "DIGEST", "EXTERNAL_MU"]);
const PUBLIC_KEY: Shape = Shape::Blob { least: 1, most: 8192 };
const PAIR_SPEC: Shape = Shape::One(&[
    "RSA_2048",
    "RSA_3072",
    "RSA_4096",
    "ECC_NIST_P256",
    "ECC_NIST_P384",
    "ECC_NIST_P521",
    "ECC_SECG_P256K1",
    "SM2",
    "ECC_NIST_EDWARDS25519",
    "ML_KEM_512",
    "ML_KEM_768",
    "ML_KEM_1024",
]);
const WRAPPING_SPEC: Shape = Shape::One(&["RSA_2048", "RSA_3072", "RSA_4096", "SM2"]);
const WRAPPING_ALGORITHM: Shape = Shape::One(&[
    "RSAES_PKCS1_V1_5",
    "RSAES_OAEP_SHA_1",
    "RSAES_OAEP_SHA_256",
    "RSA_AES_KEY_WRAP_SHA_1",
    "RSA_AES_KEY_WRAP_SHA_256",
    "SM2PKE",
]);
const EXPIRATION_MODEL: Shape = Shape::One(&["KEY_MATERIAL_EXPIRES", "KEY_MATERIAL_DOES_NOT_EXPIRE"]);
const IMPORT_TYPE: Shape = Shape::One(&["NEW_KEY_MATERIAL", "EXISTING_KEY_MATERIAL"]);
const MATERIAL_ID: Shape = Shape::Text { least: 64, most: 64, pattern: Some(&LOW_HEX) };
const MATERIAL_DESCRIPTION: Shape = Shape::Text { least: 0, most: 256, pattern: Some(&PLAIN) };
const STORE_NAME: Shape = Shape::text(1, 256);
const STORE_TYPE: Shape = Shape::One(&["AWS_CLOUDHSM", "EXTERNAL_KEY_STORE"]);
const CLUSTER: Shape = Shape::Text { least: 19, most: 24, pattern: Some(&CLUSTER_ID) };
const PASSWORD: Shape = Shape::text(7, 32);
const PROXY_ENDPOINT: Shape = Shape::Text { least: 10, most: 128, pattern: Some(&HTTPS) };
const PROXY_PATH: Shape = Shape::Text { least: 10, most: 128, pattern: Some(&XKS_PATH) };
const PROXY_SERVICE: Shape = Shape::Text { least: 20, most: 64, pattern: Some(&VPC_SERVICE) };
const PROXY_OWNER: Shape = Shape::Text { least: 12, most: 12, pattern: Some(&ACCOUNT) };
const CONNECTIVITY: Shape = Shape::One(&["PUBLIC_ENDPOINT", "VPC_ENDPOINT_SERVICE"]);
const ACCESS_KEY: Shape = Shape::Text { least: 20, most: 30, pattern: Some(&BASE_32) };
const SECRET_KEY: Shape = Shape::Text { least: 43, most: 64, pattern: Some(&BASE_64) };
const CREDENTIAL: Shape = Shape::Object(&[must("AccessKeyId", &ACCESS_KEY), must("RawSecretAccessKey", &SECRET_KEY)]);
const USAGE: Shape =
    Shape::One(&["SIGN_VERIFY", "ENCRYPT_DECRYPT", "GENERATE_VERIFY_MAC", "KEY_AGREEMENT", "ENCAPSULATE_DECAPSULATE"]);
const OLD_SPEC: Shape = Shape::One(&[
    "RSA_2048",
    "RSA_3072",
    "RSA_4096",
    "ECC_NIST_P256",
    "ECC_NIST_P384",
    "ECC_NIST_P521",
    "ECC_SECG_P256K1",
    "SYMMETRIC_DEFAULT",
    "HMAC_224",
    "HMAC_256",
    "HMAC_384",
    "HMAC_512",
    "SM2",
]);
const SPEC: Shape = Shape::One(&[
    "RSA_2048",
    "RSA_3072",
    "RSA_4096",
    "ECC_NIST_P256",
    "ECC_NIST_P384",
    "ECC_NIST_P521",
    "ECC_SECG_P256K1",
    "SYMMETRIC_DEFAULT",
    "HMAC_224",
    "HMAC_256",
    "HMAC_384",
    "HMAC_512",
    "SM2",
    "ML_DSA_44",
    "ML_DSA_65",
    "ML_DSA_87",
    "ECC_NIST_EDWARDS25519",
    "ML_KEM_512",
    "ML_KEM_768",
    "ML_KEM_1024",
]);
const GRANT_OPERATIONS: Shape = Shape::List {
    of: &Shape::One(&[
        "Decrypt",
        "Encrypt",
        "GenerateDataKey",
        "GenerateDataKeyWithoutPlaintext",
        "ReEncryptFrom",
        "ReEncryptTo",
        "Sign",
        "Verify",
        "GetPublicKey",
        "CreateGrant",
        "RetireGrant",
        "DescribeKey",
        "GenerateDataKeyPair",
        "GenerateDataKeyPairWithoutPlaintext",
        "GenerateMac",
        "VerifyMac",
        "DeriveSharedSecret",
        "Encapsulate",
        "Decapsulate",
    ]),
    most: usize::MAX,
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
            must("Message", &MESSAGE),
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
            must("Message", &MESSAGE),
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
            must("Message", &MESSAGE),
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
            must("Message", &MESSAGE),
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

static NAME: Pattern = Pattern {
    text: "^[a-zA-Z0-9:/_-]+$",
    holds: |text| all(text, |c| c.is_ascii_alphanumeric() || matches!(c, ':' | '/' | '_' | '-')),
};
static LATIN: Pattern =
    Pattern { text: r"[\u0020-\u00FF]*", holds: |text| text.chars().all(|c| matches!(c, ' '..='ÿ')) };
static LATIN_LINES: Pattern = Pattern {
    text: r"[\u0009\u000A\u000D\u0020-\u00FF]+",
    holds: |text| all(text, |c| matches!(c, '\t' | '\n' | '\r' | ' '..='ÿ')),
};
static WORD: Pattern = Pattern { text: r"[\w]+", holds: |text| all(text, is_word) };
static PRINCIPAL_ID: Pattern = Pattern {
    text: r"^[\w+=,.@:/-]+$",
    holds: |text| all(text, |c| is_word(c) || matches!(c, '+' | '=' | ',' | '.' | '@' | ':' | '/' | '-')),
};
static HOST: Pattern = Pattern {
    text: r"^([A-Za-z0-9\-]+)\.([A-Za-z0-9\-]+)(\.[A-Za-z0-9\-]+)+$",
    holds: |text| {
        let is_label = |label: &str| all(label, |c| c.is_ascii_alphanumeric() || c == '-');
        text.split('.').count() >= 3 && text.split('.').all(is_label)
    },
};
static REGION_NAME: Pattern = Pattern {
    text: r"^([a-z]+-){2,3}\d+$",
    holds: |text| {
        let parts: Vec<&str> = text.split('-').collect();
        let Some((number, words)) = parts.split_last() else { return false };
        let are_words = words.iter().all(|word| all(word, |c| c.is_ascii_lowercase()));
        matches!(words.len(), 2 | 3) && are_words && all(number, |c| c.is_ascii_digit())
    },
};
static XKS_NAME: Pattern = Pattern {
    text: r"^[a-zA-Z0-9-_.]+$",
    holds: |text| all(text, |c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')),
};
static RESOURCE_ARN: Pattern = Pattern {
    text: r"^arn:aws[a-z0-9-]*:[a-z0-9-]+:[a-z0-9-]*:[0-9]{12}:.+$",
    holds: |text| {
        let is_low = |part: &str| part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        match text.splitn(6, ':').collect::<Vec<_>>()[..] {
            ["arn", partition, service, region, account, resource] => {
                let is_account = account.len() == 12 && all(account, |c| c.is_ascii_digit());
                partition.starts_with("aws")
                    && [partition, service, region].into_iter().all(is_low)
                    && !service.is_empty()
                    && is_account
                    && !resource.is_empty()
            }
            _ => false,
        }
    },
};

static LOW_HEX: Pattern =
    Pattern { text: "^[a-f0-9]+$", holds: |text| all(text, |c| matches!(c, '0'..='9' | 'a'..='f')) };
static PLAIN: Pattern = Pattern {
    text: r"^[a-zA-Z0-9:/_\s.-]+$",
    holds: |text| all(text, |c| is_word(c) || c.is_ascii_whitespace() || matches!(c, ':' | '/' | '.' | '-')),
};
static CLUSTER_ID: Pattern = Pattern {
    text: "cluster-[2-7a-zA-Z]{11,16}",
    holds: |text| {
        text.strip_prefix("cluster-").is_some_and(|id| {
            (11..=16).contains(&id.len()) && all(id, |c| c.is_ascii_alphabetic() || matches!(c, '2'..='7'))
        })
    },
};
static HTTPS: Pattern = Pattern {
    text: "^https://[a-zA-Z0-9.-]+$",
    holds: |text| {
        text.strip_prefix("https://").is_some_and(|host| all(host, |c| c.is_ascii_alphanumeric() || ".-".contains(c)))
    },
};
static XKS_PATH: Pattern = Pattern {
    text: r"^(/[a-zA-Z0-9\/_-]+/kms/xks/v\d{1,2})$|^(/kms/xks/v\d{1,2})$",
    holds: |text| {
        let Some((prefix, version)) = text.split_once("/kms/xks/v") else { return false };
        let is_prefix = prefix.starts_with('/') && all(prefix, |c| is_word(c) || matches!(c, '/' | '-'));
        (prefix.is_empty() || is_prefix) && version.len() <= 2 && all(version, |c| c.is_ascii_digit())
    },
};
static VPC_SERVICE: Pattern = Pattern {
    text: r"^(com|eu)\.amazonaws\.vpce\.([a-z]+-){2,3}\d+\.vpce-svc-[0-9a-z]+$",
    holds: |text| match text.split('.').collect::<Vec<_>>()[..] {
        ["com" | "eu", "amazonaws", "vpce", region, service] => {
            let id = service.strip_prefix("vpce-svc-").unwrap_or_default();
            (REGION_NAME.holds)(region) && all(id, |c| c.is_ascii_lowercase() || c.is_ascii_digit())
        }
        _ => false,
    },
};
static ACCOUNT: Pattern = Pattern { text: "[0-9]{12}", holds: |text| all(text, |c| c.is_ascii_digit()) };
static BASE_32: Pattern =
    Pattern { text: "^[A-Z2-7]+$", holds: |text| all(text, |c| matches!(c, 'A'..='Z' | '2'..='7')) };
static BASE_64: Pattern = Pattern {
    text: r"^[a-zA-Z0-9\/+=]+$",
    holds: |text| all(text, |c| c.is_ascii_alphanumeric() || matches!(c, '/' | '+' | '=')),
};

fn all(text: &str, holds: impl Fn(char) -> bool) -> bool {
    !text.is_empty() && text.chars().all(holds)
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}
