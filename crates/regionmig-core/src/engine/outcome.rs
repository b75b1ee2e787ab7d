//! How a run ended.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::json;

use crate::error::{Error, ErrorReport, escaped};
use crate::finding::Finding;
use crate::ids::IdMap;
use crate::plan::{Hold, MigrationPlan};
use crate::receipt::Receipt;
use crate::service::Service;
use crate::standings::{Standing, Standings, Status};
use crate::step::StepId;
use crate::wait::{Task, Wait};

/// So many steps of one group are named; the rest is counted.
const NAMED: usize = 20;

/// How a run ended. Shown, it says what was done and what to do next about all the rest.
#[derive(Clone, Debug)]
#[must_use = "a step may have failed"]
#[non_exhaustive]
pub struct Outcome {
    /// Why the run ended early, if it did.
    pub stopped: Option<Stop>,
    standings: Standings,
    held: BTreeMap<StepId, Hold>,
    aim: Aim,
}

/// What a run was for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Aim {
    Apply,
    Revert,
}

/// Why a run ended before it had to.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Stop {
    /// It was asked to.
    Cancelled,
    /// The credentials are not valid any more.
    Credentials(ErrorReport),
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cancelled => f.write_str("stopped as asked: run this again to go on"),
            Self::Credentials(report) => {
                write!(f, "stopped, since the credentials are not valid any more: renew them, run this again: {report}")
            }
        }
    }
}

impl Outcome {
    pub(super) fn new(standings: Standings, held: BTreeMap<StepId, Hold>, stopped: Option<Stop>, aim: Aim) -> Self {
        Self { stopped, standings, held, aim }
    }

    /// Returns whether all is done that the run was for: all steps; or, where it took them back, that none is left that
    /// this journal's runs made.
    pub fn is_complete(&self) -> bool {
        self.standings.iter().all(|(_, standing)| match (self.aim, &standing.status) {
            (Aim::Apply, _) => standing.is_done(),
            (Aim::Revert, Status::Done(_)) => !standing.is_made(),
            (Aim::Revert, Status::InDoubt(_) | Status::Reverting(_)) => false,
            (Aim::Revert, Status::Waiting(_)) => standing.effective == 0,
            (Aim::Revert, _) => true,
        })
    }

    /// Returns the steps that failed, and why; those in doubt among them, and those that could not
    /// be taken back.
    pub fn failed(&self) -> impl Iterator<Item = (&StepId, &ErrorReport)> {
        self.standings.iter().filter_map(|(id, standing)| match &standing.status {
            Status::Failed(error) | Status::InDoubt(Some(error)) => Some((id, error)),
            Status::Reverting(_) => Some((id, standing.unreverted.as_ref()?)),
            _ => None,
        })
    }

    /// Returns what steps wait for, tasks for a person among them.
    pub fn waiting(&self) -> impl Iterator<Item = (&StepId, &Wait)> {
        self.standings.iter().filter_map(|(id, standing)| match &standing.status {
            Status::Waiting(wait) => Some((id, wait)),
            _ => None,
        })
    }

    /// Returns what somebody has to do.
    pub fn tasks(&self) -> impl Iterator<Item = (&StepId, &Task)> {
        self.waiting().filter_map(|(id, wait)| Some((id, wait.task.as_ref()?)))
    }

    /// Returns what the steps that are done found worth knowing.
    pub fn findings(&self) -> impl Iterator<Item = (&StepId, &Finding)> {
        let of = |(id, standing)| {
            let receipt: Option<&Receipt> = Standing::receipt(standing);
            receipt.into_iter().flat_map(move |receipt| receipt.findings.iter().map(move |finding| (id, finding)))
        };
        self.standings.iter().flat_map(of)
    }

    /// Returns the steps that were not run, or not taken back, and why.
    pub fn held(&self) -> &BTreeMap<StepId, Hold> {
        &self.held
    }

    /// Returns what every source has become: known beforehand, and by what is done.
    pub fn ids(&self) -> &IdMap {
        self.standings.ids()
    }

    /// Returns where every step stands.
    pub fn standings(&self) -> &Standings {
        &self.standings
    }

