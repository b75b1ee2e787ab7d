//! Makes a journal's file, and opens it.

use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use crate::finding::{Finding, Severity, code};
use crate::journal::line::{self, Body, Chain, FORMAT, Heading};
use crate::journal::scan::{self, Front, Next, Scan, Tail, unread};
use crate::journal::{FileJournalError, Record};
use crate::plan::MigrationPlan;
use crate::storage::{self, Storage, StoredFile, beside, folder_of};

/// So many records are read at once, at most.
const PIECE: usize = 4096;
/// How often, and how far apart, a lock is tried that an earlier handle of this process may be about to let go.
const TRIES: u32 = 200;
const BETWEEN: Duration = Duration::from_millis(5);

/// A journal's file that is whole, and ours alone.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) file: Box<dyn StoredFile>,
    pub(super) front: Front,
    /// What the next record goes on from.
    pub(super) chain: Chain,
    pub(super) findings: Vec<Finding>,
}

/// Makes the file of a journal without records.
pub(super) fn create<S: Storage>(storage: &S, path: &Path, plan: &MigrationPlan) -> Result<Opened, FileJournalError> {
    let (mut file, front, new) = begin(storage, path, plan)?;
    file.sync().map_err(|source| unwritten(&new, source))?;
    match storage.publish(&new, path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            storage.remove(&new).map_err(|source| unwritten(&new, source))?;
            return Err(FileJournalError::Exists { path: path.to_owned() });
        }
        Err(source) => return Err(unwritten(path, source)),
    }
    storage.sync_folder(folder_of(path)).map_err(|source| unwritten(path, source))?;
    let chain = front.chain.clone();
    Ok(Opened { file, front, chain, findings: Vec::new() })
}

/// Begins a file, under another name, with heading and plan. Returns that name, too.
pub(super) fn begin<S: Storage>(
    storage: &S,
    path: &Path,
    plan: &MigrationPlan,
) -> Result<(Box<dyn StoredFile>, Front, PathBuf), FileJournalError> {
    let new = beside(path, "new");
    let failed = |source| unwritten(&new, source);
    let Some(mut file) = storage::begin(storage, &new).map_err(failed)? else {
        return Err(FileJournalError::InUse { path: new, process: None });
    };
    let bytes = plan.to_bytes();
    let heading = Heading {
        format: FORMAT,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        plan: plan.digest().clone(),
        route: plan.route().clone(),
        bytes: bytes.len() as u64,
    };
    let (first, chain) = line::write_heading(&heading).map_err(|error| failed(error.into()))?;
    let records_at = (first.len() + bytes.len()) as u64;
    file.append(&first).and_then(|()| file.append(&bytes)).map_err(failed)?;
    Ok((file, Front { heading, plan: plan.clone(), chain, records_at }, new))
}

/// Opens a file, sets aside what was torn at its end, and refuses any other damage.
pub(super) fn open<S: Storage>(storage: &S, path: &Path) -> Result<Opened, FileJournalError> {
    let mut file = take(storage, path)?;
    // Whoever made it may have died before its name was safe.
    storage.sync_folder(folder_of(path)).map_err(|source| unwritten(path, source))?;
    let front = scan::front(path, file.as_mut())?;
    let mut findings = Vec::new();
    if file.exposure().map_err(|source| unread(path, source))?.others_read {
        findings.push(readable(path));
    }
    let (chain, end, tail) = {
        let mut scan = Scan::new(file.as_mut(), front.chain.clone(), front.records_at);
        let tail = scan.finish().map_err(|source| unread(path, source))?;
        (scan.chain.clone(), scan.end, tail)
    };
    let chain = match tail {
        Tail::None => chain,
        Tail::Unended => {
            file.append(b"\n").and_then(|()| file.sync()).map_err(|source| unwritten(path, source))?;
            chain
        }
        Tail::Torn(length) => {
            findings.push(set_aside(storage, path, file.as_mut(), end, length)?);
            chain
        }
        Tail::Damaged(why) => {
            return Err(FileJournalError::Damaged { path: path.to_owned(), record: chain.lines + 1, why });
        }
    };
    Ok(Opened { file, front, chain, findings })
}

/// Opens a file that nobody else has, and nobody else could have changed.
pub(super) fn take<S: Storage>(storage: &S, path: &Path) -> Result<Box<dyn StoredFile>, FileJournalError> {
    let mut tries = TRIES;
    loop {
        let mut file = existing(storage, path)?;
        if file.exposure().map_err(|source| unread(path, source))?.others_write {
            return Err(FileJournalError::Exposed { path: path.to_owned() });
        }
        if file.try_lock().map_err(|source| unread(path, source))? {
            return Ok(file);
        }
        let process = last_process(path, file.as_mut());
        // A handle of this process that was dropped may still be syncing what was added last.
        let is_own = process == Some(std::process::id());
        if !is_own || !storage.may_block() || tries == 0 {
            return Err(FileJournalError::InUse { path: path.to_owned(), process });
        }
        tries -= 1;
        thread::sleep(BETWEEN);
    }
}

