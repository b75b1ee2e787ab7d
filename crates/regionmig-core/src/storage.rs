//! Where journals and archives lie: the one seam through which their bytes go.

mod disk;

pub use disk::Disk;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use tokio::runtime::Handle;

/// Files, as far as a journal or an archive needs them.
///
/// Programs use [`Disk`]. Tests put something in its place that loses what was not synced, tears what is being written,
/// and runs full; so what a journal promises can be tried at each of these calls.
pub trait Storage: fmt::Debug + Send + Sync + 'static {
    /// Makes a file that its owner alone can read and write. Whether its name outlasts a crash, [`sync_folder`](Self::sync_folder)
    /// decides.
    ///
    /// # Errors
    ///
    /// Fails with [`io::ErrorKind::AlreadyExists`] if there is anything of that name, be it a link that leads nowhere.
    fn create(&self, path: &Path) -> io::Result<Box<dyn StoredFile>>;

    /// Opens a file, for reading and appending.
    ///
    /// # Errors
    ///
    /// Fails with [`io::ErrorKind::NotFound`] if there is none, and if what is there is no plain file: a link is not followed.
    fn open(&self, path: &Path) -> io::Result<Box<dyn StoredFile>>;

    /// Gives a file another name, which it has at once or not at all.
    ///
    /// # Errors
    ///
    /// Fails with [`io::ErrorKind::AlreadyExists`] if that name is taken.
    fn publish(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Gives a file another name, in place of whatever had that name.
    ///
    /// # Errors
    ///
    /// Fails as the file system does.
    fn replace(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Takes a name away.
    ///
    /// # Errors
    ///
    /// Fails as the file system does.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Makes a folder, and those it lies in, for its owner alone; one that exists is left as it is.
    ///
    /// # Errors
    ///
    /// Fails as the file system does.
    fn create_folder(&self, path: &Path) -> io::Result<()>;

    /// Returns once the names in a folder outlast a crash.
    ///
    /// # Errors
    ///
    /// Fails as the file system does.
    fn sync_folder(&self, path: &Path) -> io::Result<()>;

    /// Returns whether calls may take long, and so are to be made where no other work waits for them.
    fn may_block(&self) -> bool {
        true
    }
}

/// One file of a [`Storage`].
pub trait StoredFile: fmt::Debug + Send {
    /// Takes the file for its own until it is dropped; false, if somebody else has it.
    ///
    /// # Errors
    ///
    /// Fails if that cannot be found out.
    fn try_lock(&mut self) -> io::Result<bool>;

    /// Returns whether a name still leads to this file, and not to one that somebody else made since. Storage that one process has for
    /// itself need not find that out.
    ///
    /// # Errors
    ///
    /// Fails if that cannot be found out.
    fn is_at(&self, path: &Path) -> io::Result<bool> {
        let _ = path;
        Ok(true)
    }

    /// Returns how long the file is.
    ///
    /// # Errors
    ///
    /// Fails as the file system does.
    fn length(&self) -> io::Result<u64>;

    /// Returns who else may read or write it.
    ///
    /// # Errors
    ///
    /// Fails as the file system does.
    fn exposure(&self) -> io::Result<Exposure>;

    /// Reads from `offset` on, as much as there is room for; nought bytes at the end of the file only.
    ///
    /// # Errors
    ///
    /// Fails as the file system does.
    fn read_at(&mut self, offset: u64, room: &mut [u8]) -> io::Result<usize>;

    /// Writes `bytes` at the end.
    ///
    /// # Errors
    ///
    /// Fails if part of it may not have been written. Then nobody knows how much was.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Cuts the file off after `length` bytes.
    ///
    /// # Errors
    ///
    /// Fails as the file system does.
    fn truncate(&mut self, length: u64) -> io::Result<()>;

    /// Returns once what was written outlasts a crash.
    ///
    /// # Errors
    ///
    /// Fails if it may not. A second try that succeeds proves nothing: what could not be written may have been forgotten.
    fn sync(&mut self) -> io::Result<()>;
}

/// Who but its owner may do what with a file.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "files are read and written")]
pub struct Exposure {
    /// Others can read it.
    pub others_read: bool,
    /// Others can write to it.
    pub others_write: bool,
}

/// Does what may block where nothing waits for it: on a thread for such, if there is a runtime that has some.
pub(crate) async fn aside<T: Send + 'static>(
    may_block: bool,
    act: impl FnOnce() -> T + Send + 'static,
) -> io::Result<T> {
    match Handle::try_current() {
        Ok(runtime) if may_block => runtime.spawn_blocking(act).await.map_err(io::Error::other),
        _ => Ok(act()),
    }
}

/// Reads so many bytes; none, if there are fewer.
pub(crate) fn exactly(file: &mut dyn StoredFile, at: u64, length: u64) -> io::Result<Option<Vec<u8>>> {
    // Asked first: a damaged length must not decide how much memory is taken.
    if file.length()?.checked_sub(at).is_none_or(|left| left < length) {
        return Ok(None);
    }
    let Ok(length) = usize::try_from(length) else { return Ok(None) };
    let mut bytes = vec![0; length];
    let mut done = 0;
    while done < length {
        match file.read_at(at + done as u64, &mut bytes[done..])? {
            0 => return Ok(None),
            more => done += more,
        }
    }
    Ok(Some(bytes))
}

