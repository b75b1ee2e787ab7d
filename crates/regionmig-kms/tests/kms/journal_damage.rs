//! What becomes of a journal whose bytes are not those that were written, and of a run whose journal cannot be.
// REQ: E-14

use std::collections::BTreeSet;

use regionmig_core::{Digest, Entry, FileJournal, FileJournalError, Header, Journal, Record, Timestamp, chain};
use regionmig_testkit::{DiskCall, DiskFault, SimulatedDisk, World};
use serde_json::json;

use crate::account::{migration, one_of_each, patient, plan, route};

const PATH: &str = "x.journal";

/// So many single bits are flipped in the records, and in the plan and what stands before it.
const FLIPS: usize = 10_000;
const FLIPS_BEFORE: usize = 1_000;

/// A journal of 200 records of all kinds, and what it holds.
struct Whole {
    records: Vec<Record>,
    bytes: Vec<u8>,
    /// Where the first record begins.
    begins: usize,
}

impl Whole {
    async fn written() -> Self {
        let world = World::new();
        world.kms(&route().source).alias("alias/one").make();
        let plan = plan(&migration(&world).1).await;
        let disk = SimulatedDisk::new();
        let journal = FileJournal::create_in(disk.clone(), PATH, &plan).await.expect("a journal");
        let begins = disk.content(PATH).expect("a file").len();
        let step = plan.steps().next().expect("a step").id.clone();
        let started = Entry::Started { generation: 0, spent: None, request: Digest::of("a request") };
        let mut records = vec![Record::new(Timestamp::UNIX_EPOCH, step.clone(), started)];
        let checkpoint = |n: usize| Entry::Checkpoint(json!({ "done": n, "next": "ünïcode\n".repeat(n % 5) }));
        records.extend((0..199).map(|n| Record::new(Timestamp::UNIX_EPOCH, step.clone(), checkpoint(n))));
        for record in &records {
            journal.append(record).await.expect("room");
        }
        Self { records, bytes: disk.content(PATH).expect("a file"), begins }
    }

    /// Opens a journal of these bytes; returns the records if it opens, and whether it says that its end was torn.
    async fn open(&self, bytes: Vec<u8>) -> Result<(Vec<Record>, bool), FileJournalError> {
        let disk = SimulatedDisk::new();
        disk.put(PATH, bytes);
        let (journal, plan) = FileJournal::open_in(disk, PATH).await?.expect("a file");
        let mut records = Vec::new();
        journal.replay(&Header::new(&plan), &mut |record| records.push(record)).await.expect("it was whole");
        Ok((records, !journal.findings().is_empty()))
    }

    /// Opens what must not open, and returns which record is named.
    async fn named(&self, bytes: Vec<u8>, what: &str) -> Option<u64> {
        match self.open(bytes).await {
            Err(FileJournalError::Damaged { record, .. }) => Some(record),
            Err(_) => None,
            Ok((records, torn)) => panic!("{what}: {} records accepted, torn: {torn}", records.len()),
        }
    }

    fn lines(&self) -> Vec<&[u8]> {
        self.bytes[self.begins..].split_inclusive(|&byte| byte == b'\n').collect()
    }

    /// The file with other lines.
    fn with(&self, lines: &[&[u8]]) -> Vec<u8> {
        [&self.bytes[..self.begins], &lines.concat()].concat()
    }
}

#[tokio::test]
async fn no_bit_flips_unnoticed() {
    let whole = Whole::written().await;
    assert_eq!(whole.open(whole.bytes.clone()).await.expect("it is whole"), (whole.records.clone(), false));
    let bits = |range: std::ops::Range<usize>, count: usize| {
        // Spread over all of them, none twice.
        let all = range.len() * 8;
        (0..count).map(move |n| range.start * 8 + n * all / count).collect::<BTreeSet<usize>>()
    };
    let mut flips = bits(whole.begins..whole.bytes.len(), FLIPS);
    flips.extend(bits(0..whole.begins, FLIPS_BEFORE));
    assert_eq!(flips.len(), FLIPS + FLIPS_BEFORE);
    for &bit in &flips {
        let mut bytes = whole.bytes.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let named = whole.named(bytes, &format!("bit {bit} flipped")).await;
        let line = whole.bytes[whole.begins.min(bit / 8)..bit / 8].iter().filter(|&&byte| byte == b'\n').count();
        if bit / 8 >= whole.begins {
            // The flipped record, or the one whose line it has run into.
            assert_eq!(named, Some(line as u64 + 1), "bit {bit}");
        }
    }
    println!("shown: journal_damage {} single bits flipped, 0 accepted", flips.len());
}

