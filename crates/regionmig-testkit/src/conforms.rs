//! The conformance suite: what every service promises, asked of any of them.

#![expect(clippy::panic, reason = "a check reports by panicking, as an assertion does")]

mod awaits;
mod case;
mod checks;
pub(crate) mod deeds;
mod dies;
mod fork;
pub(crate) mod journal;
mod knows;
mod late;
mod leave;
mod survives;
mod trial;

pub use journal::CrashingJournal;
pub use survives::{Extent, Survived, survives};

use std::fmt;

use regionmig_aws::Access;
use regionmig_core::{Migrate, Migration, Route};

use crate::conforms::case::{Case, thinned};
use crate::conforms::trial::Trial;
use crate::world::World;

/// Of the deaths at appends, and of the journals lost, so many are tried.
const KILLS: usize = 20;
/// Of the losses and refusals of requests, so many are tried.
const LOSSES: usize = 120;
/// Of the pairs of a read that is stale and a change, so many are tried.
const PAIRS: usize = 200;

/// What the suite has put a service through.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Conformed {
    /// Steps of the plan.
    pub steps: usize,
    /// Mutations of a run in which nothing goes wrong.
    pub mutations: usize,
    /// Runs in which the process or the machine died at an append to the journal, or the journal was lost.
    pub killed: usize,
    /// Runs dropped at an await.
    pub dropped: usize,
    /// Runs in which a request or an answer was lost, or AWS failed.
    pub lost: usize,
    /// Runs in which a change was lost, and executed a minute or five later.
    pub late: usize,
    /// Runs in which reads were stale, and an answer or a journal was lost.
    pub stale: usize,
    /// Such runs that were left out, for the sake of time.
    pub left_out: usize,
    /// Runs told to stop.
    pub stopped: usize,
    /// Steps that were not done as long as they lacked leave.
    pub unallowed: usize,
    /// Runs in which a read was refused.
    pub blind: usize,
    /// Surveys in which a read failed.
    pub gaps: usize,
}

impl fmt::Display for Conformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { steps, mutations, killed, dropped, lost, late, stale, left_out, stopped, unallowed, blind, gaps } =
            self;
        write!(
            f,
            "{steps} steps, {mutations} mutations; {killed} kills, {dropped} drops, {lost} losses, {late} late, {stale} \
             stale and {left_out} such left out, {stopped} stops, {unallowed} steps without leave, {blind} blind runs, \
             {gaps} surveys with gaps; 0 doubled, 0 lost"
        )
    }
}

/// Puts a service through the suite, on forks of the account that `world` makes, from
/// `111122223333/me-central-1` to `111122223333/eu-central-1`.
///
/// Planning is pure and changes nothing; steps store and read back, and list what they need; a run
/// does each thing once, a second one nothing, and then nothing is left to plan; and so it is when
/// the run is killed at its journal, which lies on a [`SimulatedDisk`](crate::SimulatedDisk), dropped at an await, told to stop, when
/// a request or answer is lost, when AWS fails before or after doing what was asked, and when a read is refused. Without leave, what
/// is not additive is not done. What a survey could not read leads to no step, and is said. What other services'
/// resources the steps need is mapped beforehand.
///
/// Of the deaths, drops and losses this tries a sample. [`survives`] tries all of them, on a whole migration.
///
/// *Each thing* is what the world's ledger says was changed: the same actions, in the same places, on the same
/// resources, as often as in a run in which nothing goes wrong; then a new plan names no step but those that were held,
/// and what a survey reads is as much, whatever the service makes of it.
///
/// *Every step twice*: the deaths at appends have every step begun a second time, at each point of the first
/// time, and the second runs have every step looked at again, with the same journal and with a new one. A service's own
/// `apply` is not called twice in a row: no run does that without a probe between.
///
/// *Late and stale*: each change is lost to its sender and executed 60 and 299 seconds later, while the run goes on and
/// after it was killed; and each kind of read is answered from what was 300 seconds ago while the answer to a change is
/// lost, or the journal is lost and the next run [cautious](regionmig_core::ApplyOptions::cautious) (25 seconds, if it
/// is not). Steps that say that they [mint](regionmig_core::Spec::mints) are done once all the same. Others may
/// be done a second time, on the same thing. Of the pairs of a read and a change, at most 200 are tried, evenly chosen;
/// with a lost journal those whose step mints, and a fifth of the others.
///
/// # Panics
///
/// Panics on the first promise that the service breaks, and says which.
pub async fn conforms<S: Migrate>(
    world: impl Fn() -> World + Send,
    make: impl Fn(&Access) -> S + Send + Sync,
) -> Conformed {
    let end = |text: &str| text.parse().unwrap_or_else(|error| panic!("{error}"));
    let route = Route::new(end("111122223333/me-central-1"), end("111122223333/eu-central-1"));
    conforms_on(route.unwrap_or_else(|error| panic!("{error}")), world, make).await
}

/// Puts a service through the suite on another route.
///
/// # Panics
///
/// Panics on the first promise that the service breaks, and says which.
pub async fn conforms_on<S: Migrate>(
    route: Route,
    world: impl Fn() -> World + Send,
    make: impl Fn(&Access) -> S + Send + Sync,
) -> Conformed {
    let migration = |access: &Access| Migration::new(route.clone(), access).with(make(access));
    let trial = Trial::prepare(world(), &migration).await;
    let mut conformed = Conformed { steps: trial.plan().len(), ..Conformed::default() };
    checks::plans_are_pure(&trial, &make).await;
    conformed.mutations = checks::each_thing_is_done_once(&trial).await;
    conformed.killed = each(&trial, thinned(dies::at_each_append(&trial).await, KILLS)).await;
    conformed.killed += each(&trial, thinned(dies::without_its_journal(&trial).await, KILLS)).await;
    conformed.dropped = awaits::sampled(&trial).await;
    conformed.lost = each(&trial, thinned(dies::with_each_request(&trial).await, LOSSES)).await;
    conformed.late = each(&trial, late::each_change_may_come_late(&trial)).await;
    (conformed.stale, conformed.left_out) = each_pair(&trial, late::reads_may_be_stale(&trial).await).await;
    conformed.stopped = leave::it_stops_when_told(&trial).await;
    conformed.unallowed = leave::nothing_is_done_without_leave(&trial).await;
    conformed.blind = knows::a_refused_read_is_no_absence(&trial).await;
    conformed.gaps = knows::a_gap_leads_to_no_step(&trial).await;
    conformed
}

/// Has each of these go wrong, and says how many they were.
async fn each(trial: &Trial<'_>, cases: Vec<Case>) -> usize {
    let mut seen = Vec::new();
    for case in &cases {
        case.must_end_well(trial, &mut seen).await;
    }
    cases.len()
}

/// Has some of the pairs of a read and a change go wrong, and says how many runs there were, and how many of three for each
/// pair were left out.
async fn each_pair(trial: &Trial<'_>, pairs: Vec<Vec<Case>>) -> (usize, usize) {
    let all = 3 * pairs.len();
    let runs = each(trial, thinned(pairs, PAIRS).into_iter().flatten().collect()).await;
    (runs, all - runs)
}
