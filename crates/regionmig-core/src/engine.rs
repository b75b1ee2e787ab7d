//! Carries out a plan: what runs when, what is believed, what is written down.
// REQ: E-15

mod hooks;
mod lanes;
mod memo;
mod options;
mod outcome;
mod progress;
mod revert;
mod schedule;

pub use options::ApplyOptions;
pub use outcome::{Outcome, Stop};

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use jiff::Timestamp;
use tracing::Instrument;

use crate::context::{Basis, Recorder, RunContext, SharedReads, StepContext};
use crate::digest::Digest;
use crate::engine::hooks::Hooks;
use crate::engine::memo::{Gates, Guard, LATEST, Memo, SHORTEST_PAUSE};
use crate::engine::outcome::Aim;
use crate::engine::progress::Progress;
use crate::engine::schedule::Schedule;
use crate::erased::ErasedStep;
use crate::error::{Error, ErrorKind, ErrorReport, chain};
use crate::event::Event;
use crate::ids::ResourceId;
use crate::journal::{Entry, Journal, JournalError, Record};
use crate::migration::Migration;
use crate::plan::{Hold, MigrationPlan};
use crate::receipt::Receipt;
use crate::service::{Applied, Probe};
use crate::standings::{ReplayError, Standing, Standings, Status};
use crate::step::{Spec, StepId};
use crate::time::{after, between};
use crate::wait::Wait;

/// What comes of one look at a step.
#[derive(Debug)]
enum Turn {
    Done,
    Failed(ErrorReport),
    /// Look again.
    Later(Duration),
}

/// A step that is being looked at: read once.
struct Look<'a> {
    index: usize,
    id: &'a StepId,
    /// As its service wrote it.
    json: &'a str,
    spec: Spec,
    step: Box<dyn ErasedStep + 'a>,
}

pub(crate) struct Engine<'a> {
    migration: &'a Migration,
    plan: &'a MigrationPlan,
    journal: &'a dyn Journal,
    options: &'a ApplyOptions,
    cx: &'a RunContext,
    began: Timestamp,
    reads: Arc<SharedReads>,
    gates: Mutex<Gates>,
    standings: Mutex<Standings>,
    broken: Mutex<Option<JournalError>>,
    hooks: Hooks,
}

/// So long may looks at a step take, all in all, besides the pauses between them.
const A_LOOK: Duration = Duration::from_secs(60);

impl<'a> Engine<'a> {
    pub(crate) fn new(
        migration: &'a Migration,
        plan: &'a MigrationPlan,
        journal: &'a dyn Journal,
        options: &'a ApplyOptions,
        cx: &'a RunContext,
        standings: Standings,
    ) -> Self {
        Self {
            migration,
            plan,
            journal,
            options,
            cx,
            began: cx.clock().now(),
            reads: Arc::default(),
            gates: Mutex::new(Gates::passed_before(begun_minting(plan, &standings))),
            standings: Mutex::new(standings),
            broken: Mutex::default(),
            hooks: Hooks::new(options.concurrency),
        }
    }

    pub(crate) async fn run(self) -> Result<Outcome, Error> {
        let (held, stopped) = self.steps().await;
        self.end(held, stopped, Aim::Apply)
    }

    /// Runs what may run, until nothing more may.
    async fn steps(&self) -> (BTreeMap<StepId, Hold>, Option<Stop>) {
        let deadline = self.deadline();
        let mut progress = Progress::begin(self);
        let mut schedule = Schedule::new(self);
        let mut running = FuturesUnordered::new();
        let mut stopped = None;
        loop {
            if self.cx.cancellation().is_cancelled() {
                stopped = stopped.or(Some(Stop::Cancelled));
            }
            let going = stopped.is_none() && !self.is_broken();
            if !going {
                self.hooks.close();
            }
            while going && self.has_slot(running.len()) {
                // What wakes later than patience lasts stays asleep, though other steps are still under way.
                let Some((index, memo)) = schedule.next(self.now().min(deadline)) else { break };
                running.push(self.turn(index, memo).map(move |(turn, memo)| (index, turn, memo)));
            }
            let nap = schedule.wakes_at().filter(|&at| going && at <= deadline);
            if running.is_empty() && nap.is_none() {
                break;
            }
            let free = self.has_slot(running.len());
            let pause = nap.map(|at| between(self.now(), at)).unwrap_or_default();
            tokio::select! {
                // In this order, so that the same account and the same answers make the same run.
                biased;
                Some((index, turn, memo)) = running.next() => {
                    match &turn {
                        Turn::Failed(report) if report.kind == ErrorKind::Credentials => {
                            stopped = Some(Stop::Credentials(report.clone()));
                        }
                        Turn::Done => progress.step_done(self),
                        _ => {}
                    }
                    schedule.take(index, &turn, memo);
                }
                () = self.cx.clock().sleep(pause), if nap.is_some() && free => {}
                () = self.hooks.changed() => {}
                () = self.cx.cancellation().cancelled(), if going => {}
            }
        }
        progress.end(self);
        (self.not_begun(schedule, stopped.is_some()), stopped)
    }

