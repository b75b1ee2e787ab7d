//! The Encryption SDK for Python, in a process that does what it is told line by line.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use regionmig_core::Secret;
use regionmig_core::reencrypt::EncryptionContext;
use regionmig_core::reencrypt::message::{Keyrings, RawAesKeyring, RawRsaKeyring, RsaPadding, Suite};
use serde_json::{Value, json};

use crate::python::{self, Python};

/// The newest when this was written, with the keyrings of the material providers library.
const PACKAGES: [&str; 2] = ["aws-encryption-sdk==4.0.7", "aws-cryptographic-material-providers==1.11.3"];
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/messages/python_peer.py");
const PROVIDER: &str = "regionmig-tests";

/// A key that both sides have: an AES key, or an RSA key in PKCS #8.
#[derive(Clone)]
pub(crate) struct Key {
    pub(crate) name: String,
    pub(crate) material: Vec<u8>,
    pub(crate) padding: Option<RsaPadding>,
}

impl Key {
    fn to_json(&self) -> Value {
        let padding = self.padding.map(|padding| format!("{padding:?}"));
        json!({ "provider": PROVIDER, "name": self.name, "material": encoded(&self.material), "padding": padding })
    }

    fn keyring(&self) -> Keyrings {
        let material = Secret::new(self.material.clone());
        match self.padding {
            None => Keyrings::new(RawAesKeyring::new(PROVIDER, &self.name, &material).unwrap()),
            Some(padding) => Keyrings::new(RawRsaKeyring::new(PROVIDER, &self.name, padding, &material).unwrap()),
        }
    }
}

/// Our keyring of some keys: the first makes the data key.
pub(crate) fn keyring(keys: &[Key]) -> Keyrings {
    let (first, others) = keys.split_first().unwrap();
    others.iter().fold(first.keyring(), |keyring, other| keyring.and(other.keyring()))
}

/// What is to be written, or to be found in what was.
#[derive(Clone, Debug)]
pub(crate) struct Content {
    pub(crate) suite: Suite,
    /// 0 where there are no frames.
    pub(crate) frame_length: u32,
    pub(crate) stored: EncryptionContext,
    pub(crate) withheld: EncryptionContext,
    pub(crate) plaintext: Vec<u8>,
}

/// The process. It ends when its input does.
pub(crate) struct Peer {
    child: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Peer {
    /// Starts it, where there is a Python that can have the SDK.
    pub(crate) fn start() -> Option<Self> {
        let python: Python = python::with(&PACKAGES)?;
        let mut command = Command::new(python.path());
        command.arg(SCRIPT).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (requests, answers) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        Some(Self { child, requests, answers })
    }

    /// Has it write a message.
    pub(crate) fn write(&mut self, content: &Content, keys: &[Key]) -> Result<Vec<u8>, String> {
        let answer = self.ask(&json!({
            "do": "write",
            "suite": content.suite,
            "frame_length": content.frame_length,
            "stored": content.stored,
            "withheld": content.withheld,
            "plaintext": encoded(&content.plaintext),
            "keys": keys.iter().map(Key::to_json).collect::<Vec<_>>(),
        }))?;
        Ok(BASE64_STANDARD.decode(answer["message"].as_str().unwrap()).unwrap())
    }

    /// Has it read a message, and compares what it finds; returns what is otherwise.
    pub(crate) fn read(
        &mut self,
        message: &[u8],
        content: &Content,
        keys: &[Key],
        data_keys: usize,
    ) -> Result<(), String> {
        let answer = self.ask(&json!({
            "do": "read",
            "message": encoded(message),
            "withheld": content.withheld,
            "keys": keys.iter().map(Key::to_json).collect::<Vec<_>>(),
        }))?;
        let wanted = json!({
            "plaintext": encoded(&content.plaintext),
            "suite": content.suite,
            "frame_length": content.frame_length,
            "stored": content.stored,
            "data_keys": data_keys,
        });
        if answer == wanted { Ok(()) } else { Err(format!("{answer} instead of {wanted}")) }
    }

    fn ask(&mut self, request: &Value) -> Result<Value, String> {
        let requests = self.requests.as_mut().unwrap();
        writeln!(requests, "{request}").and_then(|()| requests.flush()).unwrap();
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        let answer: Value = serde_json::from_str(&line).unwrap();
        answer["failed"].as_str().map_or_else(|| Ok(answer.clone()), |failed| Err(failed.to_owned()))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        drop(self.requests.take());
        drop(self.child.wait());
    }
}

fn encoded(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(bytes)
}
