//! Cases of imported key material.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{self, EcdsaKeyPair};
use serde_json::{Value, json};

use crate::case::{Case, Steps, blob};

const OAEP: &str = "RSAES_OAEP_SHA_256";
const AES_WRAP: &str = "RSA_AES_KEY_WRAP_SHA_256";

pub(crate) fn play(case: &Case, base: &str, parameters: &str) -> Option<Steps> {
    Some(match base {
        "test_import_key_symmetric" => symmetric(case),
        "test_import_key_rsa_aes_wrap_sha256" => rsa(case),
        "test_import_key_ecc_keys" => signing(case, parameters),
        "test_import_key_hmac_keys" => codes(case, parameters),
        "test_get_parameters_for_import" => {
            let input =
                json!({ "KeyId": case.id(&json!({})), "WrappingAlgorithm": OAEP, "WrappingKeySpec": "RSA_4096" });
            vec![("response-error", case.ask("GetParametersForImport", &input))]
        }
        "test_rotate_key_on_demand_on_external_key_with_no_key_material" => {
            let key = case.key(&json!({ "Origin": "EXTERNAL", "Description": "test-key" }));
            let refused = case.ask("RotateKeyOnDemand", &json!({ "KeyId": key["KeyId"] }));
            vec![("create-kms-external-key", key), ("rotate-key-on-demand-error-response-RSA_4096", refused)]
        }
        "test_rotate_key_on_demand_raises_for_no_pending_key_material" => {
            let id = case.id(&json!({ "Origin": "EXTERNAL" }));
            case.import(&id, OAEP, &[1; 32]);
            let refused = case.ask("RotateKeyOnDemand", &json!({ "KeyId": id }));
            vec![("rotate-key-on-demand-invalid-state-error", refused)]
        }
        _ => return None,
    })
}

fn external(case: &Case, spec: &str, usage: &str, description: &str) -> String {
    case.id(&json!({ "Origin": "EXTERNAL", "KeySpec": spec, "KeyUsage": usage, "Description": description }))
}

fn deleted(case: &Case, id: &str) -> Value {
    case.done("DeleteImportedKeyMaterial", &json!({ "KeyId": id }));
    case.describe(id)
}

fn symmetric(case: &Case) -> Steps {
    let made = case.key(&json!({ "Origin": "EXTERNAL", "Description": "test-key" }));
    let id = made["KeyId"].as_str().unwrap().to_owned();
    let encrypt = || case.ask("Encrypt", &json!({ "KeyId": id, "Plaintext": blob("test content 123") }));
    let (refused, before) = (encrypt(), case.describe(&id));
    let nameless = case.ask("ImportKeyMaterial", &case.wrapped(&id, OAEP, &[1; 32]));
    case.import(&id, OAEP, &[1; 32]);
    let after = case.describe(&id);
    let opened = case.done("Decrypt", &json!({ "CiphertextBlob": encrypt()["CiphertextBlob"] }));
    assert_eq!(opened["Plaintext"], blob("test content 123"));
    let gone = deleted(case, &id);
    vec![
        ("created-key", made),
        ("encrypt-before-import-error", refused),
        ("describe-key-before-import", before),
        ("import-expiring-key-without-valid-to", nameless),
        ("describe-key-after-import", after),
        ("describe-key-after-deleted-import", gone),
        ("encrypt-after-delete-error", encrypt()),
    ]
}

fn rsa(case: &Case) -> Steps {
    let id = external(case, "RSA_4096", "ENCRYPT_DECRYPT", "test-key");
    let before = case.describe(&id);
    let private = KeyPair::generate(KeySize::Rsa4096).unwrap();
    case.import(&id, AES_WRAP, private.as_der().unwrap().as_ref());
    let after = case.describe(&id);
    vec![
        ("describe-before-import", before),
        ("import-key-material-response", after),
        ("describe-key-after-deleted-import", deleted(case, &id)),
    ]
}

fn signing(case: &Case, spec: &str) -> Steps {
    let (curve, algorithm) = match spec {
        "ECC_NIST_P256" => (&signature::ECDSA_P256_SHA256_ASN1_SIGNING, "ECDSA_SHA_256"),
        "ECC_NIST_P384" => (&signature::ECDSA_P384_SHA384_ASN1_SIGNING, "ECDSA_SHA_384"),
        "ECC_NIST_P521" => (&signature::ECDSA_P521_SHA512_ASN1_SIGNING, "ECDSA_SHA_512"),
        _ => (&signature::ECDSA_P256K1_SHA256_ASN1_SIGNING, "ECDSA_SHA_256"),
    };
    let id = external(case, spec, "SIGN_VERIFY", "test ecc key import");
    let before = case.describe(&id);
    let private = EcdsaKeyPair::generate(curve).unwrap().to_pkcs8v1().unwrap();
    case.import(&id, AES_WRAP, private.as_ref());
    let after = case.describe(&id);
    let mut input = json!({ "KeyId": id, "SigningAlgorithm": algorithm, "Message": blob("test message") });
    let signed = case.ask("Sign", &input);
    input["Signature"] = signed["Signature"].clone();
    let verified = case.ask("Verify", &input);
    vec![
        ("describe-key-before-import", before),
        ("describe-key-after-import", after),
        ("sign-result", signed),
        ("verify-result", verified),
        ("describe-key-after-deleted-import", deleted(case, &id)),
    ]
}

fn codes(case: &Case, spec: &str) -> Steps {
    let bits: usize = spec.strip_prefix("HMAC_").unwrap().parse().unwrap();
    let id = external(case, spec, "GENERATE_VERIFY_MAC", "test import hmac key");
    let before = case.describe(&id);
    case.import(&id, OAEP, &vec![3; bits / 8]);
    let after = case.describe(&id);
    let mut input = json!({ "KeyId": id, "MacAlgorithm": format!("HMAC_SHA_{bits}"), "Message": blob("test message") });
    let made = case.ask("GenerateMac", &input);
    input["Mac"] = made["Mac"].clone();
    let verified = case.ask("VerifyMac", &input);
    vec![
        ("describe-key-before-import", before),
        ("describe-key-after-import", after),
        ("generate-mac-response", made),
        ("verify-mac-response", verified),
        ("describe-key-after-deleted-import", deleted(case, &id)),
    ]
}
