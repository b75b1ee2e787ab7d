//! The Encryption SDK for Python, in a process that says how long it was on a processor.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use regionmig_core::reencrypt::message::Suite;
use serde_json::{Value, json};

use crate::cases::PROVIDER;
use crate::ours::{CONTEXT, KEY, NAME};
use crate::python;

/// The newest when this was written.
const PACKAGES: [&str; 1] = ["aws-encryption-sdk==4.0.7"];
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/rounds.py");

/// The process. It ends when its input does.
pub(crate) struct PythonRounds {
    child: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl PythonRounds {
    /// Starts it, where there is a Python that can have the SDK.
    pub(crate) fn start() -> Option<Self> {
        let python = python::with(&PACKAGES)?;
        let mut command = Command::new(python.path());
        command.arg(SCRIPT).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (requests, answers) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        Some(Self { child, requests, answers })
    }

    /// Gives it the message that it is to re-encrypt.
    pub(crate) fn load(&mut self, message: &[u8], suite: Suite) {
        let message = BASE64_STANDARD.encode(message);
        let (context, key) =
            (serde_json::Map::from_iter(CONTEXT.map(|(name, value)| (name.into(), value.into()))), KEY);
        let named = json!({ "provider": PROVIDER, "name": NAME, "key": BASE64_STANDARD.encode(key) });
        self.ask(&json!({ "message": message, "suite": suite, "context": context, "key": named }));
    }

    /// How long it takes to re-encrypt that message, by the message.
    pub(crate) fn time(&mut self, often: u32) -> Duration {
        let answer = self.ask(&json!({ "often": often }));
        Duration::from_secs_f64(answer["seconds"].as_f64().unwrap()) / often
    }

    fn ask(&mut self, request: &Value) -> Value {
        let requests = self.requests.as_mut().unwrap();
        writeln!(requests, "{request}").and_then(|()| requests.flush()).unwrap();
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }
}

impl Drop for PythonRounds {
    fn drop(&mut self) {
        drop(self.requests.take());
        drop(self.child.wait());
    }
}
