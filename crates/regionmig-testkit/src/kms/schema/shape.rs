//! The values that inputs are made of.

use super::pattern::{
    ACCOUNT, BASE_32, BASE_64, CLUSTER_ID, HOST, HTTPS, LATIN, LATIN_LINES, LOW_HEX, NAME, PLAIN, PRINCIPAL_ID,
    REGION_NAME, RESOURCE_ARN, VPC_SERVICE, WORD, XKS_NAME, XKS_PATH,
};
use crate::model::{Shape, may, must};

pub(super) const KEY_ID: Shape = Shape::text(1, 2048);
pub(super) const ALIAS_NAME: Shape = Shape::Text { least: 1, most: 256, pattern: Some(&NAME) };
pub(super) const DESCRIPTION: Shape = Shape::text(0, 8192);
pub(super) const FLAG: Shape = Shape::Flag;
pub(super) const LIMIT: Shape = Shape::Number { least: 1, most: 1000 };
pub(super) const NUMBER_OF_BYTES: Shape = Shape::Number { least: 1, most: 1024 };
pub(super) const ROTATION_PERIOD: Shape = Shape::Number { least: 90, most: 2560 };
pub(super) const WINDOW: Shape = Shape::Number { least: 1, most: 365 };
pub(super) const MARKER: Shape = Shape::Text { least: 1, most: 1024, pattern: Some(&LATIN) };
pub(super) const POLICY: Shape = Shape::Text { least: 1, most: 131_072, pattern: Some(&LATIN_LINES) };
pub(super) const POLICY_NAME: Shape = Shape::Text { least: 1, most: 128, pattern: Some(&WORD) };
pub(super) const PRINCIPAL: Shape = Shape::Text { least: 1, most: 256, pattern: Some(&PRINCIPAL_ID) };
pub(super) const SERVICE_PRINCIPAL: Shape = Shape::Text { least: 1, most: 128, pattern: Some(&HOST) };
pub(super) const GRANT_ID: Shape = Shape::text(1, 128);
pub(super) const GRANT_NAME: Shape = Shape::Text { least: 1, most: 256, pattern: Some(&NAME) };
pub(super) const GRANT_TOKEN: Shape = Shape::text(1, 8192);
pub(super) const GRANT_TOKENS: Shape = Shape::List { of: &GRANT_TOKEN, least: 0, most: 10 };
pub(super) const REGION: Shape = Shape::Text { least: 1, most: 32, pattern: Some(&REGION_NAME) };
pub(super) const STORE_ID: Shape = Shape::text(1, 64);
pub(super) const XKS_KEY_ID: Shape = Shape::Text { least: 1, most: 128, pattern: Some(&XKS_NAME) };
pub(super) const CONTEXT: Shape = Shape::Map;
pub(super) const PLAINTEXT: Shape = Shape::Secret(&Shape::Blob { least: 1, most: 4096 });
pub(super) const CIPHERTEXT: Shape = Shape::Blob { least: 1, most: 6144 };
pub(super) const TAG_KEY: Shape = Shape::text(1, 128);
pub(super) const TAG_KEYS: Shape = Shape::List { of: &TAG_KEY, least: 0, most: usize::MAX };
pub(super) const TAG: Shape = Shape::Object(&[must("TagKey", &TAG_KEY), must("TagValue", &Shape::text(0, 256))]);
pub(super) const TAGS: Shape = Shape::List { of: &TAG, least: 0, most: usize::MAX };
pub(super) const SOURCE_ARN: Shape = Shape::Text { least: 20, most: 512, pattern: Some(&RESOURCE_ARN) };
pub(super) const CONSTRAINTS: Shape = Shape::Object(&[
    may("EncryptionContextSubset", &CONTEXT),
    may("EncryptionContextEquals", &CONTEXT),
    may("SourceArn", &SOURCE_ARN),
]);
pub(super) const RECIPIENT: Shape = Shape::Object(&[
    may("KeyEncryptionAlgorithm", &Shape::One(&["RSAES_OAEP_SHA_256"])),
    may("AttestationDocument", &Shape::Blob { least: 1, most: 262_144 }),
]);
pub(super) const DRY_RUN_MODIFIERS: Shape =
    Shape::List { of: &Shape::One(&["IGNORE_CIPHERTEXT"]), least: 0, most: usize::MAX };
