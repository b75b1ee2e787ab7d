//! The world on a loopback port.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;

use regionmig_testkit::{Face, Fault, Loss, World};
use serde_json::{Value, json};

use crate::{HERE, client, end, put, world};

const SCOPE: &str = "20200101/eu-central-1/dynamodb/aws4_request";

/// Sends one request as a client in another language would; returns status line, headers and body. Nothing, if the connection broke.
fn post(face: &Face, key: &str, target: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(face.url.strip_prefix("http://").unwrap()).unwrap();
    let authorization = format!("AWS4-HMAC-SHA256 Credential={key}/{SCOPE}, SignedHeaders=host, Signature=00");
    let headers = format!("authorization: {authorization}\r\nx-amz-date: 20200101T000000Z\r\nx-amz-target: {target}");
    let kind = "content-type: application/x-amz-json-1.0\r\nconnection: close";
    let length = body.len();
    write!(stream, "POST / HTTP/1.1\r\nhost: x\r\n{headers}\r\n{kind}\r\ncontent-length: {length}\r\n\r\n{body}")
        .unwrap();
    let mut answer = Vec::new();
    // A connection that breaks off is an answer too.
    let _broken = stream.read_to_end(&mut answer);
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn any_program_sees_the_same_world_by_the_loopback_port() {
    let (world, table) = world();
    let face = world.serve().unwrap();
    let item = r#"{"Item": {"name": {"S": "a"}}}"#;
    let answer = post(&face, "AKIA111122223333WRLD", "DynamoDB_20120810.PutItem", item);
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("x-amzn-requestid"), "{answer}");
    assert_eq!(table.get(&end(HERE)).len(), 1);
    put(&client(&world, HERE), "b").await.unwrap();
    let answer = post(&face, "111122223333", "DynamoDB_20120810.Scan", "{}");
    assert!(answer.contains(r#"{"Items":[{"name":{"S":"a"}},{"name":{"S":"b"}}]}"#), "{answer}");
    assert_eq!(world.ledger().count("*"), 3);
}

#[test]
fn errors_and_lost_answers_reach_the_loopback_port() {
    let (world, _) = world();
    let face = world.serve().unwrap();
    let item = r#"{"Item": {"name": {"S": "a"}}}"#;
    let put = || post(&face, "AKIA111122223333WRLD", "DynamoDB_20120810.PutItem", item);
    world.fault(Fault::access_denied("*").once());
    assert!(put().contains("AccessDeniedException"));
    world.fault(Fault::lost_answer("*").once());
    assert_eq!(put(), "");
    assert!(put().contains("ConditionalCheckFailedException"));
    world.fault(Fault::lost_answer("dynamodb:Scan").by(Loss::TruncatedBody));
    let answer = post(&face, "AKIA111122223333WRLD", "DynamoDB_20120810.Scan", "{}");
    assert!(answer.starts_with("HTTP/1.1 200") && !answer.ends_with("]}"), "{answer}");
}

#[test]
fn a_dropped_face_closes_its_port() {
    let face = World::new().serve().unwrap();
    let address = face.url.strip_prefix("http://").unwrap().to_owned();
    assert!(TcpStream::connect(&address).is_ok());
    drop(face);
    assert!(TcpStream::connect(&address).is_err());
}

#[test]
fn another_language_reads_the_same_world() {
    if !Command::new("python3").args(["-c", "import boto3"]).output().is_ok_and(|tried| tried.status.success()) {
        println!("skipped: another_language_reads_the_same_world");
        return;
    }
    let world = World::new();
    world.disable_region(&end("me-central-1"));
    let face = world.serve().unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/world/boto.py");
    let ran = Command::new("python3").args([script, &face.url]).output().unwrap();
    let said: Value =
        serde_json::from_slice(&ran.stdout).unwrap_or_else(|_| String::from_utf8_lossy(&ran.stderr).into());
    let wanted = json!({
        "absent": ["NotFoundException", 400],
        "assumed": "arn:aws:sts::444455556666:assumed-role/r/me",
        "bad role": ["ValidationError", 400],
        "identity": "arn:aws:iam::111122223333:user/operator",
        "keys": true,
        "status": "DISABLED",
        "tagged": true,
        "unknown": ["NotInThisWorld", 501],
    });
    assert_eq!(said, wanted);
    assert_eq!(world.ledger().mutations().map(|entry| entry.action.as_str()).collect::<Vec<_>>(), ["kms:CreateKey"]);
}
