//! Outputs in files: what is there after every failure, and when several write to one name.

use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use regionmig_core::reencrypt::{FileOutput, Output, OutputError};
use regionmig_core::{Disk, ErrorKind, Exposure, Storage, StoredFile};

/// What is done in between, before a call or after it.
type Meddle = Box<dyn FnMut(&'static str) -> io::Result<()> + Send>;

/// The machine's disk, with something done before and after each call that changes or looks at a name.
#[derive(Clone)]
struct Meddling(Arc<Mutex<Meddle>>);

impl std::fmt::Debug for Meddling {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Meddling")
    }
}

impl Meddling {
    fn new(meddle: impl FnMut(&'static str) -> io::Result<()> + Send + 'static) -> Self {
        Self(Arc::new(Mutex::new(Box::new(meddle))))
    }

    fn call<T>(&self, names: (&'static str, &'static str), act: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        (*self.0.lock().unwrap())(names.0)?;
        let done = act()?;
        (*self.0.lock().unwrap())(names.1)?;
        Ok(done)
    }

    fn file(&self, file: Box<dyn StoredFile>) -> Box<dyn StoredFile> {
        Box::new(MeddlingFile(self.clone(), file))
    }
}

impl Storage for Meddling {
    fn create(&self, path: &Path) -> io::Result<Box<dyn StoredFile>> {
        self.call(("create", "created"), || Disk.create(path)).map(|file| self.file(file))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn StoredFile>> {
        self.call(("open", "opened"), || Disk.open(path)).map(|file| self.file(file))
    }

    fn publish(&self, from: &Path, to: &Path) -> io::Result<()> {
        assert!(is_locked(from), "a file is given its name by who has it");
        self.call(("publish", "published"), || Disk.publish(from, to))
    }

    fn replace(&self, from: &Path, to: &Path) -> io::Result<()> {
        assert!(is_locked(from), "a file is given its name by who has it");
        self.call(("replace", "replaced"), || Disk.replace(from, to))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        assert!(!path.exists() || is_locked(path), "a name is taken away by who has the file");
        self.call(("remove", "removed"), || Disk.remove(path))
    }

    fn create_folder(&self, path: &Path) -> io::Result<()> {
        Disk.create_folder(path)
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.call(("sync_folder", "synced_folder"), || Disk.sync_folder(path))
    }

    fn may_block(&self) -> bool {
        false
    }
}

fn is_locked(path: &Path) -> bool {
    !Disk.open(path).unwrap().try_lock().unwrap()
}

#[derive(Debug)]
struct MeddlingFile(Meddling, Box<dyn StoredFile>);

impl StoredFile for MeddlingFile {
    fn try_lock(&mut self) -> io::Result<bool> {
        let Self(disk, file) = self;
        disk.call(("lock", "locked"), || file.try_lock())
    }

    fn is_at(&self, path: &Path) -> io::Result<bool> {
        self.0.call(("is_at", "was_at"), || self.1.is_at(path))
    }

    fn length(&self) -> io::Result<u64> {
        self.1.length()
    }

    fn exposure(&self) -> io::Result<Exposure> {
        self.1.exposure()
    }

    fn read_at(&mut self, offset: u64, room: &mut [u8]) -> io::Result<usize> {
        self.1.read_at(offset, room)
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Self(disk, file) = self;
        disk.call(("append", "appended"), || file.append(bytes))
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.1.truncate(length)
    }

