//! What a disk in memory loses, tears and refuses, and when.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use regionmig_core::{FileJournal, Migration, Route, Storage, StoredFile};

use regionmig_testkit::{DiskCall, DiskFault, Remains, SimulatedDisk, World};

const NAME: &str = "folder/journal";

/// A disk with a file that outlasts a crash and says `one;`.
fn prepared() -> (SimulatedDisk, Box<dyn StoredFile>) {
    let disk = SimulatedDisk::new();
    disk.create_folder(Path::new("folder")).unwrap();
    let mut file = disk.create(Path::new(NAME)).unwrap();
    file.append(b"one;").unwrap();
    file.sync().unwrap();
    disk.sync_folder(Path::new("folder")).unwrap();
    (disk, file)
}

fn text(disk: &SimulatedDisk) -> String {
    String::from_utf8_lossy(&disk.content(NAME).unwrap()).into_owned()
}

fn open(disk: &SimulatedDisk) -> Box<dyn StoredFile> {
    disk.open(Path::new(NAME)).unwrap()
}

#[test]
fn a_crash_leaves_of_what_was_not_synced_what_it_is_told_to() {
    for (remains, left) in
        [(Remains::Dropped, Some("one;")), (Remains::Kept, Some("one;two;")), (Remains::Garbage, None)]
    {
        let (disk, mut file) = prepared();
        file.append(b"two;").unwrap();
        disk.crash(remains);
        let disk = disk.reboot();
        match left {
            Some(left) => assert_eq!(text(&disk), left),
            None => {
                let content = disk.content(NAME).unwrap();
                assert!(content.len() == 8 && content.starts_with(b"one;") && content != b"one;two;", "{content:?}");
            }
        }
    }
}

#[test]
fn chance_decides_for_each_write_by_itself_and_always_alike() {
    let crashed = |seed| {
        let disk = SimulatedDisk::seeded(seed);
        let mut file = disk.create(Path::new("a")).unwrap();
        disk.sync_folder(Path::new(".")).unwrap();
        for _ in 0..30 {
            file.append(b"ab").unwrap();
        }
        disk.crash(Remains::Chance);
        disk.reboot().content("a").unwrap()
    };
    let content = crashed(1);
    let count = |wanted: &[u8]| content.chunks(2).filter(|chunk| *chunk == wanted).count();
    let (kept, dropped) = (count(b"ab"), count(b"\0\0"));
    assert!(kept > 3 && dropped > 3 && 30 - kept - dropped > 3, "{content:?}");
    assert_eq!(content, crashed(1));
    assert_ne!(content, crashed(2));
}

#[test]
fn a_name_that_was_not_synced_may_be_lost_and_so_may_its_end() {
    for (remains, names) in [(Remains::Dropped, vec!["b.new"]), (Remains::Kept, vec!["a"])] {
        let disk = SimulatedDisk::new();
        drop(disk.create(Path::new("b.new")).unwrap());
        disk.sync_folder(Path::new(".")).unwrap();
        drop(disk.create(Path::new("c")).unwrap());
        disk.remove(Path::new("c")).unwrap();
        disk.publish(Path::new("b.new"), Path::new("a")).unwrap();
        assert_eq!(disk.names(), [Path::new("a")]);
        disk.crash(remains);
        assert_eq!(disk.reboot().names(), names.iter().map(Path::new).collect::<Vec<_>>());
    }
}

#[test]
fn a_folder_is_synced_without_its_neighbours() {
    let (disk, _file) = prepared();
    drop(disk.create(Path::new("elsewhere")).unwrap());
    drop(disk.create(Path::new("folder/b")).unwrap());
    disk.sync_folder(Path::new("folder")).unwrap();
    disk.crash(Remains::Dropped);
    assert_eq!(disk.reboot().names(), [Path::new("folder/b"), Path::new(NAME)]);
}

