//! One thing that goes wrong with a run, after which it must come to its end all the same.

use std::fmt;

use regionmig_core::chain;

use crate::conforms::fork::{Fork, JOURNAL, Left};
use crate::conforms::trial::Trial;
use crate::disk::{DiskFault, SimulatedDisk};
use crate::fault::Fault;

/// What becomes of the journal between the run in which something goes wrong and the next.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Journal {
    #[default]
    Kept,
    Lost,
    /// An older copy is put in its place, which has so many lines after the plan.
    Older(usize),
}

/// Where something goes wrong.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Family {
    Append,
    Journal,
    Late,
    Poll,
    Request,
    Stale,
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Append => "deaths at appends",
            Self::Journal => "journals lost",
            Self::Late => "late",
            Self::Poll => "drops",
            Self::Request => "losses",
            Self::Stale => "stale",
        })
    }
}

/// One thing that goes wrong with a run.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) family: Family,
    pub(super) trouble: String,
    /// Befalls a request of the first run.
    request: Option<Fault>,
    /// Befalls the disk in the first run.
    disk: Option<DiskFault>,
    /// Befalls the disk in the second run.
    disk_again: Option<DiskFault>,
    /// Goes on in the second run.
    reads: Option<Fault>,
    journal: Journal,
    /// Whether there is no journal at the beginning.
    is_new: bool,
    is_one_by_one: bool,
    is_cautious: bool,
    may_repeat: bool,
}

impl Case {
    pub(super) fn new(family: Family, trouble: impl Into<String>) -> Self {
        Self {
            family,
            trouble: trouble.into(),
            request: None,
            disk: None,
            disk_again: None,
            reads: None,
            journal: Journal::Kept,
            is_new: false,
            is_one_by_one: false,
            is_cautious: false,
            may_repeat: false,
        }
    }

    pub(super) fn request(self, fault: Fault) -> Self {
        Self { request: Some(fault), ..self }
    }

    pub(super) fn disk(self, fault: DiskFault) -> Self {
        Self { disk: Some(fault), ..self }
    }

    pub(super) fn disk_again(self, fault: DiskFault) -> Self {
        Self { disk_again: Some(fault), ..self }
    }

    pub(super) fn reads(self, fault: Fault) -> Self {
        Self { reads: Some(fault), ..self }
    }

    pub(super) fn journal(self, journal: Journal) -> Self {
        Self { journal, ..self }
    }

    /// Has the first run make the journal.
    pub(super) fn new_journal(self) -> Self {
        Self { is_new: true, ..self }
    }

    /// Has the runs take one step after the other, as that did by which requests are known.
    pub(super) fn one_by_one(self) -> Self {
        Self { is_one_by_one: true, ..self }
    }

    /// Has the second run look for the whole window.
    pub(super) fn cautious(self) -> Self {
        Self { is_cautious: true, ..self }
    }

    /// Lets what makes no second thing be done a second time.
    pub(super) fn or_repeated(self) -> Self {
        Self { may_repeat: true, ..self }
    }

    /// Has it go wrong, and then all must be done, once. What leaves the same as another case did that was `seen` is not tried
    /// once more.
    pub(super) async fn must_end_well(&self, trial: &Trial<'_>, seen: &mut Vec<Left>) {
        let mut fork = self.suffered(trial).await;
        if self.is_of_the_disk_alone() {
            fork.disk = fork.disk.reboot();
            let opened = fork.journal().await;
            drop(opened.unwrap_or_else(|error| panic!("{}: {}", self.trouble, chain(&error))));
            let left = Left::by(&fork);
            if seen.contains(&left) {
                return;
            }
            seen.push(left);
        }
        match self.may_repeat {
            true => trial.must_end_well_or_repeated(&mut fork, &self.trouble).await,
            false => trial.must_end_well(&mut fork, &self.trouble).await,
        }
    }

    /// Returns whether nothing goes wrong but with the disk in a first run that takes one step after the other: then requests
    /// and time say all of the world.
    fn is_of_the_disk_alone(&self) -> bool {
        let is_kept = matches!(self.journal, Journal::Kept) && self.is_one_by_one;
        is_kept && self.request.is_none() && self.reads.is_none() && self.disk_again.is_none()
    }

    /// Has it go wrong, and returns what is there then.
    pub(super) async fn suffered<'t>(&self, trial: &'t Trial<'_>) -> Fork<'t> {
        let mut fork = trial.fork();
        if self.is_new {
            fork.disk = SimulatedDisk::new();
        }
        self.reads.iter().chain(&self.request).for_each(|fault| fork.world.fault(fault.clone()));
        let options = trial.patient();
        let options = if self.is_one_by_one { options.concurrency(1) } else { options };
        let front = fork.disk.content(JOURNAL).map_or(0, |content| content.len());
        let first = fork.live_with(&options, self.disk.clone()).await;
        assert!(self.disk.is_none() || first.is_err(), "{}: the run went on", self.trouble);
        match self.journal {
            Journal::Kept => {}
            Journal::Lost => fork.disk.put(JOURNAL, None),
            Journal::Older(lines) => older(&fork.disk, front, lines),
        }
        let is_killed = self.reads.is_some() && self.disk.is_some();
        if is_killed || self.disk_again.is_some() {
            let options = if self.is_cautious { options.cautious() } else { options };
            let _second = fork.live_with(&options, self.disk_again.clone()).await;
        }
        fork
    }
}

/// Puts a copy of the journal in its place that has fewer lines after the first `front` bytes.
fn older(disk: &SimulatedDisk, front: usize, lines: usize) {
    let Some(content) = disk.content(JOURNAL) else { return };
    let after = content.get(front..).unwrap_or_default().split_inclusive(|byte| *byte == b'\n');
    let length = front + after.take(lines).map(<[u8]>::len).sum::<usize>();
    disk.put(JOURNAL, content.get(..length).map(<[u8]>::to_vec));
}

/// Leaves out so many that at most `most` are left, evenly.
pub(super) fn thinned<T>(all: Vec<T>, most: usize) -> Vec<T> {
    let every = all.len().div_ceil(most.max(1)).max(1);
    all.into_iter().step_by(every).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_journal_is_what_comes_first_of_it() {
        for (lines, left) in
            [(0, "front\n"), (1, "front\none\n"), (2, "front\none\ntwo\n"), (9, "front\none\ntwo\nthree")]
        {
            let disk = SimulatedDisk::new();
            disk.put(JOURNAL, Some(b"front\none\ntwo\nthree".to_vec()));
            older(&disk, 6, lines);
            assert_eq!(disk.content(JOURNAL), Some(left.as_bytes().to_vec()));
        }
    }

    #[test]
    fn what_is_thinned_out_is_left_evenly() {
        assert_eq!(thinned((0..10).collect(), 3), [0, 4, 8]);
        assert_eq!(thinned((0..10).collect(), 10), (0..10).collect::<Vec<_>>());
        assert_eq!(thinned((0..10).collect(), usize::MAX).len(), 10);
        assert_eq!(thinned((0..10).collect(), 0), [0]);
    }
}
