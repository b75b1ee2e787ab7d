//! Secrets are moved in another stand-in for AWS, which nobody here wrote: moto, by HTTP.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use jiff::SignedDuration;
use regionmig::secrets::{Mode, Secrets};
use regionmig::{Check, Migration, Verdict};
use regionmig_testkit::{RemoteWorld, SecretsTiming, World};
use serde_json::{Value, json};

use crate::account::{applied, route};
use crate::clock::keeps_time;
use crate::python::{self, Python};

/// Those with which the testkit plays its peers, so that one environment does for both.
const PACKAGES: [&str; 5] =
    ["boto3==1.44.8", "cryptography==50.0.2", "flask==3.1.3", "flask-cors==6.0.5", "moto==5.2.5"];
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/secrets/moto_peer.py");

#[tokio::test]
async fn secrets_are_replicated_in_moto() {
    let Some(python) = python::with(&PACKAGES) else {
        println!("skipped: moto_secrets (no Python that can have moto)");
        return;
    };
    let mut moto = Moto::start(&python);
    let made = moto.said();
    assert_eq!((&made["secrets"], &made["away"]), (&json!(7), &json!(0)));
    let line = Line::to(made["url"].as_str().unwrap());
    let access = line.world.access();
    let migration = Migration::new(route(), &access).with(Secrets::new(&access).mode(Mode::Replicate));
    let (plan, _, outcome) = applied(&migration).await;
    assert!(outcome.is_complete(), "{plan}{outcome}");
    let seen = moto.asked();
    let none: [&str; 0] = [];
    assert_eq!(seen["complaints"], json!(none), "{plan}{outcome}");
    assert_eq!(seen["secrets"], made["secrets"]);
    // What moto refuses is told, and not taken for well: see `docs/fidelity.md`.
    let verification = migration.verify(outcome.ids()).await.unwrap();
    let unread = |check: &Check| check.verdict == Verdict::Unknown && check.message.contains("GetResourcePolicy");
    assert!(verification.not_passed().all(unread), "{verification}");
    assert_eq!((verification.not_passed().count(), verification.left.len()), (7, 0), "{verification}");
    assert_eq!(line.refused(), ["DescribeSecret 404", "GetResourcePolicy 400"]);
    println!("shown: moto_secrets {} secrets replicated and seen by boto3", seen["secrets"]);

    let promoting = Secrets::new(&access).mode(Mode::ReplicateAndPromote).with_prefix("text");
    let (plan, _, outcome) = applied(&Migration::new(route(), &access).with(promoting)).await;
    assert_eq!((plan.len(), outcome.failed().count()), (1, 1), "{plan}{outcome}");
    assert!(outcome.to_string().contains("StopReplicationToReplica"), "{outcome}");
    assert_eq!(line.refused()[2..], ["StopReplicationToReplica 500"]);
    assert_eq!(moto.asked()["complaints"], json!(none), "all is as it was: {outcome}");
}

#[test]
fn where_moto_differs_is_listed() {
    let Some(python) = python::with(&PACKAGES) else {
        println!("skipped: moto_secrets (no Python that can have moto)");
        return;
    };
    let world = World::new();
    // Other languages live by the machine's clock, which does not move the world's.
    let mut timing = SecretsTiming::default();
    (timing.replication, timing.rotation) = (SignedDuration::ZERO, SignedDuration::ZERO);
    world.secrets_timing(timing);
    world.rotation_function("arn:aws:lambda:me-central-1:111122223333:function:rotate");
    let face = world.serve().unwrap();
    let found = python.run(SCRIPT, &["differ", &face.url]).unwrap();
    let document = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/fidelity.md")).unwrap();
    let (_, section) = document.split_once("\n## Peers: Secrets Manager\n").unwrap();
    let section = section.split("\n## ").next().unwrap();
    let is_listed = |row: &&str| section.lines().any(|line| line.starts_with(row) && line.len() > row.len() + 4);
    let unlisted: Vec<&str> = found.lines().filter(|row| !is_listed(row)).collect();
    assert!(unlisted.is_empty(), "differences that are not listed, or not so:\n{}", unlisted.join("\n"));
    let listed = section.lines().filter(|line| line.starts_with("| `")).count();
    assert_eq!(listed, found.lines().count(), "a difference that is gone must not be listed:\n{found}");
    println!("shown: moto_secrets differences listed {listed} of {}", found.lines().count());
}

