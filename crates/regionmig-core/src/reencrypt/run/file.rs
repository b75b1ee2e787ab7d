//! Checkpoints in a folder.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::checkpoints::{Checkpoint, Checkpoints};
use crate::digest::Digest;
use crate::error::{BoxError, escaped};
use crate::storage::{self, Disk, Storage, exactly};

/// The format that this version writes and reads.
const FORMAT: u32 = 1;
/// What the first line says the file is.
const WHAT: &str = "reencrypt-checkpoint";
/// No checkpoint is longer.
const LONGEST: u64 = 1 << 20;

/// Checkpoints in a folder of their own: one file a partition.
///
/// A checkpoint is written under another name, synced, and then given its own in place of the one before: so it is there as a whole or
/// not at all. Its first line says what it is and has a checksum of the rest. The files are named by digests, so that a partition can have
/// any name; folder and files are their owner's alone, and one that others could have written to is refused: it would decide which items
/// are left out.
///
/// ```
/// # use regionmig_core::reencrypt::{Checkpoints, FileCheckpoints};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// # let folder = std::env::temp_dir().join(format!("regionmig-checkpoints-{}", std::process::id()));
/// let checkpoints = FileCheckpoints::new(&folder);
/// assert_eq!(checkpoints.load("users/segment-0").await?, None); // begins at the beginning
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct FileCheckpoints {
    folder: Arc<Path>,
    storage: Arc<dyn Storage>,
    /// How many were saved: no two are written under one name.
    saved: Arc<AtomicU64>,
}

/// A checkpoint could not be saved, or is not what was saved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// Something in the file is not what was written.
    #[error(
        "checkpoint `{}` of partition `{}` is damaged: remove it, and the partition is begun anew; what was done stays done",
        path.display(), escaped(partition)
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Which partition.
        partition: String,
    },
    /// Others could have written to it.
    #[error(
        "others than its owner can write to checkpoint `{}`: remove it, and the partition is begun anew; or look whether it is as it was \
         left, then take that right away (chmod 600)", path.display()
    )]
    Exposed {
        /// The file.
        path: PathBuf,
    },
    /// The file system refused.
    #[error("checkpoint `{}` of partition `{}` could not be {attempted}", path.display(), escaped(partition))]
    Io {
        /// The file.
        path: PathBuf,
        /// Which partition.
        partition: String,
        /// What was attempted: `read`, `written`.
        attempted: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// It was written by a later version.
    #[error("checkpoint `{}` is of format {found}, this version reads {FORMAT}: use the version that wrote it", path.display())]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
}

/// What the first line says at least, whatever the format.
#[derive(Deserialize)]
struct Kind {
    regionmig: String,
    format: u32,
}

/// The first line.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Label {
    regionmig: String,
    format: u32,
    /// Of what follows the line.
    sum: Digest,
}

/// The second line.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Content {
    partition: String,
    checkpoint: Checkpoint,
}

/// What was found in a file.
enum Found {
    Checkpoint(Checkpoint),
    Damaged,
    Exposed,
    Newer(u32),
}

impl FileCheckpoints {
    /// Keeps them in `folder`, which is made when the first is saved.
    pub fn new(folder: impl AsRef<Path>) -> Self {
        Self::new_in(Disk, folder)
    }

    /// Keeps them in a folder of another storage than the machine's disk.
    pub fn new_in(storage: impl Storage, folder: impl AsRef<Path>) -> Self {
        Self { folder: folder.as_ref().into(), storage: Arc::new(storage), saved: Arc::default() }
    }

    /// Returns the file of a partition, whether it is there or not.
    pub fn file(&self, partition: &str) -> PathBuf {
        self.folder.join(format!("{}.checkpoint", &Digest::of(partition).as_str()[..32]))
    }

    fn store(&self, partition: String, checkpoint: Checkpoint) -> io::Result<()> {
        let path = self.file(&partition);
        let mut content = serde_json::to_vec(&Content { partition, checkpoint })?;
        content.push(b'\n');
        let label = Label { regionmig: WHAT.to_owned(), format: FORMAT, sum: Digest::of(&content) };
        let mut first = serde_json::to_vec(&label)?;
        first.push(b'\n');
        let number = self.saved.fetch_add(1, Ordering::Relaxed);
        storage::put_whole(self.storage.as_ref(), &path, number, &[&first, &content])
    }

    fn read(&self, partition: &str) -> io::Result<Option<Found>> {
        let mut file = match self.storage.open(&self.file(partition)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        if file.exposure()?.others_write {
            return Ok(Some(Found::Exposed));
        }
        let length = file.length()?;
        if length > LONGEST {
            return Ok(Some(Found::Damaged));
        }
        let bytes = exactly(file.as_mut(), 0, length)?.unwrap_or_default();
        Ok(Some(parse(&bytes, partition).unwrap_or(Found::Damaged)))
    }
}

/// Reads what a file holds; nothing, if it is not what was written for this partition.
fn parse(bytes: &[u8], partition: &str) -> Option<Found> {
    let end = bytes.iter().position(|&byte| byte == b'\n')?;
    let (first, content) = (&bytes[..end], &bytes[end + 1..]);
    let kind: Kind = serde_json::from_slice(first).ok()?;
    if kind.regionmig != WHAT {
        return None;
    }
    if kind.format > FORMAT {
        return Some(Found::Newer(kind.format));
    }
    let label: Label = serde_json::from_slice(first).ok()?;
    let read: Content = serde_json::from_slice(content).ok()?;
    let is_it = label.format == FORMAT && label.sum == Digest::of(content) && read.partition == partition;
    is_it.then_some(Found::Checkpoint(read.checkpoint))
}

#[async_trait]
impl Checkpoints for FileCheckpoints {
    async fn load(&self, partition: &str) -> Result<Option<Checkpoint>, BoxError> {
        let (own, name) = (self.clone(), partition.to_owned());
        let read = storage::aside(self.storage.may_block(), move || own.read(&name)).await.flatten();
        let (path, partition) = (self.file(partition), partition.to_owned());
        Err(match read {
            Ok(None) => return Ok(None),
            Ok(Some(Found::Checkpoint(checkpoint))) => return Ok(Some(checkpoint)),
            Ok(Some(Found::Damaged)) => CheckpointError::Damaged { path, partition },
            Ok(Some(Found::Exposed)) => CheckpointError::Exposed { path },
            Ok(Some(Found::Newer(found))) => CheckpointError::NewerFormat { path, found },
            Err(source) => CheckpointError::Io { path, partition, attempted: "read", source },
        }
        .into())
    }

    async fn save(&self, partition: &str, checkpoint: &Checkpoint) -> Result<(), BoxError> {
        let (own, name, checkpoint) = (self.clone(), partition.to_owned(), checkpoint.clone());
        let saved = storage::aside(self.storage.may_block(), move || own.store(name, checkpoint)).await.flatten();
        saved.map_err(|source| {
            let (path, partition) = (self.file(partition), partition.to_owned());
            CheckpointError::Io { path, partition, attempted: "written", source }.into()
        })
    }
}
