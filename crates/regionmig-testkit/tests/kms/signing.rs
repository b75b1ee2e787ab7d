//! What the world's keys do besides symmetric encryption.

use std::collections::BTreeSet;

use aws_lc_rs::agreement::{self, PrivateKey};
use aws_lc_rs::digest;
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rsa::{OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey, PublicEncryptingKey};
use aws_lc_rs::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use regionmig_core::End;
use regionmig_testkit::World;
use serde_json::{Value, json};

use crate::support::{self, arn, away, blob, call, client, code, here, refused};

const TEXT: &[u8] = b"test message !%$@ 1234567890";

fn bytes(value: &Value) -> Vec<u8> {
    STANDARD.decode(value.as_str().unwrap()).unwrap()
}

/// Spec, algorithm, digest, and what verifies a signature outside of the world.
fn signing() -> Vec<(&'static str, &'static str, &'static digest::Algorithm, &'static dyn VerificationAlgorithm)> {
    vec![
        ("RSA_2048", "RSASSA_PSS_SHA_256", &digest::SHA256, &signature::RSA_PSS_2048_8192_SHA256),
        ("RSA_2048", "RSASSA_PSS_SHA_384", &digest::SHA384, &signature::RSA_PSS_2048_8192_SHA384),
        ("RSA_3072", "RSASSA_PSS_SHA_512", &digest::SHA512, &signature::RSA_PSS_2048_8192_SHA512),
        ("RSA_2048", "RSASSA_PKCS1_V1_5_SHA_256", &digest::SHA256, &signature::RSA_PKCS1_2048_8192_SHA256),
        ("RSA_2048", "RSASSA_PKCS1_V1_5_SHA_384", &digest::SHA384, &signature::RSA_PKCS1_2048_8192_SHA384),
        ("RSA_4096", "RSASSA_PKCS1_V1_5_SHA_512", &digest::SHA512, &signature::RSA_PKCS1_2048_8192_SHA512),
        ("ECC_NIST_P256", "ECDSA_SHA_256", &digest::SHA256, &signature::ECDSA_P256_SHA256_ASN1),
        ("ECC_NIST_P384", "ECDSA_SHA_384", &digest::SHA384, &signature::ECDSA_P384_SHA384_ASN1),
        ("ECC_NIST_P521", "ECDSA_SHA_512", &digest::SHA512, &signature::ECDSA_P521_SHA512_ASN1),
        ("ECC_SECG_P256K1", "ECDSA_SHA_256", &digest::SHA256, &signature::ECDSA_P256K1_SHA256_ASN1),
    ]
}

#[test]
fn signatures_are_real_and_are_checked() {
    let world = World::new();
    for (spec, algorithm, hash, verification) in signing() {
        let id = world.kms(&here()).spec(spec).usage("SIGN_VERIFY").make();
        let public = bytes(&call(&world, &here(), "GetPublicKey", json!({ "KeyId": id }))["PublicKey"]);
        let hashed = digest::digest(hash, TEXT);
        let ask = |operation: &str, message: &[u8], kind: &str, signed: Option<&[u8]>| {
            let mut input = json!({
                "KeyId": id, "SigningAlgorithm": algorithm, "Message": blob(message), "MessageType": kind,
            });
            if let Some(signed) = signed {
                input["Signature"] = blob(signed);
            }
            let asked = world.ask(&here(), &format!("kms:{operation}"), input);
            asked.map_err(|refusal| (refusal.code, refusal.message))
        };
        for (message, kind) in [(TEXT, "RAW"), (hashed.as_ref(), "DIGEST")] {
            let signed = ask("Sign", message, kind, None).unwrap();
            assert_eq!((&signed["KeyId"], &signed["SigningAlgorithm"]), (&json!(id), &json!(algorithm)));
            let signed = bytes(&signed["Signature"]);
            UnparsedPublicKey::new(verification, &public).verify(TEXT, &signed).unwrap();
            for (message, kind) in [(TEXT, "RAW"), (hashed.as_ref(), "DIGEST")] {
                let verified = ask("Verify", message, kind, Some(&signed)).unwrap();
                assert_eq!(verified["SignatureValid"], json!(true), "{spec} {algorithm} {kind}");
            }
            let wrong = Err(("KMSInvalidSignatureException".to_owned(), String::new()));
            assert_eq!(ask("Verify", b"bad message", "RAW", Some(&signed)), wrong);
            assert_eq!(ask("Verify", TEXT, "RAW", Some(b"bad signature")), wrong);
        }
        let message = format!("Digest is invalid length for algorithm {algorithm}.");
        assert_eq!(ask("Sign", TEXT, "DIGEST", None), Err(("ValidationException".into(), message)));
    }
}

