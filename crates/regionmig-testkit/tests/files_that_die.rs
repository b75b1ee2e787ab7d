//! The journal and the archive in files, on a disk that dies at each of its calls.
#![expect(clippy::expect_used, reason = "tests")]

use futures::future::join_all;
use regionmig_core::{
    Act, Archive, Entry, FileArchive, FileJournal, FileJournalError, Header, Journal, MigrationPlan, Record, Run,
    Timestamp, chain,
};
use regionmig_testkit::{DiskCall, DiskFault, Remains, SimulatedDisk};
use serde_json::json;

const PATH: &str = "x.journal";

/// How many calls of a disk are tried, at most.
const CALLS: u64 = 100;

const REMAINS: [Remains; 4] = [Remains::Kept, Remains::Dropped, Remains::Garbage, Remains::Chance];

fn plan() -> MigrationPlan {
    let stored = include_bytes!("../../regionmig-core/tests/stored/plan-1.json");
    MigrationPlan::from_bytes(stored).expect("the stored plan")
}

fn record(n: usize) -> Record {
    let step = plan().steps().next().expect("a step").id.clone();
    Record::new(Timestamp::UNIX_EPOCH, step, Entry::Checkpoint(json!({ "done": n })))
}

async fn records(journal: &FileJournal) -> usize {
    let mut count = 0;
    journal.replay(&Header::new(&plan()), &mut |_| count += 1).await.expect("it is whole");
    count
}

fn syncs(disk: &SimulatedDisk) -> usize {
    disk.log().iter().filter(|entry| entry.call == DiskCall::Sync).count()
}

#[tokio::test]
async fn records_that_come_together_share_a_sync() {
    let disk = SimulatedDisk::new();
    let journal = FileJournal::create_in(disk.clone(), PATH, &plan()).await.expect("a journal");
    let before = syncs(&disk);
    let all: Vec<Record> = (0..64).map(record).collect();
    join_all(all.iter().map(|record| journal.append(record)))
        .await
        .into_iter()
        .collect::<Result<(), _>>()
        .expect("room");
    assert_eq!(syncs(&disk) - before, 1);
    // One after the other, each has its own.
    for record in &all {
        journal.append(record).await.expect("room");
    }
    assert_eq!(syncs(&disk) - before, 1 + all.len());
    assert_eq!(records(&journal).await, 2 * all.len());
}

#[tokio::test]
async fn whoever_stops_waiting_for_a_record_stops_nobody_else() {
    let disk = SimulatedDisk::new();
    let journal = FileJournal::create_in(disk.clone(), PATH, &plan()).await.expect("a journal");
    let (one, two) = (record(1), record(2));
    // Polled once, and dropped: the first is to have all written.
    let mut first = journal.append(&one);
    let mut second = journal.append(&two);
    assert!(futures::poll!(&mut first).is_pending() && futures::poll!(&mut second).is_pending());
    drop(first);
    second.await.expect("it is written");
    journal.append(&record(3)).await.expect("it goes on");
    assert_eq!(records(&journal).await, 3);
}

#[tokio::test]
async fn a_journal_that_has_failed_stays_so() {
    for fault in
        [DiskFault::full(DiskCall::Append), DiskFault::failing(DiskCall::Append), DiskFault::failing(DiskCall::Sync)]
    {
        let disk = SimulatedDisk::new();
        let journal = FileJournal::create_in(disk.clone(), PATH, &plan()).await.expect("a journal");
        journal.append(&record(1)).await.expect("room");
        disk.fault(fault.once());
        let calls = || disk.log().len();
        let first = journal.append(&record(2)).await.expect_err("it fails");
        let before = calls();
        // There is room now, and a second sync would succeed.
        let second = journal.append(&record(3)).await.expect_err("it has failed");
        assert_eq!(calls(), before, "nothing more is written");
        assert_eq!(chain(&first), chain(&second));
        drop(journal);
        let (journal, _) = FileJournal::open_in(disk.reboot(), PATH).await.expect("a journal").expect("a file");
        journal.append(&record(4)).await.expect("room");
        assert!((2..=3).contains(&records(&journal).await));
    }
}

