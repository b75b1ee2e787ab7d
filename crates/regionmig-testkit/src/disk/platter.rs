//! The state of a disk: files, names, and what goes wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::disk::content::Content;
use crate::disk::fault::{DiskCall, DiskFault, Effect, Remains};
use crate::ids::Ids;

/// What a disk was asked for, and whether it did it.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct DiskEntry {
    /// What.
    pub call: DiskCall,
    /// Of which file, by the name it was opened or made by.
    pub path: PathBuf,
    /// How many bytes were to be appended.
    pub bytes: usize,
    /// Whether the process was told that it was done.
    pub done: bool,
}

/// A change of names that was not synced.
#[derive(Clone, Debug)]
enum Renaming {
    Made { path: PathBuf, file: u64 },
    Moved { source: PathBuf, target: PathBuf, file: u64 },
    Removed { path: PathBuf },
}

impl Renaming {
    fn is_in(&self, folder: &Path) -> bool {
        let path = match self {
            Self::Made { path, .. } | Self::Removed { path } => path,
            Self::Moved { target, .. } => target,
        };
        folder_of(path) == folder
    }

    fn apply_to(&self, names: &mut BTreeMap<PathBuf, u64>) {
        match self {
            Self::Made { path, file } => {
                names.insert(path.clone(), *file);
            }
            Self::Moved { source, target, file } => {
                names.remove(source);
                names.insert(target.clone(), *file);
            }
            Self::Removed { path } => {
                names.remove(path);
            }
        }
    }
}

/// How long a file was that outlasts a crash, and from which mark on.
type Milestones = Vec<(usize, u64)>;
type Marker = Arc<dyn Fn() -> u64 + Send + Sync>;

#[derive(Clone)]
pub(super) struct Platter {
    /// Grows with each process that has the disk.
    pub(super) life: u64,
    pub(super) crashed: bool,
    pub(super) faults: Vec<DiskFault>,
    pub(super) log: Vec<DiskEntry>,
    pub(super) marker: Option<Marker>,
    pub(super) room: Option<usize>,
    files: BTreeMap<u64, Content>,
    folders: BTreeSet<PathBuf>,
    handle: u64,
    ids: Ids,
    milestones: BTreeMap<PathBuf, Milestones>,
    names: BTreeMap<PathBuf, u64>,
    durable_names: BTreeMap<PathBuf, u64>,
    renamings: Vec<Renaming>,
}

impl Platter {
    pub(super) fn seeded(seed: u64) -> Self {
        Self {
            life: 0,
            crashed: false,
            faults: Vec::new(),
            log: Vec::new(),
            marker: None,
            room: None,
            files: BTreeMap::new(),
            folders: ["", ".", "/"].map(PathBuf::from).into(),
            handle: 0,
            ids: Ids::seeded(seed),
            milestones: BTreeMap::new(),
            names: BTreeMap::new(),
            durable_names: BTreeMap::new(),
            renamings: Vec::new(),
        }
    }

    /// Does what a process of this life asks for, unless something goes wrong. `bytes` is what is to be appended.
    pub(super) fn call<T>(
        &mut self,
        (life, call, path): (u64, DiskCall, &Path),
        bytes: &[u8],
        act: impl FnOnce(&mut Self, &[u8]) -> io::Result<T>,
    ) -> io::Result<T> {
        self.must_live(life)?;
        // Each counts the call, and the one installed first decides.
        let striking: Vec<Effect> =
            self.faults.iter_mut().filter_map(|fault| fault.strikes(call).then_some(fault.effect)).collect();
        let effect = striking.first().copied();
        let done = match effect {
            None => act(self, bytes),
            Some(Effect::Full) => Err(io::ErrorKind::StorageFull.into()),
            Some(Effect::Fail(written)) => {
                if call == DiskCall::Append {
                    let _written = act(self, &bytes[..written.min(bytes.len())]);
                }
                Err(io::Error::other("the disk is broken"))
            }
            Some(Effect::CrashBefore(remains)) => Err(self.crash(remains)),
            Some(Effect::CrashInside(written, remains)) => {
                let _written = act(self, &bytes[..written.min(bytes.len())]);
                Err(self.crash(remains))
            }
            Some(Effect::CrashAfter(remains)) => {
                let _done = act(self, bytes);
                Err(self.crash(remains))
            }
        };
        self.log.push(DiskEntry { call, path: path.to_owned(), bytes: bytes.len(), done: done.is_ok() });
        self.mark();
        done
    }

    pub(super) fn must_live(&self, life: u64) -> io::Result<()> {
        if self.crashed || life != self.life { Err(dead()) } else { Ok(()) }
    }

    /// Has the machine die.
    pub(super) fn crash(&mut self, remains: Remains) -> io::Error {
        if !self.crashed {
            self.crashed = true;
            for renaming in std::mem::take(&mut self.renamings) {
                if remains.drawn(&mut self.ids) != Remains::Dropped {
                    renaming.apply_to(&mut self.durable_names);
                }
            }
            self.names.clone_from(&self.durable_names);
            for content in self.files.values_mut() {
                content.crash(remains, &mut self.ids);
            }
        }
        dead()
    }

