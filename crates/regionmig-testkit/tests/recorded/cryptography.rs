//! Cases of the data plane.

use aws_lc_rs::agreement::{self, PrivateKey};
use aws_lc_rs::digest;
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use serde_json::{Value, json};

use super::two;
use crate::case::{Case, Steps, blob, bytes};

const TEXT: &[u8] = b"test message !%$@ 1234567890";

pub(crate) fn play(case: &Case, base: &str, parameters: &str) -> Option<Steps> {
    Some(match base {
        "test_generate_random" => {
            let length: usize = parameters.parse().unwrap();
            let answer = case.done("GenerateRandom", &json!({ "NumberOfBytes": length }));
            vec![("result_length", json!(bytes(&answer["Plaintext"]).len()))]
        }
        "test_generate_random_invalid_number_of_bytes" => {
            let input = match parameters.parse::<i64>() {
                Ok(length) => json!({ "NumberOfBytes": length }),
                Err(_) => json!({}),
            };
            vec![("generate-random-exc", case.ask("GenerateRandom", &input))]
        }
        "test_encrypt_validate_plaintext_size_per_key_type" => {
            let (spec, algorithm) = two(parameters);
            let id = case.kind(spec, "ENCRYPT_DECRYPT");
            let input = json!({ "KeyId": id, "EncryptionAlgorithm": algorithm, "Plaintext": blob(vec![b'a'; 1000]) });
            vec![("generate-random-exc", case.ask("Encrypt", &input))]
        }
        "test_plaintext_size_for_encrypt" => {
            let input = json!({ "KeyId": case.id(&json!({})), "Plaintext": blob(vec![b'p'; 4097]) });
            vec![("invalid-plaintext-size-encrypt", case.ask("Encrypt", &input))]
        }
        "test_sign_verify" => signatures(case, parameters),
        "test_verify_salt_length" => verified_outside(case, parameters),
        "test_generate_and_verify_mac" => codes(case, parameters),
        "test_invalid_generate_mac" => {
            let (spec, algorithm) = two(parameters);
            let id = case.kind(spec, "GENERATE_VERIFY_MAC");
            let input = json!({ "KeyId": id, "MacAlgorithm": algorithm, "Message": blob("some important message") });
            vec![("generate-mac", case.ask("GenerateMac", &input))]
        }
        "test_invalid_verify_mac" => wrong_codes(case, parameters),
        "test_error_messaging_for_invalid_keys" => wrong_keys(case),
        "test_re_encrypt" => re_encrypted(case, parameters),
        "test_derive_shared_secret_matches_openssl" => agreed(case),
        base => return data_keys(case, base),
    })
}

/// The specs whose keys sign by one algorithm only.
fn is_compatible(spec: &str, algorithm: &str) -> bool {
    match spec {
        "ECC_NIST_P256" | "ECC_SECG_P256K1" => algorithm == "ECDSA_SHA_256",
        "ECC_NIST_P384" => algorithm == "ECDSA_SHA_384",
        "ECC_NIST_P521" => algorithm == "ECDSA_SHA_512",
        _ => algorithm.starts_with("RSASSA"),
    }
}

fn signatures(case: &Case, parameters: &str) -> Steps {
    let (spec, algorithm) = two(parameters);
    let id = case.kind(spec, "SIGN_VERIFY");
    let ask = |operation: &str, kind: &str, message: &[u8], signed: Option<&Value>| {
        let mut input = json!({
            "KeyId": id, "SigningAlgorithm": algorithm, "MessageType": kind, "Message": blob(message),
        });
        if let Some(signed) = signed {
            input["Signature"] = signed.clone();
        }
        case.ask(operation, &input)
    };
    let signed = ask("Sign", "RAW", TEXT, None);
    if !is_compatible(spec, algorithm) {
        assert_eq!(signed["Error"]["Code"], json!("InvalidKeyUsageException"));
        return Vec::new();
    }
    let bad = ask("Sign", "RAW", b"bad", None)["Signature"].clone();
    vec![
        ("verification", ask("Verify", "RAW", TEXT, Some(&signed["Signature"]))),
        ("bad-digest", ask("Sign", "DIGEST", TEXT, None)),
        ("bad-signature", ask("Verify", "RAW", TEXT, Some(&bad))),
        ("signature", signed),
    ]
}