#[test]
fn edwards_and_lattice_keys_sign_raw_messages() {
    let world = World::new();
    for (spec, algorithm, verification) in [
        ("ECC_NIST_EDWARDS25519", "ED25519_SHA_512", &signature::ED25519 as &dyn VerificationAlgorithm),
        ("ML_DSA_44", "ML_DSA_SHAKE_256", &signature::ML_DSA_44),
        ("ML_DSA_65", "ML_DSA_SHAKE_256", &signature::ML_DSA_65),
        ("ML_DSA_87", "ML_DSA_SHAKE_256", &signature::ML_DSA_87),
    ] {
        let id = world.kms(&here()).spec(spec).make();
        let input = json!({ "KeyId": id, "SigningAlgorithm": algorithm, "Message": blob(TEXT) });
        let signed = call(&world, &here(), "Sign", input.clone())["Signature"].clone();
        let public = bytes(&call(&world, &here(), "GetPublicKey", json!({ "KeyId": id }))["PublicKey"]);
        UnparsedPublicKey::new(verification, &public).verify(TEXT, &bytes(&signed)).unwrap();
        let mut verify = input.clone();
        verify["Signature"] = signed;
        assert_eq!(call(&world, &here(), "Verify", verify.clone())["SignatureValid"], json!(true));
        verify["Message"] = blob("another");
        assert_eq!(code(&world, &here(), "Verify", verify), "KMSInvalidSignatureException");
        let mut digest = input;
        digest["MessageType"] = json!("DIGEST");
        let message = format!("Message type DIGEST is incompatible with key spec {spec}.");
        assert_eq!(refused(&world, &here(), "Sign", digest), ("ValidationException".into(), message));
    }
    // As measured at AWS.
    let ml_dsa = world.kms(&here()).spec("ML_DSA_44").make();
    assert_eq!(bytes(&call(&world, &here(), "GetPublicKey", json!({ "KeyId": ml_dsa }))["PublicKey"]).len(), 1334);
    // These would work at AWS; here they say that they do not.
    let ed25519 = world.kms(&here()).spec("ECC_NIST_EDWARDS25519").make();
    for (id, algorithm, kind, length) in
        [(ml_dsa, "ML_DSA_SHAKE_256", "EXTERNAL_MU", 64), (ed25519, "ED25519_PH_SHA_512", "DIGEST", 64)]
    {
        let message = blob(vec![1; length]);
        let input = json!({ "KeyId": id, "SigningAlgorithm": algorithm, "Message": message, "MessageType": kind });
        assert_eq!(code(&world, &here(), "Sign", input), "NotInThisWorld");
    }
}

#[test]
fn codes_are_real_and_are_checked() {
    let world = World::new();
    for (bits, length) in [(224, 28), (256, 32), (384, 48), (512, 64)] {
        let (spec, algorithm) = (format!("HMAC_{bits}"), format!("HMAC_SHA_{bits}"));
        let id = world.kms(&here()).spec(&spec).make();
        let input = json!({ "KeyId": id, "MacAlgorithm": algorithm, "Message": blob(TEXT) });
        let made = call(&world, &here(), "GenerateMac", input.clone());
        assert_eq!(bytes(&made["Mac"]).len(), length);
        let mut verify = input.clone();
        verify["Mac"] = made["Mac"].clone();
        assert_eq!(call(&world, &here(), "VerifyMac", verify.clone())["MacValid"], json!(true));
        verify["Message"] = blob("another");
        assert_eq!(refused(&world, &here(), "VerifyMac", verify), ("KMSInvalidMacException".into(), String::new()));
        let wrong = if bits == 512 { "HMAC_SHA_256" } else { "HMAC_SHA_512" };
        let mut other = input;
        other["MacAlgorithm"] = json!(wrong);
        let message = format!("Algorithm {wrong} is incompatible with key spec {spec}.");
        assert_eq!(refused(&world, &here(), "GenerateMac", other), ("InvalidKeyUsageException".into(), message));
    }
}