    /// Says of each step that was not come to why.
    fn not_begun(&self, schedule: Schedule<'_>, stopped: bool) -> BTreeMap<StepId, Hold> {
        let (mut held, lanes) = schedule.into_parts();
        for index in 0..self.plan.len() {
            let id = self.plan.name(index);
            if self.standings().at(index).status != Status::Pending || held.contains_key(id) {
                continue;
            }
            let not_done = |&earlier: &usize| !self.standings().at(earlier).is_done();
            let other = self.plan.waits_for(index).find(not_done).or_else(|| lanes.ahead_of(index));
            let hold = match other {
                Some(other) => Hold::Behind(self.plan.name(other).clone()),
                None if stopped || self.is_broken() => Hold::Stopped,
                // It was looked at, and is to be looked at again: its patience ran out.
                None => match self.wanted_patience(index) {
                    Some(window) => Hold::WantsPatience(window),
                    None => continue,
                },
            };
            held.insert(id.clone(), hold);
        }
        held
    }

    /// Returns how long a run must last to begin the step, if this one is shorter.
    fn wanted_patience(&self, index: usize) -> Option<Duration> {
        let look = self.look(index).ok()?;
        let window = self.guard(look.id.service(), &look.spec, &Standing::default()).window();
        // The looks take their time, too.
        let wanted = window + A_LOOK;
        (!window.is_zero() && wanted > self.options.patience).then_some(wanted)
    }

    fn has_slot(&self, running: usize) -> bool {
        running.saturating_sub(self.hooks.running()) < self.options.concurrency
    }

    fn deadline(&self) -> Timestamp {
        after(self.began, self.options.patience)
    }