pub(super) const DATA_KEY_SPEC: Shape = Shape::One(&["AES_256", "AES_128"]);
pub(super) const INCLUDE_MATERIAL: Shape = Shape::One(&["ALL_KEY_MATERIAL", "ROTATIONS_ONLY"]);
pub(super) const ORIGIN: Shape = Shape::One(&["AWS_KMS", "EXTERNAL", "AWS_CLOUDHSM", "EXTERNAL_KEY_STORE"]);
pub(super) const ALGORITHM: Shape =
    Shape::One(&["SYMMETRIC_DEFAULT", "RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256", "SM2PKE"]);
pub(super) const SIGNING_ALGORITHM: Shape = Shape::One(&[
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
pub(super) const MAC_ALGORITHM: Shape = Shape::One(&["HMAC_SHA_384", "HMAC_SHA_256", "HMAC_SHA_224", "HMAC_SHA_512"]);
pub(super) const MESSAGE_TYPE: Shape = Shape::One(&["RAW", "DIGEST", "EXTERNAL_MU"]);
pub(super) const PUBLIC_KEY: Shape = Shape::Blob { least: 1, most: 8192 };
pub(super) const PAIR_SPEC: Shape = Shape::One(&[
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
pub(super) const WRAPPING_SPEC: Shape = Shape::One(&["RSA_2048", "RSA_3072", "RSA_4096", "SM2"]);
pub(super) const WRAPPING_ALGORITHM: Shape = Shape::One(&[
    "RSAES_PKCS1_V1_5",
    "RSAES_OAEP_SHA_1",
    "RSAES_OAEP_SHA_256",
    "RSA_AES_KEY_WRAP_SHA_1",
    "RSA_AES_KEY_WRAP_SHA_256",
    "SM2PKE",
]);
pub(super) const EXPIRATION_MODEL: Shape = Shape::One(&["KEY_MATERIAL_EXPIRES", "KEY_MATERIAL_DOES_NOT_EXPIRE"]);
pub(super) const IMPORT_TYPE: Shape = Shape::One(&["NEW_KEY_MATERIAL", "EXISTING_KEY_MATERIAL"]);
pub(super) const MATERIAL_ID: Shape = Shape::Text { least: 64, most: 64, pattern: Some(&LOW_HEX) };
pub(super) const MATERIAL_DESCRIPTION: Shape = Shape::Text { least: 0, most: 256, pattern: Some(&PLAIN) };
pub(super) const STORE_NAME: Shape = Shape::text(1, 256);
pub(super) const STORE_TYPE: Shape = Shape::One(&["AWS_CLOUDHSM", "EXTERNAL_KEY_STORE"]);
pub(super) const CLUSTER: Shape = Shape::Text { least: 19, most: 24, pattern: Some(&CLUSTER_ID) };
pub(super) const PASSWORD: Shape = Shape::Secret(&Shape::text(7, 32));
pub(super) const PROXY_ENDPOINT: Shape = Shape::Text { least: 10, most: 128, pattern: Some(&HTTPS) };
pub(super) const PROXY_PATH: Shape = Shape::Text { least: 10, most: 128, pattern: Some(&XKS_PATH) };
pub(super) const PROXY_SERVICE: Shape = Shape::Text { least: 20, most: 64, pattern: Some(&VPC_SERVICE) };
pub(super) const PROXY_OWNER: Shape = Shape::Text { least: 12, most: 12, pattern: Some(&ACCOUNT) };
pub(super) const CONNECTIVITY: Shape = Shape::One(&["PUBLIC_ENDPOINT", "VPC_ENDPOINT_SERVICE"]);
const ACCESS_KEY_TEXT: Shape = Shape::Text { least: 20, most: 30, pattern: Some(&BASE_32) };
const SECRET_KEY_TEXT: Shape = Shape::Text { least: 43, most: 64, pattern: Some(&BASE_64) };
const ACCESS_KEY: Shape = Shape::Secret(&ACCESS_KEY_TEXT);
const SECRET_KEY: Shape = Shape::Secret(&SECRET_KEY_TEXT);
pub(super) const CREDENTIAL: Shape =
    Shape::Object(&[must("AccessKeyId", &ACCESS_KEY), must("RawSecretAccessKey", &SECRET_KEY)]);
pub(super) const USAGE: Shape =
    Shape::One(&["SIGN_VERIFY", "ENCRYPT_DECRYPT", "GENERATE_VERIFY_MAC", "KEY_AGREEMENT", "ENCAPSULATE_DECAPSULATE"]);
/// Those before the ML-DSA specs have an old name too.
const SPECS: &[&str] = &[
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
];
pub(super) const OLD_SPEC: Shape = Shape::One(SPECS.split_at(13).0);
pub(super) const SPEC: Shape = Shape::One(SPECS);
pub(super) const GRANT_OPERATIONS: Shape = Shape::List {
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
    least: 0,
    most: usize::MAX,
};
