//! The archive in a folder.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::archive::Archive;
use crate::digest::Digest;
use crate::error::{BoxError, escaped};
use crate::storage::{self, Disk, Storage, exactly};

/// No first line is longer.
const LONGEST_LABEL: usize = 1 << 16;

/// An archive in a folder of its own: one file a part.
///
/// A part is written under another name, synced, and then given its own in place of an earlier one: so it is there as a whole or
/// not at all. Its first line says what it is and has a checksum of the rest, which is looked at when it is read. The files are named
/// by digests, so that a name can say what it likes; folder and files are their owner's alone.
///
/// ```
/// # use regionmig_core::{Archive, FileArchive};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// # let folder = std::env::temp_dir().join(format!("regionmig-archive-{}", std::process::id()));
/// let archive = FileArchive::new(&folder);
/// archive.put("users", 0, b"ann,7".to_vec()).await?;
/// assert_eq!(archive.get("users", 0).await?, Some(b"ann,7".to_vec()));
/// assert_eq!(archive.get("users", 1).await?, None);
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct FileArchive {
    folder: Arc<Path>,
    storage: Arc<dyn Storage>,
    /// How many parts were put: no two are written under one name.
    put: Arc<AtomicU64>,
}

/// The first line of a part.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Label {
    name: String,
    part: u64,
    /// Of what follows the line.
    sum: Digest,
}

/// A part of an archive could not be stored, or is not what was stored.
#[derive(Debug, thiserror::Error)]
enum PartError {
    #[error("part {part} of `{name}` in archive `{}` is damaged: take it from a backup, or have the step that stored it run anew", folder.display())]
    Damaged { folder: PathBuf, name: String, part: u64 },
    #[error("part {part} of `{name}` in archive `{}` could not be {attempted}", folder.display())]
    Io { folder: PathBuf, name: String, part: u64, attempted: &'static str, source: io::Error },
}

impl FileArchive {
    /// Keeps parts in `folder`, which is made when the first one is stored.
    pub fn new(folder: impl AsRef<Path>) -> Self {
        Self::new_in(Disk, folder)
    }

    /// Keeps parts in a folder of another storage than the machine's disk.
    pub fn new_in(storage: impl Storage, folder: impl AsRef<Path>) -> Self {
        Self { folder: folder.as_ref().into(), storage: Arc::new(storage), put: Arc::default() }
    }

    fn file(&self, name: &str, part: u64) -> PathBuf {
        self.folder.join(format!("{}-{part}", &Digest::of(name).as_str()[..32]))
    }

    fn store(&self, label: &Label, content: &[u8]) -> io::Result<()> {
        let path = self.file(&label.name, label.part);
        let number = self.put.fetch_add(1, Ordering::Relaxed);
        let mut first = serde_json::to_vec(label)?;
        first.push(b'\n');
        storage::put_whole(self.storage.as_ref(), &path, number, &[&first, content])
    }

    /// Reads a part: none, if there is none; nothing in it, if it is damaged.
    fn load(&self, name: &str, part: u64) -> io::Result<Option<Option<Vec<u8>>>> {
        let mut file = match self.storage.open(&self.file(name, part)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        let length = file.length()?;
        let Some(bytes) = exactly(file.as_mut(), 0, length)? else { return Ok(Some(None)) };
        let end = bytes.iter().take(LONGEST_LABEL).position(|&byte| byte == b'\n');
        let content = end.and_then(|end| {
            let label: Label = serde_json::from_slice(&bytes[..end]).ok()?;
            let content = &bytes[end + 1..];
            let is_it = label.name == name && label.part == part && label.sum == Digest::of(content);
            is_it.then(|| content.to_vec())
        });
        Ok(Some(content))
    }

    /// Does what may block where nothing waits for it.
    async fn aside<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Self) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let own = self.clone();
        storage::aside(self.storage.may_block(), move || act(&own)).await?
    }

    fn failed(&self, name: &str, part: u64, attempted: &'static str, source: io::Error) -> BoxError {
        Box::new(PartError::Io { folder: self.folder.to_path_buf(), name: escaped(name), part, attempted, source })
    }
}

#[async_trait]
impl Archive for FileArchive {
    async fn put(&self, name: &str, part: u64, content: Vec<u8>) -> Result<(), BoxError> {
        let label = Label { name: name.to_owned(), part, sum: Digest::of(&content) };
        let stored = self.aside(move |archive| archive.store(&label, &content)).await;
        stored.map_err(|source| self.failed(name, part, "stored", source))
    }

    async fn get(&self, name: &str, part: u64) -> Result<Option<Vec<u8>>, BoxError> {
        let wanted = name.to_owned();
        let loaded = self.aside(move |archive| archive.load(&wanted, part)).await;
        match loaded.map_err(|source| self.failed(name, part, "read", source))? {
            None => Ok(None),
            Some(Some(content)) => Ok(Some(content)),
            Some(None) => {
                Err(Box::new(PartError::Damaged { folder: self.folder.to_path_buf(), name: escaped(name), part }))
            }
        }
    }
}