#[test]
fn after_a_crash_the_process_can_do_nothing_more() {
    let (disk, mut file) = prepared();
    disk.fault(DiskFault::crash_before(DiskCall::Sync));
    file.append(b"two;").unwrap();
    assert!(file.sync().is_err() && disk.is_crashed());
    let next = disk.reboot();
    let before = next.content(NAME);
    assert!(file.append(b"x").is_err() && file.sync().is_err() && file.truncate(0).is_err());
    assert!(file.length().is_err() && file.try_lock().is_err() && file.read_at(0, &mut [0]).is_err());
    assert!(disk.create(Path::new("x")).is_err() && disk.remove(Path::new(NAME)).is_err());
    assert!(disk.sync_folder(Path::new(".")).is_err());
    assert_eq!((next.content(NAME), next.names().len()), (before, 1));
    assert!(open(&next).append(b"x").is_ok());
}

#[test]
fn a_crash_comes_before_inside_or_after_the_nth_call() {
    for (fault, left) in [
        (DiskFault::crash_before(DiskCall::Append).nth(2), "one;two;"),
        (DiskFault::crash_inside(0).nth(2), "one;two;"),
        (DiskFault::crash_inside(3).nth(2), "one;two;thr"),
        (DiskFault::crash_inside(99).nth(2), "one;two;three;"),
        (DiskFault::crash_after(DiskCall::Append).nth(2), "one;two;three;"),
        (DiskFault::crash_after(None).nth(3), "one;two;three;"),
        (DiskFault::crash_before(None).nth(3), "one;two;"),
    ] {
        let (disk, mut file) = prepared();
        disk.fault(fault.clone().leaving(Remains::Kept));
        file.append(b"two;").unwrap();
        file.sync().unwrap();
        assert!(file.append(b"three;").is_err(), "{fault:?}");
        assert_eq!(text(&disk.reboot()), left, "{fault:?}");
    }
}

#[test]
fn without_a_crash_the_next_process_finds_all_that_was_written() {
    let (disk, mut file) = prepared();
    file.append(b"two;").unwrap();
    let disk = disk.reboot();
    assert_eq!(text(&disk), "one;two;");
    // And still it is not synced.
    disk.crash(Remains::Dropped);
    assert_eq!(text(&disk.reboot()), "one;");
}

#[test]
fn a_sync_that_fails_forgets_and_a_later_one_does_not_bring_it_back() {
    let (disk, mut file) = prepared();
    disk.fault(DiskFault::failing(DiskCall::Sync).once());
    file.append(b"two;").unwrap();
    assert!(file.sync().is_err());
    assert_eq!(text(&disk), "one;two;");
    file.append(b"three;").unwrap();
    file.sync().unwrap();
    assert_eq!(disk.durable(NAME).unwrap(), b"one;\0\0\0\0three;");
    disk.crash(Remains::Kept);
    assert_eq!(text(&disk.reboot()), "one;\0\0\0\0three;");
}

#[test]
fn a_disk_runs_full_and_has_room_again() {
    let (disk, mut file) = prepared();
    disk.room(6);
    assert_eq!(file.append(b"two;").unwrap_err().kind(), ErrorKind::StorageFull);
    assert_eq!(text(&disk), "one;tw");
    file.truncate(4).unwrap();
    assert!(file.append(b"2;").is_ok());
    disk.room(None);
    assert!(file.append(b"three;").is_ok());
    disk.fault(DiskFault::full(DiskCall::Append));
    assert!((0..3).all(|_| file.append(b"x").is_err()));
    disk.clear_faults();
    disk.fault(DiskFault::failing(DiskCall::Append).having_written(1).once());
    assert!(file.append(b"ab").is_err());
    assert_eq!(text(&disk), "one;2;three;a");
}

#[test]
fn a_lock_goes_with_its_handle_and_with_its_process() {
    let (disk, mut file) = prepared();
    let mut other = open(&disk);
    assert!(file.try_lock().unwrap() && file.try_lock().unwrap());
    assert!(!other.try_lock().unwrap());
    drop(file);
    assert!(other.try_lock().unwrap());
    let next = disk.reboot();
    assert!(open(&next).try_lock().unwrap());
    drop(other);
    let (mut one, mut two) = (open(&next), open(&next));
    assert!(one.try_lock().unwrap() && !two.try_lock().unwrap());
}