/// Nothing was recorded but that a library could verify a signature whose salt is as long as its digest.
fn verified_outside(case: &Case, parameters: &str) -> Steps {
    let (spec, algorithm) = two(parameters);
    let id = case.kind(spec, "SIGN_VERIFY");
    let hash = match algorithm.rsplit('_').next().unwrap() {
        "256" => &digest::SHA256,
        "384" => &digest::SHA384,
        _ => &digest::SHA512,
    };
    let verification: &dyn VerificationAlgorithm = match (spec, algorithm) {
        ("ECC_NIST_P256", _) => &signature::ECDSA_P256_SHA256_ASN1,
        ("ECC_NIST_P384", _) => &signature::ECDSA_P384_SHA384_ASN1,
        ("ECC_NIST_P521", _) => &signature::ECDSA_P521_SHA512_ASN1,
        ("ECC_SECG_P256K1", _) => &signature::ECDSA_P256K1_SHA256_ASN1,
        (_, "RSASSA_PSS_SHA_256") => &signature::RSA_PSS_2048_8192_SHA256,
        (_, "RSASSA_PSS_SHA_384") => &signature::RSA_PSS_2048_8192_SHA384,
        (_, "RSASSA_PSS_SHA_512") => &signature::RSA_PSS_2048_8192_SHA512,
        (_, "RSASSA_PKCS1_V1_5_SHA_256") => &signature::RSA_PKCS1_2048_8192_SHA256,
        (_, "RSASSA_PKCS1_V1_5_SHA_384") => &signature::RSA_PKCS1_2048_8192_SHA384,
        _ => &signature::RSA_PKCS1_2048_8192_SHA512,
    };
    let public = bytes(&case.done("GetPublicKey", &json!({ "KeyId": id }))["PublicKey"]);
    for (kind, message) in [("RAW", TEXT), ("DIGEST", digest::digest(hash, TEXT).as_ref())] {
        let input = json!({
            "KeyId": id, "SigningAlgorithm": algorithm, "MessageType": kind, "Message": blob(message),
        });
        let signed = bytes(&case.done("Sign", &input)["Signature"]);
        UnparsedPublicKey::new(verification, &public).verify(TEXT, &signed).unwrap();
    }
    Vec::new()
}

fn codes(case: &Case, parameters: &str) -> Steps {
    let (spec, algorithm) = two(parameters);
    let id = case.kind(spec, "GENERATE_VERIFY_MAC");
    let ask = |operation: &str, id: &str, mac: Option<&Value>| {
        let mut input = json!({ "KeyId": id, "MacAlgorithm": algorithm, "Message": blob("some important message") });
        if let Some(mac) = mac {
            input["Mac"] = mac.clone();
        }
        case.ask(operation, &input)
    };
    let made = ask("GenerateMac", &id, None);
    vec![
        ("verify-mac", ask("VerifyMac", &id, Some(&made["Mac"]))),
        ("generate-mac-invalid-key-id", ask("GenerateMac", "key_id", None)),
        ("verify-mac-invalid-key-id", ask("VerifyMac", "key_id", Some(&made["Mac"]))),
        ("generate-mac", made),
    ]
}

fn wrong_codes(case: &Case, parameters: &str) -> Steps {
    let [spec, algorithm, message] = parameters.splitn(3, '-').collect::<Vec<_>>()[..] else { return Vec::new() };
    let id = case.kind(spec, "GENERATE_VERIFY_MAC");
    let right = json!({ "KeyId": id, "MacAlgorithm": "HMAC_SHA_256", "Message": blob("some important message") });
    let made = case.ask("GenerateMac", &right);
    let input = json!({ "KeyId": id, "MacAlgorithm": algorithm, "Message": blob(message), "Mac": made["Mac"] });
    vec![("verify-mac", case.ask("VerifyMac", &input)), ("generate-mac", made)]
}

fn wrong_keys(case: &Case) -> Steps {
    let (symmetric, mac, signs) =
        (case.id(&json!({})), case.kind("HMAC_256", "GENERATE_VERIFY_MAC"), case.kind("RSA_2048", "SIGN_VERIFY"));
    let sealed = case.done("Encrypt", &json!({ "KeyId": symmetric, "Plaintext": "AAAA" }))["CiphertextBlob"].clone();
    let message = blob("test message 123!@#");
    let sign = |id: &str| json!({ "KeyId": id, "SigningAlgorithm": "RSASSA_PSS_SHA_256", "Message": message });
    let mut verify = sign(&symmetric);
    verify["Signature"] = json!("AAAA");
    let mac_of = json!({ "KeyId": symmetric, "MacAlgorithm": "HMAC_SHA_256", "Message": message });
    vec![
        ("generate-mac-invalid-key-id", case.ask("GenerateMac", &mac_of)),
        ("sign-invalid-key-id", case.ask("Sign", &sign(&mac))),
        ("verify-invalid-key-id", case.ask("Verify", &verify)),
        ("encrypt-invalid-key-id", case.ask("Encrypt", &json!({ "KeyId": signs, "Plaintext": message }))),
        ("decrypt-invalid-key-id", case.ask("Decrypt", &json!({ "KeyId": mac, "CiphertextBlob": sealed }))),
    ]
}