    fn sync(&mut self) -> io::Result<()> {
        let Self(disk, file) = self;
        disk.call(("sync", "synced"), || file.sync())
    }
}

/// A folder, the name of an output in it, and the name it has before.
fn names() -> (tempfile::TempDir, PathBuf, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let (path, part) = (folder.path().join("message"), folder.path().join("message.regionmig-part"));
    (folder, path, part)
}

/// More than one piece.
fn piece() -> Vec<u8> {
    vec![7; 700_000]
}

async fn written(output: &mut FileOutput) -> Result<(), OutputError> {
    output.begin().await?;
    output.write(&piece()).await?;
    output.write(&piece()).await?;
    output.write(b"end").await
}

#[tokio::test]
async fn a_file_has_its_name_when_it_is_whole_and_is_its_owners_alone() {
    let (_folder, path, part) = names();
    let mut output = FileOutput::create(&path).await.unwrap();
    written(&mut output).await.unwrap();
    assert!(!path.exists() && part.exists());
    assert_eq!(fs::metadata(&part).unwrap().permissions().mode() & 0o777, 0o600);
    output.commit().await.unwrap();
    assert_eq!(fs::read(&path).unwrap(), [&piece()[..], &piece(), b"end"].concat());
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!part.exists());
    let again = FileOutput::create(&path).await.unwrap_err();
    assert!(matches!(again, OutputError::Exists { .. }), "{again:?}");
    let mut output = FileOutput::replace(&path).await.unwrap();
    output.write(b"other").await.unwrap();
    assert_eq!(fs::read(&path).unwrap().len(), 1_400_003);
    output.commit().await.unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"other");
}

#[tokio::test]
async fn what_is_dropped_or_aborted_leaves_nothing() {
    let (folder, path, part) = names();
    let mut output = FileOutput::create(&path).await.unwrap();
    written(&mut output).await.unwrap();
    output.abort().await.unwrap();
    assert!(!part.exists());
    let mut output = FileOutput::create(&path).await.unwrap();
    written(&mut output).await.unwrap();
    drop(output);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn what_is_cancelled_while_it_is_written_leaves_nothing() {
    for polls in 0..3 {
        let (folder, path, _) = names();
        let mut output = FileOutput::create(&path).await.unwrap();
        output.write(&piece()).await.unwrap();
        let second = piece();
        let mut write = Box::pin(output.write(&second));
        for _ in 0..polls {
            if futures::poll!(write.as_mut()).is_ready() {
                break;
            }
        }
        drop(write);
        drop(output);
        // What writes it, where nothing waits, may not have heard of it yet.
        for _ in 0..1000 {
            if fs::read_dir(folder.path()).unwrap().count() == 0 {
                break;
            }
            tokio::task::spawn_blocking(std::thread::yield_now).await.unwrap();
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "{polls}");
        assert!(FileOutput::create(&path).await.is_ok());
    }
}

#[tokio::test]
async fn whatever_fails_leaves_all_or_nothing_and_stands_in_nobodys_way() {
    let mut failures = 0;
    for replaces in [false, true] {
        for fails in 0.. {
            let (folder, path, _) = names();
            let calls = Arc::new(Mutex::new(Vec::new()));
            let counted = Arc::clone(&calls);
            let disk = Meddling::new(move |call| {
                let mut calls = counted.lock().unwrap();
                calls.push(call);
                if calls.len() == fails + 1 { Err(io::Error::other("it failed")) } else { Ok(()) }
            });
            // A process died here.
            fs::write(folder.path().join("message.regionmig-part"), b"left").unwrap();
            let result = async {
                let mut output = match replaces {
                    true => FileOutput::replace_in(disk.clone(), &path).await?,
                    false => FileOutput::create_in(disk.clone(), &path).await?,
                };
                written(&mut output).await?;
                output.commit().await
            };
            let result = result.await;
            let calls = calls.lock().unwrap().clone();
            if calls.len() <= fails {
                assert!(result.is_ok() && fails > 15, "{result:?} {calls:?}");
                break;
            }
            let failed = calls[fails];
            let is_whole = path.exists().then(|| fs::read(&path).unwrap().len());
            let named = ["published", "replaced", "sync_folder", "synced_folder"].contains(&failed);
            assert_eq!(is_whole, named.then_some(1_400_003), "{failed}");
            // The name that a removal left is the next one's.
            let error = result.unwrap_err();
            assert!(matches!(error, OutputError::Io { .. } | OutputError::Exists { .. }), "{failed}: {error:?}");
            let mut output = FileOutput::replace(&path).await.unwrap_or_else(|error| panic!("{failed}: {error}"));
            output.write(b"next").await.unwrap();
            output.commit().await.unwrap();
            assert_eq!(fs::read(&path).unwrap(), b"next");
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "{failed}");
            failures += 1;
        }
    }
    println!("shown: file_output {failures} failures of the file system, each leaves all or nothing");
}

