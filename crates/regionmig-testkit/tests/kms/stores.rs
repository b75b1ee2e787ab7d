//! Custom key stores.

use std::time::Duration;

use regionmig_testkit::World;
use serde_json::{Value, json};

use crate::support::{self, call, code, created, here, pages, refused, state};

const CONNECTED: Duration = Duration::from_secs(300);

fn cluster(name: &str, id: &str) -> Value {
    json!({
        "CustomKeyStoreName": name, "CloudHsmClusterId": id, "KeyStorePassword": "kmsPswd",
        "TrustAnchorCertificate": "-----BEGIN CERTIFICATE-----",
    })
}

fn proxy(name: &str, path: &str) -> Value {
    json!({
        "CustomKeyStoreName": name, "CustomKeyStoreType": "EXTERNAL_KEY_STORE",
        "XksProxyConnectivity": "PUBLIC_ENDPOINT", "XksProxyUriEndpoint": "https://xks.example.com",
        "XksProxyUriPath": path, "XksProxyAuthenticationCredential": {
            "AccessKeyId": "ABCDE234567EXAMPLE22", "RawSecretAccessKey": "a".repeat(43),
        },
    })
}

fn make(world: &World, input: Value) -> String {
    call(world, &here(), "CreateCustomKeyStore", input)["CustomKeyStoreId"].as_str().unwrap().to_owned()
}

fn connection(world: &World, id: &str) -> String {
    let found = call(world, &here(), "DescribeCustomKeyStores", json!({ "CustomKeyStoreId": id }));
    found["CustomKeyStores"][0]["ConnectionState"].as_str().unwrap().to_owned()
}

#[test]
fn a_store_is_made_connected_and_used() {
    let world = World::new();
    let store = make(&world, cluster("ours", "cluster-abcdefghijk"));
    assert_eq!(connection(&world, &store), "DISCONNECTED");
    let key = json!({ "Origin": "AWS_CLOUDHSM", "CustomKeyStoreId": store });
    assert_eq!(code(&world, &here(), "CreateKey", key.clone()), "CustomKeyStoreInvalidStateException");
    call(&world, &here(), "ConnectCustomKeyStore", json!({ "CustomKeyStoreId": store }));
    assert_eq!(connection(&world, &store), "CONNECTING");
    assert_eq!(code(&world, &here(), "CreateKey", key.clone()), "CustomKeyStoreInvalidStateException");
    world.clock().advance(CONNECTED);
    assert_eq!(connection(&world, &store), "CONNECTED");
    let made = call(&world, &here(), "CreateKey", key)["KeyMetadata"].clone();
    assert_eq!(
        (&made["CustomKeyStoreId"], &made["CloudHsmClusterId"], &made["Origin"]),
        (&json!(store), &json!("cluster-abcdefghijk"), &json!("AWS_CLOUDHSM"))
    );
    let id = &made["KeyId"];
    let sealed = call(&world, &here(), "Encrypt", json!({ "KeyId": id, "Plaintext": "AAAA" }));
    let opened = call(&world, &here(), "Decrypt", json!({ "CiphertextBlob": sealed["CiphertextBlob"] }));
    assert_eq!(opened["Plaintext"], json!("AAAA"));
    let described = call(&world, &here(), "DescribeCustomKeyStores", json!({ "CustomKeyStoreName": "ours" }));
    let described = &described["CustomKeyStores"][0];
    assert_eq!(described["TrustAnchorCertificate"], json!("-----BEGIN CERTIFICATE-----"));
    assert!(described["CreationDate"].is_number() && described["CustomKeyStoreType"] == json!("AWS_CLOUDHSM"));
}

#[test]
fn keys_of_a_store_that_is_not_connected_are_unavailable() {
    let world = World::new();
    let store = world.kms_store(&here()).make();
    let id = created(&world, &here(), json!({ "Origin": "AWS_CLOUDHSM", "CustomKeyStoreId": store }));
    let gone = world.kms(&here()).origin("AWS_CLOUDHSM").custom_key_store(&store).pending_deletion(7).make();
    call(&world, &here(), "DisconnectCustomKeyStore", json!({ "CustomKeyStoreId": store }));
    for (connection_is, after) in [("DISCONNECTING", CONNECTED), ("DISCONNECTED", CONNECTED)] {
        assert_eq!(
            (connection(&world, &store).as_str(), state(&world, &here(), &id).as_str()),
            (connection_is, "Unavailable")
        );
        world.clock().advance(after);
    }
    assert_eq!(state(&world, &here(), gone.id()), "PendingDeletion");
    for operation in ["Encrypt", "GenerateDataKey", "RotateKeyOnDemand"] {
        let input = match operation {
            "Encrypt" => json!({ "KeyId": id, "Plaintext": "AAAA" }),
            "GenerateDataKey" => json!({ "KeyId": id, "KeySpec": "AES_256" }),
            _ => json!({ "KeyId": id }),
        };
        let wanted =
            if operation == "RotateKeyOnDemand" { "UnsupportedOperationException" } else { "KMSInvalidStateException" };
        assert_eq!(code(&world, &here(), operation, input), wanted);
    }
    call(&world, &here(), "DisableKey", json!({ "KeyId": id }));
    call(&world, &here(), "TagResource", json!({ "KeyId": id, "Tags": [] }));
    call(&world, &here(), "ConnectCustomKeyStore", json!({ "CustomKeyStoreId": store }));
    world.clock().advance(CONNECTED);
    assert_eq!(state(&world, &here(), &id), "Disabled");
}

