//! Imported key material.

use std::time::Duration;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_sdk_kms::primitives::{Blob, DateTime};
use aws_sdk_kms::types::{AlgorithmSpec, ExpirationModelType, WrappingKeySpec};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use regionmig_core::End;
use regionmig_testkit::World;
use serde_json::{Value, json};

use crate::support::{self, arn, away, blob, call, client, code, created, days, here, refused, sdk_code, state};
use crate::wrapping::wrap;

const MATERIAL: [u8; 32] = [7; 32];
const OTHER: [u8; 32] = [8; 32];

/// What an import of `material` says, but for the expiry.
fn wrapped(world: &World, end: &End, id: &str, algorithm: &str, spec: &str, material: &[u8]) -> Value {
    let input = json!({ "KeyId": id, "WrappingAlgorithm": algorithm, "WrappingKeySpec": spec });
    let parameters = call(world, end, "GetParametersForImport", input);
    assert_eq!(parameters["KeyId"], json!(arn(end, id)));
    let public = STANDARD.decode(parameters["PublicKey"].as_str().unwrap()).unwrap();
    json!({
        "KeyId": id, "ImportToken": parameters["ImportToken"],
        "EncryptedKeyMaterial": blob(wrap(&public, algorithm, material)),
    })
}

fn for_ever(mut input: Value) -> Value {
    input["ExpirationModel"] = json!("KEY_MATERIAL_DOES_NOT_EXPIRE");
    input
}

/// Imports for ever; returns the answer, or the code of the refusal.
fn import(world: &World, end: &End, id: &str, material: &[u8]) -> Result<Value, String> {
    let input = for_ever(wrapped(world, end, id, "RSAES_OAEP_SHA_256", "RSA_2048", material));
    world.ask(end, "kms:ImportKeyMaterial", input).map_err(|refusal| refusal.code)
}

fn external(world: &World) -> String {
    created(world, &here(), json!({ "Origin": "EXTERNAL" }))
}

