//! Reads a journal's file from its beginning to where it is whole no more.

use std::io;
use std::path::Path;

use crate::journal::FileJournalError;
use crate::journal::line::{self, Body, Chain, FORMAT, Heading, LONGEST, LineError};
use crate::plan::MigrationPlan;
use crate::storage::{StoredFile, exactly};

/// So much is read at once.
const CHUNK: usize = 1 << 18;

/// A journal's file as far as its plan.
#[derive(Debug)]
pub(super) struct Front {
    pub(super) heading: Heading,
    pub(super) plan: MigrationPlan,
    /// What the first record goes on from, and where it stands.
    pub(super) chain: Chain,
    pub(super) records_at: u64,
}

/// What comes after the last whole record.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Tail {
    /// Nothing.
    None,
    /// So many bytes that were being written when the process or the machine died. Nobody relied on them.
    Torn(u64),
    /// A whole record, which is counted, but for the end of its line.
    Unended,
    /// Something else, in the record that follows.
    Damaged(String),
}

/// The records of a journal's file, one after the other, each checked against the one before.
pub(super) struct Scan<'a> {
    lines: Lines<'a>,
    /// What the next record goes on from.
    pub(super) chain: Chain,
    /// Where the last whole record ends.
    pub(super) end: u64,
}

/// What comes next in a journal's file.
pub(super) enum Next {
    /// What a record says, to be [parsed](body).
    Record(String),
    /// No more records.
    End(Tail),
}

/// The first line, and what stands after it.
pub(super) struct Top {
    pub(super) heading: Heading,
    /// What the first record goes on from, and where it stands: after the plan.
    pub(super) chain: Chain,
    pub(super) records_at: u64,
    plan_at: u64,
}

/// Reads the heading alone.
pub(super) fn top(path: &Path, file: &mut dyn StoredFile) -> Result<Top, FileJournalError> {
    let mut lines = Lines::new(file, 0);
    let first = lines.next().map_err(|source| unread(path, source))?;
    let Some(Line { bytes: first, is_ended: true }) = first else {
        return Err(damaged(path, "its first line is cut short".to_owned()));
    };
    let (heading, chain) = line::read_heading(&first).map_err(|error| match error {
        LineError::Format { found } => {
            FileJournalError::NewerFormat { path: path.to_owned(), found, supported: FORMAT }
        }
        error => damaged(path, crate::error::chain(&error)),
    })?;
    let plan_at = lines.at;
    let cut_short = || damaged(path, "its plan is cut short".to_owned());
    let records_at = plan_at.checked_add(heading.bytes).ok_or_else(cut_short)?;
    Ok(Top { heading, chain, records_at, plan_at })
}

/// Reads heading and plan.
pub(super) fn front(path: &Path, file: &mut dyn StoredFile) -> Result<Front, FileJournalError> {
    let Top { heading, chain, records_at, plan_at } = top(path, file)?;
    let bytes = exactly(file, plan_at, heading.bytes).map_err(|source| unread(path, source))?;
    let bytes = bytes.ok_or_else(|| damaged(path, "its plan is cut short".to_owned()))?;
    let of_plan = |source| FileJournalError::Plan { path: path.to_owned(), source };
    let plan = MigrationPlan::from_own_bytes(&bytes).map_err(of_plan)?;
    if *plan.digest() != heading.plan || *plan.route() != heading.route {
        return Err(damaged(path, "it is about another plan than the one in it".to_owned()));
    }
    Ok(Front { records_at, heading, plan, chain })
}

/// Says what is wrong before the first record.
fn damaged(path: &Path, why: String) -> FileJournalError {
    FileJournalError::Damaged { path: path.to_owned(), record: 0, why }
}

impl<'a> Scan<'a> {
    /// Begins with the record that stands at `at` and goes on from `chain`.
    pub(super) fn new(file: &'a mut dyn StoredFile, chain: Chain, at: u64) -> Self {
        Self { lines: Lines::new(file, at), chain, end: at }
    }

