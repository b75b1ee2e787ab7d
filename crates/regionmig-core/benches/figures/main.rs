//! Prints each figure that is promised: `figure: NAME VALUE TARGET ok|short`. Ends with an error if one is short by
//! more than a fifth.
//!
//! `docs/performance.md` says what each is and what limits it.
#![expect(clippy::print_stdout, reason = "that is what it is for")]
#![expect(clippy::unwrap_used, reason = "what fails ends it")]

mod appends;
mod inputs;
mod measure;
mod messages;
mod policies;
mod stored;

use std::process::{Command, ExitCode};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use regionmig_core::reencrypt::message::Suite;
use regionmig_core::{ApplyOptions, Event, Journal, MemoryJournal, MigrationPlan, Record};

use crate::inputs::{Case, runtime};
use crate::measure::Target::{AtLeast, AtMost};
use crate::measure::{figure, on_processor, peak_memory, ratio, time_of, wall_time_of};

const MANY: usize = 100_000;
const VERY_MANY: usize = 1_000_000;

/// Has this program only plan very many steps, and say what that took.
const PEAK: &str = "--peak";

/// Measures and prints one figure, and says whether its target was met.
type Figure = fn() -> bool;

fn main() -> ExitCode {
    if std::env::args().any(|argument| argument == PEAK) {
        drop(plan_of(&Case::new(VERY_MANY)));
        println!("{}", peak_memory().unwrap_or_default());
        return ExitCode::SUCCESS;
    }
    let figures: [(&str, Figure); 10] = [
        ("planning", planning),
        ("reading", reading),
        ("engine", engine),
        ("appending", appending),
        ("scaling", scaling),
        ("memory", memory),
        ("rewriting", rewriting),
        ("messages", large_messages),
        ("small-messages", small_messages),
        ("many-messages", many_messages),
    ];
    // Those that were asked for by name, or all. Cargo adds options of its own.
    let asked: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let wanted = |name: &str| asked.is_empty() || asked.iter().any(|asked| asked == name);
    // All of them, whatever becomes of the first.
    match figures.iter().filter(|(name, figure)| wanted(name) && !figure()).count() {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

/// Planning, digest included, against serialising what is planned.
fn planning() -> bool {
    let case = Case::new(MANY);
    let lines = stored::lines(&case);
    figure("plan_time_to_serialising", AtMost(2.0), || {
        ratio(5, || time_of(|| plan_of(&case)), || time_of(|| stored::write(&lines)))
    })
}

/// Reading a stored plan, checked and ordered, against parsing it into the same types.
fn reading() -> bool {
    let bytes = plan_of(&Case::new(MANY)).to_bytes();
    figure("read_time_to_parsing", AtMost(2.0), || {
        let read = || time_of(|| MigrationPlan::from_bytes(&bytes).unwrap());
        ratio(5, read, || time_of(|| stored::parse(&bytes)))
    })
}

/// A run from its begin to its end, against serialising the records that it leaves.
fn engine() -> bool {
    let case = Case::new(MANY / 5);
    let plan = plan_of(&case);
    figure("engine_time_to_serialising", AtMost(3.0), || {
        let records: Mutex<Vec<Record>> = Mutex::default();
        let run = || {
            let journal = MemoryJournal::default();
            let time = run_time(&case, &plan, &journal);
            *records.lock().unwrap() = journal.records();
            time
        };
        ratio(5, run, || time_of(|| stored::write_each(&records.lock().unwrap())))
    })
}

/// How long a run takes from when it has checked the plan.
fn run_time(case: &Case, plan: &MigrationPlan, journal: &dyn Journal) -> Duration {
    let began: Arc<Mutex<Option<Duration>>> = Arc::default();
    let begins = Arc::clone(&began);
    let migration = case.migration.clone().observe(move |event| {
        if matches!(event, Event::Began { .. }) {
            *begins.lock().unwrap() = on_processor();
        }
    });
    let options = ApplyOptions::default().fresh();
    let mut ended = None;
    let whole = time_of(|| {
        let outcome = runtime().block_on(migration.apply(plan, journal, &options)).unwrap();
        ended = on_processor();
        assert!(outcome.is_complete());
        outcome
    });
    let began = *began.lock().unwrap();
    began.zip(ended).map_or(whole, |(began, ended)| ended.saturating_sub(began))
}

/// Records made safe while 64 are on their way, against one after another.
fn appending() -> bool {
    let appends = appends::Appends::new();
    figure("appends_together_to_alone", AtLeast(10.0), || {
        // Twenty times as many, so that both take about as long.
        let (few, many) = (100, 2_000);
        let alone = || wall_time_of(|| appends.add(few, 1));
        let together = || wall_time_of(|| appends.add(many, 64));
        ratio(5, alone, together) * f64::from(many) / f64::from(few)
    })
}

/// Planning of very many steps against planning of few, each by the step.
fn scaling() -> bool {
    let (few, very_many) = (Case::new(MANY / 10), Case::new(VERY_MANY));
    figure("plan_time_per_step_at_1e6_to_1e4", AtMost(2.5), || {
        // So often that both take about as long.
        let times = 20;
        let small = || (0..times).map(|_| time_of(|| plan_of(&few))).sum::<Duration>() * 5;
        ratio(3, || time_of(|| plan_of(&very_many)), small)
    })
}

/// What the planning of very many steps takes in a process of its own.
fn memory() -> bool {
    if peak_memory().is_none() {
        println!("skipped: figure plan_memory (this system does not say what a process takes)");
        return true;
    }
    figure("plan_memory_gib_at_1e6", AtMost(2.0), || {
        let output = Command::new(std::env::current_exe().unwrap()).arg(PEAK).output().unwrap();
        let bytes: f64 = String::from_utf8(output.stdout).unwrap().trim().parse().unwrap();
        bytes / f64::from(1 << 30)
    })
}

/// Rewriting a policy of 32 KiB, a third of whose values change, against parsing and printing the same text.
fn rewriting() -> bool {
    let (text, rewriter) = policies::policy();
    // So often that it takes a while.
    let often = 0..200;
    figure("rewrite_time_to_parsing_and_printing", AtMost(2.0), || {
        let rewrite = || time_of(|| often.clone().map(|_| rewriter.policy(&text).unwrap()).collect::<Vec<_>>());
        let print = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap().to_string();
        ratio(5, rewrite, || time_of(|| often.clone().map(|_| print(&text)).collect::<Vec<_>>()))
    })
}

/// Large messages against the bare loop of what opens, encrypts and, if they are signed, digests their frames: the share of its speed.
fn large_messages() -> bool {
    let named = |name: &str, suite, least| {
        let case = messages::Case::new(suite, 10 << 20);
        figure(name, AtLeast(least), || ratio(7, || time_of(|| case.frames(5)), || time_of(|| case.run(5))))
    };
    let signed = named("message_10mib_signed_to_primitives", Suite::CommittingSigned, 0.8);
    let unsigned = named("message_10mib_to_primitives", Suite::Committing, 0.7);
    signed && unsigned
}

/// Small messages against the sum of their primitives: the share of its speed.
fn small_messages() -> bool {
    let named = |name: &str, suite, times| {
        let case = messages::Case::new(suite, 1 << 10);
        figure(name, AtLeast(0.8), || ratio(7, || time_of(|| case.primitives(times)), || time_of(|| case.run(times))))
    };
    let signed = named("message_1kib_signed_to_primitives", Suite::CommittingSigned, 200);
    let unsigned = named("message_1kib_to_primitives", Suite::Committing, 3000);
    signed && unsigned
}

/// Many messages on two processors, against one: how many times as fast. It is told, and none is failed for it: whoever else uses the
/// machine may have the second processor.
fn many_messages() -> bool {
    if thread::available_parallelism().map_or(1, usize::from) < 2 {
        println!("skipped: figure messages_on_two_processors_to_one (there is one)");
        return true;
    }
    let case = messages::Case::new(Suite::CommittingSigned, 256 << 10);
    figure("messages_on_two_processors_to_one", AtLeast(1.8), || {
        ratio(7, || wall_time_of(|| case.many(320, 1)), || wall_time_of(|| case.many(320, 2)))
    });
    true
}

fn plan_of(case: &Case) -> MigrationPlan {
    case.migration.plan(&case.survey).unwrap()
}
