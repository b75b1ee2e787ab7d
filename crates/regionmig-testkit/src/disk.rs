//! A disk in memory that loses what was not synced, tears what is being written, and runs full.
// REQ: E-41

mod content;
mod fault;
mod platter;

pub use fault::{DiskCall, DiskFault, Remains};
pub use platter::DiskEntry;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use regionmig_core::{Exposure, Storage, StoredFile};

use crate::disk::platter::Platter;

/// A disk in memory, as one process has it: what was not synced may be lost when the machine dies, and what goes wrong, and
/// when, is told.
///
/// It is deterministic: what chance decides comes from its seed, and it never blocks. A clone is a handle of the same disk
/// and the same process. When the machine has died, by a [`DiskFault`] or by [`crash`](Self::crash), every call of the process
/// fails and changes nothing; [`reboot`](Self::reboot) gives the disk to the next one, with what the crash has left. Without
/// a crash, as after a kill, that is all that was written, synced or not. Locks go with the process.
///
/// A crash decides for each write and each name that was not synced by itself whether it is kept, dropped, or, of a
/// write, something else of that length is there (SQLite's rule for its own tests). What was dropped before something that
/// was kept is a hole of zeros. Folders outlast a crash as soon as they are made.
///
/// ```
/// # use std::path::Path;
/// # use regionmig_core::Storage;
/// # use regionmig_testkit::{DiskCall, DiskFault, Remains, SimulatedDisk};
/// # fn main() -> std::io::Result<()> {
/// let disk = SimulatedDisk::new();
/// let mut file = disk.create(Path::new("journal"))?;
/// file.append(b"synced;")?;
/// file.sync()?;
/// disk.sync_folder(Path::new(""))?;
///
/// // The machine dies with three bytes of the next record written, and what was not synced happens to be there.
/// disk.fault(DiskFault::crash_inside(3).leaving(Remains::Kept));
/// assert!(file.append(b"torn;").is_err());
/// assert!(disk.open(Path::new("journal")).is_err());
///
/// let disk = disk.reboot();
/// assert_eq!(disk.content("journal").as_deref(), Some(&b"synced;tor"[..]));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct SimulatedDisk {
    life: u64,
    platter: Arc<Mutex<Platter>>,
}

impl SimulatedDisk {
    /// Makes an empty disk, always the same.
    pub fn new() -> Self {
        Self::seeded(0)
    }

    /// Makes an empty disk whose chances come from `seed`.
    pub fn seeded(seed: u64) -> Self {
        Self { life: 0, platter: Arc::new(Mutex::new(Platter::seeded(seed))) }
    }

    /// Returns another disk that is as this one is: what is on it, synced or not, its faults, its seed; in the hands of
    /// the next process.
    #[must_use]
    pub fn fork(&self) -> Self {
        let mut platter = self.lock().clone();
        let faults = std::mem::take(&mut platter.faults);
        let life = platter.reboot();
        platter.faults = faults;
        Self { life, platter: Arc::new(Mutex::new(platter)) }
    }

    /// Installs a fault.
    pub fn fault(&self, fault: DiskFault) {
        self.lock().faults.push(fault);
    }

    /// Removes every fault.
    pub fn clear_faults(&self) {
        self.lock().faults.clear();
    }

    /// Says how many bytes all files may have together; `None`, as at the beginning: as many as there are.
    pub fn room(&self, most: impl Into<Option<usize>>) {
        self.lock().room = most.into();
    }

    /// Has the machine die now. Nothing happens if it is dead.
    pub fn crash(&self, remains: Remains) {
        let _dead = self.lock().crash(remains);
    }

    /// Returns whether the machine has died since the last [`reboot`](Self::reboot).
    pub fn is_crashed(&self) -> bool {
        self.lock().crashed
    }

    /// Returns the disk as the next process finds it, without faults. Whatever the one before still asks for fails.
    #[must_use]
    pub fn reboot(&self) -> Self {
        let life = self.lock().reboot();
        Self { life, platter: Arc::clone(&self.platter) }
    }

    /// Returns the names of all files.
    pub fn names(&self) -> Vec<PathBuf> {
        self.lock().names().map(Path::to_owned).collect()
    }

    /// Returns what is in a file, if there is one.
    pub fn content(&self, path: impl AsRef<Path>) -> Option<Vec<u8>> {
        let platter = self.lock();
        let file = platter.lookup(path.as_ref()).ok()?;
        platter.content(file).map(|content| content.seen.clone())
    }

    /// Returns what would be in a file if the machine died now and all was dropped that was not synced.
    pub fn durable(&self, path: impl AsRef<Path>) -> Option<Vec<u8>> {
        self.lock().durable(path.as_ref()).map(<[u8]>::to_vec)
    }

    /// Puts a file there by somebody else's hand, in place of what has its name, and takes that away if there is no
    /// `content`. No fault, no line in the log; it outlasts every crash.
    pub fn put(&self, path: impl AsRef<Path>, content: impl Into<Option<Vec<u8>>>) {
        let (mut platter, path) = (self.lock(), path.as_ref());
        let _was_there = platter.remove(path);
        if let Some(content) = content.into() {
            path.parent().into_iter().for_each(|folder| platter.make_folder(folder));
            if let Ok(file) = platter.make(path) {
                platter.content_mut(file).append(&content);
                platter.content_mut(file).sync();
            }
        }
        platter.sync_folder(path.parent().unwrap_or(path));
    }