/// Begins a file that nobody else may be using; what a process that died has left of that name gives way. Nothing, if somebody else has it.
///
/// Of several who do so at once, at most one succeeds: a name is taken away by nobody but who has the lock of the file that it leads to.
pub(crate) fn begin(storage: &dyn Storage, path: &Path) -> io::Result<Option<Box<dyn StoredFile>>> {
    let begun = match storage.create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => take_over(storage, path)?,
        created => Some(created?),
    };
    let Some(mut file) = begun else { return Ok(None) };
    Ok(is_ours(&mut *file, path)?.then_some(file))
}

fn take_over(storage: &dyn Storage, path: &Path) -> io::Result<Option<Box<dyn StoredFile>>> {
    let taken = || {
        let mut left = storage.open(path)?;
        if !is_ours(&mut *left, path)? {
            return Ok(None);
        }
        storage.remove(path)?;
        storage.create(path).map(Some)
    };
    match taken() {
        // Somebody else was faster.
        Err(error) if matches!(error.kind(), io::ErrorKind::AlreadyExists | io::ErrorKind::NotFound) => Ok(None),
        taken => taken,
    }
}

fn is_ours(file: &mut dyn StoredFile, path: &Path) -> io::Result<bool> {
    Ok(file.try_lock()? && file.is_at(path)?)
}

/// Writes a file, in place of one of that name, in a folder that is made if need be: as a whole or not at all, and durable once this
/// returns. No two writes at once may have the same `number`.
pub(crate) fn put_whole(storage: &dyn Storage, path: &Path, number: u64, pieces: &[&[u8]]) -> io::Result<()> {
    let folder = folder_of(path);
    let new = beside(path, &format!("{}-{number}.new", std::process::id()));
    storage.create_folder(folder)?;
    let mut file = match storage.create(&new) {
        // Left by an earlier process of this number.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            storage.remove(&new)?;
            storage.create(&new)?
        }
        created => created?,
    };
    for piece in pieces {
        file.append(piece)?;
    }
    file.sync()?;
    storage.replace(&new, path)?;
    storage.sync_folder(folder)?;
    storage.sync_folder(folder_of(folder))
}

/// Returns the folder that a file lies in.
pub(crate) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Returns the name of a file beside another: `x.journal`, `torn` becomes `x.journal.torn`.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    name.into()
}

#[cfg(test)]
mod tests {
    use std::thread;

    use futures::FutureExt;

    use super::*;

    /// A file that gives one byte at a time, as any file may.
    #[derive(Debug)]
    struct Drops(&'static [u8]);

    impl StoredFile for Drops {
        fn try_lock(&mut self) -> io::Result<bool> {
            Ok(true)
        }

        fn length(&self) -> io::Result<u64> {
            Ok(self.0.len() as u64)
        }

        fn exposure(&self) -> io::Result<Exposure> {
            Ok(Exposure::default())
        }

        fn read_at(&mut self, offset: u64, room: &mut [u8]) -> io::Result<usize> {
            let next = usize::try_from(offset).ok().and_then(|offset| self.0.get(offset));
            Ok(next.zip(room.first_mut()).map_or(0, |(&byte, place)| {
                *place = byte;
                1
            }))
        }

        fn append(&mut self, _: &[u8]) -> io::Result<()> {
            Err(io::ErrorKind::Unsupported.into())
        }

        fn truncate(&mut self, _: u64) -> io::Result<()> {
            Err(io::ErrorKind::Unsupported.into())
        }

        fn sync(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_is_read_in_pieces_is_whole() -> io::Result<()> {
        let read = |at, length| exactly(&mut Drops(b"abcdef"), at, length);
        assert_eq!(read(1, 3)?.as_deref(), Some(&b"bcd"[..]));
        assert_eq!(read(0, 6)?.as_deref(), Some(&b"abcdef"[..]));
        assert_eq!(read(6, 0)?.as_deref(), Some(&b""[..]));
        assert_eq!((read(1, 6)?, read(7, 0)?), (None, None));
        Ok(())
    }

    #[tokio::test]
    async fn what_may_block_is_done_on_another_thread_and_nothing_else_is() -> io::Result<()> {
        let here = thread::current().id();
        assert!(Disk.may_block());
        assert_ne!(aside(Disk.may_block(), || thread::current().id()).await?, here);
        assert_eq!(aside(false, || thread::current().id()).await?, here);
        Ok(())
    }

    #[test]
    fn without_a_runtime_there_is_no_other_thread() {
        let here = thread::current().id();
        let done = aside(true, || thread::current().id()).now_or_never();
        assert_eq!(done.and_then(Result::ok), Some(here));
    }

    #[test]
    fn a_file_without_a_folder_lies_in_the_one_that_the_process_is_in() {
        assert_eq!(folder_of(Path::new("x.journal")), Path::new("."));
        assert_eq!(folder_of(Path::new("runs/x.journal")), Path::new("runs"));
        assert_eq!(folder_of(Path::new("/x.journal")), Path::new("/"));
    }
}
