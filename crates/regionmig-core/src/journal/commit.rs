//! How records reach the disk: those that come together are written and synced together.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::journal::JournalError;
use crate::journal::line::{Body, Chain};
use crate::storage::StoredFile;

/// The end of a journal's file, to which records are added.
#[derive(Debug)]
pub(super) struct Commit {
    may_block: bool,
    queue: Mutex<Queue>,
    /// Held while something is written.
    file: Mutex<Box<dyn StoredFile>>,
}

/// Who waits for a line to be safe.
type Waiting = oneshot::Sender<Result<(), Failed>>;

#[derive(Debug)]
struct Queue {
    chain: Chain,
    /// Lines that nobody is writing yet.
    lines: Vec<u8>,
    /// Who waits for them.
    waiting: Vec<Waiting>,
    /// Whether somebody writes, or is about to.
    is_busy: bool,
    /// Why nothing more is written.
    failed: Option<Failed>,
}

/// A failure that all later records share.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
struct Failed(Arc<str>);

impl Failed {
    fn new(error: &io::Error) -> Self {
        Self(format!("a record could not be made safe: {error}; make room or mend the disk, then run again").into())
    }
}

impl Commit {
    pub(super) fn new(file: Box<dyn StoredFile>, chain: Chain, may_block: bool) -> Arc<Self> {
        let queue = Queue { chain, lines: Vec::new(), waiting: Vec::new(), is_busy: false, failed: None };
        Arc::new(Self { may_block, queue: Mutex::new(queue), file: Mutex::new(file) })
    }

    /// Adds a line, and returns once it is safe.
    ///
    /// # Cancel safety
    ///
    /// A line that was queued is written, whether this is dropped or not, unless the process ends.
    pub(super) async fn append(self: &Arc<Self>, body: &Body) -> Result<(), JournalError> {
        let (waits, leads) = self.enqueue(body)?;
        if leads {
            self.lead().await;
        }
        match waits.await {
            Ok(written) => written.map_err(JournalError::new),
            Err(_) => Err(JournalError::new("nobody was left to write the record: the runtime has ended")),
        }
    }

    /// Does something with the file while nothing is written to it.
    pub(super) fn with_file<T>(&self, act: impl FnOnce(&mut dyn StoredFile) -> T) -> T {
        act(self.file.lock().unwrap_or_else(PoisonError::into_inner).as_mut())
    }

    /// Queues a line. Returns what tells that it is written, and whether the caller is to have that done.
    fn enqueue(&self, body: &Body) -> Result<(oneshot::Receiver<Result<(), Failed>>, bool), JournalError> {
        let mut queue = self.queue();
        if let Some(failed) = &queue.failed {
            return Err(JournalError::new(failed.clone()));
        }
        let line = queue.chain.write(body).map_err(JournalError::new)?;
        let (tells, waits) = oneshot::channel();
        queue.lines.extend(line);
        queue.waiting.push(tells);
        Ok((waits, !std::mem::replace(&mut queue.is_busy, true)))
    }

    /// Has all that is queued written: on a thread that may block, if that may take long.
    async fn lead(self: &Arc<Self>) {
        match Handle::try_current() {
            // Not waited for: whoever waits, waits for the line.
            Ok(runtime) if self.may_block => {
                let mut turn = Turn { commit: Some(Arc::clone(self)), is_kept: false };
                drop(runtime.spawn_blocking(move || turn.write()));
            }
            _ => {
                let mut turn = Turn { commit: Some(Arc::clone(self)), is_kept: true };
                // So that those who come now are written with this one.
                tokio::task::yield_now().await;
                turn.write();
            }
        }
    }

    /// Writes lines, and makes them safe.
    fn write(&self, lines: &[u8]) -> Result<(), Failed> {
        let written = self.with_file(|file| file.append(lines).and_then(|()| file.sync()));
        written.map_err(|error| {
            let failed = Failed::new(&error);
            self.queue().failed.get_or_insert(failed).clone()
        })
    }

    /// Takes what is queued; nothing, and the turn is over.
    fn take(&self) -> Option<(Vec<u8>, Vec<Waiting>)> {
        let mut queue = self.queue();
        if let Some(failed) = queue.failed.clone() {
            queue.lines.clear();
            for tells in queue.waiting.drain(..) {
                let _unheard = tells.send(Err(failed.clone()));
            }
        }
        if queue.lines.is_empty() {
            queue.is_busy = false;
            return None;
        }
        Some((std::mem::take(&mut queue.lines), std::mem::take(&mut queue.waiting)))
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The turn to write.
struct Turn {
    commit: Option<Arc<Commit>>,
    /// Whether it is used even when it is dropped.
    is_kept: bool,
}

impl Turn {
    /// Writes until nothing is queued any more.
    fn write(&mut self) {
        let mut next = self.commit.as_ref().and_then(|commit| commit.take());
        while let (Some(commit), Some((lines, waiting))) = (&self.commit, next) {
            let written = commit.write(&lines);
            next = commit.take();
            if next.is_none() {
                // Whoever is told may let go of the journal and open it again: so nothing here holds its file any more.
                self.commit = None;
            }
            for tells in waiting {
                // Who has been dropped does not listen.
                let _unheard = tells.send(written.clone());
            }
        }
        self.commit = None;
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Some(commit) = &self.commit else { return };
        if !self.is_kept {
            // The runtime has ended, or the storage has panicked: what was to be written is not.
            let failed = || Failed("nobody was left to write: open the journal again".into());
            commit.queue().failed.get_or_insert_with(failed);
        }
        self.write();
    }
}
