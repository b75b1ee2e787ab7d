//! The harness: each single fault, and each await, of any migration.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use futures::FutureExt;
use regionmig_aws::Access;
use regionmig_core::{Act, Migration, chain};
use tokio::runtime::Builder;

use crate::conforms::case::{Case, Family, thinned};
use crate::conforms::fork::Left;
use crate::conforms::late::TooLate;
use crate::conforms::trial::{Make, Trial};
use crate::conforms::{awaits, dies, late};
use crate::world::World;

/// How much of all that can go wrong is tried.
#[derive(Clone, Debug)]
pub struct Extent {
    most: usize,
    threads: usize,
    marks: Option<String>,
}

impl Extent {
    /// Everything.
    pub fn whole() -> Self {
        Self::sampled(usize::MAX)
    }

    /// At most so many of each family of faults, evenly chosen.
    pub fn sampled(most: usize) -> Self {
        Self { most, threads: 1, marks: None }
    }

    /// Takes so many threads. What is tried is the same.
    #[must_use]
    pub fn threads(self, threads: usize) -> Self {
        Self { threads: threads.max(1), ..self }
    }

    /// Names the read that shows by what mark a thing is known that would be made twice, such as `kms:ListResourceTags`. It is
    /// stale for as long as the step that makes the thing says that it settles, while an answer or a journal is lost. One that
    /// has lost the journal does not even say so.
    #[must_use]
    pub fn marks(self, action: &str) -> Self {
        Self { marks: Some(action.to_owned()), ..self }
    }
}

/// What a migration has survived.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Survived {
    /// Runs in which something went wrong, and that came to their end all the same: all of them.
    pub runs: usize,
    /// How many of them were brought to their end themselves, the others having left the same as one of these. With several threads
    /// it is more, as each knows only of its own.
    pub ended: usize,
    /// The same by what went wrong; those that took back what was applied are counted by themselves.
    pub families: BTreeMap<String, usize>,
    /// Runs in which a request was executed later than AWS takes it.
    pub too_late: usize,
    /// Things that were then made a second time.
    pub doubled: usize,
    /// Those of them that a later verification names: all of them.
    pub reported: usize,
}

impl fmt::Display for Survived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { runs, families, .. } = self;
        let families: Vec<String> = families.iter().map(|(family, runs)| format!("{runs} {family}")).collect();
        write!(f, "{runs}/{runs} resumed, 0 doubled, 0 lost ({})", families.join(", "))
    }
}

/// One thing to be tried, and with which trial.
enum Task<'a> {
    Case(&'a Trial<'a>, Box<Case>),
    /// Drops between these polls.
    Drops(&'a Trial<'a>, usize, usize),
}

/// Puts a migration through each single fault, on forks of `world`: it is killed, or loses a request, or its journal, or is
/// dropped, and then must come to its end as if nothing had happened, by the world's ledger.
///
/// The journal is a [`FileJournal`](regionmig_core::FileJournal) on a [`SimulatedDisk`](crate::SimulatedDisk). What goes wrong:
///
/// - *at each append* to it: the machine dies before, after each byte of the first line of each kind (three of the others), before
///   the sync, with what was not synced kept, dropped, garbage or any of these, and after it; it dies again at one of the next
///   appends; the disk is full from there on; half is written, then an error; the sync fails, and later the machine dies; and all of
///   that at each call by which the journal is made;
/// - *at each request*: it, or its answer, is lost in each way; AWS fails before or after doing it, throttles, denies, finds the
///   credentials expired or a quota used up; a change is executed 60 or 299 seconds later, while the run goes on or after it was killed;
/// - *at each append, the journal is lost* when the run was killed, or an older copy put in its place;
/// - *at each poll* the run's future is dropped;
/// - *stale reads*: see [`conforms`](crate::conforms), which tries the same of single services; and [`Extent::marks`];
/// - and all of that while what was applied is taken back, if it can be.
///
/// After each: at most three more runs do what is left; each thing was done once; AWS holds as much as it should; a new plan has
/// nothing to do; one more run changes nothing; and no request that changes something was sent before it was durable that its step
/// was begun. Cases that leave the same journal at the same request and time are brought to their end once.
///
/// Then each request that would make a thing twice is executed later than AWS takes it: 301 seconds to half an hour. There may be two
/// then, and verifying, or a new plan, must name the second.
///
/// A fault that decides how a thing is taken back, such as a read that is denied, is left out there.
///
/// It makes runtimes of its own, one a thread, so it is called from a plain `#[test]`, not from async code.
///
/// # Panics
///
/// Panics if anything does not end well, and says what.
pub fn survives(
    world: impl Fn() -> World,
    make: impl Fn(&Access) -> Migration + Send + Sync,
    extent: &Extent,
) -> Survived {
    let make: &Make<'_> = &make;
    let mut survived = Survived::default();
    let there = on_this_thread(Trial::prepare(world(), make));
    let back = on_this_thread(there.of_the_way_back());
    let trials: Vec<&Trial<'_>> = std::iter::once(&there).chain(&back).collect();
    let mut tasks = Vec::new();
    for &trial in &trials {
        for (family, all) in on_this_thread(tasks_of(trial, extent)) {
            let count = all.iter().map(Task::runs).sum::<usize>();
            *survived.families.entry(named(trial, family)).or_default() += count;
            survived.runs += count;
            tasks.extend(all);
        }
    }
    run(&tasks, extent.threads);
    survived.ended = trials.into_iter().map(Trial::ended).sum();
    let TooLate { runs, doubled, reported } = on_this_thread(late::later_than_that(&there, extent.most));
    assert!(doubled == reported, "of {doubled} things that were made twice, {reported} are reported");
    Survived { too_late: runs, doubled, reported, ..survived }
}

