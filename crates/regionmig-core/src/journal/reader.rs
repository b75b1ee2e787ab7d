//! Who did what, when: a journal's file, read by somebody else.
// REQ: E-30

use std::collections::VecDeque;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

use crate::error::escaped;
use crate::journal::line::{Body, Chain};
use crate::journal::open::existing;
use crate::journal::scan::{self, Next, Scan, Tail, unread};
use crate::journal::{Act, Entry, FileJournalError, Header};
use crate::plan::MigrationPlan;
use crate::step::StepId;
use crate::storage::{Disk, Storage, StoredFile};

/// So many lines are read at once.
const PIECE: usize = 256;

/// Reads a [`FileJournal`](crate::FileJournal) without taking it: while a run has it, too.
///
/// Gives one [`JournalLine`] after the other, oldest first. Calls may block. What is still being written at the end is not
/// given; damage is an error, the last thing that is given.
#[derive(Debug)]
pub struct JournalReader {
    path: PathBuf,
    file: Box<dyn StoredFile>,
    header: Header,
    plan: MigrationPlan,
    next: Option<(Chain, u64)>,
    /// Who began the run that the next lines belong to.
    by: Option<Arc<str>>,
    read: VecDeque<Result<JournalLine, FileJournalError>>,
}

/// One line of a journal.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct JournalLine {
    /// Its number, from 1.
    pub number: u64,
    /// When it was written.
    pub at: Timestamp,
    /// Whose run it is part of, as far as the caller said.
    pub by: Option<Arc<str>>,
    /// What it says.
    pub noted: Noted,
}

/// What a line of a journal says.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Noted {
    /// A run was begun.
    Run {
        /// What for.
        act: Act,
        /// By which process.
        process: u32,
        /// Of which version of this crate.
        version: String,
    },
    /// Something happened to a step.
    Step {
        /// To which.
        step: StepId,
        /// What.
        entry: Box<Entry>,
    },
}

impl JournalReader {
    /// Opens a journal's file for reading.
    ///
    /// # Errors
    ///
    /// Fails if there is none, or if its first line or its plan is damaged.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, FileJournalError> {
        Self::open_in(&Disk, path)
    }

    /// Opens a journal's file in another storage than the machine's disk.
    ///
    /// # Errors
    ///
    /// As for [`open`](Self::open).
    pub fn open_in(storage: &impl Storage, path: impl AsRef<Path>) -> Result<Self, FileJournalError> {
        let path = path.as_ref().to_owned();
        let mut file = existing(storage, &path)?;
        let front = scan::front(&path, file.as_mut())?;
        let (header, next) = (front.heading.header(), Some((front.chain, front.records_at)));
        Ok(Self { path, file, header, plan: front.plan, next, by: None, read: VecDeque::new() })
    }

    /// Returns what the journal is the record of.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Returns the plan.
    pub fn plan(&self) -> &MigrationPlan {
        &self.plan
    }

    /// Reads some more lines.
    fn read_on(&mut self, chain: Chain, at: u64) {
        let mut scan = Scan::new(self.file.as_mut(), chain, at);
        while self.read.len() < PIECE {
            let number = scan.number();
            let body = match scan.next() {
                Ok(Next::Record(body)) => scan::body(&self.path, number, &body),
                Ok(Next::End(Tail::Damaged(why))) => {
                    Err(FileJournalError::Damaged { path: self.path.clone(), record: number, why })
                }
                Ok(Next::End(_)) => return,
                Err(source) => Err(unread(&self.path, source)),
            };
            match body {
                Ok(body) => self.read.push_back(Ok(noted(number, body, &mut self.by))),
                Err(error) => return self.read.push_back(Err(error)),
            }
        }
        self.next = Some((scan.chain.clone(), scan.end));
    }
}

impl Iterator for JournalReader {
    type Item = Result<JournalLine, FileJournalError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.read.is_empty()
            && let Some((chain, at)) = self.next.take()
        {
            self.read_on(chain, at);
        }
        self.read.pop_front()
    }
}

fn noted(number: u64, body: Body, by: &mut Option<Arc<str>>) -> JournalLine {
    match body {
        Body::Run(line) => {
            *by = line.run.by.map(Into::into);
            let noted = Noted::Run { act: line.run.act, process: line.process, version: line.version };
            JournalLine { number, at: line.run.at, by: by.clone(), noted }
        }
        Body::Step(record) => {
            let noted = Noted::Step { step: record.step, entry: Box::new(record.entry) };
            JournalLine { number, at: record.at, by: by.clone(), noted }
        }
    }
}

impl JournalLine {
    /// Returns the id that AWS gave the request that the line is about, if any.
    pub fn request_id(&self) -> Option<&str> {
        match &self.noted {
            Noted::Step { entry, .. } => match &**entry {
                Entry::Done(receipt) => receipt.request_id.as_deref(),
                Entry::Failed { error, .. } => error.request_id.as_deref(),
                _ => None,
            },
            Noted::Run { .. } => None,
        }
    }
}

impl fmt::Display for JournalLine {
    /// One line, whatever the file says: its control characters are shown, not obeyed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let noted = match &self.noted {
            Noted::Run { act, process, version } => format!("{act}: begun by process {process} of version {version}"),
            Noted::Step { step, entry } => format!("{step}: {entry}"),
        };
        let from = match (&self.by, self.request_id()) {
            (Some(by), Some(request)) => format!(" (as {by}, request {request})"),
            (Some(by), None) => format!(" (as {by})"),
            (None, Some(request)) => format!(" (request {request})"),
            (None, None) => String::new(),
        };
        write!(f, "{} {} {}{}", self.number, self.at, escaped(&noted), escaped(&from))
    }
}
