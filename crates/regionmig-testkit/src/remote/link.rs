//! The program's end of the line by which it shares the world's time.
//!
//! Lines of text, on the port that answers requests, too. `clock NAME` makes a connection such a line; `wait DURATION IDS..` says
//! that the program does nothing but wait, that long, and for the answers to these of its requests. `now TIME` says what time it
//! is: at the beginning, and when a wait is over. Times and durations are in nanoseconds. A later `wait` replaces the one before.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::Duration;

use jiff::Timestamp;

use crate::clock::VirtualClock;

/// How the world in the other process is asked to let time pass.
#[derive(Debug)]
pub(crate) struct Link {
    stream: TcpStream,
    requests: u64,
    under_way: BTreeSet<u64>,
}

impl Link {
    /// Asks for time to pass; true, if the question got away.
    pub(crate) fn ask(&mut self, wait: Duration) -> bool {
        let mut line = format!("wait {}", wait.as_nanos());
        for id in &self.under_way {
            // Text takes whatever is written to it.
            let _written = write!(line, " {id}");
        }
        line.push('\n');
        self.stream.write_all(line.as_bytes()).is_ok()
    }

    /// Returns the id of one more request.
    pub(crate) fn request(&mut self) -> u64 {
        self.requests += 1;
        self.under_way.insert(self.requests);
        self.requests
    }

    /// Notes that a request is not waited for any more.
    pub(crate) fn answered(&mut self, id: u64) {
        self.under_way.remove(&id);
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        // Whoever reads has the same stream, and would keep it open. One that is closed already is none to close.
        let _closed = self.stream.shutdown(Shutdown::Both);
    }
}

/// Connects a program to the clock of the world that listens at `url`.
pub(super) fn connect(url: &str, name: &str) -> io::Result<VirtualClock> {
    let address = url.strip_prefix("http://").unwrap_or(url);
    let mut stream = TcpStream::connect(address.trim_end_matches('/'))?;
    stream.set_nodelay(true)?;
    stream.write_all(format!("clock {name}\n").as_bytes())?;
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let now = lines.next().transpose()?.as_deref().and_then(told).ok_or(io::ErrorKind::InvalidData)?;
    let link = Link { stream, requests: 0, under_way: BTreeSet::new() };
    let clock = VirtualClock::linked(now, link);
    let told_to = clock.told();
    thread::Builder::new().name("world's clock".to_owned()).spawn(move || {
        while let Some(Ok(line)) = lines.next() {
            told(&line).into_iter().for_each(|now| told_to.arrive(now));
        }
        told_to.cut();
    })?;
    Ok(clock)
}

/// Returns the time that a line tells.
fn told(line: &str) -> Option<Timestamp> {
    time(line.strip_prefix("now ")?)
}

/// Reads a time from its nanoseconds.
pub(super) fn time(nanoseconds: &str) -> Option<Timestamp> {
    Timestamp::from_nanosecond(nanoseconds.parse().ok()?).ok()
}
