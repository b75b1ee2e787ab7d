//! What an application in another language sees after each way of moving secrets.

use jiff::SignedDuration;
use regionmig::secrets::{Mode, Secrets};
use regionmig::{End, MemoryJournal, Migration, Route};
use regionmig_testkit::World;
use serde_json::{Value, json};

use crate::account::{all_leave, applied, end, route};
use crate::python::{self, Python};

const PACKAGES: [&str; 1] = ["boto3==1.44.8"];
const NAMES: &str = "bytes,db";
/// As real answers have it: see `docs/fidelity.md`.
const REFUSED: &str = "InvalidParameterException";

/// A text with a version of each kind, and bytes.
fn world() -> World {
    let (world, source) = (World::new(), route().source);
    world.secret(&source, "db").previous("zero").value("one").labelled("blue", "two").make();
    world.secret(&source, "bytes").binary(&[0, 255]).make();
    world.clock().advance(SignedDuration::from_hours(1).unsigned_abs());
    world
}

fn seen(python: &Python, world: &World, ends: &[&End]) -> Value {
    let face = world.serve().unwrap();
    let ends: Vec<String> = ends.iter().map(ToString::to_string).collect();
    let args: Vec<&str> = [face.url.as_str(), NAMES].into_iter().chain(ends.iter().map(String::as_str)).collect();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/secrets/boto.py");
    serde_json::from_str(&python.run(script, &args).unwrap()).unwrap()
}

/// What is to be seen of both secrets at an end, if `current` is the text's value.
fn wanted(world: &World, end: &End, primary: Option<&str>, current: [&str; 2], write: &str) -> Value {
    // The six characters after the name are the source's, wherever it is replicated to.
    let suffix = |name: &str| world.find_secret(end, name).unwrap().arn.as_str().rsplit('-').next().unwrap().to_owned();
    let arn =
        |name: &str| format!("arn:aws:secretsmanager:{}:{}:secret:{name}-{}", end.region, end.account, suffix(name));
    let text = json!({ "AWSCURRENT": current[0], "AWSPREVIOUS": current[1], "blue": "two" });
    json!({
        "bytes": { "arn": arn("bytes"), "primary": primary, "values": { "AWSCURRENT": "bytes AP8=" }, "write": write },
        "db": { "arn": arn("db"), "primary": primary, "values": text, "write": write },
    })
}

#[tokio::test]
async fn an_application_sees_after_each_mode_what_it_needs() {
    let Some(python) = python::with(&PACKAGES) else {
        println!("skipped: boto3_secrets (no Python that can have boto3)");
        return;
    };
    let (source, target) = (route().source, route().target);
    let (home, there) = (source.to_string(), target.to_string());
    let before = world();
    let suffixes = |world: &World, end: &End| {
        ["bytes", "db"]
            .map(|name| world.find_secret(end, name).unwrap().arn.as_str().rsplit('-').next().unwrap().to_owned())
    };

    let world = before.fork();
    let access = world.access();
    let replicate = Migration::new(route(), &access).with(Secrets::new(&access));
    let (plan, _, outcome) = applied(&replicate).await;
    assert!(outcome.is_complete(), "{plan}{outcome}");
    let said = seen(&python, &world, &[&source, &target]);
    let linked = |write| wanted(&world, &target, Some("me-central-1"), ["one", "zero"], write);
    assert_eq!(said[&there], linked(REFUSED), "a replica cannot be written to");
    assert_eq!(said[&home], wanted(&world, &source, Some("me-central-1"), ["one", "zero"], "is written to"));
    assert_eq!(suffixes(&world, &source), suffixes(&world, &target));

    let world = before.fork();
    let access = world.access();
    let promote = Migration::new(route(), &access).with(Secrets::new(&access).mode(Mode::ReplicateAndPromote));
    let (plan, journal, outcome) = applied(&promote).await;
    assert!(outcome.is_complete(), "{plan}{outcome}");
    let said = seen(&python, &world, &[&target]);
    assert_eq!(said[&there], wanted(&world, &target, None, ["one", "zero"], "is written to"));
    assert_eq!(suffixes(&world, &source), suffixes(&world, &target));

    world.clock().advance(SignedDuration::from_hours(14 * 24).unsigned_abs());
    let input = json!({ "SecretId": "db", "SecretString": "three", "ClientRequestToken": "t".repeat(36) });
    world.ask(&target, "secretsmanager:PutSecretValue", input).unwrap();
    world.clock().advance(SignedDuration::from_hours(1).unsigned_abs());
    let back = promote.fail_back(&plan, &journal).await.unwrap();
    let plan = back.plan(&back.survey().await.unwrap()).unwrap();
    let outcome = back.apply(&plan, &MemoryJournal::default(), &all_leave(&plan)).await.unwrap();
    assert!(outcome.is_complete(), "{plan}{outcome}");
    let said = seen(&python, &world, &[&source, &target]);
    let primary = Some("me-central-1");
    assert_eq!(said[&home], wanted(&world, &source, primary, ["three", "one"], "is written to"));
    assert_eq!(said[&there], wanted(&world, &target, primary, ["three", "one"], REFUSED));

    let world = before.fork();
    let route = Route::new(source.clone(), end("444455556666/eu-central-1")).unwrap();
    let access = world.access().with_account(route.target.account.clone(), &world.sdk_config_of(&route.target.account));
    let copy = Migration::new(route.clone(), &access).with(Secrets::new(&access).copy_values());
    let (plan, _, outcome) = applied(&copy).await;
    assert!(outcome.is_complete(), "{plan}{outcome}");
    let said = seen(&python, &world, &[&route.target]);
    let copied = wanted(&world, &route.target, None, ["one", "zero"], "is written to");
    assert_eq!(said[route.target.to_string()], copied);
    println!("shown: boto3_secrets 2 secrets seen right after each of 4 modes: replicate, promote, fail back, copy");
}
