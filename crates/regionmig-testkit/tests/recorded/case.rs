//! A world for one case, asked over its loopback port.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use regionmig_testkit::{Face, World};
use serde_json::{Value, json};

use crate::wire;
use crate::wrapping::wrap;

/// The region of a case, unless it names another.
pub(crate) const REGION: &str = "us-east-1";

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
        wire::ask(&self.face, "kms", region, &format!("TrentService.{operation}"), input)
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
}

pub(crate) fn blob(bytes: impl AsRef<[u8]>) -> Value {
    json!(STANDARD.encode(bytes))
}

pub(crate) fn bytes(value: &Value) -> Vec<u8> {
    STANDARD.decode(value.as_str().unwrap()).unwrap()
}
