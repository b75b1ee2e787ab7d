//! What must hold of journals and plans made of any bytes at all: the bodies of the property tests beside this file, and of the
//! fuzz targets in `fuzz/`.

use regionmig_core::{
    Digest, Entry, FileJournal, FileJournalError, Header, Journal, JournalReader, MigrationPlan, Record, Standings,
    Timestamp,
};
use regionmig_testkit::SimulatedDisk;
use serde_json::json;

const PLAN: &[u8] = include_bytes!("../../../regionmig-core/tests/stored/plan-1.json");
const PATH: &str = "x.journal";

/// How many digits a line's sum has.
const DIGITS: usize = 16;

fn plan() -> MigrationPlan {
    MigrationPlan::from_bytes(PLAN).expect("the stored plan")
}

fn now<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(future)
}

/// Any bytes are a plan or an error; and so are they as the body of a plan whose digest fits.
pub fn plan_file(data: &[u8]) {
    if let Ok(plan) = MigrationPlan::from_bytes(data) {
        reads_back(&plan);
    }
    if let Ok(text) = str::from_utf8(data)
        && let Ok(plan) = MigrationPlan::from_bytes(&with_its_digest(text))
    {
        reads_back(&plan);
    }
}

/// So is a plan that somebody has edited and given a digest that fits.
pub fn edited_plan(data: &[u8]) {
    let file = str::from_utf8(PLAN).expect("a text");
    let (_, text) = file.split_once("\"plan\":").expect("a plan");
    let text = edited(text.strip_suffix("}\n").expect("an end").as_bytes(), data);
    if let Ok(text) = str::from_utf8(&text)
        && let Ok(plan) = MigrationPlan::from_bytes(&with_its_digest(text))
    {
        reads_back(&plan);
    }
}

/// Any bytes are no journal.
pub fn journal_file(data: &[u8]) {
    assert!(open(data.to_vec()).is_err(), "a journal out of nothing");
}

/// A journal that was edited is refused, or holds the first of what it held and says that its end was torn.
pub fn edited_journal(data: &[u8]) {
    let (records, bytes) = written();
    let changed = edited(&bytes, data);
    if let Ok((found, told)) = open(changed.clone()) {
        assert_eq!(found[..], records[..found.len()]);
        // Whole records that are cut off leave no trace, before the end of the last line that is left or after it.
        let is_cut =
            bytes.starts_with(&changed) && (changed.last() == Some(&b'\n') || bytes.get(changed.len()) == Some(&b'\n'));
        assert!(told || is_cut || found.len() == records.len(), "{} records are missing", records.len() - found.len());
    }
}

/// Lines that say anything at all, each with the sum that fits, are read or refused by number, and shown without a control
/// character.
pub fn crafted_journal(data: &[u8]) {
    let disk = SimulatedDisk::new();
    drop(now(FileJournal::create_in(disk.clone(), PATH, &plan())).expect("a journal"));
    let mut bytes = disk.content(PATH).expect("a file");
    let mut prev = String::from_utf8(bytes[8..8 + DIGITS].to_vec()).expect("digits");
    for (body, number) in data.split(|&byte| byte == 0).filter_map(|body| str::from_utf8(body).ok()).zip(1u64..) {
        let rest = format!("\"prev\":\"{prev}\",\"seq\":{number},{}", body.replace('\n', " "));
        prev = Digest::of(&rest).as_str()[..DIGITS].to_owned();
        bytes.extend(format!("{{\"sum\":\"{prev}\",{rest}\n").into_bytes());
    }
    let disk = SimulatedDisk::new();
    disk.put(PATH, bytes);
    for line in JournalReader::open_in(&disk, PATH).expect("heading and plan are whole") {
        match line {
            Ok(line) => assert!(!line.to_string().contains(char::is_control), "{line:?}"),
            Err(error) => assert!(matches!(error, FileJournalError::Damaged { .. }), "{error}"),
        }
    }
    let (journal, plan) = now(FileJournal::open_in(disk.clone(), PATH)).expect("the sums fit").expect("a file");
    let _standings_or_not = now(Standings::read(&plan, &journal));
    drop(journal);
    let (journal, plan) = now(FileJournal::recover_in(disk, PATH, Timestamp::UNIX_EPOCH)).expect("it is recovered");
    let standings = now(Standings::read(&plan, &journal)).expect("what was recovered can be read");
    assert!(standings.iter().all(|(_, standing)| !standing.is_done()), "every step is in doubt, or was taken back");
}

fn reads_back(plan: &MigrationPlan) {
    assert_eq!(MigrationPlan::from_bytes(&plan.to_bytes()).expect("it reads back"), *plan);
    let text = format!("{plan}{}{}", plan.full(), plan.diff(plan));
    assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{text:?}");
}

fn with_its_digest(text: &str) -> Vec<u8> {
    format!("{{\"format\":1,\"digest\":\"{}\",\"plan\":{text}}}\n", Digest::of(text)).into_bytes()
}

/// A journal with some records.
fn written() -> (Vec<Record>, Vec<u8>) {
    let (disk, plan) = (SimulatedDisk::new(), plan());
    let journal = now(FileJournal::create_in(disk.clone(), PATH, &plan)).expect("a journal");
    let step = plan.steps().next().expect("a step").id.clone();
    let checkpoint = |n: u32| Record::new(Timestamp::UNIX_EPOCH, step.clone(), Entry::Checkpoint(json!({ "done": n })));
    let records: Vec<Record> = (0..8).map(checkpoint).collect();
    records.iter().for_each(|record| now(journal.append(record)).expect("room"));
    (records, disk.content(PATH).expect("a file"))
}

/// Opens a journal of these bytes, and returns its records and whether it has something to tell.
fn open(bytes: Vec<u8>) -> Result<(Vec<Record>, bool), FileJournalError> {
    let disk = SimulatedDisk::new();
    disk.put(PATH, bytes);
    let (journal, plan) = now(FileJournal::open_in(disk, PATH))?.expect("a file");
    let mut records = Vec::new();
    now(journal.replay(&Header::new(&plan), &mut |record| records.push(record))).expect("it was whole when opened");
    Ok((records, !journal.findings().is_empty()))
}

/// Changes `bytes` as a script says: four bytes each for where, what, and with what.
fn edited(bytes: &[u8], script: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for edit in script.chunks_exact(4) {
        let place = usize::from(u16::from_le_bytes([edit[0], edit[1]])) % (bytes.len() + 1);
        match edit[2] % 5 {
            0 => bytes.insert(place, edit[3]),
            1 if place < bytes.len() => bytes[place] = edit[3],
            2 if place < bytes.len() => bytes[place] ^= 1 << (edit[3] % 8),
            3 => bytes.truncate(bytes.len() - usize::from(edit[3]).min(bytes.len())),
            _ => drop(bytes.drain(place..(place + usize::from(edit[3])).min(bytes.len()))),
        }
    }
    bytes
}
