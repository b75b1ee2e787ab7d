//! A journal for which there is no more room, on a real file system.
// REQ: E-14

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use regionmig::{Entry, FileJournal, JournalReader, Noted};
use regionmig_testkit::World;
use tempfile::{TempDir, tempdir};

use crate::account::{Done, Wrong, account, done, judge};
use crate::child::{DONE, FAILED, REFUSED};
use crate::life::{Lives, Start};

/// The unit of the limit on a file's length.
const BLOCK: u64 = 512;
/// The unit in which a file system in memory gives away its room.
const PAGE: u64 = 4096;
/// How large that file system is.
const TINY: u64 = 16 * PAGE;

/// An account, and the journal of a run in which nothing goes wrong.
struct Whole {
    world: World,
    done: Done,
    /// How long the journal is before its first record, and in the end.
    length: (u64, u64),
}

impl Whole {
    fn new() -> Self {
        let (world, folder) = (account(), tempdir().unwrap());
        let (fork, journal) = (world.fork(), folder.path().join("x.journal"));
        let face = fork.serve().unwrap();
        assert_eq!(Lives::default().begin(&face, &journal, Start::default()).end(|_| {}).code(), Some(DONE));
        let (empty, plan) = (folder.path().join("empty"), JournalReader::open(&journal).unwrap().plan().clone());
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        drop(runtime.block_on(FileJournal::create(&empty, &plan)).unwrap());
        let length = |path: &Path| fs::metadata(path).unwrap().len();
        Self { world, done: done(&fork), length: (length(&empty), length(&journal)) }
    }

    /// Runs with a journal that runs out of room, and again when there is some. Returns whether it did run out.
    fn runs_out(&self, journal: &Path, file_limit: Option<u64>, make_room: impl FnOnce()) -> bool {
        let world = self.world.fork();
        let face = world.serve().unwrap();
        let mut said = String::new();
        let start = Start { file_limit, ..Start::default() };
        let ended = Lives::default().begin(&face, journal, start).end(|text| text.clone_into(&mut said));
        face.drained().unwrap();
        match ended.code() {
            Some(DONE) => return false,
            // Not even the plan had room: nothing was done, and there is no journal.
            Some(REFUSED) => assert!(!journal.exists() && world.ledger().mutations().count() == 0, "{said}"),
            code => {
                assert_eq!(code, Some(FAILED), "{said}");
                assert!(said.contains("make room or mend the disk"), "{said}");
                let (ledger, begun) = (world.ledger(), begun(journal));
                let sent = ledger.requests().filter(|entry| entry.mutating).count();
                assert!(sent <= begun, "{sent} changes were asked for, {begun} written down");
                assert!(ledger.requests().all(|entry| entry.answered), "what was under way was awaited");
            }
        }
        make_room();
        let again = Lives::default().begin(&face, journal, Start::default()).end(|text| text.clone_into(&mut said));
        assert_eq!(again.code(), Some(DONE), "{said}");
        face.drained().unwrap();
        assert_eq!(judge(&world, journal, &self.done), Wrong::default());
        true
    }
}

/// Returns how many steps a journal says were begun.
fn begun(journal: &Path) -> usize {
    let is_begun = |noted| matches!(noted, Noted::Step { entry, .. } if matches!(*entry, Entry::Started { .. }));
    JournalReader::open(journal).unwrap().filter(|line| is_begun(line.as_ref().unwrap().noted.clone())).count()
}

#[test]
fn a_write_that_fails_half_way_ends_the_run_and_with_room_again_it_goes_on() {
    let whole = Whole::new();
    let (empty, full) = whole.length;
    let (first, last) = (empty / BLOCK - 1, full / BLOCK);
    let (mut failed, mut tried) = (0, 0);
    for limit in (first..=last).step_by(2) {
        let folder = tempdir().unwrap();
        failed += usize::from(whole.runs_out(&folder.path().join("x.journal"), Some(limit), || {}));
        tried += 1;
    }
    println!("shown: crash_process_full limit {failed}/{tried} ran out and were resumed, 0 doubled, 0 lost");
    assert_eq!(failed, tried, "of {empty} to {full} bytes");
}

/// A tiny file system in memory, gone when this is dropped.
struct Tiny(TempDir);

impl Tiny {
    /// Mounts one, which only the superuser may.
    fn mount() -> Option<Self> {
        let folder = tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={TINY},mode=0700"), "tmpfs"]).arg(folder.path());
        let is_mounted = mount.output().is_ok_and(|mounted| mounted.status.success());
        is_mounted.then_some(Self(folder))
    }

    /// Fills it, but for so many bytes.
    fn fill(&self, but: u64) -> PathBuf {
        let ballast = self.0.path().join("ballast");
        fs::write(&ballast, vec![0; usize::try_from(TINY - but).unwrap()]).unwrap();
        ballast
    }
}

impl Drop for Tiny {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg(self.0.path()).status();
        assert!(unmounted.is_ok_and(|status| status.success()));
    }
}

#[test]
fn on_a_tiny_disk_that_is_full_it_is_the_same() {
    let whole = Whole::new();
    let (empty, full) = whole.length;
    let (mut failed, mut tried) = (0, 0);
    for room in (0..).map(|page| page * PAGE).skip_while(|room| room + PAGE < empty).take_while(|room| *room < full) {
        let Some(tiny) = Tiny::mount() else {
            println!("skipped: crash_process_full_tiny (only the superuser may mount)");
            return;
        };
        let ballast = tiny.fill(room);
        let made = || fs::remove_file(ballast).unwrap();
        failed += usize::from(whole.runs_out(&tiny.0.path().join("x.journal"), None, made));
        tried += 1;
    }
    println!("shown: crash_process_full tiny {failed}/{tried} ran out and were resumed, 0 doubled, 0 lost");
    assert!(failed == tried && tried > 0, "of {empty} to {full} bytes");
}