#[test]
fn rsa_encrypts_as_much_as_fits() {
    let world = World::new();
    for (spec, most) in [("RSA_2048", [214, 190]), ("RSA_3072", [342, 318]), ("RSA_4096", [470, 446])] {
        let id = world.kms(&here()).spec(spec).usage("ENCRYPT_DECRYPT").make();
        for (algorithm, most) in ["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"].into_iter().zip(most) {
            let input = |length: usize| json!({ "KeyId": id, "EncryptionAlgorithm": algorithm, "Plaintext": blob(vec![7; length]) });
            let sealed = call(&world, &here(), "Encrypt", input(most));
            assert_eq!(sealed["EncryptionAlgorithm"], json!(algorithm));
            let open = json!({
                "KeyId": id, "EncryptionAlgorithm": algorithm, "CiphertextBlob": sealed["CiphertextBlob"],
            });
            let opened = call(&world, &here(), "Decrypt", open.clone());
            assert_eq!(bytes(&opened["Plaintext"]), vec![7; most]);
            assert!(opened.get("KeyMaterialId").is_none());
            let message =
                format!("Algorithm {algorithm} and key spec {spec} cannot encrypt data larger than {most} bytes.");
            let refusal = refused(&world, &here(), "Encrypt", input(most + 1));
            assert_eq!(refusal, ("ValidationException".into(), message));
            // It says neither its key nor its algorithm.
            let mut nameless = open.clone();
            nameless.as_object_mut().unwrap().remove("KeyId");
            assert_eq!(code(&world, &here(), "Decrypt", nameless), "InvalidCiphertextException");
            let mut default = open;
            default.as_object_mut().unwrap().remove("EncryptionAlgorithm");
            assert_eq!(code(&world, &here(), "Decrypt", default), "InvalidKeyUsageException");
        }
    }
}

#[test]
fn what_was_encrypted_outside_is_decrypted_and_re_encrypted() {
    let world = World::new();
    let id = world.kms(&here()).spec("RSA_2048").usage("ENCRYPT_DECRYPT").make();
    let public = bytes(&call(&world, &here(), "GetPublicKey", json!({ "KeyId": id }))["PublicKey"]);
    let key = OaepPublicEncryptingKey::new(PublicEncryptingKey::from_der(&public).unwrap()).unwrap();
    let mut room = vec![0; key.ciphertext_size()];
    let sealed = key.encrypt(&OAEP_SHA256_MGF1SHA256, b"x", &mut room, None).unwrap().to_vec();
    let symmetric = support::key(&world, &here());
    let moved = call(
        &world,
        &here(),
        "ReEncrypt",
        json!({
            "CiphertextBlob": blob(&sealed), "SourceKeyId": id, "SourceEncryptionAlgorithm": "RSAES_OAEP_SHA_256",
            "DestinationKeyId": symmetric,
        }),
    );
    assert_eq!(moved["SourceEncryptionAlgorithm"], json!("RSAES_OAEP_SHA_256"));
    assert!(moved.get("SourceKeyMaterialId").is_none() && moved.get("DestinationKeyMaterialId").is_some());
    let opened = call(&world, &here(), "Decrypt", json!({ "CiphertextBlob": moved["CiphertextBlob"] }));
    assert_eq!(opened["Plaintext"], blob("x"));
    let back = call(
        &world,
        &here(),
        "ReEncrypt",
        json!({
            "CiphertextBlob": moved["CiphertextBlob"], "DestinationKeyId": id,
            "DestinationEncryptionAlgorithm": "RSAES_OAEP_SHA_1",
        }),
    );
    let input =
        json!({ "KeyId": id, "EncryptionAlgorithm": "RSAES_OAEP_SHA_1", "CiphertextBlob": back["CiphertextBlob"] });
    assert_eq!(call(&world, &here(), "Decrypt", input)["Plaintext"], blob("x"));
}

