//! Where every step stands, worked out from plan and journal.
// REQ: E-40

mod bound;
mod made;

use jiff::Timestamp;
use serde_json::Value;

use crate::context::Doubt;
use crate::error::{Error, ErrorReport};
use crate::ids::{IdMap, RebindError, ResourceId};
use crate::journal::{Entry, Header, Journal, Record};
use crate::plan::MigrationPlan;
use crate::receipt::Receipt;
use crate::standings::bound::Bound;
use crate::standings::made::Made;
use crate::step::StepId;
use crate::wait::Wait;

/// Where one step stands.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Status {
    /// Done.
    Done(Receipt),
    /// Failed without effect; the next run tries again.
    Failed(ErrorReport),
    /// Begun and not ended: only the target knows whether it took effect.
    InDoubt(Option<ErrorReport>),
    /// Nothing was done for it.
    #[default]
    Pending,
    /// Taken back.
    Reverted,
    /// Being taken back.
    Reverting(Receipt),
    /// Waits for something outside.
    Waiting(Wait),
}

/// All that the journal says of one step.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Standing {
    /// Where it stands.
    pub status: Status,
    /// How often it was begun.
    pub attempts: u32,
    /// How many of these attempts may have had effect. None: if it is done, somebody else did it.
    pub effective: u32,
    /// How many attempts have ended for good without effect.
    pub generation: u32,
    /// Why the last try to take it back failed, if it did.
    pub unreverted: Option<ErrorReport>,
    /// When it was last begun.
    pub started_at: Option<Timestamp>,
    /// What it last stored.
    pub checkpoint: Option<Value>,
    /// Who says that its task is done, and how they know.
    pub acknowledgement: Option<(String, String)>,
}

impl Standing {
    /// Returns whether this journal's runs made what the step is about.
    pub fn is_made(&self) -> bool {
        self.is_done() && self.effective > 0
    }

    /// Returns whether the step is done.
    pub fn is_done(&self) -> bool {
        matches!(self.status, Status::Done(_))
    }

    /// Returns what the step left, if it is done.
    pub fn receipt(&self) -> Option<&Receipt> {
        match &self.status {
            Status::Done(receipt) => Some(receipt),
            _ => None,
        }
    }

    /// Returns why a probe that finds nothing is not to be believed at once, if so.
    pub fn doubt(&self) -> Option<Doubt> {
        let begun = matches!(self.status, Status::InDoubt(_) | Status::Waiting(_));
        self.started_at.filter(|_| begun).map(|since| Doubt { since })
    }

    /// Takes one more entry, which [`Standings::admit`] has let through, into account.
    fn take(&mut self, at: Timestamp, entry: Entry) {
        match entry {
            Entry::Acknowledged { by, note } => self.acknowledgement = Some((by, note)),
            Entry::Checkpoint(data) => self.checkpoint = Some(data),
            Entry::Done(receipt) => self.status = Status::Done(receipt),
            // What is known of earlier attempts still is.
            Entry::Doubted => {
                self.status = Status::InDoubt(None);
                self.started_at = Some(at);
            }
            // A failed reversal leaves it being taken back.
            Entry::Failed { error, .. } if matches!(self.status, Status::Reverting(_)) => {
                self.unreverted = Some(error);
            }
            Entry::Failed { error, doubt: true } => self.status = Status::InDoubt(Some(error)),
            Entry::Failed { error, doubt: false } => {
                // What ends the attempt that was just begun proves that it had none.
                if self.status == Status::InDoubt(None) {
                    self.effective = self.effective.saturating_sub(1);
                }
                self.status = Status::Failed(error);
            }
            Entry::Kept => {
                if let Status::Reverting(receipt) = &self.status {
                    self.status = Status::Done(receipt.clone());
                }
            }
            Entry::Reverted => self.status = Status::Reverted,
            Entry::Reverting => {
                self.unreverted = None;
                if let Status::Done(receipt) = &self.status {
                    self.status = Status::Reverting(receipt.clone());
                }
            }
            Entry::Started { generation, .. } => {
                self.status = Status::InDoubt(None);
                self.attempts += 1;
                self.effective += 1;
                self.generation = generation;
                self.started_at = Some(at);
            }
            Entry::Waiting(wait) => self.status = Status::Waiting(wait),
        }
    }
}

/// All steps' standing.
#[derive(Clone, Debug)]
pub struct Standings {
    plan: MigrationPlan,
    made: Made,
    bound: Bound,
    /// In the plan's order.
    standings: Vec<Standing>,
}

impl Standings {
    /// Begins with nothing done.
    pub fn new(plan: &MigrationPlan) -> Self {
        let standings = vec![Standing::default(); plan.len()];
        Self { plan: plan.clone(), made: Made::new(plan.ids(), plan.len()), bound: Bound::default(), standings }
    }

    /// Reads `journal`.
    ///
    /// # Errors
    ///
    /// Fails if the journal does, or if it is not one of `plan`'s.
    pub async fn read(plan: &MigrationPlan, journal: &dyn Journal) -> Result<Self, Error> {
        let mut standings = Self::new(plan);
        let mut result = Ok(());
        let mut replay = |record: Record| {
            if result.is_ok() {
                result = standings.place(&record).and_then(|index| standings.take(index, record));
            }
        };
        journal.replay(&Header::new(plan), &mut replay).await?;
        result?;
        Ok(standings)
    }

