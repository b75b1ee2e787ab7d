//! A process that is started, watched, and killed when one of its requests reaches the world.

use std::env;
use std::fmt;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use regionmig_testkit::{Face, Fault, World};

/// When a life ends.
#[derive(Clone, Copy)]
pub(crate) struct Point {
    /// At which of its requests, counted from when it is ready.
    pub(crate) request: u64,
    /// Whether that request is lost; otherwise it is executed, and nobody hears of it.
    pub(crate) is_lost: bool,
}

/// How a life ended.
pub(crate) enum Ended {
    ByItself(Option<i32>),
    Killed { point: Point, action: String },
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ByItself(Some(0)) => f.write_str("ended by itself"),
            Self::ByItself(code) => write!(f, "ended by itself, with code {code:?}"),
            Self::Killed { point, action } => {
                let fate = if point.is_lost { "which never arrived" } else { "whose answer nobody heard" };
                write!(f, "killed at request {}: {action}, {fate}", point.request)
            }
        }
    }
}

/// Starts this program once more, to migrate in `face`'s world, and kills it at `point`. `watch` sees what it prints.
pub(crate) fn live(
    world: &World,
    face: &Face,
    journal: &Path,
    point: Point,
    watch: impl Fn(&str),
) -> io::Result<Ended> {
    let mut process = Command::new(env::current_exe()?)
        .args(["--live-once", &face.url])
        .arg(journal)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let (mut orders, prints) = (process.stdin.take(), process.stdout.take());
    let process = Arc::new(Mutex::new(process));
    let killed_at = Arc::new(Mutex::new(None));
    for line in prints.map(BufReader::new).into_iter().flat_map(BufRead::lines) {
        match line?.as_str() {
            "ready" => {
                kill_at(world, point, &process, &killed_at);
                if let Some(orders) = &mut orders {
                    writeln!(orders, "go")?;
                }
            }
            line => watch(line),
        }
    }
    let status = process.lock().unwrap_or_else(PoisonError::into_inner).wait()?;
    world.clear_faults();
    // What it sent before it died has been dealt with.
    face.drained()?;
    let action = killed_at.lock().unwrap_or_else(PoisonError::into_inner).take();
    Ok(action.map_or(Ended::ByItself(status.code()), |action| Ended::Killed { point, action }))
}

/// Has the process killed when it sends the request; it is dead before anything becomes of that.
fn kill_at(world: &World, point: Point, process: &Arc<Mutex<Child>>, killed_at: &Arc<Mutex<Option<String>>>) {
    let (process, killed_at) = (Arc::clone(process), Arc::clone(killed_at));
    let seen = Arc::new(Mutex::new(String::new()));
    let sees = Arc::clone(&seen);
    let kill = Fault::meanwhile("*", move |_| {
        let mut process = process.lock().unwrap_or_else(PoisonError::into_inner);
        if process.kill().and_then(|()| process.wait()).is_ok() {
            let action = seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
            *killed_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(action);
        }
    });
    let kill = kill.when(move |call| {
        // Reads are sent together, so which of them comes first differs from run to run.
        let reads = ["Describe", "Get", "List"].iter().any(|verb| call.operation.starts_with(verb));
        let action = if reads { "a read".to_owned() } else { format!("{}:{}", call.service, call.operation) };
        *sees.lock().unwrap_or_else(PoisonError::into_inner) = action;
        true
    });
    world.fault(kill.nth(point.request));
    if point.is_lost {
        world.fault(Fault::lost_request("*").nth(point.request));
    }
}