    fn end(self, held: BTreeMap<StepId, Hold>, stopped: Option<Stop>, aim: Aim) -> Result<Outcome, Error> {
        match self.broken.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some(error) => Err(error.into()),
            None => {
                let standings = self.standings.into_inner().unwrap_or_else(PoisonError::into_inner);
                Ok(Outcome::new(standings, held, stopped, aim))
            }
        }
    }

    /// Looks at a step, and does it if it is not done.
    async fn turn(&self, index: usize, mut memo: Memo) -> (Turn, Memo) {
        let id = self.plan.name(index);
        self.cx.emit(&Event::StepStarted { step: id.clone() });
        // Boxed piece by piece, here and below: what is larger than a kilobyte takes the allocator several times as long as some
        // that are smaller, and is moved about with all else.
        let attempt = Box::pin(self.attempt(index, &mut memo)).instrument(tracing::info_span!("step", %id));
        let turn = match AssertUnwindSafe(attempt).catch_unwind().await {
            Ok(turn) => turn,
            Err(_) => {
                // One that panicked before it was begun has sent nothing.
                let doubt = self.standings().at(index).doubt().is_some();
                self.fail(index, ErrorReport::panicked(), doubt, &mut memo).await
            }
        };
        let turn = turn.unwrap_or_else(|error| Turn::Failed(ErrorReport::new(&error)));
        if matches!(turn, Turn::Later(_)) {
            // A reading that is older than this counts for nothing in the next look.
            memo.not_before = after(self.now(), Duration::from_nanos(1));
        }
        (turn, memo)
    }

    /// Reads a step. The code may have learned since the plan was made how long to wait, and what is made twice: the more
    /// careful of the two counts. In all else they agree, or the plan would have been refused.
    fn look(&self, index: usize) -> Result<Look<'_>, Error> {
        let (id, json) = (self.plan.name(index), self.plan.own_json(index));
        let step = self.migration.service(id.service())?.admitted_step(json)?;
        let mut spec = step.spec();
        spec.be_as_careful_as(self.plan.traits(index));
        Ok(Look { index, id, json, spec, step })
    }

    async fn attempt(&self, index: usize, memo: &mut Memo) -> Result<Turn, Error> {
        let look = self.look(index)?;
        let began = self.now();
        let (guard, mut scx) = self.approach(&look, memo, began);
        let (mut generation, made, was_seen) = {
            let standings = self.standings();
            let standing = standings.at(index);
            (standing.generation, standing.effective > 0, matches!(standing.status, Status::Waiting(_)))
        };
        let (doubt, mut spent) = (scx.doubt().is_some(), None);
        match look.step.probe(&scx).await {
            // What was in doubt stays in doubt if it cannot be looked at.
            Err(error) => return self.fail(index, ErrorReport::new(&error), doubt, memo).await,
            Ok(Probe::Present(receipt)) => return Box::pin(self.done(&look, receipt, made)).await,
            Ok(Probe::Waiting(wait)) => return Box::pin(self.wait(index, wait, memo)).await,
            Ok(probe @ (Probe::Absent | Probe::Spent { .. })) => {
                // What has ended for good may be older than what is in doubt and does not show yet.
                if !(was_seen && matches!(probe, Probe::Spent { .. })) {
                    if let Some(again) = guard.again_after(memo, began) {
                        return Ok(Turn::Later(again.saturating_sub(between(began, self.now()))));
                    }
                    guard.passed(&mut self.gates());
                }
                if let Probe::Spent { reason } = probe {
                    generation += 1;
                    spent = Some(reason);
                }
            }
        }
        if self.cx.cancellation().is_cancelled() {
            return Ok(Turn::Later(Duration::ZERO));
        }
        let started = Entry::Started { generation, spent, request: Digest::of(look.json) };
        Box::pin(self.carry_out(&look, &mut scx, started, memo)).await
    }

    /// Sends a step's request, once it is on record that it may have been sent.
    async fn carry_out(
        &self,
        look: &Look<'_>,
        scx: &mut StepContext<'_>,
        started: Entry,
        memo: &mut Memo,
    ) -> Result<Turn, Error> {
        let index = look.index;
        // From here on the request may have been sent, whatever becomes of this process.
        self.write(index, self.admitted(index, started)?).await?;
        let begun = self.now();
        memo.begun(begun);
        scx.begin(self.standings().at(index), begun);
        match look.step.apply(scx).await {
            Ok(Applied::Done(receipt)) => Box::pin(self.done(look, receipt, true)).await,
            Ok(Applied::Waiting(wait)) => Box::pin(self.wait(index, wait, memo)).await,
            // Of many requests, those before the one that failed have had their effect.
            Err(error) => {
                let doubt = look.spec.bulk || !error.kind().proves_no_effect();
                self.fail(index, ErrorReport::new(&error), doubt, memo).await
            }
        }
    }

    /// Says what it takes to believe a look at a step, and what the step is handed for it.
    fn approach<'s>(&'s self, look: &Look<'s>, memo: &Memo, began: Timestamp) -> (Guard, StepContext<'s>) {
        let standings = self.standings();
        let guard = self.guard(look.id.service(), &look.spec, standings.at(look.index));
        let not_before = guard.not_before(memo, self.began, began);
        (guard, self.context(look, &standings, not_before))
    }

    /// Says what it takes to believe that a step has had no effect.
    fn guard(&self, service: &str, spec: &Spec, standing: &Standing) -> Guard {
        let settle = if spec.mints { spec.settle.at_least(LATEST) } else { spec.settle };
        if let Some(doubt) = standing.doubt() {
            Guard::doubt(settle, doubt.since)
        } else if self.options.is_cautious() {
            Guard::cautious(settle)
        } else if spec.mints && !self.options.is_fresh() && !self.gates().is_open(service) {
            Guard::gate(service)
        } else {
            Guard::none()
        }
    }

    async fn done(&self, look: &Look<'_>, receipt: Receipt, made: bool) -> Result<Turn, Error> {
        if !receipt.ids.sources().eq(&look.spec.produces) {
            let bug = ErrorReport::bug("the receipt does not bind exactly what the step produces");
            return self.fail(look.index, bug, made, &mut Memo::default()).await;
        }
        let record = self.record_of(look.index, Entry::Done(receipt));
        let admitted = self.standings().admit_at(look.index, &record);
        if let Err(ReplayError::Rebind(error)) = admitted {
            let mut report = ErrorReport::bug(error.to_string());
            report.kind = ErrorKind::Conflict;
            return self.fail(look.index, report, made, &mut Memo::default()).await;
        }
        admitted?;
        self.write(look.index, record).await?;
        self.cx.emit(&Event::StepDone { step: look.id.clone(), made });
        Ok(Turn::Done)
    }

    async fn wait(&self, index: usize, wait: Wait, memo: &mut Memo) -> Result<Turn, Error> {
        let id = self.plan.name(index);
        memo.seen(self.now());
        let waits = matches!(&self.standings().at(index).status, Status::Waiting(known) if *known == wait);
        if !waits {
            self.write(index, self.admitted(index, Entry::Waiting(wait.clone()))?).await?;
            self.cx.emit(&Event::StepWaiting { step: id.clone(), wait: wait.clone() });
        }
        if let Some(task) = &wait.task
            && memo.performed.as_ref() != Some(task)
            && let Some(hook) = self.migration.hook(&task.code)
        {
            self.is_whole()?;
            let left = between(self.now(), self.deadline());
            match self.hooks.perform(hook, task, left, self.cx).await {
                Some(Ok(())) => memo.performed = Some(task.clone()),
                Some(Err(error)) => {
                    let error = chain(&*error);
                    self.cx.emit(&Event::TaskFailed { step: id.clone(), error });
                }
                None => {}
            }
        }
        Ok(Turn::Later(wait.check_after.max(SHORTEST_PAUSE)))
    }

    /// Seldom, and large: boxed, so that steps that do not fail need not be moved with room for it.
    fn fail<'s>(
        &'s self,
        index: usize,
        error: ErrorReport,
        doubt: bool,
        memo: &'s mut Memo,
    ) -> BoxFuture<'s, Result<Turn, Error>> {
        let failed = async move {
            let id = self.plan.name(index);
            self.write(index, self.admitted(index, Entry::Failed { error: error.clone(), doubt })?).await?;
            let again_after = error.kind.is_passing().then(|| memo.back_off(id));
            self.cx.emit(&Event::StepFailed { step: id.clone(), error: error.clone(), again_after });
            Ok(again_after.map_or(Turn::Failed(error), Turn::Later))
        };
        failed.boxed()
    }

    fn context<'s>(&'s self, look: &Look<'s>, standings: &Standings, not_before: Timestamp) -> StepContext<'s> {
        let basis = Basis {
            // Only what the step says it requires, so that one which says too little always fails.
            ids: standings.ids_of(&look.spec.requires),
            known: self.plan.known(look.id.service()),
            not_before,
            reads: Arc::clone(&self.reads),
            recorder: self,
        };
        StepContext::new(self.cx, look.id, standings.at(look.index), basis)
    }

    fn standing(&self, index: usize) -> Standing {
        self.standings().at(index).clone()
    }

    fn standings(&self) -> MutexGuard<'_, Standings> {
        self.standings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn gates(&self) -> MutexGuard<'_, Gates> {
        self.gates.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_broken(&self) -> bool {
        self.is_whole().is_err()
    }

    /// Refuses to go on with a journal that has failed: what it says it holds may be lost.
    fn is_whole(&self) -> Result<(), Error> {
        match &*self.broken.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(error) => Err(JournalError::new(chain(error)).into()),
            None => Ok(()),
        }
    }

    fn now(&self) -> Timestamp {
        self.cx.clock().now()
    }
}

