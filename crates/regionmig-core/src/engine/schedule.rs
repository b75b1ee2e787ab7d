//! Which step comes next.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

use crate::engine::lanes::Lanes;
use crate::engine::memo::Memo;
use crate::engine::{Engine, Turn};
use crate::error::ErrorKind;
use crate::plan::{Frontier, Hold, MigrationPlan};
use crate::standings::Status;
use crate::step::StepId;
use crate::time::after;

/// Which step comes next.
pub(super) struct Schedule<'a> {
    engine: &'a Engine<'a>,
    frontier: Frontier,
    lanes: Lanes,
    /// Steps to be looked at again, by when.
    asleep: BTreeSet<(Timestamp, usize)>,
    memos: BTreeMap<usize, Memo>,
    held: BTreeMap<StepId, Hold>,
    /// Services and verbs that met a quota.
    shut: BTreeSet<(String, String)>,
}

impl<'a> Schedule<'a> {
    pub(super) fn new(engine: &'a Engine<'a>) -> Self {
        let of = |(name, service): (&str, &dyn crate::erased::Erased)| -> Vec<((String, String), usize)> {
            let lanes = service.lanes().into_iter();
            lanes.map(|lane| ((name.to_owned(), lane.name.to_owned()), lane.width)).collect()
        };
        let mut lanes = Lanes::new(engine.migration.services().flat_map(of));
        for index in 0..engine.plan.len() {
            // What an earlier run began still is under way.
            if engine.standings().at(index).doubt().is_some() {
                lanes.is_inside(index, lane_of(engine.plan, index));
            }
        }
        Self {
            engine,
            frontier: engine.plan.frontier(),
            lanes,
            asleep: BTreeSet::new(),
            memos: BTreeMap::new(),
            held: engine.plan.held().clone(),
            shut: BTreeSet::new(),
        }
    }

    /// Takes a step that should be looked at now.
    pub(super) fn next(&mut self, now: Timestamp) -> Option<(usize, Memo)> {
        while self.wakes_at().is_some_and(|at| at <= now) {
            let (_, index) = self.asleep.pop_first()?;
            let memo = self.memos.remove(&index).unwrap_or_default();
            let id = self.engine.plan.name(index);
            // What may have begun is looked at all the same; what has not is not begun any more.
            if self.is_shut(id) && self.engine.standings().at(index).doubt().is_none() {
                self.held.insert(id.clone(), Hold::Quota);
                self.make_room(index);
            } else {
                return Some((index, memo));
            }
        }
        while let Some(index) = self.frontier.pop() {
            let id = self.engine.plan.name(index);
            if self.held.contains_key(id) {
                continue;
            }
            if self.engine.standings().at(index).is_done() {
                self.frontier.done(index);
            } else if let Some(hold) = self.hold(index) {
                self.held.insert(id.clone(), hold);
                self.make_room(index);
            } else if self.lanes.enter(index, lane_of(self.engine.plan, index)) {
                return Some((index, Memo::default()));
            }
        }
        None
    }

    /// Takes note of what came of a look.
    pub(super) fn take(&mut self, index: usize, turn: &Turn, memo: Memo) {
        match turn {
            Turn::Later(pause) => return self.put_to_sleep(index, *pause, memo),
            Turn::Done => self.frontier.done(index),
            Turn::Failed(report) if report.kind == ErrorKind::Quota => {
                let id = self.engine.plan.name(index);
                self.shut.insert((id.service().to_owned(), id.verb().to_owned()));
            }
            Turn::Failed(_) => {}
        }
        self.make_room(index);
    }

    pub(super) fn wakes_at(&self) -> Option<Timestamp> {
        self.asleep.first().map(|(at, _)| *at)
    }

    pub(super) fn into_parts(self) -> (BTreeMap<StepId, Hold>, Lanes) {
        (self.held, self.lanes)
    }

    fn put_to_sleep(&mut self, index: usize, pause: Duration, memo: Memo) {
        self.asleep.insert((after(self.engine.now(), pause), index));
        self.memos.insert(index, memo);
    }

    /// Has a step leave its lane, unless it may have begun: then it still takes its place.
    fn make_room(&mut self, index: usize) {
        if self.engine.standings().at(index).doubt().is_none()
            && let Some(next) = self.lanes.leave(index)
        {
            self.frontier.put_back(next);
        }
    }

    fn is_shut(&self, step: &StepId) -> bool {
        !self.shut.is_empty() && self.shut.contains(&(step.service().to_owned(), step.verb().to_owned()))
    }

    fn hold(&self, index: usize) -> Option<Hold> {
        let plan = self.engine.plan;
        match self.engine.standings().at(index).status {
            Status::Reverted | Status::Reverting(_) => Some(Hold::Reverted),
            _ if self.is_shut(plan.name(index)) => Some(Hold::Quota),
            _ => self.engine.options.hold(plan.name(index), plan.traits(index).effect),
        }
    }
}

fn lane_of(plan: &MigrationPlan, index: usize) -> Option<(String, String)> {
    let lane = plan.traits(index).lane.as_ref()?;
    Some((plan.name(index).service().to_owned(), lane.to_string()))
}
