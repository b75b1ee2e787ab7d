//! The process that is killed: one run of a migration, with its journal in a file.

use std::env;
use std::path::PathBuf;
use std::process;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use async_trait::async_trait;
use regionmig::kms::Kms;
use regionmig::{
    ApplyOptions, CancellationToken, FileJournal, FileJournalError, Header, Journal, JournalError, Migration, Record,
    Run, chain,
};
use regionmig_testkit::{Holding, RemoteWorld};
use serde::{Deserialize, Serialize};
use signal_hook::consts::SIGINT;
use signal_hook::iterator::Signals;

use crate::account::route;

/// The variable that holds an [`Order`], in the process that is to carry it out.
pub(crate) const ORDER: &str = "REGIONMIG_CRASH_PROCESS";

/// All is done.
pub(crate) const DONE: i32 = 0;
/// The journal failed, or something else did.
pub(crate) const FAILED: i32 = 1;
/// The journal could not be had.
pub(crate) const REFUSED: i32 = 2;
/// Something is left to do.
pub(crate) const LEFT: i32 = 3;
/// Interrupted twice.
pub(crate) const INTERRUPTED: i32 = 130;

/// What a process is to do.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Order {
    /// Where the world is.
    pub(crate) url: String,
    /// Where the journal is, or is to be.
    pub(crate) journal: PathBuf,
    /// The step that a person answers for, instead of a run.
    pub(crate) acknowledge: Option<String>,
}

/// Carries out the order that this process was started with, and ends the process; returns if there is none.
#[expect(clippy::disallowed_methods, reason = "a test that is started by another has no other arguments")]
pub(crate) fn main() {
    let Ok(order) = env::var(ORDER) else { return };
    let order = serde_json::from_str(&order).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    process::exit(runtime.block_on(carry_out(order)));
}

async fn carry_out(order: Order) -> i32 {
    let remote = RemoteWorld::connect(&order.url).unwrap();
    let access = remote.access();
    let migration = Migration::new(route(), &access).with(Kms::new(&access));
    let (journal, plan) = match FileJournal::open(&order.journal).await {
        Ok(Some(earlier)) => earlier,
        Ok(None) => {
            let plan = migration.plan(&migration.survey().await.unwrap()).unwrap();
            match FileJournal::create(&order.journal, &plan).await {
                Ok(journal) => (journal, plan),
                Err(error) => return refused(&error),
            }
        }
        Err(error) => return refused(&error),
    };
    say("opened");
    if let Some(step) = order.acknowledge {
        migration.acknowledge(&plan, &journal, &step.parse().unwrap(), "alice", "seen").await.unwrap();
        return DONE;
    }
    let journal = Told { journal: Holding::new(journal, remote.clock()), records: AtomicUsize::default() };
    let options = ApplyOptions::default().patience(Duration::from_secs(3 * 3600)).stop(interrupts());
    match migration.apply(&plan, &journal, &options).await {
        Ok(outcome) if outcome.is_complete() => DONE,
        Ok(outcome) => {
            say(&format!("left: {}", outcome.to_string().replace('\n', "; ")));
            LEFT
        }
        Err(error) => {
            say(&format!("failed: {}", chain(&error)));
            FAILED
        }
    }
}

fn refused(error: &FileJournalError) -> i32 {
    say(&format!("refused: {}", chain(error)));
    REFUSED
}

/// Tells the process that started this one. The mark sets it apart from what the test harness prints.
fn say(text: &str) {
    println!("@{text}");
}

/// Returns what is cancelled by the first Ctrl-C. The second ends the process at once.
fn interrupts() -> CancellationToken {
    let stop = CancellationToken::new();
    let (first, mut signals) = (stop.clone(), Signals::new([SIGINT]).unwrap());
    thread::spawn(move || {
        let mut interrupts = signals.forever();
        interrupts.next();
        first.cancel();
        say("stopping");
        interrupts.next();
        process::exit(INTERRUPTED);
    });
    stop
}

/// A journal that tells of each record, before it is written and when it is safe.
#[derive(Debug)]
struct Told {
    journal: Holding<FileJournal>,
    records: AtomicUsize,
}

#[async_trait]
impl Journal for Told {
    async fn replay(&self, header: &Header, each: &mut (dyn FnMut(Record) + Send)) -> Result<(), JournalError> {
        self.journal.replay(header, each).await
    }

    async fn append(&self, record: &Record) -> Result<(), JournalError> {
        let number = 1 + self.records.fetch_add(1, Ordering::Relaxed);
        say(&format!("writes {number}"));
        self.journal.append(record).await?;
        say(&format!("wrote {number}"));
        Ok(())
    }

    async fn begin(&self, run: &Run) -> Result<(), JournalError> {
        self.journal.begin(run).await
    }
}
