//! Takes back what a journal's runs made.
// REQ: E-16

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use tracing::Instrument;

use crate::engine::Engine;
use crate::engine::outcome::{Aim, Outcome, Stop};
use crate::error::{Error, ErrorKind, ErrorReport};
use crate::event::Event;
use crate::journal::Entry;
use crate::plan::Hold;
use crate::receipt::Receipt;
use crate::service::Reversal;
use crate::standings::Status;
use crate::step::StepId;

impl Engine<'_> {
    /// Takes back, last first, what nobody needs any more.
    pub(crate) async fn revert(self) -> Result<Outcome, Error> {
        let mut held: BTreeMap<StepId, Hold> = BTreeMap::new();
        // Needed by what stays, and by which step.
        let mut needed: BTreeMap<usize, usize> = BTreeMap::new();
        let mut stopped = None;
        for index in (0..self.plan.len()).rev() {
            let standing = self.standing(index);
            if self.cx.cancellation().is_cancelled() {
                stopped = stopped.or(Some(Stop::Cancelled));
            }
            let going = stopped.is_none() && !self.is_broken();
            let id = self.plan.name(index);
            let hold = match (&standing.status, needed.get(&index)) {
                (Status::Failed(_) | Status::Pending | Status::Reverted, _) => None,
                // It waits for something that no run has begun.
                (Status::Waiting(_), _) if standing.effective == 0 => None,
                (Status::InDoubt(_) | Status::Waiting(_), _) => Some(Hold::UnderWay),
                (Status::Done(_), _) if !standing.is_made() => Some(Hold::NotMade),
                (_, Some(&by)) => Some(Hold::NeededBy(self.plan.name(by).clone())),
                _ if !self.options.only_allows(id) => Some(Hold::LeftOut),
                _ if !going => Some(Hold::Stopped),
                (Status::Done(receipt) | Status::Reverting(receipt), None) => {
                    let span = tracing::info_span!("step", %id);
                    match self.take_back(index, receipt).instrument(span).await {
                        Ok(true) => None,
                        Ok(false) => Some(Hold::Permanent),
                        Err(report) if report.kind == ErrorKind::Credentials => {
                            stopped = Some(Stop::Credentials(report));
                            Some(Hold::Stopped)
                        }
                        Err(_) => Some(Hold::Stopped),
                    }
                }
            };
            if let Some(hold) = hold {
                held.insert(id.clone(), hold);
                for earlier in self.plan.waits_for(index) {
                    needed.entry(earlier).or_insert(index);
                }
            }
        }
        self.end(held, stopped, Aim::Revert)
    }

    async fn take_back(&self, index: usize, receipt: &Receipt) -> Result<bool, ErrorReport> {
        let reported = |error: Error| ErrorReport::new(&error);
        let look = self.look(index).map_err(reported)?;
        let scx = self.context(&look, &self.standings(), self.now());
        self.recorded(index, Entry::Reverting).await?;
        let reversal = AssertUnwindSafe(look.step.revert(receipt, &scx)).catch_unwind().await;
        let (error, doubt) = match reversal {
            Ok(Ok(Reversal::Done)) => return self.recorded(index, Entry::Reverted).await.map(|()| true),
            Ok(Ok(Reversal::Unsupported)) => return self.recorded(index, Entry::Kept).await.map(|()| false),
            Ok(Err(error)) => (ErrorReport::new(&error), !error.kind().proves_no_effect()),
            Err(_) => (ErrorReport::panicked(), true),
        };
        self.recorded(index, Entry::Failed { error: error.clone(), doubt }).await?;
        let step = look.id.clone();
        self.cx.emit(&Event::StepFailed { step, error: error.clone(), again_after: None });
        Err(error)
    }

    async fn recorded(&self, index: usize, entry: Entry) -> Result<(), ErrorReport> {
        let written = async { self.write(index, self.admitted(index, entry)?).await };
        written.await.map_err(|error| ErrorReport::new(&error))
    }
}