fn named(trial: &Trial<'_>, family: Family) -> String {
    match trial.act() {
        Act::Revert => format!("{family} taking back"),
        _ => family.to_string(),
    }
}

/// Returns what is to be tried, by family.
async fn tasks_of<'a>(trial: &'a Trial<'a>, extent: &Extent) -> Vec<(Family, Vec<Task<'a>>)> {
    let mut cases = dies::at_each_append(trial).await;
    cases.extend(dies::with_each_request(trial).await);
    cases.extend(late::each_change_may_come_late(trial));
    if trial.act() == Act::Apply {
        cases.extend(dies::without_its_journal(trial).await);
        cases.extend(late::reads_may_be_stale(trial).await.into_iter().flatten());
        if let Some(marks) = &extent.marks {
            cases.extend(late::marks_may_be_stale(trial, marks).await);
        }
    }
    let mut families: BTreeMap<Family, Vec<Case>> = BTreeMap::new();
    for case in cases {
        families.entry(case.family).or_default().push(case);
    }
    let of = |(family, cases)| {
        let cases = thinned(cases, extent.most);
        (family, cases.into_iter().map(|case| Task::Case(trial, Box::new(case))).collect())
    };
    let mut all: Vec<_> = families.into_iter().map(of).collect();
    let ends = awaits::stretches(trial).await;
    let begins = std::iter::once(1).chain(ends.iter().map(|end| end + 1));
    let is_whole = extent.most >= ends.len();
    let first = |begin, last| if is_whole { begin } else { last };
    let drops = begins.zip(&ends).map(|(begin, last)| Task::Drops(trial, first(begin, *last), *last)).collect();
    all.push((Family::Poll, thinned(drops, extent.most)));
    all
}

impl Task<'_> {
    fn runs(&self) -> usize {
        match self {
            Self::Case(..) => 1,
            Self::Drops(_, first, last) => last + 1 - first,
        }
    }

    fn trouble(&self) -> String {
        match self {
            Self::Case(trial, case) => format!("{} ({})", case.trouble, trial.act()),
            Self::Drops(trial, first, last) => format!("dropped at awaits {first} to {last} ({})", trial.act()),
        }
    }

    async fn must_end_well(&self, seen: &mut Vec<Left>) {
        match self {
            Self::Case(trial, case) => case.must_end_well(trial, seen).await,
            Self::Drops(trial, first, last) => awaits::dropped(trial, *first, *last).await,
        }
    }
}

/// Tries all, each on whatever thread is free, and panics with what did not end well.
fn run(tasks: &[Task<'_>], threads: usize) {
    let (next, failures) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        on_this_thread(async {
            let mut seen = Vec::new();
            while let Some(task) = tasks.get(next.fetch_add(1, Ordering::Relaxed)) {
                let tried = AssertUnwindSafe(task.must_end_well(&mut seen)).catch_unwind().await;
                if let Err(panic) = tried {
                    let text = panic.downcast_ref::<String>().cloned();
                    let text = text.unwrap_or_else(|| "it panicked".to_owned());
                    let failure = format!("{}: {text}", task.trouble());
                    failures.lock().unwrap_or_else(PoisonError::into_inner).push(failure);
                }
            }
        });
    };
    thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(work);
        }
        work();
    });
    let failures = failures.into_inner().unwrap_or_else(PoisonError::into_inner);
    let first: Vec<&String> = failures.iter().take(5).collect();
    assert!(failures.is_empty(), "{} did not end well, of {}: {first:#?}", failures.len(), tasks.len());
}

/// Runs something on a runtime of this thread alone, where a world is deterministic.
fn on_this_thread<T>(act: impl Future<Output = T>) -> T {
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.unwrap_or_else(|error| panic!("there is no runtime: {}", chain(&error))).block_on(act)
}
