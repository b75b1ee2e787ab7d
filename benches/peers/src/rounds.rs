//! A Python that does something as often as it is told, in a process that says how long it was on a processor.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::python;

/// The process. It ends when its input does.
pub(crate) struct PythonRounds {
    child: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl PythonRounds {
    /// Starts a script, where there is a Python that can have these packages.
    pub(crate) fn start(packages: &[&str], script: &str) -> Option<Self> {
        let python = python::with(packages)?;
        let mut command = Command::new(python.path());
        // What Python compiles stays out of the sources.
        command.arg("-B").arg(script).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (requests, answers) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        Some(Self { child, requests, answers })
    }

    /// Gives it what it is to do it with.
    pub(crate) fn load(&mut self, load: &Value) {
        self.ask(load);
    }

    /// How long it takes to do it once.
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
