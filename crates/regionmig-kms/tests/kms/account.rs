//! What the tests have in common: a route, an account, a migration of its keys.

use std::time::Duration;

use regionmig_aws::Access;
use regionmig_core::{ApplyOptions, KeyArn, Migration, MigrationPlan, Region, Route, SOURCE_MARK, Secret};
use regionmig_kms::{AliasConflict, KeyMaterials, Kms};
use regionmig_testkit::{GrantSeed, KeySeed, KmsTiming, World};

pub(crate) fn route() -> Route {
    let end = |text: &str| text.parse().expect("an end");
    Route::new(end("111122223333/me-central-1"), end("111122223333/eu-central-1")).expect("two ends")
}

/// One key of each shape that this crate moves.
pub(crate) fn one_of_each() -> World {
    let (world, source) = (World::new(), route().source);
    let (third, role) = ("us-west-2".parse().expect("a region"), "arn:aws:iam::111122223333:role/app");
    let grant = GrantSeed::to(role).operations(["Encrypt", "Decrypt"]).context_equals("app", "payments");
    world.kms(&source).alias("alias/plain").description("plain").tag("Owner", "me").rotation(180).grant(grant).make();
    world.kms(&source).disabled().tag("aws:cloudformation:stack-name", "stack").make();
    world.kms(&source).multi_region().alias("alias/global").tag("Owner", "me").make();
    let primary = world.kms(&source.in_region(third)).replica_in(&source.region).make();
    let replica = primary.in_region(&source.region).expect("one partition");
    world.kms_alias(&source, "alias/shared", Some(&replica));
    world.kms(&source).aws_managed("s3").make();
    world
}

/// Made years ago, so that it is nobody's unfinished work.
fn old(key: KeySeed) -> KeySeed {
    key.created_at("2025-01-01T00:00:00Z".parse().expect("a time"))
}

fn role(name: &str) -> String {
    format!("arn:aws:iam::111122223333:role/{name}")
}

/// Keys that take their time to be made.
pub(crate) fn slow() -> World {
    let (world, source) = (World::new(), route().source);
    let mut timing = KmsTiming::default();
    timing.creation = "PT20S".parse().expect("a duration");
    world.kms_timing(timing);
    let third: Region = "us-west-2".parse().expect("a region");
    let grant = GrantSeed::to(&role("worker")).operations(["Decrypt", "Encrypt"]).context_subset("app", "payments");
    let payments = old(world.kms(&source)).description("payments").tag("Owner", "payments").alias("alias/payments");
    payments.tag("aws:cloudformation:stack-name", "payments").rotation(180).grant(grant).disabled().make();
    old(world.kms(&source)).aws_managed("s3").make();
    old(world.kms(&source)).multi_region().alias("alias/global").grant(GrantSeed::to(&role("reader"))).make();
    old(world.kms(&source.in_region(third))).replica_in(&source.region).make();
    world
}

/// Keys that are in the target, and differ there in all that can be changed.
pub(crate) fn found_and_differing() -> World {
    let (world, Route { source, target, .. }) = (World::new(), route());
    let mark = |key: &KeyArn| old(world.kms(&target)).tag(SOURCE_MARK, key.as_str());
    let policy = |sid: &str| {
        let root = "arn:aws:iam::111122223333:root";
        let statement = serde_json::json!({ "Sid": sid, "Effect": "Allow", "Principal": { "AWS": root },
            "Action": "kms:*", "Resource": "*" });
        serde_json::json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()
    };
    let key = old(world.kms(&source)).description("ledger").policy(&policy("Ours")).tag("Owner", "me").tag("Tier", "1");
    let key = key.rotation(90).alias("alias/ledger").grant(GrantSeed::to(&role("clerk"))).make();
    mark(&key).description("").policy(&policy("Theirs")).tag("Tier", "2").rotation(365).make();

    let key = old(world.kms(&source)).rotation(180).grant(GrantSeed::to(&role("guard"))).make();
    mark(&key).disabled().make();

    let key = old(world.kms(&source)).disabled().make();
    mark(&key).rotation(365).make();

    let replica =
        old(world.kms(&source)).replica_in(&target.region).description("as it was").tag("a", "1").rotation(365);
    let replica = replica.make().in_region(&target.region).expect("one partition");
    let change = |action: &str, mut input: serde_json::Value| {
        input["KeyId"] = replica.as_str().into();
        world.ask(&target, action, input).expect("a change");
    };
    change("kms:UpdateKeyDescription", serde_json::json!({ "Description": "changed" }));
    change("kms:TagResource", serde_json::json!({ "Tags": [{ "TagKey": "a", "TagValue": "2" }] }));
    world
}