    /// Returns what was asked for, oldest first, but for what only looked at something.
    pub fn log(&self) -> Vec<DiskEntry> {
        self.lock().log.clone()
    }

    /// Says what is remembered of each moment, such as how many requests a world has seen.
    pub fn mark_with(&self, marker: impl Fn() -> u64 + Send + Sync + 'static) {
        self.lock().marker = Some(Arc::new(marker));
    }

    /// Returns the mark of the moment from which on the first `length` bytes of a file would outlast a crash, name and all;
    /// `None`, if they would not yet.
    pub fn durable_since(&self, path: impl AsRef<Path>, length: usize) -> Option<u64> {
        self.lock().durable_since(path.as_ref(), length)
    }

    fn call<T>(&self, call: DiskCall, path: &Path, act: impl FnOnce(&mut Platter) -> io::Result<T>) -> io::Result<T> {
        self.lock().call((self.life, call, path), &[], |platter, _| act(platter))
    }

    fn file(&self, path: &Path, file: u64) -> Box<dyn StoredFile> {
        let number = self.lock().new_handle();
        Box::new(SimulatedFile { disk: self.clone(), path: path.to_owned(), file, number })
    }

    fn lock(&self) -> MutexGuard<'_, Platter> {
        self.platter.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for SimulatedDisk {
    fn default() -> Self {
        Self::new()
    }
}

impl Storage for SimulatedDisk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn StoredFile>> {
        let file = self.call(DiskCall::Create, path, |platter| platter.make(path))?;
        Ok(self.file(path, file))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn StoredFile>> {
        let file = self.call(DiskCall::Open, path, |platter| platter.lookup(path))?;
        Ok(self.file(path, file))
    }

    fn publish(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.call(DiskCall::Publish, to, |platter| platter.publish(from, to))
    }

    fn replace(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.call(DiskCall::Replace, to, |platter| platter.replace(from, to))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.call(DiskCall::Remove, path, |platter| platter.remove(path))
    }

    fn create_folder(&self, path: &Path) -> io::Result<()> {
        self.call(DiskCall::CreateFolder, path, |platter| {
            platter.make_folder(path);
            Ok(())
        })
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.call(DiskCall::SyncFolder, path, |platter| {
            platter.sync_folder(path);
            Ok(())
        })
    }

    fn may_block(&self) -> bool {
        false
    }
}

/// One file, as one process has it.
#[derive(Debug)]
struct SimulatedFile {
    disk: SimulatedDisk,
    path: PathBuf,
    file: u64,
    /// Which of all handles this is.
    number: u64,
}

impl SimulatedFile {
    fn call(
        &self,
        call: DiskCall,
        bytes: &[u8],
        act: impl FnOnce(&mut Platter, &[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        self.disk.lock().call((self.disk.life, call, &self.path), bytes, act)
    }

    /// Looks at something, which never goes wrong as long as the process lives.
    fn look<T>(&self, act: impl FnOnce(&mut Platter) -> T) -> io::Result<T> {
        let mut platter = self.disk.lock();
        platter.must_live(self.disk.life)?;
        Ok(act(&mut platter))
    }
}

impl StoredFile for SimulatedFile {
    fn try_lock(&mut self) -> io::Result<bool> {
        self.look(|platter| *platter.content_mut(self.file).holder.get_or_insert(self.number) == self.number)
    }

    fn length(&self) -> io::Result<u64> {
        let length = self.look(|platter| platter.content(self.file).map_or(0, |content| content.seen.len()))?;
        u64::try_from(length).map_err(io::Error::other)
    }

    fn exposure(&self) -> io::Result<Exposure> {
        self.look(|_| Exposure::default())
    }

    fn read_at(&mut self, offset: u64, room: &mut [u8]) -> io::Result<usize> {
        let offset = usize::try_from(offset).map_err(io::Error::other)?;
        self.look(|platter| {
            let seen = platter.content(self.file).and_then(|content| content.seen.get(offset..)).unwrap_or_default();
            let read = seen.len().min(room.len());
            room[..read].copy_from_slice(&seen[..read]);
            read
        })
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.call(DiskCall::Append, bytes, |platter, bytes| platter.append(self.file, bytes))
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        let length = usize::try_from(length).map_err(io::Error::other)?;
        self.call(DiskCall::Truncate, &[], |platter, _| {
            platter.content_mut(self.file).cut(length);
            Ok(())
        })
    }

    fn sync(&mut self) -> io::Result<()> {
        let synced = self.call(DiskCall::Sync, &[], |platter, _| {
            platter.content_mut(self.file).sync();
            Ok(())
        });
        if synced.is_err() {
            self.disk.lock().content_mut(self.file).forget();
        }
        synced
    }
}

impl Drop for SimulatedFile {
    fn drop(&mut self) {
        let mut platter = self.disk.lock();
        if platter.must_live(self.disk.life).is_ok() {
            let holder = &mut platter.content_mut(self.file).holder;
            *holder = holder.filter(|holder| *holder != self.number);
        }
    }
}
