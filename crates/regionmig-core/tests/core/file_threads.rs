//! Calls that may block are made where nothing else waits for them.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};

use regionmig_core::{
    Archive, Disk, Entry, Exposure, FileArchive, FileJournal, Header, Journal, Record, Storage, StoredFile,
};

use crate::common::at;
use crate::common::script::{Script, act, id};

/// The machine's disk, which notes the threads that wait for it.
#[derive(Clone, Debug, Default)]
struct Noting(Arc<Mutex<BTreeSet<String>>>);

impl Noting {
    fn note(&self) {
        self.0.lock().unwrap().insert(format!("{:?}", thread::current().id()));
    }

    /// Returns whether it was used, and never by `thread`; then begins anew.
    fn kept_away_from(&self, thread: ThreadId) -> bool {
        let threads = std::mem::take(&mut *self.0.lock().unwrap());
        !threads.is_empty() && !threads.contains(&format!("{thread:?}"))
    }

    fn noting(&self, file: io::Result<Box<dyn StoredFile>>) -> io::Result<Box<dyn StoredFile>> {
        self.note();
        Ok(Box::new(NotingFile(self.clone(), file?)))
    }
}

impl Storage for Noting {
    fn create(&self, path: &Path) -> io::Result<Box<dyn StoredFile>> {
        self.noting(Disk.create(path))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn StoredFile>> {
        self.noting(Disk.open(path))
    }

    fn publish(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.note();
        Disk.publish(from, to)
    }

    fn replace(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.note();
        Disk.replace(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.note();
        Disk.remove(path)
    }

    fn create_folder(&self, path: &Path) -> io::Result<()> {
        self.note();
        Disk.create_folder(path)
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.note();
        Disk.sync_folder(path)
    }
}

#[derive(Debug)]
struct NotingFile(Noting, Box<dyn StoredFile>);

impl StoredFile for NotingFile {
    fn try_lock(&mut self) -> io::Result<bool> {
        self.0.note();
        self.1.try_lock()
    }

    fn length(&self) -> io::Result<u64> {
        self.0.note();
        self.1.length()
    }

    fn exposure(&self) -> io::Result<Exposure> {
        self.0.note();
        self.1.exposure()
    }

    fn read_at(&mut self, offset: u64, room: &mut [u8]) -> io::Result<usize> {
        self.0.note();
        self.1.read_at(offset, room)
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.note();
        self.1.append(bytes)
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.0.note();
        self.1.truncate(length)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.0.note();
        self.1.sync()
    }
}

#[tokio::test]
async fn the_thread_that_drives_the_run_waits_for_no_file() {
    let (folder, disk, here) = (tempfile::tempdir().unwrap(), Noting::default(), thread::current().id());
    let plan = Script::new([act("a")]).plan().await;
    let path = folder.path().join("x.journal");
    let journal = FileJournal::create_in(disk.clone(), &path, &plan).await.unwrap();
    assert!(disk.kept_away_from(here), "it is made");
    let entry = Entry::Acknowledged { by: "ann".to_owned(), note: "done".to_owned() };
    journal.append(&Record::new(at(0), id("a"), entry)).await.unwrap();
    assert!(disk.kept_away_from(here), "it is written to");
    let mut records = 0;
    journal.replay(&Header::new(&plan), &mut |_| records += 1).await.unwrap();
    assert!(disk.kept_away_from(here) && records == 1, "it is read");
    drop(journal);
    FileJournal::open_in(disk.clone(), &path).await.unwrap().unwrap();
    assert!(disk.kept_away_from(here), "it is opened");
    let archive = FileArchive::new_in(disk.clone(), folder.path().join("archive"));
    archive.put("users", 0, vec![1]).await.unwrap();
    assert!(disk.kept_away_from(here), "a part is stored");
    assert_eq!(archive.get("users", 0).await.unwrap(), Some(vec![1]));
    assert!(disk.kept_away_from(here), "a part is read");
}

#[tokio::test]
async fn who_was_told_that_a_record_is_safe_may_open_the_journal_again() {
    let folder = tempfile::tempdir().unwrap();
    let plan = Script::new([act("a")]).plan().await;
    let path = folder.path().join("x.journal");
    drop(FileJournal::create(&path, &plan).await.unwrap());
    for number in 0..200 {
        let (journal, _) = FileJournal::open(&path).await.unwrap().unwrap();
        let entry = Entry::Acknowledged { by: "ann".to_owned(), note: number.to_string() };
        journal.append(&Record::new(at(0), id("a"), entry)).await.unwrap();
    }
}
