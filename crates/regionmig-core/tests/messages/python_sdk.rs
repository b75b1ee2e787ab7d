//! What we write is read by the Encryption SDK for Python, and the reverse.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::cases::{Content, Key, Keys, PROVIDER};
use crate::exchange::{Peer, exchanged};
use crate::python;

/// The newest when this was written, with the keyrings of the material providers library.
const PACKAGES: [&str; 2] = ["aws-encryption-sdk==4.0.7", "aws-cryptographic-material-providers==1.11.3"];
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/messages/python_peer.py");
const OURS: [u32; 4] = [1, 100, 512, 4096];
/// It writes multiples of 128 only, and no frames at all for 0.
const THEIRS: [u32; 4] = [0, 128, 512, 4096];

#[tokio::test]
async fn the_sdk_for_python_reads_what_we_write_and_the_reverse() {
    let Some(mut peer) = Python::start() else {
        println!("skipped: esdk_python (no Python that can have the Encryption SDK)");
        return;
    };
    match exchanged(&mut peer, &OURS, &THEIRS).await {
        Ok((there, back)) => {
            println!("shown: esdk_python {there} written by us and read there, {back} the other way");
        }
        Err(failed) => panic!("{failed}"),
    }
}

/// The process. It ends when its input does.
struct Python {
    child: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Python {
    /// Starts it, where there is a Python that can have the SDK.
    fn start() -> Option<Self> {
        let python = python::with(&PACKAGES)?;
        let mut command = Command::new(python.path());
        command.arg(SCRIPT).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (requests, answers) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        Some(Self { child, requests, answers })
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

impl Peer for Python {
    async fn write(&mut self, content: &Content, keys: &Keys) -> Result<Vec<u8>, String> {
        let answer = self.ask(&json!({
            "do": "write",
            "suite": content.suite,
            "frame_length": content.frame_length,
            "stored": content.stored,
            "withheld": content.withheld,
            "plaintext": encoded(&content.plaintext),
            "keys": to_json(&keys.writer),
        }))?;
        Ok(BASE64_STANDARD.decode(answer["message"].as_str().unwrap()).unwrap())
    }

    async fn read(&mut self, message: &[u8], content: &Content, keys: &Keys) -> Result<(), String> {
        let answer = self.ask(&json!({
            "do": "read",
            "message": encoded(message),
            "withheld": content.withheld,
            "keys": to_json(&keys.reader),
        }))?;
        let wanted = json!({
            "plaintext": encoded(&content.plaintext),
            "suite": content.suite,
            "frame_length": content.frame_length,
            "stored": content.stored,
            "data_keys": keys.writer.len(),
        });
        if answer == wanted { Ok(()) } else { Err(format!("{answer} instead of {wanted}")) }
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        drop(self.requests.take());
        drop(self.child.wait());
    }
}

fn encoded(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(bytes)
}

fn to_json(keys: &[Key]) -> Vec<Value> {
    let one = |key: &Key| {
        let padding = key.padding.map(|padding| format!("{padding:?}"));
        json!({ "provider": PROVIDER, "name": key.name, "material": encoded(&key.material), "padding": padding })
    };
    keys.iter().map(one).collect()
}