fn encrypt(world: &World, end: &End, id: &str) -> String {
    let sealed = call(world, end, "Encrypt", json!({ "KeyId": id, "Plaintext": "AAAA" }));
    sealed["CiphertextBlob"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn material_is_imported_through_the_sdk_and_expires() {
    let (world, here) = (World::new(), here());
    let (kms, id) = (client(&world, &here), external(&world));
    let parameters = kms
        .get_parameters_for_import()
        .key_id(&id)
        .wrapping_algorithm(AlgorithmSpec::RsaAesKeyWrapSha256)
        .wrapping_key_spec(WrappingKeySpec::Rsa4096);
    let parameters = parameters.send().await.unwrap();
    let valid_to = parameters.parameters_valid_to.unwrap().secs();
    assert_eq!(valid_to - world.clock().now().as_second(), 24 * 3600);
    let public = parameters.public_key.unwrap();
    let expiry = world.clock().now().as_second() + 30 * 86_400;
    let ask = kms
        .import_key_material()
        .key_id(&id)
        .import_token(parameters.import_token.unwrap())
        .encrypted_key_material(Blob::new(wrap(public.as_ref(), "RSA_AES_KEY_WRAP_SHA_256", &MATERIAL)));
    let done = ask
        .expiration_model(ExpirationModelType::KeyMaterialExpires)
        .valid_to(DateTime::from_secs(expiry))
        .send()
        .await
        .unwrap();
    assert_eq!(done.key_id.as_deref(), Some(arn(&here, &id).as_str()));
    let metadata = kms.describe_key().key_id(&id).send().await.unwrap().key_metadata.unwrap();
    assert_eq!((metadata.enabled, metadata.current_key_material_id), (true, done.key_material_id));
    assert_eq!(metadata.expiration_model, Some(ExpirationModelType::KeyMaterialExpires));
    assert_eq!(metadata.valid_to.map(|at| at.secs()), Some(expiry));
    let sealed = kms.encrypt().key_id(&id).plaintext(Blob::new("x")).send().await.unwrap().ciphertext_blob.unwrap();
    world.clock().advance(days(30));
    assert_eq!(state(&world, &here, &id), "PendingImport");
    let opened = || kms.decrypt().ciphertext_blob(sealed.clone()).send();
    assert_eq!(sdk_code(opened().await), "KMSInvalidStateException");
    assert_eq!(import(&world, &here, &id, &OTHER), Err("IncorrectKeyMaterialException".into()));
    import(&world, &here, &id, &MATERIAL).unwrap();
    assert_eq!(opened().await.unwrap().plaintext.unwrap().as_ref(), b"x");
    let described = call(&world, &here, "DescribeKey", json!({ "KeyId": id }))["KeyMetadata"].clone();
    assert_eq!(described["ExpirationModel"], json!("KEY_MATERIAL_DOES_NOT_EXPIRE"));
    assert!(described.get("ValidTo").is_none());
}

#[test]
fn every_wrapping_carries_the_same_material() {
    let world = World::new();
    let id = external(&world);
    let mut names = std::collections::BTreeSet::new();
    for spec in ["RSA_2048", "RSA_3072", "RSA_4096"] {
        for algorithm in
            ["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256", "RSA_AES_KEY_WRAP_SHA_1", "RSA_AES_KEY_WRAP_SHA_256"]
        {
            let input = for_ever(wrapped(&world, &here(), &id, algorithm, spec, &MATERIAL));
            let done = call(&world, &here(), "ImportKeyMaterial", input);
            names.insert(done["KeyMaterialId"].to_string());
        }
    }
    assert_eq!(names.len(), 1);
    // The same material of another key has another id, and its ciphertexts are not interchangeable.
    let other = external(&world);
    names.insert(import(&world, &here(), &other, &MATERIAL).unwrap()["KeyMaterialId"].to_string());
    assert_eq!(names.len(), 2);
    let sealed = json!({ "KeyId": other, "CiphertextBlob": encrypt(&world, &here(), &id) });
    assert_eq!(code(&world, &here(), "Decrypt", sealed), "IncorrectKeyException");
    let debug = format!("{:?}", world.kms_keys(&here()));
    assert!(!debug.contains("[7, 7, 7") && !debug.contains("070707"));
}

#[test]
fn a_token_belongs_to_its_key_its_public_key_and_its_day() {
    let world = World::new();
    let id = external(&world);
    let good = for_ever(wrapped(&world, &here(), &id, "RSAES_OAEP_SHA_256", "RSA_2048", &MATERIAL));
    let refused = |input: Value| code(&world, &here(), "ImportKeyMaterial", input);
    let with = |member: &str, value: Value| {
        let mut input = good.clone();
        input[member] = value;
        input
    };
    assert_eq!(refused(with("ImportToken", blob("token"))), "InvalidImportTokenException");
    assert_eq!(refused(with("KeyId", json!(external(&world)))), "InvalidImportTokenException");
    assert_eq!(refused(with("EncryptedKeyMaterial", blob([1; 256]))), "InvalidCiphertextException");
    let other = wrapped(&world, &here(), &id, "RSAES_OAEP_SHA_1", "RSA_2048", &MATERIAL);
    assert_eq!(
        refused(with("EncryptedKeyMaterial", other["EncryptedKeyMaterial"].clone())),
        "InvalidCiphertextException"
    );
    let short = wrapped(&world, &here(), &id, "RSAES_OAEP_SHA_256", "RSA_2048", &MATERIAL[..16]);
    assert_eq!(refused(for_ever(short)), "IncorrectKeyMaterialException");
    world.clock().advance(days(1));
    assert_eq!(refused(good), "ExpiredImportTokenException");
    assert_eq!(state(&world, &here(), &id), "PendingImport");
}

#[test]
fn the_expiry_is_a_year_away_at_most_and_is_said() {
    let world = World::new();
    let id = external(&world);
    let good = wrapped(&world, &here(), &id, "RSAES_OAEP_SHA_256", "RSA_2048", &MATERIAL);
    let now = world.clock().now().as_second();
    let missing = "A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES";
    let refusal = refused(&world, &here(), "ImportKeyMaterial", good.clone());
    assert_eq!(refusal, ("ValidationException".into(), missing.into()));
    for (model, at) in [
        ("KEY_MATERIAL_EXPIRES", now),
        ("KEY_MATERIAL_EXPIRES", now + 365 * 86_400 + 1),
        ("KEY_MATERIAL_DOES_NOT_EXPIRE", now + 86_400),
    ] {
        let mut input = good.clone();
        (input["ExpirationModel"], input["ValidTo"]) = (json!(model), json!(at));
        assert_eq!(code(&world, &here(), "ImportKeyMaterial", input), "ValidationException", "{model} {at}");
    }
    let mut input = good;
    input["ValidTo"] = json!(now + 365 * 86_400);
    call(&world, &here(), "ImportKeyMaterial", input);
    let view = &world.kms_keys(&here())[0];
    assert_eq!((view.state.as_str(), view.valid_to.unwrap().as_second()), ("Enabled", now + 365 * 86_400));
}

#[test]
fn deleted_material_can_be_brought_again_and_only_that() {
    let world = World::new();
    let id = external(&world);
    let name = import(&world, &here(), &id, &MATERIAL).unwrap()["KeyMaterialId"].clone();
    let sealed = encrypt(&world, &here(), &id);
    for _ in 0..2 {
        let deleted = call(&world, &here(), "DeleteImportedKeyMaterial", json!({ "KeyId": id }));
        assert_eq!(deleted, json!({ "KeyId": arn(&here(), &id), "KeyMaterialId": name }));
        let metadata = &call(&world, &here(), "DescribeKey", json!({ "KeyId": id }))["KeyMetadata"];
        assert_eq!((&metadata["KeyState"], &metadata["CurrentKeyMaterialId"]), (&json!("PendingImport"), &name));
        assert!(metadata.get("ExpirationModel").is_none());
    }
    assert_eq!(import(&world, &here(), &id, &OTHER), Err("IncorrectKeyMaterialException".into()));
    import(&world, &here(), &id, &MATERIAL).unwrap();
    let opened = call(&world, &here(), "Decrypt", json!({ "CiphertextBlob": sealed }));
    assert_eq!(opened["Plaintext"], json!("AAAA"));
    let own = support::key(&world, &here());
    let message = format!("{} origin is AWS_KMS which is not valid for this operation.", arn(&here(), &own));
    for (operation, mut input) in [
        ("GetParametersForImport", json!({ "WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048" })),
        ("ImportKeyMaterial", json!({ "ImportToken": "AAAA", "EncryptedKeyMaterial": "AAAA" })),
        ("DeleteImportedKeyMaterial", json!({})),
    ] {
        input["KeyId"] = json!(own);
        let refusal = refused(&world, &here(), operation, input);
        assert_eq!(refusal, ("UnsupportedOperationException".into(), message.clone()), "{operation}");
    }
}

#[test]
fn a_replica_takes_the_material_of_its_primary_and_no_other() {
    let world = World::new();
    let id = created(&world, &here(), json!({ "Origin": "EXTERNAL", "MultiRegion": true }));
    let replicate = json!({ "KeyId": id, "ReplicaRegion": "us-west-2" });
    assert_eq!(code(&world, &here(), "ReplicateKey", replicate.clone()), "KMSInvalidStateException");
    let name = import(&world, &here(), &id, &MATERIAL).unwrap()["KeyMaterialId"].clone();
    let sealed = encrypt(&world, &here(), &id);
    call(&world, &here(), "ReplicateKey", replicate);
    assert_eq!(state(&world, &away(), &id), "Creating");
    world.clock().advance(Duration::from_secs(5));
    assert_eq!(state(&world, &away(), &id), "PendingImport");
    let describe = || call(&world, &away(), "DescribeKey", json!({ "KeyId": id }))["KeyMetadata"].clone();
    assert!(describe().get("CurrentKeyMaterialId").is_none());
    assert_eq!(import(&world, &away(), &id, &OTHER), Err("IncorrectKeyMaterialException".into()));
    assert_eq!(import(&world, &away(), &id, &MATERIAL).unwrap()["KeyMaterialId"], name);
    assert_eq!((&describe()["KeyState"], &describe()["CurrentKeyMaterialId"]), (&json!("Enabled"), &name));
    let opened = call(&world, &away(), "Decrypt", json!({ "CiphertextBlob": sealed }));
    assert_eq!(opened["Plaintext"], json!("AAAA"));
    // Each region's copy lives and dies by itself.
    call(&world, &here(), "DeleteImportedKeyMaterial", json!({ "KeyId": id }));
    assert_eq!(
        (state(&world, &here(), &id).as_str(), state(&world, &away(), &id).as_str()),
        ("PendingImport", "Enabled")
    );
}

#[test]
fn new_material_is_imported_everywhere_and_then_rotated_to() {
    let world = World::new();
    let id = world.kms(&here()).imported_material(&MATERIAL).replica_in(&away().region).make().id().to_owned();
    let sealed = encrypt(&world, &here(), &id);
    let new = |end: &End| {
        let mut input = for_ever(wrapped(&world, end, &id, "RSAES_OAEP_SHA_256", "RSA_2048", &OTHER));
        input["ImportType"] = json!(if *end == here() { "NEW_KEY_MATERIAL" } else { "EXISTING_KEY_MATERIAL" });
        input["KeyMaterialDescription"] = json!("2026");
        world.ask(end, "kms:ImportKeyMaterial", input).map_err(|refusal| refusal.code)
    };
    assert_eq!(new(&away()), Err("IncorrectKeyMaterialException".into()));
    let rotate = || world.ask(&here(), "kms:RotateKeyOnDemand", json!({ "KeyId": id })).map_err(|refusal| refusal.code);
    assert_eq!(rotate(), Err("KMSInvalidStateException".into()));
    let states = || -> Vec<String> {
        let input = json!({ "KeyId": id, "IncludeKeyMaterial": "ALL_KEY_MATERIAL" });
        let listed = call(&world, &here(), "ListKeyRotations", input)["Rotations"].clone();
        let all = listed.as_array().unwrap().iter();
        all.map(|one| format!("{} {}", one["KeyMaterialState"].as_str().unwrap(), one["ImportState"].as_str().unwrap()))
            .collect()
    };
    new(&here()).unwrap();
    assert_eq!(states(), ["PENDING_MULTI_REGION_IMPORT_AND_ROTATION IMPORTED", "CURRENT IMPORTED"]);
    assert_eq!(rotate(), Err("KMSInvalidStateException".into()));
    new(&away()).unwrap();
    assert_eq!(states(), ["PENDING_ROTATION IMPORTED", "CURRENT IMPORTED"]);
    // What waits is taken away from all of them at once, and can be brought again.
    let pending = new(&here()).unwrap()["KeyMaterialId"].clone();
    call(&world, &here(), "DeleteImportedKeyMaterial", json!({ "KeyId": id, "KeyMaterialId": pending }));
    assert_eq!(states(), ["CURRENT IMPORTED"]);
    assert_eq!((state(&world, &here(), &id), state(&world, &away(), &id)), ("Enabled".into(), "Enabled".into()));
    new(&here()).unwrap();
    new(&away()).unwrap();
    let before = world.kms_keys(&here())[0].material.clone();
    rotate().unwrap();
    world.clock().advance(Duration::from_secs(5));
    assert_eq!(states(), ["CURRENT IMPORTED", "NON_CURRENT IMPORTED"]);
    assert_ne!(world.kms_keys(&away())[0].material, before);
    let newer = encrypt(&world, &here(), &id);
    for blob in [&sealed, &newer] {
        call(&world, &away(), "Decrypt", json!({ "CiphertextBlob": blob }));
    }
    // A key that lacks one of its materials is out of service.
    call(&world, &here(), "DeleteImportedKeyMaterial", json!({ "KeyId": id, "KeyMaterialId": before }));
    assert_eq!(state(&world, &here(), &id), "PendingImport");
    assert_eq!(states(), ["CURRENT IMPORTED", "NON_CURRENT PENDING_IMPORT"]);
    let wrong = json!({ "KeyId": id, "KeyMaterialId": "0".repeat(64) });
    assert_eq!(code(&world, &here(), "DeleteImportedKeyMaterial", wrong), "NotFoundException");
}

#[test]
fn key_pairs_and_mac_keys_are_imported_too() {
    let world = World::new();
    let rsa = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let private: Vec<u8> = AsDer::as_der(&rsa).unwrap().as_ref().to_vec();
    let public = aws_lc_rs::signature::KeyPair::public_key(&rsa);
    let public: Vec<u8> = AsDer::<aws_lc_rs::encoding::PublicKeyX509Der<'_>>::as_der(public).unwrap().as_ref().to_vec();
    let make = |spec: &str, usage: &str| {
        created(
            &world,
            &here(),
            json!({ "Origin": "EXTERNAL", "KeySpec": spec, "KeyUsage": usage, "MultiRegion": true }),
        )
    };
    let signs = make("RSA_2048", "SIGN_VERIFY");
    let bare = json!({ "KeyId": signs, "WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_4096" });
    assert_eq!(code(&world, &here(), "GetParametersForImport", bare), "UnsupportedOperationException");
    let input = for_ever(wrapped(&world, &here(), &signs, "RSA_AES_KEY_WRAP_SHA_1", "RSA_2048", &private));
    let typed = |mut input: Value| {
        input["ImportType"] = json!("NEW_KEY_MATERIAL");
        input
    };
    assert_eq!(code(&world, &here(), "ImportKeyMaterial", typed(input.clone())), "UnsupportedOperationException");
    call(&world, &here(), "ImportKeyMaterial", input);
    let told = call(&world, &here(), "GetPublicKey", json!({ "KeyId": signs }));
    assert_eq!(told["PublicKey"], blob(public));
    let larger = make("RSA_3072", "SIGN_VERIFY");
    let input = for_ever(wrapped(&world, &here(), &larger, "RSA_AES_KEY_WRAP_SHA_256", "RSA_2048", &private));
    assert_eq!(code(&world, &here(), "ImportKeyMaterial", input), "IncorrectKeyMaterialException");

    let mac = make("HMAC_256", "GENERATE_VERIFY_MAC");
    import(&world, &here(), &mac, b"Jefe, who has at least 32 bytes.").unwrap();
    let generated = call(
        &world,
        &here(),
        "GenerateMac",
        json!({
            "KeyId": mac, "MacAlgorithm": "HMAC_SHA_256", "Message": blob("what do ya want for nothing?"),
        }),
    );
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, b"Jefe, who has at least 32 bytes.");
    let right = aws_lc_rs::hmac::sign(&key, b"what do ya want for nothing?");
    assert_eq!(generated["Mac"], blob(right.as_ref()));
    let short = make("HMAC_512", "GENERATE_VERIFY_MAC");
    assert_eq!(import(&world, &here(), &short, &MATERIAL), Err("IncorrectKeyMaterialException".into()));
    let kem = json!({ "Origin": "EXTERNAL", "KeySpec": "ML_KEM_768", "KeyUsage": "ENCAPSULATE_DECAPSULATE" });
    assert_eq!(code(&world, &here(), "CreateKey", kem), "UnsupportedOperationException");
}