#[tokio::test]
async fn a_journal_is_made_whole_or_not_at_all() {
    let (mut crashes, mut whole) = (0, 0);
    for remains in REMAINS {
        for nth in 1..CALLS {
            for fault in [DiskFault::crash_before(None), DiskFault::crash_after(None)] {
                let disk = SimulatedDisk::seeded(nth);
                disk.fault(fault.leaving(remains).nth(nth));
                let made = FileJournal::create_in(disk.clone(), PATH, &plan()).await;
                if !disk.is_crashed() {
                    made.expect("nothing went wrong");
                    continue;
                }
                crashes += 1;
                let disk = disk.reboot();
                // There, with its plan, or not there, and then it can be made.
                match FileJournal::open_in(disk.clone(), PATH).await.expect("it opens, or is not there") {
                    Some((_, stored)) => {
                        whole += 1;
                        assert_eq!(stored, plan());
                    }
                    None => {
                        assert!(made.is_err(), "it was made, and is gone");
                        FileJournal::create_in(disk, PATH, &plan()).await.expect("nothing is in the way");
                    }
                }
            }
        }
    }
    assert!(crashes > 40 && whole > 0 && whole < crashes, "{crashes} crashes, {whole} whole");
    println!("shown: journal_made {crashes} crashes while a journal is made, 0 half made");
}

#[tokio::test]
async fn a_part_of_an_archive_is_the_old_one_or_the_new_one() {
    let (old, new) = (vec![b'o'; 100], vec![b'n'; 300]);
    let mut crashes = 0;
    for remains in REMAINS {
        for nth in 1..CALLS {
            let faults = [DiskFault::crash_before(None), DiskFault::crash_after(None), DiskFault::failing(None)];
            for fault in faults {
                let disk = SimulatedDisk::seeded(nth);
                let archive = FileArchive::new_in(disk.clone(), "archive");
                archive.put("users", 7, old.clone()).await.expect("room");
                disk.fault(fault.leaving(remains).nth(nth));
                let put = archive.put("users", 7, new.clone()).await;
                crashes += usize::from(put.is_err());
                let again = FileArchive::new_in(disk.reboot(), "archive");
                let found = again.get("users", 7).await.expect("it is whole").expect("it is there");
                assert!(found == new || (put.is_err() && found == old), "{nth}: stored: {}", put.is_ok());
                again.put("users", 7, new.clone()).await.expect("nothing is in the way");
            }
        }
    }
    assert!(crashes > 40, "{crashes}");
    println!("shown: archive {crashes} crashes and failures while a part is stored, 0 lost");
}

#[tokio::test]
async fn what_fails_is_told_as_it_is_and_nothing_else_is_made_of_it() {
    let broken = |error: &(dyn std::error::Error + 'static)| {
        let text = chain(error);
        assert!(text.contains("the disk is broken"), "{text}");
    };
    let failing = |call| {
        let disk = SimulatedDisk::new();
        disk.fault(DiskFault::failing(call).once());
        disk
    };
    for call in [DiskCall::Create, DiskCall::Publish] {
        let error = FileJournal::create_in(failing(call), PATH, &plan()).await.expect_err("it fails");
        assert!(matches!(error, FileJournalError::Io { .. }), "{call:?}: {error}");
        broken(&error);
    }
    let archive = FileArchive::new_in(failing(DiskCall::Create), "archive");
    broken(&*archive.put("users", 0, vec![1]).await.expect_err("it fails"));
    // Where what was torn cannot be kept, it stays where it is.
    let disk = SimulatedDisk::new();
    let journal = FileJournal::create_in(disk.clone(), PATH, &plan()).await.expect("a journal");
    journal.append(&record(1)).await.expect("room");
    drop(journal);
    let whole = disk.content(PATH).expect("a file");
    let torn = [whole, b"{\"sum".to_vec()].concat();
    disk.put(PATH, torn.clone());
    disk.fault(DiskFault::failing(DiskCall::Create).once());
    broken(&FileJournal::open_in(disk.clone(), PATH).await.expect_err("it fails"));
    assert_eq!(disk.content(PATH), Some(torn));
    let (journal, _) = FileJournal::open_in(disk, PATH).await.expect("a journal").expect("a file");
    assert_eq!(journal.findings().len(), 1);
}

#[tokio::test]
async fn a_storage_that_never_blocks_is_not_waited_for() {
    let disk = SimulatedDisk::new();
    let journal = FileJournal::create_in(disk.clone(), PATH, &plan()).await.expect("a journal");
    journal.begin(&Run::new(Timestamp::UNIX_EPOCH, Act::Apply, None)).await.expect("room");
    let opened = || disk.log().iter().filter(|entry| entry.call == DiskCall::Open).count();
    let before = opened();
    let error = FileJournal::open_in(disk.clone(), PATH).await.expect_err("it is in use");
    assert!(matches!(error, FileJournalError::InUse { process: Some(_), .. }), "{error}");
    assert_eq!(opened() - before, 1);
}
