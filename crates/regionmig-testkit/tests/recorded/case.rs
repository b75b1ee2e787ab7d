//! A world for one case, asked over its loopback port.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use regionmig_testkit::{Face, World};
use serde_json::{Value, json};

use crate::wrapping::wrap;

/// The region of a case, unless it names another.
pub(crate) const REGION: &str = "us-east-1";
const ACCOUNT: &str = "111111111111";

/// Answers by step.
pub(crate) type Steps = Vec<(&'static str, Value)>;

/// A world for one case.
pub(crate) struct Case {
    face: Face,
    world: World,
}

impl Case {
    pub(crate) fn new() -> Self {
        let world = World::new();
        Self { face: world.serve().unwrap(), world }
    }

    /// Asks, and returns the answer or the error as the recorder wrote it.
    pub(crate) fn ask(&self, operation: &str, input: &Value) -> Value {
        self.ask_at(REGION, operation, input)
    }

    pub(crate) fn ask_at(&self, region: &str, operation: &str, input: &Value) -> Value {
        let (status, body) = self.send(region, operation, &input.to_string());
        let mut answer = if body.is_empty() { json!({}) } else { serde_json::from_str(&body).unwrap() };
        if status != 200 {
            answer = json!({ "Error": { "Code": answer["__type"], "Message": answer["message"] } });
        }
        answer["ResponseMetadata"] = json!({ "HTTPStatusCode": status });
        answer
    }

    /// Asks for what must be done.
    pub(crate) fn done(&self, operation: &str, input: &Value) -> Value {
        let answer = self.ask(operation, input);
        assert!(answer.get("Error").is_none(), "{operation} {input}: {answer}");
        answer
    }

    /// Makes a key and returns its metadata.
    pub(crate) fn key(&self, input: &Value) -> Value {
        self.done("CreateKey", input)["KeyMetadata"].clone()
    }

    /// Makes a key and returns its id.
    pub(crate) fn id(&self, input: &Value) -> String {
        self.key(input)["KeyId"].as_str().unwrap().to_owned()
    }

    /// Makes a key of a spec and usage and returns its id.
    pub(crate) fn kind(&self, spec: &str, usage: &str) -> String {
        self.id(&json!({ "KeySpec": spec, "KeyUsage": usage }))
    }

    pub(crate) fn describe(&self, id: &str) -> Value {
        self.ask("DescribeKey", &json!({ "KeyId": id }))
    }

    /// Says what an import of `material` says, but for the expiry.
    pub(crate) fn wrapped(&self, id: &str, algorithm: &str, material: &[u8]) -> Value {
        let input = json!({ "KeyId": id, "WrappingAlgorithm": algorithm, "WrappingKeySpec": "RSA_4096" });
        let parameters = self.done("GetParametersForImport", &input);
        let public = bytes(&parameters["PublicKey"]);
        json!({
            "KeyId": id, "ImportToken": parameters["ImportToken"],
            "EncryptedKeyMaterial": blob(wrap(&public, algorithm, material)),
        })
    }

    /// Imports material for ever.
    pub(crate) fn import(&self, id: &str, algorithm: &str, material: &[u8]) {
        let mut input = self.wrapped(id, algorithm, material);
        input["ExpirationModel"] = json!("KEY_MATERIAL_DOES_NOT_EXPIRE");
        self.done("ImportKeyMaterial", &input);
    }

    /// Waits as long as anything takes that KMS does by and by.
    pub(crate) fn wait(&self) {
        self.world.clock().advance(Duration::from_secs(60));
    }

    fn send(&self, region: &str, operation: &str, body: &str) -> (u16, String) {
        let host = self.face.url.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(host).unwrap();
        let request = format!(
            "POST / HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-type: application/x-amz-json-1.1\r\n\
             x-amz-target: TrentService.{operation}\r\nx-amz-date: 20260301T000000Z\r\ncontent-length: {}\r\n\
             authorization: AWS4-HMAC-SHA256 Credential={ACCOUNT}/20260301/{region}/kms/aws4_request, \
             SignedHeaders=host, Signature=0\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }
}

pub(crate) fn blob(bytes: impl AsRef<[u8]>) -> Value {
    json!(STANDARD.encode(bytes))
}

pub(crate) fn bytes(value: &Value) -> Vec<u8> {
    STANDARD.decode(value.as_str().unwrap()).unwrap()
}