#[test]
fn names_are_taken_once_and_only_where_there_is_a_folder() {
    let (disk, _file) = prepared();
    let kind = |result: std::io::Result<()>| result.unwrap_err().kind();
    assert_eq!(kind(disk.create(Path::new(NAME)).map(drop)), ErrorKind::AlreadyExists);
    assert_eq!(kind(disk.open(Path::new("none")).map(drop)), ErrorKind::NotFound);
    assert_eq!(kind(disk.create(Path::new("nowhere/a")).map(drop)), ErrorKind::NotFound);
    drop(disk.create(Path::new("b")).unwrap());
    assert_eq!(kind(disk.publish(Path::new("b"), Path::new(NAME))), ErrorKind::AlreadyExists);
    disk.replace(Path::new("b"), Path::new(NAME)).unwrap();
    assert_eq!((disk.names().len(), text(&disk)), (1, String::new()));
}

#[test]
fn it_is_known_since_when_a_record_outlasts_a_crash() {
    let disk = SimulatedDisk::new();
    let clock = Arc::new(AtomicU64::new(10));
    let marker = Arc::clone(&clock);
    disk.mark_with(move || marker.fetch_add(0, Ordering::Relaxed));
    let mut file = disk.create(Path::new("a")).unwrap();
    file.append(b"one;").unwrap();
    file.sync().unwrap();
    // Its name may be lost as yet.
    assert_eq!(disk.durable_since("a", 4), None);
    clock.store(20, Ordering::Relaxed);
    disk.sync_folder(Path::new(".")).unwrap();
    assert_eq!(disk.durable_since("a", 4), Some(20));
    file.append(b"two;").unwrap();
    clock.store(30, Ordering::Relaxed);
    assert_eq!(disk.durable_since("a", 5), None);
    file.sync().unwrap();
    clock.store(40, Ordering::Relaxed);
    file.sync().unwrap();
    assert_eq!((disk.durable_since("a", 4), disk.durable_since("a", 8)), (Some(20), Some(30)));
    // What was cut off and written anew is as young as that.
    file.truncate(4).unwrap();
    file.sync().unwrap();
    clock.store(50, Ordering::Relaxed);
    file.append(b"2...").unwrap();
    file.sync().unwrap();
    assert_eq!((disk.durable_since("a", 4), disk.durable_since("a", 8)), (Some(20), Some(50)));
}

#[test]
fn a_fork_goes_its_own_way() {
    let (disk, mut file) = prepared();
    assert!(file.try_lock().unwrap());
    file.append(b"two;").unwrap();
    disk.fault(DiskFault::failing(DiskCall::Append).once());
    let fork = disk.fork();
    assert!(open(&fork).try_lock().unwrap());
    assert!(open(&fork).append(b"x").is_err() && file.append(b"x").is_err());
    file.append(b"three;").unwrap();
    assert_eq!((text(&fork), text(&disk)), ("one;two;".to_owned(), "one;two;three;".to_owned()));
}

#[test]
fn somebody_else_takes_a_file_away_or_puts_an_older_one_in_its_place() {
    let (disk, mut file) = prepared();
    let older = disk.content(NAME);
    file.append(b"two;").unwrap();
    disk.put(NAME, older);
    assert_eq!(text(&disk), "one;");
    file.append(b"three;").unwrap();
    disk.put(NAME, None);
    disk.crash(Remains::Kept);
    assert_eq!(disk.reboot().names(), Vec::<&Path>::new());
}

#[tokio::test]
async fn a_journal_whose_maker_died_before_its_name_was_safe_is_safe_once_it_is_opened() {
    let end = |text: &str| text.parse().unwrap();
    let route = Route::new(end("111122223333/me-central-1"), end("111122223333/eu-central-1")).unwrap();
    let migration = Migration::new(route, &World::new().access());
    let plan = migration.plan(&migration.survey().await.unwrap()).unwrap();
    let disk = SimulatedDisk::new();
    disk.fault(DiskFault::failing(DiskCall::SyncFolder));
    assert!(FileJournal::create_in(disk.clone(), "a", &plan).await.is_err());
    let disk = disk.reboot();
    drop(FileJournal::open_in(disk.clone(), "a").await.unwrap().unwrap());
    disk.crash(Remains::Dropped);
    assert_eq!(disk.reboot().names(), [Path::new("a")]);
}
