//! A disk whose process dies.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use regionmig_core::{Disk, Exposure, Storage, StoredFile};

/// A disk whose process dies at its `n`-th call: from there on nothing works.
#[derive(Clone, Debug)]
pub(crate) struct Dies {
    pub(crate) calls: Arc<AtomicU64>,
    pub(crate) at: u64,
    pub(crate) after: bool,
}

impl Dies {
    fn call<T>(&self, act: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        let dead = || Err(io::Error::other("the machine is dead"));
        match call {
            call if call < self.at => act(),
            call if call == self.at && self.after => act().and_then(|_| dead()),
            _ => dead(),
        }
    }
}

impl Storage for Dies {
    fn create(&self, path: &Path) -> io::Result<Box<dyn StoredFile>> {
        let file = self.call(|| Disk.create(path))?;
        Ok(Box::new(DyingFile { disk: self.clone(), file }))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn StoredFile>> {
        Disk.open(path)
    }

    fn publish(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.call(|| Disk.publish(from, to))
    }

    fn replace(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.call(|| Disk.replace(from, to))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.call(|| Disk.remove(path))
    }

    fn create_folder(&self, path: &Path) -> io::Result<()> {
        self.call(|| Disk.create_folder(path))
    }

    fn sync_folder(&self, _: &Path) -> io::Result<()> {
        self.call(|| Ok(()))
    }

    fn may_block(&self) -> bool {
        false
    }
}

#[derive(Debug)]
struct DyingFile {
    disk: Dies,
    file: Box<dyn StoredFile>,
}

impl StoredFile for DyingFile {
    fn try_lock(&mut self) -> io::Result<bool> {
        self.file.try_lock()
    }

    fn length(&self) -> io::Result<u64> {
        self.file.length()
    }

    fn exposure(&self) -> io::Result<Exposure> {
        self.file.exposure()
    }

    fn read_at(&mut self, offset: u64, room: &mut [u8]) -> io::Result<usize> {
        self.file.read_at(offset, room)
    }

    /// Torn, if it dies here.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let disk = self.disk.clone();
        let is_last = disk.calls.load(Ordering::SeqCst) == disk.at && disk.after;
        let part = if is_last { &bytes[..bytes.len() / 2] } else { bytes };
        disk.call(|| self.file.append(part))
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.file.truncate(length)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.disk.clone().call(|| Ok(()))
    }
}
