//! Rotation: by the calendar, on demand, and of what it is refused.

use regionmig_testkit::World;
use serde_json::{Value, json};

use crate::support::{call, code, days, here, key, refused};

#[test]
fn rotation_goes_by_the_calendar() {
    let (world, here) = (World::new(), here());
    let id = key(&world, &here);
    let status = || call(&world, &here, "GetKeyRotationStatus", json!({ "KeyId": id }));
    assert_eq!(status(), json!({ "KeyId": id, "KeyRotationEnabled": false }));
    let next = |status: &Value| status["NextRotationDate"].as_f64().unwrap();
    let in_days = |n: u32| f64::from(u32::try_from(world.clock().now().as_second()).unwrap() + n * 86_400);
    call(&world, &here, "EnableKeyRotation", json!({ "KeyId": id }));
    assert_eq!((status()["RotationPeriodInDays"].clone(), next(&status())), (json!(365), in_days(365)));
    call(&world, &here, "EnableKeyRotation", json!({ "KeyId": id, "RotationPeriodInDays": 90 }));
    let before = status();
    assert_eq!(next(&before), in_days(90));
    let material = || world.kms_keys(&here)[0].material.clone();
    let first = material();
    world.clock().advance(days(89));
    // The same again changes nothing.
    call(&world, &here, "EnableKeyRotation", json!({ "KeyId": id, "RotationPeriodInDays": 90 }));
    assert_eq!((status(), material()), (before, first.clone()));
    world.clock().advance(days(92));
    assert_eq!(next(&status()), in_days(89));
    let rotations = call(&world, &here, "ListKeyRotations", json!({ "KeyId": id }))["Rotations"].clone();
    assert_eq!(rotations.as_array().unwrap().len(), 2);
    assert_eq!(rotations[0]["KeyMaterialId"], json!(material()));
    assert!(rotations[0]["RotationDate"].as_f64() > rotations[1]["RotationDate"].as_f64());
    assert_eq!(
        (&rotations[0]["RotationType"], &rotations[0]["KeyMaterialState"]),
        (&json!("AUTOMATIC"), &json!("CURRENT"))
    );
    let all = json!({ "KeyId": id, "IncludeKeyMaterial": "ALL_KEY_MATERIAL" });
    let all = call(&world, &here, "ListKeyRotations", all)["Rotations"].clone();
    assert_eq!(all[2], json!({ "KeyId": id, "KeyMaterialId": first, "KeyMaterialState": "NON_CURRENT" }));
    call(&world, &here, "DisableKeyRotation", json!({ "KeyId": id }));
    world.clock().advance(days(1000));
    assert_eq!(world.kms_keys(&here)[0].rotations, 2);
}

#[test]
fn a_disabled_key_is_rotated_when_it_is_enabled_again() {
    let (world, here) = (World::new(), here());
    let id = world.kms(&here).rotation(90).make().id().to_owned();
    call(&world, &here, "DisableKey", json!({ "KeyId": id }));
    world.clock().advance(days(200));
    assert_eq!(world.kms_keys(&here)[0].rotations, 0);
    call(&world, &here, "EnableKey", json!({ "KeyId": id }));
    assert_eq!(world.kms_keys(&here)[0].rotations, 1);
    world.clock().advance(days(89));
    assert_eq!(world.kms_keys(&here)[0].rotations, 1);
    world.clock().advance(days(1));
    assert_eq!(world.kms_keys(&here)[0].rotations, 2);
}

#[test]
fn rotation_on_demand_takes_its_time() {
    let (world, here) = (World::new(), here());
    let id = key(&world, &here);
    let rotate = || world.ask(&here, "kms:RotateKeyOnDemand", json!({ "KeyId": id }));
    let before = world.kms_keys(&here)[0].material.clone();
    assert_eq!(rotate().unwrap(), json!({ "KeyId": id }));
    assert_eq!(rotate().unwrap_err().code, "ConflictException");
    let status = || call(&world, &here, "GetKeyRotationStatus", json!({ "KeyId": id }));
    assert!(status()["OnDemandRotationStartDate"].is_number());
    assert_eq!(world.kms_keys(&here)[0].material, before);
    for n in 1..=25 {
        world.clock().advance(std::time::Duration::from_secs(5));
        assert_eq!(status(), json!({ "KeyId": id, "KeyRotationEnabled": false }));
        assert_eq!(world.kms_keys(&here)[0].rotations, n);
        match n {
            25 => assert_eq!(rotate().unwrap_err().code, "LimitExceededException"),
            _ => drop(rotate().unwrap()),
        }
    }
    let rotations = call(&world, &here, "ListKeyRotations", json!({ "KeyId": id }));
    assert_eq!(rotations["Rotations"][0]["RotationType"], json!("ON_DEMAND"));
    assert_ne!(world.kms_keys(&here)[0].material, before);
}

#[test]
fn only_symmetric_keys_of_kms_itself_are_rotated() {
    let (world, here) = (World::new(), here());
    let hmac = world.kms(&here).spec("HMAC_256").make();
    let imported = world.kms(&here).imported(true).make();
    let stored = world.kms(&here).origin("AWS_CLOUDHSM").custom_key_store("cks-1").make();
    for operation in ["EnableKeyRotation", "DisableKeyRotation"] {
        for key in [&hmac, &imported, &stored] {
            assert_eq!(code(&world, &here, operation, json!({ "KeyId": key })), "UnsupportedOperationException");
        }
    }
    for operation in ["RotateKeyOnDemand", "GetKeyRotationStatus", "ListKeyRotations"] {
        assert_eq!(code(&world, &here, operation, json!({ "KeyId": hmac })), "UnsupportedOperationException");
    }
    let message = format!("No available key material pending rotation for the key: {imported}.");
    let refusal = refused(&world, &here, "RotateKeyOnDemand", json!({ "KeyId": imported }));
    assert_eq!(refusal, ("KMSInvalidStateException".into(), message));
}
