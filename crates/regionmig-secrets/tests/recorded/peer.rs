//! The other end of the line, on a loopback port, which answers as it is told to.
//!
//! It takes the place of a world in another process, whose clock it says it has; so requests come by the testkit's own HTTP client.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use regionmig_aws::Access;
use regionmig_testkit::RemoteWorld;
use serde_json::Value;

use crate::clock::keeps_time;

/// What was asked.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    pub(crate) input: Value,
    pub(crate) operation: String,
    pub(crate) region: String,
}

type Answers = dyn Fn(&Asked) -> (u16, String) + Send + Sync;

#[derive(Debug)]
pub(crate) struct Peer(RemoteWorld);

impl Peer {
    pub(crate) fn new(answer: impl Fn(&Asked) -> (u16, String) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let answer: Arc<Answers> = Arc::new(answer);
        // It ends with the process.
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let answer = Arc::clone(&answer);
                thread::spawn(move || serve(stream, &*answer));
            }
        });
        Self(RemoteWorld::connect(&url).unwrap())
    }

    /// Returns access whose requests come here. No more of the SDK is ours.
    pub(crate) fn access(&self) -> Access {
        self.0.access()
    }
}

/// Answers the requests of one connection, or says what time it is.
fn serve(mut stream: TcpStream, answer: &Answers) -> Option<()> {
    let mut lines = BufReader::new(stream.try_clone().ok()?);
    let mut line = String::new();
    loop {
        line.clear();
        // Nothing, once the other end is closed.
        lines.read_line(&mut line).ok().filter(|length| *length > 0)?;
        if line.starts_with("clock ") {
            return keeps_time(stream, lines);
        }
        let (status, body) = answer(&request(&mut lines)?);
        let head = format!("HTTP/1.1 {status} Said\r\ncontent-length: {}\r\n\r\n", body.len());
        stream.write_all((head + &body).as_bytes()).ok()?;
    }
}

/// Reads a request, whose first line was read.
fn request(lines: &mut BufReader<TcpStream>) -> Option<Asked> {
    let (mut asked, mut length, mut line) = (Asked::default(), 0, String::new());
    loop {
        line.clear();
        lines.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "authorization" => asked.region = value.split('/').nth(2)?.to_owned(),
            "content-length" => length = value.parse().ok()?,
            "x-amz-target" => asked.operation = value.rsplit('.').next()?.to_owned(),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    lines.read_exact(&mut body).ok()?;
    asked.input = serde_json::from_slice(&body).unwrap_or_default();
    Some(asked)
}