    /// Says whether `record` can follow those before it. Asked before it is stored, so that no
    /// journal ever holds what cannot be read again.
    ///
    /// # Errors
    ///
    /// Says why not.
    pub fn admit(&self, record: &Record) -> Result<(), ReplayError> {
        self.admit_at(self.place(record)?, record)
    }

    /// Says the same of a record whose step's place in the plan is known.
    pub(crate) fn admit_at(&self, index: usize, record: &Record) -> Result<(), ReplayError> {
        self.is_in_order(index, record)?;
        match &record.entry {
            Entry::Done(receipt) => Ok(self.made.admits(&receipt.ids)?),
            _ => Ok(()),
        }
    }

    fn is_in_order(&self, index: usize, record: &Record) -> Result<(), ReplayError> {
        let fits = match (&self.at(index).status, &record.entry) {
            // A person may answer for it while the run that does it comes to its end.
            (_, Entry::Acknowledged { .. }) => true,
            (Status::Reverting(_), Entry::Doubted) => false,
            (Status::Done(_), entry) => matches!(entry, Entry::Doubted | Entry::Reverting),
            (Status::Reverting(_), entry) => matches!(
                entry,
                Entry::Reverting | Entry::Reverted | Entry::Kept | Entry::Failed { .. } | Entry::Checkpoint(_)
            ),
            (Status::Reverted, _) | (_, Entry::Reverting | Entry::Reverted | Entry::Kept) => false,
            _ => true,
        };
        match fits {
            true => Ok(()),
            false => Err(ReplayError::OutOfOrder { step: record.step.clone() }),
        }
    }

    /// Takes one more record into account.
    ///
    /// # Errors
    ///
    /// Fails if it cannot follow those before it.
    pub fn record(&mut self, record: &Record) -> Result<(), ReplayError> {
        self.take(self.place(record)?, record.clone())
    }

    /// Takes a record whose step's place in the plan is known.
    pub(crate) fn take(&mut self, index: usize, record: Record) -> Result<(), ReplayError> {
        self.is_in_order(index, &record)?;
        match (&record.entry, &self.standings[index].status) {
            (Entry::Done(receipt), _) => self.made.merge(&receipt.ids)?,
            (Entry::Reverted, Status::Reverting(receipt)) | (Entry::Doubted, Status::Done(receipt)) => {
                let gone: Vec<ResourceId> = receipt.ids.sources().cloned().collect();
                gone.iter().for_each(|source| self.made.forget(source));
            }
            _ => {}
        }
        match &record.entry {
            Entry::Done(receipt) => self.bound.add(receipt),
            Entry::Doubted | Entry::Kept | Entry::Reverting => self.bound.clear(),
            _ => {}
        }
        self.standings[index].take(record.at, record.entry);
        Ok(())
    }

    /// Returns where `step` stands.
    pub fn standing(&self, step: &StepId) -> Option<&Standing> {
        self.plan.index_of(step).and_then(|index| self.standings.get(index))
    }

    /// Returns where every step stands, in the plan's order.
    pub fn iter(&self) -> impl Iterator<Item = (&StepId, &Standing)> {
        self.plan.names().zip(&self.standings)
    }

    /// Returns all mappings made so far: with [`IdMap::reversed`], what a way back starts from.
    pub fn ids(&self) -> &IdMap {
        self.made.ordered()
    }

    /// Returns what `sources` have become, as far as that is known.
    pub(crate) fn ids_of<'a>(&self, sources: impl IntoIterator<Item = &'a ResourceId>) -> IdMap {
        self.made.subset(sources)
    }

    /// Returns whether the receipt of a step that is done, and not being taken back, binds something to `target`.
    pub(crate) fn is_bound(&self, target: &ResourceId) -> bool {
        self.bound.contains(target, self.standings.iter().filter_map(Standing::receipt))
    }

    /// Returns which step of the plan a record is about.
    fn place(&self, record: &Record) -> Result<usize, ReplayError> {
        let unknown = || ReplayError::UnknownStep { step: record.step.clone() };
        self.plan.index_of(&record.step).ok_or_else(unknown)
    }

    pub(crate) fn at(&self, index: usize) -> &Standing {
        &self.standings[index]
    }

    pub(crate) fn plan(&self) -> &MigrationPlan {
        &self.plan
    }
}

/// Why a journal cannot be the record of a plan's runs.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// An entry cannot follow those before it.
    #[error("an entry for step `{step}` is out of order: the journal was altered or is damaged")]
    OutOfOrder {
        /// Which step.
        step: StepId,
    },
    /// Two receipts contradict each other.
    #[error("two receipts contradict each other")]
    Rebind(#[from] RebindError),
    /// An entry is about a step the plan does not have.
    #[error("the plan has no step `{step}`: use the journal and the plan that belong together")]
    UnknownStep {
        /// Which step.
        step: StepId,
    },
}