#[tokio::test]
async fn no_record_is_missed_doubled_or_moved_unnoticed() {
    let whole = Whole::written().await;
    let lines = whole.lines();
    let mut tried = 0;
    for n in 0..lines.len() {
        let mut doubled = lines.clone();
        doubled.insert(n, lines[n]);
        assert_eq!(whole.named(whole.with(&doubled), "doubled").await, Some(n as u64 + 2));
        tried += 1;
        if n + 1 < lines.len() {
            let (mut missing, mut swapped) = (lines.clone(), lines.clone());
            missing.remove(n);
            swapped.swap(n, n + 1);
            assert_eq!(whole.named(whole.with(&missing), "missing").await, Some(n as u64 + 1));
            assert_eq!(whole.named(whole.with(&swapped), "swapped").await, Some(n as u64 + 1));
            // Torn, and something written after it.
            let mut torn = lines.clone();
            torn[n] = &lines[n][..lines[n].len() / 2];
            assert_eq!(whole.named(whole.with(&torn), "torn in the middle").await, Some(n as u64 + 1));
            tried += 3;
        }
    }
    println!("shown: journal_damage {tried} records doubled, missing, swapped or torn, 0 accepted");
}

#[tokio::test]
async fn a_torn_end_is_dropped_and_told() {
    let whole = Whole::written().await;
    let last = whole.lines().last().expect("a line").len();
    let before = whole.bytes.len() - last;
    for kept in 1..last {
        let (records, torn) = whole.open(whole.bytes[..before + kept].to_vec()).await.expect("it opens");
        // Whole but for the line's end is whole.
        let is_whole = kept == last - 1;
        let expected = whole.records.len() - usize::from(!is_whole);
        assert_eq!((records.len(), torn), (expected, !is_whole), "{kept} bytes of the last record");
        assert_eq!(records[..], whole.records[..expected]);
    }
    // Whatever else a machine that died may leave there.
    for garbage in [vec![0; last], vec![0xff; last], b"{\"sum\":\"".repeat(9), vec![b'{']] {
        let (records, torn) = whole.open([&whole.bytes[..before], &garbage].concat()).await.expect("it opens");
        assert_eq!((records.len(), torn), (whole.records.len() - 1, true));
    }
    println!("shown: journal_damage {} torn ends, all told", last + 2);
}

#[tokio::test]
async fn without_a_durable_record_nothing_is_sent() {
    let account = one_of_each();
    let plan = plan(&migration(&account).1).await;
    let whole = SimulatedDisk::new();
    let journal = FileJournal::create_in(whole.clone(), PATH, &plan).await.expect("a journal");
    let appends = |disk: &SimulatedDisk| disk.log().iter().filter(|entry| entry.call == DiskCall::Append).count();
    let made = appends(&whole);
    let fork = account.fork();
    let mutations = fork.ledger().mutations().count();
    let outcome = migration(&fork).1.apply(&plan, &journal, &patient()).await.expect("a run");
    assert!(outcome.is_complete(), "{outcome}");
    let (appends, once) = (appends(&whole), fork.ledger().mutations().count() - mutations);
    let mut runs = 0;
    for nth in 1..=(appends - made) as u64 {
        for fault in [
            DiskFault::full(DiskCall::Append),
            DiskFault::failing(DiskCall::Append).having_written(10),
            DiskFault::failing(DiskCall::Sync),
        ] {
            let (world, disk) = (account.fork(), SimulatedDisk::new());
            let journal = FileJournal::create_in(disk.clone(), PATH, &plan).await.expect("a journal");
            let what = format!("{fault:?} at append {nth}");
            disk.fault(fault.nth(nth));
            let error = migration(&world).1.apply(&plan, &journal, &patient()).await.expect_err("the journal failed");
            assert!(chain(&error).contains("could not be made safe"), "{what}: {}", chain(&error));
            drop(journal);
            let durable = String::from_utf8_lossy(&disk.durable(PATH).expect("a file")).into_owned();
            let begun = durable.matches("\"entry\":{\"started\":").count();
            let sent = world.ledger().requests().filter(|entry| entry.mutating).count();
            assert!(sent <= begun, "{what}: {sent} changes were asked for, and {begun} steps begun on record");
            // With room, or another disk, it goes on.
            let disk = disk.reboot();
            let (journal, plan) = FileJournal::open_in(disk, PATH).await.expect("a journal").expect("a file");
            let outcome = migration(&world).1.apply(&plan, &journal, &patient()).await.expect("a run");
            assert!(outcome.is_complete(), "{what}: {outcome}");
            assert_eq!(world.ledger().mutations().count() - mutations, once, "{what}:\n{}", world.ledger());
            runs += 1;
        }
    }
    println!("shown: journal_damage {runs} full disks and failing syncs, 0 requests without a durable record");
}