    /// Gives the disk to the next process.
    pub(super) fn reboot(&mut self) -> u64 {
        self.life += 1;
        self.crashed = false;
        self.faults.clear();
        self.files.values_mut().for_each(|content| content.holder = None);
        self.life
    }

    pub(super) fn new_handle(&mut self) -> u64 {
        self.handle += 1;
        self.handle
    }

    pub(super) fn lookup(&self, path: &Path) -> io::Result<u64> {
        self.names.get(path).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &Path> {
        self.names.keys().map(PathBuf::as_path)
    }

    pub(super) fn content(&self, file: u64) -> Option<&Content> {
        self.files.get(&file)
    }

    pub(super) fn content_mut(&mut self, file: u64) -> &mut Content {
        self.files.entry(file).or_default()
    }

    pub(super) fn durable(&self, path: &Path) -> Option<&[u8]> {
        Some(&self.content(*self.durable_names.get(path)?)?.durable)
    }

    /// Writes as much as there is room for.
    pub(super) fn append(&mut self, file: u64, bytes: &[u8]) -> io::Result<()> {
        let taken: usize = self.names.values().filter_map(|file| self.content(*file)).map(|file| file.seen.len()).sum();
        let fits = self.room.map_or(bytes.len(), |room| bytes.len().min(room.saturating_sub(taken)));
        self.content_mut(file).append(&bytes[..fits]);
        if fits == bytes.len() { Ok(()) } else { Err(io::ErrorKind::StorageFull.into()) }
    }

    pub(super) fn make(&mut self, path: &Path) -> io::Result<u64> {
        self.must_have_folder(path)?;
        self.must_be_free(path)?;
        let file = self.new_handle();
        self.files.insert(file, Content::default());
        self.rename(Renaming::Made { path: path.to_owned(), file });
        Ok(file)
    }

    pub(super) fn make_folder(&mut self, path: &Path) {
        self.folders.extend(path.ancestors().map(Path::to_owned));
    }

    pub(super) fn publish(&mut self, source: &Path, target: &Path) -> io::Result<()> {
        self.must_be_free(target)?;
        self.replace(source, target)
    }

    pub(super) fn replace(&mut self, source: &Path, target: &Path) -> io::Result<()> {
        self.must_have_folder(target)?;
        let file = self.lookup(source)?;
        self.milestones.remove(target);
        self.rename(Renaming::Moved { source: source.to_owned(), target: target.to_owned(), file });
        Ok(())
    }

    pub(super) fn remove(&mut self, path: &Path) -> io::Result<()> {
        self.lookup(path)?;
        self.milestones.remove(path);
        self.rename(Renaming::Removed { path: path.to_owned() });
        Ok(())
    }

    pub(super) fn sync_folder(&mut self, folder: &Path) {
        let folder = if folder == Path::new(".") { Path::new("") } else { folder };
        for renaming in std::mem::take(&mut self.renamings) {
            match renaming.is_in(folder) {
                true => renaming.apply_to(&mut self.durable_names),
                false => self.renamings.push(renaming),
            }
        }
    }

    /// Returns the mark that held when the first `length` bytes of a file began to outlast a crash.
    pub(super) fn durable_since(&self, path: &Path, length: usize) -> Option<u64> {
        let milestones = self.milestones.get(path)?;
        milestones.iter().find(|(durable, _)| *durable >= length).map(|(_, mark)| *mark)
    }

    fn rename(&mut self, renaming: Renaming) {
        renaming.apply_to(&mut self.names);
        self.renamings.push(renaming);
    }

    /// Takes note of what outlasts a crash from now on.
    fn mark(&mut self) {
        for (path, file) in &self.durable_names {
            let length = self.files.get(file).map_or(0, |content| content.durable.len());
            let milestones = self.milestones.entry(path.clone()).or_default();
            milestones.retain(|(durable, _)| *durable <= length);
            if milestones.last().is_none_or(|(durable, _)| *durable < length) {
                milestones.push((length, self.marker.as_ref().map_or(0, |marker| marker())));
            }
        }
    }

    fn must_have_folder(&self, path: &Path) -> io::Result<()> {
        if self.folders.contains(folder_of(path)) { Ok(()) } else { Err(io::ErrorKind::NotFound.into()) }
    }

    fn must_be_free(&self, path: &Path) -> io::Result<()> {
        match self.names.contains_key(path) || self.folders.contains(path) {
            true => Err(io::ErrorKind::AlreadyExists.into()),
            false => Ok(()),
        }
    }
}

impl fmt::Debug for Platter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { life, crashed, names, .. } = self;
        f.debug_struct("Platter")
            .field("life", life)
            .field("crashed", crashed)
            .field("names", names)
            .finish_non_exhaustive()
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}

fn dead() -> io::Error {
    io::Error::other("the process has died")
}