#[test]
fn two_parties_agree_on_a_secret() {
    let world = World::new();
    for (spec, algorithm) in [
        ("ECC_NIST_P256", &agreement::ECDH_P256),
        ("ECC_NIST_P384", &agreement::ECDH_P384),
        ("ECC_NIST_P521", &agreement::ECDH_P521),
    ] {
        let id = world.kms(&here()).spec(spec).usage("KEY_AGREEMENT").make();
        let ours = PrivateKey::generate(algorithm).unwrap();
        let public = ours.compute_public_key().unwrap();
        let public = AsDer::<PublicKeyX509Der<'_>>::as_der(&public).unwrap();
        let derived = call(
            &world,
            &here(),
            "DeriveSharedSecret",
            json!({
                "KeyId": id, "KeyAgreementAlgorithm": "ECDH", "PublicKey": blob(public.as_ref()),
            }),
        );
        assert_eq!((&derived["KeyOrigin"], &derived["KeyId"]), (&json!("AWS_KMS"), &json!(id)));
        let theirs = bytes(&call(&world, &here(), "GetPublicKey", json!({ "KeyId": id }))["PublicKey"]);
        let peer = agreement::UnparsedPublicKey::new(algorithm, theirs);
        let secret = agreement::agree(&ours, peer, (), |secret| Ok(secret.to_vec())).unwrap();
        assert_eq!(bytes(&derived["SharedSecret"]), secret);
        let wrong = json!({ "KeyId": id, "KeyAgreementAlgorithm": "ECDH", "PublicKey": blob("no key") });
        assert_eq!(code(&world, &here(), "DeriveSharedSecret", wrong), "ValidationException");
    }
}

#[test]
fn a_key_that_signs_decrypts_nothing() {
    let world = World::new();
    let id = world.kms(&here()).spec("RSA_2048").usage("SIGN_VERIFY").make();
    let input = json!({ "KeyId": id, "EncryptionAlgorithm": "RSAES_OAEP_SHA_256", "CiphertextBlob": blob([1; 256]) });
    let message = format!("{id} key usage is SIGN_VERIFY which is not valid for Decrypt.");
    assert_eq!(refused(&world, &here(), "Decrypt", input), ("InvalidKeyUsageException".into(), message));
}

#[tokio::test]
async fn secrets_are_encapsulated() {
    let world = World::new();
    for spec in ["ML_KEM_512", "ML_KEM_768", "ML_KEM_1024"] {
        let id = world.kms(&here()).spec(spec).make();
        let made = call(&world, &here(), "Encapsulate", json!({ "KeyId": id, "EncapsulationAlgorithm": "ML_KEM" }));
        let open = json!({
            "KeyId": id, "EncapsulationAlgorithm": "ML_KEM",
            "SharedSecretCiphertextBlob": made["SharedSecretCiphertextBlob"],
        });
        let opened = call(&world, &here(), "Decapsulate", open.clone());
        assert_eq!((bytes(&opened["SharedSecret"]).len(), &opened["SharedSecret"]), (32, &made["SharedSecret"]));
        let mut broken = open;
        broken["SharedSecretCiphertextBlob"] = blob("short");
        assert_eq!(code(&world, &here(), "Decapsulate", broken), "InvalidCiphertextException");
        let public = call(&world, &here(), "GetPublicKey", json!({ "KeyId": id }));
        assert_eq!(public["EncapsulationAlgorithms"], json!(["ML_KEM"]));
        let expected = match spec {
            "ML_KEM_512" => 800,
            "ML_KEM_768" => 1184,
            _ => 1568,
        };
        assert_eq!(bytes(&public["PublicKey"]).len(), expected + 22);
    }
}

