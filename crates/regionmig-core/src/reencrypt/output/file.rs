//! An output in a file.

use std::io;
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Output;
use crate::error::{Classify, ErrorKind};
use crate::storage::{Disk, Storage, StoredFile, aside, beside, folder_of};

/// What is written at once.
const PIECE: usize = 1 << 20;

/// A file that has its name once its message is whole, checked and on the disk, and not before.
///
/// Until then its bytes are beside it, under the name with `.part` at its end, which its owner alone can read; dropped or aborted, it is
/// removed, and what a killed process left is replaced by the next one.
#[derive(Debug)]
pub struct FileOutput {
    path: PathBuf,
    part: PathBuf,
    replaces: bool,
    storage: Arc<dyn Storage>,
    /// Nothing while it is being written to elsewhere, and after a failure.
    file: Option<Box<dyn StoredFile>>,
    /// What was not written yet.
    buffer: Vec<u8>,
    is_done: bool,
}

/// A file could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutputError {
    /// There is something of that name already.
    #[error("`{}` is there already: give another name, or remove it", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// Another process, or another task of this one, is writing it.
    #[error("`{}` is being written by somebody else: wait until they are done", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The file system failed.
    #[error("`{}` could not be {attempted}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was attempted.
        attempted: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// An earlier piece was lost.
    #[error("`{}` lost an earlier piece: begin it anew", path.display())]
    Lost {
        /// The file.
        path: PathBuf,
    },
}

impl Classify for OutputError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Exists { .. } | Self::InUse { .. } => ErrorKind::Conflict,
            Self::Io { .. } | Self::Lost { .. } => ErrorKind::Unavailable,
        }
    }
}

impl FileOutput {
    /// Makes a file that does not exist yet.
    ///
    /// # Errors
    ///
    /// Fails if there is one of that name, if somebody else is writing it, or if the file system fails.
    pub async fn create(path: impl AsRef<Path>) -> Result<Self, OutputError> {
        Self::create_in(Disk, path).await
    }

    /// Makes a file, or replaces the one of that name: at once, when it is committed.
    ///
    /// # Errors
    ///
    /// Fails if somebody else is writing it, or if the file system fails.
    pub async fn replace(path: impl AsRef<Path>) -> Result<Self, OutputError> {
        Self::open(Arc::new(Disk), path.as_ref(), true).await
    }

    /// As [`create`](Self::create), in another storage than the machine's disk.
    ///
    /// # Errors
    ///
    /// As of [`create`](Self::create).
    pub async fn create_in(storage: impl Storage, path: impl AsRef<Path>) -> Result<Self, OutputError> {
        Self::open(Arc::new(storage), path.as_ref(), false).await
    }

    async fn open(storage: Arc<dyn Storage>, path: &Path, replaces: bool) -> Result<Self, OutputError> {
        let (path, part) = (path.to_owned(), beside(path, "part"));
        let may_block = storage.may_block();
        let begun = {
            let (storage, path, part) = (Arc::clone(&storage), path.clone(), part.clone());
            aside(may_block, move || {
                if !replaces && is_there(&*storage, &path)? {
                    return Err(OutputError::Exists { path });
                }
                begin(&*storage, &part)
            })
            .await
        };
        let file = begun.map_err(|source| failed("made", &part, source))??;
        Ok(Self { path, part, replaces, storage, file: Some(file), buffer: Vec::new(), is_done: false })
    }

    /// Does something with the file, where nothing waits for it.
    async fn with<T: Send + 'static>(
        &mut self,
        attempted: &'static str,
        act: impl FnOnce(&mut dyn StoredFile, &[u8]) -> io::Result<T> + Send + 'static,
    ) -> Result<T, OutputError> {
        let lost = || OutputError::Lost { path: self.path.clone() };
        let mut file = self.file.take().ok_or_else(lost)?;
        let buffer = mem::take(&mut self.buffer);
        let acted = aside(self.storage.may_block(), move || {
            let done = act(&mut *file, &buffer);
            (done.map(|done| (done, file)), buffer)
        });
        let failed = |source| failed(attempted, &self.part, source);
        let (done, mut buffer) = acted.await.map_err(failed)?;
        let (done, file) = done.map_err(failed)?;
        buffer.clear();
        (self.file, self.buffer) = (Some(file), buffer);
        Ok(done)
    }
}

impl Output for FileOutput {
    type Error = OutputError;
    type Committed = ();

    async fn write(&mut self, piece: &[u8]) -> Result<(), OutputError> {
        self.buffer.extend_from_slice(piece);
        if self.buffer.len() < PIECE {
            return Ok(());
        }
        self.with("written", |file, bytes| file.append(bytes)).await
    }

    async fn commit(mut self) -> Result<(), OutputError> {
        self.with("written", |file, bytes| file.append(bytes).and_then(|()| file.sync())).await?;
        let (storage, path, part) = (Arc::clone(&self.storage), self.path.clone(), self.part.clone());
        let replaces = self.replaces;
        let named = aside(storage.may_block(), move || {
            match replaces {
                true => storage.replace(&part, &path)?,
                false => storage.publish(&part, &path)?,
            }
            storage.sync_folder(folder_of(&path))
        });
        match named.await.and_then(|named| named) {
            Ok(()) => {
                self.is_done = true;
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && !self.replaces => {
                Err(OutputError::Exists { path: self.path.clone() })
            }
            Err(source) => Err(failed("given its name", &self.path, source)),
        }
    }

    async fn abort(mut self) -> Result<(), OutputError> {
        self.is_done = true;
        self.file = None;
        let (storage, part) = (Arc::clone(&self.storage), self.part.clone());
        let removed = aside(storage.may_block(), move || storage.remove(&part)).await;
        removed.and_then(|removed| removed).map_err(|source| failed("removed", &self.part, source))
    }
}

impl Drop for FileOutput {
    fn drop(&mut self) {
        if !self.is_done {
            self.file = None;
            // Nobody is left to be told: the next one of this name replaces it.
            let _left = self.storage.remove(&self.part);
        }
    }
}

fn failed(attempted: &'static str, path: &Path, source: io::Error) -> OutputError {
    OutputError::Io { path: path.to_owned(), attempted, source }
}

fn is_there(storage: &dyn Storage, path: &Path) -> Result<bool, OutputError> {
    match storage.open(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(source) => Err(failed("looked for", path, source)),
    }
}

/// Makes the file that the bytes are kept in until they count.
fn begin(storage: &dyn Storage, part: &Path) -> Result<Box<dyn StoredFile>, OutputError> {
    let io = |source| failed("made", part, source);
    let in_use = || OutputError::InUse { path: part.to_owned() };
    let mut file = match storage.create(part) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            // Left by a process that died, if nobody has it.
            let mut left = storage.open(part).map_err(io)?;
            if !left.try_lock().map_err(io)? {
                return Err(in_use());
            }
            storage.remove(part).map_err(io)?;
            storage.create(part)
        }
        created => created,
    }
    .map_err(io)?;
    match file.try_lock().map_err(io)? {
        true => Ok(file),
        false => Err(in_use()),
    }
}
