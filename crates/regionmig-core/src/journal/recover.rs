//! Gets past damage in a journal: by trusting the target alone.

use std::path::Path;

use jiff::Timestamp;

use crate::journal::line::{Body, Chain};
use crate::journal::open::{self, Opened, begin, copy, unwritten};
use crate::journal::scan::{self, Next, Scan, unread};
use crate::journal::{Entry, FileJournalError, Record};
use crate::standings::Standings;
use crate::storage::{Storage, StoredFile, folder_of};

/// Writes the whole records to a new file, puts every step in doubt, and has it take the place of the damaged one, which is
/// kept.
pub(super) fn recover<S: Storage>(storage: &S, path: &Path, at: Timestamp) -> Result<Opened, FileJournalError> {
    let mut damaged = open::take(storage, path)?;
    let old = scan::front(path, damaged.as_mut())?;
    let (mut file, front, new) = begin(storage, path, &old.plan)?;
    let mut chain = front.chain.clone();
    let mut standings = Standings::new(&old.plan);
    {
        let mut scan = Scan::new(damaged.as_mut(), old.chain, old.records_at);
        while let Next::Record(body) = scan.next().map_err(|source| unread(path, source))? {
            // What cannot be, or be understood, ends what can be believed.
            let Ok(body) = scan::body(path, scan.chain.lines, &body) else { break };
            if let Body::Step(record) = &body
                && standings.record(record).is_err()
            {
                break;
            }
            write(file.as_mut(), &mut chain, &body).map_err(|source| unwritten(&new, source))?;
        }
    }
    for step in old.plan.names() {
        let record = Record::new(at, step.clone(), Entry::Doubted);
        if standings.admit(&record).is_ok() {
            write(file.as_mut(), &mut chain, &Body::Step(record)).map_err(|source| unwritten(&new, source))?;
        }
    }
    file.sync().map_err(|source| unwritten(&new, source))?;
    copy(storage, path, "damaged", damaged.as_mut(), 0)?;
    let replaced = storage.replace(&new, path).and_then(|()| storage.sync_folder(folder_of(path)));
    replaced.map_err(|source| unwritten(path, source))?;
    Ok(Opened { file, front, chain, findings: Vec::new() })
}

fn write(file: &mut dyn StoredFile, chain: &mut Chain, body: &Body) -> std::io::Result<()> {
    file.append(&chain.write(body)?)
}