#[test]
fn data_key_pairs_open_to_what_they_are() {
    let world = World::new();
    let id = support::key(&world, &here());
    for spec in [
        "RSA_2048",
        "ECC_NIST_P256",
        "ECC_NIST_P384",
        "ECC_NIST_P521",
        "ECC_SECG_P256K1",
        "ECC_NIST_EDWARDS25519",
        "ML_KEM_768",
    ] {
        let input = json!({ "KeyId": id, "KeyPairSpec": spec, "EncryptionContext": { "a": "b" } });
        let made = call(&world, &here(), "GenerateDataKeyPair", input.clone());
        let open = json!({ "CiphertextBlob": made["PrivateKeyCiphertextBlob"], "EncryptionContext": { "a": "b" } });
        let opened = call(&world, &here(), "Decrypt", open);
        assert_eq!(
            (&opened["Plaintext"], &opened["KeyMaterialId"]),
            (&made["PrivateKeyPlaintext"], &made["KeyMaterialId"])
        );
        let bare = json!({ "CiphertextBlob": made["PrivateKeyCiphertextBlob"] });
        assert_eq!(refused(&world, &here(), "Decrypt", bare), ("InvalidCiphertextException".into(), String::new()));
        let without = call(&world, &here(), "GenerateDataKeyPairWithoutPlaintext", input);
        assert!(without.get("PrivateKeyPlaintext").is_none());
        assert_ne!(without["PublicKey"], made["PublicKey"], "{spec}");
    }
    let rsa = world.kms(&here()).spec("RSA_2048").usage("ENCRYPT_DECRYPT").make();
    let input = json!({ "KeyId": rsa, "KeyPairSpec": "RSA_2048" });
    assert_eq!(code(&world, &here(), "GenerateDataKeyPair", input), "InvalidKeyUsageException");
}

#[test]
fn related_keys_share_their_key_pair_and_others_do_not() {
    let world = World::new();
    for spec in ["RSA_2048", "ECC_NIST_P256", "ECC_NIST_EDWARDS25519", "ML_DSA_44", "ML_KEM_768"] {
        let mut seen = BTreeSet::new();
        for _ in 0..3 {
            let id = world.kms(&here()).spec(spec).replica_in(&away().region).make().id().to_owned();
            let public = |end: &End| call(&world, end, "GetPublicKey", json!({ "KeyId": id }))["PublicKey"].clone();
            assert_eq!(public(&here()), public(&away()));
            assert_eq!(
                public(&here()),
                world.fork().ask(&here(), "kms:GetPublicKey", json!({ "KeyId": id })).unwrap()["PublicKey"]
            );
            seen.insert(public(&here()).to_string());
        }
        assert_eq!(seen.len(), 3, "{spec}");
    }
    let mac = world.kms(&here()).spec("HMAC_256").replica_in(&away().region).make().id().to_owned();
    let input = json!({ "KeyId": mac, "MacAlgorithm": "HMAC_SHA_256", "Message": blob(TEXT) });
    let mut made = call(&world, &here(), "GenerateMac", input.clone());
    let mut verify = input;
    verify["Mac"] = made["Mac"].take();
    call(&world, &away(), "VerifyMac", verify);
}

/// Operation, spec and usage of its key, and the input besides the key.
fn operations() -> Vec<(&'static str, &'static str, &'static str, Value)> {
    let mac = json!({ "MacAlgorithm": "HMAC_SHA_256", "Message": "AAAA" });
    let sign = json!({ "SigningAlgorithm": "ECDSA_SHA_256", "Message": "AAAA" });
    let with = |input: &Value, member: &str| {
        let mut input = input.clone();
        input[member] = json!("AAAA");
        input
    };
    let peer = PrivateKey::generate(&agreement::ECDH_P256).unwrap().compute_public_key().unwrap();
    let peer = AsDer::<PublicKeyX509Der<'_>>::as_der(&peer).unwrap().as_ref().to_vec();
    let kem = json!({ "EncapsulationAlgorithm": "ML_KEM" });
    let mut opens = kem.clone();
    opens["SharedSecretCiphertextBlob"] = blob(vec![1; 1088]);
    vec![
        ("GenerateMac", "HMAC_256", "GENERATE_VERIFY_MAC", mac.clone()),
        ("VerifyMac", "HMAC_256", "GENERATE_VERIFY_MAC", with(&mac, "Mac")),
        ("Sign", "ECC_NIST_P256", "SIGN_VERIFY", sign.clone()),
        ("Verify", "ECC_NIST_P256", "SIGN_VERIFY", with(&sign, "Signature")),
        (
            "DeriveSharedSecret",
            "ECC_NIST_P256",
            "KEY_AGREEMENT",
            json!({ "KeyAgreementAlgorithm": "ECDH", "PublicKey": blob(peer) }),
        ),
        ("Encapsulate", "ML_KEM_768", "ENCAPSULATE_DECAPSULATE", kem),
        ("Decapsulate", "ML_KEM_768", "ENCAPSULATE_DECAPSULATE", opens),
        ("GenerateDataKeyPair", "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", json!({ "KeyPairSpec": "ECC_NIST_P256" })),
        (
            "GenerateDataKeyPairWithoutPlaintext",
            "SYMMETRIC_DEFAULT",
            "ENCRYPT_DECRYPT",
            json!({ "KeyPairSpec": "RSA_2048" }),
        ),
    ]
}

