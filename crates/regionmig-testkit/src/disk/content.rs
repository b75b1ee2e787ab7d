//! What is in a file: as it is seen, and as a crash would leave it.

use crate::disk::fault::Remains;
use crate::ids::Ids;

/// The bytes of one file.
#[derive(Clone, Debug, Default)]
pub(super) struct Content {
    /// What whoever reads it sees.
    pub(super) seen: Vec<u8>,
    /// What outlasts a crash whatever becomes of the changes.
    pub(super) durable: Vec<u8>,
    changes: Vec<Change>,
    /// Who has the file for its own, by the number of the handle.
    pub(super) holder: Option<u64>,
}

/// A change that was not synced.
#[derive(Clone, Debug)]
struct Change {
    what: What,
    /// A sync of it failed: it is forgotten, though it can be seen.
    forgotten: bool,
}

#[derive(Clone, Debug)]
enum What {
    Cut(usize),
    Write { at: usize, bytes: Vec<u8> },
}

impl Content {
    pub(super) fn append(&mut self, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.change(What::Write { at: self.seen.len(), bytes: bytes.to_vec() });
        }
    }

    pub(super) fn cut(&mut self, length: usize) {
        self.change(What::Cut(length));
    }

    /// Makes all outlast a crash that no failed sync has forgotten.
    pub(super) fn sync(&mut self) {
        for change in std::mem::take(&mut self.changes) {
            if !change.forgotten {
                change.what.apply_to(&mut self.durable);
            }
        }
    }

    /// Takes note of a sync that failed.
    pub(super) fn forget(&mut self) {
        self.changes.iter_mut().for_each(|change| change.forgotten = true);
    }

    /// Leaves of what was not synced what a crash would leave.
    pub(super) fn crash(&mut self, remains: Remains, ids: &mut Ids) {
        for Change { what, forgotten } in std::mem::take(&mut self.changes) {
            let remains = if forgotten { Remains::Dropped } else { remains.drawn(ids) };
            match (remains, what) {
                (Remains::Dropped, _) => {}
                (Remains::Garbage, What::Write { at, bytes }) => {
                    What::Write { at, bytes: ids.bytes(bytes.len()) }.apply_to(&mut self.durable);
                }
                (_, what) => what.apply_to(&mut self.durable),
            }
        }
        self.seen.clone_from(&self.durable);
        self.holder = None;
    }

    fn change(&mut self, what: What) {
        what.apply_to(&mut self.seen);
        self.changes.push(Change { what, forgotten: false });
    }
}

impl What {
    fn apply_to(&self, content: &mut Vec<u8>) {
        match self {
            Self::Cut(length) => content.truncate(*length),
            // What lay before it and was dropped is a hole.
            Self::Write { at, bytes } => {
                content.resize(content.len().max(at + bytes.len()), 0);
                content[*at..at + bytes.len()].copy_from_slice(bytes);
            }
        }
    }
}

impl Remains {
    /// Decides, if it is to be decided by chance.
    pub(super) fn drawn(self, ids: &mut Ids) -> Self {
        match self {
            Self::Chance if ids.chance(1.0 / 3.0) => Self::Dropped,
            Self::Chance if ids.chance(0.5) => Self::Garbage,
            Self::Chance => Self::Kept,
            decided => decided,
        }
    }
}