    /// Returns `service`'s steps, in its own types, and where each stands.
    ///
    /// # Errors
    ///
    /// Fails if `plan` is not the one that was carried out, or a step cannot be read.
    pub fn of<'a, S: Service>(
        &'a self,
        service: &S,
        plan: &MigrationPlan,
    ) -> Result<Vec<(S::Step, &'a Standing)>, Error> {
        let own = plan.steps().filter(|step| step.service() == service.name());
        own.map(|step| {
            let unknown = || crate::plan::PlanError::UnknownStep { step: step.id.clone() };
            let standing = self.standings.standing(step.id).ok_or_else(unknown)?;
            Ok((step.decode(service)?, standing))
        })
        .collect()
    }

    /// Returns the outcome as JSON, for a program: the standing of every step.
    pub fn to_json(&self) -> String {
        let step = |(id, standing): (&StepId, &Standing)| {
            let mut value = match &standing.status {
                Status::Done(receipt) => json!({ "state": "done", "receipt": receipt }),
                Status::Failed(error) => json!({ "state": "failed", "error": error }),
                Status::InDoubt(error) => json!({ "state": "in_doubt", "error": error }),
                Status::Pending => json!({ "state": "pending" }),
                Status::Reverted => json!({ "state": "reverted" }),
                Status::Reverting(_) => json!({ "state": "reverting", "error": standing.unreverted }),
                Status::Waiting(wait) => json!({ "state": "waiting", "wait": wait }),
            };
            value["step"] = json!(id);
            value["attempts"] = json!(standing.attempts);
            if let Some(hold) = self.held.get(id) {
                value["held"] = json!(hold.to_string());
            }
            value
        };
        let steps: Vec<serde_json::Value> = self.standings.iter().map(step).collect();
        let plan = self.standings.plan();
        json!({
            "plan": plan.digest(),
            "route": plan.route(),
            "complete": self.is_complete(),
            "stopped": self.stopped.as_ref().map(ToString::to_string),
            "ids": self.ids(),
            "steps": steps,
        })
        .to_string()
    }

    /// Returns the steps whose run ended in doubt, without an error that says why.
    fn in_doubt(&self) -> impl Iterator<Item = &StepId> {
        let doubtful = |standing: &Standing| match standing.status {
            Status::InDoubt(None) => true,
            Status::Reverting(_) => standing.unreverted.is_none(),
            _ => false,
        };
        self.standings.iter().filter(move |(_, standing)| doubtful(standing)).map(|(id, _)| id)
    }

    /// Returns the steps that nothing was done for, though nothing holds them.
    fn not_come_to(&self) -> impl Iterator<Item = &StepId> {
        let open =
            |(id, standing): &(&StepId, &Standing)| standing.status == Status::Pending && !self.held.contains_key(*id);
        self.standings.iter().filter(open).map(|(id, _)| id)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |is: fn(&Standing) -> bool| self.standings.iter().filter(|(_, standing)| is(standing)).count();
        let (done, made) = (count(Standing::is_done), count(Standing::is_made));
        match self.aim {
            Aim::Apply => {
                let total = self.standings.iter().count();
                writeln!(f, "done: {done} of {total} steps, {made} made, {} found", done - made)?;
            }
            Aim::Revert => {
                let gone = count(|standing| standing.status == Status::Reverted);
                writeln!(f, "taken back: {gone} steps; {} are left as they are", self.held.len())?;
            }
        }
        if let Some(stop) = &self.stopped {
            writeln!(f, "{stop}")?;
        }
        let waiting = self.waiting().map(|(id, wait)| match &wait.task {
            Some(task) => (id, format!("{wait}: {task}, then run this again")),
            None => (id, format!("{wait}: run this again later")),
        });
        group(f, "waiting", waiting.collect())?;
        let failed = self.failed().map(|(id, error)| (id, format!("{error}: {}", error.kind.advice())));
        let doubt = self.in_doubt().map(|id| (id, "may have been carried out: run this again".to_owned()));
        group(f, "failed", failed.chain(doubt).collect())?;
        let is_news =
            |id: &StepId| self.aim == Aim::Revert || self.standings.standing(id).is_some_and(|s| !s.is_done());
        let held = self.held.iter().filter(|(id, _)| is_news(id));
        group(f, "held", held.map(|(id, hold)| (id, format!("{hold}: {}", hold.advice()))).collect())?;
        if self.aim == Aim::Apply {
            let open = self.not_come_to().map(|id| (id, "patience ran out: run this again".to_owned()));
            group(f, "not begun", open.collect())?;
        }
        group(f, "to know", self.findings().map(|(id, finding)| (id, finding.to_string())).collect())
    }
}

fn group(f: &mut fmt::Formatter<'_>, name: &str, steps: Vec<(&StepId, String)>) -> fmt::Result {
    if steps.is_empty() {
        return Ok(());
    }
    writeln!(f, "{name}: {}", steps.len())?;
    steps
        .iter()
        .take(NAMED)
        .try_for_each(|(id, text)| writeln!(f, "  {}\n    {}", escaped(id.as_str()), escaped(text)))?;
    match steps.len().saturating_sub(NAMED) {
        0 => Ok(()),
        more => writeln!(f, "  and {more} more"),
    }
}