/// Opens a file that must be there.
pub(super) fn existing<S: Storage>(storage: &S, path: &Path) -> Result<Box<dyn StoredFile>, FileJournalError> {
    storage.open(path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => FileJournalError::Missing { path: path.to_owned() },
        _ => unread(path, source),
    })
}

/// Some records, and what those that follow go on from, and where; nothing, if these are the last.
type Piece = (Vec<Record>, Option<(Chain, u64)>);

/// Reads some records.
pub(super) fn piece(path: &Path, file: &mut dyn StoredFile, chain: Chain, at: u64) -> Result<Piece, FileJournalError> {
    let (mut scan, mut records) = (Scan::new(file, chain, at), Vec::new());
    while records.len() < PIECE {
        let number = scan.number();
        match scan.next().map_err(|source| unread(path, source))? {
            Next::Record(body) => {
                if let Body::Step(record) = scan::body(path, number, &body)? {
                    records.push(record);
                }
            }
            Next::End(Tail::None) => return Ok((records, None)),
            // It was whole when it was opened.
            Next::End(_) => {
                let why = "it was changed while it was in use".to_owned();
                return Err(FileJournalError::Damaged { path: path.to_owned(), record: number, why });
            }
        }
    }
    let next = (scan.chain.clone(), scan.end);
    Ok((records, Some(next)))
}

/// Returns the process that began the last run, as far as that can be read.
fn last_process(path: &Path, file: &mut dyn StoredFile) -> Option<u32> {
    let top = scan::top(path, file).ok()?;
    let (mut scan, mut process) = (Scan::new(file, top.chain, top.records_at), None);
    while let Ok(Next::Record(body)) = scan.next() {
        if let Ok(Body::Run(run)) = line::parse(&body) {
            process = Some(run.process);
        }
    }
    process
}

/// Copies what was torn to a file of its own, and cuts it off.
fn set_aside<S: Storage>(
    storage: &S,
    path: &Path,
    file: &mut dyn StoredFile,
    end: u64,
    length: u64,
) -> Result<Finding, FileJournalError> {
    let aside = copy(storage, path, "torn", file, end)?;
    file.truncate(end).and_then(|()| file.sync()).map_err(|source| unwritten(path, source))?;
    let message = format!(
        "the last {length} bytes of journal `{}` were being written when a run died; nobody relied on them, and they are kept in `{}`",
        path.display(),
        aside.display()
    );
    Ok(Finding::new(Severity::Note, code::JOURNAL_TORN, message))
}

/// Copies a file, from some place on, to a new one beside `path`. Returns its name.
pub(super) fn copy<S: Storage>(
    storage: &S,
    path: &Path,
    suffix: &str,
    file: &mut dyn StoredFile,
    mut from: u64,
) -> Result<PathBuf, FileJournalError> {
    let (mut copy, name) = numbered(storage, path, suffix)?;
    let mut room = vec![0; 1 << 18];
    loop {
        let read = file.read_at(from, &mut room).map_err(|source| unread(path, source))?;
        if read == 0 {
            break;
        }
        copy.append(&room[..read]).map_err(|source| unwritten(&name, source))?;
        from += read as u64;
    }
    copy.sync().and_then(|()| storage.sync_folder(folder_of(path))).map_err(|source| unwritten(&name, source))?;
    Ok(name)
}

/// Makes a file under the first name that is free: `x.journal.torn`, `x.journal.torn-2`, ..
fn numbered<S: Storage>(
    storage: &S,
    path: &Path,
    suffix: &str,
) -> Result<(Box<dyn StoredFile>, PathBuf), FileJournalError> {
    let mut name = beside(path, suffix);
    for number in 2.. {
        match storage.create(&name) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(source) => return Err(unwritten(&name, source)),
            Ok(file) => return Ok((file, name)),
        }
        name = beside(path, &format!("{suffix}-{number}"));
    }
    Err(unwritten(&name, io::ErrorKind::AlreadyExists.into()))
}

fn readable(path: &Path) -> Finding {
    let message =
        format!("others than its owner can read journal `{}`: it tells names, ARNs and policies", path.display());
    Finding::new(Severity::Action, code::JOURNAL_READABLE, message).remedy("take that right away (chmod 600)")
}

pub(super) fn unwritten(path: &Path, source: io::Error) -> FileJournalError {
    FileJournalError::Io { path: path.to_owned(), attempted: "written", source }
}