fn re_encrypted(case: &Case, parameters: &str) -> Steps {
    let (spec, algorithm) = two(parameters);
    let (source, target) = (case.kind(spec, "ENCRYPT_DECRYPT"), case.kind(spec, "ENCRYPT_DECRYPT"));
    let seal = json!({ "KeyId": source, "EncryptionAlgorithm": algorithm, "Plaintext": blob("test") });
    let sealed = case.done("Encrypt", &seal)["CiphertextBlob"].clone();
    let moved = case.ask(
        "ReEncrypt",
        &json!({
            "CiphertextBlob": sealed, "SourceKeyId": source, "SourceEncryptionAlgorithm": algorithm,
            "DestinationKeyId": target, "DestinationEncryptionAlgorithm": algorithm,
        }),
    );
    vec![("test_re_encrypt", moved)]
}

fn agreed(case: &Case) -> Steps {
    let id = case.kind("ECC_NIST_P256", "KEY_AGREEMENT");
    let ours = PrivateKey::generate(&agreement::ECDH_P256).unwrap();
    let public = ours.compute_public_key().unwrap();
    let public = AsDer::<PublicKeyX509Der<'_>>::as_der(&public).unwrap();
    let input = json!({ "KeyId": id, "KeyAgreementAlgorithm": "ECDH", "PublicKey": blob(public.as_ref()) });
    let derived = case.ask("DeriveSharedSecret", &input);
    let theirs = bytes(&case.done("GetPublicKey", &json!({ "KeyId": id }))["PublicKey"]);
    let peer = agreement::UnparsedPublicKey::new(&agreement::ECDH_P256, theirs);
    let secret = agreement::agree(&ours, peer, (), |secret| Ok(secret.to_vec())).unwrap();
    assert_eq!(bytes(&derived["SharedSecret"]), secret);
    vec![("derived-shared-key-resp", derived)]
}

fn data_keys(case: &Case, base: &str) -> Option<Steps> {
    let id = case.id(&json!({}));
    let ask = |operation: &str, more: Value| {
        let mut input = more;
        input["KeyId"] = json!(id);
        input[if operation.contains("Pair") { "KeyPairSpec" } else { "KeySpec" }] =
            json!(if operation.contains("Pair") { "RSA_2048" } else { "AES_256" });
        case.ask(operation, &input)
    };
    let dry = json!({ "DryRun": true });
    let opened_bare = |operation: &str| {
        let made = ask(operation, json!({ "EncryptionContext": { "context-key": "context-value" } }));
        case.ask("Decrypt", &json!({ "KeyId": id, "CiphertextBlob": made["PrivateKeyCiphertextBlob"] }))
    };
    Some(match base {
        "test_generate_data_key" => vec![("generate-data-key-result", ask("GenerateDataKey", json!({})))],
        "test_generate_data_key_without_plaintext" => {
            vec![("generate-data-key-without-plaintext", ask("GenerateDataKeyWithoutPlaintext", json!({})))]
        }
        "test_generate_data_key_pair" => vec![("generate-data-key-pair", ask("GenerateDataKeyPair", json!({})))],
        "test_generate_data_key_pair_without_plaintext" => {
            let made = ask("GenerateDataKeyPairWithoutPlaintext", json!({}));
            vec![("generate-data-key-pair-without-plaintext", made)]
        }
        "test_generate_data_key_dry_run" => vec![("dryrun_exception", ask("GenerateDataKey", dry))],
        "test_generate_data_key_without_plaintext_dry_run" => {
            vec![("dryrun_exception", ask("GenerateDataKeyWithoutPlaintext", dry))]
        }
        "test_generate_data_key_pair_dry_run" => vec![("dryrun_exception", ask("GenerateDataKeyPair", dry))],
        "test_generate_data_key_pair_without_plaintext_dry_run" => {
            vec![("dryrun_exception", ask("GenerateDataKeyPairWithoutPlaintext", dry))]
        }
        "test_encryption_context_generate_data_key_pair" => {
            vec![("decrypt-without-encryption-context", opened_bare("GenerateDataKeyPair"))]
        }
        "test_encryption_context_generate_data_key_pair_without_plaintext" => {
            vec![("decrypt-without-encryption-context", opened_bare("GenerateDataKeyPairWithoutPlaintext"))]
        }
        _ => return None,
    })
}
