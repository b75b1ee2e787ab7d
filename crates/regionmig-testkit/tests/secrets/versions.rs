//! Versions, the labels they bear, and the tokens that make them once.

use std::collections::BTreeMap;

use regionmig_testkit::World;
use serde_json::{Value, json};

use crate::support::{call, code, days, home, refused, seen, token};

fn put(world: &World, n: u32, text: &str, stages: &[&str]) -> Value {
    let mut input = json!({ "SecretId": "a", "SecretString": text, "ClientRequestToken": token(n) });
    if !stages.is_empty() {
        input["VersionStages"] = json!(stages);
    }
    call(world, &home(), "PutSecretValue", input)
}

/// The label of each version, by the last two digits of its token.
fn stages(world: &World) -> BTreeMap<String, Vec<String>> {
    let versions = seen(world, &home(), "a").versions.into_iter();
    versions.map(|(id, version)| (id[id.len() - 2..].to_owned(), version.stages.into_iter().collect())).collect()
}

fn with(list: &[(&str, &[&str])]) -> BTreeMap<String, Vec<String>> {
    let own = |stages: &&[&str]| stages.iter().map(|stage| (*stage).to_owned()).collect();
    list.iter().map(|(id, stages)| ((*id).to_owned(), own(stages))).collect()
}

fn world() -> World {
    let world = World::new();
    let input = json!({ "Name": "a", "SecretString": "one", "ClientRequestToken": token(1) });
    call(&world, &home(), "CreateSecret", input);
    world
}

#[test]
fn the_version_that_was_current_becomes_the_previous_one() {
    let world = world();
    put(&world, 2, "two", &[]);
    assert_eq!(stages(&world), with(&[("01", &["AWSPREVIOUS"]), ("02", &["AWSCURRENT"])]));
    put(&world, 3, "three", &[]);
    assert_eq!(stages(&world), with(&[("01", &[]), ("02", &["AWSPREVIOUS"]), ("03", &["AWSCURRENT"])]));
}

#[test]
fn labels_of_ones_own_move_and_leave_the_current_one_where_it_is() {
    let world = world();
    put(&world, 2, "two", &["AWSPENDING", "blue"]);
    put(&world, 3, "three", &["blue"]);
    assert_eq!(stages(&world), with(&[("01", &["AWSCURRENT"]), ("02", &["AWSPENDING"]), ("03", &["blue"])]));
}

#[test]
fn the_first_version_is_current_whatever_its_labels() {
    let world = World::new();
    call(&world, &home(), "CreateSecret", json!({ "Name": "a" }));
    put(&world, 1, "one", &["blue"]);
    assert_eq!(stages(&world), with(&[("01", &["AWSCURRENT", "blue"])]));
}

#[test]
fn a_label_moves_only_from_the_version_that_bears_it() {
    let world = world();
    put(&world, 2, "two", &["AWSPENDING"]);
    let update = |from: Option<u32>, to: Option<u32>| {
        json!({
            "SecretId": "a", "VersionStage": "AWSCURRENT", "RemoveFromVersionId": from.map(token),
            "MoveToVersionId": to.map(token),
        })
    };
    let refuse = |input: Value| refused(&world, &home(), "UpdateSecretVersionStage", input);
    let (code, message) = refuse(update(None, Some(2)));
    assert_eq!(code, "InvalidParameterException");
    assert!(message.contains("RemoveFromVersionId can't be empty") && message.contains(&token(1)), "{message}");
    assert_eq!(refuse(update(Some(2), Some(2))).0, "InvalidParameterException");
    assert_eq!(refuse(update(Some(1), None)).0, "InvalidParameterException");
    assert_eq!(refuse(update(Some(1), Some(9))).0, "ResourceNotFoundException");
    call(&world, &home(), "UpdateSecretVersionStage", update(Some(1), Some(2)));
    assert_eq!(stages(&world), with(&[("01", &["AWSPREVIOUS"]), ("02", &["AWSCURRENT", "AWSPENDING"])]));
    let again = json!({ "SecretId": "a", "VersionStage": "AWSPENDING", "RemoveFromVersionId": token(2) });
    call(&world, &home(), "UpdateSecretVersionStage", again);
    assert_eq!(stages(&world), with(&[("01", &["AWSPREVIOUS"]), ("02", &["AWSCURRENT"])]));
}

