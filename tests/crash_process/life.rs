//! Processes that are started, watched and killed.

use std::env;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard};

use regionmig_testkit::Face;

use crate::child::{ORDER, Order};

/// One process after the other, each with the same order: it is known to whoever is to kill it before it begins.
#[derive(Clone, Default)]
pub(crate) struct Lives(Arc<Mutex<Option<Child>>>);

/// How a process is started.
#[derive(Clone, Copy, Default)]
pub(crate) struct Start<'a> {
    /// How long a file may become, in blocks of 512 bytes.
    pub(crate) file_limit: Option<u64>,
    /// The step that a person answers for.
    pub(crate) acknowledge: Option<&'a str>,
}

/// What a process says, until it ends.
pub(crate) struct Life {
    lives: Lives,
    lines: std::io::Lines<BufReader<ChildStdout>>,
    pub(crate) pid: u32,
}

impl Lives {
    /// Starts a process.
    pub(crate) fn begin(&self, face: &Face, journal: &Path, start: Start<'_>) -> Life {
        let acknowledge = start.acknowledge.map(str::to_owned);
        let order = Order { url: face.url.clone(), journal: journal.to_owned(), acknowledge };
        let own = env::current_exe().unwrap();
        let mut command = match start.file_limit {
            None => Command::new(own),
            // What is written beyond the limit fails, where the signal is ignored that says so.
            Some(blocks) => {
                let mut shell = Command::new("sh");
                shell.args(["-c", "trap '' XFSZ; ulimit -f \"$0\"; exec \"$@\""]).arg(blocks.to_string()).arg(own);
                shell
            }
        };
        command.args(["--ignored", "--exact", "--nocapture", "the_process_that_the_other_tests_start"]);
        command.env(ORDER, serde_json::to_string(&order).unwrap()).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut slot = self.lock();
        let mut child = command.spawn().unwrap();
        let (lines, pid) = (BufReader::new(child.stdout.take().unwrap()).lines(), child.id());
        *slot = Some(child);
        Life { lives: self.clone(), lines, pid }
    }

    /// Kills the process that lives, and returns once it is dead.
    pub(crate) fn kill(&self) {
        if let Some(child) = self.lock().as_mut() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Returns the process's id.
    pub(crate) fn pid(&self) -> u32 {
        self.lock().as_ref().unwrap().id()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Child>> {
        self.0.lock().unwrap()
    }
}

impl Life {
    /// Returns the next thing it says; none, if it has ended.
    pub(crate) fn says(&mut self) -> Option<String> {
        loop {
            let line = self.lines.next()?.unwrap();
            if let Some((_, said)) = line.split_once('@') {
                return Some(said.to_owned());
            }
        }
    }

    /// Waits until it has ended; tells `each` what it says by then.
    pub(crate) fn end(mut self, mut each: impl FnMut(&str)) -> ExitStatus {
        while let Some(said) = self.says() {
            each(&said);
        }
        self.lives.lock().as_mut().unwrap().wait().unwrap()
    }
}

/// Sends a signal by name.
pub(crate) fn signal(name: &str, pid: u32) {
    assert!(Command::new("kill").args([format!("-{name}"), pid.to_string()]).status().unwrap().success());
}
