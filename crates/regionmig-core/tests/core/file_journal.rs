//! The journal in a file: what is in it, who may have it, and what is made of a torn end.
// REQ: E-14, E-30

use std::fs;
use std::path::Path;

use regionmig_core::{
    Act, ApplyOptions, Entry, ErrorKind, ErrorReport, FileJournal, FileJournalError, Header, Journal, JournalReader,
    Migration, MigrationPlan, Noted, PlanError, Record, Run, Status, StepId, chain, code,
};

use crate::common::cloud::Cloud;
use crate::common::secrets::both;
use crate::common::{Seat, at, failed, hasty};

/// A migration of some keys, in an account of its own.
fn migration(keys: usize) -> (Cloud, Migration) {
    let cloud = Cloud::new(keys, 2);
    let migration = both(&cloud, &Seat::new());
    (cloud, migration)
}

async fn planned(migration: &Migration) -> MigrationPlan {
    migration.plan(&migration.survey().await.unwrap()).unwrap()
}

/// Writes the journal of a run that was completed, and returns its plan.
async fn completed(path: &Path) -> MigrationPlan {
    let (_cloud, migration) = migration(3);
    let plan = planned(&migration).await;
    let journal = FileJournal::create(path, &plan).await.unwrap();
    let outcome = migration.apply(&plan, &journal, &hasty()).await.unwrap();
    assert!(outcome.is_complete(), "{outcome}");
    plan
}

async fn records(journal: &FileJournal, plan: &MigrationPlan) -> Vec<Record> {
    let mut records = Vec::new();
    journal.replay(&Header::new(plan), &mut |record| records.push(record)).await.unwrap();
    records
}

#[tokio::test(start_paused = true)]
async fn it_carries_its_plan_and_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.journal");
    assert!(FileJournal::open(&path).await.unwrap().is_none());
    let (cloud, migration) = migration(3);
    let plan = planned(&migration).await;
    let journal = FileJournal::create(&path, &plan).await.unwrap();
    assert!(migration.apply(&plan, &journal, &hasty()).await.unwrap().is_complete());
    let writes = cloud.writes();
    let before = records(&journal, &plan).await;
    drop(journal);
    let (journal, stored) = FileJournal::open(&path).await.unwrap().unwrap();
    assert_eq!(stored, plan);
    assert_eq!(records(&journal, &plan).await, before);
    assert!(journal.findings().is_empty());
    let again = migration.apply(&stored, &journal, &hasty()).await.unwrap();
    assert!(again.is_complete());
    assert_eq!(cloud.writes(), writes);
}

/// Returns the name of the plan's first step.
fn first(plan: &MigrationPlan) -> StepId {
    plan.steps().next().unwrap().id.clone()
}

/// Opens a journal that must not open, and says why not.
async fn refusal(path: &Path) -> FileJournalError {
    FileJournal::open(path).await.err().unwrap_or_else(|| panic!("it was opened"))
}

#[tokio::test(start_paused = true)]
async fn a_torn_end_is_set_aside_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.journal");
    completed(&path).await;
    let whole = fs::read(&path).unwrap();
    let lines: Vec<&[u8]> = whole.split_inclusive(|&byte| byte == b'\n').collect();
    let (last, before) = (lines.last().unwrap().len(), whole.len() - lines.last().unwrap().len());
    for (nth, kept) in (1..last - 1).step_by(17).chain([last - 2]).enumerate() {
        fs::write(&path, &whole[..before + kept]).unwrap();
        let (journal, plan) = FileJournal::open(&path).await.unwrap().unwrap();
        let finding = &journal.findings()[0];
        assert_eq!((finding.code.as_str(), journal.findings().len()), (code::JOURNAL_TORN, 1));
        assert_eq!(fs::read(&path).unwrap(), whole[..before], "it is cut off");
        let aside = if nth == 0 { "x.journal.torn".to_owned() } else { format!("x.journal.torn-{}", nth + 1) };
        assert!(finding.to_string().contains(&aside), "{finding}");
        assert!(finding.to_string().contains(&format!("the last {kept} bytes")), "{finding}");
        assert_eq!(fs::read(folder.path().join(aside)).unwrap(), whole[before..before + kept]);
        // What is added goes on from the last whole record.
        journal.append(&Record::new(at(9), first(&plan), Entry::Reverting)).await.unwrap();
        drop(journal);
        assert!(FileJournal::open(&path).await.unwrap().unwrap().0.findings().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_whole_record_whose_line_has_no_end_counts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.journal");
    let plan = completed(&path).await;
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() - 1]).unwrap();
    let (journal, _) = FileJournal::open(&path).await.unwrap().unwrap();
    assert!(journal.findings().is_empty());
    assert_eq!(fs::read(&path).unwrap(), whole);
    journal.append(&Record::new(at(9), first(&plan), Entry::Reverting)).await.unwrap();
    assert!(matches!(records(&journal, &plan).await.last().unwrap().entry, Entry::Reverting));
}

