//! Listings that come in pages.

use regionmig_testkit::{GrantSeed, World};
use serde_json::json;

use crate::support::{ROLE, call, code, here, key, pages};

#[test]
fn listings_come_in_pages_that_changes_do_not_disturb() {
    let (world, here) = (World::new(), here());
    let mut ids: Vec<String> = (0..250).map(|_| key(&world, &here)).collect();
    ids.sort();
    let all = pages(&world, &here, "ListKeys", "Keys", json!({}), 100);
    assert_eq!(all.iter().map(Vec::len).collect::<Vec<_>>(), [100, 100, 50]);
    assert!(all.concat().iter().map(|key| key["KeyId"].as_str().unwrap()).eq(ids.iter().map(String::as_str)));
    assert_eq!(call(&world, &here, "ListKeys", json!({}))["Keys"].as_array().unwrap().len(), 100);
    // What ends with a full page has no further one.
    assert_eq!(pages(&world, &here, "ListKeys", "Keys", json!({}), 125).len(), 2);
    for n in 0..50 {
        let name = format!("alias/{n:03}");
        call(&world, &here, "CreateAlias", json!({ "AliasName": name, "TargetKeyId": ids[n / 40] }));
    }
    call(&world, &here, "CreateAlias", json!({ "AliasName": "alias/last", "TargetKeyId": ids[9] }));
    let first = call(&world, &here, "ListAliases", json!({}));
    assert_eq!((first["Aliases"].as_array().unwrap().len(), &first["Truncated"]), (50, &json!(true)));
    call(&world, &here, "DeleteAlias", json!({ "AliasName": "alias/049" }));
    let second = call(&world, &here, "ListAliases", json!({ "Marker": first["NextMarker"] }));
    assert_eq!(second["Aliases"][0]["AliasName"], json!("alias/last"));
    let some = json!({ "KeyId": ids[0] });
    assert_eq!(pages(&world, &here, "ListAliases", "Aliases", some, 15).concat().len(), 40);
    for (operation, marker) in [("ListKeys", &first["NextMarker"]), ("ListAliases", &json!("bWFyaw"))] {
        assert_eq!(code(&world, &here, operation, json!({ "Marker": marker })), "InvalidMarkerException");
    }
}

#[test]
fn grants_tags_and_rotations_come_in_pages_too() {
    let (world, here) = (World::new(), here());
    let mut seed = world.kms(&here);
    for n in 0..120 {
        seed = seed.grant(GrantSeed::to(ROLE).retiring(ROLE)).tag(&format!("t{n}"), "");
    }
    let first = jiff::Timestamp::from_second(1_500_000_000).unwrap();
    let id = seed.rotation(90).created_at(first).make().id().to_owned();
    let one = |operation: &str, list: &str, limit: u64| {
        let all = pages(&world, &here, operation, list, json!({ "KeyId": id }), limit);
        all.iter().map(Vec::len).collect::<Vec<_>>()
    };
    assert_eq!(one("ListGrants", "Grants", 50), [50, 50, 20]);
    assert_eq!(one("ListResourceTags", "Tags", 50), [50, 50, 20]);
    assert_eq!(one("ListKeyRotations", "Rotations", 20), [20, 15]);
    let retirable = pages(&world, &here, "ListRetirableGrants", "Grants", json!({ "RetiringPrincipal": ROLE }), 100);
    assert_eq!(retirable.iter().map(Vec::len).collect::<Vec<_>>(), [100, 20]);
    for (operation, most) in [("ListGrants", 100), ("ListResourceTags", 50)] {
        let input = json!({ "KeyId": id, "Limit": most + 1 });
        assert_eq!(code(&world, &here, operation, input), "ValidationException");
    }
}