/// Primaries whose replicas are to take their place, and names that other keys have in the target; of each one that has
/// its counterpart, and one that gets it.
pub(crate) fn asked_for() -> World {
    let (world, Route { source, target, .. }) = (World::new(), route());
    let signing = |key: KeySeed| old(key).spec("ECC_NIST_P256").usage("SIGN_VERIFY");
    signing(world.kms(&source)).multi_region().alias("alias/signs").make();
    signing(world.kms(&source)).replica_in(&target.region).make();
    let mac = |key: KeySeed| old(key).spec("HMAC_256").usage("GENERATE_VERIFY_MAC");
    let grant = GrantSeed::to(&role("gate")).operations(["VerifyMac"]);
    mac(world.kms(&source)).grant(grant).alias("alias/tokens").disabled().make();
    mac(world.kms(&target)).alias("alias/tokens").make();
    let key = mac(world.kms(&source)).alias("alias/sessions").make();
    mac(world.kms(&target)).tag(SOURCE_MARK, key.as_str()).make();
    mac(world.kms(&target)).alias("alias/sessions").make();
    world.kms_store(&source).id("cks-1111111111111111a").make();
    world.kms_store(&target).id("cks-2222222222222222b").make();
    old(world.kms(&source)).origin("AWS_CLOUDHSM").custom_key_store("cks-1111111111111111a").alias("alias/hsm").make();
    world
}

/// Keys whose material is imported: with none in the target, with a replica that waits for it, with more than one.
pub(crate) fn brought_along() -> World {
    let (world, Route { source, target, .. }) = (World::new(), route());
    let key = |n: u8| old(world.kms(&source)).imported_material(&[n; 32]);
    let grant = GrantSeed::to(&role("payer")).operations(["Decrypt"]);
    let expiry = "2026-06-01T00:00:00Z".parse().expect("a time");
    key(1).alias("alias/brought").grant(grant).expires_at(expiry).disabled().make();
    key(2).older_material(&[3; 32]).multi_region().description("brought everywhere").make();
    key(4).older_material(&[5; 32]).replica_without_material_in(&target.region).make();
    let hmac = old(world.kms(&source)).spec("HMAC_256").usage("GENERATE_VERIFY_MAC");
    hmac.imported_material(&[6; 32]).tag("Owner", "me").make();
    world
}

/// Returns what the owner of an account has of the materials that were imported there.
pub(crate) fn materials(world: &World) -> KeyMaterials {
    let keys = world.kms_keys(&route().source).into_iter().filter(|key| key.origin == "EXTERNAL");
    keys.fold(KeyMaterials::new(), |all, key| {
        world.kms_materials(&key.arn).into_iter().fold(all, |all, (id, bytes)| {
            let all = if id == key.material { all.with(&key.arn, Secret::new(bytes.clone())) } else { all };
            all.with_id(&key.arn, id, Secret::new(bytes))
        })
    })
}

/// What is asked of that account's migration.
pub(crate) fn asking(access: &Access) -> Kms {
    let keys = asked_for().kms_keys(&route().source).into_iter().map(|key| key.arn);
    let primaries = keys.filter(|arn| arn.is_multi_region());
    let kms = Kms::new(access).map_key_store("cks-1111111111111111a", "cks-2222222222222222b");
    kms.promote(primaries).on_alias_conflict(AliasConflict::Repoint)
}

/// What brings the material of the keys that were brought along, and has a replica of one become the primary.
pub(crate) fn bringing(access: &Access) -> Kms {
    let world = brought_along();
    let keys = world.kms_keys(&route().source).into_iter();
    let primary = keys.filter(|key| key.description == "brought everywhere").map(|key| key.arn);
    Kms::new(access).promote(primary).bring_material(materials(&world))
}

pub(crate) fn migration(world: &World) -> (Kms, Migration) {
    migration_on(route(), world)
}

pub(crate) fn migration_on(route: Route, world: &World) -> (Kms, Migration) {
    let access = world.access();
    let kms = Kms::new(&access);
    (kms.clone(), Migration::new(route, &access).with(kms))
}

pub(crate) async fn plan(migration: &Migration) -> MigrationPlan {
    migration.plan(&migration.survey().await.expect("a survey")).expect("a plan")
}

pub(crate) fn patient() -> ApplyOptions {
    ApplyOptions::default().patience(Duration::from_secs(3 * 3600))
}

pub(crate) fn mutations(world: &World) -> usize {
    world.ledger().mutations().count()
}

/// Keys whose policies and grants name each other, so that one policy is completed after the others.
pub(crate) fn naming_each_other() -> World {
    let (world, source) = (World::new(), route().source);
    let key = |world: &World| old(world.kms(&source)).make();
    let (first, second) = (key(&world), key(&world));
    let grant = GrantSeed::to(&role("worker")).context_equals("wrapped-by", first.as_str()).operations(["Decrypt"]);
    old(world.kms(&source)).grant(grant).make();
    for (key, other) in [(&first, &second), (&second, &first)] {
        let account = serde_json::json!({ "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::111122223333:root" },
            "Action": "kms:*", "Resource": "*" });
        let wrapped = serde_json::json!({ "Effect": "Allow", "Principal": { "AWS": role("worker") }, "Resource": "*",
            "Action": "kms:Decrypt", "Condition": { "StringEquals": { "kms:EncryptionContext:wrapped-by": other } } });
        let policy = serde_json::json!({ "Version": "2012-10-17", "Statement": [account, wrapped] }).to_string();
        let input = serde_json::json!({ "KeyId": key, "PolicyName": "default", "Policy": policy });
        world.ask(&source, "kms:PutKeyPolicy", input).expect("a change");
    }
    world
}
