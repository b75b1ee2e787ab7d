//! An output in a file.

use std::io;
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Output;
use crate::error::{Classify, ErrorKind};
use crate::storage::{self, Disk, Storage, StoredFile, aside, beside, folder_of};

/// What is at the end of a file's name until it is whole: nothing that anybody else would use.
const PART: &str = "regionmig-part";
/// What is written at once.
const PIECE: usize = 1 << 20;

/// A file that has its name once its message is whole, checked and on the disk, and not before.
///
/// Until then its bytes are beside it, under the name with `.regionmig-part` at its end, which its owner alone can read; dropped or aborted, it is
/// removed, and what a killed process left is replaced by the next one.
#[derive(Debug)]
pub struct FileOutput {
    path: PathBuf,
    replaces: bool,
    storage: Arc<dyn Storage>,
    /// Nothing while it is being written to elsewhere, and after a failure.
    part: Option<Part>,
    /// What was not written yet.
    buffer: Vec<u8>,
}

/// The file that the bytes are kept in until they count. Wherever it is dropped, its name is taken away, unless it was kept: while it is
/// still locked, since the name is the next one's as soon as it is not.
#[derive(Debug)]
struct Part {
    path: PathBuf,
    storage: Arc<dyn Storage>,
    file: Box<dyn StoredFile>,
    is_over: bool,
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.is_over {
            // Nobody is left to be told: the next one of this name replaces it.
            let _left = self.storage.remove(&self.path);
        }
    }
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
        Self::replace_in(Disk, path).await
    }

    /// As [`create`](Self::create), in another storage than the machine's disk.
    ///
    /// # Errors
    ///
    /// As of [`create`](Self::create).
    pub async fn create_in(storage: impl Storage, path: impl AsRef<Path>) -> Result<Self, OutputError> {
        Self::open(Arc::new(storage), path.as_ref(), false).await
    }

    /// As [`replace`](Self::replace), in another storage than the machine's disk.
    ///
    /// # Errors
    ///
    /// As of [`replace`](Self::replace).
    pub async fn replace_in(storage: impl Storage, path: impl AsRef<Path>) -> Result<Self, OutputError> {
        Self::open(Arc::new(storage), path.as_ref(), true).await
    }

    async fn open(storage: Arc<dyn Storage>, path: &Path, replaces: bool) -> Result<Self, OutputError> {
        let path = path.to_owned();
        let begun = {
            let (storage, path) = (Arc::clone(&storage), path.clone());
            aside(storage.may_block(), move || {
                if !replaces && is_there(&*storage, &path)? {
                    return Err(OutputError::Exists { path });
                }
                begin(storage, beside(&path, PART))
            })
            .await
        };
        let part = begun.map_err(|source| failed("made", &path, source))??;
        Ok(Self { path, replaces, storage, part: Some(part), buffer: Vec::new() })
    }

    /// Does something with the file, where nothing waits for it.
    async fn with<T: Send + 'static>(
        &mut self,
        attempted: &'static str,
        act: impl FnOnce(&mut dyn StoredFile, &[u8]) -> io::Result<T> + Send + 'static,
    ) -> Result<T, OutputError> {
        let lost = || OutputError::Lost { path: self.path.clone() };
        let mut part = self.part.take().ok_or_else(lost)?;
        let buffer = mem::take(&mut self.buffer);
        let acted = aside(self.storage.may_block(), move || {
            let done = act(&mut *part.file, &buffer);
            (done.map(|done| (done, part)), buffer)
        });
        let failed = |source| failed(attempted, &beside(&self.path, PART), source);
        let (done, mut buffer) = acted.await.map_err(failed)?;
        let (done, part) = done.map_err(failed)?;
        buffer.clear();
        (self.part, self.buffer) = (Some(part), buffer);
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
        let Some(mut part) = self.part.take() else { return Err(OutputError::Lost { path: self.path }) };
        let (path, replaces) = (self.path.clone(), self.replaces);
        let named = aside(self.storage.may_block(), move || {
            match replaces {
                true => part.storage.replace(&part.path, &path)?,
                false => part.storage.publish(&part.path, &path)?,
            }
            part.is_over = true;
            part.storage.sync_folder(folder_of(&path))
        });
        named.await.and_then(|named| named).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists if !self.replaces => OutputError::Exists { path: self.path.clone() },
            _ => failed("given its name", &self.path, error),
        })
    }

    async fn abort(mut self) -> Result<(), OutputError> {
        // One that was lost is gone already.
        let Some(mut part) = self.part.take() else { return Ok(()) };
        let removed = aside(self.storage.may_block(), move || {
            part.is_over = true;
            part.storage.remove(&part.path)
        });
        let removed = removed.await.and_then(|removed| removed);
        removed.map_err(|source| failed("removed", &beside(&self.path, PART), source))
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
fn begin(storage: Arc<dyn Storage>, path: PathBuf) -> Result<Part, OutputError> {
    match storage::begin(&*storage, &path) {
        Ok(Some(file)) => Ok(Part { path, storage, file, is_over: false }),
        Ok(None) => Err(OutputError::InUse { path }),
        Err(source) => Err(failed("made", &path, source)),
    }
}