#[test]
fn external_stores_hold_each_external_key_once() {
    let world = World::new();
    let store = make(&world, proxy("theirs", "/kms/xks/v1"));
    call(&world, &here(), "ConnectCustomKeyStore", json!({ "CustomKeyStoreId": store }));
    world.clock().advance(CONNECTED);
    let key = |id: &str| json!({ "Origin": "EXTERNAL_KEY_STORE", "CustomKeyStoreId": store, "XksKeyId": id });
    let made = call(&world, &here(), "CreateKey", key("one"))["KeyMetadata"].clone();
    assert_eq!(made["XksKeyConfiguration"], json!({ "Id": "one" }));
    assert_eq!(code(&world, &here(), "CreateKey", key("one")), "XksKeyAlreadyInUseException");
    created(&world, &here(), key("two"));
    let described = call(&world, &here(), "DescribeCustomKeyStores", json!({}));
    let proxy = &described["CustomKeyStores"][0]["XksProxyConfiguration"];
    assert_eq!((&proxy["UriPath"], &proxy["AccessKeyId"]), (&json!("/kms/xks/v1"), &json!("ABCDE234567EXAMPLE22")));
    assert!(!described.to_string().contains(&"a".repeat(43)), "the secret is told to nobody");
}

#[test]
fn what_does_not_fit_is_refused() {
    let world = World::new();
    let store = make(&world, cluster("ours", "cluster-abcdefghijk"));
    make(&world, proxy("theirs", "/kms/xks/v1"));
    let without = |mut input: Value, member: &str| {
        input.as_object_mut().unwrap().remove(member);
        input
    };
    for (input, wanted) in [
        (cluster("ours", "cluster-22222222222"), "CustomKeyStoreNameInUseException"),
        (cluster("other", "cluster-abcdefghijk"), "CloudHsmClusterInUseException"),
        (cluster("other", "cluster-1"), "ValidationException"),
        (without(cluster("other", "cluster-22222222222"), "KeyStorePassword"), "ValidationException"),
        (proxy("other", "/kms/xks/v1"), "XksProxyUriInUseException"),
        (proxy("other", "/kms/v1"), "ValidationException"),
        (without(proxy("other", "/a/kms/xks/v1"), "XksProxyAuthenticationCredential"), "ValidationException"),
    ] {
        assert_eq!(code(&world, &here(), "CreateCustomKeyStore", input.clone()), wanted, "{input}");
    }
    for operation in ["DisconnectCustomKeyStore", "ConnectCustomKeyStore", "DeleteCustomKeyStore"] {
        let input = json!({ "CustomKeyStoreId": "cks-none" });
        assert_eq!(code(&world, &here(), operation, input), "CustomKeyStoreNotFoundException");
    }
    let input = json!({ "CustomKeyStoreId": store });
    assert_eq!(code(&world, &here(), "DisconnectCustomKeyStore", input), "CustomKeyStoreInvalidStateException");
    for input in [json!({ "CustomKeyStoreId": "cks-none" }), json!({ "CustomKeyStoreName": "none" })] {
        assert_eq!(code(&world, &here(), "DescribeCustomKeyStores", input), "CustomKeyStoreNotFoundException");
    }
    world.quota("kms:custom-key-stores", 2);
    let refusal = refused(&world, &here(), "CreateCustomKeyStore", proxy("other", "/a/kms/xks/v1"));
    assert_eq!(refusal.0, "LimitExceededException");
}

#[test]
fn a_store_is_changed_and_deleted_only_when_disconnected_and_empty() {
    let world = World::new();
    let store = world.kms_store(&here()).name("old").make();
    let key = world.kms(&here()).origin("AWS_CLOUDHSM").custom_key_store(&store).make();
    let update = json!({ "CustomKeyStoreId": store, "NewCustomKeyStoreName": "new" });
    let delete = json!({ "CustomKeyStoreId": store });
    for (operation, input) in [("UpdateCustomKeyStore", &update), ("DeleteCustomKeyStore", &delete)] {
        assert_eq!(code(&world, &here(), operation, input.clone()), "CustomKeyStoreInvalidStateException");
    }
    call(&world, &here(), "DisconnectCustomKeyStore", delete.clone());
    world.clock().advance(CONNECTED);
    call(&world, &here(), "UpdateCustomKeyStore", update);
    call(&world, &here(), "DescribeCustomKeyStores", json!({ "CustomKeyStoreName": "new" }));
    assert_eq!(code(&world, &here(), "DeleteCustomKeyStore", delete.clone()), "CustomKeyStoreHasCMKsException");
    call(&world, &here(), "ScheduleKeyDeletion", json!({ "KeyId": key, "PendingWindowInDays": 7 }));
    world.clock().advance(support::days(7));
    call(&world, &here(), "DeleteCustomKeyStore", delete);
    assert_eq!(call(&world, &here(), "DescribeCustomKeyStores", json!({}))["CustomKeyStores"], json!([]));
}

#[test]
fn stores_are_listed_in_pages() {
    let world = World::new();
    for n in 0..7 {
        world.kms_store(&here()).id(&format!("cks-{n}")).make();
    }
    let pages = pages(&world, &here(), "DescribeCustomKeyStores", "CustomKeyStores", json!({}), 3);
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [3, 3, 1]);
}
