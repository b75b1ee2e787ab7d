//! A Python of our own, with packages of fixed versions.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Mutex;

/// One test makes the environment, the others wait.
static MAKING: Mutex<()> = Mutex::new(());

/// A virtual environment.
#[derive(Debug)]
pub(crate) struct Python(PathBuf);

/// Makes an environment with `packages`, or takes the one that an earlier run made. None, where that cannot be had.
pub(crate) fn with(packages: &[&str]) -> Option<Python> {
    let _alone = MAKING.lock().unwrap();
    let name = packages.join("-").replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    let home = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("python-{name}"));
    let (python, done) = (home.join("bin/python"), home.join("done"));
    if !done.exists() {
        ran(Command::new("python3").args(["-m", "venv"]).arg(&home))?;
        let install =
            ["-m", "pip", "install", "--quiet", "--no-compile", "--disable-pip-version-check", "--retries", "1"];
        ran(Command::new(&python).args(install).args(packages))?;
        std::fs::write(done, "").ok()?;
    }
    Some(Python(python))
}

impl Python {
    /// Returns where its interpreter is.
    pub(crate) fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }

    /// Runs one of the scripts beside this file; returns what it printed, or nothing, if it cannot be run here.
    pub(crate) fn run(&self, script: &str, args: &[&str]) -> Option<String> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fidelity").join(script);
        let mut command = Command::new(&self.0);
        // What Python compiles stays out of the sources.
        command.env("PYTHONPYCACHEPREFIX", concat!(env!("CARGO_TARGET_TMPDIR"), "/pycache"));
        let ran = command.arg(script).args(args).output().unwrap();
        // EX_TEMPFAIL: something else that the script needs cannot be had.
        if ran.status.code() == Some(75) {
            return None;
        }
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        Some(String::from_utf8(ran.stdout).unwrap())
    }
}

fn ran(command: &mut Command) -> Option<Output> {
    command.output().ok().filter(|output| output.status.success())
}
