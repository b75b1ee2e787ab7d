//! Keys that take their time to be made, and one that is there and differs, put through the conformance suite.

use regionmig_core::{End, Region};
use regionmig_kms::Kms;
use regionmig_testkit::{GrantSeed, KmsTiming, World, conforms};

fn world() -> World {
    let world = World::new();
    let mut timing = KmsTiming::default();
    timing.creation = "PT20S".parse().unwrap();
    world.kms_timing(timing);
    let source: End = "111122223333/me-central-1".parse().unwrap();
    let target: End = "111122223333/eu-central-1".parse().unwrap();
    let third: End = "111122223333/us-west-2".parse().unwrap();
    let old = "2025-01-01T00:00:00Z".parse().unwrap();
    let role = |name: &str| format!("arn:aws:iam::111122223333:role/{name}");
    let plain = || world.kms(&source).created_at(old);
    plain()
        .description("payments")
        .tag("Owner", "payments")
        .tag("aws:cloudformation:stack-name", "payments")
        .alias("alias/payments")
        .rotation(180)
        .grant(GrantSeed::to(&role("worker")).operations(["Decrypt", "Encrypt"]).context_subset("app", "payments"))
        .disabled()
        .make();
    plain().aws_managed("s3").make();
    plain().multi_region().alias("alias/global").grant(GrantSeed::to(&role("reader"))).make();
    let here: Region = "me-central-1".parse().unwrap();
    world.kms(&third).created_at(old).replica_in(&here).make();
    // A replica that is there already, and not as it should be.
    let there: Region = "eu-central-1".parse().unwrap();
    let primary = plain().replica_in(&there).description("as it was").tag("a", "1").rotation(365).make();
    let replica = primary.in_region(&there).unwrap();
    for (action, input) in [
        ("kms:UpdateKeyDescription", serde_json::json!({ "KeyId": replica.as_str(), "Description": "changed" })),
        (
            "kms:TagResource",
            serde_json::json!({ "KeyId": replica.as_str(), "Tags": [{ "TagKey": "a", "TagValue": "2" }] }),
        ),
    ] {
        world.ask(&target, action, input).unwrap();
    }
    world
}

#[tokio::test]
async fn slow_and_found_keys_keep_every_promise_of_a_service() {
    let conformed = conforms(world, Kms::new).await;
    println!("shown: conformance_found {conformed}");
}