#[tokio::test(start_paused = true)]
async fn any_other_damage_is_refused_with_the_record_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.journal");
    let plan = completed(&path).await;
    let whole = String::from_utf8(fs::read(&path).unwrap()).unwrap();
    let plan_lines = String::from_utf8(plan.to_bytes()).unwrap().lines().count();
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    let records = lines.len() - 1 - plan_lines;
    // The n-th record, from 1.
    let line = |n: usize| plan_lines + n;
    let without = |n: usize| [&lines[..line(n)], &lines[line(n) + 1..]].concat().concat();
    let twice = |n: usize| [&lines[..=line(n)], &lines[line(n)..]].concat().concat();
    let swapped = |n: usize| {
        let mut lines = lines.clone();
        lines.swap(line(n), line(n + 1));
        lines.concat()
    };
    let edited = whole.replacen("\"generation\":0", "\"generation\":1", 1);
    let cases = [
        ("one is missing", without(2), 2),
        ("one is doubled", twice(3), 4),
        ("two are swapped", swapped(2), 2),
        ("one was edited", edited, 2),
        ("the last one was edited", [&lines[..line(records)], &["{\"sum\":\"0\"}\n"]].concat().concat(), records),
        ("the last one lost its end to something else", format!("{}#", &whole[..whole.len() - 1]), records),
        ("there is text between two", [&lines[..line(2)], &["# mine\n"], &lines[line(2)..]].concat().concat(), 2),
        (
            "a torn one is followed by a whole one",
            [&lines[..line(2)], &["{\"sum"], &lines[line(2)..]].concat().concat(),
            2,
        ),
    ];
    for (what, text, record) in cases {
        fs::write(&path, &text).unwrap();
        let error = refusal(&path).await;
        let FileJournalError::Damaged { record: named, .. } = &error else { panic!("{what}: {error}") };
        assert_eq!(*named, record as u64, "{what}: {error}");
        assert!(error.to_string().contains("recover"), "{what}: {error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text, "{what}: nothing is changed");
    }
}

