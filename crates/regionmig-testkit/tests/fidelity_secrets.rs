//! The world's secrets, judged by AWS's own model of Secrets Manager and by clients in another language.
#![expect(clippy::unwrap_used, reason = "tests")]

#[expect(dead_code, reason = "shared with the tests of KMS, which use all of it")]
#[path = "fidelity/python.rs"]
mod python;
#[path = "fidelity/tap.rs"]
mod tap;

use std::fs;
use std::path::PathBuf;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::{Builder, Region};
use jiff::SignedDuration;
use regionmig_core::End;
use regionmig_testkit::{SecretsTiming, World, every_kind_of_secret};
use serde_json::{Value, json};
use tap::Tap;

/// What the Python side is made of: the same as for KMS, so that it is made once.
const PACKAGES: [&str; 5] =
    ["boto3==1.44.8", "cryptography==50.0.2", "flask==3.1.3", "flask-cors==6.0.5", "moto==5.2.5"];

#[tokio::test]
async fn requests_and_answers_are_as_the_model_says() {
    let Some(python) = python::with(&PACKAGES) else {
        println!("skipped: fidelity_secrets botocore (no Python that can have it)");
        return;
    };
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("fidelity-secrets-exchanges.jsonl");
    fs::write(&file, read_by_the_sdk().await.join("\n")).unwrap();
    let world = World::new();
    world.secrets_timing(at_once());
    world.rotation_function("arn:aws:lambda:eu-central-1:111122223333:function:rotate");
    let face = world.serve().unwrap();
    let said =
        python.run("run.py", &[&face.url, file.to_str().unwrap(), "secretsmanager", "scenario_secrets"]).unwrap();
    let said: Value = serde_json::from_str(&said).unwrap();
    let none: [&str; 0] = [];
    assert_eq!(said["complaints"], json!(none));
    assert_eq!(said["missed"], json!(none), "operations that the scenario does not use");
    println!(
        "shown: fidelity_secrets botocore validated {} requests and {} answers with 0 complaints",
        said["requests"], said["answers"]
    );
}

/// Reads every kind of secret there is by the real SDK. Returns what went over the wire, a JSON each.
async fn read_by_the_sdk() -> Vec<String> {
    let world = World::new();
    let end: End = "111122223333/eu-west-1".parse().unwrap();
    every_kind_of_secret(&world, &end);
    let tap = Tap::new(&world, "secretsmanager");
    let config = Builder::from(&tap.config()).region(Region::new(end.region.to_string()));
    let client = Client::from_conf(config.build());
    let listed = client.list_secrets().include_planned_deletion(true).send().await.unwrap();
    for secret in listed.secret_list() {
        let name = secret.name().unwrap();
        client.describe_secret().secret_id(name).send().await.unwrap();
        client.list_secret_version_ids().secret_id(name).include_deprecated(true).send().await.unwrap();
        // Refusals are answers too: of what is to be deleted, and of what has no value.
        let _maybe = client.get_resource_policy().secret_id(name).send().await;
        let _maybe = client.get_secret_value().secret_id(name).send().await;
    }
    tap.lines()
}

/// Other languages live by the machine's clock, which does not move the world's.
fn at_once() -> SecretsTiming {
    let mut timing = SecretsTiming::default();
    for time in [&mut timing.replication, &mut timing.rotation] {
        *time = SignedDuration::ZERO;
    }
    timing
}