#[test]
fn each_operation_has_its_usage_its_dry_run_and_its_states() {
    for (operation, spec, usage, input) in operations() {
        let world = World::new();
        let id = world.kms(&here()).spec(spec).usage(usage).make();
        let ask = |key: &str, dry: bool| {
            let mut input = input.clone();
            (input["KeyId"], input["DryRun"]) = (json!(key), json!(dry));
            world.ask(&here(), &format!("kms:{operation}"), input).map_err(|refusal| (refusal.code, refusal.message))
        };
        let dry = "The request would have succeeded, but the DryRun option is set.".to_owned();
        assert_eq!(ask(id.as_str(), true), Err(("DryRunOperationException".into(), dry)), "{operation}");
        assert!(world.kms_keys(&here())[0].last_used.is_none());
        let other = if usage == "SIGN_VERIFY" { "HMAC_256" } else { "ECC_SECG_P256K1" };
        let other = world.kms(&here()).spec(other).make();
        let held = if usage == "SIGN_VERIFY" { "GENERATE_VERIFY_MAC" } else { "SIGN_VERIFY" };
        let message = format!("{other} key usage is {held} which is not valid for {operation}.");
        assert_eq!(ask(other.as_str(), false), Err(("InvalidKeyUsageException".into(), message)));
        assert_eq!(ask("key_id", false).unwrap_err(), ("NotFoundException".into(), "Invalid keyId 'key_id'".into()));
        call(&world, &here(), "DisableKey", json!({ "KeyId": id }));
        assert_eq!(ask(id.as_str(), false).unwrap_err().0, "DisabledException", "{operation}");
        call(&world, &here(), "ScheduleKeyDeletion", json!({ "KeyId": id }));
        assert_eq!(ask(id.as_str(), true).unwrap_err().0, "KMSInvalidStateException", "{operation}");
    }
}

#[tokio::test]
async fn public_keys_are_told_by_any_name_and_across_accounts() {
    let world = World::new();
    let policy = json!({ "Statement": [{ "Effect": "Allow", "Principal": { "AWS": "*" }, "Action": "kms:*", "Resource": "*" }] });
    let seed = world.kms(&here()).spec("ECC_NIST_P256").usage("SIGN_VERIFY").alias("alias/signs");
    let id = seed.policy(&policy.to_string()).make();
    let told = client(&world, &here()).get_public_key().key_id("alias/signs").send().await.unwrap();
    assert_eq!(told.key_id.as_deref(), Some(arn(&here(), id.id()).as_str()));
    assert_eq!(told.signing_algorithms().len(), 1);
    let stranger: End = "444455556666/eu-central-1".parse().unwrap();
    let same = client(&world, &stranger).get_public_key().key_id(id.as_str()).send().await.unwrap();
    assert_eq!(told.public_key, same.public_key);
    assert!(world.kms_keys(&here())[0].last_used.is_none());
    for spec in ["SYMMETRIC_DEFAULT", "HMAC_256"] {
        let id = world.kms(&here()).spec(spec).make();
        assert_eq!(code(&world, &here(), "GetPublicKey", json!({ "KeyId": id })), "UnsupportedOperationException");
    }
}