#[test]
fn a_token_makes_one_version_and_the_same_answer_for_as_long_as_the_version_lives() {
    let world = world();
    let first = put(&world, 2, "two", &[]);
    put(&world, 3, "three", &[]);
    world.clock().advance(days(400));
    let (before, again) = (stages(&world), put(&world, 2, "two", &[]));
    assert_eq!(again["VersionId"], first["VersionId"]);
    assert_eq!(stages(&world), before, "a token that was used moves nothing");
    let other = json!({ "SecretId": "a", "SecretString": "hush", "ClientRequestToken": token(2) });
    let (code, message) = refused(&world, &home(), "PutSecretValue", other);
    assert_eq!(code, "ResourceExistsException");
    assert!(message.contains(&token(2)) && !message.contains("hush"), "{message}");
}

#[test]
fn a_version_has_at_most_twenty_labels_and_a_secret_about_a_hundred_versions() {
    let world = world();
    for n in 0..19 {
        let input = json!({ "SecretId": "a", "VersionStage": format!("s{n}"), "MoveToVersionId": token(1) });
        call(&world, &home(), "UpdateSecretVersionStage", input);
    }
    let input = json!({ "SecretId": "a", "VersionStage": "one-more", "MoveToVersionId": token(1) });
    assert_eq!(code(&world, &home(), "UpdateSecretVersionStage", input), "LimitExceededException");
    for n in 2..=100 {
        put(&world, n, "x", &[]);
    }
    let input = json!({ "SecretId": "a", "SecretString": "x", "ClientRequestToken": token(101) });
    assert_eq!(code(&world, &home(), "PutSecretValue", input.clone()), "LimitExceededException");
    world.clock().advance(days(2));
    call(&world, &home(), "PutSecretValue", input);
    assert_eq!(seen(&world, &home(), "a").versions.len(), 100, "old versions without a label make room");
}

#[test]
fn versions_without_a_label_are_listed_only_when_asked_for() {
    let world = world();
    put(&world, 2, "two", &[]);
    put(&world, 3, "three", &[]);
    let count =
        |input: Value| call(&world, &home(), "ListSecretVersionIds", input)["Versions"].as_array().unwrap().len();
    assert_eq!(count(json!({ "SecretId": "a" })), 2);
    assert_eq!(count(json!({ "SecretId": "a", "IncludeDeprecated": true })), 3);
    let page = call(&world, &home(), "ListSecretVersionIds", json!({ "SecretId": "a", "MaxResults": 1 }));
    let next = json!({ "SecretId": "a", "MaxResults": 1, "NextToken": page["NextToken"] });
    let next = call(&world, &home(), "ListSecretVersionIds", next);
    assert_eq!((&next["Versions"][0]["VersionId"], next.get("NextToken")), (&json!(token(3)), None));
}

#[test]
fn a_value_is_found_by_id_by_label_and_by_both_if_they_agree() {
    let world = world();
    put(&world, 2, "two", &[]);
    let get = |input: Value| call(&world, &home(), "GetSecretValue", input)["SecretString"].clone();
    assert_eq!(get(json!({ "SecretId": "a", "VersionId": token(1) })), "one");
    assert_eq!(get(json!({ "SecretId": "a", "VersionStage": "AWSPREVIOUS" })), "one");
    let both = json!({ "SecretId": "a", "VersionId": token(1), "VersionStage": "AWSCURRENT" });
    assert_eq!(code(&world, &home(), "GetSecretValue", both), "InvalidRequestException");
    let none = json!({ "SecretId": "a", "VersionId": token(9) });
    assert_eq!(code(&world, &home(), "GetSecretValue", none), "ResourceNotFoundException");
}
