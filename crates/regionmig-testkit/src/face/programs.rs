//! The programs that share the world's time from other processes: who of them waits, and who is at work.
//!
//! The other end, and what is said between the two, is in the crate's module for programs.

use std::collections::{BTreeMap, BTreeSet};
use std::future::pending;
use std::io;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::{Either, select};
use http::request::Parts;
use jiff::Timestamp;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::clock::{Held, VirtualClock};
use crate::world::World;

/// The header of a request that says which program it is from.
pub(crate) const PROGRAM: &str = "x-world-program";
/// The header of a request that says by which number its program knows it.
pub(crate) const REQUEST: &str = "x-world-request";
/// The header of an answer that says what time it is in the world.
pub(crate) const NOW: &str = "x-world-now";

/// The programs that are connected now.
#[derive(Clone, Debug, Default)]
pub(super) struct Programs(Arc<Mutex<BTreeMap<String, Program>>>);

/// One program, as far as it is known whether it waits.
#[derive(Debug, Default)]
struct Program {
    /// Held unless the program does nothing but wait.
    held: Option<Held>,
    /// Its requests that wait in the world.
    asleep: BTreeSet<u64>,
    /// Its requests that were not answered when it began to wait; none, if it does not wait.
    waits: Option<BTreeSet<u64>>,
}

impl Program {
    /// Lets time pass if the program waits, and all its requests wait in the world. One that has not come or been
    /// answered by now will give the program something to do.
    fn settle(&mut self, clock: &VirtualClock) {
        let waits = self.waits.as_ref() == Some(&self.asleep);
        if waits != self.held.is_none() {
            self.held = (!waits).then(|| clock.hold());
        }
    }
}

/// A connected program; forgotten when this is dropped.
struct Connected<'a> {
    programs: &'a Programs,
    clock: VirtualClock,
    name: String,
}

impl Connected<'_> {
    fn waits(&self, waits: Option<BTreeSet<u64>>) {
        self.programs.change(&self.name, &self.clock, |program| program.waits = waits);
    }
}

impl Drop for Connected<'_> {
    fn drop(&mut self) {
        let gone = self.programs.lock().remove(&self.name);
        drop(gone);
    }
}

/// A request that waits in the world, until this is dropped.
pub(super) struct Asleep {
    programs: Programs,
    clock: VirtualClock,
    name: String,
    id: u64,
}

impl Drop for Asleep {
    fn drop(&mut self) {
        let id = self.id;
        self.programs.change(&self.name, &self.clock, |program| {
            program.asleep.remove(&id);
        });
    }
}

impl Programs {
    /// Notes that a request waits in the world; none, if it is from no program that is connected.
    pub(super) fn asleep(&self, clock: &VirtualClock, parts: &Parts) -> Option<Asleep> {
        let header = |name| parts.headers.get(name)?.to_str().ok();
        let (name, id) = (header(PROGRAM)?.to_owned(), header(REQUEST)?.parse().ok()?);
        self.change(&name, clock, |program| {
            program.asleep.insert(id);
        });
        Some(Asleep { programs: self.clone(), clock: clock.clone(), name, id })
    }

    /// Serves the line by which a program shares the world's time. The program is gone when the line is.
    pub(super) async fn attend(&self, world: &World, stream: TcpStream) -> io::Result<()> {
        let clock = world.clock();
        let (lines, mut answers) = stream.into_split();
        let mut lines = BufReader::new(lines).lines();
        let Some(hello) = lines.next_line().await? else { return Ok(()) };
        let Some(name) = hello.strip_prefix("clock ") else { return Err(io::ErrorKind::InvalidData.into()) };
        let program = Connected { programs: self, clock: clock.clone(), name: name.to_owned() };
        let at_work = Program { held: Some(clock.hold()), ..Program::default() };
        self.lock().insert(name.to_owned(), at_work);
        answers.write_all(now(&clock).as_bytes()).await?;
        let mut sleep: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(pending());
        loop {
            match select(&mut sleep, pin!(lines.next_line())).await {
                Either::Left(_) => {
                    program.waits(None);
                    sleep = Box::pin(pending());
                    answers.write_all(now(&clock).as_bytes()).await?;
                }
                Either::Right((line, _)) => {
                    let Some(line) = line? else { return Ok(()) };
                    let (wait, requests) = read(&line).ok_or(io::ErrorKind::InvalidData)?;
                    sleep = Box::pin(clock.sleep_awaited(wait));
                    program.waits(Some(requests));
                }
            }
        }
    }

    /// Changes what is known of a program that is connected.
    fn change(&self, name: &str, clock: &VirtualClock, change: impl FnOnce(&mut Program)) {
        if let Some(program) = self.lock().get_mut(name) {
            change(program);
            program.settle(clock);
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Program>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads `wait DURATION IDS..`.
fn read(line: &str) -> Option<(Duration, BTreeSet<u64>)> {
    let mut words = line.strip_prefix("wait ")?.split(' ');
    let wait = Duration::from_nanos(words.next()?.parse().ok()?);
    Some((wait, words.map(|id| id.parse().ok()).collect::<Option<_>>()?))
}

fn now(clock: &VirtualClock) -> String {
    format!("now {}\n", nanoseconds(clock.now()))
}

/// Returns a time as programs are told it.
pub(super) fn nanoseconds(at: Timestamp) -> String {
    at.as_nanosecond().to_string()
}