/// Returns the services that, by the journal, have begun to make what would be made twice. Those
/// of which it only tells other things may have done so with a journal that was lost.
fn begun_minting(plan: &MigrationPlan, standings: &Standings) -> impl Iterator<Item = String> {
    let begun = (0..plan.len()).filter(|&index| standings.at(index).attempts > 0);
    begun.filter(|&index| plan.traits(index).mints).map(|index| plan.name(index).service().to_owned())
}

#[async_trait]
impl Recorder for Engine<'_> {
    async fn record(&self, step: &StepId, entry: Entry) -> Result<(), Error> {
        let unknown = || ReplayError::UnknownStep { step: step.clone() };
        let index = self.plan.index_of(step).ok_or_else(unknown)?;
        self.write(index, self.admitted(index, entry)?).await
    }

    fn is_bound(&self, target: &ResourceId) -> bool {
        self.standings().is_bound(target)
    }
}

impl Engine<'_> {
    /// Returns the record of an entry, if that may follow what is on record.
    fn admitted(&self, index: usize, entry: Entry) -> Result<Record, Error> {
        let record = self.record_of(index, entry);
        self.standings().admit_at(index, &record)?;
        Ok(record)
    }

    fn record_of(&self, index: usize, entry: Entry) -> Record {
        Record::new(self.cx.clock().wall_time(), self.plan.name(index).clone(), entry)
    }

    /// Writes a record down that was admitted, first where a crash cannot reach it.
    async fn write(&self, index: usize, record: Record) -> Result<(), Error> {
        self.is_whole()?;
        if let Err(error) = self.journal.append(&record).await {
            let text = chain(&error);
            self.broken.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
            return Err(JournalError::new(text).into());
        }
        self.standings().take(index, record)?;
        // Another step's record may have been lost meanwhile, and this one with it.
        self.is_whole()
    }
}