#[tokio::test(start_paused = true)]
async fn a_damaged_beginning_is_refused_and_a_newer_format_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.journal");
    completed(&path).await;
    let whole = String::from_utf8(fs::read(&path).unwrap()).unwrap();
    for (what, text) in [
        ("empty", String::new()),
        ("not a journal", "hello\n".to_owned()),
        ("the first line cut short", whole[..20].to_owned()),
        ("the plan cut short", whole[..600].to_owned()),
        ("another route", whole.replacen("eu-central-1", "eu-central-2", 1)),
    ] {
        fs::write(&path, text).unwrap();
        let error = refusal(&path).await;
        assert!(matches!(error, FileJournalError::Damaged { record: 0, .. }), "{what}: {error}");
    }
    let at = whole.find("fake.key:key0").unwrap();
    fs::write(&path, format!("{}fake.key:key9{}", &whole[..at], &whole[at + 13..])).unwrap();
    assert!(matches!(refusal(&path).await, FileJournalError::Plan { .. }));
    // As a plan of its own it would do: JSON may have any space around it.
    fs::write(&path, whole.replacen("]}}\n", "]}}\r", 1)).unwrap();
    assert!(matches!(refusal(&path).await, FileJournalError::Plan { source: PlanError::Altered, .. }));
    let newer = whole.lines().next().unwrap().replacen("\"format\":1", "\"format\":2,\"moon\":1", 1);
    let rest = &newer[26..];
    let sum = &regionmig_core::Digest::of(rest).as_str()[..16].to_owned();
    fs::write(&path, format!("{{\"sum\":\"{sum}\",{rest}\n")).unwrap();
    let error = refusal(&path).await;
    assert!(matches!(error, FileJournalError::NewerFormat { found: 2, supported: 1, .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_first_line_that_names_another_plan_than_the_one_in_the_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.journal");
    let plan = planned(&migration(1).1).await;
    FileJournal::create(&path, &plan).await.unwrap();
    let whole = fs::read_to_string(&path).unwrap();
    let (first, rest) = whole.split_once('\n').unwrap();
    // All else is right: the route is the same, and the sum fits.
    let other = regionmig_core::Digest::of("another plan");
    let first = first.replacen(plan.digest().as_str(), other.as_str(), 1)[26..].to_owned();
    let sum = &regionmig_core::Digest::of(&first).as_str()[..16].to_owned();
    fs::write(&path, format!("{{\"sum\":\"{sum}\",{first}\n{rest}")).unwrap();
    let error = refusal(&path).await;
    assert!(matches!(error, FileJournalError::Damaged { record: 0, .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn one_handle_at_a_time_has_it_and_a_name_is_taken_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.journal");
    let (_cloud, migration) = migration(1);
    let plan = planned(&migration).await;
    let journal = FileJournal::create(&path, &plan).await.unwrap();
    assert!(matches!(refusal(&path).await, FileJournalError::InUse { process: None, .. }));
    drop(journal);
    let error = FileJournal::create(&path, &plan).await.unwrap_err();
    assert!(matches!(error, FileJournalError::Exists { .. }), "{error}");
    let names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["x.journal"], "nothing else is left");
    // What somebody left who died while making one is no hindrance.
    fs::write(folder.path().join("y.journal.new"), "half").unwrap();
    FileJournal::create(folder.path().join("y.journal"), &plan).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn another_plan_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.journal");
    completed(&path).await;
    let (journal, _) = FileJournal::open(&path).await.unwrap().unwrap();
    let (cloud, migration) = migration(2);
    let other = planned(&migration).await;
    let error = migration.apply(&other, &journal, &hasty()).await.unwrap_err();
    assert!(chain(&error).contains("is about plan"), "{}", chain(&error));
    assert_eq!(cloud.writes(), 0);
}

#[cfg(unix)]
#[tokio::test(start_paused = true)]
async fn it_is_its_owners_alone() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.journal");
    completed(&path).await;
    let mode = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    mode(0o644);
    let (journal, _) = FileJournal::open(&path).await.unwrap().unwrap();
    assert_eq!(journal.findings()[0].code, code::JOURNAL_READABLE);
    drop(journal);
    mode(0o620);
    assert!(matches!(refusal(&path).await, FileJournalError::Exposed { .. }));
    mode(0o600);
    let link = folder.path().join("link.journal");
    symlink(&path, &link).unwrap();
    assert!(matches!(refusal(&link).await, FileJournalError::Io { .. }));
    let (_cloud, migration) = migration(1);
    let plan = planned(&migration).await;
    symlink(folder.path().join("elsewhere"), folder.path().join("z.journal")).unwrap();
    let error = FileJournal::create(folder.path().join("z.journal"), &plan).await.unwrap_err();
    assert!(matches!(error, FileJournalError::Exists { .. }), "a link that leads nowhere is not followed: {error}");
    symlink(folder.path().join("elsewhere"), folder.path().join("w.journal.new")).unwrap();
    assert!(FileJournal::create(folder.path().join("w.journal"), &plan).await.is_err());
    assert!(!folder.path().join("elsewhere").exists());
}

#[tokio::test(start_paused = true)]
async fn recovering_puts_every_step_in_doubt_and_the_target_decides() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.journal");
    let (cloud, migration) = migration(3);
    let plan = planned(&migration).await;
    let journal = FileJournal::create(&path, &plan).await.unwrap();
    let first = migration.apply(&plan, &journal, &hasty()).await.unwrap();
    let writes = cloud.writes();
    drop(journal);
    let whole = String::from_utf8(fs::read(&path).unwrap()).unwrap();
    let at = whole.rfind("\"done\"").unwrap();
    let damaged = format!("{}\"dine\"{}", &whole[..at], &whole[at + 6..]);
    fs::write(&path, &damaged).unwrap();
    assert!(matches!(refusal(&path).await, FileJournalError::Damaged { .. }));
    let (journal, stored) = FileJournal::recover(&path).await.unwrap();
    assert_eq!(stored, plan);
    assert_eq!(fs::read_to_string(folder.path().join("x.journal.damaged")).unwrap(), damaged);
    let standings = regionmig_core::Standings::read(&plan, &journal).await.unwrap();
    assert!(standings.iter().all(|(_, standing)| standing.status == Status::InDoubt(None)));
    let again = migration.apply(&plan, &journal, &ApplyOptions::default()).await.unwrap();
    assert!(again.is_complete(), "{again}");
    assert_eq!(cloud.writes(), writes, "nothing was made twice");
    assert_eq!(again.ids(), first.ids());
    // That these runs made it is still known of what the whole records tell.
    let made = |outcome: &regionmig_core::Outcome| outcome.standings().iter().filter(|(_, s)| s.is_made()).count();
    assert_eq!(made(&again), made(&first));
}

#[tokio::test(start_paused = true)]
async fn what_was_taken_back_stays_so_when_recovered() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.journal");
    let (cloud, migration) = migration(1);
    let plan = planned(&migration).await;
    let journal = FileJournal::create(&path, &plan).await.unwrap();
    assert!(migration.apply(&plan, &journal, &hasty()).await.unwrap().is_complete());
    assert!(migration.revert(&plan, &journal, &hasty()).await.unwrap().is_complete());
    drop(journal);
    let writes = cloud.writes();
    let (journal, _) = FileJournal::recover(&path).await.unwrap();
    let again = migration.apply(&plan, &journal, &ApplyOptions::default()).await.unwrap();
    assert!(!again.is_complete(), "{again}");
    assert_eq!(cloud.writes(), writes, "what was taken back is not made again");
}

#[tokio::test(start_paused = true)]
async fn it_tells_who_did_what_when() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.journal");
    let (_cloud, migration) = migration(1);
    let plan = planned(&migration).await;
    let journal = FileJournal::create(&path, &plan).await.unwrap();
    let ann = Run::new(at(0), Act::Apply, Some("arn:aws:iam::111122223333:user/ann".to_owned()));
    journal.begin(&ann).await.unwrap();
    let named = first(&plan);
    let started = Entry::Started { generation: 0, spent: None, request: regionmig_core::Digest::of("r") };
    journal.append(&Record::new(at(1), named.clone(), started)).await.unwrap();
    let receipt = regionmig_core::Receipt::new().request_id("request-7");
    let mut error = ErrorReport::new(&failed(ErrorKind::OutcomeUnknown));
    error.request_id = Some("request-6".to_owned());
    journal.append(&Record::new(at(2), named.clone(), Entry::Failed { error, doubt: true })).await.unwrap();
    journal.append(&Record::new(at(2), named.clone(), Entry::Done(receipt))).await.unwrap();
    // While the journal is in use.
    let reader = JournalReader::open(&path).unwrap();
    assert_eq!((reader.plan(), reader.header()), (&plan, &Header::new(&plan)));
    let lines: Vec<_> = reader.map(|line| line.unwrap()).collect();
    let process = std::process::id();
    assert!(matches!(lines[0].noted, Noted::Run { act: Act::Apply, process: own, .. } if own == process));
    assert_eq!(lines.iter().map(|line| line.number).collect::<Vec<_>>(), [1, 2, 3, 4]);
    let requests: Vec<_> = lines.iter().map(|line| line.request_id()).collect();
    assert_eq!(requests, [None, None, Some("request-6"), Some("request-7")]);
    let text =
        format!("4 2026-03-01T12:00:02Z {named}: done (as arn:aws:iam::111122223333:user/ann, request request-7)");
    assert_eq!(lines[3].to_string(), text);
    let error = refusal(&path).await;
    assert!(matches!(error, FileJournalError::InUse { process: Some(own), .. } if own == process), "{error}");
    assert!(error.to_string().contains(&format!("process {process} began the last run")), "{error}");
}