/// A process that moto is in.
struct Moto {
    process: Child,
    says: BufReader<ChildStdout>,
    told: ChildStdin,
}

impl Moto {
    fn start(python: &Python) -> Self {
        let mut command = Command::new(python.path());
        command.arg(SCRIPT).arg("serve").stdin(Stdio::piped()).stdout(Stdio::piped());
        command.env("PYTHONPYCACHEPREFIX", concat!(env!("CARGO_TARGET_TMPDIR"), "/pycache"));
        let mut process = command.spawn().unwrap();
        let says = BufReader::new(process.stdout.take().unwrap());
        let told = process.stdin.take().unwrap();
        Self { process, says, told }
    }

    /// Returns what it says next.
    fn said(&mut self) -> Value {
        let mut line = String::new();
        self.says.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    /// Returns how it finds what was moved.
    fn asked(&mut self) -> Value {
        writeln!(self.told).unwrap();
        self.said()
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ended = self.process.kill();
        let _status = self.process.wait();
    }
}

type Refused = Arc<Mutex<BTreeSet<String>>>;

/// What the testkit's HTTP client takes for a world: it has a clock, and passes requests on to a server that has none.
struct Line {
    refused: Refused,
    world: RemoteWorld,
}

impl Line {
    fn to(server: &str) -> Self {
        let (server, refused) = (Arc::from(server.strip_prefix("http://").unwrap()), Refused::default());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let notes = Arc::clone(&refused);
        // It ends with the process.
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (server, notes): (Arc<str>, _) = (Arc::clone(&server), Arc::clone(&notes));
                thread::spawn(move || passes_on(stream, &server, &notes));
            }
        });
        Self { refused, world: RemoteWorld::connect(&url).unwrap() }
    }

    /// Returns which operations were refused, with what status.
    fn refused(&self) -> Vec<String> {
        self.refused.lock().unwrap().iter().cloned().collect()
    }
}

/// Passes on the requests of one connection, or says what time it is.
fn passes_on(mut stream: TcpStream, server: &str, refused: &Refused) -> Option<()> {
    let mut lines = BufReader::new(stream.try_clone().ok()?);
    loop {
        let mut first = String::new();
        // Nothing, once the other end is closed.
        lines.read_line(&mut first).ok().filter(|length| *length > 0)?;
        if first.starts_with("clock ") {
            return keeps_time(stream, lines);
        }
        let asked = Message::read(first, &mut lines)?;
        let mut away = TcpStream::connect(server).ok()?;
        away.write_all(&asked.written("connection: close\r\n")).ok()?;
        let mut answers = BufReader::new(away);
        let mut first = String::new();
        answers.read_line(&mut first).ok()?;
        let answer = Message::read(first, &mut answers)?;
        if !answer.first.contains(" 200 ") {
            let operation = asked.header("x-amz-target").unwrap_or(&asked.first).trim();
            let operation = operation.rsplit('.').next()?;
            refused.lock().unwrap().insert(format!("{operation} {}", answer.first.split(' ').nth(1)?));
        }
        stream.write_all(&answer.written("")).ok()?;
    }
}

/// A request or an answer.
struct Message {
    body: Vec<u8>,
    first: String,
    headers: Vec<String>,
}

impl Message {
    fn read(first: String, lines: &mut impl BufRead) -> Option<Self> {
        let mut this = Self { body: Vec::new(), first, headers: Vec::new() };
        loop {
            let mut line = String::new();
            lines.read_line(&mut line).ok()?;
            if line.trim_end().is_empty() {
                break;
            }
            this.headers.push(line);
        }
        let length = this.header("content-length").map_or(Some(0), |length| length.parse().ok())?;
        this.body = vec![0; length];
        lines.read_exact(&mut this.body).ok()?;
        Some(this)
    }

    fn header(&self, name: &str) -> Option<&str> {
        let mut pairs = self.headers.iter().filter_map(|line| line.split_once(':'));
        pairs.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }

    /// Returns it as it goes on, with `added` in place of what it says about the connection.
    fn written(&self, added: &str) -> Vec<u8> {
        let kept = self.headers.iter().filter(|line| !line.to_ascii_lowercase().starts_with("connection:"));
        let head: String = kept.map(String::as_str).collect();
        [format!("{}{head}{added}\r\n", self.first).as_bytes(), &self.body].concat()
    }
}