/// The other who writes to the same name: has it at once, and locked.
fn other(part: &Path) -> Box<dyn StoredFile> {
    let _gone = fs::remove_file(part);
    let mut file = Disk.create(part).unwrap();
    assert!(file.try_lock().unwrap());
    file.append(b"the other's").unwrap();
    file
}

#[tokio::test]
async fn of_two_that_begin_at_once_one_is_told_and_harms_nothing() {
    // At each of these moments somebody else may have been faster.
    for moment in ["opened", "lock", "removed", "created"] {
        let (_folder, path, part) = names();
        let others = Arc::new(Mutex::new(None));
        let (kept, name) = (Arc::clone(&others), part.clone());
        let disk = Meddling::new(move |call| {
            if call == moment && kept.lock().unwrap().is_none() {
                *kept.lock().unwrap() = Some(other(&name));
            }
            Ok(())
        });
        fs::write(&part, b"left by one that died").unwrap();
        let refused = FileOutput::replace_in(disk, &path).await.map(drop);
        let Err(OutputError::InUse { .. }) = refused else { panic!("{moment}: {refused:?}") };
        assert_eq!(fs::read(&part).unwrap(), b"the other's", "{moment}");
        assert!(is_locked(&part), "{moment}");
    }
}

#[tokio::test]
async fn what_somebody_else_began_after_a_commit_is_not_taken_away() {
    let (_folder, path, part) = names();
    let others = Arc::new(Mutex::new(None));
    let (kept, name) = (Arc::clone(&others), part.clone());
    let disk = Meddling::new(move |call| match call {
        "sync_folder" => {
            *kept.lock().unwrap() = Some(other(&name));
            Err(io::Error::other("it failed"))
        }
        _ => Ok(()),
    });
    let mut output = FileOutput::create_in(disk, &path).await.unwrap();
    output.write(b"mine").await.unwrap();
    assert!(output.commit().await.is_err());
    assert_eq!((fs::read(&path).unwrap(), fs::read(&part).unwrap()), (b"mine".to_vec(), b"the other's".to_vec()));
}

#[tokio::test]
async fn two_writers_of_one_name_do_not_mix() {
    let (_folder, path, _) = names();
    let mut first = FileOutput::create(&path).await.unwrap();
    let second = FileOutput::create(&path).await.unwrap_err();
    assert!(
        matches!(second, OutputError::InUse { .. }) && regionmig_core::Classify::kind(&second) == ErrorKind::Conflict
    );
    first.write(b"first").await.unwrap();
    fs::write(&path, b"somebody else's").unwrap();
    let taken = first.commit().await.unwrap_err();
    assert!(matches!(taken, OutputError::Exists { .. }), "{taken:?}");
    assert_eq!(fs::read(&path).unwrap(), b"somebody else's");
}

#[tokio::test]
async fn no_link_is_followed() {
    let (folder, path, part) = names();
    let precious = folder.path().join("precious");
    fs::write(&precious, b"precious").unwrap();
    symlink(&precious, &part).unwrap();
    assert!(FileOutput::create(&path).await.is_err(), "a link in its way");
    fs::remove_file(&part).unwrap();
    fs::hard_link(&precious, &part).unwrap();
    let output = FileOutput::create(&path).await.unwrap();
    output.commit().await.unwrap();
    fs::remove_file(&path).unwrap();
    symlink(&precious, &path).unwrap();
    assert!(FileOutput::create(&path).await.is_err(), "a link of its name");
    let mut output = FileOutput::replace(&path).await.unwrap();
    output.write(b"message").await.unwrap();
    output.commit().await.unwrap();
    assert!(!fs::symlink_metadata(&path).unwrap().is_symlink());
    assert_eq!((fs::read(&path).unwrap(), fs::read(&precious).unwrap()), (b"message".to_vec(), b"precious".to_vec()));
}