/// A journal of format 1, as it was written.
fn stored() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stored/file-1.journal")
}

#[tokio::test(start_paused = true)]
async fn a_file_of_format_1_opens_and_is_written_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (path, again) = (folder.path().join("x.journal"), folder.path().join("again.journal"));
    let text = fs::read_to_string(stored()).unwrap();
    fs::write(&path, &text).unwrap();
    #[cfg(unix)]
    fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let (journal, plan) = FileJournal::open(&path).await.unwrap().unwrap();
    assert_eq!(plan.to_bytes(), fs::read(stored().with_file_name("plan-1.json")).unwrap());
    let records = records(&journal, &plan).await;
    let other = FileJournal::create(&again, &plan).await.unwrap();
    for record in &records {
        other.append(record).await.unwrap();
    }
    // But for the versions and the run, which says which process it was.
    let version = format!("\"version\":\"{}\"", env!("CARGO_PKG_VERSION"));
    let lines = |text: &str| -> Vec<String> {
        let bare = text.lines().filter(|line| !line.contains("\"run\":")).map(|line| line.replace(&version, ""));
        bare.map(|line| line.split("\"at\":").last().unwrap().split("\"format\":1,").last().unwrap().to_owned())
            .collect()
    };
    assert_eq!(lines(&fs::read_to_string(&again).unwrap()), lines(&text.replace("\"version\":\"0.1.0\"", &version)));
    let told: Vec<String> = JournalReader::open(&path).unwrap().map(|line| line.unwrap().to_string()).collect();
    assert_eq!(told.len(), records.len() + 1);
    assert!(told[0].contains("apply: begun by process 4711 of version 0.1.0 (as arn:aws:iam::111122223333:user/ann)"));
}