    pub(super) fn next(&mut self) -> io::Result<Next> {
        let Some(Line { bytes, is_ended }) = self.lines.next()? else { return Ok(Next::End(Tail::None)) };
        let mut chain = self.chain.clone();
        let checked = chain.check(&bytes).map(str::to_owned);
        Ok(match checked {
            Ok(body) => {
                (self.chain, self.end) = (chain, self.lines.at);
                if is_ended { Next::Record(body) } else { Next::End(Tail::Unended) }
            }
            Err(error) => Next::End(match is_torn(&mut self.lines, &bytes, is_ended)? {
                true => Tail::Torn(self.lines.at - self.end),
                false => Tail::Damaged(error.to_string()),
            }),
        })
    }

    /// Goes on to the end, and returns what is there.
    pub(super) fn finish(&mut self) -> io::Result<Tail> {
        loop {
            if let Next::End(tail) = self.next()? {
                return Ok(tail);
            }
        }
    }

    /// The number of the record that comes next.
    pub(super) fn number(&self) -> u64 {
        self.chain.lines + 1
    }
}

/// Parses what a record says, which has been checked.
pub(super) fn body(path: &Path, record: u64, body: &str) -> Result<Body, FileJournalError> {
    line::parse(body).map_err(|error| {
        let why = crate::error::chain(&error);
        FileJournalError::Damaged { path: path.to_owned(), record, why }
    })
}

/// Tells whether what begins with a line that is not right is what a crash leaves: the end of the file, without an end of
/// line, and nothing in it that was whole once. Reads to the end.
fn is_torn(lines: &mut Lines<'_>, first: &[u8], first_is_ended: bool) -> io::Result<bool> {
    let (mut last, mut last_is_ended) = (first.to_vec(), first_is_ended);
    while let Some(Line { bytes, is_ended }) = lines.next()? {
        if line::is_whole(&bytes) {
            return Ok(false);
        }
        (last, last_is_ended) = (bytes, is_ended);
    }
    // All but the end of its line, which has become something else.
    let was_whole = last.split_last().is_some_and(|(_, rest)| line::is_whole(rest));
    Ok(!last_is_ended && !was_whole)
}

/// A line, without its end.
struct Line {
    bytes: Vec<u8>,
    is_ended: bool,
}

/// The lines of a file.
struct Lines<'a> {
    file: &'a mut dyn StoredFile,
    /// Where the next line begins.
    at: u64,
    /// What was read, and how much of it belongs to lines that were given out.
    read: Vec<u8>,
    given: usize,
}

impl<'a> Lines<'a> {
    fn new(file: &'a mut dyn StoredFile, at: u64) -> Self {
        Self { file, at, read: Vec::new(), given: 0 }
    }

    fn next(&mut self) -> io::Result<Option<Line>> {
        let mut searched = self.given;
        loop {
            if let Some(place) = self.read[searched..].iter().position(|&byte| byte == b'\n') {
                return Ok(Some(self.give(searched + place, 1)));
            }
            self.read.drain(..self.given);
            self.given = 0;
            searched = self.read.len();
            if searched > LONGEST {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "a line is longer than any that is written"));
            }
            self.read.resize(searched + CHUNK, 0);
            let more = self.file.read_at(self.at + searched as u64, &mut self.read[searched..])?;
            self.read.truncate(searched + more);
            if more == 0 {
                return Ok((searched > 0).then(|| self.give(searched, 0)));
            }
        }
    }

    /// Gives out what stands before `stop`, without the line's end, which has `end` bytes.
    fn give(&mut self, stop: usize, end: usize) -> Line {
        let bytes = self.read[self.given..stop].to_vec();
        self.given = stop + end;
        self.at += (bytes.len() + end) as u64;
        Line { bytes, is_ended: end > 0 }
    }
}

pub(super) fn unread(path: &Path, source: io::Error) -> FileJournalError {
    FileJournalError::Io { path: path.to_owned(), attempted: "read", source }
}
